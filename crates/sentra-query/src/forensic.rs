//! The table `forensic`: the events that the index over words holds, found by words and read from the marts.

use std::collections::BTreeSet;
use std::fmt::Debug;

use async_trait::async_trait;
use sentra_kql::Builtin;
use sentra_kql::plan::{Expr, ExprNode, Op, Plan, Value};
use sentra_model::{EventId, TenantScope, Timestamp};
use sentra_store::TimeRange;

use crate::error::EngineError;
use crate::execute::inputs;

/// The table of the events that the index over words holds.
pub const FORENSIC_TABLE: &str = "forensic";
/// Most events that one reading of the table gives.
pub const FORENSIC_ROWS_MAX: usize = 10_000;
/// Most words that the index is asked for at once.
pub const FORENSIC_TERMS_MAX: usize = 64;

/// What the index is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextQuery {
    /// Texts that all must be in an event, in words as they stand next to each other.
    pub terms: Vec<String>,
    /// When the event happened.
    pub range: TimeRange,
    /// Most events, the newest first.
    pub limit: usize,
}

/// What the index found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextHits {
    /// The events, the newest first.
    pub ids: Vec<EventId>,
    /// Whether there are more than the limit.
    pub has_more: bool,
    /// How many events the index holds of those there are, where it is known: it does not hold all of them.
    pub held: Option<u64>,
    /// Why events that belong into the index are not in it; nothing while it holds all of them.
    pub lacks: Option<String>,
}

/// Finds events by words. It may give events that do not meet the question, never leave out one that it holds and that
/// does: what it gives is tested again.
#[async_trait]
pub trait TextSearch: Send + Sync + Debug {
    /// Events with all the terms.
    ///
    /// # Errors
    /// When the engine cannot answer.
    async fn search(&self, scope: &TenantScope, query: &TextQuery) -> Result<TextHits, EngineError>;

    /// Why events from `from` on, or any, that belong into the index are not in it; nothing while it holds all of them.
    ///
    /// # Errors
    /// When the engine cannot answer.
    async fn lacks(
        &self,
        _scope: &TenantScope,
        _from: Option<Timestamp>,
    ) -> Result<Option<String>, EngineError> {
        Ok(None)
    }
}

/// What the index has to be asked for so that everything that passes `conditions` is among it: the texts that an event
/// must have, and the times. Columns are those of whole events.
pub(crate) fn text_query(conditions: &[&Expr], columns: &[sentra_kql::plan::Column]) -> TextQuery {
    let mut terms = BTreeSet::new();
    let mut range = TimeRange::default();
    for condition in conditions {
        let parts = match &condition.node {
            ExprNode::Call(Builtin::And, parts) => parts.iter().collect(),
            _ => vec![*condition],
        };
        for part in parts {
            terms.extend(term(part, columns));
            match limit(part, columns) {
                Some(Limit::From(from)) => {
                    range.from = Some(range.from.map_or(from, |known| known.max(from)))
                }
                Some(Limit::Before(to)) => range.to = Some(range.to.map_or(to, |known| known.min(to))),
                None => {}
            }
        }
    }
    let terms = terms.into_iter().take(FORENSIC_TERMS_MAX).collect();
    TextQuery { terms, range, limit: FORENSIC_ROWS_MAX }
}

/// From when on the plan asks for events of `table`; nothing where it asks for all of them somewhere.
pub(crate) fn since(plan: &Plan, table: &str) -> Option<Timestamp> {
    let mut earliest = Timestamp::MAX;
    let mut nodes = vec![(&plan.root, Vec::new())];
    while let Some((node, mut conditions)) = nodes.pop() {
        match &node.op {
            Op::Scan { table: read } if read == table => {
                earliest = earliest.min(text_query(&conditions, &node.columns).range.from?);
            }
            Op::Filter { input, condition } => {
                conditions.push(condition);
                nodes.push((input, conditions));
            }
            // What is above anything else says nothing about the rows below it.
            _ => nodes.extend(inputs(node).into_iter().map(|input| (input, Vec::new()))),
        }
    }
    Some(earliest)
}

/// A bound on the time of events.
enum Limit {
    From(Timestamp),
    Before(Timestamp),
}

/// The text that must stand in an event that meets a condition.
fn term(part: &Expr, columns: &[sentra_kql::plan::Column]) -> Option<String> {
    let text = |expr: &Expr| match expr.value() {
        Some(Value::String(text)) if !text.trim().is_empty() => Some(text.clone()),
        _ => None,
    };
    match &part.node {
        // Numbers, moments and ids are columns, too, and no words: what could stand in them is not looked for.
        ExprNode::AnyColumn { test: Builtin::Has | Builtin::Equal, text: wanted, .. } => {
            text(wanted).filter(|text| is_no_number(text))
        }
        // "contains" may begin within a word, which an index over words does not know.
        ExprNode::Call(Builtin::Has | Builtin::Equal | Builtin::EqualCaseless, arguments) => {
            let [one, other] = arguments.as_slice() else { return None };
            // What is computed of a column, its id and its mart are no words of an event.
            let is_word = |expr: &Expr| match &expr.node {
                ExprNode::Column(place) => {
                    columns.get(*place).is_some_and(|column| !matches!(column.name.as_str(), "id" | "mart"))
                }
                ExprNode::Call(Builtin::SourceField, _) => true,
                _ => false,
            };
            match (is_word(one), is_word(other)) {
                (true, _) => text(other),
                (_, true) => text(one),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether a word of `text` can stand in no number, moment, truth value or id.
fn is_no_number(text: &str) -> bool {
    let lowered = text.to_lowercase();
    let is_of_others = |word: &str| {
        matches!(word, "raw" | "dead" | "signals" | "true" | "false" | "null")
            || word.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b't' | b'z' | b'e'))
    };
    lowered.split(|c: char| !c.is_alphanumeric()).any(|word| !word.is_empty() && !is_of_others(word))
}

/// A bound on the time of an event; what is greater is written as a less with its sides exchanged.
fn limit(part: &Expr, columns: &[sentra_kql::plan::Column]) -> Option<Limit> {
    let ExprNode::Call(test @ (Builtin::Less | Builtin::LessOrEqual), arguments) = &part.node else {
        return None;
    };
    let [one, other] = arguments.as_slice() else { return None };
    let is_time = |expr: &Expr| match &expr.node {
        ExprNode::Column(place) => columns.get(*place).is_some_and(|column| column.name == "time"),
        _ => false,
    };
    match (one.value(), other.value()) {
        (None, Some(Value::DateTime(to))) if is_time(one) => {
            Some(Limit::Before(if *test == Builtin::Less { *to } else { to.plus_micros(1) }))
        }
        (Some(Value::DateTime(from)), None) if is_time(other) => Some(Limit::From(*from)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_stand_in_a_number_a_moment_or_an_id_is_not_left_to_the_index() {
        for text in ["4624", "2026-01-01T00:00:00Z", "1e7", "raw.0.7", "True", "", "-"] {
            assert!(!is_no_number(text), "{text}");
        }
        for text in ["mimikatz", "10.0.0.7 root", "svc1", "raw logs"] {
            assert!(is_no_number(text), "{text}");
        }
    }
}
