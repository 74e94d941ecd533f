//! What waits for the commit thread.
//!
//! Law TENANT: one tenant's flood does not keep another one waiting. A tenant has a share of the room and no more, and
//! batches are taken of each tenant in turn; those of one tenant stay in their order. They still share their fsyncs.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use sentra_model::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::commit::{Outcome, Prepared};
use crate::{LogError, LogOptions};

/// A batch in the queue. Its room is given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) prepared: Prepared,
    pub(crate) reply: oneshot::Sender<Outcome>,
    pub(crate) room: Room,
}

/// The room of one batch: of its tenant's share and of the whole.
#[derive(Debug)]
pub(crate) struct Room {
    _share: OwnedSemaphorePermit,
    _whole: OwnedSemaphorePermit,
}

/// Law LIMIT: bounded by the raw bytes of the batches in it and of those that are being compressed for it.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    room: Arc<Semaphore>,
    room_max: u32,
    /// The shares of the tenants that have something in the queue or wait for it.
    shares: Mutex<HashMap<TenantId, Weak<Semaphore>>>,
    share_max: u32,
    commit_bytes_max: u64,
    commit_wait: Duration,
}

#[derive(Debug, Default)]
struct State {
    /// What waits of each tenant that has anything waiting.
    requests: HashMap<TenantId, VecDeque<Request>>,
    /// Those tenants, in the order of their turns.
    turns: VecDeque<TenantId>,
    bytes: u64,
    /// Producers that have room and will add their batch soon: worth waiting for.
    preparing: usize,
    is_closed: bool,
}

/// Room is counted in units of so many bytes.
const ROOM_UNIT_BYTES: usize = 1024;
/// A tenant may have this part of the room: one that floods leaves the other half to the others.
const SHARE_DIVISOR: u32 = 2;

impl State {
    fn push(&mut self, request: Request) {
        self.bytes += request.prepared.frame.len();
        let tenant = request.prepared.stream.tenant.clone();
        let requests = self.requests.entry(tenant.clone()).or_default();
        if requests.is_empty() {
            self.turns.push_back(tenant);
        }
        requests.push_back(request);
    }

    /// The first batch of the tenant whose turn it is.
    fn pop(&mut self) -> Option<Request> {
        let tenant = self.turns.pop_front()?;
        let requests = self.requests.get_mut(&tenant)?;
        let request = requests.pop_front()?;
        if requests.is_empty() {
            self.requests.remove(&tenant);
        } else {
            self.turns.push_back(tenant);
        }
        self.bytes = self.bytes.saturating_sub(request.prepared.frame.len());
        Some(request)
    }
}

impl Queue {
    pub(crate) fn new(options: &LogOptions) -> Self {
        let units = (options.queue_bytes_max / ROOM_UNIT_BYTES).clamp(1, Semaphore::MAX_PERMITS);
        let room_max = u32::try_from(units).unwrap_or(u32::MAX);
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            room: Arc::new(Semaphore::new(room_max as usize)),
            room_max,
            shares: Mutex::default(),
            share_max: (room_max / SHARE_DIVISOR).max(1),
            commit_bytes_max: options.commit_bytes_max as u64,
            commit_wait: Duration::from_millis(options.commit_wait_ms),
        }
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The room that `tenant` may have.
    fn share_of(&self, tenant: &TenantId) -> Arc<Semaphore> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(tenant).and_then(Weak::upgrade) {
            return share;
        }
        // Law LIMIT: only those are known that have something to do with the queue now.
        shares.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(self.share_max as usize));
        shares.insert(tenant.clone(), Arc::downgrade(&share));
        share
    }

    /// Waits for room for a batch of `bytes`: this is where producers feel that the disk is slow.
    pub(crate) async fn enter(self: &Arc<Self>, tenant: &TenantId, bytes: usize) -> Result<Ticket, LogError> {
        let units = u32::try_from(bytes / ROOM_UNIT_BYTES + 1).unwrap_or(u32::MAX);
        // First of the share: whoever has used it up stands in nobody's way to the rest.
        let share = self.share_of(tenant).acquire_many_owned(units.min(self.share_max)).await;
        let whole = Arc::clone(&self.room).acquire_many_owned(units.min(self.room_max)).await;
        let (Ok(share), Ok(whole)) = (share, whole) else { return Err(LogError::Closed) };
        self.locked().preparing += 1;
        Ok(Ticket { queue: Arc::clone(self), room: Some(Room { _share: share, _whole: whole }) })
    }

    /// The next group, of each tenant in turn; `None` when the queue is closed and empty.
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
            let Some(request) = state.pop() else { break };
            bytes += request.prepared.frame.len();
            group.push(request);
        }
        Some(group)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.locked().requests.values().map(VecDeque::len).sum()
    }

    /// Lets the commit thread end when it has worked off what is there.
    pub(crate) fn close(&self) {
        self.locked().is_closed = true;
        self.room.close();
        let shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        shares.values().filter_map(Weak::upgrade).for_each(|share| share.close());
        drop(shares);
        self.changed.notify_all();
    }

    /// Closes the queue and drops what is in it, so that its producers learn that no answer will come.
    pub(crate) fn abandon(&self) {
        self.close();
        let mut state = self.locked();
        let requests = std::mem::take(&mut state.requests);
        state.turns.clear();
        drop(state);
        drop(requests);
    }
}

/// The right to add one batch.
#[derive(Debug)]
pub(crate) struct Ticket {
    queue: Arc<Queue>,
    room: Option<Room>,
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
        state.push(Request { prepared, reply, room });
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
        prepared_for("a")
    }

    fn prepared_for(tenant: &str) -> Prepared {
        Prepared { stream: stream(tenant), frame: Encoded::new(&batch(1, &["text"])).unwrap() }
    }

    async fn enter(queue: &Arc<Queue>, tenant: &str) -> Result<Ticket, LogError> {
        queue.enter(&stream(tenant).tenant, 10).await
    }

    async fn is_let_in(queue: &Arc<Queue>, tenant: &str) -> bool {
        let mut entering = Box::pin(enter(queue, tenant));
        tokio::select! {
            biased;
            entered = &mut entering => { entered.unwrap(); true }
            () = std::future::ready(()) => false,
        }
    }

    async fn filled(options: &LogOptions, count: usize) -> (Arc<Queue>, Vec<oneshot::Receiver<Outcome>>) {
        let queue = Arc::new(Queue::new(options));
        let mut answers = Vec::new();
        for _ in 0..count {
            answers.push(enter(&queue, "a").await.unwrap().push(prepared()).unwrap());
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
        let ticket = enter(&queue, "a").await.unwrap();
        let taker = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.take_group().unwrap().len()
        });
        let _answer = ticket.push(prepared()).unwrap();
        assert_eq!(taker.join().unwrap(), 2);
        // And not for who has given up.
        let (queue, _answers) = filled(&options, 1).await;
        drop(enter(&queue, "a").await.unwrap());
        assert_eq!(queue.take_group().unwrap().len(), 1);
    }

    /// Law LIMIT: a producer waits at the door until what is inside has been worked off.
    #[tokio::test]
    async fn a_full_queue_lets_nobody_in() {
        let options = LogOptions { queue_bytes_max: 2 * ROOM_UNIT_BYTES, ..LogOptions::default() };
        let (queue, _answers) = filled(&options, 1).await;
        let other = enter(&queue, "b").await.unwrap().push(prepared_for("b")).unwrap();
        for tenant in ["a", "b", "c"] {
            assert!(!is_let_in(&queue, tenant).await, "{tenant}");
        }
        drop((queue.take_group(), other));
        for tenant in ["a", "b", "c"] {
            assert!(is_let_in(&queue, tenant).await, "{tenant}");
        }
    }

    /// Law TENANT: whoever floods the queue waits for itself, and leaves nothing behind when it is done.
    #[tokio::test]
    async fn a_flood_has_its_share_of_the_room() {
        let options = LogOptions { queue_bytes_max: 8 * ROOM_UNIT_BYTES, ..LogOptions::default() };
        let (queue, answers) = filled(&options, 4).await;
        assert!(!is_let_in(&queue, "a").await, "half of the room is the share");
        // Others in the flood's own queue do not stand before another tenant.
        let waiting: Vec<_> = (0..20)
            .map(|_| {
                let queue = Arc::clone(&queue);
                tokio::spawn(async move { enter(&queue, "a").await.map(drop) })
            })
            .collect();
        tokio::task::yield_now().await;
        assert!(is_let_in(&queue, "b").await);
        assert!(is_let_in(&queue, "c").await);
        drop((queue.take_group(), answers));
        for entered in waiting {
            entered.await.unwrap().unwrap();
        }
        drop(enter(&queue, "d").await.unwrap());
        assert_eq!(queue.shares.lock().unwrap().len(), 1, "who is not there is not known");
    }

    /// Batches are taken in turn, each tenant's in their order.
    #[tokio::test]
    async fn a_flood_has_its_turn_and_no_more() {
        let one = prepared().frame.len() as usize;
        let options = LogOptions { commit_bytes_max: 3 * one, ..LogOptions::default() };
        let (queue, mut answers) = filled(&options, 6).await;
        for tenant in ["b", "c", "b"] {
            answers.push(enter(&queue, tenant).await.unwrap().push(prepared_for(tenant)).unwrap());
        }
        let groups: Vec<String> = (0..3)
            .map(|_| {
                let group = queue.take_group().unwrap();
                group.iter().map(|request| request.prepared.stream.tenant.to_string()).collect()
            })
            .collect();
        assert_eq!(groups, ["abc", "aba", "aaa"]);
    }

    #[tokio::test]
    async fn a_closed_queue_is_worked_off_and_takes_nothing() {
        let (queue, _answers) = filled(&LogOptions::default(), 3).await;
        let late = enter(&queue, "a").await.unwrap();
        queue.close();
        assert!(matches!(late.push(prepared()), Err(LogError::Closed)));
        assert!(matches!(enter(&queue, "a").await, Err(LogError::Closed)));
        assert_eq!(queue.take_group().unwrap().len(), 3);
        assert!(queue.take_group().is_none());
    }
}
