//! The installed packs of a data directory.
//!
//! ```text
//! DATA/packs/active.json                    what is installed and active, and the history
//! DATA/packs/installed/<id>/<version>/      the files of a version, as they were signed
//! DATA/packs/staging/                       versions that are being written
//! DATA/packs/lock                           held by whoever changes something
//! ```
//!
//! `active.json` is replaced as a whole, and a version is in it from the moment on when its directory is whole. So
//! a crash leaves the state before a step or the one after it; what is not in `active.json` is nothing, and removed by
//! whoever opens the store next.

mod change;
mod disk;
mod preflight;
mod state;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sentra_detect::ProblemSeverity;

use crate::error::PackError;
use crate::files::PackFiles;
use crate::name::{PackId, PackLabel, PackVersion};
use crate::package::Package;

use disk::Disk;
use state::State;

pub use change::{Order, StepReport, Surroundings};
pub use state::{
    HISTORY_STEPS_MAX, INSTALLED_PACKS_MAX, INSTALLED_VERSIONS_MAX, InstalledPack, StepKind, StepRecord,
    VersionRecord,
};

/// Directory of the packs in the data directory.
pub const PACKS_DIRECTORY: &str = "packs";
const STATE_FILE: &str = "active.json";
const INSTALLED_DIRECTORY: &str = "installed";
const STAGING_DIRECTORY: &str = "staging";
const LOCK_FILE: &str = "lock";
/// How long a process waits for another that works on the packs.
const LOCK_WAIT: Duration = Duration::from_millis(50);
/// How often it looks: for ten seconds.
const LOCK_TRIES_MAX: u32 = 200;

/// The installed packs of a data directory, for somebody who changes them.
#[derive(Debug)]
pub struct PackStore {
    directory: PathBuf,
    disk: Disk,
    state: State,
    /// Held as long as the store is open.
    _lock: File,
}

impl PackStore {
    /// Opens the packs in `directory`, which is made when it is missing. What a crash left is removed.
    ///
    /// # Errors
    /// When another process changes them, or `active.json` cannot be understood.
    pub fn open(directory: &Path) -> Result<Self, PackError> {
        Self::open_on(directory, Disk::default())
    }

    fn open_on(directory: &Path, disk: Disk) -> Result<Self, PackError> {
        disk.make_directory(directory)?;
        let lock = lock(directory, true)?;
        let path = directory.join(STATE_FILE);
        let state = match State::load(&path)? {
            Some(state) => state,
            None => {
                let installed = directory.join(INSTALLED_DIRECTORY);
                if !names_in(&installed)?.is_empty() {
                    // Without the list every pack would be a leftover, and removed.
                    let message =
                        "the file is missing and packs are installed; bring it back, or remove installed/";
                    return Err(PackError::State { path, message: message.to_owned() });
                }
                disk.replace(&path, &State::default().text()?)?;
                State::default()
            }
        };
        let store = Self { directory: directory.to_owned(), disk, state, _lock: lock };
        store.clean()?;
        Ok(store)
    }

    /// Removes what no step completed.
    fn clean(&self) -> Result<(), PackError> {
        let draft = self.directory.join(STATE_FILE).with_extension("tmp");
        for leftover in [self.directory.join(STAGING_DIRECTORY), draft] {
            if leftover.symlink_metadata().is_ok() {
                self.disk.remove(&leftover)?;
            }
        }
        let installed = self.directory.join(INSTALLED_DIRECTORY);
        for id in names_in(&installed)? {
            let pack = id.parse::<PackId>().ok().and_then(|id| self.state.packs.get(&id));
            let Some(pack) = pack else {
                self.disk.remove(&installed.join(&id))?;
                continue;
            };
            for version in names_in(&installed.join(&id))? {
                let is_known = pack.versions.iter().any(|record| record.version.as_str() == version);
                if !is_known {
                    self.disk.remove(&installed.join(&id).join(&version))?;
                }
            }
        }
        Ok(())
    }

    /// The installed packs by their ids.
    #[must_use]
    pub fn packs(&self) -> &BTreeMap<PackId, InstalledPack> {
        &self.state.packs
    }

    /// What was done, the latest last; at most [`HISTORY_STEPS_MAX`] steps.
    #[must_use]
    pub fn history(&self) -> &[StepRecord] {
        &self.state.history
    }

    /// An installed version.
    ///
    /// # Errors
    /// When it is not installed, cannot be read, or was tampered with.
    pub fn package(&self, id: &PackId, version: &PackVersion) -> Result<Package, PackError> {
        let record = self.pack(id)?.version(version).ok_or_else(|| self.unknown_version(id, version))?;
        read_installed(&self.directory, id, record)
    }

    fn pack(&self, id: &PackId) -> Result<&InstalledPack, PackError> {
        self.state.packs.get(id).ok_or_else(|| {
            let known: Vec<&str> = self.state.packs.keys().map(PackId::as_str).collect();
            PackError::Unknown { id: id.clone(), hint: crate::nearest::hint(id.as_str(), &known) }
        })
    }

    fn unknown_version(&self, id: &PackId, version: &PackVersion) -> PackError {
        let versions = self.state.packs.get(id).into_iter().flat_map(|pack| &pack.versions);
        let installed: Vec<&str> = versions.map(|record| record.version.as_str()).collect();
        PackError::UnknownVersion {
            id: id.clone(),
            version: version.clone(),
            installed: installed.join(", "),
        }
    }
}

/// The active packs of a data directory, for somebody who runs them.
#[derive(Debug, Default)]
pub struct ActivePacks {
    /// The packs, in the order of their ids.
    pub packages: Vec<Package>,
    /// The records of their versions: digest and signer.
    pub records: Vec<VersionRecord>,
    /// What is wrong: a pack that was tampered with is not among the packages.
    pub problems: PackFiles,
}

/// The active packs in `directory`; none where it does not exist. Each is read whole and compared with what was
/// installed.
///
/// # Errors
/// When `active.json` cannot be understood or somebody changes the packs for long.
pub fn active_packs(directory: &Path) -> Result<ActivePacks, PackError> {
    let mut active = ActivePacks::default();
    if !directory.join(STATE_FILE).try_exists().map_err(PackError::read(directory))? {
        return Ok(active);
    }
    let _lock = match lock(directory, false) {
        // A copy of the directory has none, and nobody who changes it.
        Err(PackError::Write { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => None,
        locked => Some(locked?),
    };
    let state = State::load(&directory.join(STATE_FILE))?.unwrap_or_default();
    active_of(directory, &state, &mut active);
    Ok(active)
}

fn active_of(directory: &Path, state: &State, active: &mut ActivePacks) {
    for (id, pack) in &state.packs {
        let Some(record) = pack.version(&pack.active) else { continue };
        match read_installed(directory, id, record) {
            Ok(package) => {
                active.packages.push(package);
                active.records.push(record.clone());
            }
            Err(error) => {
                let place = version_directory(directory, id, &pack.active).display().to_string();
                let message = format!("the pack {id}@{} is not loaded: {error}", pack.active);
                active.problems.problem(ProblemSeverity::Error, place, message);
            }
        }
    }
}

fn version_directory(directory: &Path, id: &PackId, version: &PackVersion) -> PathBuf {
    directory.join(INSTALLED_DIRECTORY).join(id.as_str()).join(version.as_str())
}

/// Reads an installed version and compares it with its record: whoever changes a file and `DIGESTS` is found as well.
fn read_installed(directory: &Path, id: &PackId, record: &VersionRecord) -> Result<Package, PackError> {
    let package = Package::read(&version_directory(directory, id, &record.version))?;
    let label = PackLabel { id: id.clone(), version: record.version.clone() };
    let digest = package.digests().pack_digest();
    if package.manifest().label().to_string() != label.to_string() || digest != record.digest {
        let what = format!("DIGESTS is not that of the pack which was installed ({})", record.digest);
        let tampering = vec![crate::digests::Tampering::Digests(what)];
        return Err(PackError::Tampered { label, tampering });
    }
    Ok(package)
}

/// Names of what is in a directory, sorted; none where it does not exist.
fn names_in(directory: &Path) -> Result<Vec<String>, PackError> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(PackError::Read { path: directory.to_owned(), source }),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(PackError::read(directory))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Takes the lock, alone or together with other readers.
fn lock(directory: &Path, alone: bool) -> Result<File, PackError> {
    let path = directory.join(LOCK_FILE);
    // A reader may have no right to write here.
    let file = if alone {
        OpenOptions::new().create(true).truncate(false).write(true).open(&path)
    } else {
        File::open(&path)
    };
    let file = file.map_err(PackError::write("open", &path))?;
    for _ in 0..LOCK_TRIES_MAX {
        let locked = if alone { file.try_lock() } else { file.try_lock_shared() };
        match locked {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_WAIT),
            Err(TryLockError::Error(source)) => return Err(PackError::Write { what: "lock", path, source }),
        }
    }
    Err(PackError::Busy { directory: directory.to_owned() })
}
