//! Sigma filters: documents that narrow rules of other files, without touching them.

use std::cell::Cell;

use crate::logsource::Logsource;
use crate::problem::{Fault, ProblemSeverity};
use crate::ruleset::RuleSource;
use crate::text::hint;
use crate::yaml::{Node, Value};

use super::documents::{Document, read as documents};
use super::draft::Draft;
use super::rule::{label, read_logsource};
use super::tree::Detection;

/// A filter. Its condition is joined to that of every rule it is for, by and.
#[derive(Debug)]
pub(crate) struct Filter {
    rules: Rules,
    logsource: Logsource,
    detection: Detection,
}

/// The filters of a set, with the paths of their files: they are for rules of any file, and so are read first.
#[derive(Debug, Default)]
pub(crate) struct Filters {
    pub(crate) all: Vec<Filter>,
    paths: Vec<String>,
}

impl Filters {
    /// Reads the filters in `sources`. What is wrong goes to `tell`: path, rule, how much it matters.
    pub(crate) fn read(
        sources: &[RuleSource],
        tell: &mut impl FnMut(&str, Option<String>, ProblemSeverity, Fault),
    ) -> Self {
        let mut filters = Self::default();
        let begins = |text: &str| text.starts_with("filter:") || text.contains("\nfilter:");
        for source in sources.iter().filter(|source| begins(&source.text)) {
            for document in documents(&source.text).into_iter().flatten() {
                if !is_filter(&document.node) {
                    continue;
                }
                let rule = label(&document.node);
                let mut warnings = Vec::new();
                match Filter::read(document, &mut |line, message| warnings.push(Fault::new(line, message))) {
                    Ok(filter) => {
                        filters.all.push(filter);
                        filters.paths.push(source.path.clone());
                    }
                    Err(fault) => tell(&source.path, rule.clone(), ProblemSeverity::Error, fault),
                }
                for warning in warnings {
                    tell(&source.path, rule.clone(), ProblemSeverity::Warning, warning);
                }
            }
        }
        filters
    }

    /// The rules that filters name and that nothing was met of: path, line and name.
    pub(crate) fn missed(&self) -> impl Iterator<Item = (&str, u64, &str)> {
        self.all
            .iter()
            .zip(&self.paths)
            .flat_map(|(filter, path)| filter.missed().map(move |(key, line)| (path.as_str(), line, key)))
    }
}

/// The rules that a filter is for.
#[derive(Debug)]
enum Rules {
    /// All of the logsource.
    Any,
    /// Those with these ids, names or titles; `true` for those that were met.
    Named(Vec<(String, u64, Cell<bool>)>),
}

/// Whether `document` is a filter.
pub(crate) fn is_filter(document: &Node) -> bool {
    document.get("filter").is_some()
        && document.get("detection").is_none()
        && document.get("correlation").is_none()
}

impl Filter {
    /// Reads a filter. What is odd but not wrong goes to `warn`.
    pub(crate) fn read(document: Document, warn: &mut impl FnMut(u64, String)) -> Result<Self, Fault> {
        let line = document.node.line;
        let logsource = read_logsource(&document.node, "filter", warn)?;
        let Value::Map(entries) = document.node.value else {
            return Err(Fault::new(line, "a filter must be a map with logsource and filter"));
        };
        let filter = entries.into_iter().find(|entry| entry.key == "filter").map(|entry| entry.value);
        let Some(filter) = filter else {
            return Err(Fault::new(line, "the filter has no filter part"));
        };
        let rules = read_rules(&filter)?;
        let detection = Detection::read(filter, &["rules"])?;
        if let Some(odd) = detection.conditions.iter().find(|conditional| conditional.aggregation.is_some()) {
            return Err(Fault::new(odd.line, "a filter cannot aggregate: it looks at one event"));
        }
        Ok(Self { rules, logsource, detection })
    }

    /// Adds itself to `draft`, if it is for that rule.
    pub(crate) fn apply(&self, draft: &mut Draft) {
        let fits = |wanted: &Option<String>, part: &Option<String>| wanted.is_none() || wanted == part;
        let logsource = fits(&self.logsource.product, &draft.logsource.product)
            && fits(&self.logsource.category, &draft.logsource.category)
            && fits(&self.logsource.service, &draft.logsource.service);
        if !logsource {
            return;
        }
        if let Rules::Named(rules) = &self.rules {
            let keys = [&draft.id, &draft.name, &draft.title];
            let met: Vec<_> =
                rules.iter().filter(|(key, ..)| keys.iter().any(|own| own.as_ref() == Some(key))).collect();
            if met.is_empty() {
                return;
            }
            met.iter().for_each(|(.., met)| met.set(true));
        }
        draft.filters.push(self.detection.clone());
    }

    /// The rules it names that nothing was met of, with their lines.
    fn missed(&self) -> impl Iterator<Item = (&str, u64)> {
        let rules = match &self.rules {
            Rules::Any => [].as_slice(),
            Rules::Named(rules) => rules,
        };
        rules.iter().filter(|(.., met)| !met.get()).map(|(key, line, _)| (key.as_str(), *line))
    }
}

fn read_rules(filter: &Node) -> Result<Rules, Fault> {
    let Some(rules) = filter.get("rules") else {
        let message = "the filter names no rules: list ids or names under rules, or write rules: any";
        return Err(Fault::new(filter.line, message));
    };
    if let Some(text) = rules.text().filter(|_| !matches!(rules.value, Value::List(_)))
        && text.eq_ignore_ascii_case("any")
    {
        return Ok(Rules::Any);
    }
    let mut named = Vec::new();
    for item in rules.items() {
        let Some(key) = item.text().filter(|key| !key.trim().is_empty()) else {
            return Err(Fault::new(item.line, "a rule of a filter is named by its id or name"));
        };
        named.push((key, item.line, Cell::new(false)));
    }
    if named.is_empty() {
        return Err(Fault::new(rules.line, "the filter's list of rules is empty"));
    }
    Ok(Rules::Named(named))
}

/// What is said of a rule that a filter names and that does not exist or has another logsource.
pub(crate) fn missed_message<'a>(key: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let hint = hint(key, known);
    format!("[filter-misses] the filter is for no rule {key:?} of its logsource in this set{hint}")
}
