//! Questions in KQL to the marts: the tables that there are, what an answer is, and what of a plan the stores' own
//! predicates can say.
//!
//! Every engine answers [`sentra_kql::Plan`]s with the same rows (law SAME): the memory engine by the interpreter of
//! `sentra-kql`, the embedded one by DataFusion as far as that can, and by the interpreter above it.

mod catalog;
mod estimate;
mod interpret;
mod predicate;
mod search;
mod values;

use std::time::Duration;

use sentra_kql::plan::{Column, Plan};
use sentra_kql::run::{Row, RunError, RunLimits};

pub use catalog::{EVENTS_TABLE, event_catalog};
pub(crate) use catalog::{SCAN_COLUMNS, marts_of};
pub use estimate::{PlanEstimate, ScanEstimate};
pub(crate) use estimate::{Scan, scans};
pub(crate) use interpret::TellOnDrop;
pub use interpret::{interpret, interpret_until};
pub(crate) use predicate::{Leaf, leaves, predicate_of};
pub use search::search_of;
pub(crate) use values::{array_of, event_rows, rows_of, type_of, value_at};
pub use values::{arrow_schema, record_batch};

use crate::{Lineage, SegmentRef, StoppedBy, StoreError};

/// Most rows that the interpreter takes from a store when an operator is not the store's.
pub const FALLBACK_ROWS_MAX: usize = 500_000;

/// What a plan may cost (law LIMIT).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskLimits {
    /// Most rows of the answer; more are cut off, and the answer says so.
    pub rows_max: usize,
    /// After this time there is no answer.
    pub timeout: Duration,
}

impl Default for AskLimits {
    fn default() -> Self {
        Self { rows_max: crate::ROWS_MAX, timeout: Duration::from_secs(30) }
    }
}

/// The answer to a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanAnswer {
    /// The columns of the rows.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Row>,
    /// Whether there were more rows than [`AskLimits::rows_max`].
    pub cut: bool,
    /// What stopped it; then there are no rows.
    pub stopped_by: Option<StoppedBy>,
    /// What was looked at.
    pub lineage: Lineage,
    /// The segments that were opened, at most [`crate::LINEAGE_SEGMENTS_MAX`].
    pub segments: Vec<SegmentRef>,
    /// The rollups that were asked in the place of segments, by name.
    pub rollups: Vec<String>,
    /// Which part ran where, the innermost first.
    pub engines: Vec<String>,
}

impl PlanAnswer {
    /// The answer to `plan` before anything was looked at.
    pub(crate) fn unanswered(plan: &Plan) -> Self {
        Self {
            columns: plan.columns().to_vec(),
            rows: Vec::new(),
            cut: false,
            stopped_by: None,
            lineage: Lineage::default(),
            segments: Vec::new(),
            rollups: Vec::new(),
            engines: Vec::new(),
        }
    }
}

/// What the interpreter may hold of a store's rows.
pub(crate) fn run_limits() -> RunLimits {
    RunLimits { rows_max: FALLBACK_ROWS_MAX, ..RunLimits::default() }
}

pub(crate) fn run_failed(error: RunError) -> StoreError {
    match error {
        RunError::Halted => StoreError::Stopped { operation: "answer a question" },
        error => StoreError::Plan { why: error.to_string() },
    }
}
