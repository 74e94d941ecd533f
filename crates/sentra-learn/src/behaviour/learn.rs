//! What an observation teaches once its verdict is known.

use super::codes::NO_CODE;
use super::judge::{level_key, pair_key, topic, typical_key};
use super::observation::{Observation, flag, near};
use super::rarity::rare_keys;
use super::state::State;
use crate::baseline::LevelForm;
use crate::baseline::hash::NONE;

impl State {
    /// Learns every observation that is due.
    #[inline]
    pub(crate) fn learn_due(&mut self) {
        let (hold, seconds) = (self.config.hold_events, self.config.hold_seconds);
        while let Some(observation) = self.queue.pop_due(hold, seconds, self.config.unjudged_max) {
            if self.queue.first() > self.warmed {
                self.warm_longest();
            }
            self.header.counters.unjudged += u64::from(!observation.has(flag::JUDGED));
            self.learn_row(&observation);
        }
    }

    fn learn_row(&mut self, observation: &Observation) {
        let is_clean = self.is_clean(observation);
        if observation.fresh > 0 {
            self.settle_relations(observation, is_clean);
        }
        if !observation.has(flag::FAILURE) {
            self.settle_rare(observation, is_clean);
        }
        if !is_clean {
            self.header.counters.held_back += 1;
            return;
        }
        self.header.counters.learned += 1;
        if !observation.has(flag::FAILURE) {
            self.learn_hours(observation);
        }
        if observation.code != NO_CODE {
            self.learn_rates(observation);
        }
        if observation.bytes > 0.0 && observation.has(flag::DESTINATION_EXTERNAL) {
            self.learn_volumes(observation);
        }
    }

    /// Whether to learn from it: not when it was alerted, nor shortly after its user was, because what an intruder
    /// does next is no better for not being alerted. Unless somebody said that the entity is as it should be.
    #[inline]
    fn is_clean(&mut self, observation: &Observation) -> bool {
        let slot = match observation.user {
            NONE => None,
            user => self.entities.find_near(observation.hint(near::USER), user),
        };
        let user = slot.and_then(|slot| self.entities.get(slot));
        if !observation.has(flag::ALERTED) {
            return user
                .is_none_or(|user| user.quarantine <= observation.time || user.trusted > observation.time);
        }
        let machine = self.entities.by_key(observation.machine);
        let is_trusted =
            [user, machine].into_iter().flatten().any(|entity| entity.trusted > observation.time);
        if is_trusted {
            return true;
        }
        let until = observation.time.saturating_add(self.config.quarantine_seconds);
        if let Some(user) = slot.and_then(|slot| self.entities.change(slot, 0)) {
            user.quarantine = user.quarantine.max(until);
        }
        false
    }

    #[inline]
    fn learn_hours(&mut self, observation: &Observation) {
        for (number, key) in [(near::USER, observation.user), (near::HOST, observation.host)] {
            if key == NONE {
                continue;
            }
            let slot = self.entities.find_near(observation.hint(number), key);
            if let Some(entity) = slot.and_then(|slot| self.entities.change(slot, 0)) {
                entity.learn(observation.hour(), observation.count);
            }
        }
    }

    /// Records change at hour 0, which leaves when they were last used as it is: learning is no use.
    #[inline]
    fn learn_level(
        &mut self,
        observation: &Observation,
        (key, hint): (u64, u32),
        typical: u64,
        (amount, form): (f32, LevelForm),
    ) {
        let window = match form {
            LevelForm::Count => self.config.rate_window_seconds,
            LevelForm::Volume => self.config.volume_window_seconds,
        };
        let growth = self.config.growth_per_week_max;
        let slot = self.levels.find_near(hint, key);
        let Some(level) = slot.and_then(|slot| self.levels.change(slot, 0)) else { return };
        let Some(closed) = level.learn(observation.time, amount, window, form, growth) else { return };
        let hour = observation.hour();
        let slot = self.levels.find(typical).or_else(|| self.levels.insert(typical, hour));
        if let Some(level) = slot.and_then(|slot| self.levels.change(slot, hour)) {
            level.learn_typical(closed, observation.time, form, growth);
        }
    }

    fn learn_rates(&mut self, observation: &Observation) {
        let user_topic = u64::from(observation.code);
        let amount = (observation.count as f32, LevelForm::Count);
        if observation.user != NONE {
            let key = level_key(observation.user, user_topic);
            self.learn_level(
                observation,
                (key, observation.hint(near::USER_RATE)),
                typical_key(observation.group, user_topic),
                amount,
            );
        }
        if observation.host != NONE {
            let host_topic = user_topic + topic::MACHINE;
            let key = level_key(observation.host, host_topic);
            self.learn_level(
                observation,
                (key, observation.hint(near::HOST_RATE)),
                typical_key(NONE, host_topic),
                amount,
            );
        }
    }

    fn learn_volumes(&mut self, observation: &Observation) {
        let amount = (observation.bytes, LevelForm::Volume);
        if observation.user != NONE {
            let key = level_key(observation.user, topic::VOLUME);
            let typical = typical_key(observation.group, topic::VOLUME);
            self.learn_level(observation, (key, observation.hint(near::USER_VOLUME)), typical, amount);
        }
        let machine_topic = topic::VOLUME + topic::MACHINE;
        if observation.machine != NONE {
            let key = level_key(observation.machine, machine_topic);
            let near = (key, observation.hint(near::MACHINE_VOLUME));
            self.learn_level(observation, near, typical_key(NONE, machine_topic), amount);
        }
        if observation.bytes >= self.config.pair_bytes_min {
            // Only one of both owns a level: the one that observing chose.
            for owner in [observation.user, observation.machine] {
                if let Some(key) = pair_key(owner, observation) {
                    self.learn_level(observation, (key, u32::MAX), typical_key(NONE, topic::PAIR), amount);
                }
            }
        }
    }

    /// Counts the values of a clean observation, and forgets what only an alerted one showed.
    #[inline]
    fn settle_rare(&mut self, observation: &Observation, is_clean: bool) {
        let hour = observation.hour();
        for (number, key) in rare_keys(observation).into_iter().enumerate() {
            if key == NONE {
                continue;
            }
            let slot = self.rare.find(key);
            if !is_clean {
                let count = slot.and_then(|slot| self.rare.get(slot)).map(|value| value.count);
                if count == Some(0) {
                    self.rare.remove(key);
                }
                continue;
            }
            let slot = slot.or_else(|| self.rare.insert(key, hour));
            let Some(value) = slot.and_then(|slot| self.rare.change(slot, hour)) else { continue };
            value.count = value.count.saturating_add(observation.count);
            if let Some((_, total)) = self.header.rare.get_mut(number) {
                *total += f64::from(observation.count);
            }
        }
    }
}
