//! A file system in memory that knows what a power loss may take.
//!
//! * Bytes written since a file's last sync survive wholly, partly, as zeros or not at all, in any order.
//! * Directory changes since the directory's last sync survive up to a random one of them, or any of them.
//! * A file that lost its name can be read by whoever has it open.
//! * A sync takes its time on the virtual clock.
//! * A failed sync leaves memory showing bytes that the disk does not have and never will.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use sentra_model::ManualClock;

use super::Random;
use super::disk_state::{Change, Directory, Entry, EntryChange, Faults, FileState, State};
use crate::disk::{Disk, DiskFile, Guard, Lock};

#[derive(Debug, Clone)]
pub(crate) struct SimulatedDisk {
    state: Arc<Mutex<State>>,
    hook: Arc<Mutex<Option<Hook>>>,
}

/// At what a hook is pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// A file is opened or read.
    Read,
    /// A file is synced.
    Sync,
}

/// What another thread does just before an access: a schedule without threads.
struct Hook {
    at: Access,
    left: u64,
    run: Box<dyn FnOnce() + Send>,
}

impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hook at {:?} {}", self.at, self.left)
    }
}

fn split(path: &Path) -> (&Path, String) {
    (path.parent().unwrap(), path.file_name().unwrap().to_str().unwrap().to_owned())
}

impl SimulatedDisk {
    pub(crate) fn new(seed: u64) -> Self {
        let directories = BTreeMap::from([(PathBuf::from("/"), Directory::default())]);
        let state = State {
            random: Random::new(seed),
            faults: Faults::default(),
            has_crashed: false,
            syncs: 0,
            failed_changes: 0,
            clock: Arc::default(),
            files: Vec::new(),
            directories,
        };
        Self { state: Arc::new(Mutex::new(state)), hook: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The virtual clock, which slow syncs move.
    pub(crate) fn clock(&self) -> Arc<ManualClock> {
        Arc::clone(&self.state().clock)
    }

    /// Runs `run` just before the access number `number`, from 1.
    pub(crate) fn before(&self, at: Access, number: u64, run: impl FnOnce() + Send + 'static) {
        *self.hook.lock().unwrap() = Some(Hook { at, left: number, run: Box::new(run) });
    }

    /// True while the hook has not been pulled.
    pub(crate) fn has_hook(&self) -> bool {
        self.hook.lock().unwrap().is_some()
    }

    fn pull(&self, at: Access) {
        let mut slot = self.hook.lock().unwrap();
        if let Some(hook) = slot.as_mut().filter(|hook| hook.at == at) {
            hook.left -= 1;
        }
        let due = slot.take_if(|hook| hook.left == 0);
        drop(slot);
        if let Some(hook) = due {
            (hook.run)();
        }
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    pub(crate) fn has_crashed(&self) -> bool {
        self.state().has_crashed
    }

    /// Another turn of luck.
    pub(crate) fn draw(&self) {
        self.state().random.next();
    }

    /// Changes that have failed on purpose so far.
    pub(crate) fn failed_changes(&self) -> u64 {
        self.state().failed_changes
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
        self.state().lose_power();
    }

    /// The process was killed, in the middle of whatever it did, and the system goes on: memory stays, durable or not.
    pub(crate) fn restart(&self) {
        self.state().restart();
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
        self.pull(Access::Read);
        let mut state = self.state();
        state.check_power()?;
        let (directory, name) = split(path);
        match state.directory(directory)?.memory.get(&name) {
            Some(Entry::File(number)) => Ok(Arc::new(SimulatedFile { disk: self.clone(), number: *number })),
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
        Ok(Arc::new(SimulatedFile { disk: self.clone(), number }))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let added = self.add(path, Entry::Directory);
        // Also where that failed after it was done.
        if !added
            .as_ref()
            .is_err_and(|error| matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound))
        {
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
        let entry = *state.directory(directory)?.memory.get(&from).ok_or(ErrorKind::NotFound)?;
        state.change_entry(directory, EntryChange::Rename(from, to, entry))?;
        state.tick()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.check_power()?;
        let (directory, name) = split(path);
        let Some(entry @ Entry::File(_)) = state.directory(directory)?.memory.get(&name).copied() else {
            return Err(ErrorKind::NotFound.into());
        };
        // Whoever has the file open can still read it.
        state.change_entry(directory, EntryChange::Remove(name, entry))?;
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
    disk: SimulatedDisk,
    number: usize,
}

impl DiskFile for SimulatedFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        self.disk.pull(Access::Read);
        let mut state = self.disk.state();
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
        let mut state = self.disk.state();
        state.check_power()?;
        let mut length = bytes.len();
        if length > 1 && state.random.chance(20) {
            length = 1 + state.random.below(length as u64 - 1) as usize;
        }
        if let Some(bytes_max) = state.faults.bytes_max {
            // Writing over what is there takes no room.
            let there = state.files[self.number].memory.len().saturating_sub(position as usize);
            let room = bytes_max.saturating_sub(state.bytes());
            length = length.min(there.saturating_add(room as usize));
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
        self.disk.pull(Access::Sync);
        let mut state = self.disk.state();
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
        let mut state = self.disk.state();
        state.check_power()?;
        state.change_file(self.number, Change::Length(length as usize));
        state.tick()
    }

    fn len(&self) -> io::Result<u64> {
        let state = self.disk.state();
        state.check_power()?;
        Ok(state.files[self.number].memory.len() as u64)
    }

    fn forget_cache(&self) {
        let mut state = self.disk.state();
        let file = &mut state.files[self.number];
        file.memory = file.durable.clone();
        file.pending.iter().for_each(|change| change.apply(&mut file.memory));
    }
}
