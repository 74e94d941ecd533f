use usearch::ffi::{IndexOptions, MetricKind, ScalarKind};

use crate::VectorError;

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

/// What of a vector's fixed point stands for one step of the graph's own, coarser one: numbers up to a half fit, which is
/// more than a vector of hundreds of numbers has, and what does not fit is cut.
const STEP: i16 = 64;

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

/// `parts` in a byte each. The library would round towards zero, at half of this resolution.
fn coarse(parts: &[i16]) -> Vec<i8> {
    let step = |part: &i16| {
        let steps = part.saturating_add(STEP / 2).div_euclid(STEP);
        i8::try_from(steps).unwrap_or(if steps < 0 { i8::MIN } else { i8::MAX })
    };
    parts.iter().map(step).collect()
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
        self.index.add(key, &coarse(parts)).map_err(failed)
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
        let matches = self.index.filtered_search(&coarse(parts), count, admits).map_err(failed)?;
        Ok(matches.keys)
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.index.memory_usage()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounded, not cut towards zero, and what does not fit is the most there is.
    #[test]
    fn a_byte_holds_the_nearest_step() {
        let parts =
            [0, 31, 32, 64, -31, -32, -33, -64, 8_127, 8_160, 16_384, -8_192, -16_384, i16::MAX, i16::MIN];
        let bytes = [0, 0, 1, 1, 0, 0, -1, -1, 127, 127, 127, -128, -128, 127, -128];
        assert_eq!(coarse(&parts), bytes);
    }
}
