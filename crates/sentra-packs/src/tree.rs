//! The files of a pack in memory. A pack is read whole before anything is believed of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::error::PackError;
use crate::kind::ContentKind;
use crate::path::{PACK_PATH_DEPTH_MAX, PackPath, Place};

/// Files of a pack.
pub const PACK_FILES_MAX: usize = 20_000;
/// All files of a pack together, in bytes.
pub const PACK_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Largest file of a pack that is no list, in bytes.
pub const PACK_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Largest list or data table of a pack, in bytes.
pub const PACK_LIST_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Files by their paths, within the limits of a pack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackTree {
    files: BTreeMap<PackPath, Vec<u8>>,
    bytes: u64,
    /// Paths and directories without their case: a file system that does not tell cases apart would mix them up.
    folded: BTreeSet<String>,
}

impl PackTree {
    /// Adds a file; `origin` is for messages.
    pub(crate) fn add(&mut self, origin: &str, path: PackPath, bytes: Vec<u8>) -> Result<(), PackError> {
        self.check_room(origin, &path, bytes.len() as u64)?;
        if !self.folded.insert(path.as_str().to_ascii_lowercase()) {
            return Err(PackError::malformed(format!("{origin}/{path}"), "it stands twice in the pack"));
        }
        self.bytes += bytes.len() as u64;
        self.files.insert(path, bytes);
        Ok(())
    }

    /// Whether a file of `bytes` still fits; asked before it is read.
    pub(crate) fn check_room(&self, origin: &str, path: &PackPath, bytes: u64) -> Result<(), PackError> {
        let malformed = |message: String| PackError::malformed(format!("{origin}/{path}"), message);
        let refused = |message: String| Err(malformed(message));
        let place = path.place().map_err(malformed)?;
        let is_list = place == Place::Content(ContentKind::Lists);
        let bytes_max = if is_list { PACK_LIST_BYTES_MAX } else { PACK_FILE_BYTES_MAX };
        if bytes > bytes_max {
            return refused(format!("it has {bytes} bytes; at most {bytes_max} are allowed"));
        }
        if self.files.len() >= PACK_FILES_MAX {
            return refused(format!("a pack has at most {PACK_FILES_MAX} files"));
        }
        if self.bytes + bytes > PACK_BYTES_MAX {
            return refused(format!("the files of a pack have at most {PACK_BYTES_MAX} bytes together"));
        }
        Ok(())
    }

    /// Puts a file in the place of another, or adds it.
    pub(crate) fn put(&mut self, origin: &str, path: PackPath, bytes: Vec<u8>) -> Result<(), PackError> {
        self.take(path.as_str());
        self.add(origin, path, bytes)
    }

    /// Takes a file out.
    pub(crate) fn take(&mut self, path: &str) -> Option<Vec<u8>> {
        let bytes = self.files.remove(path)?;
        self.folded.remove(&path.to_ascii_lowercase());
        self.bytes -= bytes.len() as u64;
        Some(bytes)
    }

    /// The files in the order of their paths.
    pub fn files(&self) -> impl Iterator<Item = (&PackPath, &[u8])> {
        self.files.iter().map(|(path, bytes)| (path, bytes.as_slice()))
    }

    /// The bytes of a file.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// How many files there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Everything below `directory`. Links are refused: what they show may be another file tomorrow.
    pub(crate) fn read_directory(directory: &Path) -> Result<Self, PackError> {
        let mut tree = Self::default();
        read_below(directory, "", 0, &directory.display().to_string(), &mut tree)?;
        Ok(tree)
    }
}

fn read_below(
    directory: &Path,
    prefix: &str,
    depth: usize,
    origin: &str,
    tree: &mut PackTree,
) -> Result<(), PackError> {
    if depth > PACK_PATH_DEPTH_MAX {
        return Err(PackError::malformed(directory.display(), "directories nest too deep"));
    }
    for entry in std::fs::read_dir(directory).map_err(PackError::read(directory))? {
        let entry = entry.map_err(PackError::read(directory))?;
        let path = entry.path();
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            return Err(PackError::malformed(path.display(), "its name is not UTF-8"));
        };
        let inner = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
        // Of the entry itself, not of what a link shows.
        let kind = entry.file_type().map_err(PackError::read(&path))?;
        if kind.is_dir() && depth == 0 && name == ".git" {
            continue;
        }
        let refused = |message: String| PackError::malformed(path.display(), message);
        let inner_path = PackPath::parse(&inner).map_err(refused)?;
        if kind.is_dir() {
            read_below(&path, &inner, depth + 1, origin, tree)?;
        } else if kind.is_file() {
            let metadata = entry.metadata().map_err(PackError::read(&path))?;
            tree.check_room(origin, &inner_path, metadata.len())?;
            let mut bytes = Vec::new();
            let file = File::open(&path).map_err(PackError::read(&path))?;
            file.take(PACK_LIST_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(PackError::read(&path))?;
            tree.add(origin, inner_path, bytes)?;
        } else {
            return Err(refused("it is neither a file nor a directory".to_owned()));
        }
    }
    Ok(())
}
