/// Limits and paces of the factory. Every one has a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactoryConfig {
    /// How long the factory waits for more records before it works on few ones, in milliseconds.
    pub batch_wait_ms: u64,
    /// How many bytes of raw records it takes in one go.
    pub batch_bytes_max: usize,
    /// How many events it takes in one go; also the rows of an event batch.
    pub batch_events_max: usize,
    /// How often the marts write their memory to disk, in milliseconds.
    pub flush_interval_ms: u64,
    /// Signals that share an entity join one incident when they are at most this far apart, in seconds.
    pub group_window_s: u64,
    /// Findings of one rule about the same entities within this time are one signal, in seconds.
    pub fold_window_s: u64,
    /// Signals in one incident; the next one opens a new incident.
    pub incident_signals_max: usize,
    /// Incidents that can still be joined, per tenant; beyond it the stalest can no longer.
    pub open_incidents_max: usize,
    /// Addresses and accounts whose logins are counted, per tenant; beyond it the stalest is forgotten.
    pub activity_entities_max: usize,
    /// An entity's login counts start anew after this long without a login, in seconds.
    pub activity_idle_s: u64,
    /// Longest pause before a failed worker starts again, in milliseconds.
    pub restart_backoff_ms_max: u64,
}

impl Default for FactoryConfig {
    fn default() -> Self {
        Self {
            batch_wait_ms: 20,
            batch_bytes_max: 8 * 1024 * 1024,
            batch_events_max: sentra_model::events_per_batch_max(),
            flush_interval_ms: 30_000,
            group_window_s: 4 * 3_600,
            fold_window_s: 300,
            incident_signals_max: 2_000,
            open_incidents_max: 2_000,
            activity_entities_max: 100_000,
            activity_idle_s: 24 * 3_600,
            restart_backoff_ms_max: 30_000,
        }
    }
}

impl FactoryConfig {
    pub(crate) fn group_window_micros(&self) -> i64 {
        micros(self.group_window_s)
    }

    pub(crate) fn fold_window_micros(&self) -> i64 {
        micros(self.fold_window_s)
    }

    pub(crate) fn activity_idle_micros(&self) -> i64 {
        micros(self.activity_idle_s)
    }
}

fn micros(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000)
}
