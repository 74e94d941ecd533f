#![allow(clippy::single_range_in_vec_init, reason = "a list of passed over ranges is often one range long")]

use std::path::Path;

use sentra_model::{ManualClock, Timestamp};

use super::*;
use crate::contract::{batch, stream};
use crate::options::{LogOptions, Retention, TopicRetention};
use crate::segment::file_name;
use crate::simulation::SimulatedDisk;
use crate::{MemoryLog, SegmentLog};

const ALL: (Bound, Bound) = (Bound::Begin, Bound::End);

fn request((from, to): (Bound, Bound)) -> ReplayRequest {
    ReplayRequest { stream: stream("a"), consumer: "again".to_owned(), from, to, resume: false }
}

fn at(seconds: i64) -> Bound {
    Bound::Time(Timestamp::from_seconds(seconds))
}

fn segments(disk: &SimulatedDisk) -> Arc<SegmentLog> {
    // Every batch is a segment of its own.
    let raw = Retention { bytes_max: Some(400), ..Retention::default() };
    let retention = TopicRetention { raw, ..TopicRetention::default() };
    let options = LogOptions { segment_bytes_max: 1, retention, ..LogOptions::default() };
    let clock = Arc::new(ManualClock::default());
    Arc::new(SegmentLog::open_on(Arc::new(disk.clone()), Path::new("/log"), options, clock).unwrap().0)
}

/// Six batches of three records: offset n holds the text "n", received at 10, 20 … 60 seconds.
async fn fill(log: &dyn EventLog) {
    for number in 0..6 {
        let texts: Vec<String> = (3 * number..3 * number + 3).map(|offset: i64| offset.to_string()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        log.append(&stream("a"), batch(10 * (number + 1), &texts)).await.unwrap();
    }
}

/// One of each engine with the same records.
async fn engines() -> [Arc<dyn EventLog>; 2] {
    let logs: [Arc<dyn EventLog>; 2] = [Arc::new(MemoryLog::new()), segments(&SimulatedDisk::new(1))];
    for log in &logs {
        fill(&**log).await;
    }
    logs
}

/// What a replay gave.
#[derive(Debug, Default, PartialEq, Eq)]
struct Given {
    records: Vec<u64>,
    quarantined: Vec<Range<u64>>,
    skipped: Vec<Range<u64>>,
}

impl Given {
    fn take(&mut self, chunk: &ReadChunk) {
        for (offset, record) in chunk.batches.iter().flat_map(|stored| stored.records()) {
            assert_eq!(record.bytes, offset.to_string().as_bytes());
            self.records.push(offset);
        }
        self.quarantined.extend(chunk.quarantined.clone());
        self.skipped.extend(chunk.skipped.clone());
    }
}

async fn rest(replay: &mut Replay, bytes_max: usize) -> Given {
    let mut given = Given::default();
    while let Some(chunk) = replay.next(bytes_max).await.unwrap() {
        given.take(&chunk);
    }
    assert!(replay.next(bytes_max).await.unwrap().is_none(), "it goes on after its end");
    assert_eq!(replay.position(), replay.range().end);
    given
}

async fn open(log: &Arc<dyn EventLog>, request: ReplayRequest) -> Result<Replay, LogError> {
    Replay::open(Arc::clone(log), request).await
}

#[tokio::test]
async fn every_bound_is_where_it_says() {
    for (from, to, expected) in [
        (Bound::Begin, Bound::End, 0..18),
        (Bound::Offset(0), Bound::Offset(18), 0..18),
        (Bound::Offset(4), Bound::Offset(8), 4..8),
        (Bound::Offset(4), Bound::Offset(5), 4..5),
        (Bound::Offset(17), Bound::End, 17..18),
        // The end by time is exclusive.
        (at(20), at(40), 3..9),
        (at(11), at(41), 3..12),
        (at(0), at(10), 0..0),
        (at(60), at(1000), 15..18),
        (at(61), Bound::End, 18..18),
        (Bound::Begin, at(-5), 0..0),
        (Bound::Offset(4), at(30), 4..6),
        // Empty ranges are over at once.
        (Bound::Offset(7), Bound::Offset(7), 7..7),
        (Bound::End, Bound::End, 18..18),
    ] {
        for log in engines().await {
            for bytes_max in [0, 3, usize::MAX] {
                let mut replay = open(&log, request((from, to))).await.unwrap();
                assert_eq!(
                    (replay.range(), replay.is_resumed()),
                    (expected.clone(), false),
                    "{from:?} {to:?}"
                );
                assert_eq!(log.position("again", &stream("a")).await.unwrap(), Some(expected.start));
                let given = rest(&mut replay, bytes_max).await;
                let all = Given { records: expected.clone().collect(), ..Given::default() };
                assert_eq!(given, all, "{from:?} {to:?}");
                assert_eq!(replay.start_missing(), None);
                assert_eq!(log.position("again", &stream("a")).await.unwrap(), Some(expected.end));
                assert!(log.forget("again", &stream("a")).await.unwrap());
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_refused_and_makes_no_consumer() {
    for log in engines().await {
        for bounds in [
            (Bound::Offset(19), Bound::End),
            (Bound::Begin, Bound::Offset(19)),
            (Bound::Offset(u64::MAX), Bound::Offset(u64::MAX)),
        ] {
            let error = open(&log, request(bounds)).await.unwrap_err();
            assert!(matches!(error, LogError::BeyondEnd { end: 18, .. }), "{bounds:?}: {error}");
        }
        for bounds in [(Bound::Offset(5), Bound::Offset(4)), (at(40), at(20)), (Bound::End, Bound::Begin)] {
            let error = open(&log, request(bounds)).await.unwrap_err();
            assert!(matches!(error, LogError::ReplayBackwards { .. }), "{bounds:?}: {error}");
        }
        let named = ReplayRequest { consumer: "../a".to_owned(), ..request(ALL) };
        let error = open(&log, named).await.unwrap_err();
        assert!(matches!(error, LogError::ConsumerName { .. }), "{error}");
        assert_eq!(log.consumers(&stream("a")).await.unwrap(), []);
        // A stream that nobody has appended to is empty.
        let unknown = ReplayRequest { stream: stream("b"), ..request(ALL) };
        assert_eq!(rest(&mut open(&log, unknown).await.unwrap(), 1).await, Given::default());
    }
}

/// After a crash at any place the replay goes on with what it had not committed: nothing is left out, and only the last
/// chunk comes twice.
#[tokio::test]
async fn a_replay_goes_on_where_it_stopped() {
    for stops_after in 0..6 {
        for resume in [false, true] {
            let disk = SimulatedDisk::new(stops_after);
            let log: Arc<dyn EventLog> = segments(&disk);
            fill(&*log).await;
            let bounds = (Bound::Offset(1), Bound::Offset(17));
            let mut replay = open(&log, request(bounds)).await.unwrap();
            let mut given = Given::default();
            for _ in 0..stops_after {
                given.take(&replay.next(1).await.unwrap().unwrap());
            }
            drop((replay, log));
            disk.lose_power();

            let log: Arc<dyn EventLog> = segments(&disk);
            let mut replay = open(&log, ReplayRequest { resume, ..request(bounds) }).await.unwrap();
            assert!(replay.is_resumed());
            given.records.truncate(replay.position() as usize - 1);
            let known = log.consumers(&stream("a")).await.unwrap();
            assert_eq!((known[0].lag, known[0].range.clone()), (17 - replay.position(), Some(1..17)));
            let after = rest(&mut replay, 1).await;
            assert_eq!([given.records, after.records].concat(), (1..17).collect::<Vec<_>>());
        }
    }
}

#[tokio::test]
async fn a_name_that_is_taken_is_taken() {
    for log in engines().await {
        let mut replay = open(&log, request((Bound::Offset(1), Bound::Offset(9)))).await.unwrap();
        replay.next(1).await.unwrap().unwrap();
        replay.commit().await.unwrap();
        let error = open(&log, request(ALL)).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("replays offsets 1 to 9 and stands at 3"), "{text}");
        // Resumed, it goes on from there to the new end.
        let longer = ReplayRequest { resume: true, ..request(ALL) };
        let mut resumed = open(&log, longer.clone()).await.unwrap();
        assert_eq!((resumed.range(), resumed.position()), (1..18, 3));
        assert_eq!(rest(&mut resumed, 1).await.records, (3..18).collect::<Vec<_>>());
        // An end that it has passed is refused.
        let shorter = ReplayRequest { to: Bound::Offset(4), ..longer };
        let error = open(&log, shorter).await.unwrap_err();
        assert!(matches!(error, LogError::ReplayBackwards { from: 18, to: 4, .. }), "{error}");
        // A consumer that follows the stream is never moved.
        log.commit("factory", &stream("a"), 7).await.unwrap();
        for resume in [false, true] {
            let factory = ReplayRequest { consumer: "factory".to_owned(), resume, ..request(ALL) };
            let error = open(&log, factory).await.unwrap_err();
            assert!(matches!(error, LogError::ReplayTaken { taken: ReplayTaken::ByFollower, .. }), "{error}");
        }
        assert_eq!(log.position("factory", &stream("a")).await.unwrap(), Some(7));
        // Resuming what never was begins it.
        let fresh = ReplayRequest { consumer: "fresh".to_owned(), resume: true, ..request((at(40), at(50))) };
        let mut fresh = open(&log, fresh).await.unwrap();
        assert_eq!((fresh.is_resumed(), rest(&mut fresh, 1).await.records), (false, vec![9, 10, 11]));
    }
}

/// Records that come in while it runs are beyond its end.
#[tokio::test]
async fn the_end_stays_where_it_was() {
    for log in engines().await {
        let mut replay = open(&log, request(ALL)).await.unwrap();
        log.append(&stream("a"), batch(70, &["18", "19"])).await.unwrap();
        assert_eq!(rest(&mut replay, 1).await.records.last(), Some(&17));
    }
}

/// Law LOSS: damaged offsets within the range are reported, cut to it, and none beyond it.
#[tokio::test]
async fn damaged_frames_on_the_way_are_reported() {
    let disk = SimulatedDisk::new(1);
    let log = segments(&disk);
    fill(&*log).await;
    drop(log);
    for base in [3, 9] {
        disk.damage(&Path::new("/log/a/raw/0").join(file_name(base)), |bytes| bytes.fill(0));
    }
    let log: Arc<dyn EventLog> = segments(&disk);
    let cases = [
        (0, 18, [(0..3), (6..9), (12..18)].into_iter().flatten().collect::<Vec<u64>>(), vec![3..6, 9..12]),
        (4, 11, (6..9).collect(), vec![4..6, 9..11]),
        (4, 5, vec![], vec![4..5]),
        (6, 9, (6..9).collect(), vec![]),
        (2, 3, vec![2], vec![]),
    ];
    for (from, to, records, quarantined) in cases {
        for bytes_max in [1, usize::MAX] {
            let mut replay = open(&log, request((Bound::Offset(from), Bound::Offset(to)))).await.unwrap();
            let given = rest(&mut replay, bytes_max).await;
            let expected =
                Given { records: records.clone(), quarantined: quarantined.clone(), skipped: Vec::new() };
            assert_eq!(given, expected, "{from}..{to}");
            log.forget("again", &stream("a")).await.unwrap();
        }
    }
}

/// Law LOSS: what retention has taken from the range is reported when the replay is opened and when it gets there.
#[tokio::test]
async fn a_start_that_retention_took_is_reported() {
    let disk = SimulatedDisk::new(1);
    let log = segments(&disk);
    fill(&*log).await;
    let half = open(&(Arc::clone(&log) as _), request((Bound::Offset(2), Bound::Offset(15)))).await.unwrap();
    drop(half);
    log.retain().await.unwrap();
    let begin = log.extent(&stream("a")).await.unwrap().begin;
    assert_eq!(begin, 12);
    let memory = Arc::new(MemoryLog::new());
    fill(&*memory).await;
    memory.commit_range("again", &stream("a"), 2, 2..15).await.unwrap();
    memory.remove_before(&stream("a"), 13);
    for log in [log as Arc<dyn EventLog>, memory] {
        assert_eq!(log.extent(&stream("a")).await.unwrap().begin, 12);
        // One that was on its way.
        let mut replay =
            open(&log, ReplayRequest { resume: true, ..request((Bound::Begin, Bound::Offset(15))) })
                .await
                .unwrap();
        let known = log.consumers(&stream("a")).await.unwrap();
        assert_eq!((known[0].lag, known[0].skipped), (3, 10));
        let given = rest(&mut replay, 1).await;
        assert_eq!((given.records, given.skipped), (vec![12, 13, 14], vec![2..12]));
        // New ones.
        for (from, to, missing, skipped, records) in [
            (Bound::Offset(5), Bound::End, Some(5..12), vec![5..12], 12..18),
            (Bound::Offset(5), Bound::Offset(9), Some(5..12), vec![5..9], 0..0),
            (Bound::Offset(12), Bound::End, None, vec![], 12..18),
            (Bound::Begin, Bound::End, None, vec![], 12..18),
            // Records of that time may have been among those that are gone.
            (at(25), Bound::End, Some(0..12), vec![], 12..18),
            (at(55), Bound::End, None, vec![], 15..18),
        ] {
            log.forget("again", &stream("a")).await.unwrap();
            let mut replay = open(&log, request((from, to))).await.unwrap();
            assert_eq!(replay.start_missing(), missing, "{from:?}");
            let expected = Given { records: records.collect(), quarantined: Vec::new(), skipped };
            assert_eq!(rest(&mut replay, 1).await, expected, "{from:?} {to:?}");
        }
    }
}

#[test]
fn a_bound_is_an_offset_a_time_or_a_word() {
    let time = "2026-01-31T23:59:59Z";
    for (text, expected) in [
        ("begin", Some(Bound::Begin)),
        ("end", Some(Bound::End)),
        ("0", Some(Bound::Offset(0))),
        ("4711", Some(Bound::Offset(4711))),
        (time, Some(Bound::Time(time.parse().unwrap()))),
        ("-1", None),
        ("", None),
        ("yesterday", None),
        ("99999999999999999999", None),
    ] {
        assert_eq!(text.parse::<Bound>().ok(), expected, "{text:?}");
    }
}
