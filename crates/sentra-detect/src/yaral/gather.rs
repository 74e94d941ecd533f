//! What comes of a window: outcomes, and whether the condition holds.

use std::collections::{BTreeMap, BTreeSet};

use sentra_model::EventId;

use super::join::{Joined, Record, join};
use super::rule::{Window, YaralRule};
use super::term::{Aggregate, Ex, Scope, SlotId};
use super::value::Value;

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Microseconds; the end is not part of it.
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// The event that a sliding window follows or leads to.
    pub(crate) pivot: Option<EventId>,
}

impl Span {
    pub(crate) fn holds(&self, time: i64) -> bool {
        (self.start..self.end).contains(&time)
    }
}

/// A window in which the condition holds, for one combination of match variables.
#[derive(Debug)]
pub(crate) struct Detection<'a> {
    /// Values of the match variables.
    pub(crate) key: Vec<String>,
    pub(crate) outcomes: Vec<Value>,
    /// The events, in the order of time.
    pub(crate) records: Vec<&'a Record>,
}

/// Evaluates the window `span` over `records`, which may be more than its own. Says too whether something was left
/// out for lack of room.
pub(crate) fn evaluate<'a>(
    rule: &YaralRule,
    records: &[&'a Record],
    span: Span,
) -> (Vec<Detection<'a>>, bool) {
    let pivot = match rule.matching.as_ref().map(|matching| matching.window) {
        Some(Window::After(variable) | Window::Before(variable)) => Some(variable),
        _ => None,
    };
    let inside: Vec<&Record> = records
        .iter()
        .copied()
        .filter(|record| {
            span.holds(record.time) && (pivot != Some(record.variable) || span.pivot == Some(record.id))
        })
        .collect();
    let there = |variable: usize| inside.iter().any(|record| record.variable == variable);
    let missing =
        rule.variables.iter().enumerate().any(|(number, variable)| variable.required && !there(number));
    if missing {
        return (Vec::new(), false);
    }
    let (joined, cut) = join(rule, &inside);
    let mut groups: BTreeMap<Vec<String>, Vec<Joined<'a>>> = BTreeMap::new();
    let matched = rule.matching.as_ref().map(|matching| matching.variables.as_slice()).unwrap_or_default();
    for row in joined {
        let values: Vec<Value> = matched.iter().map(|number| row.placeholder(*number)).collect();
        if !rule.allow_zero_values && values.iter().any(Value::is_zero) {
            continue;
        }
        let key = values.iter().map(|value| value.to_text().into_owned()).collect();
        groups.entry(key).or_default().push(row);
    }
    let found = groups.into_iter().filter_map(|(key, rows)| {
        let mut scope = Gathered { rows, outcomes: Vec::new(), span };
        for outcome in &rule.outcomes {
            let value = outcome.value.value(&scope);
            scope.outcomes.push(value);
        }
        rule.condition.holds(&scope).then(|| scope.detection(key))
    });
    (found.collect(), cut)
}

struct Gathered<'a> {
    rows: Vec<Joined<'a>>,
    outcomes: Vec<Value>,
    span: Span,
}

impl<'a> Gathered<'a> {
    fn records(&self) -> BTreeMap<(i64, EventId), &'a Record> {
        let parts = self.rows.iter().flat_map(|row| row.parts.iter().flatten());
        parts.map(|(record, _)| ((record.time, record.id), *record)).collect()
    }

    fn detection(self, key: Vec<String>) -> Detection<'a> {
        let records = self.records().into_values().collect();
        Detection { key, outcomes: self.outcomes, records }
    }
}

impl Scope for Gathered<'_> {
    /// In a rule without match section: of the one event there is.
    fn slot(&self, slot: SlotId) -> Value {
        self.rows.first().map_or(Value::Null, |row| row.slot(slot))
    }

    fn placeholder(&self, number: usize) -> Value {
        self.rows.first().map_or(Value::Null, |row| row.placeholder(number))
    }

    fn outcome(&self, number: usize) -> Value {
        self.outcomes.get(number).cloned().unwrap_or(Value::Null)
    }

    fn event_count(&self, variable: usize) -> i64 {
        let parts = self.rows.iter().filter_map(|row| row.parts.get(variable).copied().flatten());
        let counts: BTreeMap<EventId, u32> = parts.map(|(record, _)| (record.id, record.count)).collect();
        counts.values().map(|count| i64::from(*count)).sum()
    }

    fn placeholder_count(&self, number: usize) -> i64 {
        let values = self.rows.iter().map(|row| row.placeholder(number)).filter(|value| !value.is_zero());
        values.collect::<BTreeSet<Value>>().len() as i64
    }

    fn aggregate(&self, aggregate: Aggregate, of: &Ex) -> Value {
        aggregate.of(self.rows.iter().map(|row| of.value(row)))
    }

    fn window(&self) -> (i64, i64) {
        (self.span.start, self.span.end)
    }
}
