//! What is said of a model, and by one.

use super::Symbol;

/// Which kind of model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// Counts of what followed the last few events, smoothed.
    Ngram,
    /// A gated recurrent network.
    Gru,
}

impl ModelKind {
    /// The name used in JSON and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ngram => "ngram",
            Self::Gru => "gru",
        }
    }
}

/// What a model was made of, and how well it predicts what it did not see.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct TrainingReport {
    /// Which kind of model.
    pub kind: ModelKind,
    /// Training sequences.
    pub sequences: u64,
    /// Training events.
    pub events: u64,
    /// Passes over them.
    pub epochs: u32,
    /// Held-out events.
    pub held_out_events: u64,
    /// Mean −log2 p of a held-out event.
    pub held_out_bits: f64,
}

impl TrainingReport {
    /// Two to the held-out loss: among how many equally likely events the model feels it has to choose.
    #[must_use]
    pub fn perplexity(&self) -> f64 {
        self.held_out_bits.exp2()
    }
}

/// How surprising ten events are.
#[derive(Debug, Clone, PartialEq)]
pub struct Surprise {
    /// Mean −log2 p of an event.
    pub bits: f32,
    /// Share of held-out normal windows that are at least as surprising; see [`super::Calibration::p_value`].
    pub p_value: f64,
    /// The most surprising of the ten.
    pub most: Surprising,
}

/// One surprising event.
#[derive(Debug, Clone, PartialEq)]
pub struct Surprising {
    /// Its place among the ten, 0 being the oldest.
    pub place: usize,
    /// What came.
    pub symbol: Symbol,
    /// −log2 p of it.
    pub bits: f32,
    /// What was most likely instead, with its probability, the likeliest first.
    pub expected: Vec<(Symbol, f64)>,
}
