//! Whether a segment's file is what was written.

use std::fs;
use std::io;
use std::path::Path;

use crate::StoreError;
use crate::embedded::segment::checksum;
use crate::embedded::tenant::Segment;

/// What is wrong with the file of `segment` below `root`; `None` when it is what was written.
///
/// # Errors
/// When it cannot be told, because the system lacks something.
pub(in crate::embedded) fn damage_of(root: &Path, segment: &Segment) -> Result<Option<String>, StoreError> {
    let path = root.join(&segment.path);
    if let Some(detail) = length_damage(root, segment)? {
        return Ok(Some(detail));
    }
    match checksum(&path) {
        Ok(found) if found == segment.checksum => Ok(None),
        Ok(_) => Ok(Some("its checksum is not the manifest's".to_owned())),
        Err(StoreError::Io { source, .. }) if is_unreadable(&source) => {
            Ok(Some(format!("the disk cannot read it: {source}")))
        }
        Err(error) => Err(error),
    }
}

/// What is wrong with the length of the file: a look at the directory, no more.
pub(in crate::embedded) fn length_damage(
    root: &Path,
    segment: &Segment,
) -> Result<Option<String>, StoreError> {
    let path = root.join(&segment.path);
    match fs::metadata(&path) {
        Ok(found) if found.len() == segment.bytes => Ok(None),
        Ok(found) => Ok(Some(format!("it has {} bytes, the manifest says {}", found.len(), segment.bytes))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some("the file is missing".to_owned())),
        Err(error) if is_unreadable(&error) => Ok(Some(format!("the disk cannot read it: {error}"))),
        Err(error) => Err(StoreError::io("look at", &path)(error)),
    }
}

/// `EIO`: the disk itself gave up, unlike when a limit of the process is reached.
fn is_unreadable(error: &io::Error) -> bool {
    const EIO: i32 = 5;
    error.raw_os_error() == Some(EIO)
}
