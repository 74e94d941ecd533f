//! Kinds of values, and how moments and spans of time are written.

use std::fmt;

use jiff::civil;
use jiff::tz::TimeZone;
use sentra_model::Timestamp;
use serde::{Deserialize, Serialize};

/// What kind of values a column or an expression has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// True or false.
    Bool,
    /// A whole number of 64 bits; KQL's `int` is one, too.
    Long,
    /// A number with a fraction.
    Real,
    /// Text. It is never null: what is absent is empty.
    String,
    /// A moment in UTC, to the microsecond.
    DateTime,
    /// A span of time in microseconds.
    TimeSpan,
    /// JSON of any shape.
    Dynamic,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Bool, Self::Long, Self::Real, Self::String, Self::DateTime, Self::TimeSpan, Self::Dynamic];

    /// As the language writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Long => "long",
            Self::Real => "real",
            Self::String => "string",
            Self::DateTime => "datetime",
            Self::TimeSpan => "timespan",
            Self::Dynamic => "dynamic",
        }
    }

    /// The kind called `name`, in any of KQL's words for it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "bool" | "boolean" => Self::Bool,
            "long" | "int" => Self::Long,
            "real" | "double" => Self::Real,
            "string" => Self::String,
            "datetime" | "date" => Self::DateTime,
            "timespan" | "time" => Self::TimeSpan,
            "dynamic" => Self::Dynamic,
            _ => return None,
        })
    }

    /// Whether it is a number.
    #[must_use]
    pub fn is_number(self) -> bool {
        matches!(self, Self::Long | Self::Real)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Microseconds of the units of time, by their words; the first of a size is the one that is printed.
const UNITS: [(&str, i64); 25] = [
    ("d", 86_400_000_000),
    ("day", 86_400_000_000),
    ("days", 86_400_000_000),
    ("h", 3_600_000_000),
    ("hr", 3_600_000_000),
    ("hrs", 3_600_000_000),
    ("hour", 3_600_000_000),
    ("hours", 3_600_000_000),
    ("m", 60_000_000),
    ("min", 60_000_000),
    ("minute", 60_000_000),
    ("minutes", 60_000_000),
    ("s", 1_000_000),
    ("sec", 1_000_000),
    ("second", 1_000_000),
    ("seconds", 1_000_000),
    ("ms", 1_000),
    ("milli", 1_000),
    ("millis", 1_000),
    ("millisecond", 1_000),
    ("milliseconds", 1_000),
    ("microsecond", 1),
    ("micro", 1),
    ("micros", 1),
    ("microseconds", 1),
];

/// Microseconds of the unit of time called `name`.
pub(crate) fn unit_micros(name: &str) -> Option<i64> {
    UNITS.iter().find(|(unit, _)| *unit == name).map(|(_, micros)| *micros)
}

/// A span of time in the largest unit that divides it.
pub(crate) struct SpanText(pub(crate) i64);

impl fmt::Display for SpanText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let divides = |micros: i64| self.0 % micros == 0;
        let (unit, micros) =
            UNITS.into_iter().find(|(_, micros)| divides(*micros)).unwrap_or(("microsecond", 1));
        if self.0 == 0 {
            return f.write_str("0s");
        }
        write!(f, "{}{unit}", self.0 / micros)
    }
}

/// The span of time written as `1.5h`, or as `[-][d.]hh:mm[:ss[.fffffff]]`, or as a number of days.
pub(crate) fn span_of(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let micros = if digits.contains(':') { clock_span(digits)? } else { unit_span(digits)? };
    Some(if negative { -micros } else { micros })
}

/// `1.5h`; without a unit they are days.
fn unit_span(text: &str) -> Option<i64> {
    let letters = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(letters)?;
    let unit = if unit.is_empty() { "d" } else { unit };
    scaled(number, unit_micros(unit)?)
}

/// `number` of `micros` microseconds each, if they fit.
pub(crate) fn scaled(number: &str, micros: i64) -> Option<i64> {
    if let Ok(whole) = number.parse::<i64>() {
        return whole.checked_mul(micros);
    }
    let span = number.parse::<f64>().ok()? * micros as f64;
    (span.abs() < 9.0e18).then(|| span.round() as i64)
}

fn clock_span(text: &str) -> Option<i64> {
    let (days, clock) = match text.find(['.', ':']) {
        Some(place) if text.get(place..)?.starts_with('.') => {
            (text.get(..place)?.parse::<i64>().ok()?, text.get(place + 1..)?)
        }
        _ => (0, text),
    };
    let mut parts = clock.split(':');
    let hours: i64 = parts.next()?.parse().ok()?;
    let minutes: i64 = parts.next()?.parse().ok()?;
    let seconds = parts.next().unwrap_or("0");
    if parts.next().is_some() || !(0..24).contains(&hours) || !(0..60).contains(&minutes) {
        return None;
    }
    let seconds: f64 = seconds.parse().ok().filter(|seconds| (0.0..60.0).contains(seconds))?;
    let clock = (hours * 3_600 + minutes * 60) * 1_000_000 + (seconds * 1e6).round() as i64;
    days.checked_mul(86_400_000_000)?.checked_add(clock)
}

/// The moment that `text` is: RFC 3339, or a day, or a day with a time, in UTC when nothing else is said.
#[must_use]
pub fn moment_of(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    // Anything longer is no moment, and is not searched for one.
    if text.len() > 64 || !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment.into());
    }
    let plain = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let civil = plain
        .parse::<civil::DateTime>()
        .ok()
        .or_else(|| plain.parse::<civil::Date>().ok().map(civil::DateTime::from))
        .or_else(|| format!("{plain}-01").parse::<civil::Date>().ok().map(civil::DateTime::from))?;
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read() {
        let hour = 3_600_000_000;
        let cases = [
            ("1h", Some(hour)),
            ("1.5h", Some(hour + hour / 2)),
            ("-2d", Some(-48 * hour)),
            ("1", Some(24 * hour)),
            ("01:00:00", Some(hour)),
            ("1.01:00:00", Some(25 * hour)),
            ("00:00:00.5", Some(500_000)),
            ("-00:00:01", Some(-1_000_000)),
            ("25:00:00", None),
            ("1x", None),
            ("", None),
            ("h", None),
            ("99999999999d", None),
        ];
        for (text, expected) in cases {
            assert_eq!(span_of(text), expected, "{text}");
        }
    }

    #[test]
    fn moments_are_read() {
        let cases = [
            ("2026-01-31", Some("2026-01-31T00:00:00Z")),
            ("2026-01-31T10:20:30Z", Some("2026-01-31T10:20:30Z")),
            ("2026-01-31 10:20:30.5", Some("2026-01-31T10:20:30.5Z")),
            ("2026-01-31 10:20", Some("2026-01-31T10:20:00Z")),
            ("2026-01-31T12:00:00+02:00", Some("2026-01-31T10:00:00Z")),
            ("2026-01", Some("2026-01-01T00:00:00Z")),
            ("yesterday", None),
            ("2026-02-30", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(moment_of(text).map(|moment| moment.to_string()).as_deref(), expected, "{text}");
        }
    }
}
