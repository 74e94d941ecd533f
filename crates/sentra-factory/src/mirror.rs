use std::time::{Duration, Instant};

use sentra_backbone::Stream;
use sentra_model::{TenantScope, Topic};
use sentra_store::StoreError;

use crate::pipeline::FactoryParts;

/// A position is an fsync, so it is told at most this often.
const INTERVAL: Duration = Duration::from_secs(1);

/// Tells the backbone how far this consumer has come, so that retention keeps what a store still lacks and people
/// see the lag.
///
/// Law SOURCE: the stores' own positions, which they commit with their data, are the ones that count after a restart;
/// this is the smallest of them, so it is never ahead of any.
pub(crate) struct Mirror {
    consumer: &'static str,
    scope: TenantScope,
    stream: Stream,
    told: Option<u64>,
    looked: Option<Instant>,
}

impl Mirror {
    /// Of the stores' positions in `stream` under the name `consumer`.
    pub(crate) fn new(consumer: &'static str, stream: &Stream) -> Self {
        let scope = TenantScope::new(stream.tenant.clone());
        Self { consumer, scope, stream: stream.clone(), told: None, looked: None }
    }

    /// Tells the position where that is due.
    pub(crate) async fn follow(&mut self, parts: &FactoryParts) -> Result<(), StoreError> {
        if self.looked.is_some_and(|looked| looked.elapsed() < INTERVAL) {
            return Ok(());
        }
        self.tell(parts).await
    }

    /// Tells the position now: at the start, because retention keeps everything for a consumer that has none, and at
    /// the end.
    pub(crate) async fn tell(&mut self, parts: &FactoryParts) -> Result<(), StoreError> {
        self.looked = Some(Instant::now());
        let durable = self.durable(parts).await?;
        if self.told == Some(durable) {
            return Ok(());
        }
        match parts.log.commit(self.consumer, &self.stream, durable).await {
            Ok(()) => self.told = Some(durable),
            // The work does not depend on it: retention keeps more than it must until it can be told.
            Err(error) => {
                tracing::warn!(stream = %self.stream, consumer = self.consumer, %error, "a position could not be told to the backbone");
                metrics::counter!("sentra_factory_position_failures_total").increment(1);
            }
        }
        Ok(())
    }

    /// The offset before which every store has everything on disk.
    async fn durable(&self, parts: &FactoryParts) -> Result<u64, StoreError> {
        let Self { consumer, scope, stream, .. } = self;
        let records = parts.records.position(scope, consumer, stream.partition).await?;
        if stream.topic == Topic::Dead {
            return Ok(records);
        }
        Ok(records.min(parts.marts.position(scope, stream.partition).await?))
    }
}
