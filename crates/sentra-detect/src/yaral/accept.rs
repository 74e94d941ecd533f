//! Whether an event is of an event variable, and what of it is kept.
//!
//! A repeated field is looked at one value at a time: an event with three addresses and two users is six rows,
//! and is accepted for those that fulfil every condition.

use sentra_model::EventRow;
use serde::{Deserialize, Serialize};

use super::rule::{Slot, Variable};
use super::term::{Bx, Scope, SlotId};
use super::udm::Facts;
use super::value::Value;

/// Most combinations of the values of repeated fields that are tried of one event.
pub(crate) const COMBINATIONS_MAX: usize = 4_096;
/// Most rows that are kept of one event.
pub(crate) const ROWS_PER_EVENT_MAX: usize = 256;
/// Longest text of a row that is kept, in bytes.
const TEXT_BYTES_MAX: usize = 4_096;

/// Messages that are repeated: their fields go together.
const REPEATED: [&str; 10] = [
    "labels",
    "detection_fields",
    "questions",
    "answers",
    "roles",
    "permissions",
    "security_result",
    "about",
    "intermediary",
    "outcomes",
];

/// One combination of the values of an event that fulfils the conditions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// By slot; null for what is not needed any more.
    pub(crate) values: Vec<Value>,
    /// By placeholder.
    pub(crate) given: Vec<Option<Value>>,
}

/// The rows of an event for one event variable, and whether some were left out for lack of room.
#[derive(Debug, Default)]
pub(crate) struct Accepted {
    pub(crate) rows: Vec<Row>,
    pub(crate) cut: bool,
}

/// Tries `event` for `variable`; none of the rows when it is not one of it.
pub(crate) fn accept(
    variable: &Variable,
    number: usize,
    placeholders: usize,
    event: EventRow<'_>,
) -> Accepted {
    let facts = Facts::of(event);
    let lists: Vec<Vec<Value>> = variable.slots.iter().map(|slot| slot.access.values(&facts)).collect();
    let axes = axes(&variable.slots, &lists);
    let mut scope = RowScope {
        variable: number,
        time: event.time().micros(),
        slots: &variable.slots,
        lists: &lists,
        places: vec![0; lists.len()],
        given: Vec::new(),
    };
    let mut accepted = Accepted::default();
    let mut turns: Vec<usize> = vec![0; axes.len()];
    for _ in 0..COMBINATIONS_MAX {
        for (axis, turn) in axes.iter().zip(&turns) {
            for slot in &axis.slots {
                if let Some(place) = scope.places.get_mut(*slot) {
                    *place = *turn;
                }
            }
        }
        for given in scope.solve(&variable.local, vec![None; placeholders]) {
            if accepted.rows.len() >= ROWS_PER_EVENT_MAX {
                accepted.cut = true;
                return accepted;
            }
            accepted.rows.push(Row { values: scope.kept(), given });
        }
        if !next(&mut turns, &axes) {
            return accepted;
        }
    }
    accepted.cut = true;
    accepted
}

/// Slots that go through their values together.
struct Axis {
    slots: Vec<usize>,
    len: usize,
    parent: Option<String>,
}

fn axes(slots: &[Slot], lists: &[Vec<Value>]) -> Vec<Axis> {
    let mut axes: Vec<Axis> = Vec::new();
    for (number, (slot, list)) in slots.iter().zip(lists).enumerate() {
        if !slot.unnest || list.len() < 2 {
            continue;
        }
        let parent = slot.access.path.rsplit_once('.').map(|(parent, _)| parent).filter(|parent| {
            slot.access.key.is_none() && REPEATED.contains(&parent.rsplit('.').next().unwrap_or_default())
        });
        let together = axes
            .iter_mut()
            .find(|axis| parent.is_some() && axis.parent.as_deref() == parent && axis.len == list.len());
        match together {
            Some(axis) => axis.slots.push(number),
            None => {
                axes.push(Axis { slots: vec![number], len: list.len(), parent: parent.map(str::to_owned) })
            }
        }
    }
    axes
}

/// Counts on; false after the last combination.
fn next(turns: &mut [usize], axes: &[Axis]) -> bool {
    for (turn, axis) in turns.iter_mut().zip(axes) {
        *turn += 1;
        if *turn < axis.len {
            return true;
        }
        *turn = 0;
    }
    false
}

type Given = Vec<Option<Value>>;

struct RowScope<'a> {
    variable: usize,
    time: i64,
    slots: &'a [Slot],
    lists: &'a [Vec<Value>],
    /// Per slot, which of its values it is now.
    places: Vec<usize>,
    given: Given,
}

impl RowScope<'_> {
    /// The values that the placeholders can have so that all of `tests` hold.
    fn solve(&mut self, tests: &[Bx], given: Given) -> Vec<Given> {
        let mut all = vec![given];
        for test in tests {
            let mut next: Vec<Given> = Vec::new();
            for given in all {
                self.alternatives(test, given, &mut next);
            }
            if next.is_empty() {
                return next;
            }
            all = next;
        }
        all
    }

    fn alternatives(&mut self, test: &Bx, given: Given, into: &mut Vec<Given>) {
        match test {
            Bx::Bind(number, ex) => {
                self.given = given;
                let value = keepable(ex.value(self));
                let mut given = std::mem::take(&mut self.given);
                let Some(place) = given.get_mut(*number) else { return };
                match place {
                    Some(known) if !known.equals(&value, false) => return,
                    Some(_) => {}
                    None => *place = Some(value),
                }
                if !into.contains(&given) && into.len() < ROWS_PER_EVENT_MAX {
                    into.push(given);
                }
            }
            Bx::And(parts) => {
                for given in self.solve(parts, given) {
                    if !into.contains(&given) && into.len() < ROWS_PER_EVENT_MAX {
                        into.push(given);
                    }
                }
            }
            Bx::Or(parts) => parts.iter().for_each(|part| self.alternatives(part, given.clone(), into)),
            test => {
                self.given = given;
                let holds = test.holds(self);
                let given = std::mem::take(&mut self.given);
                if holds && !into.contains(&given) {
                    into.push(given);
                }
            }
        }
    }

    fn kept(&self) -> Vec<Value> {
        let one = |(number, slot): (usize, &Slot)| {
            if !slot.kept {
                return Value::Null;
            }
            keepable(self.slot(SlotId { variable: self.variable, slot: number }))
        };
        self.slots.iter().enumerate().map(one).collect()
    }
}

/// A text as far as it may be kept.
pub(crate) fn shortened(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default()
}

/// A value that may be kept.
fn keepable(value: Value) -> Value {
    match &value {
        Value::Text(text) if text.len() > TEXT_BYTES_MAX => Value::from(shortened(text)),
        Value::List(values) => Value::list(values.iter().cloned().map(keepable)),
        _ => value,
    }
}

impl Scope for RowScope<'_> {
    fn slot(&self, slot: SlotId) -> Value {
        let Some(list) = self.lists.get(slot.slot) else { return Value::Null };
        if self.slots.get(slot.slot).is_some_and(|slot| !slot.unnest) {
            return Value::list(list.iter().cloned());
        }
        let place = self.places.get(slot.slot).copied().unwrap_or_default();
        list.get(place).cloned().unwrap_or(Value::Null)
    }

    /// What is missing is one value that is nothing.
    fn list(&self, slot: SlotId) -> Vec<Value> {
        match self.lists.get(slot.slot) {
            Some(list) if !list.is_empty() => list.clone(),
            _ => vec![Value::Null],
        }
    }

    fn placeholder(&self, number: usize) -> Value {
        self.given.get(number).cloned().flatten().unwrap_or(Value::Null)
    }

    fn window(&self) -> (i64, i64) {
        (self.time, self.time)
    }
}
