//! [`Question`] → [`MartQuery`].

use sentra_model::Timestamp;
use sentra_store::{
    CompareOp, Literal, MartQuery, Predicate, Shape, TimeRange, header_column, header_columns,
};

use crate::question::{Comparison, Condition, Question, Stage, Subject, Value};
use sentra_kql::nearest;

/// Rows of an answer when the question does not say.
pub const ROWS_DEFAULT: usize = 100;

/// What the marts are asked for a question about events.
pub(crate) fn plan(question: &Question, now: Timestamp) -> MartQuery {
    let mut filters = Vec::new();
    let mut rows = None;
    let mut shape = None;
    for stage in &question.stages {
        match stage {
            Stage::Where(condition) => filters.push(predicate(condition, now)),
            Stage::Take(taken) => rows = Some(rows.map_or(*taken, |rows: usize| rows.min(*taken))),
            Stage::Count => shape = Some(Shape::Count),
        }
    }
    let filter = if filters.len() > 1 { Some(Predicate::And(filters)) } else { filters.pop() };
    let marts = match &question.subject {
        Subject::Mart(mart) => Some(vec![mart.clone()]),
        Subject::Events | Subject::Event(_) => None,
    };
    let take = Shape::Take { rows_max: rows.unwrap_or(ROWS_DEFAULT) };
    MartQuery { marts, filter, shape: shape.unwrap_or(take), range: TimeRange::default() }
}

/// A condition as the store takes it, asked at `now`.
pub(crate) fn predicate(condition: &Condition, now: Timestamp) -> Predicate {
    let all = |parts: &[Condition]| parts.iter().map(|part| predicate(part, now)).collect();
    let compare = |field: &str, op, value: &Value| Predicate::Compare {
        field: field.to_owned(),
        op,
        value: literal(value, now),
    };
    match condition {
        Condition::And(parts) => Predicate::And(all(parts)),
        Condition::Or(parts) => Predicate::Or(all(parts)),
        Condition::Not(part) => Predicate::Not(Box::new(predicate(part, now))),
        Condition::Compare { field, comparison, value } => match (comparison, value) {
            (Comparison::Contains, Value::Text(text)) => {
                Predicate::Contains { field: field.clone(), text: text.clone() }
            }
            (Comparison::StartsWith, Value::Text(text)) => {
                Predicate::StartsWith { field: field.clone(), text: text.clone() }
            }
            (Comparison::EndsWith, Value::Text(text)) => {
                Predicate::EndsWith { field: field.clone(), text: text.clone() }
            }
            (Comparison::Has, Value::Text(text)) => {
                Predicate::Has { field: field.clone(), text: text.clone() }
            }
            (comparison, value) => compare(field, operator(*comparison), value),
        },
        Condition::In { field, values, caseless } => Predicate::OneOf {
            field: field.clone(),
            values: values.iter().map(|value| literal(value, now)).collect(),
            caseless: *caseless,
        },
        Condition::Between { field, low, high } => {
            Predicate::And(vec![compare(field, CompareOp::Ge, low), compare(field, CompareOp::Le, high)])
        }
        Condition::IsNotEmpty { field } => Predicate::Exists { field: field.clone() },
    }
}

/// The parser gives the four text comparisons nothing but texts, so that they never come here.
fn operator(comparison: Comparison) -> CompareOp {
    match comparison {
        Comparison::NotEqual => CompareOp::Ne,
        Comparison::EqualCaseless => CompareOp::EqCaseless,
        Comparison::NotEqualCaseless => CompareOp::NeCaseless,
        Comparison::Less => CompareOp::Lt,
        Comparison::LessOrEqual => CompareOp::Le,
        Comparison::Greater => CompareOp::Gt,
        Comparison::GreaterOrEqual => CompareOp::Ge,
        Comparison::Equal
        | Comparison::Contains
        | Comparison::StartsWith
        | Comparison::EndsWith
        | Comparison::Has => CompareOp::Eq,
    }
}

fn literal(value: &Value, now: Timestamp) -> Literal {
    match value {
        Value::Text(text) => Literal::Text(text.clone()),
        Value::Integer(number) => Literal::Integer(*number),
        Value::Float(number) => Literal::Float(*number),
        Value::Bool(truth) => Literal::Bool(*truth),
        Value::Time(moment) => Literal::Time(*moment),
        Value::FromNow(micros) => Literal::Time(now.plus_micros(*micros)),
    }
}

/// Fields that were taken for source fields but look like misspelt header columns, with those columns.
pub(crate) fn likely_misspelt(question: &Question) -> Vec<(String, &'static str)> {
    let mut fields = Vec::new();
    for stage in &question.stages {
        if let Stage::Where(condition) = stage {
            collect_fields(condition, &mut fields);
        }
    }
    fields.sort_unstable();
    fields.dedup();
    let columns = || header_columns().iter().map(|column| column.name);
    fields
        .into_iter()
        .filter(|field| header_column(field).is_none() && !field.contains('.'))
        .filter_map(|field| nearest(field, columns()).map(|column| (field.to_owned(), column)))
        .collect()
}

fn collect_fields<'a>(condition: &'a Condition, fields: &mut Vec<&'a str>) {
    match condition {
        Condition::And(parts) | Condition::Or(parts) => {
            parts.iter().for_each(|part| collect_fields(part, fields));
        }
        Condition::Not(part) => collect_fields(part, fields),
        Condition::Compare { field, .. }
        | Condition::In { field, .. }
        | Condition::Between { field, .. }
        | Condition::IsNotEmpty { field } => fields.push(field),
    }
}
