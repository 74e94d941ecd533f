//! One event against what was usual before it.

use super::codes::{NO_CODE, is_failing, is_privileged};
use super::derived::DerivedValue;
use super::observation::{Observation, flag, near};
use super::relation::{PAIR_FIELD, Party, RELATIONS};
use super::state::State;
use super::travel::Journey;
use crate::baseline::hash::{self, NONE};
use crate::baseline::{BaselineName, CodeName, LevelForm, Name, Place};

/// What levels of one entity are about, beside event codes.
pub(crate) mod topic {
    pub(crate) const VOLUME: u64 = 1_000;
    pub(crate) const PAIR: u64 = 1_001;
    /// Added for hosts and machines, so that what is typical of them is not what is typical of users.
    pub(crate) const MACHINE: u64 = 10_000;
    /// The owner of what is typical of a whole tenant.
    pub(crate) const EVERYBODY: u64 = 2;
}

/// An amount that stands out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Excess {
    pub(crate) amount: f32,
    pub(crate) usual: f32,
    pub(crate) deviation: f32,
    pub(crate) drift: f32,
    /// Deviation from the group's typical level.
    pub(crate) peers: f32,
}

/// What one row showed; the detectors look at it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Facts {
    /// Relations that are new, a bit each.
    pub(crate) new: u16,
    pub(crate) rate_user: Option<Excess>,
    pub(crate) rate_host: Option<Excess>,
    pub(crate) volume_user: Option<Excess>,
    pub(crate) volume_machine: Option<Excess>,
    pub(crate) process_rarity: Option<f32>,
    pub(crate) journey: Option<Journey>,
    /// The host was watched long enough: one that is new is new to everybody.
    pub(crate) is_host_ready: bool,
    /// The user's last failure, seconds.
    pub(crate) failure: u32,
    /// Whether a detector has to look.
    pub(crate) is_notable: bool,
}

/// Statements about one row.
pub(crate) type Statements = Vec<(BaselineName, DerivedValue)>;

pub(crate) fn state_fixed(to: &mut Statements, name: Name, value: DerivedValue) {
    to.push((BaselineName::fixed(name), value));
}

/// The key of a level.
#[inline]
pub(crate) fn level_key(owner: u64, topic: u64) -> u64 {
    hash::mix(owner, topic.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// The key of what is typical of the user's group, or of everybody where there is none.
#[inline]
pub(crate) fn typical_key(group: u64, topic: u64) -> u64 {
    level_key(if group == NONE { topic::EVERYBODY } else { group }, topic)
}

impl State {
    /// Compares `observation` with what is known and takes it up as something that was there; nothing is learned yet.
    pub(crate) fn observe_row(
        &mut self,
        observation: &mut Observation,
        place: Option<&Place>,
        to: &mut Statements,
    ) -> Facts {
        self.header.counters.observed += 1;
        let mut facts = Facts::default();
        let (user, host, machine, source) = self.parties(observation, &mut facts, to);
        facts.is_host_ready = host.is_ready;
        facts.new = self.relate_all(observation, [user, host, machine, source]);
        for (number, (name, _)) in RELATIONS.iter().enumerate() {
            if facts.new >> number & 1 == 1
                && let Some(name) = name
            {
                state_fixed(to, *name, DerivedValue::True);
            }
        }
        if observation.code != NO_CODE {
            self.rates(observation, user, host, &mut facts, to);
        }
        if observation.bytes > 0.0 && observation.has(flag::DESTINATION_EXTERNAL) {
            self.volumes(observation, user, machine, &mut facts, to);
        }
        if observation.process != NONE || observation.agent != NONE {
            self.rarities(observation, &mut facts, to);
        }
        if let Some(place) = place {
            self.travel(observation, user, place, &mut facts, to);
        }
        facts.is_notable |= facts.new > 0;
        facts
    }

    /// The entities of the row, and their hours.
    #[inline]
    fn parties(
        &mut self,
        observation: &mut Observation,
        facts: &mut Facts,
        to: &mut Statements,
    ) -> (Party, Party, Party, Party) {
        let names = (Name::HourUser, Name::HourHost);
        let user = self.party(observation, observation.user, near::USER, Some(names.0), to);
        if user.is_known
            && let Some(entity) = self.entities.get(user.slot)
        {
            facts.failure = entity.failure;
        }
        let host = self.party(observation, observation.host, near::HOST, Some(names.1), to);
        let machine = match observation.machine {
            NONE => Party::default(),
            machine if machine == host.key => host,
            machine => self.party(observation, machine, near::SOURCE, None, to),
        };
        let source = match observation.has(flag::LOGIN) {
            true if observation.src == machine.key => machine,
            true => self.party(observation, observation.src, near::SOURCE, None, to),
            false => Party::default(),
        };
        (user, host, machine, source)
    }

    /// The entity `key`, which was active. What failed makes nobody known: else every guessed name would be a user.
    #[inline]
    fn party(
        &mut self,
        observation: &mut Observation,
        key: u64,
        number: usize,
        hour_name: Option<Name>,
        to: &mut Statements,
    ) -> Party {
        if key == NONE {
            return Party::default();
        }
        let hour = observation.hour();
        let is_failure = observation.has(flag::FAILURE);
        let mut slot = self.entities.find_near(observation.hint(number), key);
        if slot.is_none() && !is_failure {
            slot = self.entities.insert(key, hour);
        }
        let Some(slot) = slot else { return Party { key, ..Party::default() } };
        observation.set_hint(number, slot);
        let (days, events) = (self.config.entity_days_min, self.config.entity_events_min);
        let (hours_days, deviation_min) = (self.config.hours_days_min, self.config.deviation_min);
        let Some(entity) = self.entities.change(slot, hour) else { return Party { key, ..Party::default() } };
        if is_failure {
            if is_failing(observation.code) && number == near::USER {
                entity.failure = entity.failure.max(observation.time);
            }
        } else {
            entity.see(hour, observation.count);
            if let Some(name) = hour_name.filter(|_| entity.watch.days >= hours_days) {
                let judgement = entity.judge_hour();
                // An hour counts more than a window of minutes: it is stated from half a deviation more on.
                if judgement.deviation >= deviation_min + 0.5 {
                    state_fixed(to, name, DerivedValue::Number(judgement.deviation));
                }
                let is_act = observation.has(flag::LOGIN) || is_privileged(observation.code);
                if judgement.is_off && number == near::USER && is_act {
                    state_fixed(to, Name::OffHours, DerivedValue::True);
                }
            }
        }
        let is_ready = entity.watch.is_long(days, events);
        Party { key, slot, is_ready, is_known: true }
    }

    /// Adds `amount` to a level's window and compares it with what is usual.
    #[inline]
    fn excess(
        &mut self,
        observation: &Observation,
        key: u64,
        typical: u64,
        hint: u32,
        (amount, form): (f32, LevelForm),
    ) -> (Option<Excess>, u32) {
        let hour = observation.hour();
        let window = match form {
            LevelForm::Count => self.config.rate_window_seconds,
            LevelForm::Volume => self.config.volume_window_seconds,
        };
        let Some(slot) = self.levels.find_near(hint, key).or_else(|| self.levels.insert(key, hour)) else {
            return (None, u32::MAX);
        };
        let Some(level) = self.levels.change(slot, hour) else { return (None, u32::MAX) };
        let Some(sum) = level.see(observation.time, amount, window) else {
            self.header.counters.late += 1;
            return (None, slot);
        };
        let level = *level;
        // Nearly every amount is within what its own level explains: what is typical is only asked about others.
        let typical = self.levels.by_key(typical);
        let Some(judgement) = level.judge(sum, typical, form) else { return (None, slot) };
        let drift = level.drift(form).unwrap_or_default();
        if judgement.deviation < self.config.deviation_min && drift < self.config.drift_min {
            return (None, slot);
        }
        let peers = typical.and_then(|typical| typical.judge_as_typical(sum, form));
        let excess = Excess {
            amount: sum,
            usual: judgement.usual,
            deviation: judgement.deviation,
            drift,
            peers: peers.map_or(0.0, |peers| peers.deviation),
        };
        (Some(excess), slot)
    }

    fn rates(
        &mut self,
        observation: &mut Observation,
        user: Party,
        host: Party,
        facts: &mut Facts,
        to: &mut Statements,
    ) {
        let (code, count) = (observation.code, observation.count as f32);
        let (user_topic, host_topic) = (u64::from(code), u64::from(code) + topic::MACHINE);
        if user.is_known {
            let (key, typical) =
                (level_key(user.key, user_topic), typical_key(observation.group, user_topic));
            let hint = observation.hint(near::USER_RATE);
            let (excess, slot) = self.excess(observation, key, typical, hint, (count, LevelForm::Count));
            observation.set_hint(near::USER_RATE, slot);
            facts.rate_user = excess.filter(|_| user.is_ready);
        }
        if host.is_known {
            let (key, typical) = (level_key(host.key, host_topic), typical_key(NONE, host_topic));
            let hint = observation.hint(near::HOST_RATE);
            let (excess, slot) = self.excess(observation, key, typical, hint, (count, LevelForm::Count));
            observation.set_hint(near::HOST_RATE, slot);
            facts.rate_host = excess.filter(|_| host.is_ready);
        }
        let (deviation_min, drift_min) = (self.config.deviation_min, self.config.drift_min);
        let mut number = |family, value: f32, least: f32| {
            if value >= least {
                to.push((BaselineName::of_code(family, code), number_value(family, value)));
            }
        };
        if let Some(excess) = facts.rate_user {
            number(CodeName::CountUser, excess.amount, 0.0);
            number(CodeName::DeviationUser, excess.deviation, deviation_min);
            number(CodeName::PeerUser, excess.peers, deviation_min);
            number(CodeName::DriftUser, excess.drift, drift_min);
        }
        if let Some(excess) = facts.rate_host {
            number(CodeName::DeviationHost, excess.deviation, deviation_min);
            number(CodeName::DriftHost, excess.drift, drift_min);
        }
        facts.is_notable |= facts.rate_user.is_some() || facts.rate_host.is_some();
    }

    fn volumes(
        &mut self,
        observation: &mut Observation,
        user: Party,
        machine: Party,
        facts: &mut Facts,
        to: &mut Statements,
    ) {
        let amount = (observation.bytes, LevelForm::Volume);
        let machine_topic = topic::VOLUME + topic::MACHINE;
        let bytes_min = self.config.volume_bytes_min;
        if user.is_known {
            let key = level_key(user.key, topic::VOLUME);
            let typical = typical_key(observation.group, topic::VOLUME);
            let hint = observation.hint(near::USER_VOLUME);
            let (excess, slot) = self.excess(observation, key, typical, hint, amount);
            observation.set_hint(near::USER_VOLUME, slot);
            facts.volume_user = excess.filter(|excess| user.is_ready && excess.amount >= bytes_min);
        }
        if machine.is_known {
            let (key, typical) = (level_key(machine.key, machine_topic), typical_key(NONE, machine_topic));
            let hint = observation.hint(near::MACHINE_VOLUME);
            let (excess, slot) = self.excess(observation, key, typical, hint, amount);
            observation.set_hint(near::MACHINE_VOLUME, slot);
            facts.volume_machine = excess.filter(|excess| machine.is_ready && excess.amount >= bytes_min);
        }
        let names = [
            (facts.volume_user, Name::VolumeUser, Name::DeviationVolumeUser, Name::DriftVolumeUser),
            (
                facts.volume_machine,
                Name::VolumeMachine,
                Name::DeviationVolumeMachine,
                Name::DriftVolumeMachine,
            ),
        ];
        for (excess, volume, deviation, drift) in names {
            let Some(excess) = excess else { continue };
            state_fixed(to, volume, DerivedValue::Whole(excess.amount));
            if excess.deviation >= self.config.deviation_min {
                state_fixed(to, deviation, DerivedValue::Number(excess.deviation));
            }
            if excess.drift >= self.config.drift_min {
                state_fixed(to, drift, DerivedValue::Number(excess.drift));
            }
            facts.is_notable = true;
        }
        let peers = facts.volume_user.filter(|excess| excess.peers >= self.config.deviation_min);
        if let Some(excess) = peers {
            state_fixed(to, Name::PeerVolumeUser, DerivedValue::Number(excess.peers));
        }
        if observation.bytes >= self.config.pair_bytes_min {
            self.pair_volume(observation, if user.is_known { user } else { machine }, to);
        }
    }

    /// The volume to one destination; small transfers to many are not worth a level each.
    fn pair_volume(&mut self, observation: &Observation, owner: Party, to: &mut Statements) {
        let Some(key) = pair_key(owner.key, observation).filter(|_| owner.is_known) else { return };
        let hour = observation.hour();
        if self.levels.find(key).is_none() {
            let values_max = self.config.values_per_entity_max;
            let period = (hour / 24 / self.config.term_ttl_days.max(1)) as u16;
            let entity = self.entities.change(owner.slot, hour);
            if !entity.is_some_and(|entity| entity.takes_value(PAIR_FIELD, period, values_max)) {
                self.header.counters.broad += 1;
                return;
            }
        }
        let typical = typical_key(NONE, topic::PAIR);
        let amount = (observation.bytes, LevelForm::Volume);
        let (excess, _) = self.excess(observation, key, typical, u32::MAX, amount);
        let excess = excess.filter(|excess| {
            owner.is_ready
                && excess.amount >= self.config.volume_bytes_min
                && excess.deviation >= self.config.deviation_min
        });
        if let Some(excess) = excess {
            state_fixed(to, Name::DeviationVolumePair, DerivedValue::Number(excess.deviation));
        }
    }
}

/// The key of the level of `owner` and the destination.
pub(crate) fn pair_key(owner: u64, observation: &Observation) -> Option<u64> {
    let destination = if observation.dst == NONE { observation.domain } else { observation.dst };
    (owner != NONE && destination != NONE).then(|| level_key(hash::mix(owner, destination), topic::PAIR))
}

/// Counts are whole.
fn number_value(family: CodeName, value: f32) -> DerivedValue {
    if family == CodeName::CountUser { DerivedValue::Whole(value) } else { DerivedValue::Number(value) }
}
