//! Answers as files, as streams and by pages: the same rows every way.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use arrow_cast::display::array_value_to_string;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use crate::house::{Served, ok, repository, run};
use crate::server::processed;

/// Columns and rows of the whole answer, as JSON has them.
fn answer(place: &str, question: &str) -> (Vec<(String, String)>, Vec<Vec<Value>>) {
    let answer = ok(&["query", "--data", place, "--json", "--page-size", "10000", question]).json();
    assert_eq!((&answer["status"], &answer["next_cursor"]), (&json!("complete"), &Value::Null), "{question}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let columns = answer["columns"].as_array().unwrap();
    let columns = columns.iter().map(|column| (text(&column["name"]), text(&column["type"]))).collect();
    let rows = answer["rows"].as_array().unwrap();
    (columns, rows.iter().map(|row| row.as_array().unwrap().clone()).collect())
}

/// What is written in CSV for a value.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn export(place: &str, format: &str, file: &Path, question: &str) {
    let file = file.to_str().unwrap();
    let ran = ok(&["query", "--data", place, "--export", format, "--output", file, question]);
    assert!(ran.out.is_empty() && ran.err.contains("bytes of"), "{}", ran.err);
}

fn check_csv(file: &Path, columns: &[(String, String)], rows: &[Vec<Value>]) {
    let mut lines = csv::Reader::from_path(file).unwrap();
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(lines.headers().unwrap(), names);
    let found: Vec<Vec<String>> =
        lines.records().map(|line| line.unwrap().iter().map(str::to_owned).collect()).collect();
    let wanted: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    assert_eq!(found, wanted);
}

fn check_ndjson(file: &Path, columns: &[(String, String)], rows: &[Vec<Value>]) {
    let text = std::fs::read_to_string(file).unwrap();
    let found: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let object = |row: &Vec<Value>| -> Value {
        columns
            .iter()
            .map(|(name, _)| name.clone())
            .zip(row.iter().cloned())
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    assert_eq!(found, rows.iter().map(object).collect::<Vec<_>>());
}

fn check_parquet(file: &Path, columns: &[(String, String)], rows: &[Vec<Value>]) {
    let builder = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(file).unwrap()).unwrap();
    let names: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, columns.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
    let mut rows = rows.iter();
    for batch in builder.build().unwrap() {
        let batch = batch.unwrap();
        for place in 0..batch.num_rows() {
            let row = rows.next().expect("as many rows as the answer has");
            for (((name, kind), value), array) in columns.iter().zip(row).zip(batch.columns()) {
                let found = array_value_to_string(array, place).unwrap();
                match (kind.as_str(), value) {
                    (_, Value::Null) => assert_eq!(found, "", "{name}"),
                    // A moment is one, whatever its text looks like.
                    ("datetime", value) => {
                        assert_eq!(moment(&found), moment(value.as_str().unwrap()), "{name}")
                    }
                    ("real", value) => assert_eq!(found.parse().ok(), value.as_f64(), "{name}"),
                    _ => assert_eq!(found, cell(value), "{name}"),
                }
            }
        }
    }
    assert_eq!(rows.next(), None);
}

fn moment(text: &str) -> jiff::Timestamp {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A program that is not ours reads the file, where there is one.
fn duckdb(file: &Path, sql: &str) -> Option<String> {
    let script = "import sys, duckdb\nprint(duckdb.sql(sys.argv[1]).fetchall())";
    let sql = sql.replace("FILE", &format!("'{}'", file.display()));
    let ran = Command::new("python3").args(["-c", script, &sql]).output().ok()?;
    if !ran.status.success() {
        println!("SKIP: duckdb does not read it: {}", String::from_utf8_lossy(&ran.stderr));
        return None;
    }
    Some(String::from_utf8(ran.stdout).unwrap().trim().to_owned())
}

#[test]
fn files_are_the_answer() {
    let data = tempfile::tempdir().unwrap();
    let place = data.path().to_str().unwrap();
    ok(&["ingest", "--data", place, repository("examples/ssh-attack.log").to_str().unwrap()]);
    let files = tempfile::tempdir().unwrap();
    for question in [
        "linux",
        "linux | where code == 'LL03' | project time, user, src_ip, src_port, n = severity * 1.5, is = user == 'root'",
        "linux | summarize n = count(), first = min(time), users = make_set(user) by src_ip | sort by src_ip asc",
        "linux | sort by offset asc | project id, raw, late = now() > time",
        "user:root",
        "linux | where false | project id, time",
        "how many failed logins of root",
    ] {
        let (columns, rows) = answer(place, question);
        for format in ["csv", "ndjson", "parquet"] {
            let file = files.path().join(format!("answer.{format}"));
            export(place, format, &file, question);
            match format {
                "csv" => check_csv(&file, &columns, &rows),
                "ndjson" => check_ndjson(&file, &columns, &rows),
                _ => check_parquet(&file, &columns, &rows),
            }
        }
    }
    let file = files.path().join("events.parquet");
    export(place, "parquet", &file, "linux");
    let (_, rows) = answer(place, "linux");
    assert_eq!(rows.len(), 291, "the whole answer, not its first hundred rows");
    let times: Vec<&str> = rows.iter().map(|row| row[1].as_str().unwrap()).collect();
    if let Some(counted) = duckdb(&file, "select count(*), count(distinct id), typeof(min(time)) from FILE") {
        assert_eq!(counted, format!("[({0}, {0}, 'TIMESTAMP WITH TIME ZONE')]", times.len()));
    }
    // To standard output, too.
    let ran = ok(&["query", "--data", place, "--export", "csv", "linux | summarize n = count()"]);
    assert_eq!(ran.out, "n\n291\n");
    // What a spreadsheet would run.
    let formula = "print a = '=1+1', b = -5";
    assert_eq!(ok(&["query", "--data", place, "--export", "csv", formula]).out, "a,b\n=1+1,-5\n");
    assert_eq!(ok(&["query", "--data", place, "--export", "csv", "--safe", formula]).out, "a,b\n'=1+1,-5\n");
}

#[test]
fn a_file_is_there_when_it_is_whole() {
    let data = tempfile::tempdir().unwrap();
    let place = data.path().to_str().unwrap();
    ok(&["ingest", "--data", place, repository("examples/ssh-attack.log").to_str().unwrap()]);
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("kept.csv");
    std::fs::write(&file, "what was there").unwrap();
    let name = file.to_str().unwrap();
    let ran = run(&["query", "--data", place, "--export", "csv", "--output", name, "linux | summarise x"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("summarize"), "{}", ran.err);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "what was there");
    assert_eq!(std::fs::read_dir(files.path()).unwrap().count(), 1, "nothing half made is left");
    let nowhere = files.path().join("no/such/place.csv");
    let nowhere = nowhere.to_str().unwrap();
    let ran = run(&["query", "--data", place, "--export", "csv", "--output", nowhere, "linux"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("place.csv"), "{}", ran.err);
    for wrong in [
        vec!["query", "--data", place, "--export", "xlsx", "linux"],
        vec!["query", "--data", place, "--export", "csv", "--json", "linux"],
        vec!["query", "--data", place, "--output", "x", "linux"],
        vec!["query", "--data", place, "--page-size", "0", "linux"],
    ] {
        assert_eq!(run(&wrong).code, 2, "{wrong:?}");
    }
}

/// Records whose times go to and fro, so that those that come later stand between the others.
fn records(numbers: std::ops::Range<u64>) -> Vec<u8> {
    let record = |number: u64| {
        let second = number * 7_919 % 86_400;
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let user = ["ann", "bob", "cid"][usize::try_from(number % 3).unwrap()];
        format!(
            "{{\"time\":\"2026-03-01T{hour:02}:{minute:02}:{second:02}Z\",\"n\":{number},\"user\":\"{user}\"}}\n"
        )
    };
    numbers.map(record).collect::<String>().into_bytes()
}

fn ingest(server: &Served, numbers: std::ops::Range<u64>) {
    let (status, answer) = server.request("POST", "/api/v1/ingest?format=json", &records(numbers));
    assert_eq!(status, 200, "{answer}");
}

fn ask(server: &Served, path: &str, body: &Value) -> (u16, String) {
    let token = format!("Bearer {}", server.token());
    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
    server.request_as("POST", path, body.to_string().as_bytes(), &headers)
}

fn page(server: &Served, question: &str, size: u64, cursor: &Value) -> Value {
    let body = json!({"text": question, "page_size": size, "cursor": cursor});
    let (status, answer) = ask(server, "/api/v1/query", &body);
    assert_eq!(status, 200, "{question}: {answer}");
    serde_json::from_str(&answer).unwrap()
}

/// Every row, and how many pages they were on. `meanwhile` runs between any two pages.
fn pages(server: &Served, question: &str, size: u64, mut meanwhile: impl FnMut()) -> (Vec<Value>, usize) {
    let (mut rows, mut cursor, mut count) = (Vec::new(), Value::Null, 0);
    loop {
        let mut answer = page(server, question, size, &cursor);
        assert_eq!(answer["status"], "complete", "{answer}");
        rows.append(answer["rows"].as_array_mut().unwrap());
        (cursor, count) = (answer["next_cursor"].take(), count + 1);
        if cursor.is_null() {
            return (rows, count);
        }
        meanwhile();
    }
}

fn streamed(server: &Served, question: &str) -> (Value, Vec<Value>, Value) {
    let (status, body) = ask(server, "/api/v1/query/stream", &json!({"text": question}));
    assert_eq!(status, 200, "{body}");
    let mut lines: Vec<Value> = body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (first, last) = (lines.remove(0), lines.pop().unwrap());
    let rows = lines.iter_mut().flat_map(|line| line["rows"].as_array_mut().unwrap().drain(..)).collect();
    (first, rows, last)
}

const EVENTS: u64 = 24_000;

#[test]
fn pages_and_streams_are_the_answer_while_events_arrive() {
    let data = tempfile::tempdir().unwrap();
    let server = Served::start(data.path());
    for from in (0..EVENTS).step_by(8_000) {
        ingest(&server, from..from + 8_000);
    }
    server.wait("everything is processed", |status| processed(status, EVENTS));
    let questions = [
        ("events | project id, time, n", EVENTS, 5_000),
        ("user:ann | project id, n", EVENTS / 3, 3_000),
        ("events | sort by tolong(n) asc | project n", EVENTS, 7_000),
        ("events | summarize c = count() by bin(time, 1m) | sort by time asc", 1_440, 500),
    ];
    let before: Vec<_> = questions.iter().map(|(question, ..)| streamed(&server, question)).collect();
    let mut taken = EVENTS;
    for ((question, count, size), (first, rows, last)) in questions.into_iter().zip(before) {
        assert_eq!(rows.len() as u64, count, "{question}");
        assert_eq!(last["status"], "complete", "{question}: {last}");
        assert!(first["understood"].is_string() && first["route"]["engine"] == "marts", "{first}");
        assert!(
            first["columns"].as_array().unwrap().iter().all(|column| column["type"].is_string()),
            "{first}"
        );
        // A question is asked of what is there; from its first page on nothing is added.
        let (now, number) = pages(&server, question, size, || {
            ingest(&server, taken..taken + 300);
            taken += 300;
        });
        assert_eq!(number as u64, (now.len() as u64).div_ceil(size), "{question}");
        if taken == EVENTS + 300 * (number as u64 - 1) {
            assert_eq!(now, rows, "{question}");
        } else {
            assert!(now.len() >= rows.len(), "{question}");
        }
        server.wait("what arrived is processed", |status| processed(status, taken));
    }
    // A cursor is good for its own question and tenant alone, and says what to do.
    let first = page(&server, "events", 10, &Value::Null);
    for (question, cursor) in
        [("linux", first["next_cursor"].clone()), ("events", json!("nonsense")), ("events", json!("AAAA"))]
    {
        let (status, problem) =
            ask(&server, "/api/v1/query", &json!({"text": question, "page_size": 10, "cursor": cursor}));
        assert_eq!(status, 400, "{problem}");
        assert!(problem.contains("ask again without a cursor"), "{problem}");
    }
    // The command line takes the same cursors.
    let place = data.path().to_str().unwrap();
    let ran = ok(&["query", "--data", place, "--json", "--page-size", "7", "events | project id"]).json();
    let cursor = ran["next_cursor"].as_str().unwrap();
    let next = ok(&[
        "query",
        "--data",
        place,
        "--json",
        "--page-size",
        "7",
        "--cursor",
        cursor,
        "events | project id",
    ]);
    let both: Vec<Value> =
        [ran, next.json()].iter().flat_map(|ran| ran["rows"].as_array().unwrap().clone()).collect();
    assert_eq!(
        both,
        page(&server, "events | project id", 14, &Value::Null)["rows"].as_array().unwrap().clone()
    );
    assert_eq!(server.terminate(), 0);
}

#[test]
fn files_and_completion_over_http() {
    let data = tempfile::tempdir().unwrap();
    let server = Served::start(data.path());
    ingest(&server, 0..3_000);
    server.wait("everything is processed", |status| processed(status, 3_000));
    let body = json!({"text": "events | project n, user | sort by tolong(n) asc"});
    let (status, file) = ask(&server, "/api/v1/query/export?format=csv", &body);
    assert_eq!(status, 200, "{file}");
    let lines: Vec<&str> = file.lines().collect();
    assert_eq!((lines.len(), lines[0], lines[1], lines[3_000]), (3_001, "n,user", "0,ann", "2999,cid"));
    let (status, problem) = ask(&server, "/api/v1/query/export?format=xlsx", &body);
    assert!(status == 400 && problem.contains("use csv, ndjson or parquet"), "{problem}");
    let (status, problem) =
        ask(&server, "/api/v1/query/export?format=csv", &json!({"text": "linux | summarise x"}));
    assert!(status == 400 && problem.contains("summarize"), "{problem}");
    // The command line exports through the server that holds the data.
    let place = data.path().to_str().unwrap();
    let written = data.path().join("users.ndjson");
    export(place, "ndjson", &written, "events | where user == 'bob' | project n, user");
    let text = std::fs::read_to_string(&written).unwrap();
    assert_eq!(text.lines().count(), 1_000);
    assert!(text.lines().all(|line| line.ends_with("\"user\":\"bob\"}")), "{}", &text[..200]);

    let complete = |text: &str| {
        let (status, answer) =
            ask(&server, "/api/v1/query/complete", &json!({"text": text, "offset": text.len()}));
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str::<Value>(&answer).unwrap()
    };
    let found = complete("events | where user == \"b");
    assert_eq!(
        found["items"][0],
        json!({"text": "\"bob\"", "kind": "value", "detail": "seen in user"}),
        "{found}"
    );
    assert_eq!(found["replaces"], json!({"from": 23, "to": 25}));
    let started = Instant::now();
    assert_eq!(complete("user:an")["items"][0]["text"], "ann");
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    let found = complete("events | where strlenn(user) > 1 | summarise count()");
    let problems = found["problems"].as_array().unwrap();
    assert_eq!(problems.iter().map(|problem| &problem["hint"]).collect::<Vec<_>>(), ["strlen", "summarize"]);
    assert_eq!(server.terminate(), 0);
}

/// Who goes away stops what it asked: otherwise the questions that may run at once would soon be used up.
#[test]
fn who_goes_away_stops_the_question() {
    let data = tempfile::tempdir().unwrap();
    let server = Served::start(data.path());
    ingest(&server, 0..12_000);
    server.wait("everything is processed", |status| processed(status, 12_000));
    let body = json!({"text": "events | extend a = strcat(raw, raw, raw, raw), b = strcat(raw, raw, raw)"})
        .to_string();
    for path in
        ["/api/v1/query/stream", "/api/v1/query/export?format=ndjson", "/api/v1/query/export?format=csv"]
    {
        for _ in 0..10 {
            let mut client = TcpStream::connect(server.address()).unwrap();
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                server.address(),
                server.token(),
                body.len()
            );
            client.write_all(head.as_bytes()).unwrap();
            if path.ends_with("stream") {
                let mut beginning = [0; 64];
                client.read_exact(&mut beginning).unwrap();
                assert!(beginning.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&beginning));
            }
        }
    }
    let started = Instant::now();
    let (status, answer) = ask(&server, "/api/v1/query", &json!({"text": "events | count"}));
    assert_eq!(status, 200, "{answer}");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert_eq!(server.terminate(), 0);
}
