//! Facts that several signals state are one statement.

use std::collections::BTreeMap;

use sentra_model::{EntityRef, Fact, FactKind, NamedSet, Pace, SignalId, Timestamp};

use crate::list::{LAST_ACCOUNT, Values};

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
    /// How the count was spread over time, where one fact shows it for all.
    pub(crate) pace: Option<Pace>,
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
    let covers = |fact: &&Fact| fact.count == count && fact.first == first && fact.last.max(first) == last;
    let covering: Vec<&Fact> = facts().filter(covers).collect();
    let mut signals: Vec<SignalId> = run.iter().map(|(signal, _)| *signal).collect();
    signals.sort_unstable();
    signals.dedup();
    let names: std::collections::BTreeSet<&String> = facts().flat_map(|fact| fact.values.keys()).collect();
    let values = names
        .into_iter()
        .map(|name| {
            let (mut set, cut) = union(facts().filter_map(|fact| fact.values.get(name)));
            if let Some(counted) = agreed(covering.iter().map(|fact| fact.values.get(name)))
                && (name == LAST_ACCOUNT
                    || counted.is_counted() && set.shown.iter().all(|text| counted.shown.contains(text)))
            {
                set = counted.clone();
            }
            (name.clone(), (set, cut))
        })
        .collect();
    let pace = agreed(covering.iter().map(|fact| fact.pace.as_ref())).cloned();
    let covered = !covering.is_empty();
    Merged {
        kind,
        entities: entities.to_vec(),
        values,
        count,
        at_least: !covered,
        first,
        last,
        pace,
        signals,
    }
}

/// What all say, if they all say the same.
fn agreed<'a, T: PartialEq>(mut all: impl Iterator<Item = Option<&'a T>>) -> Option<&'a T> {
    let first = all.next()??;
    all.all(|other| other == Some(first)).then_some(first)
}

/// The union of `sets` and whether its total is only a lower bound, as it is when sets that differ are cut.
fn union<'a>(sets: impl Iterator<Item = &'a NamedSet>) -> (NamedSet, bool) {
    let mut known: Vec<&NamedSet> = Vec::new();
    let mut shown: Vec<String> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let mut total = 0;
    let (mut cut, mut at_least) = (false, false);
    for set in sets {
        if known.contains(&set) {
            continue;
        }
        total = total.max(set.total);
        at_least |= set.at_least;
        cut |= set.total > set.shown.len() as u64;
        shown.extend(set.shown.iter().filter(|value| seen.insert(*value)).cloned());
        known.push(set);
    }
    if let [one] = known.as_slice() {
        return ((*one).clone(), at_least);
    }
    // How often each came is not the sum of what sets say that hold each other.
    let union = NamedSet { total: total.max(shown.len() as u64), shown, ..NamedSet::default() };
    (union, at_least || cut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sentra_model::Digest;

    fn fact(count: u64, first: i64, last: i64, users: &[&str]) -> Fact {
        let set = NamedSet::of(users.iter().map(|user| (*user).to_owned()).collect());
        Fact {
            kind: FactKind::LoginsFailed,
            count,
            first: Timestamp::from_seconds(first),
            last: Timestamp::from_seconds(last),
            entities: Vec::new(),
            values: [("user".to_owned(), set)].into(),
            events: Vec::new(),
            pace: None,
        }
    }

    fn counted(mut fact: Fact, counts: &[u64]) -> Fact {
        fact.values.get_mut("user").unwrap().counts = counts.to_vec();
        fact
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
        assert_eq!(all[0].values["user"], (NamedSet::of(vec!["a".into(), "b".into()]), false));
    }

    #[test]
    fn facts_that_only_overlap_give_a_lower_bound() {
        let all = merged(&[fact(5, 0, 10, &["a"]), fact(9, 5, 20, &["b"])]);
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].count, all[0].at_least), (9, true));
    }

    #[test]
    fn counts_of_names_are_those_of_the_fact_that_covers_the_others() {
        let early = counted(fact(5, 0, 10, &["a"]), &[5]);
        let late = counted(fact(9, 0, 20, &["a", "b"]), &[7, 2]);
        let all = merged(&[early.clone(), late.clone()]);
        assert_eq!(all[0].values["user"].0.counts, [7, 2]);
        // Facts that only overlap, and such as contradict each other, give none.
        let other = counted(fact(9, 5, 21, &["a", "b"]), &[8, 1]);
        assert!(merged(&[early, other])[0].values["user"].0.counts.is_empty());
        let contrary = counted(fact(9, 0, 20, &["a", "b"]), &[8, 1]);
        assert!(merged(&[late, contrary])[0].values["user"].0.counts.is_empty());
    }

    #[test]
    fn facts_apart_in_time_stay_apart() {
        assert_eq!(merged(&[fact(5, 0, 10, &["a"]), fact(5, 11, 20, &["a"])]).len(), 2);
    }
}
