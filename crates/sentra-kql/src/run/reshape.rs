//! Texts to columns, and lists to rows.

use serde_json::Value as Json;

use super::{Engine, Row, RunError};
use crate::plan::{Node, Op, Value};
use crate::value::{Kind, moment_of, span_of};

impl Engine<'_> {
    pub(super) fn parsed(&self, node: &Node) -> Result<Vec<Row>, RunError> {
        let Op::Parse { input, value, regex, outputs, relaxed, only_matching } = &node.op else {
            return Err(RunError::BadPlan { what: "no parse" });
        };
        let Some(regex) = self.regexes.get(regex) else {
            return Err(RunError::BadPlan { what: "the expression of a parse is none" });
        };
        let mut rows = Vec::new();
        for mut row in self.rows(input)? {
            self.halt.row()?;
            let text = self.eval(value, &row)?;
            let found = regex.captures(text.str()).map(|found| -> Row {
                let group = |place: usize| found.get(place + 1).map_or("", |group| group.as_str());
                let convert = |(place, kind): (usize, &Kind)| Value::of_text(group(place)).converted(*kind);
                outputs.iter().enumerate().map(convert).collect()
            });
            let found = found.filter(|values| *relaxed || !values.iter().any(Value::is_null));
            if found.is_none() && *only_matching {
                continue;
            }
            row.extend(found.unwrap_or_else(|| outputs.iter().map(|kind| Value::null_of(*kind)).collect()));
            rows.push(row);
        }
        Ok(rows)
    }

    pub(super) fn expanded(&self, node: &Node) -> Result<Vec<Row>, RunError> {
        let Op::Expand { input, lists, with_index, limit } = &node.op else {
            return Err(RunError::BadPlan { what: "no expand" });
        };
        let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let mut rows = Vec::new();
        let mut bytes = 0;
        for row in self.rows(input)? {
            self.halt.row()?;
            let mut items = Vec::with_capacity(lists.len());
            for (list, _) in lists {
                items.push(items_of(self.eval(list, &row)?));
            }
            let count = items.iter().map(Vec::len).max().unwrap_or(0).min(limit);
            for place in 0..count {
                let mut expanded = row.clone();
                for (values, (_, kind)) in items.iter().zip(lists) {
                    let value = values.get(place).cloned().unwrap_or(Json::Null);
                    expanded.push(cast(value, *kind));
                }
                if *with_index {
                    expanded.push(i64::try_from(place).unwrap_or(i64::MAX).into());
                }
                self.grow(&mut bytes, &expanded)?;
                rows.push(expanded);
                self.check(rows.len(), node)?;
            }
        }
        Ok(rows)
    }
}

/// The values of a list, the pairs of a bag, or the one value that is neither.
fn items_of(value: Value) -> Vec<Json> {
    match value {
        Value::Dynamic(Json::Array(values)) => values,
        Value::Dynamic(Json::Object(bag)) => {
            bag.into_iter().map(|(key, value)| Json::Object([(key, value)].into_iter().collect())).collect()
        }
        other => vec![other.into_json()],
    }
}

/// The value if it is of the kind: nothing is read as what it is not.
fn cast(value: Json, kind: Kind) -> Value {
    match (kind, value) {
        (Kind::Dynamic, value) => Value::of_json(value),
        (Kind::String, Json::String(text)) => Value::String(text),
        (Kind::Bool, Json::Bool(truth)) => truth.into(),
        (Kind::Long, Json::Number(number)) => Value::of(number.as_i64()),
        (Kind::Real, Json::Number(number)) => Value::of(number.as_f64()),
        // JSON has no moments: those of a list are texts.
        (Kind::DateTime, Json::String(text)) => moment_of(&text).map_or(Value::Null, Value::DateTime),
        (Kind::TimeSpan, Json::String(text)) => span_of(&text).map_or(Value::Null, Value::TimeSpan),
        (kind, _) => Value::null_of(kind),
    }
}
