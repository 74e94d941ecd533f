/// Law LIMIT: how much of a text is read, bytes.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;

/// Longest word that is compared, bytes.
const WORD_BYTES_MAX: usize = 32;

/// Words that say nothing about what happened.
const EMPTY: [&str; 74] = [
    "a",
    "about",
    "after",
    "again",
    "all",
    "an",
    "and",
    "any",
    "anything",
    "are",
    "as",
    "at",
    "be",
    "before",
    "between",
    "but",
    "by",
    "did",
    "do",
    "during",
    "each",
    "ever",
    "find",
    "first",
    "for",
    "from",
    "had",
    "has",
    "have",
    "if",
    "in",
    "into",
    "is",
    "it",
    "its",
    "last",
    "like",
    "more",
    "no",
    "not",
    "of",
    "on",
    "one",
    "or",
    "other",
    "our",
    "out",
    "over",
    "same",
    "seen",
    "show",
    "similar",
    "so",
    "some",
    "something",
    "than",
    "that",
    "the",
    "their",
    "then",
    "there",
    "these",
    "they",
    "this",
    "times",
    "to",
    "until",
    "was",
    "we",
    "were",
    "what",
    "which",
    "with",
    "within",
];

/// At most [`TEXT_BYTES_MAX`] of `text`, whole characters.
pub(crate) fn head(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// The pieces of `text` between spaces, without the marks that surround them.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let is_mark = |c: char| !c.is_alphanumeric() && !matches!(c, '/' | '\\' | '$' | '_' | '%');
    head(text)
        .split_whitespace()
        .map(move |piece| piece.trim_matches(is_mark))
        .filter(|piece| !piece.is_empty())
}

/// The words of `text` as they are compared: in lower case, without numbers, without endings, without empty words.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> {
    head(text)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| {
            word.len() > 1 && word.len() <= WORD_BYTES_MAX && !word.chars().any(|c| c.is_ascii_digit())
        })
        .map(str::to_lowercase)
        .filter(|word| EMPTY.binary_search(&word.as_str()).is_err())
        .map(|word| stem(&word).to_owned())
}

/// `word` without its ending: `failed`, `fails` and `failing` are one word. Crude, and the same on both sides.
fn stem(word: &str) -> &str {
    if let Some(short) = word.strip_suffix("ation").filter(|short| short.len() >= 5) {
        return short;
    }
    for ending in ["ing", "ed", "es", "s", "e"] {
        match word.strip_suffix(ending) {
            Some(short) if short.len() >= 3 && !(ending == "s" && short.ends_with('s')) => return short,
            _ => {}
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        words(text).collect()
    }

    #[test]
    fn empty_words_are_sorted_for_the_search() {
        assert!(EMPTY.is_sorted());
    }

    #[test]
    fn forms_of_a_word_are_one() {
        for (left, right) in [
            ("failed logins", "Login fails"),
            ("created", "create"),
            ("services", "service"),
            ("installation", "installed"),
        ] {
            let (mut left, mut right) = (all(left), all(right));
            left.sort();
            right.sort();
            assert_eq!(left, right);
        }
        assert_eq!(all("access to the process"), ["access", "process"]);
    }

    #[test]
    fn numbers_are_no_words() {
        assert_eq!(all("520 logins from 10.1.2.3 at 12:04"), ["login"]);
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let long = "ä".repeat(TEXT_BYTES_MAX);
        assert_eq!(head(&long).len(), TEXT_BYTES_MAX);
        assert_eq!(head(&format!("x{long}")).len(), TEXT_BYTES_MAX - 1);
        assert!(all(&long).is_empty());
    }

    #[test]
    fn pieces_keep_what_names_are_made_of() {
        let pieces: Vec<&str> = pieces("from 'WORKSTATION$', (10.1.2.3): C:\\a.exe, \"\"").collect();
        assert_eq!(pieces, ["from", "WORKSTATION$", "10.1.2.3", "C:\\a.exe"]);
    }
}
