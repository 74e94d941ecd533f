//! The public rules on recorded events.

#![allow(clippy::print_stdout, reason = "a test says what it found")]

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::{Happening, batches};
use crate::yaral::accept::accept;
use crate::yaral::ast::CompareSign;
use crate::yaral::corpus_tests::{directory, sources};
use crate::yaral::lists::SharedLists;
use crate::yaral::rule::Variable;
use crate::yaral::rules::YaralRules;
use crate::yaral::runner::holds;
use crate::yaral::term::{Bx, Ex};

/// The prefilter is a necessary condition: it never keeps an event back that the rule accepts.
#[test]
fn no_prefilter_keeps_an_accepted_event_back() {
    const EVERY: usize = 800;
    let Some(directory) = directory() else { return };
    let (rules, _) = YaralRules::compile(&sources(&directory), &Arc::<SharedLists>::default());
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
    let (mut candidates, mut tried) = (0, 0);
    for batch in batches(&happenings, 8_000) {
        for row in batch.rows() {
            for rule in &rules.rules {
                for (number, variable) in rule.variables.iter().enumerate() {
                    tried += 1;
                    let candidate = holds(&variable.prefilter, row);
                    candidates += usize::from(candidate);
                    let rows = accept(variable, number, rule.placeholders.len(), row).rows;
                    assert!(candidate || rows.is_empty(), "{} ${}", rule.path, variable.name);
                }
            }
        }
    }
    println!("| tried | candidates |\n| {tried} | {candidates} |");
    assert!(candidates < tried / 10, "the prefilters are of use");
}

/// What a condition wants to be equal to a text, as fields under the names of UDM.
fn wanted(test: &Bx, variable: &Variable, fields: &mut Vec<(String, String)>) {
    match test {
        Bx::And(parts) => parts.iter().for_each(|part| wanted(part, variable, fields)),
        Bx::Or(parts) => parts.iter().take(1).for_each(|part| wanted(part, variable, fields)),
        Bx::Compare { sign: CompareSign::Equal, left: Ex::Slot(id), right: Ex::Literal(value), .. } => {
            fields.push((variable.slots[id.slot].access.own[0].clone(), value.to_text().into_owned()));
        }
        Bx::Compare { sign: CompareSign::NotEqual, left: Ex::Slot(id), .. } | Bx::Bind(_, Ex::Slot(id)) => {
            fields.push((variable.slots[id.slot].access.own[0].clone(), "something".to_owned()));
        }
        _ => {}
    }
}

/// The same for events that say what each rule wants.
#[test]
fn no_prefilter_keeps_back_what_a_rule_was_written_for() {
    let Some(directory) = directory() else { return };
    let (rules, _) = YaralRules::compile(&sources(&directory), &Arc::<SharedLists>::default());
    let mut accepted = 0;
    for rule in &rules.rules {
        for (number, variable) in rule.variables.iter().enumerate() {
            let mut fields = Vec::new();
            variable.local.iter().for_each(|test| wanted(test, variable, &mut fields));
            let event = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            for batch in batches(&[(0, event)], 1) {
                let row = batch.row(0).unwrap();
                let rows = accept(variable, number, rule.placeholders.len(), row).rows;
                accepted += usize::from(!rows.is_empty());
                assert!(
                    rows.is_empty() || holds(&variable.prefilter, row),
                    "{} ${}",
                    rule.path,
                    variable.name
                );
            }
        }
    }
    println!("{accepted} event variables accept what they want");
    assert!(accepted > 40, "{accepted}");
}
