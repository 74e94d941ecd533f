use sentra_model::{DeadReason, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A line that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RejectedLine {
    /// Line of the body, from 1.
    pub line: u64,
    /// Why.
    pub reason: DeadReason,
    /// What was wrong, for people.
    pub detail: String,
}

/// What became of the lines of a body. Law ACK: `accepted` records are durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default, ToSchema)]
pub struct IngestAnswer {
    /// Records that are durable.
    pub accepted: u64,
    /// The first 100 lines that were not taken; each is a dead letter.
    pub rejected: Vec<RejectedLine>,
    /// How many lines were not taken.
    pub rejected_total: u64,
}

/// A link that logs a browser in, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoginLink {
    /// Where to go, from the root of this server.
    #[schema(example = "/login?token=…")]
    pub path: String,
    /// The whole link.
    pub url: String,
    /// When it stops working.
    pub expires: Timestamp,
}
