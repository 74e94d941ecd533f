use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sentra_model::{EventId, Timestamp};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// One event as it is stored. Serialises with `raw` as text (invalid UTF-8 replaced) and `raw_base64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place in the backbone.
    pub id: EventId,
    /// The mart it is in.
    pub mart: String,
    /// When it happened.
    pub time: Timestamp,
    /// When it arrived.
    pub seen: Timestamp,
    /// The header columns that have a value, numbers in decimal; without those that are members here.
    pub header: BTreeMap<String, String>,
    /// The source's fields in their order; a name may come more than once.
    pub fields: Vec<(String, String)>,
    /// The raw bytes.
    pub raw: Vec<u8>,
}

impl Serialize for StoredEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("StoredEvent", 8)?;
        object.serialize_field("id", &self.id)?;
        object.serialize_field("mart", &self.mart)?;
        object.serialize_field("time", &self.time)?;
        object.serialize_field("seen", &self.seen)?;
        object.serialize_field("header", &self.header)?;
        object.serialize_field("fields", &self.fields)?;
        object.serialize_field("raw", &String::from_utf8_lossy(&self.raw))?;
        object.serialize_field("raw_base64", &STANDARD.encode(&self.raw))?;
        object.end()
    }
}
