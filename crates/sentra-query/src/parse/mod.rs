//! Text → [`Question`]: a lexer and a recursive-descent parser, both bounded.

mod condition;
mod lexer;
mod parser;
mod value;

#[cfg(test)]
mod tests;

use crate::error::{Place, SyntaxError};
use crate::question::Question;
use lexer::tokens;
use parser::Parser;

/// Longest question.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;
/// Deepest nesting of brackets and negations.
pub const NESTING_MAX: usize = 64;

/// Understands `text`.
///
/// # Errors
/// Where it stops making sense, what was expected there, and the nearest right word.
pub fn parse(text: &str) -> Result<Question, SyntaxError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(SyntaxError {
            place: Place::at(text, 0),
            message: format!("the question has {} bytes, {TEXT_BYTES_MAX} is the limit", text.len()),
            hint: None,
        });
    }
    let tokens = tokens(text)?;
    Parser::new(text, &tokens).question()
}
