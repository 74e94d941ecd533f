//! What one tenant has in memory: events not yet in a segment, and the list of segments.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use sentra_model::{Mart, Position, Timestamp};
use tokio::sync::Mutex;

use super::MartOptions;
use super::blocks::KnownSums;
use super::rollup::Compiled;
use crate::Retained;
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
    /// Of its blocks; nothing of a segment of an earlier version.
    pub(super) sums: KnownSums,
}

/// A segment that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unread {
    pub(super) segment: Arc<Segment>,
    pub(super) detail: String,
    pub(super) found: Timestamp,
}

/// Held by whoever reads segments: files that were replaced meanwhile stay until it is dropped.
#[derive(Debug, Default)]
pub(super) struct Reading;

/// A segment with what is known of it beside the manifest.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) segment: Arc<Segment>,
    /// When this process wrote it; `None` for one that was there.
    pub(super) made: Option<Timestamp>,
    /// When its checksum was compared last.
    pub(super) verified: Option<Timestamp>,
}

/// What a tenant has when the store is opened.
#[derive(Debug, Default)]
pub(super) struct Restored {
    pub(super) segments: Vec<Segment>,
    pub(super) unread: Vec<Unread>,
    pub(super) retired: BTreeMap<Mart, Retained>,
    pub(super) positions: BTreeMap<u32, u64>,
}

/// One tenant's part of the store.
#[derive(Debug, Default)]
pub(super) struct Tenant {
    /// Held while events are taken: admission depends on what was taken before.
    pub(super) appending: Mutex<()>,
    /// Held while a flush runs: two at once would write the same events.
    pub(super) flushing: Mutex<()>,
    /// Held while segments are merged, removed or set aside: each chooses among what there is.
    pub(super) tending: Mutex<()>,
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
    /// Rollups: told, not stored. What they count is stored with the segments.
    rollups: Vec<Arc<Compiled>>,
    unread: Vec<Unread>,
    /// How often a segment was set aside or put right.
    changes: u64,
    retired: BTreeMap<Mart, Retained>,
    /// By path; what is not in here was there when the store was opened.
    made: BTreeMap<String, Timestamp>,
    verified: BTreeMap<String, Timestamp>,
    /// When all segments were compared with their checksums, because a read had failed.
    searched: Option<Timestamp>,
    reading: Arc<Reading>,
    /// Replaced segments, each with what those hold who may still read it; the earliest first.
    doomed: VecDeque<(Arc<Reading>, Vec<Arc<Segment>>)>,
}

/// Everything there is at one moment. Segments and chunks come from under one lock, so that an event is
/// in exactly one of them.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pub(super) segments: Vec<Arc<Segment>>,
    pub(super) chunks: Vec<Chunk>,
    pub(super) taken: BTreeMap<u32, u64>,
    pub(super) durable: BTreeMap<u32, u64>,
    pub(super) unread: Vec<Unread>,
    pub(super) retired: BTreeMap<Mart, Retained>,
    /// Keeps the files of `segments`; not to be dropped before they were read.
    pub(super) reading: Arc<Reading>,
}

impl Snapshot {
    /// Nothing but `segments`. Whoever calls sees to it that their files stay.
    pub(super) fn of(segments: Vec<Arc<Segment>>) -> Self {
        Self {
            segments,
            chunks: Vec::new(),
            taken: BTreeMap::new(),
            durable: BTreeMap::new(),
            unread: Vec::new(),
            retired: BTreeMap::new(),
            reading: Arc::default(),
        }
    }
}

impl Tenant {
    /// A tenant as the manifest knows it.
    pub(super) fn restored(restored: Restored) -> Self {
        let Restored { segments, unread, retired, positions } = restored;
        let state = State {
            segments: segments.into_iter().map(Arc::new).collect(),
            taken: positions.clone(),
            durable: positions,
            unread,
            retired,
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
            unread: state.unread.clone(),
            retired: state.retired.clone(),
            reading: Arc::clone(&state.reading),
        }
    }

    /// The registered marts.
    pub(super) fn declared(&self) -> Vec<Mart> {
        self.read().declared.clone()
    }

    pub(super) fn declare(&self, marts: Vec<Mart>) {
        self.write().declared = marts;
    }

    /// The declared rollups.
    pub(super) fn rollups(&self) -> Vec<Arc<Compiled>> {
        self.read().rollups.clone()
    }

    pub(super) fn set_rollups(&self, rollups: Vec<Arc<Compiled>>) {
        self.write().rollups = rollups;
    }

    /// Forgets the segments of `mart`, and gives them.
    pub(super) fn forget_mart(&self, mart: &Mart) -> Vec<Arc<Segment>> {
        let mut state = self.write();
        let (gone, kept) = state.segments.drain(..).partition(|segment| segment.mart == *mart);
        state.segments = kept;
        gone
    }

    /// Keeps the files of all segments that there are now, and of those that come, until it is dropped.
    pub(super) fn reading(&self) -> Arc<Reading> {
        Arc::clone(&self.read().reading)
    }

    /// The segments with what is known of them.
    pub(super) fn kept(&self) -> Vec<Kept> {
        let state = self.read();
        let kept = |segment: &Arc<Segment>| Kept {
            segment: Arc::clone(segment),
            made: state.made.get(&segment.path).copied(),
            verified: state.verified.get(&segment.path).copied(),
        };
        state.segments.iter().map(kept).collect()
    }

    /// Whether more is in memory than a flush is waited for with.
    pub(super) fn is_pressed(&self, options: &MartOptions) -> bool {
        let state = self.read();
        state.chunk_bytes > options.memtable_bytes_max / 2 || state.chunk_rows > options.memtable_rows_max / 2
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
        state.add(segments, now);
        state.durable.extend(positions);
    }

    /// Puts the segments `new` in the place of `old`, whose files stay until nobody reads them.
    pub(super) fn replaced(&self, old: &[Arc<Segment>], new: Vec<Segment>, now: Timestamp) {
        let mut state = self.write();
        state.doom(old);
        state.add(new, now);
    }

    /// Takes the segments `old` away, for which retention is to blame.
    pub(super) fn retired(&self, old: &[Arc<Segment>]) {
        let mut state = self.write();
        for segment in old {
            let retired = state.retired.entry(segment.mart.clone()).or_default();
            retired.segments += 1;
            retired.rows += segment.rows;
            retired.bytes += segment.bytes;
        }
        state.doom(old);
    }

    /// Sets a segment aside.
    pub(super) fn set_aside(&self, unread: Unread) {
        let mut state = self.write();
        state.segments.retain(|segment| segment.path != unread.segment.path);
        state.unread.retain(|known| known.segment.path != unread.segment.path);
        state.unread.push(unread);
        state.changes += 1;
    }

    /// A segment can be read now that could not.
    pub(super) fn is_put_right(&self) {
        self.write().changes += 1;
    }

    /// How often a segment was set aside or put right.
    pub(super) fn changes(&self) -> u64 {
        self.read().changes
    }

    /// Remembers that a segment is what was written.
    pub(super) fn is_verified(&self, segment: &Segment, now: Timestamp) {
        self.write().verified.insert(segment.path.clone(), now);
    }

    /// When all segments were searched for damage because a read had failed.
    pub(super) fn searched(&self) -> Option<Timestamp> {
        self.read().searched
    }

    /// Remembers that nothing was found where damage was searched for.
    pub(super) fn is_searched(&self, now: Timestamp) {
        self.write().searched = Some(now);
    }

    /// Replaced segments that nobody reads any more.
    pub(super) fn take_unread_by_all(&self) -> Vec<Arc<Segment>> {
        let mut state = self.write();
        let mut free = Vec::new();
        // In order: who began to read before an earlier replacement may read what a later one replaced.
        while state.doomed.front().is_some_and(|(reading, _)| Arc::strong_count(reading) == 1) {
            free.extend(state.doomed.pop_front().into_iter().flat_map(|(_, segments)| segments));
        }
        free
    }
}

impl State {
    fn add(&mut self, segments: Vec<Segment>, now: Timestamp) {
        for segment in segments {
            self.made.insert(segment.path.clone(), now);
            self.verified.insert(segment.path.clone(), now);
            self.segments.push(Arc::new(segment));
        }
    }

    fn doom(&mut self, old: &[Arc<Segment>]) {
        if old.is_empty() {
            return;
        }
        let is_old = |path: &str| old.iter().any(|segment| segment.path == path);
        self.segments.retain(|segment| !is_old(&segment.path));
        self.unread.retain(|unread| !is_old(&unread.segment.path));
        for segment in old {
            self.made.remove(&segment.path);
            self.verified.remove(&segment.path);
        }
        // Who reads from now on does not know them.
        let reading = std::mem::take(&mut self.reading);
        self.doomed.push_back((reading, old.to_vec()));
    }
}

pub(super) fn bytes_of(chunk: &Chunk) -> u64 {
    chunk.record.get_array_memory_size() as u64
}
