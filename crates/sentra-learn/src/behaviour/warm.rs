//! Reads what a block of rows will need, before they are looked at one by one.
//!
//! A million entities do not fit a cache, and looking rows up one after the other waits for memory once per record.
//! Reads that do not depend on each other wait together. Nothing is decided here: what is read are guesses of where
//! records lie, which are checked when they are used.

use std::hint::black_box;

use super::codes::NO_CODE;
use super::frame::Spot;
use super::judge::{level_key, topic};
use super::observation::{Observation, flag, near};
use super::relation::relation_key;
use super::state::State;
use crate::baseline::hash::NONE;

/// Rows that are read ahead: what they need fits a processor's own cache.
pub(crate) const BLOCK_ROWS: usize = 256;

impl State {
    /// Reads ahead for `rows`.
    pub(crate) fn warm(&self, rows: &mut [(Spot, Observation)]) {
        for (_, observation) in rows.iter_mut() {
            observation.near = self.near(observation);
        }
        let mut seen = 0;
        for (_, observation) in rows.iter() {
            seen ^= self.peek(observation);
        }
        let mut slots = Vec::with_capacity(rows.len() * 4);
        for (_, observation) in rows.iter() {
            self.guess_relations(observation, u16::MAX, &mut slots);
        }
        black_box(slots.iter().fold(seen, |seen, slot| seen ^ self.terms.peek(*slot)));
    }

    /// Reads ahead for what waits longest and is to be learned.
    pub(crate) fn warm_longest(&mut self) {
        let (mut seen, mut slots) = (0, Vec::new());
        for observation in self.queue.longest(BLOCK_ROWS) {
            seen ^= self.peek(observation);
            if observation.fresh > 0 {
                self.guess_relations(observation, observation.fresh, &mut slots);
            }
        }
        black_box(slots.iter().fold(seen, |seen, slot| seen ^ self.terms.peek(*slot)));
        self.warmed = self.queue.first() + BLOCK_ROWS as u64;
    }

    #[inline]
    fn peek(&self, observation: &Observation) -> u64 {
        let [user, host, source, rates @ ..] = observation.near;
        let entities = self.entities.peek(user) ^ self.entities.peek(host) ^ self.entities.peek(source);
        rates.iter().fold(entities, |seen, slot| seen ^ self.levels.peek(*slot))
    }

    #[inline]
    fn guess_relations(&self, observation: &Observation, wanted: u16, slots: &mut Vec<u32>) {
        for (number, (owner, value)) in observation.pairs().into_iter().enumerate() {
            if owner != NONE && value != NONE && wanted >> number & 1 == 1 {
                slots.push(self.terms.guess(relation_key(owner, number, value)));
            }
        }
    }

    #[inline]
    fn near(&self, observation: &Observation) -> [u32; near::COUNT] {
        let entity = |key: u64| if key == NONE { u32::MAX } else { self.entities.guess(key) };
        let level = |is_there: bool, key: u64, topic: u64| {
            if is_there && key != NONE { self.levels.guess(level_key(key, topic)) } else { u32::MAX }
        };
        let is_login = observation.has(flag::LOGIN) || observation.machine == observation.src;
        let is_coded = observation.code != NO_CODE;
        let is_volume = observation.bytes > 0.0 && observation.has(flag::DESTINATION_EXTERNAL);
        let code = u64::from(observation.code);
        [
            entity(observation.user),
            entity(observation.host),
            if is_login { entity(observation.src) } else { u32::MAX },
            level(is_coded, observation.user, code),
            level(is_coded, observation.host, code + topic::MACHINE),
            level(is_volume, observation.user, topic::VOLUME),
            level(is_volume, observation.machine, topic::VOLUME + topic::MACHINE),
        ]
    }
}
