//! Packs and loose rules in directories, and the packs in the binary.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use sentra_decode::is_format_file;

use crate::error::PackError;
use crate::files::PackFiles;
use crate::kind::ContentKind;
use crate::manifest::{MANIFEST_BYTES_MAX, Manifest};
use crate::path::MANIFEST_FILE;

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../packs");

/// Largest rule file that is read.
const RULE_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Largest list or data table in a directory that is read.
const LIST_FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Rule files read below one directory.
const RULE_FILES_MAX: usize = 100_000;
/// How deep directories may nest.
const DIRECTORY_DEPTH_MAX: usize = 32;

/// A pack that ships inside the binary.
#[derive(Debug)]
pub(crate) struct BuiltIn {
    pub(crate) manifest: Manifest,
    pub(crate) files: PackFiles,
}

/// The packs that ship inside the binary, each with what it says about itself. A test keeps their manifests right.
pub(crate) fn built_in() -> Vec<BuiltIn> {
    let mut packs = Vec::new();
    for pack in BUILT_IN.dirs() {
        let path = format!("packs/{}", pack.path().join(MANIFEST_FILE).display());
        let text = pack.get_file(pack.path().join(MANIFEST_FILE)).and_then(|file| file.contents_utf8());
        let Ok(manifest) = Manifest::parse(&path, text.unwrap_or_default()) else { continue };
        let origin = Origin { label: manifest.label().to_string(), root: Some(pack.path().to_owned()) };
        let mut files = PackFiles::default();
        let mut directories = vec![pack];
        while let Some(directory) = directories.pop() {
            directories.extend(directory.dirs());
            for file in directory.files() {
                let (Some(kind), Some(text)) = (origin.may_be(file.path()), file.contents_utf8()) else {
                    continue;
                };
                let kind = kind.unwrap_or_else(|| kind_of(file.path(), text));
                files.add(kind, &format!("packs/{}", file.path().display()), text.to_owned(), &origin.label);
            }
        }
        files.sort();
        packs.push(BuiltIn { manifest, files });
    }
    packs
}

/// The packs that ship inside the binary.
#[must_use]
pub fn built_in_packs() -> PackFiles {
    let mut files = PackFiles::default();
    built_in().into_iter().for_each(|pack| files.extend(pack.files));
    files.sort();
    files
}

/// The content in `path`, a file or a directory that is searched in sorted order. A directory with a `pack.toml` is
/// a pack and names its rules' origin.
///
/// # Errors
/// When something cannot be read, or there is more than [a limit](PackError::TooLarge) allows.
pub fn load_rules(path: &Path) -> Result<PackFiles, PackError> {
    let mut files = PackFiles::default();
    let label =
        path.file_name().map_or_else(|| "rules".to_owned(), |name| name.to_string_lossy().into_owned());
    walk(path, &Origin { label, root: None }, 0, &mut files)?;
    Ok(files)
}

/// Whose files these are.
struct Origin {
    label: String,
    /// The directory of the pack, where it is one.
    root: Option<PathBuf>,
}

impl Origin {
    /// Whether the file is read, and as what where its place alone says it.
    fn may_be(&self, path: &Path) -> Option<Option<ContentKind>> {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let inner = self.root.as_ref().and_then(|root| path.strip_prefix(root).ok());
        let directory = inner.filter(|inner| inner.components().count() > 1);
        let directory = directory.and_then(|inner| inner.iter().next()?.to_str());
        let kind = directory.and_then(ContentKind::of_directory);
        match kind {
            Some(kind @ (ContentKind::Lists | ContentKind::Mappings | ContentKind::Filters)) => {
                kind.extensions().contains(&extension).then_some(Some(kind))
            }
            _ => ContentKind::Rules.extensions().contains(&extension).then_some(None),
        }
    }
}

fn walk(path: &Path, origin: &Origin, depth: usize, files: &mut PackFiles) -> Result<(), PackError> {
    let metadata = std::fs::metadata(path).map_err(PackError::read(path))?;
    if metadata.is_file() {
        return read_file(path, metadata.len(), origin, files, depth == 0);
    }
    if depth >= DIRECTORY_DEPTH_MAX {
        let what = format!("more than {DIRECTORY_DEPTH_MAX} directories deep");
        return Err(PackError::TooLarge { path: path.to_owned(), what });
    }
    let own = pack_at(path, files)?;
    let origin = own.as_ref().unwrap_or(origin);
    let mut entries: Vec<PathBuf> = std::fs::read_dir(path)
        .map_err(PackError::read(path))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(PackError::read(path))?;
    entries.sort();
    for entry in entries {
        if entry.is_dir() || origin.may_be(&entry).is_some() {
            walk(&entry, origin, depth + 1, files)?;
        }
    }
    Ok(())
}

/// The pack whose directory `path` is. Where its manifest is wrong its rules run all the same, under the name of the
/// directory, and what is wrong is said.
fn pack_at(path: &Path, files: &mut PackFiles) -> Result<Option<Origin>, PackError> {
    let manifest = path.join(MANIFEST_FILE);
    match std::fs::metadata(&manifest) {
        Ok(metadata) if metadata.len() > MANIFEST_BYTES_MAX as u64 => {
            let what = format!("a manifest has at most {MANIFEST_BYTES_MAX} bytes");
            return Err(PackError::TooLarge { path: manifest, what });
        }
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(PackError::Read { path: manifest, source }),
    }
    let bytes = std::fs::read(&manifest).map_err(PackError::read(&manifest))?;
    let text = String::from_utf8_lossy(&bytes);
    let label = match Manifest::parse(&manifest.display().to_string(), &text) {
        Ok(manifest) => manifest.label().to_string(),
        Err(problems) => {
            files.manifest_problems(problems);
            path.file_name().map_or_else(|| "rules".to_owned(), |name| name.to_string_lossy().into_owned())
        }
    };
    Ok(Some(Origin { label, root: Some(path.to_owned()) }))
}

fn read_file(
    path: &Path,
    bytes: u64,
    origin: &Origin,
    files: &mut PackFiles,
    named: bool,
) -> Result<(), PackError> {
    let kind = match origin.may_be(path) {
        Some(kind) => kind,
        // Whoever names a file means it.
        None if named => None,
        None => return Ok(()),
    };
    let bytes_max = if kind == Some(ContentKind::Lists) { LIST_FILE_BYTES_MAX } else { RULE_FILE_BYTES_MAX };
    if bytes > bytes_max {
        let what = format!("{bytes} bytes are more than a rule file may have ({bytes_max})");
        return Err(PackError::TooLarge { path: path.to_owned(), what });
    }
    if files.len() >= RULE_FILES_MAX {
        let what = format!("more than {RULE_FILES_MAX} rule files");
        return Err(PackError::TooLarge { path: path.to_owned(), what });
    }
    if origin.may_be(path).is_none() {
        return Ok(());
    }
    let bytes = std::fs::read(path).map_err(PackError::read(path))?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let kind = kind.unwrap_or_else(|| kind_of(path, &text));
    files.add(kind, &path.display().to_string(), text, &origin.label);
    Ok(())
}

/// What a file is whose place does not say it. Formats live in a directory called `formats`, or are told by their
/// keys. Sample files live in a directory called `tests` and name the rule they are about.
fn kind_of(path: &Path, text: &str) -> ContentKind {
    let parent = path.parent();
    if parent.is_some_and(|parent| parent.ends_with("formats")) || is_format_file(text) {
        return ContentKind::Formats;
    }
    let in_tests = parent.is_some_and(|parent| parent.iter().any(|part| part == "tests"));
    if in_tests && text.contains("samples:") { ContentKind::Tests } else { ContentKind::Rules }
}
