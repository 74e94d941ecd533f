//! Text to a tree.

mod clauses;
mod expression;
mod operator;
mod parser;
mod source;

#[cfg(test)]
mod tests;

use crate::ast::{Operator, Query, Step};
use crate::error::{KqlError, Reason};
use crate::lex::lex;
use crate::limits::TEXT_BYTES_MAX;
use crate::span::Span;

use parser::Parser;

pub(crate) use expression::{COMPARISON_WORDS, star_test};
pub use operator::{OPERATORS, REFUSED_OPERATORS};

/// Reads a question.
///
/// # Errors
/// What is wrong, where, and what was probably meant. Tables, columns and functions are not looked at:
/// that is [`crate::check`]'s.
pub fn parse(text: &str) -> Result<Query, KqlError> {
    let mut parser = parser_of(text)?;
    let query = parser.query()?;
    parser.finish()?;
    Ok(query)
}

/// Reads what follows a question: `| where … | count`, at `offset` of the whole text. Without anything
/// there are no steps.
pub(crate) fn parse_steps(text: &str, offset: usize) -> Result<Vec<Step>, KqlError> {
    let mut parser = parser_of(text)?;
    parser.skip_to(offset);
    let steps = parser.steps()?;
    parser.finish()?;
    Ok(steps)
}

fn parser_of(text: &str) -> Result<Parser, KqlError> {
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("the question has {} bytes, {TEXT_BYTES_MAX} is the limit", text.len());
        return Err(KqlError::new(Reason::Limit, Span::new(0, text.len()), message));
    }
    let (lexemes, error) = lex(text);
    match error {
        Some(error) => Err(error),
        None => Ok(Parser::new(lexemes)),
    }
}

impl Operator {
    /// Its word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Where(_) => "where",
            Self::Count => "count",
            Self::Project(_) => "project",
            Self::ProjectAway(_) => "project-away",
            Self::ProjectKeep(_) => "project-keep",
            Self::ProjectRename(_) => "project-rename",
            Self::ProjectReorder(_) => "project-reorder",
            Self::Extend(_) => "extend",
            Self::Summarize { .. } => "summarize",
            Self::Sort(_) => "sort",
            Self::Top { .. } => "top",
            Self::Take(_) => "take",
            Self::Distinct(_) => "distinct",
            Self::Join(_) => "join",
            Self::Lookup(_) => "lookup",
            Self::Union(_) => "union",
            Self::Parse(parse) if parse.only_matching => "parse-where",
            Self::Parse(_) => "parse",
            Self::MvExpand(_) => "mv-expand",
            Self::Render(_) => "render",
            Self::GetSchema => "getschema",
            Self::Sequence(_) => "sequence",
        }
    }
}
