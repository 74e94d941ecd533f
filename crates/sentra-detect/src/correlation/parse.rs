//! The `correlation` part of a rule, as written.

use crate::problem::Fault;
use crate::text::hint;
use crate::yaml::{Node, Value};

/// Longest timespan and run gap, in microseconds: 30 days.
pub(crate) const TIMESPAN_MICROS_MAX: i64 = 30 * 86_400 * 1_000_000;
/// Highest count that a condition may ask for.
pub(crate) const THRESHOLD_MAX: u64 = 100_000;
/// Most rules that one correlation refers to.
pub(crate) const REFERRED_RULES_MAX: usize = 64;
/// Most fields that one correlation groups by.
pub(crate) const GROUP_FIELDS_MAX: usize = 16;

/// The gap that a run bridges where the rule names none, in microseconds: one day.
const RUN_GAP_MICROS: i64 = 86_400 * 1_000_000;

/// A correlation as it stands in its file.
#[derive(Debug, Clone)]
pub(crate) struct ParsedCorrelation {
    pub(crate) line: u64,
    pub(crate) kind: ParsedKind,
    /// Names or ids of rules, with their lines.
    pub(crate) rules: Vec<(String, u64)>,
    pub(crate) group_by: Vec<String>,
    pub(crate) timespan_micros: i64,
    pub(crate) run_gap_micros: i64,
    pub(crate) threshold: u64,
    pub(crate) aliases: Vec<Alias>,
    pub(crate) generate: bool,
}

/// Alias, then rule and the rule's field.
pub(crate) type Alias = (String, Vec<(String, String)>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ParsedKind {
    EventCount,
    ValueCount { field: String },
    Temporal,
    TemporalOrdered,
}

const TYPES: [&str; 4] = ["event_count", "value_count", "temporal", "temporal_ordered"];
const LATER_TYPES: [&str; 4] = ["value_sum", "value_avg", "value_percentile", "value_median"];

/// Reads `correlation`.
pub(crate) fn read(node: &Node, warn: &mut impl FnMut(u64, String)) -> Result<ParsedCorrelation, Fault> {
    let line = node.line;
    if !matches!(node.value, Value::Map(_)) {
        return Err(Fault::new(line, "correlation must be a map"));
    }
    let rules = read_rules(node)?;
    let timespan = node.get("timespan").or_else(|| node.get("timeframe"));
    let Some(timespan) = timespan else {
        return Err(Fault::new(line, "the correlation has no timespan"));
    };
    let timespan_micros = read_span(timespan)?;
    let run_gap_micros = match node.get("run-gap") {
        Some(gap) => read_span(gap)?.max(timespan_micros),
        None => timespan_micros.max(RUN_GAP_MICROS),
    };
    let kind = read_kind(node)?;
    let threshold = match kind {
        ParsedKind::EventCount | ParsedKind::ValueCount { .. } => read_threshold(node, warn)?,
        ParsedKind::Temporal | ParsedKind::TemporalOrdered => rules.len() as u64,
    };
    let group_by: Vec<String> =
        node.get("group-by").map(Node::items).unwrap_or_default().iter().filter_map(Node::text).collect();
    if group_by.len() > GROUP_FIELDS_MAX {
        return Err(Fault::new(line, format!("more than the {GROUP_FIELDS_MAX} group-by fields allowed")));
    }
    let generate = node.get("generate").is_some_and(|node| node.value == Value::Bool(true));
    let aliases = read_aliases(node)?;
    Ok(ParsedCorrelation {
        line,
        kind,
        rules,
        group_by,
        timespan_micros,
        run_gap_micros,
        threshold,
        aliases,
        generate,
    })
}

fn read_rules(node: &Node) -> Result<Vec<(String, u64)>, Fault> {
    let items = node.get("rules").map(Node::items).unwrap_or_default();
    let rules: Vec<_> = items.iter().filter_map(|item| Some((item.text()?, item.line))).collect();
    if rules.is_empty() || rules.len() != items.len() {
        return Err(Fault::new(node.line, "the correlation must list the names or ids of its rules"));
    }
    if rules.len() > REFERRED_RULES_MAX {
        return Err(Fault::new(node.line, format!("more than the {REFERRED_RULES_MAX} rules allowed")));
    }
    Ok(rules)
}

fn read_kind(node: &Node) -> Result<ParsedKind, Fault> {
    let Some(kind) = node.get("type") else {
        return Err(Fault::new(node.line, "the correlation has no type"));
    };
    let text = kind.text().unwrap_or_default();
    match text.as_str() {
        "event_count" => Ok(ParsedKind::EventCount),
        "value_count" => {
            let field = node.get("condition").and_then(|condition| condition.get("field"));
            let field = field.or_else(|| node.get("field")).and_then(|field| field.items().first()?.text());
            match field {
                Some(field) => Ok(ParsedKind::ValueCount { field }),
                None => Err(Fault::new(kind.line, "value_count needs a field in its condition")),
            }
        }
        "temporal" => Ok(ParsedKind::Temporal),
        "temporal_ordered" => Ok(ParsedKind::TemporalOrdered),
        later if LATER_TYPES.contains(&later) => {
            Err(Fault::new(kind.line, format!("correlation type {later:?} is not supported yet")))
        }
        wrong => {
            Err(Fault::new(kind.line, format!("unknown correlation type {wrong:?}{}", hint(wrong, TYPES))))
        }
    }
}

/// The count at which the correlation fires.
fn read_threshold(node: &Node, warn: &mut impl FnMut(u64, String)) -> Result<u64, Fault> {
    const OPERATORS: [&str; 6] = ["gte", "gt", "eq", "lt", "lte", "neq"];
    let Some(condition) = node.get("condition") else {
        return Err(Fault::new(node.line, "the correlation has no condition"));
    };
    let mut threshold = None;
    for entry in condition.entries().iter().filter(|entry| entry.key != "field") {
        let fault = |message: String| Fault::new(entry.line, message);
        let operator = entry.key.as_str();
        let number = match entry.value.value {
            Value::Integer(number) => u64::try_from(number).ok(),
            _ => None,
        };
        let reached = match operator {
            "gte" | "eq" => number,
            "gt" => number.map(|number| number.saturating_add(1)),
            "lt" | "lte" | "neq" => {
                return Err(fault(format!(
                    "condition {operator:?} of a correlation is not supported yet: use gte or gt"
                )));
            }
            _ => return Err(fault(format!("unknown condition {operator:?}{}", hint(operator, OPERATORS)))),
        };
        let Some(reached) = reached.filter(|reached| (1..=THRESHOLD_MAX).contains(reached)) else {
            return Err(fault(format!(
                "condition {operator:?} wants a whole number from 1 to {THRESHOLD_MAX}"
            )));
        };
        if operator == "eq" {
            warn(
                entry.line,
                "eq fires when the count is reached; what follows belongs to the same run".to_owned(),
            );
        }
        if threshold.replace(reached).is_some() {
            return Err(fault("a correlation can have one condition only".to_owned()));
        }
    }
    threshold
        .ok_or_else(|| Fault::new(condition.line, "the condition of the correlation compares with nothing"))
}

/// A span of time, `90s`, `5m`, `1h`, `7d`, `1w`, in microseconds.
fn read_span(node: &Node) -> Result<i64, Fault> {
    let text = node.text().unwrap_or_default();
    let seconds = |unit: &str| match unit {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3_600),
        "d" => Some(86_400),
        "w" => Some(7 * 86_400),
        _ => None,
    };
    let micros = text
        .trim()
        .split_at_checked(text.trim().len().saturating_sub(1))
        .and_then(|(number, unit)| number.parse::<i64>().ok()?.checked_mul(seconds(unit)? * 1_000_000));
    match micros {
        Some(micros) if (1..=TIMESPAN_MICROS_MAX).contains(&micros) => Ok(micros),
        Some(_) => Err(Fault::new(node.line, format!("timespan {text:?} is not between 1s and 30d"))),
        None => Err(Fault::new(
            node.line,
            format!("timespan {text:?} is not understood: write it as 90s, 5m, 1h or 7d"),
        )),
    }
}

fn read_aliases(node: &Node) -> Result<Vec<Alias>, Fault> {
    let mut aliases = Vec::new();
    for alias in node.get("aliases").map(Node::entries).unwrap_or_default() {
        let fields: Option<Vec<_>> = alias
            .value
            .entries()
            .iter()
            .map(|entry| Some((entry.key.clone(), entry.value.text()?)))
            .collect();
        match fields {
            Some(fields) if !fields.is_empty() => aliases.push((alias.key.clone(), fields)),
            _ => return Err(Fault::new(alias.line, "an alias must map rules to their fields")),
        }
    }
    Ok(aliases)
}
