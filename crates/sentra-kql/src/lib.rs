//! The language in which all is asked: KQL, and the search bar's shorthand for its `where`.

mod ast;
mod builtin;
mod check;
mod complete;
mod error;
mod hint;
mod lex;
pub mod limits;
mod parse;
pub mod plan;
mod print;
mod reference;
pub mod run;
mod shorthand;
mod span;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod value;

pub use ast::*;
pub use builtin::{
    AGGREGATE_ALIASES, ALIASES, AggregateFunction, Area, Builtin, Parameter, REFUSED_AGGREGATES,
    REFUSED_FUNCTIONS, Signature, Takes,
};
pub use check::{CheckOptions, check};
pub use complete::{Completion, Observed, SUGGESTIONS_MAX, Suggestion, SuggestionKind, complete};
pub use error::{KqlError, Reason};
pub use parse::{OPERATOR_HELP, OPERATORS, OperatorHelp, REFUSED_OPERATORS, parse};
pub use reference::reference;
pub use shorthand::parse_shorthand;
pub use span::{At, Place, Span};
pub use value::{Kind, moment_of};
