//! Names, calls and literals.

use serde_json::{Map, Number, Value as Json};

use super::parser::{Parser, Tree};
use crate::ast::{ExprKind, Literal, Name};
use crate::error::{KqlError, Reason};
use crate::lex::Token;
use crate::limits::{JSON_DEPTH_MAX, LIST_VALUES_MAX};
use crate::span::At;
use crate::value::Kind;

impl Parser {
    pub(super) fn negative(&self, number: u64) -> Result<Literal, KqlError> {
        0_i64.checked_sub_unsigned(number).map(Literal::Long).ok_or_else(|| self.too_large())
    }

    pub(super) fn too_large(&self) -> KqlError {
        KqlError::new(Reason::Value, self.span(), "the number does not fit into 64 bits")
    }

    /// A name, a call, or a value that begins with a word.
    pub(super) fn word(&mut self, word: &str) -> Result<Tree, KqlError> {
        let start = self.span();
        let is_call = self.is_sign_at(1, "(");
        let literal = match word {
            "true" | "false" if !is_call => {
                self.advance();
                Literal::Bool(word == "true")
            }
            "null" if !is_call => {
                return Err(self.error("null needs a kind").hint("long(null), or isnull(…) to test for it"));
            }
            "long" | "int" | "real" | "double" | "bool" | "boolean" if is_call => self.typed(word)?,
            "dynamic" if is_call => self.dynamic()?,
            "guid" | "decimal" if is_call => {
                let message = format!("values of the kind {word} are not supported");
                let hint = if word == "guid" { "a text in quotes" } else { "real(…)" };
                return Err(KqlError::new(Reason::Unsupported, start, message).hint(hint));
            }
            "not" if is_call => {
                self.advance();
                self.advance();
                let inner = self.expression()?;
                self.expect_sign(")")?;
                let negated = self.searched(inner.expr);
                return self.node(ExprKind::Not(negated.into()), start, inner.depth);
            }
            _ if is_call => return self.call(word),
            _ if word.starts_with('!') || word.ends_with('~') => {
                return Err(self.unexpected("a name or a value"));
            }
            _ if matches!(word, "and" | "or" | "by") => return Err(self.unexpected("a name or a value")),
            _ => {
                self.advance();
                return self.node(ExprKind::Name(word.to_owned()), start, 0);
            }
        };
        self.node(ExprKind::Literal(literal), start, 0)
    }

    fn call(&mut self, word: &str) -> Result<Tree, KqlError> {
        let start = self.span();
        self.advance();
        self.advance();
        let mut depth = 0;
        let mut arguments = Vec::new();
        if !self.is_sign(")") {
            arguments = self.list(|parser| {
                let argument = parser.expression()?;
                depth = depth.max(argument.depth);
                Ok(argument.expr)
            })?;
        }
        if !self.accept_sign(")") {
            return Err(self.unexpected("',' or ')'"));
        }
        let function = Name { text: word.to_owned(), at: At(start) };
        self.node(ExprKind::Call { function, arguments }, start, depth)
    }

    /// `long(null)`, `real(1)`, `bool(true)` …
    fn typed(&mut self, word: &str) -> Result<Literal, KqlError> {
        let kind = Kind::named(word).unwrap_or(Kind::Long);
        self.advance();
        self.advance();
        let negative = self.accept_sign("-");
        if !negative {
            self.accept_sign("+");
        }
        let expected = format!("a value of the kind {kind}, or null");
        let literal = match (kind, self.peek().clone()) {
            (_, Token::Word(word)) if word == "null" && !negative => Literal::Null(kind),
            (Kind::Bool, Token::Word(word)) if word == "true" || word == "false" => {
                Literal::Bool(word == "true")
            }
            (Kind::Bool, Token::Integer(number)) => Literal::Bool(number != 0),
            (Kind::Long, Token::Integer(number)) if negative => self.negative(number)?,
            (Kind::Long, Token::Integer(number)) => {
                Literal::Long(i64::try_from(number).map_err(|_| self.too_large())?)
            }
            (Kind::Real, Token::Integer(number)) => Literal::Real(signed(number as f64, negative)),
            (Kind::Real, Token::Real(number)) => Literal::Real(signed(number, negative)),
            (Kind::Real, Token::Word(word)) if word == "inf" => {
                Literal::Real(signed(f64::INFINITY, negative))
            }
            (Kind::Real, Token::Word(word)) if word == "nan" => Literal::Real(f64::NAN),
            _ => return Err(self.unexpected(&expected)),
        };
        self.advance();
        self.expect_sign(")")?;
        Ok(literal)
    }

    fn dynamic(&mut self) -> Result<Literal, KqlError> {
        self.advance();
        self.advance();
        let json = self.json(0)?;
        self.expect_sign(")")?;
        Ok(Literal::Dynamic(json))
    }

    /// JSON, whose texts may have either kind of quotes.
    fn json(&mut self, depth: usize) -> Result<Json, KqlError> {
        if depth > JSON_DEPTH_MAX.min(crate::limits::NESTING_MAX) {
            let message = format!("the value is nested deeper than {JSON_DEPTH_MAX} levels");
            return Err(KqlError::new(Reason::Limit, self.span(), message));
        }
        let negative = self.accept_sign("-");
        let token = self.peek().clone();
        let value = match token {
            Token::Text(text) if !negative => Json::String(text),
            Token::Integer(number) if negative => match self.negative(number)? {
                Literal::Long(number) => Json::from(number),
                _ => Json::Null,
            },
            Token::Integer(number) => Json::from(i64::try_from(number).map_err(|_| self.too_large())?),
            Token::Real(number) => {
                Number::from_f64(signed(number, negative)).map_or(Json::Null, Json::Number)
            }
            Token::Word(word) if !negative && matches!(word.as_str(), "true" | "false") => {
                Json::Bool(word == "true")
            }
            Token::Word(word) if !negative && word == "null" => Json::Null,
            Token::Sign("[") if !negative => return self.json_list(depth),
            Token::Sign("{") if !negative => return self.json_bag(depth),
            _ => return Err(self.unexpected("JSON").hint("dynamic([\"a\", 1]), dynamic({\"a\": 1})")),
        };
        self.advance();
        Ok(value)
    }

    fn json_list(&mut self, depth: usize) -> Result<Json, KqlError> {
        self.advance();
        if self.accept_sign("]") {
            return Ok(Json::Array(Vec::new()));
        }
        let values = self.list(|parser| parser.json(depth + 1))?;
        self.expect_sign("]")?;
        Ok(Json::Array(values))
    }

    fn json_bag(&mut self, depth: usize) -> Result<Json, KqlError> {
        self.advance();
        let mut bag = Map::new();
        if self.accept_sign("}") {
            return Ok(Json::Object(bag));
        }
        loop {
            let Token::Text(key) = self.peek().clone() else { return Err(self.unexpected("a text as key")) };
            self.advance();
            self.expect_sign(":")?;
            let value = self.json(depth + 1)?;
            bag.insert(key, value);
            if bag.len() > LIST_VALUES_MAX {
                let message = format!("the value has more than {LIST_VALUES_MAX} keys");
                return Err(KqlError::new(Reason::Limit, self.span(), message));
            }
            if !self.accept_sign(",") {
                break;
            }
        }
        self.expect_sign("}")?;
        Ok(Json::Object(bag))
    }

    /// A text that must be written out.
    pub(super) fn text(&mut self, what: &str) -> Result<String, KqlError> {
        let Token::Text(text) = self.peek().clone() else { return Err(self.unexpected(what)) };
        self.advance();
        Ok(text)
    }
}

fn signed(number: f64, negative: bool) -> f64 {
    if negative { -number } else { number }
}
