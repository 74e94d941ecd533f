use sentra_triage::TriageConfig;

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
    /// Limits and windows of triage.
    pub triage: TriageConfig,
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
            triage: TriageConfig::default(),
            activity_entities_max: 100_000,
            activity_idle_s: 24 * 3_600,
            restart_backoff_ms_max: 30_000,
        }
    }
}

impl FactoryConfig {
    pub(crate) fn activity_idle_micros(&self) -> i64 {
        micros(self.activity_idle_s)
    }
}

fn micros(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000)
}
