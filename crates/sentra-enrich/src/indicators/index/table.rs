//! An immutable table from values to numbers: exact, without a pointer per entry.
//!
//! A value is asked of a small bit table first, which turns away almost all that are not in the table with one access
//! to memory; then of the slots; then it is compared in full. So a hash collision costs time and never makes a hit.

use std::hash::{BuildHasher, Hash};
use std::hint::black_box;

use foldhash::quality::FixedState;

use super::builder::INDICATOR_RECORDS_MAX;

/// The sorted values of a table.
pub(crate) trait Keys {
    /// What is looked up.
    type Key: ?Sized;
    /// How many there are.
    fn len(&self) -> usize;
    /// Hash of `key`.
    fn hash(&self, hasher: &FixedState, key: &Self::Key) -> u64;
    /// The value `number`.
    fn get(&self, number: usize) -> Option<&Self::Key>;
    /// Whether the value `number` is `key`.
    fn is(&self, number: usize, key: &Self::Key) -> bool;
    /// Reads the value `number` ahead of use.
    fn touch(&self, number: usize);
    /// Bytes held.
    fn bytes(&self) -> usize;
}

/// Values of one width.
#[derive(Debug)]
pub(crate) struct Fixed<T>(pub(crate) Vec<T>);

impl<T: Copy + Eq + Hash> Keys for Fixed<T> {
    type Key = T;

    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn hash(&self, hasher: &FixedState, key: &T) -> u64 {
        hasher.hash_one(key)
    }

    fn get(&self, number: usize) -> Option<&T> {
        self.0.get(number)
    }

    #[inline]
    fn is(&self, number: usize, key: &T) -> bool {
        self.0.get(number) == Some(key)
    }

    #[inline]
    fn touch(&self, number: usize) {
        black_box(self.0.get(number).copied());
    }

    fn bytes(&self) -> usize {
        size_of_val(self.0.as_slice())
    }
}

/// Texts one behind the other.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    pub(crate) bytes: Vec<u8>,
    /// Where each text ends.
    pub(crate) ends: Vec<u32>,
}

impl Texts {
    /// The text `number`, empty past the end.
    #[inline]
    fn text(&self, number: usize) -> Option<&[u8]> {
        let end = *self.ends.get(number)? as usize;
        let start = number.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.bytes.get(start as usize..end)
    }
}

impl Keys for Texts {
    type Key = [u8];

    fn len(&self) -> usize {
        self.ends.len()
    }

    #[inline]
    fn hash(&self, hasher: &FixedState, key: &[u8]) -> u64 {
        hasher.hash_one(key)
    }

    fn get(&self, number: usize) -> Option<&[u8]> {
        self.text(number)
    }

    #[inline]
    fn is(&self, number: usize, key: &[u8]) -> bool {
        self.text(number) == Some(key)
    }

    #[inline]
    fn touch(&self, number: usize) {
        black_box(self.text(number).and_then(|text| text.first().copied()));
    }

    fn bytes(&self) -> usize {
        self.bytes.len() + self.ends.len() * 4
    }
}

/// A bit table that turns most strangers away with one access to memory (a Bloom filter whose bits for one value stand
/// in one word).
#[derive(Debug, Default)]
pub(crate) struct Filter(Vec<u64>);

impl Filter {
    /// Room for `count` values, each of which takes a fifth of a word.
    pub(crate) fn new(count: usize) -> Self {
        Self(if count == 0 { Vec::new() } else { vec![0; count / 5 + 1] })
    }

    pub(crate) fn insert(&mut self, hash: u64) {
        let (word, bits) = place_in_filter(hash, self.0.len());
        if let Some(word) = self.0.get_mut(word) {
            *word |= bits;
        }
    }

    /// False when no value with this hash was put in.
    #[inline]
    pub(crate) fn may_have(&self, hash: u64) -> bool {
        let (word, bits) = place_in_filter(hash, self.0.len());
        self.0.get(word).is_some_and(|word| word & bits == bits)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.len() * 8
    }
}

/// Bits of a slot that number a value. The bits above are some of the value's hash, so that hardly ever a value is read
/// that is not the one looked for.
const NUMBER_BITS: u32 = 24;
const NUMBER_MASK: u32 = (1 << NUMBER_BITS) - 1;
const _: () = assert!(INDICATOR_RECORDS_MAX < NUMBER_MASK as usize);

/// The table.
#[derive(Debug)]
pub(crate) struct Table<K> {
    pub(crate) keys: K,
    /// Number of a value plus one, below bits of its hash; 0 is free.
    slots: Vec<u32>,
    filter: Filter,
    hasher: FixedState,
}

impl<K: Keys> Table<K> {
    /// The table of `keys`. Its hashes depend on `seed`, which depends on all indicators: who writes a feed cannot
    /// choose values that meet in one place.
    pub(crate) fn new(keys: K, seed: u64) -> Self {
        let hasher = FixedState::with_seed(seed);
        let count = keys.len();
        // Three quarters of the slots are taken.
        let slots = if count == 0 { Vec::new() } else { vec![0; count + count / 3 + 1] };
        let filter = Filter::new(count);
        let mut table = Self { keys, slots, filter, hasher };
        for number in 0..count {
            table.insert(number);
        }
        table
    }

    fn insert(&mut self, number: usize) {
        let Some(key) = self.keys.get(number) else { return };
        let hash = self.keys.hash(&self.hasher, key);
        self.filter.insert(hash);
        let mut place = place_in_slots(hash, self.slots.len());
        loop {
            match self.slots.get_mut(place) {
                Some(slot) if *slot == 0 => {
                    *slot = tag(hash) | (number as u32 + 1);
                    return;
                }
                Some(_) => place += 1,
                None => place = 0,
            }
        }
    }

    /// The number of `key`.
    #[inline]
    pub(crate) fn find(&self, key: &K::Key) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        let hash = self.hash(key);
        if !self.filter.may_have(hash) {
            return None;
        }
        self.seek(hash, |number| self.keys.is(number as usize, key))
    }

    /// The number of the first value with the bits of `hash` that `is_it` says is it.
    #[inline]
    fn seek(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mut place = place_in_slots(hash, self.slots.len());
        loop {
            match self.slots.get(place).copied() {
                // A quarter of the slots is free, so this ends.
                Some(0) => return None,
                Some(slot) if (slot ^ tag(hash)) <= NUMBER_MASK => {
                    let number = (slot & NUMBER_MASK) - 1;
                    if is_it(number) {
                        return Some(number);
                    }
                    place += 1;
                }
                Some(_) => place += 1,
                None => place = 0,
            }
        }
    }

    /// Reads ahead what finding the keys of `hashes` needs, so that all wait for memory together: first the slots,
    /// then the values that probably are the keys, whose numbers `touch` gets, too.
    pub(crate) fn warm(&self, hashes: &[u64], touch: impl Fn(u32)) {
        if self.slots.is_empty() {
            return;
        }
        let slot = |hash: &u64| self.slots.get(place_in_slots(*hash, self.slots.len())).copied();
        black_box(hashes.iter().fold(0, |seen, hash| seen ^ slot(hash).unwrap_or_default()));
        for number in hashes.iter().filter_map(|hash| self.seek(*hash, |_| true)) {
            self.keys.touch(number as usize);
            touch(number);
        }
    }

    /// False when no value with this hash is in the table.
    #[inline]
    pub(crate) fn may_have(&self, hash: u64) -> bool {
        self.filter.may_have(hash)
    }

    /// Hash of any key in this table's way.
    #[inline]
    pub(crate) fn hash(&self, key: &K::Key) -> u64 {
        self.keys.hash(&self.hasher, key)
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.keys.bytes() + self.slots.len() * 4 + self.filter.bytes()
    }
}

/// Which word of the filter, and which four of its bits.
#[inline]
fn place_in_filter(hash: u64, words: usize) -> (usize, u64) {
    let word = ((hash >> 32) * words as u64) >> 32;
    let bit = |shift: u32| 1_u64 << (hash >> shift & 63);
    (word as usize, bit(0) | bit(6) | bit(12) | bit(18))
}

/// The bits of a hash that stand in its slot: the lowest, which say nothing about which slot that is.
#[inline]
fn tag(hash: u64) -> u32 {
    (hash as u32) << NUMBER_BITS
}

/// Which slot.
#[inline]
fn place_in_slots(hash: u64, slots: usize) -> usize {
    // The bits behind the filter's, and some that the filter's word was chosen by.
    let spread = (hash >> 8) & 0xffff_ffff;
    ((spread * slots as u64) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every value has the same hash.
    struct Colliding(Vec<u64>);

    impl Keys for Colliding {
        type Key = u64;
        fn len(&self) -> usize {
            self.0.len()
        }
        fn hash(&self, _: &FixedState, _: &u64) -> u64 {
            42
        }
        fn get(&self, number: usize) -> Option<&u64> {
            self.0.get(number)
        }
        fn is(&self, number: usize, key: &u64) -> bool {
            self.0.get(number) == Some(key)
        }
        fn touch(&self, _: usize) {}
        fn bytes(&self) -> usize {
            0
        }
    }

    #[test]
    fn values_of_one_hash_are_told_apart() {
        let table = Table::new(Colliding((0..500).map(|n| n * 2).collect()), 1);
        for number in 0..1_000 {
            let expected = (number % 2 == 0).then_some((number / 2) as u32);
            assert_eq!(table.find(&number), expected, "{number}");
        }
    }

    #[test]
    fn what_is_in_is_found_and_what_is_not_is_not() {
        for count in [0_u32, 1, 2, 5, 1_000, 100_000] {
            let table = Table::new(Fixed((0..count).map(|n| n * 3).collect()), 7);
            assert!((0..count).all(|n| table.find(&(n * 3)) == Some(n)), "{count}");
            assert!((0..count).all(|n| table.find(&(n * 3 + 1)).is_none()), "{count}");
        }
    }

    #[test]
    fn the_filter_turns_most_strangers_away() {
        let table = Table::new(Fixed((0..100_000_u32).collect()), 7);
        let passed = (1_000_000..1_100_000_u32).filter(|key| table.filter.may_have(table.hash(key))).count();
        assert!(passed < 5_000, "{passed} of 100,000 came through");
    }
}
