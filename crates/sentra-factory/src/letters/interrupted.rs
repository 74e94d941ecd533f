//! What a crash left open: intents whose record may or may not stand in the backbone.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use sentra_backbone::{EventLog, LogError, StoredBatch, Stream};
use sentra_model::{DeadLetter, Digest, EventId, RawRecord, TenantScope, Topic};
use sentra_store::LetterReplay;

/// Bytes of the raw topic that are read in one go.
const READ_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A letter with an open intent.
pub(super) struct Open<'a> {
    pub(super) intent: &'a LetterReplay,
    pub(super) letter: &'a DeadLetter,
    /// The digest of its bytes, where they are still there.
    pub(super) digest: Option<u64>,
}

/// What became of an open intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// The record is there.
    There(EventId),
    /// It is not, so that it can be appended.
    NotThere,
    /// Nobody can tell any more.
    Unknown,
}

impl Open<'_> {
    /// Whether a record of `batch` is the one that the intent was about: of the same source, place and bytes, and
    /// received at the moment of the intent.
    fn is(&self, batch: &StoredBatch, record: &RawRecord<'_>) -> bool {
        let (had, has) = (&self.letter.source, &batch.source);
        batch.received == self.intent.begun
            && has.format == self.intent.format
            && (has.kind, &has.origin, has.reference) == (had.kind, &had.origin, had.reference)
            && record.position == self.letter.position
            && self.digest.is_none_or(|digest| digest == digest_of(record.bytes))
    }
}

pub(super) fn digest_of(bytes: &[u8]) -> u64 {
    Digest::new("sentra.letter").bytes(bytes).first_u64()
}

/// Looks for the records of `open` in the backbone. A record stands for one letter only.
pub(super) async fn fates(
    log: &dyn EventLog,
    scope: &TenantScope,
    open: &[Open<'_>],
) -> Result<BTreeMap<EventId, Fate>, LogError> {
    let mut fates = BTreeMap::new();
    let partitions: BTreeSet<u32> = open.iter().map(|open| open.intent.partition).collect();
    for partition in partitions {
        let stream = Stream { tenant: scope.tenant().clone(), topic: Topic::Raw, partition };
        let here: Vec<&Open<'_>> = open.iter().filter(|open| open.intent.partition == partition).collect();
        fates.extend(fates_in(log, &stream, here).await?);
    }
    Ok(fates)
}

async fn fates_in(
    log: &dyn EventLog,
    stream: &Stream,
    mut missing: Vec<&Open<'_>>,
) -> Result<Vec<(EventId, Fate)>, LogError> {
    let mut fates = Vec::new();
    let mut gaps: Vec<Range<u64>> = Vec::new();
    let end = log.extent(stream).await?.end;
    let mut next = missing.iter().map(|open| open.intent.from_offset).min().unwrap_or(end);
    while next < end && !missing.is_empty() {
        let chunk = log.read(stream, next, READ_BYTES_MAX).await?;
        for batch in &chunk.batches {
            for (offset, record) in batch.records() {
                let found = missing.iter().position(|open| open.is(batch, &record));
                if let Some(found) = found {
                    let id = EventId::raw(stream.partition, offset);
                    fates.push((missing.remove(found).intent.letter, Fate::There(id)));
                }
            }
        }
        gaps.extend(chunk.skipped.into_iter().chain(chunk.quarantined));
        if chunk.next_offset <= next {
            break;
        }
        next = chunk.next_offset;
    }
    fates.extend(missing.into_iter().map(|open| {
        // What cannot be read may have been the record.
        let is_gap = gaps.iter().any(|gap| gap.end > open.intent.from_offset);
        (open.intent.letter, if is_gap { Fate::Unknown } else { Fate::NotThere })
    }));
    Ok(fates)
}
