//! Why a rule matches an event, or does not.
//!
//! An explanation mirrors the condition as it was written; every leaf says what was wanted, what was found
//! and what came of it. It reads the rule's text again for names and words, and asks the tests of the
//! compiled rule: where the text does not lead to the very tests that were compiled, the compiled expression
//! is explained instead, without names. So an explanation never says other than what the rule does.

mod correlation;
mod inventory;
mod reason;
mod render;
mod tree;

use std::collections::BTreeSet;

use sentra_model::{EventRow, RuleRef};
use serde::{Deserialize, Serialize};

use crate::logsource::{Logsource, Route};
use crate::plain;
use crate::ruleset::{Body, Rule, RuleSet};

pub use correlation::{BaseRule, CorrelationExplanation, GroupProgress};
pub use inventory::{CannotMatch, FieldInventory, InventoryVerdict, SeenLogsource};

/// Most parts shown of one explanation; what is beyond is counted (`omitted`).
pub(crate) const EXPLAINED_PARTS_MAX: usize = 2_000;
/// Most values shown of what a part wants, and of what it found.
pub(crate) const EXPLAINED_VALUES_MAX: usize = 16;
/// Longest value shown, in characters.
pub(crate) const EXPLAINED_VALUE_CHARS_MAX: usize = 200;

/// Why a rule matches an event, or does not. `Display` gives it as text for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The rule.
    pub rule: RuleRef,
    /// Whether it matches the event: what the engine says, too.
    pub matched: bool,
    /// Whether the rule is tried on such events at all.
    pub routing: Routing,
    /// The condition as written; several are alternatives. Empty where the parts have no names.
    pub condition: Vec<String>,
    /// The condition with what came of each part. It is answered for an event that is not routed to the rule,
    /// too.
    pub tree: ExplainedPart,
}

/// Whether a rule's logsource takes an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routing {
    /// It does.
    pub taken: bool,
    /// What the rule wants.
    pub wanted: Logsource,
    /// Where the event belongs.
    pub products: Vec<String>,
    /// Where the event belongs.
    pub categories: Vec<String>,
    /// Where the event belongs.
    pub services: Vec<String>,
    /// Both in a sentence.
    pub reason: String,
}

/// A part of a condition, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplainedPart {
    /// Whether it holds.
    pub matched: bool,
    /// What it is.
    #[serde(flatten)]
    pub what: PartKind,
    /// Why, for a test.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What it is made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<ExplainedPart>,
    /// Parts that are not shown for lack of room (law LIMIT).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub omitted: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// What a part of a condition is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PartKind {
    /// All of its parts (`and`, the items of a selection).
    All,
    /// Any of its parts (`or`, the maps of a list).
    Any,
    /// Not its part.
    Not,
    /// `1 of selection_*`.
    Of {
        /// As written.
        words: String,
        /// How many must hold.
        needed: usize,
    },
    /// A selection by its name.
    Selection {
        /// Its name.
        name: String,
        /// Its line in the rule file.
        line: u64,
    },
    /// One item of a selection.
    Test {
        /// The field; `None` for keywords.
        field: Option<String>,
        /// The item as written, `Image|endswith`.
        test: String,
        /// The wanted values as written, as many as are shown.
        wanted: Vec<String>,
        /// How many are wanted.
        wanted_total: usize,
        /// The values of the field in the event, shortened, as many as are shown; of keywords the texts that
        /// pass.
        found: Vec<String>,
        /// How many the event has.
        found_total: usize,
        /// Its line in the rule file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<u64>,
    },
}

impl ExplainedPart {
    fn joined(what: PartKind, matched: bool, parts: Vec<Self>) -> Self {
        Self { matched, what, reason: String::new(), parts, omitted: 0 }
    }

    /// How many parts there are, this one included.
    fn count(&self) -> usize {
        1 + self.parts.iter().map(Self::count).sum::<usize>()
    }
}

impl RuleSet {
    /// The single-event rules that a rule stands on, each once: of a single-event rule itself.
    pub(crate) fn single_rules(&self, rule: usize) -> Vec<usize> {
        let (mut singles, mut seen, mut left) = (Vec::new(), BTreeSet::new(), vec![rule]);
        while let Some(index) = left.pop() {
            if !seen.insert(index) {
                continue;
            }
            match self.rules.get(index).map(|rule| &rule.body) {
                Some(Body::Correlation(correlation)) => left.extend(correlation.rules.iter().rev()),
                Some(Body::Single { .. }) => singles.push(index),
                Some(Body::Yaral) | None => {}
            }
        }
        singles
    }

    /// The index of the rule with this id.
    #[must_use]
    pub fn position(&self, id: &str) -> Option<usize> {
        self.rules.iter().position(|rule| rule.reference.id == id)
    }

    /// Why the rule with the index `rule` matches `row` of a batch of `mart`, or does not. `None` for an index
    /// that is no single-event rule.
    #[must_use]
    pub fn explain(&self, rule: usize, mart: &str, row: EventRow<'_>) -> Option<Explanation> {
        let rule = self.rules.get(rule)?;
        let Body::Single { logsource, expression } = &rule.body else { return None };
        let routing = routing(logsource, &plain::route_of(mart, row));
        let holds = expression.holds(&mut |id| {
            let check = self.checks.get(*id as usize);
            check.is_some_and(|check| plain::test_passes(check.name.as_deref(), &check.test, row))
        });
        let named = tree::named(self, rule, expression, row).filter(|(_, tree)| tree.matched == holds);
        let (condition, tree) = named.unwrap_or_else(|| (Vec::new(), tree::unnamed(self, expression, row)));
        Some(Explanation {
            rule: RuleRef::clone(&rule.reference),
            matched: routing.taken && holds,
            routing,
            condition,
            tree,
        })
    }
}

fn routing(wanted: &Logsource, route: &Route) -> Routing {
    let taken = wanted.takes(route);
    let (products, categories, services) = route.parts();
    let known = |parts: Vec<&str>| if parts.is_empty() { "?".to_owned() } else { parts.join("+") };
    let product = known(products.iter().map(String::as_str).collect());
    let others = categories.iter().copied().chain(services.iter().map(String::as_str)).collect();
    let event = format!("event is {product}/{}", known(others));
    let wants = format!("rule wants {}", logsource_words(wanted));
    let reason = if taken { format!("{wants}; {event}") } else { format!("not routed: {wants}, {event}") };
    Routing {
        taken,
        wanted: wanted.clone(),
        products: products.to_vec(),
        categories: categories.iter().map(|category| (*category).to_owned()).collect(),
        services: services.to_vec(),
        reason,
    }
}

/// `windows/process_creation`; `any event` where nothing is named.
pub(crate) fn logsource_words(logsource: &Logsource) -> String {
    let parts = [&logsource.product, &logsource.category, &logsource.service];
    let named: Vec<&str> = parts.into_iter().filter_map(Option::as_deref).collect();
    if named.is_empty() { "any event".to_owned() } else { named.join("/") }
}

/// The single-event rule behind a rule, by what it is made of.
fn single(rule: &Rule) -> Option<(&Logsource, &crate::sigma::expr::Expr<crate::ruleset::TestId>)> {
    match &rule.body {
        Body::Single { logsource, expression } => Some((logsource, expression)),
        Body::Correlation(_) | Body::Yaral => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sentra_model::{
        BatchBuilder, Event, EventBatch, EventId, FieldValue, Mart, RawRecord, Source, SourceKind, TenantId,
        Timestamp,
    };

    use super::*;
    use crate::ruleset::RuleSource;

    fn event(field: &'static str, value: &'static str) -> EventBatch {
        let reference = Timestamp::from_seconds(1_600_000_000);
        let source = Source { kind: SourceKind::File, origin: "test".to_owned(), format: None, reference };
        let mut builder = BatchBuilder::new(TenantId::default_tenant(), Mart::LINUX);
        let mut event = Event::new("json", Mart::LINUX, reference);
        event.push(field, FieldValue::Text(value.into()));
        let record = RawRecord { source: &source, position: 1, received: reference, bytes: b"{}" };
        builder.push(EventId::raw(0, 0), &record, &event).unwrap();
        builder.finish().unwrap()
    }

    /// Where the text says other than what was compiled, what was compiled is explained.
    #[test]
    fn the_compiled_rule_is_explained_where_its_text_is_another() {
        let text = |field: &str| {
            format!(
                "title: t\nid: t\nlogsource: {{}}\ndetection:\n  s:\n    {field}: [x, y]\n    B|re: '^z'\n  condition: not s\n"
            )
        };
        let source = RuleSource { path: "t.yml".into(), text: text("A"), pack: "t".into() };
        let (mut rules, _) = RuleSet::compile(vec![source]);
        let batch = event("A", "x");
        let named = rules.explain(0, "linux", batch.row(0).unwrap()).unwrap();
        assert_eq!(named.condition, ["not s"]);
        for changed in [text("Mapped"), String::new(), "no: rule".to_owned()] {
            rules.rules[0].text = Arc::from(changed);
            let unnamed = rules.explain(0, "linux", batch.row(0).unwrap()).unwrap();
            assert!(unnamed.condition.is_empty());
            assert_eq!((unnamed.matched, unnamed.tree.matched), (named.matched, named.tree.matched));
            let shown = unnamed.to_string();
            assert!(shown.contains("\"A\" is one of the 2 wanted\n"), "{shown}");
            assert!(shown.contains("value \"x\" is \"x\"") && shown.contains("field B absent"), "{shown}");
        }
    }
}
