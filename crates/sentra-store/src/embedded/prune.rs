//! Which segments a question needs, by what the manifest knows of them: the same for those who answer it and for those
//! who say beforehand what it costs.

use std::sync::Arc;

use sentra_model::Mart;

use super::index::Indexes;
use super::tenant::{Segment, Snapshot};
use super::tokens::Needs;
use crate::bound::{Bound, TimeBounds};
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

/// Whether `segment` may hold an event with an id that meets `bound`.
pub(super) fn may_have_id(bound: &Bound, segment: &Segment) -> bool {
    match bound {
        Bound::Id { partition, offset } => {
            segment.partition == *partition && (segment.offset_min..=segment.offset_max).contains(offset)
        }
        Bound::And(parts) => parts.iter().all(|part| may_have_id(part, segment)),
        Bound::Or(parts) => parts.iter().any(|part| may_have_id(part, segment)),
        Bound::Constant(is_met) => *is_met,
        _ => true,
    }
}

/// What one reading of a table looks at.
pub(super) fn estimated(snapshot: &Snapshot, indexes: &Indexes, scan: Scan) -> ScanEstimate {
    let (mut segments, considered) = overlapping(&snapshot.segments, scan.marts.as_deref(), &scan.times);
    segments.retain(|segment| !scan.is_counted && may_have_id(&scan.bound, segment));
    let needs = Needs::of(&scan.bound);
    let chosen =
        segments.iter().filter_map(|segment| Some((segment, indexes.rows_meeting(segment, &needs)?)));
    let chosen: Vec<_> = chosen.collect();
    // Rows that a filter rules out are not read, nor are their bytes.
    let of_read = |(segment, rows): &(&Arc<Segment>, u64), of_all: u64| {
        let share = u128::from(of_all) * u128::from(*rows) / u128::from(segment.rows.max(1));
        u64::try_from(share).unwrap_or(of_all)
    };
    ScanEstimate {
        segments: chosen.len() as u64,
        segments_total: considered,
        rows: chosen.iter().map(|(segment, _)| segment.rows).sum(),
        rows_in_range: chosen.iter().map(|part| of_read(part, rows_within(part.0, &scan.times))).sum(),
        bytes: chosen.iter().map(|part| of_read(part, part.0.bytes)).sum(),
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
