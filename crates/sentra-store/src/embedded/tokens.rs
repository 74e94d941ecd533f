//! Which words the rows of a segment have: one filter for every step of rows, so that what looks for a word, an address
//! or a name reads only rows that may have it.
//!
//! A filter is a split-block Bloom filter over the words of all texts of its rows, without case: runs of letters and
//! digits that are not digits alone, and addresses as a whole. It may take an absent word for present, never the reverse.

use std::io;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::words::{each_hash, each_word, whole};
use crate::bound::Bound;
use crate::matcher::{Operand, Order, ValueTest, fold};

/// Bytes of a block.
const BLOCK_BYTES: usize = 32;
/// Eight words of 32 bits.
type Block = [u32; 8];
/// Most blocks of one filter: 192 KiB. Records with many ids of their own, as those of Windows and of clouds, have five times
/// as many words as other ones; a filter that they fill lets every other step through for nothing.
const FILTER_BLOCKS_MAX: usize = 6_144;
/// A filter is made smaller while not more than this part of its bits would be set: then one absent word in a thousand is
/// let through on the whole, each of which costs a read of 8,192 rows.
const FILLED_MAX: f64 = 0.38;
/// Hashes that are remembered as added.
const HASHES_RECENT: usize = 1_024;
/// Most alternatives of a condition that are looked up one by one.
const ALTERNATIVES_MAX: usize = 64;
/// Columns whose values are in the filter as a whole, because their words are numbers.
pub(super) const WHOLE_COLUMNS: [&str; 2] = ["src_ip", "dst_ip"];

/// One bit in each word of a block is set for a hash.
const SALTS: [u32; 8] =
    [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];

fn masks(hash: u64) -> [u32; 8] {
    SALTS.map(|salt| 1_u32 << ((hash as u32).wrapping_mul(salt) >> 27))
}

fn block_of(hash: u64, blocks: usize) -> usize {
    (((hash >> 32) * blocks as u64) >> 32) as usize
}

/// A filter that is being filled.
#[derive(Debug)]
pub(super) struct Filter {
    blocks: Vec<Block>,
    /// Hashes that came by lately, by their last bits: most words of logs come again and again.
    recent: [u64; HASHES_RECENT],
}

impl Filter {
    pub(super) fn new() -> Self {
        Self { blocks: vec![Block::default(); FILTER_BLOCKS_MAX], recent: [0; HASHES_RECENT] }
    }

    fn insert(&mut self, hash: u64) {
        if let Some(recent) = self.recent.get_mut(hash as usize % HASHES_RECENT)
            && std::mem::replace(recent, hash) == hash
            // As which nothing came by yet.
            && hash != 0
        {
            return;
        }
        let place = block_of(hash, self.blocks.len());
        if let Some(block) = self.blocks.get_mut(place) {
            for (word, mask) in block.iter_mut().zip(masks(hash)) {
                *word |= mask;
            }
        }
    }

    /// Adds the words of a text.
    pub(super) fn add(&mut self, text: &str) {
        each_hash(text, &mut |hash| self.insert(hash));
    }

    /// Adds a value as a whole.
    pub(super) fn add_whole(&mut self, value: &str) {
        self.insert(whole(value));
    }

    /// The bytes of the filter, as few as do.
    pub(super) fn bytes(self) -> Vec<u8> {
        let mut fewest = self.blocks;
        let mut before = Vec::new();
        while let Some(halved) = folded(&fewest, 2) {
            before = std::mem::replace(&mut fewest, halved);
        }
        // Between a half and the whole there are two thirds.
        if let Some(thirds) = folded(&before, 3) {
            fewest = thirds;
        }
        fewest.iter().flatten().flat_map(|word| word.to_le_bytes()).collect()
    }
}

/// One block for every `parts` neighbours of `blocks`, with what is in any of them; nothing where they cannot be shared out,
/// or where too many bits would be set. A hash is in the place that [`block_of`] says of the new number, because that is its
/// old place divided by `parts`.
fn folded(blocks: &[Block], parts: usize) -> Option<Vec<Block>> {
    if blocks.is_empty() || !blocks.len().is_multiple_of(parts) {
        return None;
    }
    let mut folded = Vec::with_capacity(blocks.len() / parts);
    for neighbours in blocks.chunks_exact(parts) {
        let mut all = Block::default();
        for block in neighbours {
            all.iter_mut().zip(block).for_each(|(word, more)| *word |= more);
        }
        folded.push(all);
    }
    let bits: u64 = folded.iter().flatten().map(|word| u64::from(word.count_ones())).sum();
    let room = (folded.len() * BLOCK_BYTES * 8) as f64;
    (bits as f64 <= FILLED_MAX * room).then_some(folded)
}

/// Where the filters of a segment stand in its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Filters {
    /// The first byte of the first.
    pub(super) at: u64,
    /// Rows of a step.
    pub(super) step_rows: usize,
    /// Blocks of each filter, in the order of the steps.
    pub(super) blocks: Vec<u16>,
}

impl Filters {
    /// Where they stand.
    pub(super) fn range(&self) -> Range<u64> {
        let bytes: u64 = self.blocks.iter().map(|blocks| u64::from(*blocks) * BLOCK_BYTES as u64).sum();
        self.at..self.at.saturating_add(bytes)
    }

    /// Which steps may meet `needs`, by what stands there.
    pub(super) fn steps(&self, filters: &[u8], needs: &Needs) -> io::Result<Vec<bool>> {
        let mut rest = filters;
        let mut steps = Vec::with_capacity(self.blocks.len());
        for blocks in &self.blocks {
            let blocks = usize::from(*blocks);
            let (filter, more) =
                rest.split_at_checked(blocks * BLOCK_BYTES).ok_or(io::ErrorKind::UnexpectedEof)?;
            let has = &mut |hash| {
                let block = filter.chunks_exact(BLOCK_BYTES).nth(block_of(hash, blocks));
                Ok(block.is_some_and(|block| has_all(block, hash)))
            };
            steps.push(needs.may_be_met(has)?);
            rest = more;
        }
        Ok(steps)
    }
}

/// Whether all bits of `hash` are set in a block.
fn has_all(block: &[u8], hash: u64) -> bool {
    let found = block.chunks_exact(4).map(|word| word.try_into().map_or(0, u32::from_le_bytes));
    found.zip(masks(hash)).all(|(word, mask)| word & mask != 0)
}

/// What rows must have in their texts to meet a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing that is known.
    Nothing,
    /// A word or a value.
    Word(u64),
    All(Vec<Self>),
    Any(Vec<Self>),
}

impl Needs {
    /// Of a condition.
    pub(super) fn of(bound: &Bound) -> Self {
        match bound {
            Bound::And(parts) => Self::all(parts.iter().map(Self::of)),
            Bound::Or(parts) if parts.len() <= ALTERNATIVES_MAX => Self::any(parts.iter().map(Self::of)),
            Bound::Text { column, test } => Self::of_test(test, WHOLE_COLUMNS.contains(column)),
            Bound::Raw { test } | Bound::Source { test, .. } => Self::of_test(test, false),
            _ => Self::Nothing,
        }
    }

    fn of_test(test: &ValueTest, is_whole: bool) -> Self {
        let value = |text: &str| {
            let words = Self::words(text, |_| true);
            if is_whole { Self::all([Self::Word(whole(text)), words]) } else { words }
        };
        match test {
            ValueTest::Order { op: Order::Eq, value: Operand::Text(text) } if !text.is_empty() => value(text),
            ValueTest::OneOf(texts) | ValueTest::OneOfCaseless(texts) if texts.len() <= ALTERNATIVES_MAX => {
                Self::any(texts.iter().map(|text| if text.is_empty() { Self::Nothing } else { value(text) }))
            }
            ValueTest::Has(text) => Self::words(text, |_| true),
            ValueTest::Contains(text) => {
                let end = text.len();
                Self::words(text, |place| place.start > 0 && place.end < end)
            }
            ValueTest::StartsWith(text) => {
                let end = text.len();
                Self::words(text, |place| place.end < end)
            }
            ValueTest::EndsWith(text) => Self::words(text, |place| place.start > 0),
            _ => Self::Nothing,
        }
    }

    /// The words of `text` that stand at places that are known to be whole.
    fn words(text: &str, is_whole: impl Fn(&Range<usize>) -> bool) -> Self {
        let mut found = Vec::new();
        each_word(&fold(text), |hash, place| {
            if is_whole(&place) {
                found.push(Self::Word(hash));
            }
        });
        Self::all(found)
    }

    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut parts: Vec<Self> = parts.into_iter().filter(|part| *part != Self::Nothing).collect();
        if parts.len() > 1 { Self::All(parts) } else { parts.pop().unwrap_or(Self::Nothing) }
    }

    fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let parts: Vec<Self> = parts.into_iter().collect();
        if parts.is_empty() || parts.contains(&Self::Nothing) { Self::Nothing } else { Self::Any(parts) }
    }

    fn may_be_met(&self, has: &mut impl FnMut(u64) -> io::Result<bool>) -> io::Result<bool> {
        match self {
            Self::Nothing => Ok(true),
            Self::Word(hash) => has(*hash),
            Self::All(parts) => {
                for part in parts {
                    if !part.may_be_met(has)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Any(parts) => {
                for part in parts {
                    if part.may_be_met(has)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(texts: &[&str], test: &ValueTest) -> bool {
        let mut filter = Filter::new();
        texts.iter().for_each(|text| filter.add(text));
        let bytes = filter.bytes();
        let blocks = vec![u16::try_from(bytes.len() / BLOCK_BYTES).unwrap()];
        let filters = Filters { at: 6, step_rows: 10, blocks };
        let needs = Needs::of_test(test, false);
        assert_eq!(filters.range(), 6..6 + bytes.len() as u64);
        filters.steps(&bytes, &needs).unwrap() == [true]
    }

    #[test]
    fn whatever_a_text_meets_its_filter_lets_through() {
        let texts = ["Failed password for Quinn.Haas7 from 10.1.2.3", "über STRAẞE x-9", "SHA256=ABCDEF0123"];
        let needles = [
            "password",
            "failed password",
            "quinn",
            "haas7 from 10",
            "ss",
            "über",
            "0123",
            "a256=abc",
            "7",
            "-",
        ];
        for text in texts {
            for needle in needles.iter().map(|needle| fold(needle)) {
                let tests = [
                    ValueTest::Has(needle.clone()),
                    ValueTest::Contains(needle.clone()),
                    ValueTest::StartsWith(needle.clone()),
                    ValueTest::EndsWith(needle.clone()),
                    ValueTest::OneOfCaseless([fold(text)].into()),
                    ValueTest::Order { op: Order::Eq, value: Operand::Text(text.to_owned()) },
                ];
                for test in tests {
                    assert!(!test.matches(text) || filtered(&[text], &test), "{test:?} on {text:?}");
                }
            }
        }
    }

    #[test]
    fn what_no_text_has_is_not_let_through() {
        let texts: Vec<String> = (0..500).map(|number| format!("user number u{number} logged in")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let wrong =
            (500..1_500).filter(|number| filtered(&texts, &ValueTest::Has(format!("u{number}")))).count();
        assert!(wrong < 10, "{wrong} of 1000 absent words were let through");
    }

    /// Whether a filter of one step lets a word or a value through.
    fn lets_through(filter: &[u8], hash: u64) -> bool {
        let blocks = vec![u16::try_from(filter.len() / BLOCK_BYTES).unwrap()];
        let filters = Filters { at: 0, step_rows: 10, blocks };
        filters.steps(filter, &Needs::Word(hash)).unwrap() == [true]
    }

    /// The addresses of a step, as they come one after the other and as they come from anywhere.
    fn addresses(count: u32) -> impl Iterator<Item = String> {
        let scattered = |number: u32| number.wrapping_mul(0x9e37_79b1);
        (0..count).map(move |number| {
            let bits = if number.is_multiple_of(2) { 0x0a00_0000 + number } else { scattered(number) };
            std::net::Ipv4Addr::from(bits).to_string()
        })
    }

    #[test]
    fn however_full_a_filter_is_it_lets_through_all_it_was_given() {
        let mut sizes = std::collections::BTreeSet::new();
        // Each a third more than the one before.
        let counts = std::iter::successors(Some(1_u32), |count| Some(count + count.div_ceil(3)));
        for count in counts.take_while(|count| *count < 60_000) {
            let mut filter = Filter::new();
            for (number, address) in addresses(count).enumerate() {
                filter.add_whole(&address);
                filter.add(&format!("id w{number}"));
            }
            let bytes = filter.bytes();
            for (number, address) in addresses(count).enumerate() {
                let word = words_in(&format!("w{number}"));
                assert!(lets_through(&bytes, whole(&address)), "{address} of {count}");
                assert!(word.into_iter().all(|word| lets_through(&bytes, word)), "w{number} of {count}");
            }
            let blocks = bytes.len() / BLOCK_BYTES;
            sizes.insert(blocks);
            let bits: usize = bytes.iter().map(|byte| byte.count_ones() as usize).sum();
            let is_sparse = bits as f64 <= FILLED_MAX * (bytes.len() * 8) as f64;
            assert!(is_sparse || blocks == FILTER_BLOCKS_MAX, "{count} are crowded in {blocks} blocks");
            let wrong = (0..2_000).filter(|number| lets_through(&bytes, whole(&format!("absent {number}"))));
            let wrong = wrong.count();
            assert!(!is_sparse || wrong < 20, "{wrong} of 2000 absent values are let through beside {count}");
        }
        let is_sum = |blocks: &usize| blocks.is_power_of_two() || (blocks / 3).is_power_of_two();
        assert!(sizes.iter().all(is_sum) && sizes.contains(&FILTER_BLOCKS_MAX), "{sizes:?}");
        assert!(sizes.iter().filter(|blocks| !blocks.is_power_of_two()).count() > 5, "{sizes:?}");
        assert!(sizes.iter().filter(|blocks| blocks.is_power_of_two()).count() > 5, "{sizes:?}");
    }

    fn words_in(text: &str) -> Vec<u64> {
        let mut found = Vec::new();
        each_hash(text, &mut |hash| found.push(hash));
        found
    }

    #[test]
    fn a_value_as_a_whole_is_none_of_its_words() {
        let mut filter = Filter::new();
        filter.add("from 198.18.77.7 as quinn");
        filter.add_whole("QUINN");
        let bytes = filter.bytes();
        assert!(lets_through(&bytes, whole("quinn")) && lets_through(&bytes, whole("Quinn")));
        assert!(!lets_through(&bytes, whole("198.18.77.7")) && !lets_through(&bytes, whole("as")));
    }
}
