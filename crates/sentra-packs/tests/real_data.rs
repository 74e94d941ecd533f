//! How often the rules of the cases speak on real logs: on attacks, and where nothing happened.

// Helpers of tests are not inside `#[test]` functions, where clippy allows these.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing
)]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sentra_decode::{DecodeOptions, Decoder};
use sentra_model::{RawRecord, Source, SourceKind, Timestamp};
use sentra_packs::{Scanner, built_in_packs, compile_rules};

/// A file or directory of the real data; `None` says why.
fn real_data(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    if !path.try_exists().unwrap() {
        println!("SKIP {name}: no real data at {}", path.display());
        return None;
    }
    Some(path)
}

/// The lines of a log, or the `log` of every line of Panther's samples.
fn lines_of(path: &Path) -> Vec<Vec<u8>> {
    let mut bytes = std::fs::read(path).unwrap();
    if path.extension().is_some_and(|extension| extension == "zst") {
        let mut text = Vec::new();
        zstd::Decoder::new(bytes.as_slice()).unwrap().read_to_end(&mut text).unwrap();
        bytes = text;
    }
    let is_panther = path.to_string_lossy().contains("panther");
    let line = |line: &[u8]| match is_panther {
        true => serde_json::from_slice::<serde_json::Value>(line).unwrap()["log"].to_string().into_bytes(),
        false => line.to_vec(),
    };
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(line).collect()
}

/// How often each rule of the case packs spoke on `files`, by its title, and how many events there were.
fn findings(files: &[PathBuf]) -> (BTreeMap<String, usize>, u64) {
    let (rules, _) = compile_rules(&built_in_packs());
    let rules = Arc::new(rules);
    let mut counts = BTreeMap::new();
    let mut events = 0;
    for path in files {
        let mut scanner = Scanner::new(Decoder::new(DecodeOptions::default()), Arc::clone(&rules));
        let received: Timestamp = "2026-11-20T00:00:00Z".parse().unwrap();
        let origin = path.display().to_string();
        let source = Source { kind: SourceKind::File, origin, format: None, reference: received };
        let mut found = Vec::new();
        for (index, line) in lines_of(path).iter().enumerate() {
            let record = RawRecord { source: &source, position: index as u64 + 1, received, bytes: line };
            found.extend(scanner.push(&record).unwrap());
        }
        found.extend(scanner.finish().unwrap());
        events += scanner.events();
        for one in found.iter().filter(|found| !found.rule.pack.starts_with("core")) {
            *counts.entry(one.rule.title.clone()).or_default() += 1;
        }
    }
    (counts, events)
}

fn files_in(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.is_file()).collect();
    files.sort();
    files
}

/// What is found on `name`, a file or a directory of them: nothing but this.
#[track_caller]
fn check(name: &str, events_min: u64, expected: &[(&str, usize)]) {
    let Some(path) = real_data(name) else { return };
    let files = if path.is_dir() { files_in(&path) } else { vec![path] };
    let (found, events) = findings(&files);
    assert!(events >= events_min, "{name}: only {events} events");
    let expected: BTreeMap<String, usize> =
        expected.iter().map(|(title, count)| ((*title).to_owned(), *count)).collect();
    assert_eq!(found, expected, "{name}");
}

#[test]
fn an_attacked_ssh_server() {
    check("linux/openssh_2k.log", 2_000, &[("Brute force on one account", 4), ("Password spraying", 3)]);
}

#[test]
fn an_old_server_that_is_attacked_by_the_way() {
    check("linux/syslog_2k.log", 2_000, &[("Brute force on one account", 3)]);
}

#[test]
fn where_nothing_happened() {
    check("linux/macos_2k.log", 2_000, &[]);
    check("linux/apache_error_2k.log", 2_000, &[]);
}

/// The accounts are those that the attacks made; the one who was refused and then let in started them.
#[test]
fn an_attacked_cloud_account() {
    let expected = [
        ("Short-lived account", 4),
        ("Administrative group or role given", 2),
        ("Privileged operation after many refusals", 1),
    ];
    check("cloud/cloudtrail.ndjson", 2_900, &expected);
}

#[test]
fn forty_attacks_on_windows() {
    let expected = [("Service installed right after a logon over the network", 2)];
    check("windows/otrf.ndjson.zst", 74_000, &expected);
}

/// Samples of single events: administrators that somebody made, and policies that somebody bypassed.
#[test]
fn formats_of_cloud_services() {
    let expected = [
        ("Account gave itself a role or group", 1),
        ("Administrative group or role given", 2),
        ("Privilege policy bypassed", 2),
    ];
    check("formats/panther", 1_300, &expected);
}

#[test]
fn programs_of_a_server() {
    check("formats/crowdsec", 3_900, &[("Brute force on one account", 1)]);
    check("network/zeek_apt29_day1.log", 2_000, &[]);
}
