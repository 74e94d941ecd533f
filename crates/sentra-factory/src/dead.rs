//! Follows a tenant's dead topic, where the doors put what they could not make a record of, and makes it
//! listable in the records store.

use std::sync::Arc;
use std::time::Duration;

use sentra_backbone::{ReadChunk, Stream};
use sentra_model::{DeadLetter, EventId, Position, TenantScope, Topic};
use sentra_store::RecordsCommit;
use tokio::sync::watch;

use crate::error::FactoryError;
use crate::mirror::Mirror;
use crate::missing;
use crate::pipeline::FactoryParts;

/// Name under which the records store keeps this consumer's position.
pub const CONSUMER: &str = "dead";
const IDLE_WAIT: Duration = Duration::from_millis(500);

pub(crate) struct DeadWorker {
    parts: Arc<FactoryParts>,
    scope: TenantScope,
    stream: Stream,
    next: u64,
    mirror: Mirror,
}

impl DeadWorker {
    pub(crate) async fn open(parts: Arc<FactoryParts>, stream: Stream) -> Result<Self, FactoryError> {
        let scope = TenantScope::new(stream.tenant.clone());
        let next = parts.records.position(&scope, CONSUMER, stream.partition).await?;
        let mut mirror = Mirror::new(CONSUMER, &stream);
        mirror.tell(&parts).await?;
        Ok(Self { parts, scope, stream, next, mirror })
    }

    pub(crate) async fn run(mut self, mut shutdown: watch::Receiver<bool>) -> Result<(), FactoryError> {
        while !*shutdown.borrow() {
            let chunk =
                self.parts.log.read(&self.stream, self.next, self.parts.config.batch_bytes_max).await?;
            if chunk.next_offset == self.next {
                self.parts.status.progress(&self.stream, self.next, self.next, self.parts.clock.now());
                tokio::select! {
                    arrived = self.parts.log.wait_beyond(&self.stream, self.next) => arrived?,
                    () = tokio::time::sleep(IDLE_WAIT) => {}
                    _ = shutdown.changed() => {}
                }
                self.mirror.follow(&self.parts).await?;
                continue;
            }
            let mut letters = self.missing(&chunk);
            for (offset, record) in chunk.batches.iter().flat_map(|batch| batch.records()) {
                if offset < self.next {
                    continue;
                }
                let id = EventId { topic: Topic::Dead, partition: self.stream.partition, offset };
                match serde_json::from_slice::<DeadLetter>(record.bytes) {
                    Ok(letter) => letters.push((id, letter)),
                    Err(error) => tracing::error!(%id, %error, "a dead letter is unreadable"),
                }
            }
            let count = letters.len() as u64;
            let next = Position { partition: self.stream.partition, offset: chunk.next_offset };
            let commit = RecordsCommit {
                consumer: CONSUMER.to_owned(),
                next,
                signals: Vec::new(),
                incidents: Vec::new(),
                dead_letters: letters,
                state: Vec::new(),
            };
            self.parts.records.commit(&self.scope, commit).await?;
            self.parts.status.recovered(&self.stream);
            self.parts.status.add_batch(0, 0, count);
            self.next = chunk.next_offset;
            self.mirror.follow(&self.parts).await?;
        }
        self.mirror.tell(&self.parts).await?;
        Ok(())
    }

    /// Letters for the letters that the backbone could not give.
    fn missing(&self, chunk: &ReadChunk) -> Vec<(EventId, DeadLetter)> {
        let clock = self.parts.clock.as_ref();
        let damaged = chunk.quarantined.iter().map(|range| missing::damaged(&self.stream, range, clock));
        let skipped = chunk.skipped.iter().map(|range| missing::skipped(&self.stream, range, clock));
        let letters = skipped.chain(damaged);
        letters.filter_map(|letter| letter.event.map(|event| (event, letter))).collect()
    }
}
