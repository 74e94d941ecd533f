//! Expressions.

mod aggregate;
mod call;
mod cast;
mod condition;
mod like;
mod time;

use sentra_kql::{Arithmetic, Expr, ExprKind, Kind, KqlError, Literal, Reason, Span};
use sqlparser::ast::{
    self as sql, AccessExpr, BinaryOperator, CeilFloorKind, Ident, Subscript, TypedString, UnaryOperator,
    Value, ValueWithSpan,
};

use crate::lower::{Lowering, at};

pub(crate) use call::bare_name;
pub(crate) use cast::TYPES;
pub(crate) use condition::conjuncts;
pub(crate) use time::{EXTRACTS, TRUNCATES};

/// What is refused by its name, with what to write instead.
pub(crate) fn refused(span: Span, what: &str, instead: &str) -> KqlError {
    KqlError::new(Reason::Unsupported, span, format!("{what} is not supported")).hint(instead)
}

/// Functions of KQL in hints, as SQL has them.
const HINTS: [(&str, &str); 6] = [
    ("tolong(", "to_bigint("),
    ("toreal(", "to_double("),
    ("tostring(", "to_text("),
    ("todatetime(", "to_timestamp("),
    ("parse_json(", "to_json("),
    ("totimespan(", "to_interval("),
];

/// What KQL's checker says, in words of SQL.
pub(crate) fn in_sql(mut error: KqlError) -> KqlError {
    if let Some(hint) = &mut error.hint {
        for (kql, sql) in HINTS {
            *hint = hint.replace(kql, sql);
        }
        for (kql, sql) in [(" == ", " = "), ("\"…\"", "'…'"), ("ago(1d)", "now() - INTERVAL '1 day'")] {
            *hint = hint.replace(kql, sql);
        }
    }
    error
}

/// Something that is null, of whatever kind is wanted.
pub(super) fn null(span: Span) -> Expr {
    at(ExprKind::Literal(Literal::Null(Kind::Long)), span)
}

pub(super) fn is_null(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Literal(Literal::Null(_)))
}

/// The text that is written.
pub(super) fn text_of(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Literal(Literal::String(text)) => Some(text),
        _ => None,
    }
}

/// The whole number that is written.
pub(super) fn long_of(expr: &Expr) -> Option<i64> {
    match &expr.kind {
        ExprKind::Literal(Literal::Long(number)) => Some(*number),
        _ => None,
    }
}

/// A call with the place of what is called.
pub(super) fn call(function: &str, arguments: Vec<Expr>, span: Span) -> Expr {
    Expr { at: sentra_kql::At(span), ..Expr::call(function, arguments) }
}

pub(super) fn arithmetic(op: Arithmetic, left: Expr, right: Expr) -> Expr {
    let span = left.at.0.to(right.at.0);
    at(ExprKind::Arithmetic { op, left: Box::new(left), right: Box::new(right) }, span)
}

pub(super) fn span_of(expr: &Expr) -> Span {
    expr.at.0
}

impl Lowering<'_> {
    /// An expression.
    pub(crate) fn expr(&mut self, expr: &sql::Expr) -> Result<Expr, KqlError> {
        self.deeper(|inside| inside.any(expr))
    }

    fn any(&mut self, expr: &sql::Expr) -> Result<Expr, KqlError> {
        use sql::Expr as E;
        match expr {
            E::Identifier(ident) => self.column(std::slice::from_ref(ident)),
            E::CompoundIdentifier(parts) => self.column(parts),
            E::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain),
            E::Nested(inner) => self.expr(inner),
            E::Value(value) => self.value(value),
            E::TypedString(typed) => self.typed(typed),
            E::Interval(interval) => self.interval(interval),
            E::UnaryOp { op, expr: inner } if *op != UnaryOperator::Not => self.unary(*op, inner),
            E::BinaryOp { left, op, right } => self.binary(expr, left, op, right),
            E::Cast { expr: inner, data_type, array, format, kind: _ } => {
                if *array || format.is_some() {
                    return Err(refused(self.here, "CAST with ARRAY or FORMAT", "CAST(x AS type)"));
                }
                self.cast(inner, data_type)
            }
            E::Case { operand, conditions, else_result, case_token, end_token: _ } => {
                self.here = self.text.span(case_token.0.span).unwrap_or(self.here);
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            E::Function(function) => self.function(function),
            E::Extract { field, syntax: _, expr } => self.extract(&field.to_string(), expr),
            E::Ceil { expr, field } => self.rounded("ceil", expr, field),
            E::Floor { expr, field } => self.rounded("floor", expr, field),
            E::Position { expr, r#in } => self.position(r#in, expr),
            E::Substring { expr, substring_from, substring_for, special: _, shorthand: _ } => {
                self.substring(expr, substring_from.as_deref(), substring_for.as_deref())
            }
            E::Trim { trim_where, trim_what, expr, trim_characters } => {
                self.trim(*trim_where, trim_what.as_deref(), expr, trim_characters.as_deref())
            }
            E::AtTimeZone { timestamp, time_zone } => self.zone(timestamp, time_zone),
            expr if condition::is_condition(expr) => self.condition(expr, false),
            expr => {
                let (what, instead) = condition::refusal(expr);
                let span = condition::start(expr).and_then(|span| self.text.span(span));
                Err(refused(span.unwrap_or(self.here), what, instead))
            }
        }
    }

    /// A value that is written.
    pub(crate) fn value(&mut self, value: &ValueWithSpan) -> Result<Expr, KqlError> {
        self.count(1)?;
        let span = self.text.span(value.span).unwrap_or(self.here);
        self.here = span;
        let literal = match &value.value {
            Value::Number(number, _) => return number_of(number, span),
            Value::SingleQuotedString(text)
            | Value::NationalStringLiteral(text)
            | Value::EscapedStringLiteral(text)
            | Value::UnicodeStringLiteral(text)
            | Value::TripleSingleQuotedString(text)
            | Value::SingleQuotedRawStringLiteral(text) => Literal::String(text.clone()),
            Value::DollarQuotedString(text) => Literal::String(text.value.clone()),
            Value::Boolean(truth) => Literal::Bool(*truth),
            Value::Null => return Ok(null(span)),
            Value::Placeholder(_) => {
                return Err(refused(span, "a placeholder", "the value, written out"));
            }
            _ => return Err(refused(span, "this kind of text", "'…'")),
        };
        Ok(at(ExprKind::Literal(literal), span))
    }

    /// `TIMESTAMP '2026-01-31 23:59:59'`
    fn typed(&mut self, typed: &TypedString) -> Result<Expr, KqlError> {
        let text = self.value(&typed.value)?;
        self.cast_to(text, &typed.data_type)
    }

    fn unary(&mut self, op: UnaryOperator, inner: &sql::Expr) -> Result<Expr, KqlError> {
        match op {
            UnaryOperator::Minus => {
                // The least number has no positive one.
                if let sql::Expr::Value(ValueWithSpan { value: Value::Number(number, _), span }) = inner {
                    let span = self.text.span(*span).unwrap_or(self.here);
                    return number_of(&format!("-{number}"), span);
                }
                let inner = self.expr(inner)?;
                let span = span_of(&inner);
                Ok(at(ExprKind::Negate(Box::new(inner)), span))
            }
            UnaryOperator::Plus => self.expr(inner),
            UnaryOperator::BitwiseNot => {
                let inner = self.expr(inner)?;
                let span = span_of(&inner);
                Ok(call("binary_not", vec![inner], span))
            }
            op => Err(refused(self.here, &format!("the operator {op}"), "-, +, NOT")),
        }
    }

    fn binary(
        &mut self,
        whole: &sql::Expr,
        left: &sql::Expr,
        op: &BinaryOperator,
        right: &sql::Expr,
    ) -> Result<Expr, KqlError> {
        let arithmetic_op = match op {
            BinaryOperator::Plus => Arithmetic::Add,
            BinaryOperator::Minus => Arithmetic::Subtract,
            BinaryOperator::Multiply => Arithmetic::Multiply,
            BinaryOperator::Divide => Arithmetic::Divide,
            BinaryOperator::Modulo => Arithmetic::Modulo,
            BinaryOperator::StringConcat => return self.concatenated(whole),
            BinaryOperator::Arrow | BinaryOperator::LongArrow => {
                let (base, key) = (self.expr(left)?, self.expr(right)?);
                let span = span_of(&base).to(span_of(&key));
                let part = at(ExprKind::Index(Box::new(base), Box::new(key)), span);
                let is_text = *op == BinaryOperator::LongArrow;
                return Ok(if is_text { call("tostring", vec![part], span) } else { part });
            }
            BinaryOperator::BitwiseAnd | BinaryOperator::BitwiseOr | BinaryOperator::PGBitwiseXor => {
                let function = match op {
                    BinaryOperator::BitwiseAnd => "binary_and",
                    BinaryOperator::BitwiseOr => "binary_or",
                    _ => "binary_xor",
                };
                let (left, right) = (self.expr(left)?, self.expr(right)?);
                let span = span_of(&left).to(span_of(&right));
                return Ok(call(function, vec![left, right], span));
            }
            _ if condition::is_condition(whole) => return self.condition(whole, false),
            op => {
                self.expr(left)?;
                return Err(refused(
                    self.here,
                    &format!("the operator {op}"),
                    "=, <>, <, <=, >, >=, +, -, *, /, %, ||",
                ));
            }
        };
        if let Some(moved) = self.moved(left, arithmetic_op, right)? {
            return Ok(moved);
        }
        self.count(1)?;
        let (left, right) = (self.expr(left)?, self.expr(right)?);
        Ok(arithmetic(arithmetic_op, left, right))
    }

    /// `a || b || c`
    fn concatenated(&mut self, whole: &sql::Expr) -> Result<Expr, KqlError> {
        let mut parts = Vec::new();
        for part in condition::chain(whole, &BinaryOperator::StringConcat) {
            parts.push(self.expr(part)?);
        }
        let first = parts.first().map(span_of).unwrap_or_default();
        let span = parts.last().map_or(first, |last| first.to(span_of(last)));
        Ok(call("strcat", parts, span))
    }

    /// `fields['Name']`, `column['key']`, `list[0]`
    fn access(&mut self, root: &sql::Expr, chain: &[AccessExpr]) -> Result<Expr, KqlError> {
        let mut path: Vec<Ident> = match root {
            sql::Expr::Identifier(ident) => vec![ident.clone()],
            sql::Expr::CompoundIdentifier(parts) => parts.clone(),
            _ => Vec::new(),
        };
        let is_bare = !path.is_empty();
        let mut rest = chain;
        // What is written with dots before the first bracket is a name.
        while let Some((AccessExpr::Dot(sql::Expr::Identifier(part)), more)) = rest.split_first()
            && is_bare
        {
            path.push(part.clone());
            rest = more;
        }
        let mut value = None;
        if is_bare
            && let Some((AccessExpr::Subscript(Subscript::Index { index: sql::Expr::Value(index) }), more)) =
                rest.split_first()
            && let Value::SingleQuotedString(key) = &index.value
            && let Some(field) = self.field_of(&path, key)
        {
            value = Some(field?);
            rest = more;
        }
        let mut value = match value {
            Some(value) => value,
            None if is_bare => self.column(&path)?,
            None => self.expr(root)?,
        };
        for access in rest {
            let span = span_of(&value);
            let key = match access {
                AccessExpr::Dot(sql::Expr::Identifier(part)) => {
                    value = at(ExprKind::Member(Box::new(value), part.value.clone()), span);
                    continue;
                }
                AccessExpr::Subscript(Subscript::Index { index }) => self.expr(index)?,
                AccessExpr::Dot(_) => return Err(refused(span, "this access", "x['key']")),
                AccessExpr::Subscript(Subscript::Slice { .. }) => {
                    return Err(refused(span, "a slice", "x[0]"));
                }
            };
            let span = span.to(span_of(&key));
            value = at(ExprKind::Index(Box::new(value), Box::new(key)), span);
        }
        Ok(value)
    }

    fn rounded(&mut self, name: &str, expr: &sql::Expr, field: &CeilFloorKind) -> Result<Expr, KqlError> {
        let is_plain = matches!(field, CeilFloorKind::DateTimeField(sql::DateTimeField::NoDateTime));
        if !is_plain {
            return Err(refused(
                self.here,
                &format!("{name} to a unit"),
                "date_trunc('hour', …), round(x, 2)",
            ));
        }
        let value = self.expr(expr)?;
        let span = span_of(&value);
        Ok(match name {
            "ceil" => call("ceiling", vec![value], span),
            _ => call("bin", vec![value, Expr::long(1)], span),
        })
    }

    /// `CASE WHEN a THEN b ELSE c END`, `CASE x WHEN a THEN b END`
    fn case(
        &mut self,
        operand: Option<&sql::Expr>,
        conditions: &[sql::CaseWhen],
        otherwise: Option<&sql::Expr>,
    ) -> Result<Expr, KqlError> {
        let span = self.here;
        let operand = operand.map(|operand| self.expr(operand)).transpose()?;
        let mut arguments = Vec::with_capacity(conditions.len() * 2 + 1);
        for sql::CaseWhen { condition, result } in conditions {
            arguments.push(match &operand {
                Some(operand) => {
                    let value = self.expr(condition)?;
                    let operand = self.copy(operand)?;
                    self.equal(operand, value)?
                }
                None => self.condition(condition, false)?,
            });
            arguments.push(self.expr(result)?);
        }
        arguments.push(match otherwise {
            Some(otherwise) => self.expr(otherwise)?,
            None => null(span),
        });
        Ok(call("case", arguments, span))
    }
}

/// A number that is written.
fn number_of(number: &str, span: Span) -> Result<Expr, KqlError> {
    if let Ok(whole) = number.parse::<i64>() {
        return Ok(at(ExprKind::Literal(Literal::Long(whole)), span));
    }
    let is_whole = number.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit());
    match number.parse::<f64>().ok().filter(|real| real.is_finite() && !is_whole) {
        Some(real) => Ok(at(ExprKind::Literal(Literal::Real(real)), span)),
        None => {
            let shown: String = number.chars().take(40).collect();
            let message = format!("{shown} is no number of 64 bits");
            Err(KqlError::new(Reason::Value, span, message).hint("9223372036854775807, or 1e19"))
        }
    }
}
