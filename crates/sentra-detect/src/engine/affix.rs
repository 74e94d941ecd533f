//! Texts that a value must begin or end with, found by their first or last eight bytes.

use hashbrown::HashMap;

use crate::ruleset::TestId;

/// Bytes that are looked up at once.
const WORD_BYTES: usize = 8;

/// Which end of the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Start,
    Last,
}

/// Beginnings or endings, and who wants them. However many there are, a value is looked up once per length of the
/// short ones and once for all that are longer.
#[derive(Debug, Default)]
pub(crate) struct Affixes {
    /// By the text's outer bytes and how many these are: where its wants begin and end.
    places: HashMap<(u64, u8), (u32, u32), foldhash::fast::RandomState>,
    wants: Vec<(Box<str>, TestId)>,
    /// Bit n: there are texts of n bytes, or of more for the last one.
    lengths: u16,
}

/// The outer bytes of `text`: at most as many as a word has.
fn key(text: &[u8], end: End, bytes: usize) -> Option<(u64, u8)> {
    let outer = match end {
        End::Start => text.get(..bytes)?,
        End::Last => text.get(text.len().checked_sub(bytes)?..)?,
    };
    let mut word = [0; WORD_BYTES];
    word.get_mut(..bytes)?.copy_from_slice(outer);
    Some((u64::from_le_bytes(word), bytes as u8))
}

impl Affixes {
    /// The affixes `wanted` of one end.
    pub(crate) fn new(wanted: Vec<(Box<str>, TestId)>, end: End) -> Self {
        let mut affixes = Self::default();
        let mut keyed: Vec<_> = wanted
            .into_iter()
            .filter_map(|want| {
                let bytes = want.0.len().min(WORD_BYTES);
                Some((key(want.0.as_bytes(), end, bytes)?, want))
            })
            .collect();
        keyed.sort_unstable();
        for (key, want) in keyed {
            affixes.lengths |= 1 << key.1;
            affixes.wants.push(want);
            let after = affixes.wants.len() as u32;
            affixes.places.entry(key).or_insert((after - 1, after)).1 = after;
        }
        affixes
    }

    /// Adds the tests whose text `value` has at this end.
    pub(crate) fn search(&self, value: &str, end: End, found: &mut Vec<TestId>) {
        let mut lengths = self.lengths;
        while lengths != 0 {
            let bytes = lengths.trailing_zeros() as usize;
            lengths &= lengths - 1;
            let Some(key) = key(value.as_bytes(), end, bytes) else { return };
            let Some((from, to)) = self.places.get(&key) else { continue };
            let wants = self.wants.get(*from as usize..*to as usize).unwrap_or_default();
            let has = |text: &str| match end {
                _ if bytes < WORD_BYTES => true,
                End::Start => value.starts_with(text),
                End::Last => value.ends_with(text),
            };
            found.extend(wants.iter().filter(|(text, _)| has(text)).map(|(_, test)| *test));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_is_found_is_there(
            texts in proptest::collection::vec("[ab\u{e9}]{1,11}", 0..40),
            value in "[ab\u{e9}]{0,14}",
        ) {
            for end in [End::Start, End::Last] {
                let wanted = (0..).zip(&texts).map(|(test, text)| (text.as_str().into(), test)).collect();
                let mut found = Vec::new();
                Affixes::new(wanted, end).search(&value, end, &mut found);
                found.sort_unstable();
                let there = |text: &str| match end {
                    End::Start => value.starts_with(text),
                    End::Last => value.ends_with(text),
                };
                let expected: Vec<TestId> =
                    (0..).zip(&texts).filter(|(_, text)| there(text)).map(|(test, _)| test).collect();
                proptest::prop_assert_eq!(found, expected);
            }
        }
    }
}
