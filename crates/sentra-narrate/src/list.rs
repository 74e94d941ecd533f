//! Lists of names: which part they play, in which order they are told, how many there are.

use std::collections::BTreeMap;

use sentra_model::{EntityRef, EntityType, EventCode, NamedSet, Role};

use crate::quote;

/// The part that a list of names plays in a sentence. Each is announced by a word of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Slot {
    Source,
    Destination,
    Host,
    Account,
    Actor,
    Target,
    Command,
    Program,
    Parent,
    File,
    Domain,
    Application,
    Change,
    Happening,
    LastAccount,
    Group,
    ClearedLog,
    Problem,
    Rule,
    Technique,
    Tactic,
}

impl Slot {
    /// The slot that `word` announces, if it announces one.
    pub(crate) fn announced_by(word: &str) -> Option<Self> {
        Some(match word {
            "from" => Self::Source,
            "to" => Self::Destination,
            "host" | "hosts" => Self::Host,
            "as" => Self::Account,
            "by" => Self::Actor,
            "for" => Self::Target,
            "command" | "commands" => Self::Command,
            "program" | "programs" => Self::Program,
            "parent" | "parents" => Self::Parent,
            "file" | "files" => Self::File,
            "domain" | "domains" => Self::Domain,
            "application" | "applications" => Self::Application,
            "change" | "changes" => Self::Change,
            "event" | "events" => Self::Happening,
            "group" | "groups" => Self::Group,
            "problem" | "problems" => Self::Problem,
            "rule" | "rules" => Self::Rule,
            "technique" | "techniques" => Self::Technique,
            "tactic" | "tactics" => Self::Tactic,
            _ => return None,
        })
    }
}

/// Names in the order in which they are told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct List {
    /// As they stand in a sentence.
    pub(crate) items: Vec<String>,
    /// How many distinct ones there were, `items` included.
    pub(crate) total: u64,
    /// `total` is only known to be no smaller.
    pub(crate) at_least: bool,
}

impl List {
    /// A complete list of `items`.
    pub(crate) fn of(items: Vec<String>) -> Self {
        let total = items.len() as u64;
        Self { items, total, at_least: false }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether the two lists share a name.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.items.iter().any(|item| other.items.contains(item))
    }
}

/// Value of logins: the account of the last one.
pub(crate) const LAST_ACCOUNT: &str = "last_user";

/// Values of a statement: a named set and whether its total is only a lower bound.
pub(crate) type Values = BTreeMap<String, (NamedSet, bool)>;

/// The lists that `entities` and `values` give.
pub(crate) fn lists(entities: &[EntityRef], values: &Values) -> BTreeMap<Slot, List> {
    use EntityType as Type;
    let named = |wanted: &dyn Fn(&EntityRef) -> bool| entity_list(entities, wanted);
    let value = |name: &str| value_list(values, name);
    let user = |entity: &EntityRef| entity.entity_type == Type::User;
    let origin = |role: Role| matches!(role, Role::Source | Role::Actor | Role::Related);
    let address = |entity: &EntityRef| matches!(entity.entity_type, Type::Ip);
    let host = |entity: &EntityRef| matches!(entity.entity_type, Type::Host | Type::Virtual);

    let source = named(&|e| (address(e) && origin(e.role)) || (host(e) && e.role == Role::Source));
    let destination = named(&|e| address(e) && !origin(e.role));
    let hosts = named(&|e| host(e) && e.role != Role::Source);
    let kind = |wanted: Type| named(&move |e| e.entity_type == wanted);
    let actors = named(&|e| user(e) && matches!(e.role, Role::Actor | Role::Source));
    let targets = named(&|e| user(e) && e.role == Role::Target);
    let accounts = named(&|e| user(e));

    let all = [
        (Slot::Source, larger(source, value("src_ip"))),
        (Slot::Destination, larger(destination, value("dst_ip"))),
        (Slot::Host, larger(hosts, value("host"))),
        (Slot::Account, either(value("user"), accounts)),
        (Slot::Actor, either(actors, value("user"))),
        (Slot::Target, either(targets, value("target_user"))),
        (Slot::Command, value("command")),
        (Slot::Program, either(value("process"), kind(Type::Process))),
        (Slot::Parent, either(value("parent"), value("parent_process"))),
        (Slot::File, larger(kind(Type::File), value("file"))),
        (Slot::Domain, larger(kind(Type::Domain), value("domain"))),
        (Slot::Application, larger(kind(Type::Application), value("app"))),
        (Slot::Change, either(value("what"), code_list(values))),
        (Slot::Happening, either(value("what"), code_list(values))),
        (Slot::LastAccount, value(LAST_ACCOUNT)),
        (Slot::Group, value("group")),
        (Slot::ClearedLog, value("cleared_log")),
        (Slot::Problem, value("problem")),
    ];
    all.into_iter().filter(|(_, list)| !list.is_empty()).collect()
}

fn either(first: List, second: List) -> List {
    if first.is_empty() { second } else { first }
}

fn larger(first: List, second: List) -> List {
    if second.total > first.total { second } else { first }
}

fn entity_list(entities: &[EntityRef], wanted: &dyn Fn(&EntityRef) -> bool) -> List {
    let mut items: Vec<String> = Vec::new();
    let mut keys = Vec::new();
    for entity in entities.iter().filter(|entity| wanted(entity) && !entity.value.is_empty()) {
        let key = entity.key();
        if !keys.contains(&key) {
            keys.push(key);
            items.push(quote::item(&entity.value));
        }
    }
    List::of(items)
}

fn value_list(values: &Values, name: &str) -> List {
    let Some((set, at_least)) = values.get(name) else { return List::default() };
    let items: Vec<String> = ranked(set).into_iter().map(|(text, _)| quote::item(text)).collect();
    let total = set.total.max(items.len() as u64);
    List { items, total, at_least: *at_least }
}

/// The texts of `set` with how often each came, the most frequent first; 0 where that is not known.
pub(crate) fn ranked(set: &NamedSet) -> Vec<(&String, u64)> {
    let counts = if set.is_counted() { set.counts.as_slice() } else { &[] };
    let counts = counts.iter().copied().chain(std::iter::repeat(0));
    let mut ranked: Vec<(&String, u64)> = set.shown.iter().zip(counts).collect();
    ranked.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    ranked
}

fn code_list(values: &Values) -> List {
    let Some((set, at_least)) = values.get("code") else { return List::default() };
    let meaning = |code: &String| match code.parse::<EventCode>() {
        Ok(known) => quote::quoted(known.meaning()),
        Err(()) => quote::item(code),
    };
    let items: Vec<String> = set.shown.iter().map(meaning).collect();
    let total = set.total.max(items.len() as u64);
    List { items, total, at_least: *at_least }
}
