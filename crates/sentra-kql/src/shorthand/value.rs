//! What a word of the search bar stands for.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::ast::{Comparison, Expr, ExprKind, Literal, TextTest};
use crate::limits::NESTING_MAX;
use crate::value::{moment_of, span_of};

/// Whether the text begins with what has colons but is no field: an address of version 6 or of a card.
pub(super) fn is_address(text: &str) -> bool {
    let word =
        text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '|')).next().unwrap_or_default();
    let address = word.split('/').next().unwrap_or_default();
    let is_pair = |part: &str| part.len() == 2 && part.chars().all(|c| c.is_ascii_hexdigit());
    address.parse::<Ipv6Addr>().is_ok() || (word.split(':').count() == 6 && word.split(':').all(is_pair))
}

/// A field by its name, whose dots are those of KQL where they can be.
pub(super) fn named(name: &str) -> Expr {
    let mut parts = name.split('.');
    let is_dotted = name.split('.').all(crate::print::is_plain_word);
    let Some(first) = parts.next().filter(|_| is_dotted) else { return Expr::name(name) };
    // As many members as a tree may be deep are no name any more.
    if name.matches('.').count() > NESTING_MAX / 4 {
        return Expr::name(name);
    }
    parts.fold(Expr::name(first), |base, part| ExprKind::Member(base.into(), part.to_owned()).into())
}

/// A value that something is greater or less than.
pub(super) fn measured(text: &str) -> Expr {
    if let Some(number) = number(text) {
        return number;
    }
    let has_unit = text.ends_with(|c: char| c.is_ascii_alphabetic());
    match span_of(text).filter(|_| has_unit) {
        Some(micros) if micros < 0 => return Expr::call("ago", vec![Expr::span(micros.saturating_neg())]),
        Some(micros) => return Expr::span(micros),
        None => {}
    }
    moment_of(text).map_or_else(|| Expr::text(text), Expr::moment)
}

/// A number, if it is written as numbers are: `007` is a text.
fn number(text: &str) -> Option<Expr> {
    if let Ok(number) = text.parse::<i64>() {
        return (number.to_string() == text).then(|| Expr::long(number));
    }
    let is_real = text.contains('.') && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-'));
    let number = text.parse::<f64>().ok().filter(|number| is_real && number.is_finite())?;
    Some(ExprKind::Literal(Literal::Real(number)).into())
}

pub(super) fn plain_value(field: Expr, text: &str) -> Expr {
    if text.chars().all(|c| c == '*') {
        return Expr::call("isnotempty", vec![field]);
    }
    if let Some(function) = network_function(text) {
        return Expr::call(function, vec![field, Expr::text(text)]);
    }
    if let Some((low, high)) = text.split_once("..")
        && let (Some(low), Some(high)) = (bound(low), bound(high))
    {
        let (value, low, high) = (field.into(), low.into(), high.into());
        return ExprKind::Between { negated: false, value, low, high }.into();
    }
    if let Some(number) = number(text) {
        return field.compare(Comparison::Equal, number);
    }
    let inner = text.strip_prefix('*').unwrap_or(text);
    let inner = inner.strip_suffix('*').unwrap_or(inner);
    if inner.contains('*') {
        let pattern = text.split('*').map(regex::escape).collect::<Vec<_>>().join(".*");
        return field.compare(Comparison::MatchesRegex, Expr::text(format!("(?is)^{pattern}$")));
    }
    match (text.starts_with('*'), text.ends_with('*')) {
        (false, false) => field.compare(Comparison::EqualCaseless, Expr::text(text)),
        (false, true) => ExprKind::from_test(field, TextTest::StartsWith, inner.to_owned()),
        (true, false) => ExprKind::from_test(field, TextTest::EndsWith, inner.to_owned()),
        (true, true) => ExprKind::from_test(field, TextTest::Contains, inner.to_owned()),
    }
}

/// An end of a range: a number or a moment.
fn bound(text: &str) -> Option<Expr> {
    number(text).or_else(|| moment_of(text).map(Expr::moment))
}

/// The function that tests whether an address is in the network `text`, if it is one.
fn network_function(text: &str) -> Option<&'static str> {
    let (address, bits) = text.split_once('/')?;
    let bits: u8 = bits.parse().ok()?;
    if address.parse::<Ipv4Addr>().is_ok() && bits <= 32 {
        return Some("ipv4_is_in_range");
    }
    (address.parse::<Ipv6Addr>().is_ok() && bits <= 128).then_some("ipv6_is_in_range")
}

impl ExprKind {
    pub(super) fn from_test(left: Expr, test: TextTest, text: String) -> Expr {
        left.compare(Comparison::Text { test, negated: false, cased: false }, Expr::text(text))
    }
}
