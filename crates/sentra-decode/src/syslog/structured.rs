//! The structured data of RFC 5424: `[id name="value" …][id …]`.

use std::borrow::Cow;

use memchr::memchr2;

use crate::joined::joined;
use crate::split::cut_at;

/// Law LIMIT: parameters beyond this many are left where they are.
const PARAMETERS_MAX: usize = 256;

/// Law LIMIT: longer ids and names are not understood. The RFC allows 32; every parameter repeats its id.
const NAME_BYTES_MAX: usize = 256;

/// Parameters under their full names.
pub(super) type Parameters<'a> = Vec<(Cow<'static, str>, Cow<'a, str>)>;

/// The parameters as `sd.<id>.<name>` with their values, and the text after them; `None` when it is not
/// well-formed.
pub(super) fn parse(text: &str) -> Option<(Parameters<'_>, &str)> {
    if let Some(rest) = text.strip_prefix('-') {
        return (rest.is_empty() || rest.starts_with(' ')).then_some((Vec::new(), rest));
    }
    let mut parameters = Vec::with_capacity(4);
    let mut rest = text;
    while let Some(element) = rest.strip_prefix('[') {
        rest = element_parameters(element, &mut parameters)?;
    }
    (rest.len() < text.len()).then_some((parameters, rest))
}

/// Reads one element after its `[`; gives what follows its `]`.
fn element_parameters<'a>(element: &'a str, parameters: &mut Parameters<'a>) -> Option<&'a str> {
    let id_end = memchr2(b' ', b']', element.as_bytes())?;
    let (id, mut rest) = element.split_at_checked(id_end).filter(|(id, _)| id.len() <= NAME_BYTES_MAX)?;
    let prefix = joined("sd", id);
    loop {
        rest = rest.trim_start_matches(' ');
        if let Some(after) = rest.strip_prefix(']') {
            return Some(after);
        }
        let (name, quoted) = cut_at(rest, "=\"")?;
        if parameters.len() >= PARAMETERS_MAX || name.len() > NAME_BYTES_MAX || name.contains(' ') {
            return None;
        }
        let (value, after) = quoted_value(quoted)?;
        parameters.push((joined(&prefix, name), value));
        rest = after;
    }
}

/// A value up to its closing quote; `\"`, `\\` and `\]` stand for themselves without the backslash.
fn quoted_value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut from = 0;
    let mut has_escapes = false;
    loop {
        let found = memchr2(b'"', b'\\', text.as_bytes().get(from..)?)? + from;
        if text.as_bytes().get(found) == Some(&b'"') {
            let value = text.get(..found)?;
            let value = if has_escapes { Cow::Owned(unescape(value)) } else { Cow::Borrowed(value) };
            return Some((value, text.get(found + 1..)?));
        }
        // Whatever follows a backslash is no end.
        (has_escapes, from) = (true, found + 2);
    }
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let escapes = character == '\\' && matches!(characters.peek(), Some('"' | '\\' | ']'));
        plain.extend(if escapes { characters.next() } else { Some(character) });
    }
    plain
}
