use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::CELL_BYTES_MAX;
use super::call::arg;
use super::error::{RunError, too_long};
use super::value::json_order;
use crate::builtin::Builtin;
use crate::plan::Value;

/// What is under a key or at a place.
pub(super) fn get(value: &Value, key: &Value) -> Value {
    let Some(json) = value.json() else { return Value::Null };
    let found = match (json, key) {
        (Json::Object(bag), key) => bag.get(key.str()),
        (Json::Array(list), key) => key.long().and_then(|at| list.get(place(at, list.len())?)),
        _ => None,
    };
    found.map_or(Value::Null, |json| Value::of_json(json.clone()))
}

/// A place from the end when negative.
fn place(at: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    usize::try_from(if at < 0 { length.checked_add(at)? } else { at }).ok()
}

/// A list that grows no larger than a value may be.
#[derive(Default)]
pub(super) struct List {
    values: Vec<Json>,
    seen: BTreeSet<JsonKey>,
    bytes: usize,
}

/// A value that can be looked up.
#[derive(Clone)]
struct JsonKey(Json);

impl PartialEq for JsonKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for JsonKey {}

impl PartialOrd for JsonKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for JsonKey {
    fn cmp(&self, other: &Self) -> Ordering {
        json_order(&self.0, &other.0)
    }
}

impl List {
    pub(super) fn push(&mut self, value: Json) -> Result<(), RunError> {
        self.bytes = self.bytes.saturating_add(weight(&value));
        if self.bytes > CELL_BYTES_MAX {
            return Err(too_long());
        }
        self.values.push(value);
        Ok(())
    }

    /// Unless it is there.
    pub(super) fn push_new(&mut self, value: Json) -> Result<(), RunError> {
        if self.seen.insert(JsonKey(value.clone())) { self.push(value) } else { Ok(()) }
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn into_value(self) -> Value {
        Value::Dynamic(Json::Array(self.values))
    }
}

/// About so many bytes of text it takes.
pub(super) fn weight(value: &Json) -> usize {
    match value {
        Json::String(text) => text.len() + 8,
        Json::Array(values) => values.iter().map(weight).sum::<usize>() + 8,
        Json::Object(bag) => bag.iter().map(|(key, value)| key.len() + 4 + weight(value)).sum::<usize>() + 8,
        _ => 8,
    }
}

/// About so many bytes of text a value takes.
pub(crate) fn bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Dynamic(json) => weight(json),
        _ => 0,
    }
}

fn is_same(a: &Json, b: &Json) -> bool {
    json_order(a, b).is_eq()
}

pub(super) fn call(builtin: Builtin, arguments: &[Value]) -> Result<Value, RunError> {
    use Builtin::*;
    let first = arg(arguments, 0);
    Ok(match builtin {
        ParseJson => match first {
            Value::String(text) if text.trim().is_empty() => Value::Null,
            Value::String(text) => {
                limited(serde_json::from_str(text).unwrap_or_else(|_| Json::from(text.as_str())))?
            }
            other => other.clone().converted(crate::Kind::Dynamic),
        },
        ArrayLength => Value::of(first.list().and_then(|list| i64::try_from(list.len()).ok())),
        PackArray => {
            let mut list = List::default();
            for value in arguments {
                list.push(value.clone().into_json())?;
            }
            list.into_value()
        }
        BagPack => {
            let mut bag = Map::new();
            for pair in arguments.chunks_exact(2) {
                let [key, value] = pair else { continue };
                bag.insert(key.text(), value.clone().into_json());
            }
            limited(Json::Object(bag))?
        }
        BagKeys | BagHasKey | BagMerge | BagRemoveKeys => bags(builtin, arguments)?,
        DynamicToJson => Value::of(first.json().map(|json| sorted_keys(json).to_string())),
        ArrayConcat | SetUnion => {
            let mut list = List::default();
            for value in arguments.iter().filter_map(Value::list).flatten() {
                let value = value.clone();
                if builtin == ArrayConcat { list.push(value)? } else { list.push_new(value)? }
            }
            list.into_value()
        }
        SetIntersect | SetDifference => sets(builtin, arguments)?,
        _ => first.list().map_or(Value::Null, |list| of_list(builtin, list, arguments)),
    })
}

fn limited(json: Json) -> Result<Value, RunError> {
    if weight(&json) > CELL_BYTES_MAX { Err(too_long()) } else { Ok(Value::of_json(json)) }
}

fn of_list(builtin: Builtin, list: &[Json], arguments: &[Value]) -> Value {
    use Builtin::*;
    let wanted = || arg(arguments, 1).clone().into_json();
    let list = match builtin {
        ArrayIndexOf => {
            let wanted = wanted();
            let at = list.iter().position(|value| is_same(value, &wanted));
            return at.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1).into();
        }
        SetHasElement => {
            let wanted = wanted();
            return list.iter().any(|value| is_same(value, &wanted)).into();
        }
        ArraySum => {
            let numbers: Option<Vec<f64>> = list.iter().map(Json::as_f64).collect();
            return Value::of(numbers.map(|numbers| numbers.iter().sum::<f64>()));
        }
        ArraySlice => slice(list, arg(arguments, 1), arg(arguments, 2)),
        ArrayReverse => list.iter().rev().cloned().collect(),
        _ => sorted(list, builtin == ArraySortDesc),
    };
    Value::Dynamic(Json::Array(list))
}

fn slice(list: &[Json], start: &Value, end: &Value) -> Vec<Json> {
    let length = i64::try_from(list.len()).unwrap_or(i64::MAX);
    let at = |value: &Value| value.long().map_or(0, |at| if at < 0 { length.saturating_add(at) } else { at });
    let (start, end) = (at(start).max(0), at(end).min(length - 1));
    let count = usize::try_from(end.saturating_sub(start).saturating_add(1)).unwrap_or(0);
    list.iter().skip(usize::try_from(start).unwrap_or(usize::MAX)).take(count).cloned().collect()
}

fn sorted(list: &[Json], descending: bool) -> Vec<Json> {
    let (nulls, mut values): (Vec<Json>, Vec<Json>) = list.iter().cloned().partition(Json::is_null);
    values.sort_by(|a, b| if descending { json_order(b, a) } else { json_order(a, b) });
    values.extend(nulls);
    values
}

fn sets(builtin: Builtin, arguments: &[Value]) -> Result<Value, RunError> {
    let lists: Vec<&Vec<Json>> = arguments.iter().filter_map(Value::list).collect();
    let Some((first, others)) = lists.split_first() else { return Ok(Value::Null) };
    let set = |list: &&Vec<Json>| list.iter().cloned().map(JsonKey).collect::<BTreeSet<_>>();
    let others: Vec<BTreeSet<JsonKey>> = others.iter().map(set).collect();
    let mut list = List::default();
    for value in first.iter() {
        let key = JsonKey(value.clone());
        let is_wanted = match builtin {
            Builtin::SetIntersect => others.iter().all(|other| other.contains(&key)),
            _ => !others.iter().any(|other| other.contains(&key)),
        };
        if is_wanted {
            list.push_new(key.0)?;
        }
    }
    Ok(list.into_value())
}

fn bags(builtin: Builtin, arguments: &[Value]) -> Result<Value, RunError> {
    use Builtin::{BagHasKey, BagKeys, BagMerge};
    let bag = |value: &Value| value.json().and_then(Json::as_object).cloned();
    let Some(mut first) = bag(arg(arguments, 0)) else {
        return Ok(if builtin == BagHasKey { false.into() } else { Value::Null });
    };
    match builtin {
        BagKeys => return limited(first.keys().cloned().map(Json::from).collect()),
        BagHasKey => return Ok(first.contains_key(arg(arguments, 1).str()).into()),
        BagMerge => {
            for (key, value) in arguments.iter().skip(1).filter_map(bag).flatten() {
                first.entry(key).or_insert(value);
            }
        }
        _ => {
            for key in arg(arguments, 1).list().into_iter().flatten().filter_map(Json::as_str) {
                first.shift_remove(key);
            }
        }
    }
    limited(Json::Object(first))
}

/// The same with the keys of bags in order.
fn sorted_keys(json: &Json) -> Json {
    match json {
        Json::Array(values) => values.iter().map(sorted_keys).collect(),
        Json::Object(bag) => {
            let mut keys: Vec<&String> = bag.keys().collect();
            keys.sort();
            keys.into_iter().filter_map(|key| Some((key.clone(), sorted_keys(bag.get(key)?)))).collect()
        }
        plain => plain.clone(),
    }
}
