//! What waits for the commit thread.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::commit::{Outcome, Prepared};
use crate::{LogError, LogOptions};

/// A batch in the queue. Its room is given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) prepared: Prepared,
    pub(crate) reply: oneshot::Sender<Outcome>,
    pub(crate) room: OwnedSemaphorePermit,
}

/// Law LIMIT: bounded by the raw bytes of the batches in it and of those that are being compressed for it.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    room: Arc<Semaphore>,
    room_max: u32,
    commit_bytes_max: u64,
    commit_wait: Duration,
}

#[derive(Debug, Default)]
struct State {
    requests: VecDeque<Request>,
    bytes: u64,
    /// Producers that have room and will add their batch soon: worth waiting for.
    preparing: usize,
    is_closed: bool,
}

/// Room is counted in units of so many bytes.
const ROOM_UNIT_BYTES: usize = 1024;

impl Queue {
    pub(crate) fn new(options: &LogOptions) -> Self {
        let units = (options.queue_bytes_max / ROOM_UNIT_BYTES).clamp(1, Semaphore::MAX_PERMITS);
        let room_max = u32::try_from(units).unwrap_or(u32::MAX);
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            room: Arc::new(Semaphore::new(room_max as usize)),
            room_max,
            commit_bytes_max: options.commit_bytes_max as u64,
            commit_wait: Duration::from_millis(options.commit_wait_ms),
        }
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for room for a batch of `bytes`: this is where producers feel that the disk is slow.
    pub(crate) async fn enter(self: &Arc<Self>, bytes: usize) -> Result<Ticket, LogError> {
        let units = u32::try_from(bytes / ROOM_UNIT_BYTES + 1).unwrap_or(u32::MAX).min(self.room_max);
        let room = Arc::clone(&self.room).acquire_many_owned(units).await;
        let room = room.map_err(|_closed| LogError::Closed)?;
        self.locked().preparing += 1;
        Ok(Ticket { queue: Arc::clone(self), room: Some(room) })
    }

    /// The next group in queue order; `None` when the queue is closed and empty.
    ///
    /// A group is taken as soon as no producer is about to add to it, and at the latest when it is
    /// `commit_bytes_max` long or has waited for `commit_wait`. While the disk works on one group the next one
    /// gathers, so under load groups grow by themselves and a lone producer waits for nobody.
    pub(crate) fn take_group(&self) -> Option<Vec<Request>> {
        let mut state = self.locked();
        while state.requests.is_empty() {
            if state.is_closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let started = Instant::now();
        while state.preparing > 0 && state.bytes < self.commit_bytes_max && !state.is_closed {
            let left = self.commit_wait.saturating_sub(started.elapsed());
            if left.is_zero() {
                break;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let mut group = Vec::new();
        let mut bytes = 0;
        while bytes < self.commit_bytes_max {
            let Some(request) = state.requests.pop_front() else { break };
            bytes += request.prepared.frame.len();
            group.push(request);
        }
        state.bytes = state.bytes.saturating_sub(bytes);
        Some(group)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.locked().requests.len()
    }

    /// Lets the commit thread end when it has worked off what is there.
    pub(crate) fn close(&self) {
        self.locked().is_closed = true;
        self.room.close();
        self.changed.notify_all();
    }

    /// Closes the queue and drops what is in it, so that its producers learn that no answer will come.
    pub(crate) fn abandon(&self) {
        self.close();
        let requests = std::mem::take(&mut self.locked().requests);
        drop(requests);
    }
}

/// The right to add one batch.
#[derive(Debug)]
pub(crate) struct Ticket {
    queue: Arc<Queue>,
    room: Option<OwnedSemaphorePermit>,
}

impl Ticket {
    /// Adds the batch and returns where its answer will come.
    pub(crate) fn push(mut self, prepared: Prepared) -> Result<oneshot::Receiver<Outcome>, LogError> {
        let room = self.room.take().ok_or(LogError::Closed)?;
        let (reply, answer) = oneshot::channel();
        let mut state = self.queue.locked();
        if state.is_closed {
            return Err(LogError::Closed);
        }
        state.bytes += prepared.frame.len();
        state.requests.push_back(Request { prepared, reply, room });
        // The drop of the ticket wakes the commit thread.
        Ok(answer)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut state = self.queue.locked();
        state.preparing = state.preparing.saturating_sub(1);
        drop(state);
        self.queue.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{batch, stream};
    use crate::frame::Encoded;

    fn prepared() -> Prepared {
        Prepared { stream: stream("a"), frame: Encoded::new(&batch(1, &["text"])).unwrap() }
    }

    async fn filled(options: &LogOptions, count: usize) -> (Arc<Queue>, Vec<oneshot::Receiver<Outcome>>) {
        let queue = Arc::new(Queue::new(options));
        let mut answers = Vec::new();
        for _ in 0..count {
            answers.push(queue.enter(10).await.unwrap().push(prepared()).unwrap());
        }
        (queue, answers)
    }

    #[tokio::test]
    async fn what_has_gathered_is_one_group() {
        let (queue, _answers) = filled(&LogOptions::default(), 10).await;
        assert_eq!(queue.take_group().unwrap().len(), 10);
    }

    #[tokio::test]
    async fn a_group_ends_where_it_is_long_enough() {
        let two = 2 * prepared().frame.len() as usize;
        let options = LogOptions { commit_bytes_max: two, ..LogOptions::default() };
        let (queue, _answers) = filled(&options, 5).await;
        let groups: Vec<usize> = (0..3).map(|_| queue.take_group().unwrap().len()).collect();
        assert_eq!(groups, [2, 2, 1]);
    }

    #[tokio::test]
    async fn a_group_waits_for_who_is_about_to_add_to_it() {
        let options = LogOptions { commit_wait_ms: 600_000, ..LogOptions::default() };
        let (queue, _answers) = filled(&options, 1).await;
        let ticket = queue.enter(10).await.unwrap();
        let taker = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.take_group().unwrap().len()
        });
        let _answer = ticket.push(prepared()).unwrap();
        assert_eq!(taker.join().unwrap(), 2);
        // And not for who has given up.
        let (queue, _answers) = filled(&options, 1).await;
        drop(queue.enter(10).await.unwrap());
        assert_eq!(queue.take_group().unwrap().len(), 1);
    }

    /// Law LIMIT: a producer waits at the door until what is inside has been worked off.
    #[tokio::test]
    async fn a_full_queue_lets_nobody_in() {
        let options = LogOptions { queue_bytes_max: 2 * ROOM_UNIT_BYTES, ..LogOptions::default() };
        let (queue, _answers) = filled(&options, 2).await;
        let mut third = Box::pin(queue.enter(10));
        let is_waiting = tokio::select! {
            biased;
            _ = &mut third => false,
            () = std::future::ready(()) => true,
        };
        assert!(is_waiting);
        drop(queue.take_group());
        third.await.unwrap();
    }

    #[tokio::test]
    async fn a_closed_queue_is_worked_off_and_takes_nothing() {
        let (queue, _answers) = filled(&LogOptions::default(), 3).await;
        let late = queue.enter(10).await.unwrap();
        queue.close();
        assert!(matches!(late.push(prepared()), Err(LogError::Closed)));
        assert!(matches!(queue.enter(10).await, Err(LogError::Closed)));
        assert_eq!(queue.take_group().unwrap().len(), 3);
        assert!(queue.take_group().is_none());
    }
}
