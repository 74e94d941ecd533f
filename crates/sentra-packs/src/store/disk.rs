//! Changes to the file system, each of them a step after which a crash may come.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use crate::error::PackError;
use crate::tree::PackTree;

/// Asked before every step; with an error the step is not done, or only half.
pub(crate) type StepHook = Arc<dyn Fn(&'static str, &Path) -> io::Result<()> + Send + Sync>;

const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// The file system, as the store changes it.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    hook: Option<StepHook>,
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Disk").field("hooked", &self.hook.is_some()).finish()
    }
}

impl Disk {
    #[cfg(test)]
    pub(crate) fn hooked(hook: StepHook) -> Self {
        Self { hook: Some(hook) }
    }

    fn step(&self, what: &'static str, path: &Path) -> Result<(), PackError> {
        let Some(hook) = &self.hook else { return Ok(()) };
        hook(what, path).map_err(PackError::write(what, path))
    }

    /// Makes a directory where it is missing, durably, and those above it too.
    pub(crate) fn make_directory(&self, path: &Path) -> Result<(), PackError> {
        if path.is_dir() {
            return Ok(());
        }
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            self.make_directory(parent)?;
        }
        self.step("create", path)?;
        match DirBuilder::new().mode(DIRECTORY_MODE).create(path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(PackError::write("create", path)(error));
            }
            _ => {}
        }
        self.sync_parent(path)
    }

    /// Writes a file that nobody reads yet.
    pub(crate) fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), PackError> {
        let torn = self.step("write", path);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(FILE_MODE);
        let mut file = options.open(path).map_err(PackError::write("create", path))?;
        if let Err(error) = torn {
            // What a crash leaves of a file that was being written.
            let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
            file.write_all(half).map_err(PackError::write("write", path))?;
            return Err(error);
        }
        file.write_all(bytes).map_err(PackError::write("write", path))?;
        self.step("sync", path)?;
        file.sync_all().map_err(PackError::write("sync", path))
    }

    /// Puts a file in the place of another, so that a crash leaves the one or the other.
    pub(crate) fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), PackError> {
        let draft = path.with_extension("tmp");
        self.write(&draft, bytes)?;
        self.rename(&draft, path)
    }

    /// Renames, durably.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> Result<(), PackError> {
        self.step("rename", to)?;
        std::fs::rename(from, to).map_err(PackError::write("rename", from))?;
        self.sync_parent(to)
    }

    /// Removes a directory with everything in it, or a file.
    pub(crate) fn remove(&self, path: &Path) -> Result<(), PackError> {
        self.step("remove", path)?;
        let removed = match std::fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(path),
            Ok(_) => std::fs::remove_file(path),
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(PackError::write("remove", path)(error)),
            _ => Ok(()),
        }
    }

    /// Writes all files of `tree` below `directory`, which is made anew.
    pub(crate) fn write_tree(&self, directory: &Path, tree: &PackTree) -> Result<(), PackError> {
        self.remove(directory)?;
        self.make_directory(directory)?;
        for (path, bytes) in tree.files() {
            let path = path.below(directory);
            if let Some(parent) = path.parent() {
                self.make_directory(parent)?;
            }
            self.write(&path, bytes)?;
            self.sync_parent(&path)?;
        }
        Ok(())
    }

    fn sync_parent(&self, path: &Path) -> Result<(), PackError> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        self.step("sync", parent)?;
        File::open(parent)
            .and_then(|directory| directory.sync_all())
            .map_err(PackError::write("sync", parent))
    }
}
