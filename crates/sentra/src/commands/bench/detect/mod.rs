//! `sentra bench detect`: how fast rules are compiled and events tried, and what correlations cost. CPU time of one
//! thread is counted, so that a busy machine changes little.

pub(super) mod clock;
mod correlation;
mod single;

use sentra_model::{OwnedRecord, Source, SourceKind, Timestamp};
use sentra_packs::ContentPlaces;
use serde::Serialize;

use self::correlation::Counted;
use self::single::{Compiled, Decoding, Evaluated, ROWS, Threads};
use super::arguments::{DetectBenchArguments, LineKind, Protocol};
use super::{BENCH_BYTES_MAX, Corpus, corpus, stages};
use crate::content::compile_rules;
use crate::output;
use crate::progress::{counted, grouped};

/// Bytes of the lines that are tried where no file is named.
const GENERATED_BYTES: u64 = 20_000_000;
/// Bytes of one piece of them.
const GENERATED_BODY_BYTES: usize = 256 * 1024;

/// Everything that was measured.
#[derive(Debug, Serialize)]
struct Report {
    /// The file, if one was named.
    file: Option<std::path::PathBuf>,
    records: usize,
    bytes: u64,
    runs: u16,
    compile: Compiled,
    evaluate: Vec<Evaluated>,
    decoding: Decoding,
    two_threads: Threads,
    correlation: Vec<Counted>,
}

pub(super) fn run(arguments: &DetectBenchArguments) -> anyhow::Result<()> {
    if let Some(case) = arguments.case {
        return output::json(&correlation::measure_alone(case)?);
    }
    let report = report(arguments)?;
    if arguments.json {
        return output::json(&report);
    }
    output::table(&["what", "result", "also"], &report.rows())?;
    let findings = report.evaluate.first().map_or(0, |evaluated| evaluated.matches);
    output::remark(&format!(
        "{} of {:.1} MB in all, {}, medians of {}; CPU time of one thread, p50 and p99 by the clock",
        counted(report.records as u64, "record"),
        report.bytes as f64 / 1e6,
        counted(findings as u64, "finding"),
        counted(report.runs.into(), "run"),
    ));
    Ok(())
}

fn report(arguments: &DetectBenchArguments) -> anyhow::Result<Report> {
    let runs = arguments.runs;
    let directories = arguments.rules.clone();
    let files = ContentPlaces { data: None, built_in: directories.is_empty(), directories }.load()?;
    // First of all, while nothing that could be used again was given back to the allocator.
    output::remark("compile");
    let (rules, compile) = single::compile(runs, || compile_rules(files.clone()).0)?;
    let corpus = match &arguments.file {
        Some(file) => stages::load(file, BENCH_BYTES_MAX)?,
        None => generated(),
    };
    let mut evaluate = Vec::new();
    for rows in ROWS {
        output::remark(&format!("evaluate, batches of {}", grouped(rows as u64)));
        evaluate.push(single::evaluate(runs, &rules, &corpus, rows)?);
    }
    output::remark("decode and evaluate");
    let decoding = single::with_decoding(runs, &rules, &corpus)?;
    output::remark("two threads");
    let two_threads = single::two_threads(runs, &rules, &corpus)?;
    let mut correlation = Vec::new();
    for (index, case) in correlation::CASES.iter().enumerate() {
        output::remark(case.what);
        correlation.push(correlation::run(runs, index)?);
    }
    let (records, bytes) = (corpus.records.len(), corpus.bytes);
    let file = arguments.file.clone();
    Ok(Report { file, records, bytes, runs, compile, evaluate, decoding, two_threads, correlation })
}

impl Report {
    fn rows(&self) -> Vec<Vec<String>> {
        let mut rows = vec![vec![
            format!("compile and index {}", counted(self.compile.rules as u64, "rule")),
            format!("{:.0} ms", self.compile.cpu_ms),
            format!("{:.1} MB more resident", self.compile.resident_bytes / 1e6),
        ]];
        rows.extend(self.evaluate.iter().map(evaluated_row));
        rows.push(vec![
            "decode and evaluate".to_owned(),
            per_second(self.decoding.decode_and_evaluate_per_cpu_second),
            format!("decode alone {}", per_second(self.decoding.decode_per_cpu_second)),
        ]);
        rows.push(vec![
            "two threads over one".to_owned(),
            format!("{:.2} times by CPU time", self.two_threads.times_by_cpu_time),
            format!("{:.2} times by the clock", self.two_threads.times_by_the_clock),
        ]);
        rows.extend(self.correlation.iter().map(counted_row));
        rows
    }
}

fn evaluated_row(evaluated: &Evaluated) -> Vec<String> {
    let Evaluated { rows, events_per_cpu_second, batch_p50_us, batch_p99_us, .. } = evaluated;
    let (what, of) = match rows {
        1 => ("evaluate, single events".to_owned(), "an event"),
        rows => (format!("evaluate, batches of {}", grouped(*rows as u64)), "a batch"),
    };
    vec![
        what,
        per_second(*events_per_cpu_second),
        format!("{of}: p50 {batch_p50_us:.1} µs, p99 {batch_p99_us:.1} µs"),
    ]
}

fn counted_row(counted: &Counted) -> Vec<String> {
    let memory = if counted.groups > 1 {
        format!("{:.0} B a key", counted.bytes_per_group)
    } else {
        format!("{:.1} MB", counted.bytes_per_group / 1e6)
    };
    vec![
        counted.what.to_owned(),
        per_second(counted.events_per_cpu_second),
        format!("{:.0} ns an event, {memory}", counted.nanos_per_event),
    ]
}

fn per_second(rate: f64) -> String {
    format!("{} events/s", grouped(rate as u64))
}

/// The syslog lines that the other benchmarks send.
fn generated() -> Corpus {
    let lines = corpus::Corpus::new(1, LineKind::Syslog, Protocol::Ndjson, GENERATED_BODY_BYTES);
    let reference = Timestamp::from_seconds(1_772_400_000);
    let source = Source { kind: SourceKind::File, origin: "generated".to_owned(), format: None, reference };
    let mut made = Corpus { source, records: Vec::new(), bytes: 0 };
    for body in 0.. {
        for line in lines.body(body).split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            made.bytes += line.len() as u64;
            let position = made.records.len() as u64 + 1;
            made.records.push(OwnedRecord { position, bytes: line.to_vec() });
        }
        if made.bytes >= GENERATED_BYTES {
            break;
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_lines_are_many_and_none_is_empty() {
        let corpus = generated();
        assert!(corpus.bytes >= GENERATED_BYTES && corpus.bytes < 2 * GENERATED_BYTES);
        assert!(corpus.records.len() > 50_000);
        assert!(corpus.records.iter().all(|record| record.bytes.len() > 50));
    }

    #[test]
    fn a_row_says_what_it_measured() {
        let evaluated = Evaluated {
            rows: 8_192,
            events: 10,
            matches: 1_690,
            events_per_cpu_second: 673_000.4,
            batch_p50_us: 12.34,
            batch_p99_us: 56.78,
        };
        let row = evaluated_row(&evaluated);
        assert_eq!(
            row,
            ["evaluate, batches of 8,192", "673,000 events/s", "a batch: p50 12.3 µs, p99 56.8 µs"]
        );
        assert_eq!(
            evaluated_row(&Evaluated { rows: 1, ..evaluated }).first().unwrap(),
            "evaluate, single events"
        );
        let hot = Counted {
            what: "hot",
            groups: 1,
            events_per_cpu_second: 1e6,
            nanos_per_event: 1e3,
            bytes_per_group: 17.04e6,
        };
        assert_eq!(counted_row(&hot), ["hot", "1,000,000 events/s", "1000 ns an event, 17.0 MB"]);
        let many = Counted { groups: 2, bytes_per_group: 113.4, ..hot };
        assert_eq!(counted_row(&many).last().unwrap(), "1000 ns an event, 113 B a key");
    }
}
