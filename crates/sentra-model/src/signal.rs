use serde::{Deserialize, Serialize};

use crate::{
    Enrichment, EntityRef, Estimate, EventId, Fact, Severity, SignalId, TenantId, Timestamp, VerdictNote,
};

/// In which language the rule behind a signal is written.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// A Sigma rule on single events.
    Sigma,
    /// A Sigma correlation rule.
    Correlation,
    /// A YARA-L 2.0 rule.
    Yaral,
    /// A baseline or anomaly model.
    Model,
}

impl RuleKind {
    /// The name used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sigma => "sigma",
            Self::Correlation => "correlation",
            Self::Yaral => "yaral",
            Self::Model => "model",
        }
    }
}

/// The rule that found something, as it was when it did.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RuleRef {
    /// The rule's own id (a UUID for Sigma), or its title where it has none.
    pub id: String,
    /// The rule's title.
    pub title: String,
    /// Language.
    pub kind: RuleKind,
    /// How bad the rule says a match is.
    pub level: Severity,
    /// Sigma tags, `attack.t1110.001`, `attack.credential-access`.
    pub tags: Vec<String>,
    /// Pack and version it came from, `core@1`; the directory's name for loose rules.
    pub pack: String,
}

/// A security-meaningful finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Signal {
    /// Derived from the rule and the first evidence.
    pub id: SignalId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Which rule found it.
    pub rule: RuleRef,
    /// How bad it is.
    pub severity: Severity,
    /// How probable it is that this is malicious.
    pub probability: Estimate,
    /// Event time of the first evidence.
    pub first: Timestamp,
    /// Event time of the last evidence.
    pub last: Timestamp,
    /// How many happenings it stands for, repeats and folded duplicates included.
    pub count: u64,
    /// How many duplicates were folded into it.
    pub folded: u64,
    /// Evidence: event ids in the order of their time. At most 1,000; `events_total` counts all.
    pub events: Vec<EventId>,
    /// How many events it rests on.
    pub events_total: u64,
    /// Who and what took part.
    pub entities: Vec<EntityRef>,
    /// What it states.
    pub facts: Vec<Fact>,
    /// ATT&CK technique ids, `T1110.001`.
    pub techniques: Vec<String>,
    /// ATT&CK tactics by their short names, `credential-access`.
    pub tactics: Vec<String>,
    /// Compliance controls it is evidence for, `soc2:CC6.1`.
    #[serde(default)]
    pub controls: Vec<String>,
    /// What is known about it and its entities.
    #[serde(default)]
    pub enrichments: Vec<Enrichment>,
    /// What an analyst found it to be, where its own verdict was given; the last one counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictNote>,
}
