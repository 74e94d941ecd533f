use sentra_model::{EventId, Mart};
use sentra_store::ROWS_MAX;

use super::lexer::{Placed, Token};
use crate::error::{Place, SyntaxError};
use crate::question::{Question, Stage, Subject};
use sentra_kql::nearest;

/// What may follow a `|`.
const STAGES: [&str; 4] = ["where", "take", "limit", "count"];
/// Stages that people know from KQL and that are not here yet.
const STAGES_NOT_YET: [&str; 12] = [
    "summarize",
    "project",
    "extend",
    "sort",
    "order",
    "top",
    "distinct",
    "join",
    "union",
    "parse",
    "render",
    "search",
];

/// Reads tokens; every error says where, what was expected and what was probably meant.
pub(super) struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Placed],
    next: usize,
    pub(super) depth: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, tokens: &'a [Placed]) -> Self {
        Self { text, tokens, next: 0, depth: 0 }
    }

    pub(super) fn question(mut self) -> Result<Question, SyntaxError> {
        let subject = self.subject()?;
        let mut stages = Vec::new();
        while self.accept_sign("|") {
            let offset = self.offset();
            if matches!(subject, Subject::Event(_)) {
                return Err(self.error_at(
                    offset,
                    "one event takes no stages",
                    Some("events | where …".into()),
                ));
            }
            let stage = self.stage()?;
            self.check_order(&stages, &stage, offset)?;
            stages.push(stage);
        }
        match self.peek() {
            Token::End => Ok(Question { subject, stages }),
            Token::Word(word) if STAGES.contains(&word.as_str()) => {
                Err(self.unexpected("'|' before the stage", Some(format!("| {word}"))))
            }
            _ => Err(self.unexpected("'|' or the end", None)),
        }
    }

    fn subject(&mut self) -> Result<Subject, SyntaxError> {
        let known: Vec<String> = Mart::DEFAULTS.iter().map(ToString::to_string).collect();
        let words = || known.iter().map(String::as_str).chain(["events", "event"]);
        let expected = || format!("a mart ({}), events or event(\"ID\")", known.join(", "));
        let offset = self.offset();
        let Token::Word(word) = self.peek().clone() else {
            return Err(self.unexpected(&expected(), None));
        };
        self.next += 1;
        if word == "event" {
            return self.event();
        }
        if word == "events" {
            return Ok(Subject::Events);
        }
        if let Some(mart) = Mart::named(&word) {
            return Ok(Subject::Mart(mart));
        }
        let hint = nearest(&word, words()).map(str::to_owned);
        Err(self.error_at(offset, format!("{word:?} is unknown, expected {}", expected()), hint))
    }

    fn event(&mut self) -> Result<Subject, SyntaxError> {
        let hint = Some("event(\"raw.0.17\"), or events for all of them".to_owned());
        if !self.accept_sign("(") {
            return Err(self.unexpected("'(' after event", hint));
        }
        let offset = self.offset();
        let Token::Text(text) = self.peek().clone() else {
            return Err(self.unexpected("an id in quotes", hint));
        };
        self.next += 1;
        let id: EventId = text
            .parse()
            .map_err(|_| self.error_at(offset, format!("{text:?} is no id of an event"), hint))?;
        self.expect_sign(")")?;
        Ok(Subject::Event(id))
    }

    fn stage(&mut self) -> Result<Stage, SyntaxError> {
        let expected = "a stage (where, take, limit, count)";
        let offset = self.offset();
        let Token::Word(word) = self.peek().clone() else {
            return Err(self.unexpected(expected, None));
        };
        self.next += 1;
        match word.as_str() {
            "where" => Ok(Stage::Where(self.condition()?)),
            "take" | "limit" => self.rows().map(Stage::Take),
            "count" => Ok(Stage::Count),
            other if STAGES_NOT_YET.contains(&other) => Err(self.error_at(
                offset,
                format!("stage {other} is not available yet, expected {expected}"),
                None,
            )),
            other => {
                let hint = nearest(other, STAGES).map(str::to_owned);
                Err(self.error_at(offset, format!("stage {other:?} is unknown, expected {expected}"), hint))
            }
        }
    }

    fn rows(&mut self) -> Result<usize, SyntaxError> {
        let Token::Integer(number) = *self.peek() else {
            return Err(self.unexpected("a number of rows", Some("take 10".into())));
        };
        match usize::try_from(number) {
            Ok(rows) if rows <= ROWS_MAX => {
                self.next += 1;
                Ok(rows)
            }
            _ => Err(self.error_at(
                self.offset(),
                format!("at most {ROWS_MAX} rows"),
                Some(ROWS_MAX.to_string()),
            )),
        }
    }

    /// Conditions come first, then rows or their number: other orders would mean something else.
    fn check_order(&self, before: &[Stage], stage: &Stage, offset: usize) -> Result<(), SyntaxError> {
        match (before.last(), stage) {
            (Some(Stage::Count), _) => Err(self.error_at(offset, "nothing can follow count", None)),
            (Some(Stage::Take(_)), Stage::Where(_)) => {
                Err(self.error_at(offset, "where cannot follow take", Some("put where before take".into())))
            }
            (Some(Stage::Take(_)), Stage::Count) => {
                Err(self.error_at(offset, "count cannot follow take", Some("leave take out".into())))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |placed| &placed.token)
    }

    pub(super) fn advance(&mut self) {
        self.next += 1;
    }

    pub(super) fn back(&mut self) {
        self.next = self.next.saturating_sub(1);
    }

    /// Where the next token begins.
    pub(super) fn offset(&self) -> usize {
        self.tokens.get(self.next).map_or(self.text.len(), |placed| placed.offset)
    }

    pub(super) fn accept_sign(&mut self, sign: &str) -> bool {
        let is_it = matches!(self.peek(), Token::Sign(found) if *found == sign);
        self.next += usize::from(is_it);
        is_it
    }

    pub(super) fn accept_word(&mut self, word: &str) -> bool {
        let is_it = matches!(self.peek(), Token::Word(found) if found == word);
        self.next += usize::from(is_it);
        is_it
    }

    pub(super) fn expect_sign(&mut self, sign: &str) -> Result<(), SyntaxError> {
        if self.accept_sign(sign) {
            return Ok(());
        }
        Err(self.unexpected(&format!("'{sign}'"), None))
    }

    pub(super) fn error_at(
        &self,
        offset: usize,
        message: impl Into<String>,
        hint: Option<String>,
    ) -> SyntaxError {
        SyntaxError { place: Place::at(self.text, offset), message: message.into(), hint }
    }

    /// The error for the next token.
    pub(super) fn unexpected(&self, expected: &str, hint: Option<String>) -> SyntaxError {
        let found = match self.peek() {
            Token::End => "the end".to_owned(),
            Token::Word(word) => format!("{word:?}"),
            Token::NotWord(word) => format!("\"!{word}\""),
            Token::CaselessWord(word) => format!("\"{word}~\""),
            Token::Text(_) => "a text".to_owned(),
            Token::Integer(_) | Token::Float(_) => "a number".to_owned(),
            Token::Span(_) => "a timespan".to_owned(),
            Token::DateTime(_) => "a time".to_owned(),
            Token::Sign(sign) => format!("'{sign}'"),
        };
        self.error_at(self.offset(), format!("{found} is unexpected, expected {expected}"), hint)
    }
}
