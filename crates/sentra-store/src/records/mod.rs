use std::fmt::Debug;

use async_trait::async_trait;
use sentra_model::{
    DeadLetter, DeadReason, Estimate, EventId, Incident, IncidentId, IncidentStatus, Position, Severity,
    Signal, SignalId, TenantId, TenantScope, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::StoreError;

mod commit;
mod entity;
mod letters;
mod read;
mod sqlite;

pub use sqlite::SqliteRecords;

/// Stands in the status column of an incident that became part of another: it is in no list, and its id leads there.
const MERGED: &str = "merged";
/// How often an id leads on before the incident is given as it is.
const MERGES_FOLLOWED_MAX: usize = 64;

/// Most incidents on one page.
pub const INCIDENTS_PAGE_MAX: usize = 500;
/// Most signals on one page.
pub const SIGNALS_PAGE_MAX: usize = 1_000;
/// Incidents on a page when the filter does not say.
const INCIDENTS_PAGE_DEFAULT: usize = 50;

/// Signals, incidents, dead letters and the state of detection.
///
/// Law SOURCE: what a consumer derives from a stretch of the backbone is committed together with the
/// position after that stretch, or not at all.
#[async_trait]
pub trait Records: Send + Sync + Debug {
    /// Stores everything in `commit` in one transaction. Things with an id that is stored already replace
    /// what was there, so that the same commit twice is the same as once (law IDENTITY).
    ///
    /// # Errors
    /// [`StoreError::ForeignTenant`] for a signal or incident of another tenant; others when it cannot be
    /// written, and then nothing of it is.
    async fn commit(&self, scope: &TenantScope, commit: RecordsCommit) -> Result<(), StoreError>;

    /// The offset from which `consumer` goes on in `partition`; 0 when it never committed.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn position(&self, scope: &TenantScope, consumer: &str, partition: u32) -> Result<u64, StoreError>;

    /// The whole state of detection, by key.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn state(&self, scope: &TenantScope) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError>;

    /// One incident; for the id of one that became part of another, that other.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn incident(&self, scope: &TenantScope, id: IncidentId) -> Result<Option<Incident>, StoreError>;

    /// Incidents that pass `filter`, the last changed first, then by id, without those that became part of another.
    ///
    /// # Errors
    /// [`StoreError::Cursor`] for a cursor that is none; others when the store cannot be read.
    async fn incidents(
        &self,
        scope: &TenantScope,
        filter: &IncidentFilter,
    ) -> Result<Page<Incident>, StoreError>;

    /// Incidents that are neither resolved nor closed and whose last evidence is not older than given,
    /// by the time of that evidence: those that a new signal may join.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn open_incidents_since(
        &self,
        scope: &TenantScope,
        last_at_or_after: Timestamp,
    ) -> Result<Vec<Incident>, StoreError>;

    /// The signals of an incident in the order in which they joined; ids lead on as for [`Records::incident`].
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn incident_signals(&self, scope: &TenantScope, id: IncidentId) -> Result<Vec<Signal>, StoreError>;

    /// One signal.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn signal(&self, scope: &TenantScope, id: SignalId) -> Result<Option<Signal>, StoreError> {
        Ok(self.signals(scope, &[id]).await?.pop())
    }

    /// The signals `ids` that there are, in the order of `ids`.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn signals(&self, scope: &TenantScope, ids: &[SignalId]) -> Result<Vec<Signal>, StoreError>;

    /// Signals that pass `filter`, the one with the latest evidence first, then by id. `total` counts those on the page.
    ///
    /// # Errors
    /// [`StoreError::Cursor`] for a cursor that is none; others when the store cannot be read.
    async fn signals_page(
        &self,
        scope: &TenantScope,
        filter: &SignalFilter,
    ) -> Result<Page<Signal>, StoreError>;

    /// The versions of an incident, the first one first.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn incident_history(
        &self,
        scope: &TenantScope,
        id: IncidentId,
    ) -> Result<Vec<IncidentVersion>, StoreError>;

    /// Up to `limit` dead letters whose place is after `after`, in the order of their places. The page's
    /// `next` is the place of its last one, as text.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn dead_letters(
        &self,
        scope: &TenantScope,
        after: Option<EventId>,
        limit: usize,
    ) -> Result<Page<(EventId, DeadLetter)>, StoreError> {
        self.dead_letters_of(scope, None, after, limit).await
    }

    /// As [`Records::dead_letters`], those of one reason where one is given; the page's `total` is theirs.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn dead_letters_of(
        &self,
        scope: &TenantScope,
        reason: Option<DeadReason>,
        after: Option<EventId>,
        limit: usize,
    ) -> Result<Page<(EventId, DeadLetter)>, StoreError>;

    /// The dead letter at a place.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn dead_letter(&self, scope: &TenantScope, id: EventId) -> Result<Option<DeadLetter>, StoreError>;

    /// The replays of `letters` that were begun, in the order of `letters`.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn letter_replays(
        &self,
        scope: &TenantScope,
        letters: &[EventId],
    ) -> Result<Vec<LetterReplay>, StoreError>;

    /// Stores replays in one transaction; one of the same letter replaces what was there.
    ///
    /// # Errors
    /// When it cannot be written, and then nothing of it is.
    async fn put_letter_replays(
        &self,
        scope: &TenantScope,
        replays: &[LetterReplay],
    ) -> Result<(), StoreError>;

    /// How many dead letters there are for each reason that has any.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn dead_letter_counts(&self, scope: &TenantScope) -> Result<Vec<(DeadReason, u64)>, StoreError>;

    /// The names of the tenants that committed something: the one call without a scope.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn tenants(&self) -> Result<Vec<TenantId>, StoreError>;
}

/// What one step of a consumer leaves behind.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordsCommit {
    /// Name of the consumer.
    pub consumer: String,
    /// Where it goes on.
    pub next: Position,
    /// New and changed signals.
    pub signals: Vec<Signal>,
    /// New and changed incidents.
    pub incidents: Vec<Incident>,
    /// Dead letters by their place in the dead topic.
    pub dead_letters: Vec<(EventId, DeadLetter)>,
    /// Changed state of detection: `None` deletes the key.
    pub state: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

/// The replay of a dead letter. It is stored before its record is appended once more, and again when the record is
/// there: between the two lies what a crash can leave open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterReplay {
    /// The letter's place.
    pub letter: EventId,
    /// When it began; the new record is received at that moment, which tells it from every other.
    pub begun: Timestamp,
    /// The partition of the raw topic that the record goes to.
    pub partition: u32,
    /// Where that partition ended before: the record stands there or behind.
    pub from_offset: u64,
    /// The format that the record's source names now.
    pub format: Option<String>,
    /// The new record's id; `None` while it is not known to be there.
    pub event: Option<EventId>,
    /// When it was known to be there.
    pub done: Option<Timestamp>,
}

/// Which incidents are wanted; the empty filter wants all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentFilter {
    /// With this status.
    pub status: Option<IncidentStatus>,
    /// At least this severe.
    pub severity_min: Option<Severity>,
    /// With this text in title, headline, an entity or a technique, without case.
    pub text: Option<String>,
    /// Changed after this moment.
    pub updated_after: Option<Timestamp>,
    /// How many on a page: 1 to [`INCIDENTS_PAGE_MAX`].
    pub limit: usize,
    /// [`Page::next`] of the page before.
    pub cursor: Option<String>,
}

impl Default for IncidentFilter {
    fn default() -> Self {
        Self {
            status: None,
            severity_min: None,
            text: None,
            updated_after: None,
            limit: INCIDENTS_PAGE_DEFAULT,
            cursor: None,
        }
    }
}

/// Which signals are wanted; the empty filter wants all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignalFilter {
    /// With evidence at this moment or later.
    pub last_at_or_after: Option<Timestamp>,
    /// How many on a page: 1 to [`SIGNALS_PAGE_MAX`].
    pub limit: usize,
    /// [`Page::next`] of the page before.
    pub cursor: Option<String>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The things on it.
    pub items: Vec<T>,
    /// The cursor of the next page; `None` on the last one.
    pub next: Option<String>,
    /// How many things there are on all pages.
    pub total: u64,
}

/// An incident as it was at one of its versions, in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IncidentVersion {
    /// The version.
    pub version: u64,
    /// When it came about, by the platform's clock.
    pub updated: Timestamp,
    /// The title it had.
    pub title: String,
    /// The risk it had.
    pub risk: Estimate,
    /// How many signals it had.
    pub signals: u64,
}
