//! `window.*`: over the values that an expression has in the events of a match window. The caller collects
//! them to lists, in the order of the events, with null for events without a value.

use std::collections::BTreeMap;

use crate::yaral::value::{Kind, Value};

use super::{Function, Param, function, param, values};

pub(super) const FUNCTIONS: &[Function] = &[
    aggregate("window.avg", &[NUMBERS, IGNORE_ZEROS], 1, Kind::Float, avg),
    aggregate("window.first", &[SORT_BY, VALUES], 2, Kind::Any, |arguments| at_extreme(arguments, false)),
    aggregate("window.last", &[SORT_BY, VALUES], 2, Kind::Any, |arguments| at_extreme(arguments, true)),
    aggregate("window.median", &[NUMBERS, IGNORE_ZEROS], 1, Kind::Float, median),
    aggregate("window.mode", &[VALUES], 1, Kind::Text, mode),
    aggregate("window.range", &[NUMBERS, IGNORE_ZEROS], 1, Kind::List, range),
    aggregate("window.stddev", &[NUMBERS], 1, Kind::Float, |arguments| {
        Value::from(variance(&numbers(arguments)).sqrt())
    }),
    aggregate("window.variance", &[NUMBERS], 1, Kind::Float, |arguments| {
        Value::from(variance(&numbers(arguments)))
    }),
];

const NUMBERS: Param = param("numbers", Kind::Any);
const VALUES: Param = param("values", Kind::Any);
const SORT_BY: Param = param("sort_by", Kind::Any);
const IGNORE_ZEROS: Param = param("ignore_zeros", Kind::Bool);

const fn aggregate(
    name: &'static str,
    params: &'static [Param],
    required: usize,
    returns: Kind,
    call: fn(&[Value]) -> Value,
) -> Function {
    Function { required, aggregate: true, ..function(name, params, returns, call) }
}

/// The numbers, smallest first: a sum must not depend on the order of arrival.
fn numbers(arguments: &[Value]) -> Vec<f64> {
    let ignore_zeros = arguments.get(1).and_then(Value::to_bool).unwrap_or(false);
    let numbers = values(arguments, 0).iter().filter_map(Value::to_number);
    let mut numbers: Vec<f64> = numbers
        .filter_map(|number| number.to_float())
        .filter(|number| !ignore_zeros || *number != 0.0)
        .collect();
    numbers.sort_unstable_by(f64::total_cmp);
    numbers
}

fn mean(numbers: &[f64]) -> f64 {
    if numbers.is_empty() { 0.0 } else { numbers.iter().sum::<f64>() / numbers.len() as f64 }
}

fn avg(arguments: &[Value]) -> Value {
    Value::from(mean(&numbers(arguments)))
}

/// Of two in the middle, the lower.
fn median(arguments: &[Value]) -> Value {
    let numbers = numbers(arguments);
    let middle = numbers.len().saturating_sub(1) / 2;
    Value::from(numbers.get(middle).copied().unwrap_or(0.0))
}

/// That of a sample; of fewer than two numbers 0.
fn variance(numbers: &[f64]) -> f64 {
    if numbers.len() < 2 {
        return 0.0;
    }
    let mean = mean(numbers);
    numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / (numbers.len() - 1) as f64
}

fn range(arguments: &[Value]) -> Value {
    let numbers = numbers(arguments);
    Value::list(numbers.first().into_iter().chain(numbers.last()).map(|number| Value::from(*number)))
}

/// The most frequent value as text; of several, the first in order.
fn mode(arguments: &[Value]) -> Value {
    let mut counts: BTreeMap<&Value, usize> = BTreeMap::new();
    for value in values(arguments, 0).iter().filter(|value| !value.is_null()) {
        *counts.entry(value).or_default() += 1;
    }
    let most = counts.into_iter().rev().max_by_key(|(_, count)| *count);
    most.map_or_else(|| "".into(), |(value, _)| value.to_text().into_owned().into())
}

/// The value beside the smallest or largest sort value; of equals, the smallest value.
fn at_extreme(arguments: &[Value], largest: bool) -> Value {
    let pairs =
        values(arguments, 0).iter().zip(values(arguments, 1)).filter(|(sort_by, _)| !sort_by.is_null());
    let found = pairs.min_by(|(left, left_value), (right, right_value)| {
        let order = if largest { right.cmp(left) } else { left.cmp(right) };
        order.then_with(|| left_value.cmp(right_value))
    });
    found.map_or_else(|| "".into(), |(_, value)| value.clone())
}
