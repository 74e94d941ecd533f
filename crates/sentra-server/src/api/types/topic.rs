use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sentra_backbone::{Consumer, Extent, StoredBatch, Stream};
use sentra_model::{EventId, RawRecord, Source, Timestamp, Topic};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The topics of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TopicsView {
    /// One entry per topic and partition.
    pub topics: Vec<TopicView>,
}

/// A partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TopicView {
    /// The topic.
    pub topic: Topic,
    /// The partition.
    pub partition: u32,
    /// Offset of the oldest record kept.
    pub begin: u64,
    /// Offset that the next record gets.
    pub end: u64,
    /// Who reads it, by name.
    pub consumers: Vec<ConsumerView>,
}

/// A durable consumer of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConsumerView {
    /// Its name. `factory` and `dead` are Sentra's own: their position is what every store has on disk.
    pub name: String,
    /// The next offset that it wants.
    pub position: u64,
    /// Records that it has still to read.
    pub lag: u64,
    /// Records that retention removed before it read them.
    pub skipped: u64,
    /// The offsets that it is to read; null where it follows the topic for ever.
    pub range: Option<OffsetRange>,
}

/// Offsets from `from` up to and without `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OffsetRange {
    /// The first one.
    pub from: u64,
    /// The one after the last.
    pub to: u64,
}

impl From<Range<u64>> for OffsetRange {
    fn from(range: Range<u64>) -> Self {
        Self { from: range.start, to: range.end }
    }
}

/// A record as it stands in the backbone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordView {
    /// Its id.
    pub id: EventId,
    /// Its offset.
    pub offset: u64,
    /// When Sentra took it in.
    pub received: Timestamp,
    /// Where it came from.
    pub source: Source,
    /// Line or record number in the source.
    pub position: u64,
    /// The record as text; bytes that are not UTF-8 are replaced.
    pub raw: String,
    /// The record byte for byte, only where it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_base64: Option<String>,
}

/// Records of a partition, in the order of their offsets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordPage {
    /// The records.
    pub items: Vec<RecordView>,
    /// Where this page begins.
    pub from: u64,
    /// Where the last page ends: the offset that was asked for or that a time stood for.
    pub to: u64,
    /// Hand this back as `from`, and `to` with it, for the next page; null on the last one.
    pub next: Option<u64>,
    /// Offsets of this page whose bytes are damaged.
    pub damaged: Vec<OffsetRange>,
    /// Offsets that belong to this page, or may, and that retention has removed.
    pub removed: Option<OffsetRange>,
    /// `replay` only: the consumer was there already.
    #[serde(default)]
    pub is_resumed: bool,
}

/// A step of a replay: says what was worked off and asks for more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayStep {
    /// Name of the durable consumer.
    pub consumer: String,
    /// Partition of the topic.
    #[serde(default)]
    pub partition: u32,
    /// The first record: an offset, a time (RFC 3339) or `begin`, which is meant where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The first record not wanted: an offset, a time (RFC 3339) or `end`, which is meant where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Go on where the replay of that name stands.
    #[serde(default)]
    pub resume: bool,
    /// Everything before this offset is worked off: made durable as the consumer's position. Absent in the first step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<u64>,
    /// At most this many records, 1 to 10,000; 1,000 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

impl TopicView {
    /// What is known about `stream`.
    #[must_use]
    pub fn new(stream: &Stream, extent: Extent, consumers: Vec<Consumer>) -> Self {
        let view = |consumer: Consumer| ConsumerView {
            name: consumer.name,
            position: consumer.position,
            lag: consumer.lag,
            skipped: consumer.skipped,
            range: consumer.range.map(OffsetRange::from),
        };
        Self {
            topic: stream.topic,
            partition: stream.partition,
            begin: extent.begin,
            end: extent.end,
            consumers: consumers.into_iter().map(view).collect(),
        }
    }
}

impl RecordView {
    fn new(stream: &Stream, offset: u64, record: &RawRecord<'_>) -> Self {
        let is_text = std::str::from_utf8(record.bytes).is_ok();
        Self {
            id: EventId { topic: stream.topic, partition: stream.partition, offset },
            offset,
            received: record.received,
            source: record.source.clone(),
            position: record.position,
            raw: String::from_utf8_lossy(record.bytes).into_owned(),
            raw_base64: (!is_text).then(|| STANDARD.encode(record.bytes)),
        }
    }

    /// The record's bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let exact = self.raw_base64.as_deref().and_then(|text| STANDARD.decode(text).ok());
        exact.unwrap_or_else(|| self.raw.clone().into_bytes())
    }
}

/// The records of a batch that was read from `stream`.
pub fn records_of<'a>(stream: &'a Stream, batch: &'a StoredBatch) -> impl Iterator<Item = RecordView> + 'a {
    batch.records().map(move |(offset, record)| RecordView::new(stream, offset, &record))
}
