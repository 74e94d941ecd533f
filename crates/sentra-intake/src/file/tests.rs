use std::collections::BTreeMap;
use std::fs;

use sentra_model::{DeadReason, ManualClock, Timestamp};

use super::*;
use crate::inflate::tests::{gzip, zstandard};

#[derive(Debug, Default)]
struct Taken {
    /// Records by file name.
    records: BTreeMap<String, Vec<(u64, String)>>,
    letters: Vec<DeadLetter>,
    problems: Vec<FileProblem>,
    largest_batch: usize,
    progress: u64,
    batches_left: Option<usize>,
}

impl RecordSink for Taken {
    fn records(&mut self, source: &Source, records: Vec<OwnedRecord>) -> ControlFlow<()> {
        self.largest_batch = self.largest_batch.max(records.len());
        let name = source.origin.rsplit('/').next().unwrap().to_owned();
        let taken = self.records.entry(name).or_default();
        taken.extend(
            records
                .into_iter()
                .map(|record| (record.position, String::from_utf8_lossy(&record.bytes).into_owned())),
        );
        if let Some(left) = &mut self.batches_left {
            *left -= 1;
            if *left == 0 {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    fn dead_letter(&mut self, letter: DeadLetter) -> ControlFlow<()> {
        self.letters.push(letter);
        ControlFlow::Continue(())
    }

    fn problem(&mut self, problem: FileProblem) {
        self.problems.push(problem);
    }

    fn progress(&mut self, bytes: u64) {
        self.progress += bytes;
    }
}

impl Taken {
    fn reasons(&self) -> Vec<(u64, DeadReason)> {
        self.letters.iter().map(|letter| (letter.position, letter.reason)).collect()
    }
}

fn options() -> FileOptions {
    FileOptions {
        format: None,
        line_bytes_max: 1_000,
        batch_bytes_max: 4_000,
        batch_records_max: 100,
        document_bytes_max: 100_000,
    }
}

fn read_into(path: &Path, taken: &mut Taken) {
    let clock = ManualClock::new(Timestamp::from_seconds(1_000));
    let _ = read_records(&[path.to_owned()], &options(), &clock, taken);
}

/// What comes out of one file with these bytes.
fn read(bytes: &[u8]) -> Taken {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("file"), bytes).unwrap();
    let mut taken = Taken::default();
    read_into(directory.path(), &mut taken);
    assert_eq!(taken.progress, bytes.len() as u64, "progress counts the bytes on disk");
    taken
}

fn lines(count: u64) -> String {
    (1..=count).map(|number| format!("Jan  1 00:00:00 host sshd[1]: line {number}\n")).collect()
}

fn expected(count: u64) -> Vec<(u64, String)> {
    lines(count).lines().enumerate().map(|(index, line)| (index as u64 + 1, line.to_owned())).collect()
}

#[test]
fn a_file_is_read_as_what_it_contains_whatever_its_name() {
    let text = lines(5_000);
    for bytes in [text.clone().into_bytes(), gzip(text.as_bytes()), zstandard(text.as_bytes())] {
        let taken = read(&bytes);
        assert_eq!(taken.records["file"], expected(5_000));
        assert!(taken.letters.is_empty() && taken.problems.is_empty(), "{:?}", taken.problems);
        assert!(taken.largest_batch <= 100);
    }
}

#[test]
fn what_came_before_the_end_of_a_truncated_archive_is_taken() {
    let text = lines(20_000);
    for mut packed in [gzip(text.as_bytes()), zstandard(text.as_bytes())] {
        packed.truncate(packed.len() * 3 / 4);
        let taken = read(&packed);
        let records = &taken.records["file"];
        assert!(records.len() > 1_000, "{} records", records.len());
        assert_eq!(*records, expected(20_000)[..records.len()], "no torn line is taken for a record");
        assert_eq!(taken.reasons(), [(records.len() as u64 + 1, DeadReason::Container)]);
    }
}

#[test]
fn an_archive_broken_from_its_beginning_is_one_letter() {
    let taken = read(b"\x1f\x8b\x08\x00garbage that is no deflate stream at all");
    assert_eq!(taken.reasons(), [(1, DeadReason::Container)]);
    assert!(taken.records.is_empty());
}

/// Laws LIMIT and LOSS.
#[test]
fn a_line_without_end_is_one_letter_and_the_rest_goes_on() {
    let text = ["before\n".to_owned(), "x".repeat(3_000_000), "\nafter\n".to_owned()].concat();
    let taken = read(text.as_bytes());
    assert_eq!(taken.records["file"], [(1, "before".to_owned()), (3, "after".to_owned())]);
    assert_eq!(taken.reasons(), [(2, DeadReason::TooLong)]);
    assert!(taken.letters[0].excerpt.len() <= 1_024);
    assert!(taken.letters[0].detail.contains("3000000 bytes"), "{}", taken.letters[0].detail);
}

#[test]
fn json_documents_are_taken_apart_and_lines_of_json_are_not() {
    let document = "[{\"a\":1},\n {\"a\":2}]";
    assert_eq!(read(document.as_bytes()).records["file"].len(), 2);
    let trail = "\u{feff}{\"Records\": [{\"a\":1},{\"a\":2},{\"a\":3}]}";
    assert_eq!(read(trail.as_bytes()).records["file"].len(), 3);
    assert_eq!(read(b"{\n \"a\": 1\n}\n").records["file"].len(), 1);
    let ndjson = read(b"{\"a\":1}\n{\"a\":2}\n");
    let positions: Vec<u64> = ndjson.records["file"].iter().map(|(position, _)| *position).collect();
    assert_eq!(positions, [1, 2]);
    let broken = read(b"[{\"a\":1},{\"a\":");
    assert_eq!(broken.reasons(), [(1, DeadReason::Malformed)]);
}

#[test]
fn a_document_too_large_for_memory_is_read_as_lines() {
    let element = format!("{{\"a\":\"{}\"}},\n", "x".repeat(100));
    let document = format!("[{{\"a\":1}},\n{}{{\"a\":2}}]", element.repeat(2_000));
    let taken = read(document.as_bytes());
    assert_eq!(taken.records["file"].len(), 2_002);
}

#[test]
fn what_is_no_text_is_a_letter_or_a_problem() {
    let elf = [b"\x7fELF".to_vec(), vec![0; 1_000]].concat();
    assert_eq!(read(&elf).reasons(), [(0, DeadReason::Binary)]);
    let twice = read(&gzip(&gzip(b"x\n")));
    assert_eq!(twice.reasons(), [(0, DeadReason::Binary)]);
    assert!(twice.letters[0].detail.contains("compressed twice"));
    assert_eq!(read(b"ElfFile\0 but no EVTX").reasons(), [(1, DeadReason::Container)]);
    assert_eq!(read(b"caf\xe9\n").records["file"].len(), 1, "invalid UTF-8 is for the decoder to judge");
    for nothing in [&b""[..], b"\n \n", &gzip(b"")] {
        let taken = read(nothing);
        assert!(matches!(taken.problems[..], [FileProblem { kind: FileProblemKind::Empty, .. }]));
        assert!(!taken.problems[0].is_failure());
    }
}

#[test]
fn directories_are_read_sorted_and_without_what_is_no_log() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::create_dir_all(path.join("b/c")).unwrap();
    for name in ["z", "a", "b/c/deep", ".hidden", "b/m"] {
        fs::write(path.join(name), format!("line of {name}\n")).unwrap();
    }
    std::os::unix::fs::symlink(path, path.join("b/loop")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(path.join("socket")).unwrap();
    let mut taken = Taken::default();
    read_into(path, &mut taken);
    let all: Vec<&str> = taken.records.values().flatten().map(|(_, line)| line.as_str()).collect();
    assert_eq!(all, ["line of a", "line of b/c/deep", "line of b/m", "line of z"]);
    assert!(taken.problems.is_empty(), "{:?}", taken.problems);
    let mut named = Taken::default();
    read_into(&path.join("socket"), &mut named);
    assert!(matches!(named.problems[..], [FileProblem { kind: FileProblemKind::Special, .. }]));
    let expected_bytes: u64 = ["a", "b/c/deep", "b/m", "z"].iter().map(|name| 9 + name.len() as u64).sum();
    assert_eq!(total_bytes(&[path.to_owned()]), expected_bytes);
}

#[test]
fn a_missing_file_is_a_problem_and_the_rest_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let there = directory.path().join("there");
    fs::write(&there, "line\n").unwrap();
    let clock = ManualClock::new(Timestamp::from_seconds(1_000));
    let mut taken = Taken::default();
    let _ = read_records(&[directory.path().join("missing"), there], &options(), &clock, &mut taken);
    assert_eq!(taken.records["there"].len(), 1);
    assert!(taken.problems[0].is_failure());
    assert!(taken.problems[0].to_string().ends_with("missing: cannot read it"), "{}", taken.problems[0]);
}

#[test]
fn the_reference_time_is_the_modification_time() {
    struct Reference(Option<Timestamp>);
    impl RecordSink for Reference {
        fn records(&mut self, source: &Source, _: Vec<OwnedRecord>) -> ControlFlow<()> {
            self.0 = Some(source.reference);
            ControlFlow::Continue(())
        }
        fn dead_letter(&mut self, _: DeadLetter) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }
        fn problem(&mut self, _: FileProblem) {}
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("old.log");
    fs::write(&path, "line\n").unwrap();
    let modified = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_400_000_000);
    fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    let clock = ManualClock::new(Timestamp::from_seconds(1_000));
    let mut sink = Reference(None);
    let _ = read_records(&[path], &options(), &clock, &mut sink);
    assert_eq!(sink.0, Some(Timestamp::from_seconds(1_400_000_000)));
}

#[test]
fn a_sink_that_has_enough_ends_the_reading() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        fs::write(directory.path().join(name), lines(1_000)).unwrap();
    }
    let mut taken = Taken { batches_left: Some(2), ..Taken::default() };
    read_into(directory.path(), &mut taken);
    assert_eq!(taken.records.len(), 1, "the second file was not opened");
    assert!(taken.records["a"].len() < 300);
}

/// The records of an audit event stand in several lines, and the lines of a Zeek file need its header.
#[test]
fn lines_that_belong_together_are_one_record() {
    let directory = tempfile::tempdir().unwrap();
    let audit = "type=SYSCALL msg=audit(1772359200.100:7): arch=c000003e syscall=59 exe=\"/usr/bin/id\"\n\
                 type=USER_CMD msg=audit(1772359200.200:8): pid=1\n\
                 type=PROCTITLE msg=audit(1772359200.100:7): proctitle=6964\n";
    let zeek =
        "#separator \\x09\n#path\tdns\n#fields\tts\tquery\n#types\ttime\tstring\n1772359200.0\texample.com\n";
    fs::write(directory.path().join("audit.log"), audit).unwrap();
    fs::write(directory.path().join("dns.log"), zeek).unwrap();
    let mut taken = Taken::default();
    let clock = ManualClock::new(Timestamp::from_seconds(0));
    let _ = read_records(&[directory.path().to_owned()], &options(), &clock, &mut taken);
    let audit: Vec<usize> =
        taken.records["audit.log"].iter().map(|(_, record)| record.lines().count()).collect();
    assert_eq!(audit.iter().sum::<usize>(), 3, "no line is lost");
    assert!(audit.contains(&2), "{:?}", taken.records["audit.log"]);
    let dns = &taken.records["dns.log"];
    assert_eq!(dns.len(), 1, "{dns:?}");
    assert!(
        dns[0].1.starts_with("#zeek_tsv ") && dns[0].1.ends_with("\n1772359200.0\texample.com"),
        "{dns:?}"
    );
}
