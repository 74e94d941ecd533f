use sentra_model::TenantId;

use crate::anomaly::ModelError;
use crate::registry::{ModelKind, ModelVersion, RegistryError};
use crate::sequence::SequenceError;

/// Why the keeper cannot do what it was asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LearnError {
    /// Law TENANT: the events of one tenant never meet the models of another.
    #[error("the models are those of tenant {kept}, the events or the model are {given}'s")]
    Tenant {
        /// Whose models these are.
        kept: TenantId,
        /// Whose events or model it is.
        given: TenantId,
    },
    /// A setting makes no sense.
    #[error("setting {setting} is {value}: use {allowed}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// Its value.
        value: u64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// The kind is not one that is kept here.
    #[error("no {} models are kept", .0.as_str())]
    Kind(ModelKind),
    /// The model's card is there, its bytes are not.
    #[error("the bytes of {} model {version} are lost: train it anew", kind.as_str())]
    NoBytes {
        /// Its kind.
        kind: ModelKind,
        /// Its version.
        version: ModelVersion,
    },
    /// The registry refuses.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A sequence model or its state.
    #[error(transparent)]
    Sequence(#[from] SequenceError),
    /// An anomaly model or its rows.
    #[error(transparent)]
    Model(#[from] ModelError),
}
