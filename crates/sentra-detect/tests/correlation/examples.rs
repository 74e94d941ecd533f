//! What the documentation says, by example.

use std::collections::BTreeSet;
use std::sync::Arc;

use sentra_detect::{Detector, Match, RuleSet, RuleSource};
use sentra_model::{EventId, TenantId, Timestamp};

use crate::common::*;

const LATENESS: i64 = 20 * SECOND;

fn tenant() -> TenantId {
    "t".parse().unwrap()
}

fn rules(body: &str) -> Arc<RuleSet> {
    let all: String = ["a", "b", "c"].map(base).concat();
    compile(&(all + &correlation(&format!("{body}, group-by: [src_ip]"))))
}

fn found(body: &str, events: &[Happening]) -> Vec<Vec<u64>> {
    let (found, _) = run_to_end(&rules(body), LATENESS, &batches("t", events, &BTreeSet::new()));
    found.values().map(ids).collect()
}

fn kinds(events: &[(i64, &'static str)]) -> Vec<Happening> {
    events.iter().map(|(second, kind)| happening(second * SECOND, kind)).collect()
}

/// A and not B within ten seconds: it is sure when these and the lateness have passed, by events or by time.
#[test]
fn absence_is_sure_when_its_time_and_the_lateness_have_passed() {
    let rules = rules("type: temporal, rules: [a, b], condition: a and not b, timespan: 10s");
    let mut detector = Detector::with_limits(Arc::clone(&rules), limits(LATENESS));
    let first = batches("t", &kinds(&[(100, "a")]), &BTreeSet::new());
    assert!(detector.process(&first[0]).is_empty());
    assert!(detector.advance(&tenant(), Timestamp::from_seconds(130)).is_empty());
    let mut found = detector.advance(&tenant(), Timestamp::from_micros(130 * SECOND + 1));
    let found = found.pop().unwrap();
    assert_eq!((found.row, found.event), (Match::NO_ROW, EventId::raw(0, 0)));
    assert_eq!((found.time, found.last), (Timestamp::from_seconds(110), Timestamp::from_seconds(100)));
    assert_eq!(found.group, [("src_ip".to_owned(), "g".to_owned())]);

    // An event of another kind lets time pass as well, and is no part of the match.
    let mut detector = Detector::with_limits(rules, limits(LATENESS));
    let events = kinds(&[(100, "a"), (131, "x"), (132, "x")]);
    let mut found = detector.process(&batches("t", &events, &BTreeSet::new())[0]);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].row, ids(&found.pop().unwrap())), (Match::NO_ROW, vec![0]));
}

#[test]
fn absence_is_not_reported_where_there_was_presence() {
    let body = "type: temporal, rules: [a, b], condition: a and not b, timespan: 10s";
    for (events, expected) in [
        (vec![(100, "a"), (110, "b")], 0),
        (vec![(100, "a"), (111, "b")], 1),
        // Not before it either way round: B does not excuse a later A.
        (vec![(99, "b"), (100, "a")], 1),
        // The answer arrives late, but within the lateness.
        (vec![(100, "a"), (115, "x"), (105, "b")], 0),
    ] {
        assert_eq!(found(body, &kinds(&events)).len(), expected, "{events:?}");
    }
}

/// What is later than the lateness does not change what is decided, and is counted.
#[test]
fn what_comes_after_the_watermark_is_counted() {
    let rules = rules("type: event_count, rules: [a], condition: {eq: 2}, timespan: 10s");
    let events = kinds(&[(100, "a"), (200, "x"), (101, "a")]);
    let (found, detector) = run_to_end(&rules, LATENESS, &batches("t", &events, &BTreeSet::new()));
    assert!(found.is_empty());
    assert_eq!(detector.stats().events_too_late, 1);
}

#[test]
fn windows_have_their_borders() {
    let sliding = "type: event_count, rules: [a], condition: {gte: 2}, timespan: 10s";
    let tumbling = "type: event_count, rules: [a], condition: {gte: 2}, window: tumbling, timespan: 10s";
    let session = "type: event_count, rules: [a], condition: {gte: 3}, window: session, gap: 4s";
    let capped =
        "type: event_count, rules: [a], condition: {gte: 4}, window: session, gap: 4s, timespan: 10s";
    for (body, seconds, expected) in [
        (sliding, vec![8, 12], 1),
        (tumbling, vec![8, 12], 0),
        (tumbling, vec![10, 19], 1),
        (session, vec![0, 4, 8], 1),
        (session, vec![0, 5, 8], 0),
        (capped, vec![0, 4, 8, 12], 0),
        (capped, vec![0, 3, 6, 9], 1),
    ] {
        let events: Vec<_> = seconds.iter().map(|second| happening(second * SECOND, "a")).collect();
        assert_eq!(found(body, &events).len(), expected, "{body}: {seconds:?}");
    }
}

#[test]
fn numbers_are_measured() {
    let events: Vec<Happening> = ["10", "20", "60", "none"]
        .into_iter()
        .zip(0..)
        .map(|(value, second)| Happening { value, ..happening(second * SECOND, "a") })
        .collect();
    for (condition, expected) in [
        ("type: value_sum, condition: {field: value, gte: 90}", 1),
        ("type: value_sum, condition: {field: value, gt: 90}", 0),
        ("type: value_avg, condition: {field: value, eq: 30}", 1),
        ("type: value_avg, condition: {field: value, gt: 30}", 0),
        ("type: value_median, condition: {field: value, eq: 20}", 1),
        ("type: value_percentile, condition: {field: value, percentile: 75, eq: 40}", 1),
        ("type: value_percentile, condition: {field: value, percentile: 99, gt: 60}", 0),
    ] {
        let body = format!("{condition}, rules: [a], window: tumbling, timespan: 1h");
        assert_eq!(found(&body, &events).len(), expected, "{condition}");
    }
    // What is no number is not counted as one, and said.
    let sum = rules("type: value_sum, condition: {field: value, gte: 90}, rules: [a], timespan: 1h");
    let (_, detector) = run_to_end(&sum, 0, &batches("t", &events, &BTreeSet::new()));
    assert_eq!(detector.stats().events_without_group, 1);
}

/// A correlation can stand on one that is decided in order, and the other way round.
#[test]
fn chains_of_both_kinds() {
    let quiet = "---\ntitle: quiet\nname: quiet\ncorrelation: {type: temporal, rules: [a, b], condition: a and not b, group-by: [src_ip], timespan: 10s, run-gap: 10s}\n";
    let many = "---\ntitle: many\nname: many\ncorrelation: {type: event_count, rules: [a], group-by: [src_ip], timespan: 10s, condition: {gte: 2}}\n";
    let bases: String = ["a", "b", "c"].map(base).concat();
    for (body, times, expected) in [
        // Three times nothing came.
        ("type: event_count, rules: [quiet], condition: {gte: 3}, timespan: 200s", vec![0, 50, 100], 1),
        ("type: event_count, rules: [quiet], condition: {gte: 4}, timespan: 200s", vec![0, 50, 100], 0),
        // Exactly twice, decided in order on what is decided in order.
        ("type: event_count, rules: [quiet], condition: {eq: 2}, timespan: 60s", vec![0, 50], 1),
        // Many, and no answer.
        ("type: temporal, rules: [many, c], condition: many and not c, timespan: 30s", vec![0, 1, 2], 1),
        ("type: temporal, rules: [many, c], condition: many and not c, timespan: 30s", vec![0, 20], 0),
    ] {
        let text = [bases.clone(), quiet.to_owned(), many.to_owned()].concat();
        let rules = compile(&(text + &correlation(&format!("{body}, group-by: [src_ip]"))));
        let events: Vec<_> = times.iter().map(|second| happening(second * SECOND, "a")).collect();
        let whole = batches("t", &events, &BTreeSet::new());
        let (found, _) = run_to_end(&rules, LATENESS, &whole);
        let of_last = found.values().filter(|found| found.rule.id == "c").count();
        assert_eq!(of_last, expected, "{body}: {times:?}");
        let cut = batches("t", &events, &(1..events.len()).collect());
        assert_eq!(run_to_end_restarted(&rules, LATENESS, &cut), found, "{body}: {times:?}");
    }
}

/// One expression over rules; each is its own rule with its own fields.
#[test]
fn expressions_over_rules() {
    let body =
        |condition: &str| format!("type: temporal, rules: [a, b, c], timespan: 10s, condition: {condition}");
    let events = kinds(&[(0, "a"), (5, "c")]);
    for (condition, expected) in
        [("a and b", 0), ("a and (b or c)", 1), ("2 of them", 1), ("all of them", 0), ("{gte: 2}", 1)]
    {
        assert_eq!(found(&body(condition), &events).len(), expected, "{condition}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let all: String = ["a", "b"].map(base).concat();
    let lines = all.lines().count() as u64;
    for (body, line, part) in [
        (
            "type: temporal\n  rules: [a, b]\n  timespan: 1m\n  condition: a and not d",
            6,
            "none of the correlation's",
        ),
        ("type: temporal\n  rules: [a, b]\n  timespan: 1m\n  condition: a and not a", 6, "not met by any"),
        ("type: temporal\n  rules: [a, b]\n  timespan: 1m\n  condition: a and (b", 6, "never closed"),
        ("type: event_count\n  rules: [a]\n  condition: {gte: 2}\n  window: session", 6, "needs a gap"),
        (
            "type: event_count\n  rules: [a]\n  timespan: 1m\n  condition: {gte: 2}\n  window: slidng",
            7,
            "\"sliding\"",
        ),
        (
            "type: value_percentile\n  rules: [a]\n  timespan: 1m\n  condition: {field: x, gte: 2}",
            3,
            "needs a percentile",
        ),
        (
            "type: value_percentile\n  rules: [a]\n  timespan: 1m\n  condition: {field: x, percentile: 101, gte: 2}",
            6,
            "0 to 100",
        ),
        (
            "type: value_count\n  rules: [a]\n  timespan: 1m\n  condition: {field: [x, y], gte: 2}",
            6,
            "one field",
        ),
        ("type: event_count\n  rules: [a]\n  timespan: 1m\n  condition: {lt: 0}", 6, "would never hold"),
        (
            "type: event_count\n  rules: [a]\n  timespan: 1m\n  condition: {gte: 2, lte: 3}",
            6,
            "one condition only",
        ),
        (
            "type: temporal_ordered\n  rules: [a, b]\n  timespan: 1m\n  condition: a and b",
            6,
            "takes no condition",
        ),
        (
            "type: event_count\n  rules: [a]\n  timespan: 1m\n  gap: 2m\n  window: session\n  condition: {gte: 2}",
            6,
            "longer than its timespan",
        ),
    ] {
        let text = format!("{all}---\ntitle: t\ncorrelation:\n  {body}\n");
        let source = RuleSource { path: "t.yml".to_owned(), text, pack: "t".to_owned() };
        let (_, problems) = RuleSet::compile(vec![source]);
        let errors: Vec<_> = problems
            .iter()
            .filter(|problem| problem.severity == sentra_detect::ProblemSeverity::Error)
            .collect();
        assert_eq!(errors.len(), 1, "{body}: {problems:?}");
        assert!(errors[0].message.contains(part), "{body}: {errors:?}");
        assert_eq!(errors[0].line, lines + 1 + line, "{body}: {errors:?}");
    }
}
