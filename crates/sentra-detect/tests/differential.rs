//! The public rule base on real events, against what an independent engine found.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use common::{Batches, data, errors, flat_record, public_rules, windows_event, zstd_text};
use sentra_detect::{Detector, Matcher, RuleSet, matching_rules};
use sentra_model::{EventBatch, Mart, events_per_batch_max};

type Pairs = BTreeSet<(u64, String)>;

fn otrf(data: &std::path::Path) -> Vec<EventBatch> {
    let text = zstd_text(&data.join("windows/otrf.ndjson.zst"));
    let mut batches = Batches::new(Mart::WINDOWS, events_per_batch_max());
    for line in text.lines() {
        batches.push(&windows_event(&serde_json::from_str(line).unwrap()));
    }
    batches.cut();
    batches.done
}

fn expected(data: &std::path::Path) -> Pairs {
    let text = std::fs::read_to_string(data.join("windows/otrf.expected.tsv")).unwrap();
    text.lines()
        .map(|line| {
            let (line, rule) = line.split_once('\t').unwrap();
            (line.parse().unwrap(), rule.to_owned())
        })
        .collect()
}

#[test]
fn the_public_rules_compile_and_agree_with_the_independent_engine() {
    let Some(data) = data() else { return };
    let started = Instant::now();
    let (rules, problems) = public_rules(&data);
    println!("compiled {} rules in {:?}", rules.len(), started.elapsed());
    assert_eq!(errors(&problems), Vec::<&sentra_detect::RuleProblem>::new());
    assert_eq!(rules.len(), 3_754);

    let batches = otrf(&data);
    let events: usize = batches.iter().map(EventBatch::len).sum();
    assert_eq!(events, 74_636);
    let rules = Arc::new(rules);
    let mut detector = Detector::new(Arc::clone(&rules));
    let started = Instant::now();
    let mut found = Pairs::new();
    for batch in &batches {
        found.extend(
            detector.process(batch).into_iter().map(|found| (found.event.offset, found.rule.id.clone())),
        );
    }
    println!("{events} events in {:?}, {} matches", started.elapsed(), found.len());

    let expected = expected(&data);
    let both = found.intersection(&expected).count();
    for (line, rule) in found.symmetric_difference(&expected) {
        let who = if found.contains(&(*line, rule.clone())) { "only here" } else { "only there" };
        println!("{who}: line {line} {rule} {}", title(&rules, rule));
    }
    println!("{both} of {} found, {both} of {} expected", found.len(), expected.len());
    assert!(both * 100 >= found.len() * 99, "less than 99 % of what is found is expected");
    assert!(both * 100 >= expected.len() * 99, "less than 99 % of what is expected is found");
}

fn title<'a>(rules: &'a RuleSet, id: &str) -> &'a str {
    let rule = rules.rules().iter().find(|rule| rule.reference().id == id);
    rule.map_or("?", |rule| rule.reference().title.as_str())
}

/// The index is an optimisation of the definition: on real events and all rules, every 97th event, in batches of
/// every size and with all that one matcher remembers of them.
#[test]
fn the_index_agrees_with_the_definition_on_real_events() {
    let Some(data) = data() else { return };
    let (rules, _) = public_rules(&data);
    let rules = Arc::new(rules);
    let text = zstd_text(&data.join("windows/otrf.ndjson.zst"));
    let of_size = |size| {
        let mut batches = Batches::new(Mart::WINDOWS, size);
        for line in text.lines().step_by(97) {
            batches.push(&windows_event(&serde_json::from_str(line).unwrap()));
        }
        batches.cut();
        batches.done
    };
    let mut defined = Vec::new();
    for batch in of_size(250) {
        for row in batch.rows() {
            let matching = matching_rules(&rules, batch.mart().as_str(), row);
            defined.extend(matching.into_iter().map(|rule| (row.id().offset, rule)));
        }
    }
    assert!(!defined.is_empty());
    let mut matcher = Matcher::new(rules);
    for size in [1, 64, 250, 1_024, 1] {
        let mut found = Vec::new();
        for batch in of_size(size) {
            let matches = matcher.matches(&batch);
            found.extend(matches.into_iter().map(|(row, rule)| (batch.row(row).unwrap().id().offset, rule)));
        }
        assert_eq!(found, defined, "batches of {size}");
    }
    assert!(matcher.stats().values_remembered > 0, "the memory of values was tried too");
}

/// Every regression pair of the rule base: the rule matches the record it was written for.
#[test]
fn every_rule_matches_its_regression_record() {
    let Some(data) = data() else { return };
    let (rules, _) = public_rules(&data);
    let rules = Arc::new(rules);
    let mut missed = Vec::new();
    let mut pairs = 0;
    for info in common::files(&data.join("sigma/regression_data"), "yml") {
        let text = std::fs::read_to_string(&info).unwrap();
        let after = text.split("rule_metadata:").nth(1).unwrap();
        let rule = after.split("id:").nth(1).unwrap().split_whitespace().next().unwrap();
        let mut batches = Batches::new(Mart::WINDOWS, events_per_batch_max());
        for twin in common::files(info.parent().unwrap(), "json") {
            let text = std::fs::read_to_string(twin).unwrap();
            for json in serde_json::Deserializer::from_str(&text).into_iter::<serde_json::Value>() {
                let json = json.unwrap();
                let records = json.as_array().cloned().unwrap_or_else(|| vec![json]);
                records.iter().for_each(|record| batches.push(&windows_event(&flat_record(record))));
            }
        }
        batches.cut();
        pairs += 1;
        let mut detector = Detector::new(Arc::clone(&rules));
        let matched = batches
            .done
            .iter()
            .any(|batch| detector.process(batch).iter().any(|found| found.rule.id == rule));
        if !matched {
            missed.push(format!("{rule} {}", info.display()));
        }
    }
    println!("{} of {pairs} pairs match", pairs - missed.len());
    assert_eq!(pairs, 100);
    assert_eq!(missed, Vec::<String>::new());
}
