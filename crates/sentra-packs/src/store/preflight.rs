//! What a change would mean, before it is made.

use std::collections::BTreeSet;

use crate::check::{CheckProblem, Compiled, compile, run_samples};
use crate::diff::{PackDiff, RulesOf, rules_of};
use crate::directory::built_in;
use crate::error::PackError;
use crate::files::PackFiles;
use crate::load::assemble;
use crate::manifest::Manifest;
use crate::name::PackLabel;
use crate::package::Package;

use super::change::{Order, Surroundings};
use super::{ActivePacks, PackStore, active_of};

/// What is known of a change before it is made.
pub(super) struct Preflight {
    pub(super) diff: PackDiff,
    pub(super) samples: usize,
    pub(super) warnings: Vec<CheckProblem>,
}

impl PackStore {
    /// Tries what will be active once `label` is replaced by `candidate`, or is gone. Law LIMIT: nothing is written.
    pub(super) fn preflight(
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
pub(super) fn check_versions(manifest: &Manifest, surroundings: &Surroundings) -> Result<(), PackError> {
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
