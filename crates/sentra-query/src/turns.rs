//! Whose turn it is: questions wait by tenant, and tenants take turns, so that one tenant's load is one tenant's wait.
//!
//! There are two lanes: what is expected to be over soon does not wait behind what is not. A tenant has at most so many
//! questions running, and heavy ones at most half of all, so that there is room for whoever comes next.
//! [`Queue`] decides and knows no time and no thread; [`Turns`] lets questions wait for it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sentra_kql::run::{GoesFirst, Precedence};
use sentra_model::TenantId;
use tokio::sync::oneshot;

use crate::error::QueryError;

/// Questions that wait, of all tenants.
pub const WAITING_MAX: usize = 1_024;
/// Questions that wait, of one tenant.
pub const TENANT_WAITING_MAX: usize = 256;
/// Longest that a question is expected to take in the lane of quick ones, in milliseconds.
pub const QUICK_MS_MAX: f64 = 100.0;

/// Quick questions in a row, after which a heavy one is let in between.
const QUICK_IN_A_ROW_MAX: usize = 8;

/// By which lane a question goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Over soon.
    Quick,
    /// Not.
    Heavy,
}

impl Lane {
    /// The lane of a question that is expected to take so long.
    #[must_use]
    pub fn of(expected_ms: f64) -> Self {
        if expected_ms <= QUICK_MS_MAX { Self::Quick } else { Self::Heavy }
    }
}

/// How many questions run at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnLimits {
    /// Of all tenants.
    pub running_max: usize,
    /// Of one tenant.
    pub tenant_running_max: usize,
    /// Heavy ones of all tenants.
    pub heavy_running_max: usize,
}

impl TurnLimits {
    /// So many at a time; half of them for one tenant, and half of them heavy.
    #[must_use]
    pub fn new(running_max: usize) -> Self {
        let running_max = running_max.max(1);
        let half = running_max.div_ceil(2);
        Self { running_max, tenant_running_max: half, heavy_running_max: half }
    }
}

/// Which question runs next.
#[derive(Debug)]
pub struct Queue<T> {
    limits: TurnLimits,
    tenants: BTreeMap<TenantId, Waiting<T>>,
    /// Whose turn it is, by lane: tenants with something waiting, each once.
    rounds: BTreeMap<Lane, VecDeque<TenantId>>,
    running: usize,
    heavy: usize,
    waiting: usize,
    quick_in_a_row: usize,
}

#[derive(Debug)]
struct Waiting<T> {
    lanes: BTreeMap<Lane, VecDeque<T>>,
    running: usize,
    heavy: usize,
}

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self { lanes: BTreeMap::new(), running: 0, heavy: 0 }
    }
}

impl<T> Waiting<T> {
    fn waiting(&self) -> usize {
        self.lanes.values().map(VecDeque::len).sum()
    }
}

impl<T> Queue<T> {
    /// Nothing waits and nothing runs.
    #[must_use]
    pub fn new(limits: TurnLimits) -> Self {
        Self {
            limits,
            tenants: BTreeMap::new(),
            rounds: BTreeMap::new(),
            running: 0,
            heavy: 0,
            waiting: 0,
            quick_in_a_row: 0,
        }
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many run.
    #[must_use]
    pub fn running(&self) -> usize {
        self.running
    }

    /// A question comes; false when too many wait already (law LIMIT).
    #[must_use]
    pub fn come(&mut self, tenant: &TenantId, lane: Lane, question: T) -> bool {
        let own = self.tenants.entry(tenant.clone()).or_default();
        if self.waiting >= WAITING_MAX || own.waiting() >= TENANT_WAITING_MAX {
            return false;
        }
        own.lanes.entry(lane).or_default().push_back(question);
        let round = self.rounds.entry(lane).or_default();
        if !round.contains(tenant) {
            round.push_back(tenant.clone());
        }
        self.waiting += 1;
        true
    }

    /// The question whose turn it is, if one may run now. Quick ones come first, but not for ever; within a lane tenants
    /// take turns.
    pub fn turn(&mut self) -> Option<(TenantId, Lane, T)> {
        if self.running >= self.limits.running_max {
            return None;
        }
        let lanes = match self.quick_in_a_row < QUICK_IN_A_ROW_MAX {
            true => [Lane::Quick, Lane::Heavy],
            false => [Lane::Heavy, Lane::Quick],
        };
        let next = lanes.into_iter().find_map(|lane| self.next_in(lane))?;
        self.quick_in_a_row = if next.1 == Lane::Quick { self.quick_in_a_row + 1 } else { 0 };
        Some(next)
    }

    fn next_in(&mut self, lane: Lane) -> Option<(TenantId, Lane, T)> {
        if lane == Lane::Heavy && self.heavy >= self.limits.heavy_running_max {
            return None;
        }
        let tenant_heavy_max = self.limits.heavy_running_max.div_ceil(2);
        for _ in 0..self.rounds.get(&lane)?.len() {
            let tenant = self.rounds.get_mut(&lane)?.pop_front()?;
            let own = self.tenants.get_mut(&tenant)?;
            let may = own.running < self.limits.tenant_running_max
                && (lane == Lane::Quick || own.heavy < tenant_heavy_max);
            let question = own.lanes.get_mut(&lane).filter(|_| may).and_then(VecDeque::pop_front);
            let has_more = own.lanes.get(&lane).is_some_and(|waiting| !waiting.is_empty());
            if has_more {
                self.rounds.get_mut(&lane)?.push_back(tenant.clone());
            }
            if let Some(question) = question {
                own.running += 1;
                self.running += 1;
                self.waiting -= 1;
                let heavy = usize::from(lane == Lane::Heavy);
                own.heavy += heavy;
                self.heavy += heavy;
                return Some((tenant, lane, question));
            }
        }
        None
    }

    /// A question of `tenant` that ran is over.
    pub fn over(&mut self, tenant: &TenantId, lane: Lane) {
        let heavy = usize::from(lane == Lane::Heavy);
        self.running = self.running.saturating_sub(1);
        self.heavy = self.heavy.saturating_sub(heavy);
        if let Some(own) = self.tenants.get_mut(tenant) {
            own.running = own.running.saturating_sub(1);
            own.heavy = own.heavy.saturating_sub(heavy);
            if own.running == 0 && own.waiting() == 0 {
                self.tenants.remove(tenant);
            }
        }
    }
}

/// Lets questions wait for their turn.
#[derive(Debug, Clone)]
pub struct Turns {
    queue: Arc<Mutex<Queue<oneshot::Sender<Turn>>>>,
    precedence: Precedence,
}

impl Turns {
    /// Nobody waits. Whoever has a turn in the lane of quick ones goes first in `precedence`.
    #[must_use]
    pub fn new(limits: TurnLimits, precedence: Precedence) -> Self {
        Self { queue: Arc::new(Mutex::new(Queue::new(limits))), precedence }
    }

    fn queue(&self) -> MutexGuard<'_, Queue<oneshot::Sender<Turn>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn. It ends when what is given is dropped; whoever drops the future leaves the queue.
    ///
    /// # Errors
    /// [`QueryError::Busy`] when too many wait already.
    pub async fn turn(&self, tenant: &TenantId, lane: Lane) -> Result<Turn, QueryError> {
        let (sender, receiver) = oneshot::channel();
        let waiting = {
            let mut queue = self.queue();
            let taken = queue.come(tenant, lane, sender);
            (!taken).then(|| queue.waiting())
        };
        if let Some(waiting) = waiting {
            return Err(QueryError::Busy { waiting });
        }
        self.give();
        let turn = receiver.await;
        turn.map_err(|_| QueryError::Busy { waiting: self.queue().waiting() })
    }

    /// Gives turns to all who may have one.
    fn give(&self) {
        loop {
            let Some((tenant, lane, sender)) = self.queue().turn() else { return };
            let first = (lane == Lane::Quick).then(|| self.precedence.go_first());
            let turn = Turn { turns: self.clone(), tenant, lane, _first: first };
            // Who left is not there to take it; dropped, it goes to the next one.
            drop(sender.send(turn));
        }
    }
}

impl Turn {
    /// The lane by which it goes.
    #[must_use]
    pub fn lane(&self) -> Lane {
        self.lane
    }
}

/// A turn; dropped, it is over.
#[derive(Debug)]
pub struct Turn {
    turns: Turns,
    tenant: TenantId,
    lane: Lane,
    _first: Option<GoesFirst>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.queue().over(&self.tenant, self.lane);
        self.turns.give();
    }
}
