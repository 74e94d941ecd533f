//! Pairs of numbers, numbered.

use datafusion::common::{Result, exec_datafusion_err};
use hashbrown::HashMap;

use super::intern::UNKNOWN;

/// Slots that a table may have whatever is in it.
const SLOTS_MIN: usize = 1 << 14;
/// Slots for every pair that a larger table may have: memory grows with the pairs, not with what they might be.
const SLOTS_OF_PAIR: usize = 12;

/// Pairs of numbers, in the order in which they were first seen.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    pairs: Vec<(u32, u32)>,
    numbers: Numbers,
}

/// The numbers of the pairs.
#[derive(Debug)]
enum Numbers {
    /// Of every first number a row of so many slots, a power of two, by the second: few different seconds, as outcomes are.
    Table {
        shift: u32,
        slots: Vec<u32>,
    },
    Map(HashMap<u64, u32>),
}

impl Default for Numbers {
    fn default() -> Self {
        Self::Table { shift: 0, slots: Vec::new() }
    }
}

impl Pairs {
    pub(super) fn len(&self) -> usize {
        self.pairs.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        self.pairs.iter().copied()
    }

    pub(super) fn get(&self, number: u32) -> Option<(u32, u32)> {
        self.pairs.get(number as usize).copied()
    }

    /// Memory in use, about.
    pub(super) fn bytes(&self) -> usize {
        let numbers = match &self.numbers {
            Numbers::Table { slots, .. } => slots.capacity() * size_of::<u32>(),
            Numbers::Map(map) => map.capacity() * size_of::<(u64, u32)>(),
        };
        numbers + self.pairs.capacity() * size_of::<(u32, u32)>()
    }

    /// The number of a pair.
    pub(super) fn number(&mut self, one: u32, other: u32) -> Result<u32> {
        let new = u32::try_from(self.pairs.len()).ok().filter(|new| *new != UNKNOWN);
        let new = new.ok_or_else(|| exec_datafusion_err!("too many groups"))?;
        let number = match &mut self.numbers {
            Numbers::Table { shift, slots } => match slots.get_mut(slot_of(one, other, *shift)) {
                Some(slot) if other.checked_shr(*shift).unwrap_or_default() == 0 => slot,
                _ => {
                    self.make_room(one, other);
                    return self.number(one, other);
                }
            },
            Numbers::Map(map) => map.entry(key_of(one, other)).or_insert(UNKNOWN),
        };
        if *number == UNKNOWN {
            *number = new;
            self.pairs.push((one, other));
        }
        Ok(*number)
    }

    /// Makes a table in which the pair has a slot, or a map where most slots would be empty.
    fn make_room(&mut self, one: u32, other: u32) {
        let Numbers::Table { shift, slots } = &mut self.numbers else { return };
        let wider = (u32::BITS - other.leading_zeros()).max(*shift);
        let first = one.max(self.pairs.iter().map(|(one, _)| *one).max().unwrap_or_default());
        // Twice of what is needed, so that this is done for one in many.
        let length = (u128::from(first) + 1) << (wider + 1);
        let slots_max = SLOTS_MIN.max(self.pairs.len().saturating_mul(SLOTS_OF_PAIR));
        let Some(length) = usize::try_from(length).ok().filter(|length| *length <= slots_max) else {
            let numbered = self.pairs.iter().zip(0..);
            self.numbers =
                Numbers::Map(numbered.map(|((one, other), number)| (key_of(*one, *other), number)).collect());
            return;
        };
        if wider == *shift {
            slots.resize(length, UNKNOWN);
            return;
        }
        let mut moved = vec![UNKNOWN; length];
        for ((one, other), number) in self.pairs.iter().zip(0..) {
            if let Some(slot) = moved.get_mut(slot_of(*one, *other, wider)) {
                *slot = number;
            }
        }
        (*shift, *slots) = (wider, moved);
    }
}

fn slot_of(one: u32, other: u32, shift: u32) -> usize {
    (one as usize) << shift | other as usize
}

fn key_of(one: u32, other: u32) -> u64 {
    u64::from(one) << 32 | u64::from(other)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Numbers `asked` and says whether a table was enough, and how many bytes it took.
    fn check(asked: impl Iterator<Item = (u32, u32)>) -> (bool, usize) {
        let (mut pairs, mut expected) = (Pairs::default(), BTreeMap::new());
        for (one, other) in asked {
            let next = expected.len() as u32;
            let number = *expected.entry((one, other)).or_insert(next);
            assert_eq!(pairs.number(one, other).unwrap(), number, "{one} {other}");
        }
        assert_eq!(pairs.len(), expected.len());
        for ((one, other), number) in &expected {
            assert_eq!(pairs.get(*number), Some((*one, *other)));
        }
        (matches!(pairs.numbers, Numbers::Table { .. }), pairs.bytes())
    }

    #[test]
    fn pairs_have_one_number_each() {
        let mixed = |rows: u32, ones: u32, others: u32| {
            (0..rows).map(move |row| {
                let row = row.wrapping_mul(2_654_435_761) >> 8;
                (row % ones, row / ones % others)
            })
        };
        for (ones, others) in [(1, 1), (5, 3), (3, 900), (2_000, 4), (700, 700), (20_000, 3)] {
            check(mixed(60_000, ones, others));
        }
        let ends = [(0, 0), (u32::MAX, 0), (0, u32::MAX), (u32::MAX, u32::MAX), (1, 1 << 31), (u32::MAX, 1)];
        check(ends.into_iter().cycle().take(20));
    }

    #[test]
    fn memory_grows_with_the_pairs_and_not_with_what_they_might_be() {
        let many = 100_000;
        let (is_table, _) = check((0..many).map(|one| (one, one % 3)));
        assert!(is_table, "nearly every slot of a row is used");
        for sparse in [(0..many).map(|one| (one, one)).collect(), vec![(0, 0), (u32::MAX, 0), (0, u32::MAX)]]
        {
            let pairs = sparse.len();
            let (is_table, bytes) = check(sparse.into_iter());
            assert!(!is_table && bytes < 200_000 + pairs * 100, "{bytes} bytes for {pairs} pairs");
        }
    }
}
