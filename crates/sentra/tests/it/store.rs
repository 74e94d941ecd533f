//! Damaged files of the marts: what is whole is answered from, the check names what is not, the repair brings it back.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::house::{Served, ok, run};

const QUESTIONS: [&str; 4] = [
    "events | count",
    "cloud | where n == 77 | project id, time, raw",
    "cloud | summarize count() by host | sort by host asc",
    "cloud | sort by id asc | project id, time, n, raw",
];

fn lines(numbers: std::ops::Range<usize>) -> String {
    let line = |number: usize| {
        format!(
            "{{\"time\":\"2026-03-01T10:{:02}:00Z\",\"host\":\"h{}\",\"n\":{number}}}\n",
            number % 60,
            number % 3
        )
    };
    numbers.map(line).collect()
}

fn answers(place: &str) -> Vec<Value> {
    let ask = |question: &&str| {
        let answer = ok(&["query", "--data", place, "--json", question]).json();
        assert_eq!(answer["status"], "complete", "{question}: {answer}");
        answer["rows"].clone()
    };
    QUESTIONS.iter().map(ask).collect()
}

fn segments(data: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![data.join("marts")];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false if path.extension().is_some_and(|extension| extension == "parquet") => files.push(path),
                false => {}
            }
        }
    }
    files.sort();
    files
}

/// Four segments of 100 events.
fn filled(data: &Path) -> Vec<PathBuf> {
    let files = tempfile::tempdir().unwrap();
    for part in 0..4 {
        let path = files.path().join(format!("{part}.json"));
        std::fs::write(&path, lines(part * 100..(part + 1) * 100)).unwrap();
        let format = ["--format", "json", path.to_str().unwrap()];
        ok(&[&["ingest", "--data", data.to_str().unwrap()], format.as_slice()].concat());
    }
    segments(data)
}

#[test]
fn what_is_damaged_is_said_found_and_taken_from_the_backbone_again() {
    let data = tempfile::tempdir().unwrap();
    let place = data.path().to_str().unwrap();
    let files = filled(data.path());
    assert_eq!(files.len(), 4, "{files:?}");
    let before = answers(place);
    let whole = ok(&["store", "check", "--data", place, "--json"]).json();
    assert_eq!((&whole["ok"], &whole["tenants"][0]["rows"]), (&true.into(), &400.into()), "{whole}");

    let mut bytes = std::fs::read(&files[0]).unwrap();
    let half = bytes.len() / 2;
    bytes[half - 200..half].iter_mut().for_each(|byte| *byte ^= 0x5A);
    std::fs::write(&files[0], bytes).unwrap();
    let bytes = std::fs::read(&files[1]).unwrap();
    std::fs::write(&files[1], &bytes[..bytes.len() / 2]).unwrap();
    std::fs::remove_file(&files[2]).unwrap();

    let server = Served::start(data.path());
    let answer = ok(&["query", "--data", place, "--json", "--explain", QUESTIONS[3]]).json();
    assert_eq!(answer["status"], "partial", "{answer}");
    let rows = answer["rows"].as_array().unwrap().len();
    assert!(rows == 100 || rows == 200, "{rows}: nothing of a damaged segment but what is right: {answer}");
    assert!(answer.to_string().contains("damaged and left out"), "{answer}");
    let refused = run(&["store", "check", "--data", place]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("stop the server"), "{}", refused.err);
    assert_eq!(server.terminate(), 0);

    let found = run(&["store", "check", "--data", place, "--json"]);
    assert_eq!(found.code, 1, "{}", found.err);
    let problems = found.json()["tenants"][0]["problems"].as_array().unwrap().clone();
    assert_eq!(problems.len(), 3, "{problems:?}");
    for (problem, file) in problems.iter().zip(&files) {
        assert!(
            file.ends_with(problem["path"].as_str().unwrap()) && problem["kind"] == "damaged",
            "{problem}"
        );
        assert!(problem["advice"].as_str().unwrap().contains("--repair"));
    }
    let said = run(&["store", "check", "--data", place]);
    assert!(said.code == 1 && said.out.contains("the file is missing"), "{}", said.out);

    let repaired = ok(&["store", "check", "--data", place, "--repair", "--json"]).json();
    let repairs = repaired["tenants"][0]["repairs"].as_array().unwrap();
    assert!(repairs.len() == 3 && repairs.iter().all(|repair| repair["rows_restored"] == 100), "{repaired}");
    assert_eq!(answers(place), before);
    assert_eq!(segments(data.path()).len(), 4, "the damaged files are gone");
    let again = ok(&["store", "check", "--data", place, "--repair", "--json"]).json();
    assert_eq!((&again["ok"], &again["tenants"][0]["repairs"]), (&true.into(), &Value::Array(Vec::new())));
}

/// What the backbone does not have any more is said by its offsets, and is given up only when a person says so.
#[test]
fn what_the_backbone_has_no_more_is_said() {
    let data = tempfile::tempdir().unwrap();
    let place = data.path().to_str().unwrap();
    let files = filled(data.path());
    std::fs::remove_file(&files[1]).unwrap();
    // The raw topic is gone: the store is all there is.
    let mut open = vec![data.path().join("backbone")];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().is_some_and(|name| name == "raw") {
                std::fs::remove_dir_all(&path).unwrap();
            } else if path.is_dir() {
                open.push(path);
            }
        }
    }
    let kept = run(&["store", "check", "--data", place, "--repair", "--json"]);
    assert_eq!(kept.code, 1, "{}", kept.err);
    let report = kept.json();
    let tenant = &report["tenants"][0];
    assert_eq!(
        (&tenant["repairs"][0]["done"], &tenant["repairs"][0]["lost"][0][0]),
        (&false.into(), &100.into())
    );
    let kinds: Vec<&Value> =
        tenant["problems"].as_array().unwrap().iter().map(|problem| &problem["kind"]).collect();
    assert!(kinds.contains(&&Value::from("damaged")), "{report}");
    let given_up = run(&["store", "check", "--data", place, "--repair", "--accept-loss", "--json"]).json();
    assert_eq!(given_up["tenants"][0]["repairs"][0]["done"], true);
    let kinds = given_up["tenants"][0]["problems"].to_string();
    assert!(!kinds.contains("damaged"), "{given_up}");
}

/// A byte of the forensic index that fell over is found, named, and the index is filled from the backbone again.
#[test]
fn a_damaged_forensic_index_is_named_and_filled_again() {
    let data = tempfile::tempdir().unwrap();
    let place = data.path().to_str().unwrap();
    let logins = tempfile::NamedTempFile::with_suffix(".log").unwrap();
    let line = |second| {
        format!(
            "Mar 14 10:00:{second:02} web-1 sshd[7]: Failed password for root from 192.0.2.9 port 1 ssh2\n"
        )
    };
    std::fs::write(logins.path(), (10..30).map(line).collect::<String>()).unwrap();
    ok(&["ingest", "--data", place, logins.path().to_str().unwrap()]);
    let check = || run(&["store", "check", "--data", place, "--json"]);
    let whole = check();
    let index = |report: &Value| report["tenants"][0]["forensic"].clone();
    let files = index(&whole.json())["files"].as_u64().unwrap();
    assert!(whole.code == 0 && files > 3, "the events of signals are in it: {}", whole.out);

    let directory = data.path().join("forensic").join("default");
    let of_words = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path());
    let of_words = of_words.filter(|path| path.extension().is_some_and(|extension| extension == "term"));
    for path in of_words {
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[0] ^= 1;
        std::fs::write(path, bytes).unwrap();
    }
    let damaged = check();
    let reason = index(&damaged.json())["set_aside"]["reason"].to_string();
    assert!(damaged.code == 1 && reason.contains(".term has another checksum"), "{}", damaged.out);

    let served = Served::start(data.path());
    served.wait("the index is filled again", |_| {
        served.get_json("/api/v1/forensic")["documents"].as_u64().is_some_and(|held| held >= 20)
    });
    assert_eq!(served.terminate(), 0);
    let again = check();
    assert!(again.code == 0 && index(&again.json())["files"].as_u64().unwrap() > 3, "{}", again.out);
}
