use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::RunError;

/// Tells a run to stop, from another thread. Copies are the same one. A run looks at it with every row, so it ends
/// within the time that one row of one operator takes.
#[derive(Debug, Clone, Default)]
pub struct Halt(Arc<State>);

#[derive(Debug, Default)]
struct State {
    told: AtomicBool,
    rows: AtomicU64,
}

impl Halt {
    /// Tells the run to stop.
    pub fn tell(&self) {
        self.0.told.store(true, Ordering::Release);
    }

    /// Whether it was told to stop.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.0.told.load(Ordering::Acquire)
    }

    /// Rows that operators have taken so far, each row once for every operator that takes it.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.0.rows.load(Ordering::Relaxed)
    }

    /// One more row is taken, unless the run was told to stop.
    pub(super) fn row(&self) -> Result<(), RunError> {
        self.0.rows.fetch_add(1, Ordering::Relaxed);
        self.look()
    }

    pub(super) fn look(&self) -> Result<(), RunError> {
        if self.is_told() { Err(RunError::Halted) } else { Ok(()) }
    }
}
