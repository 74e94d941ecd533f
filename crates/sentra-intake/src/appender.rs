use std::sync::Arc;
use std::time::Duration;

use sentra_backbone::{AppendBatch, EventLog, LogError, Stream};
use sentra_model::{Clock, DeadLetter, OwnedRecord, Source, SourceKind, TenantId, Topic};
use tokio_util::sync::CancellationToken;

use crate::file::PARTITION;
use crate::gather::BatchLimits;
use crate::letters::letter_batch;
use crate::{Limits, Live};

/// First and longest pause before records that found no room are offered again.
const RETRY_PAUSE: Duration = Duration::from_millis(50);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(5);

/// Dead letters of one batch: an excerpt of a KiB may be six of JSON.
const LETTERS_PER_BATCH_MAX: usize = 512;

/// The one way into the log: puts records and dead letters into a tenant's topics.
#[derive(Debug, Clone)]
pub struct Appender {
    log: Arc<dyn EventLog>,
    pub(crate) clock: Arc<dyn Clock>,
    limits: Live<Limits>,
}

impl Appender {
    /// An appender to `log`.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, clock: Arc<dyn Clock>, limits: Limits) -> Self {
        Self { log, clock, limits: Live::new(limits) }
    }

    /// The limits now; they may be others at the next call.
    #[must_use]
    pub fn limits(&self) -> Arc<Limits> {
        self.limits.get()
    }

    /// Replaces the limits for everything that comes from now on.
    pub fn set_limits(&self, limits: Limits) {
        self.limits.set(limits);
    }

    /// The log itself.
    #[must_use]
    pub fn log(&self) -> &Arc<dyn EventLog> {
        &self.log
    }

    pub(crate) fn batch_limits(&self) -> BatchLimits {
        let Limits { batch_bytes_max, batch_records_max, .. } = *self.limits();
        BatchLimits { bytes_max: batch_bytes_max, records_max: batch_records_max }
    }

    /// A source that begins to speak now.
    #[must_use]
    pub fn source(&self, kind: SourceKind, origin: String, format: Option<String>) -> Source {
        Source { kind, origin, format, reference: self.clock.now() }
    }

    /// Where what comes from `source` stands.
    pub(crate) fn stream_of(&self, tenant: &TenantId, topic: Topic, _source: &Source) -> Stream {
        Stream { tenant: tenant.clone(), topic, partition: PARTITION }
    }

    /// Law ACK: resolves when the records are durable, and says how many they are.
    ///
    /// # Errors
    /// Those of [`EventLog::append`].
    pub async fn records(
        &self,
        tenant: &TenantId,
        source: &Source,
        records: Vec<OwnedRecord>,
    ) -> Result<u64, LogError> {
        let bytes: usize = records.iter().map(|record| record.bytes.len()).sum();
        let batch = AppendBatch { received: self.clock.now(), source: source.clone(), records };
        let stream = self.stream_of(tenant, Topic::Raw, source);
        let appended = self.log.append(&stream, batch).await?;
        let door = source.kind.as_str();
        metrics::counter!("sentra_intake_records_total", "door" => door).increment(appended.count);
        metrics::counter!("sentra_intake_bytes_total", "door" => door).increment(bytes as u64);
        Ok(appended.count)
    }

    /// Law LOSS: resolves when the letters are durable.
    ///
    /// # Errors
    /// Those of [`EventLog::append`].
    pub async fn letters(
        &self,
        tenant: &TenantId,
        source: &Source,
        letters: &[DeadLetter],
    ) -> Result<(), LogError> {
        // Law LIMIT: as many at a time as fit into a batch for certain, whatever stands in them.
        for some in letters.chunks(LETTERS_PER_BATCH_MAX) {
            let batch = letter_batch(source, self.clock.now(), some);
            self.log.append(&self.stream_of(tenant, Topic::Dead, source), batch).await?;
        }
        Ok(())
    }

    /// For doors that cannot tell their sender: offers the records until there is room or `stop`. What could
    /// not be appended at last is counted and logged (law LOSS).
    ///
    /// # Errors
    /// Those of [`EventLog::append`]; the door must close then.
    pub async fn records_patiently(
        &self,
        tenant: &TenantId,
        source: &Source,
        records: Vec<OwnedRecord>,
        letters: Vec<DeadLetter>,
        stop: &CancellationToken,
    ) -> Result<(), LogError> {
        let mut pause = RETRY_PAUSE;
        let mut letters_left = letters.as_slice();
        let mut records_left = records;
        loop {
            let result = async {
                self.letters(tenant, source, letters_left).await?;
                letters_left = &[];
                if !records_left.is_empty() {
                    self.records(tenant, source, records_left.clone()).await?;
                    records_left.clear();
                }
                Ok(())
            };
            let error = match result.await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let can_wait = matches!(error, LogError::Full { .. }) && !stop.is_cancelled();
            if !can_wait {
                let lost = (records_left.len() + letters_left.len()) as u64;
                let door = source.kind.as_str();
                metrics::counter!("sentra_intake_lost_total", "door" => door).increment(lost);
                tracing::error!(%error, door, lost, origin = source.origin, "records could not be kept");
                return Err(error);
            }
            metrics::counter!("sentra_intake_waits_total", "door" => source.kind.as_str()).increment(1);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => {}
            }
            pause = (pause * 2).min(RETRY_PAUSE_MAX);
        }
    }
}
