//! Conditions. What SQL calls null is unknown, and so is what is compared with it: a row that is not known to fit is
//! left out. KQL says that null equals nothing, so its `!=` and `!in` are true of it; NOT is therefore carried
//! down to the comparisons, and those ask for a value beside.

use sentra_kql::{
    Comparison, Expr, ExprKind, Kind, KqlError, Literal, Membership, Reason, Set, Span, moment_of,
};
use sqlparser::ast::{self as sql, BinaryOperator, Query, UnaryOperator};

use super::{at, call, is_null, refused, span_of, text_of};
use crate::lower::Lowering;

/// The operands of a chain of one operator, however long it is.
pub(super) fn chain<'e>(expr: &'e sql::Expr, wanted: &BinaryOperator) -> Vec<&'e sql::Expr> {
    let mut parts = Vec::new();
    let mut left = vec![expr];
    while let Some(expr) = left.pop() {
        match expr {
            sql::Expr::BinaryOp { left: one, op, right } if op == wanted => {
                left.extend([right, one].map(Box::as_ref))
            }
            expr => parts.push(expr),
        }
    }
    parts
}

/// The parts of a condition that must all be true.
pub(crate) fn conjuncts(expr: &sql::Expr) -> Vec<&sql::Expr> {
    let mut inner = expr;
    while let sql::Expr::Nested(nested) = inner {
        inner = nested;
    }
    chain(inner, &BinaryOperator::And)
}

/// Whether it is true or false by its form.
pub(super) fn is_condition(expr: &sql::Expr) -> bool {
    use BinaryOperator as B;
    use sql::Expr as E;
    match expr {
        E::BinaryOp { op, .. } => matches!(
            op,
            B::And
                | B::Or
                | B::Eq
                | B::NotEq
                | B::Lt
                | B::LtEq
                | B::Gt
                | B::GtEq
                | B::PGRegexMatch
                | B::PGRegexIMatch
                | B::PGRegexNotMatch
                | B::PGRegexNotIMatch
                | B::Regexp
                | B::PGLikeMatch
                | B::PGILikeMatch
                | B::PGNotLikeMatch
                | B::PGNotILikeMatch
        ),
        E::UnaryOp { op, .. } => *op == UnaryOperator::Not,
        expr => matches!(
            expr,
            E::IsNull(_)
                | E::IsNotNull(_)
                | E::IsTrue(_)
                | E::IsNotTrue(_)
                | E::IsFalse(_)
                | E::IsNotFalse(_)
                | E::IsUnknown(_)
                | E::IsNotUnknown(_)
                | E::IsDistinctFrom(..)
                | E::IsNotDistinctFrom(..)
                | E::InList { .. }
                | E::InSubquery { .. }
                | E::Between { .. }
                | E::Like { .. }
                | E::ILike { .. }
                | E::RLike { .. }
        ),
    }
}

/// What an expression is called that is refused, and what to write instead.
pub(super) fn refusal(expr: &sql::Expr) -> (&'static str, &'static str) {
    use sql::Expr as E;
    match expr {
        E::Exists { .. } => ("EXISTS", "IN (SELECT …), or LEFT SEMI JOIN … ON …"),
        E::Subquery(_) => ("a subquery as a value", "a JOIN, or IN (SELECT …)"),
        E::SimilarTo { .. } => ("SIMILAR TO", "regexp_like(x, '…')"),
        E::AnyOp { .. } => ("ANY", "IN (…)"),
        E::AllOp { .. } => ("ALL", "NOT IN (…)"),
        E::InUnnest { .. } => ("IN UNNEST", "IN (…)"),
        E::Collate { .. } => ("COLLATE", "lower(x), or ILIKE"),
        E::GroupingSets(_) => ("GROUPING SETS", "UNION ALL of several GROUP BY"),
        E::Cube(_) => ("CUBE", "UNION ALL of several GROUP BY"),
        E::Rollup(_) => ("ROLLUP", "UNION ALL of several GROUP BY"),
        E::Tuple(_) => ("a row value", "a = 1 AND b = 2"),
        E::Struct { .. } | E::Dictionary(_) | E::Map(_) => ("a structure", "columns"),
        E::Array(_) => ("an array", "IN (…)"),
        E::Lambda(_) => ("a lambda", "a plain function"),
        E::Overlay { .. } => ("OVERLAY", "replace(…), left(…) || right(…)"),
        E::Convert { .. } => ("CONVERT", "CAST(x AS type)"),
        E::MatchAgainst { .. } => ("MATCH … AGAINST", "ILIKE '%…%'"),
        E::JsonAccess { .. } => ("this access", "x['key']"),
        E::Wildcard(_) | E::QualifiedWildcard(..) => ("* here", "count(*), or SELECT *"),
        _ => ("this expression", "names, values, operators and calls"),
    }
}

/// Where an expression begins, if the parser knows.
pub(super) fn start(expr: &sql::Expr) -> Option<sqlparser::tokenizer::Span> {
    use sql::Expr as E;
    let mut expr = expr;
    loop {
        expr = match expr {
            E::Identifier(ident) => return Some(ident.span),
            E::CompoundIdentifier(parts) => return parts.first().map(|part| part.span),
            E::Value(value) => return Some(value.span),
            E::Function(function) => {
                return function.name.0.first().and_then(|part| part.as_ident()).map(|name| name.span);
            }
            E::Exists { subquery, .. } | E::Subquery(subquery) => {
                return match subquery.body.as_ref() {
                    sql::SetExpr::Select(select) => Some(select.select_token.0.span),
                    _ => None,
                };
            }
            E::BinaryOp { left, .. } | E::AnyOp { left, .. } | E::AllOp { left, .. } => left,
            E::SimilarTo { expr, .. }
            | E::Collate { expr, .. }
            | E::InUnnest { expr, .. }
            | E::Convert { expr, .. }
            | E::Overlay { expr, .. }
            | E::Nested(expr) => expr,
            E::Cube(sets) | E::Rollup(sets) | E::GroupingSets(sets) => {
                sets.first().and_then(|set| set.first())?
            }
            E::Tuple(parts) => parts.first()?,
            _ => return None,
        };
    }
}

fn comparison_of(op: &BinaryOperator) -> Option<Comparison> {
    Some(match op {
        BinaryOperator::Eq => Comparison::Equal,
        BinaryOperator::NotEq => Comparison::NotEqual,
        BinaryOperator::Lt => Comparison::Less,
        BinaryOperator::LtEq => Comparison::LessOrEqual,
        BinaryOperator::Gt => Comparison::Greater,
        BinaryOperator::GtEq => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn contrary(op: Comparison) -> Comparison {
    match op {
        Comparison::Equal => Comparison::NotEqual,
        Comparison::NotEqual => Comparison::Equal,
        Comparison::Less => Comparison::GreaterOrEqual,
        Comparison::LessOrEqual => Comparison::Greater,
        Comparison::Greater => Comparison::LessOrEqual,
        Comparison::GreaterOrEqual => Comparison::Less,
        op => op,
    }
}

fn joined(parts: Vec<Expr>, is_and: bool) -> Expr {
    let first = parts.first().map(span_of).unwrap_or_default();
    let span = parts.last().map_or(first, |last| first.to(span_of(last)));
    // Conditions within conditions of the same sort are one list: KQL looks rows up only at its top.
    let parts = parts.into_iter().flat_map(|part| match part.kind {
        ExprKind::And(inner) if is_and => inner,
        ExprKind::Or(inner) if !is_and => inner,
        kind => vec![Expr { kind, at: part.at }],
    });
    let all = if is_and { Expr::all(parts.collect()) } else { Expr::any(parts.collect()) };
    Expr { at: sentra_kql::At(span), ..all }
}

fn negated_if(negated: bool, test: Expr) -> Expr {
    let span = span_of(&test);
    if negated { at(ExprKind::Not(Box::new(test)), span) } else { test }
}

impl Lowering<'_> {
    /// A condition, or its contrary.
    pub(crate) fn condition(&mut self, expr: &sql::Expr, negated: bool) -> Result<Expr, KqlError> {
        self.deeper(|inside| inside.any_condition(expr, negated))
    }

    fn any_condition(&mut self, expr: &sql::Expr, negated: bool) -> Result<Expr, KqlError> {
        use sql::Expr as E;
        match expr {
            E::Nested(inner) => self.condition(inner, negated),
            E::UnaryOp { op: UnaryOperator::Not, expr } => self.condition(expr, !negated),
            E::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => {
                let mut parts = Vec::new();
                for part in chain(expr, op) {
                    parts.push(self.condition(part, negated)?);
                }
                Ok(joined(parts, (*op == BinaryOperator::And) != negated))
            }
            E::BinaryOp { left, op, right } if is_condition(expr) => self.compared(left, op, right, negated),
            E::IsNull(inner) | E::IsUnknown(inner) => self.presence(inner, negated),
            E::IsNotNull(inner) | E::IsNotUnknown(inner) => self.presence(inner, !negated),
            E::IsTrue(inner) => self.truth(inner, true, negated),
            E::IsNotTrue(inner) => self.truth(inner, true, !negated),
            E::IsFalse(inner) => self.truth(inner, false, negated),
            E::IsNotFalse(inner) => self.truth(inner, false, !negated),
            E::IsDistinctFrom(one, two) => self.distinct_from(one, two, negated),
            E::IsNotDistinctFrom(one, two) => self.distinct_from(one, two, !negated),
            E::InList { expr, list, negated: not } => self.in_list(expr, list, *not != negated),
            E::InSubquery { expr, subquery, negated: not } => self.in_rows(expr, subquery, *not != negated),
            E::Between { expr, negated: not, low, high } => self.between(expr, low, high, *not != negated),
            E::Like { .. } | E::ILike { .. } | E::RLike { .. } => self.like(expr, negated),
            E::Value(value) if matches!(value.value, sql::Value::Boolean(_)) => {
                let value = self.value(value)?;
                let span = span_of(&value);
                Ok(match value.kind {
                    ExprKind::Literal(Literal::Bool(truth)) => {
                        at(ExprKind::Literal(Literal::Bool(truth != negated)), span)
                    }
                    _ => value,
                })
            }
            expr => {
                let value = self.expr(expr)?;
                Ok(negated_if(negated, value))
            }
        }
    }

    fn compared(
        &mut self,
        left: &sql::Expr,
        op: &BinaryOperator,
        right: &sql::Expr,
        negated: bool,
    ) -> Result<Expr, KqlError> {
        use BinaryOperator as B;
        self.count(1)?;
        let Some(op) = comparison_of(op) else {
            let value = self.expr(left)?;
            let pattern = self.expr(right)?;
            let (is_regex, caseless, not) = match op {
                B::PGRegexMatch | B::Regexp => (true, false, false),
                B::PGRegexIMatch => (true, true, false),
                B::PGRegexNotMatch => (true, false, true),
                B::PGRegexNotIMatch => (true, true, true),
                B::PGLikeMatch => (false, false, false),
                B::PGILikeMatch => (false, true, false),
                B::PGNotLikeMatch => (false, false, true),
                _ => (false, true, true),
            };
            return match is_regex {
                true => self.matches(value, &pattern, caseless, not != negated),
                false => self.fits(value, &pattern, None, caseless, not != negated),
            };
        };
        let (left, right) = (self.expr(left)?, self.expr(right)?);
        let op = if negated { contrary(op) } else { op };
        if op == Comparison::NotEqual {
            return self.not_equal(left, right);
        }
        let (left, right) = self.alike(left, right)?;
        let span = span_of(&left).to(span_of(&right));
        Ok(at(ExprKind::Compare { op, left: Box::new(left), right: Box::new(right) }, span))
    }

    /// `a = b`
    pub(super) fn equal(&mut self, left: Expr, right: Expr) -> Result<Expr, KqlError> {
        let (left, right) = self.alike(left, right)?;
        let span = span_of(&left).to(span_of(&right));
        Ok(at(
            ExprKind::Compare { op: Comparison::Equal, left: Box::new(left), right: Box::new(right) },
            span,
        ))
    }

    /// `a <> b`, of which nothing is known when one is null.
    fn not_equal(&mut self, left: Expr, right: Expr) -> Result<Expr, KqlError> {
        let (left, right) = self.alike(left, right)?;
        let span = span_of(&left).to(span_of(&right));
        let mut known = Vec::new();
        for side in [&left, &right] {
            known.extend(self.known(side)?);
        }
        let (left, right) = (Box::new(left), Box::new(right));
        let mut parts = vec![at(ExprKind::Compare { op: Comparison::NotEqual, left, right }, span)];
        parts.extend(known);
        Ok(joined(parts, true))
    }

    /// That a value is not null, if it may be: texts never are.
    fn known(&mut self, value: &Expr) -> Result<Option<Expr>, KqlError> {
        if matches!(value.kind, ExprKind::Literal(_)) || self.kind(value) == Some(Kind::String) {
            return Ok(None);
        }
        let span = span_of(value);
        Ok(Some(call("isnotnull", vec![self.copy(value)?], span)))
    }

    /// Both sides, with what is written as text read as what it is compared with.
    fn alike(&mut self, left: Expr, right: Expr) -> Result<(Expr, Expr), KqlError> {
        for side in [&left, &right] {
            if is_null(side) {
                let message = "nothing is equal to NULL, or greater or less";
                return Err(KqlError::new(Reason::Value, side.at, message).hint("IS NULL, IS NOT NULL"));
            }
        }
        let left_kind = if text_of(&right).is_some() { self.kind(&left) } else { None };
        let right_kind = if text_of(&left).is_some() { self.kind(&right) } else { None };
        let (mut left, mut right) = (left, right);
        if let Some(kind) = left_kind {
            right = self.read_as(right, kind)?;
        }
        if let Some(kind) = right_kind {
            left = self.read_as(left, kind)?;
        }
        Ok((left, right))
    }

    /// What is written as text, read as a value of a kind.
    pub(super) fn read_as(&mut self, written: Expr, kind: Kind) -> Result<Expr, KqlError> {
        let Some(text) = text_of(&written) else { return Ok(written) };
        let span = span_of(&written);
        let number = text.trim();
        let literal = match kind {
            Kind::DateTime => moment_of(text).map(Literal::DateTime),
            Kind::Long => {
                let whole = number.parse::<i64>().ok().map(Literal::Long);
                whole
                    .or_else(|| number.parse::<f64>().ok().filter(|real| real.is_finite()).map(Literal::Real))
            }
            Kind::Real => number.parse::<f64>().ok().filter(|real| real.is_finite()).map(Literal::Real),
            Kind::Bool => match number.to_lowercase().as_str() {
                "true" | "t" => Some(Literal::Bool(true)),
                "false" | "f" => Some(Literal::Bool(false)),
                _ => None,
            },
            Kind::TimeSpan => super::time::interval_of(text, None)
                .filter(|(months, _)| *months == 0)
                .map(|(_, micros)| Literal::TimeSpan(micros)),
            Kind::String | Kind::Dynamic => return Ok(written),
        };
        match literal {
            Some(literal) => Ok(at(ExprKind::Literal(literal), span)),
            None => {
                let shown: String = text.chars().take(40).collect();
                let hint = match kind {
                    Kind::DateTime => "'2026-01-31 23:59:59'",
                    Kind::TimeSpan => "'1 day 2 hours'",
                    Kind::Bool => "'true'",
                    _ => "1",
                };
                Err(KqlError::new(Reason::Value, span, format!("{shown:?} is no {kind}")).hint(hint))
            }
        }
    }

    /// `x IS NULL`: an empty text is what SQL takes for null.
    fn presence(&mut self, inner: &sql::Expr, is_present: bool) -> Result<Expr, KqlError> {
        let value = self.expr(inner)?;
        let span = span_of(&value);
        let function = if is_present { "isnotempty" } else { "isempty" };
        Ok(call(function, vec![value], span))
    }

    /// `x IS TRUE`: null is neither.
    fn truth(&mut self, inner: &sql::Expr, wanted: bool, negated: bool) -> Result<Expr, KqlError> {
        let condition = self.condition(inner, !wanted)?;
        let span = span_of(&condition);
        let truth = |truth: bool| at(ExprKind::Literal(Literal::Bool(truth)), span);
        Ok(call("iff", vec![condition, truth(!negated), truth(negated)], span))
    }

    /// `a IS [NOT] DISTINCT FROM b`: equal, or both null.
    fn distinct_from(&mut self, one: &sql::Expr, two: &sql::Expr, is_same: bool) -> Result<Expr, KqlError> {
        // The parser reads all that stands behind as the other side.
        if is_condition(two) {
            self.expr(one)?;
            let what = "IS DISTINCT FROM with a condition behind it";
            return Err(refused(self.here, what, "(a IS DISTINCT FROM b) AND …"));
        }
        let (one, two) = (self.expr(one)?, self.expr(two)?);
        for (side, other) in [(&one, &two), (&two, &one)] {
            if is_null(side) {
                let function = if is_same { "isempty" } else { "isnotempty" };
                return Ok(call(function, vec![other.clone()], span_of(other)));
            }
        }
        let span = span_of(&one).to(span_of(&two));
        let is_literal = [&one, &two].iter().any(|side| matches!(side.kind, ExprKind::Literal(_)));
        let mut nothing = Vec::new();
        for side in [&one, &two].into_iter().filter(|_| !is_literal) {
            nothing.push(call("isempty", vec![self.copy(side)?], span));
        }
        let equal = self.equal(one, two)?;
        if is_literal {
            return Ok(negated_if(!is_same, equal));
        }
        // Of two nulls KQL does not say that they are equal; that one is null makes the rest false.
        let equal = call("iff", vec![equal, bool_at(true, span), bool_at(false, span)], span);
        let same = joined(vec![equal, joined(nothing, true)], false);
        Ok(negated_if(!is_same, same))
    }

    fn in_list(&mut self, expr: &sql::Expr, list: &[sql::Expr], negated: bool) -> Result<Expr, KqlError> {
        let value = self.expr(expr)?;
        let kind = self.kind(&value);
        let mut members = Vec::with_capacity(list.len());
        for member in list {
            let member = self.expr(member)?;
            if is_null(&member) {
                let message = "nothing is equal to NULL";
                return Err(KqlError::new(Reason::Value, member.at, message).hint("OR x IS NULL"));
            }
            members.push(match kind {
                Some(kind) => self.read_as(member, kind)?,
                None => member,
            });
        }
        let span = members.last().map_or(span_of(&value), |last| span_of(&value).to(span_of(last)));
        match (members.len(), members.pop()) {
            (_, None) => Ok(bool_at(negated, span)),
            (1, Some(only)) if negated => self.not_equal(value, only),
            (1, Some(only)) => self.equal(value, only),
            (_, Some(last)) => {
                members.push(last);
                let known = if negated { self.known(&value)? } else { None };
                let op = if negated { Membership::NotIn } else { Membership::In };
                let test = ExprKind::In { op, value: Box::new(value), set: Set::List(members) };
                Ok(joined(std::iter::once(at(test, span)).chain(known).collect(), true))
            }
        }
    }

    /// `x IN (SELECT …)`, which KQL looks up by a join: among the conditions of WHERE that must all be true.
    fn in_rows(&mut self, expr: &sql::Expr, query: &Query, negated: bool) -> Result<Expr, KqlError> {
        let value = self.expr(expr)?;
        let span = span_of(&value);
        let place = self.scopes.last().map_or("", |scope| scope.place);
        if place != "WHERE" && place != "HAVING" {
            return Err(refused(span, &format!("IN (SELECT …) in {place}"), "WHERE x IN (SELECT …)"));
        }
        let rows = self.query(query)?;
        let columns = self.columns_of(&rows)?;
        if columns.len() != 1 {
            let message = format!("the subquery of IN gives {} columns", columns.len());
            return Err(KqlError::new(Reason::Type, span, message).hint("IN (SELECT x FROM …)"));
        }
        let op = if negated { Membership::NotIn } else { Membership::In };
        let known = if negated { self.known(&value)? } else { None };
        let test = at(ExprKind::In { op, value: Box::new(value), set: Set::Table(Box::new(rows)) }, span);
        Ok(joined(std::iter::once(test).chain(known).collect(), true))
    }

    fn between(
        &mut self,
        expr: &sql::Expr,
        low: &sql::Expr,
        high: &sql::Expr,
        negated: bool,
    ) -> Result<Expr, KqlError> {
        let (value, low, high) = (self.expr(expr)?, self.expr(low)?, self.expr(high)?);
        let kind = self.kind(&value);
        let mut ends = Vec::with_capacity(2);
        for end in [low, high] {
            if is_null(&end) {
                let message = "nothing is equal to NULL, or greater or less";
                return Err(KqlError::new(Reason::Value, end.at, message).hint("IS NULL, IS NOT NULL"));
            }
            ends.push(match kind {
                Some(kind) => self.read_as(end, kind)?,
                None => end,
            });
        }
        let (Some(high), Some(low)) = (ends.pop(), ends.pop()) else {
            return Err(KqlError::new(Reason::Syntax, self.here, "BETWEEN takes two values"));
        };
        let span = span_of(&value).to(span_of(&high));
        let (value, low, high) = (Box::new(value), Box::new(low), Box::new(high));
        Ok(at(ExprKind::Between { negated, value, low, high }, span))
    }
}

fn bool_at(truth: bool, span: Span) -> Expr {
    at(ExprKind::Literal(Literal::Bool(truth)), span)
}
