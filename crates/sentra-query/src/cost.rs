//! What a question is expected to cost: its work by class, and a pace for each that is learnt from what questions really
//! took.
//!
//! How far the work is off on this machine is learnt as a factor for every class, from all questions that had some of it;
//! and for every shape of a question (its operators without their constants), because the same hunt comes back every day.
//! Both are bounded.

use std::collections::BTreeMap;

use sentra_store::PlanEstimate;

use crate::answer::Estimate;
use crate::work::{CLASSES, Work, real};

/// Shapes of questions whose pace is remembered; of more, the ones not asked for longest go.
pub const SHAPES_MAX: usize = 4_096;
/// Weight of the latest of many questions.
const WEIGHT_MIN: f64 = 0.2;
/// How far off the base may be as long as nothing is known, as a power of e.
const SPREAD_UNKNOWN: f64 = 0.9;
/// The least spread that is ever promised.
const SPREAD_MIN: f64 = 0.15;
/// Of a normal distribution, nine of ten on either side.
const NINE_OF_TEN: f64 = 1.2816;
/// How much of what a question was off goes into the paces of its work.
const PACE_STEP: f64 = 0.5;
/// How far a pace may be from what it was at first, as a power of e: within a factor of about 400.
const PACE_OFF_MAX: f64 = 6.0;
/// A question that took less than this says nothing about the pace.
const TOOK_MS_MIN: f64 = 0.05;

/// How far the base was off: the mean of the logarithm, and how it spreads.
#[derive(Debug, Clone, Copy, Default)]
struct Learnt {
    times: u64,
    mean: f64,
    variance: f64,
    /// When it was last asked, counted in questions.
    asked: u64,
}

impl Learnt {
    fn learn(&mut self, off: f64, asked: u64) {
        self.times = self.times.saturating_add(1);
        self.asked = asked;
        let weight = (1.0 / real(self.times)).max(WEIGHT_MIN);
        let moved = off - self.mean;
        self.mean += weight * moved;
        self.variance = (1.0 - weight) * (self.variance + weight * moved * moved);
    }
}

/// The pace of this machine, as far as it is known.
#[derive(Debug, Default)]
pub struct CostModel {
    asked: u64,
    /// How much slower than at first every class of work is, as a power of e.
    paces: [f64; CLASSES],
    /// How far questions were from what the paces said.
    by_paces: Learnt,
    shapes: BTreeMap<u64, Learnt>,
}

impl CostModel {
    /// What `work` is expected to take: probably, and from where to where nine of ten on either side.
    #[must_use]
    pub fn expect(&self, work: &Work) -> (f64, f64, f64) {
        let of_shape = self.shapes.get(&work.shape).filter(|learnt| learnt.times > 0);
        let (expected, spread) = match of_shape {
            Some(shape) => {
                // After one question of this shape, little is known about how it varies.
                let unsure = SPREAD_UNKNOWN / 2.0 / real(shape.times);
                (work.base_ms * shape.mean.exp(), shape.variance.sqrt() + unsure)
            }
            None => {
                let learnt = &self.by_paces;
                let unsure = SPREAD_UNKNOWN / real(learnt.times.max(1));
                (self.paced(work), learnt.variance.sqrt().max(SPREAD_UNKNOWN / 3.0) + unsure)
            }
        };
        let spread = spread.max(SPREAD_MIN) * NINE_OF_TEN;
        (expected, expected * (-spread).exp(), expected * spread.exp())
    }

    /// What `work` takes by the paces of its parts.
    fn paced(&self, work: &Work) -> f64 {
        work.parts.iter().zip(self.paces).map(|(ms, pace)| ms * pace.exp()).sum()
    }

    /// Moves the paces by how far they were off, each by its part in the whole.
    fn learn_paces(&mut self, work: &Work, took_ms: f64) {
        let expected = self.paced(work);
        if expected < TOOK_MS_MIN {
            return;
        }
        let off = (took_ms / expected).ln();
        self.by_paces.learn(off, self.asked);
        let shares = work.parts.iter().zip(self.paces).map(|(ms, pace)| ms * pace.exp() / expected);
        let shares: Vec<f64> = shares.collect();
        let squared: f64 = shares.iter().map(|share| share * share).sum();
        if squared > 0.0 {
            for (pace, share) in self.paces.iter_mut().zip(shares) {
                *pace = (*pace + PACE_STEP * off * share / squared).clamp(-PACE_OFF_MAX, PACE_OFF_MAX);
            }
        }
    }

    /// What a question is expected to cost as a whole.
    #[must_use]
    pub fn estimate(&self, work: &Work, plan: &PlanEstimate) -> Estimate {
        let (expected_ms, low_ms, high_ms) = self.expect(work);
        Estimate {
            segments: plan.segments(),
            rows: plan.rows(),
            bytes: plan.bytes(),
            expected_ms,
            low_ms,
            high_ms,
        }
    }

    /// `work` took so long.
    pub fn learn(&mut self, work: &Work, took_ms: f64) {
        self.asked = self.asked.saturating_add(1);
        let off = (took_ms.max(TOOK_MS_MIN) / work.base_ms.max(TOOK_MS_MIN)).ln();
        self.learn_paces(work, took_ms.max(TOOK_MS_MIN));
        if !self.shapes.contains_key(&work.shape) && self.shapes.len() >= SHAPES_MAX {
            let oldest = self.shapes.iter().min_by_key(|(_, learnt)| learnt.asked).map(|(shape, _)| *shape);
            oldest.map(|oldest| self.shapes.remove(&oldest));
        }
        self.shapes.entry(work.shape).or_default().learn(off, self.asked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::WorkClass;

    fn work(shape: u64, base_ms: f64) -> Work {
        let mut parts = [0.0; CLASSES];
        parts[WorkClass::Scan as usize] = base_ms;
        Work { base_ms, parts, shape }
    }

    #[test]
    fn the_pace_is_learnt_by_class_and_then_by_shape() {
        let mut model = CostModel::default();
        let (expected, low, high) = model.expect(&work(1, 10.0));
        assert!(expected == 10.0 && low < 4.0 && high > 25.0, "{low} {expected} {high}");
        (0..10).for_each(|_| model.learn(&work(1, 10.0), 40.0));
        let (expected, low, high) = model.expect(&work(1, 20.0));
        assert!((expected - 80.0).abs() < 1.0, "four times the base");
        assert!(low > 40.0 && high < 160.0, "and within a factor of two: {low} {high}");
        let (of_another, ..) = model.expect(&work(2, 20.0));
        assert!((of_another - 80.0).abs() < 1.0, "another shape of the class goes by its class");
    }

    /// Questions that are sums of two kinds of work, each with a pace of its own that nobody was told.
    #[test]
    fn paces_are_learnt_from_questions_that_mix_them() {
        let mixed = |shape: u64| {
            let mut parts = [0.0; CLASSES];
            parts[WorkClass::Scan as usize] = (shape * 37 % 50) as f64 + 1.0;
            parts[WorkClass::Regex as usize] = (shape * 53 % 90) as f64 + 1.0;
            Work { base_ms: parts.iter().sum(), parts, shape }
        };
        let took = |work: &Work| {
            work.parts[WorkClass::Scan as usize] * 4.0 + work.parts[WorkClass::Regex as usize] / 10.0
        };
        let mut model = CostModel::default();
        for shape in 0..60 {
            let work = mixed(shape);
            model.learn(&work, took(&work));
        }
        let held_out: Vec<Work> = (1_000..1_100).map(mixed).collect();
        let is_within = |work: &&Work| {
            let (expected, ..) = model.expect(work);
            (0.5..=2.0).contains(&(expected / took(work)))
        };
        let within = held_out.iter().filter(is_within).count();
        assert!(within >= 90, "{within} of 100 within a factor of two");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut model = CostModel::default();
        for shape in 0..SHAPES_MAX as u64 + 10 {
            model.learn(&work(shape, 1.0), 2.0);
        }
        assert_eq!(model.shapes.len(), SHAPES_MAX);
        assert!(!model.shapes.contains_key(&0) && model.shapes.contains_key(&(SHAPES_MAX as u64)));
    }
}
