//! Marts on disk: memory → Parquet segments → DataFusion, or past it where events are wanted as they are stored.
//!
//! ```text
//! DIR/marts/manifest.db                    segments and positions; the only truth about what exists
//! DIR/marts/lock                           held while a process has the store open
//! DIR/marts/TENANT/MART/P-FIRST-LAST.parquet   events of partition P with offsets from FIRST to LAST
//! DIR/marts/TENANT/MART/P-FIRST-LAST-N.parquet the same, in the place of other segments
//! ```
//!
//! A flush writes and syncs its segments, then publishes them and the new position in one transaction
//! (law SOURCE). A crash between any two steps leaves at most files that the manifest does not name;
//! they are removed at the next start, and the replay brings their events again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::prelude::SessionContext;
use sentra_kql::plan::Plan;
use sentra_kql::run::Halt;
use sentra_model::{
    Clock, EventBatch, EventId, Mart, Position, RollupDefinition, TenantId, TenantScope, Timestamp,
};
use tokio::sync::RwLock;

use crate::admit::admit;
use crate::kql::scans;
use crate::memory::{add_memory, widen};
use crate::{
    AskLimits, BackPage, DamagedSegment, Horizon, MartAnswer, MartQuery, MartStats, MartStore, PlanAnswer,
    PlanEstimate, ReadBack, Retained, RetentionPolicy, RollupStats, SearchOptions, Seen, SeenRequest,
    StoreError, StoredEvent, Tended,
};

mod aggregate;
mod alias;
mod alias_read;
mod ask;
mod blocks;
mod by_key;
mod drop;
mod expression;
mod file_reader;
mod flush;
mod form;
mod groups;
mod index;
mod intern;
mod life;
mod lower;
mod manifest;
mod mark;
mod native;
mod open;
mod options;
mod ordered;
mod pairs;
mod pool;
mod promoted;
mod prune;
mod raw_form;
mod readback;
mod resolve;
mod rollup;
mod row_function;
mod scan;
mod search;
mod seen;
mod segment;
mod session;
mod steps;
mod stop;
mod substitute;
mod table;
mod tally;
mod tenant;
mod tokens;
mod value_test;
mod whole_fields;
mod whole_raw;
mod words;

#[cfg(test)]
mod tests;

pub use open::OpenReport;
pub use options::MartOptions;
pub use rollup::check_rollup;

use life::unread_of_plan;
use manifest::Manifest;
use tenant::{Tenant, Unread};

/// [`MartStore`] on this machine's disk.
pub struct EmbeddedMarts {
    root: std::path::PathBuf,
    options: MartOptions,
    clock: Arc<dyn Clock>,
    manifest: Manifest,
    session: SessionContext,
    pool: Arc<pool::MeasuredPool>,
    indexes: Arc<index::Indexes>,
    tenants: RwLock<BTreeMap<TenantId, Arc<Tenant>>>,
    report: OpenReport,
    /// Of the next segment that takes the place of others.
    number: std::sync::atomic::AtomicU64,
    /// Held, not read: the lock goes with the file handle.
    _lock: std::fs::File,
    #[cfg(test)]
    fail_at: std::sync::Mutex<Option<flush::Step>>,
}

impl std::fmt::Debug for EmbeddedMarts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedMarts")
            .field("root", &self.root)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl EmbeddedMarts {
    /// Opens the marts of the data directory `dir`, made if they are missing.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process has them open, [`StoreError::NewerVersion`] when a newer
    /// program wrote them, others when the disk refuses. A segment that is missing or has another length than the
    /// manifest says is set aside: see [`OpenReport`].
    pub async fn open(dir: &Path, options: MartOptions, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        open::open(dir, options, clock).await
    }

    /// What was found when the store was opened.
    #[must_use]
    pub fn open_report(&self) -> &OpenReport {
        &self.report
    }

    /// As [`MartStore::ask`]; `halt` ends it from elsewhere, and counts the rows that the loops of this store take.
    ///
    /// # Errors
    /// As [`MartStore::ask`].
    pub async fn ask_until(
        &self,
        scope: &TenantScope,
        plan: &Plan,
        limits: &AskLimits,
        halt: Halt,
    ) -> Result<PlanAnswer, StoreError> {
        let answer = || async {
            match self.answer_by_rollups(scope, plan, limits).await? {
                Some(answer) => Ok(answer),
                None => self.answer_plan_until(scope, plan, limits, halt.clone()).await,
            }
        };
        let mut answer = self.read(scope, answer).await?;
        let unread = self.tenant(scope).await.snapshot().unread;
        answer.lineage.segments_unread = unread_of_plan(&unread, &plan.root);
        Ok(answer)
    }

    /// Most memory that all queries together had reserved at once, in bytes, since the last reset.
    #[must_use]
    pub fn query_memory_peak(&self) -> usize {
        self.pool.peak()
    }

    /// Begins to measure [`EmbeddedMarts::query_memory_peak`] anew.
    pub fn query_memory_peak_reset(&self) {
        self.pool.reset_peak();
    }

    /// Reads every segment of the tenant again and compares its checksum with the manifest's. Gives the
    /// number of segments read.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for the first segment that is not what was written.
    pub async fn verify(&self, scope: &TenantScope) -> Result<u64, StoreError> {
        let mut verified = 0;
        for segment in self.tenant(scope).await.snapshot().segments {
            let path = self.root.join(&segment.path);
            let (checksum, _) = tokio::task::spawn_blocking(move || segment::checksums(&path))
                .await
                .map_err(|_| StoreError::Stopped { operation: "verify a segment" })??;
            if checksum != segment.checksum {
                let detail = "its checksum is not the manifest's".to_owned();
                return Err(StoreError::Corrupt { path: self.root.join(&segment.path), detail });
            }
            verified += 1;
        }
        Ok(verified)
    }

    /// The tenant's part of the store, made when it is first asked for.
    async fn tenant(&self, scope: &TenantScope) -> Arc<Tenant> {
        if let Some(tenant) = self.tenants.read().await.get(scope.tenant()) {
            return Arc::clone(tenant);
        }
        Arc::clone(self.tenants.write().await.entry(scope.tenant().clone()).or_default())
    }
}

#[async_trait]
impl MartStore for EmbeddedMarts {
    async fn append(
        &self,
        scope: &TenantScope,
        batches: Vec<EventBatch>,
        next: Position,
    ) -> Result<(), StoreError> {
        for batch in &batches {
            segment::check_mart_name(batch.mart())?;
        }
        let tenant = self.tenant(scope).await;
        let _in_order = tenant.appending.lock().await;
        let chunks = admit(scope, &batches, next, tenant.taken(next.partition))?;
        for chunk in &chunks {
            let rows = chunk.record.num_rows() as u64;
            metrics::counter!("sentra_store_rows_total", "mart" => chunk.mart.to_string()).increment(rows);
        }
        let now = self.clock.now();
        tenant.take(chunks, next, now);
        if tenant.is_flush_due(&self.options, now) {
            self.flush_tenant(scope, &tenant).await?;
        }
        Ok(())
    }

    async fn flush(&self, scope: &TenantScope) -> Result<(), StoreError> {
        let tenant = self.tenant(scope).await;
        self.flush_tenant(scope, &tenant).await
    }

    async fn position(&self, scope: &TenantScope, partition: u32) -> Result<u64, StoreError> {
        Ok(self.tenant(scope).await.durable(partition))
    }

    async fn search_with(
        &self,
        scope: &TenantScope,
        query: &MartQuery,
        options: &SearchOptions,
    ) -> Result<MartAnswer, StoreError> {
        let mut answer = self.read(scope, || self.answer(scope, query, options)).await?;
        answer.complete &= answer.lineage.segments_unread == 0;
        Ok(answer)
    }

    async fn ask(
        &self,
        scope: &TenantScope,
        plan: &Plan,
        limits: &AskLimits,
    ) -> Result<PlanAnswer, StoreError> {
        self.ask_until(scope, plan, limits, Halt::default()).await
    }

    async fn tend(&self, scope: &TenantScope, bytes_max: u64) -> Result<Tended, StoreError> {
        self.tend_tenant(scope, bytes_max).await
    }

    async fn retain(
        &self,
        scope: &TenantScope,
        policy: &RetentionPolicy,
        now: Timestamp,
    ) -> Result<Retained, StoreError> {
        self.retire(scope, policy, now).await
    }

    async fn damaged(&self, scope: &TenantScope) -> Result<Vec<DamagedSegment>, StoreError> {
        Ok(self.damaged_segments(scope).await)
    }

    async fn horizon(&self, scope: &TenantScope) -> Result<Horizon, StoreError> {
        Ok(self.extents(scope).await)
    }

    async fn seen(&self, scope: &TenantScope, request: &SeenRequest) -> Result<Vec<Seen>, StoreError> {
        self.look_at_newest(scope, request).await
    }

    async fn estimate(&self, scope: &TenantScope, plan: &Plan) -> Result<PlanEstimate, StoreError> {
        let tenant = self.tenant(scope).await;
        let snapshot = tenant.snapshot();
        if let Some(estimate) = self.estimate_by_rollups(scope, &tenant, &snapshot, plan).await? {
            return Ok(estimate);
        }
        let estimate = |scan| prune::estimated(&snapshot, &self.indexes, scan);
        Ok(PlanEstimate { scans: scans(plan).into_iter().map(estimate).collect() })
    }

    async fn events(&self, scope: &TenantScope, ids: &[EventId]) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(scope, || self.look_up(scope, ids)).await
    }

    async fn read_back(&self, scope: &TenantScope, request: &ReadBack) -> Result<BackPage, StoreError> {
        self.read(scope, || self.page(scope, request)).await
    }

    async fn declare_marts(&self, scope: &TenantScope, marts: Vec<Mart>) {
        self.tenant(scope).await.declare(marts);
    }

    async fn declare_rollups(
        &self,
        scope: &TenantScope,
        rollups: Vec<RollupDefinition>,
    ) -> Result<(), StoreError> {
        self.make_rollups(scope, rollups).await
    }

    async fn rollup_stats(&self, scope: &TenantScope) -> Result<Vec<RollupStats>, StoreError> {
        self.stats_of_rollups(scope).await
    }

    async fn drop_mart(&self, scope: &TenantScope, mart: &Mart) -> Result<u64, StoreError> {
        self.drop_events(scope, mart).await
    }

    async fn stats(&self, scope: &TenantScope) -> Result<Vec<MartStats>, StoreError> {
        let tenant = self.tenant(scope).await;
        let snapshot = tenant.snapshot();
        let declared = tenant.declared();
        let mut marts: BTreeMap<Mart, MartStats> =
            declared.iter().map(|mart| (mart.clone(), MartStats::empty(mart))).collect();
        for segment in &snapshot.segments {
            let stats = marts.entry(segment.mart.clone()).or_insert_with(|| MartStats::empty(&segment.mart));
            stats.segments += 1;
            stats.rows += segment.rows;
            stats.bytes += segment.bytes;
            widen(stats, segment.first);
            widen(stats, segment.last);
        }
        for Unread { segment, .. } in &snapshot.unread {
            let stats = marts.entry(segment.mart.clone()).or_insert_with(|| MartStats::empty(&segment.mart));
            stats.segments_unread += 1;
            stats.rows_unread += segment.rows;
        }
        for (mart, retired) in &snapshot.retired {
            let stats = marts.entry(mart.clone()).or_insert_with(|| MartStats::empty(mart));
            stats.rows_retired += retired.rows;
            stats.bytes_retired += retired.bytes;
        }
        for chunk in &snapshot.chunks {
            add_memory(
                marts.entry(chunk.mart.clone()).or_insert_with(|| MartStats::empty(&chunk.mart)),
                chunk,
            );
        }
        Ok(marts.into_values().collect())
    }

    async fn names(&self, scope: &TenantScope) -> Result<Vec<Mart>, StoreError> {
        let tenant = self.tenant(scope).await;
        let (snapshot, declared) = (tenant.snapshot(), tenant.declared());
        let stored = snapshot.segments.iter().map(|segment| &segment.mart);
        let held = stored.chain(snapshot.chunks.iter().map(|chunk| &chunk.mart));
        let names: BTreeSet<&Mart> = held.chain(&declared).collect();
        Ok(names.into_iter().cloned().collect())
    }
}
