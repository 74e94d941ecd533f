use std::collections::BTreeMap;

use sentra_model::{Mart, Timestamp};

use crate::admit::Chunk;
use crate::memory::add_memory;

/// What there is at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Horizon {
    /// Of each partition the first offset that had not been taken.
    pub taken: BTreeMap<u32, u64>,
    /// Parts of the store, in no order.
    pub extents: Vec<Extent>,
}

/// A part of a store: when its events happened, and how many they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    /// Of which mart.
    pub mart: Mart,
    /// Time of the earliest event.
    pub first: Timestamp,
    /// Time of the latest event.
    pub last: Timestamp,
    /// Events.
    pub rows: u64,
}

/// The place of an event in the order of answers, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowPlace {
    /// When it happened, in microseconds since 1970.
    pub time: i64,
    /// Partition of its raw record.
    pub partition: u32,
    /// Offset of its raw record.
    pub offset: u64,
}

/// The extent of a chunk, if it has events.
pub(crate) fn time_span(chunk: &Chunk) -> Option<Extent> {
    let mut stats = crate::MartStats::empty(&chunk.mart);
    add_memory(&mut stats, chunk);
    Some(Extent { mart: stats.mart, first: stats.first?, last: stats.last?, rows: stats.memory_rows })
}

impl Horizon {
    /// The last moment before `before` such that about `rows` events of `marts` lie between, the moment included; nothing
    /// when there are fewer than that before `before`. Events of a part are taken to be spread evenly.
    pub(super) fn cut(&self, marts: Option<&[Mart]>, before: i64, rows: u64) -> Option<i64> {
        let wanted = |extent: &&Extent| marts.is_none_or(|marts| marts.contains(&extent.mart));
        let parts: Vec<(i64, i64, u64)> = self
            .extents
            .iter()
            .filter(wanted)
            .map(|extent| (extent.first.micros(), extent.last.micros(), extent.rows))
            .collect();
        let first = parts.iter().map(|(first, ..)| *first).min()?;
        let between = |from: i64| parts.iter().map(|part| share(*part, from, before)).sum::<f64>();
        if between(first) <= rows as f64 {
            return None;
        }
        // The latest moment for which there are enough.
        let (mut low, mut high) = (first, before);
        while i128::from(high) - i128::from(low) > 1 {
            let middle = low.midpoint(high);
            if between(middle) >= rows as f64 {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(low)
    }

    /// The first moment after all events.
    pub(super) fn end(&self) -> i64 {
        let last = self.extents.iter().map(|extent| extent.last.micros()).max();
        last.map_or(i64::MIN, |last| last.saturating_add(1))
    }
}

/// How many of a part's rows lie from `from` up to `before`.
fn share((first, last, rows): (i64, i64, u64), from: i64, before: i64) -> f64 {
    let (low, high) = (i128::from(first.max(from)), i128::from(last.saturating_add(1).min(before)));
    if high <= low {
        return 0.0;
    }
    let whole = i128::from(last) - i128::from(first) + 1;
    (high - low) as f64 / whole as f64 * rows as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn horizon(parts: &[(i64, i64, u64)]) -> Horizon {
        let extents = parts.iter().map(|(first, last, rows)| Extent {
            mart: Mart::LINUX,
            first: Timestamp::from_micros(*first),
            last: Timestamp::from_micros(*last),
            rows: *rows,
        });
        Horizon { taken: BTreeMap::new(), extents: extents.collect() }
    }

    #[test]
    fn time_is_cut_where_enough_events_lie() {
        let even = horizon(&[(0, 999, 1_000)]);
        assert_eq!(even.end(), 1_000);
        assert_eq!(even.cut(None, 1_000, 100), Some(900));
        assert_eq!(even.cut(None, 900, 850), Some(50));
        assert_eq!(even.cut(None, 900, 900), None);
        assert_eq!(even.cut(Some(&[Mart::WINDOWS]), 900, 10), None);
        // All at one moment: the cut is there, and goes on before it.
        let at_once = horizon(&[(500, 500, 10_000), (0, 0, 5)]);
        assert_eq!(at_once.cut(None, 501, 100), Some(500));
        assert_eq!(at_once.cut(None, 500, 100), None);
        assert_eq!(horizon(&[]).cut(None, 5, 1), None);
        let extreme = horizon(&[(i64::MIN, i64::MAX, 100)]);
        assert!(extreme.cut(None, extreme.end(), 10).is_some());
    }
}
