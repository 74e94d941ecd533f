//! A question becomes a plan, engines and an answer that says how it came about.
//!
//! ```text
//! linux | where user == "root" and message contains "failed" | take 10
//! events | where time > ago(1h) | summarize count() by user
//! user:root -src_ip:10.0.0.0/8
//! failed logins from 203.0.113.45 yesterday
//! event("raw.0.17")
//! ```
//!
//! [`Desk::ask`] is the one way to ask. `read.rs` recognises the form of a question and reads it as KQL; it is checked
//! against the tables that there are, and answered as a plan: single events and their number from the newest end of
//! the marts, so that a search that is stopped has an honest partial answer, everything else by the marts' own engine.
//!
//! Invariant: a question is never pasted into another language. It becomes a [`sentra_store::Predicate`] or a
//! [`sentra_store::Plan`], so there is nothing to inject into. Law LIMIT: the length of a question, its nesting, its
//! rows, its time and its cost are bounded. Law TENANT: there is no question without a scope ([`Asker`]).

mod answer;
mod background;
mod ceiling;
mod cheaper;
mod complete;
mod cost;
mod decision;
mod deliver;
mod desk;
mod error;
mod execute;
mod export;
mod forensic;
mod found;
mod health;
mod log;
mod pages;
mod read;
mod request;
mod running;
mod similar;
mod tables;
mod turns;
mod whole;
mod wish;
mod words;
mod work;

pub use answer::{Answer, AnswerPart, Estimate, Explain, Intent, Render, Route, Status, StatusDetail};
pub use ceiling::{Ceiling, Ceilings};
pub use complete::{Completed, CompletedItem, CompletedPart, CompletedProblem, ItemKind, Severity};
pub use cost::{CostModel, SHAPES_MAX};
pub use decision::{Actual, AnswerLineage, Decision, NOTE_BYTES_MAX, Override};
pub use deliver::{COMPUTED_ROWS_MAX, Delivery, Ending, Head, Piece};
pub use desk::{Desk, DeskOptions, DeskParts, Estimated, Freshness, Waiting};
pub use error::{EngineError, Place, QueryError, SyntaxError, TooExpensive};
pub use export::{EXPORT_ROWS_MAX, ExportError, ExportFormat, Exporter};
pub use forensic::{FORENSIC_ROWS_MAX, FORENSIC_TABLE, FORENSIC_TERMS_MAX, TextHits, TextQuery, TextSearch};
pub use health::{EngineState, EngineStatus};
pub use pages::{CURSOR_BYTES_MAX, CursorKey, KEPT_ANSWERS_MAX, KEPT_BYTES_MAX, KEPT_ROWS_MAX, KEPT_S_MAX};
pub use read::ROWS_DEFAULT;
pub use request::{Asker, Engine, Pinned, QUERY_ID_BYTES_MAX, Request, Role};
pub use similar::{LIKE_MAX, Like, LikeKind, Similar};
pub use tables::{INCIDENTS_TABLE, RECORDS_ROWS_MAX, SIGNALS_TABLE};
pub use turns::{Lane, QUICK_MS_MAX, Queue, TENANT_WAITING_MAX, Turn, TurnLimits, Turns, WAITING_MAX};
pub use words::STALE_MS_MIN;
pub use work::{Work, WorkClass, work_of};
