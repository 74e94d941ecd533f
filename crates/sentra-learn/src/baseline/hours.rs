//! How many records were last used in which hour.

use std::collections::VecDeque;

/// The latest hour that is told apart, in hours since 1970; only broken state has later ones.
pub(crate) const HOUR_MAX: u32 = 1 << 21;

/// Counts by hour, from the first hour that has one.
#[derive(Debug, Default)]
pub(crate) struct HourCounts {
    first: u32,
    counts: VecDeque<u32>,
}

impl HourCounts {
    #[inline]
    fn place(&mut self, hour: u32) -> Option<&mut u32> {
        let hour = hour.min(HOUR_MAX);
        if self.counts.is_empty() {
            self.first = hour;
        }
        while hour < self.first {
            self.counts.push_front(0);
            self.first -= 1;
        }
        let index = (hour - self.first) as usize;
        if index >= self.counts.len() {
            self.counts.resize(index + 1, 0);
        }
        self.counts.get_mut(index)
    }

    #[inline]
    pub(crate) fn up(&mut self, hour: u32) {
        if let Some(count) = self.place(hour) {
            *count += 1;
        }
    }

    #[inline]
    pub(crate) fn down(&mut self, hour: u32) {
        if let Some(count) = self.place(hour) {
            *count = count.saturating_sub(1);
        }
        while self.counts.front() == Some(&0) {
            self.counts.pop_front();
            self.first += 1;
        }
    }

    /// The first hour up to which at least `wanted` were last used, if there are that many before `end`.
    pub(crate) fn until(&self, wanted: usize, end: u32) -> Option<u32> {
        let mut count = 0;
        for (hour, records) in (self.first..end).zip(&self.counts) {
            count += *records as usize;
            if count >= wanted {
                return Some(hour);
            }
        }
        None
    }

    pub(crate) fn bytes(&self) -> usize {
        self.counts.capacity() * 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stalest_hours_are_known() {
        let mut hours = HourCounts::default();
        for hour in [100, 90, 100, 95, 200] {
            hours.up(hour);
        }
        assert_eq!(hours.until(1, 300), Some(90));
        assert_eq!(hours.until(3, 300), Some(100));
        assert_eq!(hours.until(3, 100), None);
        hours.down(90);
        assert_eq!(hours.until(1, 300), Some(95));
        assert_eq!(hours.until(5, 300), None);
        hours.up(u32::MAX);
        assert!(hours.bytes() < 1 << 25);
    }
}
