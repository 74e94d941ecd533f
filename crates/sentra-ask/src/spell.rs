//! The nearest word that the grammar knows.

/// Words that misspelt ones are compared with, by their length, each with the set of its letters.
#[derive(Debug)]
pub(crate) struct Spellings {
    by_length: [Vec<(u32, String)>; LETTERS_MAX + 1],
}

impl Spellings {
    pub(crate) fn new<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> Self {
        let mut by_length: [Vec<(u32, String)>; LETTERS_MAX + 1] = std::array::from_fn(|_| Vec::new());
        for word in words {
            let word = word.as_ref();
            // Words of three letters are near to too many others.
            if let Some(list) = by_length.get_mut(word.len()).filter(|_| word.len() >= 4) {
                list.push((letters(word), word.to_owned()));
            }
        }
        Self { by_length }
    }

    /// The word that `word` was probably meant to be: one letter away, two in long words, and with the same first
    /// letter where words are short. Of several the nearest, and of those the longest and first.
    pub(crate) fn nearest(&self, word: &str) -> Option<&str> {
        let length = word.len();
        let allowed = match length {
            0..=2 => return None,
            3..=7 => 1,
            _ => 2,
        };
        let first = word.bytes().next();
        let own = letters(word);
        // A letter less or more is one in the set, a replaced one is two.
        let near = |set: u32| (set ^ own).count_ones() <= 2 * u32::try_from(allowed).unwrap_or(0);
        let least = if length == 3 { 4 } else { length.saturating_sub(allowed) };
        // A letter left out is the commonest mistake.
        (least..=length + allowed)
            .rev()
            .filter_map(|length| self.by_length.get(length))
            .flatten()
            .filter(|(set, candidate)| near(*set) && (length > 5 || candidate.bytes().next() == first))
            .map(|(_, candidate)| (distance(word.as_bytes(), candidate.as_bytes()), candidate.as_str()))
            .filter(|(distance, _)| *distance <= allowed)
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, candidate)| candidate)
    }
}

/// The set of the letters of `word`.
fn letters(word: &str) -> u32 {
    word.bytes().fold(0, |set, letter| match letter {
        b'a'..=b'z' => set | 1 << (letter - b'a'),
        _ => set | 1 << 26,
    })
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
        for (one, other, expected) in [
            ("", "", 0),
            ("abc", "", 3),
            ("where", "wher", 1),
            ("wehre", "where", 1),
            ("a", "b", 1),
            ("abc", "xyz", 3),
        ] {
            assert_eq!(distance(one.as_bytes(), other.as_bytes()), expected, "{one} {other}");
        }
    }

    #[test]
    fn only_near_words_are_near() {
        let known = Spellings::new(["failed", "firewall", "login", "many", "user", "yesterday"]);
        for (word, expected) in [
            ("faild", Some("failed")),
            ("yesterdya", Some("yesterday")),
            ("mny", Some("many")),
            ("firewal", Some("firewall")),
            ("alice", None),
            ("xx", None),
        ] {
            assert_eq!(known.nearest(word), expected, "{word}");
        }
    }
}
