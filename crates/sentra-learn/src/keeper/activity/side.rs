//! The models of one kind of activity, and the rows kept for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use sentra_model::Timestamp;

use super::entities::{Entity, NEVER};
use super::feature::{Party, Row, hour_name, table};
use super::live::Live;
use super::touches;
use super::window::{Mark, Window};
use crate::anomaly::{Lesson, RecentMemory};
use crate::keeper::finding::KeeperFinding;
use crate::keeper::kept::{Case, Cases, Latest, Sample};
use crate::keeper::settings::{HOUR_MICROS, KeeperSettings};
use crate::registry::{DriftReference, DriftReport, ScoredPair};

/// An entity that was reported, or was so in training, is reported again when it is more surprising by so many nats.
const HABIT_MARGIN: f32 = 1.0;
/// A training row is a habit of its entity when normal rows are so surprising at most this often, in false-positive rates.
const HABIT_RATES: f32 = 10.0;

/// Law LIMIT: rows of one hour that are offered to what a model learns at run time; it takes 16 of them at most, and
/// weighing each costs more than all else that is done with it.
const OFFERS_PER_HOUR_MAX: u32 = 64;

/// What the models of one kind did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct KindCounters {
    /// Hours, or windows of ten events, judged by the active model.
    pub judged: u64,
    /// Those above its threshold.
    pub unusual: u64,
    /// Those reported.
    pub reported: u64,
    /// Not reported: its entity is known to be so, or was reported shortly before, or an analyst had said it is harmless.
    pub known: u64,
    /// Not reported because the day had as many findings as it may have.
    pub over_limit: u64,
    /// Those above the shadow's threshold.
    pub shadow_unusual: u64,
    /// Hours, or events, learnt from.
    pub learnt: u64,
    /// Hours, or events, not learnt from because something was found.
    pub alerted: u64,
}

/// One kind.
#[derive(Debug)]
pub(crate) struct Side {
    party: Party,
    pause_micros: i64,
    per_day_max: u32,
    rate: f32,
    pub(crate) active: Option<Arc<Live>>,
    pub(crate) shadow: Option<Arc<Live>>,
    /// What the active model learnt at run time.
    pub(super) recent: Option<RecentMemory>,
    pub(super) is_recent_changed: bool,
    pub(crate) sample: Sample,
    pub(crate) latest: Latest,
    pub(crate) cases: Cases<Row>,
    pub(crate) counters: KindCounters,
    /// A day of event time, and how much was reported in it.
    pub(super) day: (i64, u32),
    /// An hour, and how many of its rows were offered to `recent`.
    pub(super) offers: (i32, u32),
}

impl Row {
    /// When its hour began, in microseconds.
    pub(crate) fn hour_start(&self) -> i64 {
        i64::from(self.hour) * HOUR_MICROS
    }

    fn case(self, mark: Mark) -> Case<Self> {
        let from = self.hour_start();
        Case { key: self.key, from, to: from + HOUR_MICROS - 1, mark, content: self }
    }
}

impl Side {
    pub(super) fn new(party: Party, settings: &KeeperSettings) -> Self {
        Self {
            party,
            pause_micros: settings.pause_micros,
            per_day_max: settings.findings_per_day_max,
            rate: settings.activity_false_positive_rate,
            active: None,
            shadow: None,
            recent: None,
            is_recent_changed: false,
            sample: Sample::new(settings.activity_rows_max, settings.seed ^ party.number() as u64),
            latest: Latest::new(),
            cases: Cases::new(),
            counters: KindCounters::default(),
            day: (i64::MIN, 0),
            offers: (i32::MIN, 0),
        }
    }

    /// Judges an hour that ended, and reports it when it is too unusual.
    pub(super) fn judge(
        &mut self,
        row: &Row,
        window: &Window,
        mark: Mark,
        entity: &mut Entity,
        day: i64,
    ) -> Option<KeeperFinding> {
        if let Some(shadow) = &self.shadow {
            let is_unusual = shadow.judge(row, None).probability <= self.rate;
            self.counters.shadow_unusual += u64::from(is_unusual);
        }
        let live = self.active.clone()?;
        self.counters.judged += 1;
        let judged = live.judge(row, self.recent.as_ref());
        if judged.probability > self.rate {
            return None;
        }
        self.counters.unusual += 1;
        let is_paused = entity.reported_at != NEVER
            && window.last.abs_diff(entity.reported_at) < self.pause_micros.unsigned_abs();
        let is_habit = entity.habit > 0.0 && judged.surprise < entity.habit + HABIT_MARGIN;
        if is_paused || is_habit || mark == Mark::Harmless {
            self.counters.known += 1;
            return None;
        }
        if self.day.0 != day {
            self.day = (day, 0);
        }
        if self.day.1 >= self.per_day_max {
            self.counters.over_limit += 1;
            return None;
        }
        self.day.1 += 1;
        self.counters.reported += 1;
        (entity.reported_at, entity.habit) = (window.last, judged.surprise);
        entity.alerted_at = entity.alerted_at.max(window.last);
        Some(live.finding(row, window, self.recent.as_ref()))
    }

    /// Learns from an hour that was held back.
    pub(super) fn learn(&mut self, row: Row, mark: Mark) {
        let is_clean = matches!(mark, Mark::Clean | Mark::Harmless);
        if is_clean {
            self.counters.learnt += 1;
        } else {
            self.counters.alerted += 1;
        }
        if let (Some(live), Some(recent)) = (&self.active, &mut self.recent) {
            let at = Timestamp::from_micros(row.hour_start());
            if self.offers.0 != row.hour {
                self.offers = (row.hour, 0);
            }
            if is_clean && self.offers.1 < OFFERS_PER_HOUR_MAX && !recent.is_full(at) {
                self.offers.1 += 1;
                let hour = hour_name(row.hour);
                let lesson = live.model.learn(recent, (&row.values, &[&hour]), false, at);
                self.is_recent_changed |= lesson == Lesson::Learnt;
            }
        }
        if mark != Mark::Clean {
            self.cases.add(row.clone().case(mark));
        }
        if is_clean {
            self.sample.offer(row);
        }
    }

    /// Something was found about hours that were learnt already: they are taken back.
    pub(super) fn alerted(&mut self, key: u64, times: (i64, i64)) {
        for row in self.sample.take_out(key, |row| touches(row.hour, times)) {
            self.cases.add(row.case(Mark::Alerted));
        }
    }

    /// An analyst said what the hours of an entity were: how many of them are known, and how surprising the most
    /// surprising one that is harmless was.
    pub(super) fn verdict(&mut self, key: u64, times: (i64, i64), mark: Mark) -> (usize, f32) {
        let before = self.cases.label(key, times, mark);
        let labelled = before.len();
        let mut habit: f32 = 0.0;
        if mark == Mark::Harmless {
            for case in before {
                let judged = self.active.as_ref().map(|live| live.judge(&case.content, None));
                habit = habit.max(judged.map_or(0.0, |judged| judged.surprise));
                self.sample.offer(case.content);
            }
        } else {
            // Nobody found anything in these, so they are no attack for certain; but nothing to learn from either.
            self.sample.take_out(key, |row| touches(row.hour, times));
        }
        (labelled, habit)
    }

    /// Uses another model; gives the habits that entities have by it.
    pub(super) fn take_over(&mut self, live: Option<Arc<Live>>) -> BTreeMap<u64, f32> {
        let mut habits = BTreeMap::new();
        if let Some(live) = &live {
            for row in self.sample.rows() {
                let judged = live.judge(row, None);
                if judged.probability <= HABIT_RATES * self.rate {
                    let habit: &mut f32 = habits.entry(row.key).or_default();
                    *habit = habit.max(judged.surprise);
                }
            }
        }
        self.recent = live.as_ref().map(|live| live.recent());
        self.is_recent_changed = true;
        self.active = live;
        habits
    }

    /// Puts models back that were at work; what the active one learnt at run time comes after.
    pub(crate) fn put_back(&mut self, active: Option<Arc<Live>>, shadow: Option<Arc<Live>>) {
        self.recent = active.as_ref().map(|live| live.recent());
        (self.active, self.shadow) = (active, shadow);
    }

    /// How far the latest hours are from the training of the active model.
    pub(crate) fn drift(&self, reference: &DriftReference) -> Option<DriftReport> {
        let live = self.active.as_ref()?;
        let rows = table(self.party, self.latest.rows().iter()).ok()?;
        reference.drift(&live.model, &rows).ok().flatten()
    }

    /// The labelled rows as the active model and its shadow score them.
    pub(crate) fn scored_pairs(&self) -> Vec<ScoredPair> {
        let (Some(active), Some(shadow)) = (&self.active, &self.shadow) else { return Vec::new() };
        let labelled = self.cases.iter().filter(|case| matches!(case.mark, Mark::Attack | Mark::Harmless));
        let pair = |case: &Case<Row>| ScoredPair {
            active: active.judge(&case.content, None).surprise / active.model.threshold(),
            shadow: shadow.judge(&case.content, None).surprise / shadow.model.threshold(),
            is_attack: case.mark == Mark::Attack,
        };
        labelled.map(pair).collect()
    }
}
