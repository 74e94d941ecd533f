//! The partitions of a tenant's raw topic, read side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::task::Poll;

use sentra_backbone::{LogError, ReadChunk, Stream};
use sentra_model::{TenantId, TenantScope, Timestamp, Topic};
use sentra_store::StoreError;
use tokio::sync::watch;

use crate::error::FactoryError;
use crate::pipeline::FactoryParts;
use crate::turns::Turns;
use crate::worker::CONSUMER;

/// Law LIMIT: the bytes that are read ahead are shared by the partitions, but this much each may have.
const READ_BYTES_MIN: usize = 256 * 1024;

/// The partitions that there are, now and as they appear.
pub(crate) type Partitions = watch::Receiver<BTreeSet<u32>>;

/// A partition of the raw topic of `tenant`.
pub(crate) fn raw_stream(tenant: &TenantId, partition: u32) -> Stream {
    Stream { tenant: tenant.clone(), topic: Topic::Raw, partition }
}

/// Where the stores stand in a partition: before these offsets they have everything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) marts_next: u64,
    pub(crate) records_next: u64,
}

impl Place {
    /// What the stores say of `stream`.
    pub(crate) async fn of(parts: &FactoryParts, stream: &Stream) -> Result<Self, StoreError> {
        let scope = TenantScope::new(stream.tenant.clone());
        Ok(Self {
            marts_next: parts.marts.position(&scope, stream.partition).await?,
            records_next: parts.records.position(&scope, CONSUMER, stream.partition).await?,
        })
    }

    /// Where to read on.
    pub(crate) fn next(self) -> u64 {
        self.marts_next.min(self.records_next)
    }
}

/// What is to be worked on next: the records of a partition from `next` to before `until`.
pub(crate) struct Stretch {
    pub(crate) partition: u32,
    pub(crate) next: u64,
    pub(crate) until: u64,
    /// What they stand in, and perhaps what comes after them.
    pub(crate) chunk: ReadChunk,
    /// Where the records store stood at the start: what lies before it was detected and committed.
    pub(crate) records_next: u64,
}

/// All partitions of one tenant, of which the one goes on whose next record arrived first ([`Turns`]).
pub(crate) struct Lanes {
    tenant: TenantId,
    partitions: Partitions,
    lanes: BTreeMap<u32, Lane>,
    turns: Turns,
}

struct Lane {
    stream: Stream,
    next: u64,
    records_next: u64,
    /// What was read and not worked on yet; it begins at `next`.
    read: Option<ReadChunk>,
}

impl Lanes {
    /// Lanes from `places` on, and whatever appears in `partitions`.
    pub(crate) fn new(tenant: TenantId, partitions: Partitions, places: &BTreeMap<u32, Place>) -> Self {
        let lane = |(partition, place): (&u32, &Place)| (*partition, Lane::new(&tenant, *partition, *place));
        let lanes = places.iter().map(lane).collect();
        Self { tenant, partitions, lanes, turns: Turns::default() }
    }

    /// What is to be worked on next. Say [`Lanes::go_on`] before the next one is asked for.
    pub(crate) async fn next(&mut self, parts: &FactoryParts) -> Result<Option<Stretch>, FactoryError> {
        self.take_up_partitions(parts).await?;
        let bytes_max = parts.config.batch_bytes_max;
        let bytes_max = (bytes_max / self.lanes.len().max(1)).max(READ_BYTES_MIN.min(bytes_max));
        for (partition, lane) in &mut self.lanes {
            if !self.turns.is_waiting(*partition) && lane.fill(parts, bytes_max).await? {
                self.turns.offer(*partition, lane.arrived(), parts.clock.now());
            }
        }
        Ok(self.turn())
    }

    async fn take_up_partitions(&mut self, parts: &FactoryParts) -> Result<(), StoreError> {
        let known: Vec<u32> = self.partitions.borrow_and_update().iter().copied().collect();
        for partition in known {
            if !self.lanes.contains_key(&partition) {
                let place = Place::of(parts, &raw_stream(&self.tenant, partition)).await?;
                self.lanes.insert(partition, Lane::new(&self.tenant, partition, place));
            }
        }
        Ok(())
    }

    /// What the partition has whose turn it is, as far as its turn goes.
    fn turn(&mut self) -> Option<Stretch> {
        let turn = self.turns.take()?;
        let lane = self.lanes.get_mut(&turn.partition)?;
        let chunk = lane.read.take()?;
        let is_later = |received: Timestamp| turn.until.is_some_and(|until| received > until);
        let cut = chunk.batches.iter().skip(1).find(|batch| is_later(batch.received));
        let until = cut.map_or(chunk.next_offset, |batch| batch.first_offset);
        let Lane { next, records_next, .. } = *lane;
        Some(Stretch { partition: turn.partition, next, until, chunk, records_next })
    }

    /// The records of `partition` before `until` are worked on; what stands in `chunk` behind them is still to be.
    pub(crate) fn go_on(&mut self, partition: u32, chunk: ReadChunk, until: u64) {
        if let Some(lane) = self.lanes.get_mut(&partition) {
            (lane.next, lane.read) = (until, rest_of(chunk, until));
        }
    }

    /// Resolves when something has come that was not there, be it a partition.
    pub(crate) async fn arrival(&mut self, parts: &FactoryParts) -> Result<(), LogError> {
        let mut waits: Vec<_> =
            self.lanes.values().map(|lane| parts.log.wait_beyond(&lane.stream, lane.next)).collect();
        let any = poll_fn(|context| {
            let ended = waits.iter_mut().find_map(|wait| match wait.as_mut().poll(context) {
                Poll::Ready(arrived) => Some(arrived),
                Poll::Pending => None,
            });
            ended.map_or(Poll::Pending, Poll::Ready)
        });
        tokio::select! {
            arrived = any => arrived,
            // Where nobody tells of partitions any more, the factory stops.
            Ok(()) = self.partitions.changed() => Ok(()),
        }
    }

    /// Whether there is nothing to work on, and the records store is behind with nothing.
    pub(crate) fn are_worked_off(&self) -> bool {
        self.lanes.values().all(|lane| lane.next >= lane.records_next && lane.read.is_none())
    }

    /// The first partition and where it goes on.
    pub(crate) fn first(&self) -> (u32, u64) {
        self.lanes.first_key_value().map_or((0, 0), |(partition, lane)| (*partition, lane.next))
    }
}

impl Lane {
    fn new(tenant: &TenantId, partition: u32, place: Place) -> Self {
        let stream = raw_stream(tenant, partition);
        Self { stream, next: place.next(), records_next: place.records_next, read: None }
    }

    /// Reads what comes next, unless that was done; whether there is anything.
    async fn fill(&mut self, parts: &FactoryParts, bytes_max: usize) -> Result<bool, LogError> {
        if self.read.is_none() && parts.log.extent(&self.stream).await?.end != self.next {
            let chunk = parts.log.read(&self.stream, self.next, bytes_max).await?;
            self.read = (chunk.next_offset > self.next).then_some(chunk);
        }
        Ok(self.read.is_some())
    }

    /// When what comes next arrived.
    fn arrived(&self) -> Timestamp {
        // What cannot be read waits for nobody.
        let first = self.read.as_ref().and_then(|chunk| chunk.batches.first());
        first.map_or(Timestamp::MIN, |batch| batch.received)
    }
}

/// What of `chunk` lies behind `until`; `None` for nothing.
fn rest_of(mut chunk: ReadChunk, until: u64) -> Option<ReadChunk> {
    if until >= chunk.next_offset {
        return None;
    }
    chunk.batches.retain(|batch| batch.next_offset() > until);
    chunk.quarantined.retain(|range| range.start >= until);
    chunk.skipped =
        chunk.skipped.map(|range| range.start.max(until)..range.end).filter(|range| !range.is_empty());
    Some(chunk)
}

#[cfg(test)]
mod tests {
    use sentra_backbone::{AppendBatch, EventLog as _, MemoryLog, StoredBatch};
    use sentra_model::{OwnedRecord, Source, SourceKind};

    use super::*;

    #[tokio::test]
    async fn what_is_cut_off_is_the_rest() {
        let (log, stream) = (MemoryLog::default(), raw_stream(&TenantId::default_tenant(), 0));
        for count in [2, 3, 4] {
            let reference = Timestamp::from_seconds(1);
            let source = Source { kind: SourceKind::File, origin: "a".to_owned(), format: None, reference };
            let records = vec![OwnedRecord { position: 0, bytes: b"a".to_vec() }; count];
            log.append(&stream, AppendBatch { received: reference, source, records }).await.unwrap();
        }
        let mut chunk = log.read(&stream, 0, 1 << 20).await.unwrap();
        (chunk.skipped, chunk.quarantined) = (Some(0..1), vec![1..2, 6..7]);
        let batches = |chunk: &ReadChunk| chunk.batches.iter().map(StoredBatch::len).collect::<Vec<_>>();
        let rest = rest_of(chunk.clone(), 3).unwrap();
        // A batch that is cut stays whole: its offsets say what is wanted of it.
        assert_eq!((batches(&rest), rest.next_offset), (vec![3, 4], 9));
        assert_eq!(rest.skipped, None);
        assert_eq!(rest.quarantined.as_slice(), std::slice::from_ref(&(6..7)));
        let none = rest_of(chunk.clone(), 0).unwrap();
        assert_eq!((batches(&none), none.skipped), (vec![2, 3, 4], Some(0..1)));
        assert_eq!(batches(&rest_of(chunk.clone(), 5).unwrap()), [4]);
        assert!(rest_of(chunk, 9).is_none());
    }
}
