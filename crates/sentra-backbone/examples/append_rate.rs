//! How fast the log takes batches:
//! `append_rate DIR [SECONDS] [PRODUCERS] [BATCH_BYTES] [COMMIT_WAIT_MS] [MB_PER_SECOND]`.
//!
//! Every producer appends synthetic JSON lines and waits for each acknowledgement. `BATCH_BYTES` of 0 mixes batches of
//! 64 KiB to 1 MiB. With `MB_PER_SECOND` the producers together send no more than that: latency below saturation.
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
    let (seconds, producers, batch_bytes, commit_wait_ms) = (number(5)?, number(64)?, number(0)?, number(5)?);
    let rate = number(u64::MAX)?.saturating_mul(1_000_000) / producers.max(1);
    let options = LogOptions { commit_wait_ms, ..LogOptions::default() };
    let (log, _report) = SegmentLog::open(&directory, options, Arc::new(SystemClock))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build()?;
    let load =
        Load { duration: Duration::from_secs(seconds), producers, batch_bytes: batch_bytes as usize, rate };
    runtime.block_on(measure(Arc::new(log), load))
}

struct Load {
    duration: Duration,
    producers: u64,
    batch_bytes: usize,
    /// Bytes per second of one producer at most.
    rate: u64,
}

async fn measure(log: Arc<SegmentLog>, load: Load) -> Result<(), AnyError> {
    let Load { duration, producers, batch_bytes, rate } = load;
    let bytes_of = |seed: u64| if batch_bytes == 0 { 65_536 << (seed % 5) } else { batch_bytes };
    let batches: Vec<AppendBatch> = (0..10).map(|seed| lines(seed, bytes_of(seed))).collect();
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
                // Not all at the same moment.
                let share = batch.bytes() * producer / producers as usize;
                let due = Duration::from_secs_f64((bytes + share) as f64 / rate as f64);
                tokio::time::sleep(due.saturating_sub(started.elapsed())).await;
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
