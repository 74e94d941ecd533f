//! How the engines are: one that fails again and again is left alone for a while, and whoever asks is told. Whoever is full is
//! asked all the same, where nobody else has what is asked for: what it cannot give is missing by name.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sentra_model::{Clock, Timestamp};
use sentra_store::StoppedBy;
use serde::{Deserialize, Serialize};

use crate::error::{EngineError, QueryError};

/// Share of calls that fail, above which an engine is left alone.
const FAILING_SHARE: f64 = 0.5;
/// Share of calls for which there was no room, above which an engine is full.
const FULL_SHARE: f64 = 0.5;
/// An engine of which nothing was asked for so long is not full any more: who held its memory is done.
const FULL_MICROS: i64 = 60_000_000;
/// Calls before an engine is judged.
const CALLS_BEFORE_JUDGED: u64 = 4;
/// How long an engine is left alone before it is tried again.
const REST_MICROS: i64 = 10_000_000;
/// Weight of the latest call.
const WEIGHT: f64 = 0.25;
/// Usual time of a call above which an engine is slow, in milliseconds.
const SLOW_MS: f64 = 5_000.0;

/// How an engine is, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EngineState {
    /// It answers.
    Well,
    /// It takes unusually long.
    Slow,
    /// It has no room: for what is computed, or for what is to be in it.
    Full,
    /// It failed again and again, and is left alone for a while.
    Failing,
}

/// How an engine is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EngineStatus {
    /// Its name: `marts`, `records`, `forensic`, `vectors`.
    pub name: String,
    /// In a word; the worst that holds.
    pub state: EngineState,
    /// Why it is not well, in words; empty when it is.
    pub why: String,
    /// Calls since the start.
    pub calls: u64,
    /// Share of the latest calls that failed, 0 to 1.
    pub failing: f64,
    /// Usual time of a call, in milliseconds.
    pub usual_ms: f64,
}

/// For what there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NoRoom {
    /// For what is computed.
    Memory,
    /// For what is written.
    Disk,
}

impl NoRoom {
    fn why(self) -> &'static str {
        match self {
            Self::Memory => {
                "most of its latest answers ended because the memory of all questions was used up"
            }
            Self::Disk => "its disk is full",
        }
    }
}

/// How the calls of an engine went.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct EngineHealth {
    /// Calls so far.
    calls: u64,
    /// Share of the latest calls that failed.
    failing: f64,
    /// Share of the latest calls for which there was no room.
    crowded: f64,
    /// For what there was none, and when that was the last time.
    no_room: Option<(NoRoom, Timestamp)>,
    /// Usual time of a call, in milliseconds.
    pub(crate) usual_ms: f64,
    /// Since when it is left alone.
    resting_since: Option<Timestamp>,
}

impl EngineHealth {
    /// Whether it takes unusually long.
    pub(crate) fn is_slow(&self) -> bool {
        self.usual_ms > SLOW_MS
    }

    /// Why it is full, if it is.
    pub(crate) fn full(&self, now: Timestamp) -> Option<&'static str> {
        let (no_room, last) = self.no_room?;
        let is_full = self.calls >= CALLS_BEFORE_JUDGED && self.crowded > FULL_SHARE;
        (is_full && now.since(last) < FULL_MICROS).then_some(no_room.why())
    }

    /// Why it is not asked now, if it is not.
    pub(crate) fn rest(&self, now: Timestamp) -> Option<String> {
        let rested = now.since(self.resting_since?);
        let seconds = (REST_MICROS - rested).div_euclid(1_000_000) + 1;
        (rested < REST_MICROS)
            .then(|| format!("it failed again and again, and is tried again in {seconds} s"))
    }

    /// The engine `name`, of which it is known otherwise whether what belongs into it is not in it, or why it cannot say so.
    pub(crate) fn status(
        &self,
        name: &str,
        now: Timestamp,
        lacks: Result<Option<String>, EngineError>,
    ) -> EngineStatus {
        let (lacks, error) = lacks.map_or_else(|error| (None, Some(error)), |lacks| (lacks, None));
        let full = || lacks.or_else(|| self.full(now).map(str::to_owned));
        let (state, why) = if let Some(since) = self.resting_since {
            let why = format!("it failed again and again, the last time at {since}");
            (EngineState::Failing, self.rest(now).unwrap_or(why))
        } else if let Some(error) = error {
            (EngineState::Failing, error.message)
        } else if let Some(why) = full() {
            (EngineState::Full, why)
        } else if self.is_slow() {
            (EngineState::Slow, format!("{:.0} s are usual for a call now", self.usual_ms / 1e3))
        } else {
            (EngineState::Well, String::new())
        };
        let Self { calls, failing, usual_ms, .. } = *self;
        EngineStatus { name: name.to_owned(), state, why, calls, failing, usual_ms }
    }
}

/// How the engines are.
#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<BTreeMap<&'static str, EngineHealth>>);

impl Health {
    fn engines(&self) -> MutexGuard<'_, BTreeMap<&'static str, EngineHealth>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether `engine` may be asked now; after a rest one call is let through to see.
    pub(crate) fn admit(&self, engine: &'static str, now: Timestamp) -> Result<(), QueryError> {
        let mut engines = self.engines();
        let state = engines.entry(engine).or_default();
        if state.resting_since.is_none() {
            return Ok(());
        }
        if let why @ Some(_) = state.rest(now) {
            return Err(QueryError::EngineUnavailable { engine, why });
        }
        // Others wait until this one has come back.
        state.resting_since = Some(now);
        Ok(())
    }

    /// How `engine` is.
    pub(crate) fn of(&self, engine: &'static str) -> EngineHealth {
        self.engines().get(engine).copied().unwrap_or_default()
    }

    /// How a call went.
    pub(crate) fn note(&self, engine: &'static str, now: Timestamp, took_ms: f64, failed: bool) {
        let mut engines = self.engines();
        let state = engines.entry(engine).or_default();
        let moved = |usual: f64, latest: f64| usual + (latest - usual) * WEIGHT;
        state.usual_ms = if state.calls == 0 { took_ms } else { moved(state.usual_ms, took_ms) };
        state.failing = moved(state.failing, f64::from(u8::from(failed)));
        state.crowded = moved(state.crowded, 0.0);
        state.calls = state.calls.saturating_add(1);
        if !failed {
            state.resting_since = None;
        } else if state.resting_since.is_some()
            || (state.calls >= CALLS_BEFORE_JUDGED && state.failing > FAILING_SHARE)
        {
            state.resting_since = Some(now);
        }
    }

    /// There was no room in the call that was noted last.
    fn note_no_room(&self, engine: &'static str, now: Timestamp, no_room: NoRoom) {
        let mut engines = self.engines();
        let state = engines.entry(engine).or_default();
        state.crowded = (state.crowded + WEIGHT).min(1.0);
        state.no_room = Some((no_room, now));
    }

    /// How the call that was noted last was stopped.
    pub(crate) fn note_stop(&self, engine: &'static str, now: Timestamp, by: Option<StoppedBy>) {
        if by == Some(StoppedBy::Memory) {
            self.note_no_room(engine, now, NoRoom::Memory);
        }
    }

    /// Asks `engine`, unless it is left alone, and notes how it went. What is the asker's fault is none of the engine's.
    pub(crate) async fn watch<T>(
        &self,
        engine: &'static str,
        clock: &Arc<dyn Clock>,
        call: impl Future<Output = Result<T, QueryError>>,
    ) -> Result<T, QueryError> {
        self.admit(engine, clock.now())?;
        let started = tokio::time::Instant::now();
        let result = call.await;
        let failed = match &result {
            Ok(_) => false,
            Err(QueryError::EngineUnavailable { .. }) => true,
            Err(error) => !error.is_askers_fault(),
        };
        self.note(engine, clock.now(), started.elapsed().as_secs_f64() * 1e3, failed);
        if let Err(QueryError::Store(error)) = &result
            && error.is_full()
        {
            self.note_no_room(engine, clock.now(), NoRoom::Disk);
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_fails_is_left_alone_and_tried_again() {
        let health = Health::default();
        let at = Timestamp::from_seconds;
        for second in 0..3 {
            health.note("forensic", at(second), 1.0, true);
            assert!(health.admit("forensic", at(second)).is_ok(), "too few calls to judge");
        }
        health.note("forensic", at(3), 1.0, true);
        let refused = health.admit("forensic", at(4)).unwrap_err();
        assert!(refused.to_string().contains("tried again in 10 s"), "{refused}");
        assert!(health.admit("marts", at(4)).is_ok(), "another engine is well");
        assert!(health.admit("forensic", at(13)).is_ok(), "one is let through");
        assert!(health.admit("forensic", at(13)).is_err(), "and the others wait for it");
        health.note("forensic", at(14), 1.0, true);
        assert!(health.admit("forensic", at(15)).is_err());
        assert!(health.admit("forensic", at(24)).is_ok());
        health.note("forensic", at(25), 1.0, false);
        assert!(health.admit("forensic", at(25)).is_ok());
    }

    #[test]
    fn full_is_who_had_no_room_again_and_again_of_late() {
        let health = Health::default();
        let at = Timestamp::from_seconds;
        let call = |second, by| {
            health.note("marts", at(second), 1.0, false);
            health.note_stop("marts", at(second), by);
            health.of("marts").full(at(second)).is_some()
        };
        assert!((0..3).all(|second| !call(second, Some(StoppedBy::Memory))), "too few calls to judge");
        assert!(call(3, Some(StoppedBy::Memory)));
        let status = health.of("marts").status("marts", at(4), Ok(None));
        assert_eq!(status.state, EngineState::Full);
        assert!(status.why.contains("memory"), "{status:?}");
        assert!(health.admit("marts", at(4)).is_ok(), "nobody else has the events");
        assert!(health.of("marts").full(at(63)).is_none(), "nothing was asked for a minute");
        assert!(call(5, None) && !call(6, None), "it has room again");
        assert!(!call(7, Some(StoppedBy::Timeout)), "time is no room");
        assert!(
            (0..9).all(|_| !call(8, None)) && !call(9, Some(StoppedBy::Memory)),
            "one that wants too much"
        );
    }

    #[tokio::test]
    async fn a_full_disk_is_no_room_either() {
        let (health, clock) = (Health::default(), sentra_model::ManualClock::new(Timestamp::default()));
        let clock: Arc<dyn Clock> = Arc::new(clock);
        for _ in 0..4 {
            let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
            let error = sentra_store::StoreError::Full { operation: "write", path: "x".into(), source };
            let call = async { Err::<(), _>(QueryError::Store(error)) };
            assert!(health.watch("records", &clock, call).await.is_err());
        }
        assert!(health.of("records").full(clock.now()).unwrap().contains("disk"));
        // It failed, too, and that is worse.
        assert_eq!(health.of("records").status("records", clock.now(), Ok(None)).state, EngineState::Failing);
        assert_eq!(health.of("vectors").status("vectors", clock.now(), Ok(None)).state, EngineState::Well);
    }

    #[test]
    fn slow_is_said_by_the_usual_time() {
        let health = Health::default();
        health.note("marts", Timestamp::default(), 30_000.0, false);
        assert!(health.of("marts").is_slow());
        (0..20).for_each(|_| health.note("marts", Timestamp::default(), 10.0, false));
        assert!(!health.of("marts").is_slow());
    }
}
