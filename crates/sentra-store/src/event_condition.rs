//! A condition on events as text, held against batches on their way into the store.
//!
//! It is KQL as after `where`, over the columns of a table of events. What the store's own predicates say is tested once
//! per distinct value of a column; the rest is evaluated row by row by the interpreter. Either way the rows are those
//! that a question with the condition would find (law SAME).
//!
//! Invariant: what a condition says of an event depends on the event alone, as it was decoded: not on the moment, and not
//! on what the platform states about rows, which a replay does not repeat (law SOURCE).

use std::collections::BTreeSet;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, TimestampMicrosecondType};
use arrow_array::{Array, DictionaryArray};
use sentra_kql::plan::{Expr, ExprNode, Op, Plan, Value};
use sentra_kql::run::Evaluator;
use sentra_kql::{Builtin, CheckOptions, KqlError, Operator, Place, Reason, Span, check, parse};
use sentra_model::{EventBatch, EventId, EventRow, Timestamp};
use serde_json::{Map, Value as Json};

use crate::bound::{Bound, bind};
use crate::header::{ColumnKind, HeaderColumn};
use crate::kql::{Leaf, SCAN_COLUMNS, event_catalog, predicate_of};
use crate::matcher::ValueTest;
use crate::row::number;

/// What stands before a condition when it is read.
const BEFORE: &str = "events | where ";

/// Why a text is no condition on events.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConditionProblem {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes of the text.
    pub offset: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What was probably meant, or what to write instead.
    pub hint: Option<String>,
}

/// A condition on events.
#[derive(Debug, Clone)]
pub struct EventCondition {
    /// Parts that must all hold, the fast ones first.
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    /// The store's own predicates.
    Bound(Bound),
    /// Evaluated row by row, over the columns of a table of events.
    ByRow { expr: Expr, columns: Vec<&'static HeaderColumn>, fields: BTreeSet<String> },
}

impl EventCondition {
    /// Reads `text`.
    ///
    /// # Errors
    /// What is wrong with it, where, and what to write instead.
    pub fn new(text: &str) -> Result<Self, ConditionProblem> {
        let expr = condition(text)?;
        let mut parts = Vec::new();
        flatten(&expr, &mut parts);
        parts.sort_by_key(|part| matches!(part, Part::ByRow { .. }));
        Ok(Self { parts })
    }

    /// The fields of the source that it names.
    #[must_use]
    pub fn fields(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for part in &self.parts {
            match part {
                Part::Bound(bound) => bound_fields(bound, &mut names),
                Part::ByRow { fields, .. } => names.extend(fields.iter().cloned()),
            }
        }
        names
    }

    /// For every row of `batch` whether it holds.
    #[must_use]
    pub fn mask(&self, batch: &EventBatch) -> Vec<bool> {
        let mut mask = vec![true; batch.len()];
        for part in &self.parts {
            if !mask.contains(&true) {
                break;
            }
            match part {
                Part::Bound(bound) => {
                    let holds = mask_of(bound, batch);
                    mask.iter_mut().zip(holds).for_each(|(all, one)| *all &= one);
                }
                Part::ByRow { expr, columns, fields } => {
                    let evaluator = Evaluator::default();
                    for (row, holds) in batch.rows().zip(&mut mask).filter(|(_, holds)| **holds) {
                        let values: Vec<Value> =
                            columns.iter().map(|header| value_of(row, header, fields)).collect();
                        // What cannot be computed of an event does not hold for it.
                        *holds = evaluator.eval(expr, &values).is_ok_and(|value| value == Value::Bool(true));
                    }
                }
            }
        }
        mask
    }
}

fn bound_fields(bound: &Bound, names: &mut BTreeSet<String>) {
    match bound {
        Bound::And(parts) | Bound::Or(parts) => parts.iter().for_each(|part| bound_fields(part, names)),
        Bound::Not(part) => bound_fields(part, names),
        Bound::Source { name, .. } => _ = names.insert(name.clone()),
        _ => {}
    }
}

/// `text` as an expression over the columns of a table of events.
pub(crate) fn condition(text: &str) -> Result<Expr, ConditionProblem> {
    let whole = format!("{BEFORE}{text}");
    let problem = |error: &KqlError| {
        let offset = error.span.start.saturating_sub(BEFORE.len()).min(text.len());
        let Place { offset, line, column } = Place::at(text, offset);
        ConditionProblem { message: error.message.clone(), offset, line, column, hint: error.hint.clone() }
    };
    let query = parse(&whole).map_err(|error| problem(&error))?;
    let beyond = query.pipeline.steps.get(1).map(|step| Span::from(step.at));
    let is_condition =
        matches!(query.pipeline.steps.first().map(|step| &step.operator), Some(Operator::Where(_)));
    if beyond.is_some() || !is_condition || !query.lets.is_empty() {
        let span = beyond.unwrap_or_default();
        let error = KqlError::new(Reason::Syntax, span, "a condition stands here, not a whole question");
        return Err(problem(&error.hint("user == 'root' and host startswith 'pay-'")));
    }
    let at = |now| -> Result<Plan, ConditionProblem> {
        let catalog = event_catalog(&[]);
        let options = CheckOptions { catalog: &catalog, now, keep_calls: false };
        check(&query, options).map_err(|error| problem(&error))
    };
    let plan = at(Timestamp::from_micros(0))?;
    let refuse = |message: &str, hint: &str| {
        let error = KqlError::new(Reason::Unsupported, Span::default(), message);
        problem(&error.hint(hint))
    };
    if let Some(note) = plan.notes.first() {
        let error = KqlError::new(Reason::Unknown, note.span, note.message.clone());
        return Err(problem(&error.hint(format!("{}, or fields.NAME for a field of that name", note.hint))));
    }
    if plan != at(Timestamp::from_seconds(86_400 * 365))? {
        return Err(refuse(
            "the condition depends on the moment at which it is asked",
            "compare with datetime(…), or leave the time out",
        ));
    }
    let condition = match plan.root.op {
        Op::Filter { condition, .. } if condition.value().is_none() => condition,
        _ => {
            return Err(refuse(
                "this is true or false of every event alike",
                "name a column, as in user == 'root'",
            ));
        }
    };
    if names_all_fields(&condition) {
        return Err(refuse(
            "the condition looks at all fields at once, those among them that the platform adds",
            "name the columns and fields, as in message has 'x' or app == 'y'",
        ));
    }
    Ok(condition)
}

fn flatten(expr: &Expr, parts: &mut Vec<Part>) {
    if let ExprNode::Call(Builtin::And, inner) = &expr.node {
        return inner.iter().for_each(|part| flatten(part, parts));
    }
    let bound = predicate_of(expr, &leaf).and_then(|predicate| bind(&predicate).ok());
    parts.push(match bound {
        Some(bound) => Part::Bound(bound),
        None => {
            let mut columns: Vec<&'static HeaderColumn> = Vec::new();
            let mut places: Vec<usize> = Vec::new();
            let moved = expr.map_columns(&mut |place| {
                let known = places.iter().position(|known| *known == place);
                known.unwrap_or_else(|| {
                    places.push(place);
                    places.len() - 1
                })
            });
            columns.extend(places.iter().filter_map(|place| SCAN_COLUMNS().get(*place)));
            let mut fields = BTreeSet::new();
            fields_of(expr, &mut fields);
            Part::ByRow { expr: moved, columns, fields }
        }
    });
}

/// What a column of a table of events is in the store.
pub(crate) fn leaf(place: usize) -> Option<Leaf> {
    const NULLABLE: [&str; 3] = ["src_port", "dst_port", "source_position"];
    let header = SCAN_COLUMNS().get(place)?;
    Some(match (header.name, header.kind) {
        (_, ColumnKind::Dynamic) => Leaf::Fields,
        (name, ColumnKind::String) => Leaf::Text(name),
        (name, ColumnKind::Long) if NULLABLE.contains(&name) => Leaf::Nullable(name),
        (name, _) => Leaf::Present(name),
    })
}

/// The source fields that `expr` names.
pub(crate) fn fields_of(expr: &Expr, names: &mut BTreeSet<String>) {
    if let ExprNode::Call(builtin, arguments) = &expr.node {
        if let (Builtin::SourceField, [_, name]) = (builtin, arguments.as_slice())
            && let Some(Value::String(name)) = name.value()
        {
            names.insert(name.clone());
            return;
        }
        arguments.iter().for_each(|argument| fields_of(argument, names));
    }
}

/// Whether `expr` takes the fields of the source as a whole.
pub(crate) fn names_all_fields(expr: &Expr) -> bool {
    match &expr.node {
        ExprNode::Column(place) => leaf(*place) == Some(Leaf::Fields),
        ExprNode::Literal(_) => false,
        ExprNode::Call(Builtin::SourceField, arguments) => {
            arguments.get(1).is_none_or(|name| name.value().is_none())
        }
        ExprNode::Call(_, arguments) => arguments.iter().any(names_all_fields),
        ExprNode::AnyColumn { fields, .. } => !fields.is_empty(),
    }
}

/// The value of a column of a table of events; of the source's fields those that are asked for.
pub(crate) fn value_of(row: EventRow<'_>, header: &HeaderColumn, fields: &BTreeSet<String>) -> Value {
    let whole = |number: u64| i64::try_from(number).map_or(Value::Null, Value::Long);
    match header.name {
        "id" => Value::String(row.id().to_string()),
        "time" => Value::DateTime(row.time()),
        "seen" => Value::DateTime(row.seen()),
        "class" => whole(row.class().into()),
        "severity" => whole(row.severity().ocsf().into()),
        "count" => whole(row.count().into()),
        "src_port" => row.src_port().map_or(Value::Null, |port| whole(port.into())),
        "dst_port" => row.dst_port().map_or(Value::Null, |port| whole(port.into())),
        "source_position" => whole(row.source_position()),
        "partition" => whole(row.id().partition.into()),
        "offset" => whole(row.id().offset),
        "raw" => Value::String(String::from_utf8_lossy(row.raw()).into_owned()),
        "fields" => {
            let mut object = Map::new();
            for (name, value) in row.fields().filter(|(name, _)| fields.contains(*name)) {
                let value = Json::from(value);
                match object.get_mut(name) {
                    None => _ = object.insert(name.to_owned(), value),
                    Some(Json::Array(values)) => values.push(value),
                    Some(first) => *first = Json::Array(vec![first.take(), value]),
                }
            }
            Value::Dynamic(Json::Object(object))
        }
        text => Value::String(row.text(text).unwrap_or_default().to_owned()),
    }
}

/// For every row of `batch` whether `bound` holds.
fn mask_of(bound: &Bound, batch: &EventBatch) -> Vec<bool> {
    let rows = batch.len();
    let record = batch.record();
    match bound {
        Bound::Constant(truth) => vec![*truth; rows],
        Bound::And(parts) => fold(parts, batch, true, |all, one| all && one),
        Bound::Or(parts) => fold(parts, batch, false, |any, one| any || one),
        Bound::Not(part) => mask_of(part, batch).into_iter().map(|holds| !holds).collect(),
        Bound::Id { partition, offset } => {
            let id = EventId::raw(*partition, *offset);
            batch.rows().map(|row| row.id() == id).collect()
        }
        Bound::Time { column, op, value } => {
            let times = record.column_by_name(column);
            let times = times.and_then(|array| array.as_primitive_opt::<TimestampMicrosecondType>());
            let accepts = |time: &i64| op.accepts(time.cmp(&value.micros()));
            times.map_or_else(|| vec![false; rows], |times| times.values().iter().map(accepts).collect())
        }
        Bound::Unsigned { column, op, value } => (0..rows)
            .map(|row| number(record, column, row).is_some_and(|number| op.accepts(number.cmp(value))))
            .collect(),
        Bound::Text { column, test } => match batch.text_column(column) {
            Some(texts) => by_distinct(texts, test),
            None => vec![false; rows],
        },
        Bound::Present { column } => match record.column_by_name(column) {
            Some(array) => (0..rows).map(|row| array.is_valid(row)).collect(),
            None => vec![false; rows],
        },
        Bound::Raw { test } => {
            batch.rows().map(|row| test.matches(&String::from_utf8_lossy(row.raw()))).collect()
        }
        Bound::Source { name, test } => source(batch, name, test),
    }
}

fn fold(parts: &[Bound], batch: &EventBatch, start: bool, join: impl Fn(bool, bool) -> bool) -> Vec<bool> {
    let mut mask = vec![start; batch.len()];
    for part in parts {
        let holds = mask_of(part, batch);
        mask.iter_mut().zip(holds).for_each(|(all, one)| *all = join(*all, one));
    }
    mask
}

/// Tests every distinct value once.
fn by_distinct(texts: &DictionaryArray<Int32Type>, test: &ValueTest) -> Vec<bool> {
    let Some(values) = texts.values().as_string_opt::<i32>() else { return vec![false; texts.len()] };
    let holds: Vec<bool> =
        (0..values.len()).map(|place| values.is_valid(place) && test.matches(values.value(place))).collect();
    (0..texts.len())
        .map(|row| texts.key(row).and_then(|key| holds.get(key)).copied().unwrap_or_default())
        .collect()
}

/// Whether a value of the source field `name` meets the test.
fn source(batch: &EventBatch, name: &str, test: &ValueTest) -> Vec<bool> {
    let mut mask = vec![false; batch.len()];
    let (names, values) = (batch.field_names(), batch.field_values());
    let Some(known) = names.values().as_string_opt::<i32>() else { return mask };
    let wanted = (0..known.len()).find(|place| known.is_valid(*place) && known.value(*place) == name);
    // No event of the batch has it.
    let Some(wanted) = wanted else { return mask };
    let Some(texts) = values.values().as_string_opt::<i32>() else { return mask };
    let mut tested: Vec<Option<bool>> = vec![None; texts.len()];
    let offsets = batch.fields().value_offsets();
    for (row, holds) in mask.iter_mut().enumerate() {
        let place = |index: usize| {
            offsets.get(index).and_then(|offset| usize::try_from(*offset).ok()).unwrap_or_default()
        };
        *holds = (place(row)..place(row + 1)).any(|entry| {
            if names.key(entry) != Some(wanted) {
                return false;
            }
            let Some(key) = values.key(entry) else { return test.matches("") };
            match tested.get_mut(key) {
                Some(known) => *known.get_or_insert_with(|| test.matches(texts.value(key))),
                None => false,
            }
        });
    }
    mask
}
