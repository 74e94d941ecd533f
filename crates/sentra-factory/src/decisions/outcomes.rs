//! Where who decided waits for what came of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use sentra_model::{EventId, IncidentId, TenantId};
use tokio::sync::Notify;

/// Law LIMIT: outcomes that nobody has fetched yet; of more the oldest are forgotten, and who asks hears that it waits.
const OUTCOMES_MAX: usize = 1_024;

/// What a decision did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Incidents that changed, in the order of their ids.
    pub incidents: Vec<IncidentId>,
    /// The incident or suppression that came into being, where one did.
    pub made: Option<String>,
}

type Outcome = Result<Decided, String>;

/// What came of decisions, until somebody fetches it.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    known: Mutex<BTreeMap<(EventId, TenantId), Outcome>>,
    changed: Notify,
}

impl Outcomes {
    pub(crate) fn tell(&self, tenant: &TenantId, id: EventId, outcome: Outcome) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert((id, tenant.clone()), outcome);
        while known.len() > OUTCOMES_MAX {
            known.pop_first();
        }
        drop(known);
        self.changed.notify_waiters();
    }

    /// What came of the decision at `id`, when it has come.
    pub(crate) async fn of(&self, tenant: &TenantId, id: EventId) -> Outcome {
        let key = (id, tenant.clone());
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on nothing that is told is missed.
            changed.as_mut().enable();
            if let Some(outcome) = self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&key) {
                return outcome;
            }
            changed.await;
        }
    }
}
