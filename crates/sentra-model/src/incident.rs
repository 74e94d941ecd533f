use serde::{Deserialize, Serialize};

use crate::{
    EntityRef, EntityType, Estimate, IncidentId, Narrative, RiskReason, Severity, SignalId, TenantId,
    Timestamp,
};

/// Where the work on an incident stands, by the names of the OCSF incident finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncidentStatus {
    /// Nobody has looked yet.
    #[default]
    New,
    /// Somebody works on it.
    InProgress,
    /// Waiting for something.
    OnHold,
    /// The cause is dealt with.
    Resolved,
    /// Done.
    Closed,
}

impl IncidentStatus {
    /// The name used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::InProgress => "in_progress",
            Self::OnHold => "on_hold",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
        }
    }
}

/// Why a signal is part of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum JoinReason {
    /// It opened the incident.
    Opened,
    /// It shares an entity with a signal already in it, within the window.
    SharedEntity {
        /// Type of the shared entity.
        entity_type: EntityType,
        /// The shared entity.
        value: String,
    },
    /// The incident it was in became part of this one.
    Merged {
        /// Where it was.
        from: IncidentId,
        /// Who did it; `None` for the platform.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// Somebody took it out of another incident.
    Moved {
        /// Where it was.
        from: IncidentId,
        /// Who did it.
        by: String,
    },
}

/// A signal's membership in an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Join {
    /// The signal.
    pub signal: SignalId,
    /// Why it is here.
    #[serde(flatten)]
    pub reason: JoinReason,
}

/// Signals that share entities in time, and the story they tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Incident {
    /// Derived from the signal that opened it.
    pub id: IncidentId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What kind of thing happened, short: `SSH brute force from 203.0.113.9`.
    pub title: String,
    /// One sentence that says what happened.
    pub headline: String,
    /// Where the work stands.
    pub status: IncidentStatus,
    /// The highest severity of its signals.
    pub severity: Severity,
    /// How probable it is that this is malicious.
    pub risk: Estimate,
    /// Why the risk is what it is, the strongest first.
    #[serde(default)]
    pub reasons: Vec<RiskReason>,
    /// Who and what took part.
    pub entities: Vec<EntityRef>,
    /// ATT&CK technique ids, sorted.
    pub techniques: Vec<String>,
    /// ATT&CK tactics, in kill-chain order.
    pub tactics: Vec<String>,
    /// Event time of the first evidence.
    pub first: Timestamp,
    /// Event time of the last evidence.
    pub last: Timestamp,
    /// Its signals and why each is here, in the order they joined.
    pub joins: Vec<Join>,
    /// How many events its signals rest on.
    pub events_total: u64,
    /// The story.
    pub narrative: Narrative,
    /// Goes up with every change.
    pub version: u64,
    /// When it was opened, by the platform's clock.
    pub created: Timestamp,
    /// When it last changed, by the platform's clock.
    pub updated: Timestamp,
    /// The incident that this one became part of; it has no signals of its own any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<IncidentId>,
    /// Incidents that became part of this one; their ids still lead here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absorbed: Vec<IncidentId>,
}
