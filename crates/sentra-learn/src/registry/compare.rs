//! Whether a model in shadow is better than the active one, on rows that analysts have labelled.

use sentra_model::VerdictKind;
use serde::{Deserialize, Serialize};

use crate::anomaly::Scores;

/// What a verdict says of the row behind it: an attack or not. What was found rightly but was allowed is none.
#[must_use]
pub fn label_of(verdict: VerdictKind) -> bool {
    matches!(verdict, VerdictKind::TruePositive)
}

/// Whether a model may learn from a row: never from what was alerted, unless an analyst has said that it was none.
#[must_use]
pub fn may_train_on(alerted: bool, verdict: Option<VerdictKind>) -> bool {
    match verdict {
        Some(verdict) => !label_of(verdict),
        None => !alerted,
    }
}

/// One labelled row as both models score it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredPair {
    /// The active model's score.
    pub active: f32,
    /// The shadow's.
    pub shadow: f32,
    /// What the analyst says.
    pub is_attack: bool,
}

/// What it takes to be promoted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PromotionPolicy {
    /// So many rows labelled as attacks, at least.
    pub attacks_min: usize,
    /// So many rows labelled as none, at least.
    pub normals_min: usize,
    /// The area under the ROC curve must be higher by so much.
    pub auc_margin: f64,
    /// It must be higher by so many of its standard errors too: luck on few labels promotes nothing.
    pub standard_errors: f64,
    /// Average precision may be lower by at most so much.
    pub precision_loss_max: f64,
}

impl Default for PromotionPolicy {
    fn default() -> Self {
        Self {
            attacks_min: 30,
            normals_min: 30,
            auc_margin: 0.005,
            standard_errors: 1.64,
            precision_loss_max: 0.0,
        }
    }
}

/// Whether a shadow takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
// People's decisions are called so, too.
#[schema(as = PromotionDecision)]
pub enum Decision {
    /// It is better: promote it.
    Promote,
    /// There are too few labels to tell.
    TooFewLabels,
    /// It is not better by the margin.
    NotBetter,
    /// It ranks better, but is less precise at the top.
    LessPrecise,
}

/// Both models on the labelled rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Comparison {
    /// Rows labelled as attacks.
    pub attacks: usize,
    /// Rows labelled as none.
    pub normals: usize,
    /// The active model's figures, where both kinds of rows are there.
    pub active: Option<Scores>,
    /// The shadow's.
    pub shadow: Option<Scores>,
    /// The standard error of the difference of both areas, from the same rows.
    pub standard_error: Option<f64>,
    /// What follows.
    pub decision: Decision,
}

/// Compares both models on labelled rows.
#[must_use]
pub fn compare(rows: &[ScoredPair], policy: &PromotionPolicy) -> Comparison {
    let is_attack: Vec<bool> = rows.iter().map(|row| row.is_attack).collect();
    let attacks = is_attack.iter().filter(|attack| **attack).count();
    let normals = rows.len() - attacks;
    let of =
        |score: fn(&ScoredPair) -> f32| Scores::of(&rows.iter().map(score).collect::<Vec<f32>>(), &is_attack);
    let (active, shadow) = (of(|row| row.active), of(|row| row.shadow));
    let standard_error = standard_error(rows);
    let decision = match (active, shadow, standard_error) {
        (Some(active), Some(shadow), Some(error))
            if attacks >= policy.attacks_min && normals >= policy.normals_min =>
        {
            let needed = policy.auc_margin.max(policy.standard_errors * error);
            if shadow.auc - active.auc < needed {
                Decision::NotBetter
            } else if shadow.average_precision < active.average_precision - policy.precision_loss_max {
                Decision::LessPrecise
            } else {
                Decision::Promote
            }
        }
        _ => Decision::TooFewLabels,
    };
    let scores = |scores: Scores| Scores {
        auc: rounded(scores.auc),
        average_precision: rounded(scores.average_precision),
        best_f1: rounded(scores.best_f1),
        best_threshold: rounded(scores.best_threshold),
    };
    Comparison {
        attacks,
        normals,
        active: active.map(scores),
        shadow: shadow.map(scores),
        standard_error: standard_error.map(rounded),
        decision,
    }
}

/// The number with twelve digits: what is kept as text is the same after it was read.
pub(crate) fn rounded(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

type ScoreOf = fn(&ScoredPair) -> f32;

/// The standard error of the difference of two correlated areas (DeLong): each row's part in the difference, and how
/// much these parts scatter.
fn standard_error(rows: &[ScoredPair]) -> Option<f64> {
    let split = |attack: bool| rows.iter().filter(move |row| row.is_attack == attack);
    let values = |attack: bool, score: ScoreOf| {
        let mut sorted: Vec<f32> = split(attack).map(score).collect();
        sorted.sort_by(f32::total_cmp);
        sorted
    };
    let (active, shadow): (ScoreOf, ScoreOf) = (|row| row.active, |row| row.shadow);
    let mut variance = 0.0;
    for attack in [true, false] {
        let (other_active, other_shadow) = (values(!attack, active), values(!attack, shadow));
        let sign = if attack { 1.0 } else { -1.0 };
        let parts: Vec<f64> = split(attack)
            .map(|row| {
                sign * (share_below(&other_shadow, row.shadow) - share_below(&other_active, row.active))
            })
            .collect();
        variance += scatter(&parts)? / parts.len() as f64;
    }
    Some(variance.sqrt())
}

/// The share of sorted values below one; equal ones count half.
fn share_below(sorted: &[f32], value: f32) -> f64 {
    let below = sorted.partition_point(|other| *other < value);
    let not_above = sorted.partition_point(|other| *other <= value);
    (below + not_above) as f64 / (2.0 * sorted.len().max(1) as f64)
}

fn scatter(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    Some(values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of which the active model ranks `wrong_active` attacks below all normals, the shadow `wrong_shadow`.
    fn rows(each: usize, wrong_active: usize, wrong_shadow: usize) -> Vec<ScoredPair> {
        let score = |place: usize, wrong: usize| if place < wrong { 0.0 } else { 0.9 + place as f32 * 1e-6 };
        let attacks = (0..each).map(|place| ScoredPair {
            active: score(place, wrong_active),
            shadow: score(place, wrong_shadow),
            is_attack: true,
        });
        let normals = (0..each).map(|place| {
            let score = 0.5 + place as f32 * 1e-6;
            ScoredPair { active: score, shadow: score, is_attack: false }
        });
        attacks.chain(normals).collect()
    }

    #[test]
    fn only_what_is_better_by_the_margin_is_promoted() {
        let policy = PromotionPolicy::default();
        let decision = |each, active, shadow| compare(&rows(each, active, shadow), &policy).decision;
        assert_eq!(decision(100, 20, 2), Decision::Promote);
        assert_eq!(decision(100, 2, 20), Decision::NotBetter);
        assert_eq!(decision(100, 5, 5), Decision::NotBetter);
        // One attack more of a thousand is within the margin.
        assert_eq!(decision(1000, 6, 5), Decision::NotBetter);
        // One of thirty is beyond the margin, but may be luck.
        assert_eq!(decision(30, 1, 0), Decision::NotBetter);
        assert_eq!(decision(29, 20, 0), Decision::TooFewLabels);
    }

    #[test]
    fn both_scores_are_kept() {
        let comparison = compare(&rows(100, 20, 2), &PromotionPolicy::default());
        assert!((comparison.active.unwrap().auc - 0.8).abs() < 1e-9);
        assert!((comparison.shadow.unwrap().auc - 0.98).abs() < 1e-9);
        assert_eq!((comparison.attacks, comparison.normals), (100, 100));
    }

    #[test]
    fn what_is_less_precise_at_the_top_is_not_promoted() {
        let mut rows = rows(200, 40, 4);
        for normal in rows.iter_mut().filter(|row| !row.is_attack).take(20) {
            normal.shadow = 1.0;
        }
        assert_eq!(compare(&rows, &PromotionPolicy::default()).decision, Decision::LessPrecise);
    }

    #[test]
    fn labels_of_one_kind_decide_nothing() {
        let rows: Vec<ScoredPair> = rows(100, 20, 2).into_iter().filter(|row| row.is_attack).collect();
        let comparison = compare(&rows, &PromotionPolicy::default());
        assert_eq!((comparison.decision, comparison.active), (Decision::TooFewLabels, None));
        assert_eq!(compare(&[], &PromotionPolicy::default()).decision, Decision::TooFewLabels);
    }

    #[test]
    fn what_was_alerted_is_learnt_from_only_when_cleared() {
        assert!(may_train_on(false, None));
        assert!(!may_train_on(true, None));
        assert!(may_train_on(true, Some(VerdictKind::FalsePositive)));
        assert!(!may_train_on(false, Some(VerdictKind::TruePositive)));
    }
}
