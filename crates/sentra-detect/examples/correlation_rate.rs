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
    let (mut runs, mut keys, mut one) = (5_usize, 1_000_000_usize, None);
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        let number = given.next().ok_or("a number is missing")?.parse()?;
        match argument.as_str() {
            "--runs" => runs = number,
            "--keys" => keys = number,
            "--one" => one = Some(number),
            other => return Err(format!("unknown argument {other:?}").into()),
        }
    }
    if let Some(case) = one {
        let (_, groups, rule, batches) = case_of(case, keys)?;
        return measure(&rule, &batches, groups);
    }
    for case in 0..CASES {
        report(case, runs, keys)?;
    }
    Ok(())
}

const CASES: usize = 4;

/// What is measured: its name, how many groups it makes, the rule, and the events.
type Case = (String, usize, String, Vec<EventBatch>);

fn case_of(case: usize, keys: usize) -> Result<Case, AnyError> {
    if case < 2 {
        let events_per_key = [1, 4].get(case).copied().unwrap_or(1);
        let batches = batches(keys * events_per_key, |number| {
            (address(number % keys), "root".to_owned(), (number as i64) * 100)
        })?;
        let rule = "type: event_count\n  rules: [base]\n  group-by: [src_ip]\n  timespan: 1h\n  condition: {gte: 10}";
        return Ok((
            format!("event_count, {keys} groups of {events_per_key}"),
            keys,
            rule.to_owned(),
            batches,
        ));
    }
    let (name, jitter) = if case == 2 { ("in order", 0) } else { ("out of order by up to 50 ms", 50_000) };
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
    Ok((format!("value_count, one group, {HOT_WINDOW} events in the window, {name}"), 1, rule, batches))
}

/// Measures in a process of its own each time: memory that an earlier run gave back would be used again.
fn report(case: usize, runs: usize, keys: usize) -> Result<(), AnyError> {
    let (name, ..) = case_of(case, 1)?;
    let name = name.replace(" 1 groups", &format!(" {keys} groups"));
    let mut numbers: Vec<Vec<f64>> = vec![Vec::new(); 3];
    for _ in 0..runs {
        let output = std::process::Command::new(std::env::current_exe()?)
            .args(["--one", &case.to_string(), "--keys", &keys.to_string()])
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        let text = String::from_utf8(output.stdout)?;
        for (list, number) in numbers.iter_mut().zip(text.split_whitespace()) {
            list.push(number.parse()?);
        }
    }
    let mut medians = numbers.into_iter().map(median);
    let mut next = || medians.next().unwrap_or(f64::NAN);
    let (nanos, bytes, matching) = (next(), next(), next());
    println!(
        "{name}: {:.2} million events/s, {nanos:.0} ns an event, {bytes:.0} B a group; to report every match of the \
         rule below instead takes {matching:.0} ns an event (medians of {runs})",
        1e3 / nanos
    );
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

fn measure(rule: &str, batches: &[EventBatch], groups: usize) -> Result<(), AnyError> {
    let events: usize = batches.iter().map(EventBatch::len).sum();
    let mut detector = Detector::new(compiled(rule)?);
    let (resident, before) = (resident_bytes()?, cpu_seconds());
    let found: usize = batches.iter().map(|batch| detector.process(batch).len()).sum();
    let (seconds, bytes) = (cpu_seconds() - before, resident_bytes()? - resident);
    assert_eq!((found, detector.stats().keys), (0, groups as u64), "nothing fires and every group is there");
    // What the rule below costs where nothing counts its matches.
    let mut single = Detector::new(compiled("")?);
    let before = cpu_seconds();
    let found: usize = batches.iter().map(|batch| single.process(batch).len()).sum();
    assert_eq!(found, events, "the rule below matches every event");
    let matching = cpu_seconds() - before;
    let nanos = |seconds: f64| seconds * 1e9 / events as f64;
    println!("{} {} {}", nanos(seconds), bytes / groups as f64, nanos(matching));
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
