//! The forensic index: the full text of the events that are routed to it, within a byte budget.
//!
//! * What is routed: the events of signals, and what [`Policy`]s name. Each has a [`Why`]; the best of an event's
//!   whys is its class, and the [`Classes`] have an order.
//! * [`TextIndex`] is the trait; [`MemoryIndex`] is the simple engine, [`EmbeddedIndex`] the one of the product
//!   (Tantivy). Both pass one contract suite (law SAME).
//! * A document holds what is needed to find it: terms, `name=value` pairs, time, mart, why. It leads back to the
//!   event by its id (law IDENTITY); neither raw bytes nor fields are stored a second time.
//! * The [`Budget`] is a share of the tenant's ingested bytes. Over it, documents of the last class go first, the
//!   oldest of them first, and each is counted by class: [`TextStats`].
//! * Terms are those of KQL's `has`: what `has` finds is always among what a [`Clause::Has`] finds.
//!
//! Must never: be the only place of anything. It is a projection (law SOURCE): what it refuses or removes stays in
//! the marts, and a damaged index is set aside and filled again by its caller. No clock: moments are passed in, and
//! a [`Deadline`] is made by who asks (law TIME).

mod admission;
mod budget;
mod condition;
mod document;
mod embedded;
mod error;
mod index;
mod ledger;
mod memory;
mod policy;
mod query;
mod terms;

#[cfg(test)]
mod contract;

pub use budget::Budget;
pub use condition::{CONDITION_TESTS_MAX, Condition, ConditionError};
pub use document::{
    DOCUMENT_FIELDS_MAX, DOCUMENT_TEXT_BYTES_MAX, Document, DocumentBuilder, Routed, WHYS_PER_DOCUMENT_MAX,
    Why,
};
pub use embedded::{EmbeddedIndex, EmbeddedOptions, TENANTS_OPEN_MAX};
pub use error::ForensicError;
pub use index::{
    APPEND_DOCUMENTS_MAX, Appended, CheckReport, ClassStats, Progress, SetAside, TextIndex, TextStats,
};
pub use memory::MemoryIndex;
pub use policy::{
    Classes, ForensicConfig, POLICIES_MAX, POLICY_NAME_BYTES_MAX, Policy, PolicyError, Router, signal_class,
};
pub use query::{
    CLAUSES_MAX, Clause, Deadline, HIT_LIMIT_MAX, Hit, QUERY_TEXT_BYTES_MAX, QueryProblem, TextAnswer,
    TextQuery, TextRange,
};
pub use terms::{TERM_BYTES_MAX, VALUE_BYTES_MAX};
