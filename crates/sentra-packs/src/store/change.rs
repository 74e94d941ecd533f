//! Install, upgrade, rollback and remove.

use std::path::{Path, PathBuf};

use semver::Version;
use sentra_model::Timestamp;

use crate::check::CheckProblem;
use crate::diff::PackDiff;
use crate::error::PackError;
use crate::keys::TrustedKeys;
use crate::name::{PackId, PackLabel, PackVersion};
use crate::package::Package;
use crate::path::SIGNATURE_FILE;
use crate::signature::Standing;

use super::preflight::{Preflight, check_versions};
use super::state::{
    INSTALLED_PACKS_MAX, INSTALLED_VERSIONS_MAX, InstalledPack, State, StepKind, StepRecord, VersionRecord,
};
use super::{
    INSTALLED_DIRECTORY, PackStore, STAGING_DIRECTORY, STATE_FILE, read_installed, version_directory,
};

/// Longest name of who did something that is kept, in characters.
const WHO_CHARS_MAX: usize = 200;

/// What runs beside the installed packs.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Whether the packs in the binary run.
    pub built_in: bool,
    /// Directories of packs and loose rules that run.
    pub directories: Vec<PathBuf>,
    /// The version of this Sentra.
    pub sentra: Version,
}

/// Who wants a change, when, and on which terms.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// Now; the store reads no clock.
    pub at: Timestamp,
    /// Who, for the history.
    pub who: &'a str,
    /// Whether a pack is taken that nobody who is trusted has signed.
    pub allow_unsigned: bool,
    /// The keys that are trusted.
    pub trusted: &'a TrustedKeys,
    /// What runs beside the installed packs.
    pub surroundings: &'a Surroundings,
}

/// What a step did.
#[derive(Debug, Clone)]
pub struct StepReport {
    /// What was done.
    pub step: StepKind,
    /// To which pack.
    pub id: PackId,
    /// The version that was active, or that was removed.
    pub from: Option<PackVersion>,
    /// The version that is active.
    pub to: Option<PackVersion>,
    /// False where everything was so already and nothing was done.
    pub changed: bool,
    /// How the pack stands with the trusted keys; `None` where none was activated.
    pub standing: Option<Standing>,
    /// What is different to the version before.
    pub diff: PackDiff,
    /// How many samples were run.
    pub samples: usize,
    /// What deserves a look.
    pub warnings: Vec<CheckProblem>,
}

impl PackStore {
    /// Installs the first version of a pack and activates it.
    ///
    /// # Errors
    /// When the pack is installed already, is not trusted, lacks what it depends on, does not work with what is
    /// active, or cannot be written. Nothing has changed then.
    pub fn install(&mut self, package: &Package, order: &Order<'_>) -> Result<StepReport, PackError> {
        let label = package.manifest().label();
        match self.state.packs.get(&label.id) {
            None => self.activate(StepKind::Install, package, order),
            Some(pack) if pack.active == label.version => self.again(StepKind::Install, package, order),
            Some(pack) => {
                let active = &pack.active;
                Err(PackError::Order(format!(
                    "{}@{active} is installed; `upgrade` takes a higher version",
                    label.id
                )))
            }
        }
    }

    /// Installs a higher version of a pack and activates it. The version before stays installed.
    ///
    /// # Errors
    /// When the pack is not installed or the version is not higher; else see [`PackStore::install`].
    pub fn upgrade(&mut self, package: &Package, order: &Order<'_>) -> Result<StepReport, PackError> {
        let label = package.manifest().label();
        let active = self.pack(&label.id)?.active.clone();
        if active == label.version {
            return self.again(StepKind::Upgrade, package, order);
        }
        if label.version < active {
            return Err(PackError::Order(format!(
                "{label} is older than the active version {active}; `rollback` goes back"
            )));
        }
        self.activate(StepKind::Upgrade, package, order)
    }

    /// Activates another installed version: `to`, or the highest one below the active one.
    ///
    /// # Errors
    /// When there is no such version; else see [`PackStore::install`].
    pub fn rollback(
        &mut self,
        id: &PackId,
        to: Option<&PackVersion>,
        order: &Order<'_>,
    ) -> Result<StepReport, PackError> {
        let pack = self.pack(id)?;
        let record = match to {
            Some(version) => pack.version(version).ok_or_else(|| self.unknown_version(id, version))?,
            None => pack.previous().ok_or_else(|| {
                PackError::Order(format!("no version of {id} below {} is installed", pack.active))
            })?,
        };
        let package = read_installed(&self.directory, id, record)?;
        if record.version == pack.active {
            return self.again(StepKind::Rollback, &package, order);
        }
        self.activate(StepKind::Rollback, &package, order)
    }

    /// Removes a pack with all its versions, or one version that is not active.
    ///
    /// # Errors
    /// When there is no such version, it is the active one, or other packs need it. Nothing has changed then.
    pub fn remove(
        &mut self,
        id: &PackId,
        version: Option<&PackVersion>,
        order: &Order<'_>,
    ) -> Result<StepReport, PackError> {
        let pack = self.pack(id)?.clone();
        let mut next = self.state.clone();
        let gone = match version {
            None => {
                next.packs.remove(id);
                self.directory.join(INSTALLED_DIRECTORY).join(id.as_str())
            }
            Some(version) => {
                let record = pack.version(version).ok_or_else(|| self.unknown_version(id, version))?;
                if record.version == pack.active {
                    let active = &pack.active;
                    return Err(PackError::Order(format!(
                        "{id}@{active} is active; go back to another version first, or remove the whole pack"
                    )));
                }
                if let Some(pack) = next.packs.get_mut(id) {
                    pack.versions.retain(|kept| kept.version != record.version);
                }
                version_directory(&self.directory, id, &record.version)
            }
        };
        let label = PackLabel { id: id.clone(), version: version.unwrap_or(&pack.active).clone() };
        let preflight = match version {
            None => self.preflight(&label, None, order)?,
            Some(_) => Preflight { diff: PackDiff::default(), samples: 0, warnings: Vec::new() },
        };
        let record = pack.version(&label.version);
        next.record(StepRecord {
            at: order.at,
            who: who_of(order),
            step: StepKind::Remove,
            id: id.clone(),
            from: Some(label.version.clone()),
            to: None,
            digest: record.map(|record| record.digest.clone()),
            signer: record.and_then(|record| record.signer.clone()),
            trusted: record.is_some_and(|record| record.trusted),
        });
        self.commit(next)?;
        let Preflight { diff, samples, mut warnings } = preflight;
        warnings.extend(self.delete(&gone));
        let (step, id, from) = (StepKind::Remove, label.id, Some(label.version));
        Ok(StepReport { step, id, from, to: None, changed: true, standing: None, diff, samples, warnings })
    }

    /// Removes what is in the list no more. What cannot be removed now is a leftover, and removed when the store is
    /// opened next.
    fn delete(&self, gone: &Path) -> Option<CheckProblem> {
        let error = self.disk.remove(gone).err()?;
        let message = format!("{error}; it is removed when packs are changed next");
        Some(CheckProblem {
            path: gone.display().to_string(),
            line: 1,
            about: None,
            is_error: false,
            message,
        })
    }

    /// The version is active already. Nothing is done, unless somebody who is trusted has signed it since.
    fn again(
        &mut self,
        step: StepKind,
        package: &Package,
        order: &Order<'_>,
    ) -> Result<StepReport, PackError> {
        let label = package.manifest().label();
        self.check_digest(package)?;
        let standing = package.verify(order.trusted)?;
        let record = self.pack(&label.id)?.version(&label.version);
        if standing.is_trusted() && record.is_some_and(|record| !record.trusted) {
            return self.activate(step, package, order);
        }
        Ok(StepReport {
            step,
            id: label.id,
            from: Some(label.version.clone()),
            to: Some(label.version),
            changed: false,
            standing: Some(standing),
            diff: PackDiff::default(),
            samples: 0,
            warnings: Vec::new(),
        })
    }

    /// A version means the same content for ever.
    fn check_digest(&self, package: &Package) -> Result<bool, PackError> {
        let label = package.manifest().label();
        let known = self.state.packs.get(&label.id).and_then(|pack| pack.version(&label.version));
        match known {
            Some(record) if record.digest != package.digests().pack_digest() => {
                Err(PackError::Order(format!(
                    "{label} is installed with other content; a pack whose content changes gets a higher version"
                )))
            }
            known => Ok(known.is_some()),
        }
    }

    fn activate(
        &mut self,
        step: StepKind,
        package: &Package,
        order: &Order<'_>,
    ) -> Result<StepReport, PackError> {
        let manifest = package.manifest();
        let label = manifest.label();
        let standing = package.verify(order.trusted)?;
        if !standing.is_trusted() && !order.allow_unsigned {
            return Err(PackError::Untrusted { label, signer: standing.signer().map(str::to_owned) });
        }
        check_versions(manifest, order.surroundings)?;
        let is_there = self.check_digest(package)?;
        self.check_room(&label)?;
        let preflight = self.preflight(&label, Some(package), order)?;
        let written = if is_there { self.sign_again(package) } else { self.put(package) };
        if let Err(error) = written {
            let _ = self.disk.remove(&self.directory.join(STAGING_DIRECTORY));
            return Err(error);
        }
        let from = self.state.packs.get(&label.id).map(|pack| pack.active.clone());
        let record = VersionRecord {
            version: label.version.clone(),
            digest: package.digests().pack_digest(),
            signer: standing.signer().map(str::to_owned),
            trusted: standing.is_trusted(),
            installed: order.at,
            who: who_of(order),
        };
        self.commit(self.after(step, &label, record, order))?;
        let Preflight { diff, samples, warnings } = preflight;
        let (id, to, standing) = (label.id, Some(label.version), Some(standing));
        Ok(StepReport { step, id, from, to, changed: true, standing, diff, samples, warnings })
    }

    /// The state with `label` active.
    fn after(
        &self,
        step: StepKind,
        label: &PackLabel,
        mut record: VersionRecord,
        order: &Order<'_>,
    ) -> State {
        let mut next = self.state.clone();
        next.record(StepRecord {
            at: order.at,
            who: who_of(order),
            step,
            id: label.id.clone(),
            from: self.state.packs.get(&label.id).map(|pack| pack.active.clone()),
            to: Some(record.version.clone()),
            digest: Some(record.digest.clone()),
            signer: record.signer.clone(),
            trusted: record.trusted,
        });
        let pack = next
            .packs
            .entry(label.id.clone())
            .or_insert_with(|| InstalledPack { active: record.version.clone(), versions: Vec::new() });
        if let Some(known) = pack.version(&record.version) {
            (record.installed, record.who) = (known.installed, known.who.clone());
        }
        pack.active = record.version.clone();
        pack.versions.retain(|known| known.version != record.version);
        pack.versions.push(record);
        pack.versions.sort_by(|one, other| one.version.cmp(&other.version));
        next
    }

    /// The files of the version are there; whoever was at them since is found before it is active. Its signature may be a
    /// newer one.
    fn sign_again(&self, package: &Package) -> Result<(), PackError> {
        let label = package.manifest().label();
        let installed = self.package(&label.id, &label.version)?;
        let Some(signature) = package.signature().filter(|_| installed.signature() != package.signature())
        else {
            return Ok(());
        };
        let staging = self.directory.join(STAGING_DIRECTORY);
        self.disk.make_directory(&staging)?;
        let draft = staging.join(SIGNATURE_FILE);
        self.disk.write(&draft, signature.text().as_bytes())?;
        let place = version_directory(&self.directory, &label.id, &label.version);
        self.disk.rename(&draft, &place.join(SIGNATURE_FILE))?;
        self.disk.remove(&staging)
    }

    /// Writes the files of a version where nobody looks, and puts them in their place as a whole.
    fn put(&self, package: &Package) -> Result<(), PackError> {
        let label = package.manifest().label();
        let staging = self.directory.join(STAGING_DIRECTORY).join(label.to_string());
        self.disk.write_tree(&staging, package.tree())?;
        let place = version_directory(&self.directory, &label.id, &label.version);
        if let Some(parent) = place.parent() {
            self.disk.make_directory(parent)?;
        }
        // What lies there is in no list: a leftover of a removal.
        self.disk.remove(&place)?;
        self.disk.rename(&staging, &place)?;
        self.disk.remove(&self.directory.join(STAGING_DIRECTORY))
    }

    /// Makes `next` the state; this is the moment at which a step has happened.
    fn commit(&mut self, next: State) -> Result<(), PackError> {
        let path = self.directory.join(STATE_FILE);
        match self.disk.replace(&path, &next.text()?) {
            Ok(()) => {
                self.state = next;
                Ok(())
            }
            Err(error) => {
                // The file was replaced, or it was not; what stands in it is true.
                if let Ok(Some(state)) = State::load(&path) {
                    self.state = state;
                }
                Err(error)
            }
        }
    }

    fn check_room(&self, label: &PackLabel) -> Result<(), PackError> {
        let full = match self.state.packs.get(&label.id) {
            None => self.state.packs.len() >= INSTALLED_PACKS_MAX,
            Some(pack) => {
                pack.version(&label.version).is_none() && pack.versions.len() >= INSTALLED_VERSIONS_MAX
            }
        };
        if !full {
            return Ok(());
        }
        Err(PackError::Order(format!(
            "at most {INSTALLED_PACKS_MAX} packs and {INSTALLED_VERSIONS_MAX} versions of each can be installed; \
             `remove` one first"
        )))
    }
}

/// Who, as it is kept.
fn who_of(order: &Order<'_>) -> String {
    order.who.chars().take(WHO_CHARS_MAX).collect()
}
