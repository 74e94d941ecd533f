//! Pieces of a line: the texts of a pattern, and values whose end shows by itself or by the text that follows.

use std::borrow::Cow;

use memchr::memmem::{self, Finder};

use crate::address;

/// Text that stands in the line as it is; blanks at its ends stand for one or more.
#[derive(Debug)]
pub(super) struct Literal {
    pub(super) text: String,
    finder: Finder<'static>,
    pub(super) begins_blank: bool,
    pub(super) ends_blank: bool,
}

impl Literal {
    pub(super) fn new(text: &str) -> Self {
        let (begins_blank, ends_blank) = (text.starts_with(' '), text.ends_with(' '));
        let core = text.trim_matches(' ');
        let mut text = String::with_capacity(core.len() + 2);
        if begins_blank {
            text.push(' ');
        }
        text.push_str(core);
        if ends_blank && !core.is_empty() {
            text.push(' ');
        }
        let finder = Finder::new(&text).into_owned();
        Self { text, finder, begins_blank, ends_blank }
    }

    /// What follows this text at the beginning of `rest`.
    pub(super) fn strip<'a>(&self, rest: &'a str) -> Option<&'a str> {
        let rest = if self.begins_blank { one_blank(rest) } else { rest };
        // Lines come without the blanks at their end.
        let is_last = self.ends_blank && rest == self.text.trim_end_matches(' ');
        if is_last { Some("") } else { rest.strip_prefix(self.text.as_str()) }
    }
}

/// `text` with no more than one blank at its beginning.
fn one_blank(text: &str) -> &str {
    let blanks = text.len() - text.trim_start_matches(' ').len();
    text.get(blanks.saturating_sub(1)..).unwrap_or(text)
}

/// Up to where `next` begins; without it, all.
pub(super) fn until<'a>(rest: &'a str, next: Option<&Literal>) -> Option<(&'a str, &'a str)> {
    let Some(next) = next else { return Some((rest.trim_end(), "")) };
    let at = next.finder.find(rest.as_bytes())?;
    let (value, after) = rest.split_at_checked(at)?;
    Some((value.trim_matches(' '), after))
}

/// Like [`until`], but without blanks in it, and at least one character.
pub(super) fn word<'a>(rest: &'a str, next: Option<&Literal>) -> Option<(&'a str, &'a str)> {
    let blank = rest.find([' ', '\t']).unwrap_or(rest.len());
    let (all, _) = rest.split_at_checked(blank)?;
    let end = match next {
        Some(next) if next.begins_blank => blank,
        // The text itself may go beyond the blank: "{name:word}: done".
        Some(next) => {
            next.finder.find(rest.as_bytes().get(..blank + next.text.len()).unwrap_or(rest.as_bytes()))?
        }
        None => blank,
    };
    let value = all.get(..end).filter(|value| !value.is_empty())?;
    Some((value, rest.get(end..)?))
}

/// The longest non-empty beginning of `rest` whose bytes are all `wanted`, which are ASCII.
pub(super) fn run(rest: &str, wanted: impl Fn(u8) -> bool) -> Option<(&str, &str)> {
    let end = rest.bytes().position(|byte| !wanted(byte)).unwrap_or(rest.len());
    rest.split_at_checked(end).filter(|(text, _)| !text.is_empty())
}

/// A sign and digits.
pub(super) fn digits(rest: &str) -> Option<(&str, &str)> {
    let sign = usize::from(rest.starts_with(['-', '+']));
    let (number, _) = run(rest.get(sign..)?, |byte| byte.is_ascii_digit())?;
    rest.split_at_checked(sign + number.len())
}

/// An address, bare or in brackets. A colon at its end may be the text that follows (`192.0.2.7:443`).
pub(super) fn ip<'a>(rest: &'a str, next: Option<&Literal>) -> Option<(&'a str, &'a str)> {
    if let Some((inside, after)) = rest.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        return Some((address::ip(inside)?, after));
    }
    // Of an address with a zone (`fe80::1%eth0`) the zone may have any letters.
    let is_address = |byte: u8| byte.is_ascii_alphanumeric() || b".:%_-".contains(&byte);
    let (all, after) = run(rest, is_address)?;
    // `2001:db8::1:443` is an address, and one with a port: what follows in the pattern decides.
    let follows = next.is_none_or(|next| next.strip(after).is_some());
    let whole = || Some((address::ip(all)?, after));
    if follows && let Some(address) = whole() {
        return Some(address);
    }
    // The text that follows may begin with what is part of addresses, and end beyond them.
    let next = next?.text.as_bytes();
    let beyond = rest.len().min(all.len() + next.len());
    let reach = rest.as_bytes().get(..beyond)?;
    let ends = [memmem::rfind(reach, next), memmem::find(reach, next)];
    ends.into_iter().flatten().find_map(|end| Some((address::ip(all.get(..end)?)?, rest.get(end..)?)))
}

/// What stands between two double quotes; a backslash takes the next character as it is.
pub(super) fn quoted(rest: &str) -> Option<(Cow<'_, str>, &str)> {
    let inside = rest.strip_prefix('"')?;
    unquote(inside, '"')
}

/// The text up to `quote`, without the backslashes before quotes and backslashes, and what follows it.
pub(super) fn unquote(inside: &str, quote: char) -> Option<(Cow<'_, str>, &str)> {
    let mut is_escaped = false;
    let mut escapes = false;
    for (at, character) in inside.char_indices() {
        if is_escaped {
            is_escaped = false;
        } else if character == '\\' {
            (is_escaped, escapes) = (true, true);
        } else if character == quote {
            let (text, after) = (inside.get(..at)?, inside.get(at + quote.len_utf8()..)?);
            let text = if escapes { Cow::Owned(unescaped(text, quote)) } else { Cow::Borrowed(text) };
            return Some((text, after));
        }
    }
    None
}

fn unescaped(text: &str, quote: char) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let escaped = characters.peek().copied().filter(|next| *next == quote || *next == '\\');
        match escaped {
            Some(next) if character == '\\' => {
                plain.push(next);
                characters.next();
            }
            _ => plain.push(character),
        }
    }
    plain
}
