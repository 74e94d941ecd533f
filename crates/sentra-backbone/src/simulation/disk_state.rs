//! What is on the simulated disk, in memory and durably, and what a power loss makes of it.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sentra_model::{Clock, ManualClock};

use super::Random;

/// What is to go wrong.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faults {
    /// The power fails during this change, counted from now.
    pub(crate) crash_in: Option<u64>,
    /// This sync of a file or a directory fails, counted from now.
    pub(crate) sync_fails_in: Option<u64>,
    /// This change of a file or a directory fails when it is done, counted from now.
    pub(crate) change_fails_in: Option<u64>,
    /// Bytes that all files may have together.
    pub(crate) bytes_max: Option<u64>,
    /// How long a sync takes at most, on the virtual clock.
    pub(crate) sync_micros_max: u64,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) random: Random,
    pub(super) faults: Faults,
    pub(super) has_crashed: bool,
    pub(super) syncs: u64,
    pub(super) failed_changes: u64,
    pub(super) clock: Arc<ManualClock>,
    pub(super) files: Vec<FileState>,
    pub(super) directories: BTreeMap<PathBuf, Directory>,
}

#[derive(Debug, Default, Clone)]
pub(super) struct FileState {
    pub(super) memory: Vec<u8>,
    pub(super) durable: Vec<u8>,
    pub(super) pending: Vec<Change>,
}

#[derive(Debug, Clone)]
pub(super) enum Change {
    Write { position: usize, bytes: Vec<u8> },
    Length(usize),
}

#[derive(Debug, Default, Clone)]
pub(super) struct Directory {
    pub(super) memory: BTreeMap<String, Entry>,
    pub(super) durable: BTreeMap<String, Entry>,
    pub(super) pending: Vec<EntryChange>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    File(usize),
    Directory,
}

#[derive(Debug, Clone)]
pub(super) enum EntryChange {
    Add(String, Entry),
    Remove(String, Entry),
    Rename(String, String, Entry),
}

impl Change {
    pub(super) fn apply(&self, data: &mut Vec<u8>) {
        match self {
            Self::Length(length) => data.resize(*length, 0),
            Self::Write { position, bytes } => {
                let end = position + bytes.len();
                if data.len() < end {
                    data.resize(end, 0);
                }
                data[*position..end].copy_from_slice(bytes);
            }
        }
    }

    /// What a power loss leaves of this change.
    pub(super) fn apply_torn(&self, data: &mut Vec<u8>, random: &mut Random) {
        match (self, random.below(4)) {
            (_, 0) => {}
            (Self::Write { position, bytes }, 1) => {
                let kept = random.below(bytes.len() as u64 + 1) as usize;
                Self::Write { position: *position, bytes: bytes[..kept].to_vec() }.apply(data);
            }
            (Self::Write { position, bytes }, 2) => {
                // The length came through and some of the sectors.
                let mut torn = vec![0; bytes.len()];
                for (torn, bytes) in torn.chunks_mut(16).zip(bytes.chunks(16)) {
                    if random.chance(50) {
                        torn.copy_from_slice(bytes);
                    }
                }
                Self::Write { position: *position, bytes: torn }.apply(data);
            }
            _ => self.apply(data),
        }
    }
}

impl EntryChange {
    pub(super) fn apply(&self, entries: &mut BTreeMap<String, Entry>) {
        match self {
            Self::Add(name, entry) => {
                entries.insert(name.clone(), *entry);
            }
            Self::Remove(name, entry) => {
                if entries.get(name) == Some(entry) {
                    entries.remove(name);
                }
            }
            Self::Rename(from, to, entry) => {
                // The file moves and not the name: other changes may be lost.
                if entries.get(from) == Some(entry) {
                    entries.remove(from);
                }
                entries.insert(to.clone(), *entry);
            }
        }
    }
}

pub(super) fn crashed() -> io::Error {
    io::Error::other("the power is off")
}

impl State {
    pub(super) fn check_power(&self) -> io::Result<()> {
        if self.has_crashed { Err(crashed()) } else { Ok(()) }
    }

    /// Counts a change; an error where the power fails during it.
    pub(super) fn tick(&mut self) -> io::Result<()> {
        self.check_power()?;
        if let Some(left) = self.faults.crash_in.as_mut() {
            *left = left.saturating_sub(1);
            self.has_crashed = *left == 0;
        }
        self.check_power()?;
        if let Some(left) = self.faults.change_fails_in.as_mut() {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.faults.change_fails_in = None;
                self.failed_changes += 1;
                return Err(io::Error::other("the device failed"));
            }
        }
        Ok(())
    }

    /// Counts a sync, which takes its time; true where it fails.
    pub(super) fn sync_fails(&mut self) -> bool {
        self.syncs += 1;
        if self.faults.sync_micros_max > 0 {
            let micros = self.random.below(self.faults.sync_micros_max) as i64;
            self.clock.set(self.clock.now().plus_micros(micros));
        }
        let Some(left) = self.faults.sync_fails_in.as_mut() else { return false };
        *left = left.saturating_sub(1);
        *left == 0
    }

    pub(super) fn directory(&mut self, path: &Path) -> io::Result<&mut Directory> {
        self.directories.get_mut(path).ok_or_else(|| ErrorKind::NotFound.into())
    }

    pub(super) fn change_entry(&mut self, directory: &Path, change: EntryChange) -> io::Result<()> {
        let directory = self.directory(directory)?;
        change.apply(&mut directory.memory);
        directory.pending.push(change);
        Ok(())
    }

    /// Bytes of the files that have a name.
    pub(super) fn bytes(&self) -> u64 {
        let entries = self.directories.values().flat_map(|directory| directory.memory.values());
        let length = |entry: &Entry| match entry {
            Entry::File(number) => self.files[*number].memory.len() as u64,
            Entry::Directory => 0,
        };
        entries.map(length).sum()
    }

    /// The power comes back: memory is what the disk kept.
    pub(super) fn lose_power(&mut self) {
        let Self { random, files, directories, .. } = self;
        for file in files {
            let mut pending = std::mem::take(&mut file.pending);
            random.shuffle(&mut pending);
            pending.iter().for_each(|change| change.apply_torn(&mut file.durable, random));
            file.memory = file.durable.clone();
        }
        for directory in directories.values_mut() {
            let mut pending = std::mem::take(&mut directory.pending);
            if random.chance(50) {
                pending.truncate(random.below(pending.len() as u64 + 1) as usize);
            } else {
                pending.retain(|_| random.chance(50));
            }
            pending.iter().for_each(|change| change.apply(&mut directory.durable));
            directory.memory = directory.durable.clone();
        }
        self.remove_unreachable_directories();
        self.restart();
    }

    /// The process was killed, in the middle of whatever it did, and the system goes on: memory stays, durable or not.
    pub(super) fn restart(&mut self) {
        self.has_crashed = false;
        self.faults = Faults::default();
    }

    pub(super) fn change_file(&mut self, number: usize, change: Change) {
        change.apply(&mut self.files[number].memory);
        self.files[number].pending.push(change);
    }

    pub(super) fn remove_unreachable_directories(&mut self) {
        let paths: Vec<PathBuf> = self.directories.keys().cloned().collect();
        for path in paths {
            let Some((parent, name)) = path.parent().zip(path.file_name()) else { continue };
            let entries = self.directories.get(parent).map(|directory| &directory.memory);
            let is_there = entries.is_some_and(|e| e.get(name.to_str().unwrap()) == Some(&Entry::Directory));
            if !is_there {
                self.directories.remove(&path);
            }
        }
    }
}
