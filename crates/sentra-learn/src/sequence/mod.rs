//! How surprising what an entity does next is, judged by the order of its event codes.
//!
//! Two models with one face ([`SequenceModel`]): a smoothed n-gram that learns by counting, and a small gated
//! recurrent network trained here. [`select`] fits both and takes the one with the smaller loss on held-out data.
//! A model's score of an entity is the mean −log2 p of its last ten events; against the same on held-out normal
//! data that becomes a p-value and a threshold with a stated false-positive rate. [`SequenceDetector`] runs a model
//! over event batches of one tenant.
//!
//! It must never learn from what was alerted, hold an entity's name, or let one tenant's counts reach another's.

mod alphabet;
mod bytes;
mod calibration;
mod detector;
mod error;
mod gru;
mod model;
mod ngram;
mod report;
mod select;
mod window;

pub use alphabet::{Alphabet, SYMBOL_BYTES_MAX, SYMBOLS_MAX, Symbol, SymbolForm};
pub use calibration::{Calibration, Threshold};
pub(crate) use detector::entity_key;
pub use detector::{
    DetectorSettings, ENTITIES_MAX, EntityChoice, Expectation, SAMPLES_MAX, SequenceDetector, SequenceStats,
    StateRow, SurpriseFinding, SurpriseReason,
};
pub use error::SequenceError;
pub use gru::{GruSettings, HIDDEN_UNITS_MAX};
pub use model::{FitSettings, MODEL_BYTES_MAX, SequenceModel};
pub use ngram::{CONTEXTS_MAX, NgramSettings, ORDER_MAX};
pub use report::{ModelKind, Surprise, Surprising, TrainingReport};
pub use select::{Selection, select};
pub use window::{CHUNK_EVENTS, EntityWindow, WINDOW_EVENTS};
