//! A pack as one file: a tar in the ustar form, compressed with zstd. The same files give the same bytes.

use std::io::{self, Read, Write};
use std::path::Path;

use tar::{Archive, Builder, EntryType, Header};

use crate::error::PackError;
use crate::path::PackPath;
use crate::tree::{PACK_BYTES_MAX, PACK_FILES_MAX, PackTree};

/// Largest archive, in bytes.
pub const ARCHIVE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Bytes that an archive may unpack to: its files, and for each a header and its padding.
const UNPACKED_BYTES_MAX: u64 = PACK_BYTES_MAX + 1_024 * (PACK_FILES_MAX as u64 + 2);
/// Largest window that decompression may ask memory for: 2^27 bytes.
const WINDOW_LOG_MAX: u32 = 27;
const COMPRESSION_LEVEL: i32 = 19;
/// Mode of every file in the archive.
const FILE_MODE: u32 = 0o644;
/// Bytes that are read at a time after the last file.
const REST_BUFFER_BYTES: usize = 8 * 1024;

/// The archive of `tree`.
pub(crate) fn write(tree: &PackTree) -> io::Result<Vec<u8>> {
    let mut compressor = zstd::Encoder::new(Vec::new(), COMPRESSION_LEVEL)?;
    compressor.include_checksum(true)?;
    let mut builder = Builder::new(compressor);
    for (path, bytes) in tree.files() {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(FILE_MODE);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(bytes.len() as u64);
        header.set_path(path.as_str())?;
        header.set_cksum();
        builder.append(&header, bytes)?;
    }
    builder.into_inner()?.finish()
}

/// The files of the archive `bytes`; `origin` is for messages. Nothing is written anywhere.
pub(crate) fn read(origin: &str, bytes: &[u8]) -> Result<PackTree, PackError> {
    let broken = |error: io::Error| PackError::malformed(origin, format!("not a pack archive: {error}"));
    if bytes.len() as u64 > ARCHIVE_BYTES_MAX {
        return Err(PackError::malformed(
            origin,
            format!("an archive has at most {ARCHIVE_BYTES_MAX} bytes"),
        ));
    }
    let mut decompressor = zstd::Decoder::with_buffer(bytes).map_err(broken)?.single_frame();
    decompressor.window_log_max(WINDOW_LOG_MAX).map_err(broken)?;
    let mut archive = Archive::new(Bounded { inner: decompressor, left: UNPACKED_BYTES_MAX });
    let mut tree = PackTree::default();
    let mut last: Option<PackPath> = None;
    // Raw: names longer than a header holds, and everything else that extends the format, are refused and not followed.
    for entry in archive.entries().map_err(broken)?.raw(true) {
        let mut entry = entry.map_err(broken)?;
        let path = entry_path(origin, &entry.path_bytes())?;
        let place = format!("{origin}/{path}");
        if entry.header().entry_type() != EntryType::Regular {
            let kind = kind_of(entry.header().entry_type());
            return Err(PackError::malformed(place, format!("it is {kind}; a pack has regular files only")));
        }
        if last.as_ref().is_some_and(|last| *last >= path) {
            return Err(PackError::malformed(
                place,
                "the files of an archive are sorted, and each stands once",
            ));
        }
        let size = entry.header().entry_size().map_err(broken)?;
        tree.check_room(origin, &path, size)?;
        let mut content = Vec::new();
        (&mut entry).take(size).read_to_end(&mut content).map_err(broken)?;
        if content.len() as u64 != size {
            return Err(PackError::malformed(place, "the archive ends within the file"));
        }
        last = Some(path.clone());
        tree.add(origin, path, content)?;
    }
    end(origin, archive.into_inner())?;
    Ok(tree)
}

fn entry_path(origin: &str, bytes: &[u8]) -> Result<PackPath, PackError> {
    let shown: String =
        String::from_utf8_lossy(bytes).chars().take(120).flat_map(char::escape_default).collect();
    let refused = |message: String| PackError::malformed(format!("{origin}/{shown}"), message);
    let text = std::str::from_utf8(bytes).map_err(|_| refused("its name is not UTF-8".to_owned()))?;
    PackPath::parse(text).map_err(refused)
}

fn kind_of(kind: EntryType) -> &'static str {
    match kind {
        EntryType::Symlink => "a symbolic link",
        EntryType::Link => "a hard link",
        EntryType::Directory => "a directory",
        EntryType::Char | EntryType::Block => "a device",
        EntryType::Fifo => "a pipe",
        _ => "an extension of the archive format",
    }
}

/// After the last file there is nothing but zeros: what no reader looks at is a place to hide things.
fn end(origin: &str, mut rest: Bounded<zstd::Decoder<'_, &[u8]>>) -> Result<(), PackError> {
    let broken = |error: io::Error| PackError::malformed(origin, format!("not a pack archive: {error}"));
    let mut buffer = [0; REST_BUFFER_BYTES];
    loop {
        let read = rest.read(&mut buffer).map_err(broken)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        if bytes.iter().any(|byte| *byte != 0) {
            return Err(PackError::malformed(origin, "there are bytes after the last file"));
        }
    }
    if rest.inner.finish().is_empty() {
        Ok(())
    } else {
        Err(PackError::malformed(origin, "there are bytes after the compressed part"))
    }
}

/// Ends with an error, not silently, where more comes than may.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| io::Error::other(format!("it unpacks to more than {UNPACKED_BYTES_MAX} bytes")))?;
        Ok(read)
    }
}

/// Reads the archive at `path`.
pub(crate) fn read_file(path: &Path) -> Result<PackTree, PackError> {
    let file = std::fs::File::open(path).map_err(PackError::read(path))?;
    let mut bytes = Vec::new();
    file.take(ARCHIVE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(PackError::read(path))?;
    read(&path.display().to_string(), &bytes)
}

/// Writes `bytes` to a file beside its place and renames it, so that nobody reads half of it.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), PackError> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".tmp");
    let draft = Path::new(&draft);
    let mut file = std::fs::File::create(draft).map_err(PackError::write("create", draft))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(PackError::write("write", draft))?;
    std::fs::rename(draft, path).map_err(PackError::write("rename", draft))
}
