//! One worker follows one partition of one tenant's raw topic.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sentra_backbone::{ReadChunk, Stream};
use sentra_decode::Decoder;
use sentra_detect::Detector;
use sentra_model::{DeadLetter, EventBatch, Position, Signal, TenantScope, Timestamp};
use sentra_store::RecordsCommit;
use tokio::sync::watch;

use crate::activity::Activity;
use crate::book::{Book, set_login_facts};
use crate::config::FactoryConfig;
use crate::error::FactoryError;
use crate::mirror::Mirror;
use crate::missing;
use crate::pipeline::FactoryParts;
use crate::signals::signal_of;
use crate::state::{StateKind, StateRow};
use crate::status::FactoryStatus;
use crate::transform::{Transformed, transform};

/// Name under which the records store keeps this consumer's position.
pub const CONSUMER: &str = "factory";

/// Longest sleep between two looks at an idle partition, so that flushes and shutdown are not late.
const IDLE_WAIT: Duration = Duration::from_millis(500);

pub(crate) struct Worker {
    parts: Arc<FactoryParts>,
    scope: TenantScope,
    stream: Stream,
    next: u64,
    records_next: u64,
    brain: Brain,
    flushed: Timestamp,
    mirror: Mirror,
}

/// What detection remembers between batches; it moves to a thread of its own for the heavy part.
struct Brain {
    decoder: Decoder,
    detector: Detector,
    activity: Activity,
    book: Book,
}

/// What the heavy part of a batch yields.
struct Digested {
    transformed: Transformed,
    state: Vec<StateRow>,
}

impl Worker {
    /// A worker that stands where the stores stopped.
    pub(crate) async fn open(parts: Arc<FactoryParts>, stream: Stream) -> Result<Self, FactoryError> {
        let scope = TenantScope::new(stream.tenant.clone());
        let marts_next = parts.marts.position(&scope, stream.partition).await?;
        let records_next = parts.records.position(&scope, CONSUMER, stream.partition).await?;
        let brain = Brain::restore(&parts, &scope).await?;
        let flushed = parts.clock.now();
        let next = marts_next.min(records_next);
        tracing::info!(tenant = %scope.tenant(), partition = stream.partition, marts_next, records_next, "worker starts");
        let mut mirror = Mirror::new(CONSUMER, &stream);
        mirror.tell(&parts).await?;
        Ok(Self { parts, scope, stream, next, records_next, brain, flushed, mirror })
    }

    /// Works until `shutdown` turns true.
    pub(crate) async fn run(mut self, mut shutdown: watch::Receiver<bool>) -> Result<(), FactoryError> {
        while !*shutdown.borrow() {
            let bytes_max = self.parts.config.batch_bytes_max;
            let chunk = self.parts.log.read(&self.stream, self.next, bytes_max).await?;
            if chunk.next_offset > self.next {
                self = self.work(chunk).await?;
            } else {
                self.idle(&mut shutdown).await?;
            }
            self.flush_when_due().await?;
            self.mirror.follow(&self.parts).await?;
            self.report().await?;
        }
        self.parts.marts.flush(&self.scope).await?;
        self.mirror.tell(&self.parts).await?;
        Ok(())
    }

    async fn idle(&mut self, shutdown: &mut watch::Receiver<bool>) -> Result<(), FactoryError> {
        let arrived = tokio::select! {
            arrived = self.parts.log.wait_beyond(&self.stream, self.next) => { arrived?; true }
            () = tokio::time::sleep(IDLE_WAIT) => false,
            _ = shutdown.changed() => false,
        };
        if arrived {
            // A little patience turns a trickle into batches; the limit is what a reader notices.
            tokio::time::sleep(Duration::from_millis(self.parts.config.batch_wait_ms)).await;
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

    /// Takes one chunk through: decode and detect on a thread of its own, then marts, then records.
    ///
    /// Law SOURCE: what a store has is cut off before it (`records_next`, the marts' own position), so a
    /// crash between the two stores repeats nothing in either.
    async fn work(mut self, chunk: ReadChunk) -> Result<Self, FactoryError> {
        let replaying = self.next < self.records_next;
        let until = if replaying { self.records_next.min(chunk.next_offset) } else { chunk.next_offset };
        let (from, stream, parts) = (self.next, self.stream.clone(), Arc::clone(&self.parts));
        let quarantined = chunk.quarantined.clone();
        // Counted and logged also where the records store has no use for a letter because it is ahead.
        let gone = chunk.skipped.clone().map(|range| range.start..range.end.min(until));
        let skipped = gone.map(|range| missing::skipped(&self.stream, &range, self.parts.clock.as_ref()));
        let mut brain = self.brain;
        let joined = tokio::task::spawn_blocking(move || {
            let digested = brain.digest(&parts, &stream, chunk, from..until, replaying);
            digested.map(|digested| (brain, digested))
        });
        let (brain, digested) = match joined.await {
            Ok(result) => result?,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        self.brain = brain;
        let Digested { transformed, state } = digested;
        let position = Position { partition: self.stream.partition, offset: until };
        let events: usize = transformed.batches.iter().map(EventBatch::len).sum();
        self.parts.marts.append(&self.scope, transformed.batches, position).await?;
        if !replaying {
            let mut dead_letters = transformed.dead_letters;
            let clock = self.parts.clock.as_ref();
            dead_letters.extend(quarantined.iter().map(|range| missing::damaged(&self.stream, range, clock)));
            dead_letters.extend(skipped);
            self.commit(position, dead_letters, state, events, transformed.bytes).await?;
            self.records_next = until;
        }
        self.next = until;
        Ok(self)
    }

    async fn commit(
        &mut self,
        next: Position,
        dead_letters: Vec<DeadLetter>,
        state: Vec<StateRow>,
        events: usize,
        bytes: u64,
    ) -> Result<(), FactoryError> {
        let changes = self.brain.book.take_changes(self.parts.teller.as_ref(), self.parts.clock.as_ref());
        let dead = dead_letters.len() as u64;
        let commit = RecordsCommit {
            consumer: CONSUMER.to_owned(),
            next,
            signals: changes.signals,
            incidents: changes.incidents,
            dead_letters: dead_letters
                .into_iter()
                .filter_map(|letter| letter.event.map(|event| (event, letter)))
                .collect(),
            state,
        };
        let (signals, incidents) = (commit.signals.len() as u64, commit.incidents.clone());
        self.parts.records.commit(&self.scope, commit).await?;
        self.parts.status.add_batch(events as u64, bytes, dead);
        let opened = incidents.iter().filter(|incident| incident.version == 1).count() as u64;
        self.parts.status.add_findings(signals, opened, incidents.len() as u64);
        for incident in &incidents {
            self.parts.watcher.incident_changed(incident);
        }
        Ok(())
    }
}

impl Brain {
    async fn restore(parts: &FactoryParts, scope: &TenantScope) -> Result<Self, FactoryError> {
        let config: &FactoryConfig = &parts.config;
        let stored = parts.records.state(scope).await?;
        let mut detector = Detector::new(Arc::clone(&parts.rules));
        let windows = stored
            .iter()
            .filter_map(|(key, value)| Some((StateKind::Detector.unwrap(key)?.to_vec(), value.clone())))
            .collect();
        detector.restore(windows);
        let mut activity = Activity::new(config.activity_entities_max, config.activity_idle_micros());
        activity.restore(&stored)?;
        let mut book = Book::new(config.clone());
        let mut open = parts.records.open_incidents_since(scope, Timestamp::MIN).await?;
        open.sort_by_key(|incident| std::cmp::Reverse((incident.last, incident.id)));
        open.truncate(config.open_incidents_max);
        for incident in open {
            let signals = parts.records.incident_signals(scope, incident.id).await?;
            book.restore(incident, signals);
        }
        Ok(Self { decoder: parts.decoder.clone(), detector, activity, book })
    }

    fn digest(
        &mut self,
        parts: &FactoryParts,
        stream: &Stream,
        chunk: ReadChunk,
        range: std::ops::Range<u64>,
        replaying: bool,
    ) -> Result<Digested, FactoryError> {
        let transformed = transform(&self.decoder, &stream.tenant, stream.partition, &chunk.batches, range)?;
        if replaying {
            return Ok(Digested { transformed, state: Vec::new() });
        }
        let now = parts.clock.now();
        for batch in &transformed.batches {
            self.detect(batch, now, &parts.status);
        }
        let mut state: Vec<_> = self
            .detector
            .take_changes()
            .into_iter()
            .map(|change| (StateKind::Detector.wrap(&change.key), change.value))
            .collect();
        state.extend(self.activity.take_changes()?);
        Ok(Digested { transformed, state })
    }

    /// Takes findings and logins in the order of their rows, as if every event came alone: what is known
    /// about an address when a finding looks for its incident does not depend on how events were batched.
    fn detect(&mut self, batch: &EventBatch, now: Timestamp, status: &FactoryStatus) {
        let mut found = self.detector.process(batch);
        found.sort_by_key(|found| found.row);
        let mut rows = batch.rows().peekable();
        let mut touched: BTreeSet<String> = BTreeSet::new();
        for found in found {
            status.add_match(&found.rule.id);
            while let Some(row) = rows.next_if(|row| row.index() <= found.row) {
                touched.extend(self.activity.observe(row));
            }
            self.book.refresh_logins(&std::mem::take(&mut touched), &self.activity);
            let Some(row) = batch.row(found.row) else { continue };
            let mut signal: Signal = signal_of(&found, row);
            if let Some(address) = row.text("src_ip").filter(|_| crate::facts::is_login(row)) {
                set_login_facts(&mut signal, address, &self.activity);
            }
            self.book.take(signal, now);
        }
        touched.extend(rows.filter_map(|row| self.activity.observe(row)));
        self.book.refresh_logins(&touched, &self.activity);
    }
}
