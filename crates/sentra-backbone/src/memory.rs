use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sentra_model::Timestamp;
use tokio::sync::watch;

use crate::log::{check_consumer_name, check_not_beyond};
use crate::{AppendBatch, Appended, EventLog, Extent, LogError, ReadChunk, StoredBatch, Stream};

/// A log that lives in memory and dies with the process, for tests.
#[derive(Debug, Default)]
pub struct MemoryLog {
    streams: Mutex<BTreeMap<Stream, MemoryStream>>,
}

#[derive(Debug)]
struct MemoryStream {
    batches: Vec<StoredBatch>,
    end: watch::Sender<u64>,
    consumers: BTreeMap<String, u64>,
}

impl Default for MemoryStream {
    fn default() -> Self {
        Self { batches: Vec::new(), end: watch::Sender::new(0), consumers: BTreeMap::new() }
    }
}

impl MemoryStream {
    fn end(&self) -> u64 {
        *self.end.borrow()
    }

    fn read(&self, from: u64, bytes_max: usize) -> ReadChunk {
        let mut chunk = ReadChunk { next_offset: from, ..ReadChunk::default() };
        let mut bytes = 0;
        let start = self.batches.partition_point(|batch| batch.next_offset() <= from);
        for batch in self.batches.iter().skip(start) {
            if !chunk.batches.is_empty() && bytes + batch.bytes() > bytes_max {
                break;
            }
            let mut batch = batch.clone();
            batch.trim(from);
            bytes += batch.bytes();
            chunk.next_offset = batch.next_offset();
            chunk.batches.push(batch);
        }
        chunk
    }
}

impl MemoryLog {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<Stream, MemoryStream>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end_of(&self, stream: &Stream) -> u64 {
        self.locked().get(stream).map_or(0, MemoryStream::end)
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn append(&self, stream: &Stream, batch: AppendBatch) -> Result<Appended, LogError> {
        batch.check()?;
        if batch.records.is_empty() {
            return Ok(Appended { first_offset: self.end_of(stream), count: 0 });
        }
        let mut streams = self.locked();
        let entry = streams.entry(stream.clone()).or_default();
        let stored = StoredBatch::from_append(entry.end(), &batch);
        let appended = Appended { first_offset: stored.first_offset, count: stored.len() as u64 };
        let end = stored.next_offset();
        entry.batches.push(stored);
        entry.end.send_replace(end);
        Ok(appended)
    }

    async fn read(&self, stream: &Stream, from: u64, bytes_max: usize) -> Result<ReadChunk, LogError> {
        check_not_beyond(stream, from, self.end_of(stream))?;
        let streams = self.locked();
        let empty = || ReadChunk { next_offset: from, ..ReadChunk::default() };
        Ok(streams.get(stream).map_or_else(empty, |entry| entry.read(from, bytes_max)))
    }

    async fn wait_beyond(&self, stream: &Stream, offset: u64) -> Result<(), LogError> {
        let mut end = self.locked().entry(stream.clone()).or_default().end.subscribe();
        end.wait_for(|end| *end > offset).await.map_err(|_closed| LogError::Closed)?;
        Ok(())
    }

    async fn extent(&self, stream: &Stream) -> Result<Extent, LogError> {
        Ok(Extent { begin: 0, end: self.end_of(stream) })
    }

    async fn streams(&self) -> Result<Vec<Stream>, LogError> {
        let streams = self.locked();
        Ok(streams.iter().filter(|(_, entry)| entry.end() > 0).map(|(stream, _)| stream.clone()).collect())
    }

    async fn position(&self, consumer: &str, stream: &Stream) -> Result<Option<u64>, LogError> {
        check_consumer_name(consumer)?;
        Ok(self.locked().get(stream).and_then(|entry| entry.consumers.get(consumer).copied()))
    }

    async fn commit(&self, consumer: &str, stream: &Stream, next_offset: u64) -> Result<(), LogError> {
        check_consumer_name(consumer)?;
        check_not_beyond(stream, next_offset, self.end_of(stream))?;
        let mut streams = self.locked();
        streams.entry(stream.clone()).or_default().consumers.insert(consumer.to_owned(), next_offset);
        Ok(())
    }

    async fn offset_at(&self, stream: &Stream, time: Timestamp) -> Result<u64, LogError> {
        let streams = self.locked();
        let Some(entry) = streams.get(stream) else { return Ok(0) };
        let found = entry.batches.iter().find(|batch| batch.received >= time);
        Ok(found.map_or_else(|| entry.end(), |batch| batch.first_offset))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    crate::contract::event_log_contract!(|| (Arc::new(MemoryLog::new()) as Arc<dyn EventLog>, ()));
}
