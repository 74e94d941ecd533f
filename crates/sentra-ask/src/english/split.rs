//! Compound questions: where one ends and the next begins.

use crate::shape::Shape;
use crate::words::Word;

/// Most questions in one.
pub const QUESTIONS_MAX: usize = 4;

/// The questions within `words`, in order. One question is one range.
pub(super) fn questions(words: &[Word]) -> Vec<std::ops::Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    let mut index = 1;
    while index < words.len() && ranges.len() + 1 < QUESTIONS_MAX {
        match joint(words, index) {
            Some(length) if index > start && index + length < words.len() => {
                ranges.push(start..index);
                start = index + length;
                index = start + 1;
            }
            _ => index += 1,
        }
    }
    if start < words.len() || ranges.is_empty() {
        ranges.push(start..words.len());
    }
    ranges
}

/// How many words at `index` join two questions; what opens the second is not among them.
fn joint(words: &[Word], index: usize) -> Option<usize> {
    let text = |place: usize| {
        words.get(place).map_or("", |word| if word.shape == Shape::Quoted { "" } else { word.text.as_str() })
    };
    let mut length = 0;
    let mut then = false;
    while matches!(text(index + length), "," | ";" | "and" | "then" | "also" | "next" | "plus" | "afterwards")
    {
        then |= matches!(text(index + length), "then" | ";" | "afterwards" | "next");
        length += 1;
    }
    if length == 0 {
        return None;
    }
    let opens = match text(index + length) {
        "how" => matches!(text(index + length + 1), "many" | "often" | "much" | "frequently"),
        "which" | "who" | "what" | "when" | "where" | "count" | "similar" | "compare" => true,
        "has" | "have" | "did" | "was" | "is" | "are" | "were" | "does" => true,
        "show" | "list" | "find" | "give" | "tell" | "chart" | "plot" | "graph" => true,
        "top" => true,
        // "incidents like 42 and the number per month"
        "the" => matches!(text(index + length + 1), "number" | "count" | "trend" | "top"),
        "number" | "trend" => true,
        _ => then,
    };
    // "who logged in and was locked out" goes on about the same person.
    let goes_on =
        matches!(text(index + length), "was" | "were" | "is" | "are" | "did" | "does") && !then && {
            let before = index.checked_sub(1).map_or("", text);
            text(index) == "and"
                && !matches!(before, ",")
                && !words
                    .iter()
                    .skip(index + length + 1)
                    .take(3)
                    .any(|word| matches!(word.text.as_str(), "there" | "any" | "anything" | "something"))
        };
    // "between monday and …" is one expression; "and when" is not.
    (opens && !goes_on).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::split;

    fn check(question: &str, expected: &[&str]) {
        let words = split(question).unwrap();
        let texts: Vec<String> = questions(&words)
            .into_iter()
            .map(|range| words[range].iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(texts, expected, "{question}");
    }

    #[test]
    fn compound_questions_are_taken_apart() {
        check(
            "similar incidents to 42 and how often last quarter",
            &["similar incidents to 42", "how often last quarter"],
        );
        check("logins of alice and bob today", &["logins of alice and bob today"]);
        check(
            "find incidents like 42, then count them per week",
            &["find incidents like 42", "count them per week"],
        );
        check("between 9am and 11am", &["between 9am and 11am"]);
        check("a, b", &["a , b"]);
        check("and then", &["and then"]);
    }
}
