//! Short texts as numbers. A table has the whole text in the place where it looks for it: each further place in memory
//! would take as long as everything else about a text together.

/// Longest text that stands in the table itself, in bytes: addresses and most names.
const SHORT_BYTES_MAX: usize = 15;

/// The bytes of a text, then its length.
pub(super) type Mark = (u64, u64);

/// What stands for `text` if it is short.
pub(super) fn mark_of(text: &str) -> Option<Mark> {
    let bytes = text.as_bytes();
    // Both ends at once, which overlap: a copy of so few bytes is a call.
    let whole = match bytes.len() {
        0..4 => bytes.iter().rev().fold(0, |whole, byte| whole << 8 | u128::from(*byte)),
        length @ 4..8 => {
            let (first, last) = (bytes.first_chunk()?, bytes.last_chunk()?);
            u128::from(u32::from_le_bytes(*first))
                | u128::from(u32::from_le_bytes(*last)) << ((length - 4) * 8)
        }
        length @ 8..=SHORT_BYTES_MAX => {
            let (first, last) = (bytes.first_chunk()?, bytes.last_chunk()?);
            u128::from(u64::from_le_bytes(*first))
                | u128::from(u64::from_le_bytes(*last)) << ((length - 8) * 8)
        }
        _ => return None,
    };
    let whole = whole | (bytes.len() as u128) << 120;
    Some((whole as u64, (whole >> 64) as u64))
}

/// Hands the text that `mark` stands for to `take`.
pub(super) fn with_text<T>(mark: Mark, take: impl FnOnce(&str) -> T) -> T {
    let bytes = (u128::from(mark.0) | u128::from(mark.1) << 64).to_le_bytes();
    let length = usize::from(bytes.last().copied().unwrap_or_default());
    let text = bytes.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok());
    take(text.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn short_texts_have_marks_of_their_own_and_come_back() {
        let mut marks = HashSet::new();
        for length in 0..=SHORT_BYTES_MAX {
            // Every byte of its own, so that none can stand for another.
            let mut texts = vec!["0123456789abcde"[..length].to_owned(), "\0".repeat(length)];
            for place in 0..length {
                let mut text = "\0".repeat(length);
                text.replace_range(place..=place, "\u{7f}");
                texts.push(text);
            }
            if length >= 4 {
                texts.push(format!("{}\u{1f600}", "y".repeat(length - 4)));
                texts.push(format!("\u{1f600}{}", "y".repeat(length - 4)));
            }
            texts.sort_unstable();
            texts.dedup();
            for text in texts {
                let mark = mark_of(&text).unwrap();
                assert!(marks.insert(mark), "{text:?}");
                with_text(mark, |given| assert_eq!(given, text));
            }
        }
        assert_eq!(mark_of("0123456789abcdef"), None);
        assert_eq!(mark_of(&"x".repeat(300)), None);
    }
}
