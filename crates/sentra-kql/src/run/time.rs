use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan as _};
use sentra_model::Timestamp;

use super::call::arg;
use super::value::civil;
use crate::builtin::Builtin;
use crate::plan::Value;

const DAY: i64 = 86_400_000_000;

/// Microseconds of the units that are always as long, and 1 of those that are shorter.
fn fixed_unit(unit: &str) -> Option<i64> {
    Some(match unit {
        "week" => 7 * DAY,
        "day" => DAY,
        "hour" => 3_600_000_000,
        "minute" => 60_000_000,
        "second" => 1_000_000,
        "millisecond" => 1_000,
        "microsecond" => 1,
        _ => return None,
    })
}

/// Units that `datetime_diff` and `datetime_add` know.
pub(crate) const UNITS: [&str; 10] =
    ["year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond", "microsecond"];

/// Parts that `datetime_part` knows.
pub(crate) const PARTS: [&str; 11] = [
    "year",
    "quarter",
    "month",
    "week_of_year",
    "day",
    "dayofyear",
    "hour",
    "minute",
    "second",
    "millisecond",
    "microsecond",
];

pub(super) fn call(builtin: Builtin, arguments: &[Value]) -> Value {
    use Builtin::*;
    let moment = arg(arguments, 0).moment();
    match builtin {
        Bin => bin(arg(arguments, 0), arg(arguments, 1)),
        DateTimeDiff => match (arg(arguments, 1).moment(), arg(arguments, 2).moment()) {
            (Some(a), Some(b)) => difference(arg(arguments, 0).str(), a, b),
            _ => Value::Null,
        },
        DateTimeAdd => match (arg(arguments, 1).long(), arg(arguments, 2).moment()) {
            (Some(amount), Some(moment)) => added(arg(arguments, 0).str(), amount, moment),
            _ => Value::Null,
        },
        DateTimePart => {
            let part = arg(arguments, 0).str().to_lowercase();
            Value::of(arg(arguments, 1).moment().and_then(|moment| datetime_part(&part, moment)))
        }
        FormatDateTime => Value::of(moment.map(|moment| formatted(moment, arg(arguments, 1).str()))),
        FormatTimeSpan => {
            Value::of(arg(arguments, 0).span().map(|span| formatted_span(span, arg(arguments, 1).str())))
        }
        MakeDateTime => made(arguments).map_or(Value::Null, of_civil),
        MakeTimeSpan => made_span(arguments),
        UnixSeconds => unix(arg(arguments, 0), 1e6),
        UnixMillis => unix(arg(arguments, 0), 1e3),
        UnixMicros => Value::of_micros(arg(arguments, 0).long()),
        UnixNanos => Value::of_micros(arg(arguments, 0).long().map(|nanos| nanos.div_euclid(1_000))),
        // Now and ago are values before anything is computed.
        Now | Ago => Value::Null,
        _ => moment.map_or(Value::Null, |moment| of_moment(builtin, moment, arguments)),
    }
}

fn unix(number: &Value, micros: f64) -> Value {
    match number {
        Value::Long(number) => Value::of_micros(number.checked_mul(micros as i64)),
        number => Value::of_micros(number.real().map(|number| (number * micros).round() as i64)),
    }
}

fn of_civil(moment: DateTime) -> Value {
    let moment = moment.to_zoned(TimeZone::UTC).ok().map(|zoned| Timestamp::from(zoned.timestamp()));
    moment.map_or(Value::Null, Value::DateTime)
}

fn of_date(date: Result<Date, jiff::Error>) -> Value {
    date.map_or(Value::Null, |date| of_civil(date.into()))
}

/// The last microsecond before what `start` gives.
fn before(start: Value) -> Value {
    start.moment().map_or(Value::Null, |moment| Value::of_micros(moment.micros().checked_sub(1)))
}

fn of_moment(builtin: Builtin, moment: Timestamp, arguments: &[Value]) -> Value {
    use Builtin::*;
    let at = civil(moment);
    let date = at.date();
    let offset = arg(arguments, 1).long().unwrap_or(0);
    match builtin {
        StartOfDay => start("day", date, Some(offset)),
        StartOfWeek => start("week", date, Some(offset)),
        StartOfMonth => start("month", date, Some(offset)),
        StartOfYear => start("year", date, Some(offset)),
        EndOfDay => before(start("day", date, offset.checked_add(1))),
        EndOfWeek => before(start("week", date, offset.checked_add(1))),
        EndOfMonth => before(start("month", date, offset.checked_add(1))),
        EndOfYear => before(start("year", date, offset.checked_add(1))),
        DayOfWeek => Value::TimeSpan(i64::from(date.weekday().to_sunday_zero_offset()) * DAY),
        DayOfMonth => i64::from(date.day()).into(),
        DayOfYear => i64::from(date.day_of_year()).into(),
        HourOfDay => i64::from(at.hour()).into(),
        MonthOfYear => i64::from(date.month()).into(),
        GetYear => i64::from(date.year()).into(),
        _ => i64::from(date.iso_week_date().week()).into(),
    }
}

/// The first day of the unit that `date` is in, `offset` units on.
fn start(unit: &str, date: Date, offset: Option<i64>) -> Value {
    // Beyond that no offset gives a moment.
    let Some(offset) = offset.filter(|offset| offset.abs() < 5_000_000) else { return Value::Null };
    let (first, step): (Result<Date, jiff::Error>, Span) = match unit {
        "day" => (Ok(date), offset.days()),
        "week" if date.weekday() == Weekday::Sunday => (Ok(date), (offset * 7).days()),
        "week" => (date.nth_weekday(-1, Weekday::Sunday), (offset * 7).days()),
        "month" if offset.abs() < 200_000 => (Ok(date.first_of_month()), offset.months()),
        "year" if offset.abs() < 19_000 => (Ok(date.first_of_year()), offset.years()),
        _ => return Value::Null,
    };
    of_date(first.and_then(|first| first.checked_add(step)))
}

/// Down to a multiple; moments are counted from the year 1, which began with a Monday.
fn bin(value: &Value, size: &Value) -> Value {
    let floor = |micros: i64, size: i64| (size > 0).then(|| micros.checked_sub(micros.rem_euclid(size)))?;
    match (value, size) {
        (Value::Long(value), Value::Long(size)) => Value::of(floor(*value, *size)),
        (Value::TimeSpan(value), Value::TimeSpan(size)) => {
            floor(*value, *size).map_or(Value::Null, Value::TimeSpan)
        }
        (Value::DateTime(value), Value::TimeSpan(size)) => {
            let origin = Timestamp::MIN.micros();
            Value::of_micros(floor(value.micros() - origin, *size).map(|micros| micros + origin))
        }
        (value, size) => match (value.real(), size.real()) {
            (Some(value), Some(size)) if size > 0.0 => ((value / size).floor() * size).into(),
            _ => Value::Null,
        },
    }
}

/// How many beginnings of the unit are after `b` and not after `a`; negative when `a` is earlier.
fn difference(unit: &str, a: Timestamp, b: Timestamp) -> Value {
    let unit = unit.to_lowercase();
    let count = |moment: Timestamp| {
        let date = civil(moment).date();
        let months = i64::from(date.year()) * 12 + i64::from(date.month()) - 1;
        Some(match unit.as_str() {
            "year" => i64::from(date.year()),
            "quarter" => months.div_euclid(3),
            "month" => months,
            // The year 1 began with a Monday, weeks begin with Sundays.
            "week" => (moment.micros() - Timestamp::MIN.micros() + DAY).div_euclid(7 * DAY),
            unit => (moment.micros() - Timestamp::MIN.micros()).div_euclid(fixed_unit(unit)?),
        })
    };
    Value::of(count(a).zip(count(b)).map(|(a, b)| a - b))
}

fn added(unit: &str, amount: i64, moment: Timestamp) -> Value {
    let unit = unit.to_lowercase();
    if let Some(micros) = fixed_unit(&unit) {
        let moved = amount.checked_mul(micros).and_then(|by| moment.micros().checked_add(by));
        return Value::of_micros(moved);
    }
    let months = match unit.as_str() {
        "year" => amount.checked_mul(12),
        "quarter" => amount.checked_mul(3),
        "month" => Some(amount),
        _ => None,
    };
    let Some(months) = months.filter(|months| months.abs() < 200_000) else { return Value::Null };
    civil(moment).checked_add(months.months()).map_or(Value::Null, of_civil)
}

fn datetime_part(part: &str, moment: Timestamp) -> Option<i64> {
    let at = civil(moment);
    let date = at.date();
    Some(match part {
        "year" => date.year().into(),
        "quarter" => (i64::from(date.month()) - 1) / 3 + 1,
        "month" => date.month().into(),
        "week_of_year" => date.iso_week_date().week().into(),
        "day" => date.day().into(),
        "dayofyear" => date.day_of_year().into(),
        "hour" => at.hour().into(),
        "minute" => at.minute().into(),
        "second" => at.second().into(),
        "millisecond" => at.millisecond().into(),
        "microsecond" => i64::from(at.subsec_nanosecond()) / 1_000,
        _ => return None,
    })
}

fn made(arguments: &[Value]) -> Option<DateTime> {
    let part = |place: usize| arguments.get(place).map_or(Some(0), Value::long);
    let (year, month, day) = (part(0)?, part(1)?, part(2)?);
    let date = Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()?;
    let seconds = arguments.get(5).map_or(Some(0.0), Value::real)?;
    let second = (seconds.floor() as i64).try_into().ok().filter(|_| (0.0..60.0).contains(&seconds))?;
    let nanos = (seconds.fract() * 1e6).round() as i32 * 1_000;
    let time = jiff::civil::Time::new(
        part(3)?.try_into().ok()?,
        part(4)?.try_into().ok()?,
        second,
        nanos.min(999_999_000),
    );
    Some(date.to_datetime(time.ok()?))
}

fn made_span(arguments: &[Value]) -> Value {
    let part = |place: usize| arguments.get(place).map_or(Some(0), Value::long);
    let seconds = arguments.get(2).map_or(Some(0.0), Value::real).unwrap_or(f64::NAN);
    let clock = part(0).and_then(|hours| hours.checked_mul(3_600_000_000)).zip(part(1)).and_then(
        |(hours, minutes)| {
            let in_range = (0..60).contains(&minutes) && (0.0..60.0).contains(&seconds);
            hours.checked_add(minutes * 60_000_000 + (seconds * 1e6).round() as i64).filter(|_| in_range)
        },
    );
    clock.map_or(Value::Null, Value::TimeSpan)
}

/// Runs of the same letter, each with its length.
fn runs(format: &str) -> Vec<(char, usize)> {
    let mut runs: Vec<(char, usize)> = Vec::new();
    for letter in format.chars() {
        match runs.last_mut() {
            Some((last, count)) if *last == letter && letter.is_ascii_alphabetic() => *count += 1,
            _ => runs.push((letter, 1)),
        }
    }
    runs
}

/// The first digits of a fraction of a second.
fn fraction(nanos: i32, digits: usize) -> String {
    format!("{nanos:09}").chars().take(digits.min(7)).collect()
}

fn formatted(moment: Timestamp, format: &str) -> String {
    let at = civil(moment);
    let padded = |number: i64, width: usize| format!("{number:0width$}", width = width.min(8));
    let twelve = |hour: i8| i64::from(if hour % 12 == 0 { 12 } else { hour % 12 });
    let mut text = String::new();
    for (letter, count) in runs(format) {
        let part = match letter {
            'y' if count <= 2 => padded(i64::from(at.year()) % 100, count),
            'y' => padded(at.year().into(), count),
            'M' => padded(at.month().into(), count),
            'd' => padded(at.day().into(), count),
            'H' => padded(at.hour().into(), count),
            'h' => padded(twelve(at.hour()), count),
            'm' => padded(at.minute().into(), count),
            's' => padded(at.second().into(), count),
            'f' => fraction(at.subsec_nanosecond(), count),
            't' => (if at.hour() < 12 { "AM" } else { "PM" }).chars().take(count).collect(),
            other => std::iter::repeat_n(other, count).collect(),
        };
        text.push_str(&part);
    }
    text
}

fn formatted_span(micros: i64, format: &str) -> String {
    let all = micros.unsigned_abs();
    let padded = |number: u64, width: usize| format!("{number:0width$}", width = width.min(8));
    let mut text = String::from(if micros < 0 { "-" } else { "" });
    for (letter, count) in runs(format) {
        let part = match letter {
            'd' => padded(all / 86_400_000_000, count),
            'H' | 'h' => padded(all / 3_600_000_000 % 24, count),
            'm' => padded(all / 60_000_000 % 60, count),
            's' => padded(all / 1_000_000 % 60, count),
            'f' => fraction(i32::try_from(all % 1_000_000 * 1_000).unwrap_or_default(), count),
            other => std::iter::repeat_n(other, count).collect(),
        };
        text.push_str(&part);
    }
    text
}
