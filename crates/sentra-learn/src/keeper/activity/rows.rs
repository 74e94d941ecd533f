//! Hours as rows that changed, and back.
//!
//! ```text
//! a             clocks and counters           e + slot           an entity with its open hours
//! h + number    an hour held back             n + page           which relations are known
//! t + kind, place   a row of the sample       l + kind, place    one of the latest rows
//! c + kind, number  a case                    r + kind           what the active model learnt at run time
//! ```

use super::{Activity, Held, Mark, Party, Row, Side};
use crate::behaviour::codec::{Reader, Writer};
use crate::keeper::kept::Change;
use crate::keeper::state::{StateRow, numbered};

const CLOCKS: &[u8] = b"a";

impl Held {
    fn write(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.u8(self.party.number() as u8).u8(self.mark.number());
        writer.u64(self.events).u64(self.seen.cast_unsigned());
        self.row.write(&mut writer);
        writer.bytes()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let (party, mark) = (Party::of_number(reader.u8()?)?, Mark::of_number(reader.u8()?)?);
        let (events, seen) = (reader.u64()?, reader.u64()?.cast_signed());
        let row = Row::read(&mut reader)?;
        reader.is_empty().then_some(Self { party, row, mark, events, seen })
    }
}

impl Side {
    fn write(&self, writer: &mut Writer) {
        writer.u64(self.sample.offered()).u64(self.latest.seen());
        writer.u64(self.day.0.cast_unsigned()).u32(self.day.1);
        writer.u32(self.offers.0.cast_unsigned()).u32(self.offers.1);
        let counters = &self.counters;
        for count in [
            counters.judged,
            counters.unusual,
            counters.reported,
            counters.known,
            counters.over_limit,
            counters.shadow_unusual,
            counters.learnt,
            counters.alerted,
            self.cases.labels_seen,
        ] {
            writer.u64(count);
        }
    }

    fn read(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        self.sample.set_offered(reader.u64()?);
        self.latest.set_seen(reader.u64()?);
        self.day = (reader.u64()?.cast_signed(), reader.u32()?);
        self.offers = (reader.u32()?.cast_signed(), reader.u32()?);
        let counters = &mut self.counters;
        for count in [
            &mut counters.judged,
            &mut counters.unusual,
            &mut counters.reported,
            &mut counters.known,
            &mut counters.over_limit,
            &mut counters.shadow_unusual,
            &mut counters.learnt,
            &mut counters.alerted,
            &mut self.cases.labels_seen,
        ] {
            *count = reader.u64()?;
        }
        Some(())
    }
}

fn of_kind(kind: u8, party: Party, number: u64) -> Vec<u8> {
    let mut key = vec![kind, party.number() as u8];
    key.extend_from_slice(&number.to_be_bytes());
    key
}

impl Activity {
    pub(crate) fn take_changes(&mut self) -> Vec<StateRow> {
        let mut rows: Vec<StateRow> = Vec::new();
        let entities = self.entities.take_changes().into_iter();
        rows.extend(entities.map(|(slot, bytes)| (numbered(b'e', slot.into()), bytes)));
        for number in std::mem::take(&mut self.held_changed) {
            let held = number.checked_sub(self.held_first).and_then(|place| self.held.get(place as usize));
            rows.push((numbered(b'h', number), held.map(Held::write)));
        }
        let pages = self.novelty.take_changes().into_iter();
        rows.extend(pages.map(|(page, bytes)| (numbered(b'n', page.into()), Some(bytes))));
        for (party, side) in Party::ALL.into_iter().zip(&mut self.sides) {
            let mut of = |kind: u8, changes: Vec<Change>| {
                let keyed = changes.into_iter().map(|(number, bytes)| (of_kind(kind, party, number), bytes));
                rows.extend(keyed);
            };
            of(b't', side.sample.take_changes());
            of(b'l', side.latest.take_changes());
            of(b'c', side.cases.take_changes());
            if std::mem::take(&mut side.is_recent_changed) {
                let recent = side.recent.as_ref().map(crate::anomaly::RecentMemory::to_bytes);
                rows.push((of_kind(b'r', party, 0), recent));
            }
        }
        let clocks = self.clocks();
        if clocks != self.stored {
            rows.push((CLOCKS.to_vec(), Some(clocks.clone())));
            self.stored = clocks;
        }
        rows
    }

    fn clocks(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.u64(self.watermark.cast_unsigned()).u64(self.quarter.cast_unsigned());
        writer.u64(self.sweeps).u64(self.seen.cast_unsigned()).u64(self.held_first);
        writer.u64(self.first.cast_unsigned()).u64(self.forced.map_or(u64::MAX, |sweep| sweep));
        let (relations, turns) = self.novelty.progress();
        writer.u64(relations).u64(turns).u64(self.entities.evicted);
        let counters = &self.counters;
        for count in [counters.events, counters.skewed, counters.late, counters.refused, counters.not_held] {
            writer.u64(count);
        }
        self.sides.iter().for_each(|side| side.write(&mut writer));
        writer.bytes()
    }

    fn restore_clocks(&mut self, bytes: &[u8]) -> Option<()> {
        let mut reader = Reader::new(bytes);
        (self.watermark, self.quarter) = (reader.u64()?.cast_signed(), reader.u64()?.cast_signed());
        (self.sweeps, self.seen) = (reader.u64()?, reader.u64()?.cast_signed());
        self.held_first = reader.u64()?;
        self.first = reader.u64()?.cast_signed();
        self.forced = Some(reader.u64()?).filter(|sweep| *sweep != u64::MAX);
        self.novelty.restore_progress((reader.u64()?, reader.u64()?));
        self.entities.evicted = reader.u64()?;
        let counters = &mut self.counters;
        for count in [
            &mut counters.events,
            &mut counters.skewed,
            &mut counters.late,
            &mut counters.refused,
            &mut counters.not_held,
        ] {
            *count = reader.u64()?;
        }
        for side in &mut self.sides {
            side.read(&mut reader)?;
        }
        self.stored = bytes.to_vec();
        reader.is_empty().then_some(())
    }

    /// Puts one row back; rows come in the order of their keys. `None` when it cannot be read. What the active model
    /// learnt is put back by [`Self::restore_recent`], once the model is there.
    pub(crate) fn restore(&mut self, key: &[u8], bytes: &[u8]) -> Option<()> {
        let (kind, rest) = key.split_first()?;
        if key == CLOCKS {
            return self.restore_clocks(bytes);
        }
        if let Some(number) = rest.first_chunk::<8>().filter(|_| rest.len() == 8) {
            let number = u64::from_be_bytes(*number);
            return match kind {
                b'e' => self.entities.restore(u32::try_from(number).ok()?, bytes),
                b'n' => self.novelty.restore_page(u32::try_from(number).ok()?, bytes),
                b'h' => self.restore_held(number, bytes),
                _ => None,
            };
        }
        let (party, number) = rest.split_first()?;
        let party = Party::of_number(*party)?;
        let number = u64::from_be_bytes(*number.first_chunk::<8>().filter(|_| number.len() == 8)?);
        let side = self.side_mut(party);
        match kind {
            b't' => side.sample.restore(number, bytes),
            b'l' => side.latest.restore(bytes),
            b'c' => side.cases.restore(number, bytes),
            _ => None,
        }
    }

    fn restore_held(&mut self, number: u64, bytes: &[u8]) -> Option<()> {
        // Numbers follow each other; where one is lost those after it move up.
        let expected = self.held_first + self.held.len() as u64;
        let held = Held::read(bytes).filter(|_| self.held.len() < super::HELD_MAX && number >= expected)?;
        if number != expected {
            self.held_changed.extend([number, expected]);
        }
        self.held_index.insert((held.row.key, expected));
        self.held.push_back(held);
        Some(())
    }

    /// All rows are put back.
    pub(crate) fn settle(&mut self) {
        self.entities.settle();
    }

    /// Puts back what the active model of `party` learnt at run time.
    pub(crate) fn restore_recent(&mut self, party: Party, bytes: &[u8]) -> Option<()> {
        let side = self.side_mut(party);
        side.is_recent_changed = false;
        side.recent.as_mut()?.restore(bytes).ok()
    }

    /// Whether a row is one of [`Self::restore_recent`]'s, and whose.
    pub(crate) fn recent_of(key: &[u8]) -> Option<Party> {
        match key {
            [b'r', party, ..] if key.len() == 10 => Party::of_number(*party),
            _ => None,
        }
    }
}
