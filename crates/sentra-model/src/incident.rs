use serde::{Deserialize, Serialize};

use crate::{
    EntityRef, EntityType, Estimate, IncidentId, Narrative, RiskReason, Severity, SignalId, TenantId,
    Timestamp, VerdictNote,
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
    /// A program of it started, or was started by, a program of a signal already in it, on the same host.
    ProcessTree {
        /// The host, by its short name.
        host: String,
        /// The program that both name, by the path of its image.
        process: String,
    },
    /// It met the same indicator as a signal already in it.
    Indicator {
        /// The indicator's value.
        value: String,
    },
    /// It is about the same file content as a signal already in it.
    FileHash {
        /// The hash, in lower case.
        value: String,
    },
    /// The incident it was in became part of this one.
    Merged {
        /// Where it was.
        from: IncidentId,
        /// Who did it; `None` for the platform.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        /// Why it was where it came from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(no_recursion)]
        was: Option<Box<JoinReason>>,
    },
    /// Somebody took it out of another incident.
    Moved {
        /// Where it was.
        from: IncidentId,
        /// Who did it.
        by: String,
        /// Why it was where it came from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(no_recursion)]
        was: Option<Box<JoinReason>>,
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

/// What was done to an incident as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum EditKind {
    /// Another incident became part of this one.
    Absorbed {
        /// The other, whose id leads here now.
        from: IncidentId,
        /// What connected the two, where the platform did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        over: Option<JoinReason>,
    },
    /// This one became part of another.
    MergedInto {
        /// Where its signals are now.
        into: IncidentId,
    },
    /// Signals were taken out of this one into another.
    TakenOut {
        /// Where they are now.
        into: IncidentId,
        /// Which.
        signals: Vec<SignalId>,
    },
    /// Signals were brought in from another.
    BroughtIn {
        /// Where they were.
        from: IncidentId,
        /// Which.
        signals: Vec<SignalId>,
    },
    /// It got a title from a person, which stays.
    Retitled {
        /// The title.
        title: String,
    },
    /// The work on it got to another stand.
    StatusSet {
        /// Where it stands.
        status: IncidentStatus,
    },
}

/// A change of an incident that is not a joining signal, with who made it and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Edit {
    /// Who did it; `None` for the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When, by the platform's clock.
    pub at: Timestamp,
    /// What was done.
    #[serde(flatten)]
    pub kind: EditKind,
}

/// One step of an attack: a tactic, and the signal that first showed it in its place of the kill chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChainStep {
    /// ATT&CK tactic by its short name.
    pub tactic: String,
    /// The signal that shows it.
    pub signal: SignalId,
    /// Event time of that signal's first evidence.
    pub at: Timestamp,
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
    /// The longest run of tactics that happened in the order of the kill chain; empty when fewer than two did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<ChainStep>,
    /// What was done to it as a whole, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Edit>,
    /// Incidents that a person separated from it: the platform does not merge it with them again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apart: Vec<IncidentId>,
    /// What an analyst found it to be; the last verdict counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictNote>,
}
