//! Two tenants' events, and a store that mixes them up.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sentra_model::{
    BatchBuilder, Event, EventBatch, EventCode, EventId, ManualClock, Mart, Outcome, Position, RawRecord,
    Severity, Source, SourceKind, TenantId, TenantScope, Timestamp,
};
use sentra_store::{
    AskLimits, BackPage, Horizon, MartAnswer, MartQuery, MartStats, MartStore, MemoryMarts, Plan, PlanAnswer,
    PlanEstimate, ReadBack, SearchOptions, Seen, SeenRequest, StoreError, StoredEvent,
};

use crate::questions::FOREIGN;

const DAY: i64 = 1_767_225_600;
/// When all questions are asked: soon after the events.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_seconds(DAY + 3_600)
}
/// Events of each tenant.
const EVENTS: u64 = 24;

pub(crate) fn scope(name: &str) -> TenantScope {
    TenantScope::new(name.parse::<TenantId>().unwrap())
}

pub(crate) fn clock() -> ManualClock {
    ManualClock::new(now())
}

/// The asker's events and, if wanted, those of another tenant: some flushed, some not, at the same places and times.
pub(crate) async fn fill(store: &dyn MartStore, with_foreign: bool) {
    for half in [0..EVENTS / 2, EVENTS / 2..EVENTS] {
        for tenant in [FOREIGN, "own"] {
            if tenant == FOREIGN && !with_foreign {
                continue;
            }
            let next = Position { partition: 0, offset: half.end };
            store.append(&scope(tenant), batches(tenant, half.clone()), next).await.unwrap();
            if half.start == 0 {
                store.flush(&scope(tenant)).await.unwrap();
            }
        }
    }
}

pub(crate) fn batches(tenant: &str, offsets: std::ops::Range<u64>) -> Vec<EventBatch> {
    let own = scope(tenant);
    let source = Source {
        kind: SourceKind::File,
        origin: format!("/var/log/{tenant}.log"),
        format: None,
        reference: now(),
    };
    let registered: Mart = serde_json::from_str(&format!("\"{tenant}_mart\"")).unwrap();
    let mut builders: BTreeMap<Mart, BatchBuilder> = BTreeMap::new();
    for offset in offsets {
        let mart = match offset % 4 {
            0 => Mart::WINDOWS,
            // Only the other tenant has a mart of its own.
            1 if tenant == FOREIGN => registered.clone(),
            _ => Mart::LINUX,
        };
        let time = Timestamp::from_seconds(DAY + i64::try_from(offset % 7).unwrap() * 300);
        let secret = format!("{tenant}-secret-{}", offset % 5);
        let mut event = Event::new("syslog", mart.clone(), time);
        event.user =
            if offset % 2 == 0 { "root".into() } else { format!("{tenant}-user-{}", offset % 3).into() };
        event.host = format!("{tenant}-{}", offset % 2).into();
        event.src_ip = format!("192.0.2.{}", offset % 5).into();
        event.dst_port = u16::try_from(20 + offset % 40_000).unwrap();
        event.severity = Severity::from_ocsf(u8::try_from(offset % 6).unwrap());
        event.code = (offset % 2 == 0).then_some(EventCode::LL03);
        event.outcome = if offset % 2 == 0 { Outcome::Failure } else { Outcome::Success };
        event.message = format!("Failed password for user {tenant}-secret-{offset} at line {offset}").into();
        event.push("EventID", ["4624", "4625", "4626"][usize::try_from(offset % 3).unwrap()]);
        event.push("secret", secret.as_str());
        let raw = format!("{tenant}-raw {offset}");
        let record =
            RawRecord { source: &source, position: offset + 1, received: now(), bytes: raw.as_bytes() };
        let builder = builders
            .entry(mart.clone())
            .or_insert_with(|| BatchBuilder::new(own.tenant().clone(), mart.clone()));
        builder.push(EventId::raw(0, offset), &record, &event).unwrap();
    }
    builders.into_values().map(|mut builder| builder.finish().unwrap()).collect()
}

/// Answers questions about the mart `windows` for the wrong tenant.
#[derive(Debug, Default)]
pub(crate) struct Leaking(MemoryMarts);

#[async_trait]
impl MartStore for Leaking {
    async fn append(
        &self,
        scope: &TenantScope,
        batches: Vec<EventBatch>,
        next: Position,
    ) -> Result<(), StoreError> {
        self.0.append(scope, batches, next).await
    }

    async fn flush(&self, scope: &TenantScope) -> Result<(), StoreError> {
        self.0.flush(scope).await
    }

    async fn position(&self, scope: &TenantScope, partition: u32) -> Result<u64, StoreError> {
        self.0.position(scope, partition).await
    }

    async fn search_with(
        &self,
        scope: &TenantScope,
        query: &MartQuery,
        options: &SearchOptions,
    ) -> Result<MartAnswer, StoreError> {
        self.0.search_with(scope, query, options).await
    }

    async fn ask(
        &self,
        own: &TenantScope,
        plan: &Plan,
        limits: &AskLimits,
    ) -> Result<PlanAnswer, StoreError> {
        let wrong = plan.tables().contains("windows");
        self.0.ask(&if wrong { scope(FOREIGN) } else { own.clone() }, plan, limits).await
    }

    async fn estimate(&self, scope: &TenantScope, plan: &Plan) -> Result<PlanEstimate, StoreError> {
        self.0.estimate(scope, plan).await
    }

    async fn events(&self, scope: &TenantScope, ids: &[EventId]) -> Result<Vec<StoredEvent>, StoreError> {
        self.0.events(scope, ids).await
    }

    async fn read_back(&self, scope: &TenantScope, request: &ReadBack) -> Result<BackPage, StoreError> {
        self.0.read_back(scope, request).await
    }

    async fn horizon(&self, scope: &TenantScope) -> Result<Horizon, StoreError> {
        self.0.horizon(scope).await
    }

    async fn seen(&self, scope: &TenantScope, request: &SeenRequest) -> Result<Vec<Seen>, StoreError> {
        self.0.seen(scope, request).await
    }

    async fn declare_marts(&self, scope: &TenantScope, marts: Vec<Mart>) {
        self.0.declare_marts(scope, marts).await;
    }

    async fn drop_mart(&self, scope: &TenantScope, mart: &Mart) -> Result<u64, StoreError> {
        self.0.drop_mart(scope, mart).await
    }

    async fn stats(&self, scope: &TenantScope) -> Result<Vec<MartStats>, StoreError> {
        self.0.stats(scope).await
    }
}
