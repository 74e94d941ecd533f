use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use sentra_model::{OwnedRecord, Source, TenantId, Timestamp, Topic};

use crate::consumers::check_consumer_name;
use crate::{Consumer, LogError, StoredBatch};

/// One ordered sequence of records: a partition of a topic of a tenant (law TENANT: there is no other way to
/// name one).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stream {
    /// Whose records.
    pub tenant: TenantId,
    /// Which of the tenant's topics.
    pub topic: Topic,
    /// Which partition of the topic, from 0.
    pub partition: u32,
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.tenant, self.topic, self.partition)
    }
}

/// Records of one source that are made durable together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendBatch {
    /// When Sentra took the records in.
    pub received: Timestamp,
    /// Where they come from.
    pub source: Source,
    /// The records in their order. None is allowed: then nothing is written.
    pub records: Vec<OwnedRecord>,
}

impl AppendBatch {
    /// Most records in a batch.
    pub const RECORDS_MAX: usize = 100_000;
    /// Most bytes in a batch: its records, its origin and its format name.
    pub const BYTES_MAX: usize = 16 * 1024 * 1024;

    /// Bytes of the records, the origin and the format name.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let records: usize = self.records.iter().map(|record| record.bytes.len()).sum();
        records + self.source.origin.len() + self.source.format.as_ref().map_or(0, String::len)
    }

    /// Law LIMIT: refuses a batch over the limits.
    pub(crate) fn check(&self) -> Result<(), LogError> {
        let (records, bytes) = (self.records.len(), self.bytes());
        if records <= Self::RECORDS_MAX && bytes <= Self::BYTES_MAX {
            return Ok(());
        }
        Err(LogError::BatchTooLarge {
            records,
            bytes,
            records_max: Self::RECORDS_MAX,
            bytes_max: Self::BYTES_MAX,
        })
    }
}

/// Where a batch stands: its records have the offsets `first_offset .. first_offset + count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Offset of the first record.
    pub first_offset: u64,
    /// Number of records.
    pub count: u64,
}

/// What a stream holds: offsets `begin .. end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Offset of the oldest record kept.
    pub begin: u64,
    /// Offset that the next record gets.
    pub end: u64,
}

/// What one read found.
#[derive(Debug, Clone, Default)]
pub struct ReadChunk {
    /// The batches in offset order. The first one starts at the offset asked for, also where that lies inside
    /// of a batch as it was appended.
    pub batches: Vec<StoredBatch>,
    /// Where the next read starts.
    pub next_offset: u64,
    /// Offsets that were passed over because their bytes on disk are damaged, in order. Law LOSS: the caller
    /// shows them.
    pub quarantined: Vec<Range<u64>>,
    /// Offsets from the one asked for on that retention has removed. They come before everything else in here.
    /// Law LOSS: the caller shows them.
    pub skipped: Option<Range<u64>>,
}

/// The backbone: an ordered, durable, replayable log per stream. Law SOURCE: everything else is a projection
/// of it.
///
/// A stream comes into being with its first append; before that it is empty, `0..0`.
#[async_trait]
pub trait EventLog: Send + Sync + fmt::Debug {
    /// Adds a batch to the end of `stream` and resolves when it survives power loss (law ACK).
    ///
    /// Records get consecutive offsets in the batch's order. Appends of one caller that awaits each one stand
    /// in that order; concurrent ones in any order. A call that is dropped half-way may or may not have
    /// appended. An empty batch writes nothing and answers the stream's end.
    ///
    /// # Errors
    /// [`LogError::BatchTooLarge`], [`LogError::Full`], [`LogError::Poisoned`], [`LogError::Closed`].
    async fn append(&self, stream: &Stream, batch: AppendBatch) -> Result<Appended, LogError>;

    /// Reads from offset `from` on, at most about `bytes_max` bytes, but at least one batch where there is one.
    ///
    /// `from` before the stream's begin starts at the begin and says so in `skipped`; at the end the chunk is empty.
    ///
    /// # Errors
    /// [`LogError::BeyondEnd`] where `from` lies beyond the end; [`LogError::Io`].
    async fn read(&self, stream: &Stream, from: u64, bytes_max: usize) -> Result<ReadChunk, LogError>;

    /// Resolves when the stream's end is greater than `offset`, so that a read from `offset` finds something.
    ///
    /// # Errors
    /// [`LogError::Poisoned`] or [`LogError::Closed`] when that cannot happen any more.
    async fn wait_beyond(&self, stream: &Stream, offset: u64) -> Result<(), LogError>;

    /// What the stream holds.
    ///
    /// # Errors
    /// [`LogError::Io`].
    async fn extent(&self, stream: &Stream) -> Result<Extent, LogError>;

    /// Every stream that was ever appended to, in order.
    ///
    /// # Errors
    /// [`LogError::Io`].
    async fn streams(&self) -> Result<Vec<Stream>, LogError>;

    /// The next offset of the durable consumer named `consumer`; `None` where it never committed.
    ///
    /// # Errors
    /// [`LogError::ConsumerName`], [`LogError::Damaged`], [`LogError::Io`].
    async fn position(&self, consumer: &str, stream: &Stream) -> Result<Option<u64>, LogError>;

    /// Sets the next offset of the durable consumer named `consumer`, also backwards; resolves when it is durable.
    /// A range that it has stays. The first position of a consumer needs room on the disk, later ones do not: a
    /// consumer that retention waits for commits when it starts.
    ///
    /// # Errors
    /// [`LogError::ConsumerName`], [`LogError::ConsumersTooMany`], [`LogError::BeyondEnd`], [`LogError::Full`],
    /// [`LogError::Poisoned`], [`LogError::Io`].
    async fn commit(&self, consumer: &str, stream: &Stream, next_offset: u64) -> Result<(), LogError>;

    /// Like [`commit`](Self::commit), and also says which offsets the consumer is to read: what a
    /// [`Replay`](crate::Replay) begins with.
    ///
    /// # Errors
    /// As those of [`commit`](Self::commit), also where the range ends beyond the end.
    async fn commit_range(
        &self,
        consumer: &str,
        stream: &Stream,
        next_offset: u64,
        range: Range<u64>,
    ) -> Result<(), LogError>;

    /// Every durable consumer of the stream, by name.
    ///
    /// # Errors
    /// [`LogError::Io`].
    async fn consumers(&self, stream: &Stream) -> Result<Vec<Consumer>, LogError>;

    /// Removes a durable consumer; resolves to whether there was one, when that is durable.
    ///
    /// A consumer that retention waits for holds all of the stream from then on, until it commits again.
    ///
    /// # Errors
    /// [`LogError::ConsumerName`], [`LogError::Poisoned`], [`LogError::Io`].
    async fn forget(&self, consumer: &str, stream: &Stream) -> Result<bool, LogError>;

    /// Records that `consumer` has still to read, see [`Consumer::lag`]; `None` where it never committed.
    ///
    /// # Errors
    /// [`LogError::ConsumerName`], [`LogError::Io`].
    async fn lag(&self, consumer: &str, stream: &Stream) -> Result<Option<u64>, LogError> {
        check_consumer_name(consumer)?;
        let consumers = self.consumers(stream).await?;
        Ok(consumers.into_iter().find(|known| known.name == consumer).map(|known| known.lag))
    }

    /// The first offset whose batch was received at or after `time`; the end where there is none.
    ///
    /// # Errors
    /// [`LogError::Io`].
    async fn offset_at(&self, stream: &Stream, time: Timestamp) -> Result<u64, LogError>;
}

/// Refuses an offset beyond the end of a stream.
pub(crate) fn check_not_beyond(stream: &Stream, offset: u64, end: u64) -> Result<(), LogError> {
    if offset <= end {
        return Ok(());
    }
    Err(LogError::BeyondEnd { stream: Box::new(stream.clone()), offset, end })
}
