//! Questions that are ended take no more rows: counted, not timed.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sentra_kql::run::Halt;
use sentra_model::Position;
use sentra_store::{AskLimits, EmbeddedMarts, MartOptions, MartStore, StoppedBy};

use crate::made::plan;
use crate::stores::{batches, clock, scope};

/// Rows that a loop takes between two looks.
const STEP_ROWS: u64 = 64;
/// Events, half of them on disk.
const EVENTS: u64 = 40_000;
/// Scans that run at once.
const PARTITIONS: u64 = 2;
/// A batch of DataFusion, which is grouped at once.
const BATCH_ROWS: u64 = 8_192;
/// Rows after which a question is ended.
const BEGUN_ROWS: u64 = 500;

/// What takes long, by where the time goes.
const HEAVY: [(&str, &str); 9] = [
    ("regular expression", "events | where message matches regex '(user|line) [0-9]*7[0-9]?$' | count"),
    (
        "several values of a field",
        "events | where secret has 'secret' and secret matches regex 's.*[0-9]' | count",
    ),
    ("row function", "events | where strlen(replace_regex(raw, '[0-9]', 'x')) > 3 | count"),
    ("value by row", "events | summarize dcount(toupper(raw)) by mart"),
    ("many groups", "events | summarize count(), dcount(raw) by strcat(id, raw), message"),
    ("sort", "events | sort by reverse(raw) asc, strcat(message, id) asc | take 10"),
    (
        "join",
        "events | extend k = tolower(user) | join kind=inner (events | extend k = tolower(user)) on k | count",
    ),
    ("interpreter", "events | summarize stdev(strlen(strcat(raw, message))), take_any(id) by user"),
    (
        "expand",
        "events | mv-expand part = split(strcat(raw, ' ', message), ' ') | summarize count() by tostring(part)",
    ),
];

async fn filled(dir: &Path) -> Arc<EmbeddedMarts> {
    let options = MartOptions { query_partitions: PARTITIONS as usize, ..Default::default() };
    let marts = EmbeddedMarts::open(dir, options, Arc::new(clock())).await.unwrap();
    let tenant = scope("own");
    for half in [0..EVENTS / 2, EVENTS / 2..EVENTS] {
        let end = half.end;
        marts.append(&tenant, batches("own", half), Position { partition: 0, offset: end }).await.unwrap();
        if end < EVENTS {
            marts.flush(&tenant).await.unwrap();
        }
    }
    Arc::new(marts)
}

/// Waits until `halt` has counted so many rows, or `is_done`.
async fn counted(halt: &Halt, rows: u64, is_done: impl Fn() -> bool) {
    let begun = Instant::now();
    while halt.rows() < rows && !is_done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{} rows are counted", halt.rows());
        tokio::time::sleep(Duration::from_micros(50)).await;
    }
}

/// Rows that are counted when nobody counts any more.
async fn at_rest(halt: &Halt) -> u64 {
    let mut rows = halt.rows();
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        if halt.rows() == rows {
            return rows;
        }
        rows = halt.rows();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_question_that_is_dropped_takes_no_more_rows() {
    let dir = tempfile::tempdir().unwrap();
    let marts = filled(dir.path()).await;
    let mut ended_early = 0;
    for (name, text) in HEAVY {
        let halt = Halt::default();
        let asked = tokio::spawn({
            let (marts, halt, plan) = (Arc::clone(&marts), halt.clone(), plan(text));
            async move { marts.ask_until(&scope("own"), &plan, &AskLimits::default(), halt).await }
        });
        counted(&halt, BEGUN_ROWS, || asked.is_finished()).await;
        let is_early = !asked.is_finished();
        asked.abort();
        let is_cancelled = asked.await.is_err_and(|error| error.is_cancelled());
        // What was counted when the question was gone: the rest is under way.
        let rows = halt.rows();
        let end = at_rest(&halt).await;
        assert!(end - rows <= PARTITIONS * (STEP_ROWS + BATCH_ROWS), "{name}: {rows} rows, then {end}");
        if is_early && is_cancelled {
            assert!(halt.is_told(), "{name}");
            ended_early += 1;
        }
    }
    // A machine may be too fast for one or the other.
    assert!(ended_early * 2 > HEAVY.len(), "{ended_early} questions were ended early");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_question_that_is_told_to_stop_says_so_and_leaves_its_rows() {
    let dir = tempfile::tempdir().unwrap();
    let marts = filled(dir.path()).await;
    for (name, text) in HEAVY {
        let halt = Halt::default();
        halt.tell();
        let limits = AskLimits::default();
        let answer = marts.ask_until(&scope("own"), &plan(text), &limits, halt.clone()).await;
        assert_eq!(answer.unwrap().stopped_by, Some(StoppedBy::Timeout), "{name}");
        assert!(halt.rows() <= PARTITIONS * BATCH_ROWS, "{name}: {} rows", halt.rows());
    }
}

/// Not even timers run while the only thread is busy: the loops look at the clock themselves.
#[tokio::test]
async fn a_question_on_one_thread_ends_when_its_time_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let marts = filled(dir.path()).await;
    for (name, text) in HEAVY {
        let limits = AskLimits { timeout: Duration::ZERO, ..AskLimits::default() };
        let halt = Halt::default();
        let answer = marts.ask_until(&scope("own"), &plan(text), &limits, halt.clone()).await;
        assert_eq!(answer.unwrap().stopped_by, Some(StoppedBy::Timeout), "{name}");
        assert!(halt.rows() <= PARTITIONS * BATCH_ROWS, "{name}: {} rows", halt.rows());
    }
}
