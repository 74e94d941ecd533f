//! `sentra bench anomaly`: the anomaly models on labelled rows.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use rustix::time::{ClockId, clock_gettime};
use sentra_learn::anomaly::{AnomalyBench, Scores, bench_anomaly};

use super::arguments::AnomalyArguments;
use crate::output;
use crate::progress::{counted, grouped};

/// Problems of the files that are told.
const PROBLEMS_TOLD_MAX: usize = 5;

/// CPU time of this thread: the models run on one.
fn cpu_time() -> Duration {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(used.tv_sec).unwrap_or_default(),
        u32::try_from(used.tv_nsec).unwrap_or_default(),
    )
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

pub(crate) fn run(arguments: &AnomalyArguments) -> anyhow::Result<()> {
    let (train, test) = (read(&arguments.train)?, read(&arguments.test)?);
    let what = AnomalyBench {
        seed: arguments.seed,
        runs: usize::from(arguments.runs),
        label: arguments.label.clone(),
        mixed: arguments.mixed,
        ..AnomalyBench::default()
    };
    let report = bench_anomaly(&train, &test, &what, &cpu_time)?;
    if arguments.json {
        return output::json(&report);
    }
    let row = |name: &str, scores: &Scores, rows_per_second: Option<f64>| {
        vec![
            name.to_owned(),
            format!("{:.4}", scores.auc),
            format!("{:.4}", scores.average_precision),
            format!("{:.4}", scores.best_f1),
            rows_per_second.map_or_else(|| "-".to_owned(), |rows| grouped(rows as u64)),
        ]
    };
    let rows = [
        row("isolation forest", &report.forest.scores, Some(report.forest.rows_per_second)),
        row("nearest neighbours", &report.memory, None),
        row("ensemble", &report.ensemble.scores, Some(report.ensemble.rows_per_second)),
    ];
    output::table(&["model", "auc", "average precision", "best f1", "rows/s"], &rows)?;
    output::remark(&format!(
        "trained on {} in {:.1} s, scored {} of which {} are attacks; rows/s of one thread",
        counted(report.train_rows as u64, "row"),
        report.train_seconds,
        counted(report.test_rows as u64, "row"),
        grouped(report.test_attacks as u64),
    ));
    for problem in report.problems.iter().take(PROBLEMS_TOLD_MAX) {
        output::remark(&problem.to_string());
    }
    Ok(())
}
