use crate::ast::{Expr, ExprKind, Name};
use crate::error::{KqlError, Reason};
use crate::lex::{Lexeme, Token};
use crate::limits::{LIST_VALUES_MAX, NESTING_MAX, TERMS_MAX};
use crate::span::{At, Span};

/// Walks over the tokens of a question and counts what it makes of them (law LIMIT).
pub(super) struct Parser {
    lexemes: Vec<Lexeme>,
    at: usize,
    /// Brackets, calls and pipelines that are open.
    nesting: usize,
    /// Depth of the deepest tree made in the pipeline that is being read.
    pub(super) deepest: usize,
    terms: usize,
    pub(super) operators: usize,
    pub(super) inputs: usize,
    /// Whether `field:text` and bare texts are understood, as in `search`.
    pub(super) searching: bool,
}

/// An expression and how deep it is: what drops, prints or checks it goes as deep.
pub(super) struct Tree {
    pub(super) expr: Expr,
    pub(super) depth: usize,
}

impl Parser {
    pub(super) fn new(lexemes: Vec<Lexeme>) -> Self {
        Self { lexemes, at: 0, nesting: 0, deepest: 0, terms: 0, operators: 0, inputs: 0, searching: false }
    }

    pub(super) fn skip_to(&mut self, offset: usize) {
        while self.span().start < offset && *self.peek() != Token::End {
            self.advance();
        }
    }

    pub(super) fn peek(&self) -> &Token {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> &Token {
        self.lexemes.get(self.at + ahead).map_or(&Token::End, |lexeme| &lexeme.token)
    }

    pub(super) fn span(&self) -> Span {
        self.span_at(0)
    }

    pub(super) fn span_at(&self, ahead: usize) -> Span {
        let last = self.lexemes.last().map(|lexeme| lexeme.span).unwrap_or_default();
        self.lexemes.get(self.at + ahead).map_or(last, |lexeme| lexeme.span)
    }

    /// The token before the next one.
    pub(super) fn last_span(&self) -> Span {
        self.at.checked_sub(1).and_then(|at| self.lexemes.get(at)).map_or(self.span(), |lexeme| lexeme.span)
    }

    pub(super) fn advance(&mut self) {
        if self.at + 1 < self.lexemes.len() {
            self.at += 1;
        }
    }

    pub(super) fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Token::Sign(found) if *found == sign)
    }

    pub(super) fn is_sign_at(&self, ahead: usize, sign: &str) -> bool {
        matches!(self.peek_at(ahead), Token::Sign(found) if *found == sign)
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.is_word_at(0, word)
    }

    pub(super) fn is_word_at(&self, ahead: usize, word: &str) -> bool {
        matches!(self.peek_at(ahead), Token::Word(found) if found == word)
    }

    pub(super) fn accept_sign(&mut self, sign: &str) -> bool {
        let accepted = self.is_sign(sign);
        if accepted {
            self.advance();
        }
        accepted
    }

    pub(super) fn accept_word(&mut self, word: &str) -> bool {
        let accepted = self.is_word(word);
        if accepted {
            self.advance();
        }
        accepted
    }

    pub(super) fn expect_sign(&mut self, sign: &str) -> Result<(), KqlError> {
        if self.accept_sign(sign) { Ok(()) } else { Err(self.unexpected(&format!("'{sign}'"))) }
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Result<(), KqlError> {
        if self.accept_word(word) { Ok(()) } else { Err(self.unexpected(word)) }
    }

    /// The next token is not what it should be.
    pub(super) fn unexpected(&self, expected: &str) -> KqlError {
        let found = match self.peek() {
            Token::Word(word) => format!("{:?}", word.chars().take(80).collect::<String>()),
            Token::Text(_) => "a text".to_owned(),
            Token::Integer(_) | Token::Real(_) => "a number".to_owned(),
            Token::Span(_) | Token::Null(_) => "a timespan".to_owned(),
            Token::Moment(_) => "a time".to_owned(),
            Token::Sign(sign) => format!("'{sign}'"),
            Token::End => "the end".to_owned(),
        };
        let error = format!("{found} is unexpected, expected {expected}");
        let error = KqlError::new(Reason::Syntax, self.span(), error);
        match self.peek() {
            Token::Word(word) if matches!(word.as_str(), "AND" | "OR" | "NOT" | "And" | "Or" | "Not") => {
                error.hint(word.to_lowercase())
            }
            _ => error,
        }
    }

    pub(super) fn error(&self, message: impl Into<String>) -> KqlError {
        KqlError::new(Reason::Syntax, self.span(), message)
    }

    /// Everything has been read.
    pub(super) fn finish(&mut self) -> Result<(), KqlError> {
        if *self.peek() == Token::End {
            return Ok(());
        }
        let error = self.unexpected("'|' or the end");
        let is_operator = |word: &String| super::OPERATORS.contains(&word.as_str());
        match self.peek() {
            Token::Word(word) if is_operator(word) => Err(error.hint(format!("| {word}"))),
            _ => Err(error),
        }
    }

    /// Reads something that is within something else.
    pub(super) fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, KqlError>,
    ) -> Result<T, KqlError> {
        self.nesting += 1;
        if self.nesting > NESTING_MAX {
            return Err(self.too_deep());
        }
        let result = read(self);
        self.nesting -= 1;
        result
    }

    fn too_deep(&self) -> KqlError {
        let message = format!("the question is nested deeper than {NESTING_MAX} levels");
        KqlError::new(Reason::Limit, self.span(), message)
    }

    /// A deeper tree of the pipeline that is being read.
    pub(super) fn deepens(&mut self, depth: usize) -> Result<(), KqlError> {
        if depth > NESTING_MAX {
            return Err(self.too_deep());
        }
        self.deepest = self.deepest.max(depth);
        Ok(())
    }

    /// An expression over others, the deepest of which has `depth`.
    pub(super) fn node(&mut self, kind: ExprKind, start: Span, depth: usize) -> Result<Tree, KqlError> {
        self.terms += 1;
        if self.terms > TERMS_MAX {
            let message = format!("the question has more than {TERMS_MAX} names, values and calls");
            return Err(KqlError::new(Reason::Limit, self.span(), message));
        }
        self.deepens(depth + 1)?;
        Ok(Tree { expr: Expr { kind, at: At(start.to(self.last_span())) }, depth: depth + 1 })
    }

    /// Things with commas between them, at least one.
    pub(super) fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, KqlError>,
    ) -> Result<Vec<T>, KqlError> {
        let mut things = vec![read(self)?];
        while self.accept_sign(",") {
            if things.len() >= LIST_VALUES_MAX {
                let message = format!("the list has more than {LIST_VALUES_MAX} values");
                return Err(KqlError::new(Reason::Limit, self.span(), message));
            }
            things.push(read(self)?);
        }
        Ok(things)
    }

    /// A name: a word, or a text in square brackets.
    pub(super) fn name(&mut self, what: &str) -> Result<Name, KqlError> {
        let span = self.span();
        if let Token::Word(word) = self.peek()
            && !word.starts_with(['!', '$'])
            && !word.ends_with('~')
        {
            let text = word.clone();
            self.advance();
            return Ok(Name { text, at: At(span) });
        }
        if self.is_quoted_name() {
            let Token::Text(text) = self.peek_at(1) else { return Err(self.unexpected(what)) };
            let text = text.clone();
            for _ in 0..3 {
                self.advance();
            }
            return Ok(Name { text, at: At(span.to(self.last_span())) });
        }
        Err(self.unexpected(what))
    }

    /// Whether `["odd name"]` comes next.
    pub(super) fn is_quoted_name(&self) -> bool {
        self.is_sign("[") && matches!(self.peek_at(1), Token::Text(_)) && self.is_sign_at(2, "]")
    }

    /// A column's name, which may have dots: `fields.x` is the source field `x`.
    pub(super) fn dotted_name(&mut self, what: &str) -> Result<Name, KqlError> {
        let mut name = self.name(what)?;
        while self.is_sign(".") || (self.is_quoted_name() && name.text == "fields") {
            self.accept_sign(".");
            let part = self.name("a name after '.'")?;
            name.text = format!("{}.{}", name.text, part.text);
            name.at = At(name.at.0.to(part.at.0));
        }
        Ok(name)
    }

    /// Tells what stands together: a word whose parts are joined by hyphens, such as `mv-expand`.
    pub(super) fn hyphenated(&self) -> Option<(String, usize)> {
        let Token::Word(first) = self.peek() else { return None };
        let mut word = first.clone();
        let mut tokens = 1;
        while self.is_sign_at(tokens, "-")
            && self.span_at(tokens).start == self.span_at(tokens - 1).end
            && self.span_at(tokens + 1).start == self.span_at(tokens).end
            && let Token::Word(part) = self.peek_at(tokens + 1)
        {
            word = format!("{word}-{part}");
            tokens += 2;
        }
        Some((word, tokens))
    }
}
