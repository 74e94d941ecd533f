//! What the longer operators consist of.

use super::parser::Parser;
use crate::ast::{
    Expr, ExprKind, Join, JoinKey, JoinKind, Literal, MvExpand, MvItem, Name, Parse, ParseMode, ParsePart,
    Render, Sequence,
};
use crate::error::{KqlError, Reason};
use crate::hint::nearest;
use crate::lex::Token;
use crate::limits::{LIST_VALUES_MAX, SEQUENCE_STEPS_MAX};
use crate::span::At;
use crate::value::Kind;

impl Parser {
    /// After the word: `kind=inner (T) on A, $left.B == $right.C`.
    pub(super) fn join(&mut self, is_lookup: bool) -> Result<Join, KqlError> {
        let mut kind = if is_lookup { JoinKind::LeftOuter } else { JoinKind::InnerUnique };
        loop {
            if self.is_word("kind") && self.is_sign_at(1, "=") {
                self.advance();
                self.advance();
                kind = self.join_kind(is_lookup)?;
            } else if self.is_word("hint") && self.is_sign_at(1, ".") && self.is_sign_at(3, "=") {
                // How to compute it is the planner's to say: a hint changes no answer.
                for _ in 0..5 {
                    self.advance();
                }
            } else {
                break;
            }
        }
        let right = self.input()?;
        self.expect_word("on")?;
        let mut on = self.list(Self::join_key)?;
        while self.accept_word("and") {
            on.push(self.join_key()?);
        }
        Ok(Join { kind, right, on })
    }

    fn join_kind(&mut self, is_lookup: bool) -> Result<JoinKind, KqlError> {
        let span = self.span();
        let name = self.name("a kind of join")?;
        let known = JoinKind::WORDS.iter().find(|(word, _)| *word == name.text).map(|(_, kind)| *kind);
        match known {
            Some(kind) if !is_lookup || matches!(kind, JoinKind::LeftOuter | JoinKind::Inner) => Ok(kind),
            Some(_) => {
                Err(KqlError::new(Reason::Syntax, span, "a lookup is leftouter or inner").hint("join"))
            }
            None => {
                let words = JoinKind::WORDS.iter().map(|(word, _)| *word);
                let message = format!("{:?} is no kind of join", name.text);
                Err(KqlError::new(Reason::Unknown, span, message).maybe_hint(nearest(&name.text, words)))
            }
        }
    }

    fn join_key(&mut self) -> Result<JoinKey, KqlError> {
        if !self.is_word("$left") && !self.is_word("$right") {
            let name = self.column()?;
            if self.is_sign("==") {
                return Err(self.unexpected("',' or the end").hint("on $left.a == $right.b"));
            }
            return Ok(JoinKey { left: name.clone(), right: name });
        }
        let (first_is_left, first) = self.side()?;
        self.expect_sign("==")?;
        let (second_is_left, second) = self.side()?;
        match (first_is_left, second_is_left) {
            (true, false) => Ok(JoinKey { left: first, right: second }),
            (false, true) => Ok(JoinKey { left: second, right: first }),
            _ => Err(self.error("a key compares $left with $right").hint("$left.a == $right.b")),
        }
    }

    fn side(&mut self) -> Result<(bool, Name), KqlError> {
        let is_left = self.is_word("$left");
        if !is_left && !self.is_word("$right") {
            return Err(self.unexpected("$left or $right").hint("$left.a == $right.b"));
        }
        self.advance();
        if !self.is_quoted_name() {
            self.expect_sign(".")?;
        }
        Ok((is_left, self.column()?))
    }

    /// After the word: `kind=regex flags=U A with * "x" b:long`.
    pub(super) fn parse_clause(&mut self, only_matching: bool) -> Result<Parse, KqlError> {
        let mut mode = ParseMode::Simple;
        if self.is_word("kind") && self.is_sign_at(1, "=") {
            self.advance();
            self.advance();
            mode = match self.peek() {
                Token::Word(word) if word == "simple" => ParseMode::Simple,
                Token::Word(word) if word == "relaxed" => ParseMode::Relaxed,
                Token::Word(word) if word == "regex" => ParseMode::Regex,
                _ => return Err(self.unexpected("simple, relaxed or regex")),
            };
            self.advance();
            if self.is_word("flags") && self.is_sign_at(1, "=") {
                let message = "flags of parse are not supported";
                let hint = "(?i) and the like within the texts";
                return Err(KqlError::new(Reason::Unsupported, self.span(), message).hint(hint));
            }
        }
        let value = self.expr()?;
        self.expect_word("with")?;
        let mut parts = Vec::new();
        loop {
            let part = match self.peek().clone() {
                Token::Sign("*") => {
                    self.advance();
                    ParsePart::Any
                }
                Token::Text(text) => {
                    self.advance();
                    ParsePart::Text(text)
                }
                Token::Word(_) => self.parse_column()?,
                Token::Sign("[") if self.is_quoted_name() => self.parse_column()?,
                _ => break,
            };
            if parts.len() >= LIST_VALUES_MAX {
                return Err(KqlError::new(Reason::Limit, self.span(), "the pattern is too long"));
            }
            parts.push(part);
        }
        if !parts.iter().any(|part| matches!(part, ParsePart::Column(..))) {
            return Err(self.unexpected("a column to fill").hint("with \"user=\" user \" \" *"));
        }
        Ok(Parse { mode, only_matching, value, parts })
    }

    fn parse_column(&mut self) -> Result<ParsePart, KqlError> {
        let name = self.name("a column")?;
        let kind = if self.accept_sign(":") { self.kind()? } else { Kind::String };
        Ok(ParsePart::Column(name, kind))
    }

    /// After the word: `with_itemindex=I A = list to typeof(string) limit 5`.
    pub(super) fn mv_expand(&mut self) -> Result<MvExpand, KqlError> {
        let mut index = None;
        while self.is_sign_at(1, "=") {
            if self.is_word("with_itemindex") {
                self.advance();
                self.advance();
                index = Some(self.name("a name")?);
            } else if (self.is_word("kind") || self.is_word("bagexpansion")) && self.is_word_at(2, "bag") {
                // What is done anyway.
                for _ in 0..3 {
                    self.advance();
                }
            } else if (self.is_word("kind") || self.is_word("bagexpansion")) && self.is_word_at(2, "array") {
                let message = "bagexpansion=array is not supported";
                return Err(KqlError::new(Reason::Unsupported, self.span(), message).hint("bag_keys(…)"));
            } else {
                break;
            }
        }
        let items = self.list(|parser| {
            let named = parser.named()?;
            let kind = if parser.accept_word("to") {
                parser.expect_word("typeof")?;
                parser.expect_sign("(")?;
                let kind = parser.kind()?;
                parser.expect_sign(")")?;
                Some(kind)
            } else {
                None
            };
            Ok(MvItem { named, kind })
        })?;
        let limit = if self.accept_word("limit") { Some(self.expr()?) } else { None };
        Ok(MvExpand { index, items, limit })
    }

    /// After the word: `timechart with (title = "x", ycolumns = a, b)`.
    pub(super) fn render(&mut self) -> Result<Render, KqlError> {
        let chart = self.name("a kind of chart").map_err(|error| error.hint("timechart, table, piechart"))?;
        let mut properties = Vec::new();
        if self.accept_word("with") {
            self.expect_sign("(")?;
            while !self.is_sign(")") {
                let name = self.name("a property")?;
                self.expect_sign("=")?;
                let mut values = vec![self.expr()?];
                while self.is_sign(",") && !self.is_sign_at(2, "=") {
                    self.advance();
                    values.push(self.expr()?);
                }
                properties.push((name, values));
                if !self.accept_sign(",") {
                    break;
                }
            }
            self.expect_sign(")")?;
        }
        Ok(Render { chart, properties })
    }

    /// After the word: `by A, B maxspan=1h [ … ] [ … ] within 1h until [ … ]`.
    pub(super) fn sequence(&mut self) -> Result<Sequence, KqlError> {
        self.expect_word("by").map_err(|error| error.hint(SEQUENCE_HINT))?;
        let keys = self.list(Self::column)?;
        let mut sequence = Sequence { keys, maxspan: None, steps: Vec::new(), until: None };
        loop {
            if (self.is_word("maxspan") || self.is_word("within")) && sequence.maxspan.is_none() {
                self.advance();
                self.accept_sign("=");
                sequence.maxspan = Some(self.span_value()?);
            } else if self.is_sign("[") && sequence.steps.len() < SEQUENCE_STEPS_MAX {
                sequence.steps.push(self.sequence_step()?);
            } else if self.is_sign("[") {
                let message = format!("a sequence has at most {SEQUENCE_STEPS_MAX} steps");
                return Err(KqlError::new(Reason::Limit, self.span(), message));
            } else if self.is_word("until") && sequence.until.is_none() {
                self.advance();
                sequence.until = Some(self.sequence_step()?);
            } else {
                break;
            }
        }
        if sequence.steps.len() < 2 {
            return Err(self.unexpected("at least two steps, each in square brackets").hint(SEQUENCE_HINT));
        }
        Ok(sequence)
    }

    fn sequence_step(&mut self) -> Result<Expr, KqlError> {
        self.expect_sign("[").map_err(|error| error.hint(SEQUENCE_HINT))?;
        let condition = self.expr()?;
        self.expect_sign("]")?;
        Ok(condition)
    }

    /// A timespan, or the name of one: an expression would take the bracket after it for an index.
    fn span_value(&mut self) -> Result<Expr, KqlError> {
        let span = self.span();
        if let Token::Span(micros) = *self.peek() {
            self.advance();
            return Ok(Expr { kind: ExprKind::Literal(Literal::TimeSpan(micros)), at: At(span) });
        }
        let name = self.name("a timespan").map_err(|error| error.hint("maxspan=1h"))?;
        Ok(Expr { kind: ExprKind::Name(name.text), at: name.at })
    }
}

const SEQUENCE_HINT: &str = "sequence by user maxspan=1h [code == \"LL03\"] [code == \"LL01\"]";
