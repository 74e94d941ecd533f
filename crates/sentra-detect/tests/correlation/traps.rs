//! Six traps that other engines have fallen into, and what belongs to them.

use std::collections::BTreeSet;

use sentra_detect::{Detector, DetectorLimits, STATE_PRESSURE};

use crate::common::*;

fn count_rule(condition: &str) -> std::sync::Arc<sentra_detect::RuleSet> {
    let body = format!(
        "type: event_count, rules: [a], group-by: [src_ip], timespan: 10s, condition: {{{condition}}}"
    );
    compile(&(base("a") + &correlation(&body)))
}

fn at(seconds: &[i64]) -> Vec<Happening> {
    seconds.iter().map(|second| happening(second * SECOND, "a")).collect()
}

/// One: a late event is no company for one that is 90 seconds younger.
#[test]
fn late_event() {
    let batches = batches("t", &at(&[100, 10]), &BTreeSet::new());
    assert!(run(&count_rule("gte: 2"), &batches).is_empty());
}

/// Two: what arrives after something much later still counts with its own company.
#[test]
fn out_of_order_arrival() {
    let batches = batches("t", &at(&[1, 2, 50, 3]), &BTreeSet::new());
    let found = run(&count_rule("gte: 3"), &batches);
    assert_eq!((only(&found).count, only(&found).event.offset), (4, 3));
}

/// Three: within one second, the order is that of the microseconds.
#[test]
fn same_second_order() {
    let body = "type: temporal_ordered, rules: [a, b], group-by: [src_ip], timespan: 10s";
    let rules = compile(&[base("a"), base("b"), correlation(body)].concat());
    let wrong = [happening(5_900_000, "a"), happening(5_100_000, "b")];
    for order in [[0, 1], [1, 0]] {
        let events = order.map(|index: usize| wrong[index].clone());
        assert!(run(&rules, &batches("t", &events, &BTreeSet::new())).is_empty());
    }
}

/// Four: 100,500 groups of noise do not push out one that has nine of ten, and nobody else pays for it.
#[test]
fn eviction_by_noise() {
    let names: Vec<&'static str> =
        (0..100_500).map(|number| &*Box::leak(format!("n{number}").into_boxed_str())).collect();
    let mut events = at(&[0, 1, 2, 3, 4, 5, 6, 7, 8]);
    events.extend(names.iter().map(|name| Happening { group: Some(name), ..happening(9 * SECOND, "a") }));
    events.push(happening(9 * SECOND, "a"));
    let cuts: BTreeSet<usize> = (0..events.len()).step_by(8_000).collect();
    for keys_per_rule_max in [1_000_000, 100_000, 1_000] {
        let limits = DetectorLimits { keys_per_rule_max, ..DetectorLimits::default() };
        let mut detector = Detector::with_limits(count_rule("gte: 10"), limits);
        let mut found = Found::new();
        for batch in batches("t", &events, &cuts) {
            collect(&mut found, detector.process(&batch));
        }
        let victim: Vec<_> = found.values().filter(|found| found.rule.id == "c").collect();
        assert_eq!(victim.len(), 1, "with {keys_per_rule_max} groups");
        assert_eq!(victim[0].count, 10);
        let pressed = found.values().any(|found| found.rule.id == STATE_PRESSURE);
        assert_eq!(pressed, detector.stats().keys_evicted > 0, "it is said");
        assert_eq!(pressed, keys_per_rule_max < events.len());
        assert!(detector.stats().keys <= keys_per_rule_max as u64);
    }
}

/// Five: events without the group-by field are no group.
#[test]
fn missing_group_by_field() {
    for condition in ["gte: 2", "lt: 5", "eq: 3"] {
        let without = vec![Happening { group: None, ..happening(0, "a") }; 3];
        let (found, detector) =
            run_to_end(&count_rule(condition), 0, &batches("t", &without, &BTreeSet::new()));
        assert!(found.is_empty(), "{condition}");
        assert_eq!((detector.stats().events_without_group, detector.stats().keys), (3, 0));
    }
}

/// Six: a percentile is compared with what the rule says.
#[test]
fn percentile() {
    for (bound, fires) in [(1_000_000, false), (3, true), (4, false)] {
        let body = format!(
            "type: value_percentile, rules: [a], group-by: [src_ip], timespan: 10s, \
             condition: {{field: value, percentile: 95, gte: {bound}}}"
        );
        let rules = compile(&(base("a") + &correlation(&body)));
        let events = [Happening { value: "3", ..happening(0, "a") }];
        let (found, _) = run_to_end(&rules, 0, &batches("t", &events, &BTreeSet::new()));
        assert_eq!(!found.is_empty(), fires, "{bound}");
    }
}
