//! Which values of a dictionary name indicators.

use std::ops::Range;

use super::index::IndicatorId;
use super::look::Look;

/// What the values of a dictionary name, by value and look, whatever the time.
#[derive(Debug, Default)]
pub(crate) struct NamedValues {
    /// In order.
    entries: Vec<NamedValue>,
    /// For each value its first entry plus one; 0 where it names nothing.
    firsts: Vec<u32>,
    ids: Vec<IndicatorId>,
    /// Where the groups end in `ids`.
    ends: Vec<usize>,
}

/// One value of a dictionary that names indicators.
#[derive(Debug)]
struct NamedValue {
    value: usize,
    look: Look,
    /// Where its indicators begin in [`NamedValues::ids`].
    start: usize,
    /// Its groups in [`NamedValues::ends`].
    groups: Range<usize>,
}

/// The indicators of each part of a value, the most specific of a part first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Groups<'v> {
    start: usize,
    ends: &'v [usize],
    ids: &'v [IndicatorId],
}

impl<'v> Groups<'v> {
    pub(crate) fn iter(self) -> impl Iterator<Item = &'v [IndicatorId]> {
        let starts = std::iter::once(self.start).chain(self.ends.iter().copied());
        starts.zip(self.ends).filter_map(move |(start, end)| self.ids.get(start..*end))
    }
}

impl NamedValues {
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn push<'g>(
        &mut self,
        value: usize,
        look: Look,
        groups: impl Iterator<Item = &'g [IndicatorId]>,
    ) {
        let (start, first) = (self.ids.len(), self.ends.len());
        for group in groups {
            self.ids.extend_from_slice(group);
            self.ends.push(self.ids.len());
        }
        self.entries.push(NamedValue { value, look, start, groups: first..self.ends.len() });
    }

    /// Makes the entries of each of the `values` findable.
    pub(crate) fn close(&mut self, values: usize) {
        if self.is_empty() {
            return;
        }
        self.entries.sort_unstable_by_key(|entry| (entry.value, entry.look as u8));
        self.firsts = vec![0; values];
        for (number, entry) in (1..).zip(&self.entries) {
            if let Some(first) = self.firsts.get_mut(entry.value).filter(|first| **first == 0) {
                *first = number;
            }
        }
    }

    #[inline]
    pub(crate) fn get(&self, value: usize, look: Look) -> Option<Groups<'_>> {
        let first = self.firsts.get(value)?.checked_sub(1)?;
        let same = self.entries.get(first as usize..)?.iter().take_while(|entry| entry.value == value);
        let entry = same.into_iter().find(|entry| entry.look == look)?;
        Some(Groups { start: entry.start, ends: self.ends.get(entry.groups.clone())?, ids: &self.ids })
    }
}
