use super::Checker;
use crate::ast::{Arithmetic, Expr, ExprKind, Literal};
use crate::builtin::Builtin;
use crate::error::{KqlError, Reason};
use crate::limits::NESTING_MAX;
use crate::plan::{self, Value};
use crate::run;
use crate::span::Span;
use crate::value::Kind;

/// So many bytes of a computed constant count as much as a name.
const BYTES_PER_TERM: usize = 16;

impl Checker<'_> {
    pub(super) fn expr(&mut self, expr: &Expr) -> Result<plan::Expr, KqlError> {
        let span = Span::from(expr.at);
        self.depth += 1;
        if self.depth > NESTING_MAX + 1 {
            return Err(self.too_deep(span));
        }
        self.count(0, 1, span)?;
        let checked = self.any_expr(expr, span)?;
        self.depth -= 1;
        Ok(checked)
    }

    fn any_expr(&mut self, expr: &Expr, span: Span) -> Result<plan::Expr, KqlError> {
        match &expr.kind {
            ExprKind::Literal(literal) => Ok(of_literal(literal)),
            ExprKind::Name(name) => self.resolved(name, span),
            ExprKind::Star => {
                let message = "'*' stands for every column only before a comparison of texts";
                Err(KqlError::new(Reason::Syntax, span, message).hint("* has \"…\""))
            }
            ExprKind::Member(..) => self.member(expr),
            ExprKind::Index(base, index) => self.index(base, index, span),
            ExprKind::Negate(inner) => {
                let inner = self.expr(inner)?;
                match inner.kind {
                    Kind::Long | Kind::Real | Kind::TimeSpan => {
                        self.call(inner.kind, Builtin::Negate, vec![inner], span)
                    }
                    kind => Err(KqlError::new(Reason::Type, span, format!("a {kind} has no sign"))),
                }
            }
            ExprKind::Not(inner) => {
                let inner = self.condition(inner)?;
                self.call(Kind::Bool, Builtin::Not, vec![inner], span)
            }
            ExprKind::And(parts) => self.connected(Builtin::And, parts, span),
            ExprKind::Or(parts) => self.connected(Builtin::Or, parts, span),
            ExprKind::Arithmetic { op, left, right } => {
                let (left, right) = (self.expr(left)?, self.expr(right)?);
                self.arithmetic(*op, left, right, span)
            }
            ExprKind::Compare { op, left, right } => self.compare(*op, left, right, span),
            ExprKind::In { op, value, set } => self.membership(*op, value, set, span),
            ExprKind::Between { negated, value, low, high } => self.between(*negated, value, low, high, span),
            ExprKind::Call { function, arguments } => self.function(function, arguments, span),
        }
    }

    /// An expression that is true or false.
    pub(super) fn condition(&mut self, expr: &Expr) -> Result<plan::Expr, KqlError> {
        let checked = self.expr(expr)?;
        match checked.kind {
            Kind::Bool => Ok(checked),
            Kind::Dynamic => self.converted(checked, Kind::Bool, expr.at.into()),
            kind => {
                let message = format!("a condition is expected, this is a {kind}");
                let hint =
                    if kind == Kind::String { "… == \"…\", or * has \"…\"" } else { "… == …" };
                Err(KqlError::new(Reason::Type, expr.at, message).hint(hint))
            }
        }
    }

    fn connected(&mut self, builtin: Builtin, parts: &[Expr], span: Span) -> Result<plan::Expr, KqlError> {
        let parts = parts.iter().map(|part| self.condition(part)).collect::<Result<Vec<_>, _>>()?;
        self.call(Kind::Bool, builtin, parts, span)
    }

    /// A call; of constants its value.
    pub(super) fn call(
        &mut self,
        kind: Kind,
        builtin: Builtin,
        arguments: Vec<plan::Expr>,
        span: Span,
    ) -> Result<plan::Expr, KqlError> {
        let keeps = self.options.keep_calls && self.constants == 0;
        let values: Option<Vec<Value>> = arguments.iter().map(|argument| argument.value().cloned()).collect();
        match values.filter(|_| !keeps) {
            Some(values) => {
                let value = run::call(builtin, kind, &values, &self.regexes);
                let value = value.map_err(|error| KqlError::new(Reason::Limit, span, error.to_string()))?;
                self.count(0, run::bytes(&value) / BYTES_PER_TERM, span)?;
                Ok(plan::Expr::literal(kind, value))
            }
            None => Ok(plan::Expr::call(kind, builtin, arguments)),
        }
    }

    /// As a value of `kind`, by the function that converts to it.
    pub(super) fn converted(
        &mut self,
        expr: plan::Expr,
        kind: Kind,
        span: Span,
    ) -> Result<plan::Expr, KqlError> {
        let builtin = match kind {
            _ if expr.kind == kind => return Ok(expr),
            Kind::Bool => Builtin::ToBool,
            Kind::Long => Builtin::ToLong,
            Kind::Real => Builtin::ToReal,
            Kind::String => Builtin::ToString,
            Kind::DateTime => Builtin::ToDateTime,
            Kind::TimeSpan => Builtin::ToTimeSpan,
            Kind::Dynamic => Builtin::ParseJson,
        };
        // A text in a list is a text there, whatever it looks like.
        if kind == Kind::Dynamic
            && let Some(value) = expr.value()
        {
            return Ok(plan::Expr::literal(kind, value.clone().converted(kind)));
        }
        self.call(kind, builtin, vec![expr], span)
    }

    /// As a value of `kind`, if that needs no function to be written: nothing is of every kind, a whole
    /// number is a number, and what is in JSON is what is wanted.
    pub(super) fn fitted(
        &mut self,
        expr: plan::Expr,
        kind: Kind,
        span: Span,
    ) -> Result<Option<plan::Expr>, KqlError> {
        if expr.kind == kind {
            return Ok(Some(expr));
        }
        if expr.value().is_some_and(Value::is_null) {
            return Ok(Some(plan::Expr::literal(kind, Value::null_of(kind))));
        }
        let fits = (expr.kind == Kind::Long && kind == Kind::Real) || expr.kind == Kind::Dynamic;
        if fits { self.converted(expr, kind, span).map(Some) } else { Ok(None) }
    }

    fn arithmetic(
        &mut self,
        op: Arithmetic,
        left: plan::Expr,
        right: plan::Expr,
        span: Span,
    ) -> Result<plan::Expr, KqlError> {
        use Arithmetic::{Add, Divide, Modulo, Multiply, Subtract};
        use Kind::{DateTime, Long, Real, TimeSpan};
        let builtin = match op {
            Add => Builtin::Add,
            Subtract => Builtin::Subtract,
            Multiply => Builtin::Multiply,
            Divide => Builtin::Divide,
            Modulo => Builtin::Modulo,
        };
        let kind = match (left.kind, op, right.kind) {
            (Long, _, Long) => Long,
            (Long | Real, _, Long | Real) => {
                let left = self.converted(left, Real, span)?;
                let right = self.converted(right, Real, span)?;
                return self.call(Real, builtin, vec![left, right], span);
            }
            (DateTime, Add | Subtract, TimeSpan) | (TimeSpan, Add, DateTime) => DateTime,
            (DateTime, Subtract, DateTime) | (TimeSpan, Add | Subtract | Modulo, TimeSpan) => TimeSpan,
            (TimeSpan, Multiply | Divide, Long | Real) | (Long | Real, Multiply, TimeSpan) => TimeSpan,
            (TimeSpan, Divide, TimeSpan) => Real,
            (left, op, right) => {
                let message = format!("{left} {} {right} makes no sense", op.as_str());
                let is_text = |kind| matches!(kind, Kind::String | Kind::Dynamic);
                let hint = match op {
                    Add if left == Kind::String && right == Kind::String => Some("strcat(…, …)"),
                    _ if is_text(left) || is_text(right) => Some("tolong(…), toreal(…), todatetime(…)"),
                    _ => None,
                };
                return Err(KqlError::new(Reason::Type, span, message).maybe_hint(hint));
            }
        };
        self.call(kind, builtin, vec![left, right], span)
    }
}

fn of_literal(literal: &Literal) -> plan::Expr {
    let (kind, value) = match literal {
        Literal::Null(kind) => (*kind, Value::null_of(*kind)),
        Literal::Bool(truth) => (Kind::Bool, Value::Bool(*truth)),
        Literal::Long(number) => (Kind::Long, Value::Long(*number)),
        Literal::Real(number) => (Kind::Real, Value::Real(*number)),
        Literal::String(text) => (Kind::String, Value::String(text.clone())),
        Literal::DateTime(moment) => (Kind::DateTime, Value::DateTime(*moment)),
        Literal::TimeSpan(micros) => (Kind::TimeSpan, Value::TimeSpan(*micros)),
        Literal::Dynamic(json) => (Kind::Dynamic, Value::of_json(json.clone())),
    };
    plan::Expr::literal(kind, value)
}
