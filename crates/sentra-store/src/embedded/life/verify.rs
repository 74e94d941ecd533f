//! Whether a segment's file is what was written.

use std::fs;
use std::io;
use std::path::Path;

use crate::StoreError;
use crate::embedded::blocks::Sums;
use crate::embedded::segment::checksums;
use crate::embedded::tenant::Segment;

/// What a look at the file of a segment finds.
#[derive(Debug)]
pub(in crate::embedded) enum Found {
    /// It is what was written, and these are the checksums of its blocks.
    Whole(Sums),
    /// It is not, and why.
    Damaged(String),
}

/// Whether the file of `segment` below `root` is what was written.
///
/// # Errors
/// When it cannot be told, because the system lacks something.
pub(in crate::embedded) fn look_at(root: &Path, segment: &Segment) -> Result<Found, StoreError> {
    let path = root.join(&segment.path);
    if let Some(detail) = length_damage(root, segment)? {
        return Ok(Found::Damaged(detail));
    }
    match checksums(&path) {
        Ok((found, sums)) if found == segment.checksum => Ok(Found::Whole(sums)),
        Ok(_) => Ok(Found::Damaged("its checksum is not the manifest's".to_owned())),
        Err(StoreError::Io { source, .. }) if is_unreadable(&source) => {
            Ok(Found::Damaged(format!("the disk cannot read it: {source}")))
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
