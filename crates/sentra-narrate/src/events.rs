//! One sentence per statement, by its kind.

use sentra_model::FactKind;

use crate::list::Slot;
use crate::phrase::{accounts, counted, hosts, named, rules, span, when};
use crate::sheet::Statement;
use crate::words;

/// The clause that tells `statement`, without a full stop.
pub(crate) fn event(statement: &Statement) -> String {
    let body = match statement.kind {
        Some(FactKind::LoginsFailed) => return login(statement, "failed"),
        Some(FactKind::LoginsSucceeded) => return login(statement, "succeeded"),
        Some(FactKind::NoLoginSucceeded) => return no_login(statement),
        Some(FactKind::RuleMatched) => return rule_matched(statement),
        Some(FactKind::ProcessesStarted) => processes(statement),
        Some(FactKind::PrivilegeUsed) => done(statement, "privileges were used"),
        Some(FactKind::PrivilegeRefused) => done(statement, "privileges were refused"),
        Some(FactKind::AccountsChanged) => done(statement, "accounts were changed") + &changes(statement),
        Some(FactKind::SecurityChanged) => {
            done(statement, "security settings were changed") + &changes(statement)
        }
        Some(FactKind::Observed) | None => observed(statement),
    };
    format!("{}{}, {body}{}{}", when(statement), hosts(statement, "on"), things(statement), rules(statement))
}

/// The headline of failed logins: `203.0.113.9 failed to log in to host web-1 286 times as root in 4 min 3 s`.
pub(crate) fn login_headline(statement: &Statement) -> String {
    let sources = statement.list(Slot::Source);
    let times = words::times(statement.count, statement.at_least);
    let subject = match sources.is_empty() {
        false => format!("{} failed to log in{}", words::enumerate(sources), hosts(statement, "to")),
        true => format!("Logins{} failed", hosts(statement, "to")),
    };
    let during = match span(statement) {
        Some(duration) => format!(" in {duration}"),
        None => format!(" at {}", words::time(statement.first)),
    };
    format!("{subject} {times}{}{during}", accounts(statement, " as"))
}

fn login(statement: &Statement, verb: &str) -> String {
    let origin = named(statement, Slot::Source, " from") + &hosts(statement, "to");
    let (subject, times) = match (statement.count, statement.at_least) {
        (1, false) => ("a login", String::new()),
        (count, bound) => ("logins", format!(" {}", words::times(count, bound))),
    };
    format!("{}, {subject}{origin} {verb}{times}{}", when(statement), accounts(statement, ", as"))
}

/// `No login from 203.0.113.9 to host web-1 succeeded between T and T`.
fn no_login(statement: &Statement) -> String {
    let origin = named(statement, Slot::Source, " from") + &hosts(statement, "to");
    format!("No login{origin} succeeded{}", crate::phrase::when_at_end(statement))
}

fn rule_matched(statement: &Statement) -> String {
    format!(
        "{}{}, {} matched {}{}{}{}",
        when(statement),
        hosts(statement, "on"),
        counted(statement, Slot::Rule, "the rule", "the rules"),
        words::times(statement.count, statement.at_least),
        accounts(statement, " for activity as"),
        named(statement, Slot::Source, " from"),
        programs(statement, " with the"),
    ) + &things(statement)
}

fn programs(statement: &Statement, lead: &str) -> String {
    counted(statement, Slot::Program, &format!("{lead} program"), &format!("{lead} programs"))
}

fn processes(statement: &Statement) -> String {
    let started = match (statement.has(Slot::Program), statement.list(Slot::Program).total) {
        (false, _) => "a program was started".to_owned(),
        (true, 1) => format!("{} was started", programs(statement, "the").trim_start()),
        (true, _) => format!("{} were started", programs(statement, "the").trim_start()),
    };
    format!(
        "{started} {}{}{}",
        words::times(statement.count, statement.at_least),
        counted(statement, Slot::Parent, " by parent", " by parents"),
        accounts(statement, " as"),
    )
}

/// `privileges were used 3 times by bob for root from 192.0.2.7`.
fn done(statement: &Statement, what: &str) -> String {
    format!(
        "{what} {}{}{}{}",
        words::times(statement.count, statement.at_least),
        named(statement, Slot::Actor, " by"),
        named(statement, Slot::Target, " for"),
        named(statement, Slot::Source, " from"),
    )
}

fn changes(statement: &Statement) -> String {
    counted(statement, Slot::Change, " with the change", " with the changes")
}

fn observed(statement: &Statement) -> String {
    let what = match statement.has(Slot::Happening) {
        true => counted(statement, Slot::Happening, "the event", "the events"),
        false => "activity".to_owned(),
    };
    let verb = if statement.list(Slot::Happening).total > 1 { "were" } else { "was" };
    done(statement, &format!("{what} {verb} observed")) + &programs(statement, " with the")
}

/// ` with the command “id” on the file “x”`: what was used, in every kind of sentence.
fn things(statement: &Statement) -> String {
    let thing = |slot, one: &str, many: &str| counted(statement, slot, one, many);
    [
        thing(Slot::Command, " with the command", " with the commands"),
        thing(Slot::File, " with the file", " with the files"),
        thing(Slot::Domain, " with the domain", " with the domains"),
        thing(Slot::Application, " with the application", " with the applications"),
        named(statement, Slot::Destination, " to"),
    ]
    .concat()
}
