//! Changes to the directory tree that a crash leaves done or not done, never half done.

use std::io::ErrorKind;
use std::path::Path;

use crate::LogError;
use crate::disk::{Disk, write_all_at};
use crate::error::SYNC;

/// Puts `bytes` into the file at `path` so that a crash leaves the old or the new content.
pub(crate) fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Result<(), LogError> {
    let temporary = path.with_extension("tmp");
    match disk.remove(&temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(LogError::io("remove", &temporary)(error));
        }
        _ => {}
    }
    let file = disk.create(&temporary).map_err(LogError::io("create", &temporary))?;
    write_all_at(&*file, bytes, 0).map_err(LogError::io("write", &temporary))?;
    file.sync().map_err(LogError::io(SYNC, &temporary))?;
    disk.rename(&temporary, path).map_err(LogError::io("rename", &temporary))?;
    let directory = parent_of(path);
    disk.sync_dir(directory).map_err(LogError::io(SYNC, directory))
}

/// The directory that holds `path`.
pub(crate) fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes a directory and those above it where they are missing, durably.
pub(crate) fn ensure_directory(disk: &dyn Disk, path: &Path) -> Result<(), LogError> {
    let parent = parent_of(path);
    match disk.create_dir(path) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound && parent != path => {
            ensure_directory(disk, parent)?;
            disk.create_dir(path).map_err(LogError::io("create", path))?;
        }
        Err(error) => return Err(LogError::io("create", path)(error)),
    }
    disk.sync_dir(parent).map_err(LogError::io(SYNC, parent))
}

/// Like [`ensure_directory`], and also makes durable what a killed process may have made of the way to `path`.
pub(crate) fn ensure_root(disk: &dyn Disk, path: &Path) -> Result<(), LogError> {
    ensure_directory(disk, path)?;
    for parent in path.ancestors().skip(1) {
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        match disk.sync_dir(parent) {
            Ok(()) => {}
            // Then no process of ours made anything in it.
            Err(error)
                if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => {}
            Err(error) => return Err(LogError::io(SYNC, parent)(error)),
        }
    }
    Ok(())
}
