//! Damaged segments: set aside, named, and left out of answers that say so.

use std::future::Future;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use futures::{FutureExt, StreamExt};
use sentra_kql::plan::{ExprNode, Node, Op};
use sentra_kql::{Builtin, plan};
use sentra_model::{Mart, TenantScope};

use super::LookedAt;
use crate::bound::{Bound, TimeBounds, bind};
use crate::embedded::EmbeddedMarts;
use crate::embedded::table::SegmentTable;
use crate::embedded::tenant::{Segment, Tenant, Unread};
use crate::kql::{Leaf, SCAN_COLUMNS, marts_of, predicate_of};
use crate::{DamagedSegment, StoreError, TimeRange};

/// After a search for damage that found none, a failed read starts no other for this long: what fails for another reason
/// shall not make the store read everything again and again.
const SEARCH_INTERVAL_MICROS: i64 = 10 * 60 * 1_000_000;

impl EmbeddedMarts {
    /// What `read` gives; when it meets a damaged segment, what it gives without that.
    pub(in crate::embedded) async fn read<T, F>(
        &self,
        scope: &TenantScope,
        read: impl Fn() -> F + Send + Sync,
    ) -> Result<T, StoreError>
    where
        T: Send,
        F: Future<Output = Result<T, StoreError>> + Send,
    {
        let tenant = self.tenant(scope).await;
        let _reading = tenant.reading();
        let mut is_again = false;
        loop {
            let changes = tenant.changes();
            // A page with fallen bits can make a decoder panic; that is no reason to end anything but this read.
            let given = AssertUnwindSafe(read()).catch_unwind().await;
            let is_damage = match &given {
                Ok(Ok(_)) => false,
                Ok(Err(error)) => may_be_damage(error),
                Err(_) => true,
            };
            // Each round but the first sets a segment aside or puts one right, or has seen that another read did.
            if !is_damage || !self.set_damaged_aside(scope, &tenant, changes, is_again).await? {
                return given.unwrap_or_else(|panic| resume_unwind(panic));
            }
            is_again = true;
        }
    }

    /// Compares segments of the tenant with their checksums: those of which a block was not right, and all where that finds
    /// none, or `is_again` says that the same read met damage before. Decodes them where that finds nothing. Gives whether
    /// it is worth to read again: a segment was set aside or put right since there were `changes`, or what could not be read can
    /// be now.
    async fn set_damaged_aside(
        &self,
        scope: &TenantScope,
        tenant: &Tenant,
        changes: u64,
        is_again: bool,
    ) -> Result<bool, StoreError> {
        let _alone = tenant.tending.lock().await;
        // Another read has met it since this one began.
        if tenant.changes() > changes {
            return Ok(true);
        }
        let (mut is_found, mut is_right_now) = (false, false);
        for segment in self.indexes.take_suspects(scope.tenant(), &tenant.snapshot().segments) {
            let looked_at = self.looked_at(scope, tenant, &segment).await?;
            // Also where the file was right and what was known of it was not.
            is_found |= looked_at != LookedAt::Whole;
            if looked_at == LookedAt::Damaged {
                continue;
            }
            if let Err(detail) = self.decode(&segment).await {
                self.set_aside(scope, tenant, &segment, detail).await?;
                is_found = true;
            } else {
                is_right_now = true;
            }
        }
        if (is_found || is_right_now) && !is_again {
            return Ok(true);
        }
        let now = self.clock.now();
        if tenant.searched().is_some_and(|searched| now.since(searched) < SEARCH_INTERVAL_MICROS) {
            return Ok(is_found);
        }
        tracing::warn!(tenant = %scope.tenant(), "a read failed, segments are compared with their checksums");
        let segments = tenant.snapshot().segments;
        for segment in &segments {
            is_found |= self.looked_at(scope, tenant, segment).await? != LookedAt::Whole;
        }
        if !is_found {
            for segment in &segments {
                if let Err(detail) = self.decode(segment).await {
                    self.set_aside(scope, tenant, segment, detail).await?;
                    is_found = true;
                }
            }
        }
        if !is_found {
            tenant.is_searched(now);
        }
        Ok(is_found)
    }

    /// Reads every page of a segment; gives its rows, or why it cannot.
    pub(in crate::embedded) async fn decode(&self, segment: &Arc<Segment>) -> Result<u64, String> {
        let read = async {
            let table = Arc::new(SegmentTable::all(vec![Arc::clone(segment)]));
            let mut batches = self.session.read_table(table)?.execute_stream().await?;
            let mut rows = 0;
            while let Some(batch) = batches.next().await {
                rows += batch?.num_rows() as u64;
            }
            Ok::<u64, DataFusionError>(rows)
        };
        match AssertUnwindSafe(read).catch_unwind().await {
            Ok(Ok(rows)) if rows == segment.rows => Ok(rows),
            Ok(Ok(rows)) => Err(format!("it has {rows} events, the manifest says {}", segment.rows)),
            Ok(Err(error)) => Err(format!("it does not decode: {}", error.strip_backtrace())),
            Err(_) => Err("it does not decode".to_owned()),
        }
    }

    /// Sets a segment aside, in the manifest first.
    pub(in crate::embedded) async fn set_aside(
        &self,
        scope: &TenantScope,
        tenant: &Tenant,
        segment: &Arc<Segment>,
        detail: String,
    ) -> Result<(), StoreError> {
        let Segment { path, offset_min, offset_max, rows, .. } = segment.as_ref();
        tracing::error!(
            path,
            detail,
            offset_min,
            offset_max,
            rows,
            "a segment is damaged, answers go without it"
        );
        metrics::counter!("sentra_store_damaged_segments_total", "tenant" => scope.tenant().to_string())
            .increment(1);
        let unread = Unread { segment: Arc::clone(segment), detail, found: self.clock.now() };
        self.manifest.set_aside(&unread).await?;
        tenant.set_aside(unread);
        self.show_segments(scope, tenant);
        Ok(())
    }

    /// See [`crate::MartStore::damaged`].
    pub(in crate::embedded) async fn damaged_segments(&self, scope: &TenantScope) -> Vec<DamagedSegment> {
        let mut damaged: Vec<DamagedSegment> =
            self.tenant(scope).await.snapshot().unread.iter().map(|unread| named(scope, unread)).collect();
        damaged.sort_by(|a, b| a.path.cmp(&b.path));
        damaged
    }
}

fn named(scope: &TenantScope, unread: &Unread) -> DamagedSegment {
    let segment = &unread.segment;
    DamagedSegment {
        tenant: scope.tenant().clone(),
        mart: segment.mart.clone(),
        path: segment.path.clone(),
        detail: unread.detail.clone(),
        found: unread.found,
        partition: segment.partition,
        offset_min: segment.offset_min,
        offset_max: segment.offset_max,
        rows: segment.rows,
        first: segment.first,
        last: segment.last,
    }
}

/// Whether an error can come from a file that is not what was written.
fn may_be_damage(error: &StoreError) -> bool {
    // A condition that fails over whole events, as a division by zero does, fails inside of the reader, too.
    let of_text = |text: &str| !text.contains("Error evaluating filter predicate");
    let of_arrow = |error: &ArrowError| match error {
        ArrowError::ParquetError(text) => of_text(text),
        ArrowError::ExternalError(error) => of_text(&error.to_string()),
        ArrowError::IoError(..) => true,
        _ => false,
    };
    match error {
        StoreError::Parquet { .. } | StoreError::Io { .. } => true,
        StoreError::Arrow { source, .. } => of_arrow(source),
        StoreError::DataFusion { source, .. } => match source.find_root() {
            DataFusionError::ParquetError(error) => of_text(&error.to_string()),
            DataFusionError::External(error) => of_text(&error.to_string()),
            DataFusionError::ObjectStore(_) | DataFusionError::IoError(_) => true,
            DataFusionError::ArrowError(error, _) => of_arrow(error),
            _ => false,
        },
        _ => false,
    }
}

/// How many of `unread` may hold events of `marts` within `bounds`.
pub(in crate::embedded) fn unread_of(unread: &[Unread], marts: Option<&[Mart]>, bounds: TimeBounds) -> u64 {
    let may_hold = |segment: &Segment| {
        marts.is_none_or(|marts| marts.contains(&segment.mart))
            && bounds.overlaps(segment.first, segment.last)
    };
    unread.iter().filter(|unread| may_hold(&unread.segment)).count() as u64
}

/// How many of `unread` may hold events that a plan asks for.
pub(in crate::embedded) fn unread_of_plan(unread: &[Unread], root: &Node) -> u64 {
    // Most often there are none.
    if unread.is_empty() { 0 } else { below(unread, root, &mut Vec::new()) }
}

fn below<'a>(unread: &[Unread], node: &'a Node, conditions: &mut Vec<&'a plan::Expr>) -> u64 {
    match &node.op {
        Op::Scan { table } => {
            let bounds = Bound::And(conditions.iter().flat_map(|condition| bounds_of(condition)).collect());
            let bounds = TimeBounds::of(TimeRange::default(), Some(&bounds));
            unread_of(unread, marts_of(table).as_deref(), bounds)
        }
        Op::Filter { input, condition } => {
            conditions.push(condition);
            below(unread, input, conditions)
        }
        // Columns have other places below anything else.
        Op::Values { .. } => 0,
        Op::Join { left, right, .. } => {
            below(unread, left, &mut Vec::new()) + below(unread, right, &mut Vec::new())
        }
        Op::Union { inputs } => inputs.iter().map(|input| below(unread, input, &mut Vec::new())).sum(),
        Op::Project { input, .. }
        | Op::Aggregate { input, .. }
        | Op::Sort { input, .. }
        | Op::Take { input, .. }
        | Op::Parse { input, .. }
        | Op::Expand { input, .. }
        | Op::Sequence { input, .. } => below(unread, input, &mut Vec::new()),
    }
}

/// What a condition over a table of events says about their time.
fn bounds_of(condition: &plan::Expr) -> Vec<Bound> {
    if let ExprNode::Call(Builtin::And, parts) = &condition.node {
        return parts.iter().flat_map(bounds_of).collect();
    }
    let leaf = |place: usize| {
        let column = SCAN_COLUMNS().get(place)?;
        (column.name == "time").then_some(Leaf::Present(column.name))
    };
    predicate_of(condition, &leaf).and_then(|predicate| bind(&predicate).ok()).into_iter().collect()
}
