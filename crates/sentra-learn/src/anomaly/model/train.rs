//! Training: what is learnt from which rows.

use super::super::calibration::Calibration;
use super::super::encoder::{Encoder, EncoderSettings, Points};
use super::super::error::ModelError;
use super::super::forest::{Forest, ForestSettings};
use super::super::memory::{Memory, MemorySettings};
use super::super::random::Random;
use super::super::table::Table;
use super::{AnomalyModel, Training};

/// Fewest rows that a model is trained on.
pub const TRAIN_ROWS_MIN: usize = 50;
/// Fewest rows that are kept back for calibration.
const HELD_OUT_ROWS_MIN: usize = 20;
/// The share of held-out rows within the reach of the memory.
const REACH_SHARE: f32 = 0.99;

/// How a model is trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainSettings {
    /// How columns become dimensions.
    pub encoder: EncoderSettings,
    /// How the forest is grown.
    pub forest: ForestSettings,
    /// How the memory is made.
    pub memory: MemorySettings,
    /// The share of normal rows that may be called anomalous.
    pub false_positive_rate: f32,
    /// The share of the rows that is kept back for calibration.
    pub held_out_share: f32,
    /// The share of the rows that is taken for attacks among the normal ones: so many of the most unusual, by a first
    /// forest, are left out of everything, and the memory counts less, which remembers those that were missed. 0 when
    /// the rows are known to be normal.
    pub contamination: f32,
}

impl Default for TrainSettings {
    fn default() -> Self {
        Self {
            encoder: EncoderSettings::default(),
            forest: ForestSettings::default(),
            memory: MemorySettings::default(),
            false_positive_rate: 0.01,
            held_out_share: 0.2,
            contamination: 0.0,
        }
    }
}

/// How much the memory counts beside the forest. On normal rows it varies less from one seed to the next than the
/// forest, whose cuts are drawn: with equal weights the ensemble inherits the forest's worst seeds.
const MEMORY_WEIGHT: f32 = 2.0;
/// The same where attacks may be among the rows: a forest hardly sees a few, a memory takes them for normal.
const MEMORY_WEIGHT_CONTAMINATED: f32 = 0.5;

impl TrainSettings {
    fn memory_weight(&self) -> f32 {
        if self.contamination > 0.0 { MEMORY_WEIGHT_CONTAMINATED } else { MEMORY_WEIGHT }
    }

    fn check(&self) -> Result<(), ModelError> {
        let share = |setting, value: f32, low: f32, high: f32, allowed| {
            let fits = value >= low && value <= high;
            if fits {
                Ok(())
            } else {
                Err(ModelError::Setting { setting, value: value.to_string(), allowed })
            }
        };
        share("false_positive_rate", self.false_positive_rate, 1e-6, 0.5, "0.000001 to 0.5")?;
        share("held_out_share", self.held_out_share, 0.05, 0.5, "0.05 to 0.5")?;
        share("contamination", self.contamination, 0.0, 0.5, "0 to 0.5")
    }
}

/// The streams of randomness, one per use.
mod stream {
    pub(super) const SPLIT: u64 = 1;
    pub(super) const FOREST: u64 = 2;
    pub(super) const MEMORY: u64 = 3;
    pub(super) const SIFT: u64 = 4;
}

impl AnomalyModel {
    /// Trains a model on rows of which nearly all are normal. The same rows, settings and seed give the same model.
    ///
    /// # Errors
    /// When there are too few rows, or a setting makes no sense.
    pub fn train(table: &Table, settings: &TrainSettings, seed: u64) -> Result<Self, ModelError> {
        settings.check()?;
        let sifted;
        let normal = if settings.contamination > 0.0 {
            sifted = sift(table, settings, seed)?;
            &sifted
        } else {
            table
        };
        if normal.rows() < TRAIN_ROWS_MIN {
            return Err(ModelError::TooFewRows { rows: normal.rows(), rows_min: TRAIN_ROWS_MIN });
        }
        let order = Random::new(seed, stream::SPLIT).sample(normal.rows(), normal.rows());
        let held_out = (normal.rows() as f32 * settings.held_out_share) as usize;
        let (held_out, learnt) = order.split_at(held_out.max(HELD_OUT_ROWS_MIN).min(order.len()));
        let (learnt, held_out) = (normal.select(learnt), normal.select(held_out));
        let encoder = Encoder::fit(&learnt, &settings.encoder)?;
        let points = encoder.prepare(&learnt)?.points();
        let forest = Forest::grow(&points, &settings.forest, &mut Random::new(seed, stream::FOREST))?;
        let memory = Memory::fit(&points, &settings.memory, &mut Random::new(seed, stream::MEMORY))?;
        let training = Training {
            seed,
            rows: table.rows() as u64,
            learnt_rows: learnt.rows() as u64,
            held_out_rows: held_out.rows() as u64,
            false_positive_rate: settings.false_positive_rate,
        };
        let blank = Calibration::fit(&[]);
        let model = Self {
            training,
            encoder,
            forest,
            memory,
            forest_calibration: blank.clone(),
            memory_calibration: blank.clone(),
            calibration: blank,
            memory_weight: settings.memory_weight(),
            threshold: 0.0,
            reach: 0.0,
        };
        model.calibrated(&held_out)
    }

    /// The model with its calibration, threshold and reach, learnt from rows that it has not seen.
    fn calibrated(mut self, held_out: &Table) -> Result<Self, ModelError> {
        let scores = self.score_table(held_out, None)?;
        self.forest_calibration = Calibration::fit(&scores.forest);
        self.memory_calibration = Calibration::fit(&scores.memory);
        let pairs = scores.forest.iter().zip(&scores.memory);
        let surprises: Vec<f32> = pairs.map(|(forest, memory)| self.surprise(*forest, *memory)).collect();
        self.calibration = Calibration::fit(&surprises);
        self.threshold = upper(&surprises, 1.0 - self.training.false_positive_rate).max(f32::MIN_POSITIVE);
        self.reach = upper(&scores.memory, REACH_SHARE).max(f32::MIN_POSITIVE);
        Ok(self)
    }
}

/// The least of the values that at most `1 − share` of them are above.
fn upper(values: &[f32], share: f32) -> f32 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let above = (sorted.len() as f32 * (1.0 - share)) as usize;
    let place = sorted.len().saturating_sub(1 + above);
    sorted.get(place).copied().unwrap_or_default()
}

/// The table without its most unusual rows.
fn sift(table: &Table, settings: &TrainSettings, seed: u64) -> Result<Table, ModelError> {
    if table.rows() < TRAIN_ROWS_MIN {
        return Err(ModelError::TooFewRows { rows: table.rows(), rows_min: TRAIN_ROWS_MIN });
    }
    let encoder = Encoder::fit(table, &settings.encoder)?;
    let points: Points = encoder.prepare(table)?.points();
    let forest = Forest::grow(&points, &settings.forest, &mut Random::new(seed, stream::SIFT))?;
    let scores: Vec<f32> = points.iter().map(|point| forest.score_point(point)).collect();
    let mut order: Vec<u32> = (0..table.rows() as u32).collect();
    let score = |row: &u32| scores.get(*row as usize).copied().unwrap_or_default();
    order.sort_by(|a, b| score(a).total_cmp(&score(b)).then(a.cmp(b)));
    order.truncate(table.rows() - (table.rows() as f32 * settings.contamination) as usize);
    order.sort_unstable();
    Ok(table.select(&order))
}
