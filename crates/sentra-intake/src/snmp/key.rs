use std::fmt;

use zeroize::Zeroizing;

/// The longest that a key becomes while it is lengthened: one digest short of enough, and another digest.
const LENGTHENED_BYTES_MAX: usize = 128;

/// Key material: wiped when dropped, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key(Zeroizing<Vec<u8>>);

impl Key {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        // Room for the longest that a key is lengthened to, so that growing it leaves no copy behind.
        let mut own = Vec::with_capacity(LENGTHENED_BYTES_MAX);
        own.extend_from_slice(bytes);
        Self(Zeroizing::new(own))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn lengthen(&mut self, more: &Self) {
        self.0.extend_from_slice(more.bytes());
    }

    pub(crate) fn truncate(&mut self, bytes: usize) {
        self.0.truncate(bytes);
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key(hidden)")
    }
}
