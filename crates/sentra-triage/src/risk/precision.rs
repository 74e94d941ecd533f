//! How often a detector's findings are malicious: a prior from its kind and level, moved by verdicts.

use std::collections::BTreeMap;

use sentra_model::{Estimate, RuleKind, Severity, Signal, Timestamp, VerdictKind, VerdictTarget};
use serde::{Deserialize, Serialize};

use crate::odds::{INTERVAL_DEVIATIONS, log_odds, probability};

/// Verdicts kept of one detector; beyond it the oldest is forgotten.
pub const DETECTOR_VERDICTS_MAX: usize = 500;
/// Detectors whose verdicts are kept; beyond it the verdicts of a further one are counted and not used.
pub const DETECTORS_MAX: usize = 20_000;
const DAY_MICROS: f64 = 86_400.0 * 1e6;

/// What makes findings: a rule or a model.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Detector {
    /// The rule's id.
    pub rule: String,
    /// In which language it is written.
    pub kind: RuleKind,
}

impl Detector {
    /// The detector of `signal`.
    #[must_use]
    pub fn of(signal: &Signal) -> Self {
        Self { rule: signal.rule.id.clone(), kind: signal.rule.kind }
    }
}

/// The prior of a level and kind: its mean, and as how many verdicts it weighs.
fn prior(level: Severity, kind: RuleKind) -> (f64, f64) {
    let mean = match level {
        Severity::Unknown | Severity::Informational => 0.06,
        Severity::Low => 0.15,
        Severity::Medium => 0.35,
        Severity::High => 0.6,
        Severity::Critical => 0.8,
    };
    match kind {
        RuleKind::Sigma | RuleKind::Yaral => (mean, 8.0),
        // Several events in one pattern are harder to meet by chance.
        RuleKind::Correlation => (probability(log_odds(mean) + 0.25), 8.0),
        // A model's word is weaker, and verdicts move it sooner.
        RuleKind::Model => (probability(log_odds(mean) - 0.3), 4.0),
    }
}

/// How probable it is that a finding of `level` and `kind` is malicious before any verdict: the mean and 90 %
/// interval of a Beta distribution.
#[must_use]
pub fn prior_estimate(level: Severity, kind: RuleKind) -> Estimate {
    Posterior::of(level, kind, Tally::default()).estimate()
}

/// Decayed verdicts by kind.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Tally {
    malicious: f64,
    benign: f64,
    wrong: f64,
    /// Undecayed: true positives, and all.
    confirmed: u64,
    judged: u64,
}

/// What is believed about a detector's precision: a Beta distribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Posterior {
    /// Mean of the prior, from level and kind.
    pub prior: f64,
    /// As how many verdicts the prior weighs.
    pub prior_weight: f64,
    /// Decayed number of true positives.
    pub malicious: f64,
    /// Decayed number of findings that were right and allowed; not malicious, and no fault of the rule either.
    pub benign: f64,
    /// Decayed number of false positives.
    pub wrong: f64,
    /// True positives, undecayed.
    pub confirmed: u64,
    /// Verdicts, undecayed.
    pub judged: u64,
}

impl Posterior {
    fn of(level: Severity, kind: RuleKind, tally: Tally) -> Self {
        let (prior, prior_weight) = prior(level, kind);
        Self {
            prior,
            prior_weight,
            malicious: tally.malicious,
            benign: tally.benign,
            wrong: tally.wrong,
            confirmed: tally.confirmed,
            judged: tally.judged,
        }
    }

    fn weights(&self) -> (f64, f64) {
        let alpha = self.prior * self.prior_weight + self.malicious;
        let beta = (1.0 - self.prior) * self.prior_weight + self.benign + self.wrong;
        (alpha, beta)
    }

    /// The mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        let (alpha, beta) = self.weights();
        alpha / (alpha + beta)
    }

    /// The standard deviation of the log-odds.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        let (alpha, beta) = self.weights();
        let mean = alpha / (alpha + beta);
        let variance = mean * (1.0 - mean) / (alpha + beta + 1.0);
        variance.sqrt() / (mean * (1.0 - mean))
    }

    /// The mean with its 90 % interval.
    #[must_use]
    pub fn estimate(&self) -> Estimate {
        let center = log_odds(self.mean());
        let spread = INTERVAL_DEVIATIONS * self.deviation();
        Estimate::new(self.mean(), probability(center - spread), probability(center + spread))
    }

    /// How often the detector was right, the benign findings included: what a rule's author is judged by.
    #[must_use]
    pub fn validity(&self) -> f64 {
        let (alpha, beta) = self.weights();
        (alpha + self.benign) / (alpha + beta)
    }
}

#[derive(Debug, Clone, Default)]
struct Learnt {
    verdicts: BTreeMap<VerdictTarget, (VerdictKind, Timestamp)>,
    tally: Tally,
}

impl Learnt {
    /// Counted anew from the verdicts in the order of their targets, so that the sum does not depend on the order
    /// in which they came.
    fn recount(&mut self, half_life_days: u32) {
        let newest = self.verdicts.values().map(|(_, at)| *at).max().unwrap_or_default();
        let mut tally = Tally::default();
        for (kind, at) in self.verdicts.values() {
            let weight = match half_life_days {
                0 => 1.0,
                days => 0.5_f64.powf(newest.since(*at) as f64 / DAY_MICROS / f64::from(days)),
            };
            tally.judged += 1;
            match kind {
                VerdictKind::TruePositive => {
                    tally.confirmed += 1;
                    tally.malicious += weight;
                }
                VerdictKind::Benign => tally.benign += weight,
                VerdictKind::FalsePositive => tally.wrong += weight,
            }
        }
        self.tally = tally;
    }
}

/// What verdicts taught about each detector of one tenant. It is derived from the verdicts that
/// [`crate::Feedback`] keeps and is not stored itself.
///
/// Verdicts age against the newest verdict of the same detector, not against the clock: a detector that nobody
/// judges any more keeps what was learnt.
#[derive(Debug, Clone, Default)]
pub struct Precisions {
    learnt: BTreeMap<Detector, Learnt>,
    half_life_days: u32,
}

impl Precisions {
    /// Nothing learnt; verdicts halve in weight every `half_life_days` (0: never).
    #[must_use]
    pub fn new(half_life_days: u32) -> Self {
        Self { learnt: BTreeMap::new(), half_life_days }
    }

    /// Notes the verdict on `target` for `detector`; the last one per target counts. Says whether it was taken.
    pub fn learn(
        &mut self,
        detector: &Detector,
        target: VerdictTarget,
        kind: VerdictKind,
        at: Timestamp,
    ) -> bool {
        if !self.learnt.contains_key(detector) && self.learnt.len() >= DETECTORS_MAX {
            return false;
        }
        let learnt = self.learnt.entry(detector.clone()).or_default();
        learnt.verdicts.insert(target, (kind, at));
        if learnt.verdicts.len() > DETECTOR_VERDICTS_MAX {
            let oldest = learnt.verdicts.iter().min_by_key(|(target, (_, at))| (*at, **target));
            if let Some(oldest) = oldest.map(|(target, _)| *target) {
                learnt.verdicts.remove(&oldest);
            }
        }
        learnt.recount(self.half_life_days);
        true
    }

    /// Forgets the verdict on `target` for `detector`.
    pub fn forget(&mut self, detector: &Detector, target: VerdictTarget) {
        let Some(learnt) = self.learnt.get_mut(detector) else { return };
        learnt.verdicts.remove(&target);
        if learnt.verdicts.is_empty() {
            self.learnt.remove(detector);
        } else {
            learnt.recount(self.half_life_days);
        }
    }

    /// What is believed about the findings of `detector` when they are of `level`.
    #[must_use]
    pub fn posterior(&self, detector: &Detector, level: Severity) -> Posterior {
        let tally = self.learnt.get(detector).map(|learnt| learnt.tally).unwrap_or_default();
        Posterior::of(level, detector.kind, tally)
    }

    /// The detectors with verdicts, in their order.
    pub fn detectors(&self) -> impl Iterator<Item = &Detector> {
        self.learnt.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::target;

    fn detector() -> Detector {
        Detector { rule: "r".to_owned(), kind: RuleKind::Sigma }
    }

    #[test]
    fn the_interval_holds_the_score_for_every_level_and_levels_are_in_order() {
        let levels = [
            Severity::Unknown,
            Severity::Informational,
            Severity::Low,
            Severity::Medium,
            Severity::High,
            Severity::Critical,
        ];
        for kind in [RuleKind::Sigma, RuleKind::Correlation, RuleKind::Yaral, RuleKind::Model] {
            let mut before = 0.0;
            for level in levels {
                let estimate = prior_estimate(level, kind);
                assert!(estimate.low < estimate.score && estimate.score < estimate.high, "{level:?}");
                assert!(estimate.score >= before);
                before = estimate.score;
            }
        }
    }

    #[test]
    fn verdicts_move_the_mean_and_narrow_the_interval() {
        let mut precisions = Precisions::new(180);
        let before = precisions.posterior(&detector(), Severity::High);
        for number in 0..40 {
            precisions.learn(
                &detector(),
                target(number),
                VerdictKind::FalsePositive,
                Timestamp::from_seconds(number),
            );
        }
        let after = precisions.posterior(&detector(), Severity::High);
        assert!((before.mean() - 0.6).abs() < 1e-9);
        assert!(after.mean() < 0.15, "{}", after.mean());
        let width = |posterior: &Posterior| posterior.estimate().high - posterior.estimate().low;
        assert!(width(&after) < width(&before));
    }

    #[test]
    fn a_benign_finding_is_not_malicious_and_not_wrong() {
        let mut precisions = Precisions::new(0);
        let fresh = precisions.posterior(&detector(), Severity::High);
        for number in 0..10 {
            precisions.learn(
                &detector(),
                target(number),
                VerdictKind::Benign,
                Timestamp::from_seconds(number),
            );
        }
        let posterior = precisions.posterior(&detector(), Severity::High);
        assert!((posterior.benign - 10.0).abs() < 1e-9 && posterior.wrong == 0.0);
        assert!(posterior.mean() < fresh.mean());
        assert!(posterior.validity() > fresh.validity());
    }

    #[test]
    fn the_last_verdict_on_a_target_counts_and_old_ones_weigh_less() {
        let mut precisions = Precisions::new(180);
        let day = |day: i64| Timestamp::from_seconds(day * 86_400);
        precisions.learn(&detector(), target(1), VerdictKind::FalsePositive, day(0));
        precisions.learn(&detector(), target(1), VerdictKind::TruePositive, day(0));
        precisions.learn(&detector(), target(2), VerdictKind::FalsePositive, day(180));
        let posterior = precisions.posterior(&detector(), Severity::High);
        assert_eq!((posterior.confirmed, posterior.judged), (1, 2));
        assert!((posterior.malicious - 0.5).abs() < 1e-9);
        assert!((posterior.wrong - 1.0).abs() < 1e-9);
        precisions.forget(&detector(), target(1));
        precisions.forget(&detector(), target(2));
        assert_eq!(precisions.detectors().count(), 0);
    }

    #[test]
    fn verdicts_of_one_detector_are_bounded() {
        let mut precisions = Precisions::new(0);
        for number in 0..i64::try_from(DETECTOR_VERDICTS_MAX).unwrap() + 50 {
            precisions.learn(
                &detector(),
                target(number),
                VerdictKind::TruePositive,
                Timestamp::from_seconds(number),
            );
        }
        let posterior = precisions.posterior(&detector(), Severity::Low);
        assert_eq!(posterior.judged, DETECTOR_VERDICTS_MAX as u64);
    }
}
