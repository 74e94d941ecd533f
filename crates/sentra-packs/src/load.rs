//! All content that runs: of the packs in the binary, the installed packs and the directories.

use std::path::{Path, PathBuf};

use sentra_detect::ProblemSeverity;

use crate::directory::{built_in, load_rules};
use crate::error::PackError;
use crate::files::PackFiles;
use crate::keys::{TRUSTED_KEYS_DIRECTORY, TrustedKeys};
use crate::package::Package;
use crate::store::{PACKS_DIRECTORY, active_packs};

/// Where content comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContentPlaces {
    /// The data directory with the installed packs; `None` for none of them.
    pub data: Option<PathBuf>,
    /// Whether the packs in the binary run.
    pub built_in: bool,
    /// Directories of packs and loose rules.
    pub directories: Vec<PathBuf>,
}

impl ContentPlaces {
    /// Reads everything. An installed pack that is wrong becomes a problem of the content, and so does a list of
    /// packs that cannot be read: what else there is runs all the same.
    ///
    /// # Errors
    /// When a directory cannot be read.
    pub fn load(&self) -> Result<PackFiles, PackError> {
        let mut problems = PackFiles::default();
        let mut packages = Vec::new();
        if let Some(data) = &self.data {
            let place = data.join(PACKS_DIRECTORY);
            match active_packs(&place) {
                Ok(active) => {
                    problems.extend(active.problems);
                    say_untrusted(data, &active.packages, &mut problems);
                    packages = active.packages;
                }
                Err(error) => {
                    let message = format!("no installed pack is loaded: {error}");
                    problems.problem(ProblemSeverity::Error, place.display().to_string(), message);
                }
            }
        }
        let packages: Vec<&Package> = packages.iter().collect();
        let mut files = assemble(&packages, self.built_in, &self.directories)?;
        files.extend(problems);
        Ok(files)
    }
}

/// A key that is not trusted any more takes nothing out of force, which would blind detection: it is said, and whoever
/// reads it removes the pack or goes back.
fn say_untrusted(data: &Path, packages: &[Package], problems: &mut PackFiles) {
    let trusted = match TrustedKeys::load(&data.join(TRUSTED_KEYS_DIRECTORY)) {
        Ok(trusted) => trusted,
        Err(error) => {
            let place = data.join(TRUSTED_KEYS_DIRECTORY).display().to_string();
            problems.problem(ProblemSeverity::Warning, place, error.to_string());
            return;
        }
    };
    for package in packages {
        let label = package.manifest().label();
        let message = match package.verify(&trusted) {
            Ok(standing) if standing.is_trusted() => continue,
            Ok(standing) => match standing.signer() {
                Some(key) => format!("the pack runs and is signed with the key {key}, which is not trusted"),
                None => "the pack runs and is not signed".to_owned(),
            },
            Err(error) => error.to_string(),
        };
        problems.problem(ProblemSeverity::Warning, label.to_string(), message);
    }
}

/// Puts content together. An installed pack takes the place of the one with the same id in the binary where its
/// version is higher. Rules stand in the order binary, installed, directories; formats the other way round, because of
/// two formats that know a record the first reads it.
pub(crate) fn assemble(
    packages: &[&Package],
    with_built_in: bool,
    directories: &[PathBuf],
) -> Result<PackFiles, PackError> {
    let mut files = PackFiles::default();
    let mut left_out = Vec::new();
    for pack in built_in().into_iter().filter(|_| with_built_in) {
        let (id, version) = (&pack.manifest.id, &pack.manifest.version);
        match packages.iter().find(|package| package.manifest().id == *id) {
            Some(package) if package.manifest().version > *version => continue,
            Some(package) => {
                let label = package.manifest().label().to_string();
                let message = format!("it is not used: this Sentra brings {id}@{version} itself");
                files.problem(ProblemSeverity::Warning, label, message);
                left_out.push(id.clone());
            }
            None => {}
        }
        files.extend(pack.files);
    }
    let of_binary = std::mem::take(&mut files.formats);
    for package in packages.iter().filter(|package| !left_out.contains(&package.manifest().id)) {
        files.extend(package.content());
    }
    let installed = std::mem::take(&mut files.formats);
    for directory in directories {
        files.extend(load_rules(directory)?);
    }
    files.formats.extend(installed);
    files.formats.extend(of_binary);
    Ok(files)
}
