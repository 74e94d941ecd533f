//! Dead letters for people: listed, shown with their bytes, and replayed by the decoder in force.
//!
//! A replay appends the letter's record to the raw topic once more, where it becomes an event like any other.
//!
//! Invariant: a letter is replayed once, also across crashes. An intent with the end of the raw topic is stored before
//! the record is appended; whoever finds an open intent looks for the record from there on before appending anything.

mod bytes;
mod interrupted;
mod replay;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use sentra_backbone::{EventLog, LogError};
use sentra_decode::Decoder;
use sentra_model::{Clock, DeadLetter, DeadReason, EventId, Mart, TenantScope, Timestamp};
use sentra_store::{LetterReplay, Page, Records, StoreError};
use tokio::sync::Mutex;

pub use bytes::LetterBytes;

/// Letters that one replay looks at; the report says where the next one goes on.
pub const LETTERS_PER_REPLAY_MAX: usize = 500;

/// Where dead letters are looked at and replayed. Clones are the same desk.
#[derive(Clone)]
pub struct LetterDesk(Arc<Desk>);

struct Desk {
    log: Arc<dyn EventLog>,
    records: Arc<dyn Records>,
    decoder: Box<dyn Fn() -> Arc<Decoder> + Send + Sync>,
    clock: Arc<dyn Clock>,
    /// One replay at a time, with the moment at which the last one began.
    turn: Mutex<Timestamp>,
}

/// A letter in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedLetter {
    /// Its place.
    pub id: EventId,
    /// The letter.
    pub letter: DeadLetter,
    /// The record that it was replayed as.
    pub replayed: Option<EventId>,
}

/// A letter with all that is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownLetter {
    /// Its place.
    pub id: EventId,
    /// The letter.
    pub letter: DeadLetter,
    /// Its replay, or the intent of one.
    pub replay: Option<LetterReplay>,
    /// The record it stands for.
    pub bytes: LetterBytes,
}

/// Which letters to replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LetterSelection {
    /// These, at most [`LETTERS_PER_REPLAY_MAX`].
    Ids(Vec<EventId>),
    /// All that were not replayed yet, page by page.
    All {
        /// Of this reason only.
        reason: Option<DeadReason>,
        /// Behind this place: [`LetterReplayReport::next`] of the page before.
        after: Option<EventId>,
    },
}

/// What to replay, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterReplayRequest {
    /// Which letters.
    pub selection: LetterSelection,
    /// The format that the records' source names from now on, `auto` for none; `None` leaves it as it was.
    pub format: Option<String>,
    /// Only say what would become of each.
    pub dry_run: bool,
}

/// What became of each letter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LetterReplayReport {
    /// Decoded now, and appended again.
    pub replayed: Vec<ReplayedLetter>,
    /// Still not understood.
    pub still_dead: Vec<RefusedLetter>,
    /// Not to be replayed at all.
    pub not_replayable: Vec<RefusedLetter>,
    /// Where the next page begins; `None` when this was the last one.
    pub next: Option<EventId>,
}

/// A letter that became a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayedLetter {
    /// The letter's place.
    pub id: EventId,
    /// The new record; `None` in a dry run.
    pub event: Option<EventId>,
    /// The format that understands it.
    pub format: String,
    /// The mart that its event goes to.
    pub mart: Mart,
}

/// A letter that did not become a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedLetter {
    /// The letter's place.
    pub id: EventId,
    /// Why not, for people.
    pub why: String,
}

/// Why letters could not be looked at or replayed.
#[derive(Debug, thiserror::Error)]
pub enum LetterError {
    /// The backbone could not be read or written. What was replayed before is marked.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The records store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No decoder knows the format.
    #[error("there is no format {name:?}, known are {}", known.join(", "))]
    FormatUnknown {
        /// The name.
        name: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// More letters than one replay takes.
    #[error("{letters} letters are named, one replay takes at most {LETTERS_PER_REPLAY_MAX}")]
    LettersTooMany {
        /// How many were named.
        letters: usize,
    },
    /// The replay's task ended without a result.
    #[error("the replay was stopped: ask again, what was replayed is not replayed twice")]
    Stopped,
}

impl LetterDesk {
    /// A desk over these engines. `decoder` gives the decoder in force, which may be another one each time.
    pub fn new(
        log: Arc<dyn EventLog>,
        records: Arc<dyn Records>,
        decoder: impl Fn() -> Arc<Decoder> + Send + Sync + 'static,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (decoder, turn) = (Box::new(decoder), Mutex::new(Timestamp::MIN));
        Self(Arc::new(Desk { log, records, decoder, clock, turn }))
    }

    /// Up to `limit` letters behind `after`, in the order of their places.
    ///
    /// # Errors
    /// [`LetterError::Store`].
    pub async fn list(
        &self,
        scope: &TenantScope,
        reason: Option<DeadReason>,
        after: Option<EventId>,
        limit: usize,
    ) -> Result<Page<ListedLetter>, LetterError> {
        let records = &self.0.records;
        let page = records.dead_letters_of(scope, reason, after, limit).await?;
        let ids: Vec<EventId> = page.items.iter().map(|(id, _)| *id).collect();
        let replays = records.letter_replays(scope, &ids).await?;
        let events: BTreeMap<_, _> = replays.iter().map(|replay| (replay.letter, replay.event)).collect();
        let listed = |(id, letter)| {
            let replayed = events.get(&id).copied().flatten();
            ListedLetter { id, letter, replayed }
        };
        let items = page.items.into_iter().map(listed).collect();
        Ok(Page { items, next: page.next, total: page.total })
    }

    /// The letter `id` with its bytes.
    ///
    /// # Errors
    /// [`LetterError::Store`], [`LetterError::Log`].
    pub async fn show(&self, scope: &TenantScope, id: EventId) -> Result<Option<ShownLetter>, LetterError> {
        let Some(letter) = self.0.records.dead_letter(scope, id).await? else { return Ok(None) };
        let replay = self.0.records.letter_replays(scope, &[id]).await?.pop();
        let bytes = bytes::Reader::new(self.0.log.as_ref(), scope).of(&letter).await?;
        Ok(Some(ShownLetter { id, letter, replay, bytes }))
    }

    /// Replays letters: those that the decoder understands now become records of the raw topic once more, durably
    /// (law ACK), and are marked with the new record's id.
    ///
    /// It goes on to its end also when the caller goes away. A record that has no time of its own gets the time of its
    /// replay.
    ///
    /// # Errors
    /// See [`LetterError`].
    pub async fn replay(
        &self,
        scope: &TenantScope,
        request: LetterReplayRequest,
    ) -> Result<LetterReplayReport, LetterError> {
        let (desk, scope) = (Arc::clone(&self.0), scope.clone());
        // An append that nobody waits for may still happen: a second replay could overtake it and not see it.
        let task = tokio::spawn(async move { desk.replay(&scope, request).await });
        task.await.map_err(|_stopped| LetterError::Stopped)?
    }
}

impl fmt::Debug for LetterDesk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LetterDesk").field("log", &self.0.log).finish_non_exhaustive()
    }
}
