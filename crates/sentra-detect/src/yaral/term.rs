//! Expressions of a compiled rule, and what they come to.

use std::sync::Arc;

use super::ast::{ArithmeticSign, CompareSign};
use super::functions::Prepared;
use super::listed::Membership;
use super::value::Value;
use crate::text::fold;

/// A value.
#[derive(Debug, Clone)]
pub(crate) enum Ex {
    Literal(Value),
    /// A field of an event variable.
    Slot(SlotId),
    /// The value that `any` or `all` looks at.
    Element,
    Placeholder(usize),
    Outcome(usize),
    /// How many events of a variable.
    EventCount(usize),
    /// How many distinct values of a placeholder.
    PlaceholderCount(usize),
    WindowStart,
    WindowEnd,
    /// The last says whether case is ignored.
    Call(Prepared, Vec<Ex>, bool),
    /// Without case.
    Fold(Box<Ex>),
    If(Box<Bx>, Box<Ex>, Box<Ex>),
    Arithmetic(Box<Ex>, Vec<(ArithmeticSign, Ex)>),
    Negative(Box<Ex>),
    Aggregate(Aggregate, Box<Ex>),
    Truth(Box<Bx>),
}

/// Which field of which event variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SlotId {
    pub(crate) variable: usize,
    pub(crate) slot: usize,
}

/// A condition.
#[derive(Debug, Clone)]
pub(crate) enum Bx {
    Compare {
        sign: CompareSign,
        left: Ex,
        right: Ex,
        nocase: bool,
    },
    /// `any` or `all` values of a field pass; the test says [`Ex::Element`].
    Quantified {
        slot: SlotId,
        all: bool,
        test: Box<Bx>,
    },
    InList(Arc<dyn Membership>, Ex),
    Truth(Ex),
    /// `$placeholder = value`: gives the placeholder its value, or holds when that is its value.
    Bind(usize, Ex),
    And(Vec<Bx>),
    Or(Vec<Bx>),
    Not(Box<Bx>),
}

/// What gathers the values of many rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregate {
    Count,
    CountDistinct,
    Sum,
    Avg,
    Min,
    Max,
    Stddev,
    Array,
    ArrayDistinct,
    Earliest,
    Latest,
    /// Every value, for functions that gather.
    All,
}

/// Their names.
pub(crate) const AGGREGATES: [(&str, Aggregate); 11] = [
    ("count", Aggregate::Count),
    ("count_distinct", Aggregate::CountDistinct),
    ("sum", Aggregate::Sum),
    ("avg", Aggregate::Avg),
    ("min", Aggregate::Min),
    ("max", Aggregate::Max),
    ("stddev", Aggregate::Stddev),
    ("array", Aggregate::Array),
    ("array_distinct", Aggregate::ArrayDistinct),
    ("earliest", Aggregate::Earliest),
    ("latest", Aggregate::Latest),
];

/// What an expression is evaluated on. What a place does not have is null there.
pub(crate) trait Scope {
    fn slot(&self, _slot: SlotId) -> Value {
        Value::Null
    }
    /// All values of a field.
    fn list(&self, _slot: SlotId) -> Vec<Value> {
        Vec::new()
    }
    fn placeholder(&self, _number: usize) -> Value {
        Value::Null
    }
    fn outcome(&self, _number: usize) -> Value {
        Value::Null
    }
    fn event_count(&self, _variable: usize) -> i64 {
        0
    }
    fn placeholder_count(&self, _number: usize) -> i64 {
        0
    }
    fn aggregate(&self, _aggregate: Aggregate, _of: &Ex) -> Value {
        Value::Null
    }
    /// Microseconds; the end is not part of the window.
    fn window(&self) -> (i64, i64) {
        (0, 0)
    }
}

const SECOND: i64 = 1_000_000;

impl Ex {
    pub(crate) fn value(&self, scope: &dyn Scope) -> Value {
        self.with_element(scope, &Value::Null)
    }

    fn with_element(&self, scope: &dyn Scope, element: &Value) -> Value {
        match self {
            Self::Literal(value) => value.clone(),
            Self::Slot(slot) => scope.slot(*slot),
            Self::Element => element.clone(),
            Self::Placeholder(number) => scope.placeholder(*number),
            Self::Outcome(number) => scope.outcome(*number),
            Self::EventCount(variable) => Value::Int(scope.event_count(*variable)),
            Self::PlaceholderCount(number) => Value::Int(scope.placeholder_count(*number)),
            Self::WindowStart => Value::Int(scope.window().0.div_euclid(SECOND)),
            Self::WindowEnd => Value::Int(scope.window().1.div_euclid(SECOND)),
            Self::Call(call, arguments, _) => {
                let mut values: Vec<Value> =
                    arguments.iter().map(|argument| argument.with_element(scope, element)).collect();
                if call.function().needs_time {
                    values.push(Value::Int(scope.window().1.div_euclid(SECOND)));
                }
                call.call(&values)
            }
            Self::Fold(inner) => match inner.with_element(scope, element) {
                Value::Text(text) => Value::from(&*fold(&text)),
                other => other,
            },
            Self::If(test, yes, no) => {
                let chosen = if test.with_element(scope, element) { yes } else { no };
                chosen.with_element(scope, element)
            }
            Self::Arithmetic(first, rest) => {
                rest.iter().fold(first.with_element(scope, element), |left, (sign, right)| {
                    calculate(*sign, &left, &right.with_element(scope, element))
                })
            }
            Self::Negative(inner) => {
                calculate(ArithmeticSign::Minus, &Value::Int(0), &inner.with_element(scope, element))
            }
            Self::Aggregate(aggregate, inner) => scope.aggregate(*aggregate, inner),
            Self::Truth(test) => Value::Bool(test.with_element(scope, element)),
        }
    }

    /// Calls `visit` with this expression and everything in it.
    pub(crate) fn walk(&self, visit: &mut dyn FnMut(&Self)) {
        visit(self);
        match self {
            Self::Call(_, arguments, _) => arguments.iter().for_each(|argument| argument.walk(visit)),
            Self::If(test, yes, no) => {
                test.walk(visit);
                yes.walk(visit);
                no.walk(visit);
            }
            Self::Arithmetic(first, rest) => {
                first.walk(visit);
                rest.iter().for_each(|(_, right)| right.walk(visit));
            }
            Self::Negative(inner) | Self::Aggregate(_, inner) | Self::Fold(inner) => inner.walk(visit),
            Self::Truth(test) => test.walk(visit),
            _ => {}
        }
    }
}

impl Bx {
    pub(crate) fn holds(&self, scope: &dyn Scope) -> bool {
        self.with_element(scope, &Value::Null)
    }

    fn with_element(&self, scope: &dyn Scope, element: &Value) -> bool {
        match self {
            Self::Compare { sign, left, right, nocase } => {
                let (left, right) = (left.with_element(scope, element), right.with_element(scope, element));
                compare(*sign, &left, &right, *nocase)
            }
            Self::Quantified { slot, all, test } => {
                let values = scope.list(*slot);
                let mut passed = values.iter().map(|value| test.with_element(scope, value));
                if *all { passed.all(|passed| passed) } else { passed.any(|passed| passed) }
            }
            Self::InList(list, inner) => list.holds(&inner.with_element(scope, element)),
            Self::Truth(inner) => inner.with_element(scope, element).to_bool().unwrap_or(false),
            Self::Bind(number, inner) => {
                scope.placeholder(*number).equals(&inner.with_element(scope, element), false)
            }
            Self::And(parts) => parts.iter().all(|part| part.with_element(scope, element)),
            Self::Or(parts) => parts.iter().any(|part| part.with_element(scope, element)),
            Self::Not(part) => !part.with_element(scope, element),
        }
    }

    /// Calls `visit` with every value in it.
    pub(crate) fn walk(&self, visit: &mut dyn FnMut(&Ex)) {
        match self {
            Self::Compare { left, right, .. } => {
                left.walk(visit);
                right.walk(visit);
            }
            Self::Quantified { slot, test, .. } => {
                visit(&Ex::Slot(*slot));
                test.walk(visit);
            }
            Self::InList(_, inner) | Self::Truth(inner) | Self::Bind(_, inner) => {
                inner.walk(visit);
            }
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.walk(visit)),
            Self::Not(part) => part.walk(visit),
        }
    }
}

fn compare(sign: CompareSign, left: &Value, right: &Value, nocase: bool) -> bool {
    let order = || left.compare(right, nocase);
    match sign {
        CompareSign::Equal => left.equals(right, nocase),
        CompareSign::NotEqual => !left.equals(right, nocase),
        CompareSign::Less => order().is_some_and(std::cmp::Ordering::is_lt),
        CompareSign::LessOrEqual => order().is_some_and(std::cmp::Ordering::is_le),
        CompareSign::Greater => order().is_some_and(std::cmp::Ordering::is_gt),
        CompareSign::GreaterOrEqual => order().is_some_and(std::cmp::Ordering::is_ge),
    }
}

/// Whole numbers stay whole where that loses nothing; what is no number counts as 0; by 0 nothing comes out.
fn calculate(sign: ArithmeticSign, left: &Value, right: &Value) -> Value {
    let number = |value: &Value| value.to_number().unwrap_or(Value::Int(0));
    let (left, right) = (number(left), number(right));
    if let (Value::Int(left), Value::Int(right)) = (&left, &right) {
        let whole = match sign {
            ArithmeticSign::Plus => left.checked_add(*right),
            ArithmeticSign::Minus => left.checked_sub(*right),
            ArithmeticSign::Times => left.checked_mul(*right),
            ArithmeticSign::Over if right != &0 && left.checked_rem(*right) == Some(0) => {
                left.checked_div(*right)
            }
            ArithmeticSign::Over => None,
        };
        if let Some(whole) = whole {
            return Value::Int(whole);
        }
    }
    let (left, right) = (left.to_float().unwrap_or_default(), right.to_float().unwrap_or_default());
    Value::from(match sign {
        ArithmeticSign::Plus => left + right,
        ArithmeticSign::Minus => left - right,
        ArithmeticSign::Times => left * right,
        ArithmeticSign::Over => left / right,
    })
}

/// Most values of an array outcome.
pub(crate) const ARRAY_VALUES_MAX: usize = 25;

impl Aggregate {
    /// Gathers `values`. What is missing is not counted.
    pub(crate) fn of(self, values: impl Iterator<Item = Value>) -> Value {
        if self == Self::All {
            return Value::list(values);
        }
        let values: Vec<Value> = values.filter(|value| !value.is_null()).collect();
        let numbers = || values.iter().filter_map(Value::to_number);
        let floats = || values.iter().filter_map(Value::to_float);
        let count = || floats().count() as f64;
        match self {
            Self::Count => Value::Int(values.len() as i64),
            Self::CountDistinct => Value::Int(distinct(values).len() as i64),
            Self::Sum => {
                numbers().fold(Value::Int(0), |sum, value| calculate(ArithmeticSign::Plus, &sum, &value))
            }
            Self::Avg => Value::from(floats().sum::<f64>() / count().max(1.0)),
            Self::Min | Self::Earliest => numbers().min().unwrap_or(Value::Int(0)),
            Self::Max | Self::Latest => numbers().max().unwrap_or(Value::Int(0)),
            Self::Stddev => {
                let mean = floats().sum::<f64>() / count().max(1.0);
                let squares: f64 = floats().map(|value| (value - mean).powi(2)).sum();
                Value::from((squares / count().max(1.0)).sqrt())
            }
            Self::Array | Self::All => Value::list(values.into_iter().take(ARRAY_VALUES_MAX)),
            Self::ArrayDistinct => Value::list(distinct(values).into_iter().take(ARRAY_VALUES_MAX)),
        }
    }

    /// Whether it can only grow as more events arrive.
    pub(crate) fn grows(self) -> bool {
        matches!(self, Self::Count | Self::CountDistinct | Self::Max | Self::Latest)
    }
}

/// The distinct ones, in the order in which each came first.
fn distinct(values: Vec<Value>) -> Vec<Value> {
    let mut seen = hashbrown::HashSet::with_capacity(values.len());
    values.into_iter().filter(|value| seen.insert(value.clone())).collect()
}
