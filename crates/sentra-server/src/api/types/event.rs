use std::collections::BTreeMap;

use sentra_model::{EventId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One event with the bytes it was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventDetail {
    /// Its place in the backbone.
    pub id: EventId,
    /// The mart it is in.
    pub mart: String,
    /// When it happened.
    pub time: Timestamp,
    /// When it arrived.
    pub seen: Timestamp,
    /// What Sentra understood: header columns that have a value.
    pub header: BTreeMap<String, String>,
    /// What the source said: pairs of name and value under the source's own names.
    pub fields: Vec<(String, String)>,
    /// The record as text; bytes that are not UTF-8 are replaced.
    pub raw: String,
    /// The record byte for byte.
    pub raw_base64: String,
}

/// Which events to fetch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventLookup {
    /// At most 200 ids.
    #[schema(max_items = 200)]
    pub ids: Vec<EventId>,
}

/// The events that were found, in the order they were asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventLookupAnswer {
    /// Found.
    pub events: Vec<EventDetail>,
    /// Not found.
    pub missing: Vec<EventId>,
}
