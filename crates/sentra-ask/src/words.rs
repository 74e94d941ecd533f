//! A question in words: split, folded to lower case, each with its place.

use std::ops::Range;

use crate::shape::{Shape, shape_of};

/// Longest question in plain English, in bytes.
pub const ENGLISH_BYTES_MAX: usize = 2_000;
/// Most words of a question in plain English.
pub const WORDS_MAX: usize = 60;

/// A word of a question.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Word {
    /// Bytes of the question that it is made of.
    pub(crate) span: Range<usize>,
    /// As it was written, without quotes and punctuation around it.
    pub(crate) written: String,
    /// In lower case; of a misspelt word what was probably meant.
    pub(crate) text: String,
    /// The singular of `text`.
    pub(crate) stem: String,
    /// What it looks like.
    pub(crate) shape: Shape,
}

/// Why a text is not split into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TooLong {
    Bytes,
    Words,
}

/// The words of `text`. A comma and a semicolon are words of their own; other punctuation is left out.
pub(crate) fn split(text: &str) -> Result<Vec<Word>, TooLong> {
    if text.len() > ENGLISH_BYTES_MAX {
        return Err(TooLong::Bytes);
    }
    let mut words = Vec::new();
    let mut rest = Scanner { text, at: 0 };
    while let Some((span, quoted)) = rest.next_piece() {
        if words.len() >= WORDS_MAX {
            return Err(TooLong::Words);
        }
        let written = text.get(span.clone()).unwrap_or_default();
        if quoted {
            words.push(word(span, written, Shape::Quoted));
        } else {
            push_plain(&mut words, span, written);
        }
    }
    Ok(words)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    /// The next run of letters between blanks, or what stands in quotes: its place, and whether it was quoted.
    fn next_piece(&mut self) -> Option<(Range<usize>, bool)> {
        let rest = self.text.get(self.at..)?;
        let skipped = rest.find(|c: char| !is_blank(c))?;
        let start = self.at + skipped;
        let rest = self.text.get(start..)?;
        let first = rest.chars().next()?;
        if let Some(close) = closing_quote(first) {
            let inside = start + first.len_utf8();
            let length = self.text.get(inside..)?.find(close);
            if let Some(length) = length.filter(|length| *length > 0) {
                self.at = inside + length + close.len_utf8();
                return Some((inside..inside + length, true));
            }
        }
        let length = piece_length(rest);
        self.at = start + length;
        Some((start..start + length, false))
    }
}

/// Up to the next blank; a quoted value of a field belongs to it.
fn piece_length(text: &str) -> usize {
    let mut quoted = false;
    let mut before = ' ';
    for (place, letter) in text.char_indices() {
        match letter {
            '"' if quoted => return place + 1,
            '"' if matches!(before, ':' | '=' | '~')
                && text.get(place + 1..).is_some_and(|t| t.contains('"')) =>
            {
                quoted = true;
            }
            letter if is_blank(letter) && !quoted => return place,
            _ => {}
        }
        before = letter;
    }
    text.len()
}

fn closing_quote(open: char) -> Option<char> {
    match open {
        '"' => Some('"'),
        '\'' => Some('\''),
        '\u{201c}' | '\u{201e}' => Some('\u{201d}'),
        '`' => Some('`'),
        _ => None,
    }
}

/// White space, and the letters without width or with a direction that texts are disguised with.
pub(crate) fn is_blank(letter: char) -> bool {
    letter.is_whitespace()
        || letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn push_plain(words: &mut Vec<Word>, span: Range<usize>, written: &str) {
    let opened = written.trim_start_matches(['(', '[', '{', '<', '¿', '¡']);
    let start = span.start + (written.len() - opened.len());
    let closing =
        |c: char| matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | ')' | ']' | '}' | '>' | '\'' | '\u{2026}');
    // A quote at the end belongs to a field's quoted value, or to nothing.
    let closes = |c: char| closing(c) || c == '"' && !opened.contains(":\"") && !opened.contains("=\"");
    let kept = opened.trim_end_matches(closes);
    let end = start + kept.len();
    let tail = opened.get(kept.len()..).unwrap_or_default();
    if !kept.is_empty() {
        push_parts(words, start, kept);
    }
    if let Some(place) = tail.find([',', ';']) {
        let mark = tail.get(place..=place).unwrap_or_default();
        words.push(word(end + place..end + place + 1, mark, Shape::Mark));
    }
    debug_assert!(end <= span.end, "a word is not longer than its piece");
}

/// Takes `'s` and `n't` off a word.
fn push_parts(words: &mut Vec<Word>, start: usize, kept: &str) {
    let straight = kept.replace('\u{2019}', "'");
    let lower = straight.to_lowercase();
    let cut = |words: &mut Vec<Word>, length: usize, tail: &str| {
        let head = kept.get(..length).unwrap_or_default();
        words.push(word(start..start + length, head, shape_of(head)));
        words.push(word(start + length..start + kept.len(), tail, Shape::Plain));
    };
    // The typographic apostrophe has three bytes, the straight one one.
    let apostrophe = kept.find(['\'', '\u{2019}']).filter(|place| *place > 0);
    match apostrophe {
        Some(place) if lower.ends_with("'s") => cut(words, place, "'s"),
        Some(place) if lower.ends_with("n't") => cut(words, place.saturating_sub(1), "not"),
        Some(place) if lower.ends_with("'d") || lower.ends_with("'ve") || lower.ends_with("'m") => {
            cut(words, place, "would");
        }
        Some(place) if place + 1 == kept.len() => cut(words, place, "'s"),
        _ => words.push(word(start..start + kept.len(), kept, shape_of(kept))),
    }
}

fn word(span: Range<usize>, written: &str, shape: Shape) -> Word {
    let text = match shape {
        Shape::Quoted => written.to_owned(),
        _ => written.chars().map(narrow).collect::<String>().to_lowercase(),
    };
    let shape = if shape == Shape::Plain && text != written { shape_of(&text) } else { shape };
    Word { span, written: written.to_owned(), stem: stem(&text), text, shape }
}

/// The usual letter for one of full width.
fn narrow(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        letter => letter,
    }
}

/// The singular, as far as English has rules for it.
pub(crate) fn stem(text: &str) -> String {
    if text.len() <= 3 || !text.is_ascii() {
        return if matches!(text, "ips" | "ids") {
            text.trim_end_matches('s').to_owned()
        } else {
            text.to_owned()
        };
    }
    if let Some(head) = text.strip_suffix("ies") {
        return format!("{head}y");
    }
    for ending in ["sses", "shes", "ches", "xes"] {
        if text.ends_with(ending) {
            return text.get(..text.len() - 2).unwrap_or(text).to_owned();
        }
    }
    let keeps = ["ss", "us", "is", "as", "'s"].iter().any(|ending| text.ends_with(ending));
    match text.strip_suffix('s') {
        Some(head) if !keeps => head.to_owned(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(question: &str) -> Vec<String> {
        split(question).unwrap().into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn a_question_is_split_into_words() {
        assert_eq!(texts("Failed logins, from 10.1.2.3?"), ["failed", "logins", ",", "from", "10.1.2.3"]);
        assert_eq!(
            texts("bob's logins didn't \"Stay Here\""),
            ["bob", "'s", "logins", "did", "not", "Stay Here"]
        );
        assert_eq!(texts("user:\"two words\" (web01)."), ["user:\"two words\"", "web01"]);
        assert_eq!(texts("ｆａｉｌｅｄ\u{200b}ｌｏｇｉｎｓ"), ["failed", "logins"]);
        assert_eq!(texts("\" '"), Vec::<String>::new());
    }

    #[test]
    fn a_word_knows_its_place() {
        let question = "päßt „zwei worte” für bob’s";
        for word in split(question).unwrap() {
            assert!(question.get(word.span.clone()).is_some(), "{word:?}");
        }
    }

    #[test]
    fn a_text_of_many_words_is_refused() {
        assert_eq!(split(&"a ".repeat(WORDS_MAX + 1)), Err(TooLong::Words));
        assert_eq!(split(&"a".repeat(ENGLISH_BYTES_MAX + 1)), Err(TooLong::Bytes));
    }

    #[test]
    fn plurals_have_singulars() {
        for (plural, singular) in [
            ("logins", "login"),
            ("queries", "query"),
            ("addresses", "address"),
            ("status", "status"),
            ("dns", "dns"),
        ] {
            assert_eq!(stem(plural), singular);
        }
    }
}
