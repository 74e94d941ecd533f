//! Running Sentra: dead letters repaired, records replayed, consumers watched, retention.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::house::{Served, ok, run};

/// JSON lines that are no Windows events.
fn lines(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|number| format!("{{\"time\":\"2026-03-01T10:00:00Z\",\"n\":{number}}}\n")).collect()
}

fn count(place: &str, question: &str) -> u64 {
    ok(&["query", "--data", place, "--json", question]).json()["rows"][0][0].as_u64().unwrap()
}

fn write(directory: &Path, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = directory.join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

fn letters(place: &str) -> Vec<Value> {
    let listed = ok(&["dead-letters", "list", "--data", place, "--json"]).json();
    listed.as_array().unwrap().clone()
}

/// Every record of the raw topic.
fn replayed(place: &str, more: &[&str]) -> Vec<Value> {
    let arguments = [&["replay", "--topic", "raw", "--data", place], more].concat();
    ok(&arguments).out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn numbers(records: &[Value]) -> Vec<u64> {
    let number = |record: &Value| {
        let raw: Value = serde_json::from_str(record["raw"].as_str().unwrap()).unwrap();
        raw["n"].as_u64().unwrap()
    };
    records.iter().map(number).collect()
}

#[test]
fn letters_are_listed_shown_and_replayed_once_without_a_server_and_with_one() {
    for with_server in [false, true] {
        let (files, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let place = data.path().to_str().unwrap();
        let server = with_server.then(|| Served::start(data.path()));
        let file = write(files.path(), "export.json", lines(0..3));
        ok(&["ingest", "--data", place, "--format", "windows", &file]);
        let listed = letters(place);
        assert_eq!(listed.len(), 3, "{listed:?}");
        assert!(listed.iter().all(|letter| letter["reason"] == "malformed" && letter["replayed"].is_null()));
        let id = listed[1]["id"].as_str().unwrap();
        let shown = ok(&["dead-letters", "show", "--data", place, "--json", id]).json();
        assert_eq!(shown["raw"].as_str().unwrap(), lines(1..2).trim_end());
        let shown = ok(&["dead-letters", "show", "--data", place, id]);
        assert!(shown.out.contains("export.json:2") && shown.out.contains("\"n\":1"), "{}", shown.out);

        let replay =
            |more: &[&str]| run(&[&["dead-letters", "replay", "--data", place, "--json"], more].concat());
        let still = replay(&["--all"]);
        assert_eq!((still.code, still.json()["still_dead"].as_array().unwrap().len()), (0, 3));
        let named = replay(&[id]);
        assert_eq!(named.code, 1, "who names a letter wants it replayed: {}", named.err);
        let dry = replay(&["--reason", "malformed", "--format", "json", "--dry-run"]).json();
        assert_eq!(
            (&dry["replayed"][0]["format"], &dry["replayed"][0]["event"]),
            (&"json".into(), &Value::Null)
        );
        assert_eq!(count(place, "events | count"), 0);

        let done = replay(&["--reason", "malformed", "--format", "json"]).json();
        assert_eq!(done["replayed"].as_array().unwrap().len(), 3, "{done}");
        for number in 0..3 {
            assert_eq!(count(place, &format!("cloud | where n == {number} | count")), 1, "record {number}");
        }
        let listed = letters(place);
        let marks: Vec<&str> = listed.iter().map(|letter| letter["replayed"].as_str().unwrap()).collect();
        assert_eq!(marks, ["raw.0.3", "raw.0.4", "raw.0.5"]);
        let again = replay(&["--all", "--format", "json"]).json();
        assert_eq!(again["replayed"].as_array().unwrap().len(), 0, "{again}");
        assert_eq!(count(place, "events | count"), 3);
        // The records kept their source and place; only the format is another one.
        let records = replayed(place, &["--from", "3"]);
        assert_eq!(numbers(&records), [0, 1, 2]);
        assert_eq!(records[2]["source"]["format"], "json");
        assert!(records[2]["source"]["origin"].as_str().unwrap().ends_with("export.json"));
        assert_eq!(records[2]["position"], 3);
        drop(server);
    }
}

/// Law IDENTITY: a server that is killed at any moment of a replay leaves nothing out and doubles nothing, in how many
/// partitions ever the records are.
#[test]
fn a_replay_that_is_killed_is_completed_exactly_once() {
    const LETTERS: usize = 300;
    let data = tempfile::tempdir().unwrap();
    let place = data.path().to_str().unwrap();
    let pauses = [0, 2, 5, 10, 20, 40, 80];
    for (round, pause) in pauses.into_iter().enumerate() {
        let partitions = (1 + round * 2).to_string();
        let server = Served::start_with(data.path(), &[("SENTRA_BACKBONE__PARTITIONS", &partitions)]);
        let body = lines(round * LETTERS..(round + 1) * LETTERS);
        let (status, answer) = server.request("POST", "/api/v1/ingest?format=windows", body.as_bytes());
        assert_eq!(status, 200, "{answer}");
        let expected = (round + 1) * LETTERS;
        for _ in 0..1_200 {
            if server.get_json("/api/v1/dead-letters?limit=1")["total"] == expected {
                break;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        // Asked for without waiting for the answer.
        let body = r#"{"all":true,"format":"json"}"#;
        let mut socket = TcpStream::connect(server.address()).unwrap();
        let head = format!(
            "POST /api/v1/dead-letters/replay HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            server.address(),
            server.token(),
            body.len()
        );
        socket.write_all(head.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        server.kill();
    }
    let replay = ["dead-letters", "replay", "--data", place, "--json", "--all", "--format", "json"];
    let last = ok(&replay).json();
    assert_eq!(last["not_replayable"].as_array().unwrap().len(), 0, "{last}");
    assert_eq!(ok(&replay).json()["replayed"].as_array().unwrap().len(), 0);
    let total = (pauses.len() * LETTERS) as u64;
    assert_eq!(count(place, "events | count"), total);
    let records = replayed(place, &[]);
    let offsets = run(&["replay", "--topic", "raw", "--data", place, "--from", "3"]);
    assert!(offsets.code == 1 && offsets.err.contains("say which with --partition"), "{}", offsets.err);
    let json: Vec<Value> =
        records.into_iter().filter(|record| record["source"]["format"] == "json").collect();
    let mut found = numbers(&json);
    found.sort_unstable();
    assert_eq!(found, (0..total).collect::<Vec<_>>());
    let partitions: BTreeSet<&str> =
        json.iter().map(|record| record["id"].as_str().unwrap().split('.').nth(1).unwrap()).collect();
    assert!(partitions.len() > 1, "{partitions:?}");
    assert!(letters(place).iter().all(|letter| letter["replayed"].is_string()));
}

#[test]
fn records_are_replayed_by_offset_and_time_with_a_server_and_without_one() {
    let (files, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let place = data.path().to_str().unwrap();
    for (name, numbers) in [("a.json", 0..40), ("b.json", 40..100)] {
        let file = write(files.path(), name, lines(numbers));
        ok(&["ingest", "--data", place, &file]);
        // Times are kept to the microsecond; the two files must not share one.
        std::thread::sleep(Duration::from_millis(2));
    }
    let all = replayed(place, &[]);
    assert_eq!(numbers(&all), (0..100).collect::<Vec<_>>());
    let second = all[40]["received"].as_str().unwrap();
    let mut server = None;
    for _ in 0..2 {
        let check = |more: &[&str], expected: std::ops::Range<u64>| {
            assert_eq!(numbers(&replayed(place, more)), expected.collect::<Vec<_>>(), "{more:?}");
        };
        check(&["--from", "7", "--to", "12"], 7..12);
        check(&["--from", second], 40..100);
        check(&["--to", second], 0..40);
        check(&["--from", "end"], 0..0);
        let raw = ok(&["replay", "--topic", "raw", "--data", place, "--from", "98", "--output", "raw"]);
        assert_eq!(raw.out, lines(98..100));
        for wrong in [&["--from", "101"][..], &["--from", "9", "--to", "3"], &["--partition", "3"]] {
            let ran = run(&[&["replay", "--topic", "raw", "--data", place], wrong].concat());
            assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{wrong:?}: {}", ran.err);
        }
        let usage = run(&["replay", "--topic", "raw", "--data", place, "--from", "yesterday"]);
        assert_eq!(usage.code, 2, "{}", usage.err);
        let topics = ok(&["topics", "--data", place, "--json"]).json();
        let names: Vec<&str> = topics["topics"][0]["consumers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|consumer| consumer["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["factory"], "a replay without a name leaves nothing behind");
        server.get_or_insert_with(|| Served::start(data.path()));
    }
}

#[test]
fn a_named_replay_goes_on_where_it_stood_and_shows_its_lag() {
    let (files, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let place = data.path().to_str().unwrap();
    ok(&["ingest", "--data", place, &write(files.path(), "a.json", lines(0..50))]);
    let first = replayed(place, &["--consumer", "audit", "--to", "20"]);
    assert_eq!(numbers(&first), (0..20).collect::<Vec<_>>());
    let consumer = |name: &str| {
        let topics = ok(&["topics", "--data", place, "--json"]).json();
        let consumers = topics["topics"][0]["consumers"].as_array().unwrap().clone();
        consumers.into_iter().find(|one| one["name"] == name).unwrap()
    };
    let audit = consumer("audit");
    assert_eq!((&audit["position"], &audit["lag"]), (&20.into(), &0.into()), "{audit}");
    let factory = consumer("factory");
    assert_eq!(
        (&factory["position"], &factory["lag"], &factory["skipped"]),
        (&50.into(), &0.into(), &0.into())
    );
    let taken = run(&["replay", "--topic", "raw", "--data", place, "--consumer", "audit", "--from", "3"]);
    assert_eq!(taken.code, 1);
    assert!(taken.err.contains("resume"), "{}", taken.err);

    let server = Served::start(data.path());
    let rest = replayed(place, &["--consumer", "audit", "--resume"]);
    assert_eq!(numbers(&rest), (20..50).collect::<Vec<_>>());
    let nothing = replayed(place, &["--consumer", "audit", "--resume"]);
    assert!(nothing.is_empty());
    let follower = run(&["replay", "--topic", "raw", "--data", place, "--consumer", "factory", "--resume"]);
    assert_eq!(follower.code, 1);
    assert_eq!(consumer("audit")["position"], 50);
    let table = ok(&["topics", "--data", place]).out;
    assert!(table.contains("raw.0") && table.contains("audit"), "{table}");
    assert_eq!(server.terminate(), 0);
}

/// Bytes that are no text come out as they went in.
#[test]
fn a_raw_replay_is_byte_for_byte() {
    let (files, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let place = data.path().to_str().unwrap();
    let bytes = b"Mar 14 10:00:01 web-1 app: caf\xe9 is closed\nMar 14 10:00:02 web-1 app: ok\n";
    ok(&["ingest", "--data", place, &write(files.path(), "a.log", bytes)]);
    let arguments = ["replay", "--topic", "raw", "--data", place, "--output", "raw"];
    let alone = crate::house::sentra().args(arguments).output().unwrap().stdout;
    assert_eq!(alone, bytes);
    let _server = Served::start(data.path());
    let served = crate::house::sentra().args(arguments).output().unwrap().stdout;
    assert_eq!(served, bytes);
}

fn noise(seed: usize) -> String {
    let mut state = seed as u64 + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{:016x}", state ^ (state >> 29))
    };
    (0..8).map(|_| next()).collect()
}

fn metric(server: &Served, name: &str) -> Option<f64> {
    let (_, text) = server.request("GET", "/metrics", b"");
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.rsplit(' ').next()?.parse().ok()
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..1_200 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("never: {what}");
}

/// Laws LOSS and SOURCE: retention takes nothing that is not on disk in every store, whatever the limit says.
#[test]
fn retention_waits_for_the_stores_and_then_keeps_to_its_limit() {
    let data = tempfile::tempdir().unwrap();
    let place = data.path().to_str().unwrap();
    let small = [
        ("SENTRA_BACKBONE__SEGMENT_BYTES_MAX", "40000"),
        ("SENTRA_RETENTION__RAW_BYTES_MAX", "60000"),
        ("SENTRA_RETENTION__INTERVAL_S", "1"),
    ];
    let lazy = [&small[..], &[("SENTRA_STORE__FLUSH_INTERVAL_MS", "3600000")]].concat();
    let server = Served::start_with(data.path(), &lazy);
    let total = 4_000;
    for round in 0..total / 400 {
        let body: String = (round * 400..(round + 1) * 400)
            .map(|number| format!("{{\"n\":{number},\"h\":\"{}\"}}\n", noise(number)))
            .collect();
        assert_eq!(server.request("POST", "/api/v1/ingest", body.as_bytes()).0, 200);
    }
    until("the factory has seen everything", || {
        let status = server.get_json("/api/v1/status");
        status["pipeline"]["lag_records"] == 0 && status["pipeline"]["events_total"] == total
    });
    until("retention is held", || metric(&server, "sentra_backbone_held_streams") == Some(1.0));
    let topic = || server.get_json("/api/v1/topics")["topics"][0].clone();
    assert_eq!(topic()["begin"], 0, "the marts have nothing on disk yet: {}", topic());
    // What was in memory only comes from the backbone again.
    server.kill();
    let server = Served::start_with(
        data.path(),
        &[&small[..], &[("SENTRA_STORE__FLUSH_INTERVAL_MS", "100")]].concat(),
    );
    let topic = || server.get_json("/api/v1/topics")["topics"][0].clone();
    until("retention has begun", || topic()["begin"].as_u64().unwrap() > 0);
    assert_eq!(topic()["consumers"][0]["skipped"], 0, "{}", topic());
    assert_eq!(server.terminate(), 0);
    assert_eq!(count(place, "events | count"), total as u64);

    // A replay says what is gone, and a store that is built anew too.
    let gone = run(&["replay", "--topic", "raw", "--data", place, "--from", "0"]);
    assert_eq!(gone.code, 1);
    assert!(gone.err.contains("retention removed"), "{}", gone.err);
    for name in ["records.db", "records.db-wal", "records.db-shm"] {
        let _ = std::fs::remove_file(data.path().join(name));
    }
    let listed = letters(place);
    assert_eq!((listed.len(), &listed[0]["reason"]), (1, &"expired".into()), "{listed:?}");
    assert_eq!(count(place, "events | count"), total as u64);
}
