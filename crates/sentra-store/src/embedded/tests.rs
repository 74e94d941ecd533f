//! What only this engine has: files, restarts, crashes, limits.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sentra_model::{ManualClock, Timestamp};

use datafusion::logical_expr::col;
use datafusion::physical_plan::displayable;

use super::blocks::KnownSums;
use super::expression::condition;
use super::flush::Step;
use super::stop::Stop;
use super::table::SegmentTable;
use super::{EmbeddedMarts, MartOptions};
use crate::bound::bind;
use crate::contract::fixture::{at, batches, next, scope};
use crate::contract::marts::{END, check_every_predicate, fill, mark_version, marts_contract, offsets, take};
use crate::contract::oracle::expected;
use crate::{
    CompareOp, Literal, MartQuery, MartStore, Predicate, SearchOptions, Shape, StoppedBy, StoreError,
    TimeRange,
};

async fn open(dir: &Path) -> EmbeddedMarts {
    open_with(dir, MartOptions::default()).await
}

async fn open_with(dir: &Path, options: MartOptions) -> EmbeddedMarts {
    EmbeddedMarts::open(dir, options, Arc::new(ManualClock::new(at(0)))).await.unwrap()
}

marts_contract!(embedded, async { open(&tempfile::tempdir().unwrap().keep()).await });
// Every batch becomes a segment of its own, and a query runs over several at once.
marts_contract!(embedded_in_small_segments, async {
    let options = MartOptions {
        memtable_rows_max: 100,
        segment_bytes_max: 1,
        query_partitions: 3,
        ..Default::default()
    };
    open_with(&tempfile::tempdir().unwrap().keep(), options).await
});

pub(super) fn segment_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![dir.join("marts")];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "parquet") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

#[tokio::test]
async fn answers_are_the_same_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let marts = open(dir.path()).await;
    fill(&marts).await;
    marts.flush(&scope("acme")).await.unwrap();
    let stats = marts.stats(&scope("acme")).await.unwrap();
    drop(marts);
    let marts = open(dir.path()).await;
    assert_eq!(marts.open_report().orphans_removed, 0);
    assert_eq!(marts.position(&scope("acme"), 0).await.unwrap(), END);
    assert_eq!(marts.stats(&scope("acme")).await.unwrap(), stats);
    assert_eq!(marts.verify(&scope("acme")).await.unwrap(), segment_files(dir.path()).len() as u64);
    check_every_predicate(&marts).await;
}

/// Laws SOURCE and IDENTITY: wherever a flush breaks off, the replay from the durable position leads to
/// the same store, with nothing lost and nothing twice.
#[tokio::test]
async fn a_crash_between_any_two_steps_loses_and_repeats_nothing() {
    for (step, position) in [(None, 40), (Some(Step::Written), 40), (Some(Step::Published), 90)] {
        let dir = tempfile::tempdir().unwrap();
        let scope = scope("acme");
        let marts = open(dir.path()).await;
        marts.append(&scope, batches(&scope, 0..40), next(40)).await.unwrap();
        marts.flush(&scope).await.unwrap();
        marts.append(&scope, batches(&scope, 40..90), next(90)).await.unwrap();
        if step.is_some() {
            *marts.fail_at.lock().unwrap() = step;
            marts.flush(&scope).await.unwrap_err();
        }
        drop(marts);
        let marts = open(dir.path()).await;
        let orphans = if step == Some(Step::Written) { 2 } else { 0 };
        assert_eq!(marts.open_report().orphans_removed, orphans, "{step:?}");
        assert_eq!(marts.position(&scope, 0).await.unwrap(), position, "{step:?}");
        assert_eq!(offsets(&marts, &take(None, 1_000)).await, expected(position, |_, _| true), "{step:?}");
        // The replay starts earlier than it has to and ends elsewhere than the first run did.
        for from in [20, 50, 80] {
            marts.append(&scope, batches(&scope, from..from + 30), next(from + 30)).await.unwrap();
        }
        marts.flush(&scope).await.unwrap();
        assert_eq!(offsets(&marts, &take(None, 1_000)).await, expected(110, |_, _| true), "{step:?}");
        assert_eq!(marts.open_report().segments, if position == 40 { 2 } else { 4 });
        assert_eq!(marts.verify(&scope).await.unwrap(), segment_files(dir.path()).len() as u64);
    }
}

/// A mart that is deleted is there with all of its events or gone, wherever the deletion breaks off; the position stays.
#[tokio::test]
async fn a_crash_while_a_mart_is_dropped_leaves_it_whole_or_gone() {
    for step in [Step::Written, Step::Published, Step::Forgotten] {
        let dir = tempfile::tempdir().unwrap();
        let scope = scope("acme");
        let marts = open(dir.path()).await;
        marts.append(&scope, batches(&scope, 0..40), next(40)).await.unwrap();
        marts.flush(&scope).await.unwrap();
        marts.append(&scope, batches(&scope, 40..90), next(90)).await.unwrap();
        *marts.fail_at.lock().unwrap() = Some(step);
        marts.drop_mart(&scope, &sentra_model::Mart::WINDOWS).await.unwrap_err();
        drop(marts);
        let marts = open(dir.path()).await;
        let position = marts.position(&scope, 0).await.unwrap();
        assert_eq!(position, if step == Step::Written { 40 } else { 90 }, "{step:?}");
        marts.append(&scope, batches(&scope, 20..90), next(90)).await.unwrap();
        let is_gone = step == Step::Forgotten;
        assert_eq!(
            offsets(&marts, &take(None, 1_000)).await,
            if is_gone {
                expected(90, |_, sketch| sketch.mart == sentra_model::Mart::LINUX)
            } else {
                expected(90, |_, _| true)
            },
            "{step:?}"
        );
        assert!(!is_gone || marts.open_report().orphans_removed == 2, "{:?}", marts.open_report());
        assert_eq!(
            marts.drop_mart(&scope, &sentra_model::Mart::WINDOWS).await.unwrap(),
            if is_gone { 0 } else { 30 }
        );
        marts.flush(&scope).await.unwrap();
        assert_eq!(marts.verify(&scope).await.unwrap(), segment_files(dir.path()).len() as u64);
    }
}

#[tokio::test]
async fn a_failed_flush_is_repeated_in_the_same_process() {
    let dir = tempfile::tempdir().unwrap();
    let scope = scope("acme");
    let marts = open(dir.path()).await;
    marts.append(&scope, batches(&scope, 0..50), next(50)).await.unwrap();
    *marts.fail_at.lock().unwrap() = Some(Step::Written);
    marts.flush(&scope).await.unwrap_err();
    assert_eq!(offsets(&marts, &take(None, 1_000)).await, expected(50, |_, _| true));
    *marts.fail_at.lock().unwrap() = Some(Step::Published);
    marts.flush(&scope).await.unwrap_err();
    // The manifest went ahead: writing the same events again would store them twice.
    *marts.fail_at.lock().unwrap() = None;
    let refused = marts.flush(&scope).await;
    assert!(matches!(refused, Err(StoreError::Corrupt { .. })), "{refused:?}");
    drop(marts);
    let marts = open(dir.path()).await;
    assert_eq!(offsets(&marts, &take(None, 1_000)).await, expected(50, |_, _| true));
}

#[tokio::test]
async fn files_of_an_interrupted_write_are_removed_and_others_kept() {
    let dir = tempfile::tempdir().unwrap();
    let scope = scope("acme");
    let marts = open(dir.path()).await;
    marts.append(&scope, batches(&scope, 0..40), next(40)).await.unwrap();
    marts.flush(&scope).await.unwrap();
    drop(marts);
    let kept = segment_files(dir.path());
    let mart = dir.path().join("marts/acme/linux");
    std::fs::write(mart.join("0-40-60.parquet"), b"PAR1 half a segm").unwrap();
    std::fs::write(mart.join("notes.txt"), b"not ours").unwrap();
    let marts = open(dir.path()).await;
    assert_eq!(marts.open_report().orphans_removed, 1);
    assert_eq!(segment_files(dir.path()), kept);
    assert!(mart.join("notes.txt").is_file());
}

#[tokio::test]
async fn damage_is_found_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let scope = scope("acme");
    let marts = open(dir.path()).await;
    marts.append(&scope, batches(&scope, 0..40), next(40)).await.unwrap();
    marts.flush(&scope).await.unwrap();
    let file = segment_files(dir.path()).remove(0);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    let found = marts.verify(&scope).await;
    assert!(matches!(&found, Err(StoreError::Corrupt { path, .. }) if *path == file), "{found:?}");
}

#[tokio::test]
async fn a_store_in_use_or_of_a_newer_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let marts = open(dir.path()).await;
    let again = || EmbeddedMarts::open(dir.path(), MartOptions::default(), Arc::new(ManualClock::default()));
    let refused = again().await;
    assert!(matches!(refused, Err(StoreError::Locked { .. })), "{refused:?}");
    drop(marts);
    mark_version(&dir.path().join("marts/manifest.db"), 7_000).await;
    let refused = again().await;
    assert!(matches!(refused, Err(StoreError::NewerVersion { found: 7_000, .. })), "{refused:?}");
}

#[tokio::test]
async fn an_append_flushes_what_is_old_or_large() {
    let scope = scope("acme");
    let clock = Arc::new(ManualClock::new(at(0)));
    let dir = tempfile::tempdir().unwrap();
    let options = MartOptions { flush_interval_ms: 1_000, ..MartOptions::default() };
    let marts = EmbeddedMarts::open(dir.path(), options, clock.clone()).await.unwrap();
    marts.append(&scope, batches(&scope, 0..10), next(10)).await.unwrap();
    clock.set(at(1));
    marts.append(&scope, batches(&scope, 10..20), next(20)).await.unwrap();
    assert_eq!(marts.position(&scope, 0).await.unwrap(), 0);
    clock.set(at(2));
    marts.append(&scope, batches(&scope, 20..30), next(30)).await.unwrap();
    assert_eq!(marts.position(&scope, 0).await.unwrap(), 30);

    let dir = tempfile::tempdir().unwrap();
    let marts = open_with(dir.path(), MartOptions { memtable_bytes_max: 1, ..Default::default() }).await;
    marts.append(&scope, batches(&scope, 0..10), next(10)).await.unwrap();
    assert_eq!(marts.position(&scope, 0).await.unwrap(), 10);
}

/// Law LIMIT: what reaches a limit answers partially and says so.
#[tokio::test]
async fn limits_make_partial_answers() {
    let dir = tempfile::tempdir().unwrap();
    let marts = open(dir.path()).await;
    fill(&marts).await;
    let options = SearchOptions { timeout: Duration::ZERO, columns: None };
    let answer = marts.search_with(&scope("acme"), &take(None, 1_000), &options).await.unwrap();
    assert_eq!((answer.complete, answer.stopped_by), (false, Some(StoppedBy::Timeout)));
    assert_eq!(answer.rows.len(), 40, "what is in memory is found all the same");
    assert_eq!(answer.lineage.segments_skipped, 4);
    drop(marts);
    let marts = open_with(dir.path(), MartOptions { query_memory_bytes_max: 10, ..Default::default() }).await;
    let answer = marts.search(&scope("acme"), &take(None, 1_000)).await.unwrap();
    assert_eq!((answer.complete, answer.stopped_by), (false, Some(StoppedBy::Memory)));
}

#[tokio::test]
async fn segments_outside_the_time_asked_for_are_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let marts = open(dir.path()).await;
    fill(&marts).await;
    marts.flush(&scope("acme")).await.unwrap();
    // Damaged beyond reading: an answer proves that no segment was opened.
    for file in segment_files(dir.path()) {
        std::fs::write(file, b"x").unwrap();
    }
    let compare = |op, value| Predicate::Compare { field: "time".into(), op, value: Literal::Time(value) };
    let late = MartQuery {
        filter: Some(compare(CompareOp::Gt, at(100_000))),
        shape: Shape::Count,
        ..MartQuery::default()
    };
    let early = MartQuery {
        range: TimeRange { from: None, to: Some(at(-1)) },
        ..take(Some(Predicate::equals("user", "root")), 10)
    };
    for query in [late, early] {
        let answer = marts.search(&scope("acme"), &query).await.unwrap();
        let lineage = answer.lineage;
        assert_eq!((lineage.segments_considered, lineage.segments_pruned), (6, 6), "{query:?}");
        assert_eq!(lineage.segment_rows, 0);
    }
    // A plain count is answered by the manifest alone.
    let count = MartQuery { shape: Shape::Count, ..MartQuery::default() };
    assert_eq!(marts.search(&scope("acme"), &count).await.unwrap().rows[0][0], END);
}

/// Without this, every search would read every row: statistics and bloom filters would be there for nothing.
#[tokio::test]
async fn conditions_reach_the_reader_of_the_segments() {
    let dir = tempfile::tempdir().unwrap();
    let marts = open(dir.path()).await;
    fill(&marts).await;
    let segments = marts.tenant(&scope("acme")).await.snapshot().segments;
    let filter = Predicate::And(vec![
        Predicate::equals("user", "root"),
        Predicate::Compare { field: "time".into(), op: CompareOp::Gt, value: Literal::Time(at(60)) },
        Predicate::Contains { field: "message".into(), text: "x".into() },
    ]);
    let condition = condition(TimeRange::default(), Some(&bind(&filter).unwrap()), &Stop::default()).unwrap();
    let table = marts.session.read_table(Arc::new(SegmentTable::all(segments))).unwrap();
    let order = vec![col("time").sort(false, false)];
    let frame = table.filter(condition).unwrap().sort(order).unwrap().limit(0, Some(10)).unwrap();
    let plan = frame.create_physical_plan().await.unwrap();
    let plan = displayable(plan.as_ref()).indent(false).to_string();
    assert!(plan.contains("required_guarantees=[user in (root)]"), "{plan}");
    assert!(plan.contains("time_max@"), "time is pruned by statistics: {plan}");
    assert!(
        plan.contains("DynamicFilter"),
        "rows that are too old are pruned as newer ones are found: {plan}"
    );
    assert!(!plan.contains("FilterExec"), "the reader filters, before it reads the other columns: {plan}");
}

#[tokio::test]
async fn a_mart_whose_name_is_a_path_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let marts = open(dir.path()).await;
    let scope = scope("acme");
    let record = batches(&scope, 0..1).remove(0).record().clone();
    for name in ["../other/linux", "", "A", "a b", &"a".repeat(64)] {
        let mart = serde_json::from_value(name.into()).unwrap();
        let batch = sentra_model::EventBatch::new(scope.tenant().clone(), mart, record.clone()).unwrap();
        let refused = marts.append(&scope, vec![batch], next(1)).await;
        assert!(matches!(refused, Err(StoreError::Misplaced { .. })), "{name:?}: {refused:?}");
    }
    assert_eq!(marts.stats(&scope).await.unwrap(), []);
}

/// Run with `cargo test --release -p sentra-store -- --ignored --nocapture measure`.
#[tokio::test]
#[ignore = "a measurement, not a test"]
async fn measure() {
    let dir = tempfile::tempdir().unwrap();
    let scope = scope("acme");
    let marts = EmbeddedMarts::open(dir.path(), MartOptions::default(), Arc::new(sentra_model::SystemClock));
    let marts = marts.await.unwrap();
    let total = 400_000;
    let mut made = Vec::new();
    for from in (0..total).step_by(8_000) {
        made.push((from + 8_000, batches(&scope, from..from + 8_000)));
    }
    let now = moment_now;
    let started = now();
    for (end, batches) in made {
        marts.append(&scope, batches, next(end)).await.unwrap();
    }
    marts.flush(&scope).await.unwrap();
    println!("append and flush of {total} rows: {} us", now().since(started));
    println!("{:?}", marts.stats(&scope).await.unwrap());
    let contains = Predicate::Contains { field: "message".into(), text: "user 123456".into() };
    let source = Predicate::equals("EventID", "4625");
    let ip = Predicate::equals("src_ip", "192.0.2.77");
    let cases = [
        ("all", take(None, 100)),
        ("take 10000", take(None, 10_000)),
        ("user", take(Some(Predicate::equals("user", "root")), 10)),
        ("contains", take(Some(contains), 10)),
        ("source field", take(Some(source.clone()), 10)),
        ("absent address", take(Some(ip), 10)),
        ("count source field", MartQuery { filter: Some(source), shape: Shape::Count, ..Default::default() }),
    ];
    for (name, query) in cases {
        for round in 0..2 {
            let started = now();
            let answer = marts.search(&scope, &query).await.unwrap();
            println!("{name} {round}: {} us, {} rows", now().since(started), answer.rows.len());
        }
    }
    let started = now();
    let event = marts.event(&scope, sentra_model::EventId::raw(0, 123_456)).await.unwrap();
    println!("event: {} us {}", now().since(started), event.is_some());
    measure_commits(&dir.path().join("records.db")).await;
}

async fn measure_commits(path: &Path) {
    use crate::contract::fixture::{commit, incident, signal};
    use crate::{Records, SqliteRecords};
    let scope = scope("acme");
    let records = SqliteRecords::open(path).await.unwrap();
    for round in 0..3_u64 {
        let mut full = commit(round);
        full.signals = (0..500).map(|number| signal(&scope, round * 500 + number)).collect();
        full.incidents = (0..50).map(|number| incident(&scope, number, 0..20)).collect();
        let started = moment_now();
        records.commit(&scope, full).await.unwrap();
        println!("commit of 500 signals, 50 incidents: {} us", moment_now().since(started));
        let started = moment_now();
        records.commit(&scope, commit(round)).await.unwrap();
        println!("commit of a position: {} us", moment_now().since(started));
    }
}

fn moment_now() -> Timestamp {
    sentra_model::Clock::now(&sentra_model::SystemClock)
}

/// A segment as the version before raw records had forms wrote it.
#[tokio::test]
async fn a_segment_of_the_version_before_forms_is_read() {
    use arrow_array::{ArrayRef, RecordBatch, StringArray};
    use sentra_model::column;

    use super::index::Entry;
    use super::promoted::{Layout, schema_with};
    use super::tenant::Segment;
    use crate::answer::{gather, hits_of, stored_events};
    use crate::schema::{store_schema, unpack};

    let dir = tempfile::tempdir().unwrap();
    let marts = open(dir.path()).await;
    let records: Vec<RecordBatch> =
        batches(&scope("acme"), 0..60).iter().map(|batch| unpack(batch).unwrap()).take(1).collect();
    let hits = hits_of(&records[0], 0);
    let layout = Layout::of(&records).unwrap();
    let mut columns: Vec<ArrayRef> = gather(&records, &hits).unwrap().unwrap().columns().to_vec();
    let of_fields = layout.columns(&records, &hits).unwrap();
    columns[column::FIELDS] = Arc::new(of_fields.rest);
    columns.push(arrow_cast::cast(&of_fields.shapes, &arrow_schema::DataType::Utf8).unwrap());
    let plain = |values: Vec<Option<&str>>| Arc::new(values.into_iter().collect::<StringArray>()) as ArrayRef;
    columns.extend(of_fields.values.into_iter().map(plain));
    let schema = schema_with(layout.promoted.iter().map(String::as_str), true, false);
    assert_eq!(columns.len(), store_schema().fields().len() + 1 + layout.promoted.len());
    let path = marts.root.join("old.parquet");
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, schema.clone(), None).unwrap();
    writer.write(&RecordBatch::try_new(schema, columns).unwrap()).unwrap();
    let entry = Entry {
        promoted: layout.promoted.clone(),
        rest: Some(layout.rest.clone()),
        has_shape: true,
        ..Entry::default()
    };
    let mut pair = entry.key_value().unwrap();
    pair.value = pair.value.map(|text| text.replace(r#""forms":null,"#, "").replace(r#","aliases":{}"#, ""));
    assert!(!pair.value.as_deref().unwrap().contains("forms"), "{pair:?}");
    assert!(!pair.value.as_deref().unwrap().contains("aliases"), "{pair:?}");
    writer.append_key_value_metadata(pair);
    writer.close().unwrap();
    let segment = Arc::new(Segment {
        mart: sentra_model::Mart::LINUX,
        partition: 0,
        path: "old.parquet".to_owned(),
        rows: hits.len() as u64,
        bytes: std::fs::metadata(&path).unwrap().len(),
        first: at(0),
        last: at(0),
        offset_min: 0,
        offset_max: 60,
        checksum: String::new(),
        sums: KnownSums::default(),
    });
    let table = Arc::new(SegmentTable::all(vec![segment]));
    let read = marts.session.read_table(table).unwrap().collect().await.unwrap();
    let mut found: Vec<_> = read.iter().flat_map(stored_events).collect();
    found.sort_by_key(|event| event.id.offset);
    let mut expected = stored_events(&records[0]);
    expected.sort_by_key(|event| event.id.offset);
    assert!(!expected.is_empty());
    assert_eq!(found, expected);
}
