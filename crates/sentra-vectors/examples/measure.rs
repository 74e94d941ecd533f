//! Measures the engine for one machine: how long an exact scan takes by size, from where a graph is faster, and how much
//! of what the scan finds the graph finds. Times are of the processor where the system tells them, so that what else runs
//! beside it counts little. `cargo run --release -p sentra-vectors --example measure [ITEMS]`.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeSet;
use std::time::Instant;

use sentra_model::{Digest, IncidentId, SignalId, TenantId, TenantScope, Timestamp};
use sentra_vectors::{
    EXACT_ITEMS_MAX, EmbeddedVectors, Engine, Entry, FEATURE_DIMENSIONS, Filter, ItemId, ItemKind, Space,
    Traits, Vector, VectorIndex, VectorLimits,
};

/// Kinds of case that the vectors lie around.
const KINDS: u64 = 2_000;

/// Searches per measurement.
const SEARCHES: usize = 200;

/// Seconds that this thread has computed; by the clock where the system does not count them.
fn computed(began: Instant) -> f64 {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = counted.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| began.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn part(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    }
}

/// The numbers of `seed`.
fn numbers(seed: u64) -> Vec<f64> {
    let mut dice = Dice(seed.wrapping_mul(0xd6e8_feb8_6659_fd93));
    (0..FEATURE_DIMENSIONS).map(|_| dice.part()).collect()
}

fn entry(number: u64) -> Entry {
    let kind = Dice(number).roll() % KINDS;
    let parts: Vec<f64> =
        numbers(kind).iter().zip(numbers(1_000_000 + number)).map(|(kind, own)| kind + 0.8 * own).collect();
    let id: ItemId = if number.is_multiple_of(5) {
        IncidentId::derive(Digest::new("i").number(number)).into()
    } else {
        SignalId::derive(Digest::new("s").number(number)).into()
    };
    let at = Timestamp::from_seconds(i64::try_from(number).unwrap());
    Entry {
        id,
        first: at,
        last: at,
        stamp: 1,
        traits: Traits::default(),
        vector: Vector::towards(&parts).unwrap(),
    }
}

struct Desk {
    index: EmbeddedVectors,
    scope: TenantScope,
    space: Space,
}

impl Desk {
    fn open(directory: &std::path::Path, exact_items_max: usize) -> Self {
        let limits = VectorLimits { exact_items_max, items_max: 2_000_000, memory_bytes_max: 16 << 30 };
        let index = EmbeddedVectors::open(directory, limits).unwrap();
        let space = Space::new("measure", FEATURE_DIMENSIONS).unwrap();
        Self { index, scope: TenantScope::new(TenantId::default_tenant()), space }
    }

    fn put(&self, from: u64, to: u64) {
        let numbers: Vec<u64> = (from..to).collect();
        for some in numbers.chunks(250) {
            let entries: Vec<Entry> = some.iter().map(|number| entry(*number)).collect();
            self.index.put(&self.scope, &self.space, &entries).unwrap();
        }
    }

    /// Milliseconds of a search at the mean, and what was found.
    fn search(&self, queries: &[Vector], filter: &Filter, engine: Engine) -> (f64, Vec<BTreeSet<ItemId>>) {
        let start = Instant::now();
        let began = computed(start);
        let find = |query| {
            let found = self.index.search(&self.scope, &self.space, query, 10, filter).unwrap();
            assert_eq!(found.engine, engine);
            found.hits.into_iter().map(|hit| hit.id).collect()
        };
        let all = queries.iter().map(find).collect();
        ((computed(start) - began) * 1e3 / queries.len() as f64, all)
    }
}

fn recall(found: &[BTreeSet<ItemId>], exact: &[BTreeSet<ItemId>]) -> f64 {
    let same: usize = found.iter().zip(exact).map(|(found, exact)| found.intersection(exact).count()).sum();
    same as f64 / exact.iter().map(BTreeSet::len).sum::<usize>() as f64
}

fn main() {
    let items: u64 = std::env::args().nth(1).map_or(200_000, |items| items.parse().unwrap());
    let directory = std::env::temp_dir().join(format!("sentra-measure-{}", std::process::id()));
    println!(
        "{FEATURE_DIMENSIONS} numbers a vector, {KINDS} kinds, {SEARCHES} searches for 10, milliseconds at the mean"
    );
    println!("exact_items_max is {EXACT_ITEMS_MAX}");
    let queries: Vec<Vector> = (0..SEARCHES as u64).map(|number| entry(10_000_000 + number).vector).collect();
    let start = Instant::now();
    let sizes = [5_000, 20_000, 50_000, 100_000, items];
    let mut put = 0;
    println!(
        "{:>8} {:>9} {:>9} {:>10} {:>9} {:>10}",
        "items", "scan", "graph", "recall@10", "link s", "memory MB"
    );
    let (scanned, linked) =
        (Desk::open(&directory.join("scanned"), usize::MAX), Desk::open(&directory.join("linked"), 0));
    for size in sizes.into_iter().filter(|size| *size <= items) {
        scanned.put(put, size);
        linked.put(put, size);
        put = size;
        let began = computed(start);
        linked.index.tend(&linked.scope, usize::MAX).unwrap();
        let link_s = computed(start) - began;
        let (scan, exact) = scanned.search(&queries, &Filter::default(), Engine::Exact);
        let (graph, found) = linked.search(&queries, &Filter::default(), Engine::Hnsw);
        let memory = linked.index.stats(&linked.scope).unwrap()[0].memory_bytes >> 20;
        println!(
            "{size:>8} {scan:>9.2} {graph:>9.2} {:>10.4} {link_s:>9.1} {memory:>10}",
            recall(&found, &exact),
        );
    }
    let incidents = Filter { kind: Some(ItemKind::Incident), ..Filter::default() };
    let (_, exact) = scanned.search(&queries, &incidents, Engine::Exact);
    let (graph, found) = linked.search(&queries, &incidents, Engine::Hnsw);
    println!("only incidents: {graph:.2}, recall@10 {:.4}", recall(&found, &exact));
    let gone: Vec<ItemId> = (0..items).step_by(5).map(|number| entry(number).id).collect();
    for desk in [&scanned, &linked] {
        gone.chunks(1_000).for_each(|ids| {
            desk.index.delete(&desk.scope, ids).unwrap();
        });
    }
    let (_, exact) = scanned.search(&queries, &Filter::default(), Engine::Exact);
    let (graph, found) = linked.search(&queries, &Filter::default(), Engine::Hnsw);
    println!("a fifth deleted: {graph:.2}, recall@10 {:.4}", recall(&found, &exact));
    linked.index.commit(&linked.scope, None).unwrap();
    drop(linked);
    let began = computed(start);
    let again = Desk::open(&directory.join("linked"), 0);
    let stats = again.index.stats(&again.scope).unwrap().remove(0);
    println!(
        "opened again: {} items in {:.2} s, {} MB on disk",
        stats.signals + stats.incidents,
        computed(start) - began,
        stats.disk_bytes >> 20
    );
    drop(again);
    std::fs::remove_dir_all(&directory).unwrap();
}
