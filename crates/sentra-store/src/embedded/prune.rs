//! Which segments a question needs, by what the manifest knows of them: the same for those who answer it and for those
//! who say beforehand what it costs.

use std::sync::Arc;

use sentra_model::Mart;

use super::tenant::Segment;
use crate::bound::TimeBounds;
use crate::{LINEAGE_SEGMENTS_MAX, SegmentRef};

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
