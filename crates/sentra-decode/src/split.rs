//! Splitting text at a byte or a short pattern, without what the standard library's searchers cost to set up: on a
//! line of a hundred bytes that is most of the work.

use memchr::{memchr, memrchr};

/// How far a byte is looked for without a call.
const NEAR_BYTES: usize = 16;

/// `text` around the first `byte`, which is ASCII.
#[inline]
pub(crate) fn cut(text: &str, byte: u8) -> Option<(&str, &str)> {
    let position = near(byte, text.as_bytes())?;
    Some((text.get(..position)?, text.get(position + 1..)?))
}

/// The first `byte`, without a call where it is among the first bytes, as it is behind a word.
#[inline]
pub(crate) fn near(byte: u8, bytes: &[u8]) -> Option<usize> {
    let (mut rest, mut before) = (bytes, 0);
    while let Some((head, after)) = rest.split_first_chunk::<8>() {
        if let Some(found) = first_of(head, byte) {
            return Some(before + found);
        }
        (rest, before) = (after, before + 8);
        if before >= NEAR_BYTES {
            return memchr(byte, rest).map(|found| before + found);
        }
    }
    rest.iter().position(|found| *found == byte).map(|found| before + found)
}

/// `text` around the last `byte`, which is ASCII.
#[inline]
pub(crate) fn cut_last(text: &str, byte: u8) -> Option<(&str, &str)> {
    let position = memrchr(byte, text.as_bytes())?;
    Some((text.get(..position)?, text.get(position + 1..)?))
}

/// `text` around the first `pattern`, which is ASCII and has an anchor, see [`anchor`].
#[inline]
pub(crate) fn cut_at<'a>(text: &'a str, pattern: &str) -> Option<(&'a str, &'a str)> {
    let (lead, byte) = anchor(pattern)?;
    let mut from = lead;
    loop {
        let found = memchr(byte, text.as_bytes().get(from..)?)? + from;
        let start = found - lead;
        if let Some(after) = text.get(start..).and_then(|rest| rest.strip_prefix(pattern)) {
            return Some((text.get(..start)?, after));
        }
        from = found + 1;
    }
}

/// `text` around the last `pattern`, which is ASCII and has an anchor, see [`anchor`].
#[inline]
pub(crate) fn cut_at_last<'a>(text: &'a str, pattern: &str) -> Option<(&'a str, &'a str)> {
    let (lead, byte) = anchor(pattern)?;
    let mut to = text.len();
    loop {
        let found = memrchr(byte, text.as_bytes().get(..to)?)?;
        let start = found.checked_sub(lead);
        if let Some(start) = start
            && let Some(after) = text.get(start..).and_then(|rest| rest.strip_prefix(pattern))
        {
            return Some((text.get(..start)?, after));
        }
        to = found;
    }
}

/// Equality without the call that comparing slices costs, for texts that are short.
#[inline]
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() || one.len() > 16 {
        return one == other;
    }
    // Two overlapping words cover every length between one word and two.
    if let (Some(first), Some(last)) = (one.first_chunk::<8>(), one.last_chunk::<8>()) {
        return Some(first) == other.first_chunk() && Some(last) == other.last_chunk();
    }
    if let (Some(first), Some(last)) = (one.first_chunk::<4>(), one.last_chunk::<4>()) {
        return Some(first) == other.first_chunk() && Some(last) == other.last_chunk();
    }
    one.iter().zip(other).all(|(one, other)| one == other)
}

/// One in every byte of a word.
const ONES: u64 = u64::MAX / 255;

/// The first byte of a word that is marked, by its upper bit.
#[inline]
fn first_marked(marks: u64) -> Option<usize> {
    let marks = marks & (ONES * 0x80);
    (marks != 0).then(|| marks.trailing_zeros() as usize / 8)
}

/// The usual trick to find a zero byte in a word: right up to the first one, which is all that is asked.
#[inline]
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word
}

/// Where the first `byte` stands.
#[inline]
fn first_of(bytes: &[u8; 8], byte: u8) -> Option<usize> {
    first_marked(zeros(u64::from_le_bytes(*bytes) ^ (ONES * u64::from(byte))))
}

/// Where the first quote, backslash or control character stands.
#[inline]
pub(crate) fn first_special(bytes: &[u8; 8]) -> Option<usize> {
    let word = u64::from_le_bytes(*bytes);
    let controls = word.wrapping_sub(ONES * 0x20) & !word;
    first_marked(zeros(word ^ (ONES * u64::from(b'"'))) | zeros(word ^ (ONES * u64::from(b'\\'))) | controls)
}

/// The number that the digits make with which the bytes begin, and how many there are. One step whatever their number.
#[inline]
pub(crate) fn leading_digits(bytes: &[u8; 8]) -> (u32, usize) {
    let values = u64::from_le_bytes(*bytes) ^ (ONES * u64::from(b'0'));
    // Marks in the upper bits of what is no digit: right up to the first one, which is all that is asked.
    let others = (values.wrapping_add(ONES * 0x76) | values) & (ONES * 0x80);
    let count = others.trailing_zeros() as usize / 8;
    let Some(values) = values.checked_shl(64 - 8 * count as u32) else { return (0, 0) };
    // Neighbours are put together: digits to pairs, pairs to fours, fours to eight.
    let pairs = values.wrapping_mul(10).wrapping_add(values >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_FFFF_0000_FFFF;
    ((fours.wrapping_mul(10_000).wrapping_add(fours >> 32)) as u32, count)
}

/// [`first_special`] in four words at a time, which the compiler makes vectors of. Most texts are shorter, so that it
/// is one step for them whatever their length, which no processor could foresee.
#[inline]
pub(crate) fn first_special_far(bytes: &[u8; 32]) -> Option<usize> {
    let mut marks = [0; 32];
    for (mark, byte) in marks.iter_mut().zip(bytes) {
        *mark = u8::from((*byte == b'"') | (*byte == b'\\') | (*byte < 0x20));
    }
    let half = |at: usize| {
        marks.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |half| u128::from_le_bytes(*half))
    };
    let (first, second) = (half(0), half(16));
    if first | second == 0 {
        return None;
    }
    let found = if first != 0 { first.trailing_zeros() } else { 128 + second.trailing_zeros() };
    Some(found as usize / 8)
}

/// Where in a pattern a byte stands that is rarer than a blank, and which byte that is.
#[inline]
fn anchor(pattern: &str) -> Option<(usize, u8)> {
    let rare = pattern.bytes().enumerate().find(|(_, byte)| *byte != b' ');
    rare.or(Some((0, *pattern.as_bytes().first()?)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_standard_library_splits_alike(text in "[ :afor\u{e4}\u{1f600}\u{1f}\"\\\\]{0,40}", pattern in "[ :for]{1,4}") {
            prop_assert_eq!(cut_at(&text, &pattern), text.split_once(&pattern));
            // Where patterns overlap the last one found from the end is meant.
            let start = (0..text.len()).rev().find(|start| {
                text.get(*start..).is_some_and(|rest| rest.starts_with(&pattern))
            });
            let expected = start.map(|start| (&text[..start], &text[start + pattern.len()..]));
            prop_assert_eq!(cut_at_last(&text, &pattern), expected);
            prop_assert_eq!(is_same(text.as_bytes(), pattern.as_bytes()), text == pattern);
            prop_assert!(is_same(text.as_bytes(), text.clone().as_bytes()));
            prop_assert_eq!(cut(&text, b':'), text.split_once(':'));
            prop_assert_eq!(near(b'f', text.as_bytes()), text.find('f'));
            if let Some(chunk) = text.as_bytes().first_chunk() {
                prop_assert_eq!(first_special(chunk), chunk.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)));
            }
            prop_assert_eq!(cut_last(&text, b':'), text.rsplit_once(':'));
            let mut chunk = [0; 32];
            chunk.iter_mut().zip(text.bytes()).for_each(|(place, byte)| *place = byte);
            let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
            prop_assert_eq!(first_special_far(&chunk), chunk.iter().position(is_special));
        }

        #[test]
        fn digits_make_the_number_that_the_standard_library_reads(
            digits in "[0-9]{0,8}", rest in "[ -/:-~\u{0}\u{80}-\u{9f}]{8}",
        ) {
            let text = [digits.as_str(), rest.as_str()].concat();
            let chunk = text.as_bytes().first_chunk().expect("eight bytes");
            prop_assert_eq!(leading_digits(chunk), (digits.parse().unwrap_or(0), digits.len()));
        }
    }
}
