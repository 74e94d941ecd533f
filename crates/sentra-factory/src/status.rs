use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use sentra_backbone::Stream;
use sentra_model::Timestamp;

/// Counters of the running factory, since it started.
#[derive(Debug, Default)]
pub struct FactoryStatus {
    events: AtomicU64,
    bytes: AtomicU64,
    signals: AtomicU64,
    dead_letters: AtomicU64,
    incidents: AtomicU64,
    incident_changes: AtomicU64,
    restarts: AtomicU64,
    last_progress_micros: AtomicI64,
    lag: Mutex<BTreeMap<Stream, u64>>,
    matches: Mutex<BTreeMap<String, u64>>,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusSnapshot {
    /// Events decoded.
    pub events: u64,
    /// Bytes of raw records read.
    pub bytes: u64,
    /// Signals raised or extended.
    pub signals: u64,
    /// Records that could not be understood.
    pub dead_letters: u64,
    /// Incidents opened.
    pub incidents: u64,
    /// Incidents opened or changed.
    pub incident_changes: u64,
    /// How often a worker failed and started again.
    pub restarts: u64,
    /// Records in the backbone that are not processed yet, over all tenants.
    pub lag_records: u64,
    /// When a worker last finished a batch or found nothing to do.
    pub last_progress: Timestamp,
}

impl FactoryStatus {
    pub(crate) fn add_batch(&self, events: u64, bytes: u64, dead_letters: u64) {
        self.events.fetch_add(events, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.dead_letters.fetch_add(dead_letters, Ordering::Relaxed);
        metrics::counter!("sentra_factory_events_total").increment(events);
        metrics::counter!("sentra_factory_bytes_total").increment(bytes);
        metrics::counter!("sentra_factory_dead_letters_total").increment(dead_letters);
    }

    pub(crate) fn add_findings(&self, signals: u64, opened: u64, changed: u64) {
        self.signals.fetch_add(signals, Ordering::Relaxed);
        self.incidents.fetch_add(opened, Ordering::Relaxed);
        self.incident_changes.fetch_add(changed, Ordering::Relaxed);
        metrics::counter!("sentra_factory_signals_total").increment(signals);
        metrics::counter!("sentra_factory_incidents_total").increment(opened);
        metrics::counter!("sentra_factory_incident_changes_total").increment(changed);
    }

    /// Counts one finding of the rule `id`; the number of rules bounds the table.
    pub(crate) fn add_match(&self, id: &str) {
        let mut matches = self.matches.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match matches.get_mut(id) {
            Some(count) => *count += 1,
            None => {
                matches.insert(id.to_owned(), 1);
            }
        }
    }

    /// How often each rule found something since the start, by rule id.
    #[must_use]
    pub fn matches(&self) -> BTreeMap<String, u64> {
        self.matches.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    pub(crate) fn add_restart(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("sentra_factory_restarts_total").increment(1);
    }

    pub(crate) fn progress(&self, stream: &Stream, lag: u64, now: Timestamp) {
        self.last_progress_micros.fetch_max(now.micros(), Ordering::Relaxed);
        let mut lags = self.lag.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        lags.insert(stream.clone(), lag);
        let total: u64 = lags.values().sum();
        metrics::gauge!("sentra_factory_lag_records").set(total as f64);
    }

    /// Records of `stream` that wait; `None` before its worker has looked.
    #[must_use]
    pub fn lag(&self, stream: &Stream) -> Option<u64> {
        self.lag.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(stream).copied()
    }

    /// The counters now.
    #[must_use]
    pub fn snapshot(&self) -> StatusSnapshot {
        let lags = self.lag.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        StatusSnapshot {
            events: self.events.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            signals: self.signals.load(Ordering::Relaxed),
            dead_letters: self.dead_letters.load(Ordering::Relaxed),
            incidents: self.incidents.load(Ordering::Relaxed),
            incident_changes: self.incident_changes.load(Ordering::Relaxed),
            restarts: self.restarts.load(Ordering::Relaxed),
            lag_records: lags.values().sum(),
            last_progress: Timestamp::from_micros(self.last_progress_micros.load(Ordering::Relaxed)),
        }
    }
}
