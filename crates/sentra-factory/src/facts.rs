//! From a rule's match to typed facts. Everything a story may say is computed here.

use std::collections::BTreeMap;

use sentra_detect::Match;
use sentra_model::{Class, EntityRef, EntityType, EventCode, EventRow, Fact, FactKind, NamedSet, Role};
use sentra_triage::{add_name, keep_evidence, shorten};

/// Which kind of fact an event's code and class make.
fn kind_of(row: Option<EventRow<'_>>) -> FactKind {
    let Some(row) = row else { return FactKind::Observed };
    let code = row.text("code").and_then(|code| code.parse::<EventCode>().ok());
    match code {
        Some(EventCode::PA01) if row.text("command").is_some() => FactKind::PrivilegeUsed,
        Some(EventCode::PA02) => FactKind::PrivilegeRefused,
        Some(
            EventCode::SA01
            | EventCode::SA02
            | EventCode::SA03
            | EventCode::SA04
            | EventCode::SA05
            | EventCode::SA06
            | EventCode::SA07
            | EventCode::SA08
            | EventCode::SA09
            | EventCode::SA10
            | EventCode::LL04,
        ) => FactKind::AccountsChanged,
        Some(EventCode::SS05 | EventCode::CC01 | EventCode::CC02) => FactKind::SecurityChanged,
        _ if row.class() == Class::PROCESS.0 && row.text("process").is_some() => FactKind::ProcessesStarted,
        _ => FactKind::Observed,
    }
}

/// Whether an event is a login, whose facts come from the login counts instead.
pub(crate) fn is_login(row: EventRow<'_>) -> bool {
    matches!(row.text("code"), Some("LL01" | "LL03"))
}

/// The facts of `found`, whose last event is `row`: that the rule matched, and what the event did. What time decided
/// has no row, and what its run has seen must do.
pub(crate) fn facts_of(found: &Match, row: Option<EventRow<'_>>, entities: &[EntityRef]) -> Vec<Fact> {
    let mut events = Vec::new();
    for event in &found.evidence {
        keep_evidence(&mut events, *event);
    }
    let base = Fact {
        kind: FactKind::RuleMatched,
        count: found.count,
        first: found.first,
        last: found.last,
        entities: entities.to_vec(),
        values: BTreeMap::from([("rule".to_owned(), one(&found.rule.title))]),
        events,
        pace: None,
    };
    if row.is_some_and(is_login) {
        return vec![base];
    }
    let did = Fact { kind: kind_of(row), values: values_of(found, row), ..base.clone() };
    vec![base, did]
}

fn values_of(found: &Match, row: Option<EventRow<'_>>) -> BTreeMap<String, NamedSet> {
    let mut values = BTreeMap::new();
    for (name, column) in [
        ("user", "user"),
        ("target_user", "target_user"),
        ("command", "command"),
        ("process", "process"),
        ("parent", "parent_process"),
        ("file", "file"),
        ("domain", "domain"),
    ] {
        let set = match found.values.get(column) {
            Some(set) if set.total > 0 => set.clone(),
            _ => match row.and_then(|row| row.text(column)) {
                Some(text) => one(text),
                None => continue,
            },
        };
        values.insert(name.to_owned(), set);
    }
    if let Some(row) = row {
        values.extend(group_of(row).map(|group| ("group".to_owned(), one(group))));
        values.extend(cleared_log(row).map(|log| ("cleared_log".to_owned(), one(log))));
    }
    // A code says what happened in the same words for every source; without one the rule's title must do.
    let codes = match found.values.get("code") {
        Some(set) if set.total > 0 => Some(set.clone()),
        _ => row.and_then(|row| row.text("code")).map(one),
    };
    match codes {
        Some(codes) => values.insert("code".to_owned(), codes),
        None => values.insert("what".to_owned(), one(&found.rule.title)),
    };
    values
}

/// The group whose members an event changed.
fn group_of(row: EventRow<'_>) -> Option<&str> {
    let is_group = matches!(row.text("code"), Some("SA04" | "SA05" | "SA06"));
    // Windows names the group as the target of the change.
    is_group.then(|| row.field("group").or_else(|| row.field("TargetUserName"))).flatten()
}

/// The log that an event says to be empty from now on. What else an event of its code changes is not named.
fn cleared_log(row: EventRow<'_>) -> Option<&'static str> {
    let is_cleared = row.text("service") == Some("security") && row.field("EventID") == Some("1102");
    is_cleared.then_some("security")
}

fn one(text: &str) -> NamedSet {
    let mut set = NamedSet::default();
    add_name(&mut set, text);
    set
}

/// Who and what took part in `found`: from its group, its last event and the values of the run.
pub(crate) fn entities_of(found: &Match, row: Option<EventRow<'_>>) -> Vec<EntityRef> {
    let mut entities = Vec::new();
    let has = |column: &str| match row {
        Some(row) => row.text(column).is_some(),
        None => found.values.get(column).is_some_and(|set| set.total > 0),
    };
    let login = row.is_some_and(is_login);
    let user_role = if login { Role::Target } else { Role::Actor };
    let host_role = if has("src_ip") { Role::Target } else { Role::Observer };
    // The program that logs a login is the door, not who knocks.
    let process_role = if login { Role::Related } else { Role::Actor };
    for (column, entity_type, role) in [
        ("src_ip", EntityType::Ip, Role::Source),
        ("dst_ip", EntityType::Ip, Role::Destination),
        ("host", EntityType::Host, host_role),
        ("user", EntityType::User, user_role),
        ("target_user", EntityType::User, Role::Target),
        ("process", EntityType::Process, process_role),
        ("file", EntityType::File, Role::Target),
        ("domain", EntityType::Domain, Role::Related),
        ("app", EntityType::Application, Role::Related),
    ] {
        let run = found.values.get(column).map(|set| set.shown.as_slice()).unwrap_or_default();
        for value in run.iter().map(String::as_str).chain(row.and_then(|row| row.text(column))) {
            let entity = EntityRef::new(entity_type, role, shorten(value));
            if !entities.contains(&entity) {
                entities.push(entity);
            }
        }
    }
    entities
}
