//! The backbone: the durable log that is the only truth (law SOURCE).
//!
//! Records of a tenant's topic stand in partitions, each with its offset for ever (law IDENTITY). [`EventLog`] is
//! what the other rooms see; [`SegmentLog`] keeps it in files, [`MemoryLog`] in memory for tests, and one contract
//! suite holds both to the same promises (law SAME).
//!
//! An append is compressed where it is called, waits for room in a bounded queue, and is written by the one commit
//! thread together with whatever else has gathered: one write per segment, one fsync per file, then the answers.
//!
//! ```text
//! DIR/LOCK                                  held by one process
//! DIR/VERSION                               of the layout, and the directory's secret number
//! DIR/tenant/topic/partition/OFFSET.log     segments, named by their first offset
//! DIR/tenant/topic/partition/consumers/NAME durable positions
//! ```
//!
//! Invariants:
//! * An acknowledgement comes after the fsync; a failed write or fsync ends all writing for good (law ACK).
//! * Readers see only what is durable, so an offset that somebody has read never holds anything else.
//! * Damaged bytes are passed over, counted and reported, and cost no record but their own (law LOSS).
//! * This crate never looks into a record and never decides what is kept.

mod batch;
mod budget;
mod commit;
mod consumers;
#[cfg(test)]
mod contract;
mod disk;
mod engine;
mod error;
mod files;
mod frame;
mod log;
mod memory;
mod metrics;
mod options;
mod partition;
mod payload;
mod poison;
mod positions;
mod queue;
mod recovery;
mod replay;
mod retention;
mod scan;
mod segment;
mod segment_log;
#[cfg(test)]
mod simulation;
mod spread;

pub use batch::StoredBatch;
pub use consumers::Consumer;
pub use error::{LogError, ReplayTaken};
pub use log::{AppendBatch, Appended, EventLog, Extent, ReadChunk, Stream};
pub use memory::MemoryLog;
pub use options::{LogOptions, Retention, TopicRetention};
pub use recovery::{QuarantinedRange, RecoveryReport, TruncatedTail};
pub use replay::{Bound, Replay, ReplayRequest};
pub use retention::{FailedRetention, HeldStream, RemovedSegment, RetentionReport};
pub use segment_log::SegmentLog;
pub use spread::partition_of;
