//! Raw records as forms: what a raw record shares with the columns of its row is not stored twice.
//!
//! ```text
//! raw         <38>1 2026-10-07T23:59:57Z srv-4 sshd 7630 - - Accepted publickey for quinn
//! raw.form    <‹hole›>‹hole› ‹time›Z ‹host› ‹service› ‹pid› - - ‹message›
//! raw.rest    38␟1
//! raw         (empty)
//! ```
//!
//! A form is text with references to columns. Rows of one kind have the same form, so that it stands once in the
//! dictionary of its column. A row has a form only when the form gave back exactly its bytes while it was written; any
//! other row has its raw record as it came, and no form. A form must never be guessed at: what a row does not give back
//! is an error.

mod columns;
mod derive;
pub(super) mod time;

use std::ops::Range;

use sentra_model::behind;

pub(super) use columns::{Encoder, Rows, Texts, expand, numbered};

/// The column with the forms.
pub(super) const FORM: &str = "raw.form";
/// The column with what stands in the holes of a row's form.
pub(super) const REST: &str = "raw.rest";
/// Begins a reference in a form; a raw record with it has no form.
const MARK: char = '\u{2}';
/// Ends the name of a column in a form.
const END: char = '\u{3}';
/// Stands between what is in the holes.
const SEPARATOR: char = '\u{1f}';
/// Most references of a form.
const REFERENCES_MAX: usize = 256;
/// Longest raw record that gets a form, in bytes.
const RAW_BYTES_MAX: usize = 32 * 1024;

/// What stands in a raw record in place of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    /// The text of a column.
    Text(usize),
    /// The text of a column as it is written between quotes in JSON.
    Escaped(usize),
    /// The time of the event, in the style of that number.
    Time(u8),
    /// Letters and digits that no column has.
    Hole,
}

/// A form: text and references in turn, then text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Form {
    pieces: Vec<(String, What)>,
    tail: String,
}

/// The values of a row.
trait Row {
    /// The text of a column, nothing where the row has none.
    fn text(&self, column: usize) -> Option<&str>;
    /// The time of the event in microseconds.
    fn time(&self) -> i64;
}

/// What a form that fits took out of a raw record.
#[derive(Debug, Default)]
struct Taken {
    /// What is in the holes, joined.
    rest: String,
    /// Where the record has bytes that are neither in the form nor words of a column.
    own: Vec<Range<usize>>,
}

impl Form {
    /// The columns it refers to.
    fn columns(&self) -> impl Iterator<Item = usize> {
        self.pieces.iter().filter_map(|(_, what)| match what {
            What::Text(column) | What::Escaped(column) => Some(*column),
            What::Time(_) | What::Hole => None,
        })
    }

    /// The text between its references.
    fn literals(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().map(|(literal, _)| literal.as_str()).chain([self.tail.as_str()])
    }

    /// As it is stored.
    fn text(&self, name: &dyn Fn(usize) -> Option<String>) -> Option<String> {
        let mut text = String::new();
        for (literal, what) in &self.pieces {
            text.push_str(literal);
            text.push(MARK);
            match what {
                What::Text(column) | What::Escaped(column) => {
                    text.push(if matches!(what, What::Text(_)) { 't' } else { 'j' });
                    text.push_str(&name(*column)?);
                    text.push(END);
                }
                What::Time(style) => {
                    text.push('z');
                    text.push(char::from(b'0' + style));
                }
                What::Hole => text.push('h'),
            }
        }
        text.push_str(&self.tail);
        Some(text)
    }

    /// From its text; nothing where that is no form, or names a column that `column` does not know.
    fn parse(text: &str, column: &dyn Fn(&str) -> Option<usize>) -> Option<Self> {
        let mut form = Self::default();
        let mut parts = text.split(MARK);
        let mut literal = parts.next()?.to_owned();
        for part in parts {
            let mut characters = part.chars();
            let (what, after) = match characters.next()? {
                kind @ ('t' | 'j') => {
                    let (name, after) = characters.as_str().split_once(END)?;
                    let column = column(name)?;
                    (if kind == 't' { What::Text(column) } else { What::Escaped(column) }, after)
                }
                'z' => {
                    let style = u8::try_from(characters.next()?.to_digit(10)?).ok()?;
                    (What::Time(style), characters.as_str())
                }
                'h' => (What::Hole, characters.as_str()),
                _ => return None,
            };
            form.pieces.push((std::mem::replace(&mut literal, after.to_owned()), what));
        }
        form.tail = literal;
        Some(form)
    }

    /// Puts what the form takes out of `raw`, which is text then, as all that the form is made of, into `taken`; nothing where
    /// form and row do not give back every byte of it.
    fn fit(&self, raw: &[u8], row: &impl Row, times: &mut time::Writer, taken: &mut Taken) -> Option<()> {
        taken.rest.clear();
        taken.own.clear();
        let mut left = raw;
        let mut has_holes = false;
        for (literal, what) in &self.pieces {
            left = behind(left, literal.as_bytes())?;
            let start = raw.len() - left.len();
            match what {
                What::Text(column) => left = behind(left, row.text(*column)?.as_bytes())?,
                What::Escaped(column) => {
                    let text = row.text(*column)?;
                    left = strip_escaped(left, text)?;
                    if text.bytes().any(|byte| byte < b' ') {
                        taken.own.push(start..raw.len() - left.len());
                    }
                }
                What::Time(style) => {
                    left = behind(left, times.write(row.time(), *style)?.as_bytes())?;
                    taken.own.push(start..raw.len() - left.len());
                }
                What::Hole => {
                    let end = left.iter().position(|byte| !byte.is_ascii_alphanumeric());
                    let (inside, after) = left.split_at_checked(end.unwrap_or(left.len()))?;
                    if inside.is_empty() {
                        return None;
                    }
                    if has_holes {
                        taken.rest.push(SEPARATOR);
                    }
                    has_holes = true;
                    taken.rest.push_str(std::str::from_utf8(inside).ok()?);
                    left = after;
                    taken.own.push(start..raw.len() - left.len());
                }
            }
        }
        (left == self.tail.as_bytes()).then_some(())
    }

    /// Writes the raw record of a row to `raw`; nothing where the row lacks something.
    fn expand(&self, row: &impl Row, rest: &str, times: &mut time::Writer, raw: &mut Vec<u8>) -> Option<()> {
        let mut rest = rest.split(SEPARATOR);
        for (literal, what) in &self.pieces {
            raw.extend_from_slice(literal.as_bytes());
            match what {
                What::Text(column) => raw.extend_from_slice(row.text(*column)?.as_bytes()),
                What::Escaped(column) => escape(row.text(*column)?, raw),
                What::Time(style) => {
                    raw.extend_from_slice(times.write(row.time(), *style)?.as_bytes());
                }
                What::Hole => raw.extend_from_slice(rest.next()?.as_bytes()),
            }
        }
        raw.extend_from_slice(self.tail.as_bytes());
        Some(())
    }
}

/// How a byte is written between the quotes of JSON, where not as itself.
fn escape_of(byte: u8, buffer: &mut [u8; 6]) -> Option<&[u8]> {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0C => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0..=0x1F => {
            let digit = |value: u8| HEX.get(usize::from(value)).copied().unwrap_or(b'0');
            *buffer = [b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)];
            return Some(buffer);
        }
        _ => return None,
    };
    *buffer = [b'\\', short, 0, 0, 0, 0];
    buffer.get(..2)
}

/// Writes `text` as it is written between the quotes of JSON.
fn escape(text: &str, into: &mut Vec<u8>) {
    let mut buffer = [0; 6];
    for byte in text.bytes() {
        match escape_of(byte, &mut buffer) {
            Some(escaped) => into.extend_from_slice(escaped),
            None => into.push(byte),
        }
    }
}

/// What of `left` is behind `text` as JSON writes it.
fn strip_escaped<'a>(left: &'a [u8], text: &str) -> Option<&'a [u8]> {
    let (mut rest, mut text) = (left, text.as_bytes());
    let mut buffer = [0; 6];
    loop {
        // Most of a text is written as itself, and is compared as a whole.
        let plain = memchr::memchr2(b'"', b'\\', text).unwrap_or(text.len());
        let (run, after) = text.split_at_checked(plain)?;
        if run.iter().fold(true, |is_plain, byte| is_plain & (*byte >= b' ')) {
            rest = behind(rest, run)?;
            let Some((byte, after)) = after.split_first() else { break };
            rest = behind(rest, escape_of(*byte, &mut buffer)?)?;
            text = after;
            continue;
        }
        for byte in run {
            rest = match escape_of(*byte, &mut buffer) {
                Some(escaped) => behind(rest, escaped)?,
                None => rest.split_first().filter(|(first, _)| *first == byte)?.1,
            };
        }
        text = after;
    }
    Some(rest)
}

#[cfg(test)]
mod tests;
