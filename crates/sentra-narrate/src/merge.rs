//! Facts that several signals state are one statement.

use std::collections::BTreeMap;

use sentra_model::{EntityRef, Fact, FactKind, NamedSet, SignalId, Timestamp};

use crate::list::Values;

/// A fact, by whichever signals state it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Merged {
    pub(crate) kind: FactKind,
    pub(crate) entities: Vec<EntityRef>,
    pub(crate) values: Values,
    pub(crate) count: u64,
    /// The count is only known to be no smaller.
    pub(crate) at_least: bool,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    /// Sorted, without repeats.
    pub(crate) signals: Vec<SignalId>,
}

type ValueKey = Vec<(String, Vec<String>, u64)>;
type MergeKey = (FactKind, Vec<EntityRef>, ValueKey);

/// Merges facts of the same kind about the same entities whose times overlap.
///
/// Logins are counted by the activity of an address, and each rule that looks at the address states the count
/// as it was when the rule matched: the later statement holds the earlier one. For every other kind, different
/// values are different happenings and stay apart.
pub(crate) fn merge<'a>(facts: impl Iterator<Item = (SignalId, &'a Fact)>) -> Vec<Merged> {
    let mut families: BTreeMap<MergeKey, Vec<(SignalId, &Fact)>> = BTreeMap::new();
    for (signal, fact) in facts {
        families.entry(merge_key(fact)).or_default().push((signal, fact));
    }
    let mut merged = Vec::new();
    for ((kind, entities, _), mut members) in families {
        members.sort_by_cached_key(|(signal, fact)| {
            (
                fact.first,
                std::cmp::Reverse(fact.last),
                std::cmp::Reverse(fact.count),
                value_key(fact),
                *signal,
            )
        });
        let mut run: Vec<(SignalId, &Fact)> = Vec::new();
        let mut run_last = Timestamp::MIN;
        for member in members {
            if !run.is_empty() && member.1.first > run_last {
                merged.push(merge_run(kind, &entities, &run));
                run.clear();
                run_last = Timestamp::MIN;
            }
            run_last = run_last.max(member.1.last).max(member.1.first);
            run.push(member);
        }
        if !run.is_empty() {
            merged.push(merge_run(kind, &entities, &run));
        }
    }
    merged
}

fn merge_key(fact: &Fact) -> MergeKey {
    let mut entities = fact.entities.clone();
    entities.sort();
    entities.dedup();
    let values = if is_login(fact.kind) { Vec::new() } else { value_key(fact) };
    (fact.kind, entities, values)
}

fn value_key(fact: &Fact) -> ValueKey {
    fact.values.iter().map(|(name, set)| (name.clone(), set.shown.clone(), set.total)).collect()
}

pub(crate) fn is_login(kind: FactKind) -> bool {
    matches!(kind, FactKind::LoginsFailed | FactKind::LoginsSucceeded | FactKind::NoLoginSucceeded)
}

/// One statement of facts that overlap. Its count is exact when one of them covers all the others.
fn merge_run(kind: FactKind, entities: &[EntityRef], run: &[(SignalId, &Fact)]) -> Merged {
    let facts = || run.iter().map(|(_, fact)| *fact);
    let first = facts().map(|fact| fact.first).min().unwrap_or_default();
    let last = facts().map(|fact| fact.last.max(fact.first)).max().unwrap_or_default();
    let count = facts().map(|fact| fact.count).max().unwrap_or_default();
    let covered =
        facts().any(|fact| fact.count == count && fact.first == first && fact.last.max(first) == last);
    let mut signals: Vec<SignalId> = run.iter().map(|(signal, _)| *signal).collect();
    signals.sort_unstable();
    signals.dedup();
    let names: std::collections::BTreeSet<&String> = facts().flat_map(|fact| fact.values.keys()).collect();
    let values = names
        .into_iter()
        .map(|name| (name.clone(), union(facts().filter_map(|fact| fact.values.get(name)))))
        .collect();
    Merged { kind, entities: entities.to_vec(), values, count, at_least: !covered, first, last, signals }
}

/// The union of `sets` and whether its total is only a lower bound, as it is when sets that differ are cut.
fn union<'a>(sets: impl Iterator<Item = &'a NamedSet>) -> (NamedSet, bool) {
    let mut known: Vec<&NamedSet> = Vec::new();
    let mut shown: Vec<String> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let mut total = 0;
    let mut cut = false;
    for set in sets {
        if known.contains(&set) {
            continue;
        }
        total = total.max(set.total);
        cut |= set.total > set.shown.len() as u64;
        shown.extend(set.shown.iter().filter(|value| seen.insert(*value)).cloned());
        known.push(set);
    }
    let union = NamedSet { total: total.max(shown.len() as u64), shown };
    (union, cut && known.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sentra_model::Digest;

    fn fact(count: u64, first: i64, last: i64, users: &[&str]) -> Fact {
        let shown: Vec<String> = users.iter().map(|user| (*user).to_owned()).collect();
        let total = shown.len() as u64;
        Fact {
            kind: FactKind::LoginsFailed,
            count,
            first: Timestamp::from_seconds(first),
            last: Timestamp::from_seconds(last),
            entities: Vec::new(),
            values: [("user".to_owned(), NamedSet { shown, total })].into(),
            events: Vec::new(),
        }
    }

    fn merged(facts: &[Fact]) -> Vec<Merged> {
        merge(
            facts
                .iter()
                .enumerate()
                .map(|(i, f)| (SignalId::derive(Digest::new("t").text(&i.to_string())), f)),
        )
    }

    #[test]
    fn a_fact_that_covers_the_others_gives_an_exact_count() {
        let all = merged(&[fact(5, 0, 10, &["a"]), fact(9, 0, 20, &["a", "b"])]);
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].count, all[0].at_least, all[0].signals.len()), (9, false, 2));
        assert_eq!(
            all[0].values["user"],
            (NamedSet { shown: vec!["a".into(), "b".into()], total: 2 }, false)
        );
    }

    #[test]
    fn facts_that_only_overlap_give_a_lower_bound() {
        let all = merged(&[fact(5, 0, 10, &["a"]), fact(9, 5, 20, &["b"])]);
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].count, all[0].at_least), (9, true));
    }

    #[test]
    fn facts_apart_in_time_stay_apart() {
        assert_eq!(merged(&[fact(5, 0, 10, &["a"]), fact(5, 11, 20, &["a"])]).len(), 2);
    }
}
