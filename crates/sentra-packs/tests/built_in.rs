//! The packs that ship: every rule compiles without a problem, has samples, and does what they say.

// Helpers of tests are not inside `#[test]` functions, where clippy allows these.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout
)]

use std::collections::BTreeSet;
use std::sync::Arc;

use sentra_decode::{Declared, DecodeOptions, Decoder};
use sentra_detect::RuleSet;
use sentra_packs::{built_in_packs, check_samples};

#[test]
fn every_built_in_rule_compiles_and_its_samples_hold() {
    let files = built_in_packs();
    let (rules, problems) = RuleSet::compile(files.rules);
    assert!(problems.is_empty(), "{problems:#?}");
    let rules = Arc::new(rules);
    let (declared, _) = Declared::compile(&files.formats);
    let decoder = Decoder::new(DecodeOptions { declared, ..DecodeOptions::default() });
    let mut failures = Vec::new();
    let mut samples = 0;
    for (path, text) in &files.samples {
        let report = check_samples(path, text, &rules, &decoder);
        samples += report.samples;
        failures.extend(report.failures);
    }
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(samples >= 2 * files.samples.len(), "{samples} samples in {} files", files.samples.len());
}

#[test]
fn every_rule_that_reports_has_samples_that_match_and_samples_that_do_not() {
    let files = built_in_packs();
    let (rules, _) = RuleSet::compile(files.rules);
    let texts: Vec<&str> = files.samples.iter().map(|(_, text)| text.as_str()).collect();
    let sampled: BTreeSet<&str> =
        texts.iter().filter_map(|text| text.split("rule: ").nth(1)?.split_whitespace().next()).collect();
    for text in &texts {
        assert!(text.contains("expect: match") && text.contains("expect: none"), "{text}");
    }
    let reporting: Vec<&str> =
        rules.rules().iter().filter(|rule| rule.reports()).map(|rule| rule.reference().id.as_str()).collect();
    let unsampled: Vec<&&str> = reporting.iter().filter(|id| !sampled.contains(**id)).collect();
    assert!(unsampled.is_empty(), "rules without samples: {unsampled:?}");
    assert!(reporting.len() >= 20, "only {} rules report", reporting.len());
}

#[test]
fn every_built_in_format_compiles_and_its_samples_hold() {
    let files = built_in_packs();
    let (declared, problems) = Declared::compile(&files.formats);
    assert!(problems.is_empty(), "{problems:#?}");
    let problems = declared.check_samples();
    assert!(problems.is_empty(), "{problems:#?}");
    assert!(declared.len() >= 2 && declared.samples() >= 2 * declared.len(), "{declared:?}");
}
