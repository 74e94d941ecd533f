//! One worker follows all partitions of one tenant's raw topic: what detection remembers is one per tenant, so that
//! events that came by different partitions meet.
//!
//! Two tasks share the work, so that two cores do: the [`Thinker`] reads, decodes and detects, the worker stores
//! what it is handed. At most [`THOUGHTS_WAITING_MAX`] chunk waits between them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use sentra_backbone::Stream;
use sentra_forensic::Progress;
use sentra_model::{DeadLetter, EventBatch, Position, TenantScope, Timestamp};
use sentra_store::RecordsCommit;
use tokio::sync::{mpsc, watch};

use crate::error::FactoryError;
use crate::forensic::Feed;
use crate::lanes::{Partitions, Place, raw_stream};
use crate::mirror::Mirror;
use crate::missing;
use crate::pipeline::FactoryParts;
use crate::status::FactoryStatus;
use crate::thinker::{Findings, Thinker, Thought};
use crate::transform::Transformed;

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
    /// What the worker is known by to who counts its failures.
    stream: Stream,
    flushed: Timestamp,
    lanes: BTreeMap<u32, Lane>,
}

/// What has come of one partition.
struct Lane {
    stream: Stream,
    next: u64,
    mirror: Mirror,
    /// What feeds the forensic index, where there is one.
    feed: Option<Feed>,
}

impl Lane {
    async fn open(parts: &FactoryParts, stream: Stream, place: Place) -> Result<Self, FactoryError> {
        let Place { marts_next, records_next } = place;
        tracing::info!(%stream, marts_next, records_next, "worker starts");
        let mut mirror = Mirror::new(CONSUMER, &stream);
        mirror.tell(parts).await?;
        let feed = Feed::open(parts, &stream, records_next).await;
        Ok(Self { stream, next: place.next(), mirror, feed })
    }

    /// What is due where nothing comes.
    async fn follow(&mut self, parts: &FactoryParts) -> Result<(), FactoryError> {
        self.mirror.follow(parts).await?;
        if let Some(feed) = &mut self.feed {
            feed.follow(parts, self.next).await;
        }
        let end = parts.log.extent(&self.stream).await?.end;
        parts.status.progress(&self.stream, self.next, end, parts.clock.now());
        Ok(())
    }

    async fn finish(&mut self, parts: &FactoryParts) -> Result<(), FactoryError> {
        self.mirror.tell(parts).await?;
        if let Some(feed) = &mut self.feed {
            feed.finish(parts).await;
        }
        Ok(())
    }
}

impl Worker {
    /// A worker that stands where the stores stopped, in every one of the `partitions`.
    pub(crate) async fn open(
        parts: Arc<FactoryParts>,
        stream: Stream,
        partitions: Partitions,
    ) -> Result<Self, FactoryError> {
        let scope = TenantScope::new(stream.tenant.clone());
        let known: Vec<u32> = partitions.borrow().iter().copied().collect();
        let (mut places, mut lanes) = (BTreeMap::new(), BTreeMap::new());
        for partition in known {
            let stream = raw_stream(&stream.tenant, partition);
            let place = Place::of(&parts, &stream).await?;
            places.insert(partition, place);
            lanes.insert(partition, Lane::open(&parts, stream, place).await?);
        }
        let thinker = Thinker::open(Arc::clone(&parts), &scope, partitions, &places).await?;
        let flushed = parts.clock.now();
        Ok(Self { store: Store { parts, scope, stream, flushed, lanes }, thinker })
    }

    /// Works until `shutdown` turns true.
    pub(crate) async fn run(self, shutdown: watch::Receiver<bool>) -> Result<(), FactoryError> {
        let Self { mut store, thinker } = self;
        let (sender, mut thoughts) = mpsc::channel(THOUGHTS_WAITING_MAX);
        let thinking = tokio::spawn(thinker.run(sender));
        let stored = store.run(&mut thoughts, shutdown).await;
        // Nobody works for this tenant when the worker has ended: another may start at once.
        drop(thoughts);
        if let Err(panic) = thinking.await
            && panic.is_panic()
        {
            std::panic::resume_unwind(panic.into_panic());
        }
        stored?;
        store.parts.marts.flush(&store.scope).await?;
        for lane in store.lanes.values_mut() {
            lane.finish(&store.parts).await?;
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
            let feeds = || self.lanes.values().filter_map(|lane| lane.feed.as_ref());
            let is_busy = feeds().any(Feed::is_catching_up);
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
            for lane in self.lanes.values_mut() {
                lane.follow(&self.parts).await?;
            }
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

    /// Stores one chunk: marts, then records.
    ///
    /// Law SOURCE: a partition's chunks come in the order of their offsets, and what a store has is cut off before it (the
    /// records' position by the thinker, the marts' by themselves), so a crash between the two stores repeats
    /// nothing in either.
    async fn take(&mut self, thought: Thought) -> Result<(), FactoryError> {
        let Thought { partition, until, transformed, findings, skipped } = thought;
        let mut lane = self.lane(partition).await?;
        let stored = self.take_into(&mut lane, until, transformed, findings, skipped).await;
        self.lanes.insert(partition, lane);
        stored
    }

    /// The lane of `partition`, which may have appeared while the worker ran.
    async fn lane(&mut self, partition: u32) -> Result<Lane, FactoryError> {
        if let Some(lane) = self.lanes.remove(&partition) {
            return Ok(lane);
        }
        let stream = raw_stream(self.scope.tenant(), partition);
        let place = Place::of(&self.parts, &stream).await?;
        Lane::open(&self.parts, stream, place).await
    }

    async fn take_into(
        &self,
        lane: &mut Lane,
        until: u64,
        transformed: Transformed,
        findings: Option<Findings>,
        skipped: Option<Range<u64>>,
    ) -> Result<(), FactoryError> {
        let (partition, clock) = (lane.stream.partition, Arc::clone(&self.parts.clock));
        // Counted and logged also where the records store has no use for a letter because it is ahead.
        let skipped = skipped.map(|range| missing::skipped(&lane.stream, &range, clock.as_ref()));
        let position = Position { partition, offset: until };
        let events: usize = transformed.batches.iter().map(EventBatch::len).sum();
        // Held until the marts have the events: no change of the marts comes between.
        let passage = self.parts.router.enter(&self.scope).await?;
        let batches = passage.route(partition, lane.next..until, transformed.batches).await?;
        let signals = findings.as_ref().map_or(&[][..], |findings| &findings.signals);
        let collected = lane.feed.as_ref().map(|feed| feed.collect(&batches, signals));
        self.parts.marts.append(&self.scope, batches, position).await?;
        drop(passage);
        if let Some(findings) = findings {
            let mut dead_letters = transformed.dead_letters;
            let damaged = |range| missing::damaged(&lane.stream, range, clock.as_ref());
            dead_letters.extend(findings.quarantined.iter().map(damaged));
            dead_letters.extend(skipped);
            let dead = dead_letters.len() as u64;
            self.commit(position, dead_letters, findings).await?;
            self.parts.status.add_batch(events as u64, transformed.bytes, dead);
        }
        // After marts and records, so that it is never ahead of where the worker starts again.
        if let (Some(feed), Some(collected)) = (&mut lane.feed, collected) {
            let progress = Progress { partition, from: lane.next, next: until, raw_bytes: transformed.bytes };
            feed.hand_over(&self.parts, collected, progress).await;
        }
        lane.next = until;
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
