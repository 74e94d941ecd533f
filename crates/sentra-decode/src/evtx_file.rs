//! EVTX files: binary chunks of 64 KiB, each readable on its own.
//!
//! A record can be read only inside its chunk (it refers to names and templates there), so what goes on
//! as the raw record is its JSON rendering.

use std::collections::VecDeque;
use std::fmt;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use evtx::{EvtxChunkData, EvtxParser, IntoIterChunks, ParserSettings};
use sentra_model::OwnedRecord;

const HEADER_BYTES: usize = 4_096;
const CHUNK_BYTES: usize = 65_536;
const MAGIC: &[u8] = b"ElfFile\0";

/// A part of a container that could not be read. What is around it was taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct ContainerProblem {
    /// Number of the chunk from 0, where it is known.
    pub chunk: Option<u64>,
    /// What was wrong, for people.
    pub detail: String,
}

/// Whether `bytes` begin like an EVTX file.
#[must_use]
pub fn is_evtx(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// The records of an EVTX file in their order; see [`evtx_records`].
pub struct EvtxRecords {
    chunks: Option<IntoIterChunks<Cursor<Vec<u8>>>>,
    settings: Arc<ParserSettings>,
    ready: VecDeque<Result<OwnedRecord, ContainerProblem>>,
    /// Said after everything that could be read.
    at_end: Option<ContainerProblem>,
    chunks_read: u64,
}

impl fmt::Debug for EvtxRecords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvtxRecords").field("chunks_read", &self.chunks_read).finish_non_exhaustive()
    }
}

/// The records of the EVTX file `bytes`, each as JSON with its event record id as position.
///
/// Law LOSS: a broken record, chunk or end of the file is an item of its own, and the rest goes on.
#[must_use]
pub fn evtx_records(mut bytes: Vec<u8>) -> EvtxRecords {
    let settings = Arc::new(ParserSettings::new());
    let mut records =
        EvtxRecords { chunks: None, settings, ready: VecDeque::new(), at_end: None, chunks_read: 0 };
    let partial_bytes = bytes.len().saturating_sub(HEADER_BYTES) % CHUNK_BYTES;
    if partial_bytes > 0 && bytes.len() > HEADER_BYTES {
        records.at_end = Some(ContainerProblem {
            chunk: None,
            detail: format!(
                "the file ends {} bytes before the end of its last chunk",
                CHUNK_BYTES - partial_bytes
            ),
        });
        // Filled up, the last chunk gives the records that are still whole.
        bytes.resize(bytes.len() + CHUNK_BYTES - partial_bytes, 0);
    }
    match guarded(|| EvtxParser::from_buffer(bytes).map(EvtxParser::into_chunks)) {
        Ok(chunks) => records.chunks = Some(chunks),
        Err(detail) => {
            records.at_end = None;
            records.ready.push_back(Err(ContainerProblem {
                chunk: None,
                detail: format!("not an EVTX file: {detail}"),
            }));
        }
    }
    records
}

impl Iterator for EvtxRecords {
    type Item = Result<OwnedRecord, ContainerProblem>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.ready.pop_front() {
                return Some(record);
            }
            let Some(chunks) = self.chunks.as_mut() else { return self.at_end.take().map(Err) };
            let chunk = match catch_unwind(AssertUnwindSafe(|| chunks.next())) {
                Ok(Some(chunk)) => chunk,
                Ok(None) => {
                    self.chunks = None;
                    continue;
                }
                Err(_) => {
                    self.chunks = None;
                    self.problem("the reader gave up on the file".to_owned());
                    continue;
                }
            };
            match chunk {
                Ok(chunk) => self.read(chunk),
                Err(error) => self.problem(chain(&error)),
            }
            self.chunks_read += 1;
        }
    }
}

impl EvtxRecords {
    fn problem(&mut self, detail: String) {
        self.ready.push_back(Err(ContainerProblem { chunk: Some(self.chunks_read), detail }));
    }

    fn read(&mut self, mut chunk: EvtxChunkData) {
        let settings = Arc::clone(&self.settings);
        let mut items = Vec::new();
        let parsed = guarded(|| {
            for record in chunk.parse(settings)?.iter() {
                items.push(record.and_then(evtx::EvtxRecord::into_json_bytes));
            }
            Ok::<_, evtx::err::ChunkError>(())
        });
        for item in items {
            match item {
                Ok(record) => self
                    .ready
                    .push_back(Ok(OwnedRecord { position: record.event_record_id, bytes: record.data })),
                Err(error) => self.problem(chain(&error)),
            }
        }
        if let Err(detail) = parsed {
            self.problem(detail);
        }
    }
}

/// Runs a parser of hostile bytes: its errors and its panics both become text.
fn guarded<T, E: std::error::Error>(parse: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(parse)) {
        Ok(result) => result.map_err(|error| chain(&error)),
        Err(_) => Err("the reader gave up on it".to_owned()),
    }
}

/// An error with its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text.replace(['\n', '\r'], " ")
}
