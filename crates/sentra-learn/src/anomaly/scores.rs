//! How good scores are, measured on labelled rows.

use serde::{Deserialize, Serialize};

/// The figures of a detector on labelled rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Scores {
    /// Area under the ROC curve: the chance that an attack scores higher than a normal row.
    pub auc: f64,
    /// Average precision.
    pub average_precision: f64,
    /// The best F1 of any threshold. It is a figure of the ranking: the threshold of a model comes from its training.
    pub best_f1: f64,
    /// The threshold of the best F1: a row is called an attack at or above it.
    pub best_threshold: f64,
}

impl Scores {
    /// The figures of these scores; `None` when only one of both kinds is there, or the lengths differ.
    #[must_use]
    pub fn of(scores: &[f32], is_attack: &[bool]) -> Option<Self> {
        let curve = curve(scores, is_attack)?;
        let (best_f1, best_threshold) = best_of(&curve);
        Some(Self { auc: auc_of(&curve), average_precision: precision_of(&curve), best_f1, best_threshold })
    }
}

/// Area under the ROC curve; a tie counts half. `None` as for [`Scores::of`].
#[must_use]
pub fn roc_auc(scores: &[f32], is_attack: &[bool]) -> Option<f64> {
    curve(scores, is_attack).map(|curve| auc_of(&curve))
}

/// Average precision: the sum over thresholds of the precision times what the recall gained.
#[must_use]
pub fn average_precision(scores: &[f32], is_attack: &[bool]) -> Option<f64> {
    curve(scores, is_attack).map(|curve| precision_of(&curve))
}

/// The best F1 of any threshold, and that threshold (at or above it is an attack).
#[must_use]
pub fn best_f1(scores: &[f32], is_attack: &[bool]) -> Option<(f64, f64)> {
    curve(scores, is_attack).map(|curve| best_of(&curve))
}

/// What lies at or above a score.
#[derive(Debug, Clone, Copy)]
struct Step {
    score: f32,
    attacks: u64,
    normals: u64,
}

/// The distinct scores from the highest down; what is no number comes last.
fn curve(scores: &[f32], is_attack: &[bool]) -> Option<Vec<Step>> {
    if scores.len() != is_attack.len() {
        return None;
    }
    let number = |score: f32| if score.is_nan() { f32::NEG_INFINITY } else { score };
    let mut rows: Vec<(f32, bool)> =
        scores.iter().zip(is_attack).map(|(score, attack)| (number(*score), *attack)).collect();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut curve: Vec<Step> = Vec::new();
    let (mut attacks, mut normals) = (0, 0);
    for (score, is_attack) in rows {
        attacks += u64::from(is_attack);
        normals += u64::from(!is_attack);
        match curve.last_mut() {
            Some(last) if last.score == score => *last = Step { score, attacks, normals },
            _ => curve.push(Step { score, attacks, normals }),
        }
    }
    (attacks > 0 && normals > 0).then_some(curve)
}

fn totals(curve: &[Step]) -> (f64, f64) {
    curve.last().map_or((1.0, 1.0), |last| (last.attacks as f64, last.normals as f64))
}

fn auc_of(curve: &[Step]) -> f64 {
    let (attacks, normals) = totals(curve);
    let (mut before, mut area) = ((0u64, 0u64), 0.0);
    for step in curve {
        let (gained, fallen) = ((step.attacks - before.0) as f64, (step.normals - before.1) as f64);
        area += fallen * (before.0 as f64 + gained / 2.0);
        before = (step.attacks, step.normals);
    }
    area / (attacks * normals)
}

fn precision_of(curve: &[Step]) -> f64 {
    let (attacks, _) = totals(curve);
    let (mut before, mut sum) = (0u64, 0.0);
    for step in curve {
        let precision = step.attacks as f64 / (step.attacks + step.normals) as f64;
        sum += (step.attacks - before) as f64 * precision;
        before = step.attacks;
    }
    sum / attacks
}

fn best_of(curve: &[Step]) -> (f64, f64) {
    let (attacks, _) = totals(curve);
    let f1 = |step: &Step| 2.0 * step.attacks as f64 / (attacks + (step.attacks + step.normals) as f64);
    curve.iter().fold((0.0, f64::INFINITY), |best, step| {
        if f1(step) > best.0 { (f1(step), f64::from(step.score)) } else { best }
    })
}

/// The rows whose probability lies within a tenth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// How many rows.
    pub rows: u64,
    /// Their mean probability.
    pub predicted: f64,
    /// The share of them that it was true for.
    pub observed: f64,
}

/// Whether probabilities mean what they say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    /// The probabilities in tenths, from the lowest.
    pub bins: Vec<ReliabilityBin>,
    /// The mean difference between predicted and observed, weighted by rows (expected calibration error).
    pub error: f64,
    /// The mean squared difference between probability and truth (Brier score).
    pub brier: f64,
}

/// Number of bins of a reliability diagram.
const BINS: usize = 10;

/// Compares probabilities with what was true; `None` when there is nothing to compare or the lengths differ.
#[must_use]
pub fn reliability(probabilities: &[f32], truth: &[bool]) -> Option<Reliability> {
    if probabilities.len() != truth.len() || truth.is_empty() {
        return None;
    }
    let mut reliability =
        Reliability { bins: vec![ReliabilityBin::default(); BINS], ..Reliability::default() };
    for (probability, truth) in probabilities.iter().zip(truth) {
        let probability = if probability.is_nan() { 0.0 } else { f64::from(probability.clamp(0.0, 1.0)) };
        let observed = f64::from(u8::from(*truth));
        reliability.brier += (probability - observed).powi(2);
        let bin = ((probability * BINS as f64) as usize).min(BINS - 1);
        if let Some(bin) = reliability.bins.get_mut(bin) {
            bin.rows += 1;
            bin.predicted += probability;
            bin.observed += observed;
        }
    }
    let rows = truth.len() as f64;
    reliability.brier /= rows;
    for bin in reliability.bins.iter_mut().filter(|bin| bin.rows > 0) {
        reliability.error += (bin.predicted - bin.observed).abs() / rows;
        bin.predicted /= bin.rows as f64;
        bin.observed /= bin.rows as f64;
    }
    Some(reliability)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn figures_by_hand() {
        // From the top: attack, normal, attack, normal.
        let scores = Scores::of(&[0.9, 0.8, 0.7, 0.1], &[true, false, true, false]).unwrap();
        assert!((scores.auc - 0.75).abs() < 1e-12);
        assert!((scores.average_precision - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
        assert!((scores.best_f1 - 0.8).abs() < 1e-12);
        assert!((scores.best_threshold - f64::from(0.7f32)).abs() < 1e-12);
    }

    #[test]
    fn all_alike_is_a_coin() {
        let scores = Scores::of(&[0.5; 4], &[true, false, true, false]).unwrap();
        assert_eq!((scores.auc, scores.average_precision), (0.5, 0.5));
        assert!((scores.best_f1 - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn one_kind_alone_has_no_figures() {
        assert_eq!(Scores::of(&[0.1, 0.2], &[true, true]), None);
        assert_eq!(Scores::of(&[0.1], &[true, false]), None);
        assert_eq!(Scores::of(&[], &[]), None);
    }

    #[test]
    fn reliability_by_hand() {
        let found = reliability(&[0.05, 0.05, 0.95, 0.95], &[false, true, true, true]).unwrap();
        assert_eq!((found.bins[0].rows, found.bins[9].rows), (2, 2));
        assert!((found.bins[0].observed - 0.5).abs() < 1e-6);
        assert!((found.error - (0.45 * 0.5 + 0.05 * 0.5)).abs() < 1e-6);
        assert!((found.brier - (0.0025 + 0.9025 + 0.0025 + 0.0025) / 4.0).abs() < 1e-6);
        assert_eq!(reliability(&[], &[]), None);
    }

    proptest! {
        #[test]
        fn as_the_definitions_say(rows in prop::collection::vec((0u8..12, any::<bool>()), 2..60)) {
            let scores: Vec<f32> = rows.iter().map(|(score, _)| f32::from(*score)).collect();
            let truth: Vec<bool> = rows.iter().map(|(_, truth)| *truth).collect();
            let Some(found) = Scores::of(&scores, &truth) else { return Ok(()) };
            let (mut wins, mut pairs) = (0.0, 0.0);
            for (a, _) in rows.iter().filter(|(_, attack)| *attack) {
                for (b, _) in rows.iter().filter(|(_, attack)| !attack) {
                    pairs += 1.0;
                    wins += if a > b { 1.0 } else if a == b { 0.5 } else { 0.0 };
                }
            }
            prop_assert!((found.auc - wins / pairs).abs() < 1e-9);
            let attacks = truth.iter().filter(|attack| **attack).count() as f64;
            let (mut best, mut average, mut last_recall) = (0.0f64, 0.0, 0.0);
            for threshold in (0u8..12).rev() {
                let called = rows.iter().filter(|(score, _)| *score >= threshold);
                let hits = called.clone().filter(|(_, attack)| *attack).count() as f64;
                let called = called.count() as f64;
                if called > 0.0 {
                    let (precision, recall) = (hits / called, hits / attacks);
                    best = best.max(2.0 * hits / (called + attacks));
                    average += (recall - last_recall) * precision;
                    last_recall = recall;
                }
            }
            prop_assert!((found.best_f1 - best).abs() < 1e-9);
            prop_assert!((found.average_precision - average).abs() < 1e-9);
        }
    }
}
