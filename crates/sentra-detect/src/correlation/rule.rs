//! Correlations whose references are resolved.

use hashbrown::HashMap;
use sentra_model::Digest;

use crate::problem::Fault;
use crate::ruleset::{Rule, RuleSource};
use crate::sigma::rule::{ParsedBody, ParsedRule, label_of};
use crate::text::hint;

use super::parse::{ParsedCorrelation, ParsedKind};

/// Longest chain of correlations that refer to correlations.
pub(crate) const CHAIN_MAX: usize = 8;

/// What a correlation counts within its timespan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CorrelationKind {
    /// Happenings.
    EventCount,
    /// Distinct values of the field, whose name may differ by rule (aligned with `rules`).
    ValueCount { name: String, fields: Vec<String> },
    /// Distinct rules, in any order.
    Temporal,
    /// All rules, one after the other.
    TemporalOrdered,
}

/// A group-by field and what it is called in each rule (aligned with `rules`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GroupField {
    pub(crate) name: String,
    pub(crate) fields: Vec<String>,
}

/// A correlation, compiled.
#[derive(Debug, Clone)]
pub(crate) struct CorrelationRule {
    pub(crate) kind: CorrelationKind,
    /// Indices of the rules it refers to, in its order.
    pub(crate) rules: Vec<usize>,
    pub(crate) group_by: Vec<GroupField>,
    pub(crate) timespan_micros: i64,
    pub(crate) run_gap_micros: i64,
    pub(crate) threshold: u64,
    pub(crate) generate: bool,
    /// How many correlations it stands on, one below the other.
    depth: usize,
    /// Of all that state depends on: a changed rule does not go on with the state of its former self.
    pub(crate) digest: u64,
}

/// A correlation with its metadata.
pub(crate) struct Linked {
    pub(crate) rule: ParsedRule,
    pub(crate) correlation: CorrelationRule,
}

/// Resolves the references of `waiting` against `rules` and among each other. The result is in an order in
/// which each stands behind those it refers to. What cannot be resolved goes to `refuse`.
pub(crate) fn link(
    mut waiting: Vec<(ParsedRule, RuleSource)>,
    rules: &[Rule],
    mut refuse: impl FnMut(&RuleSource, Option<String>, Fault),
) -> Vec<(Linked, RuleSource)> {
    let mut known = Known::default();
    for (index, rule) in rules.iter().enumerate() {
        known.add(Some(&rule.reference.id), rule.name.as_deref(), index, 0);
    }
    let mut linked: Vec<(Linked, RuleSource)> = Vec::new();
    loop {
        let mut left = Vec::new();
        let before = linked.len();
        for (rule, place) in waiting {
            let ParsedBody::Correlation(parsed) = &rule.body else { continue };
            if parsed.rules.iter().any(|(name, _)| !known.has(name)) {
                left.push((rule, place));
                continue;
            }
            match resolve(parsed, &known) {
                Ok(correlation) => {
                    let index = rules.len() + linked.len();
                    known.add(rule.id.as_deref(), rule.name.as_deref(), index, correlation.depth);
                    linked.push((Linked { rule, correlation }, place));
                }
                Err(fault) => refuse(&place, label_of(&rule), fault),
            }
        }
        waiting = left;
        if waiting.is_empty() || linked.len() == before {
            break;
        }
    }
    refuse_rest(&waiting, &known, &mut refuse);
    linked
}

/// What is left refers to something unknown, or in a circle.
fn refuse_rest(
    waiting: &[(ParsedRule, RuleSource)],
    known: &Known,
    refuse: &mut impl FnMut(&RuleSource, Option<String>, Fault),
) {
    let names: Vec<&str> =
        waiting.iter().flat_map(|(rule, _)| [rule.id.as_deref(), rule.name.as_deref()]).flatten().collect();
    for (rule, place) in waiting {
        let ParsedBody::Correlation(parsed) = &rule.body else { continue };
        let missing =
            parsed.rules.iter().find(|(name, _)| !known.has(name) && !names.contains(&name.as_str()));
        let fault = match missing {
            Some((name, line)) => {
                let hint = hint(name, known.names().chain(names.iter().copied()));
                Fault::new(*line, format!("there is no rule with the name or id {name:?}{hint}"))
            }
            None => {
                Fault::new(parsed.line, "the correlation refers to correlations that are wrong or to itself")
            }
        };
        refuse(place, label_of(rule), fault);
    }
}

/// Rules by id and by name: index, and depth in the chain of correlations.
#[derive(Default)]
struct Known(HashMap<String, (usize, usize)>);

impl Known {
    fn add(&mut self, id: Option<&str>, name: Option<&str>, index: usize, depth: usize) {
        for key in [id, name].into_iter().flatten() {
            self.0.entry(key.to_owned()).or_insert((index, depth));
        }
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

fn resolve(parsed: &ParsedCorrelation, known: &Known) -> Result<CorrelationRule, Fault> {
    let found: Vec<(usize, usize)> =
        parsed.rules.iter().filter_map(|(name, _)| known.0.get(name).copied()).collect();
    let depth = found.iter().map(|(_, depth)| depth + 1).max().unwrap_or_default();
    if depth > CHAIN_MAX {
        let message =
            format!("correlations refer to each other over more than the {CHAIN_MAX} steps allowed");
        return Err(Fault::new(parsed.line, message));
    }
    let group_by = parsed
        .group_by
        .iter()
        .map(|name| Ok(GroupField { name: name.clone(), fields: fields_of(parsed, name)? }))
        .collect::<Result<Vec<_>, Fault>>()?;
    let kind = match &parsed.kind {
        ParsedKind::EventCount => CorrelationKind::EventCount,
        ParsedKind::ValueCount { field } => {
            CorrelationKind::ValueCount { name: field.clone(), fields: fields_of(parsed, field)? }
        }
        ParsedKind::Temporal => CorrelationKind::Temporal,
        ParsedKind::TemporalOrdered => CorrelationKind::TemporalOrdered,
    };
    Ok(CorrelationRule {
        digest: digest(parsed),
        kind,
        rules: found.into_iter().map(|(index, _)| index).collect(),
        group_by,
        timespan_micros: parsed.timespan_micros,
        run_gap_micros: parsed.run_gap_micros,
        threshold: parsed.threshold,
        generate: parsed.generate,
        depth,
    })
}

/// What `name` is called in each of the rules: an alias says so, else it is its own name.
fn fields_of(parsed: &ParsedCorrelation, name: &str) -> Result<Vec<String>, Fault> {
    let alias = parsed.aliases.iter().find(|(alias, _)| alias == name);
    parsed
        .rules
        .iter()
        .map(|(rule, line)| match alias {
            None => Ok(name.to_owned()),
            Some((_, fields)) => {
                let field = fields.iter().find(|(of, _)| of == rule).map(|(_, field)| field.clone());
                field.ok_or_else(|| {
                    Fault::new(*line, format!("alias {name:?} does not name a field for rule {rule:?}"))
                })
            }
        })
        .collect()
}

fn digest(parsed: &ParsedCorrelation) -> u64 {
    let numbers =
        [parsed.timespan_micros.unsigned_abs(), parsed.run_gap_micros.unsigned_abs(), parsed.threshold];
    let digest = Digest::new("correlation").text(&format!("{:?} {:?}", parsed.kind, parsed.aliases));
    let digest = numbers.into_iter().fold(digest, Digest::number);
    let digest = parsed.rules.iter().fold(digest, |digest, (rule, _)| digest.text(rule));
    parsed.group_by.iter().fold(digest, |digest, field| digest.text(field)).first_u64()
}
