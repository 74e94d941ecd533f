//! What is in one window, kept up to date event by event.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry as Slot;

use sentra_model::EventId;

use crate::stream::Place;

use super::number::NUMBER_TIMES_MAX;
use super::numbers::{Numbers, average_to, counted};
use super::parse::{Statistic, Window};
use super::rule::{CorrelationKind, CorrelationRule};

/// An event of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its part is the (first) place of the rule that matched in the correlation's list.
    pub(crate) place: Place,
    pub(crate) content: Content,
}

/// What an event brings to a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Content {
    /// Digest of the counted value, or the number; 0 where only happenings or rules count.
    pub(crate) what: u128,
    /// The number of a value correlation, in thousand-millionths.
    pub(crate) number: i128,
    /// The (first) place of the rule that matched.
    pub(crate) rule: u8,
    /// How many happenings it stands for.
    pub(crate) weight: u64,
}

/// A value in a window.
#[derive(Debug, Clone, Copy)]
struct Seen {
    times: u32,
    last: Place,
    before: Option<Place>,
}

/// The content of one window. Events are added in any order, except for sequences, and are taken away from
/// the front.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    weight: u64,
    values: HashMap<u128, Seen, foldhash::fast::RandomState>,
    /// Matches by place of the rule, and the places that have any.
    rules: Vec<u32>,
    matched: u64,
    numbers: Numbers,
    /// Of a sequence: for every step the latest start of one that got so far.
    starts: Vec<Option<i64>>,
    complete: bool,
    /// Of a correlation over correlations, how often an event is there (with a number: in the field that has the
    /// number). It counts once.
    events: HashMap<(EventId, u8), u32, foldhash::fast::RandomState>,
}

impl Tally {
    pub(crate) fn clear(&mut self) {
        self.weight = 0;
        self.values.clear();
        self.rules.clear();
        self.matched = 0;
        self.numbers.clear();
        self.starts.clear();
        self.complete = false;
        self.events.clear();
    }

    /// Adds an event. For a value that is now there three times within `thinned`: the place of the middle one,
    /// which is never needed, because a window that holds it also holds one of the others.
    pub(crate) fn add(
        &mut self,
        place: Place,
        content: &Content,
        rule: &CorrelationRule,
        thinned: Option<i64>,
    ) -> Option<Place> {
        if !self.is_first(place, content, rule) {
            return None;
        }
        self.weight += content.weight;
        match &rule.kind {
            CorrelationKind::EventCount(_) => None,
            CorrelationKind::ValueCount { .. } => self.add_value(content.what, place, thinned),
            CorrelationKind::Temporal(_) => {
                self.add_rule(content.rule);
                None
            }
            CorrelationKind::TemporalOrdered => {
                self.add_step(place.time, content.rule, rule);
                None
            }
            CorrelationKind::Number { .. } => {
                self.numbers.add(content.number, content.weight.min(NUMBER_TIMES_MAX));
                None
            }
        }
    }

    /// Whether an event that comes is not there yet, where that matters.
    fn is_first(&mut self, place: Place, content: &Content, rule: &CorrelationRule) -> bool {
        let Some(event) = counted_event(place, content, rule) else { return true };
        let times = self.events.entry(event).or_default();
        *times += 1;
        *times == 1
    }

    /// Whether an event that goes is not there any more, where that matters.
    fn is_last(&mut self, place: Place, content: &Content, rule: &CorrelationRule) -> bool {
        let Some(event) = counted_event(place, content, rule) else { return true };
        match self.events.get_mut(&event) {
            Some(times) if *times > 1 => {
                *times -= 1;
                false
            }
            _ => self.events.remove(&event).is_some(),
        }
    }

    fn add_value(&mut self, value: u128, place: Place, thinned: Option<i64>) -> Option<Place> {
        match self.values.entry(value) {
            Slot::Vacant(slot) => {
                slot.insert(Seen { times: 1, last: place, before: None });
                None
            }
            Slot::Occupied(mut slot) => {
                let seen = slot.get_mut();
                seen.times += 1;
                if place < seen.last {
                    return None;
                }
                let close = thinned
                    .zip(seen.before)
                    .is_some_and(|(span, before)| place.time.saturating_sub(before.time) <= span);
                if close {
                    return Some(std::mem::replace(&mut seen.last, place));
                }
                seen.before = Some(std::mem::replace(&mut seen.last, place));
                None
            }
        }
    }

    fn add_rule(&mut self, rule: u8) {
        let place = usize::from(rule);
        if self.rules.len() <= place {
            self.rules.resize(place + 1, 0);
        }
        if let Some(times) = self.rules.get_mut(place) {
            *times += 1;
            self.matched |= 1 << (rule & 63);
        }
    }

    fn add_step(&mut self, time: i64, place: u8, rule: &CorrelationRule) {
        self.starts.resize(rule.rules.len(), None);
        for step in (0..rule.rules.len()).rev() {
            if rule.places.get(step) != Some(&place) {
                continue;
            }
            let start = match step.checked_sub(1) {
                None => Some(time),
                Some(before) => self.starts.get(before).copied().flatten(),
            };
            let Some(start) = start else { continue };
            let fits = match rule.window {
                Window::Sliding { span } => time.saturating_sub(start) <= span,
                // A window that is cleared at its borders holds nothing from outside.
                Window::Tumbling { .. } | Window::Session { .. } => true,
            };
            if step + 1 == rule.rules.len() && fits {
                self.complete = true;
            }
            if let Some(slot) = self.starts.get_mut(step) {
                *slot = (*slot).max(Some(start));
            }
        }
    }

    /// Takes an event away, the earliest or one that [`Tally::add`] named.
    pub(crate) fn remove(&mut self, place: Place, content: &Content, rule: &CorrelationRule) {
        if !self.is_last(place, content, rule) {
            return;
        }
        self.weight = self.weight.saturating_sub(content.weight);
        match &rule.kind {
            CorrelationKind::EventCount(_) | CorrelationKind::TemporalOrdered => {}
            CorrelationKind::ValueCount { .. } => self.remove_value(content.what, place),
            CorrelationKind::Temporal(_) => {
                if let Some(times) = self.rules.get_mut(usize::from(content.rule)) {
                    *times = times.saturating_sub(1);
                    if *times == 0 {
                        self.matched &= !(1 << (content.rule & 63));
                    }
                }
            }
            CorrelationKind::Number { .. } => {
                self.numbers.remove(content.number, content.weight.min(NUMBER_TIMES_MAX));
            }
        }
    }

    fn remove_value(&mut self, value: u128, place: Place) {
        if let Slot::Occupied(mut slot) = self.values.entry(value) {
            let seen = slot.get_mut();
            seen.times = seen.times.saturating_sub(1);
            if seen.before == Some(place) {
                seen.before = None;
            }
            if seen.times == 0 {
                slot.remove();
            }
        }
    }

    /// How far it is: what is compared with the rule's threshold.
    pub(crate) fn progress(&self, rule: &CorrelationRule) -> u64 {
        match &rule.kind {
            CorrelationKind::EventCount(_) => self.weight,
            CorrelationKind::ValueCount { .. } => self.values.len() as u64,
            CorrelationKind::Temporal(_) => u64::from(self.matched.count_ones()),
            CorrelationKind::TemporalOrdered => {
                self.starts.iter().take_while(|start| start.is_some()).count() as u64
            }
            CorrelationKind::Number { .. } => u64::from(self.numbers.count() > 0),
        }
    }

    /// Whether the condition holds.
    pub(crate) fn holds(&self, rule: &CorrelationRule) -> bool {
        match &rule.kind {
            CorrelationKind::EventCount(comparison) => comparison.holds(counted(self.weight)),
            CorrelationKind::ValueCount { comparison, .. } => {
                comparison.holds(counted(self.values.len() as u64))
            }
            CorrelationKind::Temporal(formula) => {
                formula.holds(&mut |rule| self.matched >> (rule & 63) & 1 == 1)
            }
            CorrelationKind::TemporalOrdered => self.complete,
            CorrelationKind::Number { statistic, comparison, .. } => match statistic {
                Statistic::Sum => comparison.holds(self.numbers.sum()),
                Statistic::Average => comparison.operator.holds(average_to(
                    self.numbers.sum(),
                    self.numbers.count(),
                    comparison.bound,
                )),
                Statistic::Percentile(part) => {
                    self.numbers.percentile(*part).is_some_and(|number| comparison.holds(number))
                }
            },
        }
    }
}

/// What is counted once, where several correlations may bring the same event.
fn counted_event(place: Place, content: &Content, rule: &CorrelationRule) -> Option<(EventId, u8)> {
    if !rule.nested {
        return None;
    }
    match rule.kind {
        CorrelationKind::EventCount(_) | CorrelationKind::Number { .. } => {
            Some((place.id, rule.measured_as(content.rule)))
        }
        _ => None,
    }
}

/// Goes through `entries`, which are in order, and asks about the window that ends with each, as it then is,
/// until `done` says so.
pub(crate) fn scan(entries: &[Entry], rule: &CorrelationRule, mut done: impl FnMut(&Tally) -> bool) -> bool {
    let mut tally = Tally::default();
    let mut first = entries.iter();
    let mut last: Option<i64> = None;
    for entry in entries {
        let time = entry.place.time;
        match rule.window {
            Window::Sliding { span } => {
                while let Some(oldest) = first.as_slice().first()
                    && time.saturating_sub(oldest.place.time) > span
                {
                    tally.remove(oldest.place, &oldest.content, rule);
                    first.next();
                }
            }
            Window::Tumbling { span } => {
                if last.is_some_and(|last| last.div_euclid(span) != time.div_euclid(span)) {
                    tally.clear();
                }
            }
            Window::Session { gap, .. } => {
                if last.is_some_and(|last| time.saturating_sub(last) > gap) {
                    tally.clear();
                }
            }
        }
        last = Some(time);
        tally.add(entry.place, &entry.content, rule, None);
        if done(&tally) {
            return true;
        }
    }
    false
}

/// Whether some window among `entries` has enough.
pub(crate) fn is_enough(entries: &[Entry], rule: &CorrelationRule) -> bool {
    scan(entries, rule, |tally| tally.holds(rule))
}

/// The furthest that some window among `entries` has come.
pub(crate) fn best(entries: &[Entry], rule: &CorrelationRule) -> u64 {
    let mut best = 0;
    scan(entries, rule, |tally| {
        best = best.max(tally.progress(rule));
        false
    });
    best
}
