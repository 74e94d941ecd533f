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

/// Keys of the records that an observation will need, in the order of [`near`]; [`NONE`] where it needs none.
type NearKeys = [u64; near::COUNT];

impl State {
    /// Reads ahead for `rows`: first where their records lie, then the records.
    pub(crate) fn warm(&self, rows: &mut [(Spot, Observation)]) {
        let keys: Vec<NearKeys> = rows.iter().map(|(_, observation)| near_keys(observation)).collect();
        let mut seen = 0;
        for [user, host, source, rates @ ..] in &keys {
            let entities = [user, host, source].into_iter();
            seen ^= entities.fold(0, |seen, key| seen ^ self.entities.touch(*key));
            seen ^= rates.iter().fold(0, |seen, key| seen ^ self.levels.touch(*key));
        }
        for ((_, observation), [user, host, source, rates @ ..]) in rows.iter_mut().zip(&keys) {
            let [near_user, near_host, near_source, near_rates @ ..] = &mut observation.near;
            *near_user = self.entities.guess(*user);
            *near_host = self.entities.guess(*host);
            *near_source = self.entities.guess(*source);
            for (near, key) in near_rates.iter_mut().zip(rates) {
                *near = self.levels.guess(*key);
            }
        }
        seen = rows.iter().fold(seen, |seen, (_, observation)| seen ^ self.peek(observation));
        let mut terms = Vec::with_capacity(rows.len() * 4);
        for (_, observation) in rows.iter() {
            relation_keys(observation, u16::MAX, &mut terms);
        }
        seen ^= terms.iter().fold(0, |seen, key| seen ^ self.terms.touch(*key));
        black_box(seen ^ self.peek_terms(&terms));
    }

    /// Reads ahead for what waits longest and is to be learned.
    pub(crate) fn warm_longest(&mut self) {
        let (mut seen, mut terms) = (0, Vec::new());
        for observation in self.queue.longest(BLOCK_ROWS) {
            // Who was not known when it was observed is looked for once more.
            for (number, key) in near_keys(observation).into_iter().enumerate() {
                if key != NONE && observation.hint(number) == u32::MAX {
                    seen ^= if number < near::USER_RATE {
                        self.entities.touch(key)
                    } else {
                        self.levels.touch(key)
                    };
                }
            }
            seen ^= self.peek(observation);
            if observation.fresh > 0 {
                relation_keys(observation, observation.fresh, &mut terms);
            }
        }
        seen = terms.iter().fold(seen, |seen, key| seen ^ self.terms.touch(*key));
        black_box(seen ^ self.peek_terms(&terms));
        self.warmed = self.queue.first() + BLOCK_ROWS as u64;
    }

    #[inline]
    fn peek(&self, observation: &Observation) -> u64 {
        let [user, host, source, rates @ ..] = observation.near;
        let entities = self.entities.peek(user) ^ self.entities.peek(host) ^ self.entities.peek(source);
        rates.iter().fold(entities, |seen, slot| seen ^ self.levels.peek(*slot))
    }

    fn peek_terms(&self, keys: &[u64]) -> u64 {
        let slots: Vec<u32> = keys.iter().map(|key| self.terms.guess(*key)).collect();
        slots.iter().fold(0, |seen, slot| seen ^ self.terms.peek(*slot))
    }
}

#[inline]
fn relation_keys(observation: &Observation, wanted: u16, keys: &mut Vec<u64>) {
    for (number, (owner, value)) in observation.pairs().into_iter().enumerate() {
        if owner != NONE && value != NONE && wanted >> number & 1 == 1 {
            keys.push(relation_key(owner, number, value));
        }
    }
}

#[inline]
fn near_keys(observation: &Observation) -> NearKeys {
    let level = |is_there: bool, key: u64, topic: u64| {
        if is_there && key != NONE { level_key(key, topic) } else { NONE }
    };
    let is_login = observation.has(flag::LOGIN) || observation.machine == observation.src;
    let is_coded = observation.code != NO_CODE;
    let is_volume = observation.bytes > 0.0 && observation.has(flag::DESTINATION_EXTERNAL);
    let code = u64::from(observation.code);
    [
        observation.user,
        observation.host,
        if is_login { observation.src } else { NONE },
        level(is_coded, observation.user, code),
        level(is_coded, observation.host, code + topic::MACHINE),
        level(is_volume, observation.user, topic::VOLUME),
        level(is_volume, observation.machine, topic::VOLUME + topic::MACHINE),
    ]
}
