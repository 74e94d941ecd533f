//! Sentra's parsers beside those of the `vrl` crate (the language of Vector): the same generated lines, the same
//! process, allocator and compiler settings, turn about. CPU seconds are counted.
//!
//! Sentra does more per line: it normalises what it read. The peer is told the format of the lines; Sentra finds it out
//! among all that it knows, and the ratio is of that. A second line says what it would be if Sentra were told, too. Both
//! drop what they made of a line before the next one. A ratio is the median of those of the runs: of one run's figures
//! both sides had the same machine.

#[path = "../../../crates/sentra-decode/examples/decode_rate/corpus.rs"]
#[allow(dead_code, reason = "shared with the example that also reads files")]
mod corpus;
mod peer;

use anyhow::{Context, ensure};
use corpus::Corpus;
use rustix::time::{ClockId, clock_gettime};
use sentra_decode::{DecodeOptions, Decoded, Decoder};
use sentra_model::{RawRecord, Source, SourceKind, Timestamp};

use crate::peer::Peer;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bytes of lines of every kind.
const CORPUS_BYTES: usize = 50_000_000;
/// Runs of each side when the command line does not say.
const RUNS: usize = 5;

/// Kinds of lines with the peer's program for them.
const PROGRAMS: [(&str, &str); 3] = [
    ("json", "parse_json!(.message)"),
    ("syslog", "parse_syslog!(.message)"),
    ("cef", "parse_cef!(.message)"),
];

fn main() -> anyhow::Result<()> {
    let runs = std::env::args().nth(1).map_or(Ok(RUNS), |runs| runs.parse()).context("RUNS is a number")?;
    println!(
        "{:<20} {:>9} {:>9} {:>9} {:>7}   MB per CPU second and ratio, medians of {runs} runs; sentra {}, vrl {}",
        "lines",
        "count",
        "sentra",
        "vrl",
        "ratio",
        env!("CARGO_PKG_VERSION"),
        peer::version(),
    );
    for (name, program) in PROGRAMS {
        let corpus = corpus::generate(name, CORPUS_BYTES).context("no such kind of lines")?;
        let mut peer = Peer::new(program, corpus.lines())?;
        let (mut alone, mut told, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..runs.max(1) {
            for (format, seconds) in [(None, &mut alone), (Some(name.to_owned()), &mut told)] {
                let (understood, took) = measure(|| sentra(&corpus, format));
                ensure!(
                    understood == corpus.len(),
                    "sentra read {understood} of {} {name} lines",
                    corpus.len()
                );
                seconds.push(took);
            }
            let (understood, seconds) = measure(|| peer.run());
            ensure!(understood == corpus.len(), "vrl read {understood} of {} {name} lines", corpus.len());
            theirs.push(seconds);
        }
        for (line, ours) in [(name.to_owned(), &alone), (format!("{name}, format told"), &told)] {
            let rate = |seconds: &[f64]| corpus.bytes() as f64 / 1e6 / median(seconds.to_vec());
            let ratio = median(ours.iter().zip(&theirs).map(|(ours, theirs)| theirs / ours).collect());
            let (ours, theirs) = (rate(ours), rate(&theirs));
            println!("{line:<20} {:>9} {ours:>9.1} {theirs:>9.1} {ratio:>6.1}x", corpus.len());
        }
    }
    Ok(())
}

/// Decodes every line, of `format` or of whatever it is; how many were understood.
fn sentra(corpus: &Corpus, format: Option<String>) -> usize {
    let decoder = Decoder::new(DecodeOptions::default());
    let reference = Timestamp::from_seconds(1_772_400_000);
    let source = Source { kind: SourceKind::File, origin: "generated".to_owned(), format, reference };
    let understood = corpus.lines().filter(|line| {
        let record = RawRecord { source: &source, position: 1, received: reference, bytes: line.as_bytes() };
        matches!(decoder.decode(&record), Decoded::Event(event) if event.format != "text")
    });
    understood.count()
}

fn measure(work: impl FnOnce() -> usize) -> (usize, f64) {
    let before = cpu_seconds();
    let understood = work();
    (understood, cpu_seconds() - before)
}

/// CPU seconds that this process has used.
fn cpu_seconds() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
