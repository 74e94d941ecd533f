//! Hands events to the forensic index: those of signals as they are found, and those that policies name.
//!
//! The index is a projection beside the others, and the only one that the pipeline goes on without: where it lacks
//! something, or has failed, it is filled again from marts and records while events go on being stored (law SOURCE).
//! Until then nothing is handed to it directly, so that its position never lies behind what it lacks.

use std::collections::BTreeMap;
use std::sync::Arc;

use sentra_backbone::Stream;
use sentra_forensic::{
    APPEND_DOCUMENTS_MAX, Document, DocumentBuilder, ForensicError, Progress, Routed, Router, TextIndex, Why,
};
use sentra_model::{EventBatch, EventId, Mart, Signal, TenantScope, Timestamp, column};
use sentra_store::{IncidentFilter, ReadBack, StoreError, StoredEvent};

use crate::pipeline::FactoryParts;

/// Law LIMIT: evidence that is looked up at once.
const WANTED_AT_ONCE_MAX: usize = 1_024;

/// How long what was routed waits to be found, in microseconds.
const COMMIT_AFTER_MICROS: i64 = 1_000_000;

/// How often it is looked what was kept long enough, in microseconds.
const EXPIRE_EVERY_MICROS: i64 = 3_600 * 1_000_000;

/// How long a failed index is left alone, in microseconds.
const RETRY_AFTER_MICROS: i64 = 30 * 1_000_000;

/// The forensic index and what is routed to it.
#[derive(Debug, Clone)]
pub struct Forensic {
    /// The index.
    pub index: Arc<dyn TextIndex>,
    /// Which events policies name.
    pub router: Router,
}

/// What feeds the index of one tenant from one partition.
pub(crate) struct Feed {
    forensic: Forensic,
    scope: TenantScope,
    stream: Stream,
    mode: Mode,
    has_routed: bool,
    committed: Timestamp,
    expired: Timestamp,
}

enum Mode {
    /// What comes is handed over.
    Live,
    /// What the index lacks is read from the marts, from the offset on; signals of what lies before `records_next`
    /// are in the records.
    CatchingUp { from: u64, records_next: u64 },
    /// Nothing is tried before the moment.
    Failed { until: Timestamp },
}

/// What of a chunk goes to the index.
#[derive(Default)]
pub(crate) struct Collected {
    routed: Vec<Routed>,
    /// Evidence that lies before the chunk.
    wanted: Vec<(EventId, Why)>,
}

#[derive(Debug, thiserror::Error)]
enum FeedError {
    #[error("cannot use the forensic index")]
    Index(#[from] ForensicError),
    #[error("cannot read what the forensic index lacks")]
    Store(#[from] StoreError),
}

impl Feed {
    /// A feed for `stream`, of which the records have everything before `records_next`; `None` where there is no index.
    pub(crate) async fn open(parts: &FactoryParts, stream: &Stream, records_next: u64) -> Option<Self> {
        let now = parts.clock.now();
        let mut feed = Self {
            forensic: parts.forensic.clone()?,
            scope: TenantScope::new(stream.tenant.clone()),
            stream: stream.clone(),
            mode: Mode::Live,
            has_routed: false,
            committed: now,
            expired: Timestamp::MIN,
        };
        match feed.resume(records_next).await {
            Ok(mode) => feed.mode = mode,
            Err(error) => feed.fail(parts, &error),
        }
        Some(feed)
    }

    /// Where the index stands.
    async fn resume(&self, records_next: u64) -> Result<Mode, FeedError> {
        let partition = self.stream.partition;
        let from = self.on_thread(move |index, scope| index.position(scope, partition)).await?;
        if from >= records_next {
            return Ok(Mode::Live);
        }
        tracing::info!(stream = %self.stream, from, records_next, "the forensic index is filled from the marts");
        Ok(Mode::CatchingUp { from, records_next })
    }

    /// Whether there is something to do without anything arriving.
    pub(crate) fn is_catching_up(&self) -> bool {
        matches!(self.mode, Mode::CatchingUp { .. })
    }

    /// What of a chunk goes to the index. Where nothing was found and no policy is asked nothing is looked at.
    pub(crate) fn collect(&self, batches: &[EventBatch], signals: &[Signal]) -> Collected {
        let mut collected = Collected::default();
        if !matches!(self.mode, Mode::Live) {
            return collected;
        }
        let mut whys: BTreeMap<EventId, Vec<Why>> = BTreeMap::new();
        for (id, why) in signals.iter().flat_map(whys_of) {
            whys.entry(id).or_default().push(why);
        }
        if whys.is_empty() && self.forensic.router.is_idle() {
            return collected;
        }
        for batch in batches {
            collected.routed.extend(routed_of(batch, &self.forensic.router, &mut whys));
        }
        // What is left is evidence of earlier chunks.
        let left = whys.into_iter().flat_map(|(id, whys)| whys.into_iter().map(move |why| (id, why)));
        collected.wanted.extend(left);
        collected
    }

    /// Hands over what was collected of a stretch that marts and records have.
    pub(crate) async fn hand_over(&mut self, parts: &FactoryParts, collected: Collected, progress: Progress) {
        if !matches!(self.mode, Mode::Live) {
            return;
        }
        let handed = async {
            self.add_evidence(parts, collected.wanted).await?;
            self.append(collected.routed, Some(progress)).await
        };
        let handed: Result<(), FeedError> = handed.await;
        if let Err(error) = handed {
            self.fail(parts, &error);
        }
    }

    /// Goes on filling, commits and removes what is due. `next` is what marts and records have everything before.
    pub(crate) async fn follow(&mut self, parts: &FactoryParts, next: u64) {
        let worked = async {
            let now = parts.clock.now();
            match self.mode {
                Mode::Live => {}
                Mode::CatchingUp { from, records_next } => {
                    self.catch_up(parts, from, records_next, next).await?
                }
                Mode::Failed { until } if now < until => return Ok(()),
                Mode::Failed { .. } => self.mode = self.resume(next).await?,
            }
            self.commit_when_due(parts, now).await
        };
        let worked: Result<(), FeedError> = worked.await;
        if let Err(error) = worked {
            self.fail(parts, &error);
        }
    }

    /// Commits what was handed over, at the end.
    pub(crate) async fn finish(&mut self, parts: &FactoryParts) {
        if matches!(self.mode, Mode::Failed { .. }) {
            return;
        }
        if let Err(error) = self.commit(parts.clock.now()).await {
            self.fail(parts, &error);
        }
    }

    async fn commit_when_due(&mut self, parts: &FactoryParts, now: Timestamp) -> Result<(), FeedError> {
        let interval =
            i64::try_from(parts.config.flush_interval_ms).unwrap_or(i64::MAX).saturating_mul(1_000);
        let waited = now.since(self.committed);
        if waited < interval && !(self.has_routed && waited >= COMMIT_AFTER_MICROS) {
            return Ok(());
        }
        if now.since(self.expired) >= EXPIRE_EVERY_MICROS {
            self.expired = now;
            self.on_thread(move |index, scope| index.expire(scope, now)).await?;
        }
        self.commit(now).await
    }

    async fn commit(&mut self, now: Timestamp) -> Result<(), FeedError> {
        (self.committed, self.has_routed) = (now, false);
        self.on_thread(|index, scope| index.commit(scope)).await
    }

    /// One page of what the index lacks, so that storing events does not wait for long.
    async fn catch_up(
        &mut self,
        parts: &FactoryParts,
        from: u64,
        records_next: u64,
        next: u64,
    ) -> Result<(), FeedError> {
        let partition = self.stream.partition;
        let request = ReadBack { partition, from, ..ReadBack::default() };
        let page = parts.marts.read_back(&self.scope, &request).await?;
        let mut raw_bytes = 0;
        // Batch by batch, because a page may be as large as what marts have in memory.
        for batch in &page.batches {
            let routed = routed_of(batch, &self.forensic.router, &mut BTreeMap::new());
            if !routed.is_empty() {
                self.append(routed, None).await?;
            }
            raw_bytes += batch.rows().map(|row| row.raw().len() as u64).sum::<u64>();
        }
        let until = page.next.unwrap_or(next).min(next).max(from);
        let is_end = page.next.is_none_or(|after| after >= next) && next >= records_next;
        if is_end {
            // Before the position says so.
            self.recover_signals(parts).await?;
        }
        self.append(Vec::new(), Some(Progress { partition, from, next: until, raw_bytes })).await?;
        self.mode = if is_end { Mode::Live } else { Mode::CatchingUp { from: until, records_next } };
        if is_end {
            tracing::info!(stream = %self.stream, until, "the forensic index has what marts and records have");
        } else if page.next.is_none() {
            // The marts have no more yet.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Evidence of every signal that the records have.
    async fn recover_signals(&mut self, parts: &FactoryParts) -> Result<(), FeedError> {
        let mut filter =
            IncidentFilter { limit: sentra_store::INCIDENTS_PAGE_MAX, ..IncidentFilter::default() };
        loop {
            let page = parts.records.incidents(&self.scope, &filter).await?;
            for incident in page.items {
                let signals = parts.records.incident_signals(&self.scope, incident.id).await?;
                self.add_evidence(parts, signals.iter().flat_map(whys_of).collect()).await?;
            }
            filter.cursor = page.next;
            if filter.cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// Adds events that the marts have and the index does not.
    async fn add_evidence(
        &mut self,
        parts: &FactoryParts,
        wanted: Vec<(EventId, Why)>,
    ) -> Result<(), FeedError> {
        for some in wanted.chunks(WANTED_AT_ONCE_MAX) {
            let (some, asked) = (some.to_vec(), some.to_vec());
            let missing = self.on_thread(move |index, scope| index.missing(scope, &asked)).await?;
            if missing.is_empty() {
                continue;
            }
            let mut whys: BTreeMap<EventId, Vec<Why>> = BTreeMap::new();
            for (id, why) in some.into_iter().filter(|(id, _)| missing.contains(id)) {
                whys.entry(id).or_default().push(why);
            }
            let ids: Vec<EventId> = whys.keys().copied().collect();
            let events = parts.marts.events(&self.scope, &ids).await?;
            let routed = events.iter().filter_map(|event| {
                Some(Routed { document: document_of(event)?, why: whys.remove(&event.id)? })
            });
            self.append(routed.collect(), None).await?;
        }
        Ok(())
    }

    async fn append(&mut self, mut routed: Vec<Routed>, progress: Option<Progress>) -> Result<(), FeedError> {
        while routed.len() > APPEND_DOCUMENTS_MAX {
            let some = routed.split_off(routed.len() - APPEND_DOCUMENTS_MAX);
            Box::pin(self.append(some, None)).await?;
        }
        self.has_routed |= !routed.is_empty();
        let appended = self.on_thread(move |index, scope| index.append(scope, routed, progress)).await?;
        if appended.admitted > 0 {
            metrics::counter!("sentra_forensic_admitted_total").increment(appended.admitted);
        }
        if appended.refused > 0 {
            metrics::counter!("sentra_forensic_refused_total").increment(appended.refused);
        }
        Ok(())
    }

    /// Law LOSS: a failure is said and counted, and what is missing is filled in later.
    fn fail(&mut self, parts: &FactoryParts, error: &FeedError) {
        let reason = crate::pipeline::describe(error);
        tracing::error!(stream = %self.stream, reason, "the forensic index failed, it is filled again later");
        metrics::counter!("sentra_forensic_failures_total").increment(1);
        self.mode = Mode::Failed { until: parts.clock.now().plus_micros(RETRY_AFTER_MICROS) };
    }

    async fn on_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn TextIndex, &TenantScope) -> Result<T, ForensicError> + Send + 'static,
    ) -> Result<T, FeedError> {
        let (index, scope) = (Arc::clone(&self.forensic.index), self.scope.clone());
        match tokio::task::spawn_blocking(move || work(index.as_ref(), &scope)).await {
            Ok(done) => Ok(done?),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
}

/// The evidence of a signal, each with the signal as its reason.
fn whys_of(signal: &Signal) -> impl Iterator<Item = (EventId, Why)> + '_ {
    let why = || Why::Signal { signal: signal.id, rule: signal.rule.id.clone(), severity: signal.severity };
    signal.events.iter().map(move |id| (*id, why()))
}

/// The rows of `batch` that policies name or that `whys` has a reason for, which is taken out of it.
fn routed_of(batch: &EventBatch, router: &Router, whys: &mut BTreeMap<EventId, Vec<Why>>) -> Vec<Routed> {
    let mut named = router.route(batch).into_iter().peekable();
    if named.peek().is_none() && whys.is_empty() {
        return Vec::new();
    }
    let mut routed = Vec::new();
    for row in batch.rows() {
        let mut why = if whys.is_empty() { Vec::new() } else { whys.remove(&row.id()).unwrap_or_default() };
        if let Some((_, names)) = named.next_if(|(number, _)| *number == row.index()) {
            why.extend(names.into_iter().map(|name| Why::Policy(name.to_owned())));
        }
        if !why.is_empty() {
            routed.push(Routed { document: Document::of_row(row, batch.mart()), why });
        }
    }
    routed
}

/// The document that [`Document::of_row`] made of the event when it came.
fn document_of(event: &StoredEvent) -> Option<Document> {
    // Marts registered at run time are not among the defaults; their names come through serde.
    let mart =
        Mart::named(&event.mart).or_else(|| serde_json::from_value(event.mart.as_str().into()).ok())?;
    let mut builder = DocumentBuilder::new(event.id, mart, event.time, &event.raw);
    for name in column::TEXT_NAMES {
        let value = if name == "mart" { Some(&event.mart) } else { event.header.get(name) };
        if let Some(value) = value {
            builder.header(name, value);
        }
    }
    for (name, value) in &event.fields {
        builder.field(name, value);
    }
    Some(builder.finish())
}
