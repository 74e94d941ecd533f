//! What is like what: embeddings of signals and incidents, and their nearest neighbours.
//!
//! * [`Subject`] is what of a signal or an incident is embedded; [`FeatureEmbedder`] makes a vector of it, without a
//!   model and always the same; `MiniLm` (feature `minilm`) is a sentence model that does so by meaning.
//! * [`VectorIndex`] keeps vectors and finds near ones: [`MemoryVectors`] by the definition, [`EmbeddedVectors`] on
//!   disk, by an exact scan and above [`EXACT_ITEMS_MAX`] by a graph (HNSW).
//! * [`VectorStore`] is the face of it all: put signals and incidents, ask what is near an id or a text, and why.
//! * [`Reembedder`] brings all to a new version of the embedding while searches go on with the old.
//!
//! Law MEANING: it knows signals and incidents, never raw events, and no type of it takes one. Law SOURCE: it is a
//! projection; what its files lose is told by [`VectorStore::mark`] and put again. It reads no clock, starts no
//! thread, and never talks to the network.

mod embed;
mod embedded;
mod error;
mod features;
mod index;
mod item;
mod memory;
#[cfg(feature = "minilm")]
mod minilm;
mod reembed;
mod store;
mod subject;
mod top;
mod vector;
mod why;
mod words;

pub use embed::{Embedder, Embedders, embedders};
pub use embedded::{
    EXACT_ITEMS_MAX, EmbeddedVectors, ITEMS_MAX, MARK_BYTES_MAX, MEMORY_BYTES_MAX, RECORD_BYTES_MAX,
    VectorLimits,
};
pub use error::VectorError;
pub use features::{EMBEDDING_VERSION, FEATURE_DIMENSIONS, FeatureEmbedder};
pub use index::{
    EXCLUDED_MAX, Engine, Filter, Found, Hit, NEAR_MAX, PUT_BATCH_MAX, PutOutcome, SpaceStats, Tended,
    VectorIndex,
};
pub use item::{Entry, ItemId, ItemKind, Space, Traits};
pub use memory::MemoryVectors;
#[cfg(feature = "minilm")]
pub use minilm::MiniLm;
pub use reembed::{REEMBED_BATCH_MAX, Reembedder, StoredItem};
pub use store::{Near, NearOptions, Neighbour, Progress, StoreStats, VectorStore};
pub use subject::{INCIDENT_SIGNALS_MAX, Subject, TRAITS_MAX};
pub use vector::Vector;
pub use why::Why;
pub use words::TEXT_BYTES_MAX;
