//! Correlations whose references are resolved.

use hashbrown::HashMap;
use sentra_model::Digest;

use crate::problem::Fault;
use crate::ruleset::{Rule, RuleSource};
use crate::sigma::expr::Expr;
use crate::sigma::rule::{ParsedBody, ParsedRule, label_of};
use crate::text::hint;

use super::condition::{Comparison, Formula, is_positive};
use super::parse::{ParsedCorrelation, ParsedKind, Statistic, Window};

/// Longest chain of correlations that refer to correlations.
pub(crate) const CHAIN_MAX: usize = 8;

/// What a correlation measures in its window.
#[derive(Debug, Clone)]
pub(crate) enum CorrelationKind {
    /// Happenings.
    EventCount(Comparison),
    /// Distinct values of a field.
    ValueCount { counted: Counted, comparison: Comparison },
    /// Which rules matched, in any order.
    Temporal(Formula),
    /// All rules, one after the other.
    TemporalOrdered,
    /// Numbers in a field.
    Number { counted: Counted, statistic: Statistic, comparison: Comparison },
}

/// The field that is counted, whose name may differ by rule (aligned with `rules`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) name: String,
    pub(crate) fields: Vec<String>,
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
    /// For each of `rules` the first place at which the same rule stands: a rule may be listed twice.
    pub(crate) places: Vec<u8>,
    pub(crate) group_by: Vec<GroupField>,
    pub(crate) window: Window,
    pub(crate) run_gap_micros: i64,
    /// What makes it fire, as a number: to know how far a group has come. 1 where it cannot be said.
    pub(crate) threshold: u64,
    /// More events can only make it true, and it does not matter in which order they come: it fires at once.
    /// All others are decided when the watermark has passed.
    pub(crate) at_once: bool,
    /// More events of a window can only make it true.
    pub(crate) monotone: bool,
    pub(crate) generate: bool,
    /// It refers to a correlation.
    pub(crate) nested: bool,
    /// A correlation refers to it.
    pub(crate) referred: bool,
    /// How many correlations it stands on, one below the other.
    depth: usize,
    /// Of all that state depends on: a changed rule does not go on with the state of its former self.
    pub(crate) digest: u64,
}

impl CorrelationRule {
    /// The field that is counted.
    pub(crate) fn counted(&self) -> Option<&Counted> {
        match &self.kind {
            CorrelationKind::ValueCount { counted, .. } | CorrelationKind::Number { counted, .. } => {
                Some(counted)
            }
            _ => None,
        }
    }

    /// The expression, where something in it is negated.
    pub(crate) fn negated(&self) -> Option<&Formula> {
        match &self.kind {
            CorrelationKind::Temporal(formula) if !is_positive(formula) => Some(formula),
            _ => None,
        }
    }

    /// Whether a second match on the same event, by the rules at these places, says nothing new: events and
    /// numbers are counted once, however many of the rules find them.
    pub(crate) fn is_same(&self, one: u8, other: u8) -> bool {
        match &self.kind {
            CorrelationKind::EventCount(_) => true,
            CorrelationKind::Number { .. } => self.measured_as(one) == self.measured_as(other),
            _ => false,
        }
    }

    /// The first place whose rule has the number in the same field.
    pub(crate) fn measured_as(&self, place: u8) -> u8 {
        let Some(counted) = self.counted() else { return 0 };
        let field = counted.fields.get(usize::from(place));
        counted.fields.iter().position(|other| Some(other) == field).unwrap_or_default() as u8
    }

    /// Its runs know their events one by one: they take over those of others, or others take over theirs.
    pub(crate) fn knows_members(&self) -> bool {
        self.nested || self.referred
    }

    /// Events of one window cannot be further apart than this, in microseconds.
    pub(crate) fn reach(&self) -> i64 {
        self.window.reach()
    }
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
    let counted = |field: &String| Ok(Counted { name: field.clone(), fields: fields_of(parsed, field)? });
    let kind = match &parsed.kind {
        ParsedKind::EventCount(comparison) => CorrelationKind::EventCount(*comparison),
        ParsedKind::ValueCount { field, comparison } => {
            CorrelationKind::ValueCount { counted: counted(field)?, comparison: *comparison }
        }
        ParsedKind::Temporal(formula) => {
            let all = || Expr::And((0_u8..).take(found.len()).map(Expr::Leaf).collect());
            CorrelationKind::Temporal(formula.clone().unwrap_or_else(all))
        }
        ParsedKind::TemporalOrdered => CorrelationKind::TemporalOrdered,
        ParsedKind::Number { field, statistic, comparison } => CorrelationKind::Number {
            counted: counted(field)?,
            statistic: *statistic,
            comparison: *comparison,
        },
    };
    let rules: Vec<usize> = found.into_iter().map(|(index, _)| index).collect();
    let places =
        rules.iter().map(|rule| rules.iter().position(|other| other == rule).unwrap_or_default() as u8);
    let (threshold, monotone) = progress_of(&kind, &rules);
    Ok(CorrelationRule {
        digest: digest(parsed),
        places: places.collect(),
        group_by,
        window: parsed.window,
        run_gap_micros: parsed.run_gap_micros,
        threshold,
        monotone,
        at_once: monotone && !matches!(parsed.window, Window::Session { span: Some(_), .. }),
        generate: parsed.generate,
        nested: depth > 1,
        referred: false,
        depth,
        rules,
        kind,
    })
}

/// The number that makes it fire, and whether it then stays true whatever else comes.
fn progress_of(kind: &CorrelationKind, rules: &[usize]) -> (u64, bool) {
    match kind {
        CorrelationKind::EventCount(comparison) | CorrelationKind::ValueCount { comparison, .. } => {
            comparison.reached_at().map_or((1, false), |reached| (reached.max(1), true))
        }
        CorrelationKind::Temporal(formula) => {
            let mut distinct = rules.to_vec();
            distinct.sort_unstable();
            distinct.dedup();
            (distinct.len() as u64, is_positive(formula))
        }
        CorrelationKind::TemporalOrdered => (rules.len() as u64, true),
        CorrelationKind::Number { .. } => (1, false),
    }
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
    // The second form of the state: what was stored in the first one is not read.
    let digest = Digest::new("correlation/2")
        .text(&format!("{:?} {:?} {:?}", parsed.kind, parsed.aliases, parsed.window))
        .number(parsed.run_gap_micros.unsigned_abs());
    let digest = parsed.rules.iter().fold(digest, |digest, (rule, _)| digest.text(rule));
    parsed.group_by.iter().fold(digest, |digest, field| digest.text(field)).first_u64()
}
