//! A segment: one file of frames, named by the offset of its first record.
//!
//! Every frame starts with the segment's *marker*, drawn from a number that only the data directory knows.
//! Without it, bytes that a sender shapes like a frame could be taken for one when a scan looks for the next
//! frame after a damaged place.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sentra_model::{Digest, Timestamp};

use crate::disk::{Disk, DiskFile, read_full_at};
use crate::error::SYNC;
use crate::frame::Header;
use crate::scan::{FrameScanner, Range, WINDOW_HEADERS_BYTES};
use crate::{LogError, Stream};

pub(crate) const PREAMBLE_BYTES: u64 = 64;
const PREAMBLE_LENGTH: usize = PREAMBLE_BYTES as usize;
const PREAMBLE_MAGIC: [u8; 8] = *b"\xf5sbsegmt";
const PREAMBLE_VERSION: u16 = 1;
/// One index entry per so many bytes of a file: 24 bytes of memory each, 96 MiB for a terabyte.
const INDEX_STRIDE_BYTES: u64 = 256 * 1024;
const NAME_DIGITS: usize = 20;

/// The file name of the segment whose first record has the offset `base`.
pub(crate) fn file_name(base: u64) -> String {
    format!("{base:020}.log")
}

/// The first offset in a segment's file name; `None` for any other name.
pub(crate) fn base_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".log")?;
    let is_number = digits.len() == NAME_DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}

/// What makes a segment this one and no other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity {
    stream: u64,
    base: u64,
    /// The marker where the preamble is not readable; new segments are made with it.
    pub(crate) marker: u64,
}

impl Identity {
    pub(crate) fn new(secret: u64, stream: &Stream, base: u64) -> Self {
        let digest = |domain| {
            let names = Digest::new(domain).text(stream.tenant.as_str()).text(stream.topic.as_str());
            names.number(u64::from(stream.partition))
        };
        let marker = digest("sentra.backbone.marker").number(secret).number(base).first_u64();
        Self { stream: digest("sentra.backbone.stream").first_u64(), base, marker }
    }

    /// The first bytes of the segment's file.
    pub(crate) fn preamble(&self, created: Timestamp) -> Vec<u8> {
        let mut out = Vec::with_capacity(PREAMBLE_LENGTH);
        out.extend_from_slice(&PREAMBLE_MAGIC);
        out.extend_from_slice(&PREAMBLE_VERSION.to_le_bytes());
        out.extend_from_slice(&[0; 6]);
        out.extend_from_slice(&self.stream.to_le_bytes());
        out.extend_from_slice(&self.base.to_le_bytes());
        out.extend_from_slice(&self.marker.to_le_bytes());
        out.extend_from_slice(&created.micros().to_le_bytes());
        out.resize(PREAMBLE_LENGTH - 4, 0);
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }
}

/// What the first bytes of a segment's file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preamble {
    /// This segment's.
    Good { marker: u64 },
    /// A whole preamble, but of another stream or offset (law TENANT).
    Foreign,
    /// None.
    Broken,
}

impl Preamble {
    pub(crate) fn read(file: &dyn DiskFile, identity: &Identity) -> std::io::Result<Self> {
        let mut bytes = [0; PREAMBLE_LENGTH];
        let length = read_full_at(file, &mut bytes, 0)?;
        if length < PREAMBLE_LENGTH {
            return Ok(Self::Broken);
        }
        Ok(Self::decode(&bytes, identity).unwrap_or(Self::Broken))
    }

    fn decode(bytes: &[u8; PREAMBLE_LENGTH], identity: &Identity) -> Option<Self> {
        let (checked, crc) = bytes.split_last_chunk::<4>()?;
        if crc32c::crc32c(checked) != u32::from_le_bytes(*crc) || !bytes.starts_with(&PREAMBLE_MAGIC) {
            return None;
        }
        let number = |at: usize| Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let version = u16::from_le_bytes(*bytes.get(8..)?.first_chunk()?);
        let is_ours =
            version == PREAMBLE_VERSION && number(16)? == identity.stream && number(24)? == identity.base;
        Some(if is_ours { Self::Good { marker: number(32)? } } else { Self::Foreign })
    }

    pub(crate) fn marker(self, identity: &Identity) -> u64 {
        match self {
            Self::Good { marker } => marker,
            // No frame of a foreign file has this marker, so none of it is taken for ours.
            Self::Foreign | Self::Broken => identity.marker,
        }
    }
}

/// A segment as readers see it.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) base: u64,
    pub(crate) path: PathBuf,
    identity: Identity,
    durable_bytes: AtomicU64,
    /// Made from the frame headers when it is first needed, so that opening a log does not read all of it.
    index: Mutex<Option<Index>>,
}

/// Where to find frames, roughly.
#[derive(Debug)]
pub(crate) struct Index {
    marker: u64,
    entries: Vec<IndexEntry>,
}

/// The frames that start in one stride of the file.
#[derive(Debug, Clone, Copy)]
struct IndexEntry {
    first_offset: u64,
    position: u64,
    received_max: Timestamp,
}

impl Index {
    pub(crate) fn new(marker: u64) -> Self {
        Self { marker, entries: Vec::new() }
    }

    /// Adds the frame after the last one added.
    pub(crate) fn push(&mut self, first_offset: u64, position: u64, received_max: Timestamp) {
        match self.entries.last_mut() {
            Some(last) if position.saturating_sub(last.position) < INDEX_STRIDE_BYTES => {
                last.received_max = last.received_max.max(received_max);
            }
            _ => self.entries.push(IndexEntry { first_offset, position, received_max }),
        }
    }

    pub(crate) fn push_found(&mut self, header: &Header, position: u64) {
        self.push(header.first_offset, position, header.received_max);
    }

    fn range_from(&self, entry: Option<&IndexEntry>, base: u64) -> Range {
        let (position, offset_min) =
            entry.map_or((PREAMBLE_BYTES, base), |entry| (entry.position, entry.first_offset));
        Range { marker: self.marker, position, limit: 0, offset_min, offset_max: 0 }
    }
}

impl Segment {
    pub(crate) fn new(
        base: u64,
        path: PathBuf,
        identity: Identity,
        bytes: u64,
        index: Option<Index>,
    ) -> Arc<Self> {
        let index = Mutex::new(index);
        Arc::new(Self { base, path, identity, durable_bytes: AtomicU64::new(bytes), index })
    }

    pub(crate) fn durable_bytes(&self) -> u64 {
        self.durable_bytes.load(Ordering::Acquire)
    }

    /// Shows readers what is durable up to `bytes`.
    pub(crate) fn publish(&self, bytes: u64, frames: impl Iterator<Item = (u64, u64, Timestamp)>) {
        let mut slot = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = slot.as_mut() {
            frames.for_each(|(offset, position, received)| index.push(offset, position, received));
        }
        self.durable_bytes.store(bytes, Ordering::Release);
    }

    /// A scanner that starts at or before the frame with `offset`, up to `place.limit` and `place.ceiling`.
    pub(crate) fn scanner_at(
        &self,
        disk: &dyn Disk,
        offset: u64,
        place: &Place,
        read_ahead: usize,
    ) -> Result<FrameScanner, LogError> {
        let file = disk.open(&self.path).map_err(LogError::io("open", &self.path))?;
        let range = self.with_index(&file, place, |index| {
            let after = index.entries.partition_point(|entry| entry.first_offset <= offset);
            index.range_from(after.checked_sub(1).and_then(|at| index.entries.get(at)), self.base)
        })?;
        let range = Range { limit: place.limit, offset_max: place.ceiling, ..range };
        Ok(FrameScanner::new(file, range, read_ahead))
    }

    /// A scanner that starts at or before the first frame received at or after `time`; `None` where the
    /// segment has no such frame.
    pub(crate) fn scanner_since(
        &self,
        disk: &dyn Disk,
        time: Timestamp,
        place: &Place,
    ) -> Result<Option<FrameScanner>, LogError> {
        let file = disk.open(&self.path).map_err(LogError::io("open", &self.path))?;
        let range = self.with_index(&file, place, |index| {
            let entry = index.entries.iter().find(|entry| entry.received_max >= time)?;
            Some(index.range_from(Some(entry), self.base))
        })?;
        let Some(range) = range else { return Ok(None) };
        let range = Range { limit: place.limit, offset_max: place.ceiling, ..range };
        Ok(Some(FrameScanner::new(file, range, WINDOW_HEADERS_BYTES)))
    }

    /// When the newest readable frame was received; `None` where there is none.
    pub(crate) fn received_max(&self, disk: &dyn Disk, place: &Place) -> Result<Option<Timestamp>, LogError> {
        let file = disk.open(&self.path).map_err(LogError::io("open", &self.path))?;
        self.with_index(&file, place, |index| index.entries.iter().map(|entry| entry.received_max).max())
    }

    fn with_index<T>(
        &self,
        file: &Arc<dyn DiskFile>,
        place: &Place,
        ask: impl FnOnce(&Index) -> T,
    ) -> Result<T, LogError> {
        let mut slot = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let index = match slot.as_mut() {
            Some(index) => index,
            None => slot.insert(self.load_index(file, place).map_err(LogError::io("read", &self.path))?),
        };
        Ok(ask(index))
    }

    fn load_index(&self, file: &Arc<dyn DiskFile>, place: &Place) -> std::io::Result<Index> {
        let marker = Preamble::read(&**file, &self.identity)?.marker(&self.identity);
        let mut index = Index::new(marker);
        let range = Range {
            marker,
            position: PREAMBLE_BYTES,
            limit: place.limit,
            offset_min: self.base,
            offset_max: place.ceiling,
        };
        let mut scanner = FrameScanner::new(Arc::clone(file), range, WINDOW_HEADERS_BYTES);
        while let Some(found) = scanner.next()? {
            index.push_found(&found.header, found.position);
        }
        Ok(index)
    }
}

/// How far a segment goes at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// Durable bytes of the file.
    pub(crate) limit: u64,
    /// The offset at which the next segment starts, or the stream's end.
    pub(crate) ceiling: u64,
}

/// Makes the file of a segment, durable with its name, and returns it with its length.
pub(crate) fn create(
    disk: &dyn Disk,
    path: &Path,
    identity: &Identity,
    created: Timestamp,
) -> Result<Arc<dyn DiskFile>, LogError> {
    let file = disk.create(path).map_err(LogError::io("create", path))?;
    crate::disk::write_all_at(&*file, &identity.preamble(created), 0).map_err(LogError::io("write", path))?;
    file.sync().map_err(LogError::io(SYNC, path))?;
    let directory = path.parent().unwrap_or(path);
    disk.sync_dir(directory).map_err(LogError::io(SYNC, directory))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::stream;

    #[test]
    fn only_names_of_twenty_digits_are_segments() {
        assert_eq!(base_of(&file_name(4711)), Some(4711));
        assert_eq!(base_of(&file_name(u64::MAX)), Some(u64::MAX));
        for bad in
            ["1.log", "00000000000000000001", "0000000000000000000a.log", "99999999999999999999.log", ".log"]
        {
            assert_eq!(base_of(bad), None, "{bad:?} was taken");
        }
    }

    /// Law TENANT: a file that was moved to another stream is not read as that stream's.
    #[test]
    fn a_preamble_names_its_stream_and_offset() {
        let ours = Identity::new(7, &stream("a"), 3);
        let bytes: [u8; PREAMBLE_LENGTH] = ours.preamble(Timestamp::default()).try_into().unwrap();
        assert_eq!(Preamble::decode(&bytes, &ours), Some(Preamble::Good { marker: ours.marker }));
        for other in [Identity::new(7, &stream("b"), 3), Identity::new(7, &stream("a"), 4)] {
            assert_eq!(Preamble::decode(&bytes, &other), Some(Preamble::Foreign));
            assert_ne!(other.marker, ours.marker);
        }
        for at in 0..PREAMBLE_LENGTH {
            let mut bad = bytes;
            bad[at] ^= 1;
            assert_eq!(Preamble::decode(&bad, &ours), None, "byte {at}");
        }
    }
}
