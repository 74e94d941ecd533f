use crate::{Space, Subject, Vector, VectorError};

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
