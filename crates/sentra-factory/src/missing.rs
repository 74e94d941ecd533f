//! Dead letters for what the backbone could not give (law LOSS).

use std::ops::Range;

use sentra_backbone::Stream;
use sentra_model::{Clock, DeadLetter, DeadReason, EventId, Source, SourceKind};

/// A letter for offsets whose frame is damaged.
pub(crate) fn damaged(stream: &Stream, range: &Range<u64>, clock: &dyn Clock) -> DeadLetter {
    let last = range.end.saturating_sub(1);
    let detail =
        format!("the backbone's frame with offsets {} to {last} is damaged and was set aside", range.start);
    letter(stream, range, DeadReason::Damaged, detail, clock)
}

/// A letter for offsets that retention removed before they were processed; it also counts them.
pub(crate) fn skipped(stream: &Stream, range: &Range<u64>, clock: &dyn Clock) -> DeadLetter {
    let records = range.end.saturating_sub(range.start);
    let last = range.end.saturating_sub(1);
    metrics::counter!("sentra_factory_skipped_records_total", "topic" => stream.topic.as_str())
        .increment(records);
    tracing::error!(%stream, from = range.start, to = range.end, "retention removed records before they were processed");
    let detail = format!(
        "retention removed the {records} records with offsets {} to {last} before they were processed; \
         what the stores had of them is kept",
        range.start
    );
    letter(stream, range, DeadReason::Expired, detail, clock)
}

fn letter(
    stream: &Stream,
    range: &Range<u64>,
    reason: DeadReason,
    detail: String,
    clock: &dyn Clock,
) -> DeadLetter {
    let now = clock.now();
    let origin = format!("backbone/{}/{}", stream.topic, stream.partition);
    DeadLetter {
        event: Some(EventId { topic: stream.topic, partition: stream.partition, offset: range.start }),
        reason,
        detail,
        received: now,
        source: Source { kind: SourceKind::File, origin, format: None, reference: now },
        position: range.start,
        excerpt: String::new(),
    }
}
