use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use async_trait::async_trait;
use sentra_model::{Clock, Timestamp};
use tokio::sync::Semaphore;

use crate::commit::Prepared;
use crate::disk::{Disk, RealDisk};
use crate::engine::Engine;
use crate::frame::Encoded;
use crate::queue::{Queue, Request};
use crate::recovery::RecoveryReport;
use crate::{
    AppendBatch, Appended, Consumer, EventLog, Extent, LogError, LogOptions, ReadChunk, RetentionReport,
    Stream,
};

/// Batches up to this length are compressed where `append` is called, which takes a third of a millisecond; longer
/// ones on a thread for blocking work. Waking one for 64 KiB was measured to cost half as much as compressing them.
const COMPRESS_INLINE_BYTES_MAX: usize = 128 * 1024;

/// The embedded log: segment files in a directory that one process holds.
///
/// Dropping it works off what is queued and ends the commit thread. Needs a tokio runtime.
#[derive(Debug)]
pub struct SegmentLog {
    engine: Arc<Engine>,
    queue: Arc<Queue>,
    /// Turns to compress a long batch.
    compressing: Arc<Semaphore>,
    committer: Option<JoinHandle<()>>,
}

impl SegmentLog {
    /// Opens the log in `dir`, which is made where it is missing, and repairs what a crash left.
    ///
    /// Blocks for as long as it takes to check the last segment of every stream. Metric handles are made here:
    /// install the recorder before.
    ///
    /// # Errors
    /// [`LogError::Locked`], [`LogError::NewerVersion`], [`LogError::Damaged`], [`LogError::Io`].
    pub fn open(
        dir: &Path,
        options: LogOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, RecoveryReport), LogError> {
        Self::open_on(Arc::new(RealDisk), dir, options, clock)
    }

    pub(crate) fn open_on(
        disk: Arc<dyn Disk>,
        dir: &Path,
        options: LogOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, RecoveryReport), LogError> {
        let queue = Arc::new(Queue::new(&options));
        let (engine, report) = Engine::open(disk, dir, options, clock)?;
        let engine = Arc::new(engine);
        let thread = std::thread::Builder::new().name("backbone-commit".to_owned());
        let committer = thread
            .spawn({
                let (engine, queue) = (Arc::clone(&engine), Arc::clone(&queue));
                move || commit_until_closed(&engine, &queue)
            })
            .map_err(LogError::io("start the commit thread of", dir))?;
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let compressing = Arc::new(Semaphore::new(processors));
        Ok((Self { engine, queue, compressing, committer: Some(committer) }, report))
    }

    /// Why the log takes nothing any more; `None` while it is well. The process must stop when it is not.
    #[must_use]
    pub fn poisoned(&self) -> Option<Arc<str>> {
        self.engine.poison.reason()
    }

    /// Resolves when the log is poisoned, with the reason: for the binary to wait on and stop.
    ///
    /// The future does not borrow the log.
    pub fn until_poisoned(&self) -> impl Future<Output = Arc<str>> + Send + 'static {
        let poison = self.engine.poison.clone();
        async move { poison.wait().await }
    }

    /// Removes what the options' retention no longer keeps, and says what went and what a consumer holds. For the
    /// owner to call from time to time; the freed bytes go back to the disk budget.
    ///
    /// Only whole closed segments go, from a stream's beginning. A reader that is in the middle of one gets what it
    /// has opened, or goes on at the new begin with `skipped` set.
    ///
    /// # Errors
    /// [`LogError::Poisoned`]: what went before is gone. Any other failure stands in the report.
    pub async fn retain(&self) -> Result<RetentionReport, LogError> {
        self.blocking(Engine::retain).await
    }

    /// Bytes of the disk budget that are used, or promised to what is being written.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.engine.budget.used()
    }

    /// Batches that wait for the commit thread.
    #[cfg(test)]
    pub(crate) fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Runs `work` where blocking is allowed.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let engine = Arc::clone(&self.engine);
        tokio::task::spawn_blocking(move || work(&engine)).await.map_err(|_stopped| LogError::Closed)?
    }
}

/// Ends the queue with the commit thread, also where that panics: nobody waits for an answer that cannot come.
struct QueueEnd<'a> {
    engine: &'a Engine,
    queue: &'a Queue,
}

impl Drop for QueueEnd<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.engine.poison("the commit thread panicked".to_owned());
        }
        self.queue.abandon();
    }
}

/// The commit thread.
fn commit_until_closed(engine: &Engine, queue: &Queue) {
    let _end = QueueEnd { engine, queue };
    while let Some(group) = queue.take_group() {
        let (mut batches, mut replies) = (Vec::with_capacity(group.len()), Vec::with_capacity(group.len()));
        for Request { prepared, reply, room } in group {
            batches.push(prepared);
            replies.push((reply, room));
        }
        let outcomes = engine.commit_group(&batches);
        for ((reply, _room), outcome) in replies.into_iter().zip(outcomes) {
            // Whoever has gone away does not want the answer.
            let _ = reply.send(outcome);
        }
    }
}

impl Drop for SegmentLog {
    fn drop(&mut self) {
        self.queue.close();
        let ended = self.committer.take().map(JoinHandle::join);
        if let Some(Err(_panic)) = ended {
            tracing::error!("the commit thread panicked");
        }
    }
}

/// Compresses a batch. Law LIMIT: at most as many long ones at a time as there are processors, in the order in which
/// they came: more would share the same processors and take a compressor's memory each.
async fn encode(batch: AppendBatch, bytes: usize, compressing: &Arc<Semaphore>) -> Result<Encoded, LogError> {
    let encoded = if bytes <= COMPRESS_INLINE_BYTES_MAX {
        Encoded::new(&batch)
    } else {
        let turn = Arc::clone(compressing).acquire_owned().await.map_err(|_closed| LogError::Closed)?;
        let work = tokio::task::spawn_blocking(move || {
            let encoded = Encoded::new(&batch);
            drop(turn);
            encoded
        });
        work.await.map_err(|_stopped| LogError::Closed)?
    };
    encoded.map_err(LogError::io("compress a batch for", Path::new("the log")))
}

#[async_trait]
impl EventLog for SegmentLog {
    async fn append(&self, stream: &Stream, batch: AppendBatch) -> Result<Appended, LogError> {
        batch.check()?;
        self.engine.poison.check()?;
        if batch.records.is_empty() {
            return Ok(Appended { first_offset: self.engine.extent(stream).end, count: 0 });
        }
        let bytes = batch.bytes();
        let ticket = self.queue.enter(&stream.tenant, bytes).await?;
        let frame = encode(batch, bytes, &self.compressing).await?;
        let frame_bytes = frame.len();
        if let Err(error) = self.engine.budget.reserve(stream.topic, frame_bytes) {
            self.engine.partition(stream).metrics.refused_full.increment(1);
            return Err(error);
        }
        // No await between the promise and the queue: a dropped call cannot keep its promise from being kept.
        let answer = ticket.push(Prepared { stream: stream.clone(), frame });
        let answer = answer.inspect_err(|_| self.engine.budget.release(frame_bytes))?;
        answer.await.map_err(|_gone| LogError::Closed)?
    }

    async fn read(&self, stream: &Stream, from: u64, bytes_max: usize) -> Result<ReadChunk, LogError> {
        let stream = stream.clone();
        self.blocking(move |engine| engine.read(&stream, from, bytes_max)).await
    }

    async fn wait_beyond(&self, stream: &Stream, offset: u64) -> Result<(), LogError> {
        let partition = self.engine.partition(stream);
        let mut end = partition.end.subscribe();
        tokio::select! {
            biased;
            moved = end.wait_for(|end| *end > offset) => moved.map(drop).map_err(|_closed| LogError::Closed),
            _reason = self.engine.poison.wait() => Err(self.engine.poison.error()),
        }
    }

    async fn extent(&self, stream: &Stream) -> Result<Extent, LogError> {
        Ok(self.engine.extent(stream))
    }

    async fn streams(&self) -> Result<Vec<Stream>, LogError> {
        Ok(self.engine.streams())
    }

    async fn position(&self, consumer: &str, stream: &Stream) -> Result<Option<u64>, LogError> {
        self.engine.position(consumer, stream)
    }

    async fn commit(&self, consumer: &str, stream: &Stream, next_offset: u64) -> Result<(), LogError> {
        let (consumer, stream) = (consumer.to_owned(), stream.clone());
        self.blocking(move |engine| engine.commit_position(&consumer, &stream, next_offset, None)).await
    }

    async fn commit_range(
        &self,
        consumer: &str,
        stream: &Stream,
        next_offset: u64,
        range: Range<u64>,
    ) -> Result<(), LogError> {
        let (consumer, stream) = (consumer.to_owned(), stream.clone());
        self.blocking(move |engine| engine.commit_position(&consumer, &stream, next_offset, Some(range)))
            .await
    }

    async fn consumers(&self, stream: &Stream) -> Result<Vec<Consumer>, LogError> {
        Ok(self.engine.consumers(stream))
    }

    async fn forget(&self, consumer: &str, stream: &Stream) -> Result<bool, LogError> {
        let (consumer, stream) = (consumer.to_owned(), stream.clone());
        self.blocking(move |engine| engine.forget(&consumer, &stream)).await
    }

    async fn offset_at(&self, stream: &Stream, time: Timestamp) -> Result<u64, LogError> {
        let stream = stream.clone();
        self.blocking(move |engine| engine.offset_at(&stream, time)).await
    }
}

#[cfg(test)]
mod tests {
    use sentra_model::ManualClock;

    use super::*;
    use crate::contract::{batch, read_all, stream};

    fn open(options: LogOptions) -> (Arc<dyn EventLog>, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let (log, _report) = SegmentLog::open(dir.path(), options, Arc::new(ManualClock::default())).unwrap();
        (Arc::new(log), dir)
    }

    crate::contract::event_log_contract!(|| open(LogOptions::default()));

    #[tokio::test]
    async fn a_directory_has_one_holder() {
        let (log, dir) = open(LogOptions::default());
        let again = || SegmentLog::open(dir.path(), LogOptions::default(), Arc::new(ManualClock::default()));
        let error = again().unwrap_err();
        let pid = std::process::id();
        assert!(matches!(error, LogError::Locked { pid: Some(found), .. } if found == pid), "{error}");
        drop(log);
        again().unwrap();
    }

    #[tokio::test]
    async fn what_was_appended_is_there_after_reopening() {
        let (log, dir) = open(LogOptions::default());
        log.append(&stream("a"), batch(1, &["a", "b"])).await.unwrap();
        log.commit("detect", &stream("a"), 1).await.unwrap();
        drop(log);
        let clock = Arc::new(ManualClock::default());
        let (log, report) = SegmentLog::open(dir.path(), LogOptions::default(), clock).unwrap();
        assert_eq!((report.streams, report.segments, report.truncated.len()), (1, 1, 0));
        assert_eq!(log.position("detect", &stream("a")).await.unwrap(), Some(1));
        assert_eq!(read_all(&log, &stream("a"), 0, 100).await, [(0, "a".to_owned()), (1, "b".to_owned())]);
        let appended = log.append(&stream("a"), batch(1, &["c"])).await.unwrap();
        assert_eq!(appended.first_offset, 2);
    }

    /// Laws LIMIT and LOSS: over the budget everything is refused, and what was taken before stays.
    #[tokio::test]
    async fn the_disk_budget_refuses_before_it_accepts() {
        let (log, dir) = open(LogOptions { disk_bytes_max: Some(2000), ..LogOptions::default() });
        let mut accepted = 0;
        let error = loop {
            match log.append(&stream("a"), batch(1, &["some text"])).await {
                Ok(_) => accepted += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, LogError::Full { .. }), "{error}");
        assert!((5..20).contains(&accepted), "{accepted} were accepted");
        let error = log.append(&stream("b"), batch(1, &["some text"])).await.unwrap_err();
        assert!(matches!(error, LogError::Full { .. }), "{error}");
        assert_eq!(log.extent(&stream("a")).await.unwrap().end, accepted);
        assert_eq!(log.streams().await.unwrap(), [stream("a")]);
        drop(log);
        let options = LogOptions { disk_bytes_max: Some(2000), ..LogOptions::default() };
        let (log, report) = SegmentLog::open(dir.path(), options, Arc::new(ManualClock::default())).unwrap();
        assert!(report.bytes <= 2000 + 64, "{} bytes", report.bytes);
        let error = log.append(&stream("a"), batch(1, &["some text"])).await.unwrap_err();
        assert!(matches!(error, LogError::Full { .. }), "{error}");
        assert_eq!(read_all(&log, &stream("a"), 0, 100).await.len() as u64, accepted);
    }

    /// A call that its caller drops leaves nothing behind that blocks the others.
    #[tokio::test]
    async fn dropped_calls_give_their_room_back() {
        let (log, _dir) = open(LogOptions { queue_bytes_max: 2048, ..LogOptions::default() });
        for n in 0..200 {
            let (target, text) = (stream("a"), n.to_string());
            let append = log.append(&target, batch(1, &[&text]));
            tokio::select! {
                biased;
                done = append => drop(done.unwrap()),
                () = std::future::ready(()) => {}
            }
        }
        let last = log.append(&stream("a"), batch(1, &["last"])).await.unwrap();
        let found = read_all(&*log, &stream("a"), 0, 10_000).await;
        assert_eq!(found.last(), Some(&(last.first_offset, "last".to_owned())));
    }

    mod with_tiny_segments {
        use super::*;

        crate::contract::event_log_contract!(|| open(LogOptions {
            segment_bytes_max: 1,
            commit_bytes_max: 1,
            commit_wait_ms: 0,
            queue_bytes_max: 1,
            ..LogOptions::default()
        }));
    }
}
