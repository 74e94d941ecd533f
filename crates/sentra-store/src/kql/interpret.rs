use sentra_kql::plan::Plan;
use sentra_kql::run::{Dataset, Halt, Row, run_until};

use super::{run_failed, run_limits};
use crate::StoreError;

/// Answers `plan` from `data` by the interpreter, on a thread of its own. Whoever drops the future ends the work: the
/// interpreter is told, and looks with every row.
///
/// # Errors
/// [`StoreError::Plan`] when it needs more than the limits allow.
pub async fn interpret(plan: Plan, data: Dataset) -> Result<Vec<Row>, StoreError> {
    interpret_until(plan, data, Halt::default()).await
}

/// As [`interpret`]; `halt` ends it from elsewhere, and counts what it did.
///
/// # Errors
/// As [`interpret`].
pub async fn interpret_until(plan: Plan, data: Dataset, halt: Halt) -> Result<Vec<Row>, StoreError> {
    let told = TellOnDrop::new(halt.clone());
    let run = tokio::task::spawn_blocking(move || run_until(&plan, &data, run_limits(), &halt));
    let rows = run.await.map_err(|_| StoreError::Stopped { operation: "answer a question" })?;
    told.spare();
    rows.map_err(run_failed)
}

/// Whoever drops it ends the work, unless it is done.
#[derive(Debug)]
pub(crate) struct TellOnDrop(Option<Halt>);

impl TellOnDrop {
    pub(crate) fn new(halt: Halt) -> Self {
        Self(Some(halt))
    }

    /// There is nothing to end any more: the question may be asked again under the same halt.
    pub(crate) fn spare(mut self) {
        self.0 = None;
    }
}

impl Drop for TellOnDrop {
    fn drop(&mut self) {
        if let Some(halt) = &self.0 {
            halt.tell();
        }
    }
}
