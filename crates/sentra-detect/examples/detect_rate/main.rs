//! How fast rules are compiled and events tried, on one core and on two.
//!
//! ```sh
//! cargo run --release -p sentra-detect --example detect_rate -- [--runs N] [--rows N]… [--part NAME]… DATA
//! ```
//!
//! `DATA` holds `sigma/` (the public rule base), `windows/otrf.ndjson.zst` (events) and, if it is there,
//! `windows/otrf.expected.tsv` (the matches an independent engine finds, which must be the same). Processor time is
//! counted, so that a busy machine changes little.

#![allow(clippy::print_stdout, reason = "its output is what it is for")]
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "an example; the corpus is shared with benches/detect-peers"
)]

mod corpus;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use corpus::{Batches, Pairs, quantile};
use sentra_detect::{Detector, RuleSet};
use sentra_model::EventBatch;

/// The program's allocator in the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome = Result<(), Box<dyn Error>>;

struct Arguments {
    data: PathBuf,
    runs: usize,
    rows: Vec<usize>,
    parts: Vec<String>,
}

impl Arguments {
    fn read() -> Result<Self, Box<dyn Error>> {
        let mut arguments = Self { data: PathBuf::new(), runs: 5, rows: Vec::new(), parts: Vec::new() };
        let mut given = std::env::args().skip(1);
        while let Some(argument) = given.next() {
            let mut value = || given.next().ok_or(format!("{argument} takes a value"));
            match argument.as_str() {
                "--runs" => arguments.runs = value()?.parse()?,
                "--rows" => arguments.rows.push(value()?.parse()?),
                "--part" => arguments.parts.push(value()?),
                data => arguments.data = PathBuf::from(data),
            }
        }
        if arguments.data.as_os_str().is_empty() {
            return Err("which directory holds sigma/ and windows/?".into());
        }
        if arguments.rows.is_empty() {
            arguments.rows = vec![8_192, 1_024, 64, 1];
        }
        Ok(arguments)
    }

    fn wants(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|wanted| wanted == part)
    }
}

fn main() -> Outcome {
    let arguments = Arguments::read()?;
    let rules = compile(&arguments)?;
    let text = corpus::text(&arguments.data.join("windows/otrf.ndjson.zst"))?;
    let events = text.lines().count();
    println!("{events} events of {:.0} bytes", text.len() as f64 / events as f64);
    let found = evaluate(&arguments, &rules, &text)?;
    compare(&arguments.data.join("windows/otrf.expected.tsv"), &found)?;
    if arguments.wants("decode") {
        with_decoding(&arguments, &rules, &text)?;
    }
    if arguments.wants("threads") {
        two_threads(&arguments, &rules, &text)?;
    }
    Ok(())
}

fn compile(arguments: &Arguments) -> Result<Arc<RuleSet>, Box<dyn Error>> {
    let sources = corpus::rule_sources(&arguments.data.join("sigma"))?;
    let before = corpus::resident_bytes();
    let (rules, _) = RuleSet::compile(sources.clone());
    let resident = corpus::resident_bytes() - before;
    let mut seconds = Vec::new();
    for _ in 0..if arguments.wants("compile") { arguments.runs } else { 1 } {
        let sources = sources.clone();
        let before = corpus::thread_seconds();
        let (again, _) = RuleSet::compile(sources);
        seconds.push(corpus::thread_seconds() - before);
        assert_eq!(again.len(), rules.len());
    }
    println!(
        "compile: {} rules in {:.0} ms, {:.1} MB more resident",
        rules.len(),
        quantile(&mut seconds, 0.5) * 1e3,
        resident / 1e6
    );
    Ok(Arc::new(rules))
}

/// Tries decoded events, in batches of every size; gives what matched.
fn evaluate(arguments: &Arguments, rules: &Arc<RuleSet>, text: &str) -> Result<Pairs, Box<dyn Error>> {
    let mut found = Pairs::new();
    for rows in &arguments.rows {
        let batches: Vec<EventBatch> = Batches::new(text, *rows).collect::<Result<_, _>>()?;
        let events: usize = batches.iter().map(EventBatch::len).sum();
        let (mut all, mut each) = (Vec::new(), Vec::new());
        for _ in 0..arguments.runs {
            let mut detector = Detector::new(Arc::clone(rules));
            let mut matches = Vec::new();
            each.clear();
            let before = corpus::thread_seconds();
            for batch in &batches {
                let before = corpus::wall_seconds();
                matches.extend(detector.process(batch));
                each.push(corpus::wall_seconds() - before);
            }
            all.push(corpus::thread_seconds() - before);
            let pairs: Pairs =
                matches.into_iter().map(|found| (found.event.offset, found.rule.id.clone())).collect();
            assert!(found.is_empty() || found == pairs, "the size of batches changed what matches");
            found = pairs;
        }
        let rate = events as f64 / quantile(&mut all, 0.5);
        println!(
            "evaluate, batches of {rows}: {:.0} thousand events/s; a batch takes {:.1} µs (p50), {:.1} µs (p99), {:.0} µs (most)",
            rate / 1e3,
            quantile(&mut each, 0.5) * 1e6,
            quantile(&mut each, 0.99) * 1e6,
            quantile(&mut each, 1.0) * 1e6,
        );
    }
    Ok(found)
}

fn compare(path: &Path, found: &Pairs) -> Outcome {
    if !path.try_exists()? {
        println!("{} matches; nothing to compare them with", found.len());
        return Ok(());
    }
    let expected = corpus::expected(path)?;
    for (line, rule) in found.symmetric_difference(&expected) {
        let who = if expected.contains(&(*line, rule.clone())) { "missed" } else { "too much" };
        println!("{who}: line {line}, rule {rule}");
    }
    let both = found.intersection(&expected).count();
    println!("{} matches, {both} of {} expected", found.len(), expected.len());
    Ok(())
}

fn detect(rules: &Arc<RuleSet>, text: &str, rows: usize) -> Result<usize, sentra_model::BatchError> {
    let mut detector = Detector::new(Arc::clone(rules));
    let mut matches = 0;
    for batch in Batches::new(text, rows) {
        matches += detector.process(&batch?).len();
    }
    Ok(matches)
}

fn with_decoding(arguments: &Arguments, rules: &Arc<RuleSet>, text: &str) -> Outcome {
    let events = text.lines().count() as f64;
    let (mut decoded, mut detected) = (Vec::new(), Vec::new());
    for _ in 0..arguments.runs {
        let before = corpus::thread_seconds();
        for batch in Batches::new(text, 8_192) {
            assert!(!batch?.is_empty());
        }
        let between = corpus::thread_seconds();
        detect(rules, text, 8_192)?;
        decoded.push(between - before);
        detected.push(corpus::thread_seconds() - between);
    }
    println!(
        "decode: {:.0} thousand events/s; decode and evaluate: {:.0} thousand events/s",
        events / quantile(&mut decoded, 0.5) / 1e3,
        events / quantile(&mut detected, 0.5) / 1e3
    );
    Ok(())
}

/// Two threads with a detector each share nothing but the rules.
fn two_threads(arguments: &Arguments, rules: &Arc<RuleSet>, text: &str) -> Outcome {
    let batches: Vec<EventBatch> = Batches::new(text, 8_192).collect::<Result<_, _>>()?;
    let run = || -> f64 {
        let mut detector = Detector::new(Arc::clone(rules));
        let before = corpus::thread_seconds();
        for _ in 0..4 {
            batches.iter().for_each(|batch| drop(detector.process(batch)));
        }
        corpus::thread_seconds() - before
    };
    let (mut alone, mut wall_alone, mut wall_both, mut both) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..arguments.runs {
        let before = corpus::wall_seconds();
        alone.push(run());
        let between = corpus::wall_seconds();
        let seconds = std::thread::scope(|scope| {
            let threads = [scope.spawn(run), scope.spawn(run)];
            threads.map(|thread| thread.join().unwrap_or(f64::NAN))
        });
        wall_alone.push(between - before);
        wall_both.push(corpus::wall_seconds() - between);
        both.push((seconds[0] + seconds[1]) / 2.0);
    }
    let times = |alone: &mut Vec<f64>, both: &mut Vec<f64>| 2.0 * quantile(alone, 0.5) / quantile(both, 0.5);
    println!(
        "two threads over one: {:.2} times by processor time, {:.2} times by the clock",
        times(&mut alone, &mut both),
        times(&mut wall_alone, &mut wall_both)
    );
    Ok(())
}
