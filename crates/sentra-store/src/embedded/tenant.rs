//! What one tenant has in memory: events not yet in a segment, and the list of segments.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use sentra_model::{Mart, Position, Timestamp};
use tokio::sync::Mutex;

use super::MartOptions;
use crate::admit::Chunk;

/// A segment as the manifest describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) mart: Mart,
    pub(super) partition: u32,
    /// Relative to the store's directory.
    pub(super) path: String,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) offset_min: u64,
    pub(super) offset_max: u64,
    /// BLAKE3 of the file, in hexadecimal.
    pub(super) checksum: String,
}

/// One tenant's part of the store.
#[derive(Debug, Default)]
pub(super) struct Tenant {
    /// Held while events are taken: admission depends on what was taken before.
    pub(super) appending: Mutex<()>,
    /// Held while a flush runs: two at once would write the same events.
    pub(super) flushing: Mutex<()>,
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    segments: Vec<Arc<Segment>>,
    chunks: Vec<Chunk>,
    chunk_bytes: u64,
    chunk_rows: u64,
    /// When the oldest of `chunks` was taken.
    oldest: Option<Timestamp>,
    taken: BTreeMap<u32, u64>,
    durable: BTreeMap<u32, u64>,
    /// Registered marts: told, not stored.
    declared: Vec<Mart>,
}

/// Everything there is at one moment. Segments and chunks come from under one lock, so that an event is
/// in exactly one of them.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pub(super) segments: Vec<Arc<Segment>>,
    pub(super) chunks: Vec<Chunk>,
    pub(super) taken: BTreeMap<u32, u64>,
    pub(super) durable: BTreeMap<u32, u64>,
}

impl Tenant {
    /// A tenant as the manifest knows it.
    pub(super) fn restored(segments: Vec<Segment>, positions: BTreeMap<u32, u64>) -> Self {
        let state = State {
            segments: segments.into_iter().map(Arc::new).collect(),
            taken: positions.clone(),
            durable: positions,
            ..State::default()
        };
        Self { state: RwLock::new(state), ..Self::default() }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        // Nothing that can panic runs under the lock; a poisoned lock guards a whole state all the same.
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn taken(&self, partition: u32) -> u64 {
        self.read().taken.get(&partition).copied().unwrap_or_default()
    }

    pub(super) fn durable(&self, partition: u32) -> u64 {
        self.read().durable.get(&partition).copied().unwrap_or_default()
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let state = self.read();
        Snapshot {
            segments: state.segments.clone(),
            chunks: state.chunks.clone(),
            taken: state.taken.clone(),
            durable: state.durable.clone(),
        }
    }

    /// The registered marts.
    pub(super) fn declared(&self) -> Vec<Mart> {
        self.read().declared.clone()
    }

    pub(super) fn declare(&self, marts: Vec<Mart>) {
        self.write().declared = marts;
    }

    /// Forgets the segments of `mart`, and gives them.
    pub(super) fn forget_mart(&self, mart: &Mart) -> Vec<Arc<Segment>> {
        let mut state = self.write();
        let (gone, kept) = state.segments.drain(..).partition(|segment| segment.mart == *mart);
        state.segments = kept;
        gone
    }

    /// Adds admitted events.
    pub(super) fn take(&self, chunks: Vec<Chunk>, next: Position, now: Timestamp) {
        let mut state = self.write();
        let taken = state.taken.entry(next.partition).or_default();
        *taken = (*taken).max(next.offset);
        for chunk in chunks {
            state.chunk_bytes += bytes_of(&chunk);
            state.chunk_rows += chunk.record.num_rows() as u64;
            state.oldest.get_or_insert(now);
            state.chunks.push(chunk);
        }
    }

    pub(super) fn is_flush_due(&self, options: &MartOptions, now: Timestamp) -> bool {
        let state = self.read();
        let age_ms = state.oldest.map_or(0, |oldest| now.since(oldest) / 1_000);
        state.chunk_bytes > options.memtable_bytes_max
            || state.chunk_rows > options.memtable_rows_max
            || u64::try_from(age_ms).is_ok_and(|age_ms| age_ms > options.flush_interval_ms)
    }

    /// Replaces the first `chunks` chunks by the `segments` that hold their events now.
    pub(super) fn published(
        &self,
        chunks: usize,
        segments: Vec<Segment>,
        positions: BTreeMap<u32, u64>,
        now: Timestamp,
    ) {
        let mut state = self.write();
        let flushed = chunks.min(state.chunks.len());
        state.chunks.drain(..flushed);
        state.chunk_bytes = state.chunks.iter().map(bytes_of).sum();
        state.chunk_rows = state.chunks.iter().map(|chunk| chunk.record.num_rows() as u64).sum();
        // What came in during the flush is younger than this; a little too young is good enough here.
        state.oldest = (!state.chunks.is_empty()).then_some(now);
        state.segments.extend(segments.into_iter().map(Arc::new));
        state.durable.extend(positions);
    }
}

pub(super) fn bytes_of(chunk: &Chunk) -> u64 {
    chunk.record.get_array_memory_size() as u64
}
