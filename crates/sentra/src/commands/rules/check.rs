//! `sentra rules check`

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use sentra_decode::{Declared, DecodeOptions, Decoder, FormatProblem, FormatProblemSeverity};
use sentra_detect::{ProblemSeverity, RuleProblem};
use sentra_packs::{PackFiles, built_in_packs, check_samples, compile_rules, load_rules};
use serde::Serialize;
use serde_json::json;

use crate::cli::RulesCheckArguments;
use crate::output;
use crate::progress::counted;

/// What is wrong with a rule or a format.
#[derive(Debug, Serialize)]
struct Problem {
    path: String,
    line: u64,
    rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    severity: &'static str,
    message: String,
}

impl From<RuleProblem> for Problem {
    fn from(problem: RuleProblem) -> Self {
        let RuleProblem { path, line, rule, severity, message } = problem;
        let is_error = severity == ProblemSeverity::Error;
        Self { path, line, rule, format: None, severity: if is_error { "error" } else { "warning" }, message }
    }
}

impl From<FormatProblem> for Problem {
    fn from(problem: FormatProblem) -> Self {
        let FormatProblem { path, line, format, severity, message } = problem;
        let is_error = severity == FormatProblemSeverity::Error;
        Self { path, line, rule: None, format, severity: if is_error { "error" } else { "warning" }, message }
    }
}

/// What checking packs gave.
struct Report {
    files: usize,
    rules: usize,
    compiled: usize,
    formats: usize,
    samples: usize,
    problems: Vec<Problem>,
}

pub(super) fn check(arguments: &RulesCheckArguments) -> anyhow::Result<()> {
    let report = report(packs(arguments)?);
    let errors = report.problems.iter().filter(|problem| problem.severity == "error").count();
    if arguments.json {
        output::json(&json!({
            "rules": report.rules,
            "compiled": report.compiled,
            "formats": report.formats,
            "samples": report.samples,
            "problems": report.problems,
        }))?;
    } else {
        for Problem { path, line, rule, format, severity, message } in &report.problems {
            let about = rule.as_deref().or(format.as_deref());
            let about = about.map(|about| format!(" [{about}]")).unwrap_or_default();
            output::line(&format!("{path}:{line}: {severity}: {message}{about}"))?;
        }
    }
    output::remark(&format!(
        "{} and {} in {}: {} compiled, {} run, {}, {}",
        counted(report.rules as u64, "rule"),
        counted(report.formats as u64, "format"),
        counted(report.files as u64, "file"),
        report.compiled,
        counted(report.samples as u64, "sample"),
        counted(errors as u64, "error"),
        counted((report.problems.len() - errors) as u64, "warning"),
    ));
    if errors > 0 {
        bail!("{} in the rules and formats", counted(errors as u64, "error"));
    }
    Ok(())
}

/// The files that are to be checked. A path without any is a mistake of who wrote the command.
fn packs(arguments: &RulesCheckArguments) -> anyhow::Result<PackFiles> {
    if arguments.paths.is_empty() {
        return Ok(built_in_packs());
    }
    let mut files = PackFiles::default();
    for path in &arguments.paths {
        let found = load_rules(path)?;
        if found.is_empty() {
            let path = Path::display(path);
            bail!("{path} holds neither rules nor formats: both are files that end in .yml or .yaml");
        }
        files.extend(found);
    }
    Ok(files)
}

fn report(files: PackFiles) -> Report {
    let count = files.rules.len() + files.formats.len();
    let (declared, format_problems) = Declared::compile(&files.formats);
    let formats: BTreeSet<(&str, Option<&str>)> = format_problems
        .iter()
        .filter(|problem| problem.severity == FormatProblemSeverity::Error)
        .map(|problem| (problem.path.as_str(), problem.format.as_deref()))
        .collect();
    let (formats, format_samples) = (declared.len() + formats.len(), declared.samples());
    let mut problems: Vec<Problem> =
        format_problems.into_iter().chain(declared.check_samples()).map(Problem::from).collect();
    let (rules, rule_problems) = compile_rules(&files);
    problems.extend(files.problems.into_iter().map(Problem::from));
    let compiled = rules.len();
    let failed: BTreeSet<(&str, Option<&str>)> = rule_problems
        .iter()
        .filter(|problem| problem.severity == ProblemSeverity::Error)
        .map(|problem| (problem.path.as_str(), problem.rule.as_deref()))
        .collect();
    let total = compiled + failed.len();
    problems.splice(0..0, rule_problems.into_iter().map(Problem::from));
    let rules = Arc::new(rules);
    let decoder = Decoder::new(DecodeOptions { declared, ..DecodeOptions::default() });
    let mut samples = format_samples;
    for (path, text) in &files.samples {
        let report = check_samples(path, text, &rules, &decoder);
        samples += report.samples;
        problems.extend(report.failures.into_iter().map(|failure| Problem {
            path: failure.path,
            line: 1,
            rule: failure.rule,
            format: None,
            severity: "error",
            message: failure.message,
        }));
    }
    Report { files: count, rules: total, compiled, formats, samples, problems }
}
