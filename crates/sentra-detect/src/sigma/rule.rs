//! One document of a rule file: its metadata and its detection or correlation.

use sentra_model::Severity;

use crate::correlation::parse::{ParsedCorrelation, read as read_correlation};
use crate::logsource::Logsource;
use crate::pipeline::{self, Pipeline, ScopedPipelines};
use crate::placeholders::Placeholders;
use crate::problem::Fault;
use crate::text::hint;
use crate::yaml::{Node, Value};

use super::documents::{Document, Part};
use super::draft::Draft;
use super::expr::{Expr, Predicate};
use super::filter::Filter;
use super::tree::Detection;

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
    /// Names of the lists that its placeholders stand for.
    pub(crate) lists: Vec<String>,
    /// The logsource before pipelines; of correlations none.
    pub(crate) written: Option<Logsource>,
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

/// What rules are read with.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) lists: &'a Placeholders,
    pub(crate) pipelines: &'a ScopedPipelines,
    pub(crate) filters: &'a [Filter],
    /// The pack of the rule that is read.
    pub(crate) pack: &'a str,
}

impl Reader<'_> {
    /// The pipelines for the rules of the pack.
    pub(crate) fn pipelines(&self) -> &[Pipeline] {
        self.pipelines.of(self.pack)
    }

    /// Reads a document: a rule or a correlation, or the rules that one of the old form becomes. What is odd
    /// but not wrong goes to `warn`.
    pub(crate) fn read(
        &self,
        document: Document,
        warn: &mut impl FnMut(u64, String),
    ) -> Result<Vec<ParsedRule>, Fault> {
        let Document { node, parts } = document;
        if !matches!(node.value, Value::Map(_)) {
            return Err(Fault::new(node.line, "a rule must be a map with title, logsource and detection"));
        }
        if let Some(correlation) = node.get("correlation") {
            let correlation = read_correlation(correlation, warn)?;
            let head = Head::read(&node, warn);
            return Ok(vec![head.rule(ParsedBody::Correlation(correlation))]);
        }
        let mut draft = read_draft(node, parts, warn)?;
        self.filters.iter().for_each(|filter| filter.apply(&mut draft));
        if !self.pipelines().is_empty() {
            pipeline::apply(self.pipelines(), &mut draft)?;
        }
        draft.finish(self, warn)
    }
}

/// Reads a rule with a detection, as written.
pub(crate) fn read_draft(
    mut node: Node,
    parts: Vec<Part>,
    warn: &mut impl FnMut(u64, String),
) -> Result<Draft, Fault> {
    let line = node.line;
    let Some(detection) = node.remove("detection") else {
        return Err(Fault::new(line, "the rule has neither a detection nor a correlation"));
    };
    let detection = Detection::read(detection, &[])?;
    let logsource = read_logsource(&node, "rule", warn)?;
    let Head { id, name, title, status, level, tags, generate, .. } = Head::read(&node, warn);
    let parts = parts.into_iter().map(|part| (part.selections, logsource_of(&part.logsource))).collect();
    let filters = Vec::new();
    Ok(Draft {
        line,
        id,
        name,
        title,
        status,
        level,
        tags,
        generate,
        written: logsource.clone(),
        logsource,
        detection,
        parts,
        filters,
    })
}

/// What stands at the top of a rule.
struct Head {
    line: u64,
    id: Option<String>,
    name: Option<String>,
    title: Option<String>,
    status: Option<String>,
    level: Severity,
    tags: Vec<String>,
    generate: bool,
}

impl Head {
    fn read(document: &Node, warn: &mut impl FnMut(u64, String)) -> Self {
        let text = |key: &str| document.get(key).and_then(Node::text).filter(|text| !text.trim().is_empty());
        let tags = document.get("tags").map(Node::items).unwrap_or_default();
        let head = Self {
            line: document.line,
            id: text("id"),
            name: text("name"),
            title: text("title"),
            status: text("status"),
            level: read_level(document, warn),
            tags: tags.iter().filter_map(Node::text).collect(),
            generate: document.get("generate").is_some_and(|node| node.value == Value::Bool(true)),
        };
        head.lint(document, warn);
        head
    }

    fn rule(self, body: ParsedBody) -> ParsedRule {
        let Self { line, id, name, title, level, tags, generate, .. } = self;
        ParsedRule { line, id, name, title, level, tags, generate, lists: Vec::new(), written: None, body }
    }

    /// What a rule should have and does not.
    fn lint(&self, document: &Node, warn: &mut impl FnMut(u64, String)) {
        if self.title.is_none() {
            warn(self.line, "[missing-title] the rule has no title".to_owned());
        }
        match &self.id {
            None => warn(self.line, "[missing-id] the rule has no id".to_owned()),
            Some(id) if !is_uuid(id) => {
                let line = document.get("id").map_or(self.line, |node| node.line);
                warn(line, format!("[id-no-uuid] id {id:?} is no UUID"));
            }
            Some(_) => {}
        }
    }
}

fn read_level(document: &Node, warn: &mut impl FnMut(u64, String)) -> Severity {
    let Some(node) = document.get("level") else {
        warn(document.line, "[missing-level] the rule has no level".to_owned());
        return Severity::Unknown;
    };
    let text = node.text().unwrap_or_default();
    let known = LEVELS.into_iter().find(|(name, _)| text.eq_ignore_ascii_case(name));
    known.map_or_else(
        || {
            let hint = hint(&text, LEVELS.into_iter().map(|(name, _)| name));
            warn(node.line, format!("[unknown-level] unknown level {text:?}{hint}"));
            Severity::Unknown
        },
        |(_, level)| level,
    )
}

/// Reads the logsource of a rule or filter (`what`).
pub(super) fn read_logsource(
    document: &Node,
    what: &str,
    warn: &mut impl FnMut(u64, String),
) -> Result<Logsource, Fault> {
    const KNOWN: [&str; 4] = ["product", "category", "service", "definition"];
    let Some(node) = document.get("logsource") else {
        warn(
            document.line,
            format!("[missing-logsource] the {what} has no logsource: it is for every event"),
        );
        return Ok(Logsource::default());
    };
    if !matches!(node.value, Value::Map(_)) {
        return Err(Fault::new(node.line, "logsource must be a map of product, category and service"));
    }
    let logsource = logsource_of(node);
    if logsource == Logsource::default() {
        warn(
            node.line,
            format!("[empty-logsource] the logsource names nothing: the {what} is for every event"),
        );
    }
    let nearly = |key: &str| KNOWN.into_iter().any(|known| known != key && !hint(key, [known]).is_empty());
    for entry in node.entries() {
        let key = entry.key.as_str();
        if !KNOWN.contains(&key) && nearly(key) {
            warn(
                entry.line,
                format!("[unknown-logsource-part] unknown part {key:?} of the logsource{}", hint(key, KNOWN)),
            );
        }
    }
    Ok(logsource)
}

fn logsource_of(node: &Node) -> Logsource {
    let part = |key: &str| node.get(key).and_then(Node::text).map(|text| text.trim().to_ascii_lowercase());
    Logsource { product: part("product"), category: part("category"), service: part("service") }
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
