//! The language in which all is asked: KQL, and the search bar's shorthand for its `where`.
//!
//! ```text
//! text ──parse──► Query ──check──► plan::Plan ──► an engine (DataFusion, ClickHouse …)
//!                   │                   └───────► run::run, the interpreter that says what is right
//!                   └──Display──► text that is read as the same Query
//! ```
//!
//! * [`parse`] and [`parse_shorthand`] give a [`Query`]: what was written, with its places. Other skins (plain
//!   English) build one with the constructors of [`Expr`], [`Pipeline`] and [`Query`].
//! * [`check`] resolves names against a [`plan::Catalog`], checks kinds, computes constants and gives a
//!   [`plan::Plan`] that names no engine: [`plan::Op`] and [`Builtin`] are all that there is to translate.
//! * [`run::run`] answers a plan over rows in memory. It is the oracle of every engine, not one itself.
//! * [`complete`] says what may stand at a place of a question that is being written.
//! * [`reference()`] is the table of what is supported, from the code; `docs/query-language.md` holds it.
//! * `testing` (feature `testing`) holds the table of conformance: questions, rows in, rows out.
//!
//! Invariant: whatever is written, the answer is a question or a [`KqlError`] with a place within the text;
//! nothing panics, and nothing recurses or grows beyond [`limits`] (law LIMIT). What KQL has and this has not
//! is refused by its name, never ignored. No I/O, no clock (law TIME: the moment of a question is passed in),
//! no tenant: the tables that a question can name are those of the catalog it is checked against (law TENANT).

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
mod problems;
mod reference;
pub mod run;
mod shorthand;
mod span;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod value;
mod walk;

pub use ast::*;
pub use builtin::{
    AGGREGATE_ALIASES, ALIASES, AggregateFunction, Area, Builtin, Parameter, REFUSED_AGGREGATES,
    REFUSED_FUNCTIONS, Signature, Takes,
};
pub use check::{CheckOptions, check};
pub use complete::{Completion, Observed, SUGGESTIONS_MAX, Suggestion, SuggestionKind, complete};
pub use error::{KqlError, Reason};
pub use hint::nearest;
pub use parse::{OPERATOR_HELP, OPERATORS, OperatorHelp, REFUSED_OPERATORS, parse};
pub use problems::{PROBLEMS_MAX, problems};
pub use reference::reference;
pub use shorthand::parse_shorthand;
pub use span::{At, Place, Span};
pub use value::{Kind, moment_of};
