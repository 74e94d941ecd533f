use serde_json::{Map, Number, Value as Json};

use super::parser::{Parser, Tree};
use crate::ast::{Arithmetic, Comparison, Expr, ExprKind, Literal, Membership, Name, Set, TextTest};
use crate::error::{KqlError, Reason};
use crate::hint::nearest;
use crate::lex::Token;
use crate::limits::{JSON_DEPTH_MAX, LIST_VALUES_MAX};
use crate::span::{At, Span};
use crate::value::Kind;

/// Words that compare, for hints and completion.
pub(crate) const COMPARISON_WORDS: [&str; 36] = [
    "and",
    "or",
    "has",
    "!has",
    "has_cs",
    "!has_cs",
    "hasprefix",
    "!hasprefix",
    "hasprefix_cs",
    "!hasprefix_cs",
    "hassuffix",
    "!hassuffix",
    "hassuffix_cs",
    "!hassuffix_cs",
    "contains",
    "!contains",
    "contains_cs",
    "!contains_cs",
    "startswith",
    "!startswith",
    "startswith_cs",
    "!startswith_cs",
    "endswith",
    "!endswith",
    "endswith_cs",
    "!endswith_cs",
    "matches",
    "in",
    "!in",
    "in~",
    "!in~",
    "has_any",
    "has_all",
    "between",
    "!between",
    "not",
];

/// Words of operators that may stand after an expression.
const FOLLOWING_WORDS: [&str; 14] = [
    "and", "or", "with", "limit", "on", "to", "step", "by", "nulls", "asc", "desc", "from", "until", "within",
];

/// How a text with `*` at its ends is searched for: as a term, or as the part of one.
pub(crate) fn star_test(text: &str) -> (TextTest, String) {
    let inner = text.strip_prefix('*').unwrap_or(text);
    let inner = inner.strip_suffix('*').unwrap_or(inner);
    match (text.starts_with('*'), text.ends_with('*')) {
        _ if inner.is_empty() => (TextTest::Contains, String::new()),
        (false, false) => (TextTest::Has, text.to_owned()),
        (false, true) => (TextTest::HasPrefix, inner.to_owned()),
        (true, false) => (TextTest::HasSuffix, inner.to_owned()),
        (true, true) => (TextTest::Contains, inner.to_owned()),
    }
}

impl Parser {
    /// An expression: `or` binds least, then `and`, then comparisons, sums, products, signs.
    pub(super) fn expression(&mut self) -> Result<Tree, KqlError> {
        self.nested(Self::any_of)
    }

    /// An expression whose depth does not matter to the caller.
    pub(super) fn expr(&mut self) -> Result<Expr, KqlError> {
        Ok(self.expression()?.expr)
    }

    fn any_of(&mut self) -> Result<Tree, KqlError> {
        self.joined("or", Self::all_of, ExprKind::Or)
    }

    fn all_of(&mut self) -> Result<Tree, KqlError> {
        self.joined("and", Self::comparison, ExprKind::And)
    }

    fn joined(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<Tree, KqlError>,
        join: fn(Vec<Expr>) -> ExprKind,
    ) -> Result<Tree, KqlError> {
        let start = self.span();
        let first = part(self)?;
        if !self.is_word(word) {
            return Ok(first);
        }
        let mut depth = first.depth;
        let mut parts = vec![self.searched(first.expr)];
        while self.accept_word(word) {
            let next = part(self)?;
            depth = depth.max(next.depth);
            let next = self.searched(next.expr);
            parts.push(next);
        }
        self.node(join(parts), start, depth)
    }

    /// In a `search` a text by itself is searched for in every column.
    pub(super) fn searched(&self, expr: Expr) -> Expr {
        match (self.searching, expr.kind) {
            (true, ExprKind::Literal(Literal::String(text))) => {
                let (test, text) = star_test(&text);
                let text = Expr { kind: ExprKind::Literal(Literal::String(text)), at: expr.at };
                let star = Expr { kind: ExprKind::Star, at: expr.at };
                let op = Comparison::Text { test, negated: false, cased: false };
                Expr { at: expr.at, ..star.compare(op, text) }
            }
            (_, kind) => Expr { kind, at: expr.at },
        }
    }

    fn comparison(&mut self) -> Result<Tree, KqlError> {
        let start = self.span();
        // not(A) is a function, so it binds as one; `not A == b` negates the comparison.
        if self.is_word("not") && !self.is_sign_at(1, "(") {
            self.advance();
            let inner = self.nested(Self::comparison)?;
            let negated = self.searched(inner.expr);
            return self.node(ExprKind::Not(negated.into()), start, inner.depth);
        }
        let left = self.sum()?;
        let Some(op) = self.comparison_sign() else { return self.word_comparison(left, start) };
        self.advance();
        let right = self.sum()?;
        let depth = left.depth.max(right.depth);
        let kind = ExprKind::Compare { op, left: left.expr.into(), right: right.expr.into() };
        self.node(kind, start, depth)
    }

    fn comparison_sign(&self) -> Option<Comparison> {
        let Token::Sign(sign) = self.peek() else { return None };
        Some(match *sign {
            "==" => Comparison::Equal,
            "!=" | "<>" => Comparison::NotEqual,
            "=~" => Comparison::EqualCaseless,
            "!~" => Comparison::NotEqualCaseless,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            _ => return None,
        })
    }

    fn word_comparison(&mut self, left: Tree, start: Span) -> Result<Tree, KqlError> {
        if self.searching && self.accept_sign(":") {
            let right = self.sum()?;
            let depth = left.depth.max(right.depth);
            let (test, right) = match right.expr.kind {
                ExprKind::Literal(Literal::String(text)) => {
                    let (test, text) = star_test(&text);
                    (test, Expr { kind: ExprKind::Literal(Literal::String(text)), at: right.expr.at })
                }
                kind => (TextTest::Has, Expr { kind, at: right.expr.at }),
            };
            let op = match &right.kind {
                ExprKind::Literal(Literal::String(_)) => {
                    Comparison::Text { test, negated: false, cased: false }
                }
                _ => Comparison::Equal,
            };
            let kind = ExprKind::Compare { op, left: left.expr.into(), right: right.into() };
            return self.node(kind, start, depth);
        }
        let Token::Word(word) = self.peek() else {
            return if self.is_sign("=") {
                Err(self.error("'=' compares nothing here").hint("=="))
            } else {
                Ok(left)
            };
        };
        let word = word.clone();
        if let Some(op) = Membership::ALL.into_iter().find(|op| op.as_str() == word) {
            self.advance();
            return self.membership(left, op, start);
        }
        let op = match word.as_str() {
            "between" | "!between" => {
                self.advance();
                return self.between(left, word.starts_with('!'), start);
            }
            "matches" => {
                self.advance();
                self.expect_word("regex").map_err(|error| error.hint("matches regex"))?;
                Comparison::MatchesRegex
            }
            word => match Comparison::of_word(word) {
                Some(op) => {
                    self.advance();
                    op
                }
                None => return self.no_comparison(left, word),
            },
        };
        let right = self.sum()?;
        let depth = left.depth.max(right.depth);
        self.node(ExprKind::Compare { op, left: left.expr.into(), right: right.expr.into() }, start, depth)
    }

    /// A word follows that does not compare: right when it is the caller's (`by`, `asc`), wrong when it was
    /// meant to compare.
    fn no_comparison(&self, left: Tree, word: &str) -> Result<Tree, KqlError> {
        let refused = |hint: &str| {
            Err(KqlError::new(Reason::Unsupported, self.span(), format!("{word} is not supported"))
                .hint(hint))
        };
        match word {
            "like" | "notlike" | "!like" | "likecs" => return refused("matches regex, contains, startswith"),
            "AND" | "OR" => {
                return Err(self.error(format!("{word:?} is unexpected")).hint(word.to_lowercase()));
            }
            _ => {}
        }
        let follows = matches!(self.peek_at(1), Token::Text(_) | Token::Integer(_) | Token::Sign("("));
        if word.starts_with('!') || (follows && !FOLLOWING_WORDS.contains(&word)) {
            let error = self.error(format!("{word:?} is unexpected, expected a comparison"));
            return Err(error.maybe_hint(nearest(word, COMPARISON_WORDS)));
        }
        Ok(left)
    }

    fn membership(&mut self, left: Tree, op: Membership, start: Span) -> Result<Tree, KqlError> {
        self.expect_sign("(").map_err(|error| error.hint(format!("{} (\"a\", \"b\")", op.as_str())))?;
        let (set, depth) = if self.is_tabular() {
            let (pipeline, depth) = self.nested(Self::inner_pipeline)?;
            (Set::Table(pipeline.into()), depth)
        } else {
            let mut depth = 0;
            let values = self.list(|parser| {
                let value = parser.expression()?;
                depth = depth.max(value.depth);
                Ok(value.expr)
            })?;
            (Set::List(values), depth)
        };
        if !self.accept_sign(")") {
            return Err(self.unexpected("',' or ')'"));
        }
        let depth = depth.max(left.depth);
        self.node(ExprKind::In { op, value: left.expr.into(), set }, start, depth)
    }

    fn between(&mut self, value: Tree, negated: bool, start: Span) -> Result<Tree, KqlError> {
        let hinted = |error: KqlError| error.hint("between (1 .. 5)");
        self.expect_sign("(").map_err(hinted)?;
        let low = self.nested(Self::sum)?;
        self.expect_sign("..").map_err(hinted)?;
        let high = self.nested(Self::sum)?;
        self.expect_sign(")")?;
        let depth = value.depth.max(low.depth).max(high.depth);
        let (value, low, high) = (value.expr.into(), low.expr.into(), high.expr.into());
        self.node(ExprKind::Between { negated, value, low, high }, start, depth)
    }

    fn sum(&mut self) -> Result<Tree, KqlError> {
        self.arithmetic(&[("+", Arithmetic::Add), ("-", Arithmetic::Subtract)], Self::product)
    }

    fn product(&mut self) -> Result<Tree, KqlError> {
        let signs = [("*", Arithmetic::Multiply), ("/", Arithmetic::Divide), ("%", Arithmetic::Modulo)];
        self.arithmetic(&signs, Self::signed)
    }

    fn arithmetic(
        &mut self,
        signs: &[(&str, Arithmetic)],
        part: fn(&mut Self) -> Result<Tree, KqlError>,
    ) -> Result<Tree, KqlError> {
        let start = self.span();
        let mut left = part(self)?;
        while let Some((_, op)) = signs.iter().find(|(sign, _)| self.is_sign(sign)) {
            self.advance();
            let right = part(self)?;
            let depth = left.depth.max(right.depth);
            let kind = ExprKind::Arithmetic { op: *op, left: left.expr.into(), right: right.expr.into() };
            left = self.node(kind, start, depth)?;
        }
        Ok(left)
    }

    fn signed(&mut self) -> Result<Tree, KqlError> {
        let start = self.span();
        if self.accept_sign("+") {
            return self.nested(Self::signed);
        }
        if !self.accept_sign("-") {
            return self.postfix();
        }
        let literal = match *self.peek() {
            Token::Integer(number) => Some(self.negative(number)?),
            Token::Real(number) => Some(Literal::Real(-number)),
            Token::Span(micros) => Some(Literal::TimeSpan(micros.saturating_neg())),
            _ => None,
        };
        if let Some(literal) = literal {
            self.advance();
            return self.node(ExprKind::Literal(literal), start, 0);
        }
        let inner = self.nested(Self::signed)?;
        self.node(ExprKind::Negate(inner.expr.into()), start, inner.depth)
    }

    fn negative(&self, number: u64) -> Result<Literal, KqlError> {
        0_i64.checked_sub_unsigned(number).map(Literal::Long).ok_or_else(|| self.too_large())
    }

    fn too_large(&self) -> KqlError {
        KqlError::new(Reason::Value, self.span(), "the number does not fit into 64 bits")
    }

    fn postfix(&mut self) -> Result<Tree, KqlError> {
        let start = self.span();
        let mut base = self.primary()?;
        loop {
            if self.accept_sign(".") {
                let name = self.name("a name after '.'")?;
                base = self.node(ExprKind::Member(base.expr.into(), name.text), start, base.depth)?;
            } else if self.is_sign("[") {
                self.advance();
                let index = self.expression()?;
                self.expect_sign("]")?;
                let depth = base.depth.max(index.depth);
                base = self.node(ExprKind::Index(base.expr.into(), index.expr.into()), start, depth)?;
            } else {
                return Ok(base);
            }
        }
    }

    fn primary(&mut self) -> Result<Tree, KqlError> {
        let start = self.span();
        let literal = match self.peek().clone() {
            Token::Text(text) => Literal::String(text),
            Token::Integer(number) => Literal::Long(i64::try_from(number).map_err(|_| self.too_large())?),
            Token::Real(number) => Literal::Real(number),
            Token::Span(micros) => Literal::TimeSpan(micros),
            Token::Moment(moment) => Literal::DateTime(moment),
            Token::Null(kind) => Literal::Null(kind),
            Token::Word(word) => return self.word(&word),
            Token::Sign("(") => {
                self.advance();
                let inner = self.expression()?;
                self.expect_sign(")")?;
                let expr = self.searched(inner.expr);
                return Ok(Tree { expr, depth: inner.depth });
            }
            Token::Sign("*") => {
                self.advance();
                return self.node(ExprKind::Star, start, 0);
            }
            Token::Sign("[") if self.is_quoted_name() => {
                let name = self.name("a name")?;
                return self.node(ExprKind::Name(name.text), start, 0);
            }
            _ => return Err(self.unexpected("a name or a value")),
        };
        self.advance();
        self.node(ExprKind::Literal(literal), start, 0)
    }

    /// A name, a call, or a value that begins with a word.
    fn word(&mut self, word: &str) -> Result<Tree, KqlError> {
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
