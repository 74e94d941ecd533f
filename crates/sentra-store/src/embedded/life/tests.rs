//! Segments that are merged, removed by age, and crashes in between.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use sentra_kql::plan::Plan;
use sentra_kql::{CheckOptions, check, parse};
use sentra_model::{
    Clock, EventBatch, EventId, ManualClock, Mart, Position, RollupDefinition, TenantScope, Timestamp,
};

use crate::contract::fixture::{at, batches, next, scope};
use crate::contract::marts::{END, check_every_predicate, marts_contract, offsets, take};
use crate::contract::oracle::expected;
use crate::embedded::flush::Step;
use crate::embedded::tests::segment_files;
use crate::embedded::{EmbeddedMarts, MartOptions};
use crate::{
    AskLimits, BackPage, Horizon, MartAnswer, MartQuery, MartStats, MartStore, PlanAnswer, PlanEstimate,
    ReadBack, Retained, Retention, RetentionPolicy, RollupStats, SearchOptions, Seen, SeenRequest,
    StoreError, StoredEvent, Tended, event_catalog,
};

/// A day after everything invented: every window is over, and quiet.
pub(super) const LATER: i64 = 86_400;

pub(super) async fn open(dir: &Path) -> EmbeddedMarts {
    EmbeddedMarts::open(dir, MartOptions::default(), Arc::new(ManualClock::new(at(LATER)))).await.unwrap()
}

/// `dir` with the first `end` events, eight to a flush, as it is after a restart.
pub(super) async fn in_small_segments(dir: &Path, end: u64) -> EmbeddedMarts {
    let scope = scope("acme");
    let marts = open(dir).await;
    for from in (0..end).step_by(8) {
        marts.append(&scope, batches(&scope, from..from + 8), next(from + 8)).await.unwrap();
        marts.flush(&scope).await.unwrap();
    }
    drop(marts);
    open(dir).await
}

pub(super) async fn all(marts: &dyn MartStore) -> Vec<u64> {
    offsets(marts, &take(None, 1_000)).await
}

pub(super) fn whole(end: u64) -> Vec<u64> {
    expected(end, |_, _| true)
}

pub(super) fn plan(text: &str) -> Plan {
    let catalog = event_catalog(&[]);
    check(&parse(text).unwrap(), CheckOptions { catalog: &catalog, now: at(LATER), keep_calls: false })
        .unwrap()
}

/// A store that merges whenever something was written.
#[derive(Debug)]
struct Merging {
    marts: EmbeddedMarts,
    clock: Arc<ManualClock>,
}

impl Merging {
    /// Every batch becomes a segment of its own before it is merged.
    async fn open() -> Self {
        let clock = Arc::new(ManualClock::new(at(LATER)));
        let options = MartOptions { segment_bytes_max: 1, flush_interval_ms: u64::MAX, ..Default::default() };
        let dir = tempfile::tempdir().unwrap().keep();
        Self { marts: EmbeddedMarts::open(&dir, options, clock.clone()).await.unwrap(), clock }
    }
}

#[async_trait]
impl MartStore for Merging {
    async fn append(
        &self,
        scope: &TenantScope,
        batches: Vec<EventBatch>,
        next: Position,
    ) -> Result<(), StoreError> {
        self.marts.append(scope, batches, next).await
    }
    async fn flush(&self, scope: &TenantScope) -> Result<(), StoreError> {
        self.marts.flush(scope).await?;
        self.clock.set(self.clock.now().plus_micros(3_600_000_000));
        self.marts.tend(scope, u64::MAX).await.map(|_| ())
    }
    async fn position(&self, scope: &TenantScope, partition: u32) -> Result<u64, StoreError> {
        self.marts.position(scope, partition).await
    }
    async fn search_with(
        &self,
        scope: &TenantScope,
        query: &MartQuery,
        options: &SearchOptions,
    ) -> Result<MartAnswer, StoreError> {
        self.marts.search_with(scope, query, options).await
    }
    async fn ask(
        &self,
        scope: &TenantScope,
        plan: &Plan,
        limits: &AskLimits,
    ) -> Result<PlanAnswer, StoreError> {
        self.marts.ask(scope, plan, limits).await
    }
    async fn events(&self, scope: &TenantScope, ids: &[EventId]) -> Result<Vec<StoredEvent>, StoreError> {
        self.marts.events(scope, ids).await
    }
    async fn read_back(&self, scope: &TenantScope, request: &ReadBack) -> Result<BackPage, StoreError> {
        self.marts.read_back(scope, request).await
    }
    async fn stats(&self, scope: &TenantScope) -> Result<Vec<MartStats>, StoreError> {
        self.marts.stats(scope).await
    }
    async fn horizon(&self, scope: &TenantScope) -> Result<Horizon, StoreError> {
        self.marts.horizon(scope).await
    }
    async fn seen(&self, scope: &TenantScope, request: &SeenRequest) -> Result<Vec<Seen>, StoreError> {
        self.marts.seen(scope, request).await
    }
    async fn estimate(&self, scope: &TenantScope, plan: &Plan) -> Result<PlanEstimate, StoreError> {
        self.marts.estimate(scope, plan).await
    }
    async fn declare_marts(&self, scope: &TenantScope, marts: Vec<Mart>) {
        self.marts.declare_marts(scope, marts).await;
    }
    async fn drop_mart(&self, scope: &TenantScope, mart: &Mart) -> Result<u64, StoreError> {
        self.marts.drop_mart(scope, mart).await
    }
    async fn retain(
        &self,
        scope: &TenantScope,
        policy: &RetentionPolicy,
        now: Timestamp,
    ) -> Result<Retained, StoreError> {
        self.marts.retain(scope, policy, now).await
    }
    async fn declare_rollups(
        &self,
        scope: &TenantScope,
        rollups: Vec<RollupDefinition>,
    ) -> Result<(), StoreError> {
        self.marts.declare_rollups(scope, rollups).await
    }
    async fn rollup_stats(&self, scope: &TenantScope) -> Result<Vec<RollupStats>, StoreError> {
        self.marts.rollup_stats(scope).await
    }
}

marts_contract!(embedded_in_merged_segments, async { Merging::open().await });

#[tokio::test]
async fn small_segments_become_one_and_answers_stay() {
    let dir = tempfile::tempdir().unwrap();
    let scope = scope("acme");
    let marts = in_small_segments(dir.path(), END).await;
    assert_eq!(segment_files(dir.path()).len(), 30);
    let before = marts.stats(&scope).await.unwrap();
    let tended = marts.tend(&scope, u64::MAX).await.unwrap();
    assert_eq!((tended.segments_merged, tended.segments_made, tended.rows), (30, 2, END), "{tended:?}");
    assert_eq!((tended.files_removed, tended.has_more), (30, false));
    assert_eq!(segment_files(dir.path()).len(), 2);
    let after = marts.stats(&scope).await.unwrap();
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((before.rows, before.first, before.last), (after.rows, after.first, after.last));
        assert_eq!((before.segments, after.segments), (15, 1));
    }
    check_every_predicate(&marts).await;
    for offset in 0..END {
        assert_eq!(marts.event(&scope, EventId::raw(0, offset)).await.unwrap().unwrap().id.offset, offset);
    }
    assert_eq!(marts.verify(&scope).await.unwrap(), 2);
    assert_eq!(marts.tend(&scope, u64::MAX).await.unwrap(), Tended::default(), "there is nothing left to do");
    drop(marts);
    let marts = open(dir.path()).await;
    assert_eq!((marts.open_report().segments, marts.open_report().orphans_removed), (2, 0));
    check_every_predicate(&marts).await;
    assert_eq!(marts.position(&scope, 0).await.unwrap(), END);
}

#[tokio::test]
async fn late_events_join_their_window() {
    let dir = tempfile::tempdir().unwrap();
    let scope = scope("acme");
    in_small_segments(dir.path(), 80).await.tend(&scope, u64::MAX).await.unwrap();
    // Ten more small ones for a window that was merged.
    let clock = Arc::new(ManualClock::new(at(LATER)));
    let marts = EmbeddedMarts::open(dir.path(), MartOptions::default(), clock.clone()).await.unwrap();
    for from in (80..END).step_by(4) {
        marts.append(&scope, batches(&scope, from..from + 4), next(from + 4)).await.unwrap();
        marts.flush(&scope).await.unwrap();
    }
    assert_eq!(marts.tend(&scope, u64::MAX).await.unwrap().segments_merged, 0, "they came just now");
    clock.set(at(LATER + 3_600));
    assert_eq!(marts.tend(&scope, u64::MAX).await.unwrap().segments_made, 2);
    assert_eq!(all(&marts).await, whole(END));
    assert_eq!(segment_files(dir.path()).len(), 2);
}

#[tokio::test]
async fn a_budget_ends_the_work_of_one_call() {
    let dir = tempfile::tempdir().unwrap();
    let scope = scope("acme");
    let marts = in_small_segments(dir.path(), END).await;
    let tended = marts.tend(&scope, 1).await.unwrap();
    assert_eq!((tended.segments_made, tended.has_more), (1, true));
    assert_eq!(marts.tend(&scope, 0).await.unwrap().segments_made, 0);
    assert!(!marts.tend(&scope, 1).await.unwrap().has_more);
}

/// Laws SOURCE and IDENTITY: wherever a merge breaks off, every event is there once, in files that the manifest names.
#[tokio::test]
async fn a_crash_in_a_merge_loses_and_repeats_nothing() {
    for step in [Step::Merged, Step::Replaced, Step::Doomed] {
        let dir = tempfile::tempdir().unwrap();
        let scope = scope("acme");
        let marts = in_small_segments(dir.path(), END).await;
        *marts.fail_at.lock().unwrap() = Some(step);
        marts.tend(&scope, u64::MAX).await.unwrap_err();
        *marts.fail_at.lock().unwrap() = None;
        assert_eq!(all(&marts).await, whole(END), "{step:?}, in the same process");
        let again = marts.tend(&scope, u64::MAX).await;
        // The manifest went ahead: merging the same again would store events twice.
        assert_eq!(again.is_err(), step == Step::Replaced, "{step:?}: {again:?}");
        assert_eq!(all(&marts).await, whole(END), "{step:?}, in the same process");
        drop(marts);
        let marts = open(dir.path()).await;
        assert_eq!(all(&marts).await, whole(END), "{step:?}");
        marts.tend(&scope, u64::MAX).await.unwrap();
        assert_eq!(all(&marts).await, whole(END), "{step:?}");
        assert_eq!(segment_files(dir.path()).len(), 2, "{step:?}");
        assert_eq!(marts.verify(&scope).await.unwrap(), 2);
        assert_eq!(marts.position(&scope, 0).await.unwrap(), END);
    }
}

/// Files that a search reads stay until it has ended, and every answer is whole, whatever is merged and taken meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn searches_and_merges_do_not_disturb_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = scope("acme");
    let clock = Arc::new(ManualClock::new(at(LATER)));
    let options = MartOptions { flush_interval_ms: u64::MAX, ..MartOptions::default() };
    let marts = Arc::new(EmbeddedMarts::open(dir.path(), options, clock.clone()).await.unwrap());
    marts.append(&tenant, batches(&tenant, 0..40), next(40)).await.unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let asking = (0..3).map(|_| {
        let (marts, is_over) = (Arc::clone(&marts), Arc::clone(&is_over));
        tokio::spawn(async move {
            let count = plan("events | summarize n = count(), d = dcount(id)");
            let mut asked = 0;
            while !is_over.load(Ordering::Relaxed) {
                let floor = marts.position(&scope("acme"), 0).await.unwrap();
                let found = all(marts.as_ref()).await;
                let end = found.len() as u64;
                assert!(end >= floor.min(1_000), "{end} of {floor}");
                assert_eq!(found, whole(end), "one answer is one moment");
                let answer = marts.ask(&scope("acme"), &count, &AskLimits::default()).await.unwrap();
                assert_eq!(answer.rows[0][0], answer.rows[0][1], "nothing is there twice");
                assert!(marts.event(&scope("acme"), EventId::raw(0, end - 1)).await.unwrap().is_some());
                asked += 1;
            }
            asked
        })
    });
    let asking: Vec<_> = asking.collect();
    let mut merged = 0;
    for from in (40..600).step_by(8) {
        marts.append(&tenant, batches(&tenant, from..from + 8), next(from + 8)).await.unwrap();
        marts.flush(&tenant).await.unwrap();
        clock.set(clock.now().plus_micros(400_000_000));
        merged += marts.tend(&tenant, u64::MAX).await.unwrap().segments_merged;
    }
    is_over.store(true, Ordering::Relaxed);
    for asking in asking {
        assert!(asking.await.unwrap() > 0);
    }
    assert!(merged > 100, "{merged}");
    assert_eq!(all(marts.as_ref()).await, whole(600));
    marts.tend(&tenant, u64::MAX).await.unwrap();
    let segments: u64 = marts.stats(&tenant).await.unwrap().iter().map(|stats| stats.segments).sum();
    assert_eq!(segment_files(dir.path()).len() as u64, segments, "no file outlives its readers");
}

#[tokio::test]
async fn files_stay_while_somebody_reads_them() {
    let dir = tempfile::tempdir().unwrap();
    let scope = scope("acme");
    let marts = in_small_segments(dir.path(), END).await;
    let reading = marts.tenant(&scope).await.snapshot();
    assert_eq!(marts.tend(&scope, u64::MAX).await.unwrap().files_removed, 0);
    assert_eq!(segment_files(dir.path()).len(), 32);
    for segment in &reading.segments {
        assert!(dir.path().join("marts").join(&segment.path).is_file());
    }
    drop(reading);
    assert_eq!(marts.tend(&scope, u64::MAX).await.unwrap().files_removed, 30);
    assert_eq!(segment_files(dir.path()).len(), 2);
}

pub(super) fn days(days: u32) -> RetentionPolicy {
    RetentionPolicy { default: Retention { days: Some(days), bytes: None }, ..RetentionPolicy::default() }
}

/// The invented events of one mart lie between second 0 and second 1020.
#[tokio::test]
async fn what_is_old_goes_in_whole_segments_and_nothing_younger() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = scope("acme");
    let marts = in_small_segments(dir.path(), END).await;
    let policy = days(30);
    let month = 30 * 86_400;
    let kept = marts.retain(&tenant, &policy, at(month)).await.unwrap();
    assert_eq!(kept, Retained::default(), "the youngest second of each is kept");
    let now = month + 600;
    let before = marts.tenant(&tenant).await.snapshot().segments;
    let retained = marts.retain(&tenant, &policy, at(now)).await.unwrap();
    let after = marts.tenant(&tenant).await.snapshot().segments;
    assert!(retained.segments > 0 && !after.is_empty(), "{retained:?}");
    assert_eq!(before.len() as u64, retained.segments + after.len() as u64);
    assert!(after.iter().all(|segment| segment.last >= at(600)));
    let gone: Vec<_> = before.iter().filter(|segment| !after.contains(segment)).collect();
    assert!(gone.iter().all(|segment| segment.last < at(600)), "{gone:?}");
    assert_eq!(retained.rows, gone.iter().map(|segment| segment.rows).sum::<u64>());
    assert_eq!(segment_files(dir.path()).len(), after.len());
    assert_eq!(all(&marts).await.len() as u64, END - retained.rows);
    // A replay does not bring back what has gone, and what has gone is told after a restart.
    marts.append(&tenant, batches(&tenant, 0..END), next(END)).await.unwrap();
    assert_eq!(all(&marts).await.len() as u64, END - retained.rows);
    drop(marts);
    let marts = open(dir.path()).await;
    let stats = marts.stats(&tenant).await.unwrap();
    assert_eq!(stats.iter().map(|stats| stats.rows_retired).sum::<u64>(), retained.rows);
    assert_eq!(stats.iter().map(|stats| stats.bytes_retired).sum::<u64>(), retained.bytes);
    assert_eq!(marts.position(&tenant, 0).await.unwrap(), END);
    let rest = marts.retain(&tenant, &policy, at(2 * month)).await.unwrap();
    assert_eq!(rest.rows + retained.rows, END);
    let stats = marts.stats(&tenant).await.unwrap();
    assert_eq!(stats.iter().map(|stats| stats.rows_retired).sum::<u64>(), END);
    assert_eq!(stats.iter().map(|stats| stats.rows).sum::<u64>(), 0);
}

#[tokio::test]
async fn a_mart_has_a_policy_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = scope("acme");
    let marts = in_small_segments(dir.path(), END).await;
    let bytes = |marts: &[MartStats], mart| marts.iter().find(|stats| stats.mart == mart).unwrap().bytes;
    let stats = marts.stats(&tenant).await.unwrap();
    let half = bytes(&stats, Mart::LINUX) / 2;
    let mut policy = days(1);
    policy.marts.insert(Mart::LINUX, Retention { days: None, bytes: Some(1) });
    let own = (tenant.tenant().clone(), Mart::LINUX);
    policy.tenants.insert(own, Retention { days: None, bytes: Some(half) });
    marts.retain(&tenant, &policy, at(40)).await.unwrap();
    let after = marts.stats(&tenant).await.unwrap();
    assert_eq!(bytes(&after, Mart::WINDOWS), bytes(&stats, Mart::WINDOWS), "a day is not over");
    let linux = bytes(&after, Mart::LINUX);
    assert!(linux <= half && linux > half / 2, "{linux} of {half}");
    assert!(!policy.keeps_all() && RetentionPolicy::default().keeps_all());
}

#[tokio::test]
async fn a_crash_in_retention_leaves_no_orphan() {
    let dir = tempfile::tempdir().unwrap();
    let scope = scope("acme");
    let marts = in_small_segments(dir.path(), END).await;
    *marts.fail_at.lock().unwrap() = Some(Step::Retired);
    marts.retain(&scope, &days(1), at(10 * LATER)).await.unwrap_err();
    drop(marts);
    let marts = open(dir.path()).await;
    assert_eq!((marts.open_report().segments, marts.open_report().orphans_removed), (0, 30));
    assert_eq!(all(&marts).await, [] as [u64; 0]);
    assert_eq!(marts.stats(&scope).await.unwrap().iter().map(|stats| stats.rows_retired).sum::<u64>(), END);
}
