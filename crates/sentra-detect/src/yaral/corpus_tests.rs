//! The public rules: how many parse, compile, and are refused for which reason.

#![allow(clippy::print_stdout, reason = "a test says what it found")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sentra_model::RuleKind;

use super::lists::SharedLists;
use super::rules::YaralRules;
use crate::problem::{ProblemSeverity, RuleProblem};
use crate::ruleset::RuleSource;

/// The directory of public rules, or `None` with a word about it.
pub(super) fn directory() -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/yaral")).to_path_buf();
    if path.is_dir() {
        return Some(path);
    }
    println!("SKIP: there are no YARA-L rules at {}", path.display());
    None
}

/// Every rule file below `directory`, sorted by path.
pub(super) fn sources(directory: &Path) -> Vec<RuleSource> {
    let (mut found, mut left) = (Vec::new(), vec![directory.to_path_buf()]);
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaral") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push(RuleSource { path: path.display().to_string(), text, pack: "public".to_owned() });
            }
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found
}

fn reason(problem: &RuleProblem) -> String {
    match problem.message.split_once(':') {
        Some(("the rule needs the entity graph", _)) => "needs the entity graph".to_owned(),
        _ => format!("{}:{}: {}", problem.path, problem.line, problem.message),
    }
}

#[test]
fn every_public_rule_without_entity_graph_compiles() {
    let Some(directory) = directory() else { return };
    let sources = sources(&directory);
    let started = std::time::Instant::now();
    let (rules, problems) = YaralRules::compile(&sources, &Arc::<SharedLists>::default());
    println!("compiled in {:?}", started.elapsed());
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    let mut warned: BTreeMap<String, usize> = BTreeMap::new();
    for problem in &problems {
        let counts = if problem.severity == ProblemSeverity::Error { &mut refused } else { &mut warned };
        let what = match problem.severity {
            ProblemSeverity::Error => reason(problem),
            ProblemSeverity::Warning => problem.message.clone(),
        };
        *counts.entry(what).or_default() += 1;
    }
    let grow = rules.rules.iter().filter(|rule| rule.grows).count();
    let matching = rules.rules.iter().filter(|rule| rule.matching.is_some()).count();
    println!("| files | compiled | with a match section | fire at once |");
    println!("| {} | {} | {matching} | {grow} |", sources.len(), rules.rules.len());
    refused.iter().for_each(|(reason, count)| println!("refused {count}: {reason}"));
    warned.iter().for_each(|(reason, count)| println!("warned {count}: {reason}"));
    let counts = (sources.len(), rules.rules.len(), matching, grow);
    assert_eq!(counts, (456, 436, 127, 434), "files, compiled, with a match section, fire at once");
    let reasons: Vec<(&str, usize)> =
        refused.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
    assert_eq!(reasons, [("needs the entity graph", 20)]);
}

/// Through the face of the crate: listed as rules, with what their event variables ask behind them.
#[test]
fn public_rules_are_rules_of_a_set() {
    let Some(directory) = directory() else { return };
    let sources = sources(&directory);
    let (alone, _) = YaralRules::compile(&sources, &Arc::<SharedLists>::default());
    let (set, _) = crate::RuleSet::compile(sources);
    assert_eq!(set.len(), alone.rules.len());
    assert!(set.rules().iter().all(|rule| rule.reports() && rule.reference().kind == RuleKind::Yaral));
    let variables: usize = alone.rules.iter().map(|rule| rule.variables.len()).sum();
    assert_eq!(set.rules.len() - set.len(), variables);
    assert_eq!(set.event_variable(set.len()), Some((0, 0)));
    assert_eq!(set.event_variable(0), None);
}
