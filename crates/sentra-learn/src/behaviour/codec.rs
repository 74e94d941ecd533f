//! Little-endian numbers in a row, and back.

/// Writes numbers one after the other.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

/// Reads what a [`Writer`] wrote; `None` past the end.
#[derive(Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

macro_rules! numbers {
    ($($number:ident),+) => {
        impl Writer {
            $(pub(crate) fn $number(&mut self, number: $number) -> &mut Self {
                self.0.extend_from_slice(&number.to_le_bytes());
                self
            })+
        }

        impl Reader<'_> {
            $(pub(crate) fn $number(&mut self) -> Option<$number> {
                let (bytes, rest) = self.0.split_first_chunk()?;
                self.0 = rest;
                Some($number::from_le_bytes(*bytes))
            })+
        }
    };
}

numbers!(u8, u16, u32, u64, f32, f64);

impl Writer {
    /// Bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// A text of at most 65,535 bytes, cut at a character where it is longer.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        let text = text.get(..text.floor_char_boundary(usize::from(u16::MAX))).unwrap_or_default();
        self.u16(text.len() as u16).raw(text.as_bytes())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        self.0
    }

    /// What was written so far.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn raw(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(crate) fn text(&mut self) -> Option<String> {
        let length = self.u16()?;
        Some(String::from_utf8_lossy(self.raw(usize::from(length))?).into_owned())
    }
}
