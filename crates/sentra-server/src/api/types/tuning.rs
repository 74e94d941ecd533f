use sentra_detect::{Coverage, Impact, RuleScope};
use sentra_factory::{ExceptionDraft, Explained, RuleSelection, TuningReport};
use sentra_model::{EventId, Timestamp};
use sentra_store::TimeRange;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::RuleProblemView;

/// Rules to explain on an event. Without `rules` and `rule_ids`: those in force that match it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainBody {
    /// The event.
    pub event: EventId,
    /// Rules as they would stand in a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// Rules in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rule_ids: Vec<String>,
}

impl ExplainBody {
    /// Which rules are meant, or what is wrong.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn selection(self) -> Result<(RuleSelection, EventId), &'static str> {
        let selection = match (self.rules, self.rule_ids) {
            (Some(_), ids) if !ids.is_empty() => return Err("rules and rule_ids exclude each other"),
            (Some(text), _) => RuleSelection::Text(text),
            (None, ids) if ids.is_empty() => RuleSelection::InForce,
            (None, ids) => RuleSelection::Ids(ids),
        };
        Ok((selection, self.event))
    }
}

/// Why rules match an event, or do not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExplainAnswer {
    /// For each rule: `rule`, `matched`, `routing`, the `condition` as written and a `tree` that mirrors it; every
    /// part of the tree says `matched`, its `kind` and, for a test, what was wanted, what was found and the `reason`.
    #[schema(value_type = Vec<Object>)]
    pub explanations: Vec<serde_json::Value>,
    /// What was wrong with the rules of the text.
    pub problems: Vec<RuleProblemView>,
}

impl From<Explained> for ExplainAnswer {
    fn from(explained: Explained) -> Self {
        let Explained { explanations, problems } = explained;
        Self {
            explanations: explanations.iter().filter_map(|one| serde_json::to_value(one).ok()).collect(),
            problems: problems.into_iter().map(RuleProblemView::from).collect(),
        }
    }
}

/// Which ATT&CK techniques the rules in force cover.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CoverageAnswer {
    /// Rules in force.
    pub rules: usize,
    /// Of these, disabled for the tenant.
    pub disabled: usize,
    /// By technique: `rules`, `disabled`, `by_level`, `by_logsource`, `rule_ids`.
    #[schema(value_type = Object)]
    pub techniques: serde_json::Value,
    /// By tactic.
    #[schema(value_type = Vec<Object>)]
    pub tactics: serde_json::Value,
    /// Techniques that only disabled rules cover.
    pub only_disabled: Vec<String>,
    /// A layer for the ATT&CK Navigator.
    #[schema(value_type = Object)]
    pub navigator: serde_json::Value,
}

impl From<Coverage> for CoverageAnswer {
    fn from(coverage: Coverage) -> Self {
        Self {
            rules: coverage.rules,
            disabled: coverage.disabled,
            techniques: serde_json::to_value(&coverage.techniques).unwrap_or_default(),
            tactics: serde_json::to_value(&coverage.tactics).unwrap_or_default(),
            navigator: coverage.navigator_layer("Sentra"),
            only_disabled: coverage.only_disabled,
        }
    }
}

/// Rules whose findings are not reported, and exceptions, with what they hid since the server started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TuningAnswer {
    /// Disabled rules: `rule`, `owner`, `reason`, `since`, `until`, `used`.
    #[schema(value_type = Vec<Object>)]
    pub disabled: Vec<serde_json::Value>,
    /// Exceptions: `id`, `scope`, `condition`, `owner`, `reason`, `created`, `expires`, `expired`, `used`.
    #[schema(value_type = Vec<Object>)]
    pub exceptions: Vec<serde_json::Value>,
}

impl From<TuningReport> for TuningAnswer {
    fn from(report: TuningReport) -> Self {
        Self {
            disabled: report.disabled.iter().filter_map(|one| serde_json::to_value(one).ok()).collect(),
            exceptions: report.exceptions.iter().filter_map(|one| serde_json::to_value(one).ok()).collect(),
        }
    }
}

/// A rule whose findings are not to be reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisableBody {
    /// The rule's id.
    pub rule: String,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Until when; for good if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A rule whose findings are to be reported again, or an exception that is to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedBody {
    /// The rule's or the exception's id.
    pub id: String,
}

/// Findings that are not to be reported because what they found is known and accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExceptionBody {
    /// Its name, unique among those of the tenant.
    pub id: String,
    /// Of these rules, by their ids; of all if this and `pack` are absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// Of the rules of this pack, `core` or `core@1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack: Option<String>,
    /// Which events: a selection as in a Sigma rule, a map of `field|modifiers` to values.
    #[schema(value_type = Object)]
    pub condition: serde_json::Value,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires: Timestamp,
}

impl ExceptionBody {
    /// The draft for the desk, or what is wrong.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn into_draft(self) -> Result<ExceptionDraft, &'static str> {
        let Self { id, rules, pack, condition, owner, reason, expires } = self;
        let scope = match (rules, pack) {
            (rules, Some(_)) if !rules.is_empty() => return Err("rules and pack exclude each other"),
            (_, Some(pack)) => RuleScope::Pack(pack),
            (rules, None) if rules.is_empty() => RuleScope::All,
            (rules, None) => RuleScope::Rules(rules),
        };
        Ok(ExceptionDraft { id, scope, condition, owner, reason, expires })
    }
}

/// An exception to try on stored events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewBody {
    /// The exception.
    pub exception: ExceptionBody,
    /// The first moment of event time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// The moment after the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
}

impl PreviewBody {
    /// The question to the desk, or what is wrong.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn into_question(self) -> Result<(ExceptionDraft, TimeRange), &'static str> {
        Ok((self.exception.into_draft()?, TimeRange { from: self.from, to: self.to }))
    }
}

/// What an exception would have hidden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImpactAnswer {
    /// In a sentence.
    pub sentence: String,
    /// Findings looked at.
    pub examined: u64,
    /// Those it would have hidden.
    pub would_hide: u64,
    /// Of these, those that somebody confirmed.
    pub confirmed: u64,
    /// How many of each rule, by id.
    pub by_rule: std::collections::BTreeMap<String, u64>,
    /// Some of them: rule, title, time.
    pub examples: Vec<ImpactExampleView>,
}

/// A finding that an exception would have hidden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImpactExampleView {
    /// The rule's id.
    pub rule: String,
    /// The rule's title.
    pub title: String,
    /// When it happened.
    pub time: Timestamp,
}

impl ImpactAnswer {
    /// The answer; `period` says of which time, `in the last 30 days`.
    #[must_use]
    pub fn new(impact: Impact, period: &str) -> Self {
        let example = |example: sentra_detect::ImpactExample| ImpactExampleView {
            rule: example.rule,
            title: example.title,
            time: example.time,
        };
        Self {
            sentence: impact.sentence(period),
            examined: impact.examined,
            would_hide: impact.would_hide,
            confirmed: impact.confirmed,
            by_rule: impact.by_rule,
            examples: impact.examples.into_iter().map(example).collect(),
        }
    }
}

/// A time range in words.
#[must_use]
pub fn period(range: TimeRange) -> String {
    match (range.from, range.to) {
        (None, None) => "in all that is stored".to_owned(),
        (Some(from), None) => format!("since {from}"),
        (None, Some(to)) => format!("before {to}"),
        (Some(from), Some(to)) => format!("from {from} to {to}"),
    }
}
