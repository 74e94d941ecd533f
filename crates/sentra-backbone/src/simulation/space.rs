//! Full budgets and half-done changes of consumers.

use std::path::Path;
use std::sync::Arc;

use sentra_model::{ManualClock, Timestamp, Topic};

use super::{Faults, SimulatedDisk};
use crate::contract::{batch, read_all, stream};
use crate::options::{LogOptions, Retention, TopicRetention};
use crate::{EventLog, LogError, SegmentLog, Stream};

fn options() -> LogOptions {
    let hold_consumers = vec!["factory".to_owned()];
    let raw = Retention { bytes_max: Some(15_000), age_s_max: None, hold_consumers };
    LogOptions {
        segment_bytes_max: 4000,
        disk_bytes_max: Some(60_000),
        retention: TopicRetention { raw, ..TopicRetention::default() },
        ..LogOptions::default()
    }
}

fn open(disk: &SimulatedDisk) -> SegmentLog {
    let clock = Arc::new(ManualClock::default());
    SegmentLog::open_on(Arc::new(disk.clone()), Path::new("/log"), options(), clock).unwrap().0
}

/// Appends until the log is full; what was acknowledged, with its offsets.
async fn fill(log: &SegmentLog, texts: &mut Vec<(u64, String)>) {
    for number in texts.len().. {
        let noise: String = (0..20).map(|n| format!("{:x}", number * 7919 + n * 104_729)).collect();
        let text = format!("{number} {noise}");
        match log.append(&stream("a"), batch(1, &[&text])).await {
            Ok(appended) => texts.push((appended.first_offset, text)),
            Err(error) => {
                assert!(matches!(error, LogError::Full { .. }), "{error}");
                return;
            }
        }
    }
}

/// Law LOSS: the budget fills up, producers are refused, the consumer works it off, writing dead letters as it goes,
/// retention frees what it has passed, and producers are taken in again. Over and over, with power losses between.
#[tokio::test]
async fn a_full_budget_loses_nothing_and_ends_with_retention() {
    let disk = SimulatedDisk::new(1);
    let dead = Stream { topic: Topic::Dead, ..stream("a") };
    let mut texts: Vec<(u64, String)> = Vec::new();
    let mut letters = 0;
    for round in 0..6 {
        let log = open(&disk);
        let before = texts.len();
        fill(&log, &mut texts).await;
        assert!(texts.len() > before + 20, "round {round}: {} more", texts.len() - before);
        assert!(log.used_bytes() <= 60_000);
        // Nobody has read it yet, so it stays and so does the refusal.
        if round == 0 {
            let report = log.retain().await.unwrap();
            assert_eq!((report.removed.len(), report.held.len()), (0, 1));
        }
        let begin = log.extent(&stream("a")).await.unwrap().begin;
        let kept: Vec<_> = texts.iter().filter(|(offset, _)| *offset >= begin).cloned().collect();
        assert_eq!(read_all(&log, &stream("a"), begin, 1000).await, kept, "round {round}");
        // What is written while the backlog is worked off has room, and so has the position.
        log.append(&dead, batch(1, &["a dead letter"])).await.unwrap();
        letters += 1;
        log.commit("factory", &stream("a"), texts.len() as u64).await.unwrap();
        drop(log);
        disk.lose_power();
        let log = open(&disk);
        assert_eq!(
            read_all(&log, &stream("a"), begin, 1000).await,
            kept,
            "round {round}, after the power loss"
        );
        let used = log.used_bytes();
        let report = log.retain().await.unwrap();
        let freed: u64 = report.removed.iter().map(|removed| removed.bytes).sum();
        assert!(freed > 10_000 && log.used_bytes() == used - freed, "round {round}: {report:?}");
        drop(log);
        if round % 2 == 0 {
            disk.lose_power();
        }
    }
    let log = open(&disk);
    assert_eq!(log.extent(&dead).await.unwrap().end, letters);
    assert_eq!(log.extent(&stream("a")).await.unwrap().end, texts.len() as u64);
}

/// The head of a new segment is counted as well: the budget is never exceeded by a byte.
#[tokio::test]
async fn segment_heads_are_within_the_budget() {
    for disk_bytes_max in (800..1400).step_by(7) {
        let disk = SimulatedDisk::new(1);
        let options = LogOptions {
            segment_bytes_max: 1,
            disk_bytes_max: Some(disk_bytes_max),
            ..LogOptions::default()
        };
        let clock = Arc::new(ManualClock::default());
        let (log, _) =
            SegmentLog::open_on(Arc::new(disk.clone()), Path::new("/log"), options, clock).unwrap();
        let dead = Stream { topic: Topic::Dead, ..stream("a") };
        let mut accepted = 0;
        while log.append(&dead, batch(1, &["some text"])).await.is_ok() {
            accepted += 1;
        }
        assert!(accepted > 2);
        // All files but VERSION, which is 42 bytes long.
        assert_eq!(log.used_bytes(), disk.bytes() - 42);
        assert!(log.used_bytes() <= disk_bytes_max, "{disk_bytes_max}");
        assert_eq!(read_all(&log, &dead, 0, 1000).await.len(), accepted);
    }
}

/// A change of a consumer that the device fails at, at any step: what the log then says about it is what is there
/// after a power loss, or the log has ended.
#[tokio::test]
async fn a_consumer_is_where_the_log_says_also_after_failed_changes() {
    for step in 1..12 {
        for seed in 0..6 {
            for is_forgotten in [false, true] {
                let disk = SimulatedDisk::new(seed);
                let log = open(&disk);
                if is_forgotten {
                    log.commit("detect", &stream("a"), 0).await.unwrap();
                }
                disk.set_faults(Faults { change_fails_in: Some(step), ..Faults::default() });
                if is_forgotten {
                    let _ = log.forget("detect", &stream("a")).await;
                } else {
                    let _ = log.commit("detect", &stream("a"), 0).await;
                }
                disk.set_faults(Faults::default());
                let again = log.commit("detect", &stream("a"), 0).await;
                let appended = log.append(&stream("a"), batch(1, &["kept"])).await;
                drop(log);
                disk.lose_power();
                let log = open(&disk);
                if again.is_ok() {
                    assert_eq!(log.position("detect", &stream("a")).await.unwrap(), Some(0), "step {step}");
                }
                if appended.is_ok() {
                    assert_eq!(log.extent(&stream("a")).await.unwrap().end, 1, "step {step}");
                }
            }
        }
    }
}

/// A log whose clock has gone far back or far ahead keeps and removes without a panic.
#[tokio::test]
async fn clocks_years_off_are_no_danger() {
    for now in [Timestamp::MIN, Timestamp::default(), Timestamp::MAX] {
        let disk = SimulatedDisk::new(1);
        let raw = Retention { age_s_max: Some(86_400), ..Retention::default() };
        let retention = TopicRetention { raw, ..TopicRetention::default() };
        let options = LogOptions { segment_bytes_max: 1, retention, ..LogOptions::default() };
        let clock = Arc::new(ManualClock::new(now));
        let (log, _) = SegmentLog::open_on(Arc::new(disk), Path::new("/log"), options, clock).unwrap();
        for received in [1, 2, 3] {
            log.append(&stream("a"), batch(received, &["text"])).await.unwrap();
        }
        let report = log.retain().await.unwrap();
        assert_eq!(report.removed.len(), if now == Timestamp::MAX { 3 } else { 0 }, "{now}");
    }
}
