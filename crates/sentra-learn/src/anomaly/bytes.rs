//! How a model is written down: little-endian numbers, every list with its length before it. A reader takes no length
//! on trust: it must fit into the bytes that are left, so hostile bytes cannot ask for more memory than they are long.

use super::error::ModelError;

/// Collects a model's bytes.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.raw(&value.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.raw(&value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.raw(&value.to_le_bytes());
    }

    pub(crate) fn f32(&mut self, value: f32) {
        self.raw(&value.to_le_bytes());
    }

    pub(crate) fn length(&mut self, length: usize) {
        self.u32(u32::try_from(length).unwrap_or(u32::MAX));
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.length(text.len());
        self.raw(text.as_bytes());
    }

    pub(crate) fn numbers(&mut self, values: &[f32]) {
        self.length(values.len());
        for value in values {
            self.f32(*value);
        }
    }
}

/// Reads a model's bytes, and says where they are wrong.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    length: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, length: bytes.len() }
    }

    pub(crate) fn wrong(&self, what: &'static str) -> ModelError {
        ModelError::Bytes { what, at: self.length - self.bytes.len() }
    }

    pub(crate) fn raw(&mut self, length: usize) -> Result<&'a [u8], ModelError> {
        let (taken, left) =
            self.bytes.split_at_checked(length).ok_or_else(|| self.wrong("the end comes too early"))?;
        self.bytes = left;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ModelError> {
        let mut array = [0; N];
        array.copy_from_slice(self.raw(N)?);
        Ok(array)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, ModelError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, ModelError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, ModelError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A finite number.
    pub(crate) fn f32(&mut self) -> Result<f32, ModelError> {
        let value = self.array().map(f32::from_le_bytes)?;
        if value.is_finite() { Ok(value) } else { Err(self.wrong("a number that is none")) }
    }

    /// The length of a list whose items have at least `item_bytes` bytes each: at most `max`, and not more than the
    /// bytes that are left can hold.
    pub(crate) fn length(&mut self, item_bytes: usize, max: usize) -> Result<usize, ModelError> {
        let length = self.u32()? as usize;
        if length > max || length.saturating_mul(item_bytes) > self.bytes.len() {
            return Err(self.wrong("a list that is too long"));
        }
        Ok(length)
    }

    pub(crate) fn text(&mut self, bytes_max: usize) -> Result<String, ModelError> {
        let length = self.length(1, bytes_max)?;
        let text = std::str::from_utf8(self.raw(length)?);
        text.map(str::to_owned).map_err(|_| self.wrong("a text that is not UTF-8"))
    }

    pub(crate) fn numbers(&mut self, max: usize) -> Result<Vec<f32>, ModelError> {
        let length = self.length(4, max)?;
        (0..length).map(|_| self.f32()).collect()
    }

    pub(crate) fn end(&self) -> Result<(), ModelError> {
        if self.bytes.is_empty() { Ok(()) } else { Err(self.wrong("bytes after the end")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_not_taken_on_trust() {
        let mut writer = Writer::default();
        writer.u32(u32::MAX);
        let bytes = writer.finish();
        assert!(Reader::new(&bytes).numbers(usize::MAX).is_err());
        assert!(Reader::new(&bytes).text(usize::MAX).is_err());
    }

    #[test]
    fn what_is_written_is_read() {
        let mut writer = Writer::default();
        writer.u16(7);
        writer.u64(1 << 40);
        writer.text("flag");
        writer.numbers(&[1.5, -2.0]);
        let bytes = writer.finish();
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.u16(), Ok(7));
        assert_eq!(reader.u64(), Ok(1 << 40));
        assert_eq!(reader.text(10).unwrap(), "flag");
        assert_eq!(reader.numbers(2).unwrap(), vec![1.5, -2.0]);
        assert_eq!(reader.end(), Ok(()));
        assert!(matches!(reader.u16(), Err(ModelError::Bytes { .. })));
    }
}
