//! Keeps the vectors of signals and incidents beside the records, and answers what is like what.
//!
//! Law SOURCE: the vectors are a projection of the records. Their mark says up to which change of an incident they are; from
//! there the records are read again, after a crash as after an hour without questions.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sentra_model::{Incident, Signal, TenantId, TenantScope, Timestamp};
use sentra_query::{EngineError, Like, LikeKind, Similar};
use sentra_store::{INCIDENTS_PAGE_MAX, IncidentFilter, Records, StoreError};
use sentra_vectors::{
    EmbeddedVectors, ItemId, ItemKind, Near, NearOptions, PUT_BATCH_MAX, REEMBED_BATCH_MAX, Reembedder,
    StoredItem, Subject, VectorError, VectorLimits, VectorStore, Why, embedders,
};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Mutex;

/// How long before the mark changes are read again, in microseconds: two changes may carry times in another order than they were
/// written in.
const OVERLAP_MICROS: i64 = 60_000_000;
/// How often the vectors are brought up to date while nobody asks.
const INTERVAL: Duration = Duration::from_secs(10);
/// Work in the background for one tenant at a time, in items.
const TEND_ITEMS_MAX: usize = 10_000;

/// Vectors over records.
#[derive(Debug)]
pub(crate) struct Likeness {
    vectors: VectorStore,
    records: Arc<dyn Records>,
    /// One at a time brings them up to date; whoever asks meanwhile waits for it.
    catching_up: Mutex<()>,
}

impl Likeness {
    /// Opens the vectors in `data`. `model` is the directory of a sentence model, where one is wanted.
    pub(crate) fn open(
        data: &Path,
        model: Option<&Path>,
        records: Arc<dyn Records>,
    ) -> Result<Self, VectorError> {
        let index = EmbeddedVectors::open(data.join("vectors"), VectorLimits::default())?;
        let (wanted, others) = embedders(model)?;
        let vectors = VectorStore::new(Arc::new(index), wanted, others);
        Ok(Self { vectors, records, catching_up: Mutex::default() })
    }

    /// Brings the vectors of all tenants up to date from time to time, until it is dropped.
    pub(crate) async fn keep(self: Arc<Self>) {
        loop {
            match self.records.tenants().await {
                Ok(tenants) => {
                    for tenant in tenants {
                        self.keep_tenant(tenant).await;
                    }
                }
                Err(error) => tracing::warn!(%error, "cannot list the tenants for their vectors"),
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    async fn keep_tenant(&self, tenant: TenantId) {
        let scope = TenantScope::new(tenant);
        let done = async {
            self.catch_up(&scope).await?;
            self.embed_anew(&scope).await?;
            computing(|| self.vectors.tend(&scope, TEND_ITEMS_MAX))?;
            Ok::<(), Failure>(())
        };
        if let Err(error) = done.await {
            tracing::warn!(tenant = %scope.tenant(), %error, "vectors are behind the records");
        }
    }

    /// Puts what has changed since the mark.
    async fn catch_up(&self, scope: &TenantScope) -> Result<(), Failure> {
        let _alone = self.catching_up.lock().await;
        let mark = self.vectors.mark(scope)?.and_then(|mark| mark.parse().ok()).map(Timestamp::from_micros);
        let mut filter = IncidentFilter {
            updated_after: mark.map(|mark: Timestamp| mark.plus_micros(-OVERLAP_MICROS)),
            limit: INCIDENTS_PAGE_MAX,
            ..IncidentFilter::default()
        };
        let mut latest = mark;
        loop {
            let page = self.records.incidents(scope, &filter).await?;
            for incident in page.items {
                latest = latest.max(Some(incident.updated));
                self.put(scope, incident).await?;
            }
            filter.cursor = page.next;
            if filter.cursor.is_none() {
                break;
            }
        }
        if latest != mark {
            let mark = latest.map(|latest| latest.micros().to_string());
            self.vectors.commit(scope, mark.as_deref())?;
        }
        Ok(())
    }

    async fn put(&self, scope: &TenantScope, incident: Incident) -> Result<(), Failure> {
        let signals = self.records.incident_signals(scope, incident.id).await?;
        computing(|| {
            self.vectors.put_incident(scope, &incident, &signals)?;
            let subjects: Vec<Subject> = signals.iter().map(Subject::of_signal).collect();
            subjects.chunks(PUT_BATCH_MAX).try_for_each(|batch| self.vectors.put(scope, batch).map(drop))
        })?;
        Ok(())
    }

    /// Where the vectors are of another version than this program makes, they are made again while the old ones answer.
    async fn embed_anew(&self, scope: &TenantScope) -> Result<(), Failure> {
        let Some(anew) = Reembedder::begin(&self.vectors, scope, None)? else { return Ok(()) };
        tracing::info!(tenant = %scope.tenant(), "signals and incidents are embedded anew");
        let mut filter = IncidentFilter { limit: INCIDENTS_PAGE_MAX, ..IncidentFilter::default() };
        loop {
            let page = self.records.incidents(scope, &filter).await?;
            for incident in page.items {
                let signals = self.records.incident_signals(scope, incident.id).await?;
                let of_signals: Vec<StoredItem> = signals.iter().cloned().map(signal).collect();
                let incident = [StoredItem::Incident(Box::new(incident), signals)];
                computing(|| {
                    let mut batches = of_signals.chunks(REEMBED_BATCH_MAX).chain([&incident[..]]);
                    batches.try_for_each(|batch| anew.take(batch).map(drop))
                })?;
            }
            filter.cursor = page.next;
            if filter.cursor.is_none() {
                return Ok(anew.finish()?);
            }
        }
    }

    /// The id under which something is known: an incident that became part of another is that one.
    async fn known(&self, scope: &TenantScope, id: &str) -> Result<Option<ItemId>, Failure> {
        let Ok(id) = id.parse::<ItemId>() else { return Ok(None) };
        Ok(match id {
            ItemId::Incident(id) => self.records.incident(scope, id).await?.map(|found| found.id.into()),
            ItemId::Signal(_) => Some(id),
        })
    }
}

#[async_trait]
impl Similar for Likeness {
    async fn near_id(
        &self,
        scope: &TenantScope,
        id: &str,
        limit: usize,
    ) -> Result<Option<Vec<Like>>, EngineError> {
        self.catch_up(scope).await?;
        let Some(id) = self.known(scope, id).await? else { return Ok(None) };
        let options = NearOptions { kind: Some(id.kind()), ..NearOptions::default() };
        match computing(|| self.vectors.near_id(scope, &id, limit, &options)) {
            Ok(near) => Ok(Some(likes(near))),
            Err(VectorError::Unknown { .. }) => Ok(None),
            Err(error) => Err(Failure::from(error).into()),
        }
    }

    async fn near_text(
        &self,
        scope: &TenantScope,
        text: &str,
        kind: LikeKind,
        limit: usize,
    ) -> Result<Vec<Like>, EngineError> {
        self.catch_up(scope).await?;
        let kind = match kind {
            LikeKind::Signal => ItemKind::Signal,
            LikeKind::Incident => ItemKind::Incident,
        };
        let options = NearOptions { kind: Some(kind), ..NearOptions::default() };
        let near =
            computing(|| self.vectors.near_text(scope, text, limit, &options)).map_err(Failure::from)?;
        Ok(likes(near))
    }
}

/// Does what computes, a sentence model above all for seconds, without keeping other tasks of this thread from theirs.
fn computing<T>(work: impl FnOnce() -> T) -> T {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::CurrentThread => work(),
        _ => tokio::task::block_in_place(work),
    }
}

fn signal(signal: Signal) -> StoredItem {
    StoredItem::Signal(Box::new(signal))
}

/// What has nothing in common is not like it.
fn likes(near: Near) -> Vec<Like> {
    let like = |neighbour: sentra_vectors::Neighbour| Like {
        id: neighbour.id.to_string(),
        kind: match neighbour.kind {
            ItemKind::Signal => LikeKind::Signal,
            ItemKind::Incident => LikeKind::Incident,
        },
        score: f64::from(neighbour.score).clamp(0.0, 1.0),
        why: words(&neighbour.why),
    };
    near.neighbours.into_iter().filter(|neighbour| neighbour.score > 0.0).map(like).collect()
}

/// What two have in common, in words.
fn words(why: &Why) -> String {
    let entities: Vec<String> = why.entities.iter().map(|entity| entity.value.clone()).collect();
    let parts = [
        ("techniques", &why.techniques),
        ("tactics", &why.tactics),
        ("rules", &why.rules),
        ("event codes", &why.codes),
        ("the same", &entities),
        ("words", &why.words),
    ];
    let said = parts.into_iter().filter(|(_, values)| !values.is_empty());
    said.map(|(name, values)| format!("{name} {}", values.join(", "))).collect::<Vec<_>>().join("; ")
}

/// Why the vectors could not be brought up to date or asked.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the records cannot be read: {0}")]
    Records(#[from] StoreError),
    #[error(transparent)]
    Vectors(#[from] VectorError),
}

impl From<Failure> for EngineError {
    fn from(failure: Failure) -> Self {
        Self { message: failure.to_string() }
    }
}
