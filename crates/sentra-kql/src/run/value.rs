//! What values are to each other, and as what else they can be read.

use std::cmp::Ordering;

use sentra_model::Timestamp;
use serde_json::Value as Json;

use crate::plan::Value;
use crate::value::{Kind, moment_of, span_of};

/// KQL counts time in steps of 100 nanoseconds since the year 1.
const TICKS_PER_MICRO: i64 = 10;

impl Value {
    /// JSON; its null is [`Value::Null`].
    #[must_use]
    pub fn of_json(json: Json) -> Self {
        if json.is_null() { Self::Null } else { Self::Dynamic(json) }
    }

    /// A moment from microseconds since 1970, if it is one of the years 1 to 9999.
    #[must_use]
    pub fn of_micros(micros: Option<i64>) -> Self {
        let in_range = micros.filter(|micros| Timestamp::from_micros(*micros).micros() == *micros);
        in_range.map_or(Self::Null, |micros| Self::DateTime(Timestamp::from_micros(micros)))
    }

    pub(crate) fn of_text(text: impl Into<String>) -> Self {
        Self::String(text.into())
    }

    pub(crate) fn of<T: Into<Self>>(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether it is true; null is not.
    #[must_use]
    pub fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true))
    }

    pub(crate) fn str(&self) -> &str {
        match self {
            Self::String(text) | Self::Dynamic(Json::String(text)) => text,
            _ => "",
        }
    }

    pub(crate) fn json(&self) -> Option<&Json> {
        match self {
            Self::Dynamic(json) => Some(json),
            _ => None,
        }
    }

    pub(crate) fn list(&self) -> Option<&Vec<Json>> {
        self.json().and_then(Json::as_array)
    }

    pub(crate) fn moment(&self) -> Option<Timestamp> {
        match self {
            Self::DateTime(moment) => Some(*moment),
            _ => None,
        }
    }

    pub(crate) fn span(&self) -> Option<i64> {
        match self {
            Self::TimeSpan(micros) => Some(*micros),
            _ => None,
        }
    }

    /// As the language writes it as a text; null is empty.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(truth) => truth.to_string(),
            Self::Long(number) => number.to_string(),
            Self::Real(number) => real_text(*number),
            Self::String(text) | Self::Dynamic(Json::String(text)) => text.clone(),
            Self::DateTime(moment) => moment_text(*moment),
            Self::TimeSpan(micros) => span_text(*micros),
            Self::Dynamic(json) => json.to_string(),
        }
    }

    /// As a part of JSON.
    #[must_use]
    pub fn into_json(self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(truth) => truth.into(),
            Self::Long(number) => number.into(),
            Self::Real(number) => Json::from(number),
            Self::Dynamic(json) => json,
            other => Json::String(other.text()),
        }
    }

    /// As a whole number.
    pub(crate) fn long(&self) -> Option<i64> {
        match self {
            Self::Bool(truth) => Some(i64::from(*truth)),
            Self::Long(number) => Some(*number),
            Self::Real(number) => whole(*number),
            Self::String(text) | Self::Dynamic(Json::String(text)) => long_of(text),
            Self::DateTime(moment) => {
                moment.micros().checked_sub(Timestamp::MIN.micros())?.checked_mul(TICKS_PER_MICRO)
            }
            Self::TimeSpan(micros) => micros.checked_mul(TICKS_PER_MICRO),
            Self::Dynamic(Json::Bool(truth)) => Some(i64::from(*truth)),
            Self::Dynamic(Json::Number(number)) => {
                number.as_i64().or_else(|| number.as_f64().and_then(whole))
            }
            Self::Null | Self::Dynamic(_) => None,
        }
    }

    /// As a number.
    pub(crate) fn real(&self) -> Option<f64> {
        match self {
            Self::Real(number) => Some(*number),
            Self::String(text) | Self::Dynamic(Json::String(text)) => real_of(text),
            Self::Dynamic(Json::Number(number)) => number.as_f64(),
            other => other.long().map(|number| number as f64),
        }
    }

    pub(crate) fn truth(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) | Self::Dynamic(Json::Bool(truth)) => Some(*truth),
            Self::String(text) | Self::Dynamic(Json::String(text)) => match text.trim() {
                "1" => Some(true),
                "0" => Some(false),
                text if text.eq_ignore_ascii_case("true") => Some(true),
                text if text.eq_ignore_ascii_case("false") => Some(false),
                _ => None,
            },
            Self::Long(_) | Self::Real(_) | Self::Dynamic(Json::Number(_)) => {
                self.real().map(|number| number != 0.0)
            }
            _ => None,
        }
    }

    /// The value as one of `kind`, as the function that converts to it does; null if it is none.
    #[must_use]
    pub fn converted(self, kind: Kind) -> Self {
        match kind {
            Kind::Long => Self::of(self.long()),
            Kind::Real => Self::of(self.real()),
            Kind::Bool => Self::of(self.truth()),
            Kind::String => Self::String(self.text()),
            Kind::DateTime => match self {
                Self::DateTime(moment) => Self::DateTime(moment),
                Self::String(text) | Self::Dynamic(Json::String(text)) => {
                    moment_of(&text).map_or(Self::Null, Self::DateTime)
                }
                _ => Self::Null,
            },
            Kind::TimeSpan => match self {
                Self::TimeSpan(micros) => Self::TimeSpan(micros),
                Self::String(text) | Self::Dynamic(Json::String(text)) => {
                    span_of(&text).map_or(Self::Null, Self::TimeSpan)
                }
                _ => Self::Null,
            },
            Kind::Dynamic => match self {
                Self::Dynamic(json) => Self::Dynamic(json),
                other => Self::of_json(other.into_json()),
            },
        }
    }

    /// Null, or what stands for it in a text.
    #[must_use]
    pub fn null_of(kind: Kind) -> Self {
        if kind == Kind::String { Self::String(String::new()) } else { Self::Null }
    }

    /// Which comes first where everything has a place: nulls, then by kind, then by value.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(one), Self::Bool(two)) => one.cmp(two),
            (Self::Long(one), Self::Long(two)) => one.cmp(two),
            (Self::Long(_) | Self::Real(_), Self::Long(_) | Self::Real(_)) => {
                // Zero has no sign here, and there is one kind of what is no number.
                let number = |value: &Self| value.real().map_or(f64::NAN, |n| if n == 0.0 { 0.0 } else { n });
                let (one, two) = (number(self), number(other));
                one.partial_cmp(&two).unwrap_or_else(|| one.is_nan().cmp(&two.is_nan()))
            }
            (Self::String(one), Self::String(two)) => one.cmp(two),
            (Self::DateTime(one), Self::DateTime(two)) => one.cmp(two),
            (Self::TimeSpan(one), Self::TimeSpan(two)) => one.cmp(two),
            (Self::Dynamic(one), Self::Dynamic(two)) => json_order(one, two),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Long(_) | Self::Real(_) => 2,
            Self::String(_) => 3,
            Self::DateTime(_) => 4,
            Self::TimeSpan(_) => 5,
            Self::Dynamic(_) => 6,
        }
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Long(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

/// Which of two values in a list comes first: numbers, then texts, then the rest, nulls last.
pub(crate) fn json_order(one: &Json, two: &Json) -> Ordering {
    let rank = |json: &Json| match json {
        Json::Number(_) => 0,
        Json::String(_) => 1,
        Json::Bool(_) => 2,
        Json::Array(_) | Json::Object(_) => 3,
        Json::Null => 4,
    };
    match (one, two) {
        (Json::Number(a), Json::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
        },
        (Json::String(a), Json::String(b)) => a.cmp(b),
        (Json::Bool(a), Json::Bool(b)) => a.cmp(b),
        _ if rank(one) == 3 && rank(two) == 3 => one.to_string().cmp(&two.to_string()),
        _ => rank(one).cmp(&rank(two)),
    }
}

fn whole(number: f64) -> Option<i64> {
    // The bounds are powers of two, so they are exact.
    (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number).then_some(number as i64)
}

fn long_of(text: &str) -> Option<i64> {
    let text = text.trim();
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    // Nothing but a sign and digits: Rust reads what KQL reads.
    hex.map_or_else(|| text.parse().ok(), |digits| i64::from_str_radix(digits, 16).ok())
}

fn real_of(text: &str) -> Option<f64> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    // Rust would read "infinity" as a number, too.
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if !is_number {
        return None;
    }
    long_of(text).map(|number| number as f64).or_else(|| text.parse().ok())
}

fn real_text(number: f64) -> String {
    if number.is_nan() {
        "NaN".into()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity".into() } else { "-Infinity".into() }
    } else {
        format!("{number:?}")
    }
}

fn moment_text(moment: Timestamp) -> String {
    let civil = civil(moment);
    let (date, time) = (civil.date(), civil.time());
    let fraction = time.subsec_nanosecond() / 100;
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    format!("{date}T{hour:02}:{minute:02}:{second:02}.{fraction:07}Z")
}

/// `[-][d.]hh:mm:ss[.fffffff]`
fn span_text(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let all = micros.unsigned_abs();
    let (days, seconds, fraction) = (all / 86_400_000_000, all / 1_000_000 % 86_400, all % 1_000_000);
    let days = if days == 0 { String::new() } else { format!("{days}.") };
    let fraction = if fraction == 0 { String::new() } else { format!(".{fraction:06}0") };
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{sign}{days}{hours:02}:{minutes:02}:{seconds:02}{fraction}")
}

/// Year, month, day and time of a moment.
pub(crate) fn civil(moment: Timestamp) -> jiff::civil::DateTime {
    jiff::Timestamp::from(moment).to_zoned(jiff::tz::TimeZone::UTC).datetime()
}
