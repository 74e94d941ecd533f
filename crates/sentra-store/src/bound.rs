//! A predicate bound to columns: names resolved, literals in the type of their column, limits checked.

use std::collections::BTreeSet;

use sentra_model::{EventId, Severity, Timestamp, Topic};

use crate::header::{ColumnKind, header_column, source_field};
use crate::matcher::{Finite, Operand, Order, ValueTest, fold};
use crate::predicate::{CompareOp, Literal, PREDICATE_DEPTH_MAX, PREDICATE_TERMS_MAX, Predicate};
use crate::{StoreError, TimeRange};

/// A condition ready to be evaluated. Like [`Predicate`] it is two-valued.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Bound {
    Constant(bool),
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Id {
        partition: u32,
        offset: u64,
    },
    Time {
        column: &'static str,
        op: Order,
        value: Timestamp,
    },
    /// `value` fits the column's type.
    Unsigned {
        column: &'static str,
        op: Order,
        value: u64,
    },
    Text {
        column: &'static str,
        test: ValueTest,
    },
    Present {
        column: &'static str,
    },
    Raw {
        test: ValueTest,
    },
    Source {
        name: String,
        test: ValueTest,
    },
}

/// Binds `predicate`.
pub(crate) fn bind(predicate: &Predicate) -> Result<Bound, StoreError> {
    let mut terms = 0;
    bind_at(predicate, 0, &mut terms)
}

fn bind_at(predicate: &Predicate, depth: usize, terms: &mut usize) -> Result<Bound, StoreError> {
    if depth > PREDICATE_DEPTH_MAX {
        return Err(StoreError::TooComplex { limit: PREDICATE_DEPTH_MAX, unit: "levels" });
    }
    *terms += if let Predicate::OneOf { values, .. } = predicate { values.len().max(1) } else { 1 };
    if *terms > PREDICATE_TERMS_MAX {
        return Err(StoreError::TooComplex { limit: PREDICATE_TERMS_MAX, unit: "terms" });
    }
    let mut all = |parts: &[Predicate]| -> Result<Vec<Bound>, StoreError> {
        parts.iter().map(|part| bind_at(part, depth + 1, terms)).collect()
    };
    Ok(match predicate {
        Predicate::And(parts) => Bound::And(all(parts)?),
        Predicate::Or(parts) => Bound::Or(all(parts)?),
        Predicate::Not(part) => Bound::Not(Box::new(bind_at(part, depth + 1, terms)?)),
        Predicate::Compare { field, op, value } => compare(field, *op, value)?,
        Predicate::OneOf { field, values, caseless } => one_of(field, values, *caseless)?,
        Predicate::Contains { field, text } => text_test(field, ValueTest::Contains(fold(text)))?,
        Predicate::StartsWith { field, text } => text_test(field, ValueTest::StartsWith(fold(text)))?,
        Predicate::EndsWith { field, text } => text_test(field, ValueTest::EndsWith(fold(text)))?,
        Predicate::Has { field, text } => text_test(field, ValueTest::Has(fold(text)))?,
        Predicate::Exists { field } => exists(field)?,
    })
}

fn compare(field: &str, op: CompareOp, value: &Literal) -> Result<Bound, StoreError> {
    let order = match op {
        CompareOp::Eq => Order::Eq,
        CompareOp::Lt => Order::Lt,
        CompareOp::Le => Order::Le,
        CompareOp::Gt => Order::Gt,
        CompareOp::Ge => Order::Ge,
        CompareOp::EqCaseless => return one_of(field, std::slice::from_ref(value), true),
        CompareOp::Ne => return Ok(Bound::Not(Box::new(compare(field, CompareOp::Eq, value)?))),
        CompareOp::NeCaseless => {
            return Ok(Bound::Not(Box::new(compare(field, CompareOp::EqCaseless, value)?)));
        }
    };
    let Some(header) = header_column(field) else {
        return Ok(Bound::Source {
            name: source_field(field).to_owned(),
            test: ordered(field, order, value)?,
        });
    };
    match (header.name, header.kind) {
        ("id", _) => identity(field, order, value),
        ("raw", _) => Ok(Bound::Raw { test: ordered(field, order, value)? }),
        (column, ColumnKind::String) => Ok(Bound::Text { column, test: ordered(field, order, value)? }),
        (column, ColumnKind::DateTime) => Ok(Bound::Time { column, op: order, value: moment(field, value)? }),
        (column, ColumnKind::Long) => unsigned(column, order, value),
        _ => Err(refused(field, "name one of its fields instead")),
    }
}

/// The test of a text value against a literal.
fn ordered(field: &str, op: Order, value: &Literal) -> Result<ValueTest, StoreError> {
    let operand = match value {
        Literal::Text(text) => Operand::Text(text.clone()),
        Literal::Integer(number) => Operand::Integer(*number),
        Literal::Float(number) => {
            Operand::Float(Finite::new(*number).ok_or_else(|| refused(field, "the number is not finite"))?)
        }
        Literal::Bool(truth) if op == Order::Eq => Operand::Bool(*truth),
        Literal::Bool(_) => {
            return Err(refused(field, "a truth value is equal or not, never less or greater"));
        }
        Literal::Time(moment) => Operand::Time(*moment),
    };
    Ok(ValueTest::Order { op, value: operand })
}

fn one_of(field: &str, values: &[Literal], caseless: bool) -> Result<Bound, StoreError> {
    let is_text =
        header_column(field).is_none_or(|header| header.kind == ColumnKind::String && header.name != "id");
    if !is_text {
        let each = values.iter().map(|value| compare(field, CompareOp::Eq, value));
        return Ok(Bound::Or(each.collect::<Result<_, _>>()?));
    }
    let mut texts = BTreeSet::new();
    let mut parts = Vec::new();
    for value in values {
        match value {
            Literal::Text(text) if caseless => _ = texts.insert(fold(text)),
            Literal::Text(text) => _ = texts.insert(text.clone()),
            other => parts.push(compare(field, CompareOp::Eq, other)?),
        }
    }
    if !texts.is_empty() {
        let test = if caseless { ValueTest::OneOfCaseless(texts) } else { ValueTest::OneOf(texts) };
        parts.push(text_test(field, test)?);
    }
    Ok(Bound::Or(parts))
}

fn text_test(field: &str, test: ValueTest) -> Result<Bound, StoreError> {
    let Some(header) = header_column(field) else {
        return Ok(Bound::Source { name: source_field(field).to_owned(), test });
    };
    match (header.name, header.kind) {
        ("raw", _) => Ok(Bound::Raw { test }),
        ("id", _) => Err(refused(field, "an id is compared as a whole")),
        (column, ColumnKind::String) => Ok(Bound::Text { column, test }),
        (_, ColumnKind::Dynamic) => Err(refused(field, "name one of its fields instead")),
        _ => Err(refused(field, "it is no text")),
    }
}

fn exists(field: &str) -> Result<Bound, StoreError> {
    match header_column(field) {
        None => Ok(Bound::Source { name: source_field(field).to_owned(), test: ValueTest::NotEmpty }),
        Some(header) if header.name == "raw" => Ok(Bound::Raw { test: ValueTest::NotEmpty }),
        Some(header) if header.name == "id" => Ok(Bound::Constant(true)),
        Some(header) if header.kind == ColumnKind::Dynamic => {
            Err(refused(field, "name one of its fields instead"))
        }
        Some(header) => Ok(Bound::Present { column: header.name }),
    }
}

fn identity(field: &str, op: Order, value: &Literal) -> Result<Bound, StoreError> {
    let id = match value {
        Literal::Text(text) => text.parse::<EventId>().ok(),
        _ => None,
    };
    let id = id.ok_or_else(|| refused(field, "it is compared with an id as in raw.0.17"))?;
    if op != Order::Eq {
        return Err(refused(field, "an id is equal or not, never less or greater"));
    }
    let is_event = id.topic == Topic::Raw;
    Ok(if is_event {
        Bound::Id { partition: id.partition, offset: id.offset }
    } else {
        Bound::Constant(false)
    })
}

fn moment(field: &str, value: &Literal) -> Result<Timestamp, StoreError> {
    match value {
        Literal::Time(moment) => Ok(*moment),
        Literal::Text(text) => text.parse().map_err(|_| refused(field, "the text is no RFC 3339 time")),
        other => Err(refused(field, &format!("it is a time, not {}", other.kind()))),
    }
}

/// Largest value of an unsigned column.
fn largest(column: &str) -> u64 {
    match column {
        "severity" => u64::from(u8::MAX),
        "src_port" | "dst_port" => u64::from(u16::MAX),
        "class" | "count" | "partition" => u64::from(u32::MAX),
        _ => u64::MAX,
    }
}

fn unsigned(column: &'static str, op: Order, value: &Literal) -> Result<Bound, StoreError> {
    let (op, number) = match value {
        Literal::Integer(number) => (op, i128::from(*number)),
        Literal::Float(number) if !number.is_finite() => {
            return Err(refused(column, "the number is not finite"));
        }
        Literal::Float(number) if number.fract() == 0.0 => (op, *number as i128),
        Literal::Float(number) => {
            let below = number.floor() as i128;
            match op {
                Order::Eq => return Ok(Bound::Constant(false)),
                Order::Lt | Order::Le => (Order::Le, below),
                Order::Gt | Order::Ge => (Order::Gt, below),
            }
        }
        Literal::Text(text) => (op, number_of(column, text)?),
        other => return Err(refused(column, &format!("it is a number, not {}", other.kind()))),
    };
    let above_all = number > i128::from(largest(column));
    match (u64::try_from(number), op) {
        (Ok(value), _) if !above_all => Ok(Bound::Unsigned { column, op, value }),
        (_, Order::Lt | Order::Le) if above_all => Ok(Bound::Present { column }),
        (_, Order::Gt | Order::Ge) if !above_all => Ok(Bound::Present { column }),
        _ => Ok(Bound::Constant(false)),
    }
}

fn number_of(column: &str, text: &str) -> Result<i128, StoreError> {
    if let Ok(number) = text.parse::<i128>() {
        return Ok(number);
    }
    if column == "severity" {
        let known = (0..=5).map(Severity::from_ocsf).find(|known| known.as_str() == text);
        return known.map(|known| i128::from(known.ocsf())).ok_or_else(|| {
            refused(column, "use unknown, informational, low, medium, high, critical or 0 to 5")
        });
    }
    Err(refused(column, "it is a number, not a text"))
}

fn refused(field: &str, detail: &str) -> StoreError {
    StoreError::Predicate { field: field.to_owned(), detail: detail.to_owned() }
}

/// Inclusive bounds on event time, in microseconds, outside of which no event can match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeBounds {
    pub(crate) first: i64,
    pub(crate) last: i64,
}

impl TimeBounds {
    const ALL: Self = Self { first: i64::MIN, last: i64::MAX };
    const NONE: Self = Self { first: i64::MAX, last: i64::MIN };

    /// The bounds of a question.
    pub(crate) fn of(range: TimeRange, filter: Option<&Bound>) -> Self {
        let from = range.from.map_or(i64::MIN, Timestamp::micros);
        let last = range.to.map_or(i64::MAX, |to| to.micros().saturating_sub(1));
        Self { first: from, last }.and(filter.map_or(Self::ALL, Self::of_filter))
    }

    fn of_filter(filter: &Bound) -> Self {
        match filter {
            Bound::Constant(false) => Self::NONE,
            Bound::And(parts) => parts.iter().map(Self::of_filter).fold(Self::ALL, Self::and),
            Bound::Or(parts) => parts.iter().map(Self::of_filter).fold(Self::NONE, Self::or),
            Bound::Time { column: "time", op, value } => match op {
                Order::Eq => Self { first: value.micros(), last: value.micros() },
                Order::Lt | Order::Le => Self { first: i64::MIN, last: value.micros() },
                Order::Gt | Order::Ge => Self { first: value.micros(), last: i64::MAX },
            },
            _ => Self::ALL,
        }
    }

    fn and(self, other: Self) -> Self {
        Self { first: self.first.max(other.first), last: self.last.min(other.last) }
    }

    fn or(self, other: Self) -> Self {
        if self.first > self.last {
            return other;
        }
        if other.first > other.last {
            return self;
        }
        Self { first: self.first.min(other.first), last: self.last.max(other.last) }
    }

    /// Whether events between `first` and `last` (inclusive) can match.
    pub(crate) fn overlaps(self, first: Timestamp, last: Timestamp) -> bool {
        self.first <= last.micros() && first.micros() <= self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(op: CompareOp, value: Literal) -> Bound {
        bind(&Predicate::Compare { field: "dst_port".into(), op, value }).unwrap()
    }

    #[test]
    fn numbers_beyond_a_column_are_constants() {
        let present = Bound::Present { column: "dst_port" };
        let number = |op, value| Bound::Unsigned { column: "dst_port", op, value };
        assert_eq!(port(CompareOp::Lt, Literal::Integer(70_000)), present);
        assert_eq!(port(CompareOp::Gt, Literal::Integer(70_000)), Bound::Constant(false));
        assert_eq!(port(CompareOp::Gt, Literal::Integer(-1)), present);
        assert_eq!(port(CompareOp::Le, Literal::Integer(-1)), Bound::Constant(false));
        assert_eq!(port(CompareOp::Eq, Literal::Float(0.5)), Bound::Constant(false));
        assert_eq!(port(CompareOp::Lt, Literal::Float(22.5)), number(Order::Le, 22));
        assert_eq!(port(CompareOp::Ge, Literal::Float(22.5)), number(Order::Gt, 22));
        assert_eq!(port(CompareOp::Ge, Literal::Float(22.0)), number(Order::Ge, 22));
        assert_eq!(port(CompareOp::Lt, Literal::Float(-0.5)), Bound::Constant(false));
        assert_eq!(port(CompareOp::Gt, Literal::Float(1e300)), Bound::Constant(false));
    }

    #[test]
    fn questions_that_make_no_sense_are_refused() {
        let compare = |field: &str, op, value| Predicate::Compare { field: field.into(), op, value };
        let bad = [
            compare("time", CompareOp::Lt, Literal::Integer(1)),
            compare("severity", CompareOp::Eq, Literal::Text("awful".into())),
            compare("id", CompareOp::Lt, Literal::Text("raw.0.1".into())),
            compare("id", CompareOp::Eq, Literal::Text("seven".into())),
            compare("fields", CompareOp::Eq, Literal::Text("x".into())),
            compare("x", CompareOp::Lt, Literal::Bool(true)),
            compare("x", CompareOp::Eq, Literal::Float(f64::NAN)),
            Predicate::Contains { field: "src_port".into(), text: "2".into() },
        ];
        for predicate in bad {
            assert!(matches!(bind(&predicate), Err(StoreError::Predicate { .. })), "{predicate:?}");
        }
    }

    #[test]
    fn predicates_beyond_the_limits_are_refused() {
        let mut deep = Predicate::And(Vec::new());
        for _ in 0..=PREDICATE_DEPTH_MAX {
            deep = Predicate::Not(Box::new(deep));
        }
        assert!(matches!(bind(&deep), Err(StoreError::TooComplex { .. })));
        let wide = Predicate::Or(vec![Predicate::Exists { field: "user".into() }; PREDICATE_TERMS_MAX]);
        assert!(matches!(bind(&wide), Err(StoreError::TooComplex { .. })));
    }

    #[test]
    fn time_bounds_never_exclude_a_match() {
        let at = |op, seconds| Predicate::Compare {
            field: "time".into(),
            op,
            value: Literal::Time(Timestamp::from_seconds(seconds)),
        };
        let bounds = |predicate: &Predicate| {
            let bound = bind(predicate).unwrap();
            TimeBounds::of(TimeRange::default(), Some(&bound))
        };
        let window = Predicate::And(vec![at(CompareOp::Ge, 10), at(CompareOp::Lt, 20)]);
        assert_eq!(bounds(&window), TimeBounds { first: 10_000_000, last: 20_000_000 });
        let either = Predicate::Or(vec![window.clone(), at(CompareOp::Eq, 40)]);
        assert_eq!(bounds(&either), TimeBounds { first: 10_000_000, last: 40_000_000 });
        let open = Predicate::Or(vec![window.clone(), Predicate::equals("user", "root")]);
        assert_eq!(bounds(&open), TimeBounds::ALL);
        assert_eq!(bounds(&Predicate::Not(Box::new(window))), TimeBounds::ALL);
        assert_eq!(bounds(&Predicate::Or(Vec::new())), TimeBounds::NONE);
    }
}
