//! Marts and records: what is kept of the stream, and the engines that keep it.
//!
//! * [`MartStore`] holds every event, by mart: [`MemoryMarts`] for tests, [`EmbeddedMarts`] on disk
//!   (Arrow in memory → Parquet segments sorted by time → DataFusion; one SQLite transaction publishes
//!   segments and position together).
//! * [`Records`] holds signals, incidents, dead letters and the detector's state: [`SqliteRecords`].
//! * [`MartRegistry`] holds the marts that administrators registered; [`RoutingTable`] puts events into them.
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
mod decisions;
mod embedded;
mod error;
mod event;
mod event_condition;
mod header;
mod kql;
mod life;
mod mart_routing;
mod marts;
mod matcher;
mod memory;
mod predicate;
mod readback;
mod records;
mod registry;
mod rollup;
mod row;
mod schema;
mod seen;
mod sqlite;
mod stored_offsets;
mod stream;

pub use decisions::{
    DECISIONS_PAGE_MAX, DecisionKeeping, DecisionStore, QUESTION_BYTES_KEPT_MAX, SqliteDecisions,
    StoredDecision,
};

pub use check::{MartCheck, MartProblem, MartProblemKind};
pub use embedded::{EmbeddedMarts, MartOptions, OpenReport, check_rollup};
pub use error::StoreError;
pub use event::StoredEvent;
pub use event_condition::{ConditionProblem, EventCondition};
pub use header::{ColumnKind, HeaderColumn, header_column, header_columns};
pub use kql::{
    AskLimits, EVENTS_TABLE, FALLBACK_ROWS_MAX, PlanAnswer, PlanEstimate, ScanEstimate, arrow_schema,
    event_catalog, interpret, interpret_until, record_batch, search_of,
};
pub use life::{DamagedSegment, Retained, Retention, RetentionPolicy, Tended};
pub use mart_routing::{Routed, RoutingTable, split_at};
pub use marts::{
    Column, DEFAULT_COLUMNS, LINEAGE_SEGMENTS_MAX, Lineage, MartAnswer, MartQuery, MartStats, MartStore,
    ROWS_MAX, SearchOptions, SegmentRef, Shape, StoppedBy, TimeRange,
};
pub use memory::MemoryMarts;
pub use predicate::{CompareOp, Literal, PREDICATE_DEPTH_MAX, PREDICATE_TERMS_MAX, Predicate};
pub use readback::{BackPage, ReadBack};
pub use records::{
    INCIDENTS_PAGE_MAX, IncidentFilter, IncidentVersion, LetterReplay, Page, Records, RecordsCommit,
    SIGNALS_PAGE_MAX, SignalFilter, SqliteRecords,
};
pub use registry::{MART_CHANGES_MAX, MartRegistry};
pub use rollup::{ROLLUPS_MAX, RollupStats};
pub use seen::{
    SEEN_FIELD_ROWS_MAX, SEEN_MAX, SEEN_ROWS_MAX, SEEN_TEXT_BYTES_MAX, SEEN_TEXTS_MAX, Seen, SeenOf,
    SeenRequest,
};
pub use sentra_kql::plan::Plan;
pub use stored_offsets::StoredOffsets;
pub use stream::{
    AnswerEnd, AnswerPart, AnswerStream, Extent, Horizon, PIECE_ROWS_MAX, Page as AnswerPage, PageFrom,
    RowPlace, RowWise, page_of, within_horizon,
};

#[cfg(test)]
mod contract;
