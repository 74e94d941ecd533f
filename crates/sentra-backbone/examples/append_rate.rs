//! How fast the log takes batches: `append_rate DIR [SECONDS] [PRODUCERS] [BATCH_BYTES] [COMMIT_WAIT_MS]`.
//!
//! Every producer appends synthetic JSON lines and waits for each acknowledgement.
#![allow(clippy::print_stdout, reason = "an example prints its answer")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sentra_backbone::{AppendBatch, EventLog, LogOptions, SegmentLog, Stream};
use sentra_model::{OwnedRecord, Source, SourceKind, SystemClock, TenantId, Timestamp, Topic};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), AnyError> {
    let mut arguments = std::env::args().skip(1);
    let directory = PathBuf::from(arguments.next().ok_or("name a directory")?);
    let mut number = |default: u64| arguments.next().map_or(Ok(default), |text| text.parse());
    let (seconds, producers, batch_bytes, commit_wait_ms) =
        (number(5)?, number(4)?, number(1 << 20)?, number(5)?);
    let options = LogOptions { commit_wait_ms, ..LogOptions::default() };
    let (log, _report) = SegmentLog::open(&directory, options, Arc::new(SystemClock))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
    runtime.block_on(measure(Arc::new(log), Duration::from_secs(seconds), producers, batch_bytes as usize))
}

async fn measure(
    log: Arc<SegmentLog>,
    duration: Duration,
    producers: u64,
    batch_bytes: usize,
) -> Result<(), AnyError> {
    let batches: Vec<AppendBatch> = (0..8).map(|seed| lines(seed, batch_bytes)).collect();
    let stream = Stream { tenant: TenantId::default_tenant(), topic: Topic::Raw, partition: 0 };
    let started = Instant::now();
    let mut tasks = Vec::new();
    for producer in 0..producers as usize {
        let (log, batches, stream) = (Arc::clone(&log), batches.clone(), stream.clone());
        tasks.push(tokio::spawn(async move {
            let (mut latencies, mut bytes) = (Vec::new(), 0_usize);
            for batch in batches.iter().cycle().skip(producer) {
                if started.elapsed() >= duration {
                    break;
                }
                let batch = batch.clone();
                bytes += batch.bytes();
                let asked = Instant::now();
                log.append(&stream, batch).await?;
                latencies.push(asked.elapsed());
            }
            Ok::<_, sentra_backbone::LogError>((latencies, bytes))
        }));
    }
    let (mut latencies, mut bytes) = (Vec::new(), 0);
    for task in tasks {
        let (of_one, bytes_of_one) = task.await??;
        latencies.extend(of_one);
        bytes += bytes_of_one;
    }
    let elapsed = started.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let at = |share: usize| latencies.get(latencies.len() * share / 1000).copied().unwrap_or_default();
    println!(
        "{:.0} MB/s, {} batches, p50 {:.2?}, p99 {:.2?}, longest {:.2?}",
        bytes as f64 / elapsed / 1e6,
        latencies.len(),
        at(500),
        at(990),
        latencies.last().copied().unwrap_or_default()
    );
    Ok(())
}

/// Invented JSON lines that compress like real ones.
fn lines(seed: u64, bytes: usize) -> AppendBatch {
    let mut state = seed + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let (mut records, mut total) = (Vec::new(), 0);
    while total < bytes {
        let text = format!(
            r#"{{"time":"2026-03-0{}T12:{:02}:{:02}.{:06}Z","host":"web-{:02}","process":"sshd","pid":{},"user":"user{}","src_ip":"192.0.2.{}","src_port":{},"message":"Failed password for user{} from 192.0.2.{} port {} ssh2","session":"{:08x}{:08x}","outcome":"failure"}}"#,
            1 + next() % 9,
            next() % 60,
            next() % 60,
            next() % 1_000_000,
            next() % 40,
            next() % 65536,
            next() % 500,
            next() % 256,
            next() % 65536,
            next() % 500,
            next() % 256,
            next() % 65536,
            next(),
            next(),
        );
        total += text.len();
        records.push(OwnedRecord { position: records.len() as u64 + 1, bytes: text.into_bytes() });
    }
    let now = Timestamp::from_seconds(1_772_366_400);
    let source =
        Source { kind: SourceKind::Http, origin: "192.0.2.1".to_owned(), format: None, reference: now };
    AppendBatch { received: now, source, records }
}
