//! The words of a text, as the filters of segments know them: runs of letters and digits that are not digits alone, without
//! case, each as a hash. The hashes stand in files: whoever changes them gives them another name in the footer, see `index`.

use std::ops::Range;

/// Of every byte: 0 where it is no part of a word, else which kind of part.
#[expect(clippy::indexing_slicing, reason = "at compile time: a wrong index fails the build")]
const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_digit() {
            kinds[byte as usize] = DIGIT;
        } else if byte.is_ascii_alphabetic() {
            kinds[byte as usize] = LETTER;
        }
        byte += 1;
    }
    kinds
};
const DIGIT: u8 = 1;
const LETTER: u8 = 2;

/// Odd numbers without a pattern, by which parts of a word are multiplied.
const FACTOR: u64 = 0x9fb2_1c65_1e98_df25;
const LAST_FACTOR: u64 = 0xd6e8_feb8_6659_fd93;
/// Where the hashes of words and those of whole values begin.
const WORD: u64 = 0x2545_f491_4f6c_dd1d;
const WHOLE: u64 = 0x5851_f42d_4c95_7f2d;
/// A bit that small letters and digits have and capital letters do not: with it set, ASCII has no case.
const SMALL: u64 = 0x2020_2020_2020_2020;

/// Hands the hash of every word of `text` to `take`.
pub(super) fn each_hash(text: &str, take: &mut impl FnMut(u64)) {
    if !text.is_ascii() {
        return each_word(&crate::matcher::fold(text), |hash, _| take(hash));
    }
    let kind = |byte: &u8| KINDS.get(usize::from(*byte)).copied().unwrap_or_default();
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let mut kinds = 0;
        let is_end = |byte: &u8| {
            let kind = kind(byte);
            kinds |= kind;
            kind == 0
        };
        let end = rest.iter().position(is_end).unwrap_or(rest.len());
        let (word, after) = rest.split_at_checked(end).unwrap_or_default();
        if word.len() > 1 && kinds != DIGIT {
            take(hash(word, WORD));
        }
        rest = after.split_first().map(|(_, after)| after).unwrap_or_default();
    }
}

/// Hands every word of a text that is folded already to `take`: its hash, and the bytes it stands at.
pub(super) fn each_word(folded: &str, mut take: impl FnMut(u64, Range<usize>)) {
    let mut start = 0;
    for part in folded.split_inclusive(|character: char| !character.is_alphanumeric()) {
        let word = part.trim_end_matches(|character: char| !character.is_alphanumeric());
        if word.len() > 1 && !word.bytes().all(|byte| byte.is_ascii_digit()) {
            take(hash(word.as_bytes(), WORD), start..start + word.len());
        }
        start += part.len();
    }
}

/// The hash of a value as a whole, without case. It is none of a word.
pub(super) fn whole(value: &str) -> u64 {
    if value.is_ascii() {
        return hash(value.as_bytes(), WHOLE);
    }
    hash(crate::matcher::fold(value).as_bytes(), WHOLE)
}

/// Of bytes without the case of ASCII: eight of them at a time, the last eight once more where they are no whole number of
/// times eight.
fn hash(bytes: &[u8], start: u64) -> u64 {
    let mut state = start ^ (bytes.len() as u64).wrapping_mul(LAST_FACTOR);
    let mut add = |part: u64| {
        let mixed = (state ^ (part | SMALL)).wrapping_mul(FACTOR);
        state = mixed ^ (mixed >> 29);
    };
    if let Some(last) = bytes.last_chunk::<8>() {
        let (parts, rest) = bytes.as_chunks::<8>();
        for part in parts {
            add(u64::from_le_bytes(*part));
        }
        if !rest.is_empty() {
            add(u64::from_le_bytes(*last));
        }
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        add(u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last)));
    } else {
        add(bytes.iter().fold(0, |part, byte| part << 8 | u64::from(*byte)));
    }
    let mixed = (state ^ (state >> 32)).wrapping_mul(LAST_FACTOR);
    mixed ^ (mixed >> 32)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn hashes(text: &str) -> Vec<u64> {
        let mut found = Vec::new();
        each_hash(text, &mut |hash| found.push(hash));
        found
    }

    fn folded(text: &str) -> Vec<u64> {
        let mut found = Vec::new();
        each_word(&crate::matcher::fold(text), |hash, _| found.push(hash));
        found
    }

    #[test]
    fn words_are_the_same_however_they_are_read() {
        let texts = [
            "",
            "a",
            "ab",
            "12 a1 1a A1",
            "Failed password for Quinn.Haas7 from 10.1.2.3",
            "  x-9__yz ",
            "SHA256=ABCDEF0123ABCDEF0123 abcdefgh abcdefghi ABCDEFGHIJKLMNOPQ",
            "2026-10-07T23:59:57.847069Z",
        ];
        for text in texts {
            assert_eq!(hashes(text), folded(text), "{text:?}");
            assert_eq!(hashes(text), hashes(&text.to_uppercase()), "{text:?}");
            // Beside a letter that is not ASCII.
            let mut beside = hashes(&format!("{text} é {text}"));
            assert_eq!(beside.len(), 2 * hashes(text).len() + 1, "{text:?}");
            beside.retain(|hash| hashes(text).contains(hash));
            assert_eq!(beside, [hashes(text), hashes(text)].concat(), "{text:?}");
        }
        assert_eq!(hashes("é10 été"), hashes("É10 ÉTÉ"));
        assert_eq!(hashes("12 3456 7 x").len(), 0);
    }

    #[test]
    fn different_words_have_different_hashes() {
        let mut seen: BTreeMap<u64, String> = BTreeMap::new();
        let repeated = (1..40).flat_map(|count| ["a", "b", "a1", "zz"].map(|part| part.repeat(count)));
        let numbered = (0..200_000).map(|number| format!("w{number}"));
        let long = (0..2_000).map(|number| format!("{number}a-long-beginning-of-a-word-{number:x}"));
        for word in numbered.chain(long).chain(repeated) {
            for hash in [hash(word.as_bytes(), WORD), whole(&word)] {
                let other = seen.insert(hash, word.clone());
                assert!(other.is_none() || other.as_ref() == Some(&word), "{word} and {other:?}");
            }
        }
        // As many as there are words, and as many again of whole values: none is the other's.
        assert!(seen.len() > 400_000 && seen.len().is_multiple_of(2), "{}", seen.len());
    }

    /// The hashes are in files.
    #[test]
    fn hashes_stay_what_they_are() {
        let known = [
            ("ab", 0x0728_bdf3_3f44_fca6),
            ("sshd", 0xe0b2_0424_a938_5947),
            ("password", 0x759c_dedb_7601_955e),
            ("703870z", 0x33aa_1d46_153e_fabc),
            ("administrators", 0xde4a_c877_a79d_ac07),
            ("10.1.2.3", 0x539b_0524_8811_b991),
        ];
        for (text, hash) in known {
            assert_eq!(whole(text), hash, "{text}");
        }
        let words = hashes("sshd[42]: Über-Admin1 a 7 10.0.0.7:x9z");
        let known =
            [0xefd5_cc79_4285_ea0f, 0xfb68_7dea_f6bc_9f55, 0x7c63_e1f7_ce1a_ca2e, 0x722a_a738_9f32_e157];
        assert_eq!(words, known);
    }
}
