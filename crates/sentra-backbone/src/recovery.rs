//! What a stream's directory looks like after whatever ended the last process.

use std::ops::Range as OffsetRange;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sentra_model::Timestamp;

use crate::consumers;
use crate::disk::{Disk, DiskFile, write_all_at};
use crate::error::SYNC;
use crate::partition::{Partition, View};
use crate::scan::{FrameScanner, Range, WINDOW_PAYLOADS_BYTES};
use crate::segment::{Identity, Index, PREAMBLE_BYTES, Preamble, Segment, base_of, file_name};
use crate::{LogError, Stream};

/// What opening a log found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Streams in the directory.
    pub streams: u64,
    /// Segment files of all streams.
    pub segments: u64,
    /// Bytes of all segment files.
    pub bytes: u64,
    /// Torn tails that were cut off: writes that were under way and never acknowledged.
    pub truncated: Vec<TruncatedTail>,
    /// Damaged places between whole frames of last segments. Older segments are checked when they are read.
    pub quarantined: Vec<QuarantinedRange>,
}

/// Bytes cut off the end of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TruncatedTail {
    /// The stream.
    pub stream: Stream,
    /// The segment's file.
    pub path: PathBuf,
    /// Length of the file now, in bytes.
    pub position: u64,
    /// How many bytes were cut off.
    pub bytes: u64,
}

/// Offsets whose bytes are damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedRange {
    /// The stream.
    pub stream: Stream,
    /// The offsets.
    pub offsets: OffsetRange<u64>,
}

/// What recovery works with.
#[derive(Debug)]
pub(crate) struct Recovery<'a> {
    pub(crate) disk: &'a dyn Disk,
    pub(crate) secret: u64,
    pub(crate) now: Timestamp,
    /// Consumers of all streams.
    pub(crate) consumers: u64,
    pub(crate) report: RecoveryReport,
}

/// The last segment after recovery.
struct Last {
    segment: Arc<Segment>,
    end: u64,
    gaps: Vec<OffsetRange<u64>>,
}

/// What a scan of the whole last segment found.
struct Scanned {
    index: Index,
    /// Position after the last whole frame.
    position: u64,
    /// Offset after the last whole frame.
    end: u64,
    gaps: Vec<OffsetRange<u64>>,
}

impl Recovery<'_> {
    /// Brings the stream in `directory` into a state that can be read and appended to.
    pub(crate) fn stream(&mut self, stream: Stream, directory: PathBuf) -> Result<Partition, LogError> {
        let names = self.disk.list(&directory).map_err(LogError::io("list", &directory))?;
        let mut bases: Vec<u64> = names.iter().filter_map(|name| base_of(name)).collect();
        bases.sort_unstable();
        self.disk.sync_dir(&directory).map_err(LogError::io(SYNC, &directory))?;
        let consumers = consumers::load(self.disk, &directory)?;

        let mut view = View::default();
        let mut gaps = Vec::new();
        if let Some((last, older)) = bases.split_last() {
            for base in older {
                view.segments.push(self.older_segment(&stream, &directory, *base)?);
            }
            let last = self.last_segment(&stream, &directory, *last)?;
            view.segments.push(last.segment);
            (view.end, view.last_segment_end, gaps) = (last.end, last.end, last.gaps);
        }
        // A consumer has read this far, so it was acknowledged: if it is gone now, its offsets stay taken
        // (law IDENTITY: an offset never names two records).
        let seen = consumers.values().map(|known| known.position.next_offset).max().unwrap_or(0);
        if seen > view.end {
            gaps.push(view.end..seen);
            view.end = seen;
        }
        self.consumers += consumers.len() as u64;
        self.report.streams += 1;
        self.report.segments += view.segments.len() as u64;
        self.report.bytes += view.segments.iter().map(|segment| segment.durable_bytes()).sum::<u64>();
        let partition = Partition::new(stream, directory, view, consumers);
        for offsets in gaps {
            partition.note_quarantined(&offsets);
            self.report.quarantined.push(QuarantinedRange { stream: partition.stream.clone(), offsets });
        }
        Ok(partition)
    }

    /// A segment that was complete and durable before the next one was made: nothing to do until it is read.
    fn older_segment(&self, stream: &Stream, directory: &Path, base: u64) -> Result<Arc<Segment>, LogError> {
        let path = directory.join(file_name(base));
        let file = self.disk.open(&path).map_err(LogError::io("open", &path))?;
        let bytes = file.len().map_err(LogError::io("stat", &path))?;
        Ok(Segment::new(base, path, Identity::new(self.secret, stream, base), bytes, None))
    }

    fn last_segment(&mut self, stream: &Stream, directory: &Path, base: u64) -> Result<Last, LogError> {
        let path = directory.join(file_name(base));
        let identity = Identity::new(self.secret, stream, base);
        let file = self.disk.open(&path).map_err(LogError::io("open", &path))?;
        // A killed process leaves bytes in memory that are not on disk. They must be on disk before anybody
        // reads them; and what is read must come from the disk, since after a failed fsync memory shows what
        // the disk does not have.
        file.sync().map_err(LogError::io(SYNC, &path))?;
        file.forget_cache();
        let bytes = file.len().map_err(LogError::io("stat", &path))?;
        let preamble = Preamble::read(&*file, &identity).map_err(LogError::io("read", &path))?;
        if preamble == Preamble::Foreign {
            let detail = format!("it is a segment, but not the one of {stream} at offset {base}");
            return Err(LogError::Damaged { path, detail });
        }
        let marker = preamble.marker(&identity);
        let scanned = scan(&file, marker, base, bytes).map_err(LogError::io("read", &path))?;
        let is_empty = scanned.position == PREAMBLE_BYTES;
        if preamble == Preamble::Broken && is_empty {
            self.remake(&*file, &identity).map_err(LogError::io("write", &path))?;
        } else if bytes > scanned.position {
            cut(&*file, scanned.position).map_err(LogError::io("truncate", &path))?;
        }
        if bytes > scanned.position {
            let (position, bytes) = (scanned.position, bytes - scanned.position);
            tracing::warn!(%stream, path = %path.display(), position, bytes, "cut off a torn tail");
            self.report.truncated.push(TruncatedTail {
                stream: stream.clone(),
                path: path.clone(),
                position,
                bytes,
            });
        }
        let segment = Segment::new(base, path, identity, scanned.position, Some(scanned.index));
        Ok(Last { segment, end: scanned.end, gaps: scanned.gaps })
    }

    /// A crash came between making the file and writing its first bytes. No frame can have been acknowledged:
    /// the preamble is durable before the first frame is written.
    fn remake(&self, file: &dyn DiskFile, identity: &Identity) -> std::io::Result<()> {
        file.set_len(0)?;
        write_all_at(file, &identity.preamble(self.now), 0)?;
        file.sync()
    }
}

fn cut(file: &dyn DiskFile, length: u64) -> std::io::Result<()> {
    file.set_len(length)?;
    file.sync()
}

/// Looks at every frame of a file; what lies between whole frames is damaged, what lies after the last one is
/// torn.
fn scan(file: &Arc<dyn DiskFile>, marker: u64, base: u64, bytes: u64) -> std::io::Result<Scanned> {
    let range =
        Range { marker, position: PREAMBLE_BYTES, limit: bytes, offset_min: base, offset_max: u64::MAX };
    let mut scanner = FrameScanner::new(Arc::clone(file), range, WINDOW_PAYLOADS_BYTES);
    let mut scanned =
        Scanned { index: Index::new(marker), position: PREAMBLE_BYTES, end: base, gaps: Vec::new() };
    while let Some(found) = scanner.next_verified()? {
        if found.header.first_offset > scanned.end {
            scanned.gaps.push(scanned.end..found.header.first_offset);
        }
        scanned.index.push_found(&found.header, found.position);
        scanned.position = found.end();
        scanned.end = found.header.next_offset();
    }
    Ok(scanned)
}
