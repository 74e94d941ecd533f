use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// A connection that has sent nothing of use for this long may be asked to leave when others wait.
const SILENCE: Duration = Duration::from_secs(30);
/// How often a full door looks for a free seat that nobody told it of.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Law LIMIT: connections of all doors of a process. They must leave files for the log, which takes no record
/// any more when it cannot open one.
#[derive(Debug, Clone)]
pub(crate) struct House(Arc<HouseInner>);

#[derive(Debug)]
struct HouseInner {
    taken: AtomicUsize,
    seats_max: usize,
}

impl House {
    /// Three quarters of the files that this process may open.
    pub(crate) fn of_process() -> Self {
        let files_max = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        Self::new(usize::try_from(files_max / 4 * 3).unwrap_or(usize::MAX))
    }

    pub(crate) fn new(seats_max: usize) -> Self {
        Self(Arc::new(HouseInner { taken: AtomicUsize::new(0), seats_max }))
    }
}

/// Law LIMIT: connections of one door at the same time. Whoever comes to a full door waits in the kernel's queue,
/// and the connection that has been silent for longest is asked to leave, so that idle ones lock nobody out.
#[derive(Debug, Clone)]
pub(crate) struct Seats(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    listener: String,
    seats_max: AtomicUsize,
    silence: Duration,
    started: Instant,
    taken: Mutex<Taken>,
    freed: Notify,
    house: House,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    by_number: BTreeMap<u64, Arc<State>>,
}

#[derive(Debug)]
struct State {
    /// When it last sent something of use, after the start of the door.
    heard_ms: AtomicU64,
    leave: CancellationToken,
}

/// The place of one connection; it is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    number: u64,
    state: Arc<State>,
    inner: Arc<Inner>,
}

impl Seats {
    pub(crate) fn new(listener: &str, seats_max: usize, house: House) -> Self {
        Self::with_silence(listener, seats_max, house, SILENCE)
    }

    pub(crate) fn with_silence(listener: &str, seats_max: usize, house: House, silence: Duration) -> Self {
        Self(Arc::new(Inner {
            listener: listener.to_owned(),
            seats_max: AtomicUsize::new(seats_max),
            silence,
            started: Instant::now(),
            taken: Mutex::default(),
            freed: Notify::new(),
            house,
        }))
    }

    /// Another limit from now on; connections that are there stay.
    pub(crate) fn set_max(&self, seats_max: usize) {
        self.0.seats_max.store(seats_max, Ordering::Relaxed);
        self.0.freed.notify_one();
    }

    /// The next free seat.
    pub(crate) async fn take(&self) -> Seat {
        let mut has_told = false;
        loop {
            let freed = self.0.freed.notified();
            if let Some(seat) = self.try_take() {
                return seat;
            }
            if !has_told {
                has_told = true;
                let listener = self.0.listener.clone();
                tracing::warn!(listener, "every connection is taken, the next ones wait");
                metrics::counter!("sentra_intake_connections_waited_total", "listener" => listener)
                    .increment(1);
            }
            self.0.ask_to_leave();
            let _ = tokio::time::timeout(LOOK_AGAIN, freed).await;
        }
    }

    pub(crate) fn try_take(&self) -> Option<Seat> {
        let inner = &self.0;
        let mut taken = inner.locked();
        if taken.by_number.len() >= inner.seats_max.load(Ordering::Relaxed).max(1) {
            return None;
        }
        let house = &inner.house.0;
        let enter = |count: usize| (count < house.seats_max).then_some(count + 1);
        house.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, enter).ok()?;
        Some(self.seat(&mut taken))
    }

    /// A seat beyond the limit, for the one connection that waits for one when its door ends.
    pub(crate) fn take_extra(&self) -> Seat {
        self.0.house.0.taken.fetch_add(1, Ordering::Relaxed);
        self.seat(&mut self.0.locked())
    }

    fn seat(&self, taken: &mut Taken) -> Seat {
        let inner = &self.0;
        let heard_ms = AtomicU64::new(inner.now_ms());
        let state = Arc::new(State { heard_ms, leave: CancellationToken::new() });
        let number = taken.next;
        taken.next += 1;
        taken.by_number.insert(number, Arc::clone(&state));
        metrics::gauge!("sentra_intake_connections", "listener" => inner.listener.clone()).increment(1.0);
        Seat { number, state, inner: Arc::clone(inner) }
    }
}

impl Inner {
    fn locked(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Asks the connection that has been silent for longest, where one has been silent for long.
    fn ask_to_leave(&self) {
        let silence_ms = u64::try_from(self.silence.as_millis()).unwrap_or(u64::MAX);
        let Some(silent_since) = self.now_ms().checked_sub(silence_ms) else { return };
        let taken = self.locked();
        let staying = taken.by_number.values().filter(|state| !state.leave.is_cancelled());
        let heard = |state: &&Arc<State>| state.heard_ms.load(Ordering::Relaxed);
        if let Some(silent) = staying.min_by_key(heard).filter(|state| heard(state) <= silent_since) {
            silent.leave.cancel();
            metrics::counter!("sentra_intake_connections_evicted_total", "listener" => self.listener.clone())
                .increment(1);
        }
    }
}

impl Seat {
    /// Something of use has come.
    pub(crate) fn heard(&self) {
        self.state.heard_ms.store(self.inner.now_ms(), Ordering::Relaxed);
    }

    /// Cancelled when others need the seat.
    pub(crate) fn leave(&self) -> &CancellationToken {
        &self.state.leave
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.inner.locked().by_number.remove(&self.number);
        self.inner.house.0.taken.fetch_sub(1, Ordering::Relaxed);
        metrics::gauge!("sentra_intake_connections", "listener" => self.inner.listener.clone())
            .decrement(1.0);
        self.inner.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats(seats_max: usize, house_max: usize, silence_ms: u64) -> Seats {
        Seats::with_silence("a", seats_max, House::new(house_max), Duration::from_millis(silence_ms))
    }

    #[tokio::test]
    async fn a_full_door_asks_the_one_that_was_silent_for_longest() {
        let seats = seats(2, 100, 0);
        let (first, second) = (seats.take().await, seats.take().await);
        tokio::time::sleep(Duration::from_millis(5)).await;
        first.heard();
        assert!(seats.try_take().is_none());
        seats.0.ask_to_leave();
        assert!(second.leave().is_cancelled() && !first.leave().is_cancelled());
        drop(second);
        let third = seats.take().await;
        assert!(seats.try_take().is_none());
        drop((first, third));
        assert!(seats.0.locked().by_number.is_empty());
        assert_eq!(seats.0.house.0.taken.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn who_spoke_lately_is_not_asked() {
        let seats = seats(1, 100, 3_600_000);
        let only = seats.take().await;
        seats.0.ask_to_leave();
        assert!(!only.leave().is_cancelled());
    }

    #[tokio::test]
    async fn limits_change_while_the_door_is_open_and_hold_for_all_doors_together() {
        let seats = seats(1, 3, 0);
        let mut taken = vec![seats.take().await];
        seats.set_max(10);
        taken.extend([seats.take().await, seats.take().await]);
        assert!(seats.try_take().is_none(), "the house is full");
        taken.pop();
        taken.extend(seats.try_take());
        assert_eq!(taken.len(), 3);
    }
}
