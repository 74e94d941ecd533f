//! Rollups as whoever declares them sees them.

use serde::{Deserialize, Serialize};

/// Rollups that a tenant may have declared at once (law LIMIT): each is counted for every segment that is written.
pub const ROLLUPS_MAX: usize = 32;

/// What a rollup holds, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RollupStats {
    /// Its name.
    pub name: String,
    /// Segments that it has counted.
    pub segments: u64,
    /// Segments that it has not counted yet: questions about them go to their events.
    pub segments_pending: u64,
    /// Segments with too many combinations of keys to be kept: questions about them go to their events, too.
    pub segments_wide: u64,
    /// Rows that it keeps of those it has counted.
    pub rows: u64,
    /// Bytes of those.
    pub bytes: u64,
    /// Events in the segments that it has counted.
    pub events: u64,
    /// Events that it has not counted: in segments that wait, and in memory. Answers have them all the same.
    pub events_pending: u64,
    /// Questions that it answered since the store was opened.
    pub answers: u64,
}
