//! Events one after the other.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Engine, Key, Row, RunError};
use crate::plan::{Node, Op, Value};

/// A sequence that is not complete: the keys' first event so far, and the events.
#[derive(Clone)]
struct Partial {
    first: Value,
    events: Vec<Json>,
}

impl Engine<'_> {
    /// For each key there is at most one incomplete sequence of every length, the latest. An event first
    /// ends what it ends (`until`), then goes on with what it can, the longest first, then begins one.
    pub(super) fn sequences(&self, node: &Node) -> Result<Vec<Row>, RunError> {
        let Op::Sequence { input, keys, time, id, maxspan, steps, until } = &node.op else {
            return Err(RunError::BadPlan { what: "no sequence" });
        };
        let at = |row: &Row, place: usize| row.get(place).cloned().unwrap_or(Value::Null);
        let mut events = self.rows(input)?;
        events.retain(|row| !at(row, *time).is_null());
        events.sort_by(|one, two| {
            at(one, *time).order(&at(two, *time)).then_with(|| at(one, *id).order(&at(two, *id)))
        });
        let mut partials: BTreeMap<Key, Vec<Option<Partial>>> = BTreeMap::new();
        let mut found = Vec::new();
        for row in &events {
            self.halt.row()?;
            let key: Row = keys.iter().map(|place| at(row, *place)).collect();
            if key.iter().any(|value| value.is_null() || *value == Value::String(String::new())) {
                continue;
            }
            let state = partials.entry(Key(key.clone())).or_insert_with(|| vec![None; steps.len()]);
            if let Some(until) = until
                && self.eval(until, row)?.is_true()
            {
                state.fill(None);
                continue;
            }
            let (now, event) = (at(row, *time), at(row, *id).into_json());
            for (place, step) in steps.iter().enumerate().rev() {
                if !self.eval(step, row)?.is_true() {
                    continue;
                }
                let Some(before) = place.checked_sub(1) else {
                    let begun = Partial { first: now.clone(), events: vec![event.clone()] };
                    state.splice(0..1, [Some(begun)]);
                    continue;
                };
                let Some(mut partial) = state.get_mut(before).and_then(Option::take) else { continue };
                if !in_time(&partial.first, &now, *maxspan) {
                    continue;
                }
                partial.events.push(event.clone());
                if place + 1 < steps.len() {
                    state.splice(place..=place, [Some(partial)]);
                    continue;
                }
                let mut result = key.clone();
                result.extend([partial.first, now.clone(), Value::Dynamic(Json::Array(partial.events))]);
                found.push(result);
                self.check(found.len(), node)?;
            }
        }
        Ok(found)
    }
}

fn in_time(first: &Value, now: &Value, maxspan: Option<i64>) -> bool {
    match (first.moment(), now.moment(), maxspan) {
        (Some(first), Some(now), Some(maxspan)) => now.since(first) <= maxspan,
        _ => true,
    }
}
