//! YARA-L 2.0.

mod ast;
mod compile;
mod expression;
pub(crate) mod functions;
mod lexer;
mod listed;
pub(crate) mod lists;
mod parser;
#[cfg(test)]
mod parser_tests;
mod print;
mod rule;
mod schema;
mod term;
mod translate;
mod udm;
pub(crate) mod value;
