//! When a question ends before its answer is there: whoever asked has gone, or its time is over.
//!
//! DataFusion looks up between two batches, and a batch of what the language computes row by row may take long. Loops of
//! this store therefore ask here every few rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::common::{Result, exec_datafusion_err};
use sentra_kql::run::{Halt, should_rest};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::Instant;

/// Most rows that a loop takes before it asks whether the question still stands.
pub(super) const STOP_ROWS_MAX: u64 = 64;

/// Ends a question. Copies end the same one.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop {
    halt: Halt,
    deadline: Option<Instant>,
    by_row: Arc<AtomicBool>,
}

impl Stop {
    /// A question that ends when `halt` is told, or at `deadline`.
    pub(super) fn new(halt: Halt, deadline: Instant) -> Self {
        Self { halt, deadline: Some(deadline), ..Self::default() }
    }

    /// Remembers that something is computed row by row, as the interpreter does.
    pub(super) fn note_by_row(&self) {
        self.by_row.store(true, Ordering::Relaxed);
    }

    /// Whether something is computed row by row.
    pub(super) fn is_by_row(&self) -> bool {
        self.by_row.load(Ordering::Relaxed)
    }

    pub(super) fn halt(&self) -> &Halt {
        &self.halt
    }

    /// Whether nobody wants the answer any more.
    pub(super) fn is_over(&self) -> bool {
        // Where every thread of the runtime is busy no timer fires: the clock is looked at here.
        self.halt.is_told() || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// So many more rows are taken, unless the question has ended; first what goes first. Nobody may hold what questions
    /// share meanwhile.
    pub(super) fn take(&self, rows: u64) -> Result<()> {
        if should_rest() {
            let deadline = self.deadline.map(Instant::into_std);
            self.apart(|| self.halt.rest(deadline));
        }
        if self.is_over() {
            // Where its time is over, the interpreter is to know it too.
            self.halt.tell();
            return Err(exec_datafusion_err!("the question was ended"));
        }
        self.halt.count(rows);
        Ok(())
    }

    /// For a loop over rows.
    pub(super) fn steps(&self) -> Steps<'_> {
        Steps { stop: self, taken: 0 }
    }

    /// Runs what may take long without a pause, so that the runtime can go on with everything else meanwhile: with timers,
    /// and with whoever wants to end this.
    pub(super) fn apart<T>(&self, work: impl FnOnce() -> T) -> T {
        match Handle::try_current() {
            Ok(runtime) if runtime.runtime_flavor() == RuntimeFlavor::MultiThread => {
                tokio::task::block_in_place(work)
            }
            _ => work(),
        }
    }
}

/// Rows of a loop.
#[derive(Debug)]
pub(super) struct Steps<'a> {
    stop: &'a Stop,
    taken: u64,
}

impl Steps<'_> {
    /// One more row is taken, unless the question has ended.
    pub(super) fn row(&mut self) -> Result<()> {
        self.taken += 1;
        if self.taken.is_multiple_of(STOP_ROWS_MAX) { self.stop.take(STOP_ROWS_MAX) } else { Ok(()) }
    }
}
