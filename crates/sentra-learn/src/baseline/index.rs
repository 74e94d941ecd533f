//! Where the record of a key lies: open addressing in one array, so that a search costs one cache line.

use super::hash::NONE;

/// Entries of the smallest index.
const ENTRIES_MIN: usize = 64;

/// From keys to slots. An entry is the upper half of the key beside the slot + 1; 0 is none. Homes are in the order of the
/// upper halves, so growing reads and writes in order, and needs no record.
#[derive(Debug, Default)]
pub(crate) struct Index {
    entries: Vec<u64>,
    len: usize,
}

fn slot_of(entry: u64) -> u32 {
    (entry as u32).wrapping_sub(1)
}

fn entry_of(key: u64, slot: u32) -> u64 {
    key & 0xffff_ffff_0000_0000 | u64::from(slot + 1)
}

impl Index {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn bytes(&self) -> usize {
        self.entries.capacity() * 8
    }

    /// Where the search for a key of this upper half begins.
    #[inline]
    fn home(&self, key: u64) -> usize {
        // The number of entries is a power of two of at least `ENTRIES_MIN`.
        (key >> (64 - self.entries.len().trailing_zeros())) as usize
    }

    /// The slot of `key`, among those that `is_it` says are its.
    #[inline]
    pub(crate) fn find(&self, key: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let place = self.place_of(key, is_it)?;
        self.entries.get(place).map(|entry| slot_of(*entry))
    }

    #[inline]
    fn place_of(&self, key: u64, is_it: impl Fn(u32) -> bool) -> Option<usize> {
        if self.len == 0 {
            return None;
        }
        let mut place = self.home(key);
        loop {
            match self.entries.get(place).copied() {
                Some(0) => return None,
                Some(entry) if (entry ^ key) >> 32 == 0 && is_it(slot_of(entry)) => return Some(place),
                Some(_) => place += 1,
                None => place = 0,
            }
        }
    }

    /// Reads the entry at which the search for `key` begins, ahead of use. What is read decides nothing, so many
    /// such reads wait for memory together.
    #[inline]
    pub(crate) fn touch(&self, key: u64) -> u64 {
        if self.len == 0 { 0 } else { self.entries.get(self.home(key)).copied().unwrap_or_default() }
    }

    /// Where `key` may be: only a guess, and it may be wrong.
    #[inline]
    pub(crate) fn guess(&self, key: u64) -> u32 {
        if self.len == 0 || key == NONE {
            return u32::MAX;
        }
        let run = self.entries.get(self.home(key)..).unwrap_or_default();
        let entry = run.iter().find(|entry| **entry == 0 || (**entry ^ key) >> 32 == 0);
        entry.map_or(u32::MAX, |entry| slot_of(*entry))
    }

    /// Adds `key`, which is not there.
    pub(crate) fn insert(&mut self, key: u64, slot: u32) {
        if (self.len + 1) * 4 > self.entries.len() * 3 {
            self.grow();
        }
        self.put(entry_of(key, slot));
        self.len += 1;
    }

    fn put(&mut self, entry: u64) {
        let mut place = self.home(entry);
        loop {
            match self.entries.get_mut(place) {
                Some(free) if *free == 0 => {
                    *free = entry;
                    return;
                }
                Some(_) => place += 1,
                None => place = 0,
            }
        }
    }

    fn grow(&mut self) {
        let entries = (self.entries.len() * 2).max(ENTRIES_MIN);
        let old = std::mem::replace(&mut self.entries, vec![0; entries]);
        old.into_iter().filter(|entry| *entry != 0).for_each(|entry| self.put(entry));
    }

    pub(crate) fn remove(&mut self, key: u64, slot: u32) {
        let Some(mut hole) = self.place_of(key, |other| other == slot) else { return };
        self.len -= 1;
        let mask = self.entries.len() - 1;
        let mut place = hole;
        // Those that follow without a gap move up, unless that would put them before their home.
        loop {
            place = (place + 1) & mask;
            let Some(entry) = self.entries.get(place).copied().filter(|entry| *entry != 0) else { break };
            let from_home = place.wrapping_sub(self.home(entry)) & mask;
            if from_home >= place.wrapping_sub(hole) & mask {
                if let Some(free) = self.entries.get_mut(hole) {
                    *free = entry;
                }
                hole = place;
            }
        }
        if let Some(free) = self.entries.get_mut(hole) {
            *free = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::hash::mix;
    use std::collections::BTreeMap;

    #[test]
    fn it_is_a_map() {
        // Few distinct upper halves: long runs, also around the end.
        let keys: Vec<u64> =
            (0..600_u64).map(|n| if n % 3 == 0 { mix(n, 1) } else { (u64::MAX - n % 7) << 32 | n }).collect();
        let mut index = Index::default();
        let mut map = BTreeMap::new();
        let mut seed = 1_u64;
        for round in 0..40_000_u32 {
            seed = mix(seed, u64::from(round));
            let slot = (seed % 600) as u32;
            let key = keys[slot as usize];
            let is_it = |other: u32| keys[other as usize] == key;
            assert_eq!(index.find(key, is_it), map.get(&key).copied(), "round {round}");
            if seed >> 32 & 1 == 0 {
                if map.insert(key, slot).is_none() {
                    index.insert(key, slot);
                }
            } else if map.remove(&key).is_some() {
                index.remove(key, slot);
            }
            assert_eq!(index.len(), map.len());
        }
    }
}
