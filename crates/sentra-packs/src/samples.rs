//! The samples of a pack: for every rule, lines it must find and lines it must not.

use std::sync::Arc;

use saphyr::{LoadableYamlNode, ScalarOwned, YamlOwned};
use sentra_decode::Decoder;
use sentra_detect::RuleSet;
use sentra_model::{RawRecord, Source, SourceKind, Timestamp};

use crate::records::{Record, read_lines};
use crate::scan::Scanner;
use crate::yaml;

/// Moment at which samples are taken to arrive, 2026-01-31T00:00:00Z: year-less lines are resolved by it.
const SAMPLE_ARRIVAL_SECONDS: i64 = 1_769_817_600;

/// What running samples gave.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SampleReport {
    /// Samples that were run.
    pub samples: usize,
    /// The ones that did not do what they say, and files that could not be read as samples.
    pub failures: Vec<SampleFailure>,
}

/// A sample that did not do what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleFailure {
    /// The sample file.
    pub path: String,
    /// The rule it is about.
    pub rule: Option<String>,
    /// What was expected and what happened.
    pub message: String,
}

/// One sample.
#[derive(Debug)]
struct Sample {
    name: String,
    format: Option<String>,
    expect_match: bool,
    matches: Option<usize>,
    records: Vec<Record>,
}

/// Runs the samples in `text`, a sample file at `path`, against `rules`; `decoder` has the formats of the pack.
#[must_use]
pub fn check_samples(path: &str, text: &str, rules: &Arc<RuleSet>, decoder: &Decoder) -> SampleReport {
    let mut report = SampleReport::default();
    let fail = |rule: Option<&str>, message: String| SampleFailure {
        path: path.to_owned(),
        rule: rule.map(str::to_owned),
        message,
    };
    if let Err(fault) = yaml::check(text) {
        report.failures.push(fail(None, format!("line {}: {}", fault.line, fault.message)));
        return report;
    }
    let documents = match YamlOwned::load_from_str(text) {
        Ok(documents) => documents,
        Err(error) => {
            report.failures.push(fail(None, format!("not valid YAML: {error}")));
            return report;
        }
    };
    for document in documents {
        let Some(rule) = text_at(&document, "rule") else {
            report.failures.push(fail(None, "a sample file starts with `rule: <id of the rule>`".to_owned()));
            continue;
        };
        let samples = document.as_mapping_get("samples").and_then(YamlOwned::as_sequence);
        let Some(samples) = samples.filter(|samples| !samples.is_empty()) else {
            report.failures.push(fail(Some(&rule), "no `samples` list".to_owned()));
            continue;
        };
        for sample in samples {
            report.samples += 1;
            let outcome = parse(sample).and_then(|sample| run(&sample, &rule, path, rules, decoder));
            if let Err(message) = outcome {
                report.failures.push(fail(Some(&rule), message));
            }
        }
    }
    report
}

fn parse(sample: &YamlOwned) -> Result<Sample, String> {
    let name = text_at(sample, "name").unwrap_or_else(|| "unnamed".to_owned());
    let expect_match = match text_at(sample, "expect").as_deref() {
        Some("match") => true,
        Some("none") => false,
        _ => return Err(format!("sample {name:?}: `expect` must be `match` or `none`")),
    };
    let lines = sample.as_mapping_get("lines").and_then(YamlOwned::as_sequence);
    let records = read_lines(lines.map_or(&[][..], |lines| lines.as_slice()))
        .map_err(|fault| format!("sample {name:?}: {fault}"))?;
    if records.is_empty() {
        return Err(format!("sample {name:?}: no `lines`"));
    }
    let matches = sample.as_mapping_get("matches").and_then(YamlOwned::as_integer);
    Ok(Sample {
        name,
        format: text_at(sample, "format").filter(|format| format != "auto"),
        expect_match,
        matches: matches.and_then(|matches| usize::try_from(matches).ok()),
        records,
    })
}

fn run(
    sample: &Sample,
    rule: &str,
    path: &str,
    rules: &Arc<RuleSet>,
    decoder: &Decoder,
) -> Result<(), String> {
    let name = &sample.name;
    if rules.rules().iter().all(|known| known.reference().id != rule) {
        return Err(format!("sample {name:?}: no rule with the id {rule} is loaded"));
    }
    let arrival = Timestamp::from_seconds(SAMPLE_ARRIVAL_SECONDS);
    let source = Source {
        kind: SourceKind::File,
        origin: path.to_owned(),
        format: sample.format.clone(),
        reference: arrival,
    };
    let mut scanner = Scanner::new(decoder.clone(), Arc::clone(rules));
    let mut found = Vec::new();
    let assemble = |error| format!("sample {name:?}: {error}");
    for (index, Record { bytes, fields }) in sample.records.iter().enumerate() {
        let record = RawRecord { source: &source, position: index as u64 + 1, received: arrival, bytes };
        found.extend(scanner.push_with(&record, fields).map_err(assemble)?);
    }
    found.extend(scanner.finish().map_err(assemble)?);
    let dead: u64 = scanner.dead().values().sum();
    if dead > 0 {
        return Err(format!(
            "sample {name:?}: {dead} of {} lines could not be decoded",
            sample.records.len()
        ));
    }
    let matches = found.iter().filter(|found| found.rule.id == rule).count();
    match (sample.expect_match, sample.matches) {
        (true, Some(wanted)) if matches != wanted => {
            Err(format!("sample {name:?}: expected {wanted} matches, got {matches}"))
        }
        (true, None) if matches == 0 => Err(format!("sample {name:?}: expected a match, got none")),
        (false, _) if matches > 0 => Err(format!("sample {name:?}: expected no match, got {matches}")),
        _ => Ok(()),
    }
}

fn text_at(node: &YamlOwned, key: &str) -> Option<String> {
    match node.as_mapping_get(key)? {
        YamlOwned::Value(ScalarOwned::String(text)) => Some(text.clone()),
        _ => None,
    }
}
