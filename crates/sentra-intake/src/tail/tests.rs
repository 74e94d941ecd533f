use std::sync::Arc;
use std::time::Duration;

use sentra_backbone::{EventLog, LogOptions, MemoryLog, SegmentLog};
use sentra_model::{DeadReason, ManualClock};
use tokio_util::sync::CancellationToken;

use super::delivery::Delivery;
use super::follower::TailLimits;
use super::print::PRINT_BYTES_MAX;
use super::test_kit::{Crash, Kit, read, stream};

fn lines(prefix: &str, count: usize) -> String {
    (0..count).map(|n| format!("{prefix} line {n:05}\n")).collect()
}

fn expected(prefixes: &[(&str, usize)]) -> Vec<String> {
    prefixes
        .iter()
        .flat_map(|(prefix, n)| lines(prefix, *n).lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

#[test]
fn a_file_is_followed_as_it_grows() {
    let mut kit = Kit::new(&["app.log"]);
    kit.step(0);
    kit.write("app.log", "one\r\ntwo\nthr");
    kit.step(250);
    assert_eq!(kit.texts(), ["one", "two"]);
    kit.step(60_000);
    assert_eq!(kit.texts().len(), 2, "the last line is not whole, and its file not rotated");
    kit.write("app.log", "ee\n");
    kit.step(250);
    let taken = kit.records();
    assert_eq!(
        taken.iter().map(|one| (one.position, &*one.text)).collect::<Vec<_>>(),
        [(0, "one"), (5, "two"), (9, "three")]
    );
    assert!(taken.iter().all(|one| one.file == "app.log"));
}

#[test]
fn a_renamed_file_is_read_to_its_end() {
    for paths in [&["app.log"][..], &["app.log*"], &["."]] {
        let mut kit = Kit::new(paths);
        kit.write("app.log", lines("a", 3));
        kit.step(250);
        kit.write("app.log", lines("b", 300));
        kit.rename("app.log", "app.log.1");
        kit.write("app.log", lines("c", 2));
        kit.step(250);
        // Its writer has not noticed yet.
        kit.write("app.log.1", "late\nlast");
        kit.step(250);
        let mut all = expected(&[("a", 3), ("b", 300), ("c", 2)]);
        all.push("late".to_owned());
        assert_eq!(kit.texts(), all, "{paths:?}");
        kit.step(6_000);
        all.push("last".to_owned());
        assert_eq!(kit.texts(), all, "{paths:?}: nothing more comes, so the line goes out");
        assert!(kit.records().iter().all(|taken| taken.file == "app.log"), "the origin stays");
    }
}

#[test]
fn a_deleted_file_is_read_to_its_end_and_let_go() {
    let mut kit = Kit::new(&["*.log"]);
    kit.write("app.log", "one\n");
    kit.step(250);
    kit.write("app.log", lines("x", 500));
    kit.write("app.log", "end");
    kit.remove("app.log");
    kit.step(250);
    kit.step(6_000);
    kit.step(40_000);
    let mut all = vec!["one".to_owned()];
    all.extend(expected(&[("x", 500)]));
    all.push("end".to_owned());
    assert_eq!(kit.texts(), all);
    kit.step(250);
    assert!(kit.follower().files.is_empty());
    assert_eq!(kit.follower().places.files().count(), 0);
}

#[test]
fn a_truncated_file_is_read_from_its_beginning() {
    let mut kit = Kit::new(&["app.log"]);
    kit.write("app.log", lines("a", 100));
    kit.step(250);
    kit.truncate("app.log");
    kit.write("app.log", lines("b", 2));
    kit.step(250);
    kit.step(250);
    // As long as before, and longer.
    for prefix in ["c", "d"] {
        kit.truncate("app.log");
        kit.write("app.log", lines(prefix, if prefix == "c" { 2 } else { 20 }));
        kit.step(250);
        kit.step(250);
    }
    assert_eq!(kit.texts(), expected(&[("a", 100), ("b", 2), ("c", 2), ("d", 20)]));
}

/// Nobody looked between the truncation and the moment at which the file was longer than before: its bytes tell, at its
/// beginning or, where it begins as before, right before the place.
#[test]
fn a_truncated_file_that_has_grown_past_the_place_is_read_from_its_beginning() {
    let header = format!("#header {}\n", "h".repeat(2 * PRINT_BYTES_MAX));
    for beginning in ["", "#short\n", &header] {
        for old in [1, 3, 300] {
            for is_killed in [false, true] {
                let mut kit = Kit::new(&["app.log"]);
                kit.write("app.log", format!("{beginning}{}", lines("a", old)));
                kit.step(250);
                if is_killed {
                    kit.kill();
                }
                kit.truncate("app.log");
                kit.write("app.log", format!("{beginning}{}", lines("b", old + 50)));
                (0..3).for_each(|_| kit.step(250));
                let written = [beginning, &lines("a", old), beginning, &lines("b", old + 50)].concat();
                let all: Vec<&str> = written.lines().collect();
                assert_eq!(kit.texts(), all, "{} bytes, {old} lines, {is_killed}", beginning.len());
            }
        }
    }
}

/// What nobody can know is how it is said to be.
#[test]
fn what_copytruncate_loses_is_what_nobody_saw() {
    // Written after the copy was made, and gone with the truncation.
    let mut kit = Kit::new(&["app.log*"]);
    kit.write("app.log", lines("a", 100));
    kit.step(250);
    kit.write("app.log", lines("b", 100));
    std::fs::copy(kit.path("app.log"), kit.path("app.log.1")).unwrap();
    kit.write("app.log", lines("lost", 5));
    kit.truncate("app.log");
    kit.write("app.log", lines("c", 300));
    (0..3).for_each(|_| kit.step(250));
    let mut texts = kit.texts();
    texts.sort();
    assert_eq!(texts, expected(&[("a", 100), ("b", 100), ("c", 300)]));
    // The same bytes at the beginning and before the place: it looks as if it had grown.
    let mut kit = Kit::new(&["app.log"]);
    kit.write("app.log", "again\n".repeat(300));
    kit.step(250);
    kit.truncate("app.log");
    kit.write("app.log", "again\n".repeat(400));
    (0..3).for_each(|_| kit.step(250));
    assert_eq!(kit.texts().len(), 400, "of 700");
}

/// A copy is known by what it holds; a writer that does not append leaves a hole.
#[test]
fn copytruncate_doubles_and_loses_nothing_where_the_copy_is_followed() {
    for is_killed in [false, true] {
        for first in [3, 300] {
            let mut kit = Kit::new(&["app.log*"]);
            kit.write("app.log", lines("a", first));
            kit.step(250);
            kit.write("app.log", lines("b", 400));
            if is_killed {
                kit.kill();
            }
            kit.copy_truncate("app.log", "app.log.1");
            kit.write("app.log", lines("c", 5));
            kit.step(250);
            kit.step(250);
            kit.step(250);
            let mut texts = kit.texts();
            texts.sort();
            assert_eq!(texts, expected(&[("a", first), ("b", 400), ("c", 5)]), "{is_killed} {first}");
        }
    }
}

#[test]
fn a_copy_that_is_not_truncated_after_is_not_read_twice() {
    let mut kit = Kit::new(&["."]);
    kit.write("app.log", lines("a", 300));
    kit.step(250);
    // Half of the copy, then the rest, while the original goes on.
    let whole = std::fs::read(kit.path("app.log")).unwrap();
    kit.write("backup", &whole[..2_000]);
    kit.write("app.log", lines("b", 5));
    kit.step(250);
    kit.write("backup", &whole[2_000..]);
    for _ in 0..20 {
        kit.step(250);
    }
    assert_eq!(kit.texts(), expected(&[("a", 300), ("b", 5)]));
    // And when it goes its own way it is read.
    kit.write("backup", "own\n");
    kit.step(250);
    assert_eq!(kit.texts().last().unwrap(), "own");
}

/// What is written while a file is copied is in the file and in its copy.
#[test]
fn a_file_may_grow_while_it_is_copied() {
    for is_truncated in [true, false] {
        let mut kit = Kit::new(&["app.log*"]);
        kit.write("app.log", lines("a", 300));
        kit.step(250);
        kit.write("app.log.1", lines("a", 300));
        kit.step(250);
        for name in ["app.log", "app.log.1"] {
            kit.write(name, lines("b", 50));
        }
        kit.step(250);
        if is_truncated {
            for name in ["app.log", "app.log.1"] {
                kit.write(name, lines("c", 5));
            }
            kit.truncate("app.log");
        } else {
            kit.write("app.log", lines("c", 5));
        }
        (0..20).for_each(|_| kit.step(250));
        assert_eq!(kit.texts(), expected(&[("a", 300), ("b", 50), ("c", 5)]), "{is_truncated}");
    }
}

/// Law LOSS: files that begin with the same few lines are files of their own.
#[test]
fn files_with_the_same_header_are_read_each() {
    let mut kit = Kit::new(&["*.log"]);
    kit.write("a.log", "#header\n");
    kit.step(250);
    kit.write("b.log", "#header\n");
    kit.write("c.log", "#header\nbut longer\n");
    kit.step(250);
    kit.step(3_000);
    kit.step(250);
    assert_eq!(kit.texts(), ["#header", "#header", "#header", "but longer"]);
}

#[test]
fn a_hole_before_the_first_line_is_passed_over() {
    let mut kit = Kit::new(&["app.log"]);
    kit.write("app.log", lines("a", 100));
    kit.step(250);
    let at = std::fs::metadata(kit.path("app.log")).unwrap().len();
    kit.truncate("app.log");
    let file = std::fs::OpenOptions::new().write(true).open(kit.path("app.log")).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"after\n", at).unwrap();
    kit.step(250);
    kit.step(250);
    assert_eq!(kit.texts().last().unwrap(), "after");
    assert_eq!(kit.texts().len(), 101);
    assert!(kit.letters().is_empty());
}

#[test]
fn what_is_not_text_is_one_dead_letter() {
    let mut kit = Kit::new(&["."]);
    kit.write("program", b"\x7fELF\x02\x01\0\0");
    kit.write("windows.txt", b"\xff\xfea\0b\0\n\0");
    kit.write("bytes", b"abc\0def\n");
    kit.write("events.evtx", b"ElfFile\0\0\0\0");
    kit.write("packed", b"\x1f\x8b\x08\0\0\0\0\0\0\x03");
    kit.write("old.log.gz", b"whatever\n");
    kit.write("empty", b"");
    kit.write("reserved", [0; 5_000]);
    kit.write(".hidden", b"hidden\n");
    kit.step(250);
    kit.kill();
    kit.step(250);
    kit.write("bytes", b"more\n");
    kit.step(250);
    assert_eq!(kit.texts(), Vec::<String>::new());
    let letters = kit.letters();
    let details: Vec<_> = letters
        .iter()
        .map(|letter| {
            (letter.source.origin.rsplit('/').next().unwrap(), letter.reason, letter.detail.as_str())
        })
        .collect();
    assert_eq!(
        details,
        [
            ("bytes", DeadReason::Binary, "the bytes are not text"),
            (
                "events.evtx",
                DeadReason::Binary,
                "it is an EVTX file, which is not followed: read it with sentra ingest"
            ),
            ("program", DeadReason::Binary, "it is a program"),
            ("windows.txt", DeadReason::Binary, "it is UTF-16 text: convert it to UTF-8 first"),
        ]
    );
    // Something else in the same file is judged anew.
    kit.truncate("bytes");
    kit.write("bytes", b"text now\n");
    (0..4).for_each(|_| kit.step(250));
    assert_eq!(kit.texts(), ["text now"]);
}

#[test]
fn lines_over_the_limit_are_dead_letters() {
    let mut kit = Kit::new(&["app.log"]);
    kit.write("app.log", format!("one\n{}\ntwo\n{}", "x".repeat(5_000), "y".repeat(9_000)));
    kit.step(250);
    kit.write("app.log", "y\nthree\n");
    kit.step(250);
    assert_eq!(kit.texts(), ["one", "two", "three"]);
    let letters: Vec<_> = kit.letters().iter().map(|letter| (letter.position, letter.reason)).collect();
    assert_eq!(letters, [(4, DeadReason::TooLong), (5_009, DeadReason::TooLong)]);
}

#[test]
fn from_the_end_is_from_the_end_of_what_is_there_at_first() {
    let mut kit = Kit::new(&["*.log"]);
    kit.settings.from_end = true;
    kit.write("app.log", "old\nold too\nhal");
    kit.step(250);
    kit.write("app.log", "f\nnew\n");
    kit.write("other.log", "from its beginning\n");
    kit.kill();
    kit.step(250);
    kit.rename("app.log", "app.1.log");
    kit.write("app.log", "rotated\n");
    kit.step(250);
    assert_eq!(kit.texts(), ["half", "new", "from its beginning", "rotated"]);
}

/// Law IDENTITY: wherever a crash leaves the work, the next life goes on there.
#[test]
fn a_crash_at_any_point_doubles_and_loses_nothing() {
    let points = [
        Crash::BeforeTheIntent,
        Crash::AfterTheIntent,
        Crash::AfterAppends(1),
        Crash::AfterAppends(2),
        Crash::AfterAppends(3),
        Crash::AfterTheSettling,
    ];
    for first in points {
        for second in points {
            let mut kit = Kit::new(&["*.log"]);
            let long = "x".repeat(5_000);
            kit.write("app.log", format!("{}{long}\nafter\n", lines("a", 10)));
            kit.write("other.log", lines("o", 10));
            kit.crash(first);
            kit.write("app.log", lines("b", 300));
            kit.crash(second);
            kit.rename("app.log", "app.1.log");
            kit.step(250);
            let mut texts = kit.texts();
            texts.sort();
            let mut all = expected(&[("a", 10), ("b", 300), ("o", 10)]);
            all.push("after".to_owned());
            all.sort();
            assert_eq!(texts, all, "{first:?} {second:?}");
            assert_eq!(kit.letters().len(), 1, "{first:?} {second:?}");
        }
    }
}

/// Law LIMIT: no step takes more than a batch, and no file keeps the others waiting.
#[test]
fn one_batch_is_read_at_a_time() {
    let mut kit = Kit::new(&["*.log"]);
    kit.limits.batch_bytes_max = 1_000;
    for name in ["a.log", "b.log", "c.log"] {
        kit.write(name, lines(name, 200));
    }
    kit.follower();
    let mut served = Vec::new();
    for _ in 0..6 {
        let now = kit.now;
        let step = kit.follower().step(now).unwrap();
        let bytes: u64 = step.parts.iter().map(|part| part.bytes).sum();
        assert!((1..=1_000 + 20).contains(&bytes), "{bytes}");
        served.push(step.parts[0].key);
        let durable = (0..step.parts.len()).collect();
        let intents = Vec::new();
        kit.follower().places.intend(intents);
        kit.follower().settle(&step.parts, durable);
    }
    assert_eq!(served, [1, 2, 3, 1, 2, 3]);
}

#[test]
fn files_over_the_limits_are_told_and_wait() {
    let mut kit = Kit::new(&["*.log"]);
    kit.limits.tail_files_max = 3;
    kit.limits.tail_open_files_max = 2;
    for name in ["a", "b", "c", "d"] {
        kit.write(&format!("{name}.log"), format!("{name}\n"));
    }
    kit.step(250);
    kit.step(250);
    assert_eq!(kit.texts(), ["a", "b", "c"]);
    assert_eq!(kit.follower().told.len(), 1);
    assert!(kit.follower().files.values().filter(|watched| watched.file.is_some()).count() <= 2);
    for name in ["a", "b", "c"] {
        kit.write(&format!("{name}.log"), format!("{name} more\n"));
    }
    kit.step(250);
    assert_eq!(kit.texts()[3..], ["a more", "b more", "c more"]);
    kit.remove("a.log");
    kit.step(250);
    kit.step(40_000);
    kit.step(250);
    kit.step(250);
    assert_eq!(kit.texts().last().unwrap(), "d", "there is room again");
}

#[test]
fn the_lines_of_an_event_wait_for_each_other_but_not_for_ever() {
    let mut kit = Kit::new(&["audit.log"]);
    let line = |kind: &str| format!("type={kind} msg=audit(1700000000.123:7): x\n");
    kit.write("audit.log", line("SYSCALL"));
    kit.step(250);
    kit.write("audit.log", line("PATH"));
    kit.step(250);
    assert!(kit.texts().is_empty());
    kit.kill();
    kit.step(250);
    kit.step(2_500);
    assert_eq!(kit.texts(), [format!("{}{}", line("SYSCALL"), line("PATH")).trim_end().to_owned()]);
}

#[test]
fn the_header_of_a_zeek_file_is_known_after_a_restart() {
    let mut kit = Kit::new(&["conn.log"]);
    kit.write("conn.log", "#separator \\x09\n#path\tconn\n#fields\tts\tuid\n#types\ttime\tstring\n1.0\tC1\n");
    kit.step(250);
    kit.kill();
    kit.write("conn.log", "2.0\tC2\n");
    kit.step(250);
    let texts = kit.texts();
    assert_eq!(texts.len(), 2);
    assert!(texts.iter().all(|text| text.starts_with("#zeek_tsv path=conn")), "{texts:?}");
}

/// The asynchronous loop itself: from the first byte to the last one before the stop.
#[test]
fn the_loop_follows_until_it_is_stopped() {
    let kit = Kit::new(&["*.log"]);
    let log: Arc<dyn EventLog> = Arc::new(MemoryLog::new());
    let appender =
        crate::Appender::new(Arc::clone(&log), Arc::new(ManualClock::default()), crate::Limits::default());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for life in 0..3_u64 {
        let stop = CancellationToken::new();
        let places = kit.directory.path().join("sources");
        let task = runtime.spawn(super::follow(kit.settings.clone(), places, appender.clone(), stop.clone()));
        for n in 0..10 {
            kit.write("app.log", format!("life {life} line {n}\n"));
            runtime.block_on(log.wait_beyond(&stream(), life * 10 + n)).unwrap();
        }
        stop.cancel();
        runtime.block_on(task).unwrap().unwrap();
    }
    let taken = runtime.block_on(read(&*log, &stream()));
    let texts: Vec<_> = taken.into_iter().map(|taken| taken.text).collect();
    let all: Vec<_> = (0..3).flat_map(|life| (0..10).map(move |n| format!("life {life} line {n}"))).collect();
    assert_eq!(texts, all);
}

/// Law LOSS: a file that was known to be empty is held like any other.
#[test]
fn an_empty_file_is_held_open_after_a_restart() {
    let mut kit = Kit::new(&["app.log*"]);
    kit.write("app.log", "line 1\n");
    kit.step(100);
    kit.copy_truncate("app.log", "app.log.1");
    kit.crash(Crash::BeforeTheIntent);
    kit.step(100);
    kit.write("app.log", "line 2\n");
    kit.rename("app.log", "away");
    kit.step(100);
    assert_eq!(kit.texts(), ["line 1", "line 2"]);
}

/// A log of this directory with so much room for records.
fn log_with_room(kit: &Kit, disk_bytes_max: Option<u64>) -> (Arc<dyn EventLog>, crate::Appender) {
    let options = LogOptions { disk_bytes_max, ..LogOptions::default() };
    let clock = Arc::new(ManualClock::default());
    let (log, _) = SegmentLog::open(&kit.directory.path().join("log"), options, clock.clone()).unwrap();
    let log: Arc<dyn EventLog> = Arc::new(log);
    (Arc::clone(&log), crate::Appender::new(log, clock, kit.limits.clone()))
}

/// Law LOSS: without room in the log nothing is read on, and nothing is lost or doubled when there is room again.
#[test]
fn a_full_log_is_waited_for() {
    let mut kit = Kit::new(&["*.log"]);
    // Lines that cannot be compressed to nothing.
    let line = |n: u32| format!("{n} {}\n", blake3::hash(&n.to_le_bytes()).to_hex().repeat(2));
    let written: String = (0..3_000).map(line).collect();
    kit.write("app.log", &written);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stopped = CancellationToken::new();
    stopped.cancel();
    let mut refusals = 0;
    for disk_bytes_max in [Some(50_000), Some(100_000), None] {
        let (log, appender) = log_with_room(&kit, disk_bytes_max);
        let delivery = Delivery::new(appender.clone(), kit.settings.tenant.clone());
        let (settings, places) = (kit.settings.clone(), kit.directory.path().join("sources"));
        let opened =
            super::open(settings, places, &appender, &delivery, TailLimits::from(&kit.limits), kit.now);
        let mut follower = runtime.block_on(opened).unwrap();
        loop {
            kit.now += Duration::from_millis(250);
            let step = follower.step(kit.now).unwrap();
            if step.parts.is_empty() {
                break;
            }
            follower.places.intend(runtime.block_on(delivery.intents(&step.parts)).unwrap());
            follower.places.sync().unwrap();
            let durable = runtime.block_on(delivery.append(&step.parts, &stopped)).unwrap();
            let is_full = durable.len() < step.parts.len();
            follower.settle(&step.parts, durable);
            if is_full {
                refusals += 1;
                break;
            }
        }
        if disk_bytes_max.is_none() {
            let taken = runtime.block_on(read(&*log, &stream()));
            let texts: Vec<_> = taken.into_iter().map(|taken| taken.text).collect();
            assert_eq!(texts, written.lines().collect::<Vec<_>>());
        }
    }
    assert_eq!(refusals, 2);
}
