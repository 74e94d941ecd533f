use usearch::ffi::{IndexOptions, MetricKind, ScalarKind};

use crate::VectorError;
use crate::vector::to_floats;

/// Neighbours that each item is linked to; more find more and cost memory.
const CONNECTIVITY: usize = 24;

/// Candidates looked at to link an item.
const LINK_CANDIDATES: usize = 128;

/// Candidates looked at to answer a search.
const SEARCH_CANDIDATES: usize = 512;

/// Room is made for this many items at once.
const ROOM_ITEMS: usize = 4_096;

/// Searches that may run at once; more are answered by a scan.
const SEARCHES_MAX: usize = 64;

/// A graph of near items (HNSW). It knows keys, not items, and only proposes: who asks looks at the vectors again.
pub(super) struct Graph {
    index: usearch::Index,
    /// Keys that were taken out since it was begun; their nodes stay until somebody builds it anew.
    removed: usize,
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Graph").field("size", &self.index.size()).field("removed", &self.removed).finish()
    }
}

fn failed(error: impl std::fmt::Display) -> VectorError {
    VectorError::Graph { reason: error.to_string() }
}

impl Graph {
    pub(super) fn new(dimensions: usize) -> Result<Self, VectorError> {
        let options = IndexOptions {
            dimensions,
            metric: MetricKind::IP,
            quantization: ScalarKind::I8,
            connectivity: CONNECTIVITY,
            expansion_add: LINK_CANDIDATES,
            expansion_search: SEARCH_CANDIDATES,
            multi: false,
        };
        let index = usearch::Index::new(&options).map_err(failed)?;
        index.reserve_capacity_and_threads(ROOM_ITEMS, SEARCHES_MAX).map_err(failed)?;
        Ok(Self { index, removed: 0 })
    }

    pub(super) fn add(&mut self, key: u64, parts: &[i16]) -> Result<(), VectorError> {
        if self.index.size() + 1 >= self.index.capacity() {
            let room = self.index.capacity().saturating_add(ROOM_ITEMS);
            self.index.reserve_capacity_and_threads(room, SEARCHES_MAX).map_err(failed)?;
        }
        self.index.add(key, &to_floats(parts)).map_err(failed)
    }

    pub(super) fn remove(&mut self, key: u64) -> Result<(), VectorError> {
        self.removed += self.index.remove(key).map_err(failed)?;
        Ok(())
    }

    /// Whether so much was taken out that it finds less than it should.
    pub(super) fn is_worn(&self) -> bool {
        self.removed > ROOM_ITEMS.max(self.index.size() / 2)
    }

    /// Keys of about the nearest that `admits`.
    pub(super) fn near(
        &self,
        parts: &[i16],
        count: usize,
        admits: impl Fn(u64) -> bool,
    ) -> Result<Vec<u64>, VectorError> {
        let matches = self.index.filtered_search(&to_floats(parts), count, admits).map_err(failed)?;
        Ok(matches.keys)
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.index.memory_usage()
    }
}
