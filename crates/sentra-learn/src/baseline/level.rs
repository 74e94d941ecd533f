//! How much is usual in a window: a level, its deviation, and two brakes against being taught slowly.

use super::table::record;

/// Parts of the sliding window.
pub(crate) const PARTS: usize = 6;
/// Windows after which a level stands on its own.
const WINDOWS_MIN: u16 = 5;
/// Windows over which a level is an average before it becomes a moving one.
const WINDOWS_AVERAGED: u16 = 16;
/// The same for what is typical of many.
const TYPICAL_AVERAGED: u16 = 256;
/// Windows after which it is known what is typical.
const TYPICAL_MIN: u16 = 20;
/// For how many windows of its own the typical level counts.
const TYPICAL_WEIGHT: f32 = 3.0;
/// Deviations at which what is learned from one window is cut off.
const CUT_DEVIATIONS: f32 = 3.0;
/// Weeks over which the long-term level follows.
const LONG_WEEKS: f32 = 26.0;
/// Weeks after which the long-term level says something.
const LONG_WEEKS_MIN: u8 = 4;
const WEEK_SECONDS: u32 = 604_800;

/// How amounts are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LevelForm {
    /// Counts, as they are. Their deviation is at least that of a Poisson process, and at least 1.
    Count,
    /// Bytes, by their logarithm.
    Volume,
}

impl LevelForm {
    fn measure(self, amount: f32) -> f32 {
        match self {
            Self::Count => amount,
            Self::Volume => amount.max(0.0).ln_1p(),
        }
    }

    fn floor(self, mean: f32) -> f32 {
        match self {
            Self::Count => mean.max(1.0).sqrt(),
            Self::Volume => 0.7,
        }
    }

    /// What `reference` may have become a week later.
    fn grown(self, reference: f32, growth: f32) -> f32 {
        match self {
            Self::Count => reference * growth + 0.25,
            Self::Volume => reference + growth.ln(),
        }
    }
}

/// The level of one entity and one kind of event, or of a group.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Level {
    pub(crate) key: u64,
    /// Last used, hours since 1970.
    pub(crate) hour: u32,
    /// The newest part of the sliding window, and the amounts of the parts.
    pub(crate) newest: u32,
    pub(crate) parts: [f32; PARTS],
    /// The window that is being learned, and its amount so far.
    pub(crate) window: u32,
    pub(crate) amount: f32,
    pub(crate) mean: f32,
    /// Mean absolute deviation from the mean.
    pub(crate) spread: f32,
    /// The level when this week began.
    pub(crate) reference: f32,
    /// The level over half a year.
    pub(crate) long: f32,
    pub(crate) windows: u16,
    pub(crate) week: u16,
    /// How many weeks are in the long-term level.
    pub(crate) weeks: u8,
    pub(crate) dirty: bool,
}

record!(Level);

/// An amount against what is usual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Judgement {
    pub(crate) deviation: f32,
    /// What is usual, in the amount's own unit.
    pub(crate) usual: f32,
}

impl Level {
    /// Adds `amount` to the sliding window and returns what is in it; `None` when `time` is before the window.
    #[inline]
    pub(crate) fn see(&mut self, time: u32, amount: f32, window_seconds: u32) -> Option<f32> {
        let part = time / (window_seconds / PARTS as u32).max(1);
        if part > self.newest {
            let passed = (part - self.newest).min(PARTS as u32);
            for empty in 0..passed {
                self.put((part - empty) as usize, 0.0);
            }
            self.newest = part;
        }
        if self.newest - part >= PARTS as u32 {
            return None;
        }
        let so_far = self.parts.get(part as usize % PARTS).copied().unwrap_or_default();
        self.put(part as usize, so_far + amount);
        Some(self.parts.iter().sum())
    }

    fn put(&mut self, part: usize, amount: f32) {
        if let Some(place) = self.parts.get_mut(part % PARTS) {
            *place = amount;
        }
    }

    /// Learns `amount` at `time`. When that begins another window, returns what the one before held, as measured: the
    /// group learns it, too.
    #[inline]
    pub(crate) fn learn(
        &mut self,
        time: u32,
        amount: f32,
        window_seconds: u32,
        form: LevelForm,
        growth: f32,
    ) -> Option<f32> {
        let window = time / window_seconds.max(1);
        let mut closed = None;
        if window > self.window {
            if self.window > 0 {
                let value = form.measure(self.amount);
                let end = self.window.saturating_mul(window_seconds);
                self.fold(value, end, form, growth, WINDOWS_AVERAGED);
                closed = Some(value);
            }
            self.window = window;
            self.amount = 0.0;
        }
        if window == self.window {
            self.amount += amount;
        }
        closed
    }

    /// Learns what one member's window held.
    pub(crate) fn learn_typical(&mut self, value: f32, time: u32, form: LevelForm, growth: f32) {
        self.fold(value, time, form, growth, TYPICAL_AVERAGED);
    }

    fn fold(&mut self, value: f32, time: u32, form: LevelForm, growth: f32, averaged: u16) {
        self.begin_week((time / WEEK_SECONDS) as u16, form, growth);
        let known = match self.windows {
            0..WINDOWS_MIN => value,
            _ => value.min(self.mean + CUT_DEVIATIONS * self.deviation(form)),
        };
        let part = 1.0 / f32::from(self.windows.saturating_add(1).min(averaged));
        let off = known - self.mean;
        self.mean += part * off;
        if self.windows > 0 {
            self.spread += part * (off.abs() - self.spread);
        }
        self.windows = self.windows.saturating_add(1);
        if self.weeks > 0 {
            self.mean = self.mean.min(form.grown(self.reference, growth));
        }
    }

    /// The first brake: within a week a level grows by no more than a named factor over what it was when the week
    /// began. The second: a long-term level that follows over half a year, against which drift is seen.
    fn begin_week(&mut self, week: u16, form: LevelForm, growth: f32) {
        if week == self.week || self.windows < WINDOWS_MIN {
            self.week = self.week.max(week);
            return;
        }
        self.week = week;
        if self.weeks == 0 {
            (self.reference, self.long) = (self.mean, self.mean);
        } else {
            self.reference = self.mean.min(form.grown(self.reference, growth));
            self.long += (self.mean - self.long) / LONG_WEEKS;
        }
        self.weeks = self.weeks.saturating_add(1);
    }

    fn deviation(&self, form: LevelForm) -> f32 {
        form.floor(self.mean).max(1.2533 * self.spread)
    }

    /// `amount` against what is usual: of this one, drawn to what is typical as long as little is known of it.
    #[inline]
    pub(crate) fn judge(&self, amount: f32, typical: Option<&Self>, form: LevelForm) -> Option<Judgement> {
        let typical = typical.filter(|typical| typical.windows >= TYPICAL_MIN);
        let (mut mean, mut spread) = (self.mean, self.spread);
        match typical {
            Some(typical) => {
                let own = f32::from(self.windows.min(WINDOWS_AVERAGED));
                mean = (own * mean + TYPICAL_WEIGHT * typical.mean) / (own + TYPICAL_WEIGHT);
                spread = (own * spread + TYPICAL_WEIGHT * typical.spread) / (own + TYPICAL_WEIGHT);
            }
            None if self.windows < WINDOWS_MIN => return None,
            None => {}
        }
        Some(against(amount, mean, spread, form))
    }

    /// `amount` against what is typical alone; this is the typical level.
    pub(crate) fn judge_as_typical(&self, amount: f32, form: LevelForm) -> Option<Judgement> {
        (self.windows >= TYPICAL_MIN).then(|| against(amount, self.mean, self.spread, form))
    }

    /// How many times the long-term level the level is.
    pub(crate) fn drift(&self, form: LevelForm) -> Option<f32> {
        (self.weeks >= LONG_WEEKS_MIN).then(|| match form {
            LevelForm::Count => self.mean / self.long.max(0.5),
            LevelForm::Volume => (self.mean - self.long).exp(),
        })
    }

    /// The long-term level in its own unit, where it is known.
    pub(crate) fn long_volume(&self) -> Option<f32> {
        (self.weeks >= LONG_WEEKS_MIN).then(|| self.long.exp_m1())
    }
}

fn against(amount: f32, mean: f32, spread: f32, form: LevelForm) -> Judgement {
    let deviation = form.floor(mean).max(1.2533 * spread);
    let usual = match form {
        LevelForm::Count => mean,
        LevelForm::Volume => mean.exp_m1(),
    };
    Judgement { deviation: (form.measure(amount) - mean) / deviation, usual }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::Record;

    const TEN_MINUTES: u32 = 600;
    const DAY: u32 = 86_400;
    const START: u32 = 1_772_409_600;

    fn taught(counts: impl Iterator<Item = (u32, f32)>) -> Level {
        let mut level = Level::new(1, 0);
        for (day, count) in counts {
            level.learn(START + day * DAY, count, TEN_MINUTES, LevelForm::Count, 1.25);
        }
        level
    }

    #[test]
    fn five_times_sudo_stands_out_from_once_or_twice() {
        let level = taught((0..30).map(|day| (day, 1.0 + (day % 2) as f32)));
        let judgement = level.judge(5.0, None, LevelForm::Count).unwrap();
        assert!((2.5..4.0).contains(&judgement.deviation), "{judgement:?}");
        assert!(level.judge(3.0, None, LevelForm::Count).unwrap().deviation < 2.0);
        assert!(Level::new(1, 0).judge(5.0, None, LevelForm::Count).is_none());
        let typical = level;
        assert!(Level::new(1, 0).judge(9.0, Some(&typical), LevelForm::Count).unwrap().deviation > 4.0);
    }

    #[test]
    fn the_window_slides() {
        let mut level = Level::new(1, 0);
        let sums = [0, 100, 250, 599, 700, 5_000].map(|second| level.see(START + second, 1.0, TEN_MINUTES));
        assert_eq!(sums, [Some(1.0), Some(2.0), Some(3.0), Some(4.0), Some(3.0), Some(1.0)]);
        assert_eq!(level.see(START + 100, 1.0, TEN_MINUTES), None);
        assert_eq!(level.see(START + 4_700, 1.0, TEN_MINUTES), Some(2.0));
    }

    #[test]
    fn an_attacker_who_doubles_every_week_is_seen() {
        let mut level = taught((0..28).map(|day| (day, 2.0)));
        let mut seen_in = None;
        for week in 0..8_u32 {
            let count = 2.0 * 2.0_f32.powi(week as i32 + 1);
            let deviation = level.judge(count, None, LevelForm::Count).unwrap().deviation;
            if deviation >= 5.0 && seen_in.is_none() {
                seen_in = Some(week);
            }
            for day in 0..7 {
                level.learn(START + (28 + week * 7 + day) * DAY, count, TEN_MINUTES, LevelForm::Count, 1.25);
            }
        }
        assert!(seen_in.is_some_and(|week| week <= 3), "{seen_in:?}");
        assert!(level.mean < 2.0 * 1.4_f32.powi(9), "{level:?}");
    }

    #[test]
    fn an_attacker_who_doubles_every_four_weeks_drifts() {
        let mut level = taught((0..56).map(|day| (day, 4.0)));
        assert!(level.drift(LevelForm::Count).unwrap() < 1.2);
        let mut drift: f32 = 0.0;
        for week in 0..20_u32 {
            let count = 4.0 * (week as f32 / 4.0).exp2();
            for day in 0..7 {
                level.learn(START + (56 + week * 7 + day) * DAY, count, TEN_MINUTES, LevelForm::Count, 1.25);
            }
            drift = drift.max(level.drift(LevelForm::Count).unwrap());
        }
        assert!(drift >= 3.0, "{drift}");
    }

    #[test]
    fn volumes_are_judged_by_their_logarithm() {
        let mut level = Level::new(1, 0);
        for hour in 0..50_u32 {
            let bytes = 1e6 * (1.0 + (hour % 5) as f32);
            level.learn(START + hour * 3_600, bytes, 3_600, LevelForm::Volume, 1.25);
        }
        assert!(level.judge(8e6, None, LevelForm::Volume).unwrap().deviation < 2.5);
        assert!(level.judge(2e9, None, LevelForm::Volume).unwrap().deviation > 6.0);
    }
}
