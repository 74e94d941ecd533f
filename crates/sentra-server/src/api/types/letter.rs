use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sentra_factory::{
    LetterBytes, LetterReplayReport, LetterReplayRequest, LetterSelection, ListedLetter, ShownLetter,
};
use sentra_model::{DeadLetter, DeadReason, EventId, Mart, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A dead letter with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetterItem {
    /// Its place: that of the record it stands for, or in the topic of dead letters.
    pub id: EventId,
    /// The letter.
    #[serde(flatten)]
    pub letter: DeadLetter,
    /// The record that it was replayed as.
    #[serde(default)]
    pub replayed: Option<EventId>,
}

/// A page of dead letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetterPage {
    /// The letters.
    pub items: Vec<DeadLetterItem>,
    /// Hand this back as `cursor` for the next page; null on the last one.
    pub next: Option<String>,
    /// How many there are over all pages.
    pub total: u64,
}

/// A dead letter with the bytes of its record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetterDetail {
    /// Its place.
    pub id: EventId,
    /// The letter.
    #[serde(flatten)]
    pub letter: DeadLetter,
    /// Its replay; null where none was begun.
    pub replay: Option<LetterReplayState>,
    /// The record as text, bytes that are not UTF-8 replaced; null where it is not kept whole.
    pub raw: Option<String>,
    /// The record byte for byte; null where it is not kept whole.
    pub raw_base64: Option<String>,
    /// Why it is not kept whole, and cannot be replayed.
    pub raw_missing: Option<String>,
}

/// How far a replay of a letter is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LetterReplayState {
    /// When it began.
    pub begun: Timestamp,
    /// The format that the record's source names since then; null where the decoder detects it.
    pub format: Option<String>,
    /// The new record; null where the replay was interrupted, and the next one completes it.
    pub event: Option<EventId>,
}

/// Which letters to replay, and how. Exactly one of `ids`, `reason` and `all` says which.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LetterReplayBody {
    /// These letters, at most 500.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 500)]
    pub ids: Option<Vec<EventId>>,
    /// All letters of this reason that were not replayed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<DeadReason>,
    /// All letters that were not replayed yet.
    #[serde(default)]
    pub all: bool,
    /// Read the records as this format from now on, `auto` to detect it; as before where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Only say what would become of each.
    #[serde(default)]
    pub dry_run: bool,
    /// `next` of the answer before, for `reason` and `all`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<EventId>,
}

/// What became of the letters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LetterReplayAnswer {
    /// Understood now, and durable as records of the raw topic.
    pub replayed: Vec<ReplayedLetterView>,
    /// Still not understood.
    pub still_dead: Vec<LetterStillDead>,
    /// Never to be replayed: their record is not kept whole, or they were replayed before.
    pub not_replayable: Vec<LetterUnreplayable>,
    /// Hand this back as `cursor` to go on; null when these were the last ones.
    pub next: Option<EventId>,
}

/// A letter that became a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplayedLetterView {
    /// The letter.
    pub id: EventId,
    /// The new record; null in a dry run.
    pub event: Option<EventId>,
    /// The format that understands it.
    pub format: String,
    /// The mart that its event goes to.
    pub mart: Mart,
}

/// A letter that is still not understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LetterStillDead {
    /// The letter.
    pub id: EventId,
    /// What is wrong with its record.
    pub detail: String,
}

/// A letter that cannot be replayed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LetterUnreplayable {
    /// The letter.
    pub id: EventId,
    /// Why not.
    pub why: String,
}

impl LetterReplayBody {
    /// The request as the desk takes it.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn into_request(self) -> Result<LetterReplayRequest, &'static str> {
        let Self { ids, reason, all, format, dry_run, cursor } = self;
        let selection = match (ids, reason, all) {
            (Some(_), None, false) if cursor.is_some() => return Err("a cursor makes no sense with ids"),
            (Some(ids), None, false) => LetterSelection::Ids(ids),
            (None, reason, false) if reason.is_some() => LetterSelection::All { reason, after: cursor },
            (None, None, true) => LetterSelection::All { reason: None, after: cursor },
            _ => return Err("exactly one of ids, reason and all must say which letters"),
        };
        Ok(LetterReplayRequest { selection, format, dry_run })
    }
}

impl From<LetterReplayReport> for LetterReplayAnswer {
    fn from(report: LetterReplayReport) -> Self {
        let LetterReplayReport { replayed, still_dead, not_replayable, next } = report;
        let replayed = replayed.into_iter().map(|letter| ReplayedLetterView {
            id: letter.id,
            event: letter.event,
            format: letter.format,
            mart: letter.mart,
        });
        let still_dead = still_dead.into_iter();
        let not_replayable = not_replayable.into_iter();
        Self {
            replayed: replayed.collect(),
            still_dead: still_dead.map(|l| LetterStillDead { id: l.id, detail: l.why }).collect(),
            not_replayable: not_replayable.map(|l| LetterUnreplayable { id: l.id, why: l.why }).collect(),
            next,
        }
    }
}

impl From<ListedLetter> for DeadLetterItem {
    fn from(listed: ListedLetter) -> Self {
        let ListedLetter { id, letter, replayed } = listed;
        Self { id, letter, replayed }
    }
}

impl From<ShownLetter> for DeadLetterDetail {
    fn from(shown: ShownLetter) -> Self {
        let ShownLetter { id, letter, replay, bytes } = shown;
        let (bytes, raw_missing) = match bytes {
            LetterBytes::Whole(bytes) => (Some(bytes), None),
            LetterBytes::Missing { why } => (None, Some(why)),
        };
        let replay = replay.map(|replay| LetterReplayState {
            begun: replay.begun,
            format: replay.format,
            event: replay.event,
        });
        Self {
            id,
            letter,
            replay,
            raw: bytes.as_deref().map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
            raw_base64: bytes.map(|bytes| STANDARD.encode(bytes)),
            raw_missing,
        }
    }
}
