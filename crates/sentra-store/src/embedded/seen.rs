//! The newest end of a tenant's events: what is in memory, then the newest segments.

use std::sync::Arc;

use sentra_model::TenantScope;
use tokio::time::{Instant, timeout_at};

use super::EmbeddedMarts;
use super::search::is_out_of_memory;
use super::table::SegmentTable;
use crate::StoreError;
use crate::seen::{Seen, SeenRequest, Tally};
use crate::stream::{Extent, Horizon, time_span};

impl EmbeddedMarts {
    pub(super) async fn look_at_newest(
        &self,
        scope: &TenantScope,
        request: &SeenRequest,
    ) -> Result<Vec<Seen>, StoreError> {
        let deadline = Instant::now() + request.timeout;
        let snapshot = self.tenant(scope).await.snapshot();
        let mut tally = Tally::new(request);
        for chunk in
            snapshot.chunks.iter().rev().filter(|chunk| tally.wants(&chunk.mart)).cloned().collect::<Vec<_>>()
        {
            tally.add(&chunk.record);
        }
        let mut segments: Vec<_> =
            snapshot.segments.into_iter().filter(|segment| tally.wants(&segment.mart)).collect();
        segments.sort_by_key(|segment| std::cmp::Reverse(segment.last));
        let failed = || StoreError::datafusion("look at the newest events");
        for segment in segments {
            if tally.rows_left() == 0 || Instant::now() >= deadline {
                break;
            }
            let table = Arc::new(SegmentTable::all(vec![segment]));
            let frame = self.session.read_table(table).map_err(failed())?;
            let frame = frame.select_columns(&[tally.column()]).map_err(failed())?;
            let frame = frame.limit(0, Some(tally.rows_left())).map_err(failed())?;
            match timeout_at(deadline, frame.collect()).await {
                Ok(Ok(batches)) => batches.iter().for_each(|batch| tally.add(batch)),
                Ok(Err(error)) if is_out_of_memory(&error) => break,
                // Who writes a question is not told that a segment is damaged; who asks one is.
                Ok(Err(error)) => tracing::debug!(%error, "a segment was not looked at for completion"),
                Err(_) => break,
            }
        }
        Ok(tally.finished())
    }

    pub(super) async fn extents(&self, scope: &TenantScope) -> Horizon {
        let snapshot = self.tenant(scope).await.snapshot();
        let mut extents: Vec<Extent> = snapshot
            .segments
            .iter()
            .map(|segment| Extent {
                mart: segment.mart.clone(),
                first: segment.first,
                last: segment.last,
                rows: segment.rows,
            })
            .collect();
        extents.extend(snapshot.chunks.iter().filter_map(time_span));
        Horizon { taken: snapshot.taken, extents }
    }
}
