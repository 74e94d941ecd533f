use sentra_model::Timestamp;

use super::lexer::Token;
use super::parser::Parser;
use crate::error::SyntaxError;
use crate::question::Value;

impl Parser<'_> {
    /// A value; a timespan may be added to or taken from a time.
    pub(super) fn value(&mut self) -> Result<Value, SyntaxError> {
        let mut value = self.plain_value()?;
        loop {
            let sign = match self.peek() {
                Token::Sign("+") => 1,
                Token::Sign("-") => -1,
                _ => return Ok(value),
            };
            self.advance();
            let Token::Span(micros) = *self.peek() else {
                return Err(self.unexpected("a timespan", Some("1h".into())));
            };
            let micros = micros.saturating_mul(sign);
            value = match value {
                Value::Time(moment) => Value::Time(moment.plus_micros(micros)),
                Value::FromNow(before) => Value::FromNow(before.saturating_add(micros)),
                _ => {
                    return Err(self.error_at(self.offset(), "only a time can be moved by a timespan", None));
                }
            };
            self.advance();
        }
    }

    fn plain_value(&mut self) -> Result<Value, SyntaxError> {
        let offset = self.offset();
        let token = self.peek().clone();
        self.advance();
        match token {
            Token::Text(text) => Ok(Value::Text(text)),
            Token::Integer(number) => Ok(Value::Integer(number)),
            Token::Float(number) => Ok(Value::Float(number)),
            Token::Word(word) if word == "true" || word == "false" => Ok(Value::Bool(word == "true")),
            Token::DateTime(text) => self.moment(&text, offset),
            Token::Word(word) if word == "now" => {
                self.expect_sign("(")?;
                self.expect_sign(")")?;
                Ok(Value::FromNow(0))
            }
            Token::Word(word) if word == "ago" => {
                self.expect_sign("(")?;
                let Token::Span(micros) = *self.peek() else {
                    return Err(self.unexpected("a timespan", Some("ago(1h)".into())));
                };
                self.advance();
                self.expect_sign(")")?;
                Ok(Value::FromNow(micros.saturating_neg()))
            }
            Token::Sign("-") => {
                let token = self.peek().clone();
                self.advance();
                match token {
                    Token::Integer(number) => Ok(Value::Integer(-number)),
                    Token::Float(number) => Ok(Value::Float(-number)),
                    _ => Err(self.error_at(offset, "'-' is unexpected, expected a value", None)),
                }
            }
            Token::Span(_) => {
                let hint = Some("ago(1h), or now() - 1h".to_owned());
                Err(self.error_at(offset, "a timespan is no value by itself", hint))
            }
            Token::Word(word) => {
                let message = format!("{word:?} is unexpected, expected a value");
                Err(self.error_at(offset, message, Some(format!("{word:?} in quotes, if it is a text"))))
            }
            _ => {
                self.back();
                Err(self.unexpected("a value", None))
            }
        }
    }

    /// A day stands for its first moment.
    fn moment(&self, text: &str, offset: usize) -> Result<Value, SyntaxError> {
        let whole: Result<Timestamp, _> = text.parse();
        let moment =
            whole.or_else(|_| format!("{text}T00:00:00Z").parse()).or_else(|_| format!("{text}Z").parse());
        moment.map(Value::Time).map_err(|_: sentra_model::TimestampError| {
            let hint = Some("datetime(2026-01-31T23:59:59Z)".to_owned());
            self.error_at(offset, format!("{text:?} is no time"), hint)
        })
    }
}
