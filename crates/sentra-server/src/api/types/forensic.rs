use sentra_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the forensic index of a tenant holds: the full text of the events of signals and of what policies name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default, ToSchema)]
pub struct ForensicView {
    /// Whether there is one; otherwise everything below is empty.
    pub enabled: bool,
    /// Events in it.
    pub documents: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes that it may have: the share of what was ingested, and never less than the floor.
    pub budget_bytes: u64,
    /// The share, in percent of the raw bytes ingested.
    pub share_percent: f64,
    /// The floor.
    pub floor_bytes: u64,
    /// Raw bytes ingested since there is an index.
    pub ingested_bytes: u64,
    /// What became of events by class, the most important class first. What was refused, evicted or expired is in the
    /// marts still.
    pub classes: Vec<ForensicClass>,
    /// What was damaged when the server started, and where it is now; the index is filled again.
    pub set_aside: Option<String>,
}

/// What became of the events of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ForensicClass {
    /// `signals critical` and so on, or the name of a policy.
    pub class: String,
    /// Whether it is configured still; what is left of a policy that is not gives way first.
    pub configured: bool,
    /// Events held: those admitted without those evicted, expired or raised.
    pub documents: u64,
    /// Events taken in.
    pub admitted: u64,
    /// Events for which there was no room.
    pub refused: u64,
    /// Events that made room for others.
    pub evicted: u64,
    /// Events that were kept as long as they were to be.
    pub expired: u64,
    /// Events that went into a more important class.
    pub raised: u64,
    /// Events of which something was too long to be searched.
    pub cut: u64,
    /// The newest event that gave way or was refused and that would be held still if there were room; nothing while all that
    /// belong into the class are held. An index of an earlier version does not know: then it is the end of time.
    pub lacking_until: Option<Timestamp>,
}
