use sentra_backbone::LogError;
use sentra_model::{DeadReason, OwnedRecord, Source, TenantId};

use crate::Appender;
use crate::gather::Gather;
use crate::letters::{dead_letter, too_long};

/// How far the records of a request got into the log.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Everything up to this position is durable, as a record or as a dead letter.
    pub(crate) through: u64,
    /// Why it is not everything.
    pub(crate) error: Option<LogError>,
}

/// Appends the records of one source in batches, each durable before the next (law ACK). One over the limit is
/// a dead letter (law LOSS).
pub(crate) async fn append<'a>(
    appender: &Appender,
    tenant: &TenantId,
    source: &Source,
    records: impl IntoIterator<Item = (u64, &'a [u8])>,
) -> Kept {
    let line_bytes_max = appender.limits().line_bytes_max;
    let mut gather = Gather::new(appender.batch_limits());
    let mut letters = Vec::new();
    let mut full = Vec::new();
    for (position, bytes) in records {
        if bytes.len() > line_bytes_max {
            let (reason, detail) = (DeadReason::TooLong, too_long(bytes.len() as u64, line_bytes_max));
            letters.push(dead_letter(source, appender.clock.now(), position, reason, detail, bytes));
            continue;
        }
        full.extend(gather.push(position, bytes));
    }
    full.push(gather.take());
    // Letters first: then everything up to the last durable record is kept.
    if let Err(error) = appender.letters(tenant, source, &letters).await {
        return Kept { through: 0, error: Some(error) };
    }
    let mut through = 0;
    for batch in full.into_iter().filter(|batch: &Vec<OwnedRecord>| !batch.is_empty()) {
        let last = batch.last().map_or(0, |record| record.position);
        match appender.records(tenant, source, batch).await {
            Ok(_) => through = last,
            Err(error) => return Kept { through, error: Some(error) },
        }
    }
    Kept { through: u64::MAX, error: None }
}
