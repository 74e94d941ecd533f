//! A value that was seen with an entity.

use super::table::Record;

const DIRTY: u32 = 1;
const TRUSTED: u32 = 2;
const HOUR_SHIFT: u32 = 8;

/// A relation by its key: 12 bytes, because there are more of these than of anything else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Term {
    low: u32,
    high: u32,
    meta: u32,
}

impl Record for Term {
    #[inline]
    fn key(&self) -> u64 {
        u64::from(self.high) << 32 | u64::from(self.low)
    }
    fn new(key: u64, hour: u32) -> Self {
        Self { low: key as u32, high: (key >> 32) as u32, meta: hour << HOUR_SHIFT }
    }
    #[inline]
    fn hour(&self) -> u32 {
        self.meta >> HOUR_SHIFT
    }
    fn set_hour(&mut self, hour: u32) {
        self.meta = hour << HOUR_SHIFT | self.meta & (DIRTY | TRUSTED);
    }
    fn is_dirty(&self) -> bool {
        self.meta & DIRTY > 0
    }
    fn set_dirty(&mut self, dirty: bool) {
        self.meta = self.meta & !DIRTY | u32::from(dirty);
    }
}

impl Term {
    /// Whether an event that nobody alerted on showed it; before that it is only known to have been there.
    #[inline]
    pub(crate) fn is_trusted(&self) -> bool {
        self.meta & TRUSTED > 0
    }

    pub(crate) fn set_trusted(&mut self, trusted: bool) {
        self.meta = if trusted { self.meta | TRUSTED } else { self.meta & !TRUSTED };
    }
}
