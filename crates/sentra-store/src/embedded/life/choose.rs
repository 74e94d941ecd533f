//! Which segments are merged next. It looks at what the manifest says and at nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use sentra_model::{Mart, Timestamp};

use crate::embedded::tenant::{Kept, Segment};

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
/// Windows of event time whose small segments become one, the narrowest first. What spans more than the widest is merged
/// with its like.
const WINDOWS: [i64; 4] = [HOUR, 24 * HOUR, WIDEST, i64::MAX];
const WIDEST: i64 = 30 * 24 * HOUR;
/// Events of a merged segment, in the limits of the segments it is made of.
pub(super) const MERGED_ROWS_MAX: u64 = 524_288;
/// Bytes on disk of the segments that become one.
pub(super) const MERGED_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How long a window gets no new segment, after its end, before it is merged: late events shall be among them.
const QUIET_MICROS: i64 = 10 * 60 * SECOND;
/// So many small segments of a window are merged whether it is quiet or not.
const SEGMENTS_BUSY_MIN: usize = 32;
/// So many are merged in a quiet window, even when one of them is much larger than the others.
const SEGMENTS_QUIET_MIN: usize = 8;

/// The segments that are merged next, in the order of their offsets.
pub(super) fn choose(kept: &[Kept], now: Timestamp) -> Option<Vec<Arc<Segment>>> {
    let small: Vec<&Kept> = kept.iter().filter(|kept| is_small(&kept.segment)).collect();
    WINDOWS.into_iter().find_map(|width| {
        let mut windows: BTreeMap<(&Mart, u32, i64), Vec<&Kept>> = BTreeMap::new();
        for kept in &small {
            let Segment { mart, partition, first, .. } = kept.segment.as_ref();
            let is_widest = width == i64::MAX;
            let is_within = if is_widest { !fits(&kept.segment, WIDEST) } else { fits(&kept.segment, width) };
            if is_within {
                let window = if is_widest { 0 } else { first.micros().div_euclid(width) };
                windows.entry((mart, *partition, window)).or_default().push(kept);
            }
        }
        windows
            .into_iter()
            .find_map(|((_, _, window), segments)| {
                let end = window.saturating_add(1).saturating_mul(width);
                let is_over = width == i64::MAX || now.micros() >= end.saturating_add(QUIET_MICROS);
                runs(segments).into_iter().find(|run| is_due(run, is_over, now))
            })
            .map(|run| run.into_iter().map(|kept| Arc::clone(&kept.segment)).collect())
    })
}

/// Whether the events of a segment lie in one window of `width`.
fn fits(segment: &Segment, width: i64) -> bool {
    segment.first.micros().div_euclid(width) == segment.last.micros().div_euclid(width)
}

/// A segment of at least half of what a merged one may have is left alone.
fn is_small(segment: &Segment) -> bool {
    segment.rows < MERGED_ROWS_MAX / 2 && segment.bytes < MERGED_BYTES_MAX / 2
}

/// Neighbours by offset, so that what is read back in the order of offsets stands close together.
fn runs(mut segments: Vec<&Kept>) -> Vec<Vec<&Kept>> {
    segments.sort_by_key(|kept| (kept.segment.offset_min, kept.segment.offset_max));
    let mut runs: Vec<Vec<&Kept>> = Vec::new();
    let (mut rows, mut bytes) = (0, 0);
    for kept in segments {
        rows += kept.segment.rows;
        bytes += kept.segment.bytes;
        match runs.last_mut() {
            Some(run) if rows <= MERGED_ROWS_MAX && bytes <= MERGED_BYTES_MAX => run.push(kept),
            _ => {
                (rows, bytes) = (kept.segment.rows, kept.segment.bytes);
                runs.push(vec![kept]);
            }
        }
    }
    runs
}

fn is_due(run: &[&Kept], is_over: bool, now: Timestamp) -> bool {
    if run.len() < 2 {
        return false;
    }
    if run.len() >= SEGMENTS_BUSY_MIN {
        return true;
    }
    let is_old = |kept: &&Kept| kept.made.is_none_or(|made| now.since(made) >= QUIET_MICROS);
    let rows: u64 = run.iter().map(|kept| kept.segment.rows).sum();
    let largest = run.iter().map(|kept| kept.segment.rows).max().unwrap_or_default();
    // A large one is not written anew for a handful of events.
    let is_worth_it = run.len() >= SEGMENTS_QUIET_MIN || rows >= largest.saturating_mul(2);
    is_over && is_worth_it && run.iter().all(is_old)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * HOUR;

    fn kept(number: u64, first: i64, last: i64, rows: u64, made: Option<i64>) -> Kept {
        let segment = Segment {
            mart: Mart::LINUX,
            partition: 0,
            path: format!("acme/linux/0-{number}.parquet"),
            rows,
            bytes: rows * 30,
            first: Timestamp::from_micros(first),
            last: Timestamp::from_micros(last),
            offset_min: number * 1_000,
            offset_max: number * 1_000 + 999,
            checksum: String::new(),
            sums: crate::embedded::blocks::KnownSums::default(),
        };
        Kept { segment: Arc::new(segment), made: made.map(Timestamp::from_micros), verified: None }
    }

    fn chosen(kept: &[Kept], now: i64) -> Vec<u64> {
        let chosen = choose(kept, Timestamp::from_micros(now)).unwrap_or_default();
        chosen.iter().map(|segment| segment.offset_min / 1_000).collect()
    }

    #[test]
    fn a_window_is_merged_when_it_is_over_and_quiet() {
        let of_hour = |number, made| kept(number, 10 * HOUR, 10 * HOUR + SECOND, 100, made);
        let old = [of_hour(1, None), of_hour(0, None)];
        assert_eq!(chosen(&old, 11 * HOUR), [] as [u64; 0], "late events are waited for");
        assert_eq!(chosen(&old, 11 * HOUR + QUIET_MICROS), [0, 1]);
        let late = [of_hour(0, None), of_hour(1, Some(50 * HOUR))];
        assert_eq!(chosen(&late, 50 * HOUR + 1), [] as [u64; 0], "one came just now");
        assert_eq!(chosen(&late, 50 * HOUR + QUIET_MICROS), [0, 1]);
        let busy: Vec<Kept> = (0..32).map(|number| of_hour(number, Some(10 * HOUR))).collect();
        assert_eq!(chosen(&busy, 10 * HOUR).len(), 32, "so many are merged while more come");
    }

    #[test]
    fn segments_of_different_windows_marts_and_partitions_stay_apart() {
        let now = 400 * DAY;
        let mut other_mart = kept(2, 0, 1, 100, None);
        Arc::make_mut(&mut other_mart.segment).mart = Mart::WINDOWS;
        let mut other_partition = kept(3, 0, 1, 100, None);
        Arc::make_mut(&mut other_partition.segment).partition = 1;
        assert_eq!(chosen(&[kept(1, 0, 1, 100, None), other_mart, other_partition], now), [] as [u64; 0]);
        let hours = [kept(0, 0, 1, 100, None), kept(1, 0, 1, 100, None), kept(2, HOUR, HOUR, 100, None)];
        assert_eq!(chosen(&hours, now), [0, 1], "hours first");
        let day = [
            kept(0, 0, 1, 200, None),
            kept(2, HOUR, HOUR, 100, None),
            kept(3, 2 * HOUR, 2 * HOUR, 100, None),
        ];
        assert_eq!(chosen(&day, now), [0, 2, 3], "then what is left of the day");
        let far = [kept(0, 0, 1, 9, None), kept(1, 300 * DAY, 300 * DAY, 9, None)];
        assert_eq!(chosen(&far, now), [] as [u64; 0]);
        let wide = [kept(0, 0, 300 * DAY, 9, None), kept(1, 0, 1, 9, None), kept(2, 5, 400 * DAY, 9, None)];
        assert_eq!(chosen(&wide, now), [0, 2], "what spans more than a window goes with its like");
    }

    #[test]
    fn a_large_segment_is_not_written_anew_for_a_few_events() {
        let now = 400 * DAY;
        let few = [kept(0, 0, 1, 200_000, None), kept(1, 0, 1, 100, None)];
        assert_eq!(chosen(&few, now), [] as [u64; 0]);
        let many: Vec<Kept> =
            (0..8).map(|number| kept(number, 0, 1, if number == 0 { 200_000 } else { 100 }, None)).collect();
        assert_eq!(chosen(&many, now).len(), 8);
        let large = [kept(0, 0, 1, MERGED_ROWS_MAX / 2, None), kept(1, 0, 1, MERGED_ROWS_MAX / 2, None)];
        assert_eq!(chosen(&large, now), [] as [u64; 0], "large ones are left alone");
        let limit: Vec<Kept> = (0..4).map(|number| kept(number, 0, 1, 200_000, None)).collect();
        assert_eq!(chosen(&limit, now), [0, 1], "no more than a segment may have");
    }

    #[test]
    fn merging_ends() {
        let mut kept: Vec<Kept> = (0..500)
            .map(|number| kept(number, (number as i64) * HOUR / 7, (number as i64) * HOUR / 7, 3_000, None))
            .collect();
        let mut merges = 0;
        while let Some(run) = choose(&kept, Timestamp::from_micros(9_000 * DAY)) {
            assert!(run.iter().map(|segment| segment.rows).sum::<u64>() <= MERGED_ROWS_MAX);
            kept.retain(|kept| !run.iter().any(|segment| segment.path == kept.segment.path));
            let mut merged = run[0].as_ref().clone();
            merged.rows = run.iter().map(|segment| segment.rows).sum();
            merged.bytes = run.iter().map(|segment| segment.bytes).sum();
            merged.first = run.iter().map(|segment| segment.first).min().unwrap();
            merged.last = run.iter().map(|segment| segment.last).max().unwrap();
            merged.offset_max = run.iter().map(|segment| segment.offset_max).max().unwrap();
            kept.push(Kept { segment: Arc::new(merged), made: None, verified: None });
            merges += 1;
        }
        assert!(kept.len() <= 6 && merges < 100, "{} segments after {merges} merges", kept.len());
        assert_eq!(kept.iter().map(|kept| kept.segment.rows).sum::<u64>(), 1_500_000);
    }
}
