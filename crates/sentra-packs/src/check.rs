//! Whether content works: everything is compiled together, and the samples are run.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use sentra_decode::{Declared, DecodeOptions, Decoder, FormatProblem, FormatProblemSeverity};
use sentra_detect::{CompileOptions, Pipeline, ProblemSeverity, RuleProblem, RuleSet, RuleSource};

use crate::files::PackFiles;
use crate::lists::{cut_placeholders, placeholders, shared_lists};
use crate::samples::check_samples;

/// What is wrong with content, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CheckProblem {
    /// The file.
    pub path: String,
    /// The line in it, counted from 1.
    pub line: u64,
    /// The rule or the format it is about, where one is known.
    pub about: Option<String>,
    /// Whether it keeps the pack from being activated.
    pub is_error: bool,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for CheckProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = if self.is_error { "error" } else { "warning" };
        write!(f, "{}:{}: {severity}: {}", self.path, self.line, self.message)?;
        self.about.as_ref().map_or(Ok(()), |about| write!(f, " [{about}]"))
    }
}

impl From<RuleProblem> for CheckProblem {
    fn from(problem: RuleProblem) -> Self {
        let RuleProblem { path, line, rule, severity, message } = problem;
        Self { path, line, about: rule, is_error: severity == ProblemSeverity::Error, message }
    }
}

impl From<FormatProblem> for CheckProblem {
    fn from(problem: FormatProblem) -> Self {
        let FormatProblem { path, line, format, severity, message } = problem;
        Self { path, line, about: format, is_error: severity == FormatProblemSeverity::Error, message }
    }
}

/// Content, compiled.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) rules: Arc<RuleSet>,
    pub(crate) declared: Declared,
    pub(crate) problems: Vec<CheckProblem>,
}

/// Compiles the rules of `files` with everything beside them that they use. This is the one place that knows which that
/// is: the server, the command line and the preflight of an installation all come here.
#[must_use]
pub fn compile_rules(files: &PackFiles) -> (RuleSet, Vec<RuleProblem>) {
    let (lists, mut problems) = shared_lists(files);
    let (placeholders, cut) = placeholders(files, &lists.current());
    let pipelines = pipelines(files, &mut problems);
    let options = CompileOptions { lists: placeholders, pipelines, shared_lists: lists };
    let sources = files.rules.iter().chain(&files.filters).cloned().collect();
    let (rules, found) = RuleSet::compile_with(sources, &options);
    problems.extend(found);
    problems.extend(cut_placeholders(&cut, &rules));
    say_misplaced(files, &rules, &mut problems);
    problems.sort_by(|one, other| (&one.path, one.line).cmp(&(&other.path, other.line)));
    (rules, problems)
}

/// The mappings, each for the rules of its own pack.
fn pipelines(files: &PackFiles, problems: &mut Vec<RuleProblem>) -> Vec<Pipeline> {
    let mut pipelines = Vec::new();
    for RuleSource { path, text, pack } in &files.mappings {
        match Pipeline::read(path, text) {
            Ok((pipeline, warnings)) => {
                pipelines.push(pipeline.for_pack(pack));
                problems.extend(warnings);
            }
            Err(problem) => problems.push(*problem),
        }
    }
    pipelines
}

/// Rules among the filters would run, but nobody looks for them there.
fn say_misplaced(files: &PackFiles, rules: &RuleSet, problems: &mut Vec<RuleProblem>) {
    let filters: BTreeSet<&str> = files.filters.iter().map(|filter| filter.path.as_str()).collect();
    for rule in rules.rules().iter().filter(|rule| filters.contains(rule.path())) {
        problems.push(RuleProblem {
            path: rule.path().to_owned(),
            line: rule.line(),
            rule: Some(rule.reference().id.clone()),
            severity: ProblemSeverity::Error,
            message: "filters/ is for filters, and this is a rule: it belongs into rules/".to_owned(),
        });
    }
}

/// Compiles everything in `files` together.
pub(crate) fn compile(files: &PackFiles) -> Compiled {
    let mut problems: Vec<CheckProblem> = files.problems.iter().cloned().map(CheckProblem::from).collect();
    let (rules, rule_problems) = compile_rules(files);
    problems.extend(rule_problems.into_iter().map(CheckProblem::from));
    let (declared, format_problems) = Declared::compile(&files.formats);
    problems.extend(format_problems.into_iter().map(CheckProblem::from));
    Compiled { rules: Arc::new(rules), declared, problems }
}

/// Runs the samples for which `is_meant` says so of their paths, and those of the formats. Gives how many ran.
pub(crate) fn run_samples(
    files: &PackFiles,
    compiled: &mut Compiled,
    is_meant: impl Fn(&str) -> bool,
) -> usize {
    let mut samples = compiled.declared.samples();
    let of_formats = compiled.declared.check_samples().into_iter().map(CheckProblem::from);
    compiled.problems.extend(of_formats.filter(|problem| is_meant(&problem.path)));
    let declared = compiled.declared.clone();
    let decoder = Decoder::new(DecodeOptions { declared, ..DecodeOptions::default() });
    for (path, text) in files.samples.iter().filter(|(path, _)| is_meant(path)) {
        let report = check_samples(path, text, &compiled.rules, &decoder);
        samples += report.samples;
        compiled.problems.extend(report.failures.into_iter().map(|failure| CheckProblem {
            path: failure.path,
            line: 1,
            about: failure.rule,
            is_error: true,
            message: failure.message,
        }));
    }
    samples
}
