//! Reading back, one flush at a time: what a page holds is what was once in memory together.

use std::sync::Arc;

use datafusion::logical_expr::{col, lit};
use sentra_model::{Mart, TenantScope};

use super::EmbeddedMarts;
use super::expression::condition;
use super::life::unread_of;
use super::stop::Stop;
use super::table::SegmentTable;
use super::tenant::{Segment, Snapshot, Unread};
use crate::StoreError;
use crate::answer::{Hit, hits_of};
use crate::bound::{TimeBounds, bind};
use crate::condition::{filtered_in_memory, parsed_condition};
use crate::readback::{BackPage, ByMart, ReadBack, event_batches};
use crate::schema::store_schema;

/// Offsets of one page at most.
const PAGE_OFFSETS_MAX: u64 = 131_072;

impl EmbeddedMarts {
    pub(super) async fn page(&self, scope: &TenantScope, request: &ReadBack) -> Result<BackPage, StoreError> {
        let filter = request.filter.as_ref().map(bind).transpose()?;
        let mut condition = condition(request.range, filter.as_ref(), &Stop::default());
        if let Some(text) = &request.condition {
            let more = parsed_condition(&self.session, text)?;
            condition = Some(condition.map_or(more.clone(), |condition| condition.and(more)));
        }
        let Snapshot { mut segments, mut chunks, mut unread, reading: _reading, .. } =
            self.tenant(scope).await.snapshot();
        let wanted = |mart: &Mart| request.marts.as_ref().is_none_or(|marts| marts.contains(mart));
        let bounds = TimeBounds::of(request.range, filter.as_ref());
        segments.retain(|segment| {
            segment.partition == request.partition
                && segment.offset_max >= request.from
                && wanted(&segment.mart)
                && bounds.overlaps(segment.first, segment.last)
        });
        chunks.retain(|chunk| chunk.partition == request.partition && wanted(&chunk.mart));
        unread.retain(|Unread { segment, .. }| {
            segment.partition == request.partition && segment.offset_max >= request.from
        });
        let segments_unread = unread_of(&unread, request.marts.as_deref(), bounds);
        let until = page_end(&segments, request.from);
        let mut found = ByMart::new();
        for segment in segments.iter().filter(|segment| until.is_none_or(|end| segment.offset_min < end)) {
            let table = Arc::new(SegmentTable::all(vec![Arc::clone(segment)]));
            let mut inside = col("offset").gt_eq(lit(request.from));
            if let Some(end) = until {
                inside = inside.and(col("offset").lt(lit(end)));
            }
            if let Some(condition) = &condition {
                inside = inside.and(condition.clone());
            }
            let failed = || StoreError::datafusion("read events back");
            let frame = self.session.read_table(table).and_then(|frame| frame.filter(inside));
            let records = frame.map_err(failed())?.collect().await.map_err(failed())?;
            found.entry(segment.mart.clone()).or_default().extend(records);
        }
        // What is in memory came after everything in segments, and is no more than one flush itself.
        if until.is_none() {
            let schema = store_schema();
            let all: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
            for chunk in &chunks {
                let records =
                    filtered_in_memory(&self.session, std::slice::from_ref(chunk), condition.as_ref(), &all)?;
                found.entry(chunk.mart.clone()).or_default().extend(records);
            }
        }
        let mut batches = Vec::new();
        for (mart, records) in &found {
            let rows: Vec<Hit> = records
                .iter()
                .enumerate()
                .flat_map(|(index, record)| hits_of(record, index))
                .filter(|hit| hit.key.offset >= request.from)
                .collect();
            batches.extend(event_batches(scope.tenant(), mart, records, rows)?);
        }
        Ok(BackPage { batches, next: until, segments_unread })
    }
}

/// The first offset behind the earliest flush among `segments`; `None` when there is no segment. Merged segments hold
/// the events of many flushes and those of others stand between them, so a page has at most [`PAGE_OFFSETS_MAX`].
fn page_end(segments: &[Arc<Segment>], from: u64) -> Option<u64> {
    let earliest = segments.iter().map(|segment| segment.offset_max).min()?;
    let begin = segments.iter().map(|segment| segment.offset_min).min()?.max(from);
    let of_one_flush = segments.iter().filter(|segment| segment.offset_min <= earliest);
    let end = of_one_flush.map(|segment| segment.offset_max + 1).max()?;
    Some(end.min(begin.saturating_add(PAGE_OFFSETS_MAX)))
}
