//! Keeps the marts in order while the server runs: merges small segments, compares checksums, removes what is kept no
//! longer. It steps back when records wait.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sentra_backbone::EventLog;
use sentra_factory::{FactoryStatus, MartDesk};
use sentra_model::{Clock, TenantId, TenantScope};
use sentra_store::{MartStore, Retention, RetentionPolicy};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

/// Records that wait, over all tenants, beyond which nothing is merged: taking events in comes first.
const LAG_RECORDS_MAX: u64 = 50_000;
/// Passes that may be left out for that, one after the other. Then one is made: the number of files must not grow for ever.
const PASSES_SKIPPED_MAX: u32 = 20;
/// Between two passes over one tenant that has more to merge: others use the disk meanwhile.
const BREATH: Duration = Duration::from_millis(500);

/// What the marts keep, which a reload changes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept(Arc<RwLock<RetentionPolicy>>);

impl Kept {
    pub(crate) fn new(policy: RetentionPolicy) -> Self {
        Self(Arc::new(RwLock::new(policy)))
    }

    pub(crate) fn get(&self) -> RetentionPolicy {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set(&self, policy: RetentionPolicy) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = policy;
    }
}

/// Whom to care for, and how much at a time.
pub(crate) struct Care {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) marts: Arc<dyn MartStore>,
    pub(crate) status: Arc<FactoryStatus>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) kept: Kept,
    /// How long registered marts keep events.
    pub(crate) mart_desk: Arc<MartDesk>,
    /// Between two looks for what can be merged; `None` for never.
    pub(crate) tend_interval: Option<Duration>,
    /// Between two looks for what is kept no longer.
    pub(crate) retain_interval: Duration,
    pub(crate) bytes_max: u64,
}

impl Care {
    /// Runs until it is aborted.
    pub(crate) async fn run(self) {
        let every = |period: Duration| {
            let mut ticks = interval_at(Instant::now() + period, period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        };
        let mut retain = every(self.retain_interval);
        let mut tend = every(self.tend_interval.unwrap_or(self.retain_interval));
        let mut skipped = 0;
        loop {
            tokio::select! {
                _ = retain.tick() => self.retain().await,
                _ = tend.tick(), if self.tend_interval.is_some() => {
                    if self.is_behind() && skipped < PASSES_SKIPPED_MAX {
                        skipped += 1;
                    } else {
                        skipped = 0;
                        self.tend().await;
                    }
                }
            }
        }
    }

    fn is_behind(&self) -> bool {
        self.status.snapshot().lag_records > LAG_RECORDS_MAX
    }

    async fn tenants(&self) -> BTreeSet<TenantId> {
        match self.log.streams().await {
            Ok(streams) => streams.into_iter().map(|stream| stream.tenant).collect(),
            Err(error) => {
                tracing::error!(%error, "cannot tell which tenants there are");
                BTreeSet::new()
            }
        }
    }

    async fn retain(&self) {
        let mut policy = self.kept.get();
        // What a registered mart says of itself goes before the settings.
        match self.mart_desk.retention_days().await {
            Ok(kept) => {
                let of = |days| Retention { days: Some(days), ..Retention::default() };
                policy.tenants.extend(kept.into_iter().map(|(mart, days)| (mart, of(days))));
            }
            Err(error) => {
                // Without it more than wanted might go.
                tracing::error!(%error, "cannot tell how long registered marts keep events, it tries again");
                return;
            }
        }
        if policy.keeps_all() {
            return;
        }
        for tenant in self.tenants().await {
            let scope = TenantScope::new(tenant);
            // What went is counted and logged by the store.
            if let Err(error) = self.marts.retain(&scope, &policy, self.clock.now()).await {
                failed(&scope, &error, "retention of the marts failed, it tries again");
            }
        }
    }

    async fn tend(&self) {
        for tenant in self.tenants().await {
            let scope = TenantScope::new(tenant);
            loop {
                match self.marts.tend(&scope, self.bytes_max).await {
                    Ok(tended)
                        if tended.has_more
                            && tended.segments_made + tended.rollup_parts > 0
                            && !self.is_behind() =>
                    {
                        sleep(BREATH).await;
                    }
                    Ok(_) => break,
                    Err(error) => {
                        failed(&scope, &error, "segments could not be put in order, it tries again");
                        break;
                    }
                }
            }
        }
    }
}

fn failed(scope: &TenantScope, error: &sentra_store::StoreError, message: &'static str) {
    metrics::counter!("sentra_store_tend_failures_total").increment(1);
    tracing::error!(tenant = %scope.tenant(), %error, "{message}");
}
