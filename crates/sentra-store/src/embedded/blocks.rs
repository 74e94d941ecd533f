//! Segment files are read through here: every block of one that is read is compared with its checksum, so that no answer
//! is made of a byte that has fallen over.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use bytes::Bytes;
use parquet::file::reader::{ChunkReader, Length};
use quick_cache::sync::Cache;
use sentra_model::TenantId;

use super::tenant::Segment;
use crate::StoreError;

/// Bytes of a block, the last of a file has less: small, because a needle reads few bytes in many places; not too small,
/// because four bytes of each stay in memory.
const BLOCK_BYTES: usize = 32 * 1024;

/// Blocks that are kept in memory once they were found to be right, of all segments together: 64 MiB.
const BLOCKS_KEPT_MAX: usize = 2_048;

/// Most blocks of one read that looks among those that are kept: long reads are of pages that fill blocks of their own, and
/// are soon over.
const SPAN_KEPT_MAX: u64 = 4;

/// CRC-32C of each block of a file.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    /// By which what is kept of the file is known: no two files have the same, as long as the process lives.
    file: u64,
    blocks: Arc<[u32]>,
}

impl PartialEq for Sums {
    fn eq(&self, other: &Self) -> bool {
        self.blocks == other.blocks
    }
}

impl Eq for Sums {}

impl Sums {
    fn new(blocks: Arc<[u32]>) -> Self {
        static FILES: AtomicU64 = AtomicU64::new(0);
        Self { file: FILES.fetch_add(1, Ordering::Relaxed), blocks }
    }

    /// As [`Sums::to_bytes`] wrote them; nothing if they are not those of a file of `length` bytes.
    pub(super) fn from_bytes(bytes: &[u8], length: u64) -> Option<Self> {
        let (sums, rest) = bytes.as_chunks();
        let is_right = rest.is_empty() && sums.len() as u64 == length.div_ceil(BLOCK_BYTES as u64);
        is_right.then(|| Self::new(sums.iter().map(|sum| u32::from_le_bytes(*sum)).collect()))
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.blocks.iter().flat_map(|sum| sum.to_le_bytes()).collect()
    }
}

/// The sums of a segment, if they are known. Whoever finds out that they are others says so to all who have the segment.
#[derive(Debug, Default)]
pub(super) struct KnownSums(RwLock<Option<Sums>>);

impl KnownSums {
    pub(super) fn new(sums: Option<Sums>) -> Self {
        Self(RwLock::new(sums))
    }

    pub(super) fn get(&self) -> Option<Sums> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn put(&self, sums: Sums) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(sums);
    }
}

impl Clone for KnownSums {
    fn clone(&self) -> Self {
        Self::new(self.get())
    }
}

impl PartialEq for KnownSums {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for KnownSums {}

/// Takes the sums of a file as it is written.
#[derive(Debug, Default)]
pub(super) struct Summing {
    whole: Vec<u32>,
    sum: u32,
    filled: usize,
}

impl Summing {
    pub(super) fn add(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK_BYTES - self.filled));
            self.sum = crc32c::crc32c_append(self.sum, now);
            self.filled += now.len();
            if self.filled == BLOCK_BYTES {
                self.end_block();
            }
            bytes = later;
        }
    }

    fn end_block(&mut self) {
        self.whole.push(std::mem::take(&mut self.sum));
        self.filled = 0;
    }

    pub(super) fn sums(mut self) -> Sums {
        if self.filled > 0 {
            self.end_block();
        }
        Sums::new(self.whole.into())
    }
}

/// What is known of the blocks of all segments.
#[derive(Debug)]
pub(super) struct Known {
    /// Segments of which a block could not be read or was not what had been written: whoever looks for damage begins with them.
    suspects: Mutex<BTreeSet<String>>,
    /// Blocks that were right, by their file and their number.
    right: Cache<(u64, u64), Bytes>,
}

impl Default for Known {
    fn default() -> Self {
        Self { suspects: Mutex::default(), right: Cache::new(BLOCKS_KEPT_MAX) }
    }
}

impl Known {
    fn suspects(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.suspects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn suspect(&self, segment: &Segment) {
        self.suspects().insert(segment.path.clone());
    }

    /// Those of `segments`, all that a tenant has, of which a block could not be read or was not what had been written, since
    /// this was asked last.
    pub(super) fn take_suspects(&self, tenant: &TenantId, segments: &[Arc<Segment>]) -> Vec<Arc<Segment>> {
        let mut suspects = self.suspects();
        let found =
            segments.iter().filter(|segment| suspects.contains(&segment.path)).map(Arc::clone).collect();
        // Also those that are gone meanwhile.
        let of_tenant = format!("{tenant}/");
        suspects.retain(|path| !path.starts_with(&of_tenant));
        found
    }
}

/// An open segment file.
#[derive(Debug, Clone)]
pub(super) struct Blocks {
    file: Arc<File>,
    segment: Arc<Segment>,
    sums: Option<Sums>,
    known: Arc<Known>,
}

impl Blocks {
    /// The file of `segment` below `root`.
    pub(super) fn open(root: &Path, segment: &Arc<Segment>, known: &Arc<Known>) -> Result<Self, StoreError> {
        let path = root.join(&segment.path);
        let opened = File::open(&path).inspect_err(|_| known.suspect(segment));
        let file = opened.map_err(StoreError::io("open", &path))?;
        let sums = segment.sums.get();
        Ok(Self { file: Arc::new(file), segment: Arc::clone(segment), sums, known: Arc::clone(known) })
    }

    /// What stands in `range`.
    pub(super) fn read(&self, range: Range<u64>) -> io::Result<Bytes> {
        // A damaged footer of an earlier version may say anything: no more is made room for than the file has.
        if range.start > range.end || range.end > self.segment.bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some(sums) = &self.sums else { return self.read_unchecked(range) };
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let blocks = range.start / BLOCK_BYTES as u64..range.end.div_ceil(BLOCK_BYTES as u64);
        let base = blocks.start * BLOCK_BYTES as u64;
        let place = |at: u64| usize::try_from(at - base).map_err(|_| io::ErrorKind::UnexpectedEof);
        let (from, to) = (place(range.start)?, place(range.end)?);
        match blocks.end - blocks.start {
            1 => Ok(self.block(sums, blocks.start)?.slice(from..to)),
            2..=SPAN_KEPT_MAX => {
                let mut read = Vec::with_capacity(to.next_multiple_of(BLOCK_BYTES));
                for number in blocks {
                    read.extend_from_slice(&self.block(sums, number)?);
                }
                Ok(Bytes::from(read).slice(from..to))
            }
            _ => Ok(self.read_right(sums, blocks)?.slice(from..to)),
        }
    }

    /// One block, which others may have read before.
    fn block(&self, sums: &Sums, number: u64) -> io::Result<Bytes> {
        let key = (sums.file, number);
        if let Some(kept) = self.known.right.get(&key) {
            return Ok(kept);
        }
        let read = self.read_right(sums, number..number + 1)?;
        self.known.right.insert(key, read.clone());
        Ok(read)
    }

    /// Whole blocks, if they are what was written.
    fn read_right(&self, sums: &Sums, blocks: Range<u64>) -> io::Result<Bytes> {
        let start = blocks.start * BLOCK_BYTES as u64;
        let end = (blocks.end * BLOCK_BYTES as u64).min(self.segment.bytes);
        let bytes = self.read_unchecked(start..end)?;
        let wanted = sums.blocks.iter().skip(usize::try_from(blocks.start).unwrap_or(usize::MAX));
        for (place, (read, sum)) in bytes.chunks(BLOCK_BYTES).zip(wanted).enumerate() {
            if crc32c::crc32c(read) != *sum {
                self.known.suspect(&self.segment);
                let at = start + (place * BLOCK_BYTES) as u64;
                let what = format!("the block at byte {at} of {} is not what was written", self.segment.path);
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
        }
        Ok(bytes)
    }

    fn read_unchecked(&self, range: Range<u64>) -> io::Result<Bytes> {
        let length = usize::try_from(range.end - range.start).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let mut bytes = vec![0; length];
        self.file
            .read_exact_at(&mut bytes, range.start)
            .inspect_err(|_| self.known.suspect(&self.segment))?;
        Ok(bytes.into())
    }
}

impl Length for Blocks {
    fn len(&self) -> u64 {
        self.segment.bytes
    }
}

impl ChunkReader for Blocks {
    type T = From;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(From { blocks: self.clone(), at: start, read: Bytes::new() })
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        Ok(self.read(start..start.saturating_add(length as u64))?)
    }
}

/// A file from some place on, block by block.
#[derive(Debug)]
pub(super) struct From {
    blocks: Blocks,
    at: u64,
    read: Bytes,
}

impl Read for From {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read.is_empty() {
            let end = (self.at + 1).next_multiple_of(BLOCK_BYTES as u64).min(self.blocks.len());
            if self.at >= end {
                return Ok(0);
            }
            self.read = self.blocks.read(self.at..end)?;
            self.at = end;
        }
        let length = self.read.len().min(buffer.len());
        let (to, _) = buffer.split_at_mut(length);
        to.copy_from_slice(&self.read.split_to(length));
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use sentra_model::{Mart, Timestamp};

    use super::*;

    const LENGTHS: [usize; 7] =
        [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES, 3 * BLOCK_BYTES + 77];

    fn written(length: usize) -> Vec<u8> {
        (0..length).map(|place| (place * 31 + place / 251) as u8).collect()
    }

    fn sums(bytes: &[u8], step: usize) -> Sums {
        let mut summing = Summing::default();
        bytes.chunks(step).for_each(|bytes| summing.add(bytes));
        summing.sums()
    }

    fn segment(bytes: &[u8], sums: Option<Sums>) -> Arc<Segment> {
        Arc::new(Segment {
            mart: Mart::LINUX,
            partition: 0,
            path: "acme/segment".to_owned(),
            rows: 1,
            bytes: bytes.len() as u64,
            first: Timestamp::from_micros(0),
            last: Timestamp::from_micros(0),
            offset_min: 0,
            offset_max: 0,
            checksum: String::new(),
            sums: KnownSums::new(sums),
        })
    }

    #[test]
    fn every_range_of_a_whole_file_is_read_and_nothing_behind_its_end() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("acme")).unwrap();
        for length in LENGTHS {
            let bytes = written(length);
            std::fs::write(dir.path().join("acme/segment"), &bytes).unwrap();
            let sums = sums(&bytes, 1 + length / 3);
            assert_eq!(Sums::from_bytes(&sums.to_bytes(), length as u64).as_ref(), Some(&sums));
            for sums in [Some(sums), None] {
                let segment = segment(&bytes, sums);
                let blocks = Blocks::open(dir.path(), &segment, &Arc::default()).unwrap();
                let places = [0, 1, length / 2, length, BLOCK_BYTES - 1, BLOCK_BYTES, 2 * BLOCK_BYTES + 5];
                for (from, to) in places.iter().flat_map(|from| places.map(|to| (*from, to))) {
                    let read = blocks.read(from as u64..to as u64).ok();
                    let is_within = from <= to && to <= length;
                    assert_eq!(read.as_deref(), is_within.then(|| &bytes[from..to]), "{from} to {to}");
                    let read = blocks.get_bytes(from as u64, to).ok();
                    let is_within = from + to <= length;
                    assert_eq!(read.as_deref(), is_within.then(|| &bytes[from..from + to]));
                }
                let mut all = Vec::new();
                blocks.get_read((length / 2) as u64).unwrap().read_to_end(&mut all).unwrap();
                assert_eq!(all, bytes[length / 2..]);
            }
        }
    }

    #[test]
    fn what_is_written_in_pieces_has_the_sums_of_the_whole() {
        for length in LENGTHS {
            let bytes = written(length);
            for step in [1, 1000, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, usize::MAX] {
                assert_eq!(sums(&bytes, step), sums(&bytes, 7));
            }
            let many = sums(&bytes, 7).to_bytes();
            let blocks = length.div_ceil(BLOCK_BYTES);
            assert_eq!(many.len(), 4 * blocks);
            assert_eq!(
                Sums::from_bytes(&many, ((blocks + 1) * BLOCK_BYTES) as u64),
                None,
                "of another length"
            );
            assert_eq!(Sums::from_bytes(&[&many[..], &[1]].concat(), length as u64), None);
        }
    }

    #[test]
    fn a_fallen_bit_is_noticed_by_whoever_reads_its_block_and_by_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("acme")).unwrap();
        let bytes = written(3 * BLOCK_BYTES + 77);
        let segment = segment(&bytes, Some(sums(&bytes, usize::MAX)));
        for place in (0..bytes.len()).step_by(997).chain([bytes.len() - 1]) {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1 << (place % 8);
            std::fs::write(dir.path().join("acme/segment"), &damaged).unwrap();
            let known = Arc::<Known>::default();
            let blocks = Blocks::open(dir.path(), &segment, &known).unwrap();
            for block in 0..4 {
                let from = block * BLOCK_BYTES;
                let is_fallen = place / BLOCK_BYTES == block;
                let read = blocks.read(from as u64 + 3..from as u64 + 4);
                assert_eq!(read.is_err(), is_fallen, "{place} {block}");
                if let Err(error) = read {
                    assert!(
                        error.to_string().contains(&format!("at byte {from} of acme/segment")),
                        "{error}"
                    );
                }
            }
            assert_eq!(known.suspects().iter().collect::<Vec<_>>(), ["acme/segment"]);
            let tenant = |name: &str| name.parse().unwrap();
            assert_eq!(known.take_suspects(&tenant("other"), &[]), []);
            assert_eq!(
                known.take_suspects(&tenant("acme"), std::slice::from_ref(&segment)),
                [Arc::clone(&segment)]
            );
            assert_eq!(known.suspects().len(), 0);
            let mut all = Vec::new();
            assert!(blocks.get_read(0).unwrap().read_to_end(&mut all).is_err());
            assert_eq!(all, bytes[..place / BLOCK_BYTES * BLOCK_BYTES]);
        }
    }
}
