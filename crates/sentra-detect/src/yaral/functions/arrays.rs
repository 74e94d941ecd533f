//! `arrays.*` and `group`. A field that is not repeated is taken for a list of one.

use crate::yaral::value::{Kind, Value};

use super::strings::count;
use super::{Function, Param, TEXT_BYTES_MAX, bounded, function, param, text, values};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        variadic: true,
        ..function("arrays.concat", &[LIST, LIST], Kind::List, |arguments| {
            Value::list((0..arguments.len()).flat_map(|index| values(arguments, index).iter().cloned()))
        })
    },
    function("arrays.contains", &[LIST, param("value", Kind::Any)], Kind::Bool, contains),
    function("arrays.index_to_str", &[LIST, INDEX], Kind::Text, |arguments| {
        at(arguments).map_or_else(|| "".into(), |value| value.to_text().into_owned().into())
    }),
    function("arrays.index_to_int", &[LIST, INDEX], Kind::Int, |arguments| {
        Value::Int(at(arguments).and_then(Value::to_int).unwrap_or(0))
    }),
    function("arrays.index_to_float", &[LIST, INDEX], Kind::Float, |arguments| {
        Value::from(at(arguments).and_then(Value::to_float).unwrap_or(0.0))
    }),
    Function {
        required: 1,
        ..function("arrays.join_string", &[LIST, param("delimiter", Kind::Text)], Kind::Text, join_string)
    },
    function("arrays.length", &[LIST], Kind::Int, |arguments| count(values(arguments, 0).len())),
    function("arrays.size", &[LIST], Kind::Int, |arguments| count(values(arguments, 0).len())),
    function("arrays.max", &[LIST], Kind::Float, |arguments| {
        Value::from(numbers(arguments).reduce(f64::max).unwrap_or(0.0))
    }),
    Function {
        required: 1,
        ..function("arrays.min", &[LIST, param("ignore_zeros", Kind::Bool)], Kind::Float, min)
    },
    Function {
        variadic: true,
        ..function("group", &[param("field", Kind::Any)], Kind::List, |arguments| {
            Value::list(arguments.iter().filter(|value| !value.is_null()).cloned())
        })
    },
];

/// Any kind, since a field may be repeated or not.
const LIST: Param = param("list", Kind::Any);
const INDEX: Param = param("index", Kind::Int);

/// The element at the index, which counts from the end where it is negative.
fn at(arguments: &[Value]) -> Option<&Value> {
    let index = arguments.get(1)?.to_int()?;
    let values = values(arguments, 0);
    let from_end = usize::try_from(index.unsigned_abs()).ok()?;
    if index < 0 { values.get(values.len().checked_sub(from_end)?) } else { values.get(from_end) }
}

fn contains(arguments: &[Value]) -> Value {
    let Some(wanted) = arguments.get(1) else { return Value::Bool(false) };
    values(arguments, 0).iter().any(|value| value.equals(wanted, false)).into()
}

/// Values that are not there are left out.
fn join_string(arguments: &[Value]) -> Value {
    let delimiter = text(arguments, 1);
    let mut out = String::new();
    for (index, value) in values(arguments, 0).iter().filter(|value| !value.is_null()).enumerate() {
        if index > 0 {
            out.push_str(&delimiter);
        }
        out.push_str(&value.to_text());
        if out.len() > TEXT_BYTES_MAX {
            break;
        }
    }
    bounded(out)
}

fn numbers(arguments: &[Value]) -> impl Iterator<Item = f64> {
    values(arguments, 0).iter().filter_map(Value::to_number).filter_map(|number| number.to_float())
}

fn min(arguments: &[Value]) -> Value {
    let ignore_zeros = arguments.get(1).and_then(Value::to_bool).unwrap_or(false);
    let least = numbers(arguments).filter(|number| !ignore_zeros || *number != 0.0).reduce(f64::min);
    Value::from(least.unwrap_or(0.0))
}
