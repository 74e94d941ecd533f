//! Files of legacy records.

use std::collections::VecDeque;
use std::fmt;

use sentra_model::OwnedRecord;

use crate::ContainerProblem;
use crate::legacy::framer::{LegacyFramed, LegacyStream, RdwFramer};

/// No legacy record is longer: an SMF record has up to 32 KiB, a journal entry up to 99,999 bytes, an SPI
/// buffer up to 64 KiB.
const RECORD_BYTES_MAX: usize = 1 << 20;
/// How much of a file is looked at in one go.
const CHUNK_BYTES: usize = 1 << 16;

/// The records of a file in their order. A stretch that is no record is an item of its own, and the rest goes on.
pub struct LegacyRecords<'a> {
    framer: Option<RdwFramer>,
    rest: &'a [u8],
    ready: VecDeque<Result<OwnedRecord, ContainerProblem>>,
}

impl fmt::Debug for LegacyRecords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LegacyRecords").field("bytes_left", &self.rest.len()).finish_non_exhaustive()
    }
}

/// The records of the SMF file `bytes`: records behind RDWs, blocks of them, or spanned ones, which are joined.
#[must_use]
pub fn smf_records(bytes: &[u8]) -> LegacyRecords<'_> {
    records(LegacyStream::Smf, bytes)
}

/// The journal entries of the file `bytes`, of one length each or of the length that each says.
#[must_use]
pub fn qaudjrn_records(bytes: &[u8]) -> LegacyRecords<'_> {
    records(LegacyStream::Qaudjrn, bytes)
}

/// The SPI buffers of the file `bytes`, or its lines where it is text.
#[must_use]
pub fn ems_records(bytes: &[u8]) -> LegacyRecords<'_> {
    records(LegacyStream::Ems, bytes)
}

fn records(stream: LegacyStream, bytes: &[u8]) -> LegacyRecords<'_> {
    LegacyRecords {
        framer: Some(RdwFramer::new(stream, RECORD_BYTES_MAX)),
        rest: bytes,
        ready: VecDeque::new(),
    }
}

impl Iterator for LegacyRecords<'_> {
    type Item = Result<OwnedRecord, ContainerProblem>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(item);
            }
            let framer = self.framer.as_mut()?;
            let ready = &mut self.ready;
            let mut emit = |framed: LegacyFramed<'_>| ready.push_back(item(framed));
            if self.rest.is_empty() {
                framer.finish(&mut emit);
                self.framer = None;
                continue;
            }
            let (chunk, rest) = self.rest.split_at(CHUNK_BYTES.min(self.rest.len()));
            framer.push(chunk, &mut emit);
            self.rest = rest;
        }
    }
}

fn item(framed: LegacyFramed<'_>) -> Result<OwnedRecord, ContainerProblem> {
    match framed {
        LegacyFramed::Record { position, bytes } => Ok(OwnedRecord { position, bytes: bytes.to_vec() }),
        LegacyFramed::Broken { offset, length_bytes, detail, .. } => Err(ContainerProblem {
            chunk: None,
            detail: format!("{length_bytes} bytes from byte {offset}: {detail}"),
        }),
    }
}
