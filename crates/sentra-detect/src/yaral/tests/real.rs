//! The public rules on recorded events.

#![allow(clippy::print_stdout, reason = "a test says what it found")]

use std::io::Read;
use std::path::Path;

use super::{Happening, batches};
use crate::yaral::accept::accept;
use crate::yaral::corpus_tests::{directory, sources};
use crate::yaral::rules::YaralRules;
use crate::yaral::runner::holds;

/// The prefilter is a necessary condition: it never keeps an event back that the rule accepts.
#[test]
fn no_prefilter_keeps_an_accepted_event_back() {
    const EVERY: usize = 60;
    let Some(directory) = directory() else { return };
    let (rules, _) = YaralRules::compile(&sources(&directory), &());
    let path =
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/windows/otrf.ndjson.zst"));
    let mut text = String::new();
    zstd::Decoder::new(std::fs::File::open(path).unwrap())
        .unwrap()
        .take(1 << 30)
        .read_to_string(&mut text)
        .unwrap();
    let mut events: Vec<Vec<(String, String)>> = Vec::new();
    for line in text.lines().step_by(EVERY) {
        let json: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
        let mut fields = vec![("@product".to_owned(), "windows".to_owned())];
        for (name, value) in json {
            match value {
                serde_json::Value::String(text) => fields.push((name, text)),
                serde_json::Value::Number(number) => fields.push((name, number.to_string())),
                _ => {}
            }
        }
        events.push(fields);
    }
    let happenings: Vec<Happening<'_>> = events
        .iter()
        .map(|fields| (0, fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()))
        .collect();
    let (mut candidates, mut accepted, mut tried) = (0, 0, 0);
    for batch in batches(&happenings, 8_000) {
        for row in batch.rows() {
            for rule in &rules.rules {
                for (number, variable) in rule.variables.iter().enumerate() {
                    tried += 1;
                    let candidate = holds(&variable.prefilter, row);
                    candidates += usize::from(candidate);
                    let rows = accept(variable, number, rule.placeholders.len(), row).rows;
                    accepted += usize::from(!rows.is_empty());
                    assert!(candidate || rows.is_empty(), "{} ${}", rule.path, variable.name);
                }
            }
        }
    }
    println!("| tried | candidates | accepted |\n| {tried} | {candidates} | {accepted} |");
    assert!(accepted > 0 && candidates < tried / 10, "the prefilters are of use");
}
