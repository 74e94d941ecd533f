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
use std::path::Path;
use std::sync::Arc;

use sentra_decode::{Declared, DecodeOptions, Decoder};
use sentra_packs::{built_in_packs, check_samples, compile_rules};

#[test]
fn every_built_in_rule_compiles_and_its_samples_hold() {
    let files = built_in_packs();
    let (rules, problems) = compile_rules(&files);
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
    let (rules, _) = compile_rules(&files);
    let texts: Vec<&str> = files.samples.iter().map(|(_, text)| text.as_str()).collect();
    let sampled: BTreeSet<&str> =
        texts.iter().flat_map(|text| text.lines().filter_map(|line| line.strip_prefix("rule: "))).collect();
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

/// What a page says is what the rules are called, and every rule that speaks has its page.
#[test]
fn every_case_has_a_page_with_all_its_rules() {
    let files = built_in_packs();
    let (rules, _) = compile_rules(&files);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let index = std::fs::read_to_string(root.join("docs/cases/README.md")).unwrap();
    let mut pages = BTreeSet::new();
    for rule in rules.rules().iter().filter(|rule| rule.reports()) {
        let reference = rule.reference();
        if reference.pack.starts_with("core@") {
            continue;
        }
        let source = files.rules.iter().find(|source| source.path == rule.path()).unwrap();
        let document = source.text.split("---\n").find(|text| text.contains(reference.id.as_str())).unwrap();
        let (_, rest) = document.split_once("docs/cases/").expect("a reference to its page");
        let (page, _) = rest.split_once(".md").unwrap();
        let text = std::fs::read_to_string(root.join(format!("docs/cases/{page}.md"))).unwrap();
        assert!(text.contains(&reference.title), "{page}.md does not name {:?}", reference.title);
        assert!(index.contains(&format!("({page}.md)")), "the index does not name {page}.md");
        pages.insert(page.to_owned());
    }
    let written = std::fs::read_dir(root.join("docs/cases")).unwrap();
    assert_eq!(written.count(), pages.len() + 1, "a page is about no rule");
    assert_eq!(pages.len(), 14, "{pages:?}");
}
