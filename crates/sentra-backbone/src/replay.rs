//! Reading a part of a stream once more, with a durable consumer of its own: whatever engine keeps the log.

use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use sentra_model::Timestamp;

use crate::log::check_not_beyond;
use crate::{Consumer, EventLog, Extent, LogError, ReadChunk, ReplayTaken, Stream};

/// Where a replay begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// At this offset. As an end it is the first one that is not replayed.
    Offset(u64),
    /// At the first batch that was received at or after this moment. As an end that batch is the first one that is
    /// not replayed. Where the clock has jumped backwards, batches in between may have been received before or after.
    Time(Timestamp),
    /// At the oldest record that is kept.
    Begin,
    /// After the newest record there is when the replay is opened.
    End,
}

/// `begin`, `end`, an offset, or a time as in RFC 3339.
impl FromStr for Bound {
    type Err = BoundError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "begin" => return Ok(Self::Begin),
            "end" => return Ok(Self::End),
            _ => {}
        }
        if let Ok(offset) = text.parse() {
            return Ok(Self::Offset(offset));
        }
        text.parse().map(Self::Time).map_err(|_| BoundError { text: text.chars().take(80).collect() })
    }
}

/// A text that is no bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no place in a topic: write an offset as in 4711, a time as in 2026-01-31T23:59:59Z, begin or end"
)]
pub struct BoundError {
    text: String,
}

/// What to replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayRequest {
    /// The stream.
    pub stream: Stream,
    /// The name of the durable consumer that is made for it.
    pub consumer: String,
    /// The first record.
    pub from: Bound,
    /// The end, which is not replayed.
    pub to: Bound,
    /// Go on where the replay of that name stands, whatever it began with; `from` then only serves where there is
    /// none. Without it, a replay of that name must be of the same offsets, and is gone on with.
    pub resume: bool,
}

/// A range of offsets that is read chunk by chunk, with a durable position.
///
/// Chunks come at least once: what was read since the last commit comes again after a crash. Dropping it leaves the
/// consumer where it stands; [`EventLog::forget`] removes it.
#[derive(Debug)]
pub struct Replay {
    log: Arc<dyn EventLog>,
    stream: Stream,
    consumer: String,
    range: Range<u64>,
    next: u64,
    committed: u64,
    start_missing: Option<Range<u64>>,
    is_resumed: bool,
}

impl Replay {
    /// Makes the consumer, or finds it, and stands at the first record that is to be read.
    ///
    /// # Errors
    /// [`LogError::BeyondEnd`] where an offset lies beyond the stream's end; [`LogError::ReplayBackwards`];
    /// [`LogError::ReplayTaken`] where the name belongs to a consumer that follows the stream, or to a replay of other
    /// offsets that the request does not resume; and what [`EventLog::commit_range`] answers.
    pub async fn open(log: Arc<dyn EventLog>, request: ReplayRequest) -> Result<Self, LogError> {
        let ReplayRequest { stream, consumer, from, to, resume } = request;
        let extent = log.extent(&stream).await?;
        let to = resolve(&*log, &stream, extent, to).await?;
        let existing = log.consumers(&stream).await?.into_iter().find(|known| known.name == consumer);
        if let (Some(existing), true) = (&existing, resume) {
            let (stood, start) = standing(&stream, existing)?;
            check_forward(&stream, stood, to)?;
            log.commit_range(&consumer, &stream, stood, start..to).await?;
            return Ok(Self::at(log, stream, consumer, start..to, stood).resumed());
        }
        let start = resolve(&*log, &stream, extent, from).await?;
        check_forward(&stream, start, to)?;
        let range = start..to;
        if let Some(existing) = existing {
            let (stood, _) = standing(&stream, &existing)?;
            if existing.range.as_ref() != Some(&range) {
                let taken = existing
                    .range
                    .map_or(ReplayTaken::ByFollower, |range| ReplayTaken::ByRange { range, position: stood });
                return Err(LogError::ReplayTaken { stream: Box::new(stream), consumer, taken });
            }
            return Ok(Self::at(log, stream, consumer, range, stood).resumed());
        }
        log.commit_range(&consumer, &stream, start, range).await?;
        let mut replay = Self::at(log, stream, consumer, start..to, start);
        replay.start_missing = missing(from, start, extent);
        Ok(replay)
    }

    fn at(
        log: Arc<dyn EventLog>,
        stream: Stream,
        consumer: String,
        range: Range<u64>,
        position: u64,
    ) -> Self {
        let (next, committed) = (position, position);
        Self { log, stream, consumer, range, next, committed, start_missing: None, is_resumed: false }
    }

    fn resumed(mut self) -> Self {
        self.is_resumed = true;
        self
    }

    /// The offsets that are replayed.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// The offset at which the next chunk begins.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.next
    }

    /// True where the consumer was there already.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    /// Offsets that retention had removed when the replay was opened and that belong to its beginning, or may: where it
    /// begins at a time that is before the oldest record kept, the removed ones may have been of that time. Law LOSS:
    /// the caller shows them.
    #[must_use]
    pub fn start_missing(&self) -> Option<Range<u64>> {
        self.start_missing.clone()
    }

    /// Commits what it has given so far, which the caller has worked off, and reads on: about `bytes_max` bytes, at
    /// least one batch. `None` when all is replayed and committed.
    ///
    /// What lies in the range and is damaged or was removed by retention stands in the chunk, in `quarantined` and
    /// `skipped`; a chunk may hold nothing else.
    ///
    /// # Errors
    /// What [`EventLog::read`] and [`EventLog::commit`] answer. The call may be repeated.
    pub async fn next(&mut self, bytes_max: usize) -> Result<Option<ReadChunk>, LogError> {
        self.commit().await?;
        if self.next >= self.range.end {
            return Ok(None);
        }
        let mut chunk = self.log.read(&self.stream, self.next, bytes_max).await?;
        clip(&mut chunk, self.range.end);
        self.next = chunk.next_offset;
        Ok(Some(chunk))
    }

    /// Makes the position durable up to what was given last: for a caller that wants that before the next chunk.
    ///
    /// # Errors
    /// What [`EventLog::commit`] answers.
    pub async fn commit(&mut self) -> Result<(), LogError> {
        if self.committed != self.next {
            self.log.commit(&self.consumer, &self.stream, self.next).await?;
            self.committed = self.next;
        }
        Ok(())
    }
}

async fn resolve(log: &dyn EventLog, stream: &Stream, extent: Extent, bound: Bound) -> Result<u64, LogError> {
    match bound {
        Bound::Offset(offset) => check_not_beyond(stream, offset, extent.end).map(|()| offset),
        Bound::Time(time) => Ok(log.offset_at(stream, time).await?.min(extent.end)),
        Bound::Begin => Ok(extent.begin),
        Bound::End => Ok(extent.end),
    }
}

/// Where a replay of an existing consumer stands and began.
fn standing(stream: &Stream, existing: &Consumer) -> Result<(u64, u64), LogError> {
    let range = existing.range.as_ref().ok_or_else(|| LogError::ReplayTaken {
        stream: Box::new(stream.clone()),
        consumer: existing.name.clone(),
        taken: ReplayTaken::ByFollower,
    })?;
    Ok((existing.position, range.start))
}

fn check_forward(stream: &Stream, from: u64, to: u64) -> Result<(), LogError> {
    if from <= to {
        return Ok(());
    }
    Err(LogError::ReplayBackwards { stream: Box::new(stream.clone()), from, to })
}

/// What retention has taken from the beginning of a replay.
fn missing(from: Bound, start: u64, extent: Extent) -> Option<Range<u64>> {
    let begin = extent.begin;
    match from {
        Bound::Offset(_) => (start < begin).then_some(start..begin),
        Bound::Time(_) => (start == begin && begin > 0).then_some(0..begin),
        Bound::Begin | Bound::End => None,
    }
}

/// Takes what lies at or after `to` out of the chunk.
fn clip(chunk: &mut ReadChunk, to: u64) {
    chunk.batches.retain(|batch| batch.first_offset < to);
    if let Some(last) = chunk.batches.last_mut() {
        last.truncate(to);
    }
    for range in chunk.quarantined.iter_mut().chain(&mut chunk.skipped) {
        range.end = range.end.min(to);
    }
    chunk.quarantined.retain(|range| range.start < range.end);
    chunk.skipped.take_if(|range| range.start >= range.end);
    chunk.next_offset = chunk.next_offset.min(to);
}

#[cfg(test)]
mod tests;
