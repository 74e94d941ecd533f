use std::fmt::Debug;
use std::path::PathBuf;

use sentra_model::{EventId, TenantScope, Timestamp};
use serde::Serialize;

use crate::document::{Routed, Why};
use crate::error::ForensicError;
use crate::query::{Deadline, TextAnswer, TextQuery};

/// Most documents in one call of [`TextIndex::append`].
pub const APPEND_DOCUMENTS_MAX: usize = 65_536;

/// The full text of the events that are routed to it, by tenant. Calls block; from async code they belong on a thread
/// that may.
///
/// Law SOURCE: a projection. What [`TextIndex::append`] took is found and durable when [`TextIndex::commit`] returned,
/// together with its position; what was not committed when the process ends is handed over again by who replays from
/// [`TextIndex::position`]. Law LOSS: what the budget refuses or removes is counted by class; the events themselves
/// stay in the marts.
pub trait TextIndex: Send + Sync + Debug {
    /// Takes documents. One whose id is there already replaces it, with the reasons of both; one that adds no reason is
    /// left out. With `progress`, everything of that stretch is dealt with once the call returned; of a stretch
    /// behind the position nothing is taken, so that a replay repeats nothing and brings back nothing that gave way.
    ///
    /// # Errors
    /// [`ForensicError::TooMany`]; others when the index cannot be written.
    fn append(
        &self,
        scope: &TenantScope,
        routed: Vec<Routed>,
        progress: Option<Progress>,
    ) -> Result<Appended, ForensicError>;

    /// Makes everything taken so far durable and found, and makes room where the budget is used up.
    ///
    /// # Errors
    /// When it cannot be written. What was not committed is gone then: go on from [`TextIndex::position`].
    fn commit(&self, scope: &TenantScope) -> Result<(), ForensicError>;

    /// The committed position of `partition`; 0 when nothing is there.
    ///
    /// # Errors
    /// When the index cannot be read.
    fn position(&self, scope: &TenantScope, partition: u32) -> Result<u64, ForensicError>;

    /// Those of `wanted` that the index does not hold for this reason, committed or not: what is worth fetching.
    ///
    /// # Errors
    /// When the index cannot be read.
    fn missing(&self, scope: &TenantScope, wanted: &[(EventId, Why)]) -> Result<Vec<EventId>, ForensicError>;

    /// Removes what its class keeps no longer at `now`, and says how many documents that were. They are gone with the
    /// next commit.
    ///
    /// # Errors
    /// When the index cannot be written.
    fn expire(&self, scope: &TenantScope, now: Timestamp) -> Result<u64, ForensicError>;

    /// Committed documents that answer `query`, newest first, then by id downwards. What `deadline` stops gives the
    /// newest of those seen, and says that it is not complete.
    ///
    /// # Errors
    /// [`ForensicError::Query`] for a query that is not answered; others when the index cannot be read.
    fn search(
        &self,
        scope: &TenantScope,
        query: &TextQuery,
        deadline: &Deadline,
    ) -> Result<TextAnswer, ForensicError>;

    /// What is held, by class, and what the budget is.
    ///
    /// # Errors
    /// When the index cannot be read.
    fn stats(&self, scope: &TenantScope) -> Result<TextStats, ForensicError>;

    /// Reads everything that is stored and says what is damaged.
    ///
    /// # Errors
    /// When the index cannot be read at all.
    fn check(&self, scope: &TenantScope) -> Result<CheckReport, ForensicError>;
}

/// A stretch of the backbone whose events were looked at, whether or not any was routed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The partition.
    pub partition: u32,
    /// The first offset.
    pub from: u64,
    /// The offset after the last one.
    pub next: u64,
    /// Raw bytes in it, which the budget is a share of.
    pub raw_bytes: u64,
}

/// What became of the documents of one call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Appended {
    /// Documents taken, also such as replace one with fewer reasons.
    pub admitted: u64,
    /// Documents that nothing in the index gives way to.
    pub refused: u64,
    /// Documents that were there already, and those of a replay.
    pub known: u64,
}

/// What the index of a tenant holds.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct TextStats {
    /// Documents.
    pub documents: u64,
    /// Bytes of the committed index.
    pub bytes: u64,
    /// Bytes that it may have.
    pub budget_bytes: u64,
    /// Percent of the ingested bytes that it may have.
    pub share_percent: f64,
    /// Bytes that it may have in any case.
    pub floor_bytes: u64,
    /// Raw bytes ingested while the index was kept.
    pub ingested_bytes: u64,
    /// By class, the most important one first.
    pub classes: Vec<ClassStats>,
    /// What was damaged when it was opened, and is being filled again.
    pub set_aside: Option<SetAside>,
}

/// What became of the documents of one class. `documents` is `admitted - evicted - expired - raised`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ClassStats {
    /// Its name: `signals critical` and so on, or that of a policy.
    pub class: String,
    /// Whether there is such a policy still; what is left of one that was removed gives way first.
    pub configured: bool,
    /// Documents held.
    pub documents: u64,
    /// Documents taken.
    pub admitted: u64,
    /// Documents that were not taken because nothing gave way to them. The events are in the marts.
    pub refused: u64,
    /// Documents that gave way to others. The events are in the marts.
    pub evicted: u64,
    /// Documents whose retention was over.
    pub expired: u64,
    /// Documents that another reason put into a more important class.
    pub raised: u64,
    /// Documents of which something did not fit.
    pub cut: u64,
    /// The newest event that gave way or was refused and that would be held still if there were room; nothing while all that
    /// belong into the class are held. Of an index of an earlier version that is not known: then it is the end of time.
    pub lacking_until: Option<Timestamp>,
}

/// A damaged index that was put aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SetAside {
    /// What was damaged.
    pub reason: String,
    /// Where it is now.
    #[schema(value_type = String)]
    pub path: PathBuf,
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CheckReport {
    /// Files read.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What is wrong; empty when all is well.
    pub damaged: Vec<String>,
}
