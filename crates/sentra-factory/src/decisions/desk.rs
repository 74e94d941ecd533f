//! Where decisions are handed in.

use std::sync::Arc;
use std::time::Duration;

use sentra_backbone::{AppendBatch, EventLog, LogError, Stream};
use sentra_learn::keeper::ModelsView;
use sentra_model::{Clock, EventId, OwnedRecord, TenantScope, Topic};

use super::{DECISION_SUBJECTS_MAX, DECISION_TEXT_CHARS_MAX, Decided, Decision, Journaled, source};
use crate::status::FactoryStatus;
use crate::view::TriageView;

/// How long somebody who decided waits for the factory.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a decision has no effect, or none yet.
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    /// It cannot be taken as it is.
    #[error("{0}")]
    Invalid(String),
    /// It was taken, and could not be carried out.
    #[error("{0}")]
    Refused(String),
    /// It is durable and will be carried out; the factory has other work before it.
    #[error("the decision is recorded as {id} and will be carried out after the events before it")]
    Waiting {
        /// Where it stands.
        id: EventId,
    },
    /// The log did not take it.
    #[error("the decision could not be recorded")]
    Log(#[from] LogError),
    /// It could not be written down.
    #[error("the decision could not be written down")]
    Json(#[from] serde_json::Error),
}

/// Takes decisions in.
#[derive(Debug, Clone)]
pub struct DecisionDesk {
    log: Arc<dyn EventLog>,
    clock: Arc<dyn Clock>,
    status: Arc<FactoryStatus>,
}

impl DecisionDesk {
    /// A desk that writes into `log` and hears of the factory by `status`.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, clock: Arc<dyn Clock>, status: Arc<FactoryStatus>) -> Self {
        Self { log, clock, status }
    }

    /// What triage knows of the tenant beside signals and incidents.
    #[must_use]
    pub fn view(&self, scope: &TenantScope) -> Arc<TriageView> {
        self.status.triage(scope)
    }

    /// What there is to see of the tenant's models; nothing before its worker runs.
    #[must_use]
    pub fn models(&self, scope: &TenantScope) -> Option<Arc<ModelsView>> {
        self.status.models(scope)
    }

    /// Records `decision` and waits until the factory has carried it out.
    ///
    /// # Errors
    /// See [`DecisionError`].
    pub async fn decide(
        &self,
        scope: &TenantScope,
        by: &str,
        decision: Decision,
    ) -> Result<Decided, DecisionError> {
        check(by, &decision).map_err(DecisionError::Invalid)?;
        let at = self.clock.now();
        let bytes = serde_json::to_vec(&Journaled { at, by: by.to_owned(), decision })?;
        let stream = Stream { tenant: scope.tenant().clone(), topic: Topic::Raw, partition: 0 };
        let records = vec![OwnedRecord { position: 0, bytes }];
        let appended =
            self.log.append(&stream, AppendBatch { received: at, source: source(at), records }).await?;
        let id = EventId::raw(stream.partition, appended.first_offset);
        match tokio::time::timeout(PATIENCE, self.status.outcomes().of(scope.tenant(), id)).await {
            Ok(outcome) => outcome.map_err(DecisionError::Refused),
            Err(_) => Err(DecisionError::Waiting { id }),
        }
    }
}

/// What is wrong with a decision whatever it is about.
fn check(by: &str, decision: &Decision) -> Result<(), String> {
    let text = |name: &str, text: &str| {
        let length = text.trim().chars().count();
        if length == 0 || length > DECISION_TEXT_CHARS_MAX {
            return Err(format!("{name} has 1 to {DECISION_TEXT_CHARS_MAX} characters"));
        }
        Ok(())
    };
    let many = |name: &str, count: usize| {
        if count == 0 || count > DECISION_SUBJECTS_MAX {
            return Err(format!("name 1 to {DECISION_SUBJECTS_MAX} {name}"));
        }
        Ok(())
    };
    text("by", by)?;
    match decision {
        Decision::Verdict { reason, .. } | Decision::Suppress { reason, .. } => text("reason", reason),
        Decision::Merge { from, .. } => many("incidents", from.len()),
        Decision::Split { signals, .. } | Decision::Move { signals, .. } => many("signals", signals.len()),
        Decision::Retitle { title, .. } => text("title", title),
        Decision::Unsuppress { id } => text("id", id),
        Decision::SetStatus { .. }
        | Decision::RollBackModel { .. }
        | Decision::ActivateModel { .. }
        | Decision::DiscardShadow { .. } => Ok(()),
    }
}
