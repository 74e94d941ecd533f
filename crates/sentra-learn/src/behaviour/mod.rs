//! Baselines at work: reads event batches, states what stands out, finds what somebody should look at, learns.
//!
//! Per chunk of a tenant's events: [`Behaviour::observe`] its batches, append what is stated with [`with_derived`], run
//! the rules, then tell [`Behaviour::learn`] which events were alerted. What is stated about an event depends on the
//! events before it and on verdicts of those a named number of events or seconds of arrival earlier, and on nothing
//! else: not on how events were cut into batches (law IDENTITY).
//!
//! Never here: I/O, a clock, names of places or groups; those are asked for through [`Lookups`].

mod address;
pub(crate) mod codec;
pub(crate) mod codes;
mod derived;
mod detectors;
pub(crate) mod fields;
mod finding;
pub(crate) mod frame;
mod judge;
mod learn;
mod log;
mod mover;
mod observation;
mod rarity;
mod relation;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod travel;
mod warm;

use std::collections::HashSet;

use sentra_model::{EntityRef, EntityType, EventBatch, EventId, TenantId, Timestamp};

pub use derived::{Derived, DerivedValue, RowField, with_derived, with_fields, without_forged};
pub use detectors::{DETECTORS, Detector};
pub use finding::BehaviourFinding;
pub use state::BehaviourCounters;
pub use store::StateRow;

use crate::baseline::hash::folded_key;
use crate::baseline::{BaselineConfig, BaselineName, Name, Place};
use frame::{Chunk, Spot};
use observation::Observation;
use state::State;

/// What baselines ask others. Each is asked once per distinct value of a batch, and must answer the same in a replay.
#[derive(Clone, Copy)]
pub struct Lookups<'a> {
    /// Where an address is.
    pub place: &'a dyn Fn(&str) -> Option<Place>,
    /// To which group of peers (department, role) a user belongs.
    pub group: &'a dyn Fn(&str) -> Option<String>,
    /// Whether an address says nothing about where its user is: VPN gateways, egress, allow-listed networks.
    pub is_exempt: &'a dyn Fn(&str) -> bool,
}

impl Lookups<'static> {
    /// Nothing is known.
    #[must_use]
    pub fn none() -> Self {
        Self { place: &|_| None, group: &|_| None, is_exempt: &|_| false }
    }
}

impl std::fmt::Debug for Lookups<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lookups")
    }
}

/// What was observed in one batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// Statements, in the order of rows.
    pub derived: Vec<Derived>,
    /// What the detectors found, in the order of rows.
    pub findings: Vec<BehaviourFinding>,
}

/// What can go wrong.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BehaviourError {
    /// Law TENANT: the events of one tenant never meet the baselines of another.
    #[error("the baselines are those of tenant {kept}, the batch is {given}'s")]
    Tenant {
        /// Whose baselines these are.
        kept: TenantId,
        /// Whose batch it is.
        given: TenantId,
    },
    /// The stored state is of a later version.
    #[error("the stored baselines have version {0}, this program knows {known}: use the program that wrote them", known = store::VERSION)]
    Version(u8),
}

/// The baselines of one tenant and partition.
#[derive(Debug)]
pub struct Behaviour {
    tenant: TenantId,
    state: State,
    /// Number of the first observation without a verdict, and the ids of those from there on.
    unjudged: u64,
    waiting: Vec<EventId>,
}

impl Behaviour {
    /// Baselines of `tenant` that have seen nothing yet.
    #[must_use]
    pub fn new(tenant: TenantId, config: BaselineConfig) -> Self {
        Self { tenant, state: State::new(config), unjudged: 0, waiting: Vec::new() }
    }

    /// Whose baselines these are.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// What was left out so far, and why, over restarts.
    #[must_use]
    pub fn counters(&self) -> BehaviourCounters {
        self.state.counters()
    }

    /// Bytes that the state holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.state.bytes()
    }

    /// How many entities are kept.
    #[must_use]
    pub fn entities(&self) -> usize {
        self.state.entities.len()
    }

    /// Looks at the batches of one chunk, which belong together: rows of several marts are taken in the order of the
    /// backbone. Gives one answer per batch. A chunk holds no more events than [`BaselineConfig::hold_events`], and
    /// [`Behaviour::learn`] is called before the next one.
    ///
    /// # Errors
    /// [`BehaviourError::Tenant`] for a batch of another tenant; then nothing was looked at.
    pub fn observe(
        &mut self,
        batches: &[&EventBatch],
        lookups: &Lookups<'_>,
    ) -> Result<Vec<Observed>, BehaviourError> {
        if let Some(foreign) = batches.iter().find(|batch| *batch.tenant() != self.tenant) {
            let (kept, given) = (self.tenant.clone(), foreign.tenant().clone());
            return Err(BehaviourError::Tenant { kept, given });
        }
        let mut chunk = Chunk::default();
        for (number, batch) in (0..).zip(batches) {
            chunk.add(number, batch, lookups, &self.state.config);
        }
        if batches.len() > 1 {
            chunk.sort();
        }
        self.state.header.counters.skewed += chunk.skewed;
        let mut observed = vec![Observed::default(); batches.len()];
        let mut rows = std::mem::take(&mut chunk.rows);
        if self.waiting.is_empty() {
            self.unjudged = self.state.queue.next();
        }
        let forgotten = self.waiting.len().saturating_sub(self.state.config.unjudged_max);
        self.waiting.drain(..forgotten);
        self.unjudged += forgotten as u64;
        self.waiting.reserve(rows.len());
        for block in rows.chunks_mut(warm::BLOCK_ROWS) {
            self.state.warm(block);
            self.observe_block(block, &chunk.places, batches, &mut observed);
        }
        Ok(observed)
    }

    fn observe_block(
        &mut self,
        rows: &[(Spot, Observation)],
        places: &[Place],
        batches: &[&EventBatch],
        observed: &mut [Observed],
    ) {
        let mut stated = Vec::new();
        for (spot, observation) in rows {
            let mut observation = *observation;
            self.state.queue.clock = self.state.queue.clock.max(observation.seen);
            self.state.learn_due();
            let place = places.get(spot.place as usize);
            let facts = self.state.observe_row(&mut observation, place, &mut stated);
            if facts.is_notable {
                self.look(spot, &mut observation, &facts, batches, (observed, &mut stated));
            }
            if !stated.is_empty()
                && let Some(observed) = observed.get_mut(spot.batch as usize)
            {
                let derived = stated.drain(..).map(|(name, value)| Derived { row: spot.row, name, value });
                observed.derived.extend(derived);
            }
            self.waiting.push(EventId::raw(spot.partition, spot.offset));
            self.state.log.add(self.state.queue.next(), &observation, place);
            self.state.queue.push(observation);
        }
    }

    /// Lets the detectors look at a row that stands out.
    fn look(
        &mut self,
        spot: &Spot,
        observation: &mut Observation,
        facts: &judge::Facts,
        batches: &[&EventBatch],
        (observed, stated): (&mut [Observed], &mut judge::Statements),
    ) {
        let batch = batches.get(spot.batch as usize);
        let Some(row) = batch.and_then(|batch| batch.row(spot.row as usize)) else { return };
        let mut new_hosts = |by_user: bool, count: usize| {
            let name = if by_user { Name::NewHostsUser } else { Name::NewHostsSource };
            stated.push((BaselineName::fixed(name), DerivedValue::Whole(count as f32)));
        };
        let findings = self.state.detect(observation, facts, row, &mut new_hosts);
        if let Some(observed) = observed.get_mut(spot.batch as usize) {
            observed.findings.extend(findings);
        }
    }

    /// The verdict on everything observed since the last call: `alerted` are the events of which rules or models
    /// said that something is wrong. Nothing is learned from those, nor for a while from their users.
    pub fn learn(&mut self, alerted: &[EventId]) {
        let alerted: HashSet<EventId> = alerted.iter().copied().collect();
        let waiting = std::mem::take(&mut self.waiting);
        let State { queue, log, .. } = &mut self.state;
        let is_alerted = |index: usize| waiting.get(index).is_some_and(|event| alerted.contains(event));
        queue.judge(self.unjudged, is_alerted, |number| log.alert(number));
        self.unjudged = self.state.queue.next();
    }

    /// Somebody said that what was found of `entity` is as it should be: until then all of it is learned, alerted or
    /// not, so that it becomes usual. Gives whether the entity is known; users, hosts and addresses can be.
    pub fn trust(&mut self, entity: &EntityRef, until: Timestamp) -> bool {
        let kind = match entity.entity_type {
            EntityType::User => frame::kind::USER,
            EntityType::Host => frame::kind::HOST,
            EntityType::Ip => frame::kind::ADDRESS,
            _ => return false,
        };
        let key = folded_key(self.state.config.seed, kind, &entity.value);
        let slot = self.state.entities.find(key);
        let Some(known) = slot.and_then(|slot| self.state.entities.change(slot, 0)) else { return false };
        known.trusted = u32::try_from(until.micros() / 1_000_000).unwrap_or_default();
        self.state.log.demand_checkpoint();
        true
    }
}
