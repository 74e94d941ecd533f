//! Whether rows still look like those of the training.

use serde::{Deserialize, Serialize};

use super::compare::rounded;
use crate::anomaly::{AnomalyModel, ModelError, Table};

/// Fewest rows that drift can be told from. With fewer, chance alone looks like drift.
pub const DRIFT_ROWS_MIN: usize = 500;
/// Edges between the parts of a feature's range: so many shares of equal size.
const PARTS: usize = 10;
/// Scores that stand for the distribution of scores of the training.
const SCORES_KEPT: usize = 1000;

/// How far the world has moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DriftLevel {
    /// Not more than chance.
    None,
    /// Worth a look.
    Some,
    /// The model no longer knows what it sees: train anew.
    Strong,
}

impl DriftLevel {
    fn of(value: f64, some: f64, strong: f64) -> Self {
        match value {
            _ if value >= strong => Self::Strong,
            _ if value >= some => Self::Some,
            _ => Self::None,
        }
    }
}

/// The distribution of one feature on the training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct FeatureReference {
    name: String,
    /// Ascending values; each is a part of its own, and so is what lies between two, below the first, above the last.
    edges: Vec<f32>,
    /// The share of the training rows in each part.
    shares: Vec<f64>,
}

impl FeatureReference {
    fn part(edges: &[f32], value: f32) -> usize {
        let below = edges.partition_point(|edge| *edge < value);
        2 * below + usize::from(edges.get(below) == Some(&value))
    }

    fn shares(edges: &[f32], values: impl Iterator<Item = f32>) -> Vec<f64> {
        let mut counts = vec![0.5f64; 2 * edges.len() + 1];
        let mut total = 0.5 * counts.len() as f64;
        for value in values {
            if let Some(count) = counts.get_mut(Self::part(edges, value)) {
                *count += 1.0;
                total += 1.0;
            }
        }
        counts.into_iter().map(|count| rounded(count / total)).collect()
    }

    fn fit(name: &str, mut values: Vec<f32>) -> Self {
        values.sort_by(f32::total_cmp);
        let last = values.len().saturating_sub(1);
        let mut edges: Vec<f32> =
            (0..=PARTS).filter_map(|part| values.get(last * part / PARTS).copied()).collect();
        edges.dedup();
        let shares = Self::shares(&edges, values.into_iter());
        Self { name: name.to_owned(), edges, shares }
    }

    /// The population stability index: `Σ (now − then) · ln(now / then)` over the parts.
    fn stability(&self, values: impl Iterator<Item = f32>) -> f64 {
        let now = Self::shares(&self.edges, values);
        let parts = now.iter().zip(&self.shares).filter(|(_, then)| **then > 0.0);
        parts.map(|(now, then)| (now - then) * (now / then).ln()).sum()
    }
}

/// What the training rows looked like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DriftReference {
    features: Vec<FeatureReference>,
    /// Scores of training rows, ascending.
    scores: Vec<f32>,
}

/// How far one feature has moved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FeatureDrift {
    /// Which.
    pub feature: String,
    /// Its population stability index: below 0.1 none, from 0.25 strong.
    pub stability_index: f64,
    /// What that means.
    pub level: DriftLevel,
}

/// How far the rows have moved away from the training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DriftReport {
    /// Rows that were looked at.
    pub rows: usize,
    /// Every feature, the one that moved most first.
    pub features: Vec<FeatureDrift>,
    /// The largest distance of the distributions of scores (Kolmogorov-Smirnov): below 0.1 none, from 0.2 strong.
    pub score_distance: f64,
    /// What that means.
    pub score_level: DriftLevel,
    /// All together: the scores' level; a strong drift of a feature alone is some.
    pub level: DriftLevel,
}

impl DriftReference {
    /// What these rows look like to the model.
    ///
    /// # Errors
    /// When they are not of the model's shape.
    pub fn fit(model: &AnomalyModel, rows: &Table) -> Result<Self, ModelError> {
        let columns = model.feature_values(rows)?;
        let features =
            model.features().zip(columns).map(|(name, values)| FeatureReference::fit(name, values)).collect();
        let mut scores = model.score_table(rows, None)?.ensemble;
        scores.sort_by(f32::total_cmp);
        let last = scores.len().saturating_sub(1);
        let kept = scores.len().min(SCORES_KEPT);
        let place = |rank: usize| last * rank / kept.saturating_sub(1).max(1);
        let scores = (0..kept).filter_map(|rank| scores.get(place(rank)).copied()).collect();
        Ok(Self { features, scores })
    }

    /// How far these rows have moved away; `None` when there are fewer than [`DRIFT_ROWS_MIN`].
    ///
    /// # Errors
    /// When they are not of the model's shape.
    pub fn drift(&self, model: &AnomalyModel, rows: &Table) -> Result<Option<DriftReport>, ModelError> {
        if rows.rows() < DRIFT_ROWS_MIN {
            return Ok(None);
        }
        let columns = model.feature_values(rows)?;
        let mut features: Vec<FeatureDrift> = self
            .features
            .iter()
            .zip(columns)
            .map(|(feature, values)| {
                let stability_index = feature.stability(values.into_iter());
                let level = DriftLevel::of(stability_index, 0.1, 0.25);
                FeatureDrift { feature: feature.name.clone(), stability_index, level }
            })
            .collect();
        features.sort_by(|a, b| b.stability_index.total_cmp(&a.stability_index));
        let score_distance = distance(&self.scores, &model.score_table(rows, None)?.ensemble);
        let score_level = DriftLevel::of(score_distance, 0.1, 0.2);
        let worst = features.first().map_or(DriftLevel::None, |feature| feature.level);
        let level = score_level.max(worst.min(DriftLevel::Some));
        Ok(Some(DriftReport { rows: rows.rows(), features, score_distance, score_level, level }))
    }
}

/// The largest difference of two distribution functions; the first values are sorted.
fn distance(sorted: &[f32], values: &[f32]) -> f64 {
    let mut others = values.to_vec();
    others.sort_by(f32::total_cmp);
    if sorted.is_empty() || others.is_empty() {
        return 0.0;
    }
    let share = |values: &[f32], value: f32| {
        values.partition_point(|other| *other <= value) as f64 / values.len() as f64
    };
    let all = sorted.iter().chain(&others);
    all.map(|value| (share(sorted, *value) - share(&others, *value)).abs()).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_by_hand() {
        assert_eq!(distance(&[1.0, 2.0, 3.0, 4.0], &[4.0, 3.0, 2.0, 1.0]), 0.0);
        assert_eq!(distance(&[1.0, 2.0], &[3.0, 4.0]), 1.0);
        assert_eq!(distance(&[1.0, 2.0, 3.0, 4.0], &[3.0, 4.0, 5.0, 6.0]), 0.5);
        assert_eq!(distance(&[], &[1.0]), 0.0);
    }

    #[test]
    fn the_stability_index_by_hand() {
        let then = FeatureReference { name: "a".to_owned(), edges: vec![0.0], shares: vec![0.25, 0.5, 0.25] };
        let now = FeatureReference::shares(&[0.0], [-1.0, 0.0, 0.0, 1.0].into_iter());
        assert_eq!(now, [1.5 / 5.5, 2.5 / 5.5, 1.5 / 5.5].map(rounded));
        let expected: f64 = now.iter().zip(&then.shares).map(|(n, t)| (n - t) * (n / t).ln()).sum();
        assert!((then.stability([-1.0, 0.0, 0.0, 1.0].into_iter()) - expected).abs() < 1e-12);
    }

    #[test]
    fn a_constant_feature_that_moves_is_strong() {
        let feature = FeatureReference::fit("a", vec![0.0; 1000]);
        assert!(feature.stability(std::iter::repeat_n(0.0, 1000)) < 0.01);
        let moved = (0..1000).map(|row| if row % 4 == 0 { 1.0 } else { 0.0 });
        assert!(feature.stability(moved) > 0.25);
    }
}
