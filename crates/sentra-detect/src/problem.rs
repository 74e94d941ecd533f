use serde::{Deserialize, Serialize};

/// How much a problem matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProblemSeverity {
    /// The rule is not loaded.
    Error,
    /// The rule is loaded, but something about it deserves a look.
    Warning,
}

/// What is wrong with a rule, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleProblem {
    /// The file.
    pub path: String,
    /// The line in it, counted from 1.
    pub line: u64,
    /// Id or title of the rule, as far as it could be read.
    pub rule: Option<String>,
    /// Whether the rule was refused.
    pub severity: ProblemSeverity,
    /// What is wrong and, where it is known, what would be right.
    pub message: String,
}

/// A fault found while one rule is read: the line and what is wrong. It becomes a [`RuleProblem`] when the
/// rule's name and path are known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Fault {
    pub(crate) line: u64,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(line: u64, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}
