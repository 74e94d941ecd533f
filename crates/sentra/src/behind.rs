//! How far the stores are behind the log, for answers that say so.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use sentra_backbone::{EventLog, Stream};
use sentra_factory::FactoryStatus;
use sentra_model::{TenantScope, Topic};
use sentra_query::{Freshness, Waiting};

/// Bytes read to see when the first record came in that waits: at least one batch comes.
const LOOK_BYTES_MAX: usize = 1;

/// Compares where the log ends with how far the factory has come.
pub(crate) struct Behind {
    pub(crate) log: Arc<dyn EventLog>,
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
        let stream = Stream { tenant: scope.tenant().clone(), topic: Topic::Raw, partition: 0 };
        // Before the factory has looked, nothing is known; on the command line it has caught up.
        let records = self.status.lag(&stream).filter(|records| *records > 0)?;
        let end = self.log.extent(&stream).await.ok()?.end;
        let chunk = self.log.read(&stream, end.saturating_sub(records), LOOK_BYTES_MAX).await.ok()?;
        let since = chunk.batches.first()?.received;
        Some(Waiting { records, since })
    }
}
