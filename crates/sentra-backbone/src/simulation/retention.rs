//! Retention, step by step and against readers and crashes.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use sentra_model::{Clock, ManualClock, Timestamp, Topic};

use super::disk::Access;
use super::{Faults, SimulatedDisk};
use crate::commit::Prepared;
use crate::contract::{batch, stream};
use crate::engine::Engine;
use crate::frame::Encoded;
use crate::options::{Retention, TopicRetention};
use crate::segment::file_name;
use crate::{Extent, HeldStream, LogError, LogOptions, RetentionReport, Stream};

fn options(raw: Retention) -> LogOptions {
    // Every group of two records is a segment of its own.
    let retention = TopicRetention { raw, ..TopicRetention::default() };
    LogOptions { segment_bytes_max: 1, retention, ..LogOptions::default() }
}

fn bytes_max(bytes_max: u64) -> Retention {
    Retention { bytes_max: Some(bytes_max), ..Retention::default() }
}

fn age(seconds: u64) -> Retention {
    Retention { age_s_max: Some(seconds), ..Retention::default() }
}

fn open_with(disk: &SimulatedDisk, raw: Retention) -> Engine {
    let clock: Arc<ManualClock> = disk.clock();
    Engine::open(Arc::new(disk.clone()), Path::new("/log"), options(raw), clock).unwrap().0
}

fn append_to(engine: &Engine, target: &Stream, received: i64) -> u64 {
    let frame = Encoded::new(&batch(received, &["one", "two"])).unwrap();
    let length = frame.len();
    engine.budget.reserve(target.topic, length).unwrap();
    engine.commit_group(&[Prepared { stream: target.clone(), frame }]).remove(0).unwrap();
    length
}

/// Five segments of two records, received at 10, 20 … 50 seconds.
fn five(raw: Retention) -> (SimulatedDisk, Engine) {
    let disk = SimulatedDisk::new(1);
    disk.clock().set(Timestamp::from_seconds(60));
    let engine = open_with(&disk, raw);
    (1..=5).for_each(|number| {
        append_to(&engine, &stream("a"), 10 * number);
    });
    (disk, engine)
}

fn removed(report: &RetentionReport) -> Vec<Range<u64>> {
    report.removed.iter().map(|removed| removed.offsets.clone()).collect()
}

fn extent(engine: &Engine) -> (u64, u64) {
    let Extent { begin, end } = engine.extent(&stream("a"));
    (begin, end)
}

/// The offsets of every readable record.
fn offsets(engine: &Engine) -> Vec<u64> {
    let chunk = engine.read(&stream("a"), 0, usize::MAX).unwrap();
    assert_eq!(chunk.quarantined, []);
    chunk.batches.iter().flat_map(|stored| stored.records().map(|(offset, _)| offset)).collect()
}

#[test]
fn what_is_over_the_bytes_goes_from_the_beginning_and_the_last_segment_stays() {
    let (_, engine) = five(Retention::default());
    let segment = engine.known(&stream("a")).unwrap().bytes() / 5;
    for (limit, expected) in [
        (5 * segment, vec![]),
        (5 * segment - 1, vec![0..2]),
        (2 * segment + 1, vec![0..2, 2..4, 4..6]),
        (0, vec![0..2, 2..4, 4..6, 6..8]),
    ] {
        let (disk, engine) = five(bytes_max(limit));
        let used = engine.budget.used();
        let report = engine.retain().unwrap();
        assert_eq!(removed(&report), expected, "{limit}");
        assert_eq!(report.removed.iter().map(|r| r.bytes).sum::<u64>(), used - engine.budget.used());
        let begin = 2 * expected.len() as u64;
        assert_eq!((extent(&engine), offsets(&engine)), ((begin, 10), (begin..10).collect()), "{limit}");
        let chunk = engine.read(&stream("a"), 0, usize::MAX).unwrap();
        assert_eq!(chunk.skipped, (begin > 0).then_some(0..begin), "{limit}");
        assert_eq!(engine.retain().unwrap(), RetentionReport::default(), "a second pass finds nothing");
        // Law IDENTITY: offsets go on, also after a restart.
        append_to(&engine, &stream("a"), 60);
        let used = engine.budget.used();
        drop(engine);
        disk.lose_power();
        let engine = open_with(&disk, bytes_max(limit));
        assert_eq!((extent(&engine), engine.budget.used()), ((begin, 12), used));
    }
}

#[test]
fn age_counts_from_the_newest_record_of_a_segment() {
    // The clock stands at 60 s.
    for (seconds, begin) in [(51, 0), (50, 0), (49, 2), (30, 4), (29, 6), (10, 8)] {
        let (_, engine) = five(age(seconds));
        engine.retain().unwrap();
        assert_eq!(extent(&engine), (begin, 10), "{seconds} s");
    }
    for forever in [u64::MAX, 1 << 62] {
        assert_eq!(removed(&five(age(forever)).1.retain().unwrap()), []);
    }
}

/// A stream into which nothing comes keeps nothing for ever: its last segment is closed when all of it is too old.
#[test]
fn the_last_segment_of_an_idle_stream_goes_too() {
    let (disk, engine) = five(age(9));
    assert_eq!(removed(&engine.retain().unwrap()), [0..2, 2..4, 4..6, 6..8, 8..10]);
    assert_eq!((extent(&engine), offsets(&engine)), ((10, 10), vec![]));
    assert_eq!(engine.retain().unwrap(), RetentionReport::default(), "a second pass finds nothing");
    // Law IDENTITY: offsets go on, also after a restart, and the stream is known.
    let used = engine.budget.used();
    drop(engine);
    disk.lose_power();
    let engine = open_with(&disk, age(9));
    assert_eq!((extent(&engine), engine.budget.used()), ((10, 10), used));
    assert_eq!(engine.streams(), [stream("a")]);
    append_to(&engine, &stream("a"), 55);
    assert_eq!((extent(&engine), offsets(&engine)), ((10, 12), vec![10, 11]));
    assert_eq!(removed(&engine.retain().unwrap()), []);
    // What a consumer has still to read stays.
    let hold_consumers = vec!["factory".to_owned()];
    let (_, engine) = five(Retention { hold_consumers, ..age(9) });
    engine.commit_position("factory", &stream("a"), 9, None).unwrap();
    engine.retain().unwrap();
    assert_eq!(extent(&engine), (8, 10));
    append_to(&engine, &stream("a"), 55);
    engine.commit_position("factory", &stream("a"), 10, None).unwrap();
    engine.retain().unwrap();
    assert_eq!((extent(&engine), offsets(&engine)), ((10, 12), vec![10, 11]));
}

/// The power fails at every step of closing and removing the only segment.
#[test]
fn a_crash_while_an_idle_segment_is_closed_loses_nothing_else() {
    let mut ends = Vec::new();
    for step in 1..=12 {
        for seed in 0..8 {
            let disk = SimulatedDisk::new(1);
            disk.clock().set(Timestamp::from_seconds(60));
            let engine = open_with(&disk, age(9));
            append_to(&engine, &stream("a"), 10);
            disk.set_faults(Faults { crash_in: Some(step), ..Faults::default() });
            let result = engine.retain();
            if !disk.has_crashed() {
                assert!(step > 4, "{result:?}");
                continue;
            }
            drop(engine);
            for _ in 0..seed {
                disk.draw();
            }
            disk.lose_power();
            let engine = open_with(&disk, age(9));
            let (begin, end) = extent(&engine);
            assert!(begin % 2 == 0 && end == 2, "step {step}: {begin}..{end}");
            assert_eq!(offsets(&engine), (begin..2).collect::<Vec<_>>(), "step {step}");
            ends.push(begin);
            engine.retain().unwrap();
            assert_eq!(extent(&engine), (2, 2), "step {step}");
            append_to(&engine, &stream("a"), 60);
            assert_eq!((extent(&engine), offsets(&engine)), ((2, 4), vec![2, 3]), "step {step}");
        }
    }
    ends.sort_unstable();
    ends.dedup();
    assert_eq!(ends, [0, 2], "every begin was met");
}

/// No room for another segment: the last one stays until there is, and nothing fails.
#[test]
fn a_full_disk_keeps_the_last_segment() {
    let disk = SimulatedDisk::new(1);
    disk.clock().set(Timestamp::from_seconds(60));
    let engine = open_with(&disk, age(9));
    append_to(&engine, &stream("a"), 10);
    let used = engine.budget.used();
    drop(engine);
    let full = LogOptions { disk_bytes_max: Some(used), ..options(age(9)) };
    let engine = Engine::open(Arc::new(disk.clone()), Path::new("/log"), full, disk.clock()).unwrap().0;
    assert_eq!(engine.retain().unwrap(), RetentionReport::default());
    assert_eq!(extent(&engine), (0, 2));
    drop(engine);
    assert_eq!(removed(&open_with(&disk, age(9)).retain().unwrap()), [0..2]);
}

/// A clock that jumps back makes a segment young again, and it keeps those behind it: nothing goes from the middle.
#[test]
fn a_young_segment_keeps_what_comes_after_it() {
    let (_, engine) = five(age(5));
    let (disk, jumped) = (SimulatedDisk::new(1), [10, 58, 20, 30]);
    disk.clock().set(Timestamp::from_seconds(60));
    drop(engine);
    let engine = open_with(&disk, age(5));
    jumped.iter().for_each(|received| {
        append_to(&engine, &stream("a"), *received);
    });
    assert_eq!(removed(&engine.retain().unwrap()), [0..2]);
}

/// A segment without a readable frame is at least as old as the next one.
#[test]
fn a_damaged_segment_goes_with_those_around_it() {
    for (damaged, seconds, begin) in [(0, 49, 0), (0, 39, 4), (2, 39, 2), (2, 29, 6)] {
        let (disk, engine) = five(age(seconds));
        drop(engine);
        let path = Path::new("/log/a/raw/0").join(file_name(damaged));
        disk.damage(&path, |bytes| bytes.fill(0));
        let engine = open_with(&disk, age(seconds));
        engine.retain().unwrap();
        assert_eq!(extent(&engine), (begin, 10), "damaged {damaged}, {seconds} s");
    }
}

#[test]
fn a_holding_consumer_is_waited_for_and_others_are_not() {
    let hold_consumers = vec!["factory".to_owned()];
    for retention in [
        Retention { hold_consumers: hold_consumers.clone(), ..bytes_max(0) },
        Retention { hold_consumers, ..age(10) },
    ] {
        let (disk, engine) = five(retention);
        let held = |from| HeldStream { stream: stream("a"), consumer: "factory".to_owned(), from };
        engine.commit_position("detect", &stream("a"), 10, None).unwrap();
        for (position, begin) in
            [(None, 0), (Some(1), 0), (Some(2), 2), (Some(7), 6), (Some(3), 6), (Some(10), 8)]
        {
            if let Some(position) = position {
                engine.commit_position("factory", &stream("a"), position, None).unwrap();
            }
            let report = engine.retain().unwrap();
            assert_eq!(extent(&engine), (begin, 10), "{position:?}");
            let expected = if begin == 8 { vec![] } else { vec![held(begin)] };
            assert_eq!(report.held, expected, "{position:?}");
        }
        append_to(&engine, &stream("a"), 60);
        disk.clock().set(Timestamp::from_seconds(61));
        // One that was forgotten holds everything again.
        engine.forget("factory", &stream("a")).unwrap();
        assert_eq!(engine.retain().unwrap().held, [held(8)]);
        let consumers = engine.consumers(&stream("a"));
        assert_eq!((consumers[0].lag, consumers[0].skipped), (2, 0));
        engine.commit_position("detect", &stream("a"), 1, None).unwrap();
        let consumers = engine.consumers(&stream("a"));
        assert_eq!((consumers[0].lag, consumers[0].skipped), (4, 7));
    }
}

/// A tenant's topic is one budget over its partitions, and a tenant's another than the next one's (law TENANT).
#[test]
fn the_oldest_segment_of_all_partitions_goes_first() {
    let disk = SimulatedDisk::new(1);
    let second = Stream { partition: 1, ..stream("a") };
    let dead = Stream { topic: Topic::Dead, ..stream("a") };
    let engine = open_with(&disk, Retention::default());
    for (target, received) in
        [(&stream("a"), 30), (&second, 10), (&second, 20), (&stream("a"), 40), (&second, 50)]
    {
        append_to(&engine, target, received);
    }
    for _ in 0..3 {
        append_to(&engine, &stream("b"), 1);
        append_to(&engine, &dead, 1);
    }
    let limit = engine.known(&second).unwrap().bytes();
    drop(engine);
    let engine = open_with(&disk, bytes_max(limit));
    let report = engine.retain().unwrap();
    let order: Vec<_> = report.removed.iter().map(|r| (r.stream.partition, r.offsets.start)).collect();
    assert_eq!(order, [(1, 0), (1, 2)], "those of 10 and of 20 seconds");
    assert_eq!(engine.extent(&stream("b")).begin, 0);
    assert_eq!(engine.extent(&dead).begin, 0);
}

/// The power fails at every step of removing four segments.
#[test]
fn a_crash_at_any_step_leaves_a_begin_and_no_hole() {
    let mut begins = Vec::new();
    for step in 1..=9 {
        for seed in 0..8 {
            let (disk, engine) = five(bytes_max(0));
            disk.set_faults(Faults { crash_in: Some(step), ..Faults::default() });
            let result = engine.retain();
            assert_eq!(disk.has_crashed(), step <= 8, "{result:?}");
            let seen = extent(&engine).0;
            drop(engine);
            for _ in 0..seed {
                disk.draw();
            }
            disk.lose_power();
            let engine = open_with(&disk, bytes_max(0));
            let (begin, end) = extent(&engine);
            let durable = 2 * ((step - 1) / 2);
            assert!((durable..=durable + 2).contains(&begin) && end == 10, "step {step}: {begin}..{end}");
            assert!(begin + 2 >= seen, "step {step}");
            assert_eq!(offsets(&engine), (begin..10).collect::<Vec<_>>(), "step {step}");
            begins.push(begin);
            assert_eq!(engine.retain().unwrap().held, []);
            assert_eq!(extent(&engine), (8, 10), "step {step}");
        }
    }
    begins.sort_unstable();
    begins.dedup();
    assert_eq!(begins, [0, 2, 4, 6, 8], "every begin was met");
}

/// Retention runs before any access that a read makes to the disk: the reader gets what it has opened, or goes on at
/// the new begin and is told so.
#[test]
fn a_reader_in_the_middle_of_a_removed_segment_gets_a_clean_answer() {
    let mut met_skips = 0;
    for from in 0..8 {
        for access in 1.. {
            let (disk, engine) = five(bytes_max(0));
            let engine = Arc::new(engine);
            let other = Arc::clone(&engine);
            disk.before(Access::Read, access, move || drop(other.retain().unwrap()));
            let (mut next, mut found, mut skipped) = (from, Vec::new(), Vec::new());
            while next < 10 {
                let chunk = engine.read(&stream("a"), next, 1).unwrap();
                assert_eq!(chunk.quarantined, []);
                if let Some(range) = chunk.skipped {
                    assert_eq!((range.start, chunk.batches.is_empty()), (next, false));
                    skipped.extend(range);
                }
                found.extend(
                    chunk.batches.iter().flat_map(|stored| stored.records().map(|(offset, _)| offset)),
                );
                assert!(chunk.next_offset > next);
                next = chunk.next_offset;
            }
            let mut all = [found, skipped.clone()].concat();
            all.sort_unstable();
            assert_eq!(all, (from..10).collect::<Vec<_>>(), "from {from}, access {access}");
            met_skips += usize::from(!skipped.is_empty());
            if disk.has_hook() {
                break;
            }
        }
    }
    assert!(met_skips > 20, "{met_skips}");
}

/// The same for a search by time.
#[test]
fn a_search_by_time_survives_retention() {
    for access in 1.. {
        let (disk, engine) = five(bytes_max(0));
        let engine = Arc::new(engine);
        let other = Arc::clone(&engine);
        disk.before(Access::Read, access, move || drop(other.retain().unwrap()));
        let found = engine.offset_at(&stream("a"), Timestamp::from_seconds(45)).unwrap();
        assert_eq!(found, 8, "access {access}");
        if disk.has_hook() {
            assert!(access > 4);
            break;
        }
    }
}

/// A failed removal is said, keeps the begin where it is, and is tried again.
#[test]
fn a_removal_that_fails_stops_that_topic_only() {
    let (disk, engine) = five(bytes_max(0));
    (1..=3).for_each(|number| {
        append_to(&engine, &stream("b"), number);
    });
    disk.set_faults(Faults { change_fails_in: Some(1), ..Faults::default() });
    let report = engine.retain().unwrap();
    assert_eq!(report.failed.len(), 1);
    assert_eq!((report.failed[0].stream.clone(), extent(&engine)), (stream("a"), (0, 10)));
    assert!(report.failed[0].error.contains("the device failed"), "{report:?}");
    assert_eq!(engine.extent(&stream("b")), Extent { begin: 4, end: 6 });
    assert_eq!(removed(&engine.retain().unwrap()), [0..2, 2..4, 4..6, 6..8]);
    // A failed sync ends the log (law ACK).
    let (disk, engine) = five(bytes_max(0));
    disk.set_faults(Faults { sync_fails_in: Some(1), ..Faults::default() });
    let error = engine.retain().unwrap_err();
    assert!(matches!(error, LogError::Poisoned { .. }), "{error}");
    assert!(engine.poison.reason().is_some());
}

#[test]
fn a_name_that_no_consumer_can_have_cannot_hold() {
    let retention = Retention { hold_consumers: vec!["Factory".to_owned()], ..Retention::default() };
    let disk = SimulatedDisk::new(1);
    let clock: Arc<dyn Clock> = disk.clock();
    let error = Engine::open(Arc::new(disk), Path::new("/log"), options(retention), clock).unwrap_err();
    assert!(matches!(error, LogError::ConsumerName { .. }), "{error}");
}
