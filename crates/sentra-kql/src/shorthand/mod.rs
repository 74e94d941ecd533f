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

mod value;

#[cfg(test)]
mod tests;

use crate::ast::{Comparison, Expr, ExprKind, Operator, Pipeline, Query, Step, TextTest};
use crate::error::{KqlError, Reason};
use crate::limits::{LIST_VALUES_MAX, NESTING_MAX, TEXT_BYTES_MAX};
use crate::parse::{parse_steps, star_test};
use crate::span::{At, Span};

use value::{is_address, measured, named, plain_value};

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
