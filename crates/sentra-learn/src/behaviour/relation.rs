//! Relations between an entity and a value, and whether one was never seen.

use super::observation::{Observation, flag};
use super::state::State;
use crate::baseline::hash::{self, NONE};
use crate::baseline::{Name, Record};

/// Numbers of the relations that others ask about; all are in the order of [`RELATIONS`], which is stored.
pub(crate) mod number {
    pub(crate) const USER_SOURCE: usize = 0;
    pub(crate) const USER_HOST: usize = 1;
    pub(crate) const USER_PRIVILEGE: usize = 5;
    pub(crate) const HOST_PROCESS: usize = 6;
    pub(crate) const SOURCE_HOST: usize = 9;
    pub(crate) const SOURCE_USER: usize = 10;
    pub(crate) const COUNT: usize = 11;
}

/// By relation: under which name it is stated, and where the entity counts its values.
pub(crate) const RELATIONS: [(Option<Name>, usize); number::COUNT] = [
    (Some(Name::UserSource), 0),
    (Some(Name::UserHost), 1),
    (Some(Name::UserCountry), 2),
    (Some(Name::UserApp), 3),
    (Some(Name::UserAgent), 4),
    (Some(Name::UserPrivilege), 5),
    (Some(Name::HostProcess), 0),
    (Some(Name::HostDestination), 1),
    (Some(Name::HostDomain), 2),
    (Some(Name::SourceHost), 3),
    (None, 0),
];

/// Where entities count the destinations with a volume of their own.
pub(crate) const PAIR_FIELD: usize = 5;

/// The value that stands for "any privileged operation".
pub(crate) const ANY_PRIVILEGE: u64 = 1;

/// An entity that a row is about.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Party {
    pub(crate) key: u64,
    pub(crate) slot: u32,
    /// It was watched long enough to be judged.
    pub(crate) is_ready: bool,
    /// It is kept at all.
    pub(crate) is_known: bool,
}

pub(crate) fn relation_key(owner: u64, number: usize, value: u64) -> u64 {
    hash::mix(owner.wrapping_add(number as u64 + 1), value)
}

impl Observation {
    /// Entity and value of each relation.
    #[inline]
    pub(crate) fn pairs(&self) -> [(u64, u64); number::COUNT] {
        let (is_login, is_privileged) = (self.has(flag::LOGIN), super::codes::is_privileged(self.code));
        let of_login = |key: u64| if is_login { key } else { NONE };
        [
            (self.user, self.src),
            (self.user, self.host),
            (self.user, self.country),
            (self.user, self.app),
            (self.user, self.agent),
            (self.user, if is_privileged { ANY_PRIVILEGE } else { NONE }),
            (self.host, self.process),
            (self.machine, self.dst),
            (self.machine, self.domain),
            (of_login(self.src), self.host),
            (of_login(self.src), self.user),
        ]
    }
}

impl State {
    /// Looks `value` up among what was seen with `party`; whether it is new and may be called so.
    #[inline]
    pub(crate) fn relate(
        &mut self,
        observation: &mut Observation,
        party: Party,
        number: usize,
        value: u64,
    ) -> bool {
        if value == NONE || !party.is_known {
            return false;
        }
        let hour = observation.hour();
        let (days, events) = (self.config.tenant_days_min, self.config.tenant_events_min);
        let Some(watch) = self.header.relations.get_mut(number) else { return false };
        watch.see((hour / 24) as u16);
        let is_ready = party.is_ready && watch.is_long(days, events);
        let key = relation_key(party.key, number, value);
        let Some(slot) = self.terms.find(key) else {
            return self.first_sight(observation, party, number, key) && is_ready;
        };
        let Some(term) = self.terms.get(slot).copied() else { return false };
        if term.hour() + self.config.term_ttl_days * 24 < hour {
            observation.fresh |= 1 << number;
            if let Some(term) = self.terms.change(slot, hour) {
                term.set_trusted(false);
            }
            return is_ready;
        }
        if !term.is_trusted() || term.hour() / 24 < hour / 24 {
            observation.fresh |= 1 << number;
        }
        false
    }

    fn first_sight(&mut self, observation: &mut Observation, party: Party, number: usize, key: u64) -> bool {
        let (hour, values_max) = (observation.hour(), self.config.values_per_entity_max);
        let period = (hour / 24 / self.config.term_ttl_days.max(1)) as u16;
        let field = RELATIONS.get(number).map_or(0, |(_, field)| *field);
        let entity = self.entities.change(party.slot, hour).filter(|entity| entity.key == party.key);
        let may = entity.is_some_and(|entity| match number {
            // Who has so many users is egress; one more changes nothing.
            number::SOURCE_USER => entity.users < values_max,
            _ => entity.takes_value(field, period, values_max),
        });
        if !may {
            self.header.counters.broad += 1;
            return false;
        }
        observation.fresh |= 1 << number;
        self.terms.insert(key, hour).is_some()
    }

    /// Whether `value` was seen with the entity `owner`, by an event that nobody alerted on.
    pub(crate) fn is_trusted(&self, owner: u64, number: usize, value: u64) -> bool {
        self.terms.by_key(relation_key(owner, number, value)).is_some_and(|term| term.is_trusted())
    }

    /// The verdict is known: what the observation showed is trusted, or forgotten where nothing else showed it.
    pub(crate) fn settle_relations(&mut self, observation: &Observation, is_clean: bool) {
        for (number, (owner, value)) in observation.pairs().into_iter().enumerate() {
            if observation.fresh >> number & 1 == 1 {
                self.settle(observation, number, owner, value, is_clean);
            }
        }
    }

    fn settle(&mut self, observation: &Observation, number: usize, owner: u64, value: u64, is_clean: bool) {
        let key = relation_key(owner, number, value);
        let slot = self.terms.find(key);
        if !is_clean {
            let is_trusted = slot.and_then(|slot| self.terms.get(slot)).is_some_and(|term| term.is_trusted());
            if !is_trusted {
                self.terms.remove(key);
            }
            return;
        }
        let Some(slot) = slot.or_else(|| self.terms.insert(key, observation.hour())) else { return };
        let Some(term) = self.terms.change(slot, observation.hour()) else { return };
        let was_trusted = term.is_trusted();
        term.set_trusted(true);
        if number == number::SOURCE_USER && !was_trusted {
            let slot = self.entities.find(owner);
            let entity = slot.and_then(|slot| self.entities.change(slot, observation.hour()));
            if let Some(entity) = entity {
                entity.users = entity.users.saturating_add(1);
            }
        }
    }

    /// Whether so many use an address that it says nothing about where one of them is.
    pub(crate) fn is_egress(&self, address: u64) -> bool {
        self.entities.by_key(address).is_some_and(|entity| entity.users >= self.config.egress_users_min)
    }

    /// All relations of one observation; a bit for each that is new.
    #[inline]
    pub(crate) fn relate_all(
        &mut self,
        observation: &mut Observation,
        [user, host, machine, source]: [Party; 4],
    ) -> u16 {
        if observation.has(flag::FAILURE) {
            return 0;
        }
        let parties = [user, user, user, user, user, user, host, machine, machine, source, source];
        let mut new = 0;
        for (number, ((_, value), party)) in observation.pairs().into_iter().zip(parties).enumerate() {
            if value != NONE {
                new |= u16::from(self.relate(observation, party, number, value)) << number;
            }
        }
        new
    }
}
