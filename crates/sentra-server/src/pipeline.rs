use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sentra_model::Timestamp;

use crate::api::types::{HistoryPoint, Pipeline, PipelineState, RulesView};

/// What the stream processor says about itself. The binary implements it over the factory.
pub trait PipelineStatus: Send + Sync + Debug {
    /// The counters now. It is called every second and must not block.
    fn snapshot(&self) -> PipelineSnapshot;

    /// The formats that a sender may name; those that packs declare may change while the server runs.
    fn formats(&self) -> Vec<String> {
        sentra_decode::formats().iter().map(|format| format.name.to_owned()).collect()
    }

    /// The rules in force, with how often each matched, and the problems met while they were compiled.
    fn rules(&self) -> RulesView;
}

/// The stream processor's counters at one moment. Rates and state are computed from it here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PipelineSnapshot {
    /// Records processed.
    pub events_total: u64,
    /// Raw bytes processed.
    pub bytes_total: u64,
    /// Records that are durable but not yet processed, over all tenants.
    pub lag_records: u64,
    /// Signals found.
    pub signals_total: u64,
    /// Incidents opened.
    pub incidents_total: u64,
    /// Records that could not be understood.
    pub dead_letters_total: u64,
    /// When something was last processed; `None` before the first time.
    pub last_progress: Option<Timestamp>,
}

/// Rates are taken over this time.
const RATE_WINDOW_MICROS: i64 = 5_000_000;
/// One point of the history per this time.
const HISTORY_STEP_MICROS: i64 = 5_000_000;
/// Points of the history: 15 minutes.
const HISTORY_POINTS_MAX: usize = 180;
/// Samples kept for the rates.
const SAMPLES_MAX: usize = 64;

/// Turns counters into rates, a state and a history.
#[derive(Debug)]
pub(crate) struct Meter {
    stalled_after_micros: i64,
    readings: Mutex<Readings>,
}

#[derive(Debug, Default)]
struct Readings {
    samples: VecDeque<(Timestamp, PipelineSnapshot)>,
    /// Since when records wait without a pause.
    waiting_since: Option<Timestamp>,
    history: VecDeque<HistoryPoint>,
    history_base: Option<(Timestamp, PipelineSnapshot)>,
}

impl Meter {
    pub(crate) fn new(stalled_after_s: u64) -> Self {
        let stalled_after_micros =
            i64::try_from(stalled_after_s).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        Self { stalled_after_micros, readings: Mutex::new(Readings::default()) }
    }

    fn locked(&self) -> MutexGuard<'_, Readings> {
        self.readings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the counters as they are at `now`.
    pub(crate) fn sample(&self, now: Timestamp, snapshot: PipelineSnapshot) {
        let mut readings = self.locked();
        readings.waiting_since = match readings.waiting_since {
            _ if snapshot.lag_records == 0 => None,
            None => Some(now),
            since => since,
        };
        readings.samples.push_back((now, snapshot));
        let too_old = |sample: Option<&(Timestamp, PipelineSnapshot)>| {
            sample.is_some_and(|(time, _)| now.since(*time) >= RATE_WINDOW_MICROS)
        };
        while readings.samples.len() > SAMPLES_MAX || too_old(readings.samples.get(1)) {
            readings.samples.pop_front();
        }
        readings.remember(now, snapshot);
    }

    /// Where the processing stands at `now`, with the rates of the last few seconds.
    pub(crate) fn pipeline(&self, now: Timestamp, snapshot: PipelineSnapshot) -> Pipeline {
        let readings = self.locked();
        let base = readings.samples.front().copied().unwrap_or((now, snapshot));
        let (events_per_second, bytes_per_second) = rates(base, (now, snapshot));
        Pipeline {
            events_total: snapshot.events_total,
            events_per_second,
            bytes_total: snapshot.bytes_total,
            bytes_per_second,
            lag_records: snapshot.lag_records,
            signals_total: snapshot.signals_total,
            incidents_total: snapshot.incidents_total,
            dead_letters_total: snapshot.dead_letters_total,
            last_progress: snapshot.last_progress,
            state: self.state(now, &snapshot, readings.waiting_since),
        }
    }

    fn state(
        &self,
        now: Timestamp,
        snapshot: &PipelineSnapshot,
        waiting_since: Option<Timestamp>,
    ) -> PipelineState {
        if snapshot.lag_records == 0 {
            return PipelineState::Idle;
        }
        let moved = waiting_since.max(snapshot.last_progress).unwrap_or(now);
        if now.since(moved) > self.stalled_after_micros {
            PipelineState::Stalled
        } else {
            PipelineState::Working
        }
    }

    /// The last 15 minutes, oldest first.
    pub(crate) fn history(&self) -> Vec<HistoryPoint> {
        self.locked().history.iter().copied().collect()
    }
}

impl Readings {
    fn remember(&mut self, now: Timestamp, snapshot: PipelineSnapshot) {
        let Some(base) = self.history_base else {
            self.history_base = Some((now, snapshot));
            return;
        };
        if now.since(base.0) < HISTORY_STEP_MICROS {
            return;
        }
        let (events_per_second, bytes_per_second) = rates(base, (now, snapshot));
        if self.history.len() >= HISTORY_POINTS_MAX {
            self.history.pop_front();
        }
        let lag_records = snapshot.lag_records;
        self.history.push_back(HistoryPoint { time: now, events_per_second, bytes_per_second, lag_records });
        self.history_base = Some((now, snapshot));
    }
}

#[expect(clippy::cast_precision_loss, reason = "rates are for people")]
fn rates(from: (Timestamp, PipelineSnapshot), to: (Timestamp, PipelineSnapshot)) -> (f64, f64) {
    let seconds = to.0.since(from.0) as f64 / 1e6;
    if seconds <= 0.0 {
        return (0.0, 0.0);
    }
    let events = to.1.events_total.saturating_sub(from.1.events_total) as f64;
    let bytes = to.1.bytes_total.saturating_sub(from.1.bytes_total) as f64;
    (events / seconds, bytes / seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_000 + seconds)
    }

    fn counters(events_total: u64, lag_records: u64, last_progress: Option<Timestamp>) -> PipelineSnapshot {
        PipelineSnapshot {
            events_total,
            bytes_total: events_total * 10,
            lag_records,
            last_progress,
            ..PipelineSnapshot::default()
        }
    }

    #[test]
    fn rates_are_those_of_the_last_seconds() {
        let meter = Meter::new(30);
        for second in 0..=20 {
            meter.sample(
                at(second),
                counters(if second <= 10 { 0 } else { (second as u64 - 10) * 100 }, 0, None),
            );
        }
        let pipeline = meter.pipeline(at(20), counters(1_000, 0, None));
        assert!((pipeline.events_per_second - 100.0).abs() < 1e-9, "{pipeline:?}");
        assert!((pipeline.bytes_per_second - 1_000.0).abs() < 1e-9, "{pipeline:?}");
    }

    #[test]
    fn a_pipeline_with_waiting_records_and_no_progress_is_stalled() {
        let meter = Meter::new(30);
        let state = |second, lag, progress: Option<i64>| {
            let snapshot = counters(0, lag, progress.map(at));
            meter.sample(at(second), snapshot);
            meter.pipeline(at(second), snapshot).state
        };
        assert_eq!(state(0, 0, None), PipelineState::Idle);
        assert_eq!(state(100, 5, Some(0)), PipelineState::Working, "the records have only just come");
        assert_eq!(state(130, 5, Some(0)), PipelineState::Working);
        assert_eq!(state(131, 5, Some(0)), PipelineState::Stalled);
        assert_eq!(state(132, 5, Some(132)), PipelineState::Working);
        assert_eq!(state(500, 0, Some(132)), PipelineState::Idle);
    }

    #[test]
    fn the_history_is_bounded_and_has_a_point_per_step() {
        let meter = Meter::new(30);
        for second in 0..2_000 {
            meter.sample(at(second), counters(second as u64 * 7, 3, None));
        }
        let history = meter.history();
        assert_eq!(history.len(), HISTORY_POINTS_MAX);
        assert!(history.windows(2).all(|pair| pair[1].time.since(pair[0].time) == HISTORY_STEP_MICROS));
        assert!(history.iter().all(|point| (point.events_per_second - 7.0).abs() < 1e-9));
    }
}
