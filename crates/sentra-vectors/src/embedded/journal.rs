use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use sentra_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::RECORD_BYTES_MAX;
use crate::{Entry, ItemId, Space, Traits, Vector, VectorError};

/// What a file begins with: the name of the form and its version.
const MAGIC: [u8; 8] = *b"SENTVEC1";

/// Length and checksum before each record.
const FRAME_HEAD_BYTES: usize = 8;

/// Entries, removals and marks in the order they came, each in a frame: length, CRC-32C, record. It is only appended
/// to; who holds it writes it anew without what is no longer true, when that is worth it.
///
/// A file ends at the first frame that is not whole: what a crash did not finish, or damage. What follows is cut off,
/// and the last mark before the cut says from where the source is to be read again (law SOURCE).
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// Where the next frame goes.
    end: u64,
    is_poisoned: bool,
}

/// A record without its vector, which follows as plain numbers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Head {
    /// The first record: whose vectors these are.
    Space {
        space: Space,
    },
    Put(Box<Put>),
    Delete {
        ids: Vec<ItemId>,
    },
    Mark {
        mark: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
struct Put {
    id: ItemId,
    first: Timestamp,
    last: Timestamp,
    stamp: u64,
    traits: Traits,
}

/// What a file says when it is read from its beginning.
#[derive(Debug)]
pub(super) enum Told {
    /// An entry, and where it stands.
    Put(Box<Entry>, (u64, u32)),
    /// Items that went.
    Delete(Vec<ItemId>),
    /// Up to where the source had been read.
    Mark(String),
}

/// Frames that are written at once.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
}

impl Frames {
    fn push(&mut self, head: &Head, parts: &[i16]) -> Result<(u64, u32), VectorError> {
        let json = serde_json::to_vec(head).map_err(|source| form(head, source))?;
        let length = 4 + json.len() + parts.len() * 2;
        if length > RECORD_BYTES_MAX {
            return Err(VectorError::TooMany {
                what: "bytes of a record",
                got: length,
                max: RECORD_BYTES_MAX,
            });
        }
        let at = self.bytes.len();
        let mut record = Vec::with_capacity(length);
        record.extend(u32_of(json.len()).to_le_bytes());
        record.extend(json);
        record.extend(parts.iter().flat_map(|part| part.to_le_bytes()));
        self.bytes.extend(u32_of(length).to_le_bytes());
        self.bytes.extend(crc32c::crc32c(&record).to_le_bytes());
        self.bytes.extend(record);
        Ok((at as u64, u32_of(self.bytes.len() - at)))
    }

    /// Where the frame begins among these, and how long it is.
    pub(super) fn put(&mut self, entry: &Entry) -> Result<(u64, u32), VectorError> {
        let Entry { id, first, last, stamp, traits, vector } = entry;
        let put = Put { id: *id, first: *first, last: *last, stamp: *stamp, traits: traits.clone() };
        self.push(&Head::Put(Box::new(put)), vector.parts())
    }

    pub(super) fn delete(&mut self, ids: &[ItemId]) -> Result<(), VectorError> {
        // An id takes 23 bytes as text.
        for ids in ids.chunks(1_024) {
            self.push(&Head::Delete { ids: ids.to_vec() }, &[])?;
        }
        Ok(())
    }

    pub(super) fn mark(&mut self, mark: &str) -> Result<(), VectorError> {
        self.push(&Head::Mark { mark: mark.to_owned() }, &[]).map(|_| ())
    }
}

/// Records are limited to far less than 2^32.
fn u32_of(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn form(head: &Head, source: serde_json::Error) -> VectorError {
    let what = match head {
        Head::Put(put) => put.id.to_string(),
        Head::Space { space } => space.name().to_owned(),
        Head::Delete { .. } => "a removal".to_owned(),
        Head::Mark { .. } => "a mark".to_owned(),
    };
    VectorError::Form { what, source }
}

impl Journal {
    /// A new, empty file for `space`.
    pub(super) fn create(path: &Path, space: &Space) -> Result<Self, VectorError> {
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(true).clone();
        let file = options.open(path).map_err(VectorError::file("create", path))?;
        let mut journal = Self { path: path.to_owned(), file, end: 0, is_poisoned: false };
        let mut frames = Frames { bytes: MAGIC.to_vec() };
        frames.push(&Head::Space { space: space.clone() }, &[])?;
        journal.append(frames)?;
        Ok(journal)
    }

    /// Opens the file of `space` and tells what it says; how many bytes were cut off its end. A file that does not even
    /// say whose it is begins anew.
    pub(super) fn open(
        path: &Path,
        space: &Space,
        mut tell: impl FnMut(Told),
    ) -> Result<(Self, u64), VectorError> {
        let options = OpenOptions::new().read(true).write(true).clone();
        let file = options.open(path).map_err(VectorError::file("open", path))?;
        let length = file.metadata().map_err(VectorError::file("read", path))?.len();
        let mut reader = Frame::of(BufReader::with_capacity(1 << 20, &file));
        let mut end = reader.begin(space).map_err(VectorError::file("read", path))?;
        while end > 0 {
            let Some(record) = reader.next().map_err(VectorError::file("read", path))? else { break };
            let frame_bytes = FRAME_HEAD_BYTES as u64 + record.len() as u64;
            let Some(told) = told(&record, space, (end, u32_of(record.len() + FRAME_HEAD_BYTES))) else {
                break;
            };
            tell(told);
            end += frame_bytes;
        }
        if end == 0 {
            return Ok((Self::create(path, space)?, length));
        }
        if end < length {
            file.set_len(end).map_err(VectorError::file("cut", path))?;
        }
        Ok((Self { path: path.to_owned(), file, end, is_poisoned: false }, length - end))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file was renamed.
    pub(super) fn moved(&mut self, path: PathBuf) {
        self.path = path;
    }

    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Where the first of `frames` stands now.
    pub(super) fn append(&mut self, frames: Frames) -> Result<u64, VectorError> {
        if self.is_poisoned {
            return Err(VectorError::Poisoned { path: self.path.clone() });
        }
        let at = self.end;
        if let Err(source) = self.file.write_all_at(&frames.bytes, at) {
            // What was written of it is cut off, or would be read as damage in front of what comes next.
            self.is_poisoned = self.file.set_len(at).is_err();
            return Err(VectorError::File { what: "write", path: self.path.clone(), source });
        }
        self.end = at + frames.bytes.len() as u64;
        Ok(at)
    }

    /// A failed fsync is never tried again: what is on disk is not known any more.
    pub(super) fn sync(&mut self) -> Result<(), VectorError> {
        if self.is_poisoned {
            return Err(VectorError::Poisoned { path: self.path.clone() });
        }
        self.file.sync_data().map_err(|source| {
            self.is_poisoned = true;
            VectorError::File { what: "sync", path: self.path.clone(), source }
        })
    }

    /// The entry at `place`.
    pub(super) fn read(&self, space: &Space, place: (u64, u32)) -> Result<Entry, VectorError> {
        let mut frame = vec![0; place.1 as usize];
        self.file.read_exact_at(&mut frame, place.0).map_err(VectorError::file("read", &self.path))?;
        let record = Frame::of(frame.as_slice()).next().ok().flatten();
        match record.and_then(|record| told(&record, space, place)) {
            Some(Told::Put(entry, _)) => Ok(*entry),
            _ => {
                let damaged = std::io::Error::new(std::io::ErrorKind::InvalidData, "a record is damaged");
                Err(VectorError::File { what: "read", path: self.path.clone(), source: damaged })
            }
        }
    }

    /// The frame at `place`, as it is, added to `frames`; where it begins among these.
    pub(super) fn copy(&self, place: (u64, u32), frames: &mut Frames) -> Result<u64, VectorError> {
        let at = frames.bytes.len();
        frames.bytes.resize(at + place.1 as usize, 0);
        let room = frames.bytes.get_mut(at..).unwrap_or_default();
        self.file.read_exact_at(room, place.0).map_err(VectorError::file("read", &self.path))?;
        Ok(at as u64)
    }
}

impl Frames {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }
}

/// Reads frame after frame.
struct Frame<R> {
    reader: R,
}

impl<R: Read> Frame<R> {
    fn of(reader: R) -> Self {
        Self { reader }
    }

    /// Bytes of the beginning; 0 when it is not that of a file of `space`.
    fn begin(&mut self, space: &Space) -> std::io::Result<u64> {
        let mut magic = [0; MAGIC.len()];
        if !self.fill(&mut magic)? || magic != MAGIC {
            return Ok(0);
        }
        let Some(record) = self.next()? else { return Ok(0) };
        match parsed(&record) {
            Some((Head::Space { space: stored }, _)) if stored == *space => {
                Ok((MAGIC.len() + FRAME_HEAD_BYTES + record.len()) as u64)
            }
            _ => Ok(0),
        }
    }

    /// The next whole record.
    fn next(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let (mut length, mut sum) = ([0; 4], [0; 4]);
        if !self.fill(&mut length)? || !self.fill(&mut sum)? {
            return Ok(None);
        }
        let length = u32::from_le_bytes(length) as usize;
        if !(4..=RECORD_BYTES_MAX).contains(&length) {
            return Ok(None);
        }
        let mut record = vec![0; length];
        let is_whole = self.fill(&mut record)? && crc32c::crc32c(&record) == u32::from_le_bytes(sum);
        Ok(is_whole.then_some(record))
    }

    /// Whether there was enough to fill `room`.
    fn fill(&mut self, room: &mut [u8]) -> std::io::Result<bool> {
        match self.reader.read_exact(room) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn parsed(record: &[u8]) -> Option<(Head, &[u8])> {
    let (length, rest) = record.split_first_chunk::<4>()?;
    let (json, numbers) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    Some((serde_json::from_slice(json).ok()?, numbers))
}

fn told(record: &[u8], space: &Space, place: (u64, u32)) -> Option<Told> {
    let (head, numbers) = parsed(record)?;
    match head {
        Head::Space { .. } => None,
        Head::Delete { ids } => Some(Told::Delete(ids)),
        Head::Mark { mark } => Some(Told::Mark(mark)),
        Head::Put(put) => {
            let (pairs, rest) = numbers.as_chunks::<2>();
            if pairs.len() != space.dimensions() || !rest.is_empty() {
                return None;
            }
            let vector = Vector::from_parts(pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect());
            let Put { id, first, last, stamp, traits } = *put;
            Some(Told::Put(Box::new(Entry { id, first, last, stamp, traits, vector }), place))
        }
    }
}
