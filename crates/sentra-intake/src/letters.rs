use sentra_backbone::AppendBatch;
use sentra_model::{DeadLetter, DeadReason, OwnedRecord, Source, Timestamp};

/// How many bytes of a record are kept in its dead letter.
const EXCERPT_BYTES_MAX: usize = 1024;

/// A letter for something that never became a record. Law LOSS: it is kept, counted and shown.
pub(crate) fn dead_letter(
    source: &Source,
    received: Timestamp,
    position: u64,
    reason: DeadReason,
    detail: String,
    bytes: &[u8],
) -> DeadLetter {
    let excerpt = String::from_utf8_lossy(bytes.get(..EXCERPT_BYTES_MAX).unwrap_or(bytes)).into_owned();
    metrics::counter!("sentra_intake_dead_letters_total", "reason" => reason.as_str()).increment(1);
    DeadLetter { event: None, reason, detail, received, source: source.clone(), position, excerpt }
}

/// What is said of a record over the limit.
pub(crate) fn too_long(length_bytes: u64, line_bytes_max: usize) -> String {
    format!("the record has {length_bytes} bytes, the limit is {line_bytes_max} (intake.line_bytes_max)")
}

/// The letters of one source as a batch for the tenant's dead topic: each is a record of JSON.
pub(crate) fn letter_batch(source: &Source, received: Timestamp, letters: &[DeadLetter]) -> AppendBatch {
    let record = |letter: &DeadLetter| OwnedRecord {
        position: letter.position,
        bytes: serde_json::to_vec(letter).unwrap_or_default(),
    };
    AppendBatch { received, source: source.clone(), records: letters.iter().map(record).collect() }
}
