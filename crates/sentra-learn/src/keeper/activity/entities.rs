//! The users and hosts of one tenant and their open hours: fixed numbers of both.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::feature::Party;
use super::window::Window;
use crate::behaviour::codec::{Reader, Writer};

/// A time that never was.
pub(super) const NEVER: i64 = i64::MIN;
/// The hour before all others.
const NO_HOUR: i32 = i32::MIN;

/// What is kept of one user or host.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entity {
    pub(super) key: u64,
    pub(super) party: Party,
    /// The latest hour that ended, and how many did.
    pub(super) closed_hour: i32,
    pub(super) hours: u32,
    /// Event time of its last alert.
    pub(super) alerted_at: i64,
    /// Event time of the last finding about it.
    pub(super) reported_at: i64,
    /// How surprising it may be without being reported: it was so before, in training or when last reported.
    pub(super) habit: f32,
    /// The hour before the current one while it waits for latecomers, and the current one.
    pub(super) open: [Option<Box<Window>>; 2],
    is_changed: bool,
}

impl Entity {
    fn new(key: u64, party: Party) -> Self {
        Self {
            key,
            party,
            closed_hour: NO_HOUR,
            hours: 0,
            alerted_at: NEVER,
            reported_at: NEVER,
            habit: 0.0,
            open: [None, None],
            is_changed: false,
        }
    }

    fn is_idle(&self) -> bool {
        self.open.iter().all(Option::is_none)
    }

    fn write(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.u64(self.key).u8(self.party.number() as u8).u32(self.closed_hour.cast_unsigned());
        writer.u32(self.hours).u64(self.alerted_at.cast_unsigned()).u64(self.reported_at.cast_unsigned());
        writer.f32(self.habit);
        for window in &self.open {
            writer.u8(u8::from(window.is_some()));
            if let Some(window) = window {
                window.write(&mut writer);
            }
        }
        writer.bytes()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let mut entity = Self::new(reader.u64()?, Party::of_number(reader.u8()?)?);
        entity.closed_hour = reader.u32()?.cast_signed();
        entity.hours = reader.u32()?;
        entity.alerted_at = reader.u64()?.cast_signed();
        entity.reported_at = reader.u64()?.cast_signed();
        entity.habit = Some(reader.f32()?).filter(|habit| habit.is_finite())?;
        for window in &mut entity.open {
            if reader.u8()? != 0 {
                *window = Some(Box::new(Window::read(&mut reader)?));
            }
        }
        reader.is_empty().then_some(entity)
    }
}

/// All of them.
#[derive(Debug)]
pub(super) struct Entities {
    max: usize,
    windows_max: usize,
    slots: Vec<Option<Entity>>,
    free: BinaryHeap<Reverse<u32>>,
    index: HashMap<u64, u32, FixedState>,
    /// Those without an open hour, the one idle for longest first.
    idle: BTreeSet<(i32, u32)>,
    windows: usize,
    changed: Vec<u32>,
    pub(super) evicted: u64,
}

impl Entities {
    pub(super) fn new(max: usize, windows_max: usize) -> Self {
        Self {
            max,
            windows_max,
            slots: Vec::new(),
            free: BinaryHeap::new(),
            index: HashMap::with_hasher(FixedState::with_seed(1)),
            idle: BTreeSet::new(),
            windows: 0,
            changed: Vec::new(),
            evicted: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    pub(super) fn windows(&self) -> usize {
        self.windows
    }

    pub(super) fn slots(&self) -> u32 {
        self.slots.len() as u32
    }

    pub(super) fn find(&self, key: u64) -> Option<u32> {
        self.index.get(&key).copied()
    }

    #[inline]
    pub(super) fn get(&self, slot: u32) -> Option<&Entity> {
        self.slots.get(slot as usize)?.as_ref()
    }

    /// The entity, to be changed.
    #[inline]
    pub(super) fn change(&mut self, slot: u32) -> Option<&mut Entity> {
        let entity = self.slots.get_mut(slot as usize)?.as_mut()?;
        if !entity.is_changed {
            entity.is_changed = true;
            self.changed.push(slot);
        }
        Some(entity)
    }

    /// The slot of `key`; a new one takes the place of the one idle for longest when there is no room, and none when
    /// nobody is idle.
    pub(super) fn find_or_take_in(&mut self, key: u64, party: Party) -> Option<u32> {
        if let Some(slot) = self.find(key) {
            return Some(slot);
        }
        if self.index.len() >= self.max {
            let (_, slot) = self.idle.pop_first()?;
            let gone = self.slots.get_mut(slot as usize)?.take()?;
            self.index.remove(&gone.key);
            self.free.push(Reverse(slot));
            self.evicted += 1;
        }
        let slot = match self.free.pop() {
            Some(Reverse(slot)) => slot,
            None => {
                self.slots.push(None);
                self.slots.len() as u32 - 1
            }
        };
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = Some(Entity { is_changed: true, ..Entity::new(key, party) });
        }
        self.changed.push(slot);
        self.index.insert(key, slot);
        self.idle.insert((NO_HOUR, slot));
        Some(slot)
    }

    /// Whether one more hour may be opened.
    pub(super) fn has_room(&self) -> bool {
        self.windows < self.windows_max
    }

    /// Opens an hour as the current one; the one that was current waits for latecomers.
    pub(super) fn open(&mut self, slot: u32, window: Window) {
        let Some(entity) = self.change(slot) else { return };
        let was_idle = entity.is_idle().then_some((entity.closed_hour, slot));
        let [before, current] = &mut entity.open;
        *before = current.replace(Box::new(window));
        if let Some(idle) = was_idle {
            self.idle.remove(&idle);
        }
        self.windows += 1;
    }

    /// Ends an hour: 0 the one before, 1 the current one.
    pub(super) fn close(&mut self, slot: u32, which: usize) -> Option<Box<Window>> {
        let entity = self.change(slot)?;
        let window = entity.open.get_mut(which)?.take()?;
        entity.closed_hour = entity.closed_hour.max(window.hour);
        entity.hours = entity.hours.saturating_add(1);
        let idle = entity.is_idle().then_some((entity.closed_hour, slot));
        self.idle.extend(idle);
        self.windows -= 1;
        Some(window)
    }

    /// The entities that changed since the last call, with their slots.
    pub(super) fn take_changes(&mut self) -> Vec<(u32, Option<Vec<u8>>)> {
        let mut slots = std::mem::take(&mut self.changed);
        slots.sort_unstable();
        slots.dedup();
        let mut changes = Vec::with_capacity(slots.len());
        for slot in slots {
            let entity = self.slots.get_mut(slot as usize).and_then(Option::as_mut);
            changes.push((
                slot,
                entity.map(|entity| {
                    entity.is_changed = false;
                    entity.write()
                }),
            ));
        }
        changes
    }

    /// Puts one back where it was; `None` when it cannot be read or does not fit.
    pub(super) fn restore(&mut self, slot: u32, bytes: &[u8]) -> Option<()> {
        let entity = Entity::read(bytes)?;
        let place = slot as usize;
        if place >= self.max || self.index.contains_key(&entity.key) || self.get(slot).is_some() {
            return None;
        }
        if self.slots.len() <= place {
            self.slots.resize(place + 1, None);
        }
        self.index.insert(entity.key, slot);
        self.windows += entity.open.iter().flatten().count();
        if entity.is_idle() {
            self.idle.insert((entity.closed_hour, slot));
        }
        *self.slots.get_mut(place)? = Some(entity);
        Some(())
    }

    /// All are put back: what is left between them is free.
    pub(super) fn settle(&mut self) {
        let free = (0..).zip(&self.slots).filter(|(_, entity)| entity.is_none());
        self.free = free.map(|(slot, _)| Reverse(slot)).collect();
    }
}
