//! The part of BER (X.690) that LDAP uses: definite lengths, tags of one byte. Nothing here calls itself.

use crate::error::DirectoryError;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// Bytes of a length: what is longer than 4 GiB is nothing that is taken.
const LENGTH_BYTES_MAX: usize = 4;

/// One value after the other out of bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values<'a>(pub(crate) &'a [u8]);

impl<'a> Values<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tag and content of the next value.
    pub(crate) fn next(&mut self) -> Result<(u8, &'a [u8]), DirectoryError> {
        const BROKEN: DirectoryError = DirectoryError::Malformed("a value ends before its length");
        let (&tag, rest) = self.0.split_first().ok_or(BROKEN)?;
        let (&first, rest) = rest.split_first().ok_or(BROKEN)?;
        let (length, rest) = match length_bytes(first)? {
            0 => (usize::from(first), rest),
            count => {
                let (bytes, rest) = rest.split_at_checked(count).ok_or(BROKEN)?;
                (long_length(bytes), rest)
            }
        };
        let (content, rest) = rest.split_at_checked(length).ok_or(BROKEN)?;
        self.0 = rest;
        Ok((tag, content))
    }

    /// Content of the next value, which must have `tag`.
    pub(crate) fn expect(&mut self, tag: u8, what: &'static str) -> Result<&'a [u8], DirectoryError> {
        match self.next()? {
            (found, content) if found == tag => Ok(content),
            _ => Err(DirectoryError::Malformed(what)),
        }
    }
}

/// How many bytes of length follow the first one; none where that is the length itself.
pub(crate) fn length_bytes(first: u8) -> Result<usize, DirectoryError> {
    match usize::from(first) {
        0..0x80 => Ok(0),
        first if (0x81..=0x80 + LENGTH_BYTES_MAX).contains(&first) => Ok(first - 0x80),
        _ => Err(DirectoryError::Malformed("a length is indefinite or longer than four bytes")),
    }
}

/// The length in `bytes`, at most four.
pub(crate) fn long_length(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
}

/// A number that is not negative and has four bytes at most.
pub(crate) fn number(content: &[u8]) -> Result<u32, DirectoryError> {
    let is_sound = matches!(content, [first, ..] if *first < 0x80) && content.len() <= LENGTH_BYTES_MAX;
    if !is_sound {
        return Err(DirectoryError::Malformed("a number is negative or too large"));
    }
    Ok(content.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

/// Appends a value.
pub(crate) fn put(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    match u8::try_from(content.len()) {
        Ok(length @ 0..0x80) => out.push(length),
        _ => {
            let length = (content.len() as u64).to_be_bytes();
            let used = length.iter().skip_while(|byte| **byte == 0);
            out.push(0x80 + used.clone().count() as u8);
            out.extend(used);
        }
    }
    out.extend_from_slice(content);
}

/// Appends a number.
pub(crate) fn put_number(out: &mut Vec<u8>, tag: u8, number: u32) {
    let bytes = u64::from(number).to_be_bytes();
    // One zero byte stays in front of a high bit, or the number would be negative.
    let skipped = (0..7)
        .take_while(|at| bytes.get(*at) == Some(&0) && bytes.get(*at + 1).is_some_and(|next| *next < 0x80))
        .count();
    put(out, tag, bytes.get(skipped..).unwrap_or_default());
}

/// A value that holds what `fill` appends.
pub(crate) fn put_with(out: &mut Vec<u8>, tag: u8, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut content = Vec::new();
    fill(&mut content);
    put(out, tag, &content);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let mut out = Vec::new();
            put(&mut out, OCTETS, &vec![7; length]);
            put_number(&mut out, INTEGER, length as u32);
            let mut values = Values(&out);
            assert_eq!(values.expect(OCTETS, "x").unwrap().len(), length);
            assert_eq!(number(values.expect(INTEGER, "x").unwrap()).unwrap(), length as u32);
            assert!(values.is_empty());
        }
        for broken in
            [&[4][..], &[4, 2, 1], &[4, 0x80], &[4, 0x85, 0, 0, 0, 0, 1, 1], &[4, 0x84, 255, 255, 255, 255]]
        {
            assert!(Values(broken).next().is_err(), "{broken:?}");
        }
        assert!(number(&[0x80]).is_err() && number(&[]).is_err() && number(&[1; 5]).is_err());
    }
}
