//! LIKE and regular expressions: a pattern that is a beginning, an end or a part of a text is asked for as that.

use sentra_kql::{Comparison, Expr, ExprKind, KqlError, Literal, Reason, TextTest};
use sqlparser::ast::{self as sql, Value, ValueWithSpan};

use super::{at, refused, span_of, text_of};
use crate::limits::SQL_PATTERN_BYTES_MAX;
use crate::lower::Lowering;

/// A part of a pattern.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// `%`
    Any,
    /// `_`
    One,
    Letter(char),
}

/// What a pattern asks for.
#[derive(Debug, PartialEq, Eq)]
enum Test {
    Equal(String),
    Text(TextTest, String),
    Regex(String),
}

impl Lowering<'_> {
    /// `x LIKE 'a%'`, `x ILIKE …`, `x RLIKE …`
    pub(super) fn like(&mut self, expr: &sql::Expr, outside: bool) -> Result<Expr, KqlError> {
        use sql::Expr as E;
        let (caseless, negated, any, value, pattern, escape) = match expr {
            E::Like { negated, any, expr, pattern, escape_char } => {
                (false, negated, any, expr, pattern, escape_char)
            }
            E::ILike { negated, any, expr, pattern, escape_char } => {
                (true, negated, any, expr, pattern, escape_char)
            }
            E::RLike { negated, expr, pattern, regexp: _ } => {
                let (value, pattern) = (self.expr(expr)?, self.expr(pattern)?);
                return self.matches(value, &pattern, false, *negated != outside);
            }
            _ => return Err(refused(self.here, "this comparison", "LIKE, ILIKE")),
        };
        if *any {
            return Err(refused(self.here, "LIKE ANY", "x LIKE 'a%' OR x LIKE 'b%'"));
        }
        let (value, pattern) = (self.expr(value)?, self.expr(pattern)?);
        self.fits(value, &pattern, escape.as_ref(), caseless, *negated != outside)
    }

    /// A text that fits a pattern with `%` and `_`.
    pub(super) fn fits(
        &mut self,
        value: Expr,
        pattern: &Expr,
        escape: Option<&ValueWithSpan>,
        caseless: bool,
        negated: bool,
    ) -> Result<Expr, KqlError> {
        let Some(text) = text_of(pattern) else {
            return Err(refused(
                span_of(pattern),
                "LIKE with a pattern that is no constant",
                "contains(x, y)",
            ));
        };
        if text.len() > SQL_PATTERN_BYTES_MAX {
            let message = format!("the pattern is longer than {SQL_PATTERN_BYTES_MAX} bytes");
            return Err(KqlError::new(Reason::Limit, pattern.at, message));
        }
        let escape = match escape.map(|escape| &escape.value) {
            None => None,
            Some(Value::SingleQuotedString(text)) if text.chars().count() <= 1 => text.chars().next(),
            Some(_) => {
                return Err(
                    KqlError::new(Reason::Value, pattern.at, "ESCAPE takes one character").hint("'!'")
                );
            }
        };
        let Some(parts) = parts(text, escape) else {
            return Err(KqlError::new(
                Reason::Value,
                pattern.at,
                "the pattern ends with its escape character",
            ));
        };
        let span = span_of(&value).to(span_of(pattern));
        let is_text = |text: String| at(ExprKind::Literal(Literal::String(text)), span_of(pattern));
        let (op, right) = match test(&parts, caseless) {
            Test::Equal(text) => {
                let op = match (caseless, negated) {
                    (false, false) => Comparison::Equal,
                    (false, true) => Comparison::NotEqual,
                    (true, false) => Comparison::EqualCaseless,
                    (true, true) => Comparison::NotEqualCaseless,
                };
                (op, text)
            }
            Test::Text(test, text) => (Comparison::Text { test, negated, cased: !caseless }, text),
            Test::Regex(regex) => return Ok(negate(negated, self.regex(value, is_text(regex)))),
        };
        Ok(at(ExprKind::Compare { op, left: Box::new(value), right: Box::new(is_text(right)) }, span))
    }

    /// A text in which a regular expression is found.
    pub(super) fn matches(
        &mut self,
        value: Expr,
        pattern: &Expr,
        caseless: bool,
        negated: bool,
    ) -> Result<Expr, KqlError> {
        let Some(text) = text_of(pattern) else {
            return Err(refused(span_of(pattern), "a regular expression that is no constant", "'…'"));
        };
        let text = if caseless { format!("(?i){text}") } else { text.to_owned() };
        let pattern = at(ExprKind::Literal(Literal::String(text)), span_of(pattern));
        Ok(negate(negated, self.regex(value, pattern)))
    }

    fn regex(&self, value: Expr, pattern: Expr) -> Expr {
        let span = span_of(&value).to(span_of(&pattern));
        let (left, right) = (Box::new(value), Box::new(pattern));
        at(ExprKind::Compare { op: Comparison::MatchesRegex, left, right }, span)
    }
}

fn negate(negated: bool, test: Expr) -> Expr {
    let span = span_of(&test);
    if negated { at(ExprKind::Not(Box::new(test)), span) } else { test }
}

/// The parts of a pattern; nothing when it ends with its escape character.
fn parts(text: &str, escape: Option<char>) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        let part = match letter {
            letter if Some(letter) == escape => Part::Letter(letters.next()?),
            '%' => Part::Any,
            '_' => Part::One,
            letter => Part::Letter(letter),
        };
        // Two after each other are as one.
        if part != Part::Any || parts.last() != Some(&Part::Any) {
            parts.push(part);
        }
    }
    Some(parts)
}

fn test(parts: &[Part], caseless: bool) -> Test {
    let (starts, inner) = match parts.split_first() {
        Some((Part::Any, rest)) => (true, rest),
        _ => (false, parts),
    };
    let (ends, inner) = match inner.split_last() {
        Some((Part::Any, rest)) => (true, rest),
        _ => (false, inner),
    };
    let plain: Option<String> = inner
        .iter()
        .map(|part| match part {
            Part::Letter(letter) => Some(*letter),
            _ => None,
        })
        .collect();
    match (starts, ends, plain) {
        // `%` alone fits every text.
        (true, false, Some(text)) if text.is_empty() => Test::Text(TextTest::Contains, text),
        (false, false, Some(text)) => Test::Equal(text),
        (false, true, Some(text)) => Test::Text(TextTest::StartsWith, text),
        (true, false, Some(text)) => Test::Text(TextTest::EndsWith, text),
        (true, true, Some(text)) => Test::Text(TextTest::Contains, text),
        (_, _, None) => Test::Regex(regex(parts, caseless)),
    }
}

fn regex(parts: &[Part], caseless: bool) -> String {
    let mut regex = String::from(if caseless { "(?is)^" } else { "(?s)^" });
    for part in parts {
        match part {
            Part::Any => regex.push_str(".*"),
            Part::One => regex.push('.'),
            Part::Letter(letter) => escaped(*letter, &mut regex),
        }
    }
    regex.push('$');
    regex
}

/// A letter as a regular expression that means it.
pub(super) fn escaped(letter: char, regex: &mut String) {
    if "\\.+*?()|[]{}^$#&-~".contains(letter) {
        regex.push('\\');
    }
    regex.push(letter);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_what_they_ask_for() {
        let text = |test, text: &str| Test::Text(test, text.to_owned());
        let cases = [
            ("abc", Test::Equal("abc".to_owned())),
            ("", Test::Equal(String::new())),
            ("abc%", text(TextTest::StartsWith, "abc")),
            ("%abc", text(TextTest::EndsWith, "abc")),
            ("%%abc%", text(TextTest::Contains, "abc")),
            ("%", text(TextTest::Contains, "")),
            ("a%c", Test::Regex("(?s)^a.*c$".to_owned())),
            ("a_c.", Test::Regex("(?s)^a.c\\.$".to_owned())),
            ("100!%", Test::Equal("100%".to_owned())),
        ];
        for (pattern, expected) in cases {
            assert_eq!(
                parts(pattern, Some('!')).map(|parts| test(&parts, false)),
                Some(expected),
                "{pattern}"
            );
        }
        assert_eq!(parts("a!", Some('!')), None);
    }
}
