//! A mart and all of its events deleted.
//!
//! The manifest stops naming the segments in one statement, then the files go. A crash between leaves files that nobody
//! names, which the next start removes, or the whole mart.

use std::fs;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use sentra_model::{Mart, TenantScope};

use super::EmbeddedMarts;
use super::segment::check_mart_name;
use super::tenant::Segment;
use crate::StoreError;

/// How long the files of a deleted mart wait for questions that still read them, in milliseconds.
const READERS_WAIT_MS_MAX: u64 = 10_000;
/// How often it is looked whether somebody reads them.
const READERS_LOOK: Duration = Duration::from_millis(20);

impl EmbeddedMarts {
    pub(super) async fn drop_events(&self, scope: &TenantScope, mart: &Mart) -> Result<u64, StoreError> {
        check_mart_name(mart)?;
        let tenant = self.tenant(scope).await;
        // Nobody writes anything down about its segments meanwhile.
        let tending = tenant.tending.lock().await;
        // Nothing comes in meanwhile, and nothing of it is left in memory, from where a crash would bring it back.
        let in_order = tenant.appending.lock().await;
        self.flush_tenant(scope, &tenant).await?;
        let alone = tenant.flushing.lock().await;
        self.manifest.forget_mart(scope, mart).await?;
        #[cfg(test)]
        self.reach(super::flush::Step::Forgotten)?;
        let segments = tenant.forget_mart(mart);
        // Events go on coming in while the files wait for who reads them.
        drop((alone, in_order, tending));
        let rows = segments.iter().map(|segment| segment.rows).sum();
        for segment in segments {
            self.remove_file(segment).await?;
        }
        Ok(rows)
    }

    /// Removes the file of a segment that the manifest does not name any more, once no question holds it.
    async fn remove_file(&self, segment: Arc<Segment>) -> Result<(), StoreError> {
        let looks = READERS_WAIT_MS_MAX / u64::try_from(READERS_LOOK.as_millis()).unwrap_or(1).max(1);
        for _ in 0..looks {
            if Arc::strong_count(&segment) == 1 {
                break;
            }
            tokio::time::sleep(READERS_LOOK).await;
        }
        let path = self.root.join(&segment.path);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::io("remove", &path)(error))
            }
            _ => Ok(()),
        }
    }
}
