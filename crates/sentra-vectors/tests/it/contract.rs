//! Law SAME: one suite, and the engines that pass it.

use std::collections::BTreeSet;

use sentra_model::{Digest, IncidentId, SignalId, Timestamp};
use sentra_vectors::{
    EXCLUDED_MAX, EmbeddedVectors, Engine, Entry, Filter, ItemId, ItemKind, MARK_BYTES_MAX, MemoryVectors,
    NEAR_MAX, PUT_BATCH_MAX, Space, Traits, Vector, VectorError, VectorIndex, VectorLimits,
};

use crate::cases::{Dice, scope};

pub(crate) fn space(version: u32) -> Space {
    Space::new(&format!("test-{version}"), 32).unwrap()
}

pub(crate) fn signal_id(number: u64) -> ItemId {
    SignalId::derive(Digest::new("signal").number(number)).into()
}

pub(crate) fn incident_id(number: u64) -> ItemId {
    IncidentId::derive(Digest::new("incident").number(number)).into()
}

/// A vector that its seed decides.
pub(crate) fn vector(seed: u64, dimensions: usize) -> Vector {
    let mut dice = Dice::new(seed);
    let numbers: Vec<f64> = (0..dimensions).map(|_| dice.unit() - 0.5).collect();
    Vector::towards(&numbers).unwrap()
}

pub(crate) fn entry(id: ItemId, seed: u64) -> Entry {
    let first = Timestamp::from_seconds(i64::try_from(seed).unwrap() * 100);
    Entry {
        id,
        first,
        last: first.plus_micros(50_000_000),
        stamp: 1,
        traits: Traits { title: format!("number {seed}"), ..Traits::default() },
        vector: vector(seed, 32),
    }
}

/// Every third is an incident.
pub(crate) fn entries(seeds: std::ops::Range<u64>) -> Vec<Entry> {
    let id = |seed: u64| if seed.is_multiple_of(3) { incident_id(seed) } else { signal_id(seed) };
    seeds.map(|seed| entry(id(seed), seed)).collect()
}

fn near(index: &dyn VectorIndex, query: &Vector, k: usize, filter: &Filter) -> Vec<ItemId> {
    let found = index.search(&scope("a"), &space(1), query, k, filter).unwrap();
    found.hits.into_iter().map(|hit| hit.id).collect()
}

macro_rules! vectors_contract {
    ($engine:ident, $open:expr) => {
        mod $engine {
            vectors_contract!(@each $open;
                what_was_put_is_found_nearest_first, a_newer_stamp_replaces_and_an_older_does_not,
                what_was_deleted_is_not_found, filters_select, tenants_do_not_see_each_other,
                spaces_do_not_mix, activating_drops_the_others, marks_are_read_back, too_much_is_refused,
                equal_likeness_is_ordered_by_id, any_order_of_changes_gives_the_same_answers,
            );
        }
    };
    (@each $open:expr; $($test:ident,)+) => {
        $(#[test]
        fn $test() {
            let directory = tempfile::tempdir().unwrap();
            super::$test(&$open(directory.path()));
        })+
    };
}

vectors_contract!(memory, |_: &std::path::Path| sentra_vectors::MemoryVectors::new());
vectors_contract!(embedded_exact, |path: &std::path::Path| super::embedded(path, 20_000));
// So few are scanned that the graph answers; the suite tends it after every put.
vectors_contract!(embedded_graph, |path: &std::path::Path| super::Tended(super::embedded(path, 8)));

pub(crate) fn embedded(path: &std::path::Path, exact_items_max: usize) -> EmbeddedVectors {
    EmbeddedVectors::open(path, VectorLimits { exact_items_max, ..VectorLimits::default() }).unwrap()
}

/// An engine that does its work in the background at once.
#[derive(Debug)]
pub(crate) struct Tended(pub(crate) EmbeddedVectors);

impl VectorIndex for Tended {
    fn put(
        &self,
        scope: &sentra_model::TenantScope,
        space: &Space,
        entries: &[Entry],
    ) -> Result<sentra_vectors::PutOutcome, VectorError> {
        let outcome = self.0.put(scope, space, entries)?;
        self.0.tend(scope, usize::MAX)?;
        Ok(outcome)
    }
    fn delete(&self, scope: &sentra_model::TenantScope, ids: &[ItemId]) -> Result<usize, VectorError> {
        self.0.delete(scope, ids)
    }
    fn get(
        &self,
        scope: &sentra_model::TenantScope,
        space: &Space,
        id: &ItemId,
    ) -> Result<Option<Entry>, VectorError> {
        self.0.get(scope, space, id)
    }
    fn search(
        &self,
        scope: &sentra_model::TenantScope,
        space: &Space,
        query: &Vector,
        k: usize,
        filter: &Filter,
    ) -> Result<sentra_vectors::Found, VectorError> {
        self.0.search(scope, space, query, k, filter)
    }
    fn stats(
        &self,
        scope: &sentra_model::TenantScope,
    ) -> Result<Vec<sentra_vectors::SpaceStats>, VectorError> {
        self.0.stats(scope)
    }
    fn active(&self, scope: &sentra_model::TenantScope) -> Result<Option<Space>, VectorError> {
        self.0.active(scope)
    }
    fn activate(&self, scope: &sentra_model::TenantScope, space: &Space) -> Result<(), VectorError> {
        self.0.activate(scope, space)
    }
    fn commit(&self, scope: &sentra_model::TenantScope, mark: Option<&str>) -> Result<(), VectorError> {
        self.0.commit(scope, mark)
    }
    fn mark(&self, scope: &sentra_model::TenantScope) -> Result<Option<String>, VectorError> {
        self.0.mark(scope)
    }
    fn tend(
        &self,
        scope: &sentra_model::TenantScope,
        items_max: usize,
    ) -> Result<sentra_vectors::Tended, VectorError> {
        self.0.tend(scope, items_max)
    }
}

fn what_was_put_is_found_nearest_first(index: &dyn VectorIndex) {
    let entries = entries(0..60);
    let outcome = index.put(&scope("a"), &space(1), &entries).unwrap();
    assert_eq!((outcome.stored, outcome.stale, outcome.evicted), (60, 0, 0));
    for asked in &entries {
        let found = index.search(&scope("a"), &space(1), &asked.vector, 60, &Filter::default()).unwrap();
        assert_eq!(found.hits[0].id, asked.id);
        assert!((found.hits[0].score - 1.0).abs() < 1e-3);
        assert!(found.hits.is_sorted_by(|left, right| left.score >= right.score));
        assert_eq!(found.hits.len(), 60);
        assert_eq!(index.get(&scope("a"), &space(1), &asked.id).unwrap().as_ref(), Some(asked));
    }
    assert_eq!(near(index, &entries[0].vector, 3, &Filter::default()).len(), 3);
    assert_eq!(near(index, &entries[0].vector, 0, &Filter::default()), []);
}

fn a_newer_stamp_replaces_and_an_older_does_not(index: &dyn VectorIndex) {
    index.put(&scope("a"), &space(1), &entries(1..40)).unwrap();
    let id = signal_id(1);
    let newer = Entry { stamp: 3, ..entry(id, 100) };
    assert_eq!(index.put(&scope("a"), &space(1), std::slice::from_ref(&newer)).unwrap().stored, 1);
    assert_eq!(near(index, &vector(100, 32), 1, &Filter::default()), [id]);
    let older = Entry { stamp: 2, ..entry(id, 200) };
    let outcome = index.put(&scope("a"), &space(1), &[older]).unwrap();
    assert_eq!((outcome.stored, outcome.stale), (0, 1));
    assert_eq!(index.get(&scope("a"), &space(1), &id).unwrap(), Some(newer.clone()));
    // At least once: the same again changes nothing; of two in one batch the newer counts.
    let pair = [Entry { stamp: 9, ..entry(id, 300) }, Entry { stamp: 8, ..entry(id, 400) }, newer];
    let outcome = index.put(&scope("a"), &space(1), &pair).unwrap();
    assert_eq!((outcome.stored, outcome.stale), (1, 2));
    assert_eq!(index.get(&scope("a"), &space(1), &id).unwrap().unwrap().stamp, 9);
    let stats = index.stats(&scope("a")).unwrap();
    assert_eq!(stats[0].signals + stats[0].incidents, 39);
}

fn what_was_deleted_is_not_found(index: &dyn VectorIndex) {
    let entries = entries(0..50);
    index.put(&scope("a"), &space(1), &entries).unwrap();
    let gone: Vec<ItemId> = entries.iter().take(45).map(|entry| entry.id).collect();
    assert_eq!(index.delete(&scope("a"), &gone).unwrap(), 45);
    assert_eq!(index.delete(&scope("a"), &gone).unwrap(), 0);
    assert_eq!(index.get(&scope("a"), &space(1), &gone[0]).unwrap(), None);
    let left: BTreeSet<ItemId> =
        near(index, &entries[0].vector, 50, &Filter::default()).into_iter().collect();
    assert_eq!(left, entries.iter().skip(45).map(|entry| entry.id).collect());
    // And may come again.
    index.put(&scope("a"), &space(1), &entries[..1]).unwrap();
    assert_eq!(near(index, &entries[0].vector, 1, &Filter::default()), [entries[0].id]);
}

fn filters_select(index: &dyn VectorIndex) {
    let entries = entries(0..90);
    index.put(&scope("a"), &space(1), &entries).unwrap();
    let at = |seed: i64| Some(Timestamp::from_seconds(seed * 100));
    let filters = [
        Filter { kind: Some(ItemKind::Incident), ..Filter::default() },
        Filter { from: at(30), ..Filter::default() },
        Filter { to: at(30), ..Filter::default() },
        Filter { from: at(10), to: at(12), kind: Some(ItemKind::Signal), ..Filter::default() },
        Filter { excluded: entries.iter().take(80).map(|entry| entry.id).collect(), ..Filter::default() },
    ];
    for filter in filters {
        let admitted: BTreeSet<ItemId> = entries
            .iter()
            .filter(|entry| filter.admits(&entry.id, entry.first, entry.last))
            .map(|entry| entry.id)
            .collect();
        let found: BTreeSet<ItemId> = near(index, &entries[5].vector, 90, &filter).into_iter().collect();
        assert_eq!(found, admitted, "{filter:?}");
    }
}

fn tenants_do_not_see_each_other(index: &dyn VectorIndex) {
    index.put(&scope("a"), &space(1), &entries(0..30)).unwrap();
    index.activate(&scope("a"), &space(1)).unwrap();
    index.commit(&scope("a"), Some("a's")).unwrap();
    let other = scope("b");
    assert!(matches!(
        index.search(&other, &space(1), &vector(1, 32), 5, &Filter::default()),
        Err(VectorError::NoSpace { .. })
    ));
    assert_eq!(index.active(&other).unwrap(), None);
    assert_eq!(index.mark(&other).unwrap(), None);
    assert_eq!(index.stats(&other).unwrap(), []);
    index.put(&other, &space(1), &[entry(signal_id(500), 500)]).unwrap();
    assert_eq!(index.get(&other, &space(1), &signal_id(1)).unwrap(), None);
    assert_eq!(index.delete(&other, &[signal_id(1), incident_id(3)]).unwrap(), 0);
    let found = index.search(&other, &space(1), &vector(1, 32), 100, &Filter::default()).unwrap();
    assert_eq!(found.hits.iter().map(|hit| hit.id).collect::<Vec<_>>(), [signal_id(500)]);
    assert_eq!(near(index, &vector(1, 32), 100, &Filter::default()).len(), 30);
}

fn spaces_do_not_mix(index: &dyn VectorIndex) {
    let (id, wide) = (signal_id(1), Space::new("test-2", 64).unwrap());
    index.put(&scope("a"), &space(1), &[entry(id, 1)]).unwrap();
    index.put(&scope("a"), &wide, &[Entry { vector: vector(2, 64), ..entry(signal_id(2), 2) }]).unwrap();
    assert_eq!(near(index, &vector(1, 32), 10, &Filter::default()), [id]);
    assert_eq!(index.get(&scope("a"), &wide, &id).unwrap(), None);
    let found = index.search(&scope("a"), &wide, &vector(1, 64), 10, &Filter::default()).unwrap();
    assert_eq!(found.hits.len(), 1);
    // A removal is one from all of them.
    assert_eq!(index.delete(&scope("a"), &[id, signal_id(2)]).unwrap(), 2);
}

fn activating_drops_the_others(index: &dyn VectorIndex) {
    index.activate(&scope("a"), &space(1)).unwrap();
    index.put(&scope("a"), &space(1), &entries(0..10)).unwrap();
    index.put(&scope("a"), &space(2), &entries(0..20)).unwrap();
    assert_eq!(index.active(&scope("a")).unwrap(), Some(space(1)));
    let stats = index.stats(&scope("a")).unwrap();
    let told: Vec<(bool, u64)> =
        stats.iter().map(|stats| (stats.is_active, stats.signals + stats.incidents)).collect();
    assert_eq!(told, [(true, 10), (false, 20)]);
    index.activate(&scope("a"), &space(2)).unwrap();
    assert_eq!(index.active(&scope("a")).unwrap(), Some(space(2)));
    assert!(index.search(&scope("a"), &space(1), &vector(1, 32), 1, &Filter::default()).is_err());
    assert_eq!(index.stats(&scope("a")).unwrap().len(), 1);
}

fn marks_are_read_back(index: &dyn VectorIndex) {
    assert!(matches!(index.commit(&scope("a"), Some("too soon")), Err(VectorError::NothingActive)));
    index.activate(&scope("a"), &space(1)).unwrap();
    assert_eq!(index.mark(&scope("a")).unwrap(), None);
    index.commit(&scope("a"), Some("raw.0.17")).unwrap();
    index.commit(&scope("a"), None).unwrap();
    assert_eq!(index.mark(&scope("a")).unwrap().as_deref(), Some("raw.0.17"));
    index.put(&scope("a"), &space(2), &entries(0..2)).unwrap();
    index.activate(&scope("a"), &space(2)).unwrap();
    assert_eq!(index.mark(&scope("a")).unwrap().as_deref(), Some("raw.0.17"));
}

fn too_much_is_refused(index: &dyn VectorIndex) {
    let too_many: Vec<Entry> = vec![entry(signal_id(1), 1); PUT_BATCH_MAX + 1];
    assert!(matches!(index.put(&scope("a"), &space(1), &too_many), Err(VectorError::TooMany { .. })));
    let wide = Entry { vector: vector(1, 33), ..entry(signal_id(1), 1) };
    assert!(matches!(index.put(&scope("a"), &space(1), &[wide]), Err(VectorError::Dimensions { .. })));
    index.put(&scope("a"), &space(1), &entries(0..3)).unwrap();
    let search = |vector: &Vector, k| index.search(&scope("a"), &space(1), vector, k, &Filter::default());
    assert!(matches!(search(&vector(1, 31), 1), Err(VectorError::Dimensions { .. })));
    assert!(matches!(search(&vector(1, 32), NEAR_MAX + 1), Err(VectorError::TooMany { .. })));
    assert_eq!(search(&vector(1, 32), NEAR_MAX).unwrap().hits.len(), 3);
    let excluded: BTreeSet<ItemId> = (0..=EXCLUDED_MAX as u64).map(signal_id).collect();
    let filter = Filter { excluded, ..Filter::default() };
    assert!(matches!(
        index.search(&scope("a"), &space(1), &vector(1, 32), 1, &filter),
        Err(VectorError::TooMany { .. })
    ));
    let mark = "x".repeat(MARK_BYTES_MAX + 1);
    assert!(matches!(index.commit(&scope("a"), Some(&mark)), Err(VectorError::TooMany { .. })));
}

fn equal_likeness_is_ordered_by_id(index: &dyn VectorIndex) {
    let same: Vec<Entry> =
        (0..20).map(|number| Entry { id: signal_id(number), ..entry(signal_id(0), 7) }).collect();
    index.put(&scope("a"), &space(1), &same).unwrap();
    let mut ids: Vec<ItemId> = same.iter().map(|entry| entry.id).collect();
    ids.sort_unstable();
    let found = near(index, &vector(7, 32), 20, &Filter::default());
    assert_eq!(found, ids);
}

/// What is there is the same as in the definition after any changes, and exact answers are equal.
fn any_order_of_changes_gives_the_same_answers(index: &dyn VectorIndex) {
    let definition = MemoryVectors::new();
    let mut dice = Dice::new(42);
    for step in 0..300 {
        let seed = dice.roll(80);
        let id = if seed.is_multiple_of(3) { incident_id(seed) } else { signal_id(seed) };
        if dice.roll(4) == 0 {
            assert_eq!(
                index.delete(&scope("a"), &[id]).unwrap(),
                definition.delete(&scope("a"), &[id]).unwrap()
            );
        } else {
            let entry = Entry { stamp: dice.roll(5), ..entry(id, step) };
            let put = |index: &dyn VectorIndex| {
                index.put(&scope("a"), &space(1), std::slice::from_ref(&entry)).unwrap()
            };
            assert_eq!(put(index), put(&definition), "step {step}");
        }
        let k = usize::try_from(1 + dice.roll(20)).unwrap();
        let query = vector(1_000 + step, 32);
        let search =
            |index: &dyn VectorIndex| index.search(&scope("a"), &space(1), &query, k, &Filter::default());
        let Ok(expected) = search(&definition) else { continue };
        let found = search(index).unwrap();
        assert_eq!(found.hits.len(), expected.hits.len());
        if found.engine == Engine::Exact {
            assert_eq!(found.hits, expected.hits, "step {step}");
        }
    }
    for id in (0..80).flat_map(|seed| [signal_id(seed), incident_id(seed)]) {
        let get = |index: &dyn VectorIndex| index.get(&scope("a"), &space(1), &id).unwrap();
        assert_eq!(get(index), get(&definition));
    }
}
