//! The search bar's shorthand: `user:adm* "failed password" -src_ip:10.0.0.0/8 bytes_out:>1000`.
//!
//! Terms stand side by side and all must hold; `or`, `not`, `-` and brackets are understood. What follows
//! a `|` is KQL. The result is the tree that a `where` gives.
//!
//! | written | means |
//! |---|---|
//! | `word`, `"phrase"` | `* has "word"` |
//! | `word*`, `*word*` | `* hasprefix "word"`, `* contains "word"` |
//! | `field:value` | `field =~ "value"`; a number is compared as one |
//! | `field:*` | `isnotempty(field)` |
//! | `field:adm*`, `field:*adm`, `field:*adm*` | `startswith`, `endswith`, `contains` |
//! | `field:a*b` | `field matches regex "(?is)^a.*b$"` |
//! | `field:/expression/` | `field matches regex "expression"`; what does not end with `/` is a path |
//! | `field:10.0.0.0/8`, `field:2001:db8::/32` | `ipv4_is_in_range(field, "10.0.0.0/8")`, `ipv6_is_in_range` |
//! | `field:>5`, `>=`, `<`, `<=`, `=` | a comparison; a day or time, or `-1h` from now, is understood |
//! | `field:1..5` | `field between (1 .. 5)` |
//! | `field:(a or b)` | `field:a or field:b` |

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::ast::{Comparison, Expr, ExprKind, Literal, Operator, Pipeline, Query, Step, TextTest};
use crate::error::{KqlError, Reason};
use crate::limits::{LIST_VALUES_MAX, NESTING_MAX, TEXT_BYTES_MAX};
use crate::parse::{parse_steps, star_test};
use crate::span::{At, Span};
use crate::value::{moment_of, span_of};

/// Reads the shorthand as a question about the rows of `table`.
///
/// # Errors
/// What is wrong, where, and what was probably meant.
pub fn parse_shorthand(text: &str, table: &str) -> Result<Query, KqlError> {
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("the question has {} bytes, {TEXT_BYTES_MAX} is the limit", text.len());
        return Err(KqlError::new(Reason::Limit, Span::new(0, text.len()), message));
    }
    let mut bar = Bar { text, at: 0, nesting: 0, terms: 0 };
    let mut pipeline = Pipeline::table(table);
    bar.skip_blanks();
    if !bar.rest().is_empty() && !bar.rest().starts_with('|') {
        let condition = bar.any_of(None)?;
        let at = condition.at;
        pipeline.steps.push(Step { operator: Operator::Where(condition), at });
    }
    if bar.rest().starts_with('|') {
        // What is before it is none of KQL's business, but places must remain those of the whole text.
        let blanked: String = " ".repeat(bar.at) + bar.rest();
        pipeline.steps.extend(parse_steps(&blanked, bar.at)?);
    } else if !bar.rest().is_empty() {
        return Err(bar.error("')' is unexpected", None));
    }
    Ok(pipeline.into())
}

struct Bar<'a> {
    text: &'a str,
    at: usize,
    nesting: usize,
    terms: usize,
}

impl<'a> Bar<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn error(&self, message: impl Into<String>, hint: Option<&str>) -> KqlError {
        let length = self.rest().chars().next().map_or(0, char::len_utf8);
        KqlError::new(Reason::Syntax, Span::new(self.at, self.at + length), message).maybe_hint(hint)
    }

    fn accept(&mut self, sign: &str) -> bool {
        let accepted = self.rest().starts_with(sign);
        if accepted {
            self.at += sign.len();
        }
        accepted
    }

    /// A word in any case, followed by a blank or a bracket.
    fn accept_word(&mut self, word: &str) -> bool {
        let Some((start, rest)) = self.rest().split_at_checked(word.len()) else { return false };
        let ends =
            rest.is_empty() || rest.starts_with(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '|'));
        let accepted = ends && start.eq_ignore_ascii_case(word);
        if accepted {
            self.at += word.len();
            self.skip_blanks();
        }
        accepted
    }

    fn ends(&self) -> bool {
        self.rest().is_empty() || self.rest().starts_with([')', '|'])
    }

    /// With a field, everything in it is about that field.
    fn any_of(&mut self, field: Option<&Expr>) -> Result<Expr, KqlError> {
        let start = self.at;
        let mut parts = vec![self.all_of(field)?];
        while self.accept_word("or") || self.accept("||") {
            parts.push(self.all_of(field)?);
        }
        Ok(Expr { at: self.since(start), ..Expr::any(parts) })
    }

    fn all_of(&mut self, field: Option<&Expr>) -> Result<Expr, KqlError> {
        let start = self.at;
        let mut parts = vec![self.term(field)?];
        loop {
            self.skip_blanks();
            if self.ends() || self.rest().starts_with("||") || self.is_or() {
                return Ok(Expr { at: self.since(start), ..Expr::all(parts) });
            }
            self.accept_word("and");
            parts.push(self.term(field)?);
        }
    }

    fn is_or(&self) -> bool {
        let mut ahead = Bar { text: self.text, at: self.at, nesting: 0, terms: 0 };
        ahead.accept_word("or")
    }

    fn since(&self, start: usize) -> At {
        At(Span::new(start, self.at.max(start)))
    }

    fn term(&mut self, field: Option<&Expr>) -> Result<Expr, KqlError> {
        self.skip_blanks();
        self.terms += 1;
        if self.terms > LIST_VALUES_MAX || self.nesting >= NESTING_MAX / 2 {
            let message = "the search is too long, or nested too deep";
            return Err(KqlError::new(Reason::Limit, Span::new(self.at, self.text.len()), message));
        }
        let start = self.at;
        if self.accept_word("not") || self.accept("-") || self.accept("!") {
            self.nesting += 1;
            let negated = self.term(field)?.negated();
            self.nesting -= 1;
            return Ok(Expr { at: self.since(start), ..negated });
        }
        if self.accept("(") {
            self.nesting += 1;
            let inner = self.any_of(field)?;
            self.nesting -= 1;
            self.skip_blanks();
            return if self.accept(")") { Ok(inner) } else { Err(self.error("expected ')'", Some(")"))) };
        }
        if self.ends() {
            return Err(self.error("expected a word, a \"phrase\" or field:value", None));
        }
        let kind = match field {
            Some(field) => self.value(field.clone())?,
            None => match self.field()? {
                Some(field) if self.rest().starts_with('(') => return self.term(Some(&field)),
                Some(field) => self.value(field)?,
                None => self.free_text()?,
            },
        };
        Ok(Expr { kind: kind.kind, at: self.since(start) })
    }

    /// `name:`, or `["odd name"]:`; nothing if no colon follows.
    fn field(&mut self) -> Result<Option<Expr>, KqlError> {
        let start = self.at;
        if self.accept("[") {
            let name = self.quoted()?;
            if !self.accept("]") || !self.accept(":") {
                return Err(self.error("expected ']:' after the field", Some("[\"odd name\"]:value")));
            }
            return Ok(Some(Expr { at: self.since(start), ..Expr::name(name) }));
        }
        let rest = self.rest();
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '@');
        let length = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        let name = rest.get(..length).unwrap_or_default();
        let follows = rest.get(length..).unwrap_or_default();
        let is_field = follows.starts_with(':')
            && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && !follows.starts_with("://")
            && !is_address(rest);
        if !is_field {
            return Ok(None);
        }
        self.at += length + 1;
        Ok(Some(Expr { at: At(Span::new(start, start + length)), ..named(name) }))
    }

    fn quoted(&mut self) -> Result<String, KqlError> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        let mut letters = self.rest().char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.at += at + 1;
                    return Ok(text);
                }
                '\\' => match letters.next() {
                    // Only what would end the phrase is escaped: paths are written as they are.
                    Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                    Some((_, other)) => text.extend(['\\', other]),
                    None => break,
                },
                letter => text.push(letter),
            }
        }
        let span = Span::new(start, self.text.len());
        Err(KqlError::new(Reason::Syntax, span, "the phrase is not closed").hint("\""))
    }

    /// What stands up to the next blank or bracket, and whether it was in quotes.
    fn word(&mut self) -> Result<(String, bool), KqlError> {
        if self.rest().starts_with('"') {
            return Ok((self.quoted()?, true));
        }
        let rest = self.rest();
        let ends = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | '|');
        let length = rest.find(ends).unwrap_or(rest.len());
        self.at += length;
        let word = rest.get(..length).unwrap_or_default();
        if word.is_empty() {
            return Err(self.error("expected a value", Some("field:value, or field:* if it is there")));
        }
        Ok((word.to_owned(), false))
    }

    fn free_text(&mut self) -> Result<Expr, KqlError> {
        let (text, is_quoted) = self.word()?;
        let (test, text) = if is_quoted { (TextTest::Has, text) } else { star_test(&text) };
        Ok(ExprKind::from_test(Expr::from(ExprKind::Star), test, text))
    }

    fn value(&mut self, field: Expr) -> Result<Expr, KqlError> {
        let start = self.at;
        for (sign, op) in [
            (">=", Comparison::GreaterOrEqual),
            ("<=", Comparison::LessOrEqual),
            (">", Comparison::Greater),
            ("<", Comparison::Less),
            ("=", Comparison::Equal),
        ] {
            if self.accept(sign) {
                let (text, is_quoted) = self.word()?;
                return Ok(field.compare(op, if is_quoted { Expr::text(text) } else { measured(&text) }));
            }
        }
        if self.rest().starts_with('/')
            && let Some(pattern) = self.regex()
        {
            return Ok(field.compare(Comparison::MatchesRegex, Expr::text(pattern)));
        }
        let (text, is_quoted) = self.word()?;
        if is_quoted {
            return Ok(field.compare(Comparison::EqualCaseless, Expr::text(text)));
        }
        if text.starts_with('[') || text.starts_with('{') {
            let message = "ranges in brackets are not supported";
            let error = KqlError::new(Reason::Unsupported, Span::new(start, self.at), message);
            return Err(error.hint("field:1..5, field:>=1"));
        }
        Ok(plain_value(field, &text))
    }

    /// `/expression/`, if a blank or the end follows it: anything else is a path.
    fn regex(&mut self) -> Option<String> {
        let inside = self.rest().get(1..)?;
        let mut escaped = false;
        let (close, _) = inside.char_indices().find(|(_, c)| {
            let closes = *c == '/' && !escaped;
            escaped = *c == '\\' && !escaped;
            closes
        })?;
        let after = inside.get(close + 1..)?;
        let ends =
            after.is_empty() || after.starts_with(|c: char| c.is_whitespace() || matches!(c, ')' | '|'));
        let pattern = inside.get(..close).filter(|pattern| ends && !pattern.is_empty())?;
        self.at += close + 2;
        Some(pattern.replace("\\/", "/"))
    }
}

/// Whether the text begins with what has colons but is no field: an address of version 6 or of a card.
fn is_address(text: &str) -> bool {
    let word =
        text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '|')).next().unwrap_or_default();
    let address = word.split('/').next().unwrap_or_default();
    let is_pair = |part: &str| part.len() == 2 && part.chars().all(|c| c.is_ascii_hexdigit());
    address.parse::<Ipv6Addr>().is_ok() || (word.split(':').count() == 6 && word.split(':').all(is_pair))
}

/// A field by its name, whose dots are those of KQL where they can be.
fn named(name: &str) -> Expr {
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
fn measured(text: &str) -> Expr {
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

fn plain_value(field: Expr, text: &str) -> Expr {
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
    fn from_test(left: Expr, test: TextTest, text: String) -> Expr {
        left.compare(Comparison::Text { test, negated: false, cased: false }, Expr::text(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    /// What is written, and the KQL that it stands for.
    const UNDERSTOOD: [(&str, &str); 37] = [
        ("", "events"),
        ("failed", r#"events | where * has "failed""#),
        ("\"failed password\"", r#"events | where * has "failed password""#),
        ("fail*", r#"events | where * hasprefix "fail""#),
        ("*fail*", r#"events | where * contains "fail""#),
        ("user:root", r#"events | where user =~ "root""#),
        ("user:\"a b\"", r#"events | where user =~ "a b""#),
        ("user:adm*", r#"events | where user startswith "adm""#),
        ("user:*adm", r#"events | where user endswith "adm""#),
        ("user:*adm*", r#"events | where user contains "adm""#),
        ("user:a*b", r#"events | where user matches regex "(?is)^a.*b$""#),
        ("user:/^adm\\/x/", r#"events | where user matches regex "^adm/x""#),
        ("user:*", "events | where isnotempty(user)"),
        ("-user:*", "events | where not(isnotempty(user))"),
        ("src_ip:10.0.0.0/8", r#"events | where ipv4_is_in_range(src_ip, "10.0.0.0/8")"#),
        ("src_ip:2001:db8::/32", r#"events | where ipv6_is_in_range(src_ip, "2001:db8::/32")"#),
        ("src_ip:10.1.2.3", r#"events | where src_ip =~ "10.1.2.3""#),
        ("file:/etc/passwd", r#"events | where file =~ "/etc/passwd""#),
        ("dst_port:22", "events | where dst_port == 22"),
        ("pid:007", r#"events | where pid =~ "007""#),
        ("bytes:>1000", "events | where bytes > 1000"),
        ("bytes:<=1.5", "events | where bytes <= 1.5"),
        ("time:>-1h", "events | where time > ago(1h)"),
        ("time:>=2026-01-02", "events | where time >= datetime(2026-01-02)"),
        ("dst_port:1..1024", "events | where dst_port between (1 .. 1024)"),
        ("a:1 b:2", "events | where a == 1 and b == 2"),
        ("a:1 OR b:2 c:3", "events | where a == 1 or b == 2 and c == 3"),
        ("(a:1 or b:2) c:3", "events | where (a == 1 or b == 2) and c == 3"),
        ("a:1 and not b:2", "events | where a == 1 and not(b == 2)"),
        ("a:1 -(b:2 c:3)", "events | where a == 1 and not(b == 2 and c == 3)"),
        ("user:(root or adm*)", r#"events | where user =~ "root" or user startswith "adm""#),
        ("-user:(a b)", r#"events | where not(user =~ "a" and user =~ "b")"#),
        ("fields.x:1 a.b:2", "events | where fields.x == 1 and a.b == 2"),
        ("[\"odd name\"]:x", r#"events | where ["odd name"] =~ "x""#),
        ("2001:db8::1 fe80::2", r#"events | where * has "2001:db8::1" and * has "fe80::2""#),
        ("http://x/y", r#"events | where * has "http://x/y""#),
        (
            "user:root \"a|b\" | summarize count() by host | top 5 by count_",
            r#"events | where user =~ "root" and * has "a|b" | summarize count() by host | top 5 by count_"#,
        ),
    ];

    #[test]
    fn the_shorthand_is_a_where() {
        for (text, kql) in UNDERSTOOD {
            let query = parse_shorthand(text, "events").unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(Ok(query), parse(kql), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_place() {
        let cases = [
            ("user:", 5, "expected a value"),
            ("a:1 (b:2", 8, "expected ')'"),
            ("a:1 )", 4, "')' is unexpected"),
            ("\"open", 0, "not closed"),
            ("port:[1 TO 5]", 5, "ranges in brackets"),
            ("a:1 or", 6, "expected a word"),
            ("a:1 | wher x", 6, "no operator"),
        ];
        for (text, start, message) in cases {
            let error = parse_shorthand(text, "events").expect_err(text);
            assert!(error.message.contains(message), "{text}: {error}");
            assert_eq!(error.span.start, start, "{text}: {error}");
        }
        let nested = "(".repeat(5_000);
        assert_eq!(parse_shorthand(&nested, "events").unwrap_err().reason, Reason::Limit);
        assert_eq!(parse_shorthand(&"-".repeat(5_000), "events").unwrap_err().reason, Reason::Limit);
    }
}
