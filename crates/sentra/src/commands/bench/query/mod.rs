//! `sentra bench query`: questions to a store of many events. `benches/query_peers.py` runs it beside other engines.

mod ended;
mod lines;
mod memory;
mod questions;
mod rollups;
mod store;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use sentra_kql::plan::Plan;
use sentra_kql::{CheckOptions, check, parse};
use sentra_model::{Clock, Position, SystemClock, TenantScope};
use sentra_store::{AskLimits, EmbeddedMarts, MartOptions, MartStore, PlanAnswer, event_catalog};
use serde::Serialize;

use self::memory::Heavy;
use self::questions::{Question, is_needle, questions};
use self::store::{Stored, fill, marked};
use super::arguments::QueryBenchArguments;
use crate::output;
use crate::progress::grouped;

/// Events in memory before a flush: segments as large as those that compaction leaves.
const MEMTABLE_ROWS: u64 = 1_000_000;
const MEMTABLE_BYTES: u64 = 4 << 30;
const SEGMENT_BYTES: u64 = 2 << 30;
/// Cores of a query and of the runtime.
const CORES: usize = 2;
/// Events that are looked for until they are seen.
const VISIBLE_EVENTS: u64 = 20;
/// Targets: see `docs/benchmarks.md`.
const NEEDLE_MS_MAX: f64 = 10.0;
const VISIBLE_MS_MAX: f64 = 1_000.0;
const STORED_SHARE_MAX: f64 = 0.125;
const ENDED_MS_MAX: f64 = 100.0;

/// One question's figures.
#[derive(Debug, Serialize)]
struct Timed {
    name: &'static str,
    question: String,
    median_ms: f64,
    p95_ms: f64,
    rows: Vec<Vec<sentra_kql::plan::Value>>,
    engines: Vec<String>,
    rollups: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Report {
    events: u64,
    raw_bytes: u64,
    stored_bytes: u64,
    stored_share: f64,
    segments: u64,
    fill_seconds: f64,
    visible_ms_max: f64,
    memory: Heavy,
    /// Work after heavy questions were dropped, and how many were.
    ended_ms_max: f64,
    ended: usize,
    queries: Vec<Timed>,
    by_rollup: Vec<Timed>,
    /// Targets that need no peer.
    met: bool,
}

pub(crate) fn run(arguments: &QueryBenchArguments) -> anyhow::Result<()> {
    let scratch = match &arguments.scratch {
        Some(directory) => tempfile::tempdir_in(directory),
        None => tempfile::tempdir(),
    };
    let scratch = scratch.context("cannot make a scratch directory")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(CORES).enable_all().build()?;
    let report = runtime.block_on(measured(arguments, scratch.path()))?;
    if arguments.json { output::json(&report) } else { shown(&report) }
}

async fn measured(arguments: &QueryBenchArguments, scratch: &Path) -> anyhow::Result<Report> {
    let options = MartOptions {
        memtable_rows_max: MEMTABLE_ROWS,
        memtable_bytes_max: MEMTABLE_BYTES,
        segment_bytes_max: SEGMENT_BYTES,
        flush_interval_ms: u64::MAX,
        query_partitions: CORES,
        ..MartOptions::default()
    };
    let memory_bytes_max = options.query_memory_bytes_max as u64;
    let marts = Arc::new(EmbeddedMarts::open(scratch, options, Arc::new(SystemClock)).await?);
    let scope = TenantScope::new(sentra_model::TenantId::default_tenant());
    output::remark(&format!("{} events are made and stored", grouped(arguments.events)));
    let started = Instant::now();
    let Stored { events, raw_bytes } =
        fill(&marts, &scope, arguments.events, arguments.seed, arguments.export.as_deref()).await?;
    let fill_seconds = started.elapsed().as_secs_f64();
    let stats = marts.stats(&scope).await?;
    let stored_bytes: u64 = stats.iter().map(|mart| mart.bytes).sum();
    let mut queries = Vec::new();
    for question in questions(arguments.events) {
        output::remark(question.name);
        queries.push(timed(&marts, &scope, question, arguments.runs.into()).await?);
    }
    let asked = questions(arguments.events);
    let by_rollup = rollups::by_rollup(&marts, &scope, asked, &queries, arguments.runs.into()).await?;
    let visible_ms_max = visible(&marts, &scope, arguments.events).await?;
    let memory = memory::heavy(&marts, &scope, memory_bytes_max).await?;
    let (ended_ms_max, ended) = ended::ended(&marts, &scope).await?;
    let needles_met = queries.iter().all(|query| !is_needle(query.name) || query.p95_ms <= NEEDLE_MS_MAX);
    let stored_share = stored_bytes as f64 / raw_bytes as f64;
    let met = needles_met
        && visible_ms_max <= VISIBLE_MS_MAX
        && stored_share <= STORED_SHARE_MAX
        && memory.pool_bytes_peak <= memory.pool_bytes_max
        && ended_ms_max <= ENDED_MS_MAX;
    let segments = stats.iter().map(|mart| mart.segments).sum();
    Ok(Report {
        events,
        raw_bytes,
        stored_bytes,
        stored_share,
        segments,
        fill_seconds,
        visible_ms_max,
        memory,
        ended_ms_max,
        ended,
        queries,
        by_rollup,
        met,
    })
}

fn plan_of(question: &str) -> anyhow::Result<Plan> {
    let catalog = event_catalog(&[]);
    let query = parse(question).map_err(|error| anyhow!("{question}: {error}"))?;
    let options = CheckOptions { catalog: &catalog, now: SystemClock.now(), keep_calls: false };
    check(&query, options).map_err(|error| anyhow!("{question}: {error}"))
}

async fn ask(marts: &EmbeddedMarts, scope: &TenantScope, question: &str) -> anyhow::Result<PlanAnswer> {
    let limits = AskLimits { timeout: Duration::from_secs(600), ..AskLimits::default() };
    marts.ask(scope, &plan_of(question)?, &limits).await.with_context(|| question.to_owned())
}

/// Hot: the first run is not counted. Reading and planning the question is.
async fn timed(
    marts: &EmbeddedMarts,
    scope: &TenantScope,
    question: Question,
    runs: usize,
) -> anyhow::Result<Timed> {
    let answer = ask(marts, scope, &question.text).await?;
    if let Some(by) = answer.stopped_by {
        bail!("{} was stopped by {by:?}", question.name);
    }
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs {
        let started = Instant::now();
        ask(marts, scope, &question.text).await?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = ((times.len() as f64 * share).ceil() as usize).saturating_sub(1);
        times.get(place).copied().unwrap_or(f64::NAN)
    };
    Ok(Timed {
        name: question.name,
        question: question.text,
        median_ms: at(0.5),
        p95_ms: at(0.95),
        rows: answer.rows,
        engines: answer.engines,
        rollups: answer.rollups,
    })
}

/// The longest time from an append to the answer that has its event.
async fn visible(marts: &EmbeddedMarts, scope: &TenantScope, events: u64) -> anyhow::Result<f64> {
    let mut longest = 0.0_f64;
    for number in 0..VISIBLE_EVENTS {
        let (offset, word) = (events + number, format!("visible{number}"));
        let batches = marked(offset, &word)?;
        let started = Instant::now();
        marts.append(scope, batches, Position { partition: 0, offset: offset + 1 }).await?;
        let question = format!("linux | where user == '{word}' | project id");
        while ask(marts, scope, &question).await?.rows.is_empty() {
            if started.elapsed() > Duration::from_secs(60) {
                bail!("an event that was taken cannot be seen");
            }
        }
        longest = longest.max(started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(longest)
}

fn shown(report: &Report) -> anyhow::Result<()> {
    let rows: Vec<Vec<String>> = report
        .queries
        .iter()
        .chain(&report.by_rollup)
        .map(|query| {
            let by = query.rollups.iter().map(|name| format!("; answered by rollup {name}"));
            vec![
                query.name.to_owned(),
                format!("{:.1}", query.median_ms),
                format!("{:.1}", query.p95_ms),
                query.rows.len().to_string(),
                query.engines.join("; ") + &by.collect::<String>(),
            ]
        })
        .collect();
    output::table(&["question", "median ms", "p95 ms", "rows", "engines"], &rows)?;
    let megabytes = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
    let memory = &report.memory;
    output::line(&format!(
        "{} events, {} raw, {} stored in {} segments: {:.1} % (target {:.1} %), filled in {:.0} s",
        grouped(report.events),
        megabytes(report.raw_bytes),
        megabytes(report.stored_bytes),
        report.segments,
        report.stored_share * 100.0,
        STORED_SHARE_MAX * 100.0,
        report.fill_seconds
    ))?;
    output::line(&format!(
        "an event is seen at most {:.1} ms after its append began (target {VISIBLE_MS_MAX:.0} ms)",
        report.visible_ms_max
    ))?;
    output::line(&format!(
        "{} heavy questions at once: {} answered, {} stopped for memory; {} of {} in the pool at the most; the process had {} before and {} at the most",
        memory.questions,
        memory.answered,
        memory.stopped,
        megabytes(memory.pool_bytes_peak),
        megabytes(memory.pool_bytes_max),
        megabytes(memory.resident_bytes_before),
        megabytes(memory.resident_bytes_peak)
    ))?;
    output::line(&format!(
        "{} heavy questions were dropped: after at most {:.0} ms nothing worked any more (target {ENDED_MS_MAX:.0} ms)",
        report.ended, report.ended_ms_max
    ))?;
    output::line(if report.met { "targets met" } else { "targets not met" })
}
