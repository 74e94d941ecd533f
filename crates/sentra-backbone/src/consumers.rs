//! Durable positions of named consumers, one small file each: `consumers/<name>` in the stream's directory.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::disk::{Disk, read_full_at};
use crate::error::SYNC;
use crate::files::replace;
use crate::{Extent, LogError};

const DIRECTORY: &str = "consumers";
const FORMAT: &str = "sentra-consumer-1";
const FORMAT_RANGE: &str = "sentra-consumer-2";
/// A position file is far shorter.
const FILE_BYTES_MAX: usize = 160;
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
    /// The lowest offset that the file may hold.
    pub(crate) lowest: u64,
}

impl Known {
    pub(crate) fn settled(position: Position) -> Self {
        Self { lowest: position.next_offset, position, is_settled: true }
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
        let position = read(disk, &directory.join(&name))?;
        positions.insert(name, Known::settled(position));
    }
    disk.sync_dir(&directory).map_err(LogError::io(SYNC, &directory))?;
    Ok(positions)
}

fn read(disk: &dyn Disk, path: &Path) -> Result<Position, LogError> {
    let file = disk.open(path).map_err(LogError::io("open", path))?;
    let mut bytes = [0; FILE_BYTES_MAX];
    let length = read_full_at(&*file, &mut bytes, 0).map_err(LogError::io("read", path))?;
    let text = bytes.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok());
    text.and_then(decode).ok_or_else(|| LogError::Damaged {
        path: path.to_owned(),
        detail: "it holds no consumer position; remove it to let the consumer start again".to_owned(),
    })
}

/// Writes a position so that a crash leaves the old or the new one.
pub(crate) fn write(
    disk: &dyn Disk,
    directory: &Path,
    name: &str,
    position: &Position,
) -> Result<(), LogError> {
    let path = directory.join(name);
    replace(disk, &path, encode(position).as_bytes())
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

fn encode(position: &Position) -> String {
    let next_offset = position.next_offset;
    let body = match &position.range {
        None => format!("{FORMAT} {next_offset}"),
        Some(range) => format!("{FORMAT_RANGE} {next_offset} {} {}", range.start, range.end),
    };
    format!("{body} {:08x}\n", crc32c::crc32c(body.as_bytes()))
}

fn decode(text: &str) -> Option<Position> {
    let (body, crc) = text.strip_suffix('\n')?.rsplit_once(' ')?;
    if u32::from_str_radix(crc, 16).ok()? != crc32c::crc32c(body.as_bytes()) {
        return None;
    }
    let mut words = body.split(' ');
    let format = words.next()?;
    let mut number = || words.next()?.parse::<u64>().ok();
    let position = match format {
        FORMAT => Position { next_offset: number()?, range: None },
        FORMAT_RANGE => Position { next_offset: number()?, range: Some(number()?..number()?) },
        _ => return None,
    };
    words.next().is_none().then_some(position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_its_text_and_a_damaged_one_is_noticed() {
        for range in [None, Some(0..u64::MAX), Some(7..7)] {
            for next_offset in [0, 1, u64::MAX] {
                let position = Position { next_offset, range: range.clone() };
                assert_eq!(decode(&encode(&position)), Some(position));
            }
            let good = encode(&Position { next_offset: 4711, range });
            for at in 0..good.len() {
                assert_eq!(decode(&good[..at]), None);
                let mut bad = good.clone().into_bytes();
                bad[at] ^= 1;
                assert_eq!(std::str::from_utf8(&bad).ok().and_then(decode), None, "byte {at}");
            }
        }
        // As the first release wrote it.
        assert_eq!(encode(&Position { next_offset: 5, range: None }), "sentra-consumer-1 5 5557b495\n");
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
