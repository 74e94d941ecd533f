//! The backbone: the durable log that is the only truth (law SOURCE).
//!
//! Records of a tenant's topic stand in partitions, each with its offset for ever (law IDENTITY). [`EventLog`] is
//! what the other rooms see; [`SegmentLog`] keeps it in files, [`MemoryLog`] in memory for tests, and one contract
//! suite holds both to the same promises (law SAME).
//!
//! An append is compressed where it is called, waits for room in a bounded queue, and is written by the one commit
//! thread together with whatever else has gathered: one write per segment, one fsync per file, then the answers.
//! Tenants take turns, each within its share of the room, and of one tenant whoever comes first is served first.
//! Segments are not allocated ahead: on ext4 the fsync took as long with it.
//!
//! ```text
//! DIR/LOCK                                  held by one process
//! DIR/VERSION                               of the layout, and the directory's secret number
//! DIR/tenant/topic/partition/OFFSET.log     segments, named by their first offset
//! DIR/tenant/topic/partition/consumers/NAME durable positions
//! ```
//!
//! [`partition_of`] says which partition a source's records go to. [`SegmentLog::retain`] removes the oldest closed
//! segments by bytes and by age, never one that a holding consumer has still to read; where nothing comes any more the
//! last one is closed when all of it is beyond its age. [`Replay`] reads a range once
//! more with a durable consumer of its own.
//!
//! Invariants:
//! * An acknowledgement comes after the fsync; a failed write or fsync ends all writing for good (law ACK).
//! * Readers see only what is durable, so an offset that somebody has read never holds anything else.
//! * Damaged bytes are passed over, counted and reported, and cost no record but their own (law LOSS).
//! * A stream's begin moves only forward while the process runs, is durable before anybody sees it, and a read below
//!   it says what it skipped (law LOSS).
//! * A full budget or disk refuses and never loses. What is needed to get out of it has room: positions that are there
//!   move without new space, the last sixteenth of the budget is for dead letters and signals, and retention writes
//!   nothing (law LOSS).
//! * This crate never looks into a record and never decides what is kept.
//!
//! Limits (law LIMIT):
//!
//! | what | limit | beyond it |
//! |---|---|---|
//! | records and bytes of a batch | [`AppendBatch::RECORDS_MAX`], [`AppendBatch::BYTES_MAX`] | `BatchTooLarge` |
//! | a segment | [`LogOptions::segment_bytes_max`], 128 MiB | the next one begins |
//! | a commit | [`LogOptions::commit_bytes_max`], 4 MiB; [`LogOptions::commit_wait_ms`], 5 | the next one takes the rest |
//! | batches under way | [`LogOptions::queue_bytes_max`], 64 MiB before compression | `append` waits |
//! | long batches compressed at a time | one per processor; up to 128 KiB where `append` is called | `append` waits |
//! | memory kept for compression | 2 MiB twice per thread that compresses | given back after the batch |
//! | disk | [`LogOptions::disk_bytes_max`], of it 15/16 for `raw` | `Full` |
//! | a consumer's name | 63 bytes of a-z, 0-9, - and _ | `ConsumerName` |
//! | consumers of a stream | 1000, 8 KiB of the budget each | `ConsumersTooMany` |
//! | damaged places in one read | 1000 | the next read goes on |
//! | damaged places counted once | 10,000 per stream | those beyond are reported and not counted |
//! | bytes of a frame unpacked | what its header says, at most a batch and its table | damaged |
//! | open segment files for writing | 512 streams | opened again |
//! | index of a segment | one entry per 256 KiB | |

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
pub use replay::{Bound, BoundError, Replay, ReplayRequest};
pub use retention::{FailedRetention, HeldStream, RemovedSegment, RetentionReport};
pub use segment_log::SegmentLog;
pub use spread::{PARTITIONS_MAX, partition_of};
