//! The rules of packs: where they come from, and the set that is in force.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use sentra_detect::{RuleProblem, RuleSet};
use sentra_factory::{RulesHandle, built_in_packs, load_rules};

/// The rules of the built-in packs and of `directories`, with what is wrong with them.
pub(crate) fn compile_rules(
    directories: &[PathBuf],
    with_built_in: bool,
) -> anyhow::Result<(Arc<RuleSet>, Vec<RuleProblem>)> {
    let mut sources = if with_built_in { built_in_packs().rules } else { Vec::new() };
    for directory in directories {
        sources.extend(load_rules(directory)?.rules);
    }
    let (rules, problems) = RuleSet::compile(sources);
    Ok((Arc::new(rules), problems))
}

/// The rules in force, which can be read again while everything runs. Clones are handles to the same set.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    handle: RulesHandle,
    with_built_in: bool,
    /// What was wrong with them when they were read last.
    problems: Arc<Mutex<Vec<RuleProblem>>>,
}

impl Rules {
    /// Reads the rules and puts the good ones of them in force.
    pub(crate) fn open(directories: &[PathBuf], with_built_in: bool) -> anyhow::Result<Self> {
        let (rules, problems) = compile_rules(directories, with_built_in)?;
        let problems = Arc::new(Mutex::new(problems));
        Ok(Self { handle: RulesHandle::shared(rules), with_built_in, problems })
    }

    /// The handle that the factory follows.
    pub(crate) fn handle(&self) -> &RulesHandle {
        &self.handle
    }

    /// The rules in force now.
    pub(crate) fn get(&self) -> Arc<RuleSet> {
        self.handle.get()
    }

    /// What was wrong with them when they were read last.
    pub(crate) fn problems(&self) -> Vec<RuleProblem> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the rules again, from `directories` this time. As at the start, a rule that is wrong is left out and the
    /// others are in force; windows of correlations that did not change go on. Where a directory cannot be read
    /// nothing changes.
    pub(crate) fn reload(&self, directories: &[PathBuf]) -> anyhow::Result<Vec<RuleProblem>> {
        let (rules, problems) = compile_rules(directories, self.with_built_in)?;
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&problems);
        self.handle.set(rules);
        Ok(problems)
    }
}
