//! The short way through JSON as logs have it: one pass from text to flat fields, without a visitor in between.
//!
//! It reads a part of the language, strictly, and gives up on everything else: what is malformed, nested deep, has
//! long names, many fields, huge numbers or lone surrogates. Then the library reads the record from its beginning
//! and decides, see [`crate::flatten`]. So this module refuses nothing, reports nothing, and must only agree with
//! the library on what it accepts; a test holds the two against each other.

use std::borrow::Cow;

use sentra_model::FieldValue;

use crate::flatten::{FIELD_DEPTH_MAX, FIELDS_MAX, Field, NAME_BYTES_MAX};
use crate::joined::{Parent, kept};

/// Digits of a whole number that surely fits 64 bits.
const DIGITS_SURE: usize = 18;
/// Bytes of a record per field of it, at the least, in most records: room for the fields is made once.
const FIELD_BYTES_USUAL: usize = 16;
/// Room that is made for fields at the most before they are there.
const FIELDS_USUAL_MAX: usize = 48;

/// The fields of the object `text`; `None` when the library must look at it.
pub(crate) fn fields(text: &str) -> Option<Vec<Field<'_>>> {
    let room = (text.len() / FIELD_BYTES_USUAL).min(FIELDS_USUAL_MAX);
    let mut scanner = Scanner { text, fields: Vec::with_capacity(room) };
    let at = scanner.blanks(0);
    let at = scanner.eat(at, b'{')?;
    let at = scanner.members(at, None, 1)?;
    (scanner.blanks(at) == text.len()).then_some(scanner.fields)
}

/// Where a value belongs: in what, and under which name there. Names are put together where a value is put down, so
/// that nothing but borrowed text is handed on.
#[derive(Clone, Copy)]
struct Place<'p, 'a> {
    parent: Option<Parent<'p>>,
    member: &'a str,
    depth: usize,
}

impl<'a> Place<'_, 'a> {
    /// The full name, where it need not be made; `None` also when it is too long.
    #[inline]
    fn known_name(self) -> Option<&'a str> {
        match self.parent {
            None => (self.member.len() <= NAME_BYTES_MAX).then_some(self.member),
            Some(parent) => kept(parent, self.member),
        }
    }

    /// The full name; `None` when it is too long.
    #[cold]
    fn made_name(self) -> Option<Cow<'a, str>> {
        let parent = self.parent?.name;
        let length = parent.len() + 1 + self.member.len();
        (length <= NAME_BYTES_MAX).then(|| Cow::Owned([parent, ".", self.member].concat()))
    }
}

/// Every function takes the position where it begins and gives the one behind what it read: a position that is
/// handed on stays in a register.
struct Scanner<'a> {
    text: &'a str,
    fields: Vec<Field<'a>>,
}

impl<'a> Scanner<'a> {
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

    /// The members of an object after its `{`; `depth` is that of their values.
    fn members(&mut self, at: usize, parent: Option<Parent<'_>>, depth: usize) -> Option<usize> {
        let mut at = self.blanks(at);
        if let Some(end) = self.eat(at, b'}') {
            return Some(end);
        }
        loop {
            at = self.eat(self.blanks(at), b'"')?;
            // A name with an escape in it is left to the library.
            let end = at + plain_length(self.text.as_bytes().get(at..)?)?;
            let member = self.text.get(at..end)?;
            at = self.eat(end, b'"')?;
            at = self.eat(self.blanks(at), b':')?;
            at = self.value(at, Place { parent, member, depth })?;
            at = self.blanks(at);
            match self.peek(at)? {
                b',' => at += 1,
                b'}' => return Some(at + 1),
                _ => return None,
            }
        }
    }

    #[inline]
    fn value(&mut self, at: usize, place: Place<'_, 'a>) -> Option<usize> {
        let at = self.blanks(at);
        match self.peek(at)? {
            b'"' => {
                let from = at + 1;
                let end = from + plain_length(self.text.as_bytes().get(from..)?)?;
                if let Some(after) = self.eat(end, b'"') {
                    let text = self.text.get(from..end)?;
                    self.put(place, || FieldValue::Text(Cow::Borrowed(text)))?;
                    return Some(after);
                }
                let (text, after) = self.escaped(from, end)?;
                self.put(place, || FieldValue::Text(Cow::Owned(text)))?;
                Some(after)
            }
            b'{' | b'[' => self.container(at, place),
            _ => self.scalar(at, place),
        }
    }

    /// Adds a field. Its value is made where it stays: it would be moved by way of memory otherwise.
    #[inline]
    fn put(&mut self, place: Place<'_, 'a>, value: impl FnOnce() -> FieldValue<'a>) -> Option<()> {
        if self.fields.len() >= FIELDS_MAX {
            return None;
        }
        match place.known_name() {
            // Not `Vec::push`, see `Event::push`.
            Some(name) => self.fields.extend(std::iter::once_with(|| (Cow::Borrowed(name), value()))),
            None => self.fields.push((place.made_name()?, value())),
        }
        Some(())
    }

    fn container(&mut self, at: usize, place: Place<'_, 'a>) -> Option<usize> {
        if place.depth >= FIELD_DEPTH_MAX {
            return None;
        }
        let Some(at) = self.eat(at, b'{') else { return self.elements(at + 1, place) };
        match place.known_name() {
            Some(name) => self.members(at, Some(Parent::new(name)), place.depth + 1),
            None => self.members(at, Some(Parent::new(&place.made_name()?)), place.depth + 1),
        }
    }

    /// The elements of an array after its `[`, each a field of the same name.
    fn elements(&mut self, at: usize, place: Place<'_, 'a>) -> Option<usize> {
        let mut at = self.blanks(at);
        if let Some(end) = self.eat(at, b']') {
            return Some(end);
        }
        loop {
            at = self.value(at, Place { depth: place.depth + 1, ..place })?;
            at = self.blanks(at);
            match self.peek(at)? {
                b',' => at += 1,
                b']' => return Some(at + 1),
                _ => return None,
            }
        }
    }

    /// A number, `true`, `false` or `null`.
    fn scalar(&mut self, at: usize, place: Place<'_, 'a>) -> Option<usize> {
        let is_next = |word: &str| self.text.get(at..).is_some_and(|rest| rest.starts_with(word));
        match self.peek(at)? {
            b't' if is_next("true") => {
                self.put(place, || FieldValue::Bool(true))?;
                Some(at + 4)
            }
            b'f' if is_next("false") => {
                self.put(place, || FieldValue::Bool(false))?;
                Some(at + 5)
            }
            b'n' if is_next("null") => Some(at + 4),
            _ => self.number(at, place),
        }
    }

    /// A string that begins at `from` and has its first backslash at `at`; with the position behind it.
    fn escaped(&self, from: usize, mut at: usize) -> Option<(String, usize)> {
        let mut plain = String::with_capacity(2 * (at - from) + 32);
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
            self.put(place, || FieldValue::Integer(number))?;
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
        self.put(place, || FieldValue::Float(number))?;
        Some(at)
    }

    /// The number that one digit or more make, right up to [`DIGITS_SURE`], and the position behind them.
    fn digits(&self, from: usize) -> Option<(i64, usize)> {
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
    const ONES: u64 = u64::MAX / 255;
    // The usual trick to find a zero byte in a word: right up to the first one, which is all that is asked.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let mut length = 0;
    let mut rest = bytes;
    while let Some((chunk, after)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let quotes = zero(word ^ (ONES * u64::from(b'"')));
        let backslashes = zero(word ^ (ONES * u64::from(b'\\')));
        let controls = word.wrapping_sub(ONES * 0x20) & !word;
        let found = (quotes | backslashes | controls) & (ONES * 0x80);
        if found != 0 {
            length += found.trailing_zeros() as usize / 8;
            return ends_plainly(bytes, length);
        }
        length += 8;
        rest = after;
    }
    length += rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
    ends_plainly(bytes, length)
}

fn ends_plainly(bytes: &[u8], length: usize) -> Option<usize> {
    matches!(bytes.get(length), Some(b'"' | b'\\')).then_some(length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::flatten;

    /// What the library says, without the short way.
    fn library(text: &str) -> Option<Vec<Field<'_>>> {
        flatten::read(text, false).ok().map(|flat| flat.fields)
    }

    fn assert_agrees(text: &str) -> bool {
        let found = fields(text);
        if let Some(found) = &found {
            let expected = library(text).unwrap_or_else(|| panic!("only the short way reads {text}"));
            // By their text: it tells -0.0 from 0.0.
            assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{text}");
        }
        found.is_some()
    }

    #[test]
    fn what_it_reads_and_what_it_leaves() {
        let cases = [
            (r#"{}"#, true),
            (r#" { "a" : 1 , "b":[ ], "c":{ } } "#, true),
            (r#"{"a":"x","b":{"c":[1,-2,{"d":"e"},[3]],"f":null},"g":true,"h":false}"#, true),
            (r#"{"a":"q\"b\\s\/n\nt\tr\rb\bf\fu\u00e4\u20ac"}"#, true),
            (r#"{"b\u0061\"":1}"#, false),
            (r#"{"a":"ä€😀 and more than eight bytes","ä":"😀"}"#, true),
            (r#"{"a":1.5,"b":-0.25,"c":1e3,"d":1E-7,"e":0,"f":0.1,"g":1772272800.123456}"#, true),
            (r#"{"a":123456789012345678,"b":-123456789012345678}"#, true),
            (r#"{"a":1,"a":2}"#, true),
            (r#"{"a":1234567890123456789,"b":-9223372036854775808,"c":9223372036854775807}"#, true),
            (r#"{"a":9223372036854775808}"#, false),
            (r#"{"a":-9223372036854775809}"#, false),
            (r#"{"a":"\ud83d\ude00"}"#, false),
            (r#"{"a":"\ud83d"}"#, false),
            (r#"{"a":-0}"#, false),
            (r#"{"a":01}"#, false),
            (r#"{"a":1.}"#, false),
            (r#"{"a":.5}"#, false),
            (r#"{"a":+1}"#, false),
            (r#"{"a":1e999}"#, false),
            (r#"{"a":1,}"#, false),
            (r#"{"a":[1,]}"#, false),
            (r#"{"a" 1}"#, false),
            (r#"{"a":tru}"#, false),
            (r#"{"a":1} x"#, false),
            (r#"{"a":"x"#, false),
            ("{\"a\":\"tab\there\"}", false),
            ("{\"a\":\"eight bytes and a\nline end\"}", false),
            (r#"{"a":"\x"}"#, false),
            (r#"["a"]"#, false),
            ("", false),
        ];
        for (text, is_read) in cases {
            assert_eq!(assert_agrees(text), is_read, "{text}");
        }
        let nested = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
        assert!(assert_agrees(&nested(FIELD_DEPTH_MAX)));
        assert!(!assert_agrees(&nested(FIELD_DEPTH_MAX + 1)));
        let many = |count: usize| format!("{{\"a\":[{}1]}}", "1,".repeat(count - 1));
        assert!(assert_agrees(&many(FIELDS_MAX)));
        assert!(!assert_agrees(&many(FIELDS_MAX + 1)));
        let long = |bytes: usize| format!("{{\"{}\":1}}", "n".repeat(bytes));
        assert!(assert_agrees(&long(NAME_BYTES_MAX)));
        assert!(!assert_agrees(&long(NAME_BYTES_MAX + 1)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn on_pieces_of_json_it_agrees_with_the_library(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "{", "}", "[", "]", ":", ",", "\"", "\"a\":", "\"b\":{\"c\":", "1", "-", "0", ".5", "e9", "12345678",
                    "true", "null", "\\", "\\n", "\\u0041", "\\ud800", " ", "\t", "x", "text of some length", "\u{e4}",
                    "\"s\"", "\u{1}",
                ]),
                0..24,
            ),
        ) {
            assert_agrees(&pieces.concat());
            assert_agrees(&format!("{{\"a\":{}}}", pieces.concat()));
            assert_agrees(&format!("{{\"a\":\"{}\"}}", pieces.concat()));
        }
    }
}
