use std::collections::VecDeque;

use sentra_model::EventId;
use serde::{Deserialize, Serialize};

/// Most event ids kept at each end of a run.
pub(crate) const EVIDENCE_PER_END_MAX: usize = 500;

/// An event at its time (µs). The id decides between events of one time.
pub(crate) type Moment = (i64, EventId);

/// The earliest and the latest events of a run, in the order of their time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Evidence {
    head: VecDeque<Moment>,
    tail: VecDeque<Moment>,
}

impl Evidence {
    pub(crate) fn add(&mut self, moment: Moment) {
        let full = self.head.len() >= EVIDENCE_PER_END_MAX;
        let later = if full && self.head.back().is_some_and(|last| moment > *last) {
            Some(moment)
        } else {
            insert(&mut self.head, moment);
            if self.head.len() > EVIDENCE_PER_END_MAX { self.head.pop_back() } else { None }
        };
        if let Some(later) = later {
            insert(&mut self.tail, later);
            if self.tail.len() > EVIDENCE_PER_END_MAX {
                self.tail.pop_front();
            }
        }
    }

    pub(crate) fn absorb(&mut self, other: &Self) {
        other.head.iter().chain(&other.tail).for_each(|moment| self.add(*moment));
    }

    pub(crate) fn ids(&self) -> Vec<EventId> {
        self.head.iter().chain(&self.tail).map(|(_, id)| *id).collect()
    }
}

fn insert(sorted: &mut VecDeque<Moment>, moment: Moment) {
    if let Err(place) = sorted.binary_search(&moment) {
        sorted.insert(place, moment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_kept_in_the_order_of_time() {
        let mut evidence = Evidence::default();
        // Every number below 2,003 once, in disorder.
        for number in (0..2_003).map(|step| step * 997 % 2_003) {
            evidence.add((number, EventId::raw(0, number as u64)));
        }
        let ids: Vec<u64> = evidence.ids().iter().map(|id| id.offset).collect();
        let expected: Vec<u64> = (0..500).chain(1_503..2_003).collect();
        assert_eq!(ids, expected);
    }

    #[test]
    fn an_event_that_two_correlations_bring_is_there_once() {
        let mut evidence = Evidence::default();
        (0..700).for_each(|number| evidence.add((number, EventId::raw(0, number as u64))));
        evidence.absorb(&evidence.clone());
        assert_eq!(evidence.ids().len(), 700);
    }
}
