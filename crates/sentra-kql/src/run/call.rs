//! What every operator and function gives of its arguments.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};

use super::error::RunError;
use super::{CELL_BYTES_MAX, json, math, network, text, time};
use crate::builtin::{Area, Builtin};
use crate::limits::{REGEX_BYTES_MAX, REGEXES_MAX};
use crate::plan::Value;
use crate::value::Kind;

/// Regular expressions that have been compiled.
#[derive(Debug, Default)]
pub(crate) struct Regexes(RefCell<BTreeMap<String, Option<Regex>>>);

impl Regexes {
    /// The expression, if it is one.
    pub(crate) fn get(&self, pattern: &str) -> Option<Regex> {
        let mut known = self.0.borrow_mut();
        if let Some(regex) = known.get(pattern) {
            return regex.clone();
        }
        let regex = compiled(pattern).ok();
        if known.len() < REGEXES_MAX {
            known.insert(pattern.to_owned(), regex.clone());
        }
        regex
    }
}

/// A regular expression within the limits of one.
pub(crate) fn compiled(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(REGEX_BYTES_MAX).nest_limit(100).build()
}

/// The value of a call. Arguments are of the kinds that the function takes, or null.
pub(crate) fn call(
    builtin: Builtin,
    kind: Kind,
    arguments: &[Value],
    regexes: &Regexes,
) -> Result<Value, RunError> {
    let value = match builtin.area() {
        Area::Operators => operator(builtin, arguments, regexes),
        Area::Text => text::call(builtin, arguments, regexes)?,
        Area::Time => time::call(builtin, arguments),
        Area::Conversion => conversion(builtin, arguments),
        Area::Choice => choice(builtin, arguments),
        Area::Math => math::call(builtin, arguments),
        Area::Network => network::call(builtin, arguments),
        Area::Dynamic => json::call(builtin, arguments)?,
    };
    match value {
        Value::String(text) if text.len() > CELL_BYTES_MAX => Err(super::error::too_long()),
        Value::Null => Ok(Value::null_of(kind)),
        value => Ok(value),
    }
}

pub(super) fn arg(arguments: &[Value], place: usize) -> &Value {
    arguments.get(place).unwrap_or(&Value::Null)
}

fn operator(builtin: Builtin, arguments: &[Value], regexes: &Regexes) -> Value {
    use Builtin::*;
    let (a, b) = (arg(arguments, 0), arg(arguments, 1));
    match builtin {
        And => connected(arguments, false),
        Or => connected(arguments, true),
        Not => Value::of(a.truth().map(|truth| !truth)),
        Negate | Add | Subtract | Multiply | Divide | Modulo => math::arithmetic(builtin, a, b),
        Equal => equal(a, b),
        EqualCaseless => (folded(a) == folded(b)).into(),
        Less => compared(a, b, |order| order == Ordering::Less),
        LessOrEqual => compared(a, b, |order| order != Ordering::Greater),
        MatchesRegex => regexes.get(b.str()).is_some_and(|regex| regex.is_match(a.str())).into(),
        In => values(arguments).any(|value| equal(a, value).is_true()).into(),
        InCaseless => values(arguments).any(|value| folded(a) == folded(value)).into(),
        HasAny => values(arguments).any(|value| text::has(a.str(), value.str())).into(),
        HasAll => values(arguments).all(|value| text::has(a.str(), value.str())).into(),
        SourceField => source_values(a, b.str()).into_iter().next().map_or(Value::Null, Value::String),
        Get => json::get(a, b),
        test => text::test(test, a.str(), b.str()).into(),
    }
}

/// What a value is looked for among.
fn values(arguments: &[Value]) -> impl Iterator<Item = &Value> {
    arguments.iter().skip(1)
}

fn folded(value: &Value) -> String {
    text::fold(value.str())
}

/// `and` ends with the first false, `or` with the first true; if there is none, a null leaves it open.
fn connected(arguments: &[Value], end: bool) -> Value {
    let mut open = false;
    for argument in arguments {
        match argument.truth() {
            Some(truth) if truth == end => return end.into(),
            Some(_) => {}
            None => open = true,
        }
    }
    if open { Value::Null } else { (!end).into() }
}

/// Two nulls are neither the same nor not; a null is not the same as anything else.
fn equal(a: &Value, b: &Value) -> Value {
    match (a.is_null(), b.is_null()) {
        (true, true) => Value::Null,
        (true, false) | (false, true) => false.into(),
        (false, false) => (!is_nan(a) && !is_nan(b) && a.order(b) == Ordering::Equal).into(),
    }
}

fn compared(a: &Value, b: &Value, test: fn(Ordering) -> bool) -> Value {
    if a.is_null() || b.is_null() {
        return Value::Null;
    }
    (!is_nan(a) && !is_nan(b) && test(a.order(b))).into()
}

fn is_nan(value: &Value) -> bool {
    matches!(value, Value::Real(number) if number.is_nan())
}

/// All values of a field of the source.
pub(super) fn source_values(fields: &Value, name: &str) -> Vec<String> {
    let field = fields.json().and_then(|fields| fields.get(name));
    match field {
        None => Vec::new(),
        Some(serde_json::Value::Array(values)) => {
            values.iter().map(|value| Value::of_json(value.clone()).text()).collect()
        }
        Some(value) => vec![Value::of_json(value.clone()).text()],
    }
}

/// All values of all fields of the source.
pub(super) fn all_values(fields: &Value) -> Vec<String> {
    let names =
        fields.json().and_then(serde_json::Value::as_object).into_iter().flat_map(|fields| fields.keys());
    names.flat_map(|name| source_values(fields, name)).collect()
}

fn conversion(builtin: Builtin, arguments: &[Value]) -> Value {
    let value = arg(arguments, 0).clone();
    match builtin {
        Builtin::ToLong => value.converted(Kind::Long),
        Builtin::ToReal => value.converted(Kind::Real),
        Builtin::ToString => value.converted(Kind::String),
        Builtin::ToBool => value.converted(Kind::Bool),
        Builtin::ToDateTime => value.converted(Kind::DateTime),
        Builtin::ToTimeSpan => value.converted(Kind::TimeSpan),
        _ => Value::of_text(type_name(&value)),
    }
}

fn type_name(value: &Value) -> &'static str {
    use serde_json::Value as Json;
    match value {
        Value::Null => "null",
        Value::Bool(_) | Value::Dynamic(Json::Bool(_)) => "bool",
        Value::Long(_) => "long",
        Value::Real(_) => "real",
        Value::String(_) | Value::Dynamic(Json::String(_)) => "string",
        Value::DateTime(_) => "datetime",
        Value::TimeSpan(_) => "timespan",
        Value::Dynamic(Json::Array(_)) => "array",
        Value::Dynamic(Json::Number(number)) if number.is_f64() => "real",
        Value::Dynamic(Json::Number(_)) => "long",
        Value::Dynamic(_) => "dictionary",
    }
}

fn choice(builtin: Builtin, arguments: &[Value]) -> Value {
    let is_value = |value: &&Value| !value.is_null() && **value != Value::String(String::new());
    let known = arguments.iter().filter(|value| !value.is_null());
    let found = match builtin {
        Builtin::Iff | Builtin::Case => return chosen(arguments),
        Builtin::Coalesce => arguments.iter().find(is_value),
        Builtin::MaxOf => known.max_by(|a, b| a.order(b)),
        _ => known.min_by(|a, b| a.order(b)),
    };
    found.cloned().unwrap_or(Value::Null)
}

fn chosen(arguments: &[Value]) -> Value {
    let mut rest = arguments;
    while let [condition, then, more @ ..] = rest {
        if condition.is_true() {
            return then.clone();
        }
        rest = more;
    }
    rest.first().cloned().unwrap_or(Value::Null)
}
