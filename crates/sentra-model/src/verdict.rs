use serde::{Deserialize, Serialize};

use crate::{IncidentId, SignalId, TenantId, Timestamp};

/// What an analyst found something to be.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// It was what the finding says, and it was malicious.
    TruePositive,
    /// It was what the finding says, and it was allowed: a test, maintenance.
    Benign,
    /// It was not what the finding says.
    FalsePositive,
}

impl VerdictKind {
    /// The name used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TruePositive => "true_positive",
            Self::Benign => "benign",
            Self::FalsePositive => "false_positive",
        }
    }
}

/// What a verdict is about.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(tag = "target", content = "id", rename_all = "snake_case")]
pub enum VerdictTarget {
    /// One signal.
    Signal(SignalId),
    /// An incident, and with it each of its signals that has no verdict of its own.
    Incident(IncidentId),
}

/// What somebody found something to be, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Verdict {
    /// Whose it is.
    pub tenant: TenantId,
    /// What it is about.
    #[serde(flatten)]
    pub target: VerdictTarget,
    /// What it was.
    pub kind: VerdictKind,
    /// Why.
    pub reason: String,
    /// Who says so.
    pub by: String,
    /// When, by the platform's clock.
    pub at: Timestamp,
}

/// A verdict as it is kept on what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct VerdictNote {
    /// What it was.
    pub kind: VerdictKind,
    /// Why.
    pub reason: String,
    /// Who says so.
    pub by: String,
    /// When, by the platform's clock.
    pub at: Timestamp,
}

impl From<&Verdict> for VerdictNote {
    fn from(verdict: &Verdict) -> Self {
        let Verdict { kind, reason, by, at, .. } = verdict;
        Self { kind: *kind, reason: reason.clone(), by: by.clone(), at: *at }
    }
}
