//! Modifiers that change the wanted value: base64, UTF-16, dashes.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

/// Most variants that one value may become.
pub(crate) const VARIANTS_MAX: usize = 625;

/// The value in base64.
pub(crate) fn base64(value: &[u8]) -> Vec<u8> {
    STANDARD.encode(value).into_bytes()
}

/// What the value looks like inside of a longer base64 text, for the three places it can start at: the
/// characters that also depend on its neighbours are cut off.
pub(crate) fn base64_offsets(value: &[u8]) -> Vec<Vec<u8>> {
    (0..3_usize)
        .map(|offset| {
            let padded: Vec<u8> = std::iter::repeat_n(b' ', offset).chain(value.iter().copied()).collect();
            let encoded = STANDARD_NO_PAD.encode(&padded).into_bytes();
            // Every character carries 6 bits; kept are those whose bits are all the value's.
            let first = (offset * 8).div_ceil(6);
            let whole = padded.len() * 8 / 6;
            encoded.get(first..whole).unwrap_or_default().to_vec()
        })
        .filter(|variant| !variant.is_empty())
        .collect()
}

/// The value in UTF-16, little or big endian, after a byte order mark if wanted.
pub(crate) fn utf16(value: &str, big_endian: bool, mark: bool) -> Vec<u8> {
    let units = mark.then_some(0xfeff).into_iter().chain(value.encode_utf16());
    units.flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

/// Characters that Windows programs take as the beginning of an option.
const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

/// The value with every leading dash of an option (`-` or `/` that stands before a word and not after one)
/// replaced by every other dash. `None` when that would be more than [`VARIANTS_MAX`].
pub(crate) fn windash(value: &str) -> Option<Vec<String>> {
    let word = |char: char| char.is_alphanumeric() || char == '_';
    let mut variants = vec![String::new()];
    let mut previous = None;
    let mut chars = value.chars().peekable();
    while let Some(char) = chars.next() {
        let begins_option = matches!(char, '-' | '/')
            && !previous.is_some_and(word)
            && chars.peek().is_some_and(|next| word(*next));
        previous = Some(char);
        if !begins_option {
            variants.iter_mut().for_each(|variant| variant.push(char));
            continue;
        }
        if variants.len() * DASHES.len() > VARIANTS_MAX {
            return None;
        }
        variants = variants
            .iter()
            .flat_map(|variant| DASHES.iter().map(move |dash| format!("{variant}{dash}")))
            .collect();
    }
    Some(variants)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_in_base64_wherever_it_starts() {
        for prefix in ["", "a", "ab", "abc", "abcd"] {
            for suffix in ["", "x", "xy", "xyz"] {
                let encoded = STANDARD.encode(format!("{prefix}http://{suffix}"));
                let found = base64_offsets(b"http://")
                    .iter()
                    .any(|variant| encoded.contains(std::str::from_utf8(variant).unwrap()));
                assert!(found, "{prefix:?} {suffix:?}");
            }
        }
        assert_eq!(base64(b"foo"), b"Zm9v");
    }

    #[test]
    fn utf16_has_its_byte_order() {
        assert_eq!(utf16("ab", false, false), b"a\0b\0");
        assert_eq!(utf16("ab", true, false), b"\0a\0b");
        assert_eq!(utf16("a", false, true), b"\xff\xfea\0");
    }

    #[test]
    fn only_dashes_of_options_vary() {
        let variants = windash("x-y -param").unwrap();
        assert_eq!(variants.len(), 5);
        assert!(variants.contains(&"x-y /param".to_owned()));
        assert_eq!(windash("-a /b").unwrap().len(), 25);
        assert_eq!(windash("plain").unwrap(), ["plain"]);
        assert_eq!(windash("-a -b -c -d -e"), None);
    }
}
