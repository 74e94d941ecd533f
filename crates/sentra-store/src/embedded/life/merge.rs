//! Merging: several segments become one, in one transaction.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow_array::RecordBatch;
use futures::StreamExt;
use sentra_model::TenantScope;

use super::LookedAt;
use crate::embedded::EmbeddedMarts;
use crate::embedded::segment;
use crate::embedded::table::SegmentTable;
use crate::embedded::tenant::{Segment, Tenant};
use crate::{StoreError, Tended};

#[cfg(test)]
use crate::embedded::flush::Step;

impl EmbeddedMarts {
    /// Merges `chosen`, segments of one mart and partition. What is damaged among them is set aside. The caller holds
    /// `tending`.
    pub(super) async fn merge(
        &self,
        scope: &TenantScope,
        tenant: &Tenant,
        chosen: Vec<Arc<Segment>>,
        tended: &mut Tended,
    ) -> Result<(), StoreError> {
        let started = self.clock.now();
        let (mut old, mut records, mut memory) = (Vec::new(), Vec::new(), 0);
        for segment in chosen {
            // Two at least, or nothing would ever be merged.
            if memory > self.options.segment_bytes_max && old.len() >= 2 {
                break;
            }
            tended.bytes_read += segment.bytes;
            // Before it is read: a fallen bit would get a right checksum otherwise.
            if self.looked_at(scope, tenant, &segment).await? == LookedAt::Damaged {
                tended.segments_damaged += 1;
                continue;
            }
            let (events, bytes) = self.events_of(&segment).await?;
            memory += bytes;
            records.extend(events);
            old.push(segment);
        }
        if old.len() < 2 {
            return Ok(());
        }
        let new = self.write_merged(scope, &old, records).await?;
        #[cfg(test)]
        self.reach(Step::Merged)?;
        let parts = self.count_new(tenant, std::slice::from_ref(&new)).await;
        self.manifest.replace(scope, &old, std::slice::from_ref(&new), parts).await?;
        #[cfg(test)]
        self.reach(Step::Replaced)?;
        let (rows, bytes) = (new.rows, new.bytes);
        let now = self.clock.now();
        tenant.replaced(&old, vec![new], now);
        #[cfg(test)]
        self.reach(Step::Doomed)?;
        tended.segments_merged += old.len() as u64;
        tended.segments_made += 1;
        tended.rows += rows;
        metrics::counter!("sentra_store_merged_segments_total").increment(old.len() as u64);
        metrics::counter!("sentra_store_merged_rows_total").increment(rows);
        metrics::histogram!("sentra_store_merge_seconds").record(now.since(started).max(0) as f64 / 1e6);
        tracing::debug!(tenant = %scope.tenant(), segments = old.len(), rows, bytes, "segments merged");
        Ok(())
    }

    /// Every event of a segment, with the memory they take.
    pub(in crate::embedded) async fn events_of(
        &self,
        segment: &Arc<Segment>,
    ) -> Result<(Vec<RecordBatch>, u64), StoreError> {
        let failed = || StoreError::datafusion("read a segment");
        let table = Arc::new(SegmentTable::all(vec![Arc::clone(segment)]));
        let frame = self.session.read_table(table).map_err(failed())?;
        let mut stream = frame.execute_stream().await.map_err(failed())?;
        let (mut records, mut rows, mut bytes) = (Vec::new(), 0, 0);
        while let Some(record) = stream.next().await {
            let record = record.map_err(failed())?;
            rows += record.num_rows() as u64;
            bytes += record.get_array_memory_size() as u64;
            records.push(record);
        }
        if rows != segment.rows {
            let detail = format!("it has {rows} events, the manifest says {}", segment.rows);
            return Err(StoreError::Corrupt { path: self.root.join(&segment.path), detail });
        }
        Ok((records, bytes))
    }

    async fn write_merged(
        &self,
        scope: &TenantScope,
        old: &[Arc<Segment>],
        records: Vec<RecordBatch>,
    ) -> Result<Segment, StoreError> {
        let stopped = StoreError::Stopped { operation: "merge segments" };
        let Some((mart, partition)) = old.first().map(|segment| (segment.mart.clone(), segment.partition))
        else {
            return Err(stopped);
        };
        let (root, tenant) = (self.root.clone(), scope.tenant().clone());
        let number = Some(self.number.fetch_add(1, Ordering::Relaxed));
        let written = tokio::task::spawn_blocking(move || {
            segment::write(&root, &tenant, &mart, partition, &records, number)
        });
        let merged = written.await.map_err(|_| StoreError::Stopped { operation: "merge segments" })??;
        let merged = merged.ok_or(stopped)?;
        let rows: u64 = old.iter().map(|segment| segment.rows).sum();
        // Law LOSS: what is published in the place of others holds what they held.
        if merged.rows != rows {
            let detail = format!("it has {} events in the place of {rows}", merged.rows);
            return Err(StoreError::Corrupt { path: self.root.join(&merged.path), detail });
        }
        Ok(merged)
    }
}
