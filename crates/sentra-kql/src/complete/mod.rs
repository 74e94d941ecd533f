//! What may stand at a place of a question that is being written: tables, columns of the rows at that
//! place, operators, functions, and values that have been seen.

mod writer;

#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::check::CheckOptions;
use crate::lex::{Lexeme, Token, lex};
use crate::limits::TEXT_BYTES_MAX;
use crate::span::Span;

use writer::Writer;

/// Most suggestions that are given.
pub const SUGGESTIONS_MAX: usize = 50;

/// What has been seen in the data. Both are asked for what begins with `prefix`, without case.
pub trait Observed {
    /// Values of a column or of a field of the source.
    fn values(&self, column: &str, prefix: &str) -> Vec<String>;
    /// Names of fields of the source.
    fn fields(&self, prefix: &str) -> Vec<String>;
}

/// Nothing has been seen.
impl Observed for () {
    fn values(&self, _: &str, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn fields(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

/// What may stand at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Completion {
    /// The part of the question that a suggestion replaces.
    pub replace: Span,
    /// The suggestions, the likeliest first.
    pub suggestions: Vec<Suggestion>,
}

/// Something that may stand at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// What is written.
    pub text: String,
    /// What it is.
    pub kind: SuggestionKind,
    /// What it means: the kind of a column, what a function takes.
    pub detail: String,
}

/// What a suggestion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SuggestionKind {
    /// A value that was seen.
    Value,
    /// A column of the rows.
    Column,
    /// A field of the source.
    Field,
    /// A table, or what a `let` names.
    Table,
    /// An operator of a pipeline.
    Operator,
    /// A word that compares.
    Comparison,
    /// A word of an operator.
    Keyword,
    /// An aggregate.
    Aggregate,
    /// A function.
    Function,
}

/// What may stand `cursor` bytes into `text`. What follows is not looked at.
#[must_use]
pub fn complete(text: &str, cursor: usize, options: CheckOptions<'_>, observed: &dyn Observed) -> Completion {
    let mut end = cursor.min(text.len()).min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = text.get(..end).unwrap_or_default();
    let (mut lexemes, error) = lex(before);
    lexemes.pop();
    let mut writer = Writer::new(options, observed, before, lexemes);
    let replace = match error {
        // Within a text.
        Some(error) if error.hint.as_deref().is_some_and(|hint| matches!(hint, "\"" | "'")) => {
            let start = error.span.start;
            let written = before.get(start..).unwrap_or_default();
            let prefix = written.trim_start_matches(['@', '"', '\'']).to_owned();
            writer.values(&prefix);
            return writer.finished(Span::new(start, end), "");
        }
        Some(_) => return writer.finished(Span::new(end, end), ""),
        None => match writer.lexemes.last() {
            Some(Lexeme { token: Token::Word(_), span }) if span.end == end => *span,
            _ => Span::new(end, end),
        },
    };
    let prefix = before.get(replace.start..).unwrap_or_default().to_owned();
    if !prefix.is_empty() {
        writer.lexemes.pop();
    }
    // `mv-exp` is one word, though three tokens.
    let replace = writer.hyphenated(replace);
    let prefix = before.get(replace.start..).unwrap_or(&prefix).to_owned();
    writer.suggest(&prefix);
    writer.finished(replace, &prefix)
}
