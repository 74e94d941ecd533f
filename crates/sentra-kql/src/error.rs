use serde::Serialize;

use crate::span::{At, Place, Span};

/// A question that is refused: where, what is wrong, and what was probably meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{message}")]
pub struct KqlError {
    /// The part of the question that is at fault.
    pub span: Span,
    /// What kind of fault it is.
    pub reason: Reason,
    /// What is wrong, and what was expected.
    pub message: String,
    /// What was probably meant, or what to write instead.
    pub hint: Option<String>,
}

/// What kind of fault a question has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// It is not written as the language wants it.
    Syntax,
    /// It is KQL, but not supported.
    Unsupported,
    /// A table, column, function or operator that is not there.
    Unknown,
    /// Kinds of values that do not go together.
    Type,
    /// A value that makes no sense: no time, no regular expression, a negative number of rows.
    Value,
    /// It is larger than a question may be (law LIMIT).
    Limit,
}

impl KqlError {
    /// An error of the part `span`.
    pub fn new(reason: Reason, span: impl Into<Span>, message: impl Into<String>) -> Self {
        Self { span: span.into(), reason, message: message.into(), hint: None }
    }

    /// The same with something to write instead.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with something to write instead, if there is something.
    #[must_use]
    pub fn maybe_hint(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hint = hint.map(Into::into);
        self
    }

    /// The part of the question `text` that is at fault.
    #[must_use]
    pub fn written<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.span.start..self.span.end).unwrap_or_default()
    }

    /// Where it is, in lines and columns of the question `text`.
    #[must_use]
    pub fn place(&self, text: &str) -> Place {
        Place::at(text, self.span.start)
    }
}

impl From<At> for Span {
    fn from(at: At) -> Self {
        at.0
    }
}
