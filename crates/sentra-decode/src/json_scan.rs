//! The short way through JSON as logs have it: one pass from text to flat fields, without a visitor in between.
//!
//! It reads a part of the language, strictly, and gives up on everything else: what is malformed, nested deep, has
//! long names, many fields, huge numbers or lone surrogates. Then the library reads the record from its beginning
//! and decides, see [`crate::flatten`]. So this module refuses nothing, reports nothing, and must only agree with
//! the library on what it accepts; a test holds the two against each other.

use std::borrow::Cow;
use std::cell::RefCell;

use sentra_model::FieldValue;

use crate::flatten::{FIELD_DEPTH_MAX, FIELDS_MAX, Field, NAME_BYTES_MAX};
use crate::hints::{Hints, Meaning};
use crate::joined::joined;
use crate::split;
use crate::trail::{self, NodeId, Trail};

/// Digits of a whole number that surely fits 64 bits.
const DIGITS_SURE: usize = 18;
/// Bytes of a record per field of it, at the least, in most records: room for the fields is made once.
const FIELD_BYTES_USUAL: usize = 16;
/// Bytes that most texts with an escape in them have behind it, at the most.
const ESCAPED_BYTES_USUAL: usize = 128;
/// Room that is made for fields at the most before they are there.
const FIELDS_USUAL_MAX: usize = 48;

thread_local! {
    static TRAIL: RefCell<Trail> = RefCell::default();
}

/// The fields of the object `text`, with what their names mean put into empty `hints`; `None` when the library must
/// look at it.
pub(crate) fn fields<'a>(text: &'a str, hints: &mut Hints) -> Option<Vec<Field<'a>>> {
    let scan = |trail: &RefCell<Trail>| scan(text, &mut *trail.try_borrow_mut().ok()?, hints);
    TRAIL.try_with(scan).ok().flatten()
}

fn scan<'a>(text: &'a str, trail: &mut Trail, hints: &mut Hints) -> Option<Vec<Field<'a>>> {
    let room = (text.len() / FIELD_BYTES_USUAL).min(FIELDS_USUAL_MAX);
    trail.begin();
    let mut scanner = Scanner { text, fields: Vec::with_capacity(room), trail, hints, previous: trail::TOP };
    let at = scanner.blanks(0);
    let at = scanner.eat(at, b'{')?;
    let at = scanner.members(at, Parent { name: "", node: trail::TOP, depth: 0 })?;
    (scanner.blanks(at) == text.len()).then_some(scanner.fields)
}

/// What members belong to: its full name, empty for the record itself, and how deep it is.
#[derive(Clone, Copy)]
struct Parent<'p> {
    name: &'p str,
    node: NodeId,
    depth: usize,
}

/// Where a value belongs.
#[derive(Clone, Copy)]
struct Place<'p, 'a> {
    name: Name<'p, 'a>,
    node: NodeId,
    depth: usize,
}

/// A full name.
#[derive(Clone, Copy)]
enum Name<'p, 'a> {
    /// One that is there as long as the record.
    Lasting(&'a str),
    /// One that was put together.
    New(&'p str),
}

impl<'a> Name<'_, 'a> {
    #[inline]
    fn text(&self) -> &str {
        match self {
            Self::Lasting(name) => name,
            Self::New(name) => name,
        }
    }

    #[inline]
    fn of_field(self) -> Cow<'a, str> {
        match self {
            Self::Lasting(name) => Cow::Borrowed(name),
            Self::New(name) => Cow::Owned(name.to_owned()),
        }
    }
}

/// Every function takes the position where it begins and gives the one behind what it read: a position that is
/// handed on stays in a register.
struct Scanner<'s, 'a> {
    text: &'a str,
    fields: Vec<Field<'a>>,
    trail: &'s mut Trail,
    hints: &'s mut Hints,
    /// The member before, as the trail knows it.
    previous: NodeId,
}

impl<'a> Scanner<'_, 'a> {
    #[inline]
    fn peek(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    #[inline]
    fn eat(&self, at: usize, expected: u8) -> Option<usize> {
        (self.peek(at)? == expected).then_some(at + 1)
    }

    #[inline]
    fn blanks(&self, mut at: usize) -> usize {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek(at) {
            at += 1;
        }
        at
    }

    /// The byte behind the blanks at `at`, and its position. Most logs have none there.
    #[inline]
    fn next(&self, at: usize) -> Option<(u8, usize)> {
        match self.peek(at)? {
            b'\0'..=b' ' => {
                let at = self.blanks(at);
                Some((self.peek(at)?, at))
            }
            byte => Some((byte, at)),
        }
    }

    /// The members of an object after its `{`.
    fn members(&mut self, at: usize, parent: Parent<'_>) -> Option<usize> {
        let (mut byte, mut at) = self.next(at)?;
        if byte == b'}' {
            return Some(at + 1);
        }
        loop {
            if byte != b'"' {
                return None;
            }
            at = match self.guess(at + 1, parent) {
                Some((place, behind)) => self.value(behind, place)?,
                None => self.other_member(at + 1, parent)?,
            };
            (byte, at) = self.next(at)?;
            match byte {
                b',' => (byte, at) = self.next(at + 1)?,
                b'}' => return Some(at + 1),
                _ => return None,
            }
        }
    }

    /// The place of the member behind the opening quote before `at`, if it is the one that came here last time, and
    /// the position behind its colon.
    #[inline]
    fn guess<'p>(&mut self, at: usize, parent: Parent<'_>) -> Option<(Place<'p, 'a>, usize)> {
        let rest = self.text.as_bytes().get(at..)?;
        let (id, node) = self.trail.guess(self.previous, parent.node, rest)?;
        let behind = at + node.quoted_length();
        let name = match node.name {
            Some(name) => name,
            None => self.text.get(at..behind - 2)?,
        };
        self.previous = id;
        Some((Place { name: Name::Lasting(name), node: id, depth: parent.depth + 1 }, behind))
    }

    /// A member with its value where another one comes than last time.
    fn other_member(&mut self, at: usize, parent: Parent<'_>) -> Option<usize> {
        // A name with an escape in it is left to the library.
        let end = at + plain_length(self.text.as_bytes().get(at..)?)?;
        let member = self.text.get(at..end)?;
        let behind = self.eat(end, b'"')?;
        let behind = self.eat(self.blanks(behind), b':')?;
        let depth = parent.depth + 1;
        let id = self.trail.find(self.previous, (parent.node, parent.name), member);
        if let Some(node) = self.trail.node(id) {
            let name = Name::Lasting(node.name.unwrap_or(member));
            self.previous = id;
            return self.value(behind, Place { name, node: id, depth });
        }
        let joined = match parent.depth {
            0 => Cow::Borrowed(member),
            _ => joined(parent.name, member),
        };
        if joined.len() > NAME_BYTES_MAX {
            return None;
        }
        let name = match &joined {
            Cow::Borrowed(name) => Name::Lasting(name),
            Cow::Owned(name) => Name::New(name),
        };
        self.value(behind, Place { name, node: trail::UNKNOWN, depth })
    }

    #[inline]
    fn value(&mut self, at: usize, place: Place<'_, 'a>) -> Option<usize> {
        let (byte, at) = self.next(at)?;
        match byte {
            b'"' => {
                let from = at + 1;
                let end = from + plain_length(self.text.as_bytes().get(from..)?)?;
                if let Some(after) = self.eat(end, b'"') {
                    let text = self.text.get(from..end)?;
                    self.put(place, matches!(text, "" | "-"), || FieldValue::Text(Cow::Borrowed(text)))?;
                    return Some(after);
                }
                let (text, after) = self.escaped(from, end)?;
                self.put(place, text == "-", || FieldValue::Text(Cow::Owned(text)))?;
                Some(after)
            }
            b'{' | b'[' => self.container(at, place),
            _ => self.scalar(at, place),
        }
    }

    /// Adds a field. Its value is made where it stays: it would be moved by way of memory otherwise.
    #[inline]
    fn put(
        &mut self,
        place: Place<'_, 'a>,
        is_placeholder: bool,
        value: impl FnOnce() -> FieldValue<'a>,
    ) -> Option<()> {
        let index = self.fields.len();
        if index >= FIELDS_MAX {
            return None;
        }
        if place.node == trail::UNKNOWN {
            self.hints.add(index, Meaning::of(place.name.text()), is_placeholder);
        } else if let Some(meaning) = self.trail.meaning(place.node) {
            self.hints.add(index, meaning, is_placeholder);
        }
        // Not `Vec::push`, see `Event::push`.
        self.fields.extend(std::iter::once_with(|| (place.name.of_field(), value())));
        Some(())
    }

    fn container(&mut self, at: usize, place: Place<'_, 'a>) -> Option<usize> {
        if place.depth >= FIELD_DEPTH_MAX {
            return None;
        }
        let Some(at) = self.eat(at, b'{') else { return self.elements(at + 1, place) };
        self.members(at, Parent { name: place.name.text(), node: place.node, depth: place.depth })
    }

    /// The elements of an array after its `[`, each a field of the same name.
    fn elements(&mut self, at: usize, place: Place<'_, 'a>) -> Option<usize> {
        let mut at = self.blanks(at);
        if let Some(end) = self.eat(at, b']') {
            return Some(end);
        }
        loop {
            at = self.value(at, Place { depth: place.depth + 1, ..place })?;
            let (byte, end) = self.next(at)?;
            at = end + 1;
            match byte {
                b',' => {}
                b']' => return Some(at),
                _ => return None,
            }
        }
    }

    /// A number, `true`, `false` or `null`.
    fn scalar(&mut self, at: usize, place: Place<'_, 'a>) -> Option<usize> {
        let is_next = |word: &str| self.text.get(at..).is_some_and(|rest| rest.starts_with(word));
        match self.peek(at)? {
            b't' if is_next("true") => {
                self.put(place, false, || FieldValue::Bool(true))?;
                Some(at + 4)
            }
            b'f' if is_next("false") => {
                self.put(place, false, || FieldValue::Bool(false))?;
                Some(at + 5)
            }
            b'n' if is_next("null") => Some(at + 4),
            _ => self.number(at, place),
        }
    }

    /// A string that begins at `from` and has its first backslash at `at`; with the position behind it.
    fn escaped(&self, from: usize, mut at: usize) -> Option<(String, usize)> {
        let mut plain =
            String::with_capacity((2 * (at - from) + ESCAPED_BYTES_USUAL).min(self.text.len() - from));
        plain.push_str(self.text.get(from..at)?);
        loop {
            at = self.eat(at, b'\\')?;
            let (character, after) = self.escape(at)?;
            plain.push(character);
            at = after + plain_length(self.text.as_bytes().get(after..)?)?;
            plain.push_str(self.text.get(after..at)?);
            if let Some(end) = self.eat(at, b'"') {
                return Some((plain, end));
            }
        }
    }

    /// What stands after a backslash.
    fn escape(&self, at: usize) -> Option<(char, usize)> {
        let letter = self.peek(at)?;
        let character = match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => {
                let digits = self.text.as_bytes().get(at + 1..)?.first_chunk::<4>()?;
                let mut code = 0;
                for digit in digits {
                    code = code * 16 + char::from(*digit).to_digit(16)?;
                }
                // Half of a pair is no character: the library knows what to do.
                return Some((char::from_u32(code)?, at + 5));
            }
            _ => return None,
        };
        Some((character, at + 1))
    }

    fn number(&mut self, from: usize, place: Place<'_, 'a>) -> Option<usize> {
        let start = self.eat(from, b'-').unwrap_or(from);
        let has_leading_zero = self.peek(start) == Some(b'0');
        let (whole, mut at) = self.digits(start)?;
        if has_leading_zero && at - start > 1 {
            return None;
        }
        if !matches!(self.peek(at), Some(b'.' | b'e' | b'E')) {
            let is_negative = start != from;
            let number = match at - start {
                1..=DIGITS_SURE if is_negative && whole == 0 => return None,
                1..=DIGITS_SURE if is_negative => -whole,
                1..=DIGITS_SURE => whole,
                _ => self.text.get(from..at)?.parse().ok()?,
            };
            self.put(place, false, || FieldValue::Integer(number))?;
            return Some(at);
        }
        if let Some(fraction) = self.eat(at, b'.') {
            (_, at) = self.digits(fraction)?;
        }
        if let Some(b'e' | b'E') = self.peek(at) {
            let sign = at + 1;
            let exponent = self.eat(sign, b'+').or_else(|| self.eat(sign, b'-')).unwrap_or(sign);
            (_, at) = self.digits(exponent)?;
        }
        let number: f64 = self.text.get(from..at)?.parse().ok()?;
        if !number.is_finite() {
            return None;
        }
        self.put(place, false, || FieldValue::Float(number))?;
        Some(at)
    }

    /// The number that one digit or more make, right up to [`DIGITS_SURE`], and the position behind them.
    #[inline]
    fn digits(&self, from: usize) -> Option<(i64, usize)> {
        if let Some(first) = self.text.as_bytes().get(from..).and_then(<[u8]>::first_chunk) {
            let (number, count) = split::leading_digits(first);
            if count < first.len() {
                return (count > 0).then_some((i64::from(number), from + count));
            }
        }
        let (mut number, mut at) = (0_i64, from);
        while let Some(digit @ b'0'..=b'9') = self.peek(at) {
            number = number.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
            at += 1;
        }
        (at > from).then_some((number, at))
    }
}

/// How many bytes stand before the first quote or backslash; `None` when there is none, or a control character
/// comes before it.
#[inline]
fn plain_length(bytes: &[u8]) -> Option<usize> {
    let mut length = 0;
    let mut rest = bytes;
    while let Some((chunk, after)) = rest.split_first_chunk::<32>() {
        if let Some(found) = split::first_special_far(chunk) {
            return ends_plainly(bytes, length + found);
        }
        length += chunk.len();
        rest = after;
    }
    while let Some((chunk, after)) = rest.split_first_chunk::<8>() {
        if let Some(found) = split::first_special(chunk) {
            return ends_plainly(bytes, length + found);
        }
        length += chunk.len();
        rest = after;
    }
    length += rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
    ends_plainly(bytes, length)
}

fn ends_plainly(bytes: &[u8], length: usize) -> Option<usize> {
    matches!(bytes.get(length), Some(b'"' | b'\\')).then_some(length)
}

#[cfg(test)]
#[path = "json_scan_tests.rs"]
mod tests;
