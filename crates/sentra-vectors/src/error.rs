use std::path::PathBuf;

use sentra_model::TenantId;

use crate::{ItemId, Space};

/// Why something about vectors was not done.
#[derive(Debug, thiserror::Error)]
pub enum VectorError {
    /// Law TENANT: what was handed over is another tenant's.
    #[error("{id} belongs to another tenant than {scope}")]
    Foreign {
        /// What was handed over.
        id: ItemId,
        /// Whose right it was handed over with.
        scope: TenantId,
    },
    /// Nothing is stored under the id that was asked about.
    #[error("{id} is not known here: it may be too new, deleted, or older than what is kept")]
    Unknown {
        /// The id.
        id: ItemId,
    },
    /// A text that holds nothing to compare.
    #[error(
        "the text holds no words to compare: describe what happened, name a technique, an address or an account"
    )]
    EmptyText,
    /// Texts cannot be compared with what the stored vectors were made by.
    #[error(
        "stored vectors are of embedding {stored}, which this build does not have: texts can be compared when the \
         re-embedding to {wanted} is done; ids can be compared now"
    )]
    EmbedderAway {
        /// What the stored vectors were made by.
        stored: Space,
        /// What they will be made by.
        wanted: Space,
    },
    /// A vector of one space was used in another.
    #[error("a vector of {got} numbers cannot be used in {space}")]
    Dimensions {
        /// The space.
        space: Space,
        /// How many numbers the vector has.
        got: usize,
    },
    /// More was handed over at once than is allowed.
    #[error("{got} {what} at once, {max} are allowed: hand them over in parts")]
    TooMany {
        /// What.
        what: &'static str,
        /// How many.
        got: usize,
        /// How many are allowed.
        max: usize,
    },
    /// The name of an embedding cannot be one of a file.
    #[error("{name:?} does not name an embedding: use 1 to 63 of a-z, 0-9, - and ., starting with a letter")]
    SpaceName {
        /// The name.
        name: String,
    },
    /// Nothing is kept of this embedding.
    #[error("no vectors of embedding {space} are kept")]
    NoSpace {
        /// The embedding.
        space: Space,
    },
    /// A mark says how far the active space is filled, and there is none.
    #[error("no embedding is active yet: activate one before a mark is committed")]
    NothingActive,
    /// A file could not be read or written.
    #[error("cannot {what} {path}")]
    File {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// An earlier write failed in a way that leaves unknown what is on disk.
    #[error("{path} is closed since a write failed: restart when the disk works again")]
    Poisoned {
        /// The file.
        path: PathBuf,
    },
    /// An entry cannot be written or read.
    #[error("the stored form of {what} is not valid")]
    Form {
        /// Of what.
        what: String,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// The nearest-neighbour graph refused.
    #[error("the graph of neighbours failed: {reason}")]
    Graph {
        /// What it said.
        reason: String,
    },
    /// A sentence model could not be read or run.
    #[error("the sentence model in {path} does not work: {reason}")]
    Model {
        /// The directory.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// Where the items to embed anew come from failed.
    #[error("the stored signals and incidents cannot be read")]
    Source(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl VectorError {
    pub(crate) fn file(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { what, path, source }
    }
}
