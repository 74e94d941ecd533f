//! A file system in memory that knows what a power loss may take.
//!
//! * Bytes written since a file's last sync survive wholly, partly, as zeros or not at all, in any order.
//! * Directory changes since the directory's last sync survive up to a random one of them.
//! * A failed sync leaves memory showing bytes that the disk does not have and never will.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::Random;
use crate::disk::{Disk, DiskFile, Guard, Lock};

#[derive(Debug, Clone)]
pub(crate) struct SimulatedDisk(Arc<Mutex<State>>);

/// What is to go wrong.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faults {
    /// The power fails during this change, counted from now.
    pub(crate) crash_in: Option<u64>,
    /// This sync of a file or a directory fails, counted from now.
    pub(crate) sync_fails_in: Option<u64>,
    /// Bytes that all files may have together.
    pub(crate) bytes_max: Option<u64>,
}

#[derive(Debug)]
struct State {
    random: Random,
    faults: Faults,
    has_crashed: bool,
    syncs: u64,
    files: Vec<FileState>,
    directories: BTreeMap<PathBuf, Directory>,
}

#[derive(Debug, Default, Clone)]
struct FileState {
    memory: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Write { position: usize, bytes: Vec<u8> },
    Length(usize),
}

#[derive(Debug, Default, Clone)]
struct Directory {
    memory: BTreeMap<String, Entry>,
    durable: BTreeMap<String, Entry>,
    pending: Vec<EntryChange>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    File(usize),
    Directory,
}

#[derive(Debug, Clone)]
enum EntryChange {
    Add(String, Entry),
    Remove(String),
    Rename(String, String),
}

impl Change {
    fn apply(&self, data: &mut Vec<u8>) {
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
    fn apply_torn(&self, data: &mut Vec<u8>, random: &mut Random) {
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
    fn apply(&self, entries: &mut BTreeMap<String, Entry>) {
        match self {
            Self::Add(name, entry) => {
                entries.insert(name.clone(), *entry);
            }
            Self::Remove(name) => {
                entries.remove(name);
            }
            Self::Rename(from, to) => {
                if let Some(entry) = entries.remove(from) {
                    entries.insert(to.clone(), entry);
                }
            }
        }
    }
}

fn crashed() -> io::Error {
    io::Error::other("the power is off")
}

impl State {
    fn check_power(&self) -> io::Result<()> {
        if self.has_crashed { Err(crashed()) } else { Ok(()) }
    }

    /// Counts a change; an error where the power fails during it.
    fn tick(&mut self) -> io::Result<()> {
        self.check_power()?;
        if let Some(left) = self.faults.crash_in.as_mut() {
            *left = left.saturating_sub(1);
            self.has_crashed = *left == 0;
        }
        self.check_power()
    }

    fn sync_fails(&mut self) -> bool {
        self.syncs += 1;
        let Some(left) = self.faults.sync_fails_in.as_mut() else { return false };
        *left = left.saturating_sub(1);
        *left == 0
    }

    fn directory(&mut self, path: &Path) -> io::Result<&mut Directory> {
        self.directories.get_mut(path).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn change_entry(&mut self, directory: &Path, change: EntryChange) -> io::Result<()> {
        let directory = self.directory(directory)?;
        change.apply(&mut directory.memory);
        directory.pending.push(change);
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.memory.len() as u64).sum()
    }

    fn change_file(&mut self, number: usize, change: Change) {
        change.apply(&mut self.files[number].memory);
        self.files[number].pending.push(change);
    }

    fn remove_unreachable_directories(&mut self) {
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

fn split(path: &Path) -> (&Path, String) {
    (path.parent().unwrap(), path.file_name().unwrap().to_str().unwrap().to_owned())
}

impl SimulatedDisk {
    pub(crate) fn new(seed: u64) -> Self {
        let directories = BTreeMap::from([(PathBuf::from("/"), Directory::default())]);
        Self(Arc::new(Mutex::new(State {
            random: Random::new(seed),
            faults: Faults::default(),
            has_crashed: false,
            syncs: 0,
            files: Vec::new(),
            directories,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    pub(crate) fn has_crashed(&self) -> bool {
        self.state().has_crashed
    }

    /// Syncs of files and directories so far.
    pub(crate) fn syncs(&self) -> u64 {
        self.state().syncs
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.state().bytes()
    }

    /// The power comes back: memory is what the disk kept.
    pub(crate) fn lose_power(&self) {
        let mut state = self.state();
        let State { random, files, directories, .. } = &mut *state;
        for file in files {
            for change in std::mem::take(&mut file.pending) {
                change.apply_torn(&mut file.durable, random);
            }
            file.memory = file.durable.clone();
        }
        for directory in directories.values_mut() {
            let pending = std::mem::take(&mut directory.pending);
            let kept = random.below(pending.len() as u64 + 1) as usize;
            pending.iter().take(kept).for_each(|change| change.apply(&mut directory.durable));
            directory.memory = directory.durable.clone();
        }
        state.remove_unreachable_directories();
        state.has_crashed = false;
        state.faults = Faults::default();
    }

    /// Changes the durable bytes of a file behind everybody's back.
    pub(crate) fn damage(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        let (directory, name) = split(path);
        let Entry::File(number) = state.directory(directory).unwrap().memory[&name] else {
            panic!("{} is no file", path.display())
        };
        change(&mut state.files[number].durable);
        state.files[number].memory = state.files[number].durable.clone();
        state.files[number].pending.clear();
    }

    fn add(&self, path: &Path, entry: Entry) -> io::Result<()> {
        let mut state = self.state();
        state.check_power()?;
        let (directory, name) = split(path);
        if state.directory(directory)?.memory.contains_key(&name) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        state.change_entry(directory, EntryChange::Add(name, entry))?;
        state.tick()
    }
}

impl Disk for SimulatedDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        state.check_power()?;
        let (directory, name) = split(path);
        match state.directory(directory)?.memory.get(&name) {
            Some(Entry::File(number)) => {
                Ok(Arc::new(SimulatedFile { disk: Arc::clone(&self.0), number: *number }))
            }
            Some(Entry::Directory) => Err(ErrorKind::IsADirectory.into()),
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let number = {
            let mut state = self.state();
            state.files.push(FileState::default());
            state.files.len() - 1
        };
        self.add(path, Entry::File(number))?;
        Ok(Arc::new(SimulatedFile { disk: Arc::clone(&self.0), number }))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let added = self.add(path, Entry::Directory);
        if added.is_ok() || self.has_crashed() {
            self.state().directories.entry(path.to_owned()).or_default();
        }
        added
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.tick()?;
        let fails = state.sync_fails();
        let directory = state.directory(path)?;
        directory.pending.clear();
        if fails {
            return Err(io::Error::other("the sync failed"));
        }
        directory.durable = directory.memory.clone();
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut state = self.state();
        state.check_power()?;
        Ok(state.directory(path)?.memory.keys().cloned().collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.check_power()?;
        let ((directory, from), (_, to)) = (split(from), split(to));
        state.change_entry(directory, EntryChange::Rename(from, to))?;
        state.tick()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.check_power()?;
        let (directory, name) = split(path);
        let Some(Entry::File(number)) = state.directory(directory)?.memory.get(&name).copied() else {
            return Err(ErrorKind::NotFound.into());
        };
        state.files[number].memory.clear();
        state.change_entry(directory, EntryChange::Remove(name))?;
        state.tick()
    }

    fn lock(&self, _path: &Path) -> io::Result<Lock> {
        Ok(Lock::Held(Box::new(NoGuard)))
    }

    fn secret(&self) -> io::Result<u64> {
        Ok(self.state().random.next())
    }
}

#[derive(Debug)]
struct NoGuard;

impl Guard for NoGuard {}

#[derive(Debug)]
struct SimulatedFile {
    disk: Arc<Mutex<State>>,
    number: usize,
}

impl DiskFile for SimulatedFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let mut state = self.disk.lock().unwrap();
        state.check_power()?;
        let is_short = state.random.chance(20);
        let data = &state.files[self.number].memory;
        let rest = data.get(position as usize..).unwrap_or_default();
        let mut length = rest.len().min(buffer.len());
        if is_short && length > 1 {
            length /= 2;
        }
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<usize> {
        let mut state = self.disk.lock().unwrap();
        state.check_power()?;
        let mut length = bytes.len();
        if length > 1 && state.random.chance(20) {
            length = 1 + state.random.below(length as u64 - 1) as usize;
        }
        if let Some(bytes_max) = state.faults.bytes_max {
            let room = bytes_max.saturating_sub(state.bytes());
            length = length.min(room as usize);
            if length == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
        }
        let change = Change::Write { position: position as usize, bytes: bytes[..length].to_vec() };
        state.change_file(self.number, change);
        state.tick()?;
        Ok(length)
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.lock().unwrap();
        state.tick()?;
        let fails = state.sync_fails();
        let State { random, files, .. } = &mut *state;
        let file = &mut files[self.number];
        for change in std::mem::take(&mut file.pending) {
            if fails {
                change.apply_torn(&mut file.durable, random);
            } else {
                change.apply(&mut file.durable);
            }
        }
        if fails { Err(io::Error::other("the sync failed")) } else { Ok(()) }
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut state = self.disk.lock().unwrap();
        state.check_power()?;
        state.change_file(self.number, Change::Length(length as usize));
        state.tick()
    }

    fn len(&self) -> io::Result<u64> {
        let state = self.disk.lock().unwrap();
        state.check_power()?;
        Ok(state.files[self.number].memory.len() as u64)
    }

    fn forget_cache(&self) {
        let mut state = self.disk.lock().unwrap();
        let file = &mut state.files[self.number];
        file.memory = file.durable.clone();
        file.pending.iter().for_each(|change| change.apply(&mut file.memory));
    }
}
