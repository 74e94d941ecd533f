//! `math.*`

use std::cmp::Ordering;

use crate::yaral::value::{Kind, Value};

use super::{Function, Param, function, param};

pub(super) const FUNCTIONS: &[Function] = &[
    function("math.abs", &[NUMBER], Kind::Number, abs),
    function("math.ceil", &[NUMBER], Kind::Int, |arguments| whole(arguments, f64::ceil)),
    function("math.floor", &[NUMBER], Kind::Int, |arguments| whole(arguments, f64::floor)),
    Function {
        required: 1,
        ..function("math.round", &[NUMBER, param("decimals", Kind::Int)], Kind::Number, round)
    },
    function("math.sqrt", &[NUMBER], Kind::Float, |arguments| or_zero(number(arguments, 0).map(f64::sqrt))),
    function("math.log", &[NUMBER], Kind::Float, |arguments| or_zero(number(arguments, 0).map(f64::ln))),
    function("math.pow", &[param("base", Kind::Number), param("exponent", Kind::Number)], Kind::Float, pow),
    Function {
        required: 2,
        variadic: true,
        ..function("math.is_increasing", &[NUMBER, NUMBER, NUMBER], Kind::Bool, is_increasing)
    },
    function(
        "math.geo_distance",
        &[
            param("longitude1", Kind::Number),
            param("latitude1", Kind::Number),
            param("longitude2", Kind::Number),
            param("latitude2", Kind::Number),
        ],
        Kind::Float,
        geo_distance,
    ),
];

const NUMBER: Param = param("number", Kind::Number);

fn number(arguments: &[Value], index: usize) -> Option<f64> {
    arguments.get(index)?.to_number()?.to_float()
}

/// What is no finite number is 0.
fn or_zero(number: Option<f64>) -> Value {
    Value::from(number.filter(|number| number.is_finite()).unwrap_or(0.0))
}

/// A negative number that has no positive counterpart is 0, as all that is too big.
fn abs(arguments: &[Value]) -> Value {
    match arguments.first().and_then(Value::to_number) {
        Some(Value::Int(int)) => Value::Int(int.checked_abs().unwrap_or(0)),
        Some(Value::Float(float)) => Value::Float(float.abs()),
        _ => Value::Int(0),
    }
}

fn whole(arguments: &[Value], round: fn(f64) -> f64) -> Value {
    match arguments.first().and_then(Value::to_number) {
        Some(Value::Float(float)) => Value::Int(Value::Float(round(float)).to_int().unwrap_or(0)),
        Some(int) => int,
        None => Value::Int(0),
    }
}

/// Decimals a float can tell apart.
const DECIMALS_MAX: i64 = 15;

/// Half away from zero; to a whole number if not said to how many decimals.
fn round(arguments: &[Value]) -> Value {
    let Some(decimals) = arguments.get(1).and_then(Value::to_int) else {
        return whole(arguments, f64::round);
    };
    match arguments.first().and_then(Value::to_number) {
        Some(Value::Float(float)) => {
            // Between -15 and 15, so that it is an i32.
            let scale = 10_f64.powi(decimals.clamp(-DECIMALS_MAX, DECIMALS_MAX) as i32);
            let scaled = (float * scale).round() / scale;
            Value::Float(if scaled.is_finite() { scaled } else { float })
        }
        Some(int) => int,
        None => Value::Int(0),
    }
}

fn pow(arguments: &[Value]) -> Value {
    or_zero(number(arguments, 0).zip(number(arguments, 1)).map(|(base, exponent)| base.powf(exponent)))
}

/// Each larger than the one before; never where one is no number.
fn is_increasing(arguments: &[Value]) -> Value {
    let numbers: Option<Vec<Value>> = arguments.iter().map(Value::to_number).collect();
    let increasing = |numbers: &[Value]| {
        numbers.windows(2).all(|pair| match pair {
            [left, right] => left.cmp(right) == Ordering::Less,
            _ => true,
        })
    };
    numbers.is_some_and(|numbers| increasing(&numbers)).into()
}

/// The earth's mean radius, in meters.
const EARTH_RADIUS: f64 = 6_371_010.0;

/// Meters between two places on the globe, by the haversine formula; -1 where one is none.
fn geo_distance(arguments: &[Value]) -> Value {
    let place = |at: usize| -> Option<(f64, f64)> {
        let (longitude, latitude) = (number(arguments, at)?, number(arguments, at + 1)?);
        let valid = longitude.abs() <= 180.0 && latitude.abs() <= 90.0;
        valid.then(|| (longitude.to_radians(), latitude.to_radians()))
    };
    let (Some((longitude1, latitude1)), Some((longitude2, latitude2))) = (place(0), place(2)) else {
        return Value::Float(-1.0);
    };
    let half_sine = |angle: f64| (angle / 2.0).sin().powi(2);
    let haversine = half_sine(latitude2 - latitude1)
        + latitude1.cos() * latitude2.cos() * half_sine(longitude2 - longitude1);
    // Rounding can carry it over 1 for opposite places.
    Value::from(2.0 * EARTH_RADIUS * haversine.clamp(0.0, 1.0).sqrt().asin())
}
