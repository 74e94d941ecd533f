//! From signals to sentences.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use sentra_model::{Estimate, FactKind, Incident, Narrative, Sentence, SentenceRole, Signal, SignalId};

use crate::limit::{events_told_max, outcomes_max};
use crate::list::Slot;
use crate::outcome::Relation;
use crate::sheet::{Sheet, Statement};
use crate::{assessment, events, groups, outcome, title};

/// Version of the templates; it goes up when the same facts would be worded differently.
pub const TEMPLATE_VERSION: u32 = 1;

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
        }
    }
}

/// Words the story of `incident` from the facts of its `signals`, whose order does not matter.
///
/// Of the incident only the risk is told: everything else is computed anew from the signals. Without signals
/// there is nothing to cite and the narrative has no sentences.
#[must_use]
pub fn tell(incident: &Incident, signals: &[Signal]) -> Story {
    let sheet = Sheet::of(signals);
    let mut narrative = Narrative { template_version: TEMPLATE_VERSION, sentences: Vec::new() };
    let Some(leading) = title::leading(&sheet) else {
        let title = "Incident without signals".to_owned();
        return Story { headline: format!("{title}."), title, narrative, risk: incident.risk };
    };
    let title = title::title(&sheet, leading);
    let head = headline(&sheet, leading);
    let headline = head.text.clone();
    narrative.sentences.push(head);
    narrative.sentences.extend(body(&sheet));
    let cites = sheet.representatives();
    let whole = sheet.whole(&cites);
    let risk = assessment::risk(&incident.risk, whole.severity);
    narrative.sentences.push(sentence(SentenceRole::Assessment, risk, cites.clone()));
    narrative.sentences.push(sentence(SentenceRole::Assessment, assessment::support(&whole), cites));
    let gaps = assessment::gaps(&sheet).into_iter();
    narrative.sentences.extend(gaps.map(|(text, cites)| sentence(SentenceRole::Gap, text, cites)));
    let (told_apart, gap) = not_told(&sheet, &narrative.sentences);
    let events_end = narrative.sentences.iter().position(|s| s.role > SentenceRole::Event);
    let events_end = events_end.unwrap_or(narrative.sentences.len());
    narrative.sentences.splice(events_end..events_end, told_apart);
    narrative.sentences.extend(gap);
    Story { title, headline, narrative, risk: incident.risk }
}

fn sentence(role: SentenceRole, text: String, mut signals: Vec<SignalId>) -> Sentence {
    signals.sort_unstable();
    signals.dedup();
    Sentence { role, text: text + ".", signals }
}

/// The whole in one sentence: the leading signal's most telling statement, how it ended, and how much more.
fn headline(sheet: &Sheet<'_>, leading: &Signal) -> Sentence {
    let about = sheet.statements.iter().filter(|statement| statement.signals.contains(&leading.id));
    let told = about.filter(|statement| statement.kind != Some(FactKind::NoLoginSucceeded));
    let lead = told.min_by_key(|statement| (telling(statement), Reverse(statement.count)));
    let Some(lead) = lead else {
        let cites = sheet.representatives();
        return sentence(SentenceRole::Headline, groups::sentence(&sheet.whole(&cites)), cites);
    };
    // A login is told by the failures that it came after, where there are any.
    let before = sheet.statements.iter().filter(|failures| outcome::relation(failures, lead).is_some());
    let lead = before.max_by_key(|failures| failures.count).unwrap_or(lead);
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
    if let Some(success) = all().find(|other| outcome::relation(failures, other).is_some()) {
        return Some((outcome::succeeded(success, ""), success.signals.clone()));
    }
    all()
        .find(|none| outcome::none_succeeded(none, failures, all()))
        .map(|none| ("no login succeeded".to_owned(), none.signals.clone()))
}

/// What happened in the order of time, then how it ended.
fn body(sheet: &Sheet<'_>) -> Vec<Sentence> {
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
    let events =
        told.iter().map(|told| sentence(SentenceRole::Event, events::event(told), told.signals.clone()));
    events.chain(outcomes.clone()).collect()
}

/// The outcome sentence of a statement about logins, if it makes one.
fn outcome_of(sheet: &Sheet<'_>, statement: &Statement) -> Option<(String, Vec<SignalId>)> {
    let all = || sheet.statements.iter();
    if statement.kind == Some(FactKind::NoLoginSucceeded) {
        let told = !outcome::contradicted(statement, all());
        return told.then(|| (events::event(statement), statement.signals.clone()));
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

/// The sentences about signals that no event or outcome sentence cites, and the gap that says so.
fn not_told(sheet: &Sheet<'_>, sentences: &[Sentence]) -> (Vec<Sentence>, Option<Sentence>) {
    let told: BTreeSet<&SignalId> = sentences
        .iter()
        .filter(|told| matches!(told.role, SentenceRole::Event | SentenceRole::Outcome))
        .flat_map(|told| &told.signals)
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
