//! Marts and records: what is kept of the stream, and the engines that keep it.
//!
//! * [`MartStore`] holds every event, by mart: [`MemoryMarts`] for tests, [`EmbeddedMarts`] on disk
//!   (Arrow in memory → Parquet segments sorted by time → DataFusion; one SQLite transaction publishes
//!   segments and position together).
//! * [`Records`] holds signals, incidents, dead letters and the detector's state: [`SqliteRecords`].
//!
//! Law SOURCE: both are projections of the backbone and commit their consumer position with their data.
//! Law TENANT: every call takes a [`sentra_model::TenantScope`], but [`Records::tenants`], which gives names only.
//! Law SAME: one contract suite per trait, which every engine passes.
//!
//! Invariant: this crate never decodes bytes, never judges an event, reads no clock but the one handed in,
//! and builds no query from text: predicates become expressions, so there is nothing to inject into.

mod admit;
mod answer;
mod bound;
mod check;
mod condition;
mod embedded;
mod error;
mod event;
mod header;
mod kql;
mod life;
mod marts;
mod matcher;
mod memory;
mod predicate;
mod readback;
mod records;
mod row;
mod schema;
mod sqlite;
mod stored_offsets;

pub use check::{MartCheck, MartProblem, MartProblemKind};
pub use embedded::{EmbeddedMarts, MartOptions, OpenReport};
pub use error::StoreError;
pub use event::StoredEvent;
pub use header::{ColumnKind, HeaderColumn, header_column, header_columns};
pub use kql::{AskLimits, EVENTS_TABLE, FALLBACK_ROWS_MAX, PlanAnswer, event_catalog};
pub use life::{DamagedSegment, Retained, Retention, RetentionPolicy, Tended};
pub use marts::{
    Column, DEFAULT_COLUMNS, Lineage, MartAnswer, MartQuery, MartStats, MartStore, ROWS_MAX, SearchOptions,
    Shape, StoppedBy, TimeRange,
};
pub use memory::MemoryMarts;
pub use predicate::{CompareOp, Literal, PREDICATE_DEPTH_MAX, PREDICATE_TERMS_MAX, Predicate};
pub use readback::{BackPage, ReadBack};
pub use records::{
    INCIDENTS_PAGE_MAX, IncidentFilter, IncidentVersion, LetterReplay, Page, Records, RecordsCommit,
    SqliteRecords,
};
pub use sentra_kql::plan::Plan;
pub use stored_offsets::StoredOffsets;

#[cfg(test)]
mod contract;
