//! How series of logins ended: which were followed by a success, and where none succeeded.

use sentra_model::FactKind;

use crate::list::Slot;
use crate::phrase::{accounts, hosts, named, when_at_end};
use crate::sheet::Statement;
use crate::words;

/// How a success stands to failures of the same origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// Every failure came first.
    Followed,
    /// Failures came before and after.
    While,
}

/// How `success` stands to `failures`; none when it came before them or is of another origin.
pub(crate) fn relation(failures: &Statement, success: &Statement) -> Option<Relation> {
    let kinds = (failures.kind, success.kind);
    if kinds != (Some(FactKind::LoginsFailed), Some(FactKind::LoginsSucceeded))
        || !failures.same_origin(success)
    {
        return None;
    }
    if failures.last <= success.first {
        return Some(Relation::Followed);
    }
    (failures.first <= success.first).then_some(Relation::While)
}

/// Whether `none` (no login succeeded) is told wrong by a success of the same origin within its time.
pub(crate) fn contradicted<'a>(none: &Statement, mut all: impl Iterator<Item = &'a Statement>) -> bool {
    all.any(|other| {
        other.kind == Some(FactKind::LoginsSucceeded)
            && other.same_origin(none)
            && other.first <= none.last
            && other.last >= none.first
    })
}

/// Whether `none` says of all of `failures` that no login of their origin succeeded, and nothing says
/// otherwise.
pub(crate) fn none_succeeded<'a>(
    none: &Statement,
    failures: &Statement,
    mut all: impl Iterator<Item = &'a Statement>,
) -> bool {
    none.kind == Some(FactKind::NoLoginSucceeded)
        && none.same_origin(failures)
        && none.first <= failures.first
        && none.last >= failures.last
        && !all.any(|other| other.kind == Some(FactKind::LoginsSucceeded) && other.same_origin(failures))
}

/// Whether anything says how the logins of `failures` ended.
pub(crate) fn is_known<'a>(failures: &Statement, mut all: impl Iterator<Item = &'a Statement>) -> bool {
    all.any(|other| {
        matches!(other.kind, Some(FactKind::LoginsSucceeded | FactKind::NoLoginSucceeded))
            && other.same_origin(failures)
    })
}

/// Whether the last login of `success`, of the same origin and as an account that was tried, came after all of
/// `failures`, though not all of them did. Whoever sits at an attacked machine logs in as somebody else.
pub(crate) fn came_after(failures: &Statement, success: &Statement) -> bool {
    (failures.kind, success.kind) == (Some(FactKind::LoginsFailed), Some(FactKind::LoginsSucceeded))
        && failures.same_origin(success)
        && success.list(Slot::LastAccount).total == 1
        && failures.list(Slot::Account).meets(success.list(Slot::LastAccount))
        && success.first < failures.last
        && success.last > failures.last
}

/// `a login from 192.0.2.7 as bob succeeded afterwards, at T`: the last of several, of which some were earlier.
pub(crate) fn afterwards(success: &Statement) -> String {
    let account = named(success, Slot::LastAccount, " as");
    let from = named(success, Slot::Source, " from");
    format!("a login{from}{account} succeeded afterwards, at {}", words::time(success.last))
}

/// That nothing is known of the time after `none`; nothing where something is.
pub(crate) fn later<'a>(
    none: &Statement,
    mut all: impl Iterator<Item = &'a Statement>,
) -> Option<&'static str> {
    let is_told = all.any(|other| other.kind == Some(FactKind::LoginsSucceeded) && other.same_origin(none));
    (!is_told).then_some("whether one succeeded later is not known")
}

/// The clause that tells `success` together with the failures that it stands in `relation` to.
pub(crate) fn sentence(success: &Statement, relation: Relation) -> String {
    let from = named(success, Slot::Source, " from");
    let rest = |statement| hosts(statement, "to") + &accounts(statement, " as");
    match relation {
        Relation::Followed => {
            let logins = match (success.count, success.at_least) {
                (1, false) => "a login".to_owned(),
                (count, false) => format!("{count} logins"),
                (count, true) => format!("at least {count} logins"),
            };
            format!(
                "The failed logins{from} were followed by {logins}{}{}",
                rest(success),
                when_at_end(success)
            )
        }
        Relation::While => {
            format!("While other logins{from} failed, {}", succeeded(success, &hosts(success, "to")))
        }
    }
}

/// ` a login as fztu succeeded at T`: the success in a clause that follows another.
pub(crate) fn succeeded(success: &Statement, hosts: &str) -> String {
    let (subject, times) = match (success.count, success.at_least) {
        (1, false) => ("a login", String::new()),
        (count, bound) => ("logins", format!(" {}", words::times(count, bound))),
    };
    format!("{subject}{hosts}{} succeeded{times}{}", accounts(success, " as"), when_at_end(success))
}
