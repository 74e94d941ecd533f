//! From signals to sentences.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use sentra_model::{
    Estimate, FactKind, Incident, Narrative, RiskReason, Sentence, SentenceRole, Signal, SignalId,
};

use crate::limit::{events_told_max, outcomes_max};
use crate::list::Slot;
use crate::outcome::Relation;
use crate::sheet::{Sheet, Statement};
use crate::{assessment, attempts, day, events, groups, outcome, pattern, phrase, title};

/// Version of the templates; it goes up when the same facts would be worded differently.
pub const TEMPLATE_VERSION: u32 = 2;

/// The words for an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// Short: `SSH brute force from 203.0.113.9`.
    pub title: String,
    /// The whole in one sentence, with a full stop; also the first sentence of the narrative.
    pub headline: String,
    /// The sentences in reading order, each citing at least one signal.
    pub narrative: Narrative,
    /// The incident's risk, which is not in any signal; the assessment words it.
    pub risk: Estimate,
    /// Why the risk is what it is, which no signal says either.
    pub reasons: Vec<RiskReason>,
}

impl Story {
    /// The story that is stored in `incident`, for [`verify`](crate::verify).
    #[must_use]
    pub fn of(incident: &Incident) -> Self {
        Self {
            title: incident.title.clone(),
            headline: incident.headline.clone(),
            narrative: incident.narrative.clone(),
            risk: incident.risk,
            reasons: incident.reasons.clone(),
        }
    }
}

/// Words the story of `incident` from the facts of its `signals`, whose order does not matter.
///
/// Of the incident only the risk and its reasons are told: everything else is computed anew from the signals.
/// Without signals there is nothing to cite and the narrative has no sentences.
#[must_use]
pub fn tell(incident: &Incident, signals: &[Signal]) -> Story {
    let sheet = Sheet::of(signals);
    let mut story = Story {
        title: "Incident without signals".to_owned(),
        headline: "Incident without signals.".to_owned(),
        narrative: Narrative { template_version: TEMPLATE_VERSION, sentences: Vec::new() },
        risk: incident.risk,
        reasons: incident.reasons.clone(),
    };
    let Some(leading) = title::leading(&sheet) else { return story };
    story.title = title::title(&sheet, leading);
    let lead = lead(&sheet, leading);
    let mut sentences = vec![headline(&sheet, lead)];
    sentences.extend(body(&sheet, lead));
    let (told_apart, gap) = not_told(&sheet, lead, &sentences);
    let events_end = sentences.iter().position(|s| s.role > SentenceRole::Event).unwrap_or(sentences.len());
    sentences.splice(events_end..events_end, told_apart);
    sentences.extend(assess(&sheet, lead, incident));
    let gaps = assessment::gaps(&sheet).into_iter();
    sentences.extend(gaps.map(|(text, cites)| sentence(SentenceRole::Gap, text, cites)));
    sentences.extend(gap);
    day::once(&mut sentences, sheet.day().as_deref());
    story.headline = sentences.first().map(|first| first.text.clone()).unwrap_or_default();
    story.narrative.sentences = sentences;
    story
}

/// What it looks like, how probable and how bad it is, and what that rests on.
fn assess(sheet: &Sheet<'_>, lead: Option<&Statement>, incident: &Incident) -> Vec<Sentence> {
    let cites = sheet.representatives();
    let whole = sheet.whole(&cites);
    let told = |text: String, cites: Vec<SignalId>| sentence(SentenceRole::Assessment, text, cites);
    let mut sentences = Vec::new();
    if let Some(failures) = lead.filter(|lead| lead.kind == Some(FactKind::LoginsFailed)) {
        let clauses = [pattern::pattern(failures), pattern::device_names(failures)];
        let clauses: Vec<String> = clauses.into_iter().flatten().collect();
        if !clauses.is_empty() {
            sentences.push(told(phrase::capital(&clauses.join("; ")), failures.signals.clone()));
        }
    }
    sentences.push(told(assessment::risk(&incident.risk, whole.severity), cites.clone()));
    sentences.push(told(assessment::support(&whole, &incident.reasons), cites));
    sentences
}

fn sentence(role: SentenceRole, text: String, mut signals: Vec<SignalId>) -> Sentence {
    signals.sort_unstable();
    signals.dedup();
    Sentence { role, text: text + ".", signals }
}

/// The leading signal's most telling statement; none where it states nothing.
fn lead<'s>(sheet: &'s Sheet<'_>, leading: &Signal) -> Option<&'s Statement> {
    let about = sheet.statements.iter().filter(|statement| statement.signals.contains(&leading.id));
    let told = about.filter(|statement| statement.kind != Some(FactKind::NoLoginSucceeded));
    let lead = told.min_by_key(|statement| (telling(statement), Reverse(statement.count)))?;
    // A login is told by the failures that it came after, where there are any.
    let before = sheet.statements.iter().filter(|failures| {
        outcome::relation(failures, lead).is_some() || outcome::came_after(failures, lead)
    });
    Some(before.max_by_key(|failures| failures.count).unwrap_or(lead))
}

/// The whole in one sentence: the leading statement, how it ended, and how much more.
fn headline(sheet: &Sheet<'_>, lead: Option<&Statement>) -> Sentence {
    let Some(lead) = lead else {
        let cites = sheet.representatives();
        return sentence(SentenceRole::Headline, groups::sentence(&sheet.whole(&cites)), cites);
    };
    let mut cites = lead.signals.clone();
    let mut clauses = Vec::new();
    if lead.kind == Some(FactKind::LoginsFailed) {
        clauses.push(events::login_headline(lead));
        if let Some((clause, signals)) = ending(sheet, lead) {
            clauses.push(clause);
            cites.extend(signals);
        }
    } else {
        clauses.push(events::event(lead));
    }
    let representatives = sheet.representatives();
    let all_rules = sheet.whole(&representatives).list(Slot::Rule).total;
    match all_rules.saturating_sub(lead.list(Slot::Rule).total) {
        0 => {}
        others => {
            let noun = if others == 1 { "rule" } else { "rules" };
            clauses.push(format!("{others} other {noun} matched"));
            cites.extend(representatives);
        }
    }
    sentence(SentenceRole::Headline, clauses.join("; "), cites)
}

/// How the logins of `failures` ended, for the headline.
fn ending(sheet: &Sheet<'_>, failures: &Statement) -> Option<(String, Vec<SignalId>)> {
    let all = || sheet.statements.iter();
    if let Some(success) = all().find(|other| outcome::came_after(failures, other)) {
        return Some((outcome::afterwards(success), success.signals.clone()));
    }
    if let Some(success) = all().find(|other| outcome::relation(failures, other).is_some()) {
        return Some((outcome::succeeded(success, ""), success.signals.clone()));
    }
    all()
        .find(|none| outcome::none_succeeded(none, failures, all()))
        .map(|none| ("no login succeeded".to_owned(), none.signals.clone()))
}

/// What happened in the order of time, then how it ended. Of the statement that the headline tells, `lead`, only
/// what that leaves out.
fn body(sheet: &Sheet<'_>, lead: Option<&Statement>) -> Vec<Sentence> {
    let mut outcomes = Vec::new();
    let mut in_outcome = Vec::new();
    for (index, statement) in sheet.statements.iter().enumerate() {
        if outcomes.len() >= outcomes_max() {
            break;
        }
        let Some((text, cites)) = outcome_of(sheet, statement) else { continue };
        in_outcome.push(index);
        let told = sentence(SentenceRole::Outcome, text, cites);
        if !outcomes.contains(&told) {
            outcomes.push(told);
        }
    }
    let mut told: Vec<&Statement> = sheet
        .statements
        .iter()
        .enumerate()
        .filter(|(index, statement)| !in_outcome.contains(index) && is_worth_telling(sheet, statement))
        .map(|(_, statement)| statement)
        .collect();
    if told.len() > events_told_max() {
        told.sort_by_key(|statement| (Reverse(statement.severity), telling(statement)));
        told.truncate(events_told_max());
        told.sort_by_key(|statement| (statement.first, statement.last));
    }
    let is_lead = |told: &Statement| lead.is_some_and(|lead| std::ptr::eq(lead, told));
    let events = told.into_iter().flat_map(|told| {
        let texts = match (told.kind, is_lead(told)) {
            (Some(FactKind::LoginsFailed), true) => details(told),
            (_, true) => Vec::new(),
            (Some(FactKind::LoginsFailed), false) => {
                vec![events::failed(told, attempts::accounts(told).as_deref())]
            }
            (_, false) => vec![events::event(told)],
        };
        texts.into_iter().map(|text| sentence(SentenceRole::Event, text, told.signals.clone()))
    });
    events.chain(outcomes.clone()).collect()
}

/// Of failed logins what the headline leaves out: when and how fast, which accounts how often.
fn details(failures: &Statement) -> Vec<String> {
    let accounts = [attempts::accounts(failures), attempts::refused(failures)];
    let accounts: Vec<String> = accounts.into_iter().flatten().collect();
    let sentences = [attempts::pace(failures), accounts.join("; ")];
    sentences.iter().filter(|text| !text.is_empty()).map(|text| phrase::capital(text)).collect()
}

/// The outcome sentence of a statement about logins, if it makes one.
fn outcome_of(sheet: &Sheet<'_>, statement: &Statement) -> Option<(String, Vec<SignalId>)> {
    let all = || sheet.statements.iter();
    if statement.kind == Some(FactKind::NoLoginSucceeded) {
        let told = !outcome::contradicted(statement, all());
        let later = outcome::later(statement, all()).map(|clause| format!("; {clause}")).unwrap_or_default();
        return told.then(|| (events::event(statement) + &later, statement.signals.clone()));
    }
    let related = all().filter_map(|failures| Some((failures, outcome::relation(failures, statement)?)));
    // The plainest relation wins: failures that were all over before the success came.
    let (failures, relation) = related
        .min_by_key(|(failures, relation)| (*relation != Relation::Followed, Reverse(failures.count)))?;
    let cites = failures.signals.iter().chain(&statement.signals).copied().collect();
    Some((outcome::sentence(statement, relation), cites))
}

/// A rule match is told only of signals that nothing more telling is told of.
fn is_worth_telling(sheet: &Sheet<'_>, statement: &Statement) -> bool {
    match statement.kind {
        Some(FactKind::NoLoginSucceeded) => false,
        Some(FactKind::RuleMatched) => !statement.signals.iter().all(|id| {
            sheet.statements.iter().any(|other| {
                !matches!(other.kind, Some(FactKind::RuleMatched | FactKind::NoLoginSucceeded))
                    && other.signals.binary_search(id).is_ok()
            })
        }),
        _ => true,
    }
}

/// How much a kind of statement says; the smallest says most.
fn telling(statement: &Statement) -> u8 {
    match statement.kind {
        Some(FactKind::LoginsFailed) => 0,
        Some(FactKind::LoginsSucceeded) => 1,
        Some(FactKind::AccountsChanged) => 2,
        Some(FactKind::PrivilegeUsed) => 3,
        Some(FactKind::PrivilegeRefused) => 4,
        Some(FactKind::ProcessesStarted) => 5,
        Some(FactKind::SecurityChanged) => 6,
        Some(FactKind::Observed) => 7,
        Some(FactKind::RuleMatched) => 8,
        Some(FactKind::NoLoginSucceeded) | None => 9,
    }
}

/// The sentences about signals that the headline does not tell and no event or outcome sentence cites, and the gap
/// that says so.
fn not_told(
    sheet: &Sheet<'_>,
    lead: Option<&Statement>,
    sentences: &[Sentence],
) -> (Vec<Sentence>, Option<Sentence>) {
    let told: BTreeSet<&SignalId> = sentences
        .iter()
        .filter(|told| matches!(told.role, SentenceRole::Event | SentenceRole::Outcome))
        .flat_map(|told| &told.signals)
        .chain(lead.iter().flat_map(|lead| &lead.signals))
        .collect();
    let mut rest: Vec<SignalId> =
        sheet.signals.iter().map(|signal| signal.id).filter(|id| !told.contains(id)).collect();
    rest.sort_unstable();
    if rest.is_empty() {
        return (Vec::new(), None);
    }
    let groups = groups::by_tactic(sheet, &rest).into_iter();
    let told_together = groups
        .map(|group| sentence(SentenceRole::Event, groups::sentence(&sheet.whole(&group)), group))
        .collect();
    let gap = sentence(SentenceRole::Gap, groups::gap(rest.len()), rest);
    (told_together, Some(gap))
}
