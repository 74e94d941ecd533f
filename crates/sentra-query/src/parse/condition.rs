use sentra_model::Timestamp;

use super::NESTING_MAX;
use super::lexer::Token;
use super::parser::Parser;
use crate::error::SyntaxError;
use crate::plan::predicate;
use crate::question::{Comparison, Condition};
use sentra_kql::nearest;

/// Words that compare.
const COMPARISONS: [&str; 7] = ["contains", "startswith", "endswith", "has", "in", "between", "matches"];

impl Parser<'_> {
    /// A condition: `or` binds least, then `and`, then `not`.
    pub(super) fn condition(&mut self) -> Result<Condition, SyntaxError> {
        let mut parts = vec![self.all_of()?];
        while self.accept_word("or") {
            parts.push(self.all_of()?);
        }
        Ok(one_or(parts, Condition::Or))
    }

    fn all_of(&mut self) -> Result<Condition, SyntaxError> {
        let mut parts = vec![self.single()?];
        while self.accept_word("and") {
            parts.push(self.single()?);
        }
        Ok(one_or(parts, Condition::And))
    }

    fn single(&mut self) -> Result<Condition, SyntaxError> {
        if self.depth >= NESTING_MAX {
            return Err(self.error_at(
                self.offset(),
                format!("more than {NESTING_MAX} nested conditions"),
                None,
            ));
        }
        self.depth += 1;
        let condition = self.single_within()?;
        self.depth -= 1;
        Ok(condition)
    }

    fn single_within(&mut self) -> Result<Condition, SyntaxError> {
        if self.accept_sign("(") {
            let condition = self.condition()?;
            self.expect_sign(")")?;
            return Ok(condition);
        }
        if self.accept_word("not") {
            return Ok(Condition::Not(Box::new(self.single()?)));
        }
        let start = self.offset();
        let condition = self.comparison()?;
        // Nonsense such as `time < 5` is refused here, where its place is known.
        predicate(&condition, Timestamp::default())
            .check()
            .map_err(|error| self.error_at(start, error.to_string(), None))?;
        Ok(condition)
    }

    fn comparison(&mut self) -> Result<Condition, SyntaxError> {
        for (word, negated) in [("isnotempty", false), ("isempty", true)] {
            if self.accept_word(word) {
                self.expect_sign("(")?;
                let field = self.field()?;
                self.expect_sign(")")?;
                return Ok(negate(Condition::IsNotEmpty { field }, negated));
            }
        }
        let field = self.field()?;
        let (word, negated) = match self.peek().clone() {
            Token::Sign(sign) => return self.compare_by_sign(field, sign),
            Token::Word(word) => (word, false),
            Token::NotWord(word) => (word, true),
            Token::CaselessWord(word) if word == "in" => {
                self.advance();
                return self.one_of(field, true);
            }
            _ => return Err(self.no_comparison(None)),
        };
        let comparison = match word.as_str() {
            "contains" => Comparison::Contains,
            "startswith" => Comparison::StartsWith,
            "endswith" => Comparison::EndsWith,
            "has" => Comparison::Has,
            "in" => {
                self.advance();
                return Ok(negate(self.one_of(field, false)?, negated));
            }
            "between" => {
                self.advance();
                return Ok(negate(self.between(field)?, negated));
            }
            other => return Err(self.no_comparison(nearest(other, COMPARISONS))),
        };
        self.advance();
        let Token::Text(_) = self.peek() else {
            return Err(self.unexpected("a text in quotes", None));
        };
        let value = self.value()?;
        Ok(negate(Condition::Compare { field, comparison, value }, negated))
    }

    fn compare_by_sign(&mut self, field: String, sign: &str) -> Result<Condition, SyntaxError> {
        let comparison = match sign {
            "==" => Comparison::Equal,
            "!=" => Comparison::NotEqual,
            "=~" => Comparison::EqualCaseless,
            "!~" => Comparison::NotEqualCaseless,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            _ => return Err(self.no_comparison(None)),
        };
        self.advance();
        let value = self.value()?;
        Ok(Condition::Compare { field, comparison, value })
    }

    fn no_comparison(&self, hint: Option<&str>) -> SyntaxError {
        let expected =
            "a comparison (==, !=, =~, !~, <, <=, >, >=, contains, startswith, endswith, has, in, between)";
        self.unexpected(expected, hint.map(str::to_owned))
    }

    fn one_of(&mut self, field: String, caseless: bool) -> Result<Condition, SyntaxError> {
        self.expect_sign("(")?;
        let mut values = vec![self.value()?];
        while self.accept_sign(",") {
            values.push(self.value()?);
        }
        if !self.accept_sign(")") {
            return Err(self.unexpected("',' or ')'", None));
        }
        Ok(Condition::In { field, values, caseless })
    }

    fn between(&mut self, field: String) -> Result<Condition, SyntaxError> {
        self.expect_sign("(")?;
        let low = self.value()?;
        self.expect_sign("..")?;
        let high = self.value()?;
        self.expect_sign(")")?;
        Ok(Condition::Between { field, low, high })
    }

    /// A field: `user`, `userIdentity.type`, `['winlog.event_data.X']`, `fields['user']`.
    fn field(&mut self) -> Result<String, SyntaxError> {
        let expected = "a field";
        let mut name = match self.peek().clone() {
            Token::Word(word) => {
                self.advance();
                word
            }
            Token::Sign("[") => self.bracketed()?,
            Token::Text(text) => {
                let hint = format!("[{text:?}] for a field of that name");
                return Err(self.unexpected(expected, Some(hint)));
            }
            _ => return Err(self.unexpected(expected, None)),
        };
        loop {
            let part = if self.accept_sign(".") {
                let Token::Word(word) = self.peek().clone() else {
                    return Err(self.unexpected("a name after the dot", None));
                };
                self.advance();
                word
            } else if matches!(self.peek(), Token::Sign("[")) {
                self.bracketed()?
            } else {
                return Ok(name);
            };
            name.push('.');
            name.push_str(&part);
        }
    }

    fn bracketed(&mut self) -> Result<String, SyntaxError> {
        self.expect_sign("[")?;
        let Token::Text(text) = self.peek().clone() else {
            return Err(self.unexpected("a name in quotes", None));
        };
        self.advance();
        self.expect_sign("]")?;
        Ok(text)
    }
}

fn one_or(mut parts: Vec<Condition>, combine: impl FnOnce(Vec<Condition>) -> Condition) -> Condition {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            combine(parts)
        }
    }
}

fn negate(condition: Condition, negated: bool) -> Condition {
    if negated { Condition::Not(Box::new(condition)) } else { condition }
}
