//! What was observed since the last checkpoint, so that a chunk needs not store every record it touched.
//!
//! A chunk of 8,192 events changes tens of thousands of records. Stored are only its observations, as one row; all changed
//! records are stored together every so many events. After a restart what was observed since then is observed again:
//! the same observations make the same state.

use std::collections::BTreeSet;

use super::codec::{Reader, Writer};
use super::observation::{Observation, flag};
use crate::baseline::Place;

/// Law LIMIT: bytes of observations that wait for being stored. Beyond, the next time everything is stored.
const LOG_BYTES_MAX: usize = 64 << 20;

/// Observations that are not stored yet, and which rows are.
#[derive(Debug)]
pub(crate) struct Log {
    entries: Writer,
    /// Number of the first observation in `entries`.
    start: u64,
    /// Numbers of those that were alerted since the last row.
    alerted: Vec<u64>,
    /// Rows that are stored, by the number of their first observation.
    stored: BTreeSet<u64>,
    /// Number of the observation before which the last checkpoint was made.
    checkpoint: u64,
    /// The next rows have to be a checkpoint.
    is_due: bool,
    is_kept: bool,
}

impl Log {
    pub(crate) fn new(is_kept: bool) -> Self {
        Self {
            entries: Writer::default(),
            start: 0,
            alerted: Vec::new(),
            stored: BTreeSet::new(),
            checkpoint: 0,
            is_due: true,
            is_kept,
        }
    }

    /// The observation `number` was made.
    #[inline]
    pub(crate) fn add(&mut self, number: u64, observation: &Observation, place: Option<&Place>) {
        if !self.is_kept {
            return;
        }
        if self.entries.len() > LOG_BYTES_MAX {
            self.entries = Writer::default();
            self.is_due = true;
        }
        if self.entries.len() == 0 {
            self.start = number;
        }
        observation.write(&mut self.entries, place);
    }

    /// The observation `number` was alerted.
    pub(crate) fn alert(&mut self, number: u64) {
        if self.is_kept {
            self.alerted.push(number);
        }
    }

    /// Something changed that no observation tells.
    pub(crate) fn demand_checkpoint(&mut self) {
        self.is_due = true;
    }

    /// Whether the next rows are a checkpoint, which is `next`.
    pub(crate) fn is_due(&self, next: u64, events: u64) -> bool {
        self.is_due || next.saturating_sub(self.checkpoint) >= events
    }

    /// A checkpoint is made before the observation `next`: `waiting` from `first` on are all that is kept. Gives
    /// the rows that go, and the one that comes.
    pub(crate) fn make_checkpoint<'a>(
        &mut self,
        first: u64,
        next: u64,
        waiting: impl Iterator<Item = &'a Observation>,
    ) -> Vec<(u64, Option<Vec<u8>>)> {
        let stored = std::mem::take(&mut self.stored);
        let mut rows: Vec<_> = stored.into_iter().map(|number| (number, None)).collect();
        self.entries = Writer::default();
        waiting.for_each(|observation| observation.write(&mut self.entries, None));
        self.start = first;
        self.alerted.clear();
        (self.checkpoint, self.is_due) = (next, false);
        rows.extend(self.take_row());
        rows
    }

    /// What was observed since the last row, as a row.
    pub(crate) fn take_row(&mut self) -> Option<(u64, Option<Vec<u8>>)> {
        let entries = std::mem::take(&mut self.entries);
        let alerted = std::mem::take(&mut self.alerted);
        if entries.len() == 0 && alerted.is_empty() {
            return None;
        }
        let mut writer = Writer::default();
        writer.u64(self.start).u32(alerted.len() as u32);
        alerted.iter().for_each(|number| {
            writer.u64(*number);
        });
        let row = writer.raw(&entries.bytes()).take();
        // A row that only has alerts has no first observation: its key is that of none.
        let mut key = self.start;
        while !self.stored.insert(key) {
            key += 1;
        }
        Some((key, Some(row)))
    }

    /// Takes up stored rows in order: observations with their numbers, and how many rows were broken. The last
    /// checkpoint was made before `next`.
    pub(crate) fn restore(&mut self, next: u64, rows: &[(u64, Vec<u8>)]) -> (Vec<Numbered>, u64) {
        let (mut observations, mut alerted, mut broken) = (Vec::new(), BTreeSet::new(), 0);
        (self.checkpoint, self.is_due) = (next, false);
        for (key, bytes) in rows {
            self.stored.insert(*key);
            broken += u64::from(read_row(bytes, &mut observations, &mut alerted).is_none());
        }
        for (number, observation, _) in &mut observations {
            observation.flags |= flag::JUDGED | if alerted.contains(number) { flag::ALERTED } else { 0 };
        }
        observations.sort_by_key(|(number, ..)| *number);
        observations.dedup_by_key(|(number, ..)| *number);
        (observations, broken)
    }
}

/// An observation with its number, and where its source is.
pub(crate) type Numbered = (u64, Observation, Option<Place>);

fn read_row(bytes: &[u8], observations: &mut Vec<Numbered>, alerted: &mut BTreeSet<u64>) -> Option<()> {
    let mut reader = Reader::new(bytes);
    let start = reader.u64()?;
    for _ in 0..reader.u32()? {
        alerted.insert(reader.u64()?);
    }
    let mut number = start;
    while !reader.is_empty() {
        let (observation, place) = Observation::read(&mut reader)?;
        observations.push((number, observation, place));
        number = number.checked_add(1)?;
    }
    Some(())
}
