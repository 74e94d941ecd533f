//! One document of a rule file: its metadata and its detection or correlation.

use sentra_model::Severity;

use crate::correlation::parse::{ParsedCorrelation, read as read_correlation};
use crate::logsource::Logsource;
use crate::problem::Fault;
use crate::text::hint;
use crate::yaml::{Node, Value};

use super::detection;
use super::expr::{Expr, Predicate};

/// A rule as it stands in its file.
#[derive(Debug)]
pub(crate) struct ParsedRule {
    pub(crate) line: u64,
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) level: Severity,
    pub(crate) tags: Vec<String>,
    /// The rule reports its matches even where a correlation refers to it.
    pub(crate) generate: bool,
    pub(crate) body: ParsedBody,
}

#[derive(Debug)]
pub(crate) enum ParsedBody {
    Single { logsource: Logsource, expression: Expr<Predicate> },
    Correlation(ParsedCorrelation),
}

const LEVELS: [(&str, Severity); 5] = [
    ("informational", Severity::Informational),
    ("low", Severity::Low),
    ("medium", Severity::Medium),
    ("high", Severity::High),
    ("critical", Severity::Critical),
];

/// The id of a document, or its title, as far as there is one: to name it in problems.
pub(crate) fn label(document: &Node) -> Option<String> {
    document.get("id").or_else(|| document.get("title")).and_then(Node::text)
}

/// Reads a document. What is odd but not wrong goes to `warn`.
pub(crate) fn read(document: &Node, warn: &mut impl FnMut(u64, String)) -> Result<ParsedRule, Fault> {
    if !matches!(document.value, Value::Map(_)) {
        return Err(Fault::new(document.line, "a rule must be a map with title, logsource and detection"));
    }
    let body = if let Some(correlation) = document.get("correlation") {
        ParsedBody::Correlation(read_correlation(correlation, warn)?)
    } else if let Some(detection) = document.get("detection") {
        let expression = detection::read(detection, warn)?;
        ParsedBody::Single { logsource: read_logsource(document, warn)?, expression }
    } else {
        let unsupported = ["action", "filter"].into_iter().find_map(|key| Some((key, document.get(key)?)));
        return Err(match unsupported {
            Some((key, node)) => {
                Fault::new(node.line, format!("documents with {key:?} are not supported yet"))
            }
            None => Fault::new(document.line, "the rule has neither a detection nor a correlation"),
        });
    };
    let text = |key: &str| document.get(key).and_then(Node::text).filter(|text| !text.trim().is_empty());
    let rule = ParsedRule {
        line: document.line,
        id: text("id"),
        name: text("name"),
        title: text("title"),
        level: read_level(document, warn),
        tags: document
            .get("tags")
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(Node::text)
            .collect(),
        generate: document.get("generate").is_some_and(|node| node.value == Value::Bool(true)),
        body,
    };
    lint(&rule, document, warn);
    Ok(rule)
}

fn read_level(document: &Node, warn: &mut impl FnMut(u64, String)) -> Severity {
    let Some(node) = document.get("level") else {
        warn(document.line, "the rule has no level".to_owned());
        return Severity::Unknown;
    };
    let text = node.text().unwrap_or_default();
    let known = LEVELS.into_iter().find(|(name, _)| text.eq_ignore_ascii_case(name));
    known.map_or_else(
        || {
            let hint = hint(&text, LEVELS.into_iter().map(|(name, _)| name));
            warn(node.line, format!("unknown level {text:?}{hint}"));
            Severity::Unknown
        },
        |(_, level)| level,
    )
}

fn read_logsource(document: &Node, warn: &mut impl FnMut(u64, String)) -> Result<Logsource, Fault> {
    const KNOWN: [&str; 4] = ["product", "category", "service", "definition"];
    let Some(node) = document.get("logsource") else {
        warn(document.line, "the rule has no logsource: it is tried on every event".to_owned());
        return Ok(Logsource::default());
    };
    if !matches!(node.value, Value::Map(_)) {
        return Err(Fault::new(node.line, "logsource must be a map of product, category and service"));
    }
    let part = |key: &str| node.get(key).and_then(Node::text).map(|text| text.trim().to_ascii_lowercase());
    let logsource =
        Logsource { product: part("product"), category: part("category"), service: part("service") };
    if logsource == Logsource::default() {
        warn(node.line, "the logsource names nothing: the rule is tried on every event".to_owned());
    }
    let nearly = |key: &str| KNOWN.into_iter().any(|known| known != key && !hint(key, [known]).is_empty());
    for entry in node.entries() {
        let key = entry.key.as_str();
        if !KNOWN.contains(&key) && nearly(key) {
            warn(entry.line, format!("unknown part {key:?} of the logsource{}", hint(key, KNOWN)));
        }
    }
    Ok(logsource)
}

/// What a rule should have and does not.
fn lint(rule: &ParsedRule, document: &Node, warn: &mut impl FnMut(u64, String)) {
    if rule.title.is_none() {
        warn(rule.line, "the rule has no title".to_owned());
    }
    match &rule.id {
        None => warn(rule.line, "the rule has no id".to_owned()),
        Some(id) if !is_uuid(id) => {
            let line = document.get("id").map_or(rule.line, |node| node.line);
            warn(line, format!("id {id:?} is no UUID"));
        }
        Some(_) => {}
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The id of a rule, or its title: to name it in problems.
pub(crate) fn label_of(rule: &ParsedRule) -> Option<String> {
    rule.id.clone().or_else(|| rule.title.clone())
}
