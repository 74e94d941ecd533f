//! Shared by the tests on real data: rules, events and where they are.
#![allow(dead_code, reason = "every test binary uses its own part")]

use std::io::Read;
use std::path::{Path, PathBuf};

use sentra_detect::{ProblemSeverity, RuleProblem, RuleSet, RuleSource};
use sentra_model::{
    BatchBuilder, Event, EventBatch, EventId, FieldValue, Mart, RawRecord, Source, SourceKind, TenantId,
    Timestamp,
};

/// The directory of real data, or `None` with a word about it.
pub(crate) fn data() -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).to_path_buf();
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: there is no real data at {}", path.display());
    None
}

/// Every rule file below `directory`, sorted by path.
pub(crate) fn rule_sources(directory: &Path) -> Vec<RuleSource> {
    let mut sources = Vec::new();
    for path in files(directory, "yml") {
        let text = std::fs::read_to_string(&path).unwrap();
        sources.push(RuleSource { path: path.display().to_string(), text, pack: "public".to_owned() });
    }
    sources
}

/// The three directories of active rules, compiled.
pub(crate) fn public_rules(data: &Path) -> (RuleSet, Vec<RuleProblem>) {
    let directories = ["rules", "rules-emerging-threats", "rules-threat-hunting"];
    let sources = directories.iter().flat_map(|name| rule_sources(&data.join("sigma").join(name))).collect();
    RuleSet::compile(sources)
}

pub(crate) fn errors(problems: &[RuleProblem]) -> Vec<&RuleProblem> {
    problems.iter().filter(|problem| problem.severity == ProblemSeverity::Error).collect()
}

/// Every file below `directory` that ends so, sorted by path.
pub(crate) fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![directory.to_path_buf()];
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The text in a zstd file.
pub(crate) fn zstd_text(path: &Path) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    zstd::Decoder::new(file).unwrap().take(1 << 30).read_to_string(&mut text).unwrap();
    text
}

/// A flat Windows event: every key a field.
pub(crate) fn windows_event(json: &serde_json::Map<String, serde_json::Value>) -> Event<'static> {
    let mut event = Event::new("windows", Mart::WINDOWS, Timestamp::from_seconds(1_600_000_000));
    event.product = "windows".into();
    for (name, value) in json {
        push(&mut event, name.clone(), value);
    }
    if let Some(message) = event.text("Message").map(str::to_owned) {
        event.message = message.into();
    }
    event
}

fn push(event: &mut Event<'static>, name: String, value: &serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::Null => {}
        Value::Bool(truth) => event.push(name, FieldValue::Bool(*truth)),
        Value::Number(number) => match number.as_i64() {
            Some(number) => event.push(name, FieldValue::Integer(number)),
            None => event.push(name, FieldValue::Float(number.as_f64().unwrap())),
        },
        Value::String(text) => event.push(name, FieldValue::Text(text.clone().into())),
        Value::Array(items) => items.iter().for_each(|item| push(event, name.clone(), item)),
        Value::Object(object) => {
            for (key, value) in object {
                push(event, format!("{name}.{key}"), value);
            }
        }
    }
}

/// The nested shape of an EVTX record as a flat one: names without spaces, attributes as `Provider_Name`.
pub(crate) fn flat_record(json: &serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    let mut flat = serde_json::Map::new();
    let event = &json["Event"];
    for (name, value) in event["System"].as_object().unwrap() {
        match value.get("#attributes").and_then(serde_json::Value::as_object) {
            Some(attributes) => {
                for (attribute, value) in attributes {
                    flat.insert(format!("{name}_{attribute}"), value.clone());
                }
                if let Some(text) = value.get("#text") {
                    flat.insert(name.clone(), text.clone());
                }
            }
            None => {
                flat.insert(name.clone(), value.clone());
            }
        }
    }
    for part in ["EventData", "UserData"] {
        flatten_data(&mut flat, &event[part]);
    }
    flat
}

fn flatten_data(flat: &mut serde_json::Map<String, serde_json::Value>, value: &serde_json::Value) {
    for (name, value) in value.as_object().into_iter().flatten() {
        if name == "#attributes" {
            continue;
        }
        if value.is_object() && value.get("#text").is_none() {
            flatten_data(flat, value);
        } else {
            let value = value.get("#text").unwrap_or(value);
            flat.insert(name.replace(' ', ""), value.clone());
        }
    }
}

/// Collects events into batches of one tenant and mart.
pub(crate) struct Batches {
    builder: BatchBuilder,
    source: Source,
    offset: u64,
    size: usize,
    pub(crate) done: Vec<EventBatch>,
}

impl Batches {
    pub(crate) fn new(mart: Mart, size: usize) -> Self {
        let reference = Timestamp::from_seconds(1_600_000_000);
        let source = Source { kind: SourceKind::File, origin: "test".to_owned(), format: None, reference };
        let builder = BatchBuilder::new(TenantId::default_tenant(), mart);
        Self { builder, source, offset: 0, size, done: Vec::new() }
    }

    /// The event's offset is its running number.
    pub(crate) fn push(&mut self, event: &Event<'_>) {
        let received = Timestamp::from_seconds(1_700_000_000);
        let record = RawRecord { source: &self.source, position: self.offset + 1, received, bytes: b"{}" };
        self.builder.push(EventId::raw(0, self.offset), &record, event).unwrap();
        self.offset += 1;
        if self.builder.len() >= self.size {
            self.cut();
        }
    }

    /// Ends the batch here.
    pub(crate) fn cut(&mut self) {
        if !self.builder.is_empty() {
            self.done.push(self.builder.finish().unwrap());
        }
    }
}
