//! Detection content as text, with the place it came from.

use std::path::Path;

use sentra_detect::{ListKind, ProblemSeverity, RuleProblem, RuleSource};

use crate::kind::ContentKind;
use crate::manifest::ManifestProblem;

/// A list of values or a data table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListFile {
    /// The name by which rules ask it: that of the file without its ending, and without what says its kind.
    pub name: String,
    /// Where it is, for problems.
    pub path: String,
    /// Its lines, or its rows with a head.
    pub text: String,
    /// Whether it is a table, with columns separated by commas.
    pub is_table: bool,
    /// The pack it belongs to, `core@1`.
    pub pack: String,
}

/// How the names of lists end that do not hold texts.
const LIST_KINDS: [(&str, ListKind); 3] =
    [(".csv", ListKind::Table), (".regex.txt", ListKind::Regex), (".cidr.txt", ListKind::Cidr)];

impl ListFile {
    /// What it holds, which its file's name says.
    pub(crate) fn kind(&self) -> ListKind {
        let known = LIST_KINDS.iter().find(|(ending, _)| self.path.ends_with(ending));
        known.map_or(ListKind::Text, |(_, kind)| *kind)
    }
}

/// Everything that packs hold.
#[derive(Debug, Clone, Default)]
pub struct PackFiles {
    /// Rule documents.
    pub rules: Vec<RuleSource>,
    /// Sample files: path and text.
    pub samples: Vec<(String, String)>,
    /// Files of declared formats: path and text, see [`sentra_decode::Declared`].
    pub formats: Vec<(String, String)>,
    /// Lists and data tables.
    pub lists: Vec<ListFile>,
    /// Field-mapping pipelines, each for the rules of its own pack.
    pub mappings: Vec<RuleSource>,
    /// Filters that narrow rules of any pack.
    pub filters: Vec<RuleSource>,
    /// What is wrong with the packs themselves: manifests that cannot be read, files that were tampered with.
    pub problems: Vec<RuleProblem>,
}

impl PackFiles {
    /// Adds what another pack holds.
    pub fn extend(&mut self, other: Self) {
        self.rules.extend(other.rules);
        self.samples.extend(other.samples);
        self.formats.extend(other.formats);
        self.lists.extend(other.lists);
        self.mappings.extend(other.mappings);
        self.filters.extend(other.filters);
        self.problems.extend(other.problems);
    }

    /// How many files there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
            + self.samples.len()
            + self.formats.len()
            + self.lists.len()
            + self.mappings.len()
            + self.filters.len()
    }

    /// Whether there is nothing that could be checked: samples alone are no content.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == self.samples.len()
    }

    /// Adds a file of `kind`.
    pub(crate) fn add(&mut self, kind: ContentKind, path: &str, text: String, label: &str) {
        let (path, pack) = (path.to_owned(), label.to_owned());
        match kind {
            ContentKind::Rules => self.rules.push(RuleSource { path, text, pack }),
            ContentKind::Filters => self.filters.push(RuleSource { path, text, pack }),
            ContentKind::Formats => self.formats.push((path, text)),
            ContentKind::Mappings => self.mappings.push(RuleSource { path, text, pack }),
            ContentKind::Tests => self.samples.push((path, text)),
            ContentKind::Lists => {
                let name = Path::new(&path).file_name().map(|name| name.to_string_lossy());
                let name = name.unwrap_or_default();
                let endings = LIST_KINDS.iter().map(|(ending, _)| *ending).chain([".txt"]);
                let stem = endings.into_iter().find_map(|ending| name.strip_suffix(ending));
                let name = stem.unwrap_or(&name).to_owned();
                let is_table = path.ends_with(".csv");
                self.lists.push(ListFile { name, path, text, is_table, pack });
            }
        }
    }

    pub(crate) fn sort(&mut self) {
        self.rules.sort_by(|one, other| one.path.cmp(&other.path));
        self.filters.sort_by(|one, other| one.path.cmp(&other.path));
        self.samples.sort();
        self.formats.sort();
        self.mappings.sort_by(|one, other| one.path.cmp(&other.path));
        self.lists.sort();
    }

    pub(crate) fn problem(&mut self, severity: ProblemSeverity, path: String, message: String) {
        self.problems.push(RuleProblem { path, line: 1, rule: None, severity, message });
    }

    pub(crate) fn manifest_problems(&mut self, problems: Vec<ManifestProblem>) {
        let problems = problems.into_iter().map(|ManifestProblem { path, line, message }| RuleProblem {
            path,
            line,
            rule: None,
            severity: ProblemSeverity::Error,
            message,
        });
        self.problems.extend(problems);
    }
}
