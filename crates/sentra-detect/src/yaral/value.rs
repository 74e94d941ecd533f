//! What an expression of a rule can come to.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::text::fold;

#[cfg(test)]
mod tests;

/// A value of a field, a placeholder, a function or an outcome.
///
/// `Eq`, `Ord` and `Hash` are those of a sort and of a count of distinct values: total, numbers by what they
/// are worth (`1` and `1.0` are one value), kinds in the order null, bool, number, text, bytes, list. What a rule's
/// `=` and `<` mean is [`Value::equals`] and [`Value::compare`].
#[derive(Debug, Clone, Default)]
pub(crate) enum Value {
    /// Not there. Rules cannot tell it from the zero value of its type.
    #[default]
    Null,
    Text(Arc<str>),
    Int(i64),
    /// Always finite: made by `From<f64>`, which makes anything else null.
    Float(f64),
    Bool(bool),
    /// What a function decoded and is not text.
    Bytes(Arc<[u8]>),
    /// Values of a repeated field or a function; none of them a list, see [`Value::list`].
    List(Vec<Value>),
}

/// Longest list that a function makes, in values.
pub(crate) const LIST_VALUES_MAX: usize = 10_000;

/// The kind of a value, as a function's signature tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Whatever there is.
    Any,
    Text,
    /// A whole number.
    Int,
    Float,
    /// A whole number or not.
    Number,
    Bool,
    Bytes,
    List,
}

impl Value {
    pub(crate) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// A list without lists in it: those of `values` are poured out; cut at [`LIST_VALUES_MAX`].
    pub(crate) fn list(values: impl IntoIterator<Item = Value>) -> Self {
        let mut list = Vec::new();
        for value in values {
            match value {
                Self::List(inner) => list.extend(inner.into_iter().filter(|value| !value.is_list())),
                value => list.push(value),
            }
            if list.len() >= LIST_VALUES_MAX {
                list.truncate(LIST_VALUES_MAX);
                break;
            }
        }
        Self::List(list)
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub(crate) fn is_list(&self) -> bool {
        matches!(self, Self::List(_))
    }

    /// Whether it is the zero value of its type: nothing, empty text, 0, a list without anything else in it.
    /// `false` is an answer, not the lack of one.
    pub(crate) fn is_zero(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            Self::Int(int) => *int == 0,
            Self::Float(float) => *float == 0.0,
            Self::Bool(_) => false,
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::List(values) => values.iter().all(Self::is_zero),
        }
    }

    /// The kind; null is of any.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Null => Kind::Any,
            Self::Text(_) => Kind::Text,
            Self::Int(_) => Kind::Int,
            Self::Float(_) => Kind::Float,
            Self::Bool(_) => Kind::Bool,
            Self::Bytes(_) => Kind::Bytes,
            Self::List(_) => Kind::List,
        }
    }

    /// The text of a text, and of nothing else.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value written as text: nothing as "", a list as `[a, b]`.
    pub(crate) fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            other => Cow::Owned(other.to_string()),
        }
    }

    /// As a whole number: what is behind a point is cut off, text is read. `None` where that is not one, or
    /// larger than one can be.
    pub(crate) fn to_int(&self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(*int),
            Self::Float(float) => truncated(*float),
            Self::Bool(bool) => Some(i64::from(*bool)),
            Self::Text(text) => read_number(text).and_then(|number| number.to_int()),
            Self::Null | Self::Bytes(_) | Self::List(_) => None,
        }
    }

    /// As a number; text is read.
    pub(crate) fn to_float(&self) -> Option<f64> {
        match self {
            Self::Int(int) => Some(*int as f64),
            Self::Float(float) => Some(*float),
            Self::Bool(bool) => Some(f64::from(u8::from(*bool))),
            Self::Text(text) => read_number(text).and_then(|number| number.to_float()),
            Self::Null | Self::Bytes(_) | Self::List(_) => None,
        }
    }

    /// As a condition: a bool, a number other than 0, the texts `true` and `false`.
    pub(crate) fn to_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(bool) => Some(*bool),
            Self::Int(int) => Some(*int != 0),
            Self::Float(float) => Some(*float != 0.0),
            Self::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Self::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            Self::Text(_) | Self::Null | Self::Bytes(_) | Self::List(_) => None,
        }
    }

    /// The number that it is or that its text writes; nothing else is one.
    pub(crate) fn to_number(&self) -> Option<Value> {
        match self {
            Self::Int(_) | Self::Float(_) => Some(self.clone()),
            Self::Text(text) => read_number(text),
            Self::Bool(_) | Self::Null | Self::Bytes(_) | Self::List(_) => None,
        }
    }

    /// Whether a rule's `=` holds. What is missing equals the zero value of the other side's type.
    pub(crate) fn equals(&self, other: &Self, nocase: bool) -> bool {
        match (self, other) {
            (Self::Null, Self::Bool(bool)) | (Self::Bool(bool), Self::Null) => !bool,
            (Self::Null, other) | (other, Self::Null) => other.is_zero(),
            (Self::List(left), Self::List(right)) => {
                left.len() == right.len()
                    && left.iter().zip(right).all(|(left, right)| left.equals(right, nocase))
            }
            _ => self.compare(other, nocase) == Some(Ordering::Equal),
        }
    }

    /// How two values of a rule's `<` and `>` stand. `None` where they cannot be compared: another kind, a
    /// list, or a text that is not a number beside a number. A missing value counts as the zero value of the
    /// other side's type.
    pub(crate) fn compare(&self, other: &Self, nocase: bool) -> Option<Ordering> {
        match (self, other) {
            (Self::List(_), _) | (_, Self::List(_)) => None,
            (Self::Null, Self::Null) => Some(Ordering::Equal),
            (Self::Null, other) => other.zero_of_kind().compare(other, nocase),
            (this, Self::Null) => this.compare(&this.zero_of_kind(), nocase),
            (Self::Bytes(left), Self::Bytes(right)) => Some(left.cmp(right)),
            (Self::Bytes(left), Self::Text(right)) => Some(left.as_ref().cmp(right.as_bytes())),
            (Self::Text(left), Self::Bytes(right)) => Some(left.as_bytes().cmp(right)),
            (Self::Bytes(_), _) | (_, Self::Bytes(_)) => None,
            (Self::Text(left), Self::Text(right)) if nocase => Some(fold(left).cmp(&fold(right))),
            (Self::Text(left), Self::Text(right)) => Some(left.cmp(right)),
            (Self::Bool(left), right @ (Self::Text(_) | Self::Bool(_))) => Some(left.cmp(&right.to_bool()?)),
            (Self::Text(_), Self::Bool(right)) => Some(self.to_bool()?.cmp(right)),
            (Self::Bool(_), _) | (_, Self::Bool(_)) => None,
            (left, right) => Some(number_order(&left.to_number()?, &right.to_number()?)),
        }
    }

    /// What a field of this kind holds when it is not there.
    fn zero_of_kind(&self) -> Self {
        match self {
            Self::Text(_) => Self::text(""),
            Self::Bool(_) => Self::Bool(false),
            Self::Int(_) | Self::Float(_) => Self::Int(0),
            Self::Bytes(_) => Self::Bytes(Arc::from([].as_slice())),
            Self::Null | Self::List(_) => Self::Null,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Int(_) | Self::Float(_) => 2,
            Self::Text(_) => 3,
            Self::Bytes(_) => 4,
            Self::List(_) => 5,
        }
    }
}

impl Kind {
    /// Whether a value of kind `given` can stand where this one is wanted. Text can stand for a number: many
    /// sources write their numbers so.
    pub(crate) fn takes(self, given: Kind) -> bool {
        match (self, given) {
            (Self::Any, _) | (_, Self::Any) => true,
            (Self::List, other) | (other, Self::List) => other == Self::List,
            (Self::Bool, other) | (other, Self::Bool) => other == Self::Bool,
            (Self::Text | Self::Bytes, other) => matches!(other, Self::Text | Self::Bytes),
            (_, Self::Bytes) => false,
            (Self::Int | Self::Float | Self::Number, _) => true,
        }
    }

    /// The word for it in a message.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "any value",
            Self::Text => "text",
            Self::Int => "integer",
            Self::Float => "float",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Bytes => "bytes",
            Self::List => "list",
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<f64> for Value {
    /// What is not finite is no value.
    fn from(float: f64) -> Self {
        if float.is_finite() { Self::Float(float) } else { Self::Null }
    }
}

impl From<bool> for Value {
    fn from(bool: bool) -> Self {
        Self::Bool(bool)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Text(text) => out.write_str(text),
            Self::Int(int) => write!(out, "{int}"),
            Self::Float(float) => write!(out, "{float}"),
            Self::Bool(bool) => write!(out, "{bool}"),
            Self::Bytes(bytes) => out.write_str(&String::from_utf8_lossy(bytes)),
            Self::List(values) => {
                out.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        out.write_str(", ")?;
                    }
                    value.fmt(out)?;
                }
                out.write_str("]")
            }
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Value {}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            (Self::Bool(left), Self::Bool(right)) => left.cmp(right),
            (Self::Bytes(left), Self::Bytes(right)) => left.cmp(right),
            (Self::List(left), Self::List(right)) => left.cmp(right),
            _ => self.rank().cmp(&other.rank()).then_with(|| number_order(self, other)),
        }
    }
}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rank().hash(state);
        match self {
            Self::Null => {}
            Self::Text(text) => text.hash(state),
            Self::Int(int) => int.hash(state),
            Self::Float(float) => match truncated(*float) {
                Some(whole) if float_order(whole, *float) == Ordering::Equal => whole.hash(state),
                _ => float.to_bits().hash(state),
            },
            Self::Bool(bool) => bool.hash(state),
            Self::Bytes(bytes) => bytes.hash(state),
            Self::List(values) => values.hash(state),
        }
    }
}

/// The order of two numbers; what is none stands equal.
fn number_order(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => left.cmp(right),
        (Value::Int(left), Value::Float(right)) => float_order(*left, *right),
        (Value::Float(left), Value::Int(right)) => float_order(*right, *left).reverse(),
        // Without this, 0.0 and -0.0 would be two values.
        (Value::Float(left), Value::Float(right)) if left == right => Ordering::Equal,
        (Value::Float(left), Value::Float(right)) => left.total_cmp(right),
        _ => Ordering::Equal,
    }
}

/// The exact order of a whole number and a float: neither is rounded to the other's type.
fn float_order(int: i64, float: f64) -> Ordering {
    match truncated(float) {
        Some(whole) => int.cmp(&whole).then_with(|| 0.0_f64.total_cmp(&(float.fract() + 0.0))),
        None if float > 0.0 => Ordering::Less,
        None => Ordering::Greater,
    }
}

/// `float` without what is behind the point, where that fits.
fn truncated(float: f64) -> Option<i64> {
    // 2^63 is the first float that does not fit; its negative is the last that does.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    (-LIMIT..LIMIT).contains(&float).then_some(float as i64)
}

/// The number that `text` writes, in decimal or with a 0x.
fn read_number(text: &str) -> Option<Value> {
    let text = text.trim();
    if let Ok(int) = text.parse() {
        return Some(Value::Int(int));
    }
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return hex
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit())
            .then(|| i64::from_str_radix(hex, 16).ok())
            .flatten()
            .map(Value::Int);
    }
    // "inf" and "nan" are words here, not numbers.
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse::<f64>().ok().filter(|float| float.is_finite()).map(Value::Float)
}
