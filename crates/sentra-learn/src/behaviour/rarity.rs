//! Values that are rare among all of a tenant's: processes, parent-child pairs, user agents.

use super::derived::DerivedValue;
use super::judge::{Facts, Statements, state_fixed};
use super::observation::{Observation, flag};
use super::state::State;
use crate::baseline::Name;
use crate::baseline::hash::{self, NONE};

/// Fields of rare values.
mod rare {
    pub(super) const PROCESS: usize = 0;
    pub(super) const PAIR: usize = 1;
    pub(super) const AGENT: usize = 2;
}

impl State {
    pub(crate) fn rarities(&mut self, observation: &Observation, facts: &mut Facts, to: &mut Statements) {
        if observation.has(flag::FAILURE) {
            return;
        }
        let names = [Name::RareProcess, Name::RarePair, Name::RareAgent];
        for ((number, key), name) in rare_keys(observation).into_iter().enumerate().zip(names) {
            if key == NONE {
                continue;
            }
            let Some((rarity, is_new)) = self.rarity(observation, number, key) else { continue };
            if rarity >= self.config.rarity_min {
                state_fixed(to, name, DerivedValue::Number(rarity));
            }
            if number == rare::PROCESS {
                facts.process_rarity = Some(rarity);
            }
            if number == rare::PAIR && is_new {
                state_fixed(to, Name::ProcessParent, DerivedValue::True);
            }
        }
    }

    /// −ln p of a value, and whether it was never there; `None` while too little was seen to say.
    #[inline]
    fn rarity(&mut self, observation: &Observation, number: usize, key: u64) -> Option<(f32, bool)> {
        let hour = observation.hour();
        let (days, events) = (self.config.tenant_days_min, self.config.rarity_events_min);
        let (watch, total) = self.header.rare.get_mut(number)?;
        watch.see((hour / 24) as u16);
        let (total, is_ready) = (*total, watch.days >= days && *total >= events);
        let slot = self.rare.find(key);
        let is_new = slot.is_none();
        let slot = slot.or_else(|| self.rare.insert(key, hour))?;
        let value = self.rare.get(slot)?;
        is_ready.then(|| (value.rarity(total), is_new))
    }
}

/// The keys of the values that may be rare; [`NONE`] where there is none.
#[inline]
pub(crate) fn rare_keys(observation: &Observation) -> [u64; 3] {
    let key =
        |value: u64, number: usize| if value == NONE { NONE } else { hash::mix(value, number as u64 + 1) };
    let pair = match (observation.process, observation.parent) {
        (NONE, _) | (_, NONE) => NONE,
        (process, parent) => hash::mix(parent, process),
    };
    [key(observation.process, rare::PROCESS), key(pair, rare::PAIR), key(observation.agent, rare::AGENT)]
}
