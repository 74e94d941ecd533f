use super::parser::{Parser, Tree};
use crate::ast::{Arithmetic, Comparison, Expr, ExprKind, Literal, Membership, Set, TextTest};
use crate::error::{KqlError, Reason};
use crate::hint::nearest;
use crate::lex::Token;
use crate::span::Span;

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
            (true, ExprKind::Star) => Expr { kind: ExprKind::Literal(Literal::Bool(true)), at: expr.at },
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
}
