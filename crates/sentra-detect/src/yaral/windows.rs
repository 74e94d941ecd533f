//! Which windows there are over the events of a group.
//!
//! Hop windows overlap: one begins with every event, so that events which lie within the length of a window of
//! each other have one in common. Tumbling windows lie one after the other from 1970 on. A sliding window follows or
//! leads to an event of its pivot variable.

use std::collections::BTreeMap;

use sentra_model::EventId;

use super::gather::Span;
use super::join::Record;
use super::rule::{Matching, Window};

/// Place of a record in its group: time, event, event variable.
pub(crate) type Place = (i64, EventId, usize);

/// The records of a group in the order of time.
pub(crate) type Records = BTreeMap<Place, Record>;

impl Matching {
    fn tumbling(&self, time: i64) -> Span {
        let start = time.div_euclid(self.length).saturating_mul(self.length);
        Span { start, end: start.saturating_add(self.length), pivot: None }
    }

    /// The window that begins with, holds or is anchored to the record; `None` for an event that is no pivot.
    fn window_of(&self, record: &Record) -> Option<Span> {
        let (time, pivot) = (record.time, Some(record.id));
        match self.window {
            Window::Hop => Some(Span { start: time, end: time.saturating_add(self.length), pivot: None }),
            Window::Tumbling => Some(self.tumbling(time)),
            Window::After(variable) => (variable == record.variable).then(|| Span {
                start: time,
                end: time.saturating_add(self.length),
                pivot,
            }),
            Window::Before(variable) => (variable == record.variable).then(|| Span {
                start: time.saturating_sub(self.length).saturating_add(1),
                end: time.saturating_add(1),
                pivot,
            }),
        }
    }

    /// The windows that hold an event of `time`. Of hop windows only those that are within no other: what holds
    /// in a smaller one holds in the larger for a condition that grows.
    pub(crate) fn around(&self, records: &Records, time: i64) -> Vec<Span> {
        let from = time.saturating_sub(self.length);
        let near = records.values().skip_while(|record| record.time < from);
        let near = near.take_while(|record| record.time <= time.saturating_add(self.length));
        let spans = near.filter_map(|record| self.window_of(record)).filter(|span| span.holds(time));
        let mut found: Vec<Span> = Vec::new();
        let mut last_inside: Option<Place> = None;
        for span in spans {
            if self.window == Window::Hop {
                let last =
                    records.range(..(span.end, EventId::raw(0, 0), 0)).next_back().map(|(place, _)| *place);
                if last_inside.is_some() && last == last_inside {
                    continue;
                }
                last_inside = last;
            }
            if found.last() != Some(&span) {
                found.push(span);
            }
        }
        found
    }

    /// The windows that end at `watermark` or before, each with the record that brought it.
    pub(crate) fn ended(&self, records: &Records, watermark: i64) -> Vec<Span> {
        let mut found: Vec<Span> = Vec::new();
        for record in records.values() {
            if let Some(span) = self.window_of(record)
                && span.end <= watermark
                && !found.contains(&span)
            {
                found.push(span);
            }
        }
        found
    }

    /// Until when a match whose last event is before `end` can grow.
    pub(crate) fn told_until(&self, end: i64) -> i64 {
        match self.window {
            // It leads to one event, which is decided once.
            Window::Before(_) => end,
            _ => end.saturating_add(self.length),
        }
    }

    /// When nothing can ask for the record any more.
    pub(crate) fn done_at(&self, record: &Record) -> i64 {
        match self.window {
            Window::Tumbling => self.tumbling(record.time).end,
            Window::Before(variable) if variable == record.variable => record.time.saturating_add(1),
            _ => record.time.saturating_add(self.length),
        }
    }
}
