use sentra_model::{RuleKind, Severity};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A rule in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleView {
    /// The rule's own id, or its title.
    pub id: String,
    /// Title.
    pub title: String,
    /// Language.
    pub kind: RuleKind,
    /// How bad a match is.
    pub level: Severity,
    /// Sigma tags.
    pub tags: Vec<String>,
    /// Pack it came from.
    pub pack: String,
    /// How often it matched since the server started.
    pub matches: u64,
}

/// How bad a problem of a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RuleProblemSeverity {
    /// The rule is not in force.
    Error,
    /// The rule is in force, but not all of it.
    Warning,
}

/// What was wrong with a rule file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleProblemView {
    /// The file.
    pub path: String,
    /// Line, from 1.
    pub line: u64,
    /// The rule, when it is known.
    pub rule: Option<String>,
    /// How bad it is.
    pub severity: RuleProblemSeverity,
    /// What is wrong.
    pub message: String,
}

/// The rules in force and the problems met while they were compiled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default, ToSchema)]
pub struct RulesView {
    /// Rules.
    pub rules: Vec<RuleView>,
    /// Problems.
    pub problems: Vec<RuleProblemView>,
}
