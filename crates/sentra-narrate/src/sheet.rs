//! The fact sheet: what a set of signals states, once each, in an order that does not depend on theirs.

use std::collections::BTreeMap;

use sentra_model::{FactKind, Pace, Severity, Signal, SignalId, Timestamp};

use crate::list::{self, List, Slot};
use crate::merge::{Merged, merge};
use crate::{quote, tactic, words};

/// Something that sentences may state: a merged fact, or a set of signals as a whole (`kind` is none).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    pub(crate) kind: Option<FactKind>,
    pub(crate) count: u64,
    pub(crate) at_least: bool,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) lists: BTreeMap<Slot, List>,
    /// Every account as it stands in a sentence and how often it was tried, the most tried first; empty where
    /// that is not known of all.
    pub(crate) tries: Vec<(String, u64)>,
    /// How many of the accounts do not exist where they were tried, or may not log in there.
    pub(crate) refused: u64,
    pub(crate) pace: Option<Pace>,
    pub(crate) severity: Severity,
    /// Sorted, without repeats.
    pub(crate) signals: Vec<SignalId>,
    /// Events that the signals rest on, and those of them that are kept.
    pub(crate) events_total: u64,
    pub(crate) events_kept: u64,
}

impl Statement {
    /// The names in `slot`; empty where there are none.
    pub(crate) fn list(&self, slot: Slot) -> &List {
        static NONE: List = List { items: Vec::new(), total: 0, at_least: false };
        self.lists.get(&slot).unwrap_or(&NONE)
    }

    pub(crate) fn has(&self, slot: Slot) -> bool {
        !self.list(slot).is_empty()
    }

    /// Whether both are about the same origin: an address in common or, where neither has one, an account.
    pub(crate) fn same_origin(&self, other: &Self) -> bool {
        if self.has(Slot::Source) || other.has(Slot::Source) {
            return self.list(Slot::Source).meets(other.list(Slot::Source));
        }
        self.list(Slot::Account).meets(other.list(Slot::Account))
    }
}

/// All that the signals state.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sheet<'a> {
    /// In the order of time.
    pub(crate) statements: Vec<Statement>,
    /// The signals in canonical order, each once.
    pub(crate) signals: Vec<&'a Signal>,
}

impl<'a> Sheet<'a> {
    /// The sheet of `signals`; a signal that comes twice counts once.
    pub(crate) fn of(signals: impl IntoIterator<Item = &'a Signal>) -> Self {
        let mut unique: BTreeMap<SignalId, &Signal> = BTreeMap::new();
        for signal in signals {
            let known = unique.entry(signal.id).or_insert(signal);
            if latest_key(signal) > latest_key(known) {
                *known = signal;
            }
        }
        let mut signals: Vec<&Signal> = unique.into_values().collect();
        signals.sort_by_key(|signal| (signal.first, signal.last, signal.id));
        let by_id: BTreeMap<SignalId, &Signal> = signals.iter().map(|signal| (signal.id, *signal)).collect();
        let facts = signals.iter().flat_map(|signal| signal.facts.iter().map(|fact| (signal.id, fact)));
        let mut statements: Vec<Statement> =
            merge(facts).into_iter().map(|merged| of_merged(merged, &by_id)).collect();
        // The families come sorted and the sort is stable: equal times keep a canonical order.
        statements.sort_by_key(|statement| (statement.first, statement.last));
        Self { statements, signals }
    }

    /// The statement that the signals with these ids make as a whole.
    pub(crate) fn whole(&self, ids: &[SignalId]) -> Statement {
        let wanted: std::collections::BTreeSet<&SignalId> = ids.iter().collect();
        whole(self.signals.iter().copied().filter(|signal| wanted.contains(&signal.id)))
    }

    /// The day on which everything happened, if it was one.
    pub(crate) fn day(&self) -> Option<String> {
        let of_statements = self.statements.iter().flat_map(|statement| [statement.first, statement.last]);
        let of_signals = self.signals.iter().flat_map(|signal| [signal.first, signal.last]);
        let mut times = of_statements.chain(of_signals);
        let first = times.next()?;
        let is_same = |time: Timestamp| words::day_number(time) == words::day_number(first);
        times.all(is_same).then(|| words::day(first))
    }

    /// One signal for each way in which they differ in rule, techniques and tactics: enough to cite for all.
    pub(crate) fn representatives(&self) -> Vec<SignalId> {
        let mut ways = BTreeMap::new();
        for signal in &self.signals {
            let way = (&signal.rule.title, signal.severity, &signal.techniques, &signal.tactics);
            ways.entry(way).or_insert(signal.id);
        }
        let mut ids: Vec<SignalId> = ways.into_values().collect();
        ids.sort_unstable();
        ids
    }
}

/// Of two states of the same signal the later one: it has seen more.
fn latest_key(signal: &Signal) -> (u64, u64, Timestamp) {
    (signal.count, signal.events_total, signal.last)
}

fn of_merged(merged: Merged, by_id: &BTreeMap<SignalId, &Signal>) -> Statement {
    let stated_by = || merged.signals.iter().filter_map(|id| by_id.get(id).copied());
    let mut lists = list::lists(&merged.entities, &merged.values);
    lists.extend(rule_lists(stated_by()));
    let complete = |name: &str| {
        let (set, at_least) = merged.values.get(name)?;
        (set.is_complete() && !at_least).then_some(set)
    };
    let counted = complete("user").filter(|set| set.is_counted()).map(list::ranked).unwrap_or_default();
    Statement {
        kind: Some(merged.kind),
        count: merged.count,
        at_least: merged.at_least,
        first: merged.first,
        last: merged.last,
        severity: stated_by().map(|signal| signal.severity).max().unwrap_or_default(),
        events_total: events_total(stated_by()),
        events_kept: events_kept(stated_by()),
        lists,
        tries: counted.into_iter().map(|(text, count)| (quote::item(text), count)).collect(),
        refused: complete("refused_user").map_or(0, |set| set.total),
        pace: merged.pace.clone(),
        signals: merged.signals.clone(),
    }
}

fn whole<'a>(signals: impl Iterator<Item = &'a Signal> + Clone) -> Statement {
    let mut entities: Vec<_> = signals.clone().flat_map(|signal| signal.entities.iter().cloned()).collect();
    entities.sort();
    entities.dedup();
    let mut lists = list::lists(&entities, &BTreeMap::new());
    lists.extend(rule_lists(signals.clone()));
    let problems: std::collections::BTreeSet<&String> = signals
        .clone()
        .flat_map(|signal| &signal.facts)
        .filter_map(|fact| fact.values.get("problem"))
        .flat_map(|set| &set.shown)
        .collect();
    if !problems.is_empty() {
        lists.insert(Slot::Problem, List::of(problems.into_iter().map(|text| quote::quoted(text)).collect()));
    }
    let mut ids: Vec<SignalId> = signals.clone().map(|signal| signal.id).collect();
    ids.sort_unstable();
    Statement {
        kind: None,
        count: ids.len() as u64,
        at_least: false,
        first: signals.clone().map(|signal| signal.first).min().unwrap_or_default(),
        last: signals.clone().map(|signal| signal.last).max().unwrap_or_default(),
        severity: signals.clone().map(|signal| signal.severity).max().unwrap_or_default(),
        events_total: events_total(signals.clone()),
        events_kept: events_kept(signals),
        lists,
        tries: Vec::new(),
        refused: 0,
        pace: None,
        signals: ids,
    }
}

fn events_total<'a>(signals: impl Iterator<Item = &'a Signal>) -> u64 {
    signals.fold(0, |sum, signal| sum.saturating_add(signal.events_total))
}

fn events_kept<'a>(signals: impl Iterator<Item = &'a Signal>) -> u64 {
    signals.fold(0, |sum, signal| sum.saturating_add(signal.events.len() as u64))
}

/// Rules (the gravest first), techniques (sorted) and tactics (in kill-chain order) of `signals`.
fn rule_lists<'a>(signals: impl Iterator<Item = &'a Signal> + Clone) -> [(Slot, List); 3] {
    let mut grave: BTreeMap<&str, Severity> = BTreeMap::new();
    for signal in signals.clone() {
        let severity = grave.entry(&signal.rule.title).or_default();
        *severity = signal.severity.max(*severity);
    }
    let mut rules: Vec<(&str, Severity)> = grave.into_iter().collect();
    rules.sort_by_key(|(title, severity)| (std::cmp::Reverse(*severity), *title));
    let techniques: std::collections::BTreeSet<&String> =
        signals.clone().flat_map(|signal| &signal.techniques).collect();
    let mut tactics: Vec<&String> = signals.flat_map(|signal| &signal.tactics).collect();
    tactics.sort_by_cached_key(|name| tactic::order(name));
    tactics.dedup();
    let technique = |id: &&String| if quote::is_technique(id) { (*id).clone() } else { quote::quoted(id) };
    [
        (Slot::Rule, List::of(rules.iter().map(|(title, _)| quote::quoted(title)).collect())),
        (Slot::Technique, List::of(techniques.iter().map(technique).collect())),
        (Slot::Tactic, List::of(tactics.iter().map(|name| quote::item(name)).collect())),
    ]
}
