//! What the log makes of damaged files: it reports exactly what is lost, and everything else stays readable.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memchr::memmem;
use sentra_model::{ManualClock, Topic};

use super::{Faults, Random, SimulatedDisk};
use crate::commit::Prepared;
use crate::contract::{batch, stream};
use crate::engine::Engine;
use crate::frame::{Encoded, HEADER_BYTES, MAGIC};
use crate::segment::{PREAMBLE_BYTES, file_name};
use crate::{AppendBatch, Appended, EventLog, LogError, LogOptions, RecoveryReport, SegmentLog};

const ROOT: &str = "/log";

fn try_open(disk: &SimulatedDisk, options: &LogOptions) -> Result<(Engine, RecoveryReport), LogError> {
    let clock = Arc::new(ManualClock::default());
    Engine::open(Arc::new(disk.clone()), Path::new(ROOT), options.clone(), clock)
}

fn open(disk: &SimulatedDisk) -> (Engine, RecoveryReport) {
    try_open(disk, &LogOptions::default()).unwrap()
}

fn path(tenant: &str, base: u64) -> PathBuf {
    Path::new(ROOT).join(tenant).join("raw/0").join(file_name(base))
}

fn append(engine: &Engine, sent: &AppendBatch) -> Appended {
    let prepared = Prepared { stream: stream("a"), frame: Encoded::new(sent).unwrap() };
    engine.budget.reserve(Topic::Raw, prepared.frame.len()).unwrap();
    engine.commit_group(&[prepared]).remove(0).unwrap()
}

/// Every readable record and the damaged offsets.
fn read_all(engine: &Engine) -> (Vec<(u64, String)>, Vec<Range<u64>>) {
    let (mut records, mut damaged, mut next) = (Vec::new(), Vec::new(), 0);
    while next < engine.extent(&stream("a")).end {
        let chunk = engine.read(&stream("a"), next, 1000).unwrap();
        assert!(chunk.next_offset > next, "a read at {next} did not move on");
        next = chunk.next_offset;
        for stored in &chunk.batches {
            records.extend(stored.records().map(|(o, r)| (o, String::from_utf8(r.bytes.to_vec()).unwrap())));
        }
        damaged.extend(chunk.quarantined);
    }
    (records, damaged)
}

const TEXTS: [[&str; 2]; 3] = [["a0", "a1"], ["b0", "b1"], ["c0", "c1"]];

/// A log of three frames of two records in one segment, and where each frame lies in the file.
fn three_frames() -> (SimulatedDisk, Vec<Range<usize>>) {
    let disk = SimulatedDisk::new(1);
    let (engine, _) = open(&disk);
    let mut frames = Vec::new();
    let mut start = PREAMBLE_BYTES as usize;
    for texts in &TEXTS {
        let sent = batch(1, texts);
        append(&engine, &sent);
        let end = start + Encoded::new(&sent).unwrap().len() as usize;
        frames.push(start..end);
        start = end;
    }
    (disk, frames)
}

fn records_but(lost: &[usize]) -> Vec<(u64, String)> {
    let frames = TEXTS.iter().enumerate().filter(|(frame, _)| !lost.contains(frame));
    let records = frames.flat_map(|(frame, texts)| (2 * frame as u64..).zip(texts));
    records.map(|(offset, text)| (offset, (*text).to_owned())).collect()
}

#[test]
fn a_damaged_byte_loses_its_frame_and_nothing_else() {
    let (_, frames) = three_frames();
    for at in 0..frames[2].end {
        let (disk, frames) = three_frames();
        // While the log is open, so that it is found by reading.
        let (engine, _) = open(&disk);
        disk.damage(&path("a", 0), |bytes| bytes[at] ^= 0x10);
        let lost: Vec<usize> = (0..3).filter(|frame| frames[*frame].contains(&at)).collect();
        let expected: Vec<_> = lost.iter().map(|frame| 2 * *frame as u64..2 * *frame as u64 + 2).collect();
        assert_eq!(read_all(&engine), (records_but(&lost), expected), "byte {at}");
    }
}

#[test]
fn opening_cuts_off_only_what_comes_after_the_last_whole_frame() {
    let (_, frames) = three_frames();
    for at in 0..frames[2].end {
        let (disk, frames) = three_frames();
        disk.damage(&path("a", 0), |bytes| bytes[at] ^= 0x10);
        let (engine, report) = open(&disk);
        let lost: Vec<usize> = (0..3).filter(|frame| frames[*frame].contains(&at)).collect();
        let is_tail = lost == [2];
        assert_eq!(report.truncated.len(), usize::from(is_tail), "byte {at}");
        let gaps: Vec<_> = report.quarantined.iter().map(|gap| gap.offsets.clone()).collect();
        let expected: Vec<_> =
            lost.iter().filter(|_| !is_tail).map(|f| 2 * *f as u64..2 * *f as u64 + 2).collect();
        assert_eq!(gaps, expected, "byte {at}");
        assert_eq!(read_all(&engine), (records_but(&lost), expected), "byte {at}");
        let next = append(&engine, &batch(1, &["d"])).first_offset;
        assert_eq!(next, if is_tail { 4 } else { 6 }, "byte {at}");
        assert_eq!(read_all(&engine).0.last(), Some(&(next, "d".to_owned())));
    }
}

#[test]
fn a_tail_torn_anywhere_is_cut_off_and_reported() {
    let (_, frames) = three_frames();
    for length in 0..frames[2].end {
        let (disk, frames) = three_frames();
        disk.damage(&path("a", 0), |bytes| bytes.truncate(length));
        let (engine, report) = open(&disk);
        let whole = frames.iter().filter(|frame| frame.end <= length).count();
        let last_end = frames.get(whole.wrapping_sub(1)).map_or(PREAMBLE_BYTES as usize, |frame| frame.end);
        let torn = length.saturating_sub(last_end) as u64;
        assert_eq!(report.truncated.iter().map(|tail| tail.bytes).sum::<u64>(), torn, "cut to {length}");
        assert_eq!(read_all(&engine), (records_but(&(whole..3).collect::<Vec<_>>()), vec![]));
        append(&engine, &batch(1, &["d"]));
        drop(engine);
        disk.lose_power();
        let (engine, report) = open(&disk);
        assert_eq!((report.truncated, report.quarantined), (vec![], vec![]), "cut to {length}");
        assert_eq!(read_all(&engine).0.last(), Some(&(2 * whole as u64, "d".to_owned())));
        disk.damage(&path("a", 0), |bytes| assert!(bytes.starts_with(b"\xf5sbsegmt"), "cut to {length}"));
    }
}

#[test]
fn damage_in_an_older_segment_is_found_when_it_is_read() {
    for damaged in 0..3_u64 {
        let disk = SimulatedDisk::new(1);
        let options = LogOptions { segment_bytes_max: 1, ..LogOptions::default() };
        let (engine, _) = try_open(&disk, &options).unwrap();
        for texts in &TEXTS {
            append(&engine, &batch(1, texts));
        }
        append(&engine, &batch(1, &["end"]));
        drop(engine);
        disk.damage(&path("a", 2 * damaged), |bytes| bytes.truncate(bytes.len() - 1));
        let (engine, report) = try_open(&disk, &options).unwrap();
        assert_eq!((report.segments, &report.truncated, &report.quarantined), (4, &vec![], &vec![]));
        let mut expected = records_but(&[damaged as usize]);
        expected.push((6, "end".to_owned()));
        assert_eq!(read_all(&engine), (expected, vec![2 * damaged..2 * damaged + 2]));
    }
}

/// A frame that stands a second time where another one should is not read again, and no offset goes back.
#[test]
fn a_misplaced_copy_of_an_earlier_frame_is_damage() {
    for target in [1, 2] {
        let (disk, frames) = three_frames();
        let (engine, _) = open(&disk);
        assert_eq!(frames[0].len(), frames[target].len());
        disk.damage(&path("a", 0), |bytes| bytes.copy_within(frames[0].clone(), frames[target].start));
        let lost = 2 * target as u64..2 * target as u64 + 2;
        assert_eq!(read_all(&engine), (records_but(&[target]), vec![lost.clone()]));
        drop(engine);
        let (engine, report) = open(&disk);
        let end = if target == 2 { 4 } else { 6 };
        assert_eq!(
            (engine.extent(&stream("a")).end, report.truncated.len()),
            (end, usize::from(target == 2))
        );
        assert_eq!(read_all(&engine).0, records_but(&[target]));
    }
}

/// Bytes that a sender shapes like a frame are not taken for one, even where the frame around them is damaged.
#[test]
fn a_frame_forged_in_a_record_is_never_read_as_one() {
    let disk = SimulatedDisk::new(1);
    let (engine, _) = open(&disk);
    let mut forged = Vec::new();
    Encoded::new(&batch(1, &["forged"])).unwrap().put(0x1234, 1, &mut forged);
    let mut sent = batch(1, &["before"]);
    sent.records.push(sentra_model::OwnedRecord { position: 2, bytes: forged });
    append(&engine, &sent);
    append(&engine, &batch(1, &["after"]));
    disk.damage(&path("a", 0), |bytes| {
        let found = memmem::find_iter(bytes, &MAGIC).count();
        assert_eq!(found, 3, "the forged frame does not stand in the file as it is");
        bytes[PREAMBLE_BYTES as usize + 30] ^= 1;
    });
    assert_eq!(read_all(&engine), (vec![(2, "after".to_owned())], vec![0..2]));
    drop(engine);
    let (engine, _) = open(&disk);
    assert_eq!(read_all(&engine), (vec![(2, "after".to_owned())], vec![0..2]));
}

/// Law TENANT: a segment that stands in another stream's place is refused, not emptied.
#[test]
fn a_segment_of_another_stream_is_refused() {
    let (disk, frames) = three_frames();
    let (engine, _) = open(&disk);
    let prepared = Prepared { stream: stream("b"), frame: Encoded::new(&batch(1, &["b"])).unwrap() };
    engine.commit_group(&[prepared]).remove(0).unwrap();
    drop(engine);
    let mut theirs = Vec::new();
    disk.damage(&path("a", 0), |bytes| theirs.clone_from(bytes));
    disk.damage(&path("b", 0), |bytes| bytes.clone_from(&theirs));
    let error = try_open(&disk, &LogOptions::default()).unwrap_err();
    assert!(matches!(error, LogError::Damaged { .. }), "{error}");
    disk.damage(&path("b", 0), |bytes| assert_eq!(bytes.len(), frames[2].end));
}

/// Law IDENTITY: where acknowledged records are gone that a consumer has seen, their offsets stay taken.
#[test]
fn offsets_that_a_consumer_has_seen_are_not_given_again() {
    let (disk, frames) = three_frames();
    let (engine, _) = open(&disk);
    engine.commit_position("detect", &stream("a"), 5, None).unwrap();
    drop(engine);
    disk.damage(&path("a", 0), |bytes| bytes.truncate(frames[0].end));
    for _ in 0..2 {
        let (engine, report) = open(&disk);
        assert_eq!(report.quarantined.len(), 1);
        assert_eq!(read_all(&engine), (records_but(&[1, 2]), vec![2..5]));
    }
    let (engine, _) = open(&disk);
    assert_eq!(append(&engine, &batch(1, &["d"])).first_offset, 5);
    let expected = || {
        let mut records = records_but(&[1, 2]);
        records.push((5, "d".to_owned()));
        (records, vec![2..5])
    };
    assert_eq!(read_all(&engine), expected());
    drop(engine);
    disk.lose_power();
    let (engine, report) = open(&disk);
    assert_eq!((report.segments, report.quarantined.len()), (2, 0));
    assert_eq!(read_all(&engine), expected());
}

#[test]
fn every_offset_is_found_through_the_index_before_and_after_reopening() {
    let disk = SimulatedDisk::new(1);
    let options = LogOptions { segment_bytes_max: 1 << 20, ..LogOptions::default() };
    let (engine, _) = try_open(&disk, &options).unwrap();
    let mut random = Random::new(1);
    for _ in 0..60 {
        let noise: String = (0..5000).map(|_| format!("{:x}", random.next())).collect();
        append(&engine, &batch(1, &[&noise, "x", "y"]));
    }
    let check = |engine: &Engine| {
        for from in 0..180 {
            let chunk = engine.read(&stream("a"), from, 1).unwrap();
            assert_eq!((chunk.batches[0].first_offset, chunk.quarantined.len()), (from, 0));
            assert_eq!(chunk.next_offset, from - from % 3 + 3);
        }
    };
    check(&engine);
    drop(engine);
    let (engine, report) = try_open(&disk, &options).unwrap();
    assert!(report.segments > 2 && report.bytes > 2 << 20, "{report:?}");
    check(&engine);
}

#[test]
fn a_directory_without_a_readable_version_is_not_touched() {
    let (disk, _) = three_frames();
    let version = Path::new(ROOT).join("VERSION");
    for (text, is_newer) in [("sentra-backbone 2\nsecret 00\n", true), ("", false), ("sentra", false)] {
        disk.damage(&version, |bytes| *bytes = text.as_bytes().to_vec());
        let error = try_open(&disk, &LogOptions::default()).unwrap_err();
        let is_expected = match error {
            LogError::NewerVersion { found: 2, supported: 1, .. } => is_newer,
            LogError::Damaged { .. } => !is_newer,
            _ => false,
        };
        assert!(is_expected, "{text:?}: {error}");
    }
    crate::disk::Disk::remove(&disk, &version).unwrap();
    let error = try_open(&disk, &LogOptions::default()).unwrap_err();
    assert!(matches!(error, LogError::Damaged { .. }), "{error}");
}

#[test]
fn a_group_is_one_fsync() {
    let disk = SimulatedDisk::new(1);
    let (engine, _) = open(&disk);
    append(&engine, &batch(1, &["first"]));
    let before = disk.syncs();
    let prepared =
        |n: u64| Prepared { stream: stream("a"), frame: Encoded::new(&batch(1, &[&n.to_string()])).unwrap() };
    let group: Vec<_> = (0..100).map(prepared).collect();
    let outcomes = engine.commit_group(&group);
    assert_eq!(disk.syncs() - before, 1);
    let offsets: Vec<_> = outcomes.into_iter().map(|outcome| outcome.unwrap().first_offset).collect();
    assert_eq!(offsets, (1..=100).collect::<Vec<_>>());
}

/// A full disk refuses, loses nothing and takes again when there is room (law LOSS).
#[test]
fn a_full_disk_refuses_and_recovers() {
    let (disk, _) = three_frames();
    let (engine, _) = open(&disk);
    for room in 0..HEADER_BYTES as u64 + 20 {
        disk.set_faults(Faults { bytes_max: Some(disk.bytes() + room), ..Faults::default() });
        let prepared = Prepared { stream: stream("a"), frame: Encoded::new(&batch(1, &["no"])).unwrap() };
        let used = engine.budget.used();
        engine.budget.reserve(Topic::Raw, prepared.frame.len()).unwrap();
        let outcome = engine.commit_group(&[prepared]).remove(0);
        assert!(matches!(outcome, Err(LogError::Full { .. })), "room {room}: {outcome:?}");
        assert_eq!(engine.budget.used(), used);
    }
    assert_eq!(engine.poison.reason(), None);
    assert_eq!(read_all(&engine), (records_but(&[]), vec![]));
    disk.set_faults(Faults::default());
    assert_eq!(append(&engine, &batch(1, &["d"])).first_offset, 6);
    drop(engine);
    disk.lose_power();
    let (engine, report) = open(&disk);
    assert_eq!((report.truncated, report.quarantined), (vec![], vec![]));
    assert_eq!(read_all(&engine).0.len(), 7);
}

/// Law ACK: a failed fsync ends the log; what was durable before stays readable.
#[tokio::test]
async fn a_failed_fsync_poisons_the_log() {
    let (disk, _) = three_frames();
    let clock = Arc::new(ManualClock::default());
    let (log, _) =
        SegmentLog::open_on(Arc::new(disk.clone()), Path::new(ROOT), LogOptions::default(), clock).unwrap();
    let until_poisoned = log.until_poisoned();
    assert_eq!(log.poisoned(), None);
    disk.set_faults(Faults { sync_fails_in: Some(1), ..Faults::default() });
    for _ in 0..3 {
        let error = log.append(&stream("a"), batch(1, &["lost"])).await.unwrap_err();
        assert!(matches!(error, LogError::Poisoned { .. }), "{error}");
    }
    let reason = until_poisoned.await;
    assert!(reason.contains("sync") && log.poisoned() == Some(reason));
    let error = log.wait_beyond(&stream("a"), 6).await.unwrap_err();
    assert!(matches!(error, LogError::Poisoned { .. }), "{error}");
    let error = log.commit("detect", &stream("a"), 1).await.unwrap_err();
    assert!(matches!(error, LogError::Poisoned { .. }), "{error}");
    assert_eq!(log.extent(&stream("a")).await.unwrap().end, 6);
    assert_eq!(log.read(&stream("a"), 0, 10_000).await.unwrap().batches.len(), 3);
}
