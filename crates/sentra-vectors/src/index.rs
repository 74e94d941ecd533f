use std::collections::BTreeSet;

use sentra_model::{TenantScope, Timestamp};
use serde::Serialize;

use crate::{Entry, ItemId, ItemKind, Space, Vector, VectorError};

/// Law LIMIT: neighbours given at once.
pub const NEAR_MAX: usize = 1_000;

/// Law LIMIT: items that a search may exclude by their ids.
pub const EXCLUDED_MAX: usize = 1_000;

/// Law LIMIT: entries put at once.
pub const PUT_BATCH_MAX: usize = 256;

/// What neighbours may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only of this kind.
    pub kind: Option<ItemKind>,
    /// None of these.
    pub excluded: BTreeSet<ItemId>,
    /// Only with evidence at or after this moment.
    pub from: Option<Timestamp>,
    /// Only with evidence before this moment.
    pub to: Option<Timestamp>,
}

impl Filter {
    /// Whether an item of `id` with evidence from `first` to `last` may be a neighbour.
    #[must_use]
    pub fn admits(&self, id: &ItemId, first: Timestamp, last: Timestamp) -> bool {
        self.kind.is_none_or(|kind| kind == id.kind())
            && self.from.is_none_or(|from| last >= from)
            && self.to.is_none_or(|to| first < to)
            && !self.excluded.contains(id)
    }

    /// Whether more than single ids are excluded.
    #[must_use]
    pub fn is_narrow(&self) -> bool {
        self.kind.is_some() || self.from.is_some() || self.to.is_some()
    }
}

/// How neighbours were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// All were looked at: these are the nearest.
    Exact,
    /// By a graph: these are the nearest but for a few, see the documentation for how many.
    Hnsw,
}

/// A neighbour.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Which.
    pub id: ItemId,
    /// How near, the cosine: 1 for the same direction.
    pub score: f32,
}

/// Neighbours, the nearest first, and how they were found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The neighbours.
    pub hits: Vec<Hit>,
    /// How.
    pub engine: Engine,
}

/// What became of entries that were put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PutOutcome {
    /// New or newer ones, which are there now.
    pub stored: usize,
    /// Not taken, because a newer one is there.
    pub stale: usize,
    /// The oldest, which had to go because no more fit.
    pub evicted: usize,
}

/// What one space of one tenant holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpaceStats {
    /// The embedding.
    pub space: Space,
    /// Whether searches use it.
    pub is_active: bool,
    /// Signals in it.
    pub signals: u64,
    /// Incidents in it.
    pub incidents: u64,
    /// How an unfiltered search would be answered now.
    pub engine: Engine,
    /// Items that are looked at one by one because they are not in the graph.
    pub scanned: u64,
    /// Memory that it holds, bytes.
    pub memory_bytes: u64,
    /// Disk that it holds, bytes.
    pub disk_bytes: u64,
    /// The oldest items that had to go since it was opened, because no more fit.
    pub evicted: u64,
    /// Bytes that were cut off when it was opened, because a write was not finished or they were damaged.
    pub cut_bytes: u64,
}

/// What tending did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tended {
    /// Items that went into the graph.
    pub linked: usize,
    /// Items that still should.
    pub left: usize,
    /// Bytes of files that rewriting them set free.
    pub freed_bytes: u64,
}

/// Keeps vectors and finds near ones. Law TENANT: every call names whose. Law SAME: one contract for all engines.
///
/// Vectors lie in spaces, one per version of an embedding. One space is active: it is the one that has been filled. A
/// search is within one space, so two versions never meet in one ranking.
///
/// Invariant: it computes and waits for the disk, so async code calls it where it may block.
pub trait VectorIndex: Send + Sync + std::fmt::Debug {
    /// Stores `entries`, replacing older ones of the same id; makes the space if there is none. What is stored is
    /// found at once; it survives a crash of the machine after the next [`Self::commit`].
    ///
    /// # Errors
    ///
    /// More than [`PUT_BATCH_MAX`], vectors of another size, and what the disk says.
    fn put(&self, scope: &TenantScope, space: &Space, entries: &[Entry]) -> Result<PutOutcome, VectorError>;

    /// Removes items from every space; how many of them were in any.
    ///
    /// # Errors
    ///
    /// What the disk says.
    fn delete(&self, scope: &TenantScope, ids: &[ItemId]) -> Result<usize, VectorError>;

    /// What is stored under `id`.
    ///
    /// # Errors
    ///
    /// What the disk says.
    fn get(&self, scope: &TenantScope, space: &Space, id: &ItemId) -> Result<Option<Entry>, VectorError>;

    /// The at most `k` nearest that `filter` admits, the nearest first, of equally near ones the smallest id.
    ///
    /// # Errors
    ///
    /// A space that is not there, a vector of another size, more than [`NEAR_MAX`] or [`EXCLUDED_MAX`].
    fn search(
        &self,
        scope: &TenantScope,
        space: &Space,
        query: &Vector,
        k: usize,
        filter: &Filter,
    ) -> Result<Found, VectorError>;

    /// What each space holds, sorted by name.
    ///
    /// # Errors
    ///
    /// What the disk says.
    fn stats(&self, scope: &TenantScope) -> Result<Vec<SpaceStats>, VectorError>;

    /// The space that searches use; `None` before the first was activated.
    ///
    /// # Errors
    ///
    /// What the disk says.
    fn active(&self, scope: &TenantScope) -> Result<Option<Space>, VectorError>;

    /// Makes `space` the active one (and makes it, if there is none), and drops all others. Durable when it returns; a
    /// crash leaves the old or the new one active.
    ///
    /// # Errors
    ///
    /// What the disk says.
    fn activate(&self, scope: &TenantScope, space: &Space) -> Result<(), VectorError>;

    /// Makes everything put and deleted so far durable, together with `mark`: up to where the source was read
    /// (law SOURCE). `None` leaves the mark as it is.
    ///
    /// # Errors
    ///
    /// A mark longer than [`crate::MARK_BYTES_MAX`] or before any space is active, and what the disk says.
    fn commit(&self, scope: &TenantScope, mark: Option<&str>) -> Result<(), VectorError>;

    /// The last mark whose data is all there. The source is read again from here after a crash.
    ///
    /// # Errors
    ///
    /// What the disk says.
    fn mark(&self, scope: &TenantScope) -> Result<Option<String>, VectorError>;

    /// Does work that makes searches faster and files smaller, for at most about `items_max` items. Called again and
    /// again by whoever has time; answers are right without it.
    ///
    /// # Errors
    ///
    /// What the disk says.
    fn tend(&self, scope: &TenantScope, items_max: usize) -> Result<Tended, VectorError>;
}

pub(crate) fn check_batch(entries: &[Entry], space: &Space) -> Result<(), VectorError> {
    if entries.len() > PUT_BATCH_MAX {
        return Err(VectorError::TooMany { what: "entries", got: entries.len(), max: PUT_BATCH_MAX });
    }
    entries.iter().try_for_each(|entry| check_vector(&entry.vector, space))
}

pub(crate) fn check_search(
    query: &Vector,
    space: &Space,
    k: usize,
    filter: &Filter,
) -> Result<(), VectorError> {
    let excluded = filter.excluded.len();
    if excluded > EXCLUDED_MAX {
        return Err(VectorError::TooMany { what: "excluded items", got: excluded, max: EXCLUDED_MAX });
    }
    if k > NEAR_MAX {
        return Err(VectorError::TooMany { what: "neighbours", got: k, max: NEAR_MAX });
    }
    check_vector(query, space)
}

fn check_vector(vector: &Vector, space: &Space) -> Result<(), VectorError> {
    if vector.dimensions() == space.dimensions() {
        return Ok(());
    }
    Err(VectorError::Dimensions { space: space.clone(), got: vector.dimensions() })
}
