//! The questions that run, by the names under which they can be cancelled.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sentra_model::TenantId;
use tokio::sync::Notify;

use crate::error::QueryError;

type Questions = BTreeMap<(TenantId, String), Arc<Notify>>;

/// The questions that run. Law TENANT: a name is one of a tenant, and another tenant's is not found by it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Running(Arc<Mutex<Questions>>);

impl Running {
    fn questions(&self) -> MutexGuard<'_, Questions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A question begins.
    pub(crate) fn begin(&self, tenant: &TenantId, query_id: &str) -> Result<Begun, QueryError> {
        let key = (tenant.clone(), query_id.to_owned());
        let mut questions = self.questions();
        if questions.contains_key(&key) {
            return Err(QueryError::IdTaken { query_id: query_id.to_owned() });
        }
        let cancelled = Arc::new(Notify::new());
        questions.insert(key.clone(), Arc::clone(&cancelled));
        Ok(Begun { running: self.clone(), key, cancelled })
    }

    /// Ends a question; whether there is one of that name.
    pub(crate) fn cancel(&self, tenant: &TenantId, query_id: &str) -> bool {
        let key = (tenant.clone(), query_id.to_owned());
        let found = self.questions().get(&key).cloned();
        found.is_some_and(|cancelled| {
            cancelled.notify_one();
            true
        })
    }

    /// How many run or wait for their turn.
    pub(crate) fn count(&self) -> usize {
        self.questions().len()
    }
}

/// A question that runs; dropped, its name is free again.
#[derive(Debug)]
pub(crate) struct Begun {
    running: Running,
    key: (TenantId, String),
    cancelled: Arc<Notify>,
}

impl Begun {
    /// Comes back when somebody cancels the question.
    pub(crate) async fn cancelled(&self) {
        self.cancelled.notified().await;
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.running.questions().remove(&self.key);
    }
}
