//! Records of the backbone decoded once more, as the worker does, for a store that lacks their events.
//!
//! Nothing is looked at, detected or signalled: what was found in these events is in the records already.

use std::ops::Range;

use sentra_backbone::{EventLog, Stream};
use sentra_decode::Decoder;
use sentra_model::EventBatch;

use crate::error::FactoryError;
use crate::insight::take_names_back;
use crate::transform::transform;

/// Bytes of the log that are read in one go.
const READ_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Some records decoded once more.
#[derive(Debug, Default)]
pub struct DecodedAgain {
    /// Their events, by mart.
    pub batches: Vec<EventBatch>,
    /// Offsets that the backbone does not have any more, or cannot read.
    pub missing: Vec<Range<u64>>,
    /// Where to go on.
    pub next: u64,
}

/// Decodes the records of `range`, a stretch at a time: go on from [`DecodedAgain::next`] until that is its end.
///
/// # Errors
/// When the backbone cannot be read.
pub async fn decode_again(
    log: &dyn EventLog,
    decoder: &Decoder,
    stream: &Stream,
    range: Range<u64>,
) -> Result<DecodedAgain, FactoryError> {
    let extent = log.extent(stream).await?;
    if range.start >= extent.end {
        return Ok(DecodedAgain { batches: Vec::new(), missing: vec![range.clone()], next: range.end });
    }
    let chunk = log.read(stream, range.start, READ_BYTES_MAX).await?;
    let within = |part: Range<u64>| part.start.max(range.start)..part.end.min(range.end);
    let lost = chunk.skipped.into_iter().chain(chunk.quarantined);
    let missing = lost.map(within).filter(|part| !part.is_empty()).collect();
    let next = chunk.next_offset.max(range.start + 1).min(range.end);
    let decoded = transform(decoder, &stream.tenant, stream.partition, &chunk.batches, range.start..next)?;
    let mut batches = decoded.batches;
    take_names_back(&mut batches)?;
    Ok(DecodedAgain { batches, missing, next })
}
