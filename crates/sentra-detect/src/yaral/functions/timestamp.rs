//! `timestamp.*`: seconds since 1970 and what they are on clocks and calendars. Time zones come from the
//! database that is part of the binary, and no clock is read.

use std::sync::{Arc, LazyLock};

use jiff::Zoned;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

use crate::yaral::value::{Kind, Value};

use super::{Call, Function, Param, function, param, text};

/// Longest format of a timestamp, in bytes.
const FORMAT_BYTES_MAX: usize = 256;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        prepare: Some(|literals, _| prepare(literals, date)),
        ..function("timestamp.get_date", &[SECONDS, ZONE], Kind::Text, |arguments| once(arguments, date))
    }
    .optional(1),
    Function {
        prepare: Some(|literals, _| prepare(literals, hour)),
        ..function("timestamp.get_hour", &[SECONDS, ZONE], Kind::Int, |arguments| once(arguments, hour))
    }
    .optional(1),
    Function {
        prepare: Some(|literals, _| prepare(literals, minute)),
        ..function("timestamp.get_minute", &[SECONDS, ZONE], Kind::Int, |arguments| once(arguments, minute))
    }
    .optional(1),
    Function {
        prepare: Some(|literals, _| prepare(literals, weekday)),
        ..function("timestamp.get_day_of_week", &[SECONDS, ZONE], Kind::Int, |arguments| {
            once(arguments, weekday)
        })
    }
    .optional(1),
    Function {
        prepare: Some(|literals, _| prepare(literals, week)),
        ..function("timestamp.get_week", &[SECONDS, ZONE], Kind::Int, |arguments| once(arguments, week))
    }
    .optional(1),
    Function {
        prepare: Some(prepare_timestamp),
        ..function("timestamp.get_timestamp", &[SECONDS, FORMAT, ZONE], Kind::Text, |arguments| {
            let zone = zone_of(arguments, 2);
            formatted(arguments, &text(arguments, 1), zone.as_ref())
        })
    }
    .optional(2),
    Function {
        prepare: Some(prepare_unix_seconds),
        ..function(
            "timestamp.as_unix_seconds",
            &[param("timestamp", Kind::Text), ZONE],
            Kind::Int,
            |arguments| as_unix_seconds(arguments, zone_of(arguments, 1).as_ref()),
        )
    }
    .optional(1),
    Function {
        prepare: Some(prepare_diff),
        ..function(
            "timestamp.diff",
            &[param("end", Kind::Any), param("start", Kind::Any), param("unit", Kind::Text)],
            Kind::Int,
            diff,
        )
    }
    .optional(1),
    Function { needs_time: true, ..function("timestamp.current_seconds", &[], Kind::Int, now) },
    Function { needs_time: true, ..function("timestamp.now", &[], Kind::Int, now) },
];

const SECONDS: Param = param("unix_seconds", Kind::Int);
const FORMAT: Param = param("format", Kind::Text);
const ZONE: Param = param("time_zone", Kind::Text);

/// What is asked of a moment in its zone.
type Part = fn(&Zoned) -> Value;

/// The zones of the world.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Reads a name of the time zone database or an offset like `-08:00`, `+5` or `+530`.
fn read_zone(text: &str) -> Option<TimeZone> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("utc") || text.eq_ignore_ascii_case("gmt") {
        return Some(TimeZone::UTC);
    }
    if let Some(digits) = text.strip_prefix(['+', '-']) {
        let (hours, minutes) = digits.split_once(':').unwrap_or((digits, "0"));
        let number = |text: &str| -> Option<i32> {
            let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().ok())?
        };
        let seconds = number(hours)? * 3600 + number(minutes).filter(|minutes| *minutes < 60)? * 60;
        let offset = Offset::from_seconds(if text.starts_with('-') { -seconds } else { seconds }).ok()?;
        return Some(TimeZone::fixed(offset));
    }
    ZONES.get(text).ok()
}

/// The zone of an argument: UTC where it is not said, none where there is no such zone.
fn zone_of(arguments: &[Value], index: usize) -> Option<TimeZone> {
    match arguments.get(index) {
        None | Some(Value::Null) => Some(TimeZone::UTC),
        Some(zone) => read_zone(&zone.to_text()),
    }
}

/// The zone at `index` of a call, where it is known when the rule is read; `None` where it is computed.
fn literal_zone(literals: &[Option<Value>], index: usize) -> Result<Option<TimeZone>, String> {
    match literals.get(index) {
        None => Ok(Some(TimeZone::UTC)),
        Some(None) => Ok(None),
        Some(Some(literal)) => match read_zone(&literal.to_text()) {
            Some(zone) => Ok(Some(zone)),
            None => Err(format!(
                "{:?} is not a time zone; write \"Europe/London\", \"-08:00\" or \"UTC\"",
                literal.to_text()
            )),
        },
    }
}

fn prepare(literals: &[Option<Value>], part: Part) -> Result<Option<Call>, String> {
    let Some(zone) = literal_zone(literals, 1)? else { return Ok(None) };
    Ok(Some(Arc::new(move |arguments| match moment(arguments, Some(&zone)) {
        Some(moment) => part(&moment),
        None => part_of_nothing(part),
    })))
}

fn once(arguments: &[Value], part: Part) -> Value {
    match moment(arguments, zone_of(arguments, 1).as_ref()) {
        Some(moment) => part(&moment),
        None => part_of_nothing(part),
    }
}

/// The zero value of the part's type.
fn part_of_nothing(part: Part) -> Value {
    match part(&Zoned::default()) {
        Value::Text(_) => "".into(),
        _ => Value::Int(0),
    }
}

/// The moment of the first argument. A missing one is 0, as any other number that is not there.
fn moment(arguments: &[Value], zone: Option<&TimeZone>) -> Option<Zoned> {
    let seconds = match arguments.first()? {
        Value::Null => 0,
        seconds => seconds.to_number()?.to_int()?,
    };
    Some(jiff::Timestamp::from_second(seconds).ok()?.to_zoned(zone?.clone()))
}

fn date(moment: &Zoned) -> Value {
    moment.date().to_string().into()
}

fn hour(moment: &Zoned) -> Value {
    Value::Int(moment.hour().into())
}

fn minute(moment: &Zoned) -> Value {
    Value::Int(moment.minute().into())
}

/// From 1, which is Sunday.
fn weekday(moment: &Zoned) -> Value {
    Value::Int(moment.weekday().to_sunday_one_offset().into())
}

/// Weeks begin on Sunday; the days before the first one are in week 0.
fn week(moment: &Zoned) -> Value {
    let days_left_of_week = 7 - i64::from(moment.weekday().to_sunday_zero_offset());
    Value::Int((i64::from(moment.day_of_year()) - 1 + days_left_of_week) / 7)
}

fn prepare_timestamp(literals: &[Option<Value>], _nocase: bool) -> Result<Option<Call>, String> {
    let format = match literals.get(1) {
        None => String::new(),
        Some(None) => return literal_zone(literals, 2).map(|_| None),
        Some(Some(literal)) => literal.to_text().into_owned(),
    };
    write_moment(&Zoned::default(), &format)
        .map_err(|reason| format!("{format:?} is not a format of timestamps: {reason}"))?;
    let Some(zone) = literal_zone(literals, 2)? else { return Ok(None) };
    Ok(Some(Arc::new(move |arguments| formatted(arguments, &format, Some(&zone)))))
}

fn formatted(arguments: &[Value], format: &str, zone: Option<&TimeZone>) -> Value {
    moment(arguments, zone).and_then(|moment| write_moment(&moment, format).ok()).unwrap_or_default().into()
}

/// Writes in a format of `strftime`, or to the end of a unit named SECOND, MINUTE, HOUR, DATE, WEEK (the Sunday
/// it began with), MONTH or YEAR.
fn write_moment(moment: &Zoned, format: &str) -> Result<String, String> {
    let format = match format {
        "" | "SECOND" => "%F %T",
        "MINUTE" => "%F %H:%M",
        "HOUR" => "%F %H",
        "DATE" | "DAY" => "%F",
        "MONTH" => "%Y-%m",
        "YEAR" => "%Y",
        "WEEK" => {
            let since_sunday = jiff::Span::new().days(moment.weekday().to_sunday_zero_offset());
            let sunday = moment.date().checked_sub(since_sunday).map_err(|error| error.to_string())?;
            return Ok(sunday.to_string());
        }
        format if format.len() > FORMAT_BYTES_MAX => {
            return Err(format!("it is longer than {FORMAT_BYTES_MAX} bytes"));
        }
        format => format,
    };
    strtime::format(format, moment).map_err(|error| error.to_string())
}

fn prepare_unix_seconds(literals: &[Option<Value>], _nocase: bool) -> Result<Option<Call>, String> {
    let Some(zone) = literal_zone(literals, 1)? else { return Ok(None) };
    Ok(Some(Arc::new(move |arguments| as_unix_seconds(arguments, Some(&zone)))))
}

fn as_unix_seconds(arguments: &[Value], zone: Option<&TimeZone>) -> Value {
    let read = zone.and_then(|zone| read_seconds(&text(arguments, 0), zone));
    Value::Int(read.unwrap_or(0))
}

/// Reads `2026-03-19 05:17:00`, in the zone, or RFC 3339 with a zone of its own.
fn read_seconds(text: &str, zone: &TimeZone) -> Option<i64> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment.as_second());
    }
    Some(zone.to_timestamp(text.parse::<DateTime>().ok()?).ok()?.as_second())
}

/// Seconds of the units that a difference can be counted in.
const UNITS: [(&str, i64); 4] = [("SECOND", 1), ("MINUTE", 60), ("HOUR", 3600), ("DAY", 86_400)];

fn unit(name: &str) -> Option<i64> {
    UNITS.iter().find(|(unit, _)| unit.eq_ignore_ascii_case(name)).map(|(_, seconds)| *seconds)
}

fn prepare_diff(literals: &[Option<Value>], _nocase: bool) -> Result<Option<Call>, String> {
    match literals.get(2) {
        Some(Some(literal)) if unit(&literal.to_text()).is_none() => {
            Err(format!("{:?} is not a unit; write SECOND, MINUTE, HOUR or DAY", literal.to_text()))
        }
        _ => Ok(None),
    }
}

/// Whole units from the second moment to the first; moments are seconds or text.
fn diff(arguments: &[Value]) -> Value {
    let seconds = |index: usize| {
        let value = arguments.get(index)?;
        value
            .to_number()
            .and_then(|number| number.to_int())
            .or_else(|| read_seconds(&value.to_text(), &TimeZone::UTC))
    };
    let unit = match arguments.get(2) {
        None | Some(Value::Null) => Some(1),
        Some(name) => unit(&name.to_text()),
    };
    let difference = seconds(0).zip(seconds(1)).and_then(|(end, start)| end.checked_sub(start));
    Value::Int(difference.zip(unit).and_then(|(seconds, unit)| seconds.checked_div(unit)).unwrap_or(0))
}

/// The time of evaluation, which the caller appends.
fn now(arguments: &[Value]) -> Value {
    Value::Int(arguments.last().and_then(Value::to_int).unwrap_or(0))
}
