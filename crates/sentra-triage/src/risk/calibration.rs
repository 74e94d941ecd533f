//! From what the formula says to what verdicts say about it.

use std::collections::BTreeMap;

use sentra_model::{RiskFactor, RiskReason, Timestamp, VerdictTarget};

use crate::odds::{LOG_ODDS_MAX, log_odds, probability};
use crate::risk::evidence::{Assessment, rank};
use crate::risk::reliability::Reliability;

/// Verdicts on incidents before risks are corrected by them, of which each outcome must have had a tenth.
pub const CALIBRATION_VERDICTS_MIN: usize = 50;
/// Verdicts kept; beyond it the oldest is forgotten.
const OBSERVATIONS_MAX: usize = 5_000;
/// As how many verdicts the formula itself weighs against the correction.
const FORMULA_VERDICTS: f64 = 50.0;
/// A step of the correction says no more than this.
const STEP_MIN: f64 = 0.01;

/// What was predicted of something that has a verdict now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// Log-odds by the formula alone.
    pub raw: f64,
    /// The probability that was shown.
    pub shown: f64,
    /// Whether it was malicious.
    pub malicious: bool,
    /// When the verdict was given.
    pub at: Timestamp,
}

/// A step of the isotonic regression: between raw log-odds, the observed rate.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    raw: f64,
    rate: f64,
    weight: f64,
}

/// How the formula's risks of one tenant relate to outcomes. Derived from the verdicts that
/// [`crate::Feedback`] keeps; not stored itself.
#[derive(Debug, Clone, Default)]
pub struct Calibration {
    observations: BTreeMap<VerdictTarget, Observation>,
    steps: Vec<Step>,
}

impl Calibration {
    /// Notes what came of a prediction; the last verdict per target counts.
    pub fn learn(&mut self, target: VerdictTarget, observation: Observation) {
        self.observations.insert(target, observation);
        if self.observations.len() > OBSERVATIONS_MAX {
            let oldest = self.observations.iter().min_by_key(|(target, seen)| (seen.at, **target));
            if let Some(oldest) = oldest.map(|(target, _)| *target) {
                self.observations.remove(&oldest);
            }
        }
        self.fit();
    }

    /// Forgets what came of `target`.
    pub fn forget(&mut self, target: VerdictTarget) {
        if self.observations.remove(&target).is_some() {
            self.fit();
        }
    }

    /// Takes up many observations at once.
    pub fn restore(&mut self, observations: impl IntoIterator<Item = (VerdictTarget, Observation)>) {
        let mut kept: Vec<_> = observations.into_iter().collect();
        kept.sort_by_key(|(target, seen)| std::cmp::Reverse((seen.at, *target)));
        kept.truncate(OBSERVATIONS_MAX);
        self.observations = kept.into_iter().collect();
        self.fit();
    }

    /// How reliable the risks were that people were shown.
    #[must_use]
    pub fn reliability(&self) -> Reliability {
        let pairs: Vec<_> = self.observations.values().map(|seen| (seen.shown, seen.malicious)).collect();
        Reliability::measure(&pairs)
    }

    /// How reliable the same risks were by the formula alone, and how reliable they are as corrected now.
    /// The latter is measured on what it was learnt from: better than the future will be.
    #[must_use]
    pub fn before_and_after(&self) -> (Reliability, Reliability) {
        let of = |predict: &dyn Fn(f64) -> f64| {
            let pairs = self.observations.values().map(|seen| (predict(seen.raw), seen.malicious));
            Reliability::measure(&pairs.collect::<Vec<_>>())
        };
        (of(&probability), of(&|raw| probability(self.correct(raw))))
    }

    /// Whether risks are corrected.
    #[must_use]
    pub fn is_active(&self) -> bool {
        !self.steps.is_empty()
    }

    /// The corrected log-odds of `raw`. Monotone, and `raw` itself until enough verdicts exist.
    #[must_use]
    pub fn correct(&self, raw: f64) -> f64 {
        correct(&self.steps, raw)
    }

    /// Corrects `assessment` and says so among its reasons.
    #[must_use]
    pub fn apply(&self, mut assessment: Assessment) -> Assessment {
        let corrected = self.correct(assessment.log_odds);
        let by = corrected - assessment.log_odds;
        if by.abs() > 1e-12 {
            assessment.reasons.push(RiskReason {
                factor: RiskFactor::Calibration,
                what: format!("what {} verdicts said about risks like it", self.observations.len()),
                log_odds: by,
                signals: Vec::new(),
            });
            assessment.reasons.sort_by(rank);
            assessment.log_odds = corrected;
        }
        assessment
    }

    /// Fits the correction anew, and drops it when it does not help on verdicts that it has not seen.
    fn fit(&mut self) {
        self.steps.clear();
        let all: Vec<(f64, bool)> =
            self.observations.values().map(|seen| (seen.raw, seen.malicious)).collect();
        let malicious = all.iter().filter(|(_, malicious)| *malicious).count();
        let rarer = malicious.min(all.len() - malicious);
        if all.len() < CALIBRATION_VERDICTS_MIN || rarer * 10 < CALIBRATION_VERDICTS_MIN {
            return;
        }
        // Targets are hashes in order: every second one is an arbitrary half.
        let half = |odd: usize| all.iter().copied().skip(odd).step_by(2).collect::<Vec<_>>();
        let (one, other) = (half(0), half(1));
        let brier = |steps: &[Step], seen: &[(f64, bool)]| {
            let pairs: Vec<_> =
                seen.iter().map(|(raw, bad)| (probability(correct(steps, *raw)), *bad)).collect();
            Reliability::measure(&pairs).brier
        };
        let helped = brier(&isotonic(&one), &other) + brier(&isotonic(&other), &one);
        if helped <= brier(&[], &other) + brier(&[], &one) {
            self.steps = isotonic(&all);
        }
    }
}

/// Isotonic regression by pooling adjacent violators.
fn isotonic(seen: &[(f64, bool)]) -> Vec<Step> {
    let mut sorted = seen.to_vec();
    sorted.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    let mut steps: Vec<Step> = Vec::new();
    for same in sorted.chunk_by(|one, other| one.0.total_cmp(&other.0).is_eq()) {
        let Some((raw, _)) = same.first() else { continue };
        let malicious = same.iter().filter(|(_, malicious)| *malicious).count() as f64;
        let weight = same.len() as f64;
        let mut step = Step { raw: *raw, rate: malicious / weight, weight };
        while let Some(before) = steps.last().copied().filter(|before| before.rate >= step.rate) {
            steps.pop();
            let weight = before.weight + step.weight;
            let mean = |one: f64, other: f64| (one * before.weight + other * step.weight) / weight;
            step = Step { raw: mean(before.raw, step.raw), rate: mean(before.rate, step.rate), weight };
        }
        steps.push(step);
    }
    steps
}

/// Between the middles of two steps the rate is on the line between them; the formula keeps a say.
fn correct(steps: &[Step], raw: f64) -> f64 {
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return raw };
    let line = |before: &Step, after: &Step| {
        let part = (raw - before.raw) / (after.raw - before.raw);
        before.rate + part * (after.rate - before.rate)
    };
    let rate = if raw <= first.raw {
        first.rate
    } else {
        let pair = steps.windows(2).find_map(|pair| match pair {
            [before, after] if raw <= after.raw => Some(line(before, after)),
            _ => None,
        });
        pair.unwrap_or(last.rate)
    };
    let learnt = log_odds(rate.clamp(STEP_MIN, 1.0 - STEP_MIN));
    let seen: f64 = steps.iter().map(|step| step.weight).sum();
    let trust = seen / (seen + FORMULA_VERDICTS);
    (trust * learnt + (1.0 - trust) * raw).clamp(-LOG_ODDS_MAX, LOG_ODDS_MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::target;

    fn taught(pairs: &[(f64, bool)]) -> Calibration {
        let mut calibration = Calibration::default();
        calibration.restore(pairs.iter().zip(0..).map(|((raw, malicious), number)| {
            let at = Timestamp::from_seconds(number);
            let shown = probability(*raw);
            (target(number), Observation { raw: *raw, shown, malicious: *malicious, at })
        }));
        calibration
    }

    /// Risks that claim far more than they keep: nine in ten said, three in ten true.
    fn overconfident() -> Vec<(f64, bool)> {
        (0..200)
            .map(|number| {
                let raw = if number % 2 == 0 { 2.2 } else { -1.0 };
                (raw, if number % 2 == 0 { number % 20 < 6 } else { number % 20 == 1 })
            })
            .collect()
    }

    #[test]
    fn overconfidence_is_corrected_once_enough_verdicts_exist() {
        let pairs = overconfident();
        assert!(!taught(&pairs[..40]).is_active());
        let calibration = taught(&pairs);
        assert!(calibration.is_active());
        let (before, after) = calibration.before_and_after();
        assert!(after.brier < before.brier && after.ece < before.ece / 2.0, "{before:?} {after:?}");
        assert!(probability(calibration.correct(2.2)) < 0.5);
    }

    #[test]
    fn one_outcome_alone_teaches_nothing() {
        let all_bad: Vec<(f64, bool)> = (0..100).map(|number| (f64::from(number % 7), true)).collect();
        assert!(!taught(&all_bad).is_active());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_correction_is_monotone_bounded_and_independent_of_the_order(
            pairs in prop::collection::vec((-6.0_f64..6.0, any::<bool>()), 60..200),
            raws in prop::collection::vec(-6.0_f64..6.0, 2..20),
        ) {
            let steps = isotonic(&pairs);
            let mut reversed = pairs.clone();
            reversed.reverse();
            prop_assert_eq!(&steps, &isotonic(&reversed));
            let mut raws = raws;
            raws.sort_by(f64::total_cmp);
            let corrected: Vec<f64> = raws.iter().map(|raw| correct(&steps, *raw)).collect();
            prop_assert!(corrected.windows(2).all(|pair| pair[0] <= pair[1] + 1e-9));
            prop_assert!(corrected.iter().all(|value| probability(*value) > 0.0 && probability(*value) < 1.0));
        }
    }
}
