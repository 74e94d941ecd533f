//! `sentra bench latency`: from the append of an event to the commit of the incident that it makes, while other events
//! take half of what the machine can do.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use sentra_backbone::{AppendBatch, EventLog, Stream};
use sentra_factory::Watcher;
use sentra_model::{
    Clock, EntityType, Incident, OwnedRecord, Source, SourceKind, SystemClock, TenantId, Topic,
};
use serde::Serialize;

use super::arguments::LatencyArguments;
use super::stages::{self, append_all};
use super::{BENCH_BYTES_MAX, Corpus};
use crate::commands::access::runtime;
use crate::engines::{EngineOptions, Engines, Opened};
use crate::output;
use crate::progress::{counted, grouped};

/// How often the load is sent.
const TICK: Duration = Duration::from_millis(10);
/// How often an event is sent whose way is measured.
const PROBE_INTERVAL: Duration = Duration::from_millis(50);
/// How long the last of them may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The first address of those that are for measurements (RFC 2544): every probe comes from another one.
const FIRST_ADDRESS: u32 = u32::from_be_bytes([198, 18, 0, 0]);

#[derive(Debug, Serialize)]
struct Figures {
    capacity_mb_per_second: f64,
    capacity_events_per_second: f64,
    load_mb_per_second: f64,
    load_events_per_second: f64,
    probes: usize,
    unanswered: usize,
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
    max_ms: f64,
}

/// Notes when the incident of a probe is committed.
#[derive(Debug, Default)]
struct Arrivals(Mutex<HashMap<String, Instant>>);

impl Watcher for Arrivals {
    fn incident_changed(&self, incident: &Incident) {
        let now = Instant::now();
        let mut arrived = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for entity in incident.entities.iter().filter(|entity| entity.entity_type == EntityType::Ip) {
            if entity.value.starts_with("198.18.") || entity.value.starts_with("198.19.") {
                arrived.entry(entity.value.clone()).or_insert(now);
            }
        }
    }
}

impl Arrivals {
    fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

pub(crate) fn run(arguments: &LatencyArguments) -> anyhow::Result<()> {
    let corpus = stages::load(&arguments.file, BENCH_BYTES_MAX)?;
    let scratch = match &arguments.scratch {
        Some(directory) => tempfile::tempdir_in(directory),
        None => tempfile::tempdir(),
    };
    let scratch = scratch.context("cannot make a scratch directory")?;
    let figures = runtime()?.block_on(async {
        let options = EngineOptions { rules: arguments.rules.clone(), ..EngineOptions::default() };
        let Opened::Engines(engines) = Engines::open(&scratch.path().join("data"), options).await? else {
            anyhow::bail!("the scratch directory is in use");
        };
        measure(&engines, &corpus, arguments).await
    })?;
    if arguments.json {
        return output::json(&figures);
    }
    let row = [figures.p50_ms, figures.p95_ms, figures.p99_ms, figures.max_ms].map(|ms| format!("{ms:.1}"));
    output::table(&["p50 ms", "p95 ms", "p99 ms", "max ms"], &[row.to_vec()])?;
    output::remark(&format!(
        "{} of {} answered; load {:.1} MB/s ({} events/s) of {:.1} MB/s that the whole pipeline takes",
        figures.probes - figures.unanswered,
        counted(figures.probes as u64, "probe"),
        figures.load_mb_per_second,
        grouped(figures.load_events_per_second as u64),
        figures.capacity_mb_per_second,
    ));
    Ok(())
}

async fn measure(
    engines: &Engines,
    corpus: &Corpus,
    arguments: &LatencyArguments,
) -> anyhow::Result<Figures> {
    let arrivals = Arc::new(Arrivals::default());
    let factory = engines.start_factory(Arc::clone(&arrivals) as Arc<dyn Watcher>);
    let load = Load { log: Arc::clone(&engines.log), corpus, stream: raw() };
    output::remark("capacity: everything at once");
    let started = Instant::now();
    append_all(Arc::clone(&engines.log), stages::append_batches(corpus)).await?;
    worked_off(engines, corpus.records.len() as u64).await;
    let capacity = corpus.bytes as f64 / started.elapsed().as_secs_f64();
    let rate = capacity * arguments.load;
    output::remark(&format!("load: {:.1} MB/s for {} s", rate / 1e6, arguments.seconds));
    let (sent, bytes, elapsed) = load.send(rate, Duration::from_secs(arguments.seconds.into())).await?;
    let patience = Instant::now() + PATIENCE;
    while arrivals.count() < sent.len() && Instant::now() < patience {
        tokio::time::sleep(TICK).await;
    }
    factory.stop().await;
    let arrived = arrivals.0.lock().unwrap_or_else(PoisonError::into_inner);
    let mut took: Vec<f64> = sent
        .iter()
        .filter_map(|(address, at)| Some(arrived.get(address)?.duration_since(*at).as_secs_f64() * 1e3))
        .collect();
    took.sort_by(f64::total_cmp);
    let quantile = |part: f64| {
        let place = (part * took.len() as f64).ceil() as usize;
        took.get(place.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    };
    let events_per_byte = corpus.records.len() as f64 / corpus.bytes as f64;
    Ok(Figures {
        capacity_mb_per_second: capacity / 1e6,
        capacity_events_per_second: capacity * events_per_byte,
        load_mb_per_second: bytes as f64 / elapsed.as_secs_f64() / 1e6,
        load_events_per_second: bytes as f64 / elapsed.as_secs_f64() * events_per_byte,
        probes: sent.len(),
        unanswered: sent.len() - took.len(),
        p50_ms: quantile(0.5),
        p95_ms: quantile(0.95),
        p99_ms: quantile(0.99),
        max_ms: quantile(1.0),
    })
}

fn raw() -> Stream {
    Stream { tenant: TenantId::default_tenant(), topic: Topic::Raw, partition: 0 }
}

async fn worked_off(engines: &Engines, events: u64) {
    while engines.status.snapshot().events < events || engines.status.lag(&raw()) != Some(0) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

struct Load<'a> {
    log: Arc<dyn EventLog>,
    corpus: &'a Corpus,
    stream: Stream,
}

/// When the event from an address was handed over.
type Sent = Vec<(String, Instant)>;

impl Load<'_> {
    /// Sends `rate` bytes a second for as long as `time`, and probes among them. An append is not waited for: the
    /// load goes on whatever the log does.
    async fn send(&self, rate: f64, time: Duration) -> anyhow::Result<(Sent, u64, Duration)> {
        let started = Instant::now();
        let mut ticks = tokio::time::interval(TICK);
        let mut records = self.corpus.records.iter().cycle();
        let mut waiting = tokio::task::JoinSet::new();
        let (mut sent, mut bytes) = (Sent::new(), 0_u64);
        while started.elapsed() < time {
            ticks.tick().await;
            let due = rate * started.elapsed().as_secs_f64();
            let mut batch = Vec::new();
            while (bytes as f64) < due
                && let Some(record) = records.next()
            {
                bytes += record.bytes.len() as u64;
                batch.push(record.clone());
            }
            waiting.spawn(self.append(self.corpus.source.clone(), batch));
            if started.elapsed() >= PROBE_INTERVAL * sent.len() as u32 {
                let address = Ipv4Addr::from(FIRST_ADDRESS + sent.len() as u32).to_string();
                waiting.spawn(self.append(probe_source(), vec![probe(&address)]));
                sent.push((address, Instant::now()));
            }
            while let Some(done) = waiting.try_join_next() {
                done??;
            }
        }
        let elapsed = started.elapsed();
        while let Some(done) = waiting.join_next().await {
            done??;
        }
        Ok((sent, bytes, elapsed))
    }

    fn append(
        &self,
        source: Source,
        records: Vec<OwnedRecord>,
    ) -> impl Future<Output = anyhow::Result<()>> + use<> {
        let (log, stream) = (Arc::clone(&self.log), self.stream.clone());
        async move {
            if !records.is_empty() {
                log.append(&stream, AppendBatch { received: SystemClock.now(), source, records }).await?;
            }
            Ok(())
        }
    }
}

fn probe_source() -> Source {
    let reference = SystemClock.now();
    Source { kind: SourceKind::File, origin: "probe.log".to_owned(), format: None, reference }
}

/// A login of root, which the built-in rules report.
fn probe(address: &str) -> OwnedRecord {
    let now = SystemClock.now();
    let line =
        format!("<38>1 {now} probe sshd 4711 - - Accepted password for root from {address} port 4711 ssh2");
    OwnedRecord { position: 0, bytes: line.into_bytes() }
}
