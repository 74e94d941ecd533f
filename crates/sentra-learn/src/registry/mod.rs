//! Which model speaks: versions and what is known of them, the active one and the one in its shadow, when to train
//! anew, and when a new one may take over.
//!
//! * [`Artefact`] is a model as bytes with its [`ModelCard`]: what it was trained on, how good it was.
//! * [`Registry`] is one tenant's models: which is active, which was before, which runs in shadow (law TENANT).
//! * [`compare`] decides on labelled rows whether a shadow is better, [`DriftReference`] whether the world has moved
//!   away from the training, [`RetrainPolicy`] when it is time.
//!
//! Invariant: all of it is data and arithmetic. Who keeps the bytes, runs a training or reads the clock is elsewhere.

mod artefact;
mod compare;
mod drift;
mod schedule;
mod state;

pub use artefact::{
    ARTEFACT_BYTES_MAX, Artefact, ArtefactError, CARD_BYTES_MAX, ModelCard, ModelKind, ModelVersion,
    RowCounts, TrainingWindow,
};
pub(crate) use compare::rounded;
pub use compare::{Comparison, Decision, PromotionPolicy, ScoredPair, compare, label_of, may_train_on};
pub use drift::{DRIFT_ROWS_MIN, DriftLevel, DriftReference, DriftReport, FeatureDrift};
pub use schedule::{RetrainPolicy, RetrainReason};
pub use state::{Change, ChangeKind, HISTORY_MAX, MODELS_MAX, Registry, RegistryError, Slot};
