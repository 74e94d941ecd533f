//! Comparisons: what may be compared with what, and as what.

use serde_json::Value as Json;

use super::Checker;
use crate::ast::{Comparison, Expr, ExprKind, Membership, Pipeline, Set, TextTest};
use crate::builtin::Builtin;
use crate::error::{KqlError, Reason};
use crate::limits::REGEXES_MAX;
use crate::plan::{self, ExprNode, Value};
use crate::run;
use crate::span::Span;
use crate::value::Kind;

/// Whole numbers up to this are exact as numbers with a fraction.
const EXACT_BELOW: u64 = 1 << 53;

impl Checker<'_> {
    pub(super) fn compare(
        &mut self,
        op: Comparison,
        left: &Expr,
        right: &Expr,
        span: Span,
    ) -> Result<plan::Expr, KqlError> {
        if matches!(left.kind, ExprKind::Star) {
            return self.compare_any(op, right, span);
        }
        let (one, two) = (self.expr(left)?, self.expr(right)?);
        match op {
            Comparison::Text { test, negated, cased } => {
                let arguments = vec![self.text(one, left)?, self.text(two, right)?];
                let tested = self.call(Kind::Bool, text_builtin(test, cased), arguments, span)?;
                self.negated_if(negated, tested, span)
            }
            Comparison::EqualCaseless | Comparison::NotEqualCaseless => {
                let arguments = vec![self.text(one, left)?, self.text(two, right)?];
                let tested = self.call(Kind::Bool, Builtin::EqualCaseless, arguments, span)?;
                self.negated_if(op == Comparison::NotEqualCaseless, tested, span)
            }
            Comparison::MatchesRegex => {
                self.regex(&two, right, 0)?;
                let arguments = vec![self.text(one, left)?, two];
                self.call(Kind::Bool, Builtin::MatchesRegex, arguments, span)
            }
            _ => self.plain_compare(op, one, two, span),
        }
    }

    pub(super) fn negated_if(
        &mut self,
        negated: bool,
        test: plan::Expr,
        span: Span,
    ) -> Result<plan::Expr, KqlError> {
        if negated { self.call(Kind::Bool, Builtin::Not, vec![test], span) } else { Ok(test) }
    }

    /// `==`, `<` and so on.
    pub(super) fn plain_compare(
        &mut self,
        op: Comparison,
        one: plan::Expr,
        two: plan::Expr,
        span: Span,
    ) -> Result<plan::Expr, KqlError> {
        let (one, two) = self.alike(one, two, span)?;
        let is_equality = matches!(op, Comparison::Equal | Comparison::NotEqual);
        if one.kind == Kind::Dynamic && !is_equality {
            let message = "which of two JSON values is greater is not said";
            return Err(KqlError::new(Reason::Type, span, message).hint("tolong(…), tostring(…)"));
        }
        let (builtin, arguments) = match op {
            Comparison::Less => (Builtin::Less, vec![one, two]),
            Comparison::LessOrEqual => (Builtin::LessOrEqual, vec![one, two]),
            Comparison::Greater => (Builtin::Less, vec![two, one]),
            Comparison::GreaterOrEqual => (Builtin::LessOrEqual, vec![two, one]),
            _ => (Builtin::Equal, vec![one, two]),
        };
        let tested = self.call(Kind::Bool, builtin, arguments, span)?;
        self.negated_if(op == Comparison::NotEqual, tested, span)
    }

    /// Both as values of one kind.
    fn alike(
        &mut self,
        one: plan::Expr,
        two: plan::Expr,
        span: Span,
    ) -> Result<(plan::Expr, plan::Expr), KqlError> {
        if one.kind == two.kind {
            return Ok((one, two));
        }
        if one.kind.is_number() && two.kind.is_number() {
            return Ok((self.converted(one, Kind::Real, span)?, self.converted(two, Kind::Real, span)?));
        }
        if let Some(two) = self.fitted(two.clone(), one.kind, span)? {
            return Ok((one, two));
        }
        if let Some(one) = self.fitted(one.clone(), two.kind, span)? {
            return Ok((one, two));
        }
        // What is not known to be anything but text is compared as what it is compared with.
        if one.kind == Kind::String && one.value().is_none() {
            return self.read_as(one, two, span);
        }
        if two.kind == Kind::String && two.value().is_none() {
            return self.read_as(two, one, span).map(|(two, one)| (one, two));
        }
        let (kind, text) = if one.kind == Kind::String { (two.kind, &one) } else { (one.kind, &two) };
        let message = format!("a {} is not compared with a {}", one.kind, two.kind);
        let hint = text.value().filter(|_| text.kind == Kind::String).map(|value| match kind {
            Kind::DateTime => "datetime(2026-01-31T23:59:59Z), or ago(1d)".to_owned(),
            Kind::TimeSpan => "1h, or timespan(01:00:00)".to_owned(),
            Kind::Long if value.clone().converted(kind) != Value::Null => value.text(),
            kind => format!("a {kind} without quotes"),
        });
        Err(KqlError::new(Reason::Type, span, message).maybe_hint(hint))
    }

    /// A text and what it is compared with, both of the kind of the latter.
    fn read_as(
        &mut self,
        text: plan::Expr,
        other: plan::Expr,
        span: Span,
    ) -> Result<(plan::Expr, plan::Expr), KqlError> {
        let is_exact =
            |value: &Value| matches!(value, Value::Long(number) if number.unsigned_abs() < EXACT_BELOW);
        // A text with a fraction is compared with a whole number, too.
        let kind = if other.value().is_some_and(is_exact) { Kind::Real } else { other.kind };
        Ok((self.converted(text, kind, span)?, self.converted(other, kind, span)?))
    }

    /// A text.
    pub(super) fn text(&mut self, expr: plan::Expr, written: &Expr) -> Result<plan::Expr, KqlError> {
        let kind = expr.kind;
        self.fitted(expr, Kind::String, written.at.into())?.ok_or_else(|| {
            let message = format!("a text is expected, this is a {kind}");
            KqlError::new(Reason::Type, written.at, message).hint("tostring(…)")
        })
    }

    /// A regular expression must be a constant and within its limits. With `groups` it must have some.
    pub(super) fn regex(
        &mut self,
        regex: &plan::Expr,
        written: &Expr,
        groups: usize,
    ) -> Result<(), KqlError> {
        let Some(Value::String(pattern)) = regex.value() else {
            let message = "a regular expression must be a constant text";
            return Err(KqlError::new(Reason::Type, written.at, message).hint("@\"…\""));
        };
        self.regex_count += 1;
        if self.regex_count > REGEXES_MAX {
            let message = format!("the question has more than {REGEXES_MAX} regular expressions");
            return Err(KqlError::new(Reason::Limit, written.at, message));
        }
        match run::compiled(pattern) {
            Ok(compiled) if compiled.captures_len() > groups => Ok(()),
            Ok(_) => {
                let message = "the regular expression has no group";
                Err(KqlError::new(Reason::Value, written.at, message).hint(format!("({pattern})")))
            }
            Err(error) => {
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
                let message = format!("this is no regular expression: {reason}");
                Err(KqlError::new(Reason::Value, written.at, message))
            }
        }
    }

    /// `* has "…"`
    fn compare_any(&mut self, op: Comparison, right: &Expr, span: Span) -> Result<plan::Expr, KqlError> {
        let (test, negated) = match op {
            Comparison::Text { test, negated, cased } => (text_builtin(test, cased), negated),
            Comparison::Equal | Comparison::NotEqual => (Builtin::Equal, op == Comparison::NotEqual),
            Comparison::EqualCaseless | Comparison::NotEqualCaseless => {
                (Builtin::EqualCaseless, op == Comparison::NotEqualCaseless)
            }
            Comparison::MatchesRegex => (Builtin::MatchesRegex, false),
            _ => {
                let message = format!("'* {}' is not supported", op.text());
                return Err(KqlError::new(Reason::Unsupported, span, message).hint("* has \"…\""));
            }
        };
        let text = self.expr(right)?;
        if test == Builtin::MatchesRegex {
            self.regex(&text, right, 0)?;
        }
        let text = Box::new(self.text(text, right)?);
        let places = |holds_fields: bool| -> Vec<usize> {
            let columns = self.scope.iter().enumerate();
            columns
                .filter(|(_, column)| column.holds_fields == holds_fields)
                .map(|(place, _)| place)
                .collect()
        };
        let (columns, fields) = (places(false), places(true));
        self.count(0, columns.len(), span)?;
        let node = ExprNode::AnyColumn { test, columns, fields, text };
        self.negated_if(negated, plan::Expr { kind: Kind::Bool, node }, span)
    }

    /// `between`: a span of time after `..` counts from the lower end.
    pub(super) fn between(
        &mut self,
        negated: bool,
        value: &Expr,
        low: &Expr,
        high: &Expr,
        span: Span,
    ) -> Result<plan::Expr, KqlError> {
        let (value, low, mut high) = (self.expr(value)?, self.expr(low)?, self.expr(high)?);
        if low.kind == Kind::DateTime && high.kind == Kind::TimeSpan {
            high = self.call(Kind::DateTime, Builtin::Add, vec![low.clone(), high], span)?;
        }
        let from = self.plain_compare(Comparison::GreaterOrEqual, value.clone(), low, span)?;
        let to = self.plain_compare(Comparison::LessOrEqual, value, high, span)?;
        let both = self.call(Kind::Bool, Builtin::And, vec![from, to], span)?;
        self.negated_if(negated, both, span)
    }

    /// The pipeline whose first column is looked in, if the right side of `in` is one.
    pub(super) fn table_of_set(&self, set: &Set) -> Option<Pipeline> {
        match set {
            Set::Table(pipeline) => Some(pipeline.as_ref().clone()),
            Set::List(values) => match values.as_slice() {
                [Expr { kind: ExprKind::Name(name), .. }] => {
                    let is_column = super::names::place_of(&self.scope, name).is_some();
                    let is_table = self.rows_named(name) || self.options.catalog.table(name).is_some();
                    let is_value = self.value_named(name).is_some();
                    (!is_column && !is_value && is_table).then(|| Pipeline::table(name))
                }
                _ => None,
            },
        }
    }

    pub(super) fn membership(
        &mut self,
        op: Membership,
        value: &Expr,
        set: &Set,
        span: Span,
    ) -> Result<plan::Expr, KqlError> {
        let list = match set {
            Set::List(list) if self.table_of_set(set).is_none() => list,
            _ => {
                let message = format!("{} with a table stands by itself in a where", op.as_str());
                return Err(
                    KqlError::new(Reason::Unsupported, span, message).hint("a where of its own, or join")
                );
            }
        };
        let negated = matches!(op, Membership::NotIn | Membership::NotInCaseless);
        let builtin = match op {
            Membership::In | Membership::NotIn => Builtin::In,
            Membership::InCaseless | Membership::NotInCaseless => Builtin::InCaseless,
            Membership::HasAny => Builtin::HasAny,
            Membership::HasAll => Builtin::HasAll,
        };
        if matches!(value.kind, ExprKind::Star) {
            let message = format!("'* {}' is not supported", op.as_str());
            return Err(KqlError::new(Reason::Unsupported, span, message).hint("* has \"a\" or * has \"b\""));
        }
        let mut looked_for = self.expr(value)?;
        let mut found = Vec::new();
        for written in list {
            let checked = self.expr(written)?;
            match checked.value() {
                Some(Value::Dynamic(Json::Array(values))) => {
                    self.count(0, values.len(), span)?;
                    found.extend(values.iter().map(of_json));
                }
                _ => found.push(checked),
            }
        }
        if builtin == Builtin::In
            && let [only] = found.as_slice()
            && only.kind == Kind::Dynamic
            && only.value().is_none()
        {
            let tested =
                self.call(Kind::Bool, Builtin::SetHasElement, vec![only.clone(), looked_for], span)?;
            return self.negated_if(negated, tested, span);
        }
        if builtin != Builtin::In {
            looked_for = self.text(looked_for, value)?;
        }
        let kind = self.kind_of_members(&looked_for, &found, builtin);
        looked_for = self.converted(looked_for, kind, span)?;
        let mut arguments = vec![looked_for];
        for member in found {
            arguments.push(self.member_as(member, kind, span)?);
        }
        let tested = self.call(Kind::Bool, builtin, arguments, span)?;
        self.negated_if(negated, tested, span)
    }

    /// As what the value and the members are compared.
    fn kind_of_members(&self, value: &plan::Expr, members: &[plan::Expr], builtin: Builtin) -> Kind {
        let is_all =
            |kind: fn(Kind) -> bool| !members.is_empty() && members.iter().all(|member| kind(member.kind));
        match value.kind {
            _ if builtin != Builtin::In => Kind::String,
            Kind::Dynamic => members.first().map_or(Kind::Dynamic, |member| member.kind),
            // A text among numbers is compared as a number.
            Kind::String if value.value().is_none() && is_all(Kind::is_number) => Kind::Real,
            Kind::Long if members.iter().any(|member| member.kind == Kind::Real) => Kind::Real,
            kind => kind,
        }
    }

    fn member_as(&mut self, member: plan::Expr, kind: Kind, span: Span) -> Result<plan::Expr, KqlError> {
        let found = member.kind;
        if kind == Kind::String && member.kind.is_number() && member.value().is_some() {
            return self.converted(member, kind, span);
        }
        self.fitted(member, kind, span)?.ok_or_else(|| {
            let message = format!("a {found} is not looked for among values of the kind {kind}");
            KqlError::new(Reason::Type, span, message)
        })
    }
}

/// A value of a list as the value that it is by itself.
fn of_json(json: &Json) -> plan::Expr {
    let (kind, value) = match json {
        Json::String(text) => (Kind::String, Value::String(text.clone())),
        Json::Bool(truth) => (Kind::Bool, Value::Bool(*truth)),
        Json::Number(number) => match number.as_i64() {
            Some(number) => (Kind::Long, Value::Long(number)),
            None => (Kind::Real, number.as_f64().map_or(Value::Null, Value::Real)),
        },
        json => (Kind::Dynamic, Value::of_json(json.clone())),
    };
    plan::Expr::literal(kind, value)
}

fn text_builtin(test: TextTest, cased: bool) -> Builtin {
    match (test, cased) {
        (TextTest::Contains, false) => Builtin::Contains,
        (TextTest::Contains, true) => Builtin::ContainsCs,
        (TextTest::StartsWith, false) => Builtin::StartsWith,
        (TextTest::StartsWith, true) => Builtin::StartsWithCs,
        (TextTest::EndsWith, false) => Builtin::EndsWith,
        (TextTest::EndsWith, true) => Builtin::EndsWithCs,
        (TextTest::Has, false) => Builtin::Has,
        (TextTest::Has, true) => Builtin::HasCs,
        (TextTest::HasPrefix, false) => Builtin::HasPrefix,
        (TextTest::HasPrefix, true) => Builtin::HasPrefixCs,
        (TextTest::HasSuffix, false) => Builtin::HasSuffix,
        (TextTest::HasSuffix, true) => Builtin::HasSuffixCs,
    }
}
