use serde::{Deserialize, Serialize};

use crate::SignalId;

/// A probability with the interval it probably lies in; all three within 0 to 1, `low <= score <= high`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Estimate {
    /// The best single value.
    pub score: f64,
    /// Lower end of the 90 % interval.
    pub low: f64,
    /// Upper end of the 90 % interval.
    pub high: f64,
}

impl Estimate {
    /// An estimate whose parts are forced into order and into 0 to 1; what is not a number becomes 0.
    #[must_use]
    pub fn new(score: f64, low: f64, high: f64) -> Self {
        let unit = |value: f64| if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) };
        let score = unit(score);
        Self { score, low: unit(low).min(score), high: unit(high).max(score) }
    }
}

/// What kind of thing moved a risk.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RiskFactor {
    /// A detector spoke.
    Evidence,
    /// How often findings of this detector were confirmed.
    Precision,
    /// What was reached is worth more or less than the average.
    Asset,
    /// Whose account it is.
    Identity,
    /// An indicator of others.
    Indicator,
    /// How unusual it is.
    Behaviour,
    /// Techniques follow each other as in an attack.
    KillChain,
    /// How often risks as high as this turned out to be malicious.
    Calibration,
}

/// One reason for a risk, with what it adds or takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RiskReason {
    /// What kind of reason it is.
    pub factor: RiskFactor,
    /// The reason in words, short: `SSH brute force (12 of 14 confirmed)`.
    pub what: String,
    /// What it adds to the log-odds; negative when it takes.
    pub log_odds: f64,
    /// The signals it rests on.
    pub signals: Vec<SignalId>,
}

#[cfg(test)]
mod tests {
    use super::Estimate;

    #[test]
    fn an_estimate_is_always_in_order() {
        let odd = Estimate::new(0.5, 0.9, 0.1);
        assert!(odd.low <= odd.score && odd.score <= odd.high);
        assert_eq!(Estimate::new(f64::NAN, -1.0, 7.0), Estimate { score: 0.0, low: 0.0, high: 1.0 });
    }
}
