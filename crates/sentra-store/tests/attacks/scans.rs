//! Events that are read without a plan: whatever is skipped on the way, the answer is that of the interpreter, which reads
//! every row.
//!
//! The segments have several steps, some of whose rows nobody wants, and several marts, tenants and times; many events are
//! of the same time. What is left after one of them was damaged must be the answer of a store that never had it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sentra_kql::plan::Value;
use sentra_kql::{CheckOptions, check, parse};
use sentra_model::Position;
use sentra_store::{AskLimits, EmbeddedMarts, MartOptions, MartStore, MemoryMarts, Plan, event_catalog};

use crate::questions::{Dice, FOREIGN, condition, tail};
use crate::stores::{batches, clock, now, scope};

/// The ends of what is flushed together, and of what remains in memory: three quarters of it are in one mart, so that its
/// first segment has more rows than a step.
const FLUSHED: [u64; 4] = [11_500, 11_530, 12_000, 12_200];
const QUESTIONS: u64 = 40;

/// What looks for little, as far as a generator seldom does.
const NEEDLES: [&str; 14] = [
    "events | where id == 'raw.0.17'",
    "events | where id in ('raw.0.9000', 'raw.0.11999', 'raw.1.3', 'nonsense') | project id, user, raw",
    "events | where offset == 11529 or offset == 3 | project id, fields, raw",
    "events | where offset > 11990 and offset < 12005 | sort by user asc | project id, user",
    "linux | where message has 'own-secret-8191' | project id, message",
    "linux | where message contains 'line 8191' | summarize n = count() by user, mart",
    "windows | where message contains 'LINE 11996' and EventID == '4626' | project id, EventID, host",
    "events | where raw contains 'raw 777' | sort by offset asc | project id, raw",
    "events | where time >= datetime(2026-01-01T00:30:00Z) | take 9 | project id, time",
    "events | where time between (datetime(2026-01-01T00:10:00Z) .. datetime(2026-01-01T00:14:00Z)) | take 3",
    "events | take 4 | where user == 'root' | project id, user",
    "events | sort by user desc | take 6 | project id, user | sort by id asc",
    "events | where time < datetime(2025-01-01) | summarize n = count(), d = dcount(user)",
    "events | take 0 | project id",
];

fn plan(question: &str) -> Option<Plan> {
    let catalog = event_catalog(&[]);
    let options = CheckOptions { catalog: &catalog, now: now(), keep_calls: false };
    check(&parse(question).ok()?, options).ok()
}

/// Rows as texts, in an order of their own where the question does not say one.
fn shown(question: &str, rows: &[Vec<Value>]) -> Vec<String> {
    let mut shown: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
    let last = |words: [&str; 3]| words.iter().filter_map(|word| question.rfind(word)).max();
    let is_ordered = last(["sort", "top ", "take "]) >= last(["summarize", "distinct", "join"]);
    if !is_ordered {
        shown.sort_unstable();
    }
    shown
}

async fn asked(store: &dyn MartStore, question: &str, plan: &Plan) -> Result<Vec<String>, String> {
    let answer = store.ask(&scope("own"), plan, &AskLimits::default()).await;
    let answer = answer.map_err(|error| error.to_string())?;
    assert_eq!(answer.stopped_by, None, "{question}");
    Ok(shown(question, &answer.rows))
}

/// Appends the events of both tenants; `flushed` says which parts go to disk together, and which remain in memory.
async fn fill(store: &dyn MartStore, skipped: Option<u64>) {
    let mut from = 0;
    for (place, end) in FLUSHED.into_iter().enumerate() {
        for tenant in [FOREIGN, "own"] {
            let next = Position { partition: 0, offset: end };
            let is_wanted = skipped != Some(end) || tenant == FOREIGN;
            let events = if is_wanted { batches(tenant, from..end) } else { Vec::new() };
            store.append(&scope(tenant), events, next).await.unwrap();
            if place + 1 < FLUSHED.len() {
                store.flush(&scope(tenant)).await.unwrap();
            }
        }
        from = end;
    }
}

/// Asks both and gives how many answers had rows.
async fn compare(store: &dyn MartStore, reference: &dyn MartStore, seeds: std::ops::Range<u64>) -> usize {
    let random = seeds.map(|seed| {
        let mut dice = Dice::new(seed);
        let table = dice.of(&["events", "events", "linux", "windows"]);
        format!("{table} | where {} {}", condition(&mut dice, 2), tail(&mut dice))
    });
    let questions = NEEDLES.iter().map(|question| (*question).to_owned()).chain(random);
    let mut with_rows = 0;
    for question in questions {
        let Some(plan) = plan(&question) else { continue };
        let expected = asked(reference, &question, &plan).await;
        let found = asked(store, &question, &plan).await;
        with_rows += usize::from(expected.as_ref().is_ok_and(|rows| !rows.is_empty()));
        assert_eq!(found, expected, "{question}");
    }
    with_rows
}

async fn open(dir: &Path) -> EmbeddedMarts {
    let options = MartOptions { query_partitions: 2, ..MartOptions::default() };
    EmbeddedMarts::open(dir, options, Arc::new(clock())).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_read_without_a_plan_is_what_every_row_gives() {
    let dir = tempfile::tempdir().unwrap();
    let (store, reference) = (open(dir.path()).await, MemoryMarts::new());
    fill(&store, None).await;
    fill(&reference, None).await;
    let with_rows = compare(&store, &reference, 0..QUESTIONS).await;
    assert!(with_rows > 20, "only {with_rows} answers have rows");
}

pub(crate) fn files_below(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "parquet") {
            found.push(path);
        }
    }
}

/// A segment whose pages are damaged is named by every kind of question, and the answer is that of all others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_met_without_a_plan_is_named_and_left_out() {
    let reference = MemoryMarts::new();
    fill(&reference, Some(FLUSHED[1])).await;
    let questions = [
        "events | summarize n = count() by user, host",
        "events | where user == 'root' | take 7 | project id, user, message",
        "events | where id == 'raw.0.11510' or id == 'raw.0.5' | project id, host",
        "events | where message has 'line' | sort by offset desc | take 30 | project id",
    ];
    for question in questions {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await;
        fill(&store, None).await;
        let mut files = Vec::new();
        files_below(&dir.path().join("marts").join("own"), &mut files);
        files.retain(|file| {
            let name = file.file_name().unwrap().to_string_lossy();
            let first = name.split('-').nth(1).and_then(|part| part.parse::<u64>().ok());
            first.is_some_and(|first| (FLUSHED[0]..FLUSHED[1]).contains(&first))
        });
        assert_eq!(files.len(), 2, "one of each mart");
        for file in &files {
            let mut bytes = std::fs::read(file).unwrap();
            // Page headers and pages, not the footer: the file still opens.
            let end = bytes.len() / 2;
            bytes[4..end].iter_mut().for_each(|byte| *byte = !*byte);
            std::fs::write(file, bytes).unwrap();
        }
        let plan = plan(question).unwrap();
        let answer = store.ask(&scope("own"), &plan, &AskLimits::default()).await.unwrap();
        let expected = asked(&reference, question, &plan).await.unwrap();
        assert_eq!(shown(question, &answer.rows), expected, "{question}");
        assert_eq!(answer.lineage.segments_unread, 2, "{question}");
        assert_eq!(store.damaged(&scope("own")).await.unwrap().len(), 2, "{question}");
        assert!(store.damaged(&scope(FOREIGN)).await.unwrap().is_empty());
    }
}
