use std::path::Path;
use std::sync::Arc;

use crate::{FeatureEmbedder, Space, Subject, Vector, VectorError};

/// Makes vectors of signals, incidents and texts. What is alike lies near.
///
/// Invariant: the same input gives the same vector, and whoever changes what comes out changes the name of the space.
pub trait Embedder: Send + Sync + std::fmt::Debug {
    /// Where its vectors lie.
    fn space(&self) -> &Space;

    /// The vectors of signals and incidents, in their order.
    ///
    /// # Errors
    ///
    /// What a model says.
    fn subjects(&self, subjects: &[Subject]) -> Result<Vec<Vector>, VectorError>;

    /// The vector of what somebody wrote.
    ///
    /// # Errors
    ///
    /// A text without words, and what a model says.
    fn text(&self, text: &str) -> Result<Vector, VectorError>;
}

/// The embedder that is wanted, and the others that a build has.
pub type Embedders = (Arc<dyn Embedder>, Vec<Arc<dyn Embedder>>);

/// The embedders of this build, for [`crate::VectorStore::new`]: the sentence model in `model` where one is named, else the features.
/// The features come second to a model, so that what they embedded stays searchable until the model has done all.
///
/// # Errors
///
/// A model that cannot be read, or a build that has none.
pub fn embedders(model: Option<&Path>) -> Result<Embedders, VectorError> {
    let features: Arc<dyn Embedder> = Arc::new(FeatureEmbedder::new());
    match model {
        None => Ok((features, Vec::new())),
        Some(directory) => Ok((sentence_model(directory)?, vec![features])),
    }
}

#[cfg(feature = "minilm")]
fn sentence_model(directory: &Path) -> Result<Arc<dyn Embedder>, VectorError> {
    Ok(Arc::new(crate::MiniLm::open(directory)?))
}

#[cfg(not(feature = "minilm"))]
fn sentence_model(directory: &Path) -> Result<Arc<dyn Embedder>, VectorError> {
    let reason = "this build has no sentence models: build it with `--features minilm`, or name no model";
    Err(VectorError::Model { path: directory.to_owned(), reason: reason.to_owned() })
}
