//! A question in words of KQL becomes a plan, an engine and an answer that says how it came about.
//!
//! ```text
//! linux | where user == "root" and message contains "failed" | take 10
//! events | where time > ago(1h) | count
//! event("raw.0.17")
//! ```
//!
//! [`parse`] turns text into a [`Question`] or says what is wrong, where, and what was probably meant.
//! [`ask`] plans it, asks the marts and gives an [`Answer`].
//!
//! Invariant: a question is never pasted into another language. It becomes a
//! [`sentra_store::Predicate`], so there is nothing to inject into. Law LIMIT: the length of a question,
//! its nesting, its rows and its time are bounded. Law TENANT: there is no question without a scope.

mod answer;
mod ask;
mod error;
mod hint;
mod kql;
mod parse;
mod plan;
mod question;

pub use answer::{Answer, Explain, Intent, Route, Status};
pub use ask::{AskOptions, Engine, ask};
pub use error::{Place, QueryError, SyntaxError};
pub use parse::{NESTING_MAX, TEXT_BYTES_MAX, parse};
pub use plan::ROWS_DEFAULT;
pub use question::{Comparison, Condition, Question, Stage, Subject, Value};
