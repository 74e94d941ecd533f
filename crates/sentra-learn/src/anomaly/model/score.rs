//! Scoring: tables in chunks, or one row with its reasons.

use sentra_model::Timestamp;
use serde::Serialize;

use super::super::encoder::{CHUNK_ROWS, Prepared};
use super::super::error::ModelError;
use super::super::memory::{Judgement, Lesson, RecentMemory};
use super::super::scale::LANES;
use super::super::table::Table;
use super::AnomalyModel;

/// The scores of a table's rows, row by row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TableScores {
    /// The forest's, 0 to 1.
    pub forest: Vec<f32>,
    /// The distance to the memory, in standard deviations.
    pub memory: Vec<f32>,
    /// The ensemble's, 0 to 1; above 0.5 a row is anomalous.
    pub ensemble: Vec<f32>,
}

/// What one feature adds to a row's surprise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attribution {
    /// The feature: a column, `left & right` for how rare two names are together.
    pub feature: String,
    /// What it adds, in nats.
    pub surprise: f32,
}

/// A row's score and why it has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scored {
    /// 0 to 1; 0.5 is the threshold of the stated false-positive rate.
    pub score: f32,
    /// Whether the score is above 0.5.
    pub is_anomalous: bool,
    /// The probability that a normal row is at least so surprising, estimated on held-out rows of the training.
    pub normal_probability: f32,
    /// How surprising the row is, in nats: that of the forest's score plus that of the distance to the memory,
    /// which counts twice (half where the training was told of attacks among its rows).
    pub surprise: f32,
    /// What each feature adds, the largest first; they sum to `surprise`. The forest's part is shared out by how much
    /// the cuts on a feature shortened the ways, the memory's by the squared difference to the nearest prototype.
    pub attributions: Vec<Attribution>,
}

impl AnomalyModel {
    /// The combined surprise of both detectors, in nats.
    pub(super) fn surprise(&self, forest: f32, memory: f32) -> f32 {
        let (forest, memory) = self.surprises(forest, memory);
        forest + memory
    }

    /// What each detector adds to the surprise.
    fn surprises(&self, forest: f32, memory: f32) -> (f32, f32) {
        (
            self.forest_calibration.surprise(forest),
            self.memory_weight * self.memory_calibration.surprise(memory),
        )
    }

    /// 0 to 1, with 0.5 at the threshold, and never level however large the surprise.
    fn unit(&self, surprise: f32) -> f32 {
        surprise / (surprise + self.threshold)
    }

    /// One minus the probability that a normal row is at least so surprising, of scores of this model.
    #[must_use]
    pub fn attack_probabilities(&self, scores: &[f32]) -> Vec<f32> {
        let surprise = |score: &f32| score * self.threshold / (1.0 - score).max(f32::EPSILON);
        scores.iter().map(|score| 1.0 - (-self.calibration.surprise(surprise(score))).exp()).collect()
    }

    /// The scores of all rows of a table, optionally with what was learnt at run time.
    ///
    /// # Errors
    /// When the table's columns are not those of the training.
    pub fn score_table(
        &self,
        table: &Table,
        recent: Option<&RecentMemory>,
    ) -> Result<TableScores, ModelError> {
        let mut scores = TableScores::default();
        let (mut forest, mut memory) = ([0.0; CHUNK_ROWS], [0.0; CHUNK_ROWS]);
        self.each_chunk(&self.encoder.prepare(table)?, |blocks, count| {
            self.forest.score_blocks(blocks, &mut forest);
            self.memory.score_blocks(recent, blocks, &mut memory);
            scores.forest.extend(forest.iter().take(count));
            scores.memory.extend(memory.iter().take(count));
            let pairs = forest.iter().zip(&memory).take(count);
            scores.ensemble.extend(pairs.map(|(forest, memory)| self.unit(self.surprise(*forest, *memory))));
        });
        Ok(scores)
    }

    /// The forest's scores alone of all rows of a table.
    ///
    /// # Errors
    /// When the table's columns are not those of the training.
    pub fn score_table_by_forest(&self, table: &Table) -> Result<Vec<f32>, ModelError> {
        let mut scores = Vec::with_capacity(table.rows());
        let mut forest = [0.0; CHUNK_ROWS];
        self.each_chunk(&self.encoder.prepare(table)?, |blocks, count| {
            self.forest.score_blocks(blocks, &mut forest);
            scores.extend(forest.iter().take(count));
        });
        Ok(scores)
    }

    /// The values of each feature on all rows of a table, as deviations from the training's mean.
    pub(crate) fn feature_values(&self, table: &Table) -> Result<Vec<Vec<f32>>, ModelError> {
        let points = self.encoder.prepare(table)?.points();
        let feature = |place: usize| points.iter().filter_map(|point| point.get(place).copied()).collect();
        Ok((0..points.dimensions).map(feature).collect())
    }

    fn each_chunk(&self, prepared: &Prepared<'_>, mut with: impl FnMut(&[f32], usize)) {
        let mut blocks = Vec::new();
        let mut first = 0;
        while first < prepared.rows() {
            let count = prepared.encode(first, &mut blocks);
            with(&blocks, count);
            first += count;
        }
    }

    /// The score of one row of numbers, in the order of the training's number columns. A number that is missing or
    /// none counts as the training's mean; names count as never seen: see [`AnomalyModel::score_row`] for them.
    #[must_use]
    pub fn score(&self, numbers: &[f32]) -> Scored {
        self.score_row(numbers, &[], None)
    }

    /// The score of one row: its numbers in the order of the number columns, its names in the order of the category
    /// columns.
    #[must_use]
    pub fn score_row(&self, numbers: &[f32], names: &[&str], recent: Option<&RecentMemory>) -> Scored {
        let point = self.encoder.encode_row(numbers, names);
        let block = lane(&point);
        let (forest, memory) = self.measure(recent, &block);
        let parts = self.surprises(forest, memory);
        let surprise = parts.0 + parts.1;
        let ways: Vec<f32> = self.forest.reasons(&point).parts.iter().map(|part| part.max(0.0)).collect();
        let shares = (shares(&ways), shares(&self.memory.shares(recent, &block)));
        let each = shares.0.iter().zip(&shares.1).map(|(way, distance)| parts.0 * way + parts.1 * distance);
        let named = self.features().zip(each);
        let mut attributions: Vec<Attribution> = named
            .filter(|(_, surprise)| *surprise > 0.0)
            .map(|(feature, surprise)| Attribution { feature: feature.to_owned(), surprise })
            .collect();
        // The sort is stable: equal ones stay in the order of the features.
        attributions.sort_by(|a, b| b.surprise.total_cmp(&a.surprise));
        Scored {
            score: self.unit(surprise),
            is_anomalous: surprise > self.threshold,
            normal_probability: (-self.calibration.surprise(surprise)).exp(),
            surprise,
            attributions,
        }
    }

    /// How surprising one row is in nats, and the probability that a normal row is at least so: what
    /// [`AnomalyModel::score_row`] says, without reasons.
    pub(crate) fn judge(&self, numbers: &[f32], names: &[&str], recent: Option<&RecentMemory>) -> (f32, f32) {
        let point = self.encoder.encode_row(numbers, names);
        let mut memory = [0.0; CHUNK_ROWS];
        self.memory.score_blocks(recent, &lane(&point), &mut memory);
        let [memory, ..] = memory;
        // One point walks faster alone than in a block of eight.
        let forest = self.forest.score_point(&point);
        let surprise = self.surprise(forest, memory);
        (surprise, (-self.calibration.surprise(surprise)).exp())
    }

    fn measure(&self, recent: Option<&RecentMemory>, block: &[f32]) -> (f32, f32) {
        let (mut forest, mut memory) = ([0.0; CHUNK_ROWS], [0.0; CHUNK_ROWS]);
        self.forest.score_blocks(block, &mut forest);
        self.memory.score_blocks(recent, block, &mut memory);
        let [forest, ..] = forest;
        let [memory, ..] = memory;
        (forest, memory)
    }

    /// Offers a row that happened `at` to the memory of what is recent. `alerted`: whether anything raised an alert for
    /// it, this model or another.
    pub fn learn(
        &self,
        recent: &mut RecentMemory,
        (numbers, names): (&[f32], &[&str]),
        alerted: bool,
        at: Timestamp,
    ) -> Lesson {
        let point = self.encoder.encode_row(numbers, names);
        let block = lane(&point);
        let (forest, distance) = self.measure(None, &block);
        let (_, known_distance) = self.measure(Some(recent), &block);
        let is_usual = self.surprise(forest, distance) <= self.threshold;
        let judgement = Judgement { distance, known_distance, is_usual, alerted };
        recent.learn(&point, judgement, at)
    }
}

/// A block whose first lane is the point.
fn lane(point: &[f32]) -> Vec<f32> {
    let mut block = vec![0.0; point.len() * LANES];
    for (to, value) in block.iter_mut().step_by(LANES).zip(point) {
        *to = *value;
    }
    block
}

/// Parts of one; equal parts when there is nothing to share out by.
fn shares(weights: &[f32]) -> Vec<f32> {
    let sum = weights.iter().sum::<f32>();
    let equal = 1.0 / weights.len().max(1) as f32;
    weights.iter().map(|weight| if sum > 0.0 { weight / sum } else { equal }).collect()
}
