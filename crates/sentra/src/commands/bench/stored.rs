//! What stands in the log, held against what was acknowledged.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use sentra_backbone::{EventLog as _, LogOptions, SegmentLog};
use sentra_model::{SystemClock, Topic};
use serde::Serialize;

use super::corpus::{Corpus, number_of};
use crate::commands::access::runtime;

/// Bytes of the log read in one go.
const READ_BYTES: usize = 16 * 1024 * 1024;

/// The log after a run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Stored {
    pub(crate) lines: u64,
    pub(crate) bytes: u64,
    /// Bytes of the segment files.
    pub(crate) disk_bytes: u64,
    /// Law ACK: acknowledged and not there.
    pub(crate) missing: u64,
    /// Lines that are there more than once; the senders send nothing twice.
    pub(crate) twice: u64,
    /// There without an acknowledgement: their request ended otherwise. Allowed.
    pub(crate) unacknowledged: u64,
    /// Lines that are not what was sent.
    pub(crate) altered: u64,
}

/// Lines of one body that were found, one bit each.
#[derive(Default)]
struct Found(Vec<u64>);

impl Found {
    /// False where it was there already.
    fn add(&mut self, line: u64) -> bool {
        let (word, bit) = ((line / 64) as usize, 1 << (line % 64));
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let Some(word) = self.0.get_mut(word) else { return false };
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// How many lines below `end` were found, and how many from there on.
    fn split(&self, end: u64) -> (u64, u64) {
        let has =
            |line: u64| self.0.get((line / 64) as usize).is_some_and(|word| word & 1 << (line % 64) != 0);
        let all = self.0.iter().map(|word| u64::from(word.count_ones())).sum::<u64>();
        let below = (0..end).filter(|line| has(*line)).count() as u64;
        (below, all - below)
    }
}

/// Reads the log in `directory` from beginning to end. `whole` says that a record is a whole line of `corpus`.
pub(crate) fn read(
    directory: &Path,
    corpus: &Corpus,
    whole: bool,
    acknowledged: &[(u64, u64)],
) -> anyhow::Result<Stored> {
    let mut stored = Stored { disk_bytes: bytes_below(directory)?, ..Stored::default() };
    let mut found: HashMap<u64, Found> = HashMap::new();
    runtime()?.block_on(async {
        let (log, _) = SegmentLog::open(directory, LogOptions::default(), Arc::new(SystemClock))?;
        for stream in log.streams().await?.into_iter().filter(|stream| stream.topic == Topic::Raw) {
            let extent = log.extent(&stream).await?;
            let mut next = extent.begin;
            while next < extent.end {
                let chunk = log.read(&stream, next, READ_BYTES).await?;
                anyhow::ensure!(chunk.quarantined.is_empty(), "the log is damaged: {:?}", chunk.quarantined);
                next = chunk.next_offset;
                for batch in &chunk.batches {
                    count(&mut stored, &mut found, batch, whole.then_some(corpus));
                }
            }
        }
        Ok::<(), anyhow::Error>(())
    })?;
    let acknowledged: BTreeMap<u64, u64> = acknowledged.iter().copied().collect();
    for (body, lines) in &acknowledged {
        let below = found.get(body).map_or(0, |found| found.split(*lines).0);
        stored.missing += lines - below;
    }
    for (body, found) in &found {
        stored.unacknowledged += found.split(acknowledged.get(body).copied().unwrap_or(0)).1;
    }
    Ok(stored)
}

fn count(
    stored: &mut Stored,
    found: &mut HashMap<u64, Found>,
    batch: &sentra_backbone::StoredBatch,
    corpus: Option<&Corpus>,
) {
    let mut sent = Sent { body: u64::MAX, bytes: Vec::new(), next: 0 };
    for (_, record) in batch.records() {
        stored.lines += 1;
        stored.bytes += record.bytes.len() as u64;
        let Some((body, line)) = number_of(record.bytes) else {
            stored.altered += 1;
            continue;
        };
        if !found.entry(body).or_default().add(line) {
            stored.twice += 1;
        }
        let Some(corpus) = corpus else { continue };
        if sent.body != body {
            sent = Sent { body, bytes: corpus.body(body), next: 0 };
        }
        stored.altered += u64::from(!sent.has(record.bytes));
    }
}

/// A body as it was sent.
struct Sent {
    body: u64,
    bytes: Vec<u8>,
    /// Where the next line is looked for first: lines mostly stand in the log as they stood in the body.
    next: usize,
}

impl Sent {
    /// Whether `line` is one of the body. Its number stands in it, so it can be no other one's.
    fn has(&mut self, line: &[u8]) -> bool {
        let is_next = self.bytes.get(self.next..).is_some_and(|rest| rest.starts_with(line));
        let at = if is_next { Some(self.next) } else { memchr::memmem::find(&self.bytes, line) };
        self.next = at.map_or(0, |at| at + line.len() + 1);
        at.is_some()
    }
}

fn bytes_below(directory: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let kind = entry.metadata()?;
        bytes += if kind.is_dir() { bytes_below(&entry.path())? } else { kind.len() };
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_once_and_on_their_side_of_the_acknowledgement() {
        let mut found = Found::default();
        assert!(found.add(0) && found.add(64) && found.add(130));
        assert!(!found.add(64));
        assert_eq!(found.split(65), (2, 1));
        assert_eq!(found.split(0), (0, 3));
    }
}
