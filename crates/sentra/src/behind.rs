//! How far the stores are behind the log, for answers that say so.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use sentra_backbone::EventLog;
use sentra_factory::{Backlog, FactoryStatus, backlog};
use sentra_model::TenantScope;
use sentra_query::{Freshness, Waiting};
use sentra_store::MartStore;

/// Compares where the log ends with how far the factory has come.
pub(crate) struct Behind {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) marts: Arc<dyn MartStore>,
    pub(crate) status: Arc<FactoryStatus>,
}

impl fmt::Debug for Behind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Behind")
    }
}

#[async_trait]
impl Freshness for Behind {
    async fn waiting(&self, scope: &TenantScope) -> Option<Waiting> {
        match backlog(&*self.log, &*self.marts, &self.status, scope).await {
            Ok(waiting) => waiting.map(|Backlog { records, since }| Waiting { records, since }),
            Err(error) => {
                tracing::warn!(tenant = %scope.tenant(), %error, "cannot tell how far the marts are behind");
                None
            }
        }
    }
}
