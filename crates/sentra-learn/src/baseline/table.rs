//! Records under keys in bounded memory: one flat array in pages, one index, the stalest make room.

use super::hash::NONE;
use super::hours::{HOUR_MAX, HourCounts};
use super::index::Index;

/// Records of one page. Pages are never moved, so growing copies nothing.
const PAGE_RECORDS: usize = 16_384;
/// Part of the limit that is freed at once, so that one pass over the table serves many newcomers.
const FREED_PART: usize = 64;

/// What a [`Table`] keeps.
pub(crate) trait Record: Copy + Default {
    /// The key; [`NONE`] for a free place.
    fn key(&self) -> u64;
    /// A fresh record.
    fn new(key: u64, hour: u32) -> Self;
    /// When it was last used, hours since 1970.
    fn hour(&self) -> u32;
    fn set_hour(&mut self, hour: u32);
    /// Whether it changed since it was last handed out for storing.
    fn is_dirty(&self) -> bool;
    fn set_dirty(&mut self, dirty: bool);
}

/// [`Record`] for a type that has the fields `key`, `hour` and `dirty`; a fresh one has the values that are named.
macro_rules! record {
    ($record:ty $(, $field:ident: $value:expr)*) => {
        impl $crate::baseline::Record for $record {
            #[inline]
            fn key(&self) -> u64 {
                self.key
            }
            fn new(key: u64, hour: u32) -> Self {
                Self { key, hour, $($field: $value,)* ..Self::default() }
            }
            #[inline]
            fn hour(&self) -> u32 {
                self.hour
            }
            #[inline]
            fn set_hour(&mut self, hour: u32) {
                self.hour = hour;
            }
            #[inline]
            fn is_dirty(&self) -> bool {
                self.dirty
            }
            #[inline]
            fn set_dirty(&mut self, dirty: bool) {
                self.dirty = dirty;
            }
        }
    };
}
pub(crate) use record;

/// What happened to a table's records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TableCounters {
    /// Stale records that made room.
    pub(crate) evicted: u64,
    /// Newcomers for which there was no room, because everything was hot.
    pub(crate) refused: u64,
}

#[derive(Debug)]
pub(crate) struct Table<R> {
    pages: Vec<Vec<R>>,
    free: Vec<u32>,
    index: Index,
    /// How many records were last used in which hour: who is stale must not depend on where a record lies.
    hours: HourCounts,
    dirty: Vec<u64>,
    records_max: usize,
    idle_hours_min: u32,
    persistent: bool,
    pub(crate) counters: TableCounters,
}

impl<R: Record> Table<R> {
    pub(crate) fn new(records_max: usize, idle_hours_min: u32, persistent: bool) -> Self {
        Self {
            pages: Vec::new(),
            free: Vec::new(),
            index: Index::default(),
            hours: HourCounts::default(),
            dirty: Vec::new(),
            records_max: records_max.clamp(1, u32::MAX as usize / 2),
            idle_hours_min,
            persistent,
            counters: TableCounters::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// Bytes that the table holds.
    pub(crate) fn bytes(&self) -> usize {
        self.pages.len() * PAGE_RECORDS * size_of::<R>()
            + self.index.bytes()
            + self.free.capacity() * 4
            + self.dirty.capacity() * 8
            + self.hours.bytes()
    }

    #[inline]
    pub(crate) fn get(&self, slot: u32) -> Option<&R> {
        self.pages.get(slot as usize / PAGE_RECORDS)?.get(slot as usize % PAGE_RECORDS)
    }

    #[inline]
    fn get_mut(&mut self, slot: u32) -> Option<&mut R> {
        self.pages.get_mut(slot as usize / PAGE_RECORDS)?.get_mut(slot as usize % PAGE_RECORDS)
    }

    #[inline]
    pub(crate) fn find(&self, key: u64) -> Option<u32> {
        self.index.find(key, |slot| self.get(slot).is_some_and(|record| record.key() == key))
    }

    /// The slot of `key`, first tried where it was seen to be.
    #[inline]
    pub(crate) fn find_near(&self, hint: u32, key: u64) -> Option<u32> {
        if self.get(hint).is_some_and(|record| record.key() == key) {
            return Some(hint);
        }
        self.find(key)
    }

    /// Reads the index for `key` ahead of use.
    #[inline]
    pub(crate) fn touch(&self, key: u64) -> u64 {
        self.index.touch(key)
    }

    /// Where the record of `key` may lie.
    #[inline]
    pub(crate) fn guess(&self, key: u64) -> u32 {
        self.index.guess(key)
    }

    /// Reads the record at `slot` ahead of use; its key.
    #[inline]
    pub(crate) fn peek(&self, slot: u32) -> u64 {
        self.get(slot).map_or(NONE, Record::key)
    }

    pub(crate) fn by_key(&self, key: u64) -> Option<&R> {
        self.get(self.find(key)?)
    }

    /// Changes the record at `slot`, used in `hour`; it is stored anew.
    #[inline]
    pub(crate) fn change(&mut self, slot: u32, hour: u32) -> Option<&mut R> {
        let record = self.pages.get(slot as usize / PAGE_RECORDS)?.get(slot as usize % PAGE_RECORDS)?;
        let (last, is_dirty, key) = (record.hour(), record.is_dirty(), record.key());
        if hour > last {
            self.hours.down(last);
            self.hours.up(hour);
        }
        if self.persistent && !is_dirty {
            self.dirty.push(key);
        }
        let record = self.get_mut(slot)?;
        record.set_hour(last.max(hour));
        record.set_dirty(true);
        Some(record)
    }

    /// The slot of a new record under `key`; `None` when there is no room, which is counted.
    pub(crate) fn insert(&mut self, key: u64, hour: u32) -> Option<u32> {
        if self.len() >= self.records_max && !self.make_room(hour) {
            self.counters.refused += 1;
            return None;
        }
        let mut record = R::new(key, hour);
        record.set_dirty(true);
        if self.persistent {
            self.dirty.push(key);
        }
        Some(self.place(record))
    }

    /// Takes up a stored record.
    pub(crate) fn restore(&mut self, mut record: R) {
        record.set_dirty(false);
        record.set_hour(record.hour().min(HOUR_MAX));
        if let Some(slot) = self.find(record.key()) {
            self.take_out(slot);
        }
        self.place(record);
    }

    fn place(&mut self, record: R) -> u32 {
        self.hours.up(record.hour());
        let slot = self.free.pop().unwrap_or_else(|| self.fresh_slot());
        if let Some(place) = self.get_mut(slot) {
            *place = record;
        }
        self.index.insert(record.key(), slot);
        slot
    }

    fn fresh_slot(&mut self) -> u32 {
        if self.pages.last().is_none_or(|page| page.len() == PAGE_RECORDS) {
            self.pages.push(Vec::with_capacity(PAGE_RECORDS));
        }
        let before = (self.pages.len() - 1) * PAGE_RECORDS;
        let Some(page) = self.pages.last_mut() else { return u32::MAX };
        page.push(R::default());
        (before + page.len() - 1) as u32
    }

    pub(crate) fn remove(&mut self, key: u64) {
        if let Some(slot) = self.find(key) {
            let was_dirty = self.take_out(slot);
            if self.persistent && !was_dirty {
                self.dirty.push(key);
            }
        }
    }

    fn take_out(&mut self, slot: u32) -> bool {
        let Some(record) = self.get(slot).copied() else { return false };
        self.index.remove(record.key(), slot);
        self.hours.down(record.hour());
        if let Some(place) = self.get_mut(slot) {
            *place = R::default();
        }
        self.free.push(slot);
        record.is_dirty()
    }

    /// Frees the stalest records. Nothing that was used within the idle time goes, and nothing is done for a few.
    fn make_room(&mut self, now: u32) -> bool {
        let wanted = (self.records_max / FREED_PART).max(1);
        let newest = now.saturating_sub(self.idle_hours_min);
        let Some(until) = self.hours.until(wanted, newest) else { return false };
        let slots = (0..).take(self.pages.iter().map(Vec::len).sum());
        let stale: Vec<u64> = slots
            .filter_map(|slot| self.get(slot))
            .filter(|record| record.key() != NONE && record.hour() <= until)
            .map(Record::key)
            .collect();
        self.counters.evicted += stale.len() as u64;
        stale.into_iter().for_each(|key| self.remove(key));
        true
    }

    /// Keys whose records changed since the last call, each once and in order; those that are gone have none.
    pub(crate) fn take_dirty(&mut self) -> Vec<(u64, Option<R>)> {
        let mut keys = std::mem::take(&mut self.dirty);
        keys.sort_unstable();
        keys.dedup();
        keys.into_iter()
            .map(|key| {
                let slot = self.find(key);
                let record = slot.and_then(|slot| self.get_mut(slot));
                (
                    key,
                    record.map(|record| {
                        record.set_dirty(false);
                        *record
                    }),
                )
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, Default)]
    struct Plain {
        key: u64,
        hour: u32,
        dirty: bool,
    }
    record!(Plain);

    #[test]
    fn the_stalest_go_and_the_hot_stay() {
        let mut table = Table::<Plain>::new(1_000, 24, true);
        for key in 1..=1_000 {
            table.insert(key * 7, (key / 10) as u32).unwrap();
        }
        // Everything was used within the last 24 hours of hour 20: nobody goes for the newcomer at hour 20.
        assert!(table.insert(1, 20).is_none());
        assert_eq!(table.counters, TableCounters { evicted: 0, refused: 1 });
        // The first were used again and stay; those of the oldest hours go.
        for key in 1..=5_u64 {
            let slot = table.find(key * 7).unwrap();
            table.change(slot, 130);
        }
        assert!(table.insert(1, 130).is_some());
        assert!(table.counters.evicted >= 15 && table.counters.evicted < 40);
        assert!((1..=5_u64).all(|key| table.find(key * 7).is_some()));
        assert!(table.find(6 * 7).is_none());
        assert!(table.find(900 * 7).is_some());
    }

    #[test]
    fn changes_are_handed_out_once() {
        let mut table = Table::<Plain>::new(100, 1, true);
        table.insert(9, 1);
        table.insert(4, 1);
        let keys = |changes: Vec<(u64, Option<Plain>)>| {
            changes.into_iter().map(|(key, record)| (key, record.is_some())).collect::<Vec<_>>()
        };
        assert_eq!(keys(table.take_dirty()), [(4, true), (9, true)]);
        assert_eq!(keys(table.take_dirty()), []);
        let slot = table.find(4).unwrap();
        table.change(slot, 2);
        table.change(slot, 3);
        table.remove(9);
        assert_eq!(keys(table.take_dirty()), [(4, true), (9, false)]);
        assert_eq!(table.len(), 1);
    }
}
