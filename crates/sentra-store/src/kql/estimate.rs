//! What a plan makes an engine look at, from metadata alone.

use sentra_kql::plan::{Aggregate, Expr, ExprNode, Node, Op, Plan};
use sentra_kql::{AggregateFunction, Builtin};
use sentra_model::Mart;

use super::{leaves, marts_of, predicate_of};
use crate::TimeRange;
use crate::bound::{Bound, TimeBounds, bind};

/// What a plan makes an engine look at, from metadata alone: no row is read for it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlanEstimate {
    /// One for every table that the plan reads, in the order in which they stand in it.
    pub scans: Vec<ScanEstimate>,
}

/// What one reading of a table makes an engine look at.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScanEstimate {
    /// The table.
    pub table: String,
    /// Segments that have to be opened.
    pub segments: u64,
    /// Segments of the table.
    pub segments_total: u64,
    /// Rows in the segments to be opened.
    pub rows: u64,
    /// Rows of those that are probably within the times asked for.
    pub rows_in_range: u64,
    /// Bytes of the segments to be opened.
    pub bytes: u64,
    /// Rows that are not yet in a segment.
    pub memory_rows: u64,
    /// The rollup whose rows are among these, in the place of segments.
    pub rollup: Option<String>,
}

impl PlanEstimate {
    fn sum(&self, of: impl Fn(&ScanEstimate) -> u64) -> u64 {
        self.scans.iter().map(of).fold(0, u64::saturating_add)
    }

    /// Segments that have to be opened; one that is read twice counts twice.
    #[must_use]
    pub fn segments(&self) -> u64 {
        self.sum(|scan| scan.segments)
    }

    /// Rows that have to be looked at, those in memory too.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.sum(|scan| scan.rows.saturating_add(scan.memory_rows))
    }

    /// Whether rollups answer, and the events of their segments are not read.
    #[must_use]
    pub fn is_by_rollups(&self) -> bool {
        !self.scans.is_empty() && self.scans.iter().all(|scan| scan.rollup.is_some())
    }

    /// Bytes of the segments that have to be opened.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.sum(|scan| scan.bytes)
    }
}

/// One reading of a table of events.
#[derive(Debug)]
pub(crate) struct Scan {
    pub(crate) table: String,
    pub(crate) marts: Option<Vec<Mart>>,
    /// What the conditions right above it say about time.
    pub(crate) times: TimeBounds,
    /// What they say as far as the store's own predicates can.
    pub(crate) bound: Bound,
    /// Whether only their number is wanted, of all of them: it is known without reading.
    pub(crate) is_counted: bool,
}

/// The readings of tables within `plan`, in order.
pub(crate) fn scans(plan: &Plan) -> Vec<Scan> {
    let mut found = Vec::new();
    walk(&plan.root, Vec::new(), &mut found);
    found
}

/// `bounds` are the conditions between here and the operator above that is neither a condition nor a choice of columns.
fn walk(node: &Node, mut bounds: Vec<Bound>, found: &mut Vec<Scan>) {
    match &node.op {
        Op::Scan { table } => {
            let bound = Bound::And(bounds);
            let times = TimeBounds::of(TimeRange::default(), Some(&bound));
            found.push(Scan {
                table: table.clone(),
                marts: marts_of(table),
                times,
                bound,
                is_counted: false,
            });
        }
        Op::Filter { input, condition } => {
            let below = leaves(input);
            let leaf = |place: usize| below.get(place).copied().flatten();
            let bound = |part: &Expr| predicate_of(part, &leaf).and_then(|part| bind(&part).ok());
            match &condition.node {
                ExprNode::Call(Builtin::And, parts) => bounds.extend(parts.iter().filter_map(bound)),
                _ => bounds.extend(bound(condition)),
            }
            walk(input, bounds, found);
        }
        Op::Project { input, .. } => walk(input, bounds, found),
        Op::Values { .. } => {}
        Op::Aggregate { input, keys, aggregates } => {
            walk(input, Vec::new(), found);
            let is_count = |aggregate: &Aggregate| {
                aggregate.function == AggregateFunction::Count && aggregate.arguments.is_empty()
            };
            if let (Op::Scan { .. }, Some(scan)) = (&input.op, found.last_mut()) {
                scan.is_counted = keys.is_empty() && aggregates.iter().all(is_count);
            }
        }
        Op::Sort { input, .. }
        | Op::Take { input, .. }
        | Op::Parse { input, .. }
        | Op::Expand { input, .. }
        | Op::Sequence { input, .. } => walk(input, Vec::new(), found),
        Op::Join { left, right, .. } => {
            walk(left, Vec::new(), found);
            walk(right, Vec::new(), found);
        }
        Op::Union { inputs } => inputs.iter().for_each(|input| walk(input, Vec::new(), found)),
    }
}
