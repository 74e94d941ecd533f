use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sentra_model::Timestamp;
use tokio::sync::watch;

use crate::consumers::{CONSUMERS_MAX, Position, check_consumer_name};
use crate::log::check_not_beyond;
use crate::{AppendBatch, Appended, Consumer, EventLog, Extent, LogError, ReadChunk, StoredBatch, Stream};

/// A log that lives in memory and dies with the process, for tests.
#[derive(Debug, Default)]
pub struct MemoryLog {
    streams: Mutex<BTreeMap<Stream, MemoryStream>>,
}

#[derive(Debug)]
struct MemoryStream {
    batches: Vec<StoredBatch>,
    begin: u64,
    end: watch::Sender<u64>,
    consumers: BTreeMap<String, Position>,
}

impl Default for MemoryStream {
    fn default() -> Self {
        Self { batches: Vec::new(), begin: 0, end: watch::Sender::new(0), consumers: BTreeMap::new() }
    }
}

impl MemoryStream {
    fn end(&self) -> u64 {
        *self.end.borrow()
    }

    fn extent(&self) -> Extent {
        Extent { begin: self.begin, end: self.end() }
    }

    fn read(&self, from: u64, bytes_max: usize) -> ReadChunk {
        let skipped = (from < self.begin).then_some(from..self.begin);
        let from = from.max(self.begin);
        let mut chunk = ReadChunk { next_offset: from, skipped, ..ReadChunk::default() };
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

    /// Removes the batches that end at or before `offset`: what retention does to a [`SegmentLog`](crate::SegmentLog).
    pub fn remove_before(&self, stream: &Stream, offset: u64) {
        if let Some(entry) = self.locked().get_mut(stream) {
            entry.batches.retain(|batch| batch.next_offset() > offset);
            entry.begin = entry.batches.first().map_or_else(|| entry.end(), |first| first.first_offset);
        }
    }

    fn place(
        &self,
        consumer: &str,
        stream: &Stream,
        next_offset: u64,
        range: Option<Range<u64>>,
    ) -> Result<(), LogError> {
        check_consumer_name(consumer)?;
        let furthest = next_offset.max(range.as_ref().map_or(0, |range| range.end));
        check_not_beyond(stream, furthest, self.end_of(stream))?;
        let mut streams = self.locked();
        let consumers = &mut streams.entry(stream.clone()).or_default().consumers;
        if consumers.len() >= CONSUMERS_MAX && !consumers.contains_key(consumer) {
            let stream = Box::new(stream.clone());
            return Err(LogError::ConsumersTooMany { stream, consumers_max: CONSUMERS_MAX });
        }
        let range = range.or_else(|| consumers.get(consumer).and_then(|position| position.range.clone()));
        consumers.insert(consumer.to_owned(), Position { next_offset, range });
        Ok(())
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
        Ok(self.locked().get(stream).map_or(Extent { begin: 0, end: 0 }, MemoryStream::extent))
    }

    async fn streams(&self) -> Result<Vec<Stream>, LogError> {
        let streams = self.locked();
        Ok(streams.iter().filter(|(_, entry)| entry.end() > 0).map(|(stream, _)| stream.clone()).collect())
    }

    async fn position(&self, consumer: &str, stream: &Stream) -> Result<Option<u64>, LogError> {
        check_consumer_name(consumer)?;
        Ok(self.locked().get(stream).and_then(|entry| entry.consumers.get(consumer)).map(|p| p.next_offset))
    }

    async fn commit(&self, consumer: &str, stream: &Stream, next_offset: u64) -> Result<(), LogError> {
        self.place(consumer, stream, next_offset, None)
    }

    async fn commit_range(
        &self,
        consumer: &str,
        stream: &Stream,
        next_offset: u64,
        range: Range<u64>,
    ) -> Result<(), LogError> {
        self.place(consumer, stream, next_offset, Some(range))
    }

    async fn consumers(&self, stream: &Stream) -> Result<Vec<Consumer>, LogError> {
        let streams = self.locked();
        let Some(entry) = streams.get(stream) else { return Ok(Vec::new()) };
        let consumers = entry.consumers.iter();
        Ok(consumers.map(|(name, position)| Consumer::new(name, position, entry.extent())).collect())
    }

    async fn forget(&self, consumer: &str, stream: &Stream) -> Result<bool, LogError> {
        check_consumer_name(consumer)?;
        let mut streams = self.locked();
        Ok(streams.get_mut(stream).is_some_and(|entry| entry.consumers.remove(consumer).is_some()))
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
