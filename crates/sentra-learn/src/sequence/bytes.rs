//! Reading and writing of little-endian bytes; reading trusts nothing.

use super::SequenceError;

/// Bytes that are read from front to back.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// An error about the place reached.
    pub(crate) fn problem(&self, problem: &'static str) -> SequenceError {
        SequenceError::Bytes { at: self.at, problem }
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], SequenceError> {
        let end = self.at.checked_add(count).ok_or_else(|| self.problem("length overflows"))?;
        let taken = self.bytes.get(self.at..end).ok_or_else(|| self.problem("ends too early"))?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], SequenceError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, SequenceError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, SequenceError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, SequenceError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, SequenceError> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, SequenceError> {
        self.array().map(i64::from_le_bytes)
    }

    /// A finite number.
    pub(crate) fn f32(&mut self) -> Result<f32, SequenceError> {
        let number = self.array().map(f32::from_le_bytes)?;
        if number.is_finite() { Ok(number) } else { Err(self.problem("number is not finite")) }
    }

    /// A finite number.
    pub(crate) fn f64(&mut self) -> Result<f64, SequenceError> {
        let number = self.array().map(f64::from_le_bytes)?;
        if number.is_finite() { Ok(number) } else { Err(self.problem("number is not finite")) }
    }

    /// A count of things that take at least `bytes_each`, so that no more is reserved than can follow.
    pub(crate) fn count(&mut self, bytes_each: usize, most: usize) -> Result<usize, SequenceError> {
        let count = self.u32()? as usize;
        let left = self.bytes.len().saturating_sub(self.at);
        if count > most {
            return Err(self.problem("count is above its limit"));
        }
        if count.saturating_mul(bytes_each) > left {
            return Err(self.problem("count is above what follows"));
        }
        Ok(count)
    }

    pub(crate) fn text(&mut self, bytes_max: usize) -> Result<&'a str, SequenceError> {
        let length = usize::from(self.u16()?);
        if length > bytes_max {
            return Err(self.problem("text is too long"));
        }
        std::str::from_utf8(self.take(length)?).map_err(|_| self.problem("text is not UTF-8"))
    }

    pub(crate) fn finish(&self) -> Result<(), SequenceError> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(self.problem("more bytes than expected")) }
    }
}

/// Writes a text of at most 65,535 bytes with its length.
pub(crate) fn put_text(bytes: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(text.as_bytes().get(..usize::from(length)).unwrap_or_default());
}

/// Writes a count of things.
pub(crate) fn put_count(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}
