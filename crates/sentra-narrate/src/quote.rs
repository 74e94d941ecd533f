//! How text from outside gets into a sentence without changing it.

use std::net::IpAddr;

use crate::lexicon;
use crate::limit::quoted_chars_max;

/// Longest name that stands in a sentence without quotation marks.
const BARE_CHARS_MAX: usize = 40;

/// A name or text as it stands in a sentence: bare when it is an address or a plain name that no sentence
/// could be confused by, quoted otherwise.
pub(crate) fn item(text: &str) -> String {
    if is_bare(text) { text.to_owned() } else { quoted(text) }
}

/// `text` between “ and ”, escaped and shortened.
pub(crate) fn quoted(text: &str) -> String {
    format!("“{}”", shown(text, quoted_chars_max()))
}

/// `text` escaped and cut to `chars_max` characters; a cut is marked by `…`, which is escaped elsewhere.
///
/// An escape counts as one character and is never cut in the middle.
pub(crate) fn shown(text: &str, chars_max: usize) -> String {
    let mut result = String::with_capacity(text.len().min(chars_max * 4));
    let mut characters = text.chars();
    for character in characters.by_ref().take(chars_max) {
        if is_disguise(character) {
            // Not a backslash escape: Windows paths must stay readable and copyable.
            result.push_str(&format!("<U+{:04X}>", u32::from(character)));
        } else {
            result.push(character);
        }
    }
    if characters.next().is_some() {
        result.push('…');
    }
    result
}

/// Whether `text` has the form of an ATT&CK technique id.
pub(crate) fn is_technique(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('T') else { return false };
    let (main, sub) = match rest.split_once('.') {
        Some((main, sub)) => (main, Some(sub)),
        None => (rest, None),
    };
    let digits = |part: &str, length: usize| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    digits(main, 4) && sub.is_none_or(|sub| digits(sub, 3))
}

/// Whether `text` may stand in a sentence without quotation marks. A word that the templates use, a number
/// and anything that looks like a technique may not: a user called `succeeded` must not make a sentence.
fn is_bare(text: &str) -> bool {
    if text.parse::<IpAddr>().is_ok() {
        return true;
    }
    let edge = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    let inner = |c: char| edge(c) || matches!(c, '.' | '-' | '@');
    let (Some(first), Some(last)) = (text.chars().next(), text.chars().next_back()) else { return false };
    text.len() <= BARE_CHARS_MAX
        && (first.is_ascii_alphabetic() || first == '_')
        && edge(last)
        && text.chars().all(inner)
        && !is_technique(text)
        && !lexicon::contains(text)
}

/// Characters that are not shown as they are: those that end a quotation or look as if they did, the mark of
/// a cut, and those that are invisible or move the text around them.
fn is_disguise(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '…' | '“' | '”' | '„' | '‟' | '″' | '❝' | '❞' | '〝' | '〞' | '〟' | '＂'
            | '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{E000}'..='\u{F8FF}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFF}' | '\u{E0000}'..='\u{10FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_and_addresses_stand_bare() {
        for plain in [
            "root",
            "web-1",
            "WORKSTATION5",
            "svc_backup",
            "DC01$",
            "a.b@example.com",
            "192.0.2.7",
            "2001:db8::",
        ] {
            assert_eq!(item(plain), plain);
        }
    }

    #[test]
    fn everything_else_is_quoted() {
        for odd in
            ["", "succeeded", "Host", "T1110", "42", "a b", "C:\\x", "-x", "x.", "2017-12-10", "müller"]
        {
            assert!(item(odd).starts_with('“') && item(odd).ends_with('”'), "{odd:?}");
        }
    }

    #[test]
    fn a_quotation_cannot_be_left() {
        let hostile = "x” and 203.0.113.1 succeeded.\n\u{1b}[2J\u{202e}abc…";
        assert_eq!(
            quoted(hostile),
            "“x<U+201D> and 203.0.113.1 succeeded.<U+000A><U+001B>[2J<U+202E>abc<U+2026>”"
        );
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let long = "ü".repeat(10_000);
        assert_eq!(quoted(&long), format!("“{}…”", "ü".repeat(quoted_chars_max())));
        let fits = "x".repeat(quoted_chars_max());
        assert_eq!(quoted(&fits), format!("“{fits}”"));
    }

    #[test]
    fn technique_ids_are_known_by_their_form() {
        assert!(is_technique("T1110") && is_technique("T1110.001"));
        for other in ["T111", "T11100", "T1110.01", "t1110", "T1110.", "TA0006"] {
            assert!(!is_technique(other), "{other}");
        }
    }
}
