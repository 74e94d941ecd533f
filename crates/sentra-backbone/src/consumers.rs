//! Durable positions of named consumers, one small file each: `consumers/<name>` in the stream's directory.
//!
//! A file has two slots, each a line of text and zeros. The newer one counts and the older one is written over, in
//! place: this takes one fsync, a crash leaves the old or the new position, and it works on a disk that is full, where
//! retention waits for positions to move.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::disk::{Disk, read_full_at, write_all_at};
use crate::error::SYNC;
use crate::files::replace;
use crate::{Extent, LogError};

const DIRECTORY: &str = "consumers";
/// A line and nothing else, as the first release wrote it.
const FORMAT_LINE: &str = "sentra-consumer-1";
const FORMAT: &str = "sentra-consumer-2";
/// A disk writes as much at once or not at all, mostly; the checksum tells.
const SLOT_BYTES: usize = 512;
/// What a consumer takes of the disk budget: a block for its file and one for the file that replaces it.
pub(crate) const CONSUMER_BYTES: u64 = 2 * 4096;
/// Most consumers of one stream.
pub(crate) const CONSUMERS_MAX: usize = 1000;
/// Longest consumer name, in bytes.
const CONSUMER_NAME_BYTES_MAX: usize = 63;

/// A durable consumer of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer {
    /// Its name.
    pub name: String,
    /// The next offset that it wants.
    pub position: u64,
    /// The offsets that it is to read; `None` where it follows the stream for ever.
    pub range: Option<Range<u64>>,
    /// Records that it has still to read: from its position, or the stream's begin where that is later, to the end
    /// of its range or of the stream.
    pub lag: u64,
    /// Records that retention removed before it read them (law LOSS).
    pub skipped: u64,
}

impl Consumer {
    pub(crate) fn new(name: &str, position: &Position, extent: Extent) -> Self {
        let to = position.range.as_ref().map_or(extent.end, |range| range.end.min(extent.end));
        let next = position.next_offset;
        Self {
            name: name.to_owned(),
            position: next,
            range: position.range.clone(),
            lag: to.saturating_sub(next.max(extent.begin)),
            skipped: extent.begin.min(to).saturating_sub(next),
        }
    }
}

/// What is durable about a consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) next_offset: u64,
    pub(crate) range: Option<Range<u64>>,
}

/// A consumer's position as far as this process knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) position: Position,
    /// False after a write that failed half-way: then the file may hold the old or the new position.
    pub(crate) is_settled: bool,
    /// The newer slot's number; `None` where the file has no slots yet.
    pub(crate) slot: Option<u64>,
    /// The lowest offset that the file may hold.
    pub(crate) lowest: u64,
}

impl Known {
    pub(crate) fn settled(position: Position, slot: Option<u64>) -> Self {
        Self { lowest: position.next_offset, position, is_settled: true, slot }
    }

    /// A change failed half-way that makes `next_offset` possible.
    pub(crate) fn unsettle(&mut self, next_offset: u64) {
        self.is_settled = false;
        self.lowest = self.lowest.min(next_offset);
    }
}

/// A consumer's name is a file name, so its alphabet is narrow.
pub(crate) fn check_consumer_name(name: &str) -> Result<(), LogError> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let all_allowed =
        name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
    if starts_well && all_allowed && name.len() <= CONSUMER_NAME_BYTES_MAX {
        return Ok(());
    }
    Err(LogError::ConsumerName { name: name.chars().take(80).collect() })
}

pub(crate) fn directory(stream_directory: &Path) -> PathBuf {
    stream_directory.join(DIRECTORY)
}

/// Every position in a stream's directory.
pub(crate) fn load(disk: &dyn Disk, stream_directory: &Path) -> Result<BTreeMap<String, Known>, LogError> {
    let directory = directory(stream_directory);
    let names = match disk.list(&directory) {
        Ok(names) => names,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(LogError::io("list", &directory)(error)),
    };
    let mut positions = BTreeMap::new();
    // A temporary file's name is no consumer's: it has a dot.
    for name in names.into_iter().filter(|name| check_consumer_name(name).is_ok()) {
        let known = read(disk, &directory.join(&name))?;
        positions.insert(name, known);
    }
    disk.sync_dir(&directory).map_err(LogError::io(SYNC, &directory))?;
    Ok(positions)
}

fn read(disk: &dyn Disk, path: &Path) -> Result<Known, LogError> {
    let file = disk.open(path).map_err(LogError::io("open", path))?;
    // As with the last segment: what a killed process wrote must be on disk before anybody builds on it.
    file.sync().map_err(LogError::io(SYNC, path))?;
    file.forget_cache();
    let mut bytes = [0; 2 * SLOT_BYTES];
    let length = read_full_at(&*file, &mut bytes, 0).map_err(LogError::io("read", path))?;
    let (slots, _) = bytes.get(..length).unwrap_or_default().as_chunks::<SLOT_BYTES>();
    let newest = slots.iter().filter_map(decode).max_by_key(|(number, _)| *number);
    let line = || decode_line(std::str::from_utf8(bytes.get(..length)?).ok()?);
    let known = newest.map(|(number, position)| Known::settled(position, Some(number)));
    known.or_else(|| line().map(|position| Known::settled(position, None))).ok_or_else(|| LogError::Damaged {
        path: path.to_owned(),
        detail: "it holds no consumer position; remove it to let the consumer start again".to_owned(),
    })
}

/// Writes a position so that a crash leaves the old or the new one; the number of its slot.
pub(crate) fn write(
    disk: &dyn Disk,
    directory: &Path,
    name: &str,
    position: &Position,
    known: Option<&Known>,
) -> Result<u64, LogError> {
    let path = directory.join(name);
    match known {
        Some(Known { slot: Some(slot), is_settled: true, .. }) => {
            let number = slot.saturating_add(1);
            let file = disk.open(&path).map_err(LogError::io("open", &path))?;
            write_all_at(&*file, &encode(number, position), number % 2 * SLOT_BYTES as u64)
                .map_err(LogError::io("write", &path))?;
            file.sync().map_err(LogError::io(SYNC, &path))?;
            Ok(number)
        }
        _ => {
            let mut bytes = encode(0, position);
            bytes.resize(2 * SLOT_BYTES, 0);
            replace(disk, &path, &bytes).map(|()| 0)
        }
    }
}

/// Removes a position, durably.
pub(crate) fn remove(disk: &dyn Disk, directory: &Path, name: &str) -> Result<(), LogError> {
    let path = directory.join(name);
    match disk.remove(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(LogError::io("remove", &path)(error));
        }
        _ => {}
    }
    disk.sync_dir(directory).map_err(LogError::io(SYNC, directory))
}

fn encode(number: u64, position: &Position) -> Vec<u8> {
    let range = position.range.as_ref().map(|range| format!(" {} {}", range.start, range.end));
    let body = format!("{FORMAT} {number} {}{}", position.next_offset, range.unwrap_or_default());
    let mut slot = with_crc(&body).into_bytes();
    slot.resize(SLOT_BYTES, 0);
    slot
}

fn decode(slot: &[u8; SLOT_BYTES]) -> Option<(u64, Position)> {
    let end = slot.iter().position(|byte| *byte == 0)?;
    let (text, padding) = slot.split_at_checked(end)?;
    if padding.iter().any(|byte| *byte != 0) {
        return None;
    }
    let mut words = without_crc(std::str::from_utf8(text).ok()?)?.strip_prefix(FORMAT)?.split(' ').skip(1);
    let number = words.next()?.parse().ok()?;
    let next_offset = words.next()?.parse().ok()?;
    let range = match words.next() {
        Some(start) => Some(start.parse().ok()?..words.next()?.parse().ok()?),
        None => None,
    };
    words.next().is_none().then_some((number, Position { next_offset, range }))
}

fn decode_line(text: &str) -> Option<Position> {
    let next_offset = without_crc(text)?.strip_prefix(FORMAT_LINE)?.strip_prefix(' ')?.parse().ok()?;
    Some(Position { next_offset, range: None })
}

fn with_crc(body: &str) -> String {
    format!("{body} {:08x}\n", crc32c::crc32c(body.as_bytes()))
}

fn without_crc(text: &str) -> Option<&str> {
    let (body, crc) = text.strip_suffix('\n')?.rsplit_once(' ')?;
    (u32::from_str_radix(crc, 16).ok()? == crc32c::crc32c(body.as_bytes())).then_some(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::SimulatedDisk;

    #[test]
    fn a_position_survives_its_slot_and_a_damaged_one_is_noticed() {
        for range in [None, Some(0..u64::MAX), Some(7..7)] {
            for next_offset in [0, 1, u64::MAX] {
                let position = Position { next_offset, range: range.clone() };
                let slot: [u8; SLOT_BYTES] = encode(u64::MAX, &position).try_into().unwrap();
                assert_eq!(decode(&slot), Some((u64::MAX, position)));
            }
            let good: [u8; SLOT_BYTES] =
                encode(3, &Position { next_offset: 4711, range }).try_into().unwrap();
            for at in 0..SLOT_BYTES {
                let mut bad = good;
                bad[at] ^= 1;
                assert_eq!(decode(&bad), None, "byte {at}");
                let mut torn = [0; SLOT_BYTES];
                torn[..at].copy_from_slice(&good[..at]);
                assert!(decode(&torn).is_none_or(|_| torn == good), "torn at {at}");
            }
        }
    }

    #[test]
    fn a_file_of_the_first_release_is_read_and_goes_on_with_slots() {
        let disk = SimulatedDisk::new(1);
        let path = Path::new("/detect");
        replace(&disk, path, b"sentra-consumer-1 5 5557b495\n").unwrap();
        let mut known = read(&disk, path).unwrap();
        assert_eq!((known.position.next_offset, known.slot), (5, None));
        for (next_offset, slot) in [(6, 0), (7, 1), (3, 2), (9, 3)] {
            let position = Position { next_offset, range: None };
            let number = write(&disk, Path::new("/"), "detect", &position, Some(&known)).unwrap();
            known = read(&disk, path).unwrap();
            assert_eq!((number, known.slot, &known.position), (slot, Some(slot), &position));
        }
        // Damage to the newer slot leaves the older one; damage to both is said.
        disk.damage(path, |bytes| bytes[SLOT_BYTES + 20] ^= 1);
        assert_eq!(read(&disk, path).unwrap().position.next_offset, 3);
        disk.damage(path, |bytes| bytes[20] ^= 1);
        let error = read(&disk, path).unwrap_err();
        assert!(matches!(error, LogError::Damaged { .. }), "{error}");
    }

    #[test]
    fn lag_counts_what_is_there_and_skipped_what_was() {
        let extent = Extent { begin: 10, end: 30 };
        for (next_offset, range, lag, skipped) in [
            (30, None, 0, 0),
            (12, None, 18, 0),
            (10, None, 20, 0),
            (4, None, 20, 6),
            (12, Some(0..20), 8, 0),
            (20, Some(0..20), 0, 0),
            (4, Some(0..20), 10, 6),
            (4, Some(0..8), 0, 4),
            (4, Some(0..99), 20, 6),
        ] {
            let position = Position { next_offset, range: range.clone() };
            let consumer = Consumer::new("a", &position, extent);
            assert_eq!((consumer.lag, consumer.skipped), (lag, skipped), "{next_offset} of {range:?}");
        }
    }
}
