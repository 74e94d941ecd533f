//! From memory to segments.

use std::collections::BTreeMap;
use std::path::Path;

use arrow_array::RecordBatch;
use sentra_model::{Mart, TenantId, TenantScope};

use super::tenant::{Segment, Snapshot, Tenant, bytes_of};
use super::{EmbeddedMarts, segment};
use crate::StoreError;
use crate::admit::Chunk;

/// Where a test can make a flush fail as a crash would.
#[cfg(test)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Segments are on disk, the manifest does not name them.
    Written,
    /// The manifest names them, memory does not know.
    Published,
    /// A mart is deleted in the manifest, its files and memory are there.
    Forgotten,
    /// The segment in the place of others is on disk, the manifest names the others.
    Merged,
    /// The manifest names the segment in the place of others, memory does not know.
    Replaced,
    /// The manifest does not name the segments that retention removes, memory does.
    Retired,
    /// Memory does not know the old segments either, their files are there.
    Doomed,
}

impl EmbeddedMarts {
    /// Writes what is in memory, then publishes it.
    pub(super) async fn flush_tenant(&self, scope: &TenantScope, tenant: &Tenant) -> Result<(), StoreError> {
        let _alone = tenant.flushing.lock().await;
        let snapshot = tenant.snapshot();
        if snapshot.chunks.is_empty() && snapshot.taken == snapshot.durable {
            return Ok(());
        }
        self.check_manifest(scope, &snapshot).await?;
        let started = self.clock.now();
        let segments = self.write_segments(scope, &snapshot).await?;
        #[cfg(test)]
        self.reach(Step::Written)?;
        let parts = self.count_new(tenant, &segments).await;
        self.manifest.publish(scope, &segments, parts, &snapshot.taken).await?;
        #[cfg(test)]
        self.reach(Step::Published)?;
        let now = self.clock.now();
        tenant.published(snapshot.chunks.len(), segments, snapshot.taken, now);
        let seconds = now.since(started).max(0) as f64 / 1e6;
        metrics::histogram!("sentra_store_flush_seconds").record(seconds);
        self.show_segments(scope, tenant);
        Ok(())
    }

    /// A commit that was reported as failed may have happened. Then the manifest is ahead of this process,
    /// and writing the same events again would store them twice (law IDENTITY).
    async fn check_manifest(&self, scope: &TenantScope, snapshot: &Snapshot) -> Result<(), StoreError> {
        let stored = self.manifest.positions_of(scope).await?;
        if stored == snapshot.durable {
            return Ok(());
        }
        let detail = "a flush that seemed to fail was published: open the store again".to_owned();
        Err(StoreError::Corrupt { path: self.root.join("manifest.db"), detail })
    }

    async fn write_segments(
        &self,
        scope: &TenantScope,
        snapshot: &Snapshot,
    ) -> Result<Vec<Segment>, StoreError> {
        let plan = plan(&snapshot.chunks, self.options.segment_bytes_max);
        let (root, tenant) = (self.root.clone(), scope.tenant().clone());
        tokio::task::spawn_blocking(move || write_all(&root, &tenant, plan))
            .await
            .map_err(|_| StoreError::Stopped { operation: "write segments" })?
    }

    #[cfg(test)]
    pub(super) fn reach(&self, step: Step) -> Result<(), StoreError> {
        if *self.fail_at.lock().unwrap() == Some(step) {
            return Err(StoreError::Stopped { operation: "go on: a test stopped it" });
        }
        Ok(())
    }
}

/// What goes into one segment.
struct Planned {
    mart: Mart,
    partition: u32,
    records: Vec<RecordBatch>,
    bytes: u64,
}

/// One segment per mart and partition, or several when it would be too large.
fn plan(chunks: &[Chunk], segment_bytes_max: u64) -> Vec<Planned> {
    let mut open: BTreeMap<(&Mart, u32), Planned> = BTreeMap::new();
    let mut full = Vec::new();
    for chunk in chunks {
        let key = (&chunk.mart, chunk.partition);
        let bytes = bytes_of(chunk);
        if open.get(&key).is_some_and(|planned| planned.bytes + bytes > segment_bytes_max) {
            full.extend(open.remove(&key));
        }
        let planned = open.entry(key).or_insert_with(|| Planned {
            mart: chunk.mart.clone(),
            partition: chunk.partition,
            records: Vec::new(),
            bytes: 0,
        });
        planned.records.push(chunk.record.clone());
        planned.bytes += bytes;
    }
    full.extend(open.into_values());
    full
}

fn write_all(root: &Path, tenant: &TenantId, plan: Vec<Planned>) -> Result<Vec<Segment>, StoreError> {
    let mut segments = Vec::with_capacity(plan.len());
    for planned in plan {
        segments.extend(segment::write(
            root,
            tenant,
            &planned.mart,
            planned.partition,
            &planned.records,
            None,
        )?);
    }
    Ok(segments)
}
