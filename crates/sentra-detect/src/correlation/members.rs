//! Which events a run rests on, where runs become parts of other runs.
//!
//! A correlation over correlations takes over what they found, and two of them often found the same event:
//! twenty failures to five accounts are twenty failures. So the events under a nested match are a set.

use std::collections::BTreeMap;

use sentra_model::EventId;
use serde::{Deserialize, Serialize};

/// Most events of a run that are told apart one by one; of those before them only the number is known.
pub(crate) const MEMBERS_MAX: usize = 4_096;

/// A set of events, each with the happenings it stands for: the latest one by one, in the order of their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub(crate) struct Members {
    known: BTreeMap<EventId, u64>,
    known_count: u64,
    /// Events up to this one are not told apart any more: how many they are, and how many happenings.
    forgotten_to: Option<EventId>,
    forgotten: u64,
    forgotten_count: u64,
}

/// As it is stored: events, and what is forgotten.
#[derive(Serialize, Deserialize)]
struct Stored(Vec<(EventId, u64)>, Option<EventId>, u64, u64);

impl From<Stored> for Members {
    fn from(Stored(known, forgotten_to, forgotten, forgotten_count): Stored) -> Self {
        let known_count = known.iter().fold(0_u64, |sum, (_, weight)| sum.saturating_add(*weight));
        Self { known: known.into_iter().collect(), known_count, forgotten_to, forgotten, forgotten_count }
    }
}

impl From<Members> for Stored {
    fn from(members: Members) -> Self {
        let Members { known, forgotten_to, forgotten, forgotten_count, .. } = members;
        Self(known.into_iter().collect(), forgotten_to, forgotten, forgotten_count)
    }
}

impl Members {
    /// Events.
    pub(crate) fn total(&self) -> u64 {
        self.forgotten + self.known.len() as u64
    }

    /// The happenings they stand for.
    pub(crate) fn count(&self) -> u64 {
        self.forgotten_count.saturating_add(self.known_count)
    }

    /// Adds an event, if it is not there. One that is as old as what is forgotten counts as new.
    pub(crate) fn add(&mut self, id: EventId, weight: u64) {
        if self.forgotten_to.is_some_and(|to| id <= to) {
            self.forgotten += 1;
            self.forgotten_count = self.forgotten_count.saturating_add(weight);
            return;
        }
        self.insert(id, weight);
        self.trim();
    }

    /// Adds all of `other`, which may have the same events. Of those that either has forgotten nobody knows
    /// whether they are the same; then they are taken to be: nothing is counted twice.
    pub(crate) fn unite(&mut self, other: &Self) {
        let to = self.forgotten_to.max(other.forgotten_to);
        let mut of_other = (other.forgotten, other.forgotten_count);
        for (id, weight) in &other.known {
            if to.is_some_and(|to| *id <= to) {
                of_other = (of_other.0 + 1, of_other.1.saturating_add(*weight));
            }
        }
        self.forget_to(to);
        self.forgotten = self.forgotten.max(of_other.0);
        self.forgotten_count = self.forgotten_count.max(of_other.1);
        let later = other.known.iter().filter(|(id, _)| to.is_none_or(|to| **id > to));
        later.for_each(|(id, weight)| self.insert(*id, *weight));
        self.trim();
    }

    /// Adds all of `other`, which has no event that is here.
    pub(crate) fn append(&mut self, other: &Self) {
        let to = self.forgotten_to.max(other.forgotten_to);
        self.forget_to(to);
        self.forgotten += other.forgotten;
        self.forgotten_count = self.forgotten_count.saturating_add(other.forgotten_count);
        other.known.iter().for_each(|(id, weight)| self.add(*id, *weight));
    }

    fn insert(&mut self, id: EventId, weight: u64) {
        if let std::collections::btree_map::Entry::Vacant(slot) = self.known.entry(id) {
            slot.insert(weight);
            self.known_count = self.known_count.saturating_add(weight);
        }
    }

    fn trim(&mut self) {
        while self.known.len() > MEMBERS_MAX {
            self.forget_first();
        }
    }

    fn forget_to(&mut self, to: Option<EventId>) {
        let Some(to) = to else { return };
        while self.known.first_key_value().is_some_and(|(id, _)| *id <= to) {
            self.forget_first();
        }
        self.forgotten_to = self.forgotten_to.max(Some(to));
    }

    fn forget_first(&mut self) {
        if let Some((id, weight)) = self.known.pop_first() {
            self.known_count = self.known_count.saturating_sub(weight);
            self.forgotten += 1;
            self.forgotten_count = self.forgotten_count.saturating_add(weight);
            self.forgotten_to = self.forgotten_to.max(Some(id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(offsets: impl IntoIterator<Item = u64>) -> Members {
        let mut members = Members::default();
        offsets.into_iter().for_each(|offset| members.add(EventId::raw(0, offset), 2));
        members
    }

    #[test]
    fn a_union_counts_every_event_once() {
        let mut one = of(0..100);
        one.unite(&of(50..150));
        one.unite(&of([149, 3, 150]));
        assert_eq!((one.total(), one.count()), (151, 302));
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Members>(&text).unwrap(), one);
    }

    #[test]
    fn what_is_forgotten_is_not_counted_twice() {
        let most = MEMBERS_MAX as u64;
        // All of the smaller one is in the larger one, and only the latest are told apart.
        let larger = of(0..most * 3);
        let smaller = of((0..most * 3).step_by(2));
        for (mut one, other) in [(larger.clone(), &smaller), (smaller.clone(), &larger)] {
            one.unite(other);
            assert_eq!((one.total(), one.count()), (most * 3, most * 6));
            assert_eq!(one.known.len(), MEMBERS_MAX);
        }
        let mut apart = of(0..most);
        apart.append(&of(most..most * 2));
        assert_eq!((apart.total(), apart.count()), (most * 2, most * 4));
    }
}
