//! The nearest word that the grammar knows.

/// The word of `known` (sorted) that `word` was probably meant to be: one letter away, two in long words, and
/// with the same first letter where words are short. Of several, the first in the order of the alphabet.
pub(crate) fn nearest<'a, S: AsRef<str>>(word: &str, known: &'a [S]) -> Option<&'a str> {
    let length = word.len();
    let allowed = match length {
        0..=2 => return None,
        3..=7 => 1,
        _ => 2,
    };
    let first = word.bytes().next();
    known
        .iter()
        .map(AsRef::as_ref)
        .filter(|candidate: &&str| candidate.len().abs_diff(length) <= allowed)
        // Short words are near to too many others.
        .filter(|candidate| candidate.len() >= 4 && (length > 5 || candidate.bytes().next() == first))
        .filter(|candidate| length > 3 || candidate.len() > length)
        .map(|candidate: &str| (distance(word.as_bytes(), candidate.as_bytes()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Letters of the longest word that is compared.
const LETTERS_MAX: usize = 32;

/// Insertions, deletions, replacements and swaps of neighbours that turn `one` into `other`.
pub(crate) fn distance(one: &[u8], other: &[u8]) -> usize {
    if one.len() > LETTERS_MAX || other.len() > LETTERS_MAX {
        return usize::MAX;
    }
    let mut before_last = [0; LETTERS_MAX + 1];
    let mut last: [usize; LETTERS_MAX + 1] = std::array::from_fn(|place| place);
    let mut previous = None;
    for (row, letter) in one.iter().enumerate() {
        let mut current = [row + 1; LETTERS_MAX + 1];
        for (column, wanted) in other.iter().enumerate() {
            let at = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(LETTERS_MAX * 2);
            let replaced = at(&last, column) + usize::from(letter != wanted);
            let mut best = replaced.min(at(&last, column + 1) + 1).min(at(&current, column) + 1);
            let is_swap = column > 0 && previous == Some(wanted) && other.get(column - 1) == Some(letter);
            if is_swap {
                best = best.min(at(&before_last, column - 1) + 1);
            }
            if let Some(slot) = current.get_mut(column + 1) {
                *slot = best;
            }
        }
        before_last = last;
        last = current;
        previous = Some(letter);
    }
    last.get(other.len()).copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_counted() {
        for (one, other, expected) in
            [("", "", 0), ("abc", "", 3), ("where", "wher", 1), ("wehre", "where", 1), ("a", "b", 1), ("abc", "xyz", 3)]
        {
            assert_eq!(distance(one.as_bytes(), other.as_bytes()), expected, "{one} {other}");
        }
    }

    #[test]
    fn only_near_words_are_near() {
        let known = ["failed", "firewall", "login", "many", "user", "yesterday"];
        for (word, expected) in [
            ("faild", Some("failed")),
            ("yesterdya", Some("yesterday")),
            ("mny", Some("many")),
            ("firewal", Some("firewall")),
            ("alice", None),
            ("xx", None),
        ] {
            assert_eq!(nearest(word, &known), expected, "{word}");
        }
    }
}
