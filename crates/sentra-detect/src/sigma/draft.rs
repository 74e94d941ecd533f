//! A rule as written, on its way to a compiled one: pipelines rewrite it, filters are added to it.

use sentra_model::Severity;

use crate::logsource::Logsource;
use crate::problem::Fault;

use super::condition::Condition;
use super::detection::compile;
use super::expand;
use super::expr::Expr;
use super::legacy::upgrade;
use super::rule::{ParsedBody, ParsedRule, Reader};
use super::tree::Detection;

/// A rule with a detection.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) line: u64,
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) level: Severity,
    pub(crate) tags: Vec<String>,
    pub(crate) generate: bool,
    pub(crate) logsource: Logsource,
    /// The logsource before pipelines.
    pub(crate) written: Logsource,
    pub(crate) detection: Detection,
    /// Selections whose events have another logsource than the rule's.
    pub(crate) parts: Vec<(Vec<String>, Logsource)>,
    /// What filters say: each must match, too.
    pub(crate) filters: Vec<Detection>,
}

impl Draft {
    /// A rule of which nothing but this is known.
    pub(crate) fn of(logsource: Logsource, detection: Detection) -> Self {
        Self {
            line: 1,
            id: None,
            name: None,
            title: None,
            status: None,
            level: Severity::Unknown,
            tags: Vec::new(),
            generate: false,
            written: logsource.clone(),
            logsource,
            detection,
            parts: Vec::new(),
            filters: Vec::new(),
        }
    }

    /// Its own detection, and those of filters.
    pub(crate) fn detections(&self) -> impl Iterator<Item = &Detection> {
        std::iter::once(&self.detection).chain(&self.filters)
    }

    pub(crate) fn detections_mut(&mut self) -> impl Iterator<Item = &mut Detection> {
        std::iter::once(&mut self.detection).chain(&mut self.filters)
    }

    /// The rule, or the correlation that the old form becomes, behind the rules it refers to. What is odd but
    /// not wrong goes to `warn`.
    pub(crate) fn finish(
        self,
        reader: &Reader<'_>,
        warn: &mut impl FnMut(u64, String),
    ) -> Result<Vec<ParsedRule>, Fault> {
        let lists = reader.lists;
        let mut extra = Vec::with_capacity(self.filters.len());
        for filter in &self.filters {
            extra.push(compile(filter, lists, warn)?);
        }
        let aggregated = self
            .detection
            .conditions
            .iter()
            .find_map(|conditional| Some((conditional, conditional.aggregation.as_ref()?)));
        if let Some((conditional, aggregation)) = aggregated {
            if self.detection.conditions.len() > 1 {
                let message = "an aggregation cannot be one of several conditions: write a rule for each";
                return Err(Fault::new(conditional.line, message));
            }
            return upgrade(&self, conditional, aggregation, &extra, reader, warn);
        }
        if let Some(timeframe) = &self.detection.timeframe {
            let message =
                "[lone-timeframe] timeframe without aggregation means nothing; write a correlation rule";
            warn(timeframe.line, message.to_owned());
        }
        let mut parts = vec![compile(&self.detection, lists, warn)?];
        parts.append(&mut extra);
        let body = ParsedBody::Single { logsource: self.logsource.clone(), expression: Expr::all(parts) };
        Ok(vec![self.rule(body)])
    }

    /// A rule with this head.
    pub(super) fn rule(&self, body: ParsedBody) -> ParsedRule {
        ParsedRule {
            line: self.line,
            id: self.id.clone(),
            name: self.name.clone(),
            title: self.title.clone(),
            level: self.level,
            tags: self.tags.clone(),
            generate: self.generate,
            lists: self.lists(),
            written: Some(self.written.clone()),
            body,
        }
    }

    /// Id or title.
    pub(super) fn key(&self) -> &str {
        self.id.as_deref().or(self.title.as_deref()).unwrap_or("rule")
    }

    /// The logsource of the selection that `condition` names: of the document it stood in, else the rule's.
    pub(super) fn logsource_of(&self, condition: &Condition) -> Logsource {
        let Condition::Name(name) = condition else { return self.logsource.clone() };
        let part = self.parts.iter().find(|(selections, _)| selections.contains(name));
        part.map_or(&self.logsource, |(_, logsource)| logsource).clone()
    }

    /// Names of the lists that its placeholders stand for.
    fn lists(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for detection in self.detections() {
            for selection in &detection.selections {
                selection.tree.items(&mut |item| {
                    let values = item.values.iter().filter(|_| item.modifiers.expand);
                    for text in values.filter_map(crate::yaml::Node::text) {
                        names.extend(expand::names(&text).map(str::to_owned));
                    }
                });
            }
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}
