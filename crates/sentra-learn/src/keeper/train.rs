//! A training: it owns what it needs, so that another thread can run it while events go on.

use std::collections::BTreeMap;

use sentra_model::{TenantId, Timestamp};

use super::activity::{Party, Row, USUAL, names, table};
use super::error::LearnError;
use super::settings::HOUR_MICROS;
use crate::anomaly::{
    AnomalyModel, EncoderSettings, ForestSettings, MemorySettings, ModelError, TrainSettings,
};
use crate::registry::{
    Artefact, ModelCard, ModelKind, ModelVersion, RetrainReason, RowCounts, TrainingWindow,
};
use crate::sequence::{
    Alphabet, FitSettings, ModelKind as Predictor, SequenceError, SequenceModel, Symbol, Threshold, select,
};

/// Every so-manyth sequence is held out of a training.
const HELD_OUT_EVERY: usize = 5;
/// The share of rows that "usually at most" is about.
const USUAL_SHARE: f32 = 0.99;

/// What a training works on.
#[derive(Debug)]
pub(super) enum Material {
    /// Hours of entities.
    Rows { party: Party, rows: Vec<Row>, false_positive_rate: f32 },
    /// Sequences of events, and when they were.
    Sequences {
        alphabet: Alphabet,
        samples: Vec<Vec<Symbol>>,
        times: (i64, i64),
        is_network_allowed: bool,
        false_positive_rate: f64,
    },
}

/// A training that is due. [`TrainJob::run`] takes seconds: run it on a thread of its own, and give what it says to
/// [`super::Keeper::trained`].
#[derive(Debug)]
pub struct TrainJob {
    pub(super) tenant: TenantId,
    pub(super) kind: ModelKind,
    pub(super) reason: RetrainReason,
    pub(super) seed: u64,
    pub(super) material: Material,
}

/// What became of a training.
#[derive(Debug)]
pub struct Trained {
    pub(super) tenant: TenantId,
    pub(super) kind: ModelKind,
    pub(super) outcome: Result<Artefact, LearnError>,
}

impl TrainJob {
    /// Whose model it trains.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// What kind of model.
    #[must_use]
    pub fn kind(&self) -> ModelKind {
        self.kind
    }

    /// Why it is due.
    #[must_use]
    pub fn reason(&self) -> RetrainReason {
        self.reason
    }

    /// Trains. The same job gives the same model, to the byte.
    #[must_use]
    pub fn run(self) -> Trained {
        let outcome = match self.material {
            Material::Rows { party, rows, false_positive_rate } => {
                of_rows(&self.tenant, party, &rows, false_positive_rate, self.seed)
            }
            Material::Sequences { alphabet, samples, times, is_network_allowed, false_positive_rate } => {
                let network = is_network_allowed;
                let fitted = fit(&alphabet, samples, network, self.seed);
                fitted.map_err(LearnError::from).map(|(model, mut metrics)| {
                    let threshold = model.calibration().threshold_drawn_out(false_positive_rate);
                    metrics.extend(threshold.into_iter().flat_map(threshold_metrics));
                    of_sequence(&self.tenant, &model, metrics, times, self.seed)
                })
            }
        };
        Trained { tenant: self.tenant, kind: self.kind, outcome }
    }
}

impl Trained {
    /// What kind of model.
    #[must_use]
    pub fn kind(&self) -> ModelKind {
        self.kind
    }

    /// Why the training failed, if it did.
    #[must_use]
    pub fn problem(&self) -> Option<&LearnError> {
        self.outcome.as_ref().err()
    }
}

fn of_rows(
    tenant: &TenantId,
    party: Party,
    rows: &[Row],
    false_positive_rate: f32,
    seed: u64,
) -> Result<Artefact, LearnError> {
    // Counts that are nearly always the same must not make the first other one infinitely strange.
    let encoder = EncoderSettings { clip: 12.0, spread_min: 0.3, pairs: 0, ..EncoderSettings::default() };
    let forest = ForestSettings { trees: 64, sample_rows: 512, depth: 9, ..ForestSettings::default() };
    // A point that stands for one hour only would make that one hour's like usual.
    let memory = MemorySettings { members_min: 2, ..MemorySettings::default() };
    let settings = TrainSettings { encoder, forest, memory, ..TrainSettings::default() };
    let table = table(party, rows.iter())?;
    let model = AnomalyModel::train(&table, &settings, seed)?;
    let hours = || rows.iter().map(|row| row.hour);
    let hour = |hour: Option<i32>| i64::from(hour.unwrap_or_default()) * HOUR_MICROS;
    let window = TrainingWindow {
        from: Timestamp::from_micros(hour(hours().min())),
        to: Timestamp::from_micros(hour(hours().max()) + HOUR_MICROS),
    };
    let created = Timestamp::from_micros(0);
    let mut artefact = Artefact::of_anomaly(party.kind(), tenant.clone(), &model, &table, window, created)?;
    let metrics = &mut artefact.card.metrics;
    metrics.insert("reported_false_positive_rate".to_owned(), f64::from(false_positive_rate));
    for (place, name) in names(party).enumerate() {
        let mut values: Vec<f32> = rows.iter().filter_map(|row| row.values.get(place).copied()).collect();
        values.retain(|value| value.is_finite());
        values.sort_by(f32::total_cmp);
        let last = values.len().saturating_sub(1) as f32;
        if let Some(usual) = values.get((USUAL_SHARE * last) as usize) {
            metrics.insert(format!("{USUAL}{name}"), f64::from(*usual));
        }
    }
    if metrics.values().any(|value| !value.is_finite()) {
        return Err(ModelError::Bytes { what: "a metric that is no number", at: 0 }.into());
    }
    Ok(artefact)
}

fn fit(
    alphabet: &Alphabet,
    samples: Vec<Vec<Symbol>>,
    is_network_allowed: bool,
    seed: u64,
) -> Result<(SequenceModel, BTreeMap<String, f64>), SequenceError> {
    let (mut training, mut held_out) = (Vec::new(), Vec::new());
    for (number, sample) in samples.into_iter().enumerate() {
        let is_held_out = number % HELD_OUT_EVERY == HELD_OUT_EVERY - 1;
        if is_held_out { &mut held_out } else { &mut training }.push(sample);
    }
    let mut settings = FitSettings::default();
    settings.gru.seed = seed;
    let mut metrics = BTreeMap::new();
    let model = if is_network_allowed {
        let (model, selection) = select(alphabet, &training, &held_out, &settings)?;
        metrics.insert("ngram_held_out_bits".to_owned(), selection.ngram.held_out_bits);
        metrics.insert("network_held_out_bits".to_owned(), selection.gru.held_out_bits);
        model
    } else {
        SequenceModel::fit(Predictor::Ngram, alphabet, &training, &held_out, &settings)?
    };
    Ok((model, metrics))
}

fn threshold_metrics(threshold: Threshold) -> [(String, f64); 2] {
    [
        ("threshold_bits".to_owned(), f64::from(threshold.bits)),
        ("reported_false_positive_rate".to_owned(), threshold.false_positive_rate),
    ]
}

fn of_sequence(
    tenant: &TenantId,
    model: &SequenceModel,
    mut metrics: BTreeMap<String, f64>,
    (from, to): (i64, i64),
    seed: u64,
) -> Artefact {
    let (bytes, report) = (model.to_bytes(), model.report());
    metrics.insert("held_out_bits".to_owned(), report.held_out_bits);
    metrics.insert("perplexity".to_owned(), report.perplexity());
    metrics.insert("is_network".to_owned(), f64::from(u8::from(report.kind == Predictor::Gru)));
    metrics.insert("held_out_windows".to_owned(), f64::from(model.calibration().windows()));
    let card = ModelCard {
        tenant: tenant.clone(),
        kind: ModelKind::Sequence,
        version: ModelVersion::of(ModelKind::Sequence, &bytes),
        created: Timestamp::from_micros(0),
        window: TrainingWindow { from: Timestamp::from_micros(from), to: Timestamp::from_micros(to) },
        seed,
        rows: RowCounts {
            given: report.events + report.held_out_events,
            learnt: report.events,
            held_out: report.held_out_events,
        },
        features: vec!["code".to_owned()],
        metrics,
        drift: None,
    };
    Artefact { card, bytes }
}
