//! YARA-L 2.0: rules over UDM paths, on our events.
//!
//! Text becomes tokens ([`lexer`]), a rule as it was written ([`ast`], [`parser`], and back by [`print`]), and a
//! compiled rule ([`rule`]): names and types are checked ([`compile`], [`translate`], against [`schema`] and
//! [`udm`]), every condition is put where it belongs ([`link`]), and what an event must at least fulfil becomes a
//! condition for the engine ([`prefilter`]). Candidates are tried in full ([`accept`]), wait for company
//! ([`state`]), and are put together window by window ([`windows`], [`join`], [`gather`]) to matches ([`report`]).

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
pub(crate) mod rule;
pub(crate) mod rules;
#[cfg(test)]
mod runner;
mod schema;
pub(crate) mod state;
mod stored;
mod term;
#[cfg(test)]
mod tests;
mod translate;
mod translate_value;
mod udm;
pub(crate) mod value;
mod windows;
