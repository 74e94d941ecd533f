//! What people decide about signals and incidents: verdicts, merges, splits, moves, titles, states, suppressions.
//!
//! A decision is a record of the backbone like any other (laws ACK and SOURCE): it is durable before it is answered, it
//! takes effect at its place among the events, a replay decides the same, and it is an event of the audit mart. Only the
//! platform writes records of its kind; see [`SourceKind::Platform`].

mod apply;
mod desk;
mod outcomes;

use sentra_learn::registry::{ModelKind, ModelVersion};
use sentra_model::{
    IncidentId, IncidentStatus, SignalId, Source, SourceKind, Timestamp, VerdictKind, VerdictTarget,
};
use sentra_triage::SuppressionMatch;
use serde::{Deserialize, Serialize};

use crate::models::ModelChange;

pub(crate) use apply::{Carried, Past, apply};
pub use desk::{DecisionDesk, DecisionError};
pub use outcomes::Decided;
pub(crate) use outcomes::Outcomes;

/// Longest reason, title or name, in characters.
pub const DECISION_TEXT_CHARS_MAX: usize = 1_000;
/// Signals or incidents that one decision names.
pub const DECISION_SUBJECTS_MAX: usize = 1_000;

/// What somebody decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Decision {
    /// What a signal or an incident was found to be.
    Verdict {
        /// What it is about.
        #[serde(flatten)]
        target: VerdictTarget,
        /// What it was.
        kind: VerdictKind,
        /// Why.
        reason: String,
    },
    /// Incidents became part of another.
    Merge {
        /// The one that stays.
        into: IncidentId,
        /// Those that become part of it.
        from: Vec<IncidentId>,
    },
    /// Signals were taken out of an incident into a new one.
    Split {
        /// Where they were.
        from: IncidentId,
        /// Which.
        signals: Vec<SignalId>,
    },
    /// Signals were taken out of an incident into another.
    Move {
        /// Where they were.
        from: IncidentId,
        /// Where they belong.
        into: IncidentId,
        /// Which.
        signals: Vec<SignalId>,
    },
    /// An incident got a title.
    Retitle {
        /// Which.
        incident: IncidentId,
        /// The title.
        title: String,
    },
    /// The work on an incident got to another stand.
    SetStatus {
        /// Which.
        incident: IncidentId,
        /// Where it stands.
        status: IncidentStatus,
    },
    /// Findings shall not be seen for a while.
    Suppress {
        /// Which.
        #[serde(rename = "match")]
        matches: SuppressionMatch,
        /// Why.
        reason: String,
        /// Until when.
        expires: Timestamp,
    },
    /// A suppression ends now.
    Unsuppress {
        /// Its id.
        id: String,
    },
    /// The model that was active before speaks again.
    RollBackModel {
        /// Of which kind.
        kind: ModelKind,
    },
    /// A model speaks from now on.
    ActivateModel {
        /// Of which kind.
        kind: ModelKind,
        /// Which; the one in shadow where none is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<ModelVersion>,
    },
    /// The model in shadow is compared no longer.
    DiscardShadow {
        /// Of which kind.
        kind: ModelKind,
    },
}

impl Decision {
    /// The incidents that it names.
    pub(crate) fn incidents(&self) -> Vec<IncidentId> {
        match self {
            Self::Verdict { target: VerdictTarget::Incident(id), .. } => vec![*id],
            Self::Merge { into, from } => from.iter().copied().chain([*into]).collect(),
            Self::Split { from, .. } => vec![*from],
            Self::Move { from, into, .. } => vec![*from, *into],
            Self::Retitle { incident, .. } | Self::SetStatus { incident, .. } => vec![*incident],
            _ => Vec::new(),
        }
    }

    /// What it changes about the models, if it is about them.
    fn about_model(&self) -> Option<(ModelKind, ModelChange)> {
        match self {
            Self::RollBackModel { kind } => Some((*kind, ModelChange::RollBack)),
            Self::ActivateModel { kind, version } => Some((*kind, ModelChange::Activate(*version))),
            Self::DiscardShadow { kind } => Some((*kind, ModelChange::DiscardShadow)),
            _ => None,
        }
    }
}

/// A decision as it stands in the backbone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Journaled {
    pub(crate) at: Timestamp,
    pub(crate) by: String,
    #[serde(flatten)]
    pub(crate) decision: Decision,
}

/// The source of decisions.
fn source(at: Timestamp) -> Source {
    Source { kind: SourceKind::Platform, origin: "decisions".to_owned(), format: None, reference: at }
}
