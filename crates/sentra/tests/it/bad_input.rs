//! Bad input is data: every kind of it gives a clear word or a counted dead letter, and the rest goes on.

use std::io::Write;
use std::path::Path;

use crate::house::{ok, repository, run};

const GOOD: &str = "Mar 14 10:00:00 web-1 sshd[7]: Failed password for root from 192.0.2.99 port 1 ssh2\n";

fn events(data: &str) -> u64 {
    ok(&["query", "--data", data, "--json", "events | count"]).json()["rows"][0][0].as_u64().unwrap()
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_kind_of_bad_file_is_named_and_the_good_ones_are_taken() {
    let files = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(files.path().join(name), bytes).unwrap();
    write("a-good.log", GOOD.as_bytes());
    write("b-empty.log", b"");
    write("c-binary.log", &(0..4_096_u32).map(|n| (n % 7) as u8).collect::<Vec<u8>>());
    write("d-invalid-utf8.log", b"Mar 14 10:00:01 web-1 app: caf\xe9 is closed\n");
    write("f-good.log.gz", &compressed(GOOD.as_bytes()));
    let whole = compressed(&GOOD.repeat(5_000).into_bytes());
    write("g-truncated.log.gz", &whole[..whole.len() / 2]);
    write("h-broken.json", b"{\"time\":\"2026-03-01T10:00:00Z\",\"n\":1}\n{\"n\":\n");
    write("i-good.log", GOOD.as_bytes());
    long_line(&files.path().join("e-long-line.log"));

    let data = tempfile::tempdir().unwrap();
    let data = data.path().to_str().unwrap();
    let ran = run(&["ingest", "--data", data, files.path().to_str().unwrap(), "/nowhere/at-all.log"]);
    assert_eq!(ran.code, 1, "a path that cannot be read is a failure: {}", ran.err);
    for words in [
        "/nowhere/at-all.log",
        "b-empty.log: it is empty",
        "e-long-line.log:2: dead letter (too_long)",
        "g-truncated.log.gz",
        "dead letter (container)",
    ] {
        assert!(ran.err.contains(words), "{words:?} is not said:\n{}", ran.err);
    }
    // good + good.gz + good + invalid UTF-8 + one JSON + two lines around the long one, and what the
    // truncated archive still held.
    let salvaged = events(data).checked_sub(7).unwrap();
    assert!(salvaged > 0 && salvaged < 5_000, "{salvaged} lines of the truncated archive");
    // The binary file, the long line and the broken archive at the door, and the broken JSON line.
    assert!(
        ran.err.contains("3 dead letters") && ran.err.contains("4 records not understood"),
        "{}",
        ran.err
    );
    let letters =
        ok(&["query", "--data", data, "--json", "events | where problem contains \"UTF-8\" | count"]).json();
    assert_eq!(letters["rows"][0][0], 1);
}

/// A line of 100 MB between two good ones.
fn long_line(path: &Path) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    file.write_all(GOOD.as_bytes()).unwrap();
    let chunk = vec![b'x'; 1_000_000];
    for _ in 0..100 {
        file.write_all(&chunk).unwrap();
    }
    file.write_all(b"\n").unwrap();
    file.write_all(GOOD.as_bytes()).unwrap();
}

#[test]
fn a_broken_rule_among_good_ones_is_named_with_its_line_and_the_others_run() {
    let rules = tempfile::tempdir().unwrap();
    let good = "title: Root\nid: 0d5c1a52-8c3e-4b0e-9d1b-3f7c26a1a001\nstatus: test\nlevel: low\n\
                logsource: {product: linux}\ndetection: {selection: {user: root}, condition: selection}\n";
    std::fs::write(rules.path().join("good.yml"), good).unwrap();
    std::fs::write(
        rules.path().join("broken.yml"),
        good.replace("condition: selection", "condition: selektion"),
    )
    .unwrap();
    std::fs::write(rules.path().join("no-yaml.yml"), "title: [unclosed\n").unwrap();
    let place = rules.path().to_str().unwrap();

    let checked = run(&["rules", "check", "--json", place]);
    assert_eq!(checked.code, 1);
    let report = checked.json();
    assert_eq!((&report["rules"], &report["compiled"]), (&3.into(), &1.into()), "{report}");
    let problems = report["problems"].as_array().unwrap();
    let about = |name: &str| {
        let found = problems
            .iter()
            .find(|one| one["path"].as_str().unwrap().ends_with(name) && one["severity"] == "error");
        found.unwrap_or_else(|| panic!("nothing about {name}: {report}")).clone()
    };
    assert!(about("broken.yml")["message"].as_str().unwrap().contains("selektion"));
    assert!(about("broken.yml")["line"].as_u64().unwrap() >= 1);
    about("no-yaml.yml");

    let log = repository("examples/ssh-attack.log");
    let found = ok(&["detect", "--rules", place, "--output", "json", log.to_str().unwrap()]);
    assert!(found.out.lines().count() > 10);
    assert!(found.err.contains("broken.yml"), "{}", found.err);
}

#[test]
fn declared_formats_are_checked_beside_rules_and_read_what_is_named_after_them() {
    let pack = tempfile::tempdir().unwrap();
    let formats = pack.path().join("formats");
    std::fs::create_dir(&formats).unwrap();
    let good = "name: shop\ntitle: shop log\npattern: 'shop {time} {user} {src_ip:ip}'\nmapping: {product: linux}\n\
                samples:\n  - record: shop 2026-03-01T10:00:00Z alice 192.0.2.7\n    expect: {user: alice}\n";
    std::fs::write(formats.join("shop.yml"), good).unwrap();
    let place = pack.path().to_str().unwrap();
    let report = ok(&["rules", "check", "--json", place]).json();
    assert_eq!((&report["formats"], &report["samples"], &report["rules"]), (&1.into(), &1.into(), &0.into()));

    std::fs::write(formats.join("broken.yml"), "name: broken\npatern: '{x}'\n").unwrap();
    std::fs::write(
        formats.join("wrong.yml"),
        good.replace("name: shop", "name: wrong").replace("{user: alice}", "{user: bob}"),
    )
    .unwrap();
    let checked = run(&["rules", "check", "--json", place]);
    assert_eq!(checked.code, 1);
    let report = checked.json();
    let problems = report["problems"].as_array().unwrap();
    let has = |name: &str, line: u64, word: &str| {
        problems.iter().any(|one| {
            one["path"].as_str().unwrap().ends_with(name)
                && one["line"] == line
                && one["severity"] == "error"
                && one["rule"].is_null()
                && one["message"].as_str().unwrap().contains(word)
        })
    };
    assert!(has("broken.yml", 2, "pattern"), "{report}");
    assert!(has("wrong.yml", 7, "bob"), "{report}");

    let rule = "title: Shop\nid: 0d5c1a52-8c3e-4b0e-9d1b-3f7c26a1a003\nstatus: test\nlevel: low\n\
                logsource: {product: linux}\ndetection: {selection: {user: alice}, condition: selection}\n";
    std::fs::write(pack.path().join("rule.yml"), rule).unwrap();
    let log = pack.path().join("shop.log");
    std::fs::write(&log, "shop 2026-03-01T10:00:00Z alice 192.0.2.7\n").unwrap();
    let log = log.to_str().unwrap();
    let found = ok(&["detect", "--rules", place, "--format", "shop", "--output", "json", log]);
    assert_eq!(found.out.lines().count(), 1, "{} {}", found.out, found.err);
    let unknown = run(&["detect", "--rules", place, "--format", "shops", log]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("shop log"), "{}", unknown.err);
}

#[test]
fn a_directory_without_rules_and_formats_is_a_mistake() {
    let empty = tempfile::tempdir().unwrap();
    std::fs::write(empty.path().join("notes.txt"), "nothing").unwrap();
    let checked = run(&["rules", "check", empty.path().to_str().unwrap()]);
    assert_eq!(checked.code, 1);
    assert!(checked.err.contains("neither rules nor formats"), "{}", checked.err);
}

#[test]
fn a_file_is_an_event_log_by_its_bytes_not_by_its_name() {
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("export.evtx.ndjson");
    let event = r#"{"EventID":1102,"Channel":"Security","Computer":"ws-1","EventRecordID":77,"TimeCreated":"2026-03-01T10:00:00Z"}"#;
    std::fs::write(&file, format!("\n{event}\n")).unwrap();
    let out = ok(&["detect", "--output", "json", file.to_str().unwrap()]).out;
    let found: serde_json::Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert_eq!((&found["line"], &found["record"]), (&2.into(), &serde_json::Value::Null), "{found}");
}

#[test]
fn wrong_usage_says_what_is_right_and_exits_with_2() {
    for arguments in [
        &["ingest"][..],
        &["bogus"],
        &["query"],
        &["incidents", "show", "inc-1"],
        &["serve", "--listen", "x"],
    ] {
        let ran = run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.err);
        assert!(!ran.err.is_empty());
    }
    let data = tempfile::tempdir().unwrap();
    let place = data.path().join("none");
    let missing = run(&["incidents", "list", "--data", place.to_str().unwrap()]);
    assert_eq!(missing.code, 1);
    assert!(missing.err.contains("sentra ingest"), "{}", missing.err);
    let format = run(&["detect", "--format", "nonsense", "x.log"]);
    assert_eq!(format.code, 2);
    assert!(format.err.contains("syslog"), "{}", format.err);
}

#[test]
fn a_wrong_question_is_answered_with_its_place_and_the_right_word() {
    let data = tempfile::tempdir().unwrap();
    let place = data.path().to_str().unwrap();
    ok(&["ingest", "--data", place, repository("examples/ssh-attack.log").to_str().unwrap()]);
    let ran = run(&["query", "--data", place, "linux | wher user == \"root\""]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("where"), "{}", ran.err);
    let mart = run(&["query", "--data", place, "linx | count"]);
    assert!(mart.err.contains("linux"), "{}", mart.err);
}

#[test]
fn a_wrong_configuration_is_refused_with_its_line_and_the_nearest_key() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sentra.toml");
    std::fs::write(&file, "[server]\nlistn = \"127.0.0.1:0\"\n").unwrap();
    let data = directory.path().join("data");
    let ran = run(&["serve", "--config", file.to_str().unwrap(), "--data", data.to_str().unwrap()]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("sentra.toml:2") && ran.err.contains("listen"), "{}", ran.err);
}
