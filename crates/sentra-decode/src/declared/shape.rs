//! The ways of reading a record: pattern, regex, key_value, csv and json.

use std::borrow::Cow;
use std::collections::BTreeSet;

use regex::{Regex, RegexBuilder};

use super::csv::Csv;
use super::intern::kept;
use super::keys::{check, field_name, is_field_name, texts};
use super::pairs::Pairs;
use super::pattern::Pattern;
use super::problem::Faults;
use super::times::TimeForm;
use super::value::Found;
use super::yaml::{Node, Value};
use crate::decoder::Context;
use crate::flatten;

/// Most patterns, or regular expressions, of one format; they are tried in their order.
const PATTERNS_MAX: usize = 64;
/// Law LIMIT: what a compiled regular expression may take, and its cache while it runs, in bytes each.
const REGEX_BYTES_MAX: usize = 1 << 20;
/// Deepest nesting of a regular expression.
const REGEX_DEPTH_MAX: u32 = 64;
/// Most short names for paths of a JSON format.
const PATHS_MAX: usize = 256;

/// The keys that say how a record is read; a format has one of them.
pub(super) const KEYS: [&str; 5] = ["pattern", "regex", "key_value", "csv", "json"];

/// How a record is read.
#[derive(Debug)]
pub(super) enum Shape {
    Patterns(Vec<Pattern>),
    Regexes(Vec<Expression>),
    Pairs(Pairs),
    Csv(Csv),
    Json(Paths),
}

/// A regular expression with the names of its groups.
#[derive(Debug)]
pub(super) struct Expression {
    regex: Regex,
    names: Vec<(usize, Cow<'static, str>)>,
}

/// Short names for the paths of a JSON object.
#[derive(Debug, Default)]
pub(super) struct Paths(Vec<(Cow<'static, str>, String)>);

impl Shape {
    /// Reads the one of [`KEYS`] that `node` has. `form` says how the time in a field is written.
    pub(super) fn compile(
        node: &Node,
        place: &str,
        form: impl Fn(&str) -> Option<TimeForm>,
        faults: &mut Faults,
    ) -> Option<Self> {
        let given: Vec<_> =
            node.entries().iter().filter(|entry| KEYS.contains(&entry.key.as_str())).collect();
        let [entry] = given.as_slice() else {
            let message = match given.as_slice() {
                [] => format!("{place} needs one of {}: it says how a record is read", KEYS.join(", ")),
                [_, second, ..] => {
                    format!("{place} has one of {} only; `{}` is too much", KEYS.join(", "), second.key)
                }
                [_] => return None,
            };
            faults.error(given.get(1).map_or(node.line, |entry| entry.line), message);
            return None;
        };
        let value = &entry.value;
        match entry.key.as_str() {
            "pattern" => {
                let texts = texts(value, "pattern", PATTERNS_MAX, faults);
                let compiled = texts.into_iter().filter_map(|(text, line)| {
                    faults.keep(
                        line,
                        Pattern::compile(text, &form).map_err(|error| format!("pattern: {error}")),
                    )
                });
                some(compiled.collect()).map(Self::Patterns)
            }
            "regex" => {
                let texts = texts(value, "regex", PATTERNS_MAX, faults);
                let compiled =
                    texts.into_iter().filter_map(|(text, line)| faults.keep(line, Expression::compile(text)));
                some(compiled.collect()).map(Self::Regexes)
            }
            "key_value" => Some(Self::Pairs(Pairs::compile(value, faults))),
            "csv" => Csv::compile(value, faults).map(Self::Csv),
            _ => Some(Self::Json(paths(value, faults))),
        }
    }

    /// Whether records are JSON objects.
    pub(super) fn is_json(&self) -> bool {
        matches!(self, Self::Json(_))
    }

    /// The names of its fields, where the definition says which there are.
    pub(super) fn names(&self) -> Option<BTreeSet<String>> {
        match self {
            Self::Patterns(patterns) => {
                Some(patterns.iter().flat_map(Pattern::names).map(str::to_owned).collect())
            }
            Self::Regexes(regexes) => {
                let names = regexes.iter().flat_map(|regex| regex.names.iter());
                Some(names.map(|(_, name)| name.to_string()).collect())
            }
            Self::Csv(csv) => Some(csv.names().map(str::to_owned).collect()),
            Self::Pairs(_) | Self::Json(_) => None,
        }
    }

    /// Adds the fields of `text` to `found`; `None` when it is not of this shape, else what was left out.
    pub(super) fn read<'a>(
        &self,
        context: &Context<'_>,
        text: &'a str,
        found: &mut Vec<Found<'a>>,
    ) -> Option<LeftOut> {
        let matched = match self {
            Self::Patterns(patterns) => patterns.iter().any(|pattern| pattern.read(context, text, found)),
            Self::Regexes(regexes) => regexes.iter().any(|regex| regex.read(text, found)),
            Self::Csv(csv) => csv.read(text, found),
            Self::Pairs(pairs) => {
                let words = pairs.read(text, found)?;
                return Some((words > 0).then(|| format!("words that are no pairs left out: {words}")));
            }
            Self::Json(paths) => {
                let flat = flatten::object(text).ok()?;
                let problem = flat.problem();
                found.extend(flat.fields.into_iter().map(|(name, value)| Found::new(name, value)));
                paths.shorten(found);
                return Some(problem);
            }
        };
        matched.then_some(None)
    }
}

/// What a reading did not take, for people.
pub(super) type LeftOut = Option<String>;

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

impl Expression {
    fn compile(text: &str) -> Result<Self, String> {
        let regex = RegexBuilder::new(text)
            .size_limit(REGEX_BYTES_MAX)
            .dfa_size_limit(REGEX_BYTES_MAX)
            .nest_limit(REGEX_DEPTH_MAX)
            .build()
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => {
                    format!(
                        "regex: compiled it takes more than the {REGEX_BYTES_MAX} bytes allowed; repeat less"
                    )
                }
                other => format!("regex: {}", one_line(&other.to_string())),
            })?;
        let names: Vec<_> = regex
            .capture_names()
            .enumerate()
            .filter_map(|(index, name)| name.map(|name| (index, kept(name))))
            .collect();
        if names.is_empty() {
            return Err("regex: it has no named group, such as (?<user>[a-z]+)".to_owned());
        }
        Ok(Self { regex, names })
    }

    fn read<'a>(&self, text: &'a str, found: &mut Vec<Found<'a>>) -> bool {
        let Some(captures) = self.regex.captures(text) else { return false };
        found.extend(self.names.iter().filter_map(|(index, name)| {
            captures.get(*index).map(|group| Found::text(name.clone(), group.as_str()))
        }));
        true
    }
}

/// The last line of a multi-line message: the others draw an arrow under the expression.
fn one_line(message: &str) -> &str {
    let last = message.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or(message);
    last.strip_prefix("error: ").unwrap_or(last)
}

impl Paths {
    /// Adds the values of the paths under their short names.
    pub(super) fn shorten(&self, found: &mut Vec<Found<'_>>) {
        for (name, path) in &self.0 {
            let value = found.iter().find(|found| found.name == path.as_str());
            if let Some(value) = value.map(|found| found.value.clone()) {
                found.push(Found::new(name.clone(), value));
            }
        }
    }
}

fn paths(node: &Node, faults: &mut Faults) -> Paths {
    let mut paths = Paths::default();
    if node.value == Value::Null || node.text() == Some("true") || !check(node, "json", &["paths"], faults) {
        return paths;
    }
    let Some(list) = node.get("paths") else { return paths };
    let Value::Map(entries) = &list.value else {
        faults.error(list.line, "paths must be a map of name: path");
        return paths;
    };
    if entries.len() > PATHS_MAX {
        faults.error(list.line, format!("{} paths are more than the {PATHS_MAX} allowed", entries.len()));
        return paths;
    }
    for entry in entries {
        if !is_field_name(&entry.key) {
            faults.error(entry.line, format!("paths: `{}` cannot be the name of a field", entry.key));
        } else if let Some(path) = field_name(&entry.value, "paths", faults) {
            paths.0.push((kept(&entry.key), path.to_owned()));
        }
    }
    paths
}
