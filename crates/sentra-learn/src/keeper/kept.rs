//! Rows that are kept: a sample to train on, the latest to tell drift, and the cases that analysts judge.

use std::collections::{BTreeMap, BTreeSet};

use super::activity::{FEATURES, Mark, Row};
use crate::anomaly::Random;
use crate::behaviour::codec::{Reader, Writer};

/// A key and its value, or none where it is to be removed.
pub(crate) type Change = (u64, Option<Vec<u8>>);

/// A row that is offered to a full sample displaces another with at least this chance (one in so many), so that the
/// sample follows the times.
const DISPLACES_ONE_IN: usize = 4;
/// An entity has at most one in so many rows of a full sample, so that nobody makes himself the norm.
const ENTITY_ONE_IN: usize = 64;

impl Row {
    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.u64(self.key).u32(self.hour.cast_unsigned());
        let present = self.values.iter().enumerate().filter(|(_, value)| **value != 0.0);
        let mask = present.fold(0_u32, |mask, (place, _)| mask | 1 << place);
        writer.u32(mask);
        for value in self.values.iter().filter(|value| **value != 0.0) {
            writer.f32(*value);
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (key, hour, mask) = (reader.u64()?, reader.u32()?.cast_signed(), reader.u32()?);
        let mut values = [0.0; FEATURES];
        for (place, value) in values.iter_mut().enumerate() {
            if mask >> place & 1 == 1 {
                *value = Some(reader.f32()?).filter(|value| !value.is_infinite())?;
            }
        }
        Some(Self { key, hour, values })
    }

    fn bytes(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        self.write(&mut writer);
        writer.bytes()
    }

    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let row = Self::read(&mut reader)?;
        reader.is_empty().then_some(row)
    }
}

/// A bounded sample of what was offered.
#[derive(Debug)]
pub(crate) struct Sample {
    max: usize,
    seed: u64,
    rows: Vec<Row>,
    offered: u64,
    /// How many rows each entity has.
    shares: BTreeMap<u64, u32>,
    changed: BTreeSet<u64>,
}

impl Sample {
    pub(crate) fn new(max: usize, seed: u64) -> Self {
        Self { max, seed, rows: Vec::new(), offered: 0, shares: BTreeMap::new(), changed: BTreeSet::new() }
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(crate) fn offered(&self) -> u64 {
        self.offered
    }

    pub(crate) fn set_offered(&mut self, offered: u64) {
        self.offered = offered;
    }

    /// Different days that the rows come from.
    pub(crate) fn days(&self) -> usize {
        self.rows.iter().map(|row| row.hour.div_euclid(24)).collect::<BTreeSet<_>>().len()
    }

    pub(crate) fn offer(&mut self, row: Row) {
        self.offered += 1;
        let mut random = Random::new(self.seed, self.offered);
        let share = (self.max / ENTITY_ONE_IN).max(8) as u32;
        if self.shares.get(&row.key).is_some_and(|rows| *rows >= share) {
            let own = self.rows.iter().enumerate().filter(|(_, kept)| kept.key == row.key);
            let place = own.map(|(place, _)| place).nth(random.below(share as usize));
            self.put(place.unwrap_or_default(), row);
            return;
        }
        if self.rows.len() < self.max {
            self.put(self.rows.len(), row);
            return;
        }
        let among = usize::try_from(self.offered).unwrap_or(usize::MAX).min(DISPLACES_ONE_IN * self.max);
        let place = random.below(among);
        if place < self.rows.len() {
            self.put(place, row);
        }
    }

    fn put(&mut self, place: usize, row: Row) {
        *self.shares.entry(row.key).or_default() += 1;
        self.changed.insert(place as u64);
        match self.rows.get_mut(place) {
            Some(kept) => {
                let gone = std::mem::replace(kept, row);
                self.forget(gone.key);
            }
            None => self.rows.push(row),
        }
    }

    fn forget(&mut self, key: u64) {
        if let Some(rows) = self.shares.get_mut(&key) {
            *rows -= 1;
            if *rows == 0 {
                self.shares.remove(&key);
            }
        }
    }

    /// Takes rows of an entity out; gives them.
    pub(crate) fn take_out(&mut self, key: u64, is_out: impl Fn(&Row) -> bool) -> Vec<Row> {
        let mut out = Vec::new();
        if !self.shares.contains_key(&key) {
            return out;
        }
        let mut place = 0;
        while let Some(row) = self.rows.get(place) {
            if row.key != key || !is_out(row) {
                place += 1;
                continue;
            }
            self.changed.extend([place as u64, self.rows.len() as u64 - 1]);
            let row = self.rows.swap_remove(place);
            self.forget(row.key);
            out.push(row);
        }
        out
    }

    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().map(|place| (place, self.rows.get(place as usize).map(Row::bytes))).collect()
    }

    /// Puts a row back; they come in the order of their places, and what is missing closes up.
    pub(crate) fn restore(&mut self, place: u64, bytes: &[u8]) -> Option<()> {
        let row = Row::of_bytes(bytes).filter(|_| self.rows.len() < self.max)?;
        if place != self.rows.len() as u64 {
            self.changed.extend([place, self.rows.len() as u64]);
        }
        *self.shares.entry(row.key).or_default() += 1;
        self.rows.push(row);
        Some(())
    }
}

/// The latest rows, whatever was found in them.
#[derive(Debug)]
pub(crate) struct Latest {
    rows: Vec<Row>,
    /// How many ever were there.
    seen: u64,
    changed: BTreeSet<u64>,
}

/// Rows that drift is told from.
const LATEST_ROWS: usize = 1_024;

impl Latest {
    pub(crate) fn new() -> Self {
        Self { rows: Vec::new(), seen: 0, changed: BTreeSet::new() }
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    pub(crate) fn set_seen(&mut self, seen: u64) {
        self.seen = seen;
    }

    pub(crate) fn push(&mut self, row: Row) {
        let place = (self.seen % LATEST_ROWS as u64) as usize;
        self.seen += 1;
        match self.rows.get_mut(place) {
            Some(kept) => *kept = row,
            None => self.rows.push(row),
        }
        self.changed.insert(place as u64);
    }

    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().map(|place| (place, self.rows.get(place as usize).map(Row::bytes))).collect()
    }

    pub(crate) fn restore(&mut self, bytes: &[u8]) -> Option<()> {
        let row = Row::of_bytes(bytes).filter(|_| self.rows.len() < LATEST_ROWS)?;
        self.rows.push(row);
        Some(())
    }
}

/// What a case is about.
pub(crate) trait Content: Sized {
    fn write(&self, writer: &mut Writer);
    fn read(reader: &mut Reader<'_>) -> Option<Self>;
}

impl Content for Row {
    fn write(&self, writer: &mut Writer) {
        Self::write(self, writer);
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Self::read(reader)
    }
}

/// A sequence of codes, the oldest first.
impl Content for Vec<u8> {
    fn write(&self, writer: &mut Writer) {
        writer.u8(self.len() as u8).raw(self);
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let length = reader.u8()?;
        Some(reader.raw(usize::from(length))?.to_vec())
    }
}

/// Something of an entity's that was alerted, and what an analyst says of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Case<T> {
    pub(crate) key: u64,
    /// Event times (µs), both inclusive.
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) mark: Mark,
    pub(crate) content: T,
}

impl<T> Case<T> {
    /// Whether it is about `key` within these times.
    pub(crate) fn is_about(&self, key: u64, (from, to): (i64, i64)) -> bool {
        self.key == key && self.from <= to && self.to >= from
    }
}

/// Law LIMIT: cases of one kind of model. Without a verdict the oldest goes first, then the oldest with the verdict
/// that more have.
const CASES_MAX: usize = 2_048;

/// Cases in the order in which they came.
#[derive(Debug)]
pub(crate) struct Cases<T> {
    cases: BTreeMap<u64, Case<T>>,
    next: u64,
    changed: BTreeSet<u64>,
    /// How often a label came or changed.
    pub(crate) labels_seen: u64,
}

impl<T: Content> Cases<T> {
    pub(crate) fn new() -> Self {
        Self { cases: BTreeMap::new(), next: 0, changed: BTreeSet::new(), labels_seen: 0 }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Case<T>> {
        self.cases.values()
    }

    pub(crate) fn count(&self, mark: Mark) -> usize {
        self.iter().filter(|case| case.mark == mark).count()
    }

    pub(crate) fn add(&mut self, case: Case<T>) {
        if self.cases.len() >= CASES_MAX {
            let more = if self.count(Mark::Attack) > self.count(Mark::Harmless) {
                Mark::Attack
            } else {
                Mark::Harmless
            };
            let oldest =
                |mark| self.cases.iter().find(|(_, case)| case.mark == mark).map(|(number, _)| *number);
            if let Some(number) = oldest(Mark::Alerted).or_else(|| oldest(more)) {
                self.cases.remove(&number);
                self.changed.insert(number);
            }
        }
        self.labels_seen += u64::from(case.mark != Mark::Alerted);
        self.changed.insert(self.next);
        self.cases.insert(self.next, case);
        self.next += 1;
    }

    /// Gives those about `key` within these times a verdict; returns those that had none or another one before.
    pub(crate) fn label(&mut self, key: u64, times: (i64, i64), mark: Mark) -> Vec<Case<T>>
    where
        T: Clone,
    {
        let mut before = Vec::new();
        for (number, case) in &mut self.cases {
            if case.is_about(key, times) && case.mark != mark {
                before.push(case.clone());
                case.mark = mark;
                self.changed.insert(*number);
            }
        }
        self.labels_seen += before.len() as u64;
        before
    }

    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        let changed = std::mem::take(&mut self.changed);
        let row = |case: &Case<T>| {
            let mut writer = Writer::default();
            writer.u64(case.key).u64(case.from.cast_unsigned()).u64(case.to.cast_unsigned());
            writer.u8(case.mark.number());
            case.content.write(&mut writer);
            writer.bytes()
        };
        changed.into_iter().map(|number| (number, self.cases.get(&number).map(row))).collect()
    }

    pub(crate) fn restore(&mut self, number: u64, bytes: &[u8]) -> Option<()> {
        let mut reader = Reader::new(bytes);
        let (key, from, to) = (reader.u64()?, reader.u64()?.cast_signed(), reader.u64()?.cast_signed());
        let mark = Mark::of_number(reader.u8()?)?;
        let content = T::read(&mut reader)?;
        if !reader.is_empty() || self.cases.len() >= CASES_MAX {
            return None;
        }
        self.cases.insert(number, Case { key, from, to, mark, content });
        self.next = self.next.max(number.checked_add(1)?);
        Some(())
    }
}
