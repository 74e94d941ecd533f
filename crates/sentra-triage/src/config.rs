/// Limits and windows of triage. Every one has a default; times are event time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriageConfig {
    /// Signals that share a pivot join one incident when they are at most this far apart, in seconds.
    pub group_window_s: u64,
    /// Findings of one rule about the same entities within this time are one signal, in seconds.
    pub fold_window_s: u64,
    /// Signals in one incident; the next one opens a new incident.
    pub incident_signals_max: usize,
    /// Incidents that can still be joined; beyond it the stalest can no longer.
    pub open_incidents_max: usize,
    /// Pivots and accounts whose commonness is remembered; beyond it the stalest is forgotten.
    pub common_entities_max: usize,
    /// Entities that carry a risk; beyond it the one with the least is forgotten.
    pub risky_entities_max: usize,
    /// An entity's risk halves in this time without a new signal, in hours.
    pub entity_half_life_h: u32,
    /// The weight of a verdict halves when newer ones of the same detector are this much younger, in days;
    /// 0 keeps every verdict at full weight.
    pub verdict_half_life_d: u32,
    /// Signals and incidents whose verdict is remembered; beyond it the oldest verdict is forgotten.
    pub verdicts_max: usize,
}

impl Default for TriageConfig {
    fn default() -> Self {
        Self {
            group_window_s: 4 * 3_600,
            fold_window_s: 300,
            incident_signals_max: 2_000,
            open_incidents_max: 2_000,
            common_entities_max: 50_000,
            risky_entities_max: 100_000,
            entity_half_life_h: 72,
            verdict_half_life_d: 180,
            verdicts_max: 20_000,
        }
    }
}

impl TriageConfig {
    pub(crate) fn group_window_micros(&self) -> i64 {
        micros(self.group_window_s)
    }

    pub(crate) fn fold_window_micros(&self) -> i64 {
        micros(self.fold_window_s)
    }
}

fn micros(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000)
}
