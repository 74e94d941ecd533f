use sentra_backbone::LogError;
use sentra_learn::BehaviourError;
use sentra_learn::keeper::LearnError;
use sentra_model::BatchError;
use sentra_store::StoreError;

/// What stops the factory from going on. The worker starts again from the durable positions.
#[derive(Debug, thiserror::Error)]
pub enum FactoryError {
    /// The backbone could not be read or written.
    #[error("cannot use the backbone")]
    Log(#[from] LogError),
    /// A store refused.
    #[error("cannot use a store")]
    Store(#[from] StoreError),
    /// An event batch could not be put together.
    #[error("cannot assemble an event batch")]
    Batch(#[from] BatchError),
    /// Baselines refuse a batch.
    #[error("cannot look at an event batch")]
    Behaviour(#[from] BehaviourError),
    /// The models refuse a batch.
    #[error("cannot look at an event batch with the models")]
    Models(#[from] LearnError),
    /// Stored detection or activity state is not readable by this version.
    #[error("cannot read stored detection state")]
    State(#[from] serde_json::Error),
}
