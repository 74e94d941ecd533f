//! What triage knows beside signals and incidents, for those who ask.

use sentra_model::Timestamp;
use sentra_triage::{EntityRisk, FeedbackMetrics, Suppressed, Suppression, Triage};

/// Law LIMIT: entities that are shown, the riskiest first.
pub(crate) const ENTITIES_SHOWN_MAX: usize = 100;

/// What triage knew of a tenant at one moment.
#[derive(Debug, Clone, Default)]
pub struct TriageView {
    /// The riskiest entities, at most 100.
    pub entities: Vec<EntityRisk>,
    /// How well persons and platform agree.
    pub feedback: Option<FeedbackMetrics>,
    /// Suppressions with what they kept back.
    pub suppressions: Vec<(Suppression, Suppressed)>,
}

impl TriageView {
    pub(crate) fn of(triage: &mut Triage, as_of: Timestamp) -> Self {
        Self {
            entities: triage.riskiest(as_of, ENTITIES_SHOWN_MAX),
            feedback: Some(triage.metrics()),
            suppressions: triage
                .suppressions()
                .list()
                .map(|(one, done)| (one.clone(), done.clone()))
                .collect(),
        }
    }
}
