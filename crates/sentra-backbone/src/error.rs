use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::Stream;

/// The operation of a failed fsync of a file or a directory.
pub(crate) const SYNC: &str = "sync";

/// Why the log did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The batch is over [`AppendBatch::RECORDS_MAX`](crate::AppendBatch::RECORDS_MAX) or
    /// [`AppendBatch::BYTES_MAX`](crate::AppendBatch::BYTES_MAX). Nothing of it was taken.
    #[error(
        "batch of {records} records and {bytes} bytes is over the limit of {records_max} records or {bytes_max} bytes"
    )]
    BatchTooLarge {
        /// Records in the refused batch.
        records: usize,
        /// Bytes of its records, its origin and its format name.
        bytes: usize,
        /// Most records a batch may have.
        records_max: usize,
        /// Most bytes a batch may have.
        bytes_max: usize,
    },
    /// There is no room: the disk budget or the disk is used up. Nothing of the batch was taken; the sender
    /// keeps it and tries again later (law LOSS).
    #[error("no room in the log: {detail}")]
    Full {
        /// Which room is used up.
        detail: String,
    },
    /// A write or an fsync failed earlier. The log takes nothing any more and the process must stop:
    /// after a failed fsync nobody knows what is on disk (law ACK).
    #[error("the log is poisoned and takes nothing any more: {reason}")]
    Poisoned {
        /// The failure that poisoned the log.
        reason: String,
    },
    /// The log is being closed.
    #[error("the log is closed")]
    Closed,
    /// The directory was written by a newer release.
    #[error("{} has version {found}, this release reads up to version {supported}", path.display())]
    NewerVersion {
        /// The file that names the version.
        path: PathBuf,
        /// Version found.
        found: u32,
        /// Newest version that this release understands.
        supported: u32,
    },
    /// Another process holds the directory.
    #[error("{} is held by {}", path.display(), holder(*pid))]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// The holder's process id, where it could be read.
        pid: Option<u32>,
    },
    /// An offset beyond the end of the stream: the caller has seen records that this log does not have.
    #[error("offset {offset} of {stream} is beyond its end {end}")]
    BeyondEnd {
        /// The stream.
        stream: Box<Stream>,
        /// The offset asked for.
        offset: u64,
        /// The stream's end.
        end: u64,
    },
    /// A name that no consumer may have.
    #[error(
        "consumer name {name:?} is not valid: use 1 to 63 of a-z, 0-9, - and _, starting with a letter or a digit"
    )]
    ConsumerName {
        /// The refused name, cut.
        name: String,
    },
    /// The stream has as many consumers as a stream may have.
    #[error("{stream} has {consumers_max} consumers, which is the most: forget one that is no longer needed")]
    ConsumersTooMany {
        /// The stream.
        stream: Box<Stream>,
        /// Most consumers of a stream.
        consumers_max: usize,
    },
    /// A replay that would end before it begins.
    #[error("a replay of {stream} from offset {from} to {to} goes backwards")]
    ReplayBackwards {
        /// The stream.
        stream: Box<Stream>,
        /// The first offset asked for, or where the consumer stands.
        from: u64,
        /// The offset after the last one asked for.
        to: u64,
    },
    /// The name of a replay's consumer is taken.
    #[error("consumer {consumer} of {stream} {taken}")]
    ReplayTaken {
        /// The stream.
        stream: Box<Stream>,
        /// The consumer.
        consumer: String,
        /// By what.
        taken: ReplayTaken,
    },
    /// A file of the log's own book-keeping is not what this crate wrote.
    #[error("{} is damaged: {detail}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The operating system refused.
    #[error("cannot {operation} {}", path.display())]
    Io {
        /// What was tried, as a verb.
        operation: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

/// What has the name that a replay wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplayTaken {
    /// A consumer that follows the stream: a replay must not move it.
    ByFollower,
    /// A replay of other offsets.
    ByRange {
        /// Which offsets.
        range: Range<u64>,
        /// Where it stands.
        position: u64,
    },
}

impl fmt::Display for ReplayTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByFollower => f.write_str("follows the stream: choose another name for the replay"),
            Self::ByRange { range: Range { start, end }, position } => write!(
                f,
                "replays offsets {start} to {end} and stands at {position}: resume it, forget it or choose another name"
            ),
        }
    }
}

impl LogError {
    pub(crate) fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { operation, path: path.to_owned(), source }
    }

    /// True where nobody knows any more what is on disk.
    pub(crate) fn is_failed_sync(&self) -> bool {
        matches!(self, Self::Io { operation: SYNC, .. })
    }

    /// True where the failure is missing space on the device rather than a broken device.
    pub(crate) fn is_no_space(&self) -> bool {
        matches!(self, Self::Io { source, .. } if no_space(source))
    }

    /// True where the failure is that a file is not there.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// The text of this error and of its causes on one line.
    pub(crate) fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

fn no_space(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}
