//! How the engines are: one that fails again and again is left alone for a while, and whoever asks is told.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sentra_model::{Clock, Timestamp};
use serde::Serialize;

use crate::error::QueryError;

/// Share of calls that fail, above which an engine is left alone.
const FAILING_SHARE: f64 = 0.5;
/// Calls before an engine is judged.
const CALLS_BEFORE_JUDGED: u64 = 4;
/// How long an engine is left alone before it is tried again.
const REST_MICROS: i64 = 10_000_000;
/// Weight of the latest call.
const WEIGHT: f64 = 0.25;
/// Usual time of a call above which an engine is slow, in milliseconds.
const SLOW_MS: f64 = 5_000.0;

/// How an engine is.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct EngineHealth {
    /// Calls so far.
    pub calls: u64,
    /// Share of the latest calls that failed.
    pub failing: f64,
    /// Usual time of a call, in milliseconds.
    pub usual_ms: f64,
    /// Since when it is left alone.
    pub resting_since: Option<Timestamp>,
}

impl EngineHealth {
    /// Whether it takes unusually long.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        self.usual_ms > SLOW_MS
    }
}

/// How the engines are.
#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<BTreeMap<&'static str, EngineHealth>>);

impl Health {
    fn engines(&self) -> MutexGuard<'_, BTreeMap<&'static str, EngineHealth>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How every engine is that was asked.
    pub(crate) fn all(&self) -> BTreeMap<&'static str, EngineHealth> {
        self.engines().clone()
    }

    /// Whether `engine` may be asked now; after a rest one call is let through to see.
    pub(crate) fn admit(&self, engine: &'static str, now: Timestamp) -> Result<(), QueryError> {
        let mut engines = self.engines();
        let state = engines.entry(engine).or_default();
        let Some(since) = state.resting_since else { return Ok(()) };
        let rested = now.since(since);
        if rested >= REST_MICROS {
            // Others wait until this one has come back.
            state.resting_since = Some(now);
            return Ok(());
        }
        let seconds = (REST_MICROS - rested).div_euclid(1_000_000) + 1;
        let why = format!("it failed again and again, and is tried again in {seconds} s");
        Err(QueryError::EngineUnavailable { engine, why: Some(why) })
    }

    /// How a call went.
    pub(crate) fn note(&self, engine: &'static str, now: Timestamp, took_ms: f64, failed: bool) {
        let mut engines = self.engines();
        let state = engines.entry(engine).or_default();
        let moved = |usual: f64, latest: f64| usual + (latest - usual) * WEIGHT;
        state.usual_ms = if state.calls == 0 { took_ms } else { moved(state.usual_ms, took_ms) };
        state.failing = moved(state.failing, f64::from(u8::from(failed)));
        state.calls = state.calls.saturating_add(1);
        if !failed {
            state.resting_since = None;
        } else if state.resting_since.is_some()
            || (state.calls >= CALLS_BEFORE_JUDGED && state.failing > FAILING_SHARE)
        {
            state.resting_since = Some(now);
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
    fn slow_is_said_by_the_usual_time() {
        let health = Health::default();
        health.note("marts", Timestamp::default(), 30_000.0, false);
        assert!(health.all()["marts"].is_slow());
        (0..20).for_each(|_| health.note("marts", Timestamp::default(), 10.0, false));
        assert!(!health.all()["marts"].is_slow());
    }
}
