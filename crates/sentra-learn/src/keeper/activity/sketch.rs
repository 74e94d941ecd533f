//! How many different things there were, and whether one was there before, in fixed memory.

use crate::behaviour::codec::{Reader, Writer};

/// Bits of a count of distinct things: it tells up to about 3,000 apart, with an error of a few in a hundred.
const BITS: u32 = 512;
const WORDS: usize = BITS as usize / 64;
/// With fewer bits set than this, their numbers take less room than all bits.
const SPARSE_BITS_MAX: u32 = 30;
/// Instead of a count of bits: all of them follow.
const DENSE: u8 = u8::MAX;

/// Distinct things, by linear counting (Whang and others): one bit per thing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Distinct([u64; WORDS]);

impl Distinct {
    /// Takes a thing in by its hash; whether it looks new.
    #[inline]
    pub(super) fn add(&mut self, hash: u64) -> bool {
        let bit = (hash >> 32) as u32 % BITS;
        let Some(word) = self.0.get_mut((bit / 64) as usize) else { return false };
        let mask = 1 << (bit % 64);
        let is_new = *word & mask == 0;
        *word |= mask;
        is_new
    }

    fn set_bits(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// About how many things there were.
    pub(super) fn count(&self) -> f32 {
        let set = self.set_bits();
        let empty = BITS.saturating_sub(set).max(1);
        let bits = BITS as f32;
        (bits * (bits / empty as f32).ln()).round()
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        let set = self.set_bits();
        if set > SPARSE_BITS_MAX {
            writer.u8(DENSE);
            self.0.iter().for_each(|word| {
                writer.u64(*word);
            });
            return;
        }
        writer.u8(set as u8);
        for (number, word) in (0_u16..).zip(self.0) {
            let mut word = word;
            while word != 0 {
                writer.u16(number * 64 + word.trailing_zeros() as u16);
                word &= word - 1;
            }
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let mut distinct = Self::default();
        match reader.u8()? {
            DENSE => {
                for word in &mut distinct.0 {
                    *word = reader.u64()?;
                }
            }
            set => {
                for _ in 0..set {
                    let bit = usize::from(reader.u16()?);
                    *distinct.0.get_mut(bit / 64)? |= 1 << (bit % 64);
                }
            }
        }
        Some(distinct)
    }
}

/// Bits of one generation of [`Novelty`].
const NOVELTY_BITS: u64 = 1 << 21;
/// Law LIMIT: relations that one generation takes; with them one in twenty unknown ones is taken for known.
const GENERATION_RELATIONS_MAX: u64 = 300_000;
/// Bits that stand for one relation.
const BITS_PER_RELATION: u64 = 4;
/// Words of a page, the unit in which it is stored: 4 KiB.
const PAGE_WORDS: usize = 512;
const NOVELTY_WORDS: usize = (NOVELTY_BITS / 64) as usize;
/// Pages of a generation.
const PAGES: usize = NOVELTY_WORDS / PAGE_WORDS;

/// Which relations (who, where from, with what) were there before: two generations of a Bloom filter. When the young
/// one is full, it becomes the old one, and what the old one knew is forgotten unless it came again.
#[derive(Debug, Clone)]
pub(super) struct Novelty {
    /// Two generations, one after the other; which is young follows from `turns`.
    words: Vec<u64>,
    /// Relations in the young generation.
    relations: u64,
    turns: u64,
    changed: Vec<bool>,
}

impl Novelty {
    pub(super) fn new() -> Self {
        Self { words: vec![0; 2 * NOVELTY_WORDS], relations: 0, turns: 0, changed: vec![false; 2 * PAGES] }
    }

    fn places(relation: u64, generation: u64) -> impl Iterator<Item = (usize, u64)> {
        let step = relation.rotate_left(32) | 1;
        (0..BITS_PER_RELATION).map(move |number| {
            let bit = relation.wrapping_add(number.wrapping_mul(step)) % NOVELTY_BITS;
            (generation as usize * NOVELTY_WORDS + (bit / 64) as usize, 1_u64 << (bit % 64))
        })
    }

    fn knows(&self, relation: u64, generation: u64) -> bool {
        Self::places(relation, generation)
            .all(|(word, mask)| self.words.get(word).is_some_and(|word| word & mask != 0))
    }

    /// Takes a relation in; whether it is new.
    pub(super) fn add(&mut self, relation: u64) -> bool {
        let young = self.turns & 1;
        if self.knows(relation, young) {
            return false;
        }
        let is_new = !self.knows(relation, young ^ 1);
        if self.relations >= GENERATION_RELATIONS_MAX {
            self.turn();
        }
        for (place, mask) in Self::places(relation, self.turns & 1) {
            if let Some(word) = self.words.get_mut(place) {
                *word |= mask;
            }
            if let Some(page) = self.changed.get_mut(place / PAGE_WORDS) {
                *page = true;
            }
        }
        self.relations += 1;
        is_new
    }

    fn turn(&mut self) {
        self.turns += 1;
        self.relations = 0;
        let young = (self.turns & 1) as usize;
        self.words.iter_mut().skip(young * NOVELTY_WORDS).take(NOVELTY_WORDS).for_each(|word| *word = 0);
        self.changed.iter_mut().skip(young * PAGES).take(PAGES).for_each(|page| *page = true);
    }

    /// Relations in the young generation, and how often they turned: what the pages do not tell.
    pub(super) fn progress(&self) -> (u64, u64) {
        (self.relations, self.turns)
    }

    /// The pages that changed since the last call.
    pub(super) fn take_changes(&mut self) -> Vec<(u32, Vec<u8>)> {
        let mut pages = Vec::new();
        for (number, (changed, words)) in
            (0_u32..).zip(self.changed.iter_mut().zip(self.words.chunks(PAGE_WORDS)))
        {
            if std::mem::take(changed) {
                pages.push((number, words.iter().flat_map(|word| word.to_le_bytes()).collect()));
            }
        }
        pages
    }

    pub(super) fn restore_progress(&mut self, (relations, turns): (u64, u64)) {
        (self.relations, self.turns) = (relations, turns);
    }

    pub(super) fn restore_page(&mut self, number: u32, bytes: &[u8]) -> Option<()> {
        if bytes.len() != PAGE_WORDS * 8 {
            return None;
        }
        let page = self.words.chunks_mut(PAGE_WORDS).nth(number as usize)?;
        for (word, bytes) in page.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::hash;

    #[test]
    fn distinct_things_are_counted_about_right() {
        for things in [0_u64, 1, 3, 10, 41, 100, 500, 1_000] {
            let mut distinct = Distinct::default();
            for thing in (0..things).chain(0..things) {
                distinct.add(hash::mix(thing + 1, 7));
            }
            let (count, error) = (distinct.count(), 2.0 + 0.12 * things as f32);
            assert!((count - things as f32).abs() <= error, "{count} for {things}");
            let mut writer = Writer::default();
            distinct.write(&mut writer);
            assert_eq!(Distinct::read(&mut Reader::new(&writer.bytes())), Some(distinct));
        }
        let mut full = Distinct::default();
        (0..1_000_000_u64).for_each(|thing| {
            full.add(hash::mix(thing + 1, 7));
        });
        assert!(full.count().is_finite() && full.count() > 3_000.0);
    }

    #[test]
    fn a_relation_is_new_once_and_forgotten_after_two_turns() {
        let mut novelty = Novelty::new();
        let relation = |number: u64| hash::mix(number, 99);
        let new = (1..=100_000).filter(|number| novelty.add(relation(*number))).count();
        assert!(new > 99_000, "{new}");
        assert!(!(1..=1_000).any(|number| novelty.add(relation(number))));
        let mut restored = Novelty::new();
        restored.restore_progress(novelty.progress());
        for (page, bytes) in novelty.take_changes() {
            restored.restore_page(page, &bytes).unwrap();
        }
        assert_eq!((restored.words == novelty.words, restored.turns), (true, novelty.turns));
        assert!(
            restored.restore_page(u32::MAX, &[0; 4096]).is_none() && restored.restore_page(0, b"x").is_none()
        );
        (200_000..1_200_000).for_each(|number| {
            novelty.add(relation(number));
        });
        assert!(novelty.turns >= 2);
        let again = (1..=1_000).filter(|number| novelty.add(relation(*number))).count();
        assert!(again > 500, "{again} of 1,000 are new again");
    }
}
