//! `sentra bench intake`: durable acknowledged intake over real sockets.

use std::rc::Rc;
use std::time::Duration;

use anyhow::bail;
use serde::Serialize;

use super::arguments::{IntakeArguments, LineKind, LoadArguments, Protocol};
use super::child::{ServerProcess, Usage};
use super::corpus::Corpus;
use super::load::{self, Load, Tally};
use super::stored::{self, Stored};
use super::syslog;
use crate::output;
use crate::progress::{counted, grouped};

/// How long is sent before what is measured.
const WARM_UP: Duration = Duration::from_secs(1);

/// One measurement.
#[derive(Debug, Serialize)]
struct Figures {
    /// Whether the server also decoded, detected and stored meanwhile; nobody knows of a server that runs already.
    with_pipeline: Option<bool>,
    seconds: f64,
    acknowledged_mb: f64,
    mb_per_second: f64,
    lines_per_second: f64,
    /// Absent where the protocol has no answers.
    latency_ms: Option<Latency>,
    statuses: std::collections::BTreeMap<u16, u64>,
    broken_connections: u64,
    bodies_held: u64,
    /// Lines that were sent where the protocol has no answers; what is not in the log the kernel dropped.
    lines_sent_without_answer: Option<u64>,
    server: Option<ServerFigures>,
    stored: Option<Stored>,
}

#[derive(Debug, Serialize)]
struct Latency {
    p50: f64,
    p99: f64,
    max: f64,
}

#[derive(Debug, Serialize)]
struct ServerFigures {
    before: Usage,
    after: Usage,
    /// Processors that the server used while the load ran.
    cpus: f64,
}

/// The lines that fit a protocol best.
pub(super) fn default_lines(protocol: Protocol) -> LineKind {
    match protocol {
        Protocol::Ndjson | Protocol::Hec | Protocol::Bulk => LineKind::Json,
        Protocol::Otlp | Protocol::SyslogTcp | Protocol::SyslogUdp => LineKind::Syslog,
    }
}

pub(super) fn corpus_of(load: &LoadArguments, protocol: Protocol) -> Rc<Corpus> {
    let kind = load.lines.unwrap_or(default_lines(protocol));
    Rc::new(Corpus::new(load.seed, kind, protocol, load.body_bytes as usize))
}

pub(crate) fn run(arguments: &IntakeArguments) -> anyhow::Result<()> {
    let corpus = corpus_of(&arguments.load, arguments.protocol);
    let mut table = Vec::new();
    if arguments.server.is_some() {
        table.push(measure(arguments, &corpus, None)?);
    } else {
        table.push(measure(arguments, &corpus, Some(false))?);
        if !arguments.no_pipeline {
            table.push(measure(arguments, &corpus, Some(true))?);
        }
    }
    if arguments.load.json {
        output::json(&serde_json::json!({
            "protocol": name(arguments.protocol),
            "senders": arguments.senders,
            "body_bytes": arguments.load.body_bytes,
            "rate_mb_per_second": arguments.rate,
            "runs": table,
        }))?;
    } else {
        print(arguments, &table)?;
    }
    let lost = table.iter().filter_map(|figures| figures.stored.as_ref());
    let lost: u64 = lost.map(|stored| stored.missing + stored.altered + stored.twice).sum();
    if lost > 0 {
        bail!("law ACK is broken: {}", counted(lost, "line is missing, altered or there twice"));
    }
    Ok(())
}

fn name(protocol: Protocol) -> String {
    format!("{protocol:?}").to_lowercase()
}

/// Sends for as long as was asked; `with_pipeline` is `None` for a server that runs already.
fn measure(
    arguments: &IntakeArguments,
    corpus: &Rc<Corpus>,
    with_pipeline: Option<bool>,
) -> anyhow::Result<Figures> {
    let server = match with_pipeline {
        Some(pipeline) => Some(ServerProcess::start(arguments.load.scratch.as_deref(), pipeline)?),
        None => None,
    };
    let listener = match arguments.protocol {
        Protocol::SyslogTcp => "syslog_tcp",
        Protocol::SyslogUdp => "syslog_udp",
        _ => "http",
    };
    let address = match (&server, arguments.server) {
        (Some(server), _) => server.address(listener)?,
        (None, Some(address)) => address,
        (None, None) => bail!("no server to send to"),
    };
    let key = server.as_ref().map(|server| server.key.clone()).or_else(|| arguments.key.clone());
    let load = Load {
        address,
        protocol: arguments.protocol,
        key: key.unwrap_or_default(),
        corpus: Rc::clone(corpus),
        senders: arguments.senders,
        time: Duration::from_secs(u64::from(arguments.load.seconds)),
        rate: arguments.rate.map(|megabytes| megabytes * 1e6),
        first_body: 0,
    };
    output::remark(&format!(
        "{address}: {} for {} s",
        counted(u64::from(load.senders), "sender"),
        load.time.as_secs()
    ));
    let send = match arguments.protocol {
        Protocol::SyslogTcp | Protocol::SyslogUdp => syslog::send,
        _ => load::send,
    };
    // Files are made and buffers grow once in a server's life: sent and held against the log, but not measured.
    let warm_up = send(Load { time: WARM_UP, ..load.clone() })?;
    let before = server.as_ref().map(ServerProcess::usage);
    let mut tally = send(Load { first_body: warm_up.due, ..load })?;
    let after = server.as_ref().map(ServerProcess::usage);
    let stored = match server {
        Some(server) => {
            let whole =
                matches!(arguments.protocol, Protocol::Ndjson | Protocol::SyslogTcp | Protocol::SyslogUdp);
            let stopped = server.stop()?;
            let mut acknowledged = warm_up.acknowledged.clone();
            acknowledged.extend(&tally.acknowledged);
            Some(stored::read(&stopped.log, corpus, whole, &acknowledged)?)
        }
        None => None,
    };
    let mut sent = None;
    if let (Protocol::SyslogUdp, Some(stored)) = (arguments.protocol, &stored) {
        // What is stored is all that can be called taken.
        sent = Some(warm_up.lines + tally.lines);
        let share = tally.lines as f64 / (warm_up.lines + tally.lines) as f64;
        tally.bytes = (stored.bytes as f64 * share) as u64;
        tally.lines = (stored.lines as f64 * share) as u64;
    }
    let figures = figures(with_pipeline, &tally, before.zip(after), stored);
    Ok(Figures { lines_sent_without_answer: sent, ..figures })
}

fn figures(
    with_pipeline: Option<bool>,
    tally: &Tally,
    usage: Option<(Usage, Usage)>,
    stored: Option<Stored>,
) -> Figures {
    let latency_ms = (!tally.latencies_us.is_empty()).then(|| Latency {
        p50: tally.latency_ms(0.5),
        p99: tally.latency_ms(0.99),
        max: tally.latency_ms(1.0),
    });
    Figures {
        with_pipeline,
        seconds: tally.seconds,
        acknowledged_mb: tally.bytes as f64 / 1e6,
        mb_per_second: tally.mb_per_second(),
        lines_per_second: tally.lines as f64 / tally.seconds,
        latency_ms,
        statuses: tally.statuses.clone(),
        broken_connections: tally.broken,
        bodies_held: tally.held,
        lines_sent_without_answer: None,
        server: usage.map(|(before, after)| ServerFigures {
            before,
            after,
            cpus: (after.cpu_seconds - before.cpu_seconds) / tally.seconds,
        }),
        stored,
    }
}

fn print(arguments: &IntakeArguments, table: &[Figures]) -> anyhow::Result<()> {
    let latency = |latency: Option<f64>| latency.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1}"));
    let megabytes = |bytes: Option<u64>| {
        bytes.map_or_else(|| "-".to_owned(), |bytes| format!("{:.0}", bytes as f64 / 1e6))
    };
    let row = |figures: &Figures| {
        let server = figures.server.as_ref();
        vec![
            match figures.with_pipeline {
                None => "server that ran already".to_owned(),
                Some(true) => "with the whole pipeline".to_owned(),
                Some(false) => "intake and log alone".to_owned(),
            },
            format!("{:.1}", figures.mb_per_second),
            grouped(figures.lines_per_second as u64),
            latency(figures.latency_ms.as_ref().map(|latency| latency.p50)),
            latency(figures.latency_ms.as_ref().map(|latency| latency.p99)),
            latency(figures.latency_ms.as_ref().map(|latency| latency.max)),
            server.map_or_else(|| "-".to_owned(), |server| format!("{:.2}", server.cpus)),
            megabytes(server.map(|server| server.before.rss_bytes)),
            megabytes(server.map(|server| server.after.rss_peak_bytes)),
        ]
    };
    let rows: Vec<Vec<String>> = table.iter().map(row).collect();
    let head = ["server", "MB/s", "lines/s", "p50 ms", "p99 ms", "max ms", "CPUs", "RSS MB", "peak MB"];
    output::table(&head, &rows)?;
    for figures in table {
        say(figures);
    }
    let paced = arguments.rate.map_or_else(
        || "each sends on when it is answered".to_owned(),
        |rate| format!("{rate} MB/s offered, latency from when a request was due"),
    );
    output::remark(&format!(
        "{}, {} senders, bodies of {} bytes, {paced}",
        name(arguments.protocol),
        arguments.senders,
        arguments.load.body_bytes
    ));
    Ok(())
}

fn say(figures: &Figures) {
    let mut text = format!("{:.1} MB acknowledged in {:.1} s", figures.acknowledged_mb, figures.seconds);
    if !figures.statuses.is_empty() {
        text.push_str(&format!(", answers by status {:?}", figures.statuses));
    }
    if figures.broken_connections + figures.bodies_held > 0 {
        let (broken, held) = (figures.broken_connections, figures.bodies_held);
        text.push_str(&format!(", {broken} without an answer, {held} never sent (connections held)"));
    }
    if let (Some(sent), Some(stored)) = (figures.lines_sent_without_answer, &figures.stored) {
        let (sent, lost) = (grouped(sent), grouped(sent.saturating_sub(stored.lines)));
        text = format!("{sent} datagrams sent, {lost} of them dropped by the kernel, which cannot be slowed");
    }
    if let Some(stored) = &figures.stored {
        text.push_str(&format!(
            "; in the log {} ({:.1} MB, {:.1} on disk): {} missing, {} altered, {} twice, {} unacknowledged",
            counted(stored.lines, "line"),
            stored.bytes as f64 / 1e6,
            stored.disk_bytes as f64 / 1e6,
            stored.missing,
            stored.altered,
            stored.twice,
            stored.unacknowledged
        ));
    }
    output::remark(&text);
}
