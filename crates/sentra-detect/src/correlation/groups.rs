//! The groups of one rule and tenant.
//!
//! A million of them must be small: the table has four bytes a group, a slot has 24, and a group with few
//! events is one piece of bytes (see [`super::packed`]). The group's values stand there once, which is what
//! they cost: their text and a byte or two each.

use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::ordered::Ordered;
use super::packed;
use super::run::Runs;

/// The state of one group.
#[derive(Debug)]
pub(crate) enum Cell {
    /// Few events and nothing fired; no bytes: the slot is free.
    Packed(Box<[u8]>),
    Full(Box<Full>),
}

#[derive(Debug)]
pub(crate) struct Full {
    /// The group's values as bytes.
    pub(crate) group: Box<[u8]>,
    pub(crate) state: State,
}

/// Of rules that fire at once, and of those that are decided in order.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) enum State {
    Runs(Runs),
    Ordered(Box<Ordered>),
}

impl Cell {
    /// The group's values as bytes.
    pub(crate) fn group(&self) -> &[u8] {
        match self {
            Self::Packed(bytes) => packed::split(bytes).map(|(group, _)| group).unwrap_or_default(),
            Self::Full(full) => &full.group,
        }
    }

    pub(crate) fn ordered(&self) -> Option<&Ordered> {
        match self {
            Self::Full(full) => match &full.state {
                State::Ordered(ordered) => Some(ordered),
                State::Runs(_) => None,
            },
            Self::Packed(_) => None,
        }
    }

    pub(crate) fn ordered_mut(&mut self) -> Option<&mut Ordered> {
        match self {
            Self::Full(full) => match &mut full.state {
                State::Ordered(ordered) => Some(ordered),
                State::Runs(_) => None,
            },
            Self::Packed(_) => None,
        }
    }
}

#[derive(Debug)]
struct Slot {
    cell: Cell,
    hash: u32,
    /// It changed since changes were taken.
    is_changed: bool,
    /// Changes that were taken include it: if it goes, that must be said.
    is_stored: bool,
}

/// Slots that are made at once: a list that doubles would hold up to twice what it needs.
const CHUNK_SLOTS: usize = 4_096;

/// Groups by their values.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    /// Numbers of slots.
    table: HashTable<u32>,
    chunks: Vec<Vec<Slot>>,
    free: Vec<u32>,
    changed: Vec<u32>,
    removed: Vec<Box<[u8]>>,
    hasher: foldhash::quality::RandomState,
    /// Events that wait or stay in groups that are decided in order.
    pub(crate) entries: usize,
    /// New groups that were refused since room was last looked for.
    pub(crate) refused: usize,
}

/// The table wants the high bits to differ as well.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Groups {
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    fn slot(&self, number: u32) -> Option<&Slot> {
        let number = number as usize;
        self.chunks.get(number / CHUNK_SLOTS)?.get(number % CHUNK_SLOTS)
    }

    fn slot_mut(&mut self, number: u32) -> Option<&mut Slot> {
        let number = number as usize;
        self.chunks.get_mut(number / CHUNK_SLOTS)?.get_mut(number % CHUNK_SLOTS)
    }

    pub(crate) fn cell(&self, number: u32) -> Option<&Cell> {
        self.slot(number).map(|slot| &slot.cell)
    }

    /// The cell, to change it: it counts as changed.
    pub(crate) fn cell_mut(&mut self, number: u32) -> Option<&mut Cell> {
        let index = number as usize;
        let slot = self.chunks.get_mut(index / CHUNK_SLOTS)?.get_mut(index % CHUNK_SLOTS)?;
        if !std::mem::replace(&mut slot.is_changed, true) {
            self.changed.push(number);
        }
        Some(&mut slot.cell)
    }

    /// Notes when the turn of a group comes; that is not stored.
    pub(crate) fn set_due(&mut self, number: u32, due: i64) {
        if let Some(ordered) = self.slot_mut(number).and_then(|slot| slot.cell.ordered_mut()) {
            ordered.due = Some(due);
        }
    }

    pub(crate) fn find(&self, group: &[u8]) -> Option<u32> {
        let hash = self.hasher.hash_one(group) as u32;
        let is_it = |number: &u32| {
            self.slot(*number).is_some_and(|slot| slot.hash == hash && slot.cell.group() == group)
        };
        self.table.find(spread(hash), is_it).copied()
    }

    /// Adds a group that is not there yet.
    pub(crate) fn insert(&mut self, cell: Cell, is_stored: bool) -> u32 {
        let hash = self.hasher.hash_one(cell.group()) as u32;
        let slot = Slot { cell, hash, is_changed: !is_stored, is_stored };
        let number = match self.free.pop() {
            Some(number) => {
                if let Some(place) = self.slot_mut(number) {
                    *place = slot;
                }
                number
            }
            None => self.append(slot),
        };
        if !is_stored {
            self.changed.push(number);
        }
        let chunks = &self.chunks;
        self.table.insert_unique(spread(hash), number, |number| {
            let number = *number as usize;
            let slot = chunks.get(number / CHUNK_SLOTS).and_then(|chunk| chunk.get(number % CHUNK_SLOTS));
            spread(slot.map_or(0, |slot| slot.hash))
        });
        number
    }

    fn append(&mut self, slot: Slot) -> u32 {
        let is_full = |chunk: &Vec<Slot>| chunk.len() >= CHUNK_SLOTS;
        if self.chunks.last().is_none_or(is_full) {
            // The first one grows: most rules have few groups.
            let room = if self.chunks.is_empty() { 0 } else { CHUNK_SLOTS };
            self.chunks.push(Vec::with_capacity(room));
        }
        let full = self.chunks.len().saturating_sub(1) * CHUNK_SLOTS;
        let Some(chunk) = self.chunks.last_mut() else { return 0 };
        chunk.push(slot);
        (full + chunk.len() - 1) as u32
    }

    pub(crate) fn remove(&mut self, number: u32) -> Option<Cell> {
        let slot = self.slot_mut(number)?;
        let hash = slot.hash;
        slot.is_changed = false;
        let was_stored = std::mem::take(&mut slot.is_stored);
        let cell = std::mem::replace(&mut slot.cell, Cell::Packed(Box::default()));
        if let Ok(entry) = self.table.find_entry(spread(hash), |found| *found == number) {
            entry.remove();
        }
        self.free.push(number);
        if was_stored {
            self.removed.push(cell.group().into());
        }
        Some(cell)
    }

    /// Numbers of all groups, in no order that means anything.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> {
        self.table.iter().copied()
    }

    /// The groups that changed since the last call, `None` for those that are gone.
    pub(crate) fn take_changes(&mut self, mut take: impl FnMut(&[u8], Option<&Cell>)) {
        for group in std::mem::take(&mut self.removed) {
            // It may be there again: then it comes once more below.
            if self.find(&group).is_none() {
                take(&group, None);
            }
        }
        for number in std::mem::take(&mut self.changed) {
            let Some(slot) = self.slot_mut(number) else { continue };
            if !std::mem::take(&mut slot.is_changed) {
                continue;
            }
            slot.is_stored = true;
            take(slot.cell.group(), Some(&slot.cell));
        }
    }

    /// The groups of which whoever keeps the changes knows.
    pub(crate) fn stored(self) -> Vec<Box<[u8]>> {
        let slots = self.chunks.into_iter().flatten().filter(|slot| slot.is_stored);
        slots.map(|slot| slot.cell.group().into()).chain(self.removed).collect()
    }
}
