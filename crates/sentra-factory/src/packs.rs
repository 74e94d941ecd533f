//! Rule packs on disk and in the binary. The only files this crate reads.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use sentra_decode::is_format_file;
use sentra_detect::RuleSource;
use serde::Deserialize;

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../packs");

/// Largest rule file that is read.
const RULE_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Rule files read below one directory.
const RULE_FILES_MAX: usize = 100_000;
/// How deep directories may nest.
const DIRECTORY_DEPTH_MAX: usize = 32;

/// A pack directory or rule file that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The file system refused.
    #[error("cannot read {path}", path = path.display())]
    Read {
        /// What was read.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// More than a pack may hold.
    #[error("{path}: {what}", path = path.display())]
    TooLarge {
        /// Where.
        path: PathBuf,
        /// Which limit.
        what: String,
    },
}

/// The part of `pack.toml` that names a pack.
#[derive(Debug, Deserialize)]
struct Manifest {
    id: String,
    version: toml::Value,
}

impl Manifest {
    fn label(text: &str) -> Option<String> {
        let manifest: Manifest = toml::from_str(text).ok()?;
        let version = match manifest.version {
            toml::Value::String(text) => text,
            other => other.to_string(),
        };
        Some(format!("{}@{version}", manifest.id))
    }
}

/// Rules, samples and formats of a pack.
#[derive(Debug, Default)]
pub struct PackFiles {
    /// Rule documents.
    pub rules: Vec<RuleSource>,
    /// Sample files: path and text.
    pub samples: Vec<(String, String)>,
    /// Files of declared formats: path and text, see [`sentra_decode::Declared`].
    pub formats: Vec<(String, String)>,
}

impl PackFiles {
    /// Adds what another pack holds.
    pub fn extend(&mut self, other: Self) {
        self.rules.extend(other.rules);
        self.samples.extend(other.samples);
        self.formats.extend(other.formats);
    }

    /// How many files there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len() + self.samples.len() + self.formats.len()
    }

    /// Whether there are neither rules nor formats: samples alone check nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.formats.is_empty()
    }
}

/// The packs that ship inside the binary.
#[must_use]
pub fn built_in_packs() -> PackFiles {
    let mut files = PackFiles::default();
    for pack in BUILT_IN.dirs() {
        let manifest = pack.get_file(pack.path().join("pack.toml")).and_then(|file| file.contents_utf8());
        let label = manifest.and_then(Manifest::label).unwrap_or_else(|| pack.path().display().to_string());
        let mut directories = vec![pack];
        while let Some(directory) = directories.pop() {
            directories.extend(directory.dirs());
            for file in directory.files() {
                let Some(text) = file.contents_utf8() else { continue };
                add(&mut files, &format!("packs/{}", file.path().display()), text.to_owned(), &label);
            }
        }
    }
    files.rules.sort_by(|one, other| one.path.cmp(&other.path));
    files.samples.sort();
    files.formats.sort();
    files
}

/// The rules, samples and formats in `path`, a file or a directory that is searched in sorted order. A
/// directory with a `pack.toml` is a pack and names its rules' origin.
pub fn load_rules(path: &Path) -> Result<PackFiles, PackError> {
    let mut files = PackFiles::default();
    let label =
        path.file_name().map_or_else(|| "rules".to_owned(), |name| name.to_string_lossy().into_owned());
    walk(path, &label, 0, &mut files)?;
    Ok(files)
}

fn walk(path: &Path, label: &str, depth: usize, files: &mut PackFiles) -> Result<(), PackError> {
    let read = |source| PackError::Read { path: path.to_owned(), source };
    let metadata = std::fs::metadata(path).map_err(read)?;
    if metadata.is_file() {
        return read_file(path, metadata.len(), label, files, depth == 0);
    }
    if depth >= DIRECTORY_DEPTH_MAX {
        let what = format!("more than {DIRECTORY_DEPTH_MAX} directories deep");
        return Err(PackError::TooLarge { path: path.to_owned(), what });
    }
    let manifest = std::fs::read_to_string(path.join("pack.toml")).ok();
    let own_label = manifest.as_deref().and_then(Manifest::label);
    let label = own_label.as_deref().unwrap_or(label);
    let mut entries: Vec<PathBuf> = std::fs::read_dir(path)
        .map_err(read)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(read)?;
    entries.sort();
    for entry in entries {
        let is_directory = entry.is_dir();
        if is_directory || is_yaml(&entry) {
            walk(&entry, label, depth + 1, files)?;
        }
    }
    Ok(())
}

fn read_file(
    path: &Path,
    bytes: u64,
    label: &str,
    files: &mut PackFiles,
    named: bool,
) -> Result<(), PackError> {
    if bytes > RULE_FILE_BYTES_MAX {
        let what = format!("{bytes} bytes are more than a rule file may have ({RULE_FILE_BYTES_MAX})");
        return Err(PackError::TooLarge { path: path.to_owned(), what });
    }
    if files.len() >= RULE_FILES_MAX {
        let what = format!("more than {RULE_FILES_MAX} rule files");
        return Err(PackError::TooLarge { path: path.to_owned(), what });
    }
    if !named && !is_yaml(path) {
        return Ok(());
    }
    let bytes = std::fs::read(path).map_err(|source| PackError::Read { path: path.to_owned(), source })?;
    add(files, &path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned(), label);
    Ok(())
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml")
}

/// Formats live in a directory called `formats`, or are told by their keys. Sample files live in a directory called
/// `tests` and name the rule they are about.
fn add(files: &mut PackFiles, path: &str, text: String, label: &str) {
    if !is_yaml(Path::new(path)) {
        return;
    }
    let in_formats = Path::new(path).parent().is_some_and(|parent| parent.ends_with("formats"));
    if in_formats || is_format_file(&text) {
        files.formats.push((path.to_owned(), text));
        return;
    }
    let in_tests = Path::new(path).parent().is_some_and(|parent| parent.iter().any(|part| part == "tests"));
    if in_tests && text.contains("samples:") {
        files.samples.push((path.to_owned(), text));
    } else {
        files.rules.push(RuleSource { path: path.to_owned(), text, pack: label.to_owned() });
    }
}
