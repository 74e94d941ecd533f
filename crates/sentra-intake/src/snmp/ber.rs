//! The part of BER that SNMP uses (RFC 3417 section 8): definite lengths, one-byte tags.
//!
//! Own code, because what is needed is small and bounded, and because a digest is taken over the message with one
//! part zeroed: a reader has to know where in the datagram an element lies. Nothing here recurses; depth is
//! what the callers open, which is fixed by the message formats.

use std::fmt::Write as _;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OBJECT_ID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;

/// Law LIMIT: more parts than SMIv2 allows an object identifier to have (RFC 2578 section 3.5).
const OBJECT_ID_PARTS_MAX: usize = 128;
/// Law LIMIT: bytes of a length; four are enough for any datagram.
const LENGTH_BYTES_MAX: usize = 4;

/// What was wrong with the encoding, and at which byte of the datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BerProblem {
    /// An element ends after the element it stands in.
    #[error("an element at byte {at} is cut off")]
    Truncated {
        /// Where the element begins.
        at: usize,
    },
    /// Another element was expected.
    #[error("expected an element of tag {expected:#04x} at byte {at}, found {found:#04x}")]
    Tag {
        /// Where the element begins.
        at: usize,
        /// The tag that belongs here.
        expected: u8,
        /// The tag that is there.
        found: u8,
    },
    /// The length is indefinite or absurd.
    #[error("the length at byte {at} is not a definite one of at most {LENGTH_BYTES_MAX} bytes")]
    Length {
        /// Where the element begins.
        at: usize,
    },
    /// The number has no bytes or too many.
    #[error("the number at byte {at} does not fit 64 bits")]
    Number {
        /// Where the element begins.
        at: usize,
    },
    /// The number is outside what the protocol allows here.
    #[error("the number at byte {at} is out of range")]
    Range {
        /// Where the element begins.
        at: usize,
    },
    /// The object identifier ends in the middle of a part, is too long, or has a part above 32 bits.
    #[error("the object identifier at byte {at} is malformed")]
    ObjectId {
        /// Where the element begins.
        at: usize,
    },
    /// Bytes follow where the element should have ended.
    #[error("unexpected bytes follow at byte {at}")]
    Trailing {
        /// Where the extra bytes begin.
        at: usize,
    },
}

/// One element of a datagram.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    /// Where the element begins in the datagram.
    pub(crate) at: usize,
    /// Where its content begins in the datagram.
    pub(crate) content_at: usize,
    pub(crate) content: &'a [u8],
    /// Tag, length and content.
    pub(crate) whole: &'a [u8],
}

impl<'a> Element<'a> {
    pub(crate) fn reader(&self) -> Reader<'a> {
        Reader { rest: self.content, at: self.content_at }
    }

    /// The content as a signed number.
    pub(crate) fn integer(&self) -> Result<i64, BerProblem> {
        let bytes = self.content;
        let first = *bytes.first().ok_or(BerProblem::Number { at: self.at })?;
        let significant = significant(bytes, if first & 0x80 == 0 { 0x00 } else { 0xff });
        if significant.len() > 8 {
            return Err(BerProblem::Number { at: self.at });
        }
        let start = if first & 0x80 == 0 { 0 } else { -1 };
        let number = significant.iter().fold(start, |number: i64, byte| number << 8 | i64::from(*byte));
        // Without its leading zeros the number may have reached the sign.
        if (number < 0) == (start < 0) { Ok(number) } else { Err(BerProblem::Number { at: self.at }) }
    }

    /// The content as an unsigned number: counters, gauges and ticks, which some senders write without the zero
    /// byte in front that would make them positive.
    pub(crate) fn unsigned(&self) -> Result<u64, BerProblem> {
        let significant = significant(self.content, 0x00);
        if self.content.is_empty() || significant.len() > 8 {
            return Err(BerProblem::Number { at: self.at });
        }
        Ok(significant.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// The content as an object identifier in dotted decimal.
    pub(crate) fn object_id(&self) -> Result<String, BerProblem> {
        let problem = BerProblem::ObjectId { at: self.at };
        let mut parts = 0_usize;
        let mut part = 0_u64;
        let mut is_open = false;
        let mut text = String::with_capacity(self.content.len() * 3);
        for byte in self.content {
            part = part << 7 | u64::from(byte & 0x7f);
            is_open = byte & 0x80 != 0;
            // The first part on the wire is 40 times the root plus the second, so a little above 32 bits.
            if part > u64::from(u32::MAX) + 80 || parts > OBJECT_ID_PARTS_MAX {
                return Err(problem);
            }
            if is_open {
                continue;
            }
            let written = if parts == 0 {
                let root = (part / 40).min(2);
                parts = 2;
                write!(text, "{root}.{}", part - root * 40)
            } else {
                parts += 1;
                write!(text, ".{part}")
            };
            if written.is_err() {
                return Err(problem);
            }
            part = 0;
        }
        if is_open || parts > OBJECT_ID_PARTS_MAX {
            return Err(problem);
        }
        // An empty one is how some senders write zeroDotZero.
        Ok(if parts == 0 { "0.0".to_owned() } else { text })
    }
}

/// The bytes without the leading ones that are only sign.
fn significant(bytes: &[u8], filler: u8) -> &[u8] {
    let leading = bytes.iter().take_while(|byte| **byte == filler).count();
    bytes.get(leading..).unwrap_or_default()
}

/// Reads the elements of one content in order.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(datagram: &'a [u8]) -> Self {
        Self { rest: datagram, at: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next element, whatever it is.
    pub(crate) fn any(&mut self) -> Result<Element<'a>, BerProblem> {
        let at = self.at;
        let truncated = BerProblem::Truncated { at };
        let (&tag, after_tag) = self.rest.split_first().ok_or(truncated)?;
        let (&first, after_first) = after_tag.split_first().ok_or(truncated)?;
        let length_bytes = usize::from(first & 0x7f);
        let (length, body) = if first & 0x80 == 0 {
            (length_bytes, after_first)
        } else {
            if length_bytes == 0 || length_bytes > LENGTH_BYTES_MAX {
                return Err(BerProblem::Length { at });
            }
            let (length, body) = after_first.split_at_checked(length_bytes).ok_or(truncated)?;
            (length.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte)), body)
        };
        let (content, rest) = body.split_at_checked(length).ok_or(truncated)?;
        let whole_bytes = self.rest.len() - rest.len();
        let whole = self.rest.get(..whole_bytes).ok_or(truncated)?;
        let content_at = at + whole_bytes - content.len();
        self.rest = rest;
        self.at = at + whole_bytes;
        Ok(Element { tag, at, content_at, content, whole })
    }

    /// The next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<Element<'a>, BerProblem> {
        let element = self.any()?;
        if element.tag == tag {
            return Ok(element);
        }
        Err(BerProblem::Tag { at: element.at, expected: tag, found: element.tag })
    }

    /// The next element as a signed number.
    pub(crate) fn integer(&mut self) -> Result<i64, BerProblem> {
        self.expect(INTEGER)?.integer()
    }

    /// The next element as a number between 0 and 2^31-1, as USM's boots and times are.
    pub(crate) fn natural(&mut self) -> Result<u32, BerProblem> {
        let element = self.expect(INTEGER)?;
        let number = i32::try_from(element.integer()?).ok().and_then(|number| u32::try_from(number).ok());
        number.ok_or(BerProblem::Range { at: element.at })
    }

    /// The next element as bytes.
    pub(crate) fn octets(&mut self) -> Result<&'a [u8], BerProblem> {
        Ok(self.expect(OCTETS)?.content)
    }

    /// Nothing may follow.
    pub(crate) fn end(&self) -> Result<(), BerProblem> {
        if self.rest.is_empty() { Ok(()) } else { Err(BerProblem::Trailing { at: self.at }) }
    }
}

/// An element of `tag` around `parts`.
pub(crate) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut bytes = Vec::with_capacity(length + 6);
    bytes.push(tag);
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => bytes.push(short),
        _ => {
            let digits = length.to_be_bytes();
            let digits = significant(&digits, 0);
            bytes.push(0x80 | u8::try_from(digits.len()).unwrap_or_default());
            bytes.extend_from_slice(digits);
        }
    }
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// A signed number.
pub(crate) fn integer(number: i64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let filler = if number < 0 { 0xff } else { 0x00 };
    let mut digits = significant(&bytes, filler).to_vec();
    let sign_is_clear = digits.first().is_some_and(|first| (first & 0x80 != 0) == (number < 0));
    if !sign_is_clear {
        digits.insert(0, filler);
    }
    element(INTEGER, &[&digits])
}

/// An unsigned number of an application tag: counters, ticks.
pub(crate) fn unsigned(tag: u8, number: u32) -> Vec<u8> {
    let mut bytes = integer(i64::from(number));
    if let Some(first) = bytes.first_mut() {
        *first = tag;
    }
    bytes
}

/// Bytes.
pub(crate) fn octets(bytes: &[u8]) -> Vec<u8> {
    element(OCTETS, &[bytes])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Element<'_> {
        Reader::new(bytes).any().unwrap()
    }

    #[test]
    fn numbers_survive_their_encoding() {
        let numbers = [0, 1, 127, 128, 255, 256, 32_767, 32_768, -1, -128, -129, i64::MAX, i64::MIN];
        for number in numbers {
            assert_eq!(read(&integer(number)).integer(), Ok(number));
        }
        assert_eq!(integer(128), [2, 2, 0, 128]);
        assert_eq!(integer(-128), [2, 1, 0x80]);
        for number in [0, 1, 255, u32::MAX] {
            assert_eq!(read(&unsigned(0x41, number)).unsigned(), Ok(u64::from(number)));
        }
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        let problem = Err(BerProblem::Number { at: 0 });
        assert_eq!(read(&[2, 0]).integer(), problem);
        assert_eq!(read(&[2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0]).integer(), problem);
        // 2^63 does not fit, with or without the zero in front.
        assert_eq!(read(&[2, 9, 0, 0x80, 0, 0, 0, 0, 0, 0, 0]).integer(), problem);
        assert_eq!(read(&[0x46, 0]).unsigned(), Err(BerProblem::Number { at: 0 }));
        assert_eq!(read(&[0x46, 9, 0, 255, 255, 255, 255, 255, 255, 255, 255]).unsigned(), Ok(u64::MAX));
        assert_eq!(Reader::new(&[2, 1, 0xff]).natural(), Err(BerProblem::Range { at: 0 }));
        assert_eq!(Reader::new(&[2, 5, 0, 0x80, 0, 0, 0]).natural(), Err(BerProblem::Range { at: 0 }));
    }

    #[test]
    fn object_ids_are_written_in_dots() {
        let cases: [(&[u8], Result<&str, ()>); 9] = [
            (&[6, 5, 0x2b, 6, 1, 4, 1], Ok("1.3.6.1.4.1")),
            (&[6, 4, 0x2b, 6, 0x87, 0x67], Ok("1.3.6.999")),
            (&[6, 0], Ok("0.0")),
            (&[6, 1, 0], Ok("0.0")),
            (&[6, 2, 0x88, 0x37], Ok("2.999")),
            (&[6, 6, 0x2b, 0x8f, 0xff, 0xff, 0xff, 0x7f], Ok("1.3.4294967295")),
            (&[6, 6, 0x2b, 0x90, 0xff, 0xff, 0xff, 0x7f], Err(())),
            (&[6, 2, 0x2b, 0x86], Err(())),
            (&[6, 11, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255], Err(())),
        ];
        for (bytes, expected) in cases {
            assert_eq!(read(bytes).object_id().map_err(|_| ()), expected.map(str::to_owned), "{bytes:?}");
        }
        let many = element(OBJECT_ID, &[&[1; OBJECT_ID_PARTS_MAX]]);
        assert_eq!(read(&many).object_id(), Err(BerProblem::ObjectId { at: 0 }));
        let most = element(OBJECT_ID, &[&[1; OBJECT_ID_PARTS_MAX - 1]]);
        assert_eq!(read(&most).object_id().unwrap().split('.').count(), OBJECT_ID_PARTS_MAX);
    }

    #[test]
    fn lengths_are_believed_only_as_far_as_there_are_bytes() {
        let cases: [(&[u8], BerProblem); 6] = [
            (&[], BerProblem::Truncated { at: 0 }),
            (&[4], BerProblem::Truncated { at: 0 }),
            (&[4, 2, 0], BerProblem::Truncated { at: 0 }),
            (&[4, 0x80, 0, 0], BerProblem::Length { at: 0 }),
            (&[4, 0x85, 0, 0, 0, 0, 1, 9], BerProblem::Length { at: 0 }),
            (&[4, 0x84, 255, 255, 255, 255, 9], BerProblem::Truncated { at: 0 }),
        ];
        for (bytes, expected) in cases {
            assert_eq!(Reader::new(bytes).any().unwrap_err(), expected, "{bytes:?}");
        }
        assert_eq!(read(&[4, 0x82, 0, 1, 9]).content, [9]);
    }

    #[test]
    fn places_count_from_the_beginning_of_the_datagram() {
        let inner = octets(&[7; 200]);
        let outer = element(SEQUENCE, &[&integer(3), &inner]);
        let sequence = read(&outer);
        let mut reader = sequence.reader();
        assert_eq!(reader.integer(), Ok(3));
        let found = reader.any().unwrap();
        assert_eq!(outer[found.at..][..found.whole.len()], inner);
        assert_eq!(outer[found.content_at..], [7; 200]);
        assert_eq!(reader.end(), Ok(()));
        assert!(reader.is_empty());
    }
}
