//! Text as the index knows it: the terms of KQL's `has`, and `name=value` pairs.
//!
//! `A has B` of the language lowers both and finds B in A with no letter or digit next to it. So B's runs of letters
//! and digits are whole runs of A, side by side: whoever looks for these as a phrase misses nothing that `has` finds.

use sentra_model::Digest;

/// Bytes of a term that count. Longer ones are alike when they begin alike; what looks them up sees too much, never
/// too little.
pub const TERM_BYTES_MAX: usize = 128;

/// Bytes of a field's value that are kept as they are; of longer ones a digest is.
pub const VALUE_BYTES_MAX: usize = 64;

/// What terms of the index's own begin with.
const OWN: char = '\u{1}';

/// Bytes of a field's name that count.
const NAME_BYTES_MAX: usize = 128;

/// `text` in lower case, as the language lowers it.
pub(crate) fn lower(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.to_lowercase() }
}

/// The terms of `lowered`, which [`lower`] made, in their order.
pub(crate) fn terms(lowered: &str) -> impl Iterator<Item = &str> {
    let runs = lowered.split(|letter: char| !letter.is_alphanumeric()).filter(|run| !run.is_empty());
    runs.map(|run| cut(run, TERM_BYTES_MAX))
}

/// The beginning of `text`, at most `bytes_max` long.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or(text)
}

/// Whether `part` stands in `whole`, bytes for bytes, with no letter or digit next to it: then its terms are there too.
pub(crate) fn stands_in(whole: &str, part: &str) -> bool {
    let is_word = |edge: Option<char>| edge.is_some_and(char::is_alphanumeric);
    memchr::memmem::find_iter(whole.as_bytes(), part.as_bytes()).any(|start| {
        let before = whole.get(..start).and_then(|text| text.chars().next_back());
        let after = whole.get(start + part.len()..).and_then(|text| text.chars().next());
        !is_word(before) && !is_word(after)
    })
}

/// `name=value` as one term, the value without case.
pub(crate) fn pair(name: &str, value: &str) -> String {
    // What the index says of its own is no field's to say.
    let (name, value) = (cut(name.trim_start_matches(OWN), NAME_BYTES_MAX), lower(value));
    if value.len() > VALUE_BYTES_MAX {
        let digest = Digest::new("forensic value").text(&value).first_u64();
        return format!("{name}=#{digest:016x}");
    }
    format!("{name}={value}")
}

/// The term of what the index itself says of a document; no field's pair looks like it.
pub(crate) fn own(name: &str, value: &str) -> String {
    format!("{OWN}{name}={value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_runs_of_letters_and_digits() {
        let lowered = lower("Failed password for \"ÄSA\" from 10.0.0.7:22 (İx)");
        let found: Vec<&str> = terms(&lowered).collect();
        assert_eq!(found[..6], ["failed", "password", "for", "äsa", "from", "10"]);
        // The dot that the lower case of İ has is no letter.
        assert_eq!(found[10..], ["i", "x"]);
        assert_eq!(terms("").count() + terms(" -_/").count(), 0);
    }

    #[test]
    fn no_field_looks_like_what_the_index_says() {
        assert_ne!(pair("\u{1}class", "x"), own("class", "x"));
        assert_ne!(pair("\u{1}\u{1}class", "x"), own("class", "x"));
    }

    #[test]
    fn long_terms_and_values_are_cut_alike() {
        let long = "ä".repeat(200);
        let lowered = lower(&long);
        let only: Vec<&str> = terms(&lowered).collect();
        assert_eq!(only, ["ä".repeat(64)]);
        assert_eq!(pair("n", &"X".repeat(64)), format!("n={}", "x".repeat(64)));
        assert_eq!(pair("n", &"X".repeat(65)), pair("n", &"x".repeat(65)));
        assert_ne!(pair("n", &"x".repeat(65)), pair("n", &"x".repeat(66)));
    }

    #[test]
    fn a_part_stands_where_no_letter_goes_on() {
        assert!(stands_in("a=abc abc", "abc"));
        assert!(stands_in("xabc abc", "abc"));
        assert!(!stands_in("xabc abcd", "abc"));
        assert!(!stands_in("äabc", "abc"));
    }
}
