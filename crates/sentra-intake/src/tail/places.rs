//! Where a source is in its files, on disk.
//!
//! A journal of lines, each a digest and JSON. What is written before an append and after it costs one sync of the
//! disk; a journal that has grown is written anew beside the old one and renamed. A line that a crash has cut is
//! no line, which is as if it had not been written: that is allowed of every line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::print::Print;
use crate::place::replace;

/// Law LIMIT: a longer journal is not one of ours.
const JOURNAL_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// A journal is written anew when it has grown by this and by what it had.
const GROWTH_BYTES_MAX: u64 = 1024 * 1024;
const DIGEST_DIGITS: usize = 16;
/// Longest name of a source that is a file's name as it is.
const NAME_BYTES_MAX: usize = 100;

/// A place in a file, and how the file is known again there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Place {
    /// Everything before this byte is durable in the log.
    pub(super) at: u64,
    /// The file's first bytes.
    pub(super) head: Print,
    /// The bytes before `at`.
    pub(super) tail: Print,
    /// What a joiner of lines has to know here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) header: Option<String>,
    /// Why nothing is read from the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) skipped: Option<String>,
}

/// A file that the source has met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) key: u64,
    pub(super) device: u64,
    pub(super) inode: u64,
    /// The path at which it was found first: the origin of its records.
    pub(super) origin: String,
    pub(super) place: Place,
}

/// A batch that is about to be appended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Intent {
    /// The file.
    pub(super) key: u64,
    pub(super) origin: String,
    /// Whether it goes to the dead letters.
    pub(super) is_dead: bool,
    pub(super) partition: u32,
    /// End of the stream before the append: the batch is not before it.
    pub(super) offset: u64,
    /// Position of its first record, and how many it has.
    pub(super) first: u64,
    pub(super) count: u64,
    /// The place in the file when it is durable.
    pub(super) after: Place,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// A file as it is now.
    File(Entry),
    /// A file that is no more.
    Forget(u64),
    /// One of the source's paths that was looked at before.
    Begun(String),
    /// Batches that are about to be appended.
    Intent(Vec<Intent>),
    /// Which of them are durable; the others were not appended.
    Settled(Vec<usize>),
}

/// Where a source is in its files. What is changed is durable after [`sync`](Places::sync).
#[derive(Debug)]
pub(super) struct Places {
    path: PathBuf,
    files: BTreeMap<u64, Entry>,
    begun: BTreeSet<String>,
    intents: Vec<Intent>,
    next_key: u64,
    unsaved: Vec<u8>,
    /// `None`: it has to be written anew.
    journal: Option<File>,
    journal_bytes: u64,
    base_bytes: u64,
}

impl Places {
    /// Reads the places of `source` below `directory`; none where there is no journal.
    pub(super) fn open(directory: &Path, source: &str) -> io::Result<Self> {
        let mut places = Self {
            path: directory.join(format!("{}.places", file_name(source))),
            files: BTreeMap::new(),
            begun: BTreeSet::new(),
            intents: Vec::new(),
            next_key: 1,
            unsaved: Vec::new(),
            journal: None,
            journal_bytes: 0,
            base_bytes: 0,
        };
        let mut bytes = Vec::new();
        match File::open(&places.path) {
            Ok(file) => file.take(JOURNAL_BYTES_MAX + 1).read_to_end(&mut bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(places),
            Err(error) => return Err(error),
        };
        if bytes.len() as u64 > JOURNAL_BYTES_MAX {
            let problem = format!("{} is no journal of places: it is too long", places.path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        let mut damaged = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match parse(line) {
                Some(line) => places.apply(line),
                // The last line that a crash has cut has no end.
                None if !line.ends_with(b"\n") => {}
                None => damaged += 1,
            }
        }
        if damaged > 0 {
            let path = places.path.display();
            tracing::error!(%path, damaged, "lines of the journal of places are damaged; records may come twice");
        }
        Ok(places)
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &Entry> {
        self.files.values()
    }

    /// A number for a new file.
    pub(super) fn new_key(&mut self) -> u64 {
        let key = self.next_key;
        self.next_key += 1;
        key
    }

    pub(super) fn put(&mut self, entry: Entry) {
        if self.files.get(&entry.key) != Some(&entry) {
            self.note(Line::File(entry));
        }
    }

    pub(super) fn forget(&mut self, key: u64) {
        if self.files.contains_key(&key) {
            self.note(Line::Forget(key));
        }
    }

    /// Whether `path` of the source was looked at in an earlier life.
    pub(super) fn has_begun(&self, path: &str) -> bool {
        self.begun.contains(path)
    }

    pub(super) fn begin(&mut self, path: &str) {
        if !self.has_begun(path) {
            self.note(Line::Begun(path.to_owned()));
        }
    }

    /// Batches of which it is not known whether they were appended.
    pub(super) fn intents(&self) -> &[Intent] {
        &self.intents
    }

    /// Says what is about to be appended; must be durable before that is.
    pub(super) fn intend(&mut self, intents: Vec<Intent>) {
        self.note(Line::Intent(intents));
    }

    /// Says which batches of the last intents are durable. It need not be synced: what is lost of it is found again
    /// in the log.
    pub(super) fn settle(&mut self, durable: Vec<usize>) {
        self.note(Line::Settled(durable));
    }

    fn note(&mut self, line: Line) {
        put_line(&mut self.unsaved, &line);
        self.apply(line);
    }

    fn apply(&mut self, line: Line) {
        match line {
            Line::File(entry) => {
                self.next_key = self.next_key.max(entry.key.saturating_add(1));
                self.files.insert(entry.key, entry);
            }
            Line::Forget(key) => {
                self.files.remove(&key);
            }
            Line::Begun(path) => {
                self.begun.insert(path);
            }
            Line::Intent(intents) => self.intents = intents,
            Line::Settled(durable) => {
                let intents = std::mem::take(&mut self.intents);
                for intent in durable.into_iter().filter_map(|index| intents.get(index)) {
                    if let Some(entry) = self.files.get_mut(&intent.key) {
                        entry.place = intent.after.clone();
                    }
                }
            }
        }
    }

    /// Makes everything durable that was said. After an error nothing of it is known to be; the next call writes
    /// all of it anew.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        let grown = self.journal_bytes + self.unsaved.len() as u64;
        let Some(journal) = self.journal.as_mut().filter(|_| grown <= 2 * self.base_bytes + GROWTH_BYTES_MAX)
        else {
            return self.rewrite();
        };
        if self.unsaved.is_empty() {
            return Ok(());
        }
        let written = journal.write_all(&self.unsaved).and_then(|()| journal.sync_data());
        if written.is_err() {
            // Nobody knows what is in it now.
            self.journal = None;
            return written;
        }
        self.journal_bytes = grown;
        self.unsaved.clear();
        Ok(())
    }

    fn rewrite(&mut self) -> io::Result<()> {
        let mut bytes = Vec::new();
        self.begun.iter().for_each(|path| put_line(&mut bytes, &Line::Begun(path.clone())));
        self.files.values().for_each(|entry| put_line(&mut bytes, &Line::File(entry.clone())));
        if !self.intents.is_empty() {
            put_line(&mut bytes, &Line::Intent(self.intents.clone()));
        }
        self.journal = None;
        replace(&self.path, &bytes)?;
        self.journal = Some(OpenOptions::new().append(true).open(&self.path)?);
        self.base_bytes = bytes.len() as u64;
        self.journal_bytes = self.base_bytes;
        self.unsaved.clear();
        Ok(())
    }
}

/// A source's name as a file's name: what is neither a letter, a digit, `-` nor `_` is written as its number.
fn file_name(source: &str) -> String {
    if source.is_empty() || source.len() > NAME_BYTES_MAX {
        return format!("%{}", blake3::hash(source.as_bytes()).to_hex());
    }
    let escaped = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02x}"),
    };
    source.bytes().map(escaped).collect()
}

fn put_line(into: &mut Vec<u8>, line: &Line) {
    let json = serde_json::to_vec(line).unwrap_or_default();
    into.extend_from_slice(digest(&json).as_bytes());
    into.push(b' ');
    into.extend_from_slice(&json);
    into.push(b'\n');
}

fn digest(json: &[u8]) -> String {
    blake3::hash(json).to_hex().chars().take(DIGEST_DIGITS).collect()
}

fn parse(line: &[u8]) -> Option<Line> {
    let (found, json) = line.strip_suffix(b"\n")?.split_at_checked(DIGEST_DIGITS)?;
    let json = json.strip_prefix(b" ")?;
    let is_whole = digest(json).as_bytes() == found;
    is_whole.then(|| serde_json::from_slice(json).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: u64, at: u64) -> Entry {
        let place =
            Place { at, head: Print::of(b"head"), tail: Print::of(b"tail"), header: None, skipped: None };
        Entry { key, device: 1, inode: 10 + key, origin: format!("/var/log/{key}.log"), place }
    }

    fn intent(key: u64, to: u64) -> Intent {
        let after = Place { at: to, header: Some("h".to_owned()), ..Place::default() };
        let origin = format!("/var/log/{key}.log");
        Intent { key, origin, is_dead: false, partition: 0, offset: 7, first: 3, count: 2, after }
    }

    fn ats(places: &Places) -> Vec<(u64, u64)> {
        places.files().map(|entry| (entry.key, entry.place.at)).collect()
    }

    /// Law ACK: a journal that ends at any byte is one of the states that were before.
    #[test]
    fn a_crash_at_any_byte_leaves_a_state_that_was() {
        let directory = tempfile::tempdir().unwrap();
        let mut places = Places::open(directory.path(), "a").unwrap();
        places.begin("/var/log/*.log");
        places.put(entry(1, 0));
        places.put(entry(2, 5));
        places.sync().unwrap();
        places.intend(vec![intent(1, 10), intent(2, 20), intent(1, 30)]);
        places.sync().unwrap();
        places.settle(vec![0, 1]);
        places.forget(2);
        places.sync().unwrap();
        assert_eq!(ats(&places), [(1, 10)]);
        let path = directory.path().join("a.places");
        let whole = std::fs::read(&path).unwrap();
        let states = [
            (vec![], 0),
            (vec![(1, 0)], 0),
            (vec![(1, 0), (2, 5)], 0),
            (vec![(1, 0), (2, 5)], 3),
            (vec![(1, 10), (2, 20)], 0),
            (vec![(1, 10)], 0),
        ];
        let mut seen = BTreeSet::new();
        for length in 0..=whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let mut read = Places::open(directory.path(), "a").unwrap();
            let state = (ats(&read), read.intents().len());
            seen.insert(states.iter().position(|known| *known == state).unwrap());
            if length % 32 != 0 {
                continue;
            }
            // What is written next is written to a whole journal.
            read.put(entry(9, 1));
            read.sync().unwrap();
            let again = Places::open(directory.path(), "a").unwrap();
            assert_eq!((ats(&again).last().copied(), again.intents().len()), (Some((9, 1)), state.1));
            assert_eq!(again.next_key, 10);
        }
        assert_eq!(seen.len(), states.len(), "{seen:?}");
    }

    #[test]
    fn a_damaged_line_costs_itself_only() {
        let directory = tempfile::tempdir().unwrap();
        let mut places = Places::open(directory.path(), "a").unwrap();
        (1..4).for_each(|key| places.put(entry(key, key)));
        places.sync().unwrap();
        let path = directory.path().join("a.places");
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(ats(&Places::open(directory.path(), "a").unwrap()), [(1, 1), (3, 3)]);
    }

    /// Law LIMIT: the journal does not grow without end.
    #[test]
    fn a_long_journal_is_written_anew() {
        let directory = tempfile::tempdir().unwrap();
        let mut places = Places::open(directory.path(), "a").unwrap();
        places.put(entry(1, 0));
        for at in 1..8_000 {
            places.intend(vec![intent(1, at)]);
            places.settle(vec![0]);
            if at % 100 == 0 {
                places.sync().unwrap();
            }
        }
        places.sync().unwrap();
        let length = std::fs::metadata(directory.path().join("a.places")).unwrap().len();
        assert!(length < GROWTH_BYTES_MAX + 100_000, "{length}");
        assert_eq!(ats(&Places::open(directory.path(), "a").unwrap()), [(1, 7_999)]);
    }

    #[test]
    fn a_disk_that_refuses_loses_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let inner = directory.path().join("inner");
        std::fs::write(&inner, "in the way").unwrap();
        let mut places = Places::open(directory.path(), "a").unwrap();
        places.path = inner.join("a.places");
        places.put(entry(1, 1));
        assert!(places.sync().is_err());
        places.put(entry(2, 2));
        std::fs::remove_file(&inner).unwrap();
        places.sync().unwrap();
        assert_eq!(ats(&Places::open(&inner, "a").unwrap()), [(1, 1), (2, 2)]);
    }

    #[test]
    fn names_of_sources_are_names_of_files() {
        assert_eq!(file_name("nginx-1_a"), "nginx-1_a");
        assert_eq!(file_name("../a b"), "%2e%2e%2fa%20b");
        assert_eq!(file_name(&"x".repeat(101)).len(), 65);
        assert_ne!(file_name(""), "");
    }
}
