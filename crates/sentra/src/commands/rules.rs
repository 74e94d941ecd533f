//! `sentra rules check`

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::bail;
use sentra_detect::{ProblemSeverity, RuleProblem, RuleSet};
use sentra_factory::{PackFiles, built_in_packs, check_samples, load_rules};
use serde_json::json;

use crate::cli::RulesCheckArguments;
use crate::output;
use crate::progress::counted;

pub(crate) fn check(arguments: &RulesCheckArguments) -> anyhow::Result<()> {
    let mut files = PackFiles::default();
    if arguments.paths.is_empty() {
        files = built_in_packs();
    }
    for path in &arguments.paths {
        let found = load_rules(path)?;
        files.rules.extend(found.rules);
        files.samples.extend(found.samples);
    }
    let documents = files.rules.len();
    let (rules, mut problems) = RuleSet::compile(files.rules);
    let compiled = rules.len();
    let is_error = |problem: &&RuleProblem| problem.severity == ProblemSeverity::Error;
    let failed: BTreeSet<(&str, Option<&str>)> = problems
        .iter()
        .filter(is_error)
        .map(|problem| (problem.path.as_str(), problem.rule.as_deref()))
        .collect();
    let total = compiled + failed.len();
    let rules = Arc::new(rules);
    let mut samples = 0;
    for (path, text) in &files.samples {
        let report = check_samples(path, text, &rules);
        samples += report.samples;
        problems.extend(report.failures.into_iter().map(|failure| RuleProblem {
            path: failure.path,
            line: 1,
            rule: failure.rule,
            severity: ProblemSeverity::Error,
            message: failure.message,
        }));
    }
    let errors = problems.iter().filter(is_error).count();
    if arguments.json {
        output::json(&json!({
            "rules": total,
            "compiled": compiled,
            "samples": samples,
            "problems": problems,
        }))?;
    } else {
        for problem in &problems {
            let rule = problem.rule.as_deref().map(|rule| format!(" [{rule}]")).unwrap_or_default();
            let kind = if problem.severity == ProblemSeverity::Error { "error" } else { "warning" };
            output::line(&format!("{}:{}: {kind}: {}{rule}", problem.path, problem.line, problem.message))?;
        }
    }
    output::remark(&format!(
        "{} in {}: {compiled} compiled, {} run, {}, {}",
        counted(total as u64, "rule"),
        counted(documents as u64, "file"),
        counted(samples as u64, "sample"),
        counted(errors as u64, "error"),
        counted((problems.len() - errors) as u64, "warning"),
    ));
    if errors > 0 {
        bail!("{} in the rules", counted(errors as u64, "error"));
    }
    Ok(())
}
