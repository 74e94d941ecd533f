//! Files to records, for the command line: plain, gzip and zstd (by their first bytes, not their names),
//! lines, whole JSON documents and EVTX; directories with everything in them.
//!
//! Law LOSS: what cannot be read is a [`FileProblem`] or a dead letter, and the rest goes on.
//! Law LIMIT: memory does not grow with a file, but for JSON documents and EVTX, which have a limit.

mod content;
mod read;
mod shape;
mod sink;
#[cfg(test)]
mod tests;
mod walk;

use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use sentra_model::{Clock, DeadLetter, OwnedRecord, Source, SourceKind};

use crate::Limits;
use crate::gather::BatchLimits;
use read::Reading;

pub(crate) use shape::known_binary;
pub use sink::LogSink;

/// How files are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileOptions {
    /// The format of the records; `None` lets the decoder detect it.
    pub format: Option<String>,
    /// Longest record; a longer one is a dead letter.
    pub line_bytes_max: usize,
    /// Bytes handed to the sink in one go.
    pub batch_bytes_max: usize,
    /// Records handed to the sink in one go.
    pub batch_records_max: usize,
    /// Largest JSON document or EVTX file; these have to be in memory as a whole.
    pub document_bytes_max: usize,
}

impl FileOptions {
    /// `limits` for records of `format`.
    #[must_use]
    pub fn new(limits: &Limits, format: Option<String>) -> Self {
        Self {
            format,
            line_bytes_max: limits.line_bytes_max,
            batch_bytes_max: limits.batch_bytes_max,
            batch_records_max: limits.batch_records_max,
            document_bytes_max: 512 * 1024 * 1024,
        }
    }

    fn batch_limits(&self) -> BatchLimits {
        BatchLimits { bytes_max: self.batch_bytes_max, records_max: self.batch_records_max }
    }
}

/// Why a path gave nothing, or not all it has.
#[derive(Debug, thiserror::Error)]
pub enum FileProblemKind {
    /// There is no such file, or it may not be read, or the disk failed.
    #[error("cannot read it")]
    Unreadable(#[source] std::io::Error),
    /// It holds nothing.
    #[error("it is empty")]
    Empty,
    /// It is a socket or a device.
    #[error("it is neither a file nor a directory")]
    Special,
    /// It must be in memory as a whole and is too large for that.
    #[error("it is larger than {bytes_max} bytes, and files of its kind must be read as a whole")]
    TooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// Directories are nested deeper than the limit.
    #[error("directories are nested too deeply")]
    TooDeep,
}

/// A path that gave nothing, or not all it has.
#[derive(Debug, thiserror::Error)]
#[error("{}: {kind}", path.display())]
pub struct FileProblem {
    /// The path.
    pub path: PathBuf,
    /// What is wrong.
    #[source]
    pub kind: FileProblemKind,
}

impl FileProblem {
    /// Whether something was wanted and not read; an empty file is no failure.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        !matches!(self.kind, FileProblemKind::Empty)
    }
}

/// Takes what comes out of files. `ControlFlow::Break` ends the reading.
pub trait RecordSink {
    /// Records of one source in their order.
    fn records(&mut self, source: &Source, records: Vec<OwnedRecord>) -> ControlFlow<()>;

    /// Something that is no record, with its reason.
    fn dead_letter(&mut self, letter: DeadLetter) -> ControlFlow<()>;

    /// A path that could not be read, or not as a whole.
    fn problem(&mut self, problem: FileProblem);

    /// A file was opened; `bytes` is its size on disk, 0 when unknown.
    fn opened(&mut self, path: &Path, bytes: u64) {
        let _ = (path, bytes);
    }

    /// So many more bytes were read from disk.
    fn progress(&mut self, bytes: u64) {
        let _ = bytes;
    }
}

/// Reads everything in `paths` into `sink`: files as they are, directories recursively and sorted, without
/// hidden files, special files and links. The origin of a file's records is its path as it was given, their
/// reference time the file's modification time.
pub fn read_records(
    paths: &[PathBuf],
    options: &FileOptions,
    clock: &dyn Clock,
    sink: &mut impl RecordSink,
) -> ControlFlow<()> {
    for path in paths {
        walk::walk(path, &mut |found| match found {
            Ok(file) => read::read_file(&file, options, clock, sink),
            Err(problem) => {
                sink.problem(problem);
                ControlFlow::Continue(())
            }
        })?;
    }
    ControlFlow::Continue(())
}

/// Reads one stream, such as standard input, into `sink`. Its reference time is now.
pub fn read_stream(
    name: &str,
    stream: Box<dyn Read>,
    options: &FileOptions,
    clock: &dyn Clock,
    sink: &mut impl RecordSink,
) -> ControlFlow<()> {
    let source = Source {
        kind: SourceKind::File,
        origin: name.to_owned(),
        format: options.format.clone(),
        reference: clock.now(),
    };
    Reading::new(options, clock, source, sink).run(Path::new(name), stream)
}

/// Bytes on disk of all files that [`read_records`] would read, for a progress bar. What cannot be read
/// counts nothing.
#[must_use]
pub fn total_bytes(paths: &[PathBuf]) -> u64 {
    let mut total = 0_u64;
    for path in paths {
        let _ = walk::walk(path, &mut |found| {
            let length =
                found.ok().and_then(|file| std::fs::metadata(file).ok()).map_or(0, |data| data.len());
            total = total.saturating_add(length);
            ControlFlow::Continue(())
        });
    }
    total
}
