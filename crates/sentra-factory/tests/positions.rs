//! What the factory tells the backbone about itself, and what it does when the backbone has less than it wants.

// Helpers of tests are not inside `#[test]` functions, where clippy allows these.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sentra_backbone::{AppendBatch, EventLog, LogOptions, Retention, SegmentLog, Stream, TopicRetention};
use sentra_decode::{DecodeOptions, Decoder};
use sentra_detect::{Overlay, RuleSet};
use sentra_factory::{
    CONSUMER, DEAD_CONSUMER, Factory, FactoryConfig, FactoryParts, FactoryStatus, Knowledge, MartRouter,
    NoWatcher, Teller, Told,
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
    let status = Arc::new(FactoryStatus::default());
    let marts = Arc::new(MemoryMarts::default());
    let factory = Factory::start(FactoryParts {
        log: log.clone(),
        router: Arc::new(MartRouter::new(records.clone(), marts.clone())),
        marts,
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
    for stream in log.streams().await.unwrap() {
        while status.lag(&stream) != Some(0) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    factory.stop().await;
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
