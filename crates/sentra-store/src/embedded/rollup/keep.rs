//! Rollups declared, counted with every segment that is written, and caught up with those that were there before.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sentra_kql::plan::Value;
use sentra_kql::run::Row;
use sentra_model::{RollupDefinition, TenantScope};

use super::compiled::{Compiled, Span};
use super::matching::cell_of;
use super::partial::{Partial, ROLLUP_PART_BYTES_MAX, ROLLUP_PART_ROWS_MAX, Totals};
use super::stored::Part;
use crate::embedded::EmbeddedMarts;
use crate::embedded::lower::Events;
use crate::embedded::stop::Stop;
use crate::embedded::tenant::{Segment, Snapshot, Tenant};
use crate::kql::rows_of;
use crate::{Lineage, ROLLUPS_MAX, RollupStats, SegmentRef, StoreError, Tended};

/// What was counted of events.
#[derive(Debug, Default)]
pub(super) struct Counted {
    /// Rows of the rollup's plan: time, keys, count, values; `None` when there are too many.
    pub(super) rows: Option<Vec<Row>>,
    pub(super) lineage: Lineage,
    pub(super) segments: Vec<SegmentRef>,
}

impl EmbeddedMarts {
    /// Makes the tenant's rollups those that are given. What is stored is counted by and by; see
    /// [`EmbeddedMarts::catch_up_rollups`].
    pub(in crate::embedded) async fn make_rollups(
        &self,
        scope: &TenantScope,
        definitions: Vec<RollupDefinition>,
    ) -> Result<(), StoreError> {
        let tenant = self.tenant(scope).await;
        let known = tenant.rollups();
        let mut rollups: Vec<Arc<Compiled>> = Vec::new();
        for definition in definitions {
            let rollup = Compiled::new(&definition)?;
            let is_known = |known: &&Arc<Compiled>| {
                known.name() == rollup.name() && known.fingerprint == rollup.fingerprint
            };
            let rollup = known.iter().find(is_known).cloned().unwrap_or(rollup);
            rollups.retain(|other| other.name() != rollup.name());
            rollups.push(rollup);
        }
        if rollups.len() > ROLLUPS_MAX {
            let why = format!("there are {} rollups, at most {ROLLUPS_MAX} are kept", rollups.len());
            return Err(StoreError::Plan { why });
        }
        tenant.set_rollups(rollups.clone());
        self.manifest.keep_parts(scope, &rollups).await
    }

    pub(in crate::embedded) async fn stats_of_rollups(
        &self,
        scope: &TenantScope,
    ) -> Result<Vec<RollupStats>, StoreError> {
        let tenant = self.tenant(scope).await;
        let mut all = Vec::new();
        for rollup in tenant.rollups() {
            let parts = self.manifest.known_parts(scope, &rollup).await?;
            let snapshot = tenant.snapshot();
            let answers = rollup.answers.load(Ordering::Relaxed);
            let mut stats = RollupStats { name: rollup.name().to_owned(), answers, ..RollupStats::default() };
            for segment in snapshot.segments.iter().filter(|segment| rollup.takes(&segment.mart)) {
                match parts.of(segment).map(|known| (known.rows, known.bytes)) {
                    None => {
                        stats.segments_pending += 1;
                        stats.events_pending += segment.rows;
                    }
                    Some((None, _)) => stats.segments_wide += 1,
                    Some((Some(rows), bytes)) => {
                        stats.segments += 1;
                        stats.events += segment.rows;
                        stats.rows += rows;
                        stats.bytes += bytes;
                    }
                }
            }
            let chunks = snapshot.chunks.iter().filter(|chunk| rollup.takes(&chunk.mart));
            stats.events_pending += chunks.map(|chunk| chunk.record.num_rows() as u64).sum::<u64>();
            all.push(stats);
        }
        Ok(all)
    }

    /// What the rollups count of segments that are about to be published. What cannot be counted is counted later:
    /// events go before counts of them.
    pub(in crate::embedded) async fn count_new(&self, tenant: &Tenant, segments: &[Segment]) -> Vec<Part> {
        let rollups = tenant.rollups();
        let mut parts = Vec::new();
        for segment in segments.iter().filter(|_| !rollups.is_empty()) {
            let segment = Arc::new(segment.clone());
            for rollup in rollups.iter().filter(|rollup| rollup.takes(&segment.mart)) {
                match self.part_of(rollup, &segment).await {
                    Ok(part) => parts.push(part),
                    Err(error) => {
                        let (rollup, path) = (rollup.name(), &segment.path);
                        tracing::warn!(rollup, path, %error, "a rollup did not count a segment, it will later");
                    }
                }
            }
        }
        parts
    }

    /// Counts segments that rollups have not counted, the newest first. The caller holds `tending`.
    pub(in crate::embedded) async fn catch_up_rollups(
        &self,
        scope: &TenantScope,
        tenant: &Tenant,
        bytes_max: u64,
        tended: &mut Tended,
    ) -> Result<(), StoreError> {
        for rollup in tenant.rollups() {
            let parts = self.manifest.known_parts(scope, &rollup).await?;
            let mut pending = tenant.snapshot().segments;
            pending.retain(|segment| rollup.takes(&segment.mart) && parts.of(segment).is_none());
            pending.sort_by_key(|segment| std::cmp::Reverse(segment.last));
            for segment in pending {
                if tended.bytes_read >= bytes_max || self.is_busy(tenant) {
                    tended.has_more = true;
                    return Ok(());
                }
                tended.bytes_read += segment.bytes;
                match self.part_of(&rollup, &segment).await {
                    Ok(part) => {
                        self.manifest.add_part(scope, part).await?;
                        tended.rollup_parts += 1;
                    }
                    Err(error) => {
                        let (rollup, path) = (rollup.name(), &segment.path);
                        tracing::warn!(rollup, path, %error, "a rollup did not count a segment, it will later");
                    }
                }
            }
        }
        Ok(())
    }

    async fn part_of(&self, rollup: &Compiled, segment: &Arc<Segment>) -> Result<Part, StoreError> {
        let snapshot = Snapshot::of(vec![Arc::clone(segment)]);
        let counted = self.count(rollup, snapshot, Span::ALL, ROLLUP_PART_ROWS_MAX).await?;
        let partial = counted.rows.and_then(|rows| partial_of(rollup, rows));
        let rows = partial.as_ref().map(|partial| partial.rows.len() as u64);
        let data = partial.map(|partial| partial.to_bytes()).unwrap_or_default();
        let is_wide = data.len() > ROLLUP_PART_BYTES_MAX;
        metrics::counter!("sentra_store_rollup_segments_total").increment(1);
        Ok(Part {
            fingerprint: rollup.fingerprint.clone(),
            path: segment.path.clone(),
            checksum: segment.checksum.clone(),
            rows: rows.filter(|_| !is_wide),
            data: if is_wide { Vec::new() } else { data },
        })
    }

    /// Counts the events of `snapshot` within `span`.
    pub(super) async fn count(
        &self,
        rollup: &Compiled,
        snapshot: Snapshot,
        span: Span,
        rows_max: usize,
    ) -> Result<Counted, StoreError> {
        let failed = || StoreError::datafusion("count the events of a rollup");
        let plan = rollup.plan_within(span);
        let mut events = Events {
            session: self.session.clone(),
            indexes: Arc::clone(&self.indexes),
            snapshot,
            stop: Stop::default(),
            lineage: Lineage::default(),
            segments: Vec::new(),
        };
        let Some(lowered) = events.lower(&plan).await.map_err(failed())? else {
            return Ok(Counted::default());
        };
        let answer = events.answer(lowered, rows_max).map_err(failed())?;
        let batches = events.collected(answer).await.map_err(failed())?;
        let (lineage, segments) = (events.lineage, events.segments);
        let rows: Vec<Row> = batches.iter().flat_map(|batch| rows_of(batch, &plan.columns)).collect();
        let rows = (rows.len() <= rows_max).then_some(rows);
        Ok(Counted { rows, lineage, segments })
    }
}

/// Rows of the rollup's plan as they are kept; nothing where one cannot be.
pub(super) fn partial_of(rollup: &Compiled, rows: Vec<Row>) -> Option<Partial> {
    let folds = rollup.folds();
    let mut partial = Partial::default();
    for row in rows {
        let mut row = row.into_iter();
        let Some(Value::DateTime(bucket)) = row.next() else { return None };
        let keys = row.by_ref().take(rollup.keys.len()).map(cell_of).collect::<Option<Vec<_>>>()?;
        let Some(Value::Long(count)) = row.next() else { return None };
        let values = row.map(|value| match value {
            Value::Long(number) => Some(Some(number)),
            Value::DateTime(moment) => Some(Some(moment.micros())),
            Value::Null => Some(None),
            _ => None,
        });
        let values = values.collect::<Option<Vec<_>>>()?;
        // The sum of nothing is 0: one that is null was beyond what a number holds.
        let is_beyond = values.iter().zip(&folds).any(|(value, fold)| value.is_none() && fold.is_sum());
        let totals = Totals { count: u64::try_from(count).ok()?, values };
        if is_beyond || !partial.add(bucket.micros(), keys, totals, &folds) {
            return None;
        }
    }
    Some(partial)
}
