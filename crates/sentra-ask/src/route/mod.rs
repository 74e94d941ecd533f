//! Which form a question has, and what it wants: rules with ids, the same for the same text.

mod english;
mod form;
mod kql;
mod rules;
mod scan;
mod shorthand;
mod sql;

use serde::Serialize;

use crate::english::{NotUnderstood, Understood, Wanted};
use crate::{Context, english as plain};
pub use form::Form;
pub use rules::RuleId;

/// Version of the rules, logged with every decision. It goes up when the same question may be routed otherwise.
pub const ROUTER_VERSION: u32 = 1;
/// Longest question, in bytes.
pub const QUESTION_BYTES_MAX: usize = 64 * 1024;

/// What a question wants, as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Intent {
    /// Particular records, as they are.
    Exact,
    /// Something computed from many.
    Analytical,
    /// What is like something else.
    Similarity,
    /// Several of these, in order.
    Compound,
}

impl From<Wanted> for Intent {
    fn from(wanted: Wanted) -> Self {
        match wanted {
            Wanted::Exact => Self::Exact,
            Wanted::Analytical => Self::Analytical,
            Wanted::Similarity => Self::Similarity,
        }
    }
}

/// A kind of engine that can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EngineWish {
    /// One record by its id.
    Lookup,
    /// The forensic index: words in records.
    Text,
    /// The marts' columns.
    Columns,
    /// Aggregates that are kept up to date.
    Rollups,
    /// Vectors of signals and incidents.
    Vectors,
}

/// A part of a compound question, or the whole of one that is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct RoutePart {
    /// What it wants.
    pub intent: Wanted,
    /// Engines that can answer it, the best first.
    pub engines: Vec<EngineWish>,
    /// The part as text: KQL where there is some.
    pub text: String,
    /// What passes to it from the part before, `incidents`; nothing when it stands alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub takes: Option<String>,
}

/// How a question is routed, and why.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct RouteDecision {
    /// The form it is written in.
    pub form: Form,
    /// What it wants.
    pub intent: Intent,
    /// Engines that can answer it, the best first; of a compound question those of its first part.
    pub engines: Vec<EngineWish>,
    /// How certain that is, 0 to 1.
    pub confidence: f64,
    /// The rules that decided: one on the form, then those on what it wants.
    pub rules: Vec<RuleId>,
    /// The rules' words for it.
    pub reason: String,
    /// The questions within it, in order; at least one.
    pub parts: Vec<RoutePart>,
    /// [`ROUTER_VERSION`]
    pub version: u32,
    /// What plain English was understood to mean, or why it was not; nothing for other forms.
    #[serde(skip)]
    pub english: Option<Result<Understood, NotUnderstood>>,
}

impl RouteDecision {
    /// The intent with those of the parts, as the corpus writes it: `compound(similarity,analytical)`.
    #[must_use]
    pub fn intent_text(&self) -> String {
        let name = |wanted: Wanted| match wanted {
            Wanted::Exact => "exact",
            Wanted::Analytical => "analytical",
            Wanted::Similarity => "similarity",
        };
        match self.intent {
            Intent::Compound => {
                let parts: Vec<&str> = self.parts.iter().map(|part| name(part.intent)).collect();
                format!("compound({})", parts.join(","))
            }
            Intent::Exact => name(Wanted::Exact).to_owned(),
            Intent::Analytical => name(Wanted::Analytical).to_owned(),
            Intent::Similarity => name(Wanted::Similarity).to_owned(),
        }
    }
}

/// What the rules for one form found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) rules: Vec<RuleId>,
    pub(crate) confidence: f64,
    pub(crate) parts: Vec<RoutePart>,
}

impl Found {
    /// One part that wants `intent`, by `rule`.
    pub(crate) fn one(rule: RuleId, intent: Wanted, confidence: f64, text: &str) -> Self {
        let part = RoutePart { intent, engines: engines(intent, rule), text: text.to_owned(), takes: None };
        Self { rules: vec![rule], confidence, parts: vec![part] }
    }
}

/// Which engines can answer what a rule found, the best first.
pub(crate) fn engines(intent: Wanted, rule: RuleId) -> Vec<EngineWish> {
    use EngineWish::{Columns, Lookup, Rollups, Text, Vectors};
    match (intent, rule) {
        (Wanted::Exact, RuleId::R04 | RuleId::R10 | RuleId::R41) => vec![Lookup, Columns],
        (Wanted::Exact, RuleId::R11 | RuleId::R42 | RuleId::R51 | RuleId::R52 | RuleId::R53) => {
            vec![Text, Columns]
        }
        (Wanted::Exact, _) => vec![Columns, Text],
        (Wanted::Analytical, _) => vec![Rollups, Columns],
        (Wanted::Similarity, _) => vec![Vectors, Text],
    }
}

/// Routes `question`. Deterministic: the same question and context are routed the same.
#[must_use]
pub fn route(question: &str, context: &Context) -> RouteDecision {
    let text = question.trim_matches(crate::words::is_blank);
    if question.len() > QUESTION_BYTES_MAX {
        let found = Found::one(RuleId::R09, Wanted::Exact, 0.0, "");
        return decision(Form::Kql, RuleId::R09, found, None);
    }
    let recognised = form::recognise(text, context);
    match recognised.form {
        Form::Kql => decision(Form::Kql, recognised.rule, kql::intent(text), None),
        Form::Sql => decision(Form::Sql, recognised.rule, sql::intent(text), None),
        Form::Shorthand => decision(Form::Shorthand, recognised.rule, shorthand::intent(text), None),
        Form::English => {
            let reading = recognised.reading.unwrap_or_else(|| plain::read(text, context));
            let found = english::intent(text, &reading);
            decision(Form::English, recognised.rule, found, Some(reading.outcome))
        }
    }
}

fn decision(
    form: Form,
    rule: RuleId,
    found: Found,
    english: Option<Result<Understood, NotUnderstood>>,
) -> RouteDecision {
    let first = found.parts.first().map_or(Wanted::Exact, |part| part.intent);
    let intent = if found.parts.len() > 1 { Intent::Compound } else { first.into() };
    let engines = found.parts.first().map_or_else(Vec::new, |part| part.engines.clone());
    let mut rules = vec![rule];
    rules.extend(found.rules.into_iter().filter(|other| *other != rule));
    let reasons: Vec<&str> = rules.iter().map(|rule| rule.doc()).collect();
    let reason = reasons.join("; ");
    debug_assert!((0.0..=1.0).contains(&found.confidence), "a confidence is from 0 to 1");
    RouteDecision {
        form,
        intent,
        engines,
        confidence: found.confidence,
        rules,
        reason,
        parts: found.parts,
        version: ROUTER_VERSION,
        english,
    }
}
