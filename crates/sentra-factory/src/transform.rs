use std::collections::BTreeMap;

use sentra_backbone::StoredBatch;
use sentra_decode::{Decoded, Decoder};
use sentra_model::{
    BatchBuilder, BatchError, DeadLetter, EventBatch, EventId, Mart, RawRecord, TenantId, Timestamp,
};

/// Characters of a dead record that are kept beside its reason.
const EXCERPT_CHARACTERS_MAX: usize = 512;

/// Event time that batches of several marts may span together, in microseconds: half of how late an event may be.
const APART_MICROS_MAX: i64 = 30 * 1_000_000;

/// What a run of raw records became.
#[derive(Debug, Default)]
pub struct Transformed {
    /// Events by mart, each batch in the order of its offsets.
    pub batches: Vec<EventBatch>,
    /// Records that could not be understood.
    pub dead_letters: Vec<DeadLetter>,
    /// Raw bytes read.
    pub bytes: u64,
    /// Offset after the last record.
    pub next_offset: u64,
}

/// Decodes the records of `stored` whose offsets lie in `from..until`: every record becomes an event
/// or a dead letter (law LOSS).
pub fn transform(
    decoder: &Decoder,
    tenant: &TenantId,
    partition: u32,
    stored: &[StoredBatch],
    range: std::ops::Range<u64>,
) -> Result<Transformed, BatchError> {
    let mut builders: BTreeMap<Mart, BatchBuilder> = BTreeMap::new();
    let mut span: Option<(Timestamp, Timestamp)> = None;
    let mut out = Transformed { next_offset: range.start, ..Transformed::default() };
    for batch in stored {
        for (offset, record) in batch.records() {
            if !range.contains(&offset) {
                continue;
            }
            out.bytes += record.bytes.len() as u64;
            out.next_offset = offset + 1;
            let id = EventId::raw(partition, offset);
            match decoder.decode(&record) {
                Decoded::Event(event) => {
                    let time = event.time;
                    let (first, last) = span.map_or((time, time), |(a, b)| (a.min(time), b.max(time)));
                    span = Some((first, last));
                    // One mart's batch is detected after the other: what lies far apart in one of them would move event
                    // time on before the others are looked at.
                    let is_alone = builders.len() == 1 && builders.contains_key(&event.mart);
                    if !is_alone && last.since(first) > APART_MICROS_MAX {
                        finish(&mut builders, &mut out.batches)?;
                        span = Some((time, time));
                    }
                    let builder = builders
                        .entry(event.mart.clone())
                        .or_insert_with(|| BatchBuilder::new(tenant.clone(), event.mart.clone()));
                    builder.push(id, &record, &event)?;
                    if builder.is_full() {
                        out.batches.push(builder.finish()?);
                    }
                }
                Decoded::Dead { reason, detail } => {
                    out.dead_letters.push(dead_letter(id, &record, reason, detail));
                }
            }
        }
    }
    finish(&mut builders, &mut out.batches)?;
    Ok(out)
}

fn finish(
    builders: &mut BTreeMap<Mart, BatchBuilder>,
    batches: &mut Vec<EventBatch>,
) -> Result<(), BatchError> {
    for builder in std::mem::take(builders).values_mut().filter(|builder| !builder.is_empty()) {
        batches.push(builder.finish()?);
    }
    Ok(())
}

fn dead_letter(
    id: EventId,
    record: &RawRecord<'_>,
    reason: sentra_model::DeadReason,
    detail: String,
) -> DeadLetter {
    let beginning = record.bytes.get(..EXCERPT_CHARACTERS_MAX * 4).unwrap_or(record.bytes);
    let excerpt = String::from_utf8_lossy(beginning).chars().take(EXCERPT_CHARACTERS_MAX).collect();
    DeadLetter {
        event: Some(id),
        reason,
        detail,
        received: record.received,
        source: record.source.clone(),
        position: record.position,
        excerpt,
    }
}
