//! A user, host or source address: how long it has been watched, and when in the week it is active.

use std::sync::LazyLock;

use super::table::record;

/// Kinds of values of which one entity may bring only so many.
pub(crate) const COUNTED_FIELDS: usize = 6;
/// Part by which an hour of the week follows what was last seen in it.
const HOUR_PART: f32 = 0.125;
/// Part by which the spread follows.
const SPREAD_PART: f32 = 1.0 / 32.0;
/// Hours of a week: what lies further back only fades once more.
const WEEK_HOURS: u32 = 168;
/// Deviations at which what is learned from one hour is cut off.
const CUT_DEVIATIONS: f32 = 3.0;

/// For how long something has been watched: days with events, not time since the first, because one event with a
/// wrong clock would make that long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Watch {
    pub(crate) events: u32,
    pub(crate) day: u16,
    pub(crate) days: u8,
}

impl Watch {
    #[inline]
    pub(crate) fn see(&mut self, day: u16) {
        self.events = self.events.saturating_add(1);
        if day > self.day {
            self.day = day;
            self.days = self.days.saturating_add(1);
        }
    }

    #[inline]
    pub(crate) fn is_long(&self, days: u8, events: u32) -> bool {
        self.days >= days && self.events >= events
    }
}

/// One entity.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Entity {
    pub(crate) key: u64,
    /// Last used, hours since 1970.
    pub(crate) hour: u32,
    pub(crate) watch: Watch,
    /// Its last failed login or privileged operation, seconds.
    pub(crate) failure: u32,
    /// Nothing is learned from it before this moment, seconds.
    pub(crate) quarantine: u32,
    /// Before this moment, seconds, all of it is learned, alerted or not: somebody said that it is as it should be.
    pub(crate) trusted: u32,
    /// The hour that is being counted, and its events so far.
    pub(crate) live_hour: u32,
    pub(crate) live_count: u32,
    /// The hour that is being learned, and its events so far.
    pub(crate) learn_hour: u32,
    pub(crate) learn_count: u32,
    /// How far counts usually are from their hour's level, in units of the level's root.
    pub(crate) spread: f32,
    /// New values in this period, by field.
    pub(crate) values: [u8; COUNTED_FIELDS],
    /// Users that logged in from it, if it is an address.
    pub(crate) users: u8,
    /// The period of `values`.
    pub(crate) period: u16,
    /// Levels by hour of day, on working days and at weekends (UTC), as [`to_small`] packs them.
    pub(crate) hours: [[u8; 24]; 2],
    pub(crate) dirty: bool,
}

record!(Entity, spread: 1.0);

/// How unusual an hour is for an entity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct HourJudgement {
    pub(crate) deviation: f32,
    /// Nothing was learned of this hour nor of the ones beside it.
    pub(crate) is_off: bool,
}

impl Entity {
    /// Counts `count` happenings in `hour`.
    #[inline]
    pub(crate) fn see(&mut self, hour: u32, count: u32) {
        self.watch.see((hour / 24) as u16);
        if hour > self.live_hour {
            self.live_hour = hour;
            self.live_count = 0;
        }
        if hour == self.live_hour {
            self.live_count = self.live_count.saturating_add(count);
        }
    }

    /// Whether another value of `field` may be kept; values are counted anew each period.
    pub(crate) fn takes_value(&mut self, field: usize, period: u16, values_max: u8) -> bool {
        if period > self.period {
            self.period = period;
            self.values = [0; COUNTED_FIELDS];
        }
        let Some(count) = self.values.get_mut(field) else { return false };
        let is_room = *count < values_max;
        *count += u8::from(is_room);
        is_room
    }

    fn level(&self, hour: u32) -> f32 {
        let (part, slot) = slot_of(hour);
        from_small(self.hours.get(part).and_then(|hours| hours.get(slot)).copied().unwrap_or_default())
    }

    fn deviation_of(&self, level: f32) -> f32 {
        (1.2533 * self.spread).max(1.0) * (level + 1.0).sqrt()
    }

    /// The hour that is being counted, against the same hour of other days.
    #[inline]
    pub(crate) fn judge_hour(&self) -> HourJudgement {
        let level = self.level(self.live_hour);
        let is_off = level == 0.0
            && self.level(self.live_hour.saturating_sub(1)) == 0.0
            && self.level(self.live_hour.saturating_add(1)) == 0.0;
        let deviation = (self.live_count as f32 - level) / self.deviation_of(level);
        HourJudgement { deviation, is_off }
    }

    /// Learns `count` happenings in `hour`. Hours come in order; one before the last is late and not learned.
    #[inline]
    pub(crate) fn learn(&mut self, hour: u32, count: u32) {
        if hour > self.learn_hour {
            self.close_hours(hour);
        }
        if hour == self.learn_hour {
            self.learn_count = self.learn_count.saturating_add(count);
        }
    }

    fn close_hours(&mut self, hour: u32) {
        let last = std::mem::replace(&mut self.learn_hour, hour);
        let count = std::mem::take(&mut self.learn_count) as f32;
        if last == 0 {
            return;
        }
        let level = self.level(last);
        let root = (level + 1.0).sqrt();
        let known = count.min(level + CUT_DEVIATIONS * self.deviation_of(level));
        self.spread += SPREAD_PART * ((known - level).abs() / root - self.spread);
        self.set_level(last, level + HOUR_PART * (known - level));
        let next = last.saturating_add(1);
        for empty in next..hour.min(next.saturating_add(WEEK_HOURS)) {
            let (part, slot) = slot_of(empty);
            if let Some(level) = self.hours.get_mut(part).and_then(|hours| hours.get_mut(slot)) {
                *level = FADED.get(usize::from(*level)).copied().unwrap_or_default();
            }
        }
    }

    fn set_level(&mut self, hour: u32, level: f32) {
        let (part, slot) = slot_of(hour);
        if let Some(place) = self.hours.get_mut(part).and_then(|hours| hours.get_mut(slot)) {
            *place = to_small(level);
        }
    }
}

/// Working day or weekend, and hour of the day.
fn slot_of(hour: u32) -> (usize, usize) {
    // 1970 began on a Thursday.
    let weekday = (hour / 24 + 3) % 7;
    (usize::from(weekday >= 5), (hour % 24) as usize)
}

/// A level in a byte: sixteen steps per doubling, from 0 to 60,000.
fn to_small(level: f32) -> u8 {
    ((level.max(0.0) + 1.0).log2() * 16.0).round().min(255.0) as u8
}

/// What every packed level stands for.
static LEVELS: LazyLock<[f32; 256]> =
    LazyLock::new(|| std::array::from_fn(|small| (small as f32 / 16.0).exp2() - 1.0));

/// What becomes of every packed level in an hour without events: at least one step less, or small ones would stay.
static FADED: LazyLock<[u8; 256]> = LazyLock::new(|| {
    std::array::from_fn(|small| {
        to_small(from_small(small as u8) * (1.0 - HOUR_PART)).min((small as u8).saturating_sub(1))
    })
});

fn from_small(small: u8) -> f32 {
    LEVELS.get(usize::from(small)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::Record;

    /// Monday, 2026-03-02, 00:00 UTC.
    const MONDAY: u32 = 20_514 * 24;

    #[test]
    fn hours_are_judged_by_the_same_hour_of_other_days() {
        assert_eq!(slot_of(MONDAY + 9), (0, 9));
        assert_eq!(slot_of(MONDAY + 5 * 24 + 23), (1, 23));
        let mut entity = Entity::new(1, MONDAY);
        for day in (0..28).filter(|day| day % 7 < 5) {
            for hour in 8..17 {
                let hour = MONDAY + day * 24 + hour;
                entity.see(hour, 10);
                entity.learn(hour, 9 + day % 3);
            }
        }
        let judge = |hour: u32, count: u32| {
            let mut entity = entity;
            entity.see(MONDAY + 28 * 24 + hour, count);
            entity.judge_hour()
        };
        assert!(judge(10, 12).deviation.abs() < 1.5, "{:?}", judge(10, 12));
        assert!(judge(10, 40).deviation > 5.0, "{:?}", judge(10, 40));
        assert!(!judge(10, 12).is_off);
        assert!(judge(3, 1).is_off && judge(3, 1).deviation <= 1.0);
        assert!(judge(3, 10).deviation > 5.0);
        assert!(judge(5 * 24 + 10, 1).is_off, "a weekend");
        assert!(entity.watch.is_long(20, 100));
    }

    #[test]
    fn one_entity_brings_only_so_many_values_a_period() {
        let mut entity = Entity::new(1, 0);
        assert_eq!((0..100).filter(|_| entity.takes_value(2, 7, 50)).count(), 50);
        assert!(entity.takes_value(3, 7, 50));
        assert!(entity.takes_value(2, 8, 50));
    }

    #[test]
    fn a_level_survives_its_byte() {
        for level in [0.0_f32, 0.05, 1.0, 10.0, 1_000.0, 50_000.0] {
            assert!((from_small(to_small(level)) - level).abs() <= level * 0.03 + 0.03, "{level}");
        }
    }
}
