//! The `correlation` part of a rule, as written.

use crate::problem::Fault;
use crate::text::hint;
use crate::yaml::{Node, Value};

use super::condition::{Comparison, Formula, read_comparison, read_formula};
use super::number::{NANOS, read_number};

/// Longest timespan, gap and run gap, in microseconds: 30 days.
pub(crate) const TIMESPAN_MICROS_MAX: i64 = 30 * 86_400 * 1_000_000;
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
    pub(crate) window: Window,
    pub(crate) run_gap_micros: i64,
    pub(crate) aliases: Vec<Alias>,
    pub(crate) generate: bool,
}

/// Alias, then rule and the rule's field.
pub(crate) type Alias = (String, Vec<(String, String)>);

/// Which events belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Window {
    /// Any stretch of so many microseconds, both ends included.
    Sliding { span: i64 },
    /// Stretches of so many microseconds one after the other, since 1970.
    Tumbling { span: i64 },
    /// Events between which no gap is longer; at most `span` from the first to the last.
    Session { gap: i64, span: Option<i64> },
}

impl Window {
    /// How far apart two events of one window can be, in microseconds.
    pub(crate) fn reach(self) -> i64 {
        match self {
            Self::Sliding { span } | Self::Tumbling { span } => span,
            Self::Session { gap, span } => span.unwrap_or(gap),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) enum ParsedKind {
    EventCount(Comparison),
    ValueCount {
        field: String,
        comparison: Comparison,
    },
    /// The expression over the rules; all of them where there is none.
    Temporal(Option<Formula>),
    TemporalOrdered,
    Number {
        field: String,
        statistic: Statistic,
        comparison: Comparison,
    },
}

/// What is made of the numbers in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Statistic {
    Sum,
    Average,
    /// In millionths of the way from the smallest to the largest; 500,000 is the median.
    Percentile(u32),
}

const TYPES: [&str; 8] = [
    "event_count",
    "value_count",
    "temporal",
    "temporal_ordered",
    "value_sum",
    "value_avg",
    "value_percentile",
    "value_median",
];

const KEYS: [&str; 12] = [
    "type",
    "rules",
    "group-by",
    "timespan",
    "timeframe",
    "condition",
    "aliases",
    "generate",
    "window",
    "gap",
    "run-gap",
    "field",
];

/// Reads `correlation`.
pub(crate) fn read(node: &Node, warn: &mut impl FnMut(u64, String)) -> Result<ParsedCorrelation, Fault> {
    let line = node.line;
    if !matches!(node.value, Value::Map(_)) {
        return Err(Fault::new(line, "correlation must be a map"));
    }
    for entry in node.entries().iter().filter(|entry| !KEYS.contains(&entry.key.as_str())) {
        let hint = hint(&entry.key, KEYS);
        warn(entry.line, format!("unknown key {:?} of the correlation{hint}", entry.key));
    }
    let rules = read_rules(node)?;
    let window = read_window(node, warn)?;
    let least = window.reach();
    let run_gap_micros = match node.get("run-gap") {
        Some(gap) => read_span(gap)?.max(least),
        None => least.max(RUN_GAP_MICROS),
    };
    let kind = read_kind(node, &rules)?;
    let group_by: Vec<String> =
        node.get("group-by").map(Node::items).unwrap_or_default().iter().filter_map(Node::text).collect();
    if group_by.len() > GROUP_FIELDS_MAX {
        return Err(Fault::new(line, format!("more than the {GROUP_FIELDS_MAX} group-by fields allowed")));
    }
    let generate = node.get("generate").is_some_and(|node| node.value == Value::Bool(true));
    let aliases = read_aliases(node)?;
    Ok(ParsedCorrelation { line, kind, rules, group_by, window, run_gap_micros, aliases, generate })
}

fn read_window(node: &Node, warn: &mut impl FnMut(u64, String)) -> Result<Window, Fault> {
    const MODES: [&str; 3] = ["sliding", "tumbling", "session"];
    let span = node.get("timespan").or_else(|| node.get("timeframe")).map(read_span).transpose()?;
    let gap = node.get("gap").map(|gap| Ok((read_span(gap)?, gap.line))).transpose()?;
    let mode = node.get("window").map(|mode| (mode.text().unwrap_or_default(), mode.line));
    let (mode, mode_line) = mode.unwrap_or(("sliding".to_owned(), node.line));
    if let (true, Some((_, line))) = (mode != "session", gap) {
        warn(line, format!("gap means nothing in a {mode} window; write 'window: session'"));
    }
    let needed = || span.ok_or_else(|| Fault::new(node.line, "the correlation has no timespan"));
    match (mode.as_str(), gap) {
        ("sliding", _) => Ok(Window::Sliding { span: needed()? }),
        ("tumbling", _) => Ok(Window::Tumbling { span: needed()? }),
        ("session", Some((gap, line))) => {
            if span.is_some_and(|span| span < gap) {
                let message =
                    "the gap of a session is longer than its timespan, which is the most it may last";
                return Err(Fault::new(line, message));
            }
            Ok(Window::Session { gap, span })
        }
        ("session", None) => Err(Fault::new(mode_line, "a session window needs a gap, as in 'gap: 5m'")),
        (wrong, _) => Err(Fault::new(mode_line, format!("unknown window {wrong:?}{}", hint(wrong, MODES)))),
    }
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

fn read_kind(node: &Node, rules: &[(String, u64)]) -> Result<ParsedKind, Fault> {
    let Some(kind) = node.get("type") else {
        return Err(Fault::new(node.line, "the correlation has no type"));
    };
    let text = kind.text().unwrap_or_default();
    let number = |statistic| {
        let field = read_field(node, kind.line, &text)?;
        Ok(ParsedKind::Number { field, statistic, comparison: read_comparison(node, false)? })
    };
    match text.as_str() {
        "event_count" => Ok(ParsedKind::EventCount(read_comparison(node, true)?)),
        "value_count" => {
            let field = read_field(node, kind.line, &text)?;
            Ok(ParsedKind::ValueCount { field, comparison: read_comparison(node, true)? })
        }
        "temporal" => Ok(ParsedKind::Temporal(read_formula(node, rules)?)),
        "temporal_ordered" => match node.get("condition") {
            Some(condition) if condition.value != Value::Null => Err(Fault::new(
                condition.line,
                "temporal_ordered takes no condition: its rules match one after the other",
            )),
            _ => Ok(ParsedKind::TemporalOrdered),
        },
        "value_sum" => number(Statistic::Sum),
        "value_avg" => number(Statistic::Average),
        "value_median" => number(Statistic::Percentile(500_000)),
        "value_percentile" => number(Statistic::Percentile(read_percentile(node, kind.line)?)),
        wrong => {
            Err(Fault::new(kind.line, format!("unknown correlation type {wrong:?}{}", hint(wrong, TYPES))))
        }
    }
}

fn read_field(node: &Node, line: u64, kind: &str) -> Result<String, Fault> {
    let field = node.get("condition").and_then(|condition| condition.get("field"));
    let Some(field) = field.or_else(|| node.get("field")) else {
        return Err(Fault::new(line, format!("{kind} needs a field in its condition")));
    };
    match field.items() {
        [one] => one.text().ok_or_else(|| Fault::new(field.line, "field must be the name of a field")),
        _ => Err(Fault::new(field.line, format!("{kind} takes one field"))),
    }
}

/// In millionths.
fn read_percentile(node: &Node, line: u64) -> Result<u32, Fault> {
    let Some(percentile) = node.get("condition").and_then(|condition| condition.get("percentile")) else {
        return Err(Fault::new(
            line,
            "value_percentile needs a percentile in its condition, as in 'percentile: 95'",
        ));
    };
    let number = percentile.text().and_then(|text| read_number(&text));
    let parts =
        number.filter(|number| (0..=100 * NANOS).contains(number)).map(|number| number / (NANOS / 10_000));
    parts
        .and_then(|parts| u32::try_from(parts).ok())
        .ok_or_else(|| Fault::new(percentile.line, "percentile must be a number from 0 to 100"))
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
