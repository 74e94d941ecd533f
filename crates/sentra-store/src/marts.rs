use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use sentra_kql::plan::Plan;
use sentra_model::{EventBatch, EventId, Mart, Position, RollupDefinition, TenantScope, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    AnswerStream, AskLimits, BackPage, ColumnKind, DamagedSegment, Horizon, PlanAnswer, PlanEstimate,
    Predicate, ReadBack, Retained, RetentionPolicy, RollupStats, Seen, SeenRequest, StoreError, StoredEvent,
    Tended,
};

/// Most rows that one answer has.
pub const ROWS_MAX: usize = 10_000;

/// Most segments that an answer names as where it came from.
pub const LINEAGE_SEGMENTS_MAX: usize = 1_000;

/// Columns of an answer when none are named. `message` is the beginning of `raw` where the event has none.
pub const DEFAULT_COLUMNS: [&str; 12] = [
    "id", "time", "mart", "host", "user", "src_ip", "dst_ip", "code", "outcome", "process", "command",
    "message",
];

/// Every event, by tenant and mart.
///
/// Law SOURCE: the store is a projection. What [`MartStore::append`] took is answered from at once, and is
/// durable when [`MartStore::flush`] returned; after a restart the caller replays the backbone from
/// [`MartStore::position`].
#[async_trait]
pub trait MartStore: Send + Sync + Debug {
    /// Takes events that all stand in partition `next.partition`, below `next.offset`. They are visible to
    /// queries at once. Must be called in offset order per partition; events below the store's own position
    /// are ignored, so that a replay repeats nothing (law IDENTITY).
    ///
    /// # Errors
    /// [`StoreError::ForeignTenant`] and [`StoreError::Misplaced`] when the events do not fit; engines may
    /// flush in here and fail as [`MartStore::flush`] does.
    async fn append(
        &self,
        scope: &TenantScope,
        batches: Vec<EventBatch>,
        next: Position,
    ) -> Result<(), StoreError>;

    /// Makes everything taken so far durable, together with its position.
    ///
    /// # Errors
    /// When it cannot be written. Nothing is lost then: the events stay visible and the next call tries again.
    async fn flush(&self, scope: &TenantScope) -> Result<(), StoreError>;

    /// The durable position of `partition`: replay from this offset after a restart. 0 when nothing is stored.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn position(&self, scope: &TenantScope, partition: u32) -> Result<u64, StoreError>;

    /// Answers `query` within the default [`SearchOptions`].
    ///
    /// # Errors
    /// See [`MartStore::search_with`].
    async fn search(&self, scope: &TenantScope, query: &MartQuery) -> Result<MartAnswer, StoreError> {
        self.search_with(scope, query, &SearchOptions::default()).await
    }

    /// Answers `query` within `options`. What stops a search early gives a partial answer, not an error.
    ///
    /// # Errors
    /// [`StoreError::Predicate`] and [`StoreError::TooComplex`] for a filter that cannot be asked, others
    /// when the store cannot be read.
    async fn search_with(
        &self,
        scope: &TenantScope,
        query: &MartQuery,
        options: &SearchOptions,
    ) -> Result<MartAnswer, StoreError>;

    /// Answers a checked question over the tables of [`crate::event_catalog`]. Rows that nobody sorted come newest
    /// first. What stops it early gives an answer without rows that says so.
    ///
    /// # Errors
    /// [`StoreError::Plan`] for a question that wants more than the limits allow, others when the store cannot be read.
    async fn ask(
        &self,
        scope: &TenantScope,
        plan: &Plan,
        limits: &AskLimits,
    ) -> Result<PlanAnswer, StoreError>;

    /// Answers a checked question piece by piece. Rows of events one by one leave while the rest is computed; what
    /// is sorted or computed of many comes when it is there. Dropping the stream stops the work.
    fn ask_stream<'a>(&'a self, scope: &'a TenantScope, plan: &Plan, limits: &AskLimits) -> AnswerStream<'a> {
        crate::stream::in_pieces(self, scope, plan, *limits)
    }

    /// What there is at this moment: what was taken, and when it happened.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn horizon(&self, scope: &TenantScope) -> Result<Horizon, StoreError>;

    /// What the newest events hold, the most frequent first: for completion, not for answers.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn seen(&self, scope: &TenantScope, request: &SeenRequest) -> Result<Vec<Seen>, StoreError>;

    /// What answering `plan` makes the engine look at, from metadata alone. Tables that are not of events count nothing.
    ///
    /// # Errors
    /// When the metadata cannot be read.
    async fn estimate(&self, scope: &TenantScope, plan: &Plan) -> Result<PlanEstimate, StoreError>;

    /// The event `id`, raw bytes included.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn event(&self, scope: &TenantScope, id: EventId) -> Result<Option<StoredEvent>, StoreError> {
        Ok(self.events(scope, &[id]).await?.into_iter().next())
    }

    /// The events `ids` that there are, in the order of `ids`. At most [`ROWS_MAX`] are looked up.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn events(&self, scope: &TenantScope, ids: &[EventId]) -> Result<Vec<StoredEvent>, StoreError>;

    /// Events as they were taken, in the order of their offsets: some at a time, to go on from [`BackPage::next`].
    /// A page is no larger than what was once in memory together.
    ///
    /// # Errors
    /// [`StoreError::Predicate`] and [`StoreError::TooComplex`] for a filter that cannot be asked, others when the
    /// store cannot be read.
    async fn read_back(&self, scope: &TenantScope, request: &ReadBack) -> Result<BackPage, StoreError>;

    /// Tells the names of the registered marts, in place of those told before: a table that can be asked before it has
    /// events. They are not stored here.
    async fn declare_marts(&self, scope: &TenantScope, marts: Vec<Mart>);

    /// Makes the tenant's rollups those that are given. They count what is written from now on, and by and by what is
    /// there, when the store is tended; an answer is the same with and without them. They are not stored here, what they
    /// count is. An engine that keeps none answers from the events.
    ///
    /// # Errors
    /// [`StoreError::Plan`] for a declaration that makes no sense, others when the store refuses.
    async fn declare_rollups(
        &self,
        _scope: &TenantScope,
        rollups: Vec<RollupDefinition>,
    ) -> Result<(), StoreError> {
        rollups.iter().try_for_each(crate::check_rollup)
    }

    /// What each rollup holds, and how far it is; nothing for an engine that keeps none.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn rollup_stats(&self, _scope: &TenantScope) -> Result<Vec<RollupStats>, StoreError> {
        Ok(Vec::new())
    }

    /// Deletes every event of `mart`, durable when it returns. Gives how many there were. A crash within leaves all of
    /// them or none.
    ///
    /// # Errors
    /// When it cannot be written; then they are all there still.
    async fn drop_mart(&self, scope: &TenantScope, mart: &Mart) -> Result<u64, StoreError>;

    /// Puts the tenant's part of the store in order: merges small segments, compares checksums, removes files that nobody
    /// reads any more. Reads about `bytes_max` bytes at most and leaves off when events come in faster than they are
    /// written; the caller calls again from time to time. Answers are the same before, after and meanwhile.
    ///
    /// # Errors
    /// When the disk refuses. Nothing is lost then.
    async fn tend(&self, _scope: &TenantScope, _bytes_max: u64) -> Result<Tended, StoreError> {
        Ok(Tended::default())
    }

    /// Removes what `policy` keeps no longer at `now`: whole segments, by the time of their latest event. What is younger
    /// than the policy says stays, and what is in memory.
    ///
    /// # Errors
    /// When the disk refuses. Nothing is removed then.
    async fn retain(
        &self,
        _scope: &TenantScope,
        _policy: &RetentionPolicy,
        _now: Timestamp,
    ) -> Result<Retained, StoreError> {
        Ok(Retained::default())
    }

    /// The tenant's segments that cannot be read, by path.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn damaged(&self, _scope: &TenantScope) -> Result<Vec<DamagedSegment>, StoreError> {
        Ok(Vec::new())
    }

    /// What is stored, one entry per mart that has events or was declared, by name.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn stats(&self, scope: &TenantScope) -> Result<Vec<MartStats>, StoreError>;

    /// The names of the marts that can be asked for beside the default ones: those that have events. It is asked
    /// before every question, so engines look at no event for it.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn names(&self, scope: &TenantScope) -> Result<Vec<Mart>, StoreError> {
        Ok(self.stats(scope).await?.into_iter().map(|stats| stats.mart).collect())
    }
}

/// A question to the marts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MartQuery {
    /// Which marts; `None` for all of them.
    pub marts: Option<Vec<Mart>>,
    /// Which events; `None` for all of them.
    pub filter: Option<Predicate>,
    /// What is wanted of them.
    pub shape: Shape,
    /// When they happened.
    pub range: TimeRange,
}

/// What is wanted of the events found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The newest by event time, newest first, then by id downwards.
    Take {
        /// At most this many, and at most [`ROWS_MAX`].
        rows_max: usize,
    },
    /// How many there are: one row with the column `count`.
    Count,
}

impl Default for Shape {
    fn default() -> Self {
        Self::Take { rows_max: 100 }
    }
}

/// A half-open range of event time: `from <= time < to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimeRange {
    /// The first moment in it; `None` for open.
    pub from: Option<Timestamp>,
    /// The first moment after it; `None` for open.
    pub to: Option<Timestamp>,
}

/// Limits and form of an answer (law LIMIT).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchOptions {
    /// After this time the answer is what was found so far.
    pub timeout: Duration,
    /// Columns of a [`Shape::Take`] answer: header columns or source fields; `None` for [`DEFAULT_COLUMNS`].
    pub columns: Option<Vec<String>>,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), columns: None }
    }
}

/// The answer to a [`MartQuery`].
#[derive(Debug, Clone, PartialEq)]
pub struct MartAnswer {
    /// The columns of the rows.
    pub columns: Vec<Column>,
    /// The rows; a value is `null` where the event has none.
    pub rows: Vec<Vec<Value>>,
    /// Whether everything asked for was looked at.
    pub complete: bool,
    /// What stopped the search when it is not complete.
    pub stopped_by: Option<StoppedBy>,
    /// How the answer came about.
    pub lineage: Lineage,
    /// The segments that were opened, at most [`LINEAGE_SEGMENTS_MAX`].
    pub segments: Vec<SegmentRef>,
}

/// A segment that an answer came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SegmentRef {
    /// Where it is, below the directory of the marts.
    pub path: String,
    /// Of which mart.
    pub mart: Mart,
    /// Rows in it.
    pub rows: u64,
    /// Time of its earliest event.
    pub first: Timestamp,
    /// Time of its latest event.
    pub last: Timestamp,
    /// BLAKE3 of the file, in hexadecimal.
    pub checksum: String,
}

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What is in it.
    #[serde(rename = "type")]
    pub kind: ColumnKind,
}

/// Which limit stopped a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StoppedBy {
    /// The time allowed was over.
    Timeout,
    /// The memory allowed was used up.
    Memory,
}

/// What was looked at for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Lineage {
    /// Segments of the marts asked for.
    pub segments_considered: u64,
    /// Of these, segments whose time range alone ruled them out, so that they were not opened.
    pub segments_pruned: u64,
    /// Of these, segments not opened because newer ones already held the rows wanted, or the search stopped.
    pub segments_skipped: u64,
    /// Segments beside these that may hold what was asked for and are damaged: the answer goes without them.
    #[serde(default)]
    pub segments_unread: u64,
    /// Rows in the segments that were opened; page statistics may have spared most of them.
    pub segment_rows: u64,
    /// Rows looked at that are not yet in a segment.
    pub memory_rows: u64,
    /// Segments whose events were not read, because a rollup had counted them.
    #[serde(default)]
    pub segments_by_rollup: u64,
    /// Rows of rollups that were read in their place.
    #[serde(default)]
    pub rollup_rows: u64,
}

/// What a mart holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MartStats {
    /// Which mart.
    pub mart: Mart,
    /// Segments on disk.
    pub segments: u64,
    /// Events in segments.
    pub rows: u64,
    /// Bytes of the segments.
    pub bytes: u64,
    /// Events that are not yet in a segment.
    pub memory_rows: u64,
    /// Segments beside these that are damaged and wait for repair.
    pub segments_unread: u64,
    /// Events in those.
    pub rows_unread: u64,
    /// Events that retention has removed.
    pub rows_retired: u64,
    /// Bytes of the segments that retention has removed.
    pub bytes_retired: u64,
    /// Time of the earliest event.
    pub first: Option<Timestamp>,
    /// Time of the latest event.
    pub last: Option<Timestamp>,
}

impl MartStats {
    /// What a mart without events holds.
    #[must_use]
    pub fn empty(mart: &Mart) -> Self {
        Self {
            mart: mart.clone(),
            segments: 0,
            rows: 0,
            bytes: 0,
            memory_rows: 0,
            segments_unread: 0,
            rows_unread: 0,
            rows_retired: 0,
            bytes_retired: 0,
            first: None,
            last: None,
        }
    }
}
