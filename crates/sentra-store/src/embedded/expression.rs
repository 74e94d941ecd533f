//! From a bound predicate to a DataFusion expression.
//!
//! SQL is three-valued, questions are two-valued. Negations are therefore pushed down to the comparisons,
//! where "not" becomes "is not true"; without a negation above it, null does the same as false.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, Operator, binary_expr, col, lit};
use sentra_model::Timestamp;

use super::form::Form;
use super::stop::Stop;
use super::value_test::value_test;
use crate::TimeRange;
use crate::bound::Bound;
use crate::matcher::{Operand, Order, ValueTest};
use crate::schema::store_schema;

/// The condition of a question to whole events; `None` when it has none.
pub(super) fn condition(range: TimeRange, filter: Option<&Bound>, stop: &Stop) -> Option<Expr> {
    condition_in(&Form::memory(stop), range, filter)
}

/// As [`condition`], where source fields are reached as `form` says.
pub(super) fn condition_in(form: &Form, range: TimeRange, filter: Option<&Bound>) -> Option<Expr> {
    let from = range.from.map(|from| col("time").gt_eq(moment(from)));
    let to = range.to.map(|to| col("time").lt(moment(to)));
    let filter = filter.map(|filter| expression(form, filter, false));
    from.into_iter().chain(to).chain(filter).reduce(Expr::and)
}

fn expression(form: &Form, bound: &Bound, negated: bool) -> Expr {
    match bound {
        Bound::Not(part) => expression(form, part, !negated),
        Bound::And(parts) => {
            balanced(form, parts, negated, if negated { Operator::Or } else { Operator::And })
        }
        Bound::Or(parts) => {
            balanced(form, parts, negated, if negated { Operator::And } else { Operator::Or })
        }
        Bound::Constant(value) => lit(*value != negated),
        comparison if negated => leaf(form, comparison).is_not_true(),
        comparison => leaf(form, comparison),
    }
}

/// A tree of `parts` that is as flat as possible: what walks over it later is recursive.
fn balanced(form: &Form, parts: &[Bound], negated: bool, operator: Operator) -> Expr {
    match parts {
        [] => lit(operator == Operator::And),
        [part] => expression(form, part, negated),
        parts => {
            let (left, right) = parts.split_at(parts.len() / 2);
            let left = balanced(form, left, negated, operator);
            binary_expr(left, operator, balanced(form, right, negated, operator))
        }
    }
}

fn leaf(form: &Form, bound: &Bound) -> Expr {
    match bound {
        Bound::Id { partition, offset } => {
            col("partition").eq(lit(*partition)).and(col("offset").eq(lit(*offset)))
        }
        Bound::Time { column, op, value } => binary_expr(col(*column), operator(*op), moment(*value)),
        Bound::Unsigned { column, op, value } => {
            binary_expr(col(*column), operator(*op), unsigned(column, *value))
        }
        Bound::Text { column, test } if form.has_dictionaries() => {
            value_test(col(*column), None, test, form.stop())
        }
        Bound::Text { column, test } => text(form, col(*column), test),
        Bound::Present { column } => col(*column).is_not_null(),
        Bound::Raw { test } => value_test(form.raw(), None, test, form.stop()),
        Bound::Source { name, test } => form.test(name, test),
        Bound::Constant(_) | Bound::And(_) | Bound::Or(_) | Bound::Not(_) => expression(form, bound, false),
    }
}

/// Comparisons that statistics and bloom filters can answer become plain ones, the others functions.
fn text(form: &Form, column: Expr, test: &ValueTest) -> Expr {
    match test {
        ValueTest::Order { op, value: Operand::Text(value) } => {
            binary_expr(column, operator(*op), lit(value.as_str()))
        }
        ValueTest::OneOf(values) => {
            column.in_list(values.iter().map(|value| lit(value.as_str())).collect(), false)
        }
        test => value_test(column, None, test, form.stop()),
    }
}

fn operator(op: Order) -> Operator {
    match op {
        Order::Eq => Operator::Eq,
        Order::Lt => Operator::Lt,
        Order::Le => Operator::LtEq,
        Order::Gt => Operator::Gt,
        Order::Ge => Operator::GtEq,
    }
}

fn moment(moment: Timestamp) -> Expr {
    let zone = Some("UTC".into());
    Expr::Literal(ScalarValue::TimestampMicrosecond(Some(moment.micros()), zone), None)
}

/// `value` in the type of `column`, which it fits, so that no cast stands between them.
fn unsigned(column: &str, value: u64) -> Expr {
    let value = ScalarValue::UInt64(Some(value));
    let schema = store_schema();
    let typed = schema.field_with_name(column).ok().and_then(|field| value.cast_to(field.data_type()).ok());
    Expr::Literal(typed.unwrap_or(value), None)
}
