//! What was read goes into the log exactly once.
//!
//! Law IDENTITY: an append and the place in a file cannot be made durable together. So before an append the intent is:
//! which batch, from which place to which, and where the log ended. When there is an intent at the start of which it
//! is not known whether it came true, the log is asked: a batch behind that end, of that origin, with that first
//! position and that many records is it.

use std::collections::BTreeMap;
use std::time::Duration;

use sentra_backbone::{LogError, StoredBatch, Stream};
use sentra_model::{Source, SourceKind, TenantId, Timestamp, Topic};
use tokio_util::sync::CancellationToken;

use super::follower::{Part, PartContent};
use super::places::Intent;
use crate::Appender;

/// First and longest pause before a batch that found no room is offered again.
const RETRY_PAUSE: Duration = Duration::from_millis(50);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(5);
/// Bytes of the log that are looked at in one go, and at most, for what became of an intent.
const LOOK_BYTES: usize = 4 * 1024 * 1024;
const LOOK_BYTES_MAX: usize = 1024 * 1024 * 1024;

/// The way of one source into the log.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    appender: Appender,
    tenant: TenantId,
}

impl Delivery {
    pub(super) fn new(appender: Appender, tenant: TenantId) -> Self {
        Self { appender, tenant }
    }

    fn stream(&self, is_dead: bool, source: &Source) -> Stream {
        let topic = if is_dead { Topic::Dead } else { Topic::Raw };
        self.appender.stream_of(&self.tenant, topic, source)
    }

    /// What is about to be appended.
    pub(super) async fn intents(&self, parts: &[Part]) -> Result<Vec<Intent>, LogError> {
        let mut ends: BTreeMap<Stream, u64> = BTreeMap::new();
        let mut intents = Vec::with_capacity(parts.len());
        for part in parts {
            let is_dead = matches!(part.content, PartContent::Letters(_));
            let stream = self.stream(is_dead, &part.source);
            let offset = match ends.get(&stream) {
                Some(end) => *end,
                None => self.appender.log().extent(&stream).await?.end,
            };
            let partition = stream.partition;
            ends.insert(stream, offset);
            intents.push(Intent {
                key: part.key,
                origin: part.source.origin.clone(),
                is_dead,
                partition,
                offset,
                first: part.first,
                count: part.count(),
                after: part.after.clone(),
            });
        }
        Ok(intents)
    }

    /// Appends the parts, those of one origin one after the other, and answers which are durable: all of them, but
    /// for those that had found no room when `stop` came.
    pub(super) async fn append(
        &self,
        parts: &[Part],
        stop: &CancellationToken,
    ) -> Result<Vec<usize>, LogError> {
        let mut by_origin: BTreeMap<&str, Vec<(usize, &Part)>> = BTreeMap::new();
        for (index, part) in parts.iter().enumerate() {
            by_origin.entry(&part.source.origin).or_default().push((index, part));
        }
        let appends = by_origin.into_values().map(|parts| async move {
            let mut durable = Vec::new();
            for (index, part) in parts {
                if !self.append_part(part, stop).await? {
                    break;
                }
                durable.push(index);
            }
            Ok(durable)
        });
        // All origins at once, so that they share one sync of the disk.
        let durable = futures::future::join_all(appends).await;
        Ok(durable.into_iter().collect::<Result<Vec<_>, LogError>>()?.concat())
    }

    /// Offers a part until there is room or `stop`; whether it is durable. Without room nothing more is read, and
    /// what was read stands in its file: so nothing is lost.
    async fn append_part(&self, part: &Part, stop: &CancellationToken) -> Result<bool, LogError> {
        let mut pause = RETRY_PAUSE;
        loop {
            let appended = match &part.content {
                PartContent::Records(records) => {
                    self.appender.records(&self.tenant, &part.source, records.clone()).await.map(|_| ())
                }
                PartContent::Letters(letters) => {
                    self.appender.letters(&self.tenant, &part.source, letters).await
                }
            };
            match appended {
                Ok(()) => return Ok(true),
                Err(LogError::Full { .. }) if !stop.is_cancelled() => {}
                Err(LogError::Full { .. }) => return Ok(false),
                Err(error) => return Err(error),
            }
            let door = part.source.kind.as_str();
            metrics::counter!("sentra_intake_waits_total", "door" => door).increment(1);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => {}
            }
            pause = (pause * 2).min(RETRY_PAUSE_MAX);
        }
    }

    /// Which of the `intents` came true, by what stands in the log.
    pub(super) async fn resolve(&self, intents: &[Intent]) -> Result<Vec<usize>, LogError> {
        let mut by_stream: BTreeMap<Stream, Vec<usize>> = BTreeMap::new();
        for (index, intent) in intents.iter().enumerate() {
            let source = Source {
                kind: SourceKind::Tail,
                origin: intent.origin.clone(),
                format: None,
                reference: Timestamp::default(),
            };
            let stream = Stream { partition: intent.partition, ..self.stream(intent.is_dead, &source) };
            by_stream.entry(stream).or_default().push(index);
        }
        let mut is_there = vec![false; intents.len()];
        for (stream, indexes) in by_stream {
            self.find(&stream, intents, indexes, &mut is_there).await?;
        }
        // The place in a file is behind the last of its batches before which none is missing.
        let mut is_broken = std::collections::BTreeSet::new();
        let mut durable = Vec::new();
        for (index, (intent, is_there)) in intents.iter().zip(is_there).enumerate() {
            if is_there && !is_broken.contains(&intent.key) {
                durable.push(index);
            } else {
                is_broken.insert(intent.key);
            }
        }
        Ok(durable)
    }

    async fn find(
        &self,
        stream: &Stream,
        intents: &[Intent],
        mut missing: Vec<usize>,
        is_there: &mut [bool],
    ) -> Result<(), LogError> {
        let begin = missing.iter().filter_map(|index| intents.get(*index)).map(|intent| intent.offset).min();
        let end = self.appender.log().extent(stream).await?.end;
        let mut next = begin.unwrap_or(end);
        let mut bytes = 0;
        while next < end && !missing.is_empty() {
            if bytes > LOOK_BYTES_MAX {
                // Law LOSS: rather twice than never.
                let missing = missing.len();
                tracing::error!(%stream, missing, "the log has grown too far to say whether batches are in it; they are taken again");
                break;
            }
            let chunk = self.appender.log().read(stream, next, LOOK_BYTES).await?;
            for batch in &chunk.batches {
                bytes += batch.bytes();
                missing.retain(|index| {
                    let found = intents.get(*index).is_some_and(|intent| is_batch_of(batch, intent));
                    if found && let Some(is_there) = is_there.get_mut(*index) {
                        *is_there = true;
                    }
                    !found
                });
            }
            if chunk.next_offset <= next {
                break;
            }
            next = chunk.next_offset;
        }
        Ok(())
    }
}

fn is_batch_of(batch: &StoredBatch, intent: &Intent) -> bool {
    batch.first_offset >= intent.offset
        && batch.source.kind == SourceKind::Tail
        && batch.source.origin == intent.origin
        && batch.len() as u64 == intent.count
        && batch.records().next().is_some_and(|(_, record)| record.position == intent.first)
}
