//! Many texts searched for in one value: each is known by a few bytes in a row, the rarest that it has.

use hashbrown::HashMap;

/// Slots of the filter per gram: the more, the less often a gram seems to be there and is not.
const SLOTS_PER_GRAM: usize = 256;
/// Slots beyond which it has fewer per gram: so many bits stay in the fastest memory.
const SLOTS_FAST_MAX: usize = 1 << 17;
/// Slots per gram that it has at least.
const SLOTS_PER_GRAM_MIN: usize = 16;
/// Bytes whose positions the filter is asked about together.
const BLOCK_BYTES: usize = 16;

/// Needles of at least `WIDTH` bytes. A value is read once, whatever their number; where a needle's gram is found the
/// needle is compared.
#[derive(Debug, Default)]
pub(crate) struct Grams<const WIDTH: usize> {
    /// A bit per slot: some gram falls into it.
    filter: Vec<u64>,
    shift: u32,
    /// By gram: where the needles that are known by it begin and end.
    places: HashMap<u32, (u32, u32), foldhash::fast::RandomState>,
    /// Number of a needle, and where in it the gram stands.
    known: Vec<(u32, u32)>,
}

fn gram<const WIDTH: usize>(bytes: &[u8; WIDTH]) -> u32 {
    bytes.iter().rev().fold(0, |gram, byte| gram << 8 | u32::from(*byte))
}

impl<const WIDTH: usize> Grams<WIDTH> {
    /// Of `needles` those with the `numbers`, none of which is shorter than `WIDTH`.
    pub(crate) fn new(needles: &[Box<str>], numbers: &[u32]) -> Self {
        let text = |number: u32| needles.get(number as usize).map_or(&[][..], |needle| needle.as_bytes());
        let mut counts: HashMap<u32, u32, foldhash::fast::RandomState> = HashMap::default();
        for number in numbers {
            text(*number)
                .array_windows()
                .for_each(|bytes| *counts.entry(gram::<WIDTH>(bytes)).or_default() += 1);
        }
        let mut chosen: Vec<(u32, (u32, u32))> = Vec::new();
        for number in numbers {
            let grams = (0..).zip(text(*number).array_windows().map(gram::<WIDTH>));
            let rarest = grams.min_by_key(|(_, gram)| counts.get(gram).copied());
            chosen.extend(rarest.map(|(at, gram)| (gram, (*number, at))));
        }
        chosen.sort_unstable();
        let slots =
            (chosen.len() * SLOTS_PER_GRAM).min(SLOTS_FAST_MAX).max(chosen.len() * SLOTS_PER_GRAM_MIN);
        let slots = slots.next_power_of_two().max(64);
        let mut grams = Self {
            filter: vec![0; slots / 64],
            shift: u32::BITS - slots.trailing_zeros(),
            places: HashMap::default(),
            known: chosen.iter().map(|(_, known)| *known).collect(),
        };
        for (index, (gram, _)) in (0..).zip(chosen) {
            let slot = grams.slot(gram);
            if let Some(word) = grams.filter.get_mut(slot / 64) {
                *word |= 1 << (slot % 64);
            }
            grams.places.entry(gram).or_insert((index, index)).1 = index + 1;
        }
        grams
    }

    fn slot(&self, gram: u32) -> usize {
        (gram.wrapping_mul(0x9E37_79B1) >> self.shift) as usize
    }

    fn may_be(&self, gram: u32) -> bool {
        let slot = self.slot(gram);
        self.filter.get(slot / 64).is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    /// Calls `found` with the number of every one of `needles` that is in `value`, some more than once. Those that
    /// `skip` says are not looked for.
    pub(crate) fn search(
        &self,
        value: &[u8],
        needles: &[Box<str>],
        skip: &mut impl FnMut(u32) -> bool,
        found: &mut impl FnMut(u32),
    ) {
        if self.known.is_empty() {
            return;
        }
        let mut from = 0;
        while let Some(ahead) = value.get(from..).filter(|ahead| ahead.len() >= WIDTH) {
            let mut hits = match ahead.first_chunk::<BLOCK_BYTES>() {
                Some(block) => self.hits(block),
                None => self.hits(ahead),
            };
            while hits != 0 {
                let at = from + hits.trailing_zeros() as usize;
                hits &= hits - 1;
                self.compare(value, at, needles, skip, found);
            }
            from += BLOCK_BYTES + 1 - WIDTH;
        }
    }

    /// The positions in `block` where a gram may be, a bit per position.
    #[inline]
    fn hits(&self, block: &[u8]) -> u32 {
        let may_be = |bytes: &[u8; WIDTH]| u32::from(self.may_be(gram(bytes)));
        (0..).zip(block.array_windows()).fold(0, |hits, (at, bytes)| hits | may_be(bytes) << (at & 31))
    }

    /// Looks for the needles that are known by the gram that stands at `at`.
    fn compare(
        &self,
        value: &[u8],
        at: usize,
        needles: &[Box<str>],
        skip: &mut impl FnMut(u32) -> bool,
        found: &mut impl FnMut(u32),
    ) {
        let Some(bytes) = value.get(at..).and_then(|ahead| ahead.first_chunk::<WIDTH>()) else { return };
        let Some((begin, end)) = self.places.get(&gram(bytes)) else { return };
        let known = self.known.get(*begin as usize..*end as usize).unwrap_or_default();
        for (number, before) in known {
            if !skip(*number)
                && is_there(value, at, *before, needles.get(*number as usize).map(AsRef::as_ref))
            {
                found(*number);
            }
        }
    }
}

/// Whether `needle` is in `value` so that its byte `before` stands at `at`.
fn is_there(value: &[u8], at: usize, before: u32, needle: Option<&str>) -> bool {
    let start = at.checked_sub(before as usize).and_then(|start| value.get(start..));
    start.zip(needle).is_some_and(|(start, needle)| start.starts_with(needle.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_is_found_is_there(
            texts in proptest::collection::vec("[ab\u{e9}]{1,9}", 0..40),
            value in "[ab\u{e9}]{0,40}",
        ) {
            let needles: Vec<Box<str>> = texts.iter().map(|text| text.as_str().into()).collect();
            let of_width = |width: usize| -> Vec<u32> {
                (0..).zip(&needles).filter(|(_, needle)| needle.len() >= width).map(|(number, _)| number).collect()
            };
            let expected = |width: usize| -> Vec<u32> {
                let there = |number: &u32| value.contains(&*needles[*number as usize]);
                of_width(width).into_iter().filter(there).collect()
            };
            let mut found = Vec::new();
            Grams::<4>::new(&needles, &of_width(4)).search(value.as_bytes(), &needles, &mut |_| false, &mut |number| found.push(number));
            found.sort_unstable();
            found.dedup();
            proptest::prop_assert_eq!(&found, &expected(4));
            found.clear();
            Grams::<2>::new(&needles, &of_width(2)).search(value.as_bytes(), &needles, &mut |_| false, &mut |number| found.push(number));
            found.sort_unstable();
            found.dedup();
            proptest::prop_assert_eq!(found, expected(2));
        }
    }
}
