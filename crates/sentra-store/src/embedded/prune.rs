//! Which segments a question needs, by what the manifest knows of them: the same for those who answer it and for those
//! who say beforehand what it costs.

use std::sync::Arc;

use sentra_model::Mart;

use super::tenant::{Segment, Snapshot};
use crate::bound::TimeBounds;
use crate::kql::Scan;
use crate::memory::rows_in_memory;
use crate::{LINEAGE_SEGMENTS_MAX, ScanEstimate, SegmentRef};

/// The segments of `marts` (`None` for all) whose time range has something of `times`, the newest first; and how many
/// there are of those marts.
pub(super) fn overlapping(
    segments: &[Arc<Segment>],
    marts: Option<&[Mart]>,
    times: &TimeBounds,
) -> (Vec<Arc<Segment>>, u64) {
    let wanted = |mart: &Mart| marts.is_none_or(|marts| marts.contains(mart));
    let of_marts = segments.iter().filter(|segment| wanted(&segment.mart));
    let considered = of_marts.clone().count() as u64;
    let mut segments: Vec<Arc<Segment>> =
        of_marts.filter(|segment| times.overlaps(segment.first, segment.last)).cloned().collect();
    segments.sort_by_key(|segment| std::cmp::Reverse(segment.last));
    (segments, considered)
}

/// What one reading of a table looks at.
pub(super) fn estimated(snapshot: &Snapshot, scan: Scan) -> ScanEstimate {
    let (segments, considered) = overlapping(&snapshot.segments, scan.marts.as_deref(), &scan.times);
    ScanEstimate {
        segments: segments.len() as u64,
        segments_total: considered,
        rows: segments.iter().map(|segment| segment.rows).sum(),
        rows_in_range: segments.iter().map(|segment| rows_within(segment, &scan.times)).sum(),
        bytes: segments.iter().map(|segment| segment.bytes).sum(),
        memory_rows: rows_in_memory(&snapshot.chunks, scan.marts.as_deref()),
        table: scan.table,
        rollup: None,
    }
}

/// As if its events were spread evenly over its time.
fn rows_within(segment: &Segment, times: &TimeBounds) -> u64 {
    let (first, last) = (segment.first.micros(), segment.last.micros());
    let (from, to) = (first.max(times.first), last.min(times.last));
    let length = |from: i64, to: i64| u128::from(to.abs_diff(from)) + 1;
    if from > to {
        return 0;
    }
    let share = u128::from(segment.rows) * length(from, to) / length(first, last);
    u64::try_from(share).unwrap_or(segment.rows).max(1)
}

/// Adds `segments` to those that an answer names, each once (law LIMIT).
pub(super) fn name_segments(named: &mut Vec<SegmentRef>, segments: &[Arc<Segment>]) {
    let room = LINEAGE_SEGMENTS_MAX.saturating_sub(named.len());
    let is_new = |segment: &&Arc<Segment>| !named.iter().any(|named| named.path == segment.path);
    let of = |segment: &Arc<Segment>| SegmentRef {
        path: segment.path.clone(),
        mart: segment.mart.clone(),
        rows: segment.rows,
        first: segment.first,
        last: segment.last,
        checksum: segment.checksum.clone(),
    };
    let new: Vec<SegmentRef> = segments.iter().filter(is_new).take(room).map(of).collect();
    named.extend(new);
}
