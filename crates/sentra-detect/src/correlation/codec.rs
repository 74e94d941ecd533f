//! Numbers and texts as few bytes, for state that there is a million times.

/// Appends a number: seven bits a byte, the low ones first.
pub(crate) fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Appends a number that is small in either direction.
pub(crate) fn put_signed(bytes: &mut Vec<u8>, number: i64) {
    put_number(bytes, (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned());
}

/// Appends a text with its length before it.
pub(crate) fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_number(bytes, text.len() as u64);
    bytes.extend_from_slice(text.as_bytes());
}

/// Reads what was put; `None` where the bytes end or are not that.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(crate) fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        std::str::from_utf8(self.bytes(length)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_read() {
        let mut bytes = Vec::new();
        for number in [0, 1, 127, 128, 300, u64::MAX] {
            put_number(&mut bytes, number);
        }
        for number in [0, -1, 1, i64::MIN, i64::MAX] {
            put_signed(&mut bytes, number);
        }
        put_text(&mut bytes, "é");
        let mut reader = Reader(&bytes);
        assert_eq!([0; 6].map(|_| reader.number().unwrap()), [0, 1, 127, 128, 300, u64::MAX]);
        assert_eq!([0; 5].map(|_| reader.signed().unwrap()), [0, -1, 1, i64::MIN, i64::MAX]);
        assert_eq!((reader.text(), reader.is_empty()), (Some("é"), true));
        assert_eq!(reader.number(), None);
        assert_eq!(Reader(&[0xff; 20]).number(), None);
        assert_eq!(Reader(&[9, b'a']).text(), None);
    }
}
