//! `sentra bench pipeline`: each stage alone on one thread, then the whole, on a file of the user's. Its siblings
//! measure detection, and drive a server over real sockets.

mod anomaly;
pub(crate) mod arguments;
mod batches;
mod child;
mod corpus;
mod detect;
mod flood;
mod intake;
mod latency;
mod load;
mod query;
mod signals;
mod stages;
mod stored;
mod syslog;

use std::time::Instant;

use anyhow::{Context, bail};
use rustix::time::{ClockId, clock_gettime};
use sentra_model::{OwnedRecord, Source};
use serde::Serialize;

use self::arguments::BenchCommand;
use crate::cli::BenchArguments;
use crate::output;
use crate::progress::{counted, grouped};

/// Raw bytes that are measured at the most; they are held in memory.
const BENCH_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// The records of the measured file.
pub(crate) struct Corpus {
    pub(crate) source: Source,
    pub(crate) records: Vec<OwnedRecord>,
    pub(crate) bytes: u64,
}

/// One run of one stage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    wall_seconds: f64,
    cpu_seconds: f64,
}

/// The figures of a stage: medians over its runs.
#[derive(Debug, Serialize)]
struct Figures {
    stage: &'static str,
    wall_seconds: f64,
    cpu_seconds: f64,
    mb_per_second: f64,
    mb_per_cpu_second: f64,
    events_per_second: f64,
    events_per_cpu_second: f64,
}

/// CPU seconds that this process has used, all threads.
pub(crate) fn cpu_seconds() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

/// Times `work`.
pub(crate) fn measure<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(T, Sample)> {
    let (cpu, wall) = (cpu_seconds(), Instant::now());
    let value = work()?;
    let sample = Sample { wall_seconds: wall.elapsed().as_secs_f64(), cpu_seconds: cpu_seconds() - cpu };
    Ok((value, sample))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn figures(stage: &'static str, samples: &[Sample], bytes: u64, records: u64) -> Figures {
    let wall_seconds = median(samples.iter().map(|sample| sample.wall_seconds).collect());
    let cpu_seconds = median(samples.iter().map(|sample| sample.cpu_seconds).collect());
    let (megabytes, records) = (bytes as f64 / 1e6, records as f64);
    Figures {
        stage,
        wall_seconds,
        cpu_seconds,
        mb_per_second: megabytes / wall_seconds,
        mb_per_cpu_second: megabytes / cpu_seconds,
        events_per_second: records / wall_seconds,
        events_per_cpu_second: records / cpu_seconds,
    }
}

pub(crate) fn run(command: &BenchCommand) -> anyhow::Result<()> {
    match command {
        BenchCommand::Pipeline(arguments) => pipeline(arguments),
        BenchCommand::Detect(arguments) => detect::run(arguments),
        BenchCommand::Intake(arguments) => intake::run(arguments),
        BenchCommand::Anomaly(arguments) => anomaly::run(arguments),
        BenchCommand::Signals(arguments) => signals::run(arguments),
        BenchCommand::Latency(arguments) => latency::run(arguments),
        BenchCommand::Flood(arguments) => flood::run(arguments),
        BenchCommand::Query(arguments) => query::run(arguments),
        BenchCommand::Corpus(arguments) => corpus::write(arguments),
    }
}

fn pipeline(arguments: &BenchArguments) -> anyhow::Result<()> {
    let corpus = stages::load(&arguments.file, BENCH_BYTES_MAX)?;
    if corpus.records.is_empty() {
        bail!("{} holds no records", arguments.file.display());
    }
    let scratch = match &arguments.scratch {
        Some(directory) => tempfile::tempdir_in(directory),
        None => tempfile::tempdir(),
    };
    let scratch = scratch.context("cannot make a scratch directory")?;
    let stages = stages::Stages::new(&corpus, &arguments.rules, scratch.path())?;
    let mut table: Vec<Figures> = Vec::new();
    for (name, stage) in stages.all() {
        let mut samples = Vec::new();
        for run in 0..arguments.runs {
            output::remark(&format!("{name}: run {} of {}", run + 1, arguments.runs));
            samples.push(stage(&stages)?);
        }
        table.push(figures(name, &samples, corpus.bytes, corpus.records.len() as u64));
    }
    if arguments.json {
        return output::json(&serde_json::json!({
            "file": arguments.file,
            "bytes": corpus.bytes,
            "records": corpus.records.len(),
            "rules": stages.rules(),
            "runs": arguments.runs,
            "stages": table,
        }));
    }
    let rows: Vec<Vec<String>> = table
        .iter()
        .map(|figures| {
            vec![
                figures.stage.to_owned(),
                format!("{:.1}", figures.mb_per_second),
                format!("{:.1}", figures.mb_per_cpu_second),
                grouped(figures.events_per_second as u64),
                grouped(figures.events_per_cpu_second as u64),
                format!("{:.3}", figures.wall_seconds),
                format!("{:.3}", figures.cpu_seconds),
            ]
        })
        .collect();
    output::table(&["stage", "MB/s", "MB/s/core", "events/s", "events/s/core", "wall s", "CPU s"], &rows)?;
    output::remark(&format!(
        "{} of {:.1} MB in all, {}, median of {} runs; per core = per CPU second",
        counted(corpus.records.len() as u64, "record"),
        corpus.bytes as f64 / 1e6,
        counted(stages.rules() as u64, "rule"),
        arguments.runs
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_medians_per_wall_and_per_cpu_second() {
        let sample = |wall_seconds, cpu_seconds| Sample { wall_seconds, cpu_seconds };
        let samples = [sample(9.0, 9.0), sample(1.0, 2.0), sample(1.0, 2.0)];
        let figures = figures("x", &samples, 4_000_000, 100);
        assert_eq!((figures.wall_seconds, figures.cpu_seconds), (1.0, 2.0));
        assert_eq!((figures.mb_per_second, figures.mb_per_cpu_second), (4.0, 2.0));
        assert_eq!((figures.events_per_second, figures.events_per_cpu_second), (100.0, 50.0));
    }
}
