//! A rule as it is written in a form: it becomes a Sigma rule and can be read back from one, so that a rule
//! made in the console is compiled, explained and backtested like any other.

mod read;
mod write;

use sentra_model::Severity;
use serde::{Deserialize, Serialize};

use crate::logsource::Logsource;
use crate::problem::RuleProblem;
use crate::ruleset::{RuleSet, RuleSource};

/// A rule in the making.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleDraft {
    /// Its id, a UUID.
    pub id: Option<String>,
    /// Its title.
    pub title: String,
    /// What it finds, for people.
    pub description: String,
    /// How bad a match is.
    pub level: Severity,
    /// `attack.t1059.004`.
    pub tags: Vec<String>,
    /// Which events it is tried on.
    pub logsource: Logsource,
    /// Its selections.
    pub selections: Vec<DraftSelection>,
    /// How the selections are joined, `selection and not filter`.
    pub condition: String,
    /// How many events it takes; one where nothing is said.
    pub threshold: Option<DraftThreshold>,
    /// Whatever else the rule says of itself: `author`, `references`, `falsepositives`.
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

/// A selection: all of its items.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DraftSelection {
    /// Its name in the condition.
    pub name: String,
    /// All of these.
    pub items: Vec<DraftItem>,
    /// Or all of the items of any of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Vec<DraftItem>>,
}

/// What a field must be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DraftItem {
    /// The field; `None` for keywords, searched in all of the event.
    pub field: Option<String>,
    /// `contains`, `all`, in their order.
    pub modifiers: Vec<String>,
    /// The values: texts, numbers, truth values or null.
    pub values: Vec<serde_json::Value>,
}

/// How many events make a match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DraftThreshold {
    /// At least so many.
    pub count: u64,
    /// Of distinct values of this field; of events where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct: Option<String>,
    /// That are alike in these fields.
    pub group_by: Vec<String>,
    /// Within this time, `5m`.
    pub within: String,
}

/// Why a rule cannot be shown as a draft.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("line {line}: {message}")]
pub struct DraftError {
    /// Its line, from 1.
    pub line: u64,
    /// What a draft has no place for.
    pub message: String,
}

impl RuleDraft {
    /// The rule as Sigma writes it: one document, or two where there is a threshold.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        write::yaml(self)
    }

    /// A Sigma rule as a draft.
    ///
    /// # Errors
    /// What a draft has no place for: other correlations than a threshold on one rule, several conditions,
    /// deeper nesting.
    pub fn from_yaml(text: &str) -> Result<Self, DraftError> {
        read::draft(text).map_err(|fault| DraftError { line: fault.line, message: fault.message })
    }

    /// Compiles the draft by itself, for the problems and a first try.
    #[must_use]
    pub fn compile(&self, pack: &str) -> (RuleSet, Vec<RuleProblem>) {
        let source = RuleSource { path: String::new(), text: self.to_yaml(), pack: pack.to_owned() };
        RuleSet::compile(vec![source])
    }
}
