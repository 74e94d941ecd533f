//! `sentra bench flood`: more than the server can take. What it cannot take it must refuse visibly, what it
//! acknowledged must be there, and its memory must stay within what was configured.

use std::time::Duration;

use anyhow::bail;
use sentra_backbone::LogOptions;
use sentra_server::Config;
use serde::Serialize;

use super::arguments::{FloodArguments, Protocol};
use super::child::{ServerProcess, Usage};
use super::intake::corpus_of;
use super::load::{self, Load};
use super::stored::{self, Stored};
use crate::output;
use crate::progress::{counted, grouped};

/// How long the capacity is measured.
const CAPACITY_TIME: Duration = Duration::from_secs(4);
/// Senders while the capacity is measured.
const CAPACITY_SENDERS: u16 = 64;

#[derive(Debug, Serialize)]
struct Figures {
    capacity_mb_per_second: f64,
    offered_mb_per_second: f64,
    seconds: f64,
    bodies_due: u64,
    bodies_acknowledged: u64,
    acknowledged_mb_per_second: f64,
    /// 429 and 503.
    bodies_refused: u64,
    refused_without_retry_after: u64,
    /// No answer: the connection broke.
    bodies_broken: u64,
    /// Never sent: every connection waited for the server to read.
    bodies_held: u64,
    statuses: std::collections::BTreeMap<u16, u64>,
    before: Usage,
    after: Usage,
    memory_bytes_max: u64,
    memory_bounds: Vec<(&'static str, u64)>,
    stored: Stored,
    broken_laws: Vec<String>,
}

pub(crate) fn run(arguments: &FloodArguments) -> anyhow::Result<()> {
    let figures = measure(arguments)?;
    if arguments.load.json {
        output::json(&figures)?;
    } else {
        print(&figures)?;
    }
    if !figures.broken_laws.is_empty() {
        bail!("{}", figures.broken_laws.join("; "));
    }
    Ok(())
}

fn measure(arguments: &FloodArguments) -> anyhow::Result<Figures> {
    let corpus = corpus_of(&arguments.load, Protocol::Ndjson);
    let server = ServerProcess::start(arguments.load.scratch.as_deref(), true)?;
    let before = server.usage();
    let mut load = Load {
        address: server.address("http")?,
        protocol: Protocol::Ndjson,
        key: server.key.clone(),
        corpus: std::rc::Rc::clone(&corpus),
        senders: CAPACITY_SENDERS,
        time: CAPACITY_TIME,
        rate: None,
        first_body: 0,
    };
    output::remark(&format!("capacity: {CAPACITY_SENDERS} senders for {} s", CAPACITY_TIME.as_secs()));
    let capacity = load::send(load.clone())?;
    let offered = capacity.mb_per_second() * arguments.times;
    load.first_body = capacity.due;
    load.senders = arguments.senders;
    load.time = Duration::from_secs(u64::from(arguments.load.seconds));
    load.rate = Some(offered * 1e6);
    output::remark(&format!(
        "flood: {offered:.0} MB/s by {} senders for {} s",
        load.senders,
        load.time.as_secs()
    ));
    let flood = load::send(load)?;
    let after = server.usage();
    let stopped = server.stop()?;
    let mut acknowledged = capacity.acknowledged.clone();
    acknowledged.extend(&flood.acknowledged);
    let stored = stored::read(&stopped.log, &corpus, true, &acknowledged)?;
    let memory_bounds = memory_bounds(before.rss_bytes);
    let mut figures = Figures {
        capacity_mb_per_second: capacity.mb_per_second(),
        offered_mb_per_second: offered,
        seconds: flood.seconds,
        bodies_due: flood.due,
        bodies_acknowledged: flood.latencies_us.len() as u64,
        acknowledged_mb_per_second: flood.mb_per_second(),
        bodies_refused: flood.refused,
        refused_without_retry_after: flood.refused_without_time,
        bodies_broken: flood.broken,
        bodies_held: flood.held,
        statuses: flood.statuses,
        before,
        after,
        memory_bytes_max: memory_bounds.iter().map(|(_, bytes)| bytes).sum(),
        memory_bounds,
        stored,
        broken_laws: Vec::new(),
    };
    figures.broken_laws = broken_laws(&figures);
    Ok(figures)
}

/// What the server's memory may be, limit by limit, as it is configured by default.
fn memory_bounds(before: u64) -> Vec<(&'static str, u64)> {
    let (config, log) = (Config::default(), LogOptions::default());
    let (intake, factory) = (&config.intake, &config.factory);
    let batches = intake.requests_max * intake.batch_bytes_max;
    vec![
        ("before the load", before),
        ("intake.requests_max * intake.batch_bytes_max", batches as u64),
        ("the log's queue (queue_bytes_max)", log.queue_bytes_max as u64),
        // One that is filled, one that is being written, and its copy in Parquet's buffers.
        ("3 * store.memtable_bytes_max", 3 * config.store.memtable_bytes_max as u64),
        // Three chunks are in work: one is thought about, one waits, one is stored. Of each there are raw bytes,
        // events, columns, and the columns as the marts keep them, together twelve times the raw bytes.
        ("3 * 12 * factory.batch_bytes_max", 36 * factory.batch_bytes_max as u64),
    ]
}

fn broken_laws(figures: &Figures) -> Vec<String> {
    let mut broken = Vec::new();
    let stored = &figures.stored;
    if stored.missing > 0 {
        broken.push(format!("law ACK: {} are not in the log", counted(stored.missing, "acknowledged line")));
    }
    if stored.altered + stored.twice > 0 {
        broken.push(format!("{} lines are altered, {} are there twice", stored.altered, stored.twice));
    }
    if figures.refused_without_retry_after > 0 {
        let count = figures.refused_without_retry_after;
        broken.push(format!("{} do not say when to come again", counted(count, "refusal")));
    }
    if figures.bodies_broken > 0 {
        broken.push(format!("{} got no answer", counted(figures.bodies_broken, "request")));
    }
    if figures.after.rss_peak_bytes > figures.memory_bytes_max {
        broken.push("law LIMIT: the server's memory left its bounds".to_owned());
    }
    let known =
        figures.bodies_acknowledged + figures.bodies_refused + figures.bodies_broken + figures.bodies_held;
    if known != figures.bodies_due {
        broken.push(format!("of {} bodies {known} are accounted for", figures.bodies_due));
    }
    broken
}

fn print(figures: &Figures) -> anyhow::Result<()> {
    let megabytes = |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6);
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows = vec![
        row("capacity", format!("{:.1} MB/s", figures.capacity_mb_per_second)),
        row("offered", format!("{:.1} MB/s for {:.1} s", figures.offered_mb_per_second, figures.seconds)),
        row("acknowledged", format!("{:.1} MB/s", figures.acknowledged_mb_per_second)),
        row("requests due", grouped(figures.bodies_due)),
        row("  acknowledged", grouped(figures.bodies_acknowledged)),
        row(
            "  refused, with Retry-After",
            grouped(figures.bodies_refused - figures.refused_without_retry_after),
        ),
        row("  refused, without", grouped(figures.refused_without_retry_after)),
        row("  never sent, connections held", grouped(figures.bodies_held)),
        row("  no answer", grouped(figures.bodies_broken)),
        row("answers by status", format!("{:?}", figures.statuses)),
        row("acknowledged lines missing", grouped(figures.stored.missing)),
        row("lines altered, or there twice", grouped(figures.stored.altered + figures.stored.twice)),
        row("lines there without an answer", grouped(figures.stored.unacknowledged)),
        row(
            "server's memory before, peak",
            format!("{}, {}", megabytes(figures.before.rss_bytes), megabytes(figures.after.rss_peak_bytes)),
        ),
        row("  bound by configuration", megabytes(figures.memory_bytes_max)),
    ];
    rows.extend(
        figures.memory_bounds.iter().map(|(name, bytes)| row(&format!("    {name}"), megabytes(*bytes))),
    );
    output::table(&["what", "figure"], &rows)
}
