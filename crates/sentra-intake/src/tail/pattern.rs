//! Which files a source's paths name.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::Metadata;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

/// Law LIMIT: directories that `**` goes into, below one another.
const DEPTH_MAX: usize = 16;
/// Law LIMIT: directory entries that one look at all paths takes.
const ENTRIES_MAX: usize = 200_000;

/// A file that a path names.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) metadata: Metadata,
    /// Which of the source's paths names it.
    pub(super) pattern: usize,
}

/// What one look at all paths gave.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Sorted by path; a file that several paths name stands here once for each name it has.
    pub(super) files: Vec<Found>,
    /// Directories in which files may appear.
    pub(super) directories: BTreeSet<PathBuf>,
    /// What could not be looked at, with the reason; that something is not there yet is no problem.
    pub(super) problems: BTreeMap<PathBuf, String>,
}

/// Looks at everything that `patterns` name.
pub(super) fn list(patterns: &[String]) -> Listing {
    let mut walk = Walk { own_user: rustix::process::geteuid().as_raw(), ..Walk::default() };
    for (index, pattern) in patterns.iter().enumerate() {
        walk.pattern = index;
        let mut begin = PathBuf::new();
        let mut parts = Vec::new();
        for component in Path::new(pattern).components() {
            match component {
                Component::Normal(part) => parts.push(part),
                Component::Prefix(_) | Component::RootDir => begin.push(component),
                // What leads up and down again has no wild cards.
                Component::CurDir | Component::ParentDir => parts.push(component.as_os_str()),
            }
        }
        walk.descend(&begin, &parts, 0);
    }
    let mut listing = walk.listing;
    listing.files.sort_by(|a, b| a.path.cmp(&b.path));
    listing.files.dedup_by(|a, b| a.path == b.path);
    listing
}

#[derive(Debug, Default)]
struct Walk {
    listing: Listing,
    pattern: usize,
    entries: usize,
    own_user: u32,
}

impl Walk {
    /// Goes on from `path` with the `parts` of the pattern that are left.
    fn descend(&mut self, path: &Path, parts: &[&OsStr], depth: usize) {
        let Some((part, rest)) = parts.split_first() else { return };
        let part = part.as_bytes();
        if part == b"**" {
            self.descend_all(path, parts, rest, depth);
        } else if !has_wild_card(part) {
            let path = path.join(OsStr::from_bytes(part));
            if rest.is_empty() { self.named(&path) } else { self.descend(&path, rest, depth) }
        } else {
            for (name, entry) in self.entries_of(path) {
                if !matches(part, name.as_bytes()) {
                    continue;
                }
                if rest.is_empty() {
                    self.file(&entry);
                } else if std::fs::metadata(&entry).is_ok_and(|metadata| metadata.is_dir()) {
                    self.descend(&entry, rest, depth);
                }
            }
        }
    }

    /// `**`: the rest here and in every directory below. Links to directories are not gone into.
    fn descend_all(&mut self, path: &Path, parts: &[&OsStr], rest: &[&OsStr], depth: usize) {
        if rest.is_empty() {
            self.directory(path);
        } else {
            self.descend(path, rest, depth);
        }
        if depth >= DEPTH_MAX {
            self.problem(path, format!("directories are nested deeper than {DEPTH_MAX}"));
            return;
        }
        for (name, entry) in self.entries_of(path) {
            let is_directory = std::fs::symlink_metadata(&entry).is_ok_and(|metadata| metadata.is_dir());
            if is_directory && !name.starts_with('.') {
                self.descend(&entry, parts, depth + 1);
            }
        }
    }

    /// A path that was spelt out: a link is followed, a directory stands for the files in it.
    fn named(&mut self, path: &Path) {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.directory(path),
            Ok(metadata) if metadata.is_file() => self.take(path, metadata),
            Ok(_) => self.problem(path, "it is neither a file nor a directory".to_owned()),
            Err(error) => self.failed(path, &error),
        }
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            self.listing.directories.insert(parent.to_owned());
        }
    }

    fn directory(&mut self, path: &Path) {
        for (name, entry) in self.entries_of(path) {
            if !name.starts_with('.') {
                self.file(&entry);
            }
        }
    }

    /// A file that was not spelt out. A link counts where the system's owner or our own user has made it: others
    /// could make us read what they may not.
    fn file(&mut self, path: &Path) {
        let is_trusted = |metadata: &Metadata| [0, self.own_user].contains(&metadata.uid());
        let metadata = match std::fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_symlink() && is_trusted(&metadata) => std::fs::metadata(path),
            other => other,
        };
        match metadata {
            Ok(metadata) if metadata.is_file() => self.take(path, metadata),
            Ok(_) => {}
            Err(error) => self.failed(path, &error),
        }
    }

    fn take(&mut self, path: &Path, metadata: Metadata) {
        self.listing.files.push(Found { path: path.to_owned(), metadata, pattern: self.pattern });
    }

    /// The entries of a directory by name, within the limit.
    fn entries_of(&mut self, path: &Path) -> Vec<(String, PathBuf)> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => {
                self.failed(path, &error);
                return Vec::new();
            }
        };
        self.listing.directories.insert(path.to_owned());
        let mut found = Vec::new();
        for entry in entries {
            self.entries += 1;
            if self.entries > ENTRIES_MAX {
                self.problem(path, format!("there are more than {ENTRIES_MAX} entries to look at"));
                break;
            }
            match entry {
                Ok(entry) => found.push((entry.file_name().to_string_lossy().into_owned(), entry.path())),
                Err(error) => self.failed(path, &error),
            }
        }
        found.sort();
        found
    }

    fn failed(&mut self, path: &Path, error: &io::Error) {
        if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
            self.problem(path, error.to_string());
        }
    }

    fn problem(&mut self, path: &Path, problem: String) {
        self.listing.problems.insert(path.to_owned(), problem);
    }
}

fn has_wild_card(part: &[u8]) -> bool {
    part.iter().any(|byte| matches!(byte, b'*' | b'?'))
}

/// Whether `name` is one that `part` stands for: `*` for any number of characters, `?` for one. A hidden name only
/// where the pattern begins with a dot too.
fn matches(part: &[u8], name: &[u8]) -> bool {
    if name.starts_with(b".") && !part.starts_with(b".") {
        return false;
    }
    let name = String::from_utf8_lossy(name);
    let (mut part, mut name) = (&*String::from_utf8_lossy(part), &*name);
    // Where to go on when the last star has to take one character more.
    let mut retry: Option<(&str, &str)> = None;
    loop {
        let mut part_rest = part.chars();
        let mut name_rest = name.chars();
        match (part_rest.next(), name_rest.next()) {
            (Some('*'), _) => {
                part = part_rest.as_str();
                retry = Some((part, name));
                continue;
            }
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {
                (part, name) = (part_rest.as_str(), name_rest.as_str());
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        let Some((after_star, held)) = retry else { return false };
        let mut held = held.chars();
        if held.next().is_none() {
            return false;
        }
        (part, name) = (after_star, held.as_str());
        retry = Some((part, name));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_characters() {
        let cases = [
            ("*.log", "app.log", true),
            ("*.log", ".log", false),
            (".*", ".hidden", true),
            ("*.log", "app.log.1", false),
            ("app.log*", "app.log", true),
            ("a?c", "abc", true),
            ("a?c", "a\u{e9}c", true),
            ("a?c", "ac", false),
            ("*a*b", "xxaxxbxb", true),
            ("*a*b", "xxaxxbxc", false),
            ("**", "x", true),
            ("", "", true),
            ("[ab]", "a", false),
        ];
        for (part, name, expected) in cases {
            assert_eq!(matches(part.as_bytes(), name.as_bytes()), expected, "{part} {name}");
        }
    }

    fn names(directory: &Path, patterns: &[&str]) -> Vec<String> {
        let patterns: Vec<String> =
            patterns.iter().map(|pattern| directory.join(pattern).display().to_string()).collect();
        let name = |found: Found| found.path.strip_prefix(directory).unwrap().display().to_string();
        list(&patterns).files.into_iter().map(name).collect()
    }

    #[test]
    fn paths_name_files() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for folder in ["web/a/logs", "web/b/logs", "web/.c/logs"] {
            fs::create_dir_all(root.join(folder)).unwrap();
            for file in ["x.log", "y.txt", ".hidden.log"] {
                fs::write(root.join(folder).join(file), "x").unwrap();
            }
        }
        std::os::unix::fs::symlink(root.join("web/a/logs/x.log"), root.join("link.log")).unwrap();
        std::os::unix::fs::symlink(root.join("nowhere"), root.join("web/broken.log")).unwrap();
        assert_eq!(names(root, &["web/*/logs/*.log"]), ["web/a/logs/x.log", "web/b/logs/x.log"]);
        assert_eq!(names(root, &["web/?"]), Vec::<String>::new(), "a directory must be spelt out");
        assert_eq!(
            names(root, &["web/*/logs/"]),
            ["web/a/logs/x.log", "web/a/logs/y.txt", "web/b/logs/x.log", "web/b/logs/y.txt"]
        );
        assert_eq!(
            names(root, &["web/a/logs", "web/a/logs/x.log"]),
            ["web/a/logs/x.log", "web/a/logs/y.txt"]
        );
        assert_eq!(names(root, &["**/x.log"]), ["web/a/logs/x.log", "web/b/logs/x.log"]);
        assert_eq!(names(root, &["*.log"]), ["link.log"]);
        assert_eq!(names(root, &["web/*", "missing/*.log", "missing"]), Vec::<String>::new());
        assert_eq!(names(root, &["web/a/../b/logs/?.log"]).len(), 1);
    }

    #[test]
    fn what_cannot_be_looked_at_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let pattern = "/dev/null".to_owned();
        assert_eq!(list(&[pattern]).problems.len(), 1);
        let missing = directory.path().join("x/*.log").display().to_string();
        assert!(list(&[missing]).problems.is_empty(), "it may come yet");
    }

    proptest! {
        /// Law LIMIT: no pattern takes long.
        #[test]
        fn any_pattern_ends(part in "[a*?]{0,40}", name in "[ab]{0,60}") {
            let regex: String = part.chars().map(|c| match c { '*' => ".*".to_owned(), '?' => ".".to_owned(), c => c.to_string() }).collect();
            let matched = matches(part.as_bytes(), name.as_bytes());
            prop_assert_eq!(matched, naive(&regex.chars().collect::<Vec<_>>(), &name.chars().collect::<Vec<_>>()));
        }
    }

    /// The slow and obvious way, bounded by a table: `.*` and `.` of regular expressions.
    fn naive(regex: &[char], name: &[char]) -> bool {
        let mut reachable = vec![false; name.len() + 1];
        reachable[0] = true;
        let mut at = 0;
        while at < regex.len() {
            let is_star = regex[at] == '.' && regex.get(at + 1) == Some(&'*');
            let mut next = vec![false; name.len() + 1];
            for place in 0..=name.len() {
                if is_star {
                    next[place] = reachable[place] || (place > 0 && next[place - 1]);
                } else if place > 0 {
                    next[place] = reachable[place - 1] && (regex[at] == '.' || regex[at] == name[place - 1]);
                }
            }
            reachable = next;
            at += if is_star { 2 } else { 1 };
        }
        reachable[name.len()]
    }
}
