//! Retention: the oldest closed segments go, one at a time, when nobody is to have them any more.
//!
//! A segment's file is removed and the directory synced before the next one is touched, so a crash leaves a stream
//! whose begin is where it was or a segment further on, and never a hole. There is nothing else to write: the begin
//! is the name of the first file, and so it works on a disk that is full. Only the last segment of a stream into which
//! nothing comes any more is closed first, by an empty one behind it, when all of it is beyond its age.

use std::ops::Range;
use std::sync::{Arc, PoisonError};

use sentra_model::Timestamp;

use crate::engine::Engine;
use crate::error::SYNC;
use crate::options::Retention;
use crate::partition::{Closed, Partition};
use crate::{LogError, Stream};

/// What one pass of retention did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RetentionReport {
    /// Segments that are gone, in the order in which they went (law LOSS: what retention took is a visible fact).
    pub removed: Vec<RemovedSegment>,
    /// Streams that keep more than they should because a consumer has still to read it.
    pub held: Vec<HeldStream>,
    /// Topics at which it had to stop. The next pass tries again.
    pub failed: Vec<FailedRetention>,
}

/// A topic at which retention had to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedRetention {
    /// The topic's first partition.
    pub stream: Stream,
    /// Why, with the causes.
    pub error: String,
}

/// A segment that retention removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedSegment {
    /// The stream.
    pub stream: Stream,
    /// The offsets that are gone.
    pub offsets: Range<u64>,
    /// Bytes that were freed.
    pub bytes: u64,
}

/// A stream that a consumer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldStream {
    /// The stream.
    pub stream: Stream,
    /// The consumer.
    pub consumer: String,
    /// The first offset that would have gone.
    pub from: u64,
}

/// The partitions of one topic of one tenant in one pass of retention.
struct Pass<'a> {
    engine: &'a Engine,
    retention: &'a Retention,
    partitions: Vec<Arc<Partition>>,
    report: &'a mut RetentionReport,
}

/// What became of an attempt to remove a segment.
enum Attempt {
    Removed,
    Held,
}

impl Engine {
    /// Removes what the options' retention no longer keeps.
    pub(crate) fn retain(&self) -> Result<RetentionReport, LogError> {
        self.poison.check()?;
        let mut report = RetentionReport::default();
        let mut all = self.all_partitions();
        while let Some(first) = all.first().map(|partition| partition.stream.clone()) {
            // In order of tenant and topic.
            let same = |p: &Arc<Partition>| p.stream.tenant == first.tenant && p.stream.topic == first.topic;
            let rest = all.split_off(all.partition_point(same));
            let partitions = std::mem::replace(&mut all, rest);
            let retention = self.options.retention.of(first.topic);
            if !retention.keeps_all() {
                let mut pass = Pass { engine: self, retention, partitions, report: &mut report };
                let result = pass.by_age().and_then(|()| pass.by_bytes());
                if let Err(error) = self.judge(result) {
                    self.poison.check()?;
                    // One tenant's broken file keeps nobody else's disk full.
                    tracing::error!(stream = %first, error = error.with_causes(), "retention failed");
                    report.failed.push(FailedRetention { stream: first, error: error.with_causes() });
                }
            }
        }
        self.metrics.used_bytes.set(self.budget.used() as f64);
        Ok(report)
    }
}

impl Pass<'_> {
    fn by_age(&mut self) -> Result<(), LogError> {
        let Some(age_s_max) = self.retention.age_s_max else { return Ok(()) };
        let micros = i64::try_from(age_s_max.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
        let since = self.engine.clock.now().plus_micros(micros.saturating_neg());
        for partition in self.partitions.clone() {
            loop {
                let Some(closed) = partition.oldest_closed() else {
                    if self.close_idle(&partition, since)? {
                        continue;
                    }
                    break;
                };
                // Where no frame is readable, the next segment that has one says how old this one is at least.
                let newest = partition.newest_received(&*self.engine.disk, closed.segment.base)?;
                let is_expired = newest.is_some_and(|newest| newest < since);
                if !is_expired || matches!(self.remove(&partition, &closed)?, Attempt::Held) {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Closes the last segment where nothing has come since: or it would stay for as long as nothing comes. Whether it
    /// was closed.
    fn close_idle(&self, partition: &Partition, since: Timestamp) -> Result<bool, LogError> {
        let Some(stretch) = partition.last_stretch() else { return Ok(false) };
        let newest = partition.newest_received(&*self.engine.disk, stretch.start)?;
        let is_expired = newest.is_some_and(|newest| newest < since);
        Ok(is_expired && self.engine.close_last(partition, stretch.end)?)
    }

    fn by_bytes(&mut self) -> Result<(), LogError> {
        let Some(bytes_max) = self.retention.bytes_max else { return Ok(()) };
        let mut movable = self.partitions.clone();
        while self.partitions.iter().map(|partition| partition.bytes()).sum::<u64>() > bytes_max {
            let Some((partition, closed)) = self.oldest_of(&movable)? else { break };
            if matches!(self.remove(&partition, &closed)?, Attempt::Held) {
                movable.retain(|other| !Arc::ptr_eq(other, &partition));
            }
        }
        Ok(())
    }

    /// The closed segment whose newest record is the oldest.
    fn oldest_of(&self, partitions: &[Arc<Partition>]) -> Result<Option<(Arc<Partition>, Closed)>, LogError> {
        let closed = partitions.iter().filter_map(|partition| Some((partition, partition.oldest_closed()?)));
        let mut oldest: Option<(Timestamp, Arc<Partition>, Closed)> = None;
        for (partition, closed) in closed {
            // One partition alone needs no comparison, and nothing is read for it.
            let newest = match partitions {
                [_] => None,
                _ => partition.newest_received(&*self.engine.disk, closed.segment.base)?,
            };
            let newest = newest.unwrap_or(Timestamp::MIN);
            if oldest.as_ref().is_none_or(|(before, ..)| newest < *before) {
                oldest = Some((newest, Arc::clone(partition), closed));
            }
        }
        Ok(oldest.map(|(_, partition, closed)| (partition, closed)))
    }

    fn remove(&mut self, partition: &Partition, closed: &Closed) -> Result<Attempt, LogError> {
        // Nobody commits a position meanwhile, and a reader that misses the file waits for the new begin.
        let _files = partition.files.lock().unwrap_or_else(PoisonError::into_inner);
        let Closed { segment, end } = closed;
        if let Some(consumer) = partition.holder(*end, &self.retention.hold_consumers) {
            if self.report.held.iter().all(|held| held.stream != partition.stream) {
                let stream = partition.stream.clone();
                self.report.held.push(HeldStream { stream, consumer, from: segment.base });
            }
            return Ok(Attempt::Held);
        }
        match self.engine.disk.remove(&segment.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(LogError::io("remove", &segment.path)(error));
            }
            _ => {}
        }
        let directory = &partition.directory;
        let synced = self.engine.disk.sync_dir(directory).map_err(LogError::io(SYNC, directory));
        // Also where the sync failed: the file is not there any more, and the log ends with it.
        let bytes = segment.durable_bytes();
        partition.forget_segment(segment);
        self.engine.budget.release(bytes);
        synced?;
        let offsets = segment.base..*end;
        let records = end.saturating_sub(segment.base);
        partition.metrics.retired_records.increment(records);
        partition.metrics.retired_bytes.increment(bytes);
        let stream = &partition.stream;
        tracing::info!(%stream, from = offsets.start, to = offsets.end, bytes, "retention removed a segment");
        self.report.removed.push(RemovedSegment { stream: stream.clone(), offsets, bytes });
        Ok(Attempt::Removed)
    }
}
