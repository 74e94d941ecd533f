use sentra_factory::{
    Decided, Decision, DecisionError, EntityRisk, FeedbackMetrics, Suppressed, Suppression, SuppressionMatch,
    TriageView,
};
use sentra_model::{EventId, IncidentId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A decision and who makes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DecisionBody {
    /// Who decides.
    pub by: String,
    /// What.
    #[serde(flatten)]
    pub decision: Decision,
}

/// What a decision did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default, ToSchema)]
pub struct DecisionAnswer {
    /// Incidents that changed.
    pub incidents: Vec<IncidentId>,
    /// The incident or suppression that came into being.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<String>,
    /// Where the decision stands that is not carried out yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<EventId>,
}

impl DecisionAnswer {
    pub(crate) fn of(decided: Result<Decided, DecisionError>) -> Result<Self, DecisionError> {
        match decided {
            Ok(Decided { incidents, made }) => Ok(Self { incidents, made, waiting: None }),
            Err(DecisionError::Waiting { id }) => Ok(Self { waiting: Some(id), ..Self::default() }),
            Err(error) => Err(error),
        }
    }
}

/// A suppression that is thought of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SuppressionPreviewBody {
    /// What it would be about.
    #[serde(rename = "match")]
    pub matches: SuppressionMatch,
}

/// A suppression and what it kept back.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SuppressionView {
    /// The suppression.
    #[serde(flatten)]
    pub suppression: Suppression,
    /// What it kept back.
    pub suppressed: Suppressed,
}

/// What triage knows beside signals and incidents.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TriageAnswer {
    /// The riskiest entities, the riskiest first, at most 100.
    pub entities: Vec<EntityRisk>,
    /// Suppressions.
    pub suppressions: Vec<SuppressionView>,
    /// How well verdicts and risks agree; absent before anything was worked on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<FeedbackMetrics>,
}

impl From<&TriageView> for TriageAnswer {
    fn from(view: &TriageView) -> Self {
        let shown = |(suppression, suppressed): &(Suppression, Suppressed)| SuppressionView {
            suppression: suppression.clone(),
            suppressed: suppressed.clone(),
        };
        Self {
            entities: view.entities.clone(),
            suppressions: view.suppressions.iter().map(shown).collect(),
            feedback: view.feedback.clone(),
        }
    }
}
