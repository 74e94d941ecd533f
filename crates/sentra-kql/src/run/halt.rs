use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use super::RunError;
use super::precedence::{rest, should_rest};

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

    /// Counts rows that an engine has taken beside those of the interpreter.
    pub fn count(&self, rows: u64) {
        self.0.rows.fetch_add(rows, Ordering::Relaxed);
    }

    /// One more row is taken, unless the run was told to stop.
    pub(super) fn row(&self) -> Result<(), RunError> {
        self.0.rows.fetch_add(1, Ordering::Relaxed);
        self.look()
    }

    /// Waits while this thread gives way to something that [`should_rest`] knows of, at most until this is told or the
    /// deadline.
    pub fn rest(&self, deadline: Option<Instant>) {
        rest(self, deadline);
    }

    pub(super) fn look(&self) -> Result<(), RunError> {
        if should_rest() {
            self.rest(None);
        }
        if self.is_told() { Err(RunError::Halted) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::{Dataset, RunLimits, run_until};
    use super::*;
    use crate::plan::{Catalog, Column, Table, Value};
    use crate::value::Kind;
    use crate::{CheckOptions, check, parse};

    const ROWS: i64 = 3_000;

    /// Every operator that works row by row, over rows enough to be at it for long.
    const QUESTIONS: [&str; 6] = [
        "t | join kind=inner (t | extend k = 1) on k | count",
        "t | where a * 2 > 1 | extend b = a + 1 | where b > 0 | summarize count() by b",
        "t | join kind=inner (t) on k | summarize sum(a) by k",
        "t | join kind=leftouter (t) on k | sort by a desc",
        "t | mv-expand n = dynamic([1, 2, 3, 4, 5, 6, 7, 8, 9]) | summarize count() by tostring(n)",
        "t | parse s with * 'x' n:long | join kind=inner (t) on k | count",
    ];

    #[test]
    fn a_run_that_is_told_to_stop_takes_no_more_rows() {
        let columns =
            vec![Column::new("a", Kind::Long), Column::new("k", Kind::Long), Column::new("s", Kind::String)];
        let table = Table { name: "t".into(), title: String::new(), columns };
        let catalog = Catalog { tables: vec![table] };
        let row = |number| vec![Value::Long(number), Value::Long(1), Value::String(format!("ax{number}"))];
        let data = Dataset::from([("t".to_owned(), (0..ROWS).map(row).collect())]);
        let limits = RunLimits { rows_max: usize::MAX, cells_max: usize::MAX, ..RunLimits::default() };
        for question in QUESTIONS {
            let options = CheckOptions { catalog: &catalog, now: Default::default(), keep_calls: false };
            let plan = check(&parse(question).unwrap(), options).unwrap();
            let halt = Halt::default();
            let told = std::thread::scope(|scope| {
                let run = scope.spawn(|| run_until(&plan, &data, limits, &halt));
                while halt.rows() < 1_000 && !run.is_finished() {
                    std::thread::yield_now();
                }
                halt.tell();
                let (rows, told) = (halt.rows(), Instant::now());
                let ended = run.join().unwrap();
                // One row may have been on its way when it was told.
                assert!(halt.rows() <= rows + 1, "{question}: {rows} rows, then {}", halt.rows());
                if let Err(error) = ended {
                    assert_eq!(error, RunError::Halted, "{question}");
                }
                told
            });
            assert!(told.elapsed() < Duration::from_secs(5), "{question}");
        }
    }
}
