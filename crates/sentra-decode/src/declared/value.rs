//! What the value of a field is.

use std::borrow::Cow;

use sentra_model::{FieldValue, Timestamp};

use super::times::TimeForm;
use crate::address;
use crate::decoder::Context;

/// A value that was read, before it becomes a field of the event.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) value: FieldValue<'a>,
    /// The moment, where the value was read as a time already.
    pub(super) time: Option<Timestamp>,
}

impl<'a> Found<'a> {
    pub(super) fn new(name: impl Into<Cow<'a, str>>, value: FieldValue<'a>) -> Self {
        Self { name: name.into(), value, time: None }
    }

    pub(super) fn text(name: impl Into<Cow<'a, str>>, text: &'a str) -> Self {
        Self::new(name, FieldValue::Text(Cow::Borrowed(text)))
    }

    /// The same with nothing borrowed.
    pub(super) fn detach(self) -> Found<'static> {
        let value = match self.value {
            FieldValue::Text(text) => FieldValue::Text(Cow::Owned(text.into_owned())),
            FieldValue::Integer(number) => FieldValue::Integer(number),
            FieldValue::Float(number) => FieldValue::Float(number),
            FieldValue::Bool(truth) => FieldValue::Bool(truth),
        };
        Found { name: Cow::Owned(self.name.into_owned()), value, time: self.time }
    }
}

/// What a field under `fields` is said to be.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Text,
    Integer,
    Float,
    Bool,
    Ip,
    Time(TimeForm),
    /// Pairs inside the value, each of which becomes a field.
    Pairs,
    /// A JSON object inside the value, whose members become fields.
    Json,
}

/// The kinds by their names in a definition.
pub(super) const KINDS: [(&str, &str); 8] = [
    ("text", "text"),
    ("int", "a whole number"),
    ("float", "a number"),
    ("bool", "true or false"),
    ("ip", "an IP address"),
    ("time", "a time"),
    ("key_value", "pairs"),
    ("json", "a JSON object"),
];

impl Kind {
    pub(super) fn named(name: &str, form: TimeForm) -> Option<Self> {
        Some(match name {
            "text" => Self::Text,
            "int" => Self::Integer,
            "float" => Self::Float,
            "bool" => Self::Bool,
            "ip" => Self::Ip,
            "time" => Self::Time(form),
            "key_value" => Self::Pairs,
            "json" => Self::Json,
            _ => return None,
        })
    }

    /// What it is, for people.
    pub(super) fn title(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "whole number",
            Self::Float => "number",
            Self::Bool => "true or false",
            Self::Ip => "IP address",
            Self::Time(_) => "time",
            Self::Pairs => "list of pairs",
            Self::Json => "JSON object",
        }
    }

    /// Turns `found` into this kind; false leaves it as it was. Kinds that hold fields of their own are not
    /// turned here.
    pub(super) fn apply(&self, context: &Context<'_>, found: &mut Found<'_>) -> bool {
        if let Self::Time(form) = self {
            // The text stays as the source wrote it: the event's own time is in its header.
            found.time = found.time.or_else(|| form.value(context, &found.value));
            return found.time.is_some();
        }
        let FieldValue::Text(text) = &found.value else { return true };
        let text = text.trim();
        let value = match self {
            Self::Integer => integer(text).map(FieldValue::Integer),
            Self::Float => float(text).map(FieldValue::Float),
            Self::Bool => truth(text).map(FieldValue::Bool),
            Self::Ip => return address::ip(text).is_some(),
            Self::Text | Self::Time(_) | Self::Pairs | Self::Json => return true,
        };
        match value {
            Some(value) => {
                found.value = value;
                true
            }
            None => false,
        }
    }
}

/// A whole number in decimal, or in hexadecimal with `0x`.
pub(super) fn integer(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn float(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

pub(super) fn truth(text: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(&["true", "yes", "on", "1"]) {
        return Some(true);
    }
    is(&["false", "no", "off", "0"]).then_some(false)
}
