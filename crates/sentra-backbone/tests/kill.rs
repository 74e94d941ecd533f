//! Law ACK against a real `SIGKILL`: a process that appends is killed at any moment, and every record that it
//! had acknowledged is found again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of a test may panic"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use sentra_backbone::{AppendBatch, EventLog, LogOptions, SegmentLog, Stream};
use sentra_model::{ManualClock, OwnedRecord, Source, SourceKind, TenantId, Timestamp, Topic};

const CHILD_DIRECTORY: &str = "SENTRA_KILL_TEST_DIRECTORY";
const CHILD_SEED: &str = "SENTRA_KILL_TEST_SEED";

fn stream(partition: u32) -> Stream {
    Stream { tenant: TenantId::default_tenant(), topic: Topic::Raw, partition }
}

fn open(directory: &Path) -> SegmentLog {
    // Small segments and commits, so that kills hit their borders.
    let options = LogOptions {
        segment_bytes_max: 256 * 1024,
        commit_bytes_max: 64 * 1024,
        commit_wait_ms: 1,
        ..LogOptions::default()
    };
    SegmentLog::open(directory, options, Arc::new(ManualClock::default())).unwrap().0
}

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn some_batch(state: &mut u64) -> AppendBatch {
    let count = 1 + next(state) % 20;
    let record = |position| {
        let length = next(state) % 200;
        OwnedRecord { position, bytes: (0..length).flat_map(|_| next(state).to_le_bytes()).collect() }
    };
    AppendBatch {
        received: Timestamp::from_seconds(1),
        source: Source {
            kind: SourceKind::SyslogTcp,
            origin: "198.51.100.4".to_owned(),
            format: None,
            reference: Timestamp::from_seconds(1),
        },
        records: (0..count).map(record).collect(),
    }
}

fn checksum<'a>(records: impl Iterator<Item = &'a [u8]>) -> u32 {
    records.fold(0, |crc, bytes| {
        let crc = crc32c::crc32c_append(crc, &(bytes.len() as u64).to_le_bytes());
        crc32c::crc32c_append(crc, bytes)
    })
}

/// Not a test of its own: what the killed process does.
#[test]
fn child_appends_until_it_is_killed() {
    let Some(directory) = std::env::var_os(CHILD_DIRECTORY) else { return };
    let seed: u64 = std::env::var(CHILD_SEED).unwrap().parse().unwrap();
    let log = Arc::new(open(Path::new(&directory)));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let mut producers = Vec::new();
        for producer in 0..6_u64 {
            let log = Arc::clone(&log);
            producers.push(tokio::spawn(async move {
                let mut state = seed.wrapping_mul(1000) + producer;
                let target = stream((producer % 2) as u32);
                loop {
                    let batch = some_batch(&mut state);
                    let crc = checksum(batch.records.iter().map(|record| record.bytes.as_slice()));
                    let appended = log.append(&target, batch).await.unwrap();
                    let (partition, first, count) = (target.partition, appended.first_offset, appended.count);
                    let line = format!("acknowledged {partition} {first} {count} {crc}\n");
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            }));
        }
        // They never end by themselves: the first one that does has failed.
        producers.remove(0).await.unwrap();
    });
}

/// What was acknowledged: (partition, first offset) -> (count, checksum).
type Acknowledged = BTreeMap<(u32, u64), (u64, u32)>;

/// A line of the child; `None` for the test harness's own, and for one that the kill has cut.
fn parse(line: &str) -> Option<((u32, u64), (u64, u32))> {
    let numbers = line.strip_suffix('\n')?.strip_prefix("acknowledged ")?;
    let numbers: Vec<u64> = numbers.split(' ').map(|number| number.parse().unwrap()).collect();
    let [partition, first, count, crc] = numbers[..] else { panic!("the child said {line:?}") };
    Some(((partition as u32, first), (count, crc as u32)))
}

/// Runs the child, kills it `after` its first acknowledgement and adds what it had acknowledged.
fn run_and_kill(directory: &Path, seed: u64, after: Duration, acknowledged: &mut Acknowledged) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child_appends_until_it_is_killed", "--exact", "--nocapture"])
        .env(CHILD_DIRECTORY, directory)
        .env(CHILD_SEED, seed.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut child_output = BufReader::new(child.stdout.take().unwrap());
    let mut child = Some(child);
    let mut killer = None;
    let mut line = String::new();
    while child_output.read_line(&mut line).unwrap() > 0 {
        if let Some((place, content)) = parse(&line) {
            assert_eq!(acknowledged.insert(place, content), None, "offset {place:?} was given twice");
            if let Some(mut child) = child.take() {
                killer = Some(std::thread::spawn(move || {
                    std::thread::sleep(after);
                    child.kill().unwrap();
                    child.wait().unwrap()
                }));
            }
        }
        line.clear();
    }
    let status = killer.expect("the child acknowledged nothing").join().unwrap();
    assert_eq!(status.signal(), Some(9), "the child ended by itself");
}

/// Reads every partition from `from` on and takes what is found there off `missing`.
async fn find(log: &SegmentLog, from: &[u64; 2], missing: &mut Acknowledged) -> [u64; 2] {
    let mut ends = [0; 2];
    for partition in 0..2 {
        let mut records: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
        let mut next = from[partition as usize];
        let end = log.extent(&stream(partition)).await.unwrap().end;
        while next < end {
            let chunk = log.read(&stream(partition), next, 1 << 20).await.unwrap();
            assert!(chunk.next_offset > next);
            next = chunk.next_offset;
            for stored in &chunk.batches {
                records.extend(stored.records().map(|(offset, record)| (offset, record.bytes.to_vec())));
            }
        }
        missing.retain(|(of, first), (count, crc)| {
            let found = (*first..*first + *count).filter_map(|offset| records.get(&offset));
            let is_there = *of == partition
                && records.range(*first..*first + *count).count() as u64 == *count
                && checksum(found.map(Vec::as_slice)) == *crc;
            !is_there
        });
        ends[partition as usize] = end;
    }
    ends
}

#[test]
fn acknowledged_records_survive_sigkill() {
    let kills = std::env::var("SENTRA_KILLS").map_or(20, |text| text.parse().expect("a number of kills"));
    let directory = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut state = 7;
    let (mut all, mut from) = (Acknowledged::new(), [0; 2]);
    for kill in 0..kills {
        let after = Duration::from_micros(next(&mut state) % 150_000);
        let before = all.clone();
        run_and_kill(directory.path(), kill, after, &mut all);
        let log = open(directory.path());
        let mut missing: Acknowledged =
            all.iter().filter(|(place, _)| !before.contains_key(place)).map(|(p, c)| (*p, *c)).collect();
        assert!(!missing.is_empty());
        from = runtime.block_on(find(&log, &from, &mut missing));
        assert!(
            missing.is_empty(),
            "kill {kill}: {} acknowledged batches are gone: {missing:?}",
            missing.len()
        );
    }
    let log = open(directory.path());
    let mut missing = all.clone();
    runtime.block_on(find(&log, &[0; 2], &mut missing));
    assert!(missing.is_empty(), "{} acknowledged batches are gone: {missing:?}", missing.len());
    let records: u64 = all.values().map(|(count, _)| count).sum();
    println!("{kills} kills, {} acknowledged batches, {records} records, none lost", all.len());
}
