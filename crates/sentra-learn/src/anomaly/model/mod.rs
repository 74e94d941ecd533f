//! The model: an encoder, an isolation forest, a nearest-neighbour memory, and what makes one score of both.

mod score;
mod train;

pub use score::{Attribution, Scored, TableScores};
pub use train::{TRAIN_ROWS_MIN, TrainSettings};

use super::bytes::{Reader, Writer};
use super::calibration::Calibration;
use super::encoder::Encoder;
use super::error::ModelError;
use super::forest::Forest;
use super::memory::{Memory, RecentMemory, RecentSettings};

/// Longest model, in bytes.
pub const MODEL_BYTES_MAX: usize = 64 << 20;

/// The first bytes of a model, with the version of its form.
const MAGIC: &[u8; 8] = b"sntranm1";

/// What is known of a model's training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Training {
    /// The seed of everything that was drawn.
    pub seed: u64,
    /// The rows that were given.
    pub rows: u64,
    /// The rows that forest and memory learnt from.
    pub learnt_rows: u64,
    /// The rows that were kept back for calibration.
    pub held_out_rows: u64,
    /// The share of normal rows above the threshold, at most, on the rows kept back.
    pub false_positive_rate: f32,
}

/// A trained anomaly model. It never changes: what is learnt at run time is in a [`RecentMemory`] beside it.
#[derive(Debug, Clone)]
pub struct AnomalyModel {
    training: Training,
    encoder: Encoder,
    forest: Forest,
    memory: Memory,
    forest_calibration: Calibration,
    memory_calibration: Calibration,
    calibration: Calibration,
    /// How much a nat of the memory's surprise counts.
    memory_weight: f32,
    /// The surprise above which a row is anomalous.
    threshold: f32,
    /// The distance within which 99 % of held-out rows lie.
    reach: f32,
}

impl AnomalyModel {
    /// How it was trained.
    #[must_use]
    pub fn training(&self) -> Training {
        self.training
    }

    /// The names of its dimensions, in order.
    pub fn features(&self) -> impl Iterator<Item = &str> {
        self.encoder.names()
    }

    /// What it knows of the columns.
    #[must_use]
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// Its isolation forest.
    #[must_use]
    pub fn forest(&self) -> &Forest {
        &self.forest
    }

    /// Its nearest-neighbour memory.
    #[must_use]
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The surprise in nats above which a row is anomalous.
    #[must_use]
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// An empty memory for what this model meets at run time.
    #[must_use]
    pub fn recent_memory(&self, settings: RecentSettings) -> RecentMemory {
        RecentMemory::new(self.encoder.dimensions(), self.reach, settings)
    }

    /// The model as bytes: the same model gives the same bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.raw(MAGIC);
        let training = &self.training;
        for number in [training.seed, training.rows, training.learnt_rows, training.held_out_rows] {
            writer.u64(number);
        }
        for number in [training.false_positive_rate, self.memory_weight, self.threshold, self.reach] {
            writer.f32(number);
        }
        self.encoder.write(&mut writer);
        self.forest.write(&mut writer);
        self.memory.write(&mut writer);
        for calibration in [&self.forest_calibration, &self.memory_calibration, &self.calibration] {
            calibration.write(&mut writer);
        }
        writer.finish()
    }

    /// The model in bytes that may come from anywhere.
    ///
    /// # Errors
    /// When they are no model, or one whose parts do not fit together. It takes no more memory than a small multiple of
    /// the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        if bytes.len() > MODEL_BYTES_MAX {
            return Err(ModelError::Bytes { what: "a model that is too long", at: MODEL_BYTES_MAX });
        }
        let mut reader = Reader::new(bytes);
        if reader.raw(MAGIC.len())? != MAGIC {
            return Err(ModelError::Bytes { what: "no mark of a model", at: 0 });
        }
        let training = Training {
            seed: reader.u64()?,
            rows: reader.u64()?,
            learnt_rows: reader.u64()?,
            held_out_rows: reader.u64()?,
            false_positive_rate: reader.f32()?,
        };
        let (memory_weight, threshold, reach) = (reader.f32()?, reader.f32()?, reader.f32()?);
        if memory_weight < 0.0 || threshold <= 0.0 || reach < 0.0 {
            return Err(reader.wrong("a threshold below zero"));
        }
        let model = Self {
            training,
            memory_weight,
            threshold,
            reach,
            encoder: Encoder::read(&mut reader)?,
            forest: Forest::read(&mut reader)?,
            memory: Memory::read(&mut reader)?,
            forest_calibration: Calibration::read(&mut reader)?,
            memory_calibration: Calibration::read(&mut reader)?,
            calibration: Calibration::read(&mut reader)?,
        };
        reader.end()?;
        let dimensions = model.encoder.dimensions();
        if model.forest.dimensions() != dimensions || model.memory.dimensions() != dimensions {
            return Err(reader.wrong("parts of different models"));
        }
        Ok(model)
    }
}
