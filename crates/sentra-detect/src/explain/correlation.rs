//! How far a correlation is from firing, counted anew over given events.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use sentra_model::{EventRow, RuleRef, Timestamp};
use serde::{Deserialize, Serialize};

use crate::correlation::rule::{CorrelationKind, CorrelationRule};
use crate::fields;
use crate::plain;
use crate::ruleset::{Body, RuleSet};

use super::EXPLAINED_VALUES_MAX;
use super::reason::shortened;

/// Most groups shown, those nearest to firing.
pub(crate) const EXPLAINED_GROUPS_MAX: usize = 32;
/// Most events counted.
pub(crate) const EXPLAINED_EVENTS_MAX: usize = 200_000;

/// How far a correlation is from firing on given events. `Display` gives it as text for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CorrelationExplanation {
    /// The correlation.
    pub rule: RuleRef,
    /// Whether some group reaches what is needed within one timespan.
    pub reached: bool,
    /// What is counted, in words.
    pub counts: String,
    /// How many of it are needed within the timespan.
    pub needed: u64,
    /// The timespan, in microseconds.
    pub timespan_micros: i64,
    /// Whether what is counted here is what the condition compares. Of a condition that fewer events satisfy, of one
    /// with a negation and of statistics only the events are counted.
    pub measured: bool,
    /// The rules it refers to.
    pub rules: Vec<BaseRule>,
    /// By what it groups.
    pub group_by: Vec<String>,
    /// The groups nearest to firing.
    pub groups: Vec<GroupProgress>,
    /// How many groups there are.
    pub groups_total: usize,
    /// Matches that are not counted because a field is missing: which, and how often.
    pub missing_fields: BTreeMap<String, u64>,
    /// Events that were not looked at (law LIMIT).
    pub events_left_out: usize,
}

/// A rule that a correlation refers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseRule {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How many of the events it matches.
    pub matched: u64,
    /// It is a correlation itself: its matches are not counted here.
    pub nested: bool,
}

/// One group, where it was nearest to firing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupProgress {
    /// Group-by fields and their values.
    pub group: Vec<(String, String)>,
    /// What was counted within the best timespan.
    pub count: u64,
    /// What is missing to fire.
    pub missing: u64,
    /// Matches in the best timespan.
    pub events: u64,
    /// The earliest of them.
    pub first: Timestamp,
    /// The latest of them.
    pub last: Timestamp,
    /// The values or rules counted, as many as are shown.
    pub counted: Vec<String>,
    /// The rules that are missing, where rules are counted.
    pub lacking: Vec<String>,
}

/// One match that counts.
#[derive(Debug, Clone)]
struct Happening {
    time: i64,
    what: String,
    /// Place of the rule in the correlation's list.
    position: usize,
    weight: u64,
}

impl RuleSet {
    /// How far the correlation with the index `rule` is from firing, given `events`, each with its mart: those of
    /// the time in question. Matches of nested correlations are not counted. `None` for an index that is no
    /// correlation.
    #[must_use]
    pub fn explain_correlation(
        &self,
        rule: usize,
        events: &[(&str, EventRow<'_>)],
    ) -> Option<CorrelationExplanation> {
        let compiled = self.rules.get(rule)?;
        let Body::Correlation(correlation) = &compiled.body else { return None };
        let mut rules: Vec<BaseRule> = Vec::new();
        for index in &correlation.rules {
            let base = self.rules.get(*index)?;
            rules.push(BaseRule {
                id: base.reference.id.clone(),
                title: base.reference.title.clone(),
                matched: 0,
                nested: base.correlation().is_some(),
            });
        }
        let mut groups: HashMap<Vec<String>, Vec<Happening>> = HashMap::new();
        let mut missing_fields = BTreeMap::new();
        for (mart, row) in events.iter().take(EXPLAINED_EVENTS_MAX) {
            for (position, index) in correlation.rules.iter().enumerate() {
                let first_of_its_kind =
                    correlation.rules.iter().position(|rule| rule == index) == Some(position);
                if !first_of_its_kind || !plain::rule_matches(self, *index, mart, *row) {
                    continue;
                }
                if let Some(base) = rules.get_mut(position) {
                    base.matched += 1;
                }
                match happening(correlation, position, *row) {
                    Ok((group, happening)) => groups.entry(group).or_default().push(happening),
                    Err(field) => *missing_fields.entry(field).or_default() += 1,
                }
            }
        }
        let mut progress: Vec<GroupProgress> =
            groups.into_iter().map(|(group, all)| best(correlation, &rules, group, all)).collect();
        progress.sort_by(|left, right| (right.count, &left.group).cmp(&(left.count, &right.group)));
        let groups_total = progress.len();
        progress.truncate(EXPLAINED_GROUPS_MAX);
        Some(CorrelationExplanation {
            rule: RuleRef::clone(&compiled.reference),
            reached: is_measured(correlation) && progress.iter().any(|group| group.missing == 0),
            counts: counts(correlation),
            needed: correlation.threshold,
            timespan_micros: correlation.reach(),
            measured: is_measured(correlation),
            rules,
            group_by: correlation.group_by.iter().map(|field| field.name.clone()).collect(),
            groups: progress,
            groups_total,
            missing_fields,
            events_left_out: events.len().saturating_sub(EXPLAINED_EVENTS_MAX),
        })
    }
}

/// Whether counting tells if the condition holds.
fn is_measured(correlation: &CorrelationRule) -> bool {
    correlation.at_once && !matches!(correlation.kind, CorrelationKind::Number { .. })
}

fn counts(correlation: &CorrelationRule) -> String {
    match &correlation.kind {
        CorrelationKind::EventCount(_) => "events".to_owned(),
        CorrelationKind::ValueCount { counted, .. } => format!("distinct values of {}", counted.name),
        CorrelationKind::Number { counted, .. } => format!("numbers in {}", counted.name),
        CorrelationKind::Temporal(_) => "distinct rules".to_owned(),
        CorrelationKind::TemporalOrdered => "rules in their order".to_owned(),
    }
}

/// The group of a match and what it adds; the name of the field that is missing, if one is.
fn happening(
    correlation: &CorrelationRule,
    position: usize,
    row: EventRow<'_>,
) -> Result<(Vec<String>, Happening), String> {
    let value = |name: &str, named: &[String]| {
        let field = named.get(position).map_or(name, String::as_str);
        fields::value(row, field).map(|value| value.into_owned()).ok_or_else(|| field.to_owned())
    };
    let mut group = Vec::new();
    for field in &correlation.group_by {
        group.push(value(&field.name, &field.fields)?);
    }
    let what = match &correlation.kind {
        CorrelationKind::ValueCount { counted, .. } | CorrelationKind::Number { counted, .. } => {
            value(&counted.name, &counted.fields)?
        }
        _ => String::new(),
    };
    Ok((group, Happening { time: row.time().micros(), what, position, weight: u64::from(row.count()) }))
}

/// The timespan in which a group comes nearest to firing.
fn best(
    correlation: &CorrelationRule,
    rules: &[BaseRule],
    group: Vec<String>,
    mut happenings: Vec<Happening>,
) -> GroupProgress {
    happenings.sort_by_key(|happening| happening.time);
    let (mut best, mut best_span) = (0, (0, 0));
    let mut start = 0;
    let mut window = Window::new(correlation);
    for (end, happening) in happenings.iter().enumerate() {
        window.add(happening);
        while let Some(oldest) = happenings.get(start) {
            if happening.time - oldest.time <= correlation.reach() {
                break;
            }
            window.remove(oldest);
            start += 1;
        }
        let count = window.count();
        if count >= best {
            (best, best_span) = (count, (start, end + 1));
        }
    }
    let chosen = happenings.get(best_span.0..best_span.1).unwrap_or_default();
    let time = |happening: Option<&Happening>| {
        Timestamp::from_micros(happening.map_or(0, |happening| happening.time))
    };
    let of_rules =
        matches!(correlation.kind, CorrelationKind::Temporal(_) | CorrelationKind::TemporalOrdered);
    let name = |position: usize| rules.get(position).map(|rule| rule.title.clone()).unwrap_or_default();
    let counted: BTreeSet<String> = if of_rules {
        chosen.iter().map(|happening| name(happening.position)).collect()
    } else {
        chosen.iter().map(|happening| shortened(&happening.what)).filter(|what| !what.is_empty()).collect()
    };
    let seen: BTreeSet<usize> = chosen.iter().map(|happening| happening.position).collect();
    let lacking = if of_rules {
        (0..rules.len()).filter(|at| !seen.contains(at)).map(name).collect()
    } else {
        Vec::new()
    };
    let names = correlation.group_by.iter().map(|field| field.name.clone());
    GroupProgress {
        group: names.zip(group.iter().map(|value| shortened(value))).collect(),
        count: best,
        missing: correlation.threshold.saturating_sub(best),
        events: chosen.len() as u64,
        first: time(chosen.first()),
        last: time(chosen.last()),
        counted: counted.into_iter().take(EXPLAINED_VALUES_MAX).collect(),
        lacking,
    }
}

/// What the events of one timespan add up to.
struct Window<'a> {
    correlation: &'a CorrelationRule,
    weight: u64,
    distinct: HashMap<String, u64>,
    /// For each step of a sequence, the latest start of one that got there.
    starts: Vec<Option<i64>>,
    now: i64,
}

impl<'a> Window<'a> {
    fn new(correlation: &'a CorrelationRule) -> Self {
        let starts = vec![None; correlation.rules.len()];
        Self { correlation, weight: 0, distinct: HashMap::new(), starts, now: 0 }
    }

    fn key(&self, happening: &Happening) -> String {
        match self.correlation.kind {
            CorrelationKind::Temporal(_) => happening.position.to_string(),
            _ => happening.what.clone(),
        }
    }

    fn add(&mut self, happening: &Happening) {
        self.now = happening.time;
        self.weight += happening.weight;
        *self.distinct.entry(self.key(happening)).or_default() += 1;
        // From the last step to the first, so that one event is not two steps.
        let rule = self.correlation.rules.get(happening.position);
        for step in (0..self.starts.len()).rev() {
            if self.correlation.rules.get(step) != rule {
                continue;
            }
            let start = match step.checked_sub(1) {
                None => Some(happening.time),
                Some(before) => self.starts.get(before).copied().flatten(),
            };
            if let (Some(place), Some(start)) = (self.starts.get_mut(step), start) {
                *place = Some(place.map_or(start, |known: i64| known.max(start)));
            }
        }
    }

    fn remove(&mut self, happening: &Happening) {
        self.weight -= happening.weight;
        let key = self.key(happening);
        if let Some(count) = self.distinct.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                self.distinct.remove(&key);
            }
        }
    }

    fn count(&self) -> u64 {
        match self.correlation.kind {
            CorrelationKind::EventCount(_) | CorrelationKind::Number { .. } => self.weight,
            CorrelationKind::ValueCount { .. } | CorrelationKind::Temporal(_) => self.distinct.len() as u64,
            CorrelationKind::TemporalOrdered => {
                let earliest = self.now.saturating_sub(self.correlation.reach());
                let done = self.starts.iter().rposition(|start| start.is_some_and(|start| start >= earliest));
                done.map_or(0, |step| step as u64 + 1)
            }
        }
    }
}

impl fmt::Display for CorrelationExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match (self.measured, self.reached) {
            (false, _) => "is not decided by counting",
            (true, true) => "fires",
            (true, false) => "does not fire",
        };
        writeln!(f, "{} ({}) {verdict}", self.rule.title, self.rule.id)?;
        let seconds = self.timespan_micros / 1_000_000;
        writeln!(f, "  needs {} {} within {seconds}s", self.needed, self.counts)?;
        for rule in &self.rules {
            let nested = if rule.nested { ", a correlation: not counted here" } else { "" };
            writeln!(f, "  rule {}: {} matches{nested}", rule.title, rule.matched)?;
        }
        for (field, count) in &self.missing_fields {
            writeln!(f, "  field {field} absent: {count} matches are not counted")?;
        }
        for group in &self.groups {
            let named = group.group.iter().map(|(name, value)| format!("{name}={value}"));
            let named: Vec<String> = named.collect();
            let named = if named.is_empty() { "all events".to_owned() } else { named.join(", ") };
            let lacking = if group.lacking.is_empty() {
                String::new()
            } else {
                format!(" ({})", group.lacking.join(", "))
            };
            let state = match group.missing {
                0 => "enough".to_owned(),
                missing => format!("{missing} missing{lacking}"),
            };
            let (count, needed) = (group.count, self.needed);
            writeln!(f, "  {named}: {count} of {needed}, {state}, {} to {}", group.first, group.last)?;
        }
        Ok(())
    }
}
