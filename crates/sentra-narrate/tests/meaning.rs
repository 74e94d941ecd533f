//! Law MEANING: this crate cannot name the types of raw telemetry.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "helpers of tests")]

use std::path::{Path, PathBuf};

const FORBIDDEN: [&str; 12] = [
    "Event",
    "EventBatch",
    "EventRow",
    "BatchBuilder",
    "BatchError",
    "FieldValue",
    "RawRecord",
    "OwnedRecord",
    "DeadLetter",
    "Outcome",
    "batch_schema",
    "column",
];

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Names that `source` takes from the model, by import or by full path.
fn names_of_the_model(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (start, _) in source.match_indices("sentra_model") {
        let after = source[start + "sentra_model".len()..].trim_start();
        let Some(after) = after.strip_prefix("::") else {
            // `use sentra_model as m` or `extern crate` would hide what is used.
            names.push("sentra_model without a path".to_owned());
            continue;
        };
        let after = after.trim_start();
        let list = match after.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap(),
            None => after.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '*').next().unwrap(),
        };
        names.extend(list.split(',').map(|name| name.split_whitespace().next().unwrap_or("").to_owned()));
    }
    names.retain(|name| !name.is_empty());
    names
}

fn is_forbidden(name: &str) -> bool {
    FORBIDDEN.contains(&name) || name.contains('*') || name.contains(' ')
}

#[test]
fn the_sources_do_not_name_raw_telemetry() {
    let mut files = Vec::new();
    sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut files);
    let mut seen = 0;
    for file in files {
        for name in names_of_the_model(&std::fs::read_to_string(&file).unwrap()) {
            assert!(!is_forbidden(&name), "{} names sentra_model::{name} (law MEANING)", file.display());
            seen += 1;
        }
    }
    assert!(seen > 10, "the scan found only {seen} names: it no longer sees the imports");
}

#[test]
fn the_scan_sees_every_way_to_name_them() {
    for bad in [
        "use sentra_model::Event;",
        "use sentra_model::{Fact, Event, Signal};",
        "use sentra_model::{\n    Fact,\n    RawRecord as R,\n};",
        "fn f(e: &sentra_model::EventBatch) {}",
        "use sentra_model::*;",
        "use sentra_model as model;",
    ] {
        assert!(names_of_the_model(bad).iter().any(|name| is_forbidden(name)), "{bad}");
    }
    assert!(
        !names_of_the_model("use sentra_model::{EventCode, Signal};").iter().any(|name| is_forbidden(name))
    );
}

#[test]
fn the_crate_depends_on_no_room_but_the_model() {
    let manifest = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
    let rooms: Vec<&str> = manifest
        .lines()
        .filter(|line| line.starts_with("sentra-"))
        .map(|line| line.split(['.', ' ', '=']).next().unwrap())
        .collect();
    assert_eq!(rooms, ["sentra-model"]);
}
