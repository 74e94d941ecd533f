//! YARA-L 2.0.

mod ast;
mod expression;
pub(crate) mod functions;
mod lexer;
pub(crate) mod lists;
mod parser;
#[cfg(test)]
mod parser_tests;
mod print;
pub(crate) mod value;
