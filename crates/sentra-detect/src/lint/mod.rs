//! Lints: what is wrong with a rule that compiles, or would be better otherwise.
//!
//! They look at the rule as written, before pipelines, and are no part of compiling: rules are linted by who
//! writes them, and compiled by who runs them. What compiling itself finds odd carries a name of the same kind
//! in its message; [`LINTS`] has them all.

mod cost;
mod fields;
mod logic;
mod metadata;
mod table;

use hashbrown::HashMap;

use crate::problem::{Fault, ProblemSeverity, RuleProblem};
use crate::ruleset::RuleSource;
use crate::sigma::documents::read as documents;
use crate::sigma::filter::is_filter;
use crate::sigma::rule::{label, read_draft};

pub use table::{LINTS, Lint};

/// Lints `sources`, as far as they are Sigma. Rules that do not compile are left to
/// [`RuleSet::compile`](crate::RuleSet::compile), which says why; so are the lints that it finds itself.
#[must_use]
pub fn lint(sources: &[RuleSource]) -> Vec<RuleProblem> {
    let mut problems = Vec::new();
    for source in sources.iter().filter(|source| !source.path.ends_with(".yaral")) {
        for document in documents(&source.text).into_iter().flatten() {
            let rule = label(&document.node);
            let mut found = Findings::default();
            if is_filter(&document.node) {
                continue;
            }
            metadata::lint(&document.node, &mut found);
            if document.node.get("detection").is_some()
                && let Ok(draft) = read_draft(document.node, document.parts, &mut |_, _| {})
            {
                logic::lint(&draft, &mut found);
                cost::lint(&draft, &mut found);
                fields::lint(&draft, &mut found);
            }
            problems.extend(found.0.into_iter().map(|Fault { line, message }| RuleProblem {
                path: source.path.clone(),
                line,
                rule: rule.clone(),
                severity: ProblemSeverity::Warning,
                message,
            }));
        }
    }
    problems.sort_by(|left, right| (&left.path, left.line).cmp(&(&right.path, right.line)));
    problems
}

/// How many problems carry the name of each lint, for a summary.
#[must_use]
pub fn lint_counts(problems: &[RuleProblem]) -> Vec<(&'static str, usize)> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for problem in problems {
        let name = problem.message.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        *counts.entry(name.map(|(name, _)| name).unwrap_or_default()).or_default() += 1;
    }
    let counted = LINTS.iter().filter_map(|lint| Some((lint.name, counts.get(lint.name).copied()?)));
    counted.collect()
}

/// What the lints found in one rule.
#[derive(Debug, Default)]
struct Findings(Vec<Fault>);

impl Findings {
    /// `name` is that of a lint of the table.
    fn add(&mut self, name: &'static str, line: u64, message: impl std::fmt::Display) {
        self.0.push(Fault::new(line, format!("[{name}] {message}")));
    }
}

#[cfg(test)]
mod tests;
