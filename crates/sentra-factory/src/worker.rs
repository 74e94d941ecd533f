//! One worker follows one partition of one tenant's raw topic.
//!
//! Two tasks share the work, so that two cores do: the [`Thinker`] reads, decodes and detects, the worker stores
//! what it is handed. At most [`THOUGHTS_WAITING_MAX`] chunk waits between them.

use std::sync::Arc;
use std::time::Duration;

use sentra_backbone::Stream;
use sentra_forensic::Progress;
use sentra_model::{DeadLetter, EventBatch, Position, TenantScope, Timestamp};
use sentra_store::RecordsCommit;
use tokio::sync::{mpsc, watch};

use crate::error::FactoryError;
use crate::forensic::Feed;
use crate::mirror::Mirror;
use crate::missing;
use crate::pipeline::FactoryParts;
use crate::status::FactoryStatus;
use crate::thinker::{Findings, Thinker, Thought};

/// Name under which the records store keeps this consumer's position.
pub const CONSUMER: &str = "factory";

/// Longest sleep between two looks at an idle partition, so that flushes and shutdown are not late.
const IDLE_WAIT: Duration = Duration::from_millis(500);

/// Law LIMIT: decoded chunks that wait to be stored.
const THOUGHTS_WAITING_MAX: usize = 1;

pub(crate) struct Worker {
    store: Store,
    thinker: Thinker,
}

/// The half that stores.
struct Store {
    parts: Arc<FactoryParts>,
    scope: TenantScope,
    stream: Stream,
    next: u64,
    flushed: Timestamp,
    mirror: Mirror,
    /// What feeds the forensic index, where there is one.
    feed: Option<Feed>,
}

impl Worker {
    /// A worker that stands where the stores stopped.
    pub(crate) async fn open(parts: Arc<FactoryParts>, stream: Stream) -> Result<Self, FactoryError> {
        let scope = TenantScope::new(stream.tenant.clone());
        let marts_next = parts.marts.position(&scope, stream.partition).await?;
        let records_next = parts.records.position(&scope, CONSUMER, stream.partition).await?;
        let next = marts_next.min(records_next);
        let thinker = Thinker::open(Arc::clone(&parts), &scope, stream.clone(), next, records_next).await?;
        let flushed = parts.clock.now();
        tracing::info!(tenant = %scope.tenant(), partition = stream.partition, marts_next, records_next, "worker starts");
        let mut mirror = Mirror::new(CONSUMER, &stream);
        mirror.tell(&parts).await?;
        let feed = Feed::open(&parts, &stream, records_next).await;
        Ok(Self { store: Store { parts, scope, stream, next, flushed, mirror, feed }, thinker })
    }

    /// Works until `shutdown` turns true.
    pub(crate) async fn run(self, shutdown: watch::Receiver<bool>) -> Result<(), FactoryError> {
        let Self { mut store, thinker } = self;
        let (sender, mut thoughts) = mpsc::channel(THOUGHTS_WAITING_MAX);
        let thinking = tokio::spawn(thinker.run(sender));
        let stored = store.run(&mut thoughts, shutdown).await;
        // Nobody works for this partition when the worker has ended: another may start at once.
        drop(thoughts);
        if let Err(panic) = thinking.await
            && panic.is_panic()
        {
            std::panic::resume_unwind(panic.into_panic());
        }
        stored?;
        store.parts.marts.flush(&store.scope).await?;
        store.mirror.tell(&store.parts).await?;
        if let Some(feed) = &mut store.feed {
            feed.finish(&store.parts).await;
        }
        Ok(())
    }
}

impl Store {
    async fn run(
        &mut self,
        thoughts: &mut mpsc::Receiver<Result<Thought, FactoryError>>,
        mut shutdown: watch::Receiver<bool>,
    ) -> Result<(), FactoryError> {
        while !*shutdown.borrow() {
            let is_busy = self.feed.as_ref().is_some_and(Feed::is_catching_up);
            let wait = if is_busy { Duration::ZERO } else { IDLE_WAIT };
            tokio::select! {
                thought = thoughts.recv() => match thought {
                    Some(thought) => self.take(thought?).await?,
                    None => return Ok(()),
                },
                () = tokio::time::sleep(wait) => {}
                _ = shutdown.changed() => {}
            }
            self.flush_when_due().await?;
            self.mirror.follow(&self.parts).await?;
            if let Some(feed) = &mut self.feed {
                feed.follow(&self.parts, self.next).await;
            }
            self.report().await?;
        }
        Ok(())
    }

    async fn flush_when_due(&mut self) -> Result<(), FactoryError> {
        let now = self.parts.clock.now();
        let interval = i64::try_from(self.parts.config.flush_interval_ms).unwrap_or(i64::MAX);
        if now.since(self.flushed) >= interval.saturating_mul(1_000) {
            self.parts.marts.flush(&self.scope).await?;
            self.parts.status.recovered(&self.stream);
            self.flushed = now;
        }
        Ok(())
    }

    async fn report(&self) -> Result<(), FactoryError> {
        let end = self.parts.log.extent(&self.stream).await?.end;
        let now = self.parts.clock.now();
        self.parts.status.progress(&self.stream, self.next, end, now);
        Ok(())
    }

    /// Stores one chunk: marts, then records.
    ///
    /// Law SOURCE: chunks come in the order of their offsets, and what a store has is cut off before it (the
    /// records' position by the thinker, the marts' by themselves), so a crash between the two stores repeats
    /// nothing in either.
    async fn take(&mut self, thought: Thought) -> Result<(), FactoryError> {
        let Thought { until, transformed, findings, skipped } = thought;
        let clock = Arc::clone(&self.parts.clock);
        // Counted and logged also where the records store has no use for a letter because it is ahead.
        let skipped = skipped.map(|range| missing::skipped(&self.stream, &range, clock.as_ref()));
        let position = Position { partition: self.stream.partition, offset: until };
        let events: usize = transformed.batches.iter().map(EventBatch::len).sum();
        // Held until the marts have the events: no change of the marts comes between.
        let passage = self.parts.router.enter(&self.scope).await?;
        let range = self.next..until;
        let batches = passage.route(self.stream.partition, range, transformed.batches).await?;
        let signals = findings.as_ref().map_or(&[][..], |findings| &findings.signals);
        let collected = self.feed.as_ref().map(|feed| feed.collect(&batches, signals));
        self.parts.marts.append(&self.scope, batches, position).await?;
        drop(passage);
        if let Some(findings) = findings {
            let mut dead_letters = transformed.dead_letters;
            let damaged = |range| missing::damaged(&self.stream, range, clock.as_ref());
            dead_letters.extend(findings.quarantined.iter().map(damaged));
            dead_letters.extend(skipped);
            let dead = dead_letters.len() as u64;
            self.commit(position, dead_letters, findings).await?;
            self.parts.status.add_batch(events as u64, transformed.bytes, dead);
        }
        // After marts and records, so that it is never ahead of where the worker starts again.
        if let (Some(feed), Some(collected)) = (&mut self.feed, collected) {
            let Stream { partition, .. } = self.stream;
            let progress = Progress { partition, from: self.next, next: until, raw_bytes: transformed.bytes };
            feed.hand_over(&self.parts, collected, progress).await;
        }
        self.next = until;
        Ok(())
    }

    async fn commit(
        &self,
        next: Position,
        dead_letters: Vec<DeadLetter>,
        findings: Findings,
    ) -> Result<(), FactoryError> {
        let commit = RecordsCommit {
            consumer: CONSUMER.to_owned(),
            next,
            signals: findings.signals,
            incidents: findings.incidents,
            dead_letters: dead_letters
                .into_iter()
                .filter_map(|letter| letter.event.map(|event| (event, letter)))
                .collect(),
            state: findings.state,
        };
        let (signals, incidents) = (commit.signals.len() as u64, commit.incidents.clone());
        self.parts.records.commit(&self.scope, commit).await?;
        if let Some((id, decided)) = findings.decided {
            self.status().outcomes().tell(self.scope.tenant(), id, decided);
        }
        let opened = incidents.iter().filter(|incident| incident.version == 1).count() as u64;
        self.status().add_findings(signals, opened, incidents.len() as u64);
        for incident in &incidents {
            self.parts.watcher.incident_changed(incident);
        }
        Ok(())
    }

    fn status(&self) -> &FactoryStatus {
        &self.parts.status
    }
}
