//! The graph finds what the scan finds.

use std::collections::BTreeSet;

use sentra_model::Digest;
use sentra_vectors::{
    Engine, Entry, Filter, ItemId, ItemKind, MemoryVectors, Space, Traits, Vector, VectorIndex,
};

use crate::cases::{Dice, scope};
use crate::contract::embedded;

const DIMENSIONS: u16 = 256;

/// Vectors as houses have them: around some hundred kinds of case, not everywhere.
fn house(count: u64) -> Vec<Entry> {
    let mut dice = Dice::new(1);
    let mut numbers = || (0..DIMENSIONS).map(|_| dice.unit() - 0.5).collect::<Vec<f64>>();
    let kinds: Vec<Vec<f64>> = (0..200).map(|_| numbers()).collect();
    (0..count)
        .map(|number| {
            let kind = &kinds[usize::try_from(Dice::new(number).roll(200)).unwrap()];
            let parts: Vec<f64> = kind.iter().zip(numbers()).map(|(kind, own)| kind + own).collect();
            let id: ItemId = match number % 4 {
                0 => sentra_model::IncidentId::derive(Digest::new("i").number(number)).into(),
                _ => sentra_model::SignalId::derive(Digest::new("s").number(number)).into(),
            };
            Entry {
                id,
                first: sentra_model::Timestamp::from_seconds(i64::try_from(number).unwrap()),
                last: sentra_model::Timestamp::from_seconds(i64::try_from(number).unwrap()),
                stamp: 1,
                traits: Traits::default(),
                vector: Vector::towards(&parts).unwrap(),
            }
        })
        .collect()
}

fn recall(index: &dyn VectorIndex, exact: &dyn VectorIndex, queries: &[Entry], filter: &Filter) -> f64 {
    let space = Space::new("recall", DIMENSIONS).unwrap();
    let (mut same, mut all) = (0, 0);
    for query in queries {
        let search = |index: &dyn VectorIndex| {
            let found = index.search(&scope("a"), &space, &query.vector, 10, filter).unwrap();
            (found.hits.iter().map(|hit| hit.id).collect::<BTreeSet<ItemId>>(), found.engine)
        };
        let (found, engine) = search(index);
        assert_eq!(engine, Engine::Hnsw);
        let (expected, _) = search(exact);
        same += found.intersection(&expected).count();
        all += expected.len();
    }
    same as f64 / all as f64
}

#[test]
fn the_graph_finds_at_least_95_of_100() {
    let directory = tempfile::tempdir().unwrap();
    let (index, exact) = (embedded(directory.path(), 1_000), MemoryVectors::new());
    let space = Space::new("recall", DIMENSIONS).unwrap();
    let entries = house(8_000);
    for batch in entries.chunks(250) {
        index.put(&scope("a"), &space, batch).unwrap();
        exact.put(&scope("a"), &space, batch).unwrap();
    }
    // Before it is tended everything is scanned, and the answer is exact.
    let stats = |index: &dyn VectorIndex| index.stats(&scope("a")).unwrap()[0].clone();
    assert_eq!(stats(&index).engine, Engine::Exact);
    let tended = index.tend(&scope("a"), usize::MAX).unwrap();
    assert_eq!((tended.linked, tended.left), (8_000, 0));
    assert_eq!((stats(&index).engine, stats(&index).scanned), (Engine::Hnsw, 0));
    let queries: Vec<Entry> = entries.iter().step_by(53).cloned().collect();
    let all = recall(&index, &exact, &queries, &Filter::default());
    println!("recall@10 {all:.4}");
    assert!(all >= 0.95, "recall@10 is {all:.4}");
    let incidents = Filter { kind: Some(ItemKind::Incident), ..Filter::default() };
    let filtered = recall(&index, &exact, &queries, &incidents);
    println!("recall@10 of incidents {filtered:.4}");
    assert!(filtered >= 0.95, "recall@10 of incidents is {filtered:.4}");

    // A third goes, a third changes: still found, and what is new is found before it is tended.
    let gone: Vec<ItemId> = entries.iter().step_by(3).map(|entry| entry.id).collect();
    index.delete(&scope("a"), &gone).unwrap();
    exact.delete(&scope("a"), &gone).unwrap();
    let changed: Vec<Entry> = house(16_000)
        .split_off(8_000)
        .into_iter()
        .zip(entries.iter().skip(1).step_by(3))
        .map(|(new, old)| Entry { id: old.id, stamp: 2, ..new })
        .take(900)
        .collect();
    for batch in changed.chunks(250) {
        index.put(&scope("a"), &space, batch).unwrap();
        exact.put(&scope("a"), &space, batch).unwrap();
    }
    assert_eq!(stats(&index).scanned, 900);
    let queries: Vec<Entry> = changed.iter().step_by(7).cloned().collect();
    let untended = recall(&index, &exact, &queries, &Filter::default());
    index.tend(&scope("a"), usize::MAX).unwrap();
    let tended = recall(&index, &exact, &queries, &Filter::default());
    println!("recall@10 after changes {untended:.4}, tended {tended:.4}");
    assert!(untended >= 0.95 && tended >= 0.95, "after changes {untended:.4} and {tended:.4}");
}

#[test]
fn few_of_many_are_found_exactly() {
    let directory = tempfile::tempdir().unwrap();
    let index = embedded(directory.path(), 500);
    let space = Space::new("recall", DIMENSIONS).unwrap();
    let entries = house(2_000);
    entries.chunks(250).for_each(|batch| {
        index.put(&scope("a"), &space, batch).unwrap();
    });
    index.tend(&scope("a"), usize::MAX).unwrap();
    let filter = Filter { from: Some(entries[1_900].first), ..Filter::default() };
    let found = index.search(&scope("a"), &space, &entries[0].vector, 200, &filter).unwrap();
    assert_eq!((found.engine, found.hits.len()), (Engine::Exact, 100));
}

#[test]
fn searches_run_beside_changes() {
    let directory = tempfile::tempdir().unwrap();
    let index = embedded(directory.path(), 200);
    let space = Space::new("recall", DIMENSIONS).unwrap();
    let entries = house(2_000);
    entries[..400].chunks(200).for_each(|batch| {
        index.put(&scope("a"), &space, batch).unwrap();
    });
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for batch in entries[400..].chunks(50) {
                index.put(&scope("a"), &space, batch).unwrap();
                index.tend(&scope("a"), 60).unwrap();
                index.delete(&scope("a"), &[batch[0].id]).unwrap();
            }
        });
        for reader in 0..3 {
            let (index, space, entries) = (&index, &space, &entries);
            threads.spawn(move || {
                for query in entries.iter().skip(reader).step_by(9) {
                    let found =
                        index.search(&scope("a"), space, &query.vector, 10, &Filter::default()).unwrap();
                    assert_eq!(found.hits.len(), 10);
                }
            });
        }
    });
    let stats = &index.stats(&scope("a")).unwrap()[0];
    assert_eq!(stats.signals + stats.incidents, 2_000 - 32);
}
