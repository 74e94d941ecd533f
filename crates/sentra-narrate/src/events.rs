//! One sentence per statement, by its kind.

use sentra_model::FactKind;

use crate::limit::list_items_max;
use crate::list::{List, Slot};
use crate::phrase::{accounts, counted, hosts, named, rules, span, when};
use crate::sheet::Statement;
use crate::words;

/// Accounts that a headline names where there are more than fit in a list.
const HEADLINE_ACCOUNTS: usize = 3;

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
        Some(FactKind::AccountsChanged) => accounts_changed(statement),
        Some(FactKind::SecurityChanged) => security_changed(statement),
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
    format!("{subject} {times}{}{during}", few_accounts(statement))
}

/// Failed logins that the headline does not tell, with the accounts told by `accounts` where it says something.
pub(crate) fn failed(statement: &Statement, accounts: Option<&str>) -> String {
    let clause = login(statement, "failed");
    match accounts {
        None => clause,
        Some(told) => format!("{clause}; {told}"),
    }
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

/// `the account svc2 was created and deleted by root`, where it is clear what was done to which account.
fn accounts_changed(statement: &Statement) -> String {
    let group = counted(statement, Slot::Group, " in the group", " in the groups");
    let told = membership(statement, &group).or_else(|| account(statement));
    told.unwrap_or_else(|| done(statement, "accounts were changed") + &changes(statement) + &group)
}

/// `the membership of bob in the group admins was changed by root`.
fn membership(statement: &Statement, group: &str) -> Option<String> {
    let (target, changes) = (statement.list(Slot::Target), statement.list(Slot::Change));
    if target.is_empty() || changes.total != 1 || changes.items != ["“role or group changed”"] {
        return None;
    }
    let target = words::enumerate(target);
    let by = by_whom(statement);
    Some(match group.is_empty() {
        true => format!("the roles or groups of {target} were changed{by}"),
        false => format!("the membership of {target}{group} was changed{by}"),
    })
}

/// `the account bob was created and had a role or group changed by root`: one kind of change to any accounts, or
/// several, each once, to the same one.
fn account(statement: &Statement) -> Option<String> {
    let (target, changes) = (statement.list(Slot::Target), statement.list(Slot::Change));
    let each_once = target.total == 1 && !statement.at_least && statement.count == changes.total;
    let all_named = changes.total == changes.items.len() as u64 && changes.items.len() <= list_items_max();
    if !all_named || target.is_empty() || (changes.total != 1 && !each_once) {
        return None;
    }
    let was = if target.total == 1 { "was" } else { "were" };
    let verbs = changes.items.iter().map(|change| {
        Some(match change.trim_matches(['“', '”']) {
            "user created" => (was, "created"),
            "user changed" => (was, "changed"),
            "user deleted" => (was, "deleted"),
            "account locked" => (was, "locked"),
            "account unlocked" => (was, "unlocked"),
            "password reset by an administrator" => (was, "given a new password"),
            "role or group changed" => ("had", "a role or group changed"),
            _ => return None,
        })
    });
    let mut verbs: Vec<(&str, &str)> = verbs.collect::<Option<_>>()?;
    // `was created, deleted and had …`: each verb is said once.
    verbs.sort_by_key(|(verb, _)| *verb == "had");
    let mut before = "";
    let verbs: Vec<String> = verbs
        .iter()
        .map(|(verb, done)| match std::mem::replace(&mut before, verb) == *verb {
            true => (*done).to_owned(),
            false => format!("{verb} {done}"),
        })
        .collect();
    let accounts = counted(statement, Slot::Target, "the account", "the accounts");
    Some(format!("{accounts} {}{}", words::list(&verbs), by_whom(statement)))
}

/// ` 3 times by root from 192.0.2.7`. Where every change happened once, that goes without saying.
fn by_whom(statement: &Statement) -> String {
    let times = if statement.list(Slot::Change).total > 1 { String::new() } else { often(statement) };
    times + &named(statement, Slot::Actor, " by") + &named(statement, Slot::Source, " from")
}

/// `the security log was cleared by mallory`, where that is what was done.
fn security_changed(statement: &Statement) -> String {
    let is_cleared = statement.list(Slot::ClearedLog).items == ["“security”"];
    match is_cleared && statement.list(Slot::Change).total == 1 {
        true => format!(
            "the security log was cleared{}{}",
            often(statement),
            named(statement, Slot::Actor, " by")
        ),
        false => done(statement, "security settings were changed") + &changes(statement),
    }
}

/// ` 3 times`; nothing for once, which goes without saying.
fn often(statement: &Statement) -> String {
    match (statement.count, statement.at_least) {
        (1, false) => String::new(),
        (count, bound) => format!(" {}", words::times(count, bound)),
    }
}

/// ` as root, admin and 9 other accounts`: the first few, and the first alone where nearly all were as that.
fn few_accounts(statement: &Statement) -> String {
    let list = statement.list(Slot::Account);
    let all = if list.total > list_items_max() as u64 { HEADLINE_ACCOUNTS } else { list_items_max() };
    let named = match statement.tries.as_slice() {
        [(_, most), _, ..] if most.saturating_mul(5) >= statement.count.saturating_mul(4) => 1,
        _ => all,
    };
    let items: Vec<String> = list.items.iter().take(named).cloned().collect();
    match items.is_empty() {
        true => String::new(),
        false => {
            let short = List { items, ..list.clone() };
            format!(" as {}", words::enumerate_as(&short, "other account", "other accounts"))
        }
    }
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
