//! The entities of one tenant: a fixed number, the one not seen for longest goes first.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use sentra_model::EntityType;

use crate::sequence::bytes::Reader;
use crate::sequence::gru::Scratch;
use crate::sequence::{EntityWindow, SequenceError, SequenceModel, Symbol, WINDOW_EVENTS};

/// Most entities that a detector may be allowed to keep: about 120 bytes each, and 32 more for a network of 32 units.
pub const ENTITIES_MAX: usize = 1 << 22;
/// Every event of the window is tainted.
pub(super) const ALL_TAINTED: u16 = (1 << WINDOW_EVENTS) - 1;
/// Of so many entities one is noted as among the stalest at once, so that finding them costs little each.
const STALEST_ONE_IN: usize = 64;
/// Time of the last alert of an entity that had none.
const NEVER: i64 = i64::MIN;

/// The name of an entity as it is kept: 64 bits of its digest, case folded. Nobody can choose a name that is taken for
/// another's.
pub(crate) fn entity_key(entity_type: EntityType, name: &str) -> u64 {
    let domain = [entity_type as u8; 32];
    let is_folded = name.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    let digest = if is_folded {
        blake3::keyed_hash(&domain, name.as_bytes())
    } else {
        blake3::keyed_hash(&domain, name.to_lowercase().as_bytes())
    };
    digest.as_bytes().first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

/// What is kept of one entity.
#[derive(Debug, Clone)]
pub(super) struct Entity {
    key: u64,
    /// When it was last seen, in events of the detector.
    touched: u64,
    /// Event time (µs) of its last alert.
    alerted_at: i64,
    pub(super) window: EntityWindow,
    /// Events it taught in its period.
    taught: u32,
    period: u32,
    /// Which of the window's events are not to be learned, the newest in the lowest bit.
    tainted: u16,
    /// Events taught one after the other since it last gave a sample.
    pub(super) unsampled: u8,
    /// Whether the window was scored by another model.
    pub(super) is_stale: bool,
    is_changed: bool,
}

impl Entity {
    fn new(key: u64) -> Self {
        Self {
            key,
            touched: 0,
            alerted_at: NEVER,
            window: EntityWindow::default(),
            taught: 0,
            period: 0,
            tainted: 0,
            unsampled: 0,
            is_stale: false,
            is_changed: false,
        }
    }

    /// Whether `time` is so near its last alert, before or after, that it is not reported again. An event dated far
    /// into the future silences nothing but its own time.
    pub(super) fn is_paused(&self, time: i64, pause_micros: i64) -> bool {
        self.alerted_at != NEVER && time.abs_diff(self.alerted_at) < pause_micros.unsigned_abs()
    }

    /// Says of the newest event whether it is tainted.
    pub(super) fn taint(&mut self, is_tainted: bool) {
        self.tainted = (self.tainted << 1 | u16::from(is_tainted)) & ALL_TAINTED;
    }

    pub(super) fn alert(&mut self, time: i64) {
        (self.alerted_at, self.tainted, self.unsampled) = (time, ALL_TAINTED, 0);
    }

    pub(super) fn clear(&mut self) {
        (self.alerted_at, self.tainted) = (NEVER, 0);
    }

    /// Whether the window's oldest event may be learned; counts it if so.
    pub(super) fn may_teach(&mut self, period: u64, allowance: u64) -> bool {
        let is_tainted = self.tainted >> (WINDOW_EVENTS - 1) & 1 == 1;
        if self.period != period as u32 {
            (self.period, self.taught) = (period as u32, 0);
        }
        if is_tainted || u64::from(self.taught) >= allowance {
            return false;
        }
        self.taught += 1;
        true
    }

    /// Scores the window anew by `model`.
    pub(super) fn replay(&mut self, model: &SequenceModel, memory: &mut [i8], scratch: &mut Scratch) {
        let mut window = EntityWindow::default();
        memory.fill(0);
        for code in self.window.codes() {
            model.observe(&mut window, memory, Symbol(*code), scratch);
        }
        self.window = window;
        self.is_stale = false;
    }

    fn write(&self, memory: &[i8]) -> Vec<u8> {
        let mut bytes = self.key.to_le_bytes().to_vec();
        bytes.extend_from_slice(&self.touched.to_le_bytes());
        bytes.extend_from_slice(&self.alerted_at.to_le_bytes());
        bytes.extend_from_slice(&self.taught.to_le_bytes());
        bytes.extend_from_slice(&self.period.to_le_bytes());
        bytes.extend_from_slice(&self.tainted.to_le_bytes());
        bytes.extend([self.unsampled, u8::from(self.is_stale)]);
        self.window.write(&mut bytes);
        bytes.extend(memory.iter().map(|unit| unit.cast_unsigned()));
        bytes
    }

    /// Reads an entity whose codes are of an alphabet of `symbols`, and `memory_bytes` of memory.
    pub(super) fn read(
        bytes: &[u8],
        symbols: usize,
        memory_bytes: usize,
    ) -> Result<(Self, Vec<i8>), SequenceError> {
        let mut reader = Reader::new(bytes);
        let mut entity = Self::new(reader.u64()?);
        (entity.touched, entity.alerted_at) = (reader.u64()?, reader.i64()?);
        (entity.taught, entity.period) = (reader.u32()?, reader.u32()?);
        (entity.tainted, entity.unsampled) = (reader.u16()? & ALL_TAINTED, reader.u8()?);
        entity.is_stale = reader.u8()? != 0;
        entity.window = EntityWindow::read(&mut reader, symbols)?;
        entity.unsampled = entity.unsampled.min(entity.window.matured().len() as u8);
        let memory = reader.take(memory_bytes)?.iter().map(|unit| unit.cast_signed()).collect();
        reader.finish()?;
        Ok((entity, memory))
    }
}

/// All entities.
#[derive(Debug, Clone)]
pub(super) struct Entities {
    max: usize,
    slots: Vec<Entity>,
    /// The model's memory of each slot.
    memory: Vec<i8>,
    memory_bytes: usize,
    index: HashMap<u64, u32, FixedState>,
    /// When the entities that were not seen for longest were last seen, and where they are; the stalest is the last.
    /// All others were seen later. Who was seen since it was noted is no longer meant.
    stalest: Vec<(u64, u32)>,
    events: u64,
    evicted: u64,
    changed: Vec<u32>,
}

impl Entities {
    pub(super) fn new(max: usize, memory_bytes: usize) -> Self {
        Self {
            max,
            slots: Vec::new(),
            memory: Vec::new(),
            memory_bytes,
            index: HashMap::with_hasher(FixedState::with_seed(1)),
            stalest: Vec::new(),
            events: 0,
            evicted: 0,
            changed: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn evicted(&self) -> u64 {
        self.evicted
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    pub(super) fn find(&self, key: u64) -> Option<u32> {
        self.index.get(&key).copied()
    }

    /// Whether the entity of `key` is kept at `slot`.
    #[inline]
    pub(super) fn is_at(&self, slot: u32, key: u64) -> bool {
        self.slots.get(slot as usize).is_some_and(|entity| entity.key == key)
    }

    /// The slot of `key`; a new entity takes that of the one not seen for longest when all are taken.
    pub(super) fn find_or_take_in(&mut self, key: u64) -> u32 {
        if let Some(slot) = self.find(key) {
            return slot;
        }
        let slot = if self.slots.len() < self.max {
            self.slots.push(Entity::new(key));
            self.memory.resize(self.slots.len() * self.memory_bytes, 0);
            (self.slots.len() - 1) as u32
        } else {
            self.evict(key)
        };
        self.index.insert(key, slot);
        self.touch(slot);
        slot
    }

    fn evict(&mut self, key: u64) -> u32 {
        let slot = self.stalest();
        self.evicted += 1;
        let memory = self.memory.chunks_exact_mut(self.memory_bytes.max(1)).nth(slot as usize);
        memory.unwrap_or_default().fill(0);
        if let Some(entity) = self.slots.get_mut(slot as usize) {
            self.index.remove(&entity.key);
            // Still noted as changed where it was.
            *entity = Entity { is_changed: entity.is_changed, ..Entity::new(key) };
        }
        slot
    }

    /// The slot of the entity not seen for longest.
    fn stalest(&mut self) -> u32 {
        while let Some((touched, slot)) = self.stalest.pop() {
            if self.slots.get(slot as usize).is_some_and(|entity| entity.touched == touched) {
                return slot;
            }
        }
        let mut all: Vec<(u64, u32)> = self.slots.iter().map(|entity| entity.touched).zip(0..).collect();
        let noted = (all.len() / STALEST_ONE_IN).max(1);
        if noted < all.len() {
            all.select_nth_unstable(noted);
            all.truncate(noted);
        }
        all.sort_unstable_by(|left, right| right.cmp(left));
        let stalest = all.pop().map_or(0, |(_, slot)| slot);
        self.stalest = all;
        stalest
    }

    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut Entity> {
        self.slots.get_mut(slot as usize)
    }

    pub(super) fn window(&self, slot: u32) -> Option<&EntityWindow> {
        self.slots.get(slot as usize).map(|entity| &entity.window)
    }

    /// The entity at `slot` and its memory, to be changed because it was seen.
    #[inline]
    pub(super) fn touch(&mut self, slot: u32) -> Option<(&mut Entity, &mut [i8])> {
        self.events += 1;
        let events = self.events;
        let (entity, memory) = self.change(slot)?;
        entity.touched = events;
        Some((entity, memory))
    }

    /// The entity at `slot` and its memory, to be changed.
    #[inline]
    pub(super) fn change(&mut self, slot: u32) -> Option<(&mut Entity, &mut [i8])> {
        let entity = self.slots.get_mut(slot as usize)?;
        if !entity.is_changed {
            entity.is_changed = true;
            self.changed.push(slot);
        }
        let first = slot as usize * self.memory_bytes;
        Some((entity, self.memory.get_mut(first..first + self.memory_bytes)?))
    }

    /// Puts every window into another alphabet, to be scored anew by its model.
    pub(super) fn translate(&mut self, translation: &[Symbol], memory_bytes: usize) {
        self.memory_bytes = memory_bytes;
        self.memory = vec![0; self.slots.len() * memory_bytes];
        self.changed = (0..self.slots.len() as u32).collect();
        for entity in &mut self.slots {
            entity.window.translate(translation);
            (entity.is_stale, entity.is_changed) = (true, true);
        }
    }

    /// The entities changed since the last call, with their slots.
    pub(super) fn take_changes(&mut self) -> Vec<(u32, Vec<u8>)> {
        let mut slots = std::mem::take(&mut self.changed);
        slots.sort_unstable();
        let mut changes = Vec::with_capacity(slots.len());
        for slot in slots {
            let first = slot as usize * self.memory_bytes;
            let memory = self.memory.get(first..first + self.memory_bytes).unwrap_or_default();
            if let Some(entity) = self.slots.get_mut(slot as usize) {
                entity.is_changed = false;
                changes.push((slot, entity.write(memory)));
            }
        }
        changes
    }

    /// Puts entities back with the slots they had. Where those have gaps or an entity comes twice (it was seen later
    /// in one of them), they get new ones and count as changed.
    pub(super) fn restore(&mut self, mut entities: Vec<(u32, Entity, Vec<i8>)>) {
        entities.sort_by_key(|(slot, entity, _)| (std::cmp::Reverse(entity.touched), *slot));
        let mut seen = hashbrown::HashSet::with_hasher(FixedState::with_seed(1));
        entities.retain(|(_, entity, _)| seen.insert(entity.key));
        entities.truncate(self.max);
        self.events = entities.first().map_or(0, |(_, entity, _)| entity.touched);
        entities.sort_by_key(|(slot, ..)| *slot);
        for (slot, entity, memory) in entities {
            let place = self.slots.len() as u32;
            self.index.insert(entity.key, place);
            self.slots.push(Entity { is_changed: slot != place, ..entity });
            self.memory.extend_from_slice(&memory);
            if slot != place {
                self.changed.push(place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_one_not_seen_for_longest_goes(max in 1_usize..140, seen in prop::collection::vec(0_u64..200, 0..400)) {
            let mut entities = Entities::new(max, 0);
            let mut plain: Vec<u64> = Vec::new();
            for key in seen {
                let slot = entities.find_or_take_in(key);
                entities.touch(slot);
                plain.retain(|kept| *kept != key);
                plain.push(key);
                if plain.len() > max {
                    plain.remove(0);
                }
                prop_assert_eq!(entities.len(), plain.len());
                prop_assert!(plain.iter().all(|key| entities.find(*key).is_some()));
            }
        }
    }

    #[test]
    fn names_are_folded_and_kinds_kept_apart() {
        let key = |name| entity_key(EntityType::User, name);
        assert_eq!(key("ÄDA"), key("äda"));
        assert_eq!(key("ADA"), key("ada"));
        assert_ne!(key("ada"), entity_key(EntityType::Host, "ada"));
        assert!(size_of::<Entity>() <= 104);
    }
}
