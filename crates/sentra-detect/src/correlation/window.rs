//! The events that a run which has not fired yet may need, and whether they are enough.

use hashbrown::HashMap;
use sentra_model::EventId;
use serde::{Deserialize, Serialize};

use super::rule::{CorrelationKind, CorrelationRule};

/// An event in the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Event time, in microseconds.
    pub(crate) time: i64,
    pub(crate) id: EventId,
    /// Digest of the counted value, or the rule's (first) place in the correlation's list; 0 where only
    /// happenings count.
    pub(crate) what: u64,
    /// How many happenings it stands for.
    pub(crate) weight: u64,
}

/// Fewest entries that a window is given.
const ENTRIES_MIN: u64 = 1_024;

/// Most entries of a window: four times what makes it fire, so that late events find their company.
pub(crate) fn entries_max(threshold: u64) -> usize {
    (threshold * 4).max(ENTRIES_MIN) as usize
}

/// Events sorted by time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window {
    entries: Vec<Entry>,
    /// The entries' weights, added up.
    weight: u64,
}

impl Window {
    /// Adds an entry at its time. Gives back how many old ones had to go (law LIMIT).
    pub(crate) fn add(&mut self, entry: Entry, rule: &CorrelationRule) -> u64 {
        let place = self.entries.partition_point(|other| *other <= entry);
        self.entries.insert(place, entry);
        self.weight += entry.weight;
        if can_be_thinned(rule, entry.what) {
            self.thin(entry.what, rule.timespan_micros);
        }
        let surplus = self.entries.len().saturating_sub(entries_max(rule.threshold));
        self.weight -= self.entries.drain(..surplus).map(|entry| entry.weight).sum::<u64>();
        surplus as u64
    }

    pub(crate) fn absorb(&mut self, other: Self) {
        self.entries.extend(other.entries);
        self.entries.sort_unstable();
        self.weight += other.weight;
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Happenings in it, whether or not they are within one timespan.
    pub(crate) fn weight(&self) -> u64 {
        self.weight
    }

    /// Of three equal ones within one timespan the middle one is never needed: a window that holds it also
    /// holds one of the others. So repetition does not make the window grow.
    fn thin(&mut self, what: u64, timespan_micros: i64) {
        let equal = self.entries.iter().filter(|entry| entry.what == what);
        let times: Vec<(i64, EventId)> = equal.map(|entry| (entry.time, entry.id)).collect();
        let mut kept: Vec<(i64, EventId)> = Vec::with_capacity(times.len());
        for (index, moment) in times.iter().enumerate() {
            let (before, after) = (kept.last(), times.get(index + 1));
            let needless =
                before.zip(after).is_some_and(|(before, after)| after.0 - before.0 <= timespan_micros);
            if !needless {
                kept.push(*moment);
            }
        }
        if kept.len() < times.len() {
            let is_kept = |entry: &Entry| kept.binary_search(&(entry.time, entry.id)).is_ok();
            self.entries.retain(|entry| entry.what != what || is_kept(entry));
            self.weight = self.entries.iter().map(|entry| entry.weight).sum();
        }
    }

    /// Whether some timespan that the events around `time` belong to holds enough.
    pub(crate) fn is_enough(&self, time: i64, rule: &CorrelationRule) -> bool {
        // What cannot be enough all together is not looked at: the usual case is cheap.
        if self.weight < rule.threshold && rule.kind == CorrelationKind::EventCount {
            return false;
        }
        let from =
            self.entries.partition_point(|entry| entry.time < time.saturating_sub(rule.timespan_micros));
        let to =
            self.entries.partition_point(|entry| entry.time <= time.saturating_add(rule.timespan_micros));
        let near = self.entries.get(from..to).unwrap_or_default();
        match rule.kind {
            CorrelationKind::EventCount => count_reaches(near, rule),
            CorrelationKind::ValueCount { .. } | CorrelationKind::Temporal => distinct_reach(near, rule),
            CorrelationKind::TemporalOrdered => sequence_completes(near, rule),
        }
    }
}

fn can_be_thinned(rule: &CorrelationRule, what: u64) -> bool {
    match rule.kind {
        CorrelationKind::EventCount => false,
        CorrelationKind::ValueCount { .. } | CorrelationKind::Temporal => true,
        // In the middle of a sequence each may be the one that stands right.
        CorrelationKind::TemporalOrdered => {
            let last = rule.rules.len().saturating_sub(1);
            !(1..last).any(|step| is_step(rule, step, what))
        }
    }
}

/// Whether the rule at place `what` of the list is the one of `step`; a rule may be listed twice.
fn is_step(rule: &CorrelationRule, step: usize, what: u64) -> bool {
    let listed = usize::try_from(what).ok().and_then(|what| rule.rules.get(what));
    listed.is_some() && listed == rule.rules.get(step)
}

fn count_reaches(entries: &[Entry], rule: &CorrelationRule) -> bool {
    let mut sum = 0;
    let mut oldest = entries.iter();
    for entry in entries {
        sum += entry.weight;
        while let Some(first) = oldest.as_slice().first()
            && entry.time - first.time > rule.timespan_micros
        {
            sum -= first.weight;
            oldest.next();
        }
        if sum >= rule.threshold {
            return true;
        }
    }
    false
}

fn distinct_reach(entries: &[Entry], rule: &CorrelationRule) -> bool {
    let wanted = match rule.kind {
        // A rule may be listed twice.
        CorrelationKind::Temporal => {
            let mut rules = rule.rules.clone();
            rules.sort_unstable();
            rules.dedup();
            rules.len()
        }
        _ => rule.threshold as usize,
    };
    let mut counts: HashMap<u64, u32, foldhash::fast::RandomState> = HashMap::default();
    let mut oldest = entries.iter();
    for entry in entries {
        *counts.entry(entry.what).or_default() += 1;
        while let Some(first) = oldest.as_slice().first()
            && entry.time - first.time > rule.timespan_micros
        {
            if let Some(count) = counts.get_mut(&first.what) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(&first.what);
                }
            }
            oldest.next();
        }
        if counts.len() >= wanted {
            return true;
        }
    }
    false
}

/// Whether all rules match one after the other. For every step it is enough to know how late the first
/// step of a sequence that got so far can have been.
fn sequence_completes(entries: &[Entry], rule: &CorrelationRule) -> bool {
    let mut latest_start: Vec<Option<i64>> = vec![None; rule.rules.len()];
    for entry in entries {
        for step in (0..rule.rules.len()).rev() {
            if !is_step(rule, step, entry.what) {
                continue;
            }
            let start = match step.checked_sub(1) {
                None => Some(entry.time),
                Some(before) => latest_start.get(before).copied().flatten(),
            };
            let Some(start) = start else { continue };
            if step + 1 == rule.rules.len() && entry.time - start <= rule.timespan_micros {
                return true;
            }
            if let Some(slot) = latest_start.get_mut(step) {
                *slot = (*slot).max(Some(start));
            }
        }
    }
    false
}
