//! What the factory tells the backbone about itself, and what it does when the backbone has less than it wants.

// Helpers of tests are not inside `#[test]` functions, where clippy allows these.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sentra_backbone::{
    AppendBatch, EventLog, LogOptions, MemoryLog, Retention, SegmentLog, Stream, TopicRetention,
};
use sentra_decode::{DecodeOptions, Decoder};
use sentra_detect::{Overlay, RuleSet};
use sentra_factory::{
    Backlog, CONSUMER, DEAD_CONSUMER, Factory, FactoryConfig, FactoryParts, FactoryStatus, Knowledge,
    MartRouter, NoWatcher, Teller, Told, backlog,
};
use sentra_model::{
    DeadReason, EventId, Incident, ManualClock, Narrative, OwnedRecord, Signal, Source, SourceKind, TenantId,
    TenantScope, Timestamp, Topic,
};
use sentra_store::{MemoryMarts, Records, SqliteRecords};

struct Silent;

impl Teller for Silent {
    fn tell(&self, _: &Incident, _: &[Signal]) -> Told {
        Told { title: String::new(), headline: String::new(), narrative: Narrative::default() }
    }
}

fn stream(topic: Topic) -> Stream {
    Stream { tenant: TenantId::default_tenant(), topic, partition: 0 }
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_790_000_000)
}

/// A log that keeps as little of the raw topic as its segments and its reader allow.
fn open(directory: &Path) -> SegmentLog {
    let hold = |consumer: &str| Retention {
        bytes_max: Some(1),
        age_s_max: None,
        hold_consumers: vec![consumer.to_owned()],
    };
    let retention =
        TopicRetention { raw: hold(CONSUMER), dead: hold(DEAD_CONSUMER), signals: Retention::default() };
    let options = LogOptions { segment_bytes_max: 1, commit_wait_ms: 0, retention, ..LogOptions::default() };
    SegmentLog::open(directory, options, Arc::new(ManualClock::new(now()))).unwrap().0
}

async fn append(log: &SegmentLog, topic: Topic, line: &str) {
    let source =
        Source { kind: SourceKind::File, origin: "a.log".to_owned(), format: None, reference: now() };
    let records = vec![OwnedRecord { position: 1, bytes: line.as_bytes().to_vec() }];
    log.append(&stream(topic), AppendBatch { received: now(), source, records }).await.unwrap();
}

/// Runs a fresh factory until it has worked everything off.
async fn run(log: &Arc<SegmentLog>, records: &Arc<SqliteRecords>) {
    work_off(log.clone(), records, &Arc::new(MemoryMarts::default())).await;
}

/// Runs a fresh factory over these stores until it has worked everything off; what it says of itself after that.
async fn work_off(
    log: Arc<dyn EventLog>,
    records: &Arc<SqliteRecords>,
    marts: &Arc<MemoryMarts>,
) -> Arc<FactoryStatus> {
    let status = Arc::new(FactoryStatus::default());
    let factory = Factory::start(FactoryParts {
        log: log.clone(),
        router: Arc::new(MartRouter::new(records.clone(), marts.clone())),
        marts: marts.clone(),
        records: records.clone(),
        decoder: Decoder::new(DecodeOptions::default()).into(),
        rules: RuleSet::compile(Vec::new()).0.into(),
        tuning: Overlay::default().into(),
        knowledge: Knowledge::default().into(),
        teller: Arc::new(Silent),
        watcher: Arc::new(NoWatcher),
        forensic: None,
        clock: Arc::new(ManualClock::new(now())),
        config: FactoryConfig { batch_wait_ms: 0, ..FactoryConfig::default() },
        status: status.clone(),
    });
    let mut streams = log.streams().await.unwrap();
    streams.retain(|stream| stream.topic != Topic::Signals);
    for stream in streams {
        while status.lag(&stream) != Some(0) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    factory.stop().await;
    status
}

/// Law LOSS: retention takes nothing that a store lacks, and takes it when all have it.
#[tokio::test(flavor = "multi_thread")]
async fn retention_waits_until_the_factory_is_through() {
    let directory = tempfile::tempdir().unwrap();
    let log = Arc::new(open(directory.path()));
    let records = Arc::new(SqliteRecords::in_memory().await.unwrap());
    for number in 0..5 {
        append(&log, Topic::Raw, &format!("Dec 10 09:00:0{number} web-1 cron[1]: fine")).await;
        append(&log, Topic::Dead, "no letter").await;
    }
    let report = log.retain().await.unwrap();
    assert!(report.removed.is_empty(), "{report:?}");
    let held: Vec<_> = report.held.iter().map(|held| (held.stream.topic, held.consumer.as_str())).collect();
    assert_eq!(held, [(Topic::Raw, CONSUMER), (Topic::Dead, DEAD_CONSUMER)]);

    run(&log, &records).await;
    for (topic, name) in [(Topic::Raw, CONSUMER), (Topic::Dead, DEAD_CONSUMER)] {
        let consumers = log.consumers(&stream(topic)).await.unwrap();
        let known: Vec<_> =
            consumers.iter().map(|c| (c.name.as_str(), c.position, c.lag, c.skipped)).collect();
        assert_eq!(known, [(name, 5, 0, 0)]);
    }
    let report = log.retain().await.unwrap();
    assert!(report.held.is_empty(), "{report:?}");
    let begin = log.extent(&stream(Topic::Raw)).await.unwrap().begin;
    assert!(begin > 0 && begin < 5, "{begin}");
}

/// Law LOSS: a store that is built anew says what it cannot have any more.
#[tokio::test(flavor = "multi_thread")]
async fn what_retention_took_before_it_was_processed_is_a_letter() {
    let directory = tempfile::tempdir().unwrap();
    let log = Arc::new(open(directory.path()));
    for number in 0..5 {
        append(&log, Topic::Raw, &format!("Dec 10 09:00:0{number} web-1 cron[1]: fine")).await;
    }
    run(&log, &Arc::new(SqliteRecords::in_memory().await.unwrap())).await;
    log.retain().await.unwrap();
    let begin = log.extent(&stream(Topic::Raw)).await.unwrap().begin;
    assert!(begin > 0);

    let anew = Arc::new(SqliteRecords::in_memory().await.unwrap());
    for _ in 0..2 {
        run(&log, &anew).await;
        let scope = TenantScope::new(TenantId::default_tenant());
        let letters = anew.dead_letters(&scope, None, 10).await.unwrap().items;
        assert_eq!(letters.len(), 1, "{letters:?}");
        let (id, letter) = &letters[0];
        assert_eq!((*id, letter.reason), (EventId::raw(0, 0), DeadReason::Expired));
        assert!(letter.detail.contains(&format!("offsets 0 to {}", begin - 1)), "{}", letter.detail);
        assert_eq!(anew.position(&scope, CONSUMER, 0).await.unwrap(), 5);
    }
}

/// So many lines come in `seconds` later than the first ones of the test, on one partition of a tenant's raw topic.
async fn take_in(log: &dyn EventLog, tenant: &TenantId, partition: u32, lines: u64, seconds: i64) {
    let source =
        Source { kind: SourceKind::File, origin: "a.log".to_owned(), format: None, reference: now() };
    let line = |number| format!("Dec 10 09:00:0{number} web-1 cron[1]: fine").into_bytes();
    let records = (0..lines).map(|number| OwnedRecord { position: number, bytes: line(number) }).collect();
    let batch = AppendBatch { received: now().plus_micros(seconds * 1_000_000), source, records };
    let stream = Stream { tenant: tenant.clone(), topic: Topic::Raw, partition };
    log.append(&stream, batch).await.unwrap();
}

/// What is acknowledged and not in the marts is told, over all partitions, of one tenant alone (law TENANT).
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_told_over_all_partitions() {
    let log = Arc::new(MemoryLog::default());
    let (mine, other) = (TenantId::default_tenant(), "other".parse::<TenantId>().unwrap());
    let (scope, foreign) = (TenantScope::new(mine.clone()), TenantScope::new(other.clone()));
    let (marts, unknown) = (Arc::new(MemoryMarts::default()), FactoryStatus::default());
    let at = |seconds: i64| now().plus_micros(seconds * 1_000_000);
    let waits = |records, seconds| Some(Backlog { records, since: at(seconds) });
    assert_eq!(backlog(&*log, &*marts, &unknown, &scope).await.unwrap(), None);

    take_in(&*log, &mine, 0, 3, 20).await;
    take_in(&*log, &mine, 7, 2, 10).await;
    take_in(&*log, &mine, 7, 2, 30).await;
    take_in(&*log, &other, 0, 5, 0).await;
    let findings = Stream { tenant: mine.clone(), topic: Topic::Signals, partition: 0 };
    let source = Source { kind: SourceKind::File, origin: "a".to_owned(), format: None, reference: now() };
    let records = vec![OwnedRecord { position: 0, bytes: b"{}".to_vec() }];
    log.append(&findings, AppendBatch { received: now(), source, records }).await.unwrap();
    // No worker has looked: the marts hold nothing.
    assert_eq!(backlog(&*log, &*marts, &unknown, &scope).await.unwrap(), waits(7, 10));
    assert_eq!(backlog(&*log, &*marts, &unknown, &foreign).await.unwrap(), waits(5, 0));

    let records = Arc::new(SqliteRecords::in_memory().await.unwrap());
    let status = work_off(log.clone(), &records, &marts).await;
    for status in [&*status, &unknown] {
        // After a restart nobody has looked, and the marts know themselves what they have.
        assert_eq!(backlog(&*log, &*marts, status, &scope).await.unwrap(), None);
        assert_eq!(backlog(&*log, &*marts, status, &foreign).await.unwrap(), None);
    }

    take_in(&*log, &mine, 7, 1, 50).await;
    take_in(&*log, &mine, 7, 4, 60).await;
    // A partition that no worker knows waits as a whole.
    take_in(&*log, &mine, 9, 2, 55).await;
    for status in [&*status, &unknown] {
        assert_eq!(backlog(&*log, &*marts, status, &scope).await.unwrap(), waits(7, 50));
        assert_eq!(backlog(&*log, &*marts, status, &foreign).await.unwrap(), None);
    }
}

/// What retention has removed will never be stored: it does not wait.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_does_not_wait() {
    let directory = tempfile::tempdir().unwrap();
    let log = Arc::new(open(directory.path()));
    for number in 0..5 {
        append(&log, Topic::Raw, &format!("Dec 10 09:00:0{number} web-1 cron[1]: fine")).await;
    }
    run(&log, &Arc::new(SqliteRecords::in_memory().await.unwrap())).await;
    log.retain().await.unwrap();
    let extent = log.extent(&stream(Topic::Raw)).await.unwrap();
    assert!(extent.begin > 0 && extent.begin < extent.end, "{extent:?}");
    let (marts, scope) = (MemoryMarts::default(), TenantScope::new(TenantId::default_tenant()));
    let found = backlog(&*log, &marts, &FactoryStatus::default(), &scope).await.unwrap();
    assert_eq!(found, Some(Backlog { records: extent.end - extent.begin, since: now() }));
}
