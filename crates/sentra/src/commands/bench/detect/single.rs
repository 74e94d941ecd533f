//! Rules on real events: to compile them, to try them, with decoding, on two threads.

use std::sync::Arc;

use sentra_decode::{DecodeOptions, Decoder};
use sentra_detect::{Detector, RuleSet};
use sentra_model::{BatchError, EventBatch};
use serde::Serialize;

use super::super::Corpus;
use super::super::batches::Batches;
use super::clock::{median, quantile, resident_bytes, thread_seconds, wall_seconds};

/// Events in a batch, as the factory makes them where they come fast, and fewer where they do not.
pub(super) const ROWS: [usize; 4] = [8_192, 1_024, 64, 1];
/// Most batches of one size that are held in memory: single events are measured on as many.
const BATCHES_MAX: usize = 100_000;
/// How often each thread tries all batches where threads are compared.
const ROUNDS: usize = 4;

/// What it takes to make a set of rules.
#[derive(Debug, Serialize)]
pub(super) struct Compiled {
    pub(super) rules: usize,
    /// CPU time to compile and index, in milliseconds.
    pub(super) cpu_ms: f64,
    /// What resident memory grew by with one set kept.
    pub(super) resident_bytes: f64,
}

/// What it takes to try decoded events.
#[derive(Debug, Serialize)]
pub(super) struct Evaluated {
    /// Events in a batch at the most.
    pub(super) rows: usize,
    pub(super) events: usize,
    /// What was reported. A run of a correlation is reported once per batch, so smaller batches report more.
    pub(super) matches: usize,
    pub(super) events_per_cpu_second: f64,
    /// What a batch takes by the clock, in microseconds: p50, p99.
    pub(super) batch_p50_us: f64,
    pub(super) batch_p99_us: f64,
}

/// What decoding costs, alone and before detection.
#[derive(Debug, Serialize)]
pub(super) struct Decoding {
    pub(super) decode_per_cpu_second: f64,
    pub(super) decode_and_evaluate_per_cpu_second: f64,
}

/// How much two threads do more than one.
#[derive(Debug, Serialize)]
pub(super) struct Threads {
    pub(super) times_by_cpu_time: f64,
    pub(super) times_by_the_clock: f64,
}

/// Compiles once to keep the set and then `runs` times for the time.
pub(super) fn compile(
    runs: u16,
    compile: impl Fn() -> Arc<RuleSet>,
) -> anyhow::Result<(Arc<RuleSet>, Compiled)> {
    let resident = resident_bytes()?;
    let rules = compile();
    let resident_bytes = resident_bytes()? - resident;
    let mut seconds = Vec::new();
    for _ in 0..runs {
        let before = thread_seconds();
        let again = compile();
        seconds.push(thread_seconds() - before);
        drop(again);
    }
    let cpu_ms = median(&mut seconds) * 1e3;
    Ok((Arc::clone(&rules), Compiled { rules: rules.len(), cpu_ms, resident_bytes }))
}

/// Tries decoded events in batches of at most `rows`.
pub(super) fn evaluate(
    runs: u16,
    rules: &Arc<RuleSet>,
    corpus: &Corpus,
    rows: usize,
) -> Result<Evaluated, BatchError> {
    let batches = batches(corpus, rows)?;
    let events = batches.iter().map(EventBatch::len).sum();
    let (mut all, mut each, mut matches) = (Vec::new(), Vec::new(), 0);
    for _ in 0..runs {
        let mut detector = Detector::new(Arc::clone(rules));
        matches = 0;
        let before = thread_seconds();
        for batch in &batches {
            let before = wall_seconds();
            matches += detector.process(batch).len();
            each.push((wall_seconds() - before) * 1e6);
        }
        all.push(thread_seconds() - before);
    }
    Ok(Evaluated {
        rows,
        events,
        matches,
        events_per_cpu_second: events as f64 / median(&mut all),
        batch_p50_us: quantile(&mut each, 0.5),
        batch_p99_us: quantile(&mut each, 0.99),
    })
}

/// Decodes into batches, and decodes and tries.
pub(super) fn with_decoding(
    runs: u16,
    rules: &Arc<RuleSet>,
    corpus: &Corpus,
) -> Result<Decoding, BatchError> {
    let decoder = Decoder::new(DecodeOptions::default());
    let (mut decoded, mut evaluated) = (Vec::new(), Vec::new());
    let mut events = 0;
    for _ in 0..runs {
        let before = thread_seconds();
        events = 0;
        for batch in largest(&decoder, corpus) {
            events += batch?.len();
        }
        let between = thread_seconds();
        let mut detector = Detector::new(Arc::clone(rules));
        for batch in largest(&decoder, corpus) {
            drop(detector.process(&batch?));
        }
        decoded.push(between - before);
        evaluated.push(thread_seconds() - between);
    }
    Ok(Decoding {
        decode_per_cpu_second: events as f64 / median(&mut decoded),
        decode_and_evaluate_per_cpu_second: events as f64 / median(&mut evaluated),
    })
}

/// Two threads, each with a detector, that share nothing but the rules, and one.
pub(super) fn two_threads(runs: u16, rules: &Arc<RuleSet>, corpus: &Corpus) -> Result<Threads, BatchError> {
    let batches: Vec<EventBatch> =
        largest(&Decoder::new(DecodeOptions::default()), corpus).collect::<Result<_, _>>()?;
    let run = || -> f64 {
        let mut detector = Detector::new(Arc::clone(rules));
        let before = thread_seconds();
        for _ in 0..ROUNDS {
            batches.iter().for_each(|batch| drop(detector.process(batch)));
        }
        thread_seconds() - before
    };
    let (mut cpu_of_one, mut cpu_of_two) = (Vec::new(), Vec::new());
    let (mut wall_of_one, mut wall_of_two) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let before = wall_seconds();
        cpu_of_one.push(run());
        let between = wall_seconds();
        let of_each: f64 = std::thread::scope(|scope| {
            let threads = [scope.spawn(run), scope.spawn(run)];
            threads.into_iter().map(|thread| thread.join().unwrap_or(f64::NAN)).sum()
        });
        cpu_of_two.push(of_each / 2.0);
        wall_of_one.push(between - before);
        wall_of_two.push(wall_seconds() - between);
    }
    let times = |one: &mut Vec<f64>, two: &mut Vec<f64>| 2.0 * median(one) / median(two);
    Ok(Threads {
        times_by_cpu_time: times(&mut cpu_of_one, &mut cpu_of_two),
        times_by_the_clock: times(&mut wall_of_one, &mut wall_of_two),
    })
}

fn largest<'a>(decoder: &'a Decoder, corpus: &'a Corpus) -> Batches<'a> {
    let [rows, ..] = ROWS;
    Batches::new(decoder, &corpus.source, &corpus.records, rows)
}

fn batches(corpus: &Corpus, rows: usize) -> Result<Vec<EventBatch>, BatchError> {
    let decoder = Decoder::new(DecodeOptions::default());
    Batches::new(&decoder, &corpus.source, &corpus.records, rows).take(BATCHES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use sentra_detect::RuleSource;
    use sentra_model::{OwnedRecord, Source, SourceKind, Timestamp};

    use super::*;

    const RULE: &str = "title: failed login\nlogsource: {product: linux}\n\
        detection: {sel: {code: LL03}, condition: sel}\n";

    fn corpus(lines: u64) -> Corpus {
        let reference = Timestamp::from_seconds(1_772_400_000);
        let source = Source { kind: SourceKind::File, origin: "x".to_owned(), format: None, reference };
        let record = |number: u64| {
            let what = if number.is_multiple_of(4) { "Failed" } else { "Accepted" };
            let bytes = format!(
                "2026-03-14T02:16:34+00:00 web-1 sshd[4100]: {what} password for root from 203.0.113.9 port {} ssh2",
                50_000 + number
            );
            OwnedRecord { position: number + 1, bytes: bytes.into_bytes() }
        };
        let records: Vec<OwnedRecord> = (0..lines).map(record).collect();
        let bytes = records.iter().map(|record| record.bytes.len() as u64).sum();
        Corpus { source, records, bytes }
    }

    fn rules() -> Arc<RuleSet> {
        let source =
            RuleSource { path: "r.yml".to_owned(), text: RULE.to_owned(), pack: "measured".to_owned() };
        let (rules, problems) = RuleSet::compile(vec![source]);
        assert!(problems.iter().all(|problem| problem.severity != sentra_detect::ProblemSeverity::Error));
        Arc::new(rules)
    }

    #[test]
    fn every_size_of_batch_tries_every_event() {
        let (corpus, rules) = (corpus(1_000), rules());
        for rows in ROWS {
            let evaluated = evaluate(1, &rules, &corpus, rows).unwrap();
            assert_eq!((evaluated.events, evaluated.matches), (1_000, 250), "{rows} rows");
            assert!(evaluated.events_per_cpu_second > 0.0);
            assert!(evaluated.batch_p50_us <= evaluated.batch_p99_us);
        }
        let sizes: Vec<usize> = batches(&corpus, 64).unwrap().iter().map(EventBatch::len).collect();
        assert_eq!((sizes.len(), sizes.iter().max()), (16, Some(&64)));
    }

    #[test]
    fn everything_that_is_measured_is_a_figure() {
        let corpus = corpus(1_000);
        let (rules, compiled) = compile(3, rules).unwrap();
        assert!(compiled.rules == 1 && compiled.cpu_ms > 0.0);
        let decoding = with_decoding(1, &rules, &corpus).unwrap();
        let rates = [decoding.decode_per_cpu_second, decoding.decode_and_evaluate_per_cpu_second];
        assert!(rates.iter().all(|rate| rate.is_finite() && *rate > 0.0), "{rates:?}");
        let threads = two_threads(1, &rules, &corpus).unwrap();
        assert!(threads.times_by_cpu_time > 0.0 && threads.times_by_the_clock.is_finite());
    }
}
