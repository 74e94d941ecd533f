//! What holds for every order, every cut, every restart and every edit.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sentra_model::Join;

use super::tests::{NOW, changes};
use super::*;
use crate::testing::signal;

/// A finding: rule, second, source address, host, account.
type Seed = (u8, i64, Option<u8>, u8, u8);

fn seeds(seconds: i64) -> impl Strategy<Value = Vec<Seed>> {
    prop::collection::vec((0..6_u8, 0..seconds, prop::option::of(0..3_u8), 0..3_u8, 0..4_u8), 1..40)
}

fn made((rule, second, address, host, user): &Seed) -> Signal {
    let address = address.map(|number| format!("192.0.2.{number}"));
    let user = if *user == 0 { "root".to_owned() } else { format!("user{user}") };
    signal(&format!("r{rule}"), *second, address.as_deref(), &format!("host{host}"), &user)
}

fn distinct(seeds: &[Seed]) -> Vec<Signal> {
    let by_id: BTreeMap<SignalId, Signal> =
        seeds.iter().map(made).map(|signal| (signal.id, signal)).collect();
    let mut signals: Vec<Signal> = by_id.into_values().collect();
    signals.sort_by_key(|signal| (signal.first, signal.id));
    signals
}

type Essence = (IncidentId, Vec<Join>, Vec<IncidentId>, Vec<Signal>);

/// Without what the platform's clock and the number of cuts decide.
fn essence(book: &Book) -> Vec<Essence> {
    let of = |(incident, signals): (&Incident, &[Signal])| {
        (incident.id, incident.joins.clone(), incident.absorbed.clone(), signals.to_vec())
    };
    book.open().map(of).collect()
}

/// Every signal is in exactly one open incident, whose joins name it, and the index knows.
fn is_sound(book: &Book) {
    let mut seen = BTreeSet::new();
    for (incident, signals) in book.open() {
        assert_eq!(incident.joins.len(), signals.len());
        for (join, signal) in incident.joins.iter().zip(signals) {
            assert_eq!(join.signal, signal.id);
            assert!(seen.insert(signal.id), "a signal in two incidents");
            assert_eq!(book.index.incident_of(signal.id), Some(incident.id));
            assert!(incident.first <= signal.first && signal.last <= incident.last);
        }
        assert!(!signals.is_empty() && incident.merged_into.is_none());
        for absorbed in &incident.absorbed {
            assert_eq!(book.resolve(*absorbed), Some(incident.id));
        }
    }
}

/// Which signals stand for which others after folding: each original by who it was taken with.
fn partition(signals: &[Signal]) -> (BTreeMap<SignalId, IncidentId>, Book) {
    let mut book = Book::new(TriageConfig { common_entities_max: 1, ..TriageConfig::default() });
    let mut at = BTreeMap::new();
    for signal in signals {
        let id = signal.id;
        match book.take(signal.clone(), NOW) {
            Taken::Folded(known) => at.insert(id, known),
            _ => at.insert(id, id),
        };
    }
    let incident = |kept: SignalId| book.index.incident_of(kept).unwrap();
    (at.iter().map(|(id, kept)| (*id, incident(*kept))).collect(), book)
}

/// The sets of signals that are together, whatever the ids.
fn together(partition: &BTreeMap<SignalId, IncidentId>) -> BTreeSet<BTreeSet<SignalId>> {
    let mut sets: BTreeMap<IncidentId, BTreeSet<SignalId>> = BTreeMap::new();
    for (signal, incident) in partition {
        sets.entry(*incident).or_default().insert(*signal);
    }
    sets.into_values().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Over strong pivots the order does not matter: nothing here has a weak one that is not strong as well.
    #[test]
    fn strong_pivots_connect_in_every_order(seeds in seeds(60_000), order in any::<u64>()) {
        let seeds: Vec<Seed> = seeds
            .into_iter()
            .map(|(rule, second, address, host, _)| {
                // Every finding is remote and by root, or about an indicator: no host and no account alone.
                (rule, second, Some(address.unwrap_or(host)), host, 0)
            })
            .collect();
        let signals = distinct(&seeds);
        let mut shuffled = signals.clone();
        shuffled.sort_by_key(|signal| sentra_model::Digest::new("o").number(order).text(&signal.id.to_string()).first_u64());
        let (one, book) = partition(&signals);
        let (other, shuffled_book) = partition(&shuffled);
        is_sound(&book);
        is_sound(&shuffled_book);
        prop_assert_eq!(together(&one), together(&other));
    }

    /// Where the changes are taken does not matter, and nothing is lost by merging.
    #[test]
    fn cuts_change_nothing(seeds in seeds(40_000), cut in 1..10_usize) {
        let signals = distinct(&seeds);
        let config = TriageConfig { open_incidents_max: 4, ..TriageConfig::default() };
        let (mut whole, mut cut_up) = (Book::new(config.clone()), Book::new(config));
        let mut stored: BTreeMap<IncidentId, Incident> = BTreeMap::new();
        for signal in &signals {
            whole.take(signal.clone(), NOW);
        }
        for signals in signals.chunks(cut) {
            for signal in signals {
                cut_up.take(signal.clone(), NOW);
            }
            stored.extend(changes(&mut cut_up).incidents.into_iter().map(|incident| (incident.id, incident)));
        }
        changes(&mut whole);
        is_sound(&whole);
        prop_assert_eq!(essence(&whole), essence(&cut_up));
        // Every incident that was ever handed out leads to its signals.
        let living: usize = stored.values().filter(|one| one.merged_into.is_none()).map(|one| one.joins.len()).sum();
        let kept: u64 = signals.len() as u64;
        prop_assert!(living as u64 <= kept && living > 0);
        for gone in stored.values().filter(|one| one.merged_into.is_some()) {
            prop_assert!(gone.joins.is_empty());
            let mut into = gone;
            while let Some(next) = into.merged_into {
                into = &stored[&next];
            }
            prop_assert!(into.absorbed.contains(&gone.id));
        }
    }

    /// A restart in the middle ends as if there had been none.
    #[test]
    fn a_restart_changes_nothing(seeds in seeds(60_000), middle in 0..40_usize) {
        let signals = distinct(&seeds);
        let middle = middle.min(signals.len());
        let mut whole = Book::new(TriageConfig::default());
        for signal in &signals[..middle] {
            whole.take(signal.clone(), NOW);
        }
        let stored = changes(&mut whole);
        let mut restored = Book::new(TriageConfig::default());
        for (key, value) in stored.rows {
            assert!(restored.restore_row(&key, &value.unwrap()));
        }
        for incident in stored.incidents {
            let of = |join: &Join| stored.signals.iter().find(|signal| signal.id == join.signal).cloned();
            let signals = incident.joins.iter().filter_map(of).collect();
            restored.restore(incident, signals);
        }
        for signal in &signals[middle..] {
            whole.take(signal.clone(), NOW);
            restored.take(signal.clone(), NOW);
        }
        let (one, other) = (changes(&mut whole), changes(&mut restored));
        is_sound(&restored);
        prop_assert_eq!(essence(&whole), essence(&restored));
        prop_assert_eq!(one.signals, other.signals);
        prop_assert_eq!(one.incidents, other.incidents);
    }

    /// Whatever persons do, each signal stays in exactly one incident, ids lead somewhere, and what was separated
    /// stays separated.
    #[test]
    fn edits_keep_every_signal_once(
        seeds in seeds(20_000),
        edits in prop::collection::vec((0..3_u8, any::<usize>(), any::<usize>(), any::<u8>()), 0..12),
    ) {
        let signals = distinct(&seeds);
        let mut book = Book::new(TriageConfig::default());
        let mut edits = edits.into_iter();
        let mut ever: BTreeSet<IncidentId> = BTreeSet::new();
        for (number, signal) in signals.iter().enumerate() {
            book.take(signal.clone(), NOW);
            ever.extend(book.open.keys());
            if number % 3 == 0 && let Some((kind, one, other, mask)) = edits.next() {
                let at = Timestamp::from_seconds(number as i64);
                edit(&mut book, kind, one, other, mask, at);
                ever.extend(book.open.keys());
            }
            is_sound(&book);
            for (incident, _) in book.open() {
                for apart in &incident.apart {
                    prop_assert_ne!(book.resolve(*apart), Some(incident.id), "separated and yet one");
                }
            }
        }
        for id in ever {
            prop_assert!(book.resolve(id).is_some(), "an id that leads nowhere");
        }
    }
}

/// One of the operations on incidents that the numbers choose; it may be refused.
fn edit(book: &mut Book, kind: u8, one: usize, other: usize, mask: u8, at: Timestamp) {
    let ids: Vec<IncidentId> = book.open.keys().copied().collect();
    let (one, other) = (ids[one % ids.len()], ids[other % ids.len()]);
    let chosen = book.open[&one].signals().iter().zip(0..8).filter(|(_, bit)| mask & (1 << bit) != 0);
    let chosen: Vec<SignalId> = chosen.map(|(signal, _)| signal.id).collect();
    let before: usize = book.open().map(|(_, signals)| signals.len()).sum();
    let done = match kind {
        0 => book.merge(one, &[other], "ada", at),
        1 => book.split(one, &chosen, "ada", at),
        _ => book.move_signals(one, &chosen, other, "ada", at),
    };
    if let Ok(done) = done {
        for signal in &done.signals {
            assert_eq!(book.index.incident_of(*signal), Some(done.incident));
        }
    }
    assert_eq!(before, book.open().map(|(_, signals)| signals.len()).sum::<usize>());
}
