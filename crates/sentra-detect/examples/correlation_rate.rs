//! How fast correlations count on one core, and what their state takes.
//!
//! ```sh
//! cargo run --release -p sentra-detect --example correlation_rate -- [--runs N] [--keys N]
//! ```
//!
//! CPU seconds are counted, so that a busy machine changes little. Memory is what the process has resident, with
//! the allocator of the product: what the allocator itself needs is in it. (Counting the bytes that are asked
//! for would need `unsafe`, which this workspace forbids.)

#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use std::sync::Arc;

use rustix::time::{ClockId, clock_gettime};
use sentra_detect::{Detector, RuleSet, RuleSource};
use sentra_model::{
    BatchBuilder, BatchError, Event, EventBatch, EventCode, EventId, Mart, RawRecord, Source, SourceKind,
    TenantId, Timestamp,
};

/// The program's allocator in the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type AnyError = Box<dyn std::error::Error>;

const SECOND: i64 = 1_000_000;
/// Events in one batch, as the product makes them.
const BATCH_EVENTS: usize = 8_192;
/// Distinct values, and events in the window, of the hot group.
const HOT_VALUES: u64 = 30_000;
const HOT_WINDOW: i64 = 60_000;
const HOT_EVENTS: usize = 600_000;

const BASE: &str = "title: login failed\nname: base\nid: 00000000-0000-4000-8000-000000000001\nlevel: low\n\
    logsource: {product: linux}\ndetection: {sel: {code: LL03}, condition: sel}\n";

fn main() -> Result<(), AnyError> {
    let (mut runs, mut keys) = (5_usize, 1_000_000_usize);
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        let number = given.next().ok_or("a number is missing")?.parse()?;
        match argument.as_str() {
            "--runs" => runs = number,
            "--keys" => keys = number,
            other => return Err(format!("unknown argument {other:?}").into()),
        }
    }
    // All at once so that their making is not measured; they are the same in every run.
    for events_per_key in [1, 4] {
        let events = keys * events_per_key;
        let batches = batches(events, |number| {
            let key = number % keys;
            (address(key), "root".to_owned(), (number as i64) * 100)
        })?;
        let rule = "type: event_count\n  rules: [base]\n  group-by: [src_ip]\n  timespan: 1h\n  condition: {gte: 10}";
        measure(&format!("event_count, {keys} groups of {events_per_key}"), rule, &batches, runs, keys)?;
    }
    for (name, jitter) in [("in order", 0), ("out of order by up to 50 ms", 50_000)] {
        let batches = batches(HOT_EVENTS, |number| {
            let late = (number as i64).wrapping_mul(7_919) % (jitter + 1);
            let value = (number as u64).wrapping_mul(0x9e37_79b9) % HOT_VALUES;
            ("10.0.0.1".to_owned(), format!("user{value}"), (number as i64) * 1_000 - late)
        })?;
        let rule = format!(
            "type: value_count\n  rules: [base]\n  group-by: [src_ip]\n  timespan: {}s\n  \
             condition: {{gte: 50000, field: user}}",
            HOT_WINDOW * 1_000 / SECOND
        );
        measure(
            &format!("value_count, one group, {HOT_WINDOW} events in the window, {name}"),
            &rule,
            &batches,
            runs,
            1,
        )?;
    }
    Ok(())
}

fn address(key: usize) -> String {
    format!("10.{}.{}.{}", key >> 16 & 255, key >> 8 & 255, key & 255)
}

fn compiled(correlation: &str) -> Result<Arc<RuleSet>, AnyError> {
    let text = if correlation.is_empty() {
        BASE.to_owned()
    } else {
        format!(
            "{BASE}---\ntitle: measured\nid: 00000000-0000-4000-8000-000000000002\nlevel: high\ncorrelation:\n  {correlation}\n"
        )
    };
    let source = RuleSource { path: "measured.yml".to_owned(), text, pack: "measured".to_owned() };
    let (rules, problems) = RuleSet::compile(vec![source]);
    match problems.first() {
        Some(problem) => Err(problem.message.clone().into()),
        None => Ok(Arc::new(rules)),
    }
}

fn batches(
    events: usize,
    event_of: impl Fn(usize) -> (String, String, i64),
) -> Result<Vec<EventBatch>, BatchError> {
    let reference = Timestamp::from_seconds(1_772_400_000);
    let source = Source { kind: SourceKind::File, origin: "measured".to_owned(), format: None, reference };
    let mut builder = BatchBuilder::new(TenantId::default_tenant(), Mart::LINUX);
    let mut done = Vec::new();
    for number in 0..events {
        let (address, user, micros) = event_of(number);
        let time = reference.plus_micros(micros);
        let mut event = Event::new("sshd", Mart::LINUX, time);
        event.product = "linux".into();
        event.code = Some(EventCode::LL03);
        event.host = "web-1".into();
        event.src_ip = address.into();
        event.user = user.into();
        let record = RawRecord {
            source: &source,
            position: number as u64,
            received: time.plus_micros(SECOND),
            bytes: b"",
        };
        builder.push(EventId::raw(0, number as u64), &record, &event)?;
        if builder.len() >= BATCH_EVENTS {
            done.push(builder.finish()?);
        }
    }
    if !builder.is_empty() {
        done.push(builder.finish()?);
    }
    Ok(done)
}

fn measure(name: &str, rule: &str, batches: &[EventBatch], runs: usize, keys: usize) -> Result<(), AnyError> {
    let events: usize = batches.iter().map(EventBatch::len).sum();
    // The matching of the rule below is there without a correlation as well.
    let matching = {
        let mut detector = Detector::new(compiled("")?);
        let before = cpu_seconds();
        let found: usize = batches.iter().map(|batch| detector.process(batch).len()).sum();
        assert_eq!(found, events, "the rule below matches every event");
        cpu_seconds() - before
    };
    let (mut seconds, mut bytes, mut found) = (Vec::new(), Vec::new(), 0);
    for _ in 0..runs {
        let mut detector = Detector::new(compiled(rule)?);
        let resident = resident_bytes()?;
        let before = cpu_seconds();
        found = batches.iter().map(|batch| detector.process(batch).len()).sum();
        seconds.push(cpu_seconds() - before);
        bytes.push((resident_bytes()? - resident) / keys as f64);
        assert_eq!(detector.stats().keys, keys as u64, "every group is there");
    }
    let (seconds, bytes) = (median(seconds), median(bytes));
    println!(
        "{name}: {:.2} million events/s, {:.0} ns an event ({:.0} ns of it reporting the matches of the rule below where \
         there is no correlation), {bytes:.0} B a group, {found} matches (medians of {runs})",
        events as f64 / seconds / 1e6,
        seconds * 1e9 / events as f64,
        matching * 1e9 / events as f64,
    );
    Ok(())
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// CPU seconds that this process has used.
fn cpu_seconds() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

/// Bytes of this process that are resident.
fn resident_bytes() -> Result<f64, AnyError> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let pages: f64 = pages.split_whitespace().nth(1).ok_or("statm has no second number")?.parse()?;
    Ok(pages * rustix::param::page_size() as f64)
}
