use std::sync::Arc;
use std::time::Duration;

use sentra_backbone::{AppendBatch, EventLog, LogError, Stream, partition_of};
use sentra_model::{Clock, DeadLetter, OwnedRecord, Source, SourceKind, TenantId, Topic};
use tokio_util::sync::CancellationToken;

use crate::gather::BatchLimits;
use crate::letters::letter_batch;
use crate::{Limits, Live};

/// First and longest pause before records that found no room are offered again.
const RETRY_PAUSE: Duration = Duration::from_millis(50);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(5);

/// Dead letters of one batch: an excerpt of a KiB may be six of JSON.
const LETTERS_PER_BATCH_MAX: usize = 512;

/// The stream of `tenant` for what comes from `source`. Dead letters all go into one partition: they are few, and
/// nothing asks for their order.
pub(crate) fn stream_of(tenant: &TenantId, topic: Topic, source: &Source, partitions: u32) -> Stream {
    let partition = if topic == Topic::Raw { partition_of(source, partitions) } else { 0 };
    Stream { tenant: tenant.clone(), topic, partition }
}

/// The one way into the log: puts records and dead letters into a tenant's topics.
#[derive(Debug, Clone)]
pub struct Appender {
    log: Arc<dyn EventLog>,
    pub(crate) clock: Arc<dyn Clock>,
    limits: Live<Limits>,
    partitions: u32,
}

impl Appender {
    /// An appender to `log`, into one partition of each topic.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, clock: Arc<dyn Clock>, limits: Limits) -> Self {
        Self { log, clock, limits: Live::new(limits), partitions: 1 }
    }

    /// The same one, which spreads records over so many partitions, each source in one of them.
    #[must_use]
    pub fn with_partitions(self, partitions: u32) -> Self {
        Self { partitions, ..self }
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
    pub(crate) fn stream_of(&self, tenant: &TenantId, topic: Topic, source: &Source) -> Stream {
        stream_of(tenant, topic, source, self.partitions)
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

#[cfg(test)]
mod tests {
    use sentra_backbone::MemoryLog;
    use sentra_model::{DeadReason, ManualClock};

    use super::*;

    /// Every source has one partition, and uses of another number go on in the partitions of that number.
    #[tokio::test]
    async fn a_source_has_its_partition() {
        let log = Arc::new(MemoryLog::new());
        let tenant = TenantId::default_tenant();
        let one = Appender::new(log.clone(), Arc::new(ManualClock::default()), Limits::default());
        let mut expected = std::collections::BTreeMap::new();
        for (appender, partitions) in [(one.clone(), 1), (one.with_partitions(4), 4)] {
            for number in 0..20 {
                let origin = format!("192.0.2.{number}:{}", 40_000 + number * partitions);
                let source = appender.source(SourceKind::SyslogTcp, origin, None);
                let records = vec![OwnedRecord { position: 0, bytes: b"text".to_vec() }];
                appender.records(&tenant, &source, records).await.unwrap();
                *expected.entry(partition_of(&source, partitions)).or_insert(0) += 1;
                let letter = DeadLetter {
                    event: None,
                    reason: DeadReason::TooLong,
                    detail: String::new(),
                    received: source.reference,
                    source: source.clone(),
                    position: 0,
                    excerpt: String::new(),
                };
                appender.letters(&tenant, &source, &[letter]).await.unwrap();
            }
        }
        let mut found = std::collections::BTreeMap::new();
        for stream in log.streams().await.unwrap() {
            let end = log.extent(&stream).await.unwrap().end;
            if stream.topic == Topic::Dead {
                assert_eq!((stream.partition, end), (0, 40), "letters all stand in one");
            } else {
                found.insert(stream.partition, end);
            }
        }
        assert_eq!(found, expected);
        assert_eq!(found.len(), 4);
    }
}
