use super::error::LearnError;
use crate::registry::{PromotionPolicy, RetrainPolicy};

/// An hour, in microseconds.
pub(crate) const HOUR_MICROS: i64 = 3_600_000_000;
/// A day, in microseconds.
pub(crate) const DAY_MICROS: i64 = 24 * HOUR_MICROS;

/// How a keeper works. The defaults are for a tenant of up to some ten thousand entities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KeeperSettings {
    /// Whence every choice comes that is drawn: samples, training.
    pub seed: u64,
    /// When models are trained anew.
    pub retrain: RetrainPolicy,
    /// When a shadow takes over.
    pub promotion: PromotionPolicy,
    /// Microseconds of the platform's clock between two looks at what is due; labels that came are looked at at once.
    pub look_every_micros: i64,
    /// Whether the recurrent network may become the sequence model where it predicts better. It is the better
    /// model as a rule and takes three to five times as long per event; without it the n-gram is the only candidate.
    pub is_network_allowed: bool,
    /// Share of windows of ten events that may be reported, of normal ones.
    pub sequence_false_positive_rate: f64,
    /// Sequences (of 32 events) before a first sequence model is trained.
    pub sequence_samples_min: usize,
    /// Sequences kept for training.
    pub sequence_samples_max: usize,
    /// Users and hosts whose sequences are kept.
    pub sequence_entities_max: usize,
    /// Share of hours that may be reported, of normal ones.
    pub activity_false_positive_rate: f32,
    /// Hours of entities before a first model of activity is trained, and over how many days.
    pub activity_rows_min: usize,
    /// Different days that those hours must come from.
    pub activity_days_min: usize,
    /// Hours of entities kept for training, per kind.
    pub activity_rows_max: usize,
    /// Users and hosts that are remembered, together.
    pub activity_entities_max: usize,
    /// Hours of entities that are open at the same time.
    pub activity_windows_max: usize,
    /// Microseconds of event time that an hour stays open for events that come late.
    pub lateness_micros: i64,
    /// Microseconds of event time after an alert about an entity in which nothing is learnt of it.
    pub quarantine_micros: i64,
    /// Microseconds of event time around a finding within which the same detector says nothing of the same entity.
    pub pause_micros: i64,
    /// Findings of one kind of model within a day of event time; beyond, they are counted only.
    pub findings_per_day_max: u32,
}

impl Default for KeeperSettings {
    fn default() -> Self {
        Self {
            seed: 1,
            retrain: RetrainPolicy::default(),
            promotion: PromotionPolicy::default(),
            look_every_micros: 600_000_000,
            is_network_allowed: false,
            sequence_false_positive_rate: 1e-5,
            sequence_samples_min: 400,
            sequence_samples_max: 8_192,
            sequence_entities_max: 65_536,
            activity_false_positive_rate: 1e-4,
            activity_rows_min: 500,
            activity_days_min: 3,
            activity_rows_max: 8_192,
            activity_entities_max: 65_536,
            activity_windows_max: 32_768,
            lateness_micros: 15 * 60_000_000,
            quarantine_micros: DAY_MICROS,
            pause_micros: DAY_MICROS,
            findings_per_day_max: 20,
        }
    }
}

impl KeeperSettings {
    /// Whether everything lies within its limits.
    ///
    /// # Errors
    /// [`LearnError::Setting`] for the first that does not.
    pub fn check(&self) -> Result<(), LearnError> {
        let within = |setting, value: u64, low: u64, high: u64, allowed| match (low..=high).contains(&value) {
            true => Ok(()),
            false => Err(LearnError::Setting { setting, value, allowed }),
        };
        let micros = |value: i64| u64::try_from(value).unwrap_or(u64::MAX);
        let rate = (f64::from(self.activity_false_positive_rate) * 1e9) as u64;
        let (rows, days) = (self.activity_rows_min as u64, self.activity_days_min as u64);
        within("activity_false_positive_rate in billionths", rate, 1, 100_000_000, "1 to 100000000")?;
        within("activity_rows_min", rows, 100, 65_536, "100 to 65536")?;
        within(
            "activity_rows_max",
            self.activity_rows_max as u64,
            rows.max(100),
            65_536,
            "activity_rows_min to 65536",
        )?;
        within("activity_days_min", days, 1, 30, "1 to 30")?;
        let entities = self.activity_entities_max as u64;
        within("activity_entities_max", entities, 1, 1 << 20, "1 to 1048576")?;
        within("activity_windows_max", self.activity_windows_max as u64, 1, 1 << 20, "1 to 1048576")?;
        within("lateness_micros", micros(self.lateness_micros), 0, HOUR_MICROS as u64, "0 to an hour")?;
        let month = 31 * DAY_MICROS as u64;
        within("quarantine_micros", micros(self.quarantine_micros), 0, month, "0 to 31 days")?;
        within("pause_micros", micros(self.pause_micros), 0, month, "0 to 31 days")?;
        within("look_every_micros", micros(self.look_every_micros), 0, DAY_MICROS as u64, "0 to a day")?;
        within("sequence_samples_min", self.sequence_samples_min as u64, 50, 65_536, "50 to 65536")
    }
}
