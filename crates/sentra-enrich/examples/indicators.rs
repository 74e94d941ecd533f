//! How fast events are matched against indicators, and how much room those take.
//!
//! `cargo run --release -p sentra-enrich --example indicators [-- INDICATORS [BATCHES [EVENTS.ndjson]]]`: synthetic
//! events, each with values of its own, and, where a file is given, real ones. A feed of further indicators can be
//! named by the environment variable `LIST`, the number of rounds by `ROUNDS`; the best round counts. Beside it the plain way: one
//! `HashMap<String, u32>` of the standard library, asked for the same values.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a measurement"
)]

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use sentra_enrich::indicators::{
    DecayPolicy, Feed, FeedFormat, IndicatorContext, IndicatorRecord, IndicatorSource, IndicatorValue,
    Indicators, IndicatorsBuilder, NeverIndicators, read_feed,
};
use sentra_model::{
    BatchBuilder, Event, EventBatch, EventId, FieldValue, Mart, RawRecord, Source, SourceKind, TenantId,
    Timestamp,
};

/// Most indicators of a measurement.
const INDICATORS_MAX: usize = 10_000_000;
/// Events of a batch.
const EVENTS_PER_BATCH: usize = 8_192;
/// Most batches that are held.
const BATCHES_MAX: usize = 1_000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let number =
        |text: Option<String>, usual: usize| text.and_then(|text| text.parse().ok()).unwrap_or(usual);
    let indicators_count = number(arguments.next(), 5_000_000).min(INDICATORS_MAX);
    let batches_count = number(arguments.next(), 40).min(BATCHES_MAX);
    let file = arguments.next();

    let before = resident_bytes();
    let started = Instant::now();
    let indicators = build(indicators_count);
    let summary = indicators.summary();
    println!("indicators          {}", summary.values);
    println!("build               {:.1} s", started.elapsed().as_secs_f64());
    println!(
        "bytes               {} ({:.1} per indicator)",
        summary.bytes,
        per(summary.bytes, summary.values)
    );
    println!("resident            {} MB more than before", (resident_bytes().saturating_sub(before)) >> 20);
    println!("peak                {} MB", peak_kilobytes() >> 10);
    println!("version             {}", indicators.version());

    let synthetic: Vec<EventBatch> =
        (0..batches_count).map(|batch| synthetic_batch(batch, indicators_count)).collect();
    measure("synthetic", &indicators, &synthetic);
    let real = file.map(|file| real_batches(&std::fs::read(file).unwrap()));
    if let Some(real) = &real {
        measure("real", &indicators, real);
    }
    drop(indicators);
    let before = resident_bytes();
    let map: HashMap<String, u32> =
        (0..indicators_count).map(|number| (value(number as u64).to_string(), number as u32)).collect();
    let bytes = resident_bytes().saturating_sub(before);
    println!(
        "std HashMap         {} MB resident ({:.1} per indicator)",
        bytes >> 20,
        per(bytes, map.len() as u64)
    );
    measure_map("synthetic", &map, &synthetic);
    if let Some(real) = &real {
        measure_map("real", &map, real);
    }
}

fn per(bytes: u64, count: u64) -> f64 {
    bytes as f64 / count.max(1) as f64
}

fn measure(name: &str, indicators: &Indicators, batches: &[EventBatch]) {
    let now = Timestamp::from_seconds(1_800_000_000);
    let mut best = f64::MAX;
    let mut hits = 0;
    for _ in 0..rounds() {
        let started = processor_seconds();
        hits = batches.iter().map(|batch| black_box(indicators.scan(batch, now)).hits.len()).sum();
        best = best.min(processor_seconds() - started);
    }
    report("indicators", name, batches, hits, best);
}

/// The same values: the columns and the fields that are looked at, each row's text as it stands there.
fn measure_map(name: &str, map: &HashMap<String, u32>, batches: &[EventBatch]) {
    let mut best = f64::MAX;
    let mut hits = 0;
    let fields =
        ["url", "Hashes", "sha256", "QueryName", "DestinationIp", "SourceIp", "SourceAddress", "DestAddress"];
    for _ in 0..3 {
        let started = processor_seconds();
        hits = 0;
        for batch in batches {
            for row in batch.rows() {
                let columns = ["src_ip", "dst_ip", "domain"].into_iter().filter_map(|name| row.text(name));
                let fields = row.fields().filter(|(name, _)| fields.contains(name)).map(|(_, value)| value);
                hits += columns.chain(fields).filter(|value| map.contains_key(*value)).count();
            }
        }
        best = best.min(processor_seconds() - started);
    }
    report("std HashMap", name, batches, hits, best);
}

fn report(who: &str, name: &str, batches: &[EventBatch], hits: usize, seconds: f64) {
    let events: usize = batches.iter().map(EventBatch::len).sum();
    let rate = events as f64 / seconds / 1e6;
    println!("{who:<19} {name:<9} {events} events, {hits} hits: {rate:.2} million events/s");
}

/// A third addresses, a third names, a sixth URLs, a sixth digests; a tenth of a per cent networks.
fn build(count: usize) -> Indicators {
    let contexts: Vec<Arc<IndicatorContext>> = (0..50)
        .map(|number| {
            let source = IndicatorSource { name: format!("feed {}", number % 5), version: "1".to_owned() };
            let mut context = IndicatorContext { sources: vec![source], ..IndicatorContext::default() };
            context.add_threat(&format!("family {number}"));
            Arc::new(context)
        })
        .collect();
    let mut builder = IndicatorsBuilder::new(DecayPolicy::default(), NeverIndicators::built_in());
    for number in 0..count {
        let record = IndicatorRecord {
            value: value(number as u64),
            confidence: (number % 60 + 40) as f64 / 100.0,
            last_seen: Timestamp::from_seconds(1_800_000_000 - (number % 500_000) as i64),
            valid_from: None,
            valid_until: None,
            context: Arc::clone(&contexts[number % contexts.len()]),
        };
        // An address that is private by chance is refused; so be it.
        let _ = builder.push(&record);
    }
    if let Ok(path) = std::env::var("LIST") {
        let feed = Feed::new("list", "1", Timestamp::from_seconds(1_800_000_000));
        let bytes = std::fs::read(&path).unwrap();
        let report = read_feed(FeedFormat::guess(&path, &bytes), &bytes, &feed, &mut builder);
        println!("feed                {} taken, {} refused", report.taken, report.refused);
    }
    builder.finish()
}

fn value(number: u64) -> IndicatorValue {
    let random = mix(number);
    match number % 6 {
        0 | 1 if number % 1_000 < 2 => {
            IndicatorValue::Network4 { first: (random as u32) & 0xffff_ff00, prefix: 24 }
        }
        0 | 1 => IndicatorValue::V4(random as u32),
        2 | 3 => IndicatorValue::Domain(domain(random)),
        4 => IndicatorValue::Url(format!("{}/wp-content/{:08x}/gate.php", domain(random), random >> 32)),
        _ => {
            let mut digest = [0; 32];
            for (part, chunk) in digest.chunks_exact_mut(8).enumerate() {
                chunk.copy_from_slice(&mix(random.wrapping_add(part as u64)).to_le_bytes());
            }
            IndicatorValue::Sha256(digest)
        }
    }
}

fn domain(random: u64) -> String {
    format!("{:x}.{}", random >> 20, ["com", "net", "info", "top"][(random & 3) as usize])
}

fn mix(number: u64) -> u64 {
    let mut x = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Events of which each has two addresses, a name, a URL and a digest of its own; one in a thousand names an indicator.
fn synthetic_batch(batch: usize, indicators: usize) -> EventBatch {
    let mut builder = Batches::new();
    for row in 0..EVENTS_PER_BATCH {
        let number = (batch * EVENTS_PER_BATCH + row) as u64;
        let random = mix(number ^ 0xdead_beef_0000_0000);
        let mut event = Event::new("json", Mart::LINUX, Timestamp::from_seconds(1_800_000_000));
        event.src_ip = IndicatorValue::V4(random as u32).to_string().into();
        event.dst_ip = IndicatorValue::V4((random >> 32) as u32).to_string().into();
        event.domain = format!("www.{}", domain(mix(random))).into();
        if row % 1_000 == 0 {
            event.domain = value(random % (indicators as u64 / 6) * 6 + 2).to_string().into();
        }
        event.push(
            "url",
            format!("http://{}/a/b/index.html?id={row}", domain(mix(random + 1))).leak() as &str,
        );
        event.push(
            "sha256",
            format!("{:016x}{:016x}{:016x}{:016x}", random, mix(random + 2), random, random).leak() as &str,
        );
        event.push("user_agent", "Mozilla/5.0");
        event.push("status", FieldValue::Integer(200));
        event.push("bytes", FieldValue::Integer(row as i64));
        event.push("method", "GET");
        builder.push(&event);
    }
    builder.finish().pop().unwrap()
}

/// Flat JSON objects, one per line.
fn real_batches(bytes: &[u8]) -> Vec<EventBatch> {
    let mut builder = Batches::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(object) = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(line) else {
            continue;
        };
        let mut event = Event::new("windows", Mart::WINDOWS, Timestamp::from_seconds(1_800_000_000));
        let text =
            |name: &str| object.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        event.src_ip = text("SourceIp").into();
        event.dst_ip = text("DestinationIp").into();
        event.domain = text("QueryName").into();
        event.command = text("CommandLine").into();
        event.user = text("User").into();
        event.message = text("Message").into();
        for (name, value) in &object {
            let value = match value {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            event.push(name.clone(), FieldValue::Text(value.into()));
        }
        builder.push(&event);
    }
    builder.finish()
}

struct Batches {
    builder: BatchBuilder,
    source: Source,
    done: Vec<EventBatch>,
    offset: u64,
}

impl Batches {
    fn new() -> Self {
        let source = Source {
            kind: SourceKind::File,
            origin: "example".to_owned(),
            format: None,
            reference: Timestamp::from_seconds(1_800_000_000),
        };
        let builder = BatchBuilder::new(TenantId::default_tenant(), Mart::WINDOWS);
        Self { builder, source, done: Vec::new(), offset: 0 }
    }

    fn push(&mut self, event: &Event<'_>) {
        let record =
            RawRecord { source: &self.source, position: self.offset, received: event.time, bytes: b"" };
        self.builder.push(EventId::raw(0, self.offset), &record, event).unwrap();
        self.offset += 1;
        if self.builder.is_full() {
            self.done.push(self.builder.finish().unwrap());
        }
    }

    fn finish(mut self) -> Vec<EventBatch> {
        if !self.builder.is_empty() {
            self.done.push(self.builder.finish().unwrap());
        }
        self.done
    }
}

/// Time that this process had a core, so that what else runs on the machine does not count.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

/// The most that this process ever held.
fn peak_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    status.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4_096
}

/// How often everything is scanned; the best round counts.
fn rounds() -> usize {
    std::env::var("ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5)
}
