//! The log's side of durable consumers: who may have one, and what a failed write means.

use std::ops::Range;
use std::path::Path;
use std::sync::PoisonError;

use crate::consumers::{self, CONSUMER_BYTES, CONSUMERS_MAX, Known, Position, check_consumer_name};
use crate::engine::Engine;
use crate::files::ensure_directory;
use crate::log::check_not_beyond;
use crate::partition::Partition;
use crate::{Consumer, LogError, Stream};

impl Engine {
    pub(crate) fn position(&self, consumer: &str, stream: &Stream) -> Result<Option<u64>, LogError> {
        check_consumer_name(consumer)?;
        Ok(self.known(stream).and_then(|partition| partition.position(consumer)))
    }

    pub(crate) fn consumers(&self, stream: &Stream) -> Vec<Consumer> {
        let Some(partition) = self.known(stream) else { return Vec::new() };
        let extent = partition.extent();
        let consumers = partition.consumers.lock().unwrap_or_else(PoisonError::into_inner);
        consumers.iter().map(|(name, known)| Consumer::new(name, &known.position, extent)).collect()
    }

    /// Makes a consumer's position durable; a `range` of `None` leaves the one it has.
    pub(crate) fn commit_position(
        &self,
        consumer: &str,
        stream: &Stream,
        next_offset: u64,
        range: Option<Range<u64>>,
    ) -> Result<(), LogError> {
        check_consumer_name(consumer)?;
        self.poison.check()?;
        let end = self.extent(stream).end;
        check_not_beyond(stream, next_offset.max(range.as_ref().map_or(0, |range| range.end)), end)?;
        let partition = self.partition(stream);
        let _files = partition.files.lock().unwrap_or_else(PoisonError::into_inner);
        let known = partition.known(consumer);
        let range = range.or_else(|| known.as_ref().and_then(|known| known.position.range.clone()));
        let position = Position { next_offset, range };
        match &known {
            Some(known) if known.is_settled && known.position == position => return Ok(()),
            Some(_) => {}
            None => self.admit(&partition)?,
        }
        let directory = consumers::directory(&partition.directory);
        let written = self
            .ensure_directory(&directory)
            .and_then(|()| consumers::write(&*self.disk, &directory, consumer, &position, known.as_ref()));
        let mut consumers = partition.consumers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(slot) = &written {
            consumers.insert(consumer.to_owned(), Known::settled(position, Some(*slot)));
        } else if let Some(known) = consumers.get_mut(consumer) {
            known.unsettle(position.next_offset);
        } else {
            self.budget.release(CONSUMER_BYTES);
        }
        drop(consumers);
        self.judge(written.map(drop))
    }

    /// Law LIMIT: lets a new consumer in. The budget counts it and does not refuse it: a consumer that cannot
    /// move holds retention back, and then the budget would stay used up.
    fn admit(&self, partition: &Partition) -> Result<(), LogError> {
        let count = partition.consumers.lock().unwrap_or_else(PoisonError::into_inner).len();
        if count >= CONSUMERS_MAX {
            let stream = Box::new(partition.stream.clone());
            return Err(LogError::ConsumersTooMany { stream, consumers_max: CONSUMERS_MAX });
        }
        self.budget.charge(CONSUMER_BYTES);
        Ok(())
    }

    /// Removes a consumer, durably; false where there is none.
    pub(crate) fn forget(&self, consumer: &str, stream: &Stream) -> Result<bool, LogError> {
        check_consumer_name(consumer)?;
        self.poison.check()?;
        let Some(partition) = self.known(stream) else { return Ok(false) };
        let _files = partition.files.lock().unwrap_or_else(PoisonError::into_inner);
        if partition.known(consumer).is_none() {
            return Ok(false);
        }
        let directory = consumers::directory(&partition.directory);
        let removed = consumers::remove(&*self.disk, &directory, consumer);
        let mut consumers = partition.consumers.lock().unwrap_or_else(PoisonError::into_inner);
        if removed.is_ok() {
            consumers.remove(consumer);
            self.budget.release(CONSUMER_BYTES);
        } else if let Some(known) = consumers.get_mut(consumer) {
            // Its file may be gone.
            known.unsettle(0);
        }
        drop(consumers);
        self.judge(removed.map(|()| true))
    }

    /// A directory that is there is taken for durable from then on, also by the commit thread: where making it failed
    /// for another reason than space, nobody knows whether it is there, and the log ends.
    fn ensure_directory(&self, directory: &Path) -> Result<(), LogError> {
        ensure_directory(&*self.disk, directory).map_err(|error| {
            if error.is_no_space() && !error.is_failed_sync() {
                return error;
            }
            self.poison(error.with_causes());
            self.poison.error()
        })
    }

    /// What a failed change to a small file means for the log.
    pub(crate) fn judge<T>(&self, result: Result<T, LogError>) -> Result<T, LogError> {
        match result {
            Err(error) if error.is_failed_sync() => {
                self.poison(error.with_causes());
                Err(self.poison.error())
            }
            Err(error) if error.is_no_space() => Err(LogError::Full { detail: error.with_causes() }),
            other => other,
        }
    }
}
