//! How fast records become events, and events columns, on one core.
//!
//! ```sh
//! cargo run --release -p sentra-decode --example decode_rate -- [--columns] [--runs N] [--kind syslog|json|cef] [--format NAME] [FILE]
//! ```
//!
//! Without a file it measures generated lines of every kind. CPU seconds are counted, so that a busy machine
//! changes little.

#![allow(clippy::print_stdout, reason = "its output is what it is for")]
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "an example; the corpus is shared with benches/peers"
)]

mod corpus;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use rustix::time::{ClockId, clock_gettime};
use sentra_decode::{DecodeOptions, Decoded, Decoder};
use sentra_model::{
    BatchBuilder, BatchError, EventId, Mart, RawRecord, Source, SourceKind, TenantId, Timestamp,
};

use crate::corpus::Corpus;

/// The program's allocator in the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bytes of every generated kind.
const GENERATED_BYTES: usize = 50_000_000;
/// Law LIMIT: bytes that are read of a file.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// Bytes that a run takes at least: short files are taken more than once.
const RUN_BYTES_MIN: usize = 20_000_000;

struct Arguments {
    columns: bool,
    runs: usize,
    kind: Option<String>,
    format: Option<String>,
    file: Option<PathBuf>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = arguments()?;
    let source = source(arguments.format.clone());
    for corpus in corpora(&arguments)? {
        let passes = RUN_BYTES_MIN.div_ceil(corpus.bytes().max(1)).max(1);
        let mut seconds: Vec<f64> = Vec::new();
        let mut understood = 0;
        for _ in 0..arguments.runs {
            let before = cpu_seconds();
            for _ in 0..passes {
                understood =
                    if arguments.columns { columns(&corpus, &source)? } else { events(&corpus, &source) };
            }
            seconds.push((cpu_seconds() - before) / passes as f64);
        }
        seconds.sort_by(f64::total_cmp);
        let median = seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN);
        println!(
            "{}: {} lines of {:.0} B, {understood} understood: {:.1} MB/s, {:.0} ns per line (median of {} runs)",
            corpus.name,
            corpus.len(),
            corpus.bytes() as f64 / corpus.len() as f64,
            corpus.bytes() as f64 / 1e6 / median,
            median * 1e9 / corpus.len() as f64,
            arguments.runs,
        );
    }
    Ok(())
}

fn arguments() -> Result<Arguments, Box<dyn std::error::Error>> {
    let mut arguments = Arguments { columns: false, runs: 5, kind: None, format: None, file: None };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--columns" => arguments.columns = true,
            "--runs" => arguments.runs = given.next().ok_or("--runs takes a number")?.parse()?,
            "--kind" => arguments.kind = given.next(),
            "--format" => arguments.format = given.next(),
            file => arguments.file = Some(PathBuf::from(file)),
        }
    }
    Ok(arguments)
}

fn corpora(arguments: &Arguments) -> Result<Vec<Corpus>, Box<dyn std::error::Error>> {
    if let Some(file) = &arguments.file {
        return Ok(vec![Corpus::of("file", &read(file)?)]);
    }
    let wanted = |name: &&str| arguments.kind.as_deref().is_none_or(|kind| kind == *name);
    let names = corpus::KINDS.iter().map(|(name, _)| *name).filter(wanted);
    Ok(names.filter_map(|name| corpus::generate(name, GENERATED_BYTES)).collect())
}

fn read(file: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let opened = std::fs::File::open(file)?;
    let mut bytes = Vec::new();
    if file.extension().is_some_and(|extension| extension == "zst") {
        zstd::Decoder::new(opened)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    } else {
        opened.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// CPU seconds that this process has used.
fn cpu_seconds() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

fn source(format: Option<String>) -> Source {
    let reference = Timestamp::from_seconds(1_772_400_000);
    Source { kind: SourceKind::File, origin: "/var/log/example.log".to_owned(), format, reference }
}

/// Decodes every line; how many are more than a line of text.
fn events(corpus: &Corpus, source: &Source) -> usize {
    let decoder = Decoder::new(DecodeOptions::default());
    let understood = corpus.lines().filter(|line| {
        let record = RawRecord { source, position: 1, received: source.reference, bytes: line.as_bytes() };
        matches!(decoder.decode(&record), Decoded::Event(event) if event.format != "text")
    });
    understood.count()
}

/// Decodes every line and puts the events into columns; how many there are.
fn columns(corpus: &Corpus, source: &Source) -> Result<usize, BatchError> {
    let decoder = Decoder::new(DecodeOptions::default());
    let mut builders: BTreeMap<Mart, BatchBuilder> = BTreeMap::new();
    let mut events = 0;
    for (offset, line) in corpus.lines().enumerate() {
        let record = RawRecord { source, position: 1, received: source.reference, bytes: line.as_bytes() };
        let Decoded::Event(event) = decoder.decode(&record) else { continue };
        let new = || BatchBuilder::new(TenantId::default_tenant(), event.mart.clone());
        let builder = builders.entry(event.mart.clone()).or_insert_with(new);
        builder.push(EventId::raw(0, offset as u64), &record, &event)?;
        if builder.is_full() {
            events += builder.finish()?.len();
        }
    }
    for builder in builders.values_mut() {
        events += builder.finish()?.len();
    }
    Ok(events)
}
