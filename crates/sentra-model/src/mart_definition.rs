//! Marts that an administrator registered, and what of them is stored.

use serde::{Deserialize, Serialize};

use crate::{Mart, Timestamp};

/// Longest name of a registered mart, in bytes.
pub const MART_NAME_BYTES_MAX: usize = 63;
/// Longest description of a mart, in characters.
pub const MART_DESCRIPTION_CHARS_MAX: usize = 1_000;
/// Longest filter of a mart, in bytes.
pub const MART_FILTER_BYTES_MAX: usize = 8_192;
/// Source fields that the schema of a mart may promise.
pub const MART_COLUMNS_MAX: usize = 256;
/// Longest time that events of a mart may be kept, in days.
pub const MART_RETENTION_DAYS_MAX: u32 = 36_500;

/// Names that mean something else in a question, or soon will.
const RESERVED: [&str; 16] = [
    "events",
    "signals",
    "incidents",
    "entities",
    "forensic",
    "vectors",
    "records",
    "archive",
    "ledger",
    "rollups",
    "marts",
    "raw",
    "dead",
    "all",
    "default",
    "sentra",
];

/// A name that no registered mart can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MartNameError {
    /// Characters or length.
    #[error(
        "mart {name:?} is not valid: use 1 to 63 of a-z, 0-9, - and _, starting with a letter or a digit"
    )]
    Characters {
        /// The beginning of the name.
        name: String,
    },
    /// It is one of the eight that every tenant has.
    #[error("{name} is a default mart, which every tenant has: choose another name")]
    Default {
        /// The name.
        name: String,
    },
    /// It is a table of its own.
    #[error("{name} is reserved for the platform's own tables: choose another name")]
    Reserved {
        /// The name.
        name: String,
    },
}

impl Mart {
    /// The mart called `name` that an administrator may register.
    ///
    /// # Errors
    /// For a name that a directory, a table of a question and a label could not all have.
    pub fn registered(name: &str) -> Result<Self, MartNameError> {
        let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        if !starts_well || name.len() > MART_NAME_BYTES_MAX || !name.bytes().all(allowed) {
            return Err(MartNameError::Characters { name: name.chars().take(80).collect() });
        }
        if Self::named(name).is_some() {
            return Err(MartNameError::Default { name: name.to_owned() });
        }
        if RESERVED.contains(&name) {
            return Err(MartNameError::Reserved { name: name.to_owned() });
        }
        Ok(Self::from_stored(name.to_owned()))
    }
}

/// A source field that the events of a mart are to have. It is a promise for those who ask: an event without it, or
/// with another kind of value, is stored all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MartColumn {
    /// Name of the source field.
    pub name: String,
    /// What its values are.
    #[serde(rename = "type")]
    pub kind: MartColumnKind,
}

/// What the values of a promised field are, in the words of the query language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MartColumnKind {
    /// Text.
    String,
    /// A whole number.
    Long,
    /// A number with a fraction.
    Real,
    /// True or false.
    Bool,
    /// A moment.
    DateTime,
    /// JSON of any shape.
    Dynamic,
}

/// Whether a registered mart takes events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MartState {
    /// Events that its filter holds for go into it.
    Active,
    /// It takes no events; what it has is kept until its retention ends.
    Removed,
    /// It takes no events, and what it had was deleted.
    Purged,
}

/// One version of a mart that an administrator registered. Older versions stay: they say how events were routed then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MartDefinition {
    /// Its name, a table of questions.
    pub name: Mart,
    /// What it is for, in words.
    #[serde(default)]
    pub description: String,
    /// Which events go into it: a condition as after KQL's `where`.
    pub filter: String,
    /// Source fields that its events are to have.
    #[serde(default)]
    pub columns: Vec<MartColumn>,
    /// How long its events are kept, in days; none for as long as the platform's setting says.
    #[serde(default)]
    pub retention_days: Option<u32>,
    /// Whether it takes events.
    pub state: MartState,
    /// Since when it is in that state.
    pub since: Timestamp,
    /// From 1, one more with every change of this mart.
    pub version: u64,
    /// From 1, one more with every change of any mart of the tenant. Of several marts whose filters hold for an event
    /// the one that was registered first takes it.
    pub revision: u64,
    /// Who made this version.
    pub changed_by: String,
    /// When.
    pub time: Timestamp,
}

/// From which offset of a partition on events are routed by which revision of the tenant's marts. Law SOURCE: a replay
/// routes each event as it was routed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RoutingEpoch {
    /// The partition of the raw topic.
    pub partition: u32,
    /// The first offset.
    pub from: u64,
    /// The revision.
    pub revision: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_directories_tables_and_labels() {
        let long = "a".repeat(64);
        for bad in ["", "..", "a/b", "A", "-a", "_a", "a b", "a\0", "ä", "linux", "events", "forensic", &long]
        {
            assert!(Mart::registered(bad).is_err(), "{bad:?} was accepted");
        }
        for good in ["payments", "0", "acme-eu_2", &"a".repeat(63)] {
            assert_eq!(Mart::registered(good).map(|mart| mart.to_string()), Ok(good.to_owned()));
        }
    }
}
