//! YARA-L 2.0.

mod accept;
mod ast;
mod compile;
#[cfg(test)]
mod corpus_tests;
mod expression;
pub(crate) mod functions;
mod gather;
mod head;
mod join;
mod lexer;
mod link;
mod listed;
pub(crate) mod lists;
mod parser;
#[cfg(test)]
mod parser_tests;
mod prefilter;
mod print;
mod report;
mod rule;
mod rules;
mod runner;
mod schema;
mod state;
mod stored;
mod term;
#[cfg(test)]
mod tests;
mod translate;
mod udm;
pub(crate) mod value;
mod windows;
