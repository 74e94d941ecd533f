//! What only source fields know: bytes that left, and the user agent.

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, DictionaryArray, StringArray};
use sentra_model::EventBatch;

use super::frame::kind;
use crate::baseline::hash::{self, NONE};

/// Source fields that say which program speaks HTTP.
const AGENT_FIELDS: [&str; 8] = [
    "user_agent.original",
    "user_agent",
    "userAgent",
    "cs-user-agent",
    "c-useragent",
    "http_user_agent",
    "UserAgent",
    "http.http_user_agent",
];
/// Source fields that count the bytes that left, by the sources that are unambiguous about the direction.
const BYTES_FIELDS: [&str; 13] = [
    "bytes_out",
    "sent_bytes",
    "BytesSent",
    "orig_bytes",
    "sentbyte",
    "SentBytes",
    "cs-bytes",
    "cs_bytes",
    "out_bytes",
    "bytes_toserver",
    "flow.bytes_toserver",
    "source.bytes",
    "client.bytes",
];

/// What a source field says, by the number of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Nothing,
    Bytes,
    Agent,
}

/// The two things that only source fields know. Where no name of the batch's says them, there is no reader.
pub(crate) struct FieldReader<'a> {
    offsets: &'a [i32],
    names: &'a [i32],
    values: &'a DictionaryArray<Int32Type>,
    texts: &'a StringArray,
    meanings: Vec<Meaning>,
    agents: Vec<u64>,
    seed: u64,
}

impl<'a> FieldReader<'a> {
    pub(crate) fn new(batch: &'a EventBatch, seed: u64) -> Option<Self> {
        let names: &StringArray = batch.field_names().values().as_string_opt()?;
        let meanings: Vec<Meaning> = names
            .iter()
            .map(|name| match name {
                Some(name) if AGENT_FIELDS.contains(&name) => Meaning::Agent,
                Some(name) if BYTES_FIELDS.contains(&name) => Meaning::Bytes,
                _ => Meaning::Nothing,
            })
            .collect();
        if meanings.iter().all(|meaning| *meaning == Meaning::Nothing) {
            return None;
        }
        let values = batch.field_values();
        let texts: &StringArray = values.values().as_string_opt()?;
        let agents = vec![NONE; if meanings.contains(&Meaning::Agent) { texts.len() } else { 0 }];
        let names = batch.field_names().keys().values();
        Some(Self { offsets: batch.fields().value_offsets(), names, values, texts, meanings, agents, seed })
    }

    /// Bytes that left, and the key of the user agent.
    pub(crate) fn read(&mut self, row: usize) -> (f32, u64) {
        let Some([from, to]) = self.offsets.get(row..).and_then(<[i32]>::first_chunk) else {
            return (0.0, NONE);
        };
        let (from, to) = (*from as usize, *to as usize);
        let Some(names) = self.names.get(from..to) else { return (0.0, NONE) };
        let (mut bytes, mut agent) = (0.0, NONE);
        for (entry, name) in (from..to).zip(names) {
            match self.meanings.get(*name as usize) {
                Some(Meaning::Bytes) if bytes == 0.0 => bytes = self.bytes(entry),
                Some(Meaning::Agent) if agent == NONE => agent = self.agent(entry),
                _ => {}
            }
        }
        (bytes, agent)
    }

    fn text(&self, entry: usize) -> Option<(usize, &'a str)> {
        let value = self.values.key(entry)?;
        (value < self.texts.len()).then(|| (value, self.texts.value(value)))
    }

    fn bytes(&self, entry: usize) -> f32 {
        let bytes = self.text(entry).and_then(|(_, text)| text.parse::<f32>().ok());
        // More than an exabyte in one event is a wrong field.
        bytes.filter(|bytes| bytes.is_finite() && (0.0..1e18).contains(bytes)).unwrap_or_default()
    }

    fn agent(&mut self, entry: usize) -> u64 {
        let Some((value, text)) = self.text(entry).filter(|(_, text)| !text.is_empty() && *text != "-")
        else {
            return NONE;
        };
        let seed = self.seed;
        let Some(place) = self.agents.get_mut(value) else { return NONE };
        if *place == NONE {
            *place = hash::key(seed, kind::AGENT, text.as_bytes());
        }
        *place
    }
}
