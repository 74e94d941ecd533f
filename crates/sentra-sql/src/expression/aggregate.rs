//! Aggregates. SQL leaves nulls out, and has null of nothing; KQL has 0, or not a number, of nothing, and takes empty
//! texts for texts.

use sentra_kql::{Comparison, Expr, ExprKind, Kind, KqlError, Literal, Reason};
use sqlparser::ast as sql;

use super::call::Call;
use super::{at, call, null, refused, span_of};
use crate::functions::{self, Aggregate};
use crate::lower::Lowering;

/// What an aggregate is computed of.
struct Of {
    value: Option<Expr>,
    kind: Option<Kind>,
    filter: Option<Expr>,
}

impl Lowering<'_> {
    pub(super) fn aggregate(&mut self, function: Aggregate, called: &Call<'_>) -> Result<Expr, KqlError> {
        let span = called.span;
        let place = self.scopes.last().map(|scope| (scope.allows_aggregates, scope.place));
        let Some((true, _)) = place else {
            let place = place.map_or("", |(_, place)| place);
            let message = format!("the aggregate {} does not stand in {place}", called.name);
            return Err(KqlError::new(Reason::Type, span, message).hint("HAVING, or a subquery"));
        };
        self.count(4)?;
        if let Some(scope) = self.scopes.last_mut() {
            (scope.allows_aggregates, scope.place) = (false, "the arguments of an aggregate");
        }
        let value = self.inside(function, called);
        if let (Some(scope), Some((allowed, before))) = (self.scopes.last_mut(), place) {
            (scope.allows_aggregates, scope.place) = (allowed, before);
        }
        self.computed(function, called, value?)
    }

    /// The arguments of an aggregate, which see rows.
    fn inside(&mut self, function: Aggregate, called: &Call<'_>) -> Result<Of, KqlError> {
        let wanted = match function {
            Aggregate::Quantile | Aggregate::Joined => 2,
            Aggregate::Count if called.star || called.arguments.is_empty() => 0,
            _ => 1,
        };
        let is_fitting = called.arguments.len() == wanted
            && (!called.star || function == Aggregate::Count)
            && (function == Aggregate::PercentileOf) == (called.within_group.len() == 1);
        if !is_fitting {
            let written = functions::aggregate(&called.name).map_or("", |aggregate| aggregate.written);
            let message = format!("{} is called with other arguments than it takes", called.name);
            return Err(KqlError::new(Reason::Syntax, called.span, message).hint(written));
        }
        let takes_distinct = matches!(
            function,
            Aggregate::Count | Aggregate::CountDistinct | Aggregate::List | Aggregate::Min | Aggregate::Max
        );
        if called.distinct && !takes_distinct {
            let what = format!("{}(DISTINCT …)", called.name);
            return Err(refused(called.span, &what, "a subquery with SELECT DISTINCT"));
        }
        let takes_filter = !matches!(
            function,
            Aggregate::Stdev
                | Aggregate::Variance
                | Aggregate::Median
                | Aggregate::Quantile
                | Aggregate::PercentileOf
                | Aggregate::Any
        );
        if called.filter.is_some() && !takes_filter {
            let what = format!("FILTER of {}", called.name);
            return Err(refused(called.span, &what, "a subquery with WHERE"));
        }
        let written = match function {
            Aggregate::PercentileOf => called.within_group.first().map(|key| &key.expr),
            _ => called.arguments.first().copied(),
        };
        let is_test = matches!(function, Aggregate::CountIf | Aggregate::BoolOr | Aggregate::BoolAnd);
        let value = match written {
            Some(written) if is_test => Some(self.condition(written, function == Aggregate::BoolAnd)?),
            Some(written) => Some(self.expr(written)?),
            None => None,
        };
        let kind = value.as_ref().and_then(|value| self.kind(value));
        let filter = called.filter.map(|filter| self.condition(filter, false)).transpose()?;
        Ok(Of { value, kind, filter })
    }

    fn computed(&mut self, function: Aggregate, called: &Call<'_>, of: Of) -> Result<Expr, KqlError> {
        let span = called.span;
        let Of { value, kind, filter } = of;
        let is_text = kind == Some(Kind::String);
        let Some(value) = value else {
            let (kql, arguments) = match filter {
                Some(filter) => ("countif", vec![filter]),
                None => ("count", Vec::new()),
            };
            return Ok(self.found(call(kql, arguments, span), "count"));
        };
        let present = |value: Expr, is_text: bool| {
            call(if is_text { "isnotempty" } else { "isnotnull" }, vec![value], span)
        };
        let all = |parts: Vec<Option<Expr>>| {
            let parts: Vec<Expr> = parts.into_iter().flatten().collect();
            (!parts.is_empty()).then(|| Expr::all(parts))
        };
        Ok(match function {
            Aggregate::Count if !called.distinct => {
                let condition = all(vec![Some(present(value, is_text)), filter]);
                self.found(call("countif", condition.into_iter().collect(), span), "count")
            }
            Aggregate::Count | Aggregate::CountDistinct => {
                let text = if is_text { Some(present(self.copy(&value)?, true)) } else { None };
                let distinct = conditional("dcount", value, all(vec![text, filter]), span);
                self.found(distinct, "count")
            }
            Aggregate::CountIf | Aggregate::BoolOr | Aggregate::BoolAnd => {
                let condition = all(vec![Some(value), filter]);
                let count = self.found(call("countif", condition.into_iter().collect(), span), &called.name);
                let op = match function {
                    Aggregate::BoolOr => Comparison::Greater,
                    Aggregate::BoolAnd => Comparison::Equal,
                    _ => return Ok(count),
                };
                compared(count, op, Expr::long(0))
            }
            Aggregate::Sum => {
                let copy = self.copy(&value)?;
                let condition = all(vec![Some(present(copy, false)), filter.clone()]);
                let sum = self.found(conditional("sum", value, filter, span), "sum");
                let count = self.found(call("countif", condition.into_iter().collect(), span), "added");
                call("iff", vec![compared(count, Comparison::Greater, Expr::long(0)), sum, null(span)], span)
            }
            Aggregate::Avg => {
                let mean = self.found(conditional("avg", value, filter, span), "avg");
                if matches!(kind, Some(Kind::TimeSpan | Kind::DateTime)) {
                    return Ok(mean);
                }
                let copy = self.copy(&mean)?;
                call("iff", vec![call("isnan", vec![copy], span), null(span), mean], span)
            }
            Aggregate::Min | Aggregate::Max => {
                let kql = if function == Aggregate::Min { "min" } else { "max" };
                let text = match is_text && function == Aggregate::Min {
                    true => Some(present(self.copy(&value)?, true)),
                    false => None,
                };
                self.found(conditional(kql, value, all(vec![text, filter]), span), kql)
            }
            Aggregate::Stdev => self.found(call("stdev", vec![value], span), "stddev"),
            Aggregate::Variance => self.found(call("variance", vec![value], span), "variance"),
            Aggregate::Median => self.found(call("percentile", vec![value, Expr::long(50)], span), "median"),
            Aggregate::Quantile => {
                let percent = self.percent(called.arguments.get(1).copied(), span)?;
                self.found(call("percentile", vec![value, percent], span), "quantile")
            }
            Aggregate::PercentileOf => {
                let is_descending = called.within_group.iter().any(|key| key.options.asc == Some(false));
                if is_descending {
                    return Err(refused(
                        span,
                        "DESC in WITHIN GROUP",
                        "percentile_cont(0.05) for the lower end",
                    ));
                }
                let percent = self.percent(called.arguments.first().copied(), span)?;
                self.found(call("percentile", vec![value, percent], span), "percentile")
            }
            Aggregate::List => {
                let text = if is_text { Some(present(self.copy(&value)?, true)) } else { None };
                let condition = all(vec![text, filter]);
                let plain = if called.distinct { "make_set" } else { "make_list" };
                let list = match condition {
                    Some(condition) => call(&format!("{plain}_if"), vec![value, condition], span),
                    None => call(plain, vec![value], span),
                };
                self.found(list, "list")
            }
            Aggregate::Joined => {
                let delimiter = match called.arguments.get(1) {
                    Some(delimiter) => self.expr(delimiter)?,
                    None => Expr::text(","),
                };
                let copy = self.copy(&value)?;
                let condition = all(vec![Some(present(copy, true)), filter]);
                let arguments = std::iter::once(value).chain(condition).collect();
                let list = self.found(call("make_list_if", arguments, span), "list");
                call("strcat_array", vec![list, delimiter], span)
            }
            Aggregate::Any => self.found(call("take_any", vec![value], span), "any_value"),
        })
    }

    /// A fraction as a percentage.
    fn percent(&mut self, written: Option<&sql::Expr>, span: sentra_kql::Span) -> Result<Expr, KqlError> {
        let fraction = written.map(|written| self.expr(written)).transpose()?;
        let number = match fraction.as_ref().map(|fraction| &fraction.kind) {
            Some(ExprKind::Literal(Literal::Real(number))) => Some(*number),
            Some(ExprKind::Literal(Literal::Long(number))) => Some(*number as f64),
            _ => None,
        };
        let place = fraction.as_ref().map_or(span, span_of);
        let Some(number) = number.filter(|number| (0.0..=1.0).contains(number)) else {
            let message = "a fraction from 0 to 1 is expected";
            return Err(KqlError::new(Reason::Value, place, message).hint("0.95"));
        };
        // 0.29 times 100 is not 29.
        let percent = (number * 1e11).round() / 1e9;
        let literal =
            if percent.fract() == 0.0 { Literal::Long(percent as i64) } else { Literal::Real(percent) };
        Ok(at(ExprKind::Literal(literal), place))
    }
}

/// An aggregate, with `if` behind its name when it has a condition.
fn conditional(kql: &str, value: Expr, condition: Option<Expr>, span: sentra_kql::Span) -> Expr {
    match condition {
        Some(condition) => call(&format!("{kql}if"), vec![value, condition], span),
        None => call(kql, vec![value], span),
    }
}

fn compared(left: Expr, op: Comparison, right: Expr) -> Expr {
    let span = span_of(&left);
    at(ExprKind::Compare { op, left: Box::new(left), right: Box::new(right) }, span)
}
