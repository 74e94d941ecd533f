/// Longest text that is compared; a longer one is no typing error.
const COMPARED_BYTES_MAX: usize = 64;

/// The word of `known` that `word` was probably meant to be, if any is near enough.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > COMPARED_BYTES_MAX {
        return None;
    }
    let (distance, best) = known.into_iter().map(|other| (distance(word, other), other)).min()?;
    let far = word.chars().count().max(best.chars().count()) / 2;
    (distance <= far.max(1)).then_some(best)
}

/// Levenshtein distance.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, from) in left.chars().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        let mut next = Vec::with_capacity(row.len());
        next.push(before);
        for (to, above) in right.iter().zip(row.iter().skip(1)) {
            let change = diagonal + usize::from(from != *to);
            before = change.min(before + 1).min(above + 1);
            diagonal = *above;
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_textbook() {
        for (left, right, expected) in
            [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("flaw", "lawn", 2), ("a", "a", 0)]
        {
            assert_eq!(distance(left, right), expected, "{left} {right}");
            assert_eq!(distance(right, left), expected, "{right} {left}");
        }
    }

    #[test]
    fn only_a_near_word_is_offered() {
        assert_eq!(nearest("lisen", ["listen", "rules"]), Some("listen"));
        assert_eq!(nearest("quux", ["listen", "rules"]), None);
        assert_eq!(nearest("x", []), None);
    }
}
