//! The events of a window, put together: one event of each event variable, such that all conditions between
//! them hold.

use sentra_model::EventId;
use serde::{Deserialize, Serialize};

use super::accept::Row;
use super::rule::{CrossTest, YaralRule};
use super::term::{Scope, SlotId};
use super::value::Value;

/// Most rows that one window is put together to.
pub(crate) const JOINED_ROWS_MAX: usize = 20_000;
/// Most pairs that are tried in one window.
pub(crate) const JOIN_STEPS_MAX: usize = 1_000_000;

/// An event that was accepted for an event variable, as far as it is needed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) id: EventId,
    /// Microseconds.
    pub(crate) time: i64,
    /// How many happenings it stands for.
    pub(crate) count: u32,
    pub(crate) variable: usize,
    pub(crate) rows: Vec<Row>,
    /// Number of a column among those that a match shows, and its value.
    pub(crate) columns: Vec<(u8, String)>,
}

/// One event of each event variable; none of those that may be absent.
#[derive(Debug, Clone)]
pub(crate) struct Joined<'a> {
    pub(crate) parts: Vec<Option<(&'a Record, &'a Row)>>,
    pub(crate) given: Vec<Option<Value>>,
}

/// All combinations, and whether some were left out for lack of room.
pub(crate) fn join<'a>(rule: &YaralRule, records: &[&'a Record]) -> (Vec<Joined<'a>>, bool) {
    let of = |variable: usize| records.iter().copied().filter(move |record| record.variable == variable);
    let mut order: Vec<usize> = (0..rule.variables.len()).collect();
    let optional =
        |variable: &usize| rule.variables.get(*variable).is_some_and(|variable| !variable.required);
    order.sort_by_key(|variable| (optional(variable), of(*variable).count()));
    let mut joined =
        vec![Joined { parts: vec![None; rule.variables.len()], given: vec![None; rule.placeholders.len()] }];
    let (mut steps, mut cut) = (0, false);
    let mut bound: Vec<usize> = Vec::new();
    for variable in order {
        bound.push(variable);
        let tests: Vec<&CrossTest> = rule
            .cross
            .iter()
            .filter(|test| {
                test.needs.contains(&variable) && test.needs.iter().all(|need| bound.contains(need))
            })
            .collect();
        let forbidden = rule.variables.get(variable).is_some_and(|variable| variable.forbidden);
        let mut next = Vec::new();
        for partial in joined {
            let before = next.len();
            for (record, row) in
                of(variable).flat_map(|record| record.rows.iter().map(move |row| (record, row)))
            {
                steps += 1;
                if steps > JOIN_STEPS_MAX || next.len() >= JOINED_ROWS_MAX {
                    cut = true;
                    break;
                }
                next.extend(extended(&partial, variable, record, row, &tests));
                // One is enough to say that there is one.
                if forbidden && next.len() > before {
                    break;
                }
            }
            if next.len() == before && optional(&variable) {
                next.push(partial);
            }
        }
        joined = next;
    }
    (joined, cut)
}

fn extended<'a>(
    partial: &Joined<'a>,
    variable: usize,
    record: &'a Record,
    row: &'a Row,
    tests: &[&CrossTest],
) -> Option<Joined<'a>> {
    let agree = partial.given.iter().zip(&row.given).all(|pair| match pair {
        (Some(left), Some(right)) => left.equals(right, false),
        _ => true,
    });
    if !agree {
        return None;
    }
    let mut joined = partial.clone();
    for (known, new) in joined.given.iter_mut().zip(&row.given) {
        if known.is_none() {
            known.clone_from(new);
        }
    }
    *joined.parts.get_mut(variable)? = Some((record, row));
    let absent =
        |test: &CrossTest| test.needs.iter().any(|need| joined.parts.get(*need).is_none_or(Option::is_none));
    tests.iter().all(|test| absent(test) || test.test.holds(&joined)).then_some(joined)
}

impl Scope for Joined<'_> {
    fn slot(&self, slot: SlotId) -> Value {
        let part = self.parts.get(slot.variable).and_then(Option::as_ref);
        part.and_then(|(_, row)| row.values.get(slot.slot)).cloned().unwrap_or(Value::Null)
    }

    fn placeholder(&self, number: usize) -> Value {
        self.given.get(number).cloned().flatten().unwrap_or(Value::Null)
    }

    fn window(&self) -> (i64, i64) {
        let time = self.parts.iter().flatten().map(|(record, _)| record.time).max().unwrap_or_default();
        (time, time)
    }
}
