//! A question becomes a plan, an engine and an answer that says how it came about.
//!
//! ```text
//! linux | where user == "root" and message contains "failed" | take 10
//! events | where time > ago(1h) | summarize count() by user
//! user:root -src_ip:10.0.0.0/8
//! failed logins from 203.0.113.45 yesterday
//! event("raw.0.17")
//! ```
//!
//! [`parse`] takes the few words for single events and counts to a [`Question`], which the marts answer from their
//! newest end. Everything else goes the long way (`kql.rs`): its form is recognised, it is read as KQL, checked, and
//! answered as a plan. [`ask`] chooses between the two and gives an [`Answer`].
//!
//! Invariant: a question is never pasted into another language. It becomes a [`sentra_store::Predicate`] or a
//! [`sentra_store::Plan`], so there is nothing to inject into. Law LIMIT: the length of a question,
//! its nesting, its rows and its time are bounded. Law TENANT: there is no question without a scope.

mod answer;
mod ask;
mod error;
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
