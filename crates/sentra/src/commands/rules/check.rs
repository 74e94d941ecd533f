//! `sentra rules check`

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use sentra_decode::{Declared, DecodeOptions, Decoder, FormatProblem, FormatProblemSeverity};
use sentra_detect::{ProblemSeverity, RuleName, RuleProblem, RuleSet, lint, lint_counts};
use sentra_packs::{PackFiles, built_in_packs, check_samples, compile_rules, load_rules};
use serde::Serialize;

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

/// What the rules look for of ATT&CK. Rules that only feed a correlation do not count, it does.
#[derive(Debug, Serialize)]
struct Covered {
    rules: usize,
    techniques: Vec<String>,
    tactics: Vec<String>,
    without_technique: Vec<RuleName>,
}

impl Covered {
    fn of(rules: &RuleSet) -> Self {
        let coverage = rules.coverage(&BTreeSet::new());
        Self {
            rules: coverage.rules,
            techniques: coverage.techniques.into_keys().collect(),
            tactics: coverage.tactics.into_iter().map(|covered| covered.tactic).collect(),
            without_technique: coverage.without_technique,
        }
    }
}

/// What checking packs gave, as programs get it.
#[derive(Debug, Serialize)]
struct Report {
    #[serde(skip)]
    files: usize,
    rules: usize,
    compiled: usize,
    /// Compiled rules by their language.
    kinds: BTreeMap<&'static str, usize>,
    formats: usize,
    lists: usize,
    mappings: usize,
    filters: usize,
    samples: usize,
    coverage: Covered,
    /// How often each lint found something.
    lints: BTreeMap<&'static str, usize>,
    problems: Vec<Problem>,
}

pub(super) fn check(arguments: &RulesCheckArguments) -> anyhow::Result<()> {
    let report = report(packs(arguments)?, !arguments.no_lints);
    let errors = report.problems.iter().filter(|problem| problem.severity == "error").count();
    if arguments.json {
        output::json(&report)?;
    } else {
        for Problem { path, line, rule, format, severity, message } in &report.problems {
            let about = rule.as_deref().or(format.as_deref());
            let about = about.map(|about| format!(" [{about}]")).unwrap_or_default();
            output::line(&format!("{path}:{line}: {severity}: {message}{about}"))?;
        }
    }
    say_summary(&report);
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

/// What there is beside rules and formats, and what the rules cover.
fn say_summary(report: &Report) {
    let many = |count: usize, what: &str| counted(count as u64, what);
    let mut kinds: Vec<String> = report.kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    for (count, what) in [(report.lists, "list"), (report.mappings, "mapping"), (report.filters, "filter")] {
        if count > 0 {
            kinds.push(many(count, what));
        }
    }
    if !kinds.is_empty() {
        output::remark(&format!("kinds: {}", kinds.join(", ")));
    }
    let Covered { rules, techniques, tactics, without_technique } = &report.coverage;
    output::remark(&format!(
        "ATT&CK: {} and {} by {}, {} of them without a technique",
        many(techniques.len(), "technique"),
        many(tactics.len(), "tactic"),
        many(*rules, "reporting rule"),
        without_technique.len(),
    ));
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
            bail!(
                "{path} holds neither rules nor formats, nor a pack with lists, mappings or filters: rules and formats are files that end in .yml or .yaml"
            );
        }
        files.extend(found);
    }
    Ok(files)
}

fn report(files: PackFiles, with_lints: bool) -> Report {
    let (lists, mappings, filters) = (files.lists.len(), files.mappings.len(), files.filters.len());
    let count = files.len() - files.samples.len();
    let (declared, format_problems) = Declared::compile(&files.formats);
    let formats: BTreeSet<(&str, Option<&str>)> = format_problems
        .iter()
        .filter(|problem| problem.severity == FormatProblemSeverity::Error)
        .map(|problem| (problem.path.as_str(), problem.format.as_deref()))
        .collect();
    let (formats, format_samples) = (declared.len() + formats.len(), declared.samples());
    let mut problems: Vec<Problem> =
        format_problems.into_iter().chain(declared.check_samples()).map(Problem::from).collect();
    let (rules, mut rule_problems) = compile_rules(&files);
    if with_lints {
        rule_problems.extend(lint(&files.rules));
        rule_problems.sort_by(|one, other| (&one.path, one.line).cmp(&(&other.path, other.line)));
    }
    problems.extend(files.problems.into_iter().map(Problem::from));
    let compiled = rules.len();
    let lints = lint_counts(&rule_problems).into_iter().collect();
    let rule_files: BTreeSet<&str> = files.rules.iter().map(|source| source.path.as_str()).collect();
    let failed: BTreeSet<(&str, Option<&str>)> = rule_problems
        .iter()
        .filter(|problem| problem.severity == ProblemSeverity::Error)
        .filter(|problem| rule_files.contains(problem.path.as_str()))
        .map(|problem| (problem.path.as_str(), problem.rule.as_deref()))
        .collect();
    let total = compiled + failed.len();
    problems.splice(0..0, rule_problems.into_iter().map(Problem::from));
    let mut kinds = BTreeMap::new();
    for rule in rules.rules() {
        *kinds.entry(rule.reference().kind.as_str()).or_default() += 1;
    }
    let coverage = Covered::of(&rules);
    let decoder = Decoder::new(DecodeOptions { declared, ..DecodeOptions::default() });
    let samples = format_samples + run_samples(&files.samples, &Arc::new(rules), &decoder, &mut problems);
    Report {
        files: count,
        rules: total,
        compiled,
        kinds,
        formats,
        lists,
        mappings,
        filters,
        samples,
        coverage,
        lints,
        problems,
    }
}

/// Runs the samples of rules. Gives how many there are; what they do not do as they say goes to `problems`.
fn run_samples(
    files: &[(String, String)],
    rules: &Arc<RuleSet>,
    decoder: &Decoder,
    problems: &mut Vec<Problem>,
) -> usize {
    let mut samples = 0;
    for (path, text) in files {
        let report = check_samples(path, text, rules, decoder);
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
    samples
}
