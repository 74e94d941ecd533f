//! Which offsets have an event in a store: one bit each.

use std::collections::BTreeMap;
use std::ops::Range;

/// Bits of a block; blocks without an event take no memory.
const BLOCK_BITS: u64 = 65_536;
const BLOCK_WORDS: usize = 1_024;

/// Offsets of one partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredOffsets {
    blocks: BTreeMap<u64, Vec<u64>>,
}

impl StoredOffsets {
    /// Adds an offset; gives whether it was new.
    pub fn insert(&mut self, offset: u64) -> bool {
        let block = self.blocks.entry(offset / BLOCK_BITS).or_insert_with(|| vec![0; BLOCK_WORDS]);
        let (word, bit) = place(offset);
        let Some(word) = block.get_mut(word) else { return false };
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// Whether an offset is among them.
    #[must_use]
    pub fn contains(&self, offset: u64) -> bool {
        let (word, bit) = place(offset);
        let block = self.blocks.get(&(offset / BLOCK_BITS));
        block.and_then(|block| block.get(word)).is_some_and(|word| word & bit != 0)
    }

    /// The stretches of `range` that are not among them, in order.
    #[must_use]
    pub fn holes(&self, range: Range<u64>) -> Vec<Range<u64>> {
        let mut holes: Vec<Range<u64>> = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let block_end = (at / BLOCK_BITS + 1).saturating_mul(BLOCK_BITS).min(range.end);
            let until = match self.blocks.get(&(at / BLOCK_BITS)) {
                None => block_end,
                Some(_) if self.contains(at) => at,
                Some(_) => (at..block_end).find(|offset| self.contains(*offset)).unwrap_or(block_end),
            };
            if until == at {
                at += 1;
                continue;
            }
            match holes.last_mut() {
                Some(last) if last.end == at => last.end = until,
                _ => holes.push(at..until),
            }
            at = until;
        }
        holes
    }
}

fn place(offset: u64) -> (usize, u64) {
    let within = offset % BLOCK_BITS;
    (usize::try_from(within / 64).unwrap_or_default(), 1 << (within % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::single_range_in_vec_init, reason = "one hole is a list of one")]
    fn holes_are_what_was_not_inserted() {
        let mut offsets = StoredOffsets::default();
        for offset in [0, 1, 5, 65_535, 65_536, 200_000] {
            assert!(offsets.insert(offset), "{offset}");
            assert!(!offsets.insert(offset), "{offset} is there already");
            assert!(offsets.contains(offset));
        }
        let holes = offsets.holes(0..300_000);
        assert_eq!(holes, [2..5, 6..65_535, 65_537..200_000, 200_001..300_000]);
        assert_eq!(offsets.holes(1..6), vec![2_u64..5]);
        assert_eq!(offsets.holes(3..4), vec![3_u64..4]);
        assert_eq!(offsets.holes(0..2), []);
        assert_eq!(StoredOffsets::default().holes(7..9), vec![7_u64..9]);
    }
}
