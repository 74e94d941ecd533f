//! What was taken in and is not in the marts yet, so that whoever reads them can say how old they are.
//!
//! The log says where each stream ends, the factory how far its workers have come. A worker that has not looked yet
//! says nothing: then the marts' own position counts, because what they had in memory before a restart comes again.

use sentra_backbone::{EventLog, Stream};
use sentra_model::{TenantScope, Timestamp, Topic};
use sentra_store::MartStore;

use crate::{FactoryError, FactoryStatus};

/// Bytes read of a stream to see when the first record came in that waits: at least one batch comes.
const LOOK_BYTES_MAX: usize = 1;

/// Records that are acknowledged and not in the marts yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// How many, over all partitions.
    pub records: u64,
    /// When the first of them came in.
    pub since: Timestamp,
}

impl Backlog {
    fn and(self, other: Self) -> Self {
        Self { records: self.records.saturating_add(other.records), since: self.since.min(other.since) }
    }
}

/// What waits of a tenant in all partitions of its raw topic; `None` when the marts hold all there is.
///
/// # Errors
///
/// When the log or the marts cannot say.
pub async fn backlog(
    log: &dyn EventLog,
    marts: &dyn MartStore,
    status: &FactoryStatus,
    scope: &TenantScope,
) -> Result<Option<Backlog>, FactoryError> {
    let mut all: Option<Backlog> = None;
    for stream in log.streams().await? {
        if stream.tenant != *scope.tenant() || stream.topic != Topic::Raw {
            continue;
        }
        let next = match status.position(&stream) {
            Some(next) => next,
            None => marts.position(scope, stream.partition).await?,
        };
        if let Some(one) = of_stream(log, &stream, next).await? {
            all = Some(all.map_or(one, |all| all.and(one)));
        }
    }
    Ok(all)
}

/// What waits of one stream from `next` on. Of what is damaged to its end nothing will ever come: it does not wait.
async fn of_stream(log: &dyn EventLog, stream: &Stream, next: u64) -> Result<Option<Backlog>, FactoryError> {
    let extent = log.extent(stream).await?;
    // What retention has removed does not wait either.
    let next = next.max(extent.begin);
    if next >= extent.end {
        return Ok(None);
    }
    let chunk = log.read(stream, next, LOOK_BYTES_MAX).await?;
    let first = chunk.batches.first();
    Ok(first.map(|first| Backlog { records: extent.end - next, since: first.received }))
}
