use std::fmt;

use sentra_model::{EventId, Mart, Timestamp};

/// A question as it was understood. Its text form is a question again, the same one.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Of what.
    pub subject: Subject,
    /// What is done with it, in order.
    pub stages: Vec<Stage>,
}

/// What a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The events of all marts.
    Events,
    /// The events of one mart.
    Mart(Mart),
    /// One event.
    Event(EventId),
}

/// One step of a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// Only those that meet the condition.
    Where(Condition),
    /// Only the newest so many.
    Take(usize),
    /// How many there are.
    Count,
}

/// A condition on an event. Names are header columns, or source fields.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// All of them; at least two.
    And(Vec<Self>),
    /// Any of them; at least two.
    Or(Vec<Self>),
    /// Not.
    Not(Box<Self>),
    /// A field compared with a value.
    Compare {
        /// The field.
        field: String,
        /// How.
        comparison: Comparison,
        /// With what.
        value: Value,
    },
    /// A field with one of several values.
    In {
        /// The field.
        field: String,
        /// The values.
        values: Vec<Value>,
        /// Whether without case.
        caseless: bool,
    },
    /// A field between two values, both included.
    Between {
        /// The field.
        field: String,
        /// The lower one.
        low: Value,
        /// The upper one.
        high: Value,
    },
    /// A field that is there and not empty.
    IsNotEmpty {
        /// The field.
        field: String,
    },
}

/// How a field is compared; what is written `!contains` is a negated one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    EqualCaseless,
    /// `!~`
    NotEqualCaseless,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `contains`
    Contains,
    /// `startswith`
    StartsWith,
    /// `endswith`
    EndsWith,
    /// `has`
    Has,
}

impl Comparison {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::EqualCaseless => "=~",
            Self::NotEqualCaseless => "!~",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Contains => "contains",
            Self::StartsWith => "startswith",
            Self::EndsWith => "endswith",
            Self::Has => "has",
        }
    }
}

/// A value in a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// Whole number.
    Integer(i64),
    /// Number with a fraction.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// Moment.
    Time(Timestamp),
    /// So many microseconds after the moment of asking; before it when negative.
    FromNow(i64),
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Subject::Events => f.write_str("events")?,
            Subject::Mart(mart) => write!(f, "{mart}")?,
            Subject::Event(id) => write!(f, "event(\"{id}\")")?,
        }
        for stage in &self.stages {
            match stage {
                Stage::Where(condition) => write!(f, " | where {condition}")?,
                Stage::Take(rows) => write!(f, " | take {rows}")?,
                Stage::Count => f.write_str(" | count")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) => joined(f, parts, " and "),
            Self::Or(parts) => joined(f, parts, " or "),
            Self::Not(part) => write!(f, "not({part})"),
            Self::Compare { field, comparison, value } => {
                write!(f, "{} {} {value}", Name(field), comparison.as_str())
            }
            Self::In { field, values, caseless } => {
                write!(f, "{} {} (", Name(field), if *caseless { "in~" } else { "in" })?;
                for (index, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
            Self::Between { field, low, high } => write!(f, "{} between ({low} .. {high})", Name(field)),
            Self::IsNotEmpty { field } => write!(f, "isnotempty({})", Name(field)),
        }
    }
}

/// Parts that are combinations themselves are put in brackets.
fn joined(f: &mut fmt::Formatter<'_>, parts: &[Condition], word: &str) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        f.write_str(if index == 0 { "" } else { word })?;
        match part {
            Condition::And(_) | Condition::Or(_) => write!(f, "({part})")?,
            part => write!(f, "{part}")?,
        }
    }
    Ok(())
}

/// A field's name as it is written: in brackets when it is not made of dotted words.
struct Name<'a>(&'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_word = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        // "not" at the beginning of a condition is the operator.
        let is_plain = self.0.split('.').all(is_word) && !matches!(self.0, "not" | "isnotempty" | "isempty");
        if is_plain { f.write_str(self.0) } else { write!(f, "[{}]", Quoted(self.0)) }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{}", Quoted(text)),
            Self::Integer(number) => write!(f, "{number}"),
            // The debug form keeps ".0", so that it is read as a number with a fraction again.
            Self::Float(number) => write!(f, "{number:?}"),
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Time(moment) => write!(f, "datetime({moment})"),
            Self::FromNow(0) => f.write_str("now()"),
            Self::FromNow(micros) if *micros > 0 => write!(f, "now() + {}", Span(micros.unsigned_abs())),
            Self::FromNow(micros) => write!(f, "ago({})", Span(micros.unsigned_abs())),
        }
    }
}

/// Microseconds in the largest unit that divides them.
struct Span(u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units =
            [(86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "m"), (1_000_000, "s"), (1_000, "ms")];
        let unit = units.into_iter().find(|(micros, _)| self.0.is_multiple_of(*micros));
        let (micros, name) = unit.unwrap_or((1, "microsecond"));
        write!(f, "{}{name}", self.0 / micros)
    }
}

struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        f.write_char('"')?;
        for letter in self.0.chars() {
            match letter {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                letter if letter.is_control() => write!(f, "\\u{:04x}", u32::from(letter))?,
                letter => f.write_char(letter)?,
            }
        }
        f.write_char('"')
    }
}
