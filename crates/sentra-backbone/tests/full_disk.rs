//! A disk that is really full: a small file system of its own, where this machine lets a test make one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of a test may panic, and a test that cannot run says so"
)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use sentra_backbone::{
    AppendBatch, EventLog, LogError, LogOptions, Retention, SegmentLog, Stream, TopicRetention,
};
use sentra_model::{ManualClock, OwnedRecord, Source, SourceKind, TenantId, Timestamp, Topic};

const CHILD_DIRECTORY: &str = "SENTRA_FULL_DISK_TEST_DIRECTORY";
const DISK_BYTES: u64 = 8 << 20;
/// Mounts a file system where nobody but the child sees it, and gives way to the child.
const MOUNT: &str = r#"mount -t tmpfs -o size="$1" tmpfs "$2" && shift 2 && exec "$@""#;

fn stream() -> Stream {
    Stream { tenant: TenantId::default_tenant(), topic: Topic::Raw, partition: 0 }
}

fn open(directory: &Path) -> SegmentLog {
    let hold_consumers = vec!["factory".to_owned()];
    let raw = Retention { bytes_max: Some(2 << 20), age_s_max: None, hold_consumers };
    let options = LogOptions {
        segment_bytes_max: 512 * 1024,
        retention: TopicRetention { raw, ..TopicRetention::default() },
        ..LogOptions::default()
    };
    SegmentLog::open(directory, options, Arc::new(ManualClock::default())).unwrap().0
}

/// Noise that does not compress, different for every number.
fn some_batch(number: u64) -> AppendBatch {
    let mut state = number;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
    };
    let bytes = (0..1 + number % 5000).flat_map(|_| next().to_le_bytes()).collect();
    AppendBatch {
        received: Timestamp::from_seconds(1),
        source: Source {
            kind: SourceKind::SyslogTcp,
            origin: "198.51.100.4".to_owned(),
            format: None,
            reference: Timestamp::from_seconds(1),
        },
        records: vec![OwnedRecord { position: number, bytes }],
    }
}

/// Appends batch after batch until the disk is full; the number of those acknowledged so far.
async fn fill(log: &SegmentLog, mut acknowledged: u64) -> u64 {
    loop {
        // The offset is the number: every batch has one record, and a refused one takes no offset.
        match log.append(&stream(), some_batch(acknowledged)).await {
            Ok(appended) => {
                assert_eq!((appended.first_offset, appended.count), (acknowledged, 1));
                acknowledged += 1;
            }
            Err(LogError::Full { .. }) => return acknowledged,
            Err(error) => panic!("a full disk was answered with {error}"),
        }
    }
}

async fn check(log: &SegmentLog, end: u64) {
    let extent = log.extent(&stream()).await.unwrap();
    assert_eq!(extent.end, end);
    let mut next = extent.begin;
    while next < extent.end {
        let chunk = log.read(&stream(), next, 1 << 20).await.unwrap();
        assert_eq!((chunk.quarantined.len(), chunk.skipped), (0, None));
        for stored in &chunk.batches {
            for (offset, record) in stored.records() {
                assert_eq!(record.bytes, some_batch(offset).records[0].bytes, "offset {offset}");
                assert_eq!(offset, next);
                next += 1;
            }
        }
    }
}

/// Not a test of its own: what runs on the small file system.
#[tokio::test]
async fn child_fills_its_disk() {
    let Some(directory) = std::env::var_os(CHILD_DIRECTORY) else { return };
    let directory = Path::new(&directory).join("log");
    let mut acknowledged = 0;
    for round in 0..4 {
        let log = open(&directory);
        check(&log, acknowledged).await;
        // So that retention waits, and with a file that is there before the disk is full.
        log.commit("factory", &stream(), acknowledged).await.unwrap();
        let before = acknowledged;
        acknowledged = fill(&log, acknowledged).await;
        assert!(acknowledged > before + 50, "round {round}: {before} to {acknowledged}");
        // Again and again: it stays refused, the log stays well, and what was taken stays readable.
        for _ in 0..20 {
            let large =
                AppendBatch { records: vec![some_batch(4999).records[0].clone(); 40], ..some_batch(1) };
            let error = log.append(&stream(), large).await.unwrap_err();
            assert!(matches!(error, LogError::Full { .. }), "{error}");
        }
        assert_eq!(log.poisoned(), None);
        check(&log, acknowledged).await;
        drop(log);
        let log = open(&directory);
        check(&log, acknowledged).await;
        // The consumer passes the first half: retention frees it, on a disk without a free byte.
        let begin = log.extent(&stream()).await.unwrap().begin;
        let middle = begin.midpoint(acknowledged);
        log.commit("factory", &stream(), middle).await.unwrap();
        let report = log.retain().await.unwrap();
        let freed: u64 = report.removed.iter().map(|removed| removed.bytes).sum();
        assert!(freed >= 1 << 20, "round {round}: {report:?}");
        assert_eq!(report.held.len(), 1);
        log.append(&stream(), some_batch(acknowledged)).await.unwrap();
        acknowledged += 1;
        check(&log, acknowledged).await;
    }
    eprintln!("the disk was full 4 times, {acknowledged} records were acknowledged and none lost");
}

#[test]
fn a_full_file_system_refuses_loses_nothing_and_takes_again() {
    let directory = tempfile::tempdir().unwrap();
    let unshare = |arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "--", "sh", "-c", MOUNT, "sh"]);
        command.arg(DISK_BYTES.to_string()).arg(directory.path()).args(arguments);
        command.env(CHILD_DIRECTORY, directory.path()).output()
    };
    match unshare(&["true"]) {
        Err(error) => return eprintln!("SKIP: cannot run unshare to mount a small file system: {error}"),
        Ok(probe) if !probe.status.success() => {
            let reason = String::from_utf8_lossy(&probe.stderr).trim().to_owned();
            return eprintln!("SKIP: cannot mount a small file system: {reason}");
        }
        Ok(_) => {}
    }
    std::fs::write(directory.path().join("not-seen"), "by the child").unwrap();
    let program = std::env::current_exe().unwrap();
    let child =
        unshare(&[program.to_str().unwrap(), "child_fills_its_disk", "--exact", "--nocapture"]).unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    assert!(child.status.success(), "{text}");
    assert!(text.contains("the disk was full 4 times"), "{text}");
    assert!(!directory.path().join("log").try_exists().unwrap(), "the log was written beside the small disk");
}
