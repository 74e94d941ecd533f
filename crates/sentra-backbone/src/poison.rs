use std::sync::Arc;

use tokio::sync::watch;

use crate::LogError;

/// Set once, by the first write or fsync that failed; never taken back (law ACK).
#[derive(Debug, Clone, Default)]
pub(crate) struct Poison {
    reason: Arc<watch::Sender<Option<Arc<str>>>>,
}

impl Poison {
    pub(crate) fn set(&self, reason: String) {
        let is_first = self.reason.send_if_modified(|slot| {
            let is_first = slot.is_none();
            if is_first {
                *slot = Some(Arc::from(reason.as_str()));
            }
            is_first
        });
        if is_first {
            tracing::error!(reason, "the log is poisoned");
        }
    }

    pub(crate) fn reason(&self) -> Option<Arc<str>> {
        self.reason.borrow().clone()
    }

    pub(crate) fn check(&self) -> Result<(), LogError> {
        if self.reason.borrow().is_some() { Err(self.error()) } else { Ok(()) }
    }

    pub(crate) fn error(&self) -> LogError {
        let reason = self.reason().map_or_else(|| "unknown".to_owned(), |reason| reason.to_string());
        LogError::Poisoned { reason }
    }

    /// Resolves when the log is poisoned, with the reason.
    pub(crate) async fn wait(&self) -> Arc<str> {
        let mut changes = self.reason.subscribe();
        let reason = match changes.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone(),
            Err(_closed) => None,
        };
        reason.unwrap_or_else(|| Arc::from("unknown"))
    }
}
