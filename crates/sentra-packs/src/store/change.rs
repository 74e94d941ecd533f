//! Install, upgrade, rollback and remove.

use std::collections::BTreeSet;
use std::path::PathBuf;

use semver::Version;
use sentra_model::Timestamp;

use crate::check::{CheckProblem, Compiled, compile, run_samples};
use crate::diff::{PackDiff, RulesOf, rules_of};
use crate::directory::built_in;
use crate::error::PackError;
use crate::files::PackFiles;
use crate::keys::TrustedKeys;
use crate::load::assemble;
use crate::manifest::Manifest;
use crate::name::{PackId, PackLabel, PackVersion};
use crate::package::Package;
use crate::signature::Standing;

use super::state::{
    INSTALLED_PACKS_MAX, INSTALLED_VERSIONS_MAX, InstalledPack, State, StepKind, StepRecord, VersionRecord,
};
use super::{
    ActivePacks, INSTALLED_DIRECTORY, PackStore, STAGING_DIRECTORY, STATE_FILE, active_of, read_installed,
    version_directory,
};

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

/// What is known of a change before it is made.
struct Preflight {
    diff: PackDiff,
    samples: usize,
    warnings: Vec<CheckProblem>,
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
            Some(pack) if pack.active == label.version => self.same(StepKind::Install, package, order),
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
            return self.same(StepKind::Upgrade, package, order);
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
            return self.same(StepKind::Rollback, &package, order);
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
                Vec::new()
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
                vec![record.clone()]
            }
        };
        let removed = version.unwrap_or(&pack.active).clone();
        let label = PackLabel { id: id.clone(), version: removed.clone() };
        let preflight = match version {
            None => self.preflight(&label, None, order)?,
            Some(_) => Preflight { diff: PackDiff::default(), samples: 0, warnings: Vec::new() },
        };
        let record = pack.version(&removed);
        next.record(StepRecord {
            at: order.at,
            who: order.who.to_owned(),
            step: StepKind::Remove,
            id: id.clone(),
            from: Some(removed.clone()),
            to: None,
            digest: record.map(|record| record.digest.clone()),
            signer: record.and_then(|record| record.signer.clone()),
            trusted: record.is_some_and(|record| record.trusted),
        });
        self.commit(next)?;
        // From here on they are leftovers; what cannot be removed now is removed when the store is opened next.
        let mut warnings = preflight.warnings;
        let directories: Vec<PathBuf> = match version {
            None => vec![self.directory.join(INSTALLED_DIRECTORY).join(id.as_str())],
            Some(_) => {
                gone.iter().map(|record| version_directory(&self.directory, id, &record.version)).collect()
            }
        };
        for directory in directories {
            if let Err(error) = self.disk.remove(&directory) {
                warnings.push(leftover(&directory.display().to_string(), &error));
            }
        }
        let (step, from) = (StepKind::Remove, Some(removed));
        let Preflight { diff, samples, .. } = preflight;
        Ok(StepReport {
            step,
            id: id.clone(),
            from,
            to: None,
            changed: true,
            standing: None,
            diff,
            samples,
            warnings,
        })
    }

    /// The version is active already.
    fn same(&self, step: StepKind, package: &Package, order: &Order<'_>) -> Result<StepReport, PackError> {
        let label = package.manifest().label();
        self.check_digest(package)?;
        Ok(StepReport {
            step,
            id: label.id,
            from: Some(label.version.clone()),
            to: Some(label.version),
            changed: false,
            standing: Some(package.verify(order.trusted)?),
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
        if is_there {
            // Whoever was at its files since is found before it is active.
            self.package(&label.id, &label.version)?;
        } else if let Err(error) = self.put(package) {
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
            who: order.who.to_owned(),
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
            who: order.who.to_owned(),
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

    /// Tries what will be active once `label` is replaced by `candidate`, or is gone. Law LIMIT: nothing is written.
    fn preflight(
        &self,
        label: &PackLabel,
        candidate: Option<&Package>,
        order: &Order<'_>,
    ) -> Result<Preflight, PackError> {
        let mut active = ActivePacks::default();
        active_of(&self.directory, &self.state, &mut active);
        let before: Vec<&Package> = active.packages.iter().collect();
        let mut after: Vec<&Package> =
            before.iter().copied().filter(|package| package.manifest().id != label.id).collect();
        after.extend(candidate);
        after.sort_by_key(|package| &package.manifest().id);
        check_depends(&after, order.surroundings)?;
        let (was, _, then) = compiled(&before, &active.problems, order.surroundings)?;
        let (mut is, files, _) = compiled(&after, &active.problems, order.surroundings)?;
        let own = format!("{label}/");
        let touched: Vec<String> = after
            .iter()
            .map(|package| package.manifest())
            .filter(|manifest| manifest.depends.contains_key(&label.id))
            .map(|manifest| format!("{}/", manifest.label()))
            .chain(std::iter::once(own.clone()))
            .collect();
        let samples =
            run_samples(&files, &mut is, |path| touched.iter().any(|prefix| path.starts_with(prefix)));
        let known: BTreeSet<&CheckProblem> = was.problems.iter().collect();
        let is_new = |problem: &CheckProblem| problem.path.starts_with(&own) || !known.contains(problem);
        let (errors, warnings): (Vec<_>, Vec<_>) = is
            .problems
            .iter()
            .filter(|problem| is_new(problem))
            .cloned()
            .partition(|problem| problem.is_error);
        if !errors.is_empty() {
            return Err(PackError::Refused { label: label.clone(), problems: errors });
        }
        let now =
            candidate.map(|_| rules_of(&label.to_string(), &is.rules, &files.rules)).unwrap_or_default();
        let old = before.iter().find(|package| package.manifest().id == label.id);
        let then = old
            .map(|old| rules_of(&old.manifest().label().to_string(), &was.rules, &then))
            .unwrap_or_default();
        let diff = PackDiff::between(&then, &now)
            .with_files(old.map(|old| old.digests()), candidate.map(Package::digests));
        Ok(Preflight { diff, samples, warnings })
    }

    /// What is different between two packs, each compiled with everything else that is active.
    ///
    /// # Errors
    /// When a directory of `surroundings` cannot be read.
    pub fn diff(
        &self,
        before: &Package,
        after: &Package,
        surroundings: &Surroundings,
    ) -> Result<PackDiff, PackError> {
        let mut active = ActivePacks::default();
        active_of(&self.directory, &self.state, &mut active);
        let rules = |package: &Package| -> Result<RulesOf, PackError> {
            let id = &package.manifest().id;
            let others = active.packages.iter().filter(|active| active.manifest().id != *id);
            let together: Vec<&Package> = others.chain(std::iter::once(package)).collect();
            let (compiled, files, _) = compiled(&together, &active.problems, surroundings)?;
            Ok(rules_of(&package.manifest().label().to_string(), &compiled.rules, &files.rules))
        };
        let diff = PackDiff::between(&rules(before)?, &rules(after)?);
        Ok(diff.with_files(Some(before.digests()), Some(after.digests())))
    }
}

type Sources = Vec<sentra_detect::RuleSource>;

/// Everything compiled that is active with `packages`; and its texts.
fn compiled(
    packages: &[&Package],
    problems: &PackFiles,
    surroundings: &Surroundings,
) -> Result<(Compiled, PackFiles, Sources), PackError> {
    let mut files = assemble(packages, surroundings.built_in, &surroundings.directories)?;
    files.extend(problems.clone());
    let sources = files.rules.clone();
    Ok((compile(&files), files, sources))
}

/// Whether this Sentra understands the pack, and brings no newer one itself.
fn check_versions(manifest: &Manifest, surroundings: &Surroundings) -> Result<(), PackError> {
    if let Some(needed) = manifest.min_sentra.as_ref().filter(|needed| **needed > surroundings.sentra) {
        let (label, needed, running) =
            (manifest.label(), Box::new(needed.clone()), Box::new(surroundings.sentra.clone()));
        return Err(PackError::TooNew { label, needed, running });
    }
    let own = built_in().into_iter().filter(|_| surroundings.built_in).map(|pack| pack.manifest);
    match own.into_iter().find(|own| own.id == manifest.id && own.version >= manifest.version) {
        Some(own) => Err(PackError::Order(format!(
            "this Sentra brings {} itself; {} is no newer",
            own.label(),
            manifest.label()
        ))),
        None => Ok(()),
    }
}

/// Whether every pack in `after` has what it depends on.
fn check_depends(after: &[&Package], surroundings: &Surroundings) -> Result<(), PackError> {
    let mut there: Vec<Manifest> = after.iter().map(|package| package.manifest().clone()).collect();
    if surroundings.built_in {
        for own in built_in() {
            match there.iter_mut().find(|manifest| manifest.id == own.manifest.id) {
                Some(manifest) if manifest.version > own.manifest.version => {}
                Some(manifest) => *manifest = own.manifest,
                None => there.push(own.manifest),
            }
        }
    }
    let mut missing = Vec::new();
    for manifest in after.iter().map(|package| package.manifest()) {
        for (id, range) in &manifest.depends {
            let found = there.iter().find(|other| other.id == *id).map(|other| &other.version);
            match found {
                Some(version) if range.matches(version.semantic()) => {}
                Some(version) => missing
                    .push(format!("{} needs {id} {range}; active would be {version}", manifest.label())),
                None => missing
                    .push(format!("{} needs {id} {range}, which would not be active", manifest.label())),
            }
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(PackError::Depends { missing }) }
}

fn leftover(path: &str, error: &PackError) -> CheckProblem {
    let message = format!("{error}; it is removed when packs are changed next");
    CheckProblem { path: path.to_owned(), line: 1, about: None, is_error: false, message }
}
