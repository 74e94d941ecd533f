//! Aggregates that are kept up to date as events arrive.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Keys that a rollup may group by.
pub const ROLLUP_KEYS_MAX: usize = 8;
/// Aggregates that a rollup may keep beside the count.
pub const ROLLUP_AGGREGATES_MAX: usize = 16;

/// A declared aggregate: for each bucket of time and each combination of its keys how many events there were, and what
/// else was asked for of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RollupDefinition {
    /// Its name: 1 to 63 of a-z, 0-9, - and _.
    pub name: String,
    /// Whose events: the name of a mart, or `events` for all of them. One over all has the mart among its keys.
    pub mart: String,
    /// Which events of those, as after KQL's `where`; empty for all.
    #[serde(default)]
    pub filter: String,
    /// What it groups by beside the time: columns, source fields, or expressions of such.
    #[serde(default)]
    pub keys: Vec<String>,
    /// What it keeps beside the count: `sum(x)`, `min(x)` or `max(x)` of whole numbers, `min` and `max` of moments.
    #[serde(default)]
    pub aggregates: Vec<String>,
    /// How long a bucket is.
    pub grain: RollupGrain,
    /// Who declared it.
    #[serde(default)]
    pub changed_by: String,
    /// When.
    #[serde(default)]
    pub time: Option<Timestamp>,
}

/// How long a bucket of a rollup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RollupGrain {
    /// One minute.
    Minute,
    /// One hour.
    Hour,
    /// One day, in UTC.
    Day,
}

impl RollupGrain {
    /// Its length in microseconds.
    #[must_use]
    pub fn micros(self) -> i64 {
        match self {
            Self::Minute => 60_000_000,
            Self::Hour => 3_600_000_000,
            Self::Day => 86_400_000_000,
        }
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}
