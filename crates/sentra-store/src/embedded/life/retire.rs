//! Retention: whole segments, by the time of their latest event.

use std::collections::BTreeMap;
use std::sync::Arc;

use sentra_model::{Mart, TenantScope, Timestamp};

use crate::embedded::EmbeddedMarts;
use crate::embedded::tenant::Segment;
use crate::{Retained, Retention, RetentionPolicy, StoreError};

#[cfg(test)]
use crate::embedded::flush::Step;

const DAY_MICROS: i64 = 86_400 * 1_000_000;

impl EmbeddedMarts {
    /// See [`crate::MartStore::retain`].
    pub(in crate::embedded) async fn retire(
        &self,
        scope: &TenantScope,
        policy: &RetentionPolicy,
        now: Timestamp,
    ) -> Result<Retained, StoreError> {
        let tenant = self.tenant(scope).await;
        let _alone = tenant.tending.lock().await;
        let snapshot = tenant.snapshot();
        let mut marts: BTreeMap<&Mart, Vec<&Arc<Segment>>> = BTreeMap::new();
        // What is damaged is kept no longer than what is not.
        let unread = snapshot.unread.iter().map(|unread| &unread.segment);
        for segment in snapshot.segments.iter().chain(unread) {
            marts.entry(&segment.mart).or_default().push(segment);
        }
        let mut old = Vec::new();
        for (mart, segments) in marts {
            old.extend(outdated(segments, policy.of(scope.tenant(), mart), now));
        }
        if old.is_empty() {
            return Ok(Retained::default());
        }
        self.manifest.retire(scope, &old).await?;
        #[cfg(test)]
        self.reach(Step::Retired)?;
        tenant.retired(&old);
        drop(snapshot);
        self.count_retired(scope, &old);
        self.sweep(&tenant)?;
        self.show_segments(scope, &tenant);
        Ok(Retained {
            segments: old.len() as u64,
            rows: old.iter().map(|segment| segment.rows).sum(),
            bytes: old.iter().map(|segment| segment.bytes).sum(),
        })
    }

    fn count_retired(&self, scope: &TenantScope, old: &[Arc<Segment>]) {
        for Segment { mart, path, rows, bytes, first, last, .. } in old.iter().map(Arc::as_ref) {
            let labels = [("tenant", scope.tenant().to_string()), ("mart", mart.to_string())];
            metrics::counter!("sentra_store_retired_segments_total", &labels).increment(1);
            metrics::counter!("sentra_store_retired_rows_total", &labels).increment(*rows);
            metrics::counter!("sentra_store_retired_bytes_total", &labels).increment(*bytes);
            tracing::info!(path, rows, bytes, %first, %last, "retention removed a segment");
        }
    }
}

/// The segments of a mart that are kept no longer, the oldest first.
fn outdated(mut segments: Vec<&Arc<Segment>>, retention: Retention, now: Timestamp) -> Vec<Arc<Segment>> {
    segments.sort_by_key(|segment| (segment.last, segment.offset_max));
    let oldest = retention.days.map(|days| now.plus_micros(-DAY_MICROS.saturating_mul(days.into())));
    let mut bytes: u64 = segments.iter().map(|segment| segment.bytes).sum();
    let mut old = Vec::new();
    for segment in segments {
        let is_old = oldest.is_some_and(|oldest| segment.last < oldest);
        let is_much = retention.bytes.is_some_and(|bytes_max| bytes > bytes_max);
        if !is_old && !is_much {
            break;
        }
        bytes -= segment.bytes;
        old.push(Arc::clone(segment));
    }
    old
}
