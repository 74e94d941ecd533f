//! Case folding, and the nearest right word for a wrong one.

use std::borrow::Cow;

/// Folds the case of `text`, letter by letter, so that what is folded at the rule and what is folded at the
/// event meet. Text that is folded already is not copied.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Cow::Owned(text.to_ascii_lowercase());
        }
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().flat_map(char::to_lowercase).collect())
}

/// Law LIMIT: bytes of a value that a test sees. What lies behind them is not searched, and counted.
pub(crate) const VALUE_BYTES_MAX: usize = 1 << 20;
/// Law LIMIT: bytes of a value that a regular expression sees: the worst of them takes a thousand times as long as a
/// search.
pub(crate) const REGEX_VALUE_BYTES_MAX: usize = 128 << 10;

/// What a test sees of `value`.
pub(crate) fn searched(value: &str) -> &str {
    start(value, VALUE_BYTES_MAX)
}

/// What a regular expression sees of `value`.
pub(crate) fn searched_by_regex(value: &str) -> &str {
    start(value, REGEX_VALUE_BYTES_MAX)
}

fn start(value: &str, bytes_max: usize) -> &str {
    if value.len() <= bytes_max {
        return value;
    }
    value.get(..value.floor_char_boundary(bytes_max)).unwrap_or_default()
}

/// [`fold`] into a buffer that is used again.
pub(crate) fn fold_into(text: &str, folded: &mut String) {
    folded.clear();
    let mut rest = text;
    while !rest.is_empty() {
        // Most texts are ASCII, and most of those that are not are for the most part.
        let plain = if rest.is_ascii() { rest.len() } else { rest.bytes().take_while(u8::is_ascii).count() };
        let (ascii, after) = rest.split_at_checked(plain).unwrap_or((rest, ""));
        let start = folded.len();
        folded.push_str(ascii);
        if let Some(added) = folded.get_mut(start..) {
            added.make_ascii_lowercase();
        }
        let mut chars = after.chars();
        folded.extend(chars.next().into_iter().flat_map(char::to_lowercase));
        rest = chars.as_str();
    }
}

/// Longest word that is compared for nearness, in characters.
const WORD_CHARS_MAX: usize = 64;

/// The word of `known` that is nearest to `wrong`, where one is near enough to be meant.
pub(crate) fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong: Vec<char> = fold(wrong).chars().take(WORD_CHARS_MAX).collect();
    let allowed = wrong.len().div_ceil(3).max(1);
    known
        .into_iter()
        .map(|word| {
            let folded: Vec<char> = fold(word).chars().take(WORD_CHARS_MAX).collect();
            (distance(&wrong, &folded), word)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// `; did you mean "x"?` for the nearest right word, or nothing.
pub(crate) fn hint<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(wrong, known).map_or_else(String::new, |word| format!("; did you mean {word:?}?"))
}

/// Edit distance: insertions, deletions, replacements, and neighbours that changed places.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=right.len()).collect();
    for (row, left_char) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, right_char) in right.iter().enumerate() {
            let at = |cells: &[usize], column: usize| cells.get(column).copied().unwrap_or(usize::MAX / 2);
            let replaced = at(&previous, column) + usize::from(left_char != right_char);
            let mut best = replaced.min(at(&previous, column + 1) + 1).min(at(&current, column) + 1);
            let swapped = row > 0
                && column > 0
                && left.get(row - 1) == Some(right_char)
                && right.get(column - 1) == Some(left_char);
            if swapped {
                best = best.min(at(&before, column - 1) + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut previous, current);
    }
    previous.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_treats_rule_and_event_alike() {
        assert_eq!(fold("ABC-é"), "abc-é");
        assert_eq!(fold("ÀΣ"), "àσ");
        assert!(matches!(fold("plain"), Cow::Borrowed("plain")));
        let mut folded = "before".to_owned();
        for text in ["ABC-é", "ÀΣ", "plain", "", "İX"] {
            fold_into(text, &mut folded);
            assert_eq!(folded, fold(text));
        }
    }

    /// Law LIMIT.
    #[test]
    fn a_long_value_is_seen_up_to_the_limit() {
        let long = "é".repeat(VALUE_BYTES_MAX);
        assert_eq!(searched(&long).len(), VALUE_BYTES_MAX);
        assert_eq!(searched(&format!("x{long}")).len(), VALUE_BYTES_MAX - 1);
        assert_eq!(searched_by_regex(&long).len(), REGEX_VALUE_BYTES_MAX);
        assert_eq!(searched("short"), "short");
    }

    #[test]
    fn only_near_words_are_offered() {
        let known = ["contains", "startswith", "endswith", "all", "re"];
        assert_eq!(nearest("contain", known), Some("contains"));
        assert_eq!(nearest("startwith", known), Some("startswith"));
        assert_eq!(nearest("sle", ["sel", "filter"]), Some("sel"));
        assert_eq!(nearest("zzzzzzzz", known), None);
        assert_eq!(hint("al", known), "; did you mean \"all\"?");
    }
}
