//! Whether content works: everything is compiled together, and the samples are run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use sentra_decode::{Declared, DecodeOptions, Decoder, FormatProblem, FormatProblemSeverity};
use sentra_detect::{ProblemSeverity, RuleProblem, RuleSet};

use crate::files::PackFiles;
use crate::kind::ContentKind;
use crate::samples::check_samples;
use crate::yaml;

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

/// Kinds of content that are checked, stored and versioned, and that nothing uses yet.
const NOT_USED_YET: [ContentKind; 3] = [ContentKind::Lists, ContentKind::Mappings, ContentKind::Filters];

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
    RuleSet::compile(files.rules.clone())
}

/// Compiles everything in `files` together.
pub(crate) fn compile(files: &PackFiles) -> Compiled {
    let mut problems: Vec<CheckProblem> = files.problems.iter().cloned().map(CheckProblem::from).collect();
    let (rules, rule_problems) = compile_rules(files);
    problems.extend(rule_problems.into_iter().map(CheckProblem::from));
    let (declared, format_problems) = Declared::compile(&files.formats);
    problems.extend(format_problems.into_iter().map(CheckProblem::from));
    check_lists(files, &mut problems);
    check_yaml(ContentKind::Mappings, files.mappings.iter().map(|(path, text)| (path, text)), &mut problems);
    let filters = files.filters.iter().map(|source| (&source.path, &source.text));
    check_yaml(ContentKind::Filters, filters, &mut problems);
    say_not_used(files, &mut problems);
    Compiled { rules: Arc::new(rules), declared, problems }
}

/// Says once for each pack and kind that something in it has no effect.
fn say_not_used(files: &PackFiles, problems: &mut Vec<CheckProblem>) {
    for kind in NOT_USED_YET {
        let paths: Vec<&str> = match kind {
            ContentKind::Lists => files.lists.iter().map(|list| list.path.as_str()).collect(),
            ContentKind::Mappings => files.mappings.iter().map(|(path, _)| path.as_str()).collect(),
            ContentKind::Filters => files.filters.iter().map(|filter| filter.path.as_str()).collect(),
            ContentKind::Rules | ContentKind::Formats | ContentKind::Tests => Vec::new(),
        };
        let mut said = BTreeSet::new();
        for path in paths {
            if said.insert(Path::new(path).parent()) {
                let message = format!("this version of Sentra does not use {} yet", kind.directory());
                problems.push(CheckProblem {
                    path: path.to_owned(),
                    line: 1,
                    about: None,
                    is_error: false,
                    message,
                });
            }
        }
    }
}

/// Rules ask a list by its name alone, so no two may share one.
fn check_lists(files: &PackFiles, problems: &mut Vec<CheckProblem>) {
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    for list in &files.lists {
        let mut problem = |line: u64, is_error: bool, message: String| {
            let about = Some(list.name.clone());
            problems.push(CheckProblem { path: list.path.clone(), line, about, is_error, message });
        };
        if let Some(other) = known.insert(&list.name, &list.path) {
            problem(1, true, format!("there is another list {:?}: {other}", list.name));
        }
        if let Some((line, _)) = (1..).zip(list.text.lines()).find(|(_, line)| line.contains('\0')) {
            problem(line, true, "a list is text; here is a zero byte".to_owned());
        }
        if list.text.trim().is_empty() {
            problem(1, list.is_table, "the list is empty".to_owned());
        }
    }
}

fn check_yaml<'a>(
    kind: ContentKind,
    files: impl Iterator<Item = (&'a String, &'a String)>,
    problems: &mut Vec<CheckProblem>,
) {
    for (path, text) in files {
        let about = Some(kind.directory().to_owned());
        let problem = match yaml::check(text, true) {
            Err(fault) => (fault.line, fault.message),
            Ok(()) if text.trim().is_empty() => (1, "the file is empty".to_owned()),
            Ok(()) => continue,
        };
        let (line, message) = problem;
        problems.push(CheckProblem { path: path.clone(), line, about, is_error: true, message });
    }
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
