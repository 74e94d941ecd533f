//! The state as rows that survive a restart: only what changed, in a compact binary form with a version.

use super::codec::{Reader, Writer};
use super::relation::number as relation;
use super::state::{Header, Pause, RARE_FIELDS, State};
use super::{Behaviour, BehaviourError};
use crate::baseline::{Entity, LastPlace, Level, Rare, Record, Table, TableCounters, Term, Watch};

/// Version of the stored form. It goes up when a form changes.
pub(crate) const VERSION: u8 = 1;

/// A stored row: its key, and its value unless the row is to be deleted.
pub type StateRow = (Vec<u8>, Option<Vec<u8>>);

/// First bytes of keys, by what they stand for.
mod prefix {
    pub(super) const HEADER: u8 = b'h';
    pub(super) const ENTITY: u8 = b'e';
    pub(super) const TERM: u8 = b't';
    pub(super) const LEVEL: u8 = b'l';
    pub(super) const RARE: u8 = b'r';
    pub(super) const PLACE: u8 = b'p';
    pub(super) const PAUSE: u8 = b's';
    pub(super) const MOVER: u8 = b'm';
    /// Observations, see `log.rs`.
    pub(super) const LOG: u8 = b'o';
    /// Counts that do not follow from what was observed.
    pub(super) const COUNTS: u8 = b'c';
}

/// A record with a stored form.
trait Stored: Record {
    fn write(&self, to: &mut Writer);
    fn read(key: u64, from: &mut Reader<'_>) -> Option<Self>;
}

fn write_watch(watch: &Watch, to: &mut Writer) {
    to.u32(watch.events).u16(watch.day).u8(watch.days);
}

fn read_watch(from: &mut Reader<'_>) -> Option<Watch> {
    Some(Watch { events: from.u32()?, day: from.u16()?, days: from.u8()? })
}

impl Stored for Entity {
    fn write(&self, to: &mut Writer) {
        to.u32(self.hour);
        write_watch(&self.watch, to);
        to.u32(self.failure).u32(self.quarantine).u32(self.trusted);
        to.u32(self.live_hour).u32(self.live_count).u32(self.learn_hour).u32(self.learn_count);
        to.f32(self.spread).raw(&self.values).u8(self.users).u16(self.period);
        self.hours.iter().for_each(|hours| {
            to.raw(hours);
        });
    }

    fn read(key: u64, from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            key,
            hour: from.u32()?,
            watch: read_watch(from)?,
            failure: from.u32()?,
            quarantine: from.u32()?,
            trusted: from.u32()?,
            live_hour: from.u32()?,
            live_count: from.u32()?,
            learn_hour: from.u32()?,
            learn_count: from.u32()?,
            spread: from.f32()?,
            values: *from.raw(6)?.first_chunk()?,
            users: from.u8()?,
            period: from.u16()?,
            hours: [*from.raw(24)?.first_chunk()?, *from.raw(24)?.first_chunk()?],
            dirty: false,
        })
    }
}

impl Stored for Term {
    fn write(&self, to: &mut Writer) {
        to.u32(self.hour()).u8(u8::from(self.is_trusted()));
    }

    fn read(key: u64, from: &mut Reader<'_>) -> Option<Self> {
        let mut term = Self::new(key, from.u32()?);
        term.set_trusted(from.u8()? == 1);
        Some(term)
    }
}

impl Stored for Level {
    fn write(&self, to: &mut Writer) {
        to.u32(self.hour).u32(self.newest);
        self.parts.iter().for_each(|part| {
            to.f32(*part);
        });
        to.u32(self.window).f32(self.amount).f32(self.mean).f32(self.spread);
        to.f32(self.reference).f32(self.long).u16(self.windows).u16(self.week).u8(self.weeks);
    }

    fn read(key: u64, from: &mut Reader<'_>) -> Option<Self> {
        let (hour, newest) = (from.u32()?, from.u32()?);
        let mut parts = [0.0; crate::baseline::LEVEL_PARTS];
        for part in &mut parts {
            *part = from.f32()?;
        }
        Some(Self {
            key,
            hour,
            newest,
            parts,
            window: from.u32()?,
            amount: from.f32()?,
            mean: from.f32()?,
            spread: from.f32()?,
            reference: from.f32()?,
            long: from.f32()?,
            windows: from.u16()?,
            week: from.u16()?,
            weeks: from.u8()?,
            dirty: false,
        })
    }
}

impl Stored for Rare {
    fn write(&self, to: &mut Writer) {
        to.u32(self.hour).u32(self.count);
    }

    fn read(key: u64, from: &mut Reader<'_>) -> Option<Self> {
        Some(Self { key, hour: from.u32()?, count: from.u32()?, dirty: false })
    }
}

impl Stored for LastPlace {
    fn write(&self, to: &mut Writer) {
        to.u32(self.hour).u64(self.address).f32(self.latitude).f32(self.longitude).u32(self.time);
        to.raw(&self.country);
        if self.accuracy_km > 0 {
            to.u32(self.accuracy_km);
        }
    }

    fn read(key: u64, from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            key,
            hour: from.u32()?,
            address: from.u64()?,
            latitude: from.f32()?,
            longitude: from.f32()?,
            time: from.u32()?,
            country: *from.raw(2)?.first_chunk()?,
            accuracy_km: if from.is_empty() { 0 } else { from.u32()? },
            dirty: false,
        })
    }
}

impl Stored for Pause {
    fn write(&self, to: &mut Writer) {
        to.u32(self.hour).u32(self.until);
    }

    fn read(key: u64, from: &mut Reader<'_>) -> Option<Self> {
        Some(Self { key, hour: from.u32()?, until: from.u32()?, dirty: false })
    }
}

fn row_key(prefix: u8, key: u64) -> Vec<u8> {
    let mut bytes = vec![prefix];
    bytes.extend_from_slice(&key.to_be_bytes());
    bytes
}

fn take<R: Stored>(table: &mut Table<R>, prefix: u8, rows: &mut Vec<StateRow>) {
    rows.extend(table.take_dirty().into_iter().map(|(key, record)| {
        let value = record.map(|record| {
            let mut writer = Writer::default();
            record.write(&mut writer);
            writer.bytes()
        });
        (row_key(prefix, key), value)
    }));
}

fn restore<R: Stored>(table: &mut Table<R>, key: u64, bytes: &[u8]) -> Option<()> {
    let mut reader = Reader::new(bytes);
    let record = R::read(key, &mut reader).filter(|_| reader.is_empty() && key != 0)?;
    table.restore(record);
    Some(())
}

fn write_header(state: &State) -> Vec<u8> {
    let mut writer = Writer::default();
    let Header { relations, rare, counters } = &state.header;
    writer.u8(VERSION).u64(state.config.seed);
    writer.u64(state.queue.first()).u64(state.queue.next()).u32(state.queue.clock);
    relations.iter().for_each(|watch| write_watch(watch, &mut writer));
    for (watch, total) in rare {
        write_watch(watch, &mut writer);
        writer.f64(*total);
    }
    for count in [
        counters.observed,
        counters.learned,
        counters.held_back,
        counters.late,
        counters.broad,
        counters.unjudged,
    ] {
        writer.u64(count);
    }
    for table in state.table_counters() {
        writer.u64(table.evicted).u64(table.refused);
    }
    writer.bytes()
}

fn write_counts(state: &State) -> Vec<u8> {
    let mut writer = Writer::default();
    let pauses = state.pauses.counters;
    writer.u64(state.header.counters.skewed).u64(pauses.evicted).u64(pauses.refused);
    writer.bytes()
}

fn read_counts(state: &mut State, bytes: &[u8]) -> Option<()> {
    let mut reader = Reader::new(bytes);
    state.header.counters.skewed = reader.u64()?;
    state.pauses.counters = TableCounters { evicted: reader.u64()?, refused: reader.u64()? };
    Some(())
}

/// The header: numbers of the first observation that waits, and of the first after the checkpoint. `None` when it is broken
/// or another seed's.
fn read_header(state: &mut State, bytes: &[u8]) -> Option<(u64, u64)> {
    let mut reader = Reader::new(bytes);
    let (_version, seed, first, next) = (reader.u8()?, reader.u64()?, reader.u64()?, reader.u64()?);
    if seed != state.config.seed {
        return None;
    }
    let clock = reader.u32()?;
    let mut header = Header::default();
    for number in 0..relation::COUNT {
        *header.relations.get_mut(number)? = read_watch(&mut reader)?;
    }
    for number in 0..RARE_FIELDS {
        *header.rare.get_mut(number)? = (read_watch(&mut reader)?, reader.f64()?);
    }
    let counters = &mut header.counters;
    for count in [
        &mut counters.observed,
        &mut counters.learned,
        &mut counters.held_back,
        &mut counters.late,
        &mut counters.broad,
        &mut counters.unjudged,
    ] {
        *count = reader.u64()?;
    }
    for table in [
        &mut state.entities.counters,
        &mut state.terms.counters,
        &mut state.levels.counters,
        &mut state.rare.counters,
        &mut state.places.counters,
    ] {
        *table = TableCounters { evicted: reader.u64()?, refused: reader.u64()? };
    }
    state.header = header;
    state.queue.clock = clock;
    Some((first, next))
}

impl Behaviour {
    /// Rows that changed since the last call, to be stored together with the chunk's position; the verdict of what
    /// was observed should have been told before. Mostly that is one row with what was observed; every
    /// [`crate::BaselineConfig::checkpoint_events`] events it is all that changed.
    pub fn take_changes(&mut self) -> Vec<StateRow> {
        let state = &mut self.state;
        let mut rows = Vec::new();
        let (first, next) = (state.queue.first(), state.queue.next());
        let log = if state.log.is_due(next, state.config.checkpoint_events) {
            rows.push((vec![prefix::HEADER], Some(write_header(state))));
            take(&mut state.entities, prefix::ENTITY, &mut rows);
            take(&mut state.terms, prefix::TERM, &mut rows);
            take(&mut state.levels, prefix::LEVEL, &mut rows);
            take(&mut state.rare, prefix::RARE, &mut rows);
            take(&mut state.places, prefix::PLACE, &mut rows);
            state.log.make_checkpoint(first, next, state.queue.iter())
        } else {
            state.log.take_row().into_iter().collect()
        };
        rows.extend(log.into_iter().map(|(key, row)| (row_key(prefix::LOG, key), row)));
        take(&mut state.pauses, prefix::PAUSE, &mut rows);
        let movers = state.movers.take_changes();
        rows.extend(movers.into_iter().map(|(key, row)| (row_key(prefix::MOVER, key), row)));
        rows.push((vec![prefix::COUNTS], Some(write_counts(state))));
        rows
    }

    /// Takes up stored rows, in any order, into baselines that have seen nothing yet, and observes again what came
    /// after the last checkpoint. Returns how many rows were broken and left out: an entity that is left out is
    /// learned anew.
    ///
    /// # Errors
    /// [`BehaviourError::Version`] when a later program wrote them; then nothing was taken up.
    pub fn restore(
        &mut self,
        rows: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>,
    ) -> Result<u64, BehaviourError> {
        let rows: Vec<(Vec<u8>, Vec<u8>)> = rows.into_iter().collect();
        let header = rows.iter().find(|(key, _)| *key == [prefix::HEADER]);
        let version = header.and_then(|(_, value)| value.first()).copied().unwrap_or_default();
        if version > VERSION {
            return Err(BehaviourError::Version(version));
        }
        let numbers = header.and_then(|(_, value)| read_header(&mut self.state, value));
        let Some((first, next)) = numbers else { return Ok(rows.len() as u64) };
        let (mut broken, mut log, mut counts) = (0, Vec::new(), Vec::new());
        for (key, value) in rows {
            let number = key.get(1..).and_then(|key| key.first_chunk()).copied().map(u64::from_be_bytes);
            let done = match (key.first().copied(), number) {
                (Some(prefix::HEADER), _) => Some(()),
                (Some(prefix::COUNTS), _) => {
                    counts = value;
                    Some(())
                }
                (Some(prefix::LOG), Some(number)) => {
                    log.push((number, value));
                    Some(())
                }
                (Some(prefix), Some(number)) => self.restore_record(prefix, number, &value),
                _ => None,
            };
            broken += u64::from(done.is_none());
        }
        log.sort_unstable();
        broken += self.observe_again(first, next, &log);
        broken += u64::from(read_counts(&mut self.state, &counts).is_none());
        self.unjudged = self.state.queue.next();
        Ok(broken)
    }

    fn restore_record(&mut self, prefix: u8, number: u64, value: &[u8]) -> Option<()> {
        let state = &mut self.state;
        match prefix {
            prefix::ENTITY => restore(&mut state.entities, number, value),
            prefix::TERM => restore(&mut state.terms, number, value),
            prefix::LEVEL => restore(&mut state.levels, number, value),
            prefix::RARE => restore(&mut state.rare, number, value),
            prefix::PLACE => restore(&mut state.places, number, value),
            prefix::PAUSE => restore(&mut state.pauses, number, value),
            prefix::MOVER => state.movers.restore(number, value),
            _ => None,
        }
    }

    /// Puts what waited at the checkpoint back, and observes what came after it. The detectors are not asked again: what
    /// they keep is stored with every chunk. Gives how many rows were broken.
    fn observe_again(&mut self, first: u64, next: u64, log: &[(u64, Vec<u8>)]) -> u64 {
        let state = &mut self.state;
        state.queue.begin(first);
        let (observations, broken) = state.log.restore(next, log);
        let mut stated = Vec::new();
        for (number, mut observation, place) in observations {
            if number < first {
                continue;
            }
            if number >= next {
                state.queue.clock = state.queue.clock.max(observation.seen);
                state.learn_due();
                state.observe_row(&mut observation, place.as_ref(), &mut stated);
                stated.clear();
            }
            state.queue.push(observation);
        }
        if broken > 0 {
            // Numbers have a gap now: what is stored from here on must not be mixed with what was.
            state.log.demand_checkpoint();
        }
        broken
    }
}
