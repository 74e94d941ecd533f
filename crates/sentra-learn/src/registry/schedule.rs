//! When to train anew.

use sentra_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::drift::DriftLevel;

/// When a model is trained anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetrainPolicy {
    /// At the latest after so many microseconds.
    pub every_micros: i64,
    /// Earlier when so many verdicts have come since.
    pub verdicts: u64,
    /// Never sooner than after so many microseconds: verdicts in a row, or a world that drifts, must not train all day.
    pub gap_micros: i64,
}

const DAY_MICROS: i64 = 86_400_000_000;

impl Default for RetrainPolicy {
    fn default() -> Self {
        Self { every_micros: 7 * DAY_MICROS, verdicts: 100, gap_micros: DAY_MICROS }
    }
}

/// Why it is time to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetrainReason {
    /// There is no model yet.
    Never,
    /// The last training is long ago.
    Age,
    /// Analysts have said much since.
    Verdicts,
    /// The world has moved away from the training.
    Drift,
}

impl RetrainPolicy {
    /// Whether it is time to train, and why. A last training in the future (a clock that was wrong) counts as now.
    #[must_use]
    pub fn due(
        &self,
        now: Timestamp,
        last_trained: Option<Timestamp>,
        new_verdicts: u64,
        drift: DriftLevel,
    ) -> Option<RetrainReason> {
        let Some(last_trained) = last_trained else { return Some(RetrainReason::Never) };
        let age = now.since(last_trained).max(0);
        if age < self.gap_micros {
            return None;
        }
        if drift == DriftLevel::Strong {
            return Some(RetrainReason::Drift);
        }
        if self.verdicts > 0 && new_verdicts >= self.verdicts {
            return Some(RetrainReason::Verdicts);
        }
        (age >= self.every_micros).then_some(RetrainReason::Age)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule() {
        let policy = RetrainPolicy::default();
        let day = |days: i64| Timestamp::from_micros(days * DAY_MICROS);
        let due = |now, verdicts, drift| policy.due(day(now), Some(day(10)), verdicts, drift);
        assert_eq!(policy.due(day(0), None, 0, DriftLevel::None), Some(RetrainReason::Never));
        assert_eq!(due(10, 1000, DriftLevel::Strong), None);
        assert_eq!(due(5, 1000, DriftLevel::Strong), None);
        assert_eq!(due(11, 0, DriftLevel::Strong), Some(RetrainReason::Drift));
        assert_eq!(due(11, 100, DriftLevel::Some), Some(RetrainReason::Verdicts));
        assert_eq!(due(16, 99, DriftLevel::Some), None);
        assert_eq!(due(17, 0, DriftLevel::None), Some(RetrainReason::Age));
    }
}
