//! The columns of a batch that the detector reads, with what was looked up once per distinct value.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, TimestampMicrosecondType, UInt32Type, UInt64Type};
use arrow_array::{Array, DictionaryArray, StringArray};
use sentra_model::{EntityType, EventBatch, column};

use super::EntityChoice;
use super::entities::{Entities, entity_key};
use crate::sequence::{Alphabet, Symbol};

/// Where an event stands: its offset, its batch, its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    partition: u32,
    offset: u64,
    /// Batches of one stretch are ordered by mart, so that several events of one record are, too.
    rank: u32,
    row: u32,
    batch: u32,
}

impl Place {
    pub(super) fn batch(&self) -> usize {
        self.batch as usize
    }

    pub(super) fn row(&self) -> usize {
        self.row as usize
    }
}

/// The columns of one batch.
pub(super) struct Columns<'a> {
    pub(super) batch: &'a EventBatch,
    code: Text<'a>,
    outcome: Text<'a>,
    user: Text<'a>,
    host: Text<'a>,
    times: &'a [i64],
    counts: &'a [u32],
    /// Symbol per code and outcome, looked up at their first row.
    symbols: Vec<Option<Symbol>>,
    users: Vec<Known>,
    hosts: Vec<Known>,
}

/// A dictionary column.
struct Text<'a> {
    array: &'a DictionaryArray<Int32Type>,
    keys: &'a [i32],
    values: &'a StringArray,
}

/// The entity that a value names.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    key: u64,
    /// Where it is kept, plus one; 0 while it was not looked up.
    slot: u32,
}

impl<'a> Text<'a> {
    fn of(batch: &'a EventBatch, name: &str) -> Option<Self> {
        let array = batch.text_column(name)?;
        Some(Self { array, keys: array.keys().values(), values: array.values().as_string_opt()? })
    }

    #[inline]
    fn key(&self, row: usize) -> Option<usize> {
        let key = self.keys.get(row).filter(|_| self.array.is_valid(row))?;
        usize::try_from(*key).ok()
    }

    fn value(&self, key: usize) -> &'a str {
        if key < self.values.len() { self.values.value(key) } else { "" }
    }
}

impl<'a> Columns<'a> {
    pub(super) fn of(batch: &'a EventBatch) -> Option<Self> {
        let record = batch.record();
        let [code, outcome] = [Text::of(batch, "code")?, Text::of(batch, "outcome")?];
        let [user, host] = [Text::of(batch, "user")?, Text::of(batch, "host")?];
        Some(Self {
            batch,
            times: record.column(column::TIME).as_primitive::<TimestampMicrosecondType>().values(),
            counts: record.column(column::COUNT).as_primitive::<UInt32Type>().values(),
            symbols: vec![None; code.values.len() * (outcome.values.len() + 1)],
            users: vec![Known::default(); user.values.len()],
            hosts: vec![Known::default(); host.values.len()],
            code,
            outcome,
            user,
            host,
        })
    }

    /// The symbol of the event in `row`.
    #[inline]
    pub(super) fn symbol(&mut self, row: usize, alphabet: &Alphabet) -> Symbol {
        let Some(code) = self.code.key(row) else { return Symbol::OTHER };
        let outcome = self.outcome.key(row);
        let place = code * (self.outcome.values.len() + 1) + outcome.map_or(0, |outcome| outcome + 1);
        let Some(known) = self.symbols.get_mut(place) else { return Symbol::OTHER };
        *known.get_or_insert_with(|| {
            alphabet
                .symbol_of(self.code.value(code), outcome.map_or("unknown", |key| self.outcome.value(key)))
        })
    }

    /// When the event in `row` was, and how many it stands for.
    #[inline]
    pub(super) fn when(&self, row: usize) -> Option<(i64, u32)> {
        Some((*self.times.get(row)?, (*self.counts.get(row)?).max(1)))
    }

    /// Which entity the event in `row` belongs to.
    pub(super) fn entity(&self, row: usize, choice: EntityChoice) -> Option<(EntityType, &'a str)> {
        let user = || Some((EntityType::User, self.user.value(self.user.key(row)?)));
        let host = || Some((EntityType::Host, self.host.value(self.host.key(row)?)));
        match choice {
            EntityChoice::User => user(),
            EntityChoice::Host => host(),
            EntityChoice::UserOrHost => user().or_else(host),
        }
    }

    /// Where that entity is kept; it is taken in if it is new.
    #[inline]
    pub(super) fn slot(&mut self, row: usize, choice: EntityChoice, entities: &mut Entities) -> Option<u32> {
        let user = if choice == EntityChoice::Host { None } else { self.user.key(row) };
        if let Some(key) = user {
            let name = self.user.value(key);
            return self.users.get_mut(key).map(|known| known.slot(EntityType::User, name, entities));
        }
        let host = if choice == EntityChoice::User { None } else { self.host.key(row) }?;
        let name = self.host.value(host);
        self.hosts.get_mut(host).map(|known| known.slot(EntityType::Host, name, entities))
    }

    /// The rows with a code.
    fn places(&self, rank: u32, batch: u32, places: &mut Vec<Place>) {
        let record = self.batch.record();
        let partitions = record.column(column::PARTITION).as_primitive::<UInt32Type>().values();
        let offsets = record.column(column::OFFSET).as_primitive::<UInt64Type>().values();
        for ((row, partition), offset) in (0_u32..).zip(partitions).zip(offsets) {
            if self.code.array.is_valid(row as usize) {
                places.push(Place { partition: *partition, offset: *offset, rank, row, batch });
            }
        }
    }
}

impl Known {
    #[inline]
    fn slot(&mut self, entity_type: EntityType, name: &str, entities: &mut Entities) -> u32 {
        if self.slot == 0 {
            self.key = entity_key(entity_type, name);
        } else if entities.is_at(self.slot - 1, self.key) {
            return self.slot - 1;
        }
        let slot = entities.find_or_take_in(self.key);
        self.slot = slot + 1;
        slot
    }
}

/// The rows with a code of all batches, in the order of the backbone.
pub(super) fn order(columns: &[Columns<'_>], places: &mut Vec<Place>) {
    places.clear();
    let mut ranked: Vec<(usize, &Columns<'_>)> = columns.iter().enumerate().collect();
    ranked.sort_by_key(|(_, columns)| columns.batch.mart().as_str());
    for ((batch, columns), rank) in ranked.into_iter().zip(0_u32..) {
        columns.places(rank, batch as u32, places);
    }
    if columns.len() > 1 {
        places.sort_unstable();
    }
}
