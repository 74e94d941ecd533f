use std::borrow::Cow;

use sentra_backbone::LogError;
use sentra_model::{DeadLetter, DeadReason, OwnedRecord, Source, TenantId};

use crate::Appender;
use crate::gather::Gather;
use crate::letters::{dead_letter, too_long};

/// Dead letters that are kept before they are appended.
const LETTERS_MAX: usize = 64;

/// One piece of a request.
#[derive(Debug)]
pub(crate) enum Entry<'a> {
    /// A record with its place in the request; places grow.
    Record(u64, Cow<'a, [u8]>),
    /// What cannot be a record.
    Dead { position: u64, detail: String, excerpt: &'a [u8] },
}

/// How far the records of a request got into the log.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Everything up to this position is durable, as a record or as a dead letter.
    pub(crate) through: u64,
    /// How many of them are dead letters.
    pub(crate) dead: u64,
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
    let entries = records.into_iter().map(|(position, bytes)| Entry::Record(position, Cow::Borrowed(bytes)));
    append_entries(appender, tenant, source, entries).await
}

/// The same for records that are made as they are asked for, and for what cannot be one.
pub(crate) async fn append_entries<'a>(
    appender: &Appender,
    tenant: &TenantId,
    source: &Source,
    entries: impl Iterator<Item = Entry<'a>>,
) -> Kept {
    let line_bytes_max = appender.limits().line_bytes_max;
    let gather = Gather::new(appender.batch_limits());
    let mut pending = Pending { appender, tenant, source, gather, letters: Vec::new(), through: 0 };
    let mut dead = 0;
    let mut last = 0;
    let letter = |position, reason, detail, bytes: &[u8]| {
        dead_letter(source, appender.clock.now(), position, reason, detail, bytes)
    };
    for entry in entries {
        let result = match entry {
            Entry::Record(position, bytes) if bytes.len() <= line_bytes_max => {
                let full = pending.gather.push(position, &bytes);
                let result = pending.append(full, last).await;
                last = position;
                result
            }
            Entry::Record(position, bytes) => {
                let detail = too_long(bytes.len() as u64, line_bytes_max);
                dead += 1;
                last = position;
                pending.letter(letter(position, DeadReason::TooLong, detail, &bytes)).await
            }
            Entry::Dead { position, detail, excerpt } => {
                dead += 1;
                last = position;
                pending.letter(letter(position, DeadReason::Malformed, detail, excerpt)).await
            }
        };
        if let Err(error) = result {
            return Kept { through: pending.through, dead, error: Some(error) };
        }
    }
    let rest = pending.gather.take();
    let error = pending.append(Some(rest), u64::MAX).await.err();
    Kept { through: pending.through, dead, error }
}

/// What is on its way to one append.
struct Pending<'a> {
    appender: &'a Appender,
    tenant: &'a TenantId,
    source: &'a Source,
    gather: Gather,
    letters: Vec<DeadLetter>,
    through: u64,
}

impl Pending<'_> {
    /// Letters first: then everything up to the last record of the batch, and up to `through`, is durable.
    async fn append(&mut self, full: Option<Vec<OwnedRecord>>, through: u64) -> Result<(), LogError> {
        let Some(records) = full else { return Ok(()) };
        self.append_letters().await?;
        if !records.is_empty() {
            self.appender.records(self.tenant, self.source, records).await?;
        }
        self.through = through;
        Ok(())
    }

    async fn letter(&mut self, letter: DeadLetter) -> Result<(), LogError> {
        self.letters.push(letter);
        if self.letters.len() >= LETTERS_MAX { self.append_letters().await } else { Ok(()) }
    }

    async fn append_letters(&mut self) -> Result<(), LogError> {
        let letters = std::mem::take(&mut self.letters);
        self.appender.letters(self.tenant, self.source, &letters).await
    }
}
