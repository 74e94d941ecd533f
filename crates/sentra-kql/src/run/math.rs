use super::call::arg;
use crate::builtin::Builtin;
use crate::plan::Value;

/// Sums, differences, products, quotients and remainders; null of a null and of what does not fit.
pub(super) fn arithmetic(builtin: Builtin, a: &Value, b: &Value) -> Value {
    use Builtin::{Add, Divide, Modulo, Multiply, Negate, Subtract};
    use Value::{DateTime, Long, TimeSpan};
    match (builtin, a, b) {
        (Negate, Long(a), _) => Value::of(a.checked_neg()),
        (Negate, TimeSpan(a), _) => span(a.checked_neg()),
        (Negate, Value::Real(a), _) => (-a).into(),
        (Add, Long(a), Long(b)) => Value::of(a.checked_add(*b)),
        (Subtract, Long(a), Long(b)) => Value::of(a.checked_sub(*b)),
        (Multiply, Long(a), Long(b)) => Value::of(a.checked_mul(*b)),
        (Divide, Long(a), Long(b)) => Value::of(a.checked_div(*b)),
        (Modulo, Long(a), Long(b)) => Value::of(a.checked_rem_euclid(*b)),
        (Add, TimeSpan(a), TimeSpan(b)) => span(a.checked_add(*b)),
        (Subtract, TimeSpan(a), TimeSpan(b)) => span(a.checked_sub(*b)),
        (Divide, TimeSpan(a), TimeSpan(b)) => (*a as f64 / *b as f64).into(),
        (Modulo, TimeSpan(a), TimeSpan(b)) => span(a.checked_rem_euclid(*b)),
        (Add, DateTime(a), TimeSpan(b)) | (Add, TimeSpan(b), DateTime(a)) => {
            Value::of_micros(a.micros().checked_add(*b))
        }
        (Subtract, DateTime(a), TimeSpan(b)) => Value::of_micros(a.micros().checked_sub(*b)),
        (Subtract, DateTime(a), DateTime(b)) => span(a.micros().checked_sub(b.micros())),
        (Multiply, TimeSpan(a), Long(b)) | (Multiply, Long(b), TimeSpan(a)) => span(a.checked_mul(*b)),
        (Multiply, TimeSpan(a), b) | (Multiply, b, TimeSpan(a)) => scaled(b.real().map(|b| *a as f64 * b)),
        (Divide, TimeSpan(a), b) => scaled(b.real().map(|b| *a as f64 / b)),
        (_, a, b) => match (a.real(), b.real()) {
            (Some(a), Some(b)) => real(builtin, a, b),
            _ => Value::Null,
        },
    }
}

fn span(micros: Option<i64>) -> Value {
    micros.map_or(Value::Null, Value::TimeSpan)
}

fn scaled(micros: Option<f64>) -> Value {
    span(micros.filter(|micros| micros.abs() < 9.0e18).map(|micros| micros as i64))
}

fn real(builtin: Builtin, a: f64, b: f64) -> Value {
    Value::Real(match builtin {
        Builtin::Add => a + b,
        Builtin::Subtract => a - b,
        Builtin::Multiply => a * b,
        Builtin::Divide => a / b,
        _ => a.rem_euclid(b),
    })
}

pub(super) fn call(builtin: Builtin, arguments: &[Value]) -> Value {
    use Builtin::*;
    match builtin {
        BinaryAnd | BinaryOr | BinaryXor | BinaryNot | ShiftLeft | ShiftRight => bits(builtin, arguments),
        Abs | Sign => signed(builtin, arg(arguments, 0)),
        Ceiling => {
            Value::Real(arg(arguments, 0).real().unwrap_or(f64::NAN).ceil()).converted(crate::Kind::Long)
        }
        Round => match arg(arguments, 0).real() {
            Some(number) => rounded(number, arg(arguments, 1).long().unwrap_or(0)).into(),
            None => Value::Null,
        },
        Pow => match (arg(arguments, 0).real(), arg(arguments, 1).real()) {
            (Some(base), Some(exponent)) => base.powf(exponent).into(),
            _ => Value::Null,
        },
        _ => match arg(arguments, 0).real() {
            Some(number) => of_one(builtin, number),
            None => Value::Null,
        },
    }
}

fn of_one(builtin: Builtin, number: f64) -> Value {
    let positive = |value: f64| if number > 0.0 { Value::Real(value) } else { Value::Null };
    match builtin {
        Builtin::Sqrt if number < 0.0 => Value::Null,
        Builtin::Sqrt => number.sqrt().into(),
        Builtin::Exp => number.exp().into(),
        Builtin::Log => positive(number.ln()),
        Builtin::Log2 => positive(number.log2()),
        Builtin::Log10 => positive(number.log10()),
        Builtin::IsNan => number.is_nan().into(),
        Builtin::IsInf => number.is_infinite().into(),
        _ => number.is_finite().into(),
    }
}

fn signed(builtin: Builtin, value: &Value) -> Value {
    let is_abs = builtin == Builtin::Abs;
    match value {
        Value::Long(number) if is_abs => Value::of(number.checked_abs()),
        Value::Long(number) => number.signum().into(),
        Value::Real(number) if is_abs => number.abs().into(),
        Value::Real(number) if *number == 0.0 || number.is_nan() => (*number).into(),
        Value::Real(number) => number.signum().into(),
        _ => Value::Null,
    }
}

fn rounded(number: f64, digits: i64) -> f64 {
    let factor = 10_f64.powi(i32::try_from(digits.clamp(-300, 300)).unwrap_or_default());
    let scaled = number * factor;
    // More digits than a number has leave it as it is.
    if scaled.is_finite() && factor > 0.0 { scaled.round() / factor } else { number }
}

fn bits(builtin: Builtin, arguments: &[Value]) -> Value {
    let Some(a) = arg(arguments, 0).long() else { return Value::Null };
    if builtin == Builtin::BinaryNot {
        return (!a).into();
    }
    let Some(b) = arg(arguments, 1).long() else { return Value::Null };
    let by = u32::try_from(b.rem_euclid(64)).unwrap_or_default();
    match builtin {
        Builtin::BinaryAnd => a & b,
        Builtin::BinaryOr => a | b,
        Builtin::BinaryXor => a ^ b,
        Builtin::ShiftLeft => a << by,
        _ => a >> by,
    }
    .into()
}
