//! Whether probabilities mean what they say: predicted against what verdicts said.

use serde::Serialize;

/// Bins of a reliability diagram, equally wide.
const BINS: usize = 10;

/// What was predicted between two probabilities, and what it turned out to be.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ReliabilityBin {
    /// Lower end, included.
    pub low: f64,
    /// Upper end, excluded but for the last.
    pub high: f64,
    /// Predictions in it.
    pub count: u64,
    /// Their mean.
    pub predicted: f64,
    /// The part of them that was malicious.
    pub observed: f64,
}

/// How far predictions can be believed.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Reliability {
    /// Predictions with an outcome.
    pub count: u64,
    /// Those that were malicious.
    pub malicious: u64,
    /// Ten bins; those without predictions are left out.
    pub bins: Vec<ReliabilityBin>,
    /// Expected calibration error: the mean distance of predicted from observed, by bin, from 0 to 1.
    pub ece: f64,
    /// Brier score: the mean squared error, from 0 to 1; 0.25 is what always saying one half gets.
    pub brier: f64,
    /// Mean absolute error: the confidence mismatch.
    pub mismatch: f64,
}

impl Reliability {
    /// Measures pairs of a predicted probability and whether it was malicious. All zero without any.
    #[must_use]
    pub fn measure(pairs: &[(f64, bool)]) -> Self {
        let mut sums = [(0_u64, 0.0_f64, 0_u64); BINS];
        let (mut squared, mut absolute) = (0.0, 0.0);
        for (predicted, malicious) in pairs {
            let predicted = if predicted.is_nan() { 0.0 } else { predicted.clamp(0.0, 1.0) };
            let error = predicted - f64::from(u8::from(*malicious));
            squared += error * error;
            absolute += error.abs();
            let place = ((predicted * BINS as f64) as usize).min(BINS - 1);
            if let Some(sum) = sums.get_mut(place) {
                *sum = (sum.0 + 1, sum.1 + predicted, sum.2 + u64::from(*malicious));
            }
        }
        let count = pairs.len() as f64;
        let mean = |sum: f64| if pairs.is_empty() { 0.0 } else { sum / count };
        let bin = |(place, (number, predicted, malicious)): (usize, &(u64, f64, u64))| ReliabilityBin {
            low: place as f64 / BINS as f64,
            high: (place + 1) as f64 / BINS as f64,
            count: *number,
            predicted: predicted / *number as f64,
            observed: *malicious as f64 / *number as f64,
        };
        let bins: Vec<ReliabilityBin> =
            sums.iter().enumerate().filter(|(_, sum)| sum.0 > 0).map(bin).collect();
        let distance = bins.iter().map(|bin| bin.count as f64 * (bin.predicted - bin.observed).abs()).sum();
        Self {
            count: pairs.len() as u64,
            malicious: pairs.iter().filter(|(_, malicious)| *malicious).count() as u64,
            ece: mean(distance),
            brier: mean(squared),
            mismatch: mean(absolute),
            bins,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_figures_come_out() {
        let pairs = [(0.9, true), (0.9, false), (0.1, false), (0.1, false)];
        let measured = Reliability::measure(&pairs);
        assert_eq!((measured.count, measured.malicious, measured.bins.len()), (4, 1, 2));
        assert!((measured.brier - (0.01 + 0.81 + 0.01 + 0.01) / 4.0).abs() < 1e-12);
        // 0.9 against 0.5, and 0.1 against 0.
        assert!((measured.ece - (2.0 * 0.4 + 2.0 * 0.1) / 4.0).abs() < 1e-12);
        assert!((measured.mismatch - 0.3).abs() < 1e-12);
    }

    #[test]
    fn nothing_and_nonsense_are_measured_without_harm() {
        assert_eq!(Reliability::measure(&[]).brier, 0.0);
        let odd = Reliability::measure(&[(f64::NAN, true), (7.0, true), (1.0, true)]);
        assert!(odd.brier <= 1.0 && odd.count == 3);
    }
}
