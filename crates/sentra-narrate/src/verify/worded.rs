//! Clauses that the facts allow in one wording only: they are worded anew from the cited facts and compared.
//!
//! A list of accounts with a count for each, bursts with their times, or the name of a pattern: each of their words
//! is a claim, and a claim about one account must not be made of the number of another.

use sentra_model::FactKind;

use super::scan::Clause;
use crate::sheet::{Sheet, Statement};
use crate::story::Story;
use crate::{attempts, day, events, outcome, pattern, reasons};

/// What such a clause is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Worded {
    Pace,
    Accounts,
    Refused,
    Pattern,
    DeviceNames,
    Later,
    Afterwards,
    Support,
    Weight,
    Account,
    ClearedLog,
}

/// What `clause` is about, by a word that only clauses of this kind have.
pub(super) fn of(clause: &Clause) -> Option<Worded> {
    const BY_WORD: [(&str, Worded); 19] = [
        ("came", Worded::Pace),
        ("tried", Worded::Accounts),
        ("exist", Worded::Refused),
        ("pattern", Worded::Pattern),
        ("devices", Worded::DeviceNames),
        ("later", Worded::Later),
        ("afterwards", Worded::Afterwards),
        ("rests", Worded::Support),
        ("probability", Worded::Weight),
        ("lowered", Worded::Weight),
        ("created", Worded::Account),
        ("deleted", Worded::Account),
        ("locked", Worded::Account),
        ("unlocked", Worded::Account),
        ("given", Worded::Account),
        ("had", Worded::Account),
        ("roles", Worded::Account),
        ("membership", Worded::Account),
        ("cleared", Worded::ClearedLog),
    ];
    BY_WORD.iter().find(|(word, _)| clause.says(word)).map(|(_, worded)| *worded)
}

/// The statement that `clause` words, if the facts give just these words. A clause about failed logins goes on about
/// those that the sentence began with, `lead`.
pub(super) fn stated<'s>(
    worded: Worded,
    clause: &Clause,
    lead: Option<&Statement>,
    cited: &'s Sheet<'_>,
    whole: &'s Statement,
    all: &Sheet<'_>,
    story: &Story,
) -> Option<&'s Statement> {
    let day = all.day();
    let says = |words: String| {
        let told = uncapital(&clause.text);
        let variants = [false, true].map(|mut told| day::shorten(&words, day.as_deref(), &mut told));
        told == uncapital(&words) || variants.iter().any(|words| told == uncapital(words))
    };
    let of_kind = |kind: FactKind| cited.statements.iter().filter(move |one| one.kind == Some(kind));
    let is_lead =
        |one: &&Statement| lead.is_none_or(|lead| lead.kind != Some(FactKind::LoginsFailed) || lead == *one);
    let mut failures = of_kind(FactKind::LoginsFailed).filter(is_lead);
    let found = |words: Option<String>| words.is_some_and(says);
    match worded {
        Worded::Pace => failures.find(|one| says(attempts::pace(one))),
        Worded::Accounts => failures.find(|one| found(attempts::accounts(one))),
        Worded::Refused => failures.find(|one| found(attempts::refused(one))),
        Worded::Pattern => failures.find(|one| found(pattern::pattern(one))),
        Worded::DeviceNames => failures.find(|one| found(pattern::device_names(one))),
        Worded::Later => of_kind(FactKind::NoLoginSucceeded)
            .find(|none| found(outcome::later(none, all.statements.iter()).map(str::to_owned))),
        Worded::Afterwards => of_kind(FactKind::LoginsSucceeded).find(|success| {
            of_kind(FactKind::LoginsFailed)
                .filter(is_lead)
                .any(|failures| outcome::came_after(failures, success))
                && says(outcome::afterwards(success))
        }),
        Worded::Support => says(reasons::support(whole, &story.reasons)).then_some(whole),
        Worded::Weight => found(reasons::weight(&story.reasons)).then_some(whole),
        Worded::Account => of_kind(FactKind::AccountsChanged).find(|one| says(events::event(one))),
        Worded::ClearedLog => of_kind(FactKind::SecurityChanged).find(|one| says(events::event(one))),
    }
}

/// `text` as it stands within a sentence.
fn uncapital(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}
