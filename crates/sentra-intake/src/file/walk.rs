use std::ffi::OsStr;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use super::{FileProblem, FileProblemKind};

/// Directories inside of directories.
const DEPTH_MAX: usize = 64;

type Visit<'a> = dyn FnMut(Result<PathBuf, FileProblem>) -> ControlFlow<()> + 'a;

/// Visits every file below `path` in sorted order. A path that was named is followed where it leads, a pipe
/// included; inside of directories hidden files, special files and links are passed over.
pub(super) fn walk(path: &Path, visit: &mut Visit<'_>) -> ControlFlow<()> {
    let kind = match std::fs::metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) => return visit(Err(problem(path, error))),
    };
    if kind.is_dir() {
        walk_directory(path, 0, visit)
    } else if kind.is_file() || kind.is_fifo() || kind.is_char_device() {
        visit(Ok(path.to_owned()))
    } else {
        visit(Err(FileProblem { path: path.to_owned(), kind: FileProblemKind::Special }))
    }
}

fn walk_directory(directory: &Path, depth: usize, visit: &mut Visit<'_>) -> ControlFlow<()> {
    if depth >= DEPTH_MAX {
        return visit(Err(FileProblem { path: directory.to_owned(), kind: FileProblemKind::TooDeep }));
    }
    let entries = std::fs::read_dir(directory).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()
    });
    let mut paths = match entries {
        Ok(paths) => paths,
        Err(error) => return visit(Err(problem(directory, error))),
    };
    paths.retain(|path| !is_hidden(path));
    paths.sort();
    for path in paths {
        match std::fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => walk_directory(&path, depth + 1, visit)?,
            Ok(metadata) if metadata.is_file() => visit(Ok(path))?,
            Ok(_) => {}
            Err(error) => visit(Err(problem(&path, error)))?,
        }
    }
    ControlFlow::Continue(())
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().map(OsStr::as_bytes).is_some_and(|name| name.starts_with(b"."))
}

fn problem(path: &Path, error: io::Error) -> FileProblem {
    FileProblem { path: path.to_owned(), kind: FileProblemKind::Unreadable(error) }
}
