//! Durable positions of named consumers, one small file each: `consumers/<name>` in the stream's directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::LogError;
use crate::disk::{Disk, read_full_at};
use crate::error::SYNC;
use crate::files::replace;
use crate::log::check_consumer_name;

const DIRECTORY: &str = "consumers";
const FORMAT: &str = "sentra-consumer-1";
/// A position file is far shorter.
const FILE_BYTES_MAX: usize = 128;

/// A consumer's position as far as this process knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) next_offset: u64,
    /// False after a write that failed half-way: then the file may hold the old or the new position.
    pub(crate) is_settled: bool,
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
        let next_offset = read(disk, &directory.join(&name))?;
        positions.insert(name, Known { next_offset, is_settled: true });
    }
    disk.sync_dir(&directory).map_err(LogError::io(SYNC, &directory))?;
    Ok(positions)
}

fn read(disk: &dyn Disk, path: &Path) -> Result<u64, LogError> {
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
pub(crate) fn write(disk: &dyn Disk, directory: &Path, name: &str, next_offset: u64) -> Result<(), LogError> {
    let path = directory.join(name);
    replace(disk, &path, encode(next_offset).as_bytes())
}

fn encode(next_offset: u64) -> String {
    let body = format!("{FORMAT} {next_offset}");
    format!("{body} {:08x}\n", crc32c::crc32c(body.as_bytes()))
}

fn decode(text: &str) -> Option<u64> {
    let (body, crc) = text.strip_suffix('\n')?.rsplit_once(' ')?;
    if u32::from_str_radix(crc, 16).ok()? != crc32c::crc32c(body.as_bytes()) {
        return None;
    }
    body.strip_prefix(FORMAT)?.strip_prefix(' ')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_its_text_and_a_damaged_one_is_noticed() {
        for position in [0, 1, u64::MAX] {
            assert_eq!(decode(&encode(position)), Some(position));
        }
        let good = encode(4711);
        for at in 0..good.len() {
            assert_eq!(decode(&good[..at]), None);
            let mut bad = good.clone().into_bytes();
            bad[at] ^= 1;
            assert_eq!(std::str::from_utf8(&bad).ok().and_then(decode), None, "byte {at}");
        }
    }
}
