//! Runs of the types that fire at once, against their definition by brute force: late, disordered, cut
//! anywhere, restarted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use sentra_detect::{Detector, DetectorLimits, RuleSet, STATE_PRESSURE};
use sentra_model::{EventId, Timestamp};

use crate::common::*;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Events(u64),
    Values(usize),
    Both,
    Ordered,
}

const TIMESPAN: i64 = 10 * SECOND;
const GAP: i64 = 25 * SECOND;

fn rules_of(kind: Kind) -> Arc<RuleSet> {
    let body = match kind {
        Kind::Events(count) => format!("type: event_count, rules: [a, b], condition: {{gte: {count}}}"),
        Kind::Values(count) => {
            format!("type: value_count, rules: [a, b], condition: {{gte: {count}, field: value}}")
        }
        Kind::Both => "type: temporal, rules: [a, b]".to_owned(),
        Kind::Ordered => "type: temporal_ordered, rules: [a, b]".to_owned(),
    };
    let body = format!("{body}, group-by: [src_ip], timespan: 10s, run-gap: 25s");
    compile(&[base("a"), base("b"), correlation(&body)].concat())
}

fn fires(kind: Kind, run: &[(i64, EventId, &Happening)]) -> bool {
    run.iter().enumerate().any(|(index, (start, ..))| {
        let window: Vec<_> = run[index..].iter().take_while(|(time, ..)| time - start <= TIMESPAN).collect();
        match kind {
            Kind::Events(count) => {
                window.iter().map(|(_, _, event)| u64::from(event.count)).sum::<u64>() >= count
            }
            Kind::Values(count) => {
                window.iter().map(|(_, _, event)| event.value).collect::<BTreeSet<_>>().len() >= count
            }
            Kind::Both => {
                ["a", "b"].iter().all(|kind| window.iter().any(|(_, _, event)| event.kind == *kind))
            }
            Kind::Ordered => {
                let first = window.iter().position(|(_, _, event)| event.kind == "a");
                first.is_some_and(|first| window[first..].iter().any(|(_, _, event)| event.kind == "b"))
            }
        }
    })
}

/// The runs that must have been reported, by definition: evidence in the order of time, and the count.
fn defined(kind: Kind, happenings: &[Happening]) -> BTreeSet<(String, Vec<EventId>, u64)> {
    let mut groups: BTreeMap<&str, Vec<(i64, EventId, &Happening)>> = BTreeMap::new();
    for (offset, event) in happenings.iter().enumerate() {
        if let (Some(group), "a" | "b") = (event.group, event.kind) {
            groups.entry(group).or_default().push((event.time, EventId::raw(0, offset as u64), event));
        }
    }
    let mut all = BTreeSet::new();
    for (group, mut events) in groups {
        events.sort_by_key(|(time, id, _)| (*time, *id));
        for run in events.chunk_by(|left, right| right.0 - left.0 <= GAP) {
            if fires(kind, run) {
                let ids = run.iter().map(|(_, id, _)| *id).collect();
                let count = run.iter().map(|(_, _, event)| u64::from(event.count)).sum();
                all.insert((group.to_owned(), ids, count));
            }
        }
    }
    all
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let group = prop_oneof![Just(Some("g")), Just(Some("h")), Just(None)];
    let one = (
        0..120_i64,
        0..3_i64,
        prop_oneof!["a", "b", "x"].prop_map(|_| ()),
        group,
        0..4_usize,
        1..3_u32,
        0..3_usize,
    );
    let one = one.prop_map(|(seconds, micros, (), group, value, count, kind)| Happening {
        time: seconds * SECOND + micros,
        kind: ["a", "b", "x"][kind],
        group,
        value: ["u", "v", "w", "z"][value],
        count,
    });
    proptest::collection::vec(one, 0..60)
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        (1..8_u64).prop_map(Kind::Events),
        (1..5_usize).prop_map(Kind::Values),
        Just(Kind::Both),
        Just(Kind::Ordered)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Laws TIME and IDENTITY: the order of arrival does not matter for what is found, the cuts and restarts
    /// do not matter at all.
    #[test]
    fn runs_are_as_defined_however_events_arrive(
        kind in kind(),
        happenings in happenings(),
        cuts in proptest::collection::btree_set(1..60_usize, 0..8),
    ) {
        let rules = rules_of(kind);
        let whole = run(&rules, &batches("t", &happenings, &BTreeSet::new()));
        let cut = batches("t", &happenings, &cuts);
        prop_assert_eq!(&run(&rules, &cut), &whole, "cut into batches");
        prop_assert_eq!(&run_restarted(&rules, &cut), &whole, "restarted at every cut");

        let reported: BTreeSet<_> = whole
            .values()
            .map(|found| (found.group[0].1.clone(), found.evidence.clone(), found.count))
            .collect();
        let defined = defined(kind, &happenings);
        for one in &defined {
            prop_assert!(reported.contains(one), "not reported: {:?}", one);
        }
        for (group, evidence, _) in &reported {
            // What was reported before late events joined two runs is a part of one that is defined.
            let within = |ids: &Vec<EventId>| evidence.iter().all(|id| ids.contains(id));
            prop_assert!(defined.iter().any(|(other, ids, _)| other == group && within(ids)), "too much");
        }
    }
}

fn count_rule(extra: &str) -> Arc<RuleSet> {
    let body = format!("type: event_count, rules: [a], group-by: [src_ip], timespan: 10s, {extra}");
    compile(&(base("a") + &correlation(&body)))
}

#[test]
fn a_late_event_is_counted_at_its_own_time() {
    let rules = count_rule("condition: {gte: 2}");
    let late = [happening(100 * SECOND, "a"), happening(10 * SECOND, "a")];
    assert!(run(&rules, &batches("t", &late, &BTreeSet::new())).is_empty());

    let rules = count_rule("condition: {gt: 2}");
    let late = [1, 2, 50, 3].map(|second| happening(second * SECOND, "a"));
    let found = run(&rules, &batches("t", &late, &BTreeSet::new()));
    let found = only(&found);
    assert_eq!(ids(found), [0, 1, 3, 2]);
    assert_eq!((found.run, found.event.offset), (EventId::raw(0, 0), 3));
    assert_eq!((found.first, found.last), (Timestamp::from_seconds(1), Timestamp::from_seconds(50)));
}

#[test]
fn the_window_is_exact_to_the_microsecond() {
    let rules = count_rule("condition: {gte: 2}");
    let at = |micros| [happening(0, "a"), happening(10 * SECOND + micros, "a")];
    assert!(run(&rules, &batches("t", &at(1), &BTreeSet::new())).is_empty());
    assert_eq!(run(&rules, &batches("t", &at(0), &BTreeSet::new())).len(), 1);
}

#[test]
fn order_is_by_event_time() {
    let body = "type: temporal_ordered, rules: [a, b], group-by: [src_ip], timespan: 10s";
    let rules = compile(&[base("a"), base("b"), correlation(body)].concat());
    let wrong = [happening(5_900_000, "a"), happening(5_100_000, "b")];
    assert!(run(&rules, &batches("t", &wrong, &BTreeSet::new())).is_empty());
    let right = [happening(5_900_000, "b"), happening(5_100_000, "a")];
    assert_eq!(ids(only(&run(&rules, &batches("t", &right, &BTreeSet::new())))), [1, 0]);
    // Of one second: the one that stands first in the log.
    let tie = [happening(SECOND, "a"), happening(SECOND, "b")];
    assert_eq!(run(&rules, &batches("t", &tie, &BTreeSet::new())).len(), 1);
}

#[test]
fn an_event_without_the_group_field_is_not_counted() {
    let rules = count_rule("condition: {gte: 2}");
    let without = vec![Happening { group: None, ..happening(0, "a") }; 3];
    let mut detector = Detector::new(rules);
    let batches = batches("t", &without, &BTreeSet::new());
    assert!(batches.iter().all(|batch| detector.process(batch).is_empty()));
    assert_eq!(detector.stats().events_without_group, 3);
}

#[test]
fn a_run_is_counted_whole_and_reported_once_per_batch() {
    let rules = count_rule("condition: {gte: 5}");
    let events: Vec<Happening> = (0..1_200).map(|second| happening(second * SECOND, "a")).collect();
    let cut = batches("t", &events, &BTreeSet::from([400, 800]));
    let mut detector = Detector::new(rules);
    let counts: Vec<Vec<u64>> =
        cut.iter().map(|batch| detector.process(batch).iter().map(|found| found.count).collect()).collect();
    assert_eq!(counts, [vec![400], vec![800], vec![1_200]]);
    let mut last = detector.process(&batches("t", &[happening(1_200 * SECOND, "a")], &BTreeSet::new())[0]);
    let last = last.pop().unwrap();
    assert_eq!((last.evidence_total, last.evidence.len()), (1_201, 1_000));
}

#[test]
fn one_record_that_stands_for_many_counts_as_many() {
    let rules = count_rule("condition: {gte: 6}");
    let events = [happening(0, "a"), Happening { count: 5, ..happening(SECOND, "a") }];
    let found = run(&rules, &batches("t", &events, &BTreeSet::new()));
    let found = only(&found);
    assert_eq!((found.count, found.evidence_total), (6, 2));
}

/// A success after many failures: a correlation over a correlation.
#[test]
fn a_correlation_can_stand_on_another() {
    let failures = "---\ntitle: many\nname: many\ncorrelation: {type: event_count, rules: [a], group-by: [src_ip], timespan: 60s, condition: {gte: 3}}\n";
    let after = "type: temporal_ordered, rules: [many, b], group-by: [src_ip], timespan: 60s";
    // The one that refers comes first in the file.
    let rules = compile(&[correlation(after), failures.to_owned(), base("a"), base("b")].concat());
    let events = |kinds: &[&'static str]| -> Vec<Happening> {
        kinds.iter().enumerate().map(|(second, kind)| happening(second as i64 * SECOND, kind)).collect()
    };
    assert!(run(&rules, &batches("t", &events(&["a", "a", "b"]), &BTreeSet::new())).is_empty());
    assert!(run(&rules, &batches("t", &events(&["b", "a", "a", "a"]), &BTreeSet::new())).is_empty());
    let happened = events(&["a", "a", "a", "a", "b"]);
    let found = run(&rules, &batches("t", &happened, &BTreeSet::new()));
    assert_eq!(ids(only(&found)), [0, 1, 2, 3, 4]);
    assert_eq!(only(&found).count, 5);
    let cut = batches("t", &happened, &BTreeSet::from([1, 2, 3, 4]));
    assert_eq!(run_restarted(&rules, &cut), found);
}

#[test]
fn a_referenced_rule_reports_only_when_told_to() {
    let events = [happening(0, "a"), happening(SECOND, "a")];
    let silent = run(&count_rule("condition: {gte: 2}"), &batches("t", &events, &BTreeSet::new()));
    assert_eq!(silent.len(), 1);
    let loud =
        run(&count_rule("condition: {gte: 2}, generate: true"), &batches("t", &events, &BTreeSet::new()));
    assert_eq!(loud.len(), 3);
}

#[test]
fn aliases_name_the_field_of_each_rule() {
    let body = "type: temporal, rules: [a, b], group-by: [who], timespan: 10s, aliases: {who: {a: value, b: src_ip}}";
    let rules = compile(&[base("a"), base("b"), correlation(body)].concat());
    let events = |value| [Happening { value, ..happening(0, "a") }, happening(SECOND, "b")];
    assert_eq!(run(&rules, &batches("t", &events("g"), &BTreeSet::new())).len(), 1);
    assert!(run(&rules, &batches("t", &events("other"), &BTreeSet::new())).is_empty());
}

/// Law TENANT.
#[test]
fn tenants_do_not_share_state() {
    let rules = count_rule("condition: {gte: 2}");
    let mut detector = Detector::new(rules);
    for tenant in ["one", "other"] {
        let batch = batches(tenant, &[happening(0, "a")], &BTreeSet::new()).remove(0);
        assert!(detector.process(&batch).is_empty());
    }
    assert_eq!(detector.stats().keys, 2);
    let keys: BTreeSet<Vec<u8>> = detector.take_changes().into_iter().map(|change| change.key).collect();
    assert_eq!(keys.len(), 4, "a group and a clock each");
    assert!(detector.take_changes().is_empty());
}

/// Law LIMIT, and no way around detection: noise does not push out a group that is about to fire.
#[test]
fn noise_does_not_evict_what_is_near_its_threshold() {
    let names: Vec<&'static str> =
        (0..1_000).map(|number| &*Box::leak(format!("n{number}").into_boxed_str())).collect();
    let mut events: Vec<Happening> = (0..9).map(|second| happening(second * SECOND, "a")).collect();
    events.extend(names.iter().map(|name| Happening { group: Some(name), ..happening(9 * SECOND, "a") }));
    events.push(happening(9 * SECOND, "a"));
    let limits = DetectorLimits { keys_per_rule_max: 100, ..DetectorLimits::default() };
    let mut detector = Detector::with_limits(count_rule("condition: {gte: 10}"), limits);
    let mut found = Found::new();
    for batch in batches("t", &events, &BTreeSet::from([300, 600])) {
        collect(&mut found, detector.process(&batch));
    }
    let (pressure, found): (Found, Found) = found.into_iter().partition(|(key, _)| key.0 == STATE_PRESSURE);
    assert_eq!(only(&found).count, 10);
    assert_eq!(only(&pressure).group, [("rule".to_owned(), "c".to_owned())], "said once in the hour");
    let stats = detector.stats();
    assert!(stats.keys <= 100 && stats.keys_evicted >= 900, "{stats:?}");
    assert_eq!(stats.keys_refused, 0);
    // What was never handed out need not be deleted.
    assert!(detector.take_changes().iter().all(|change| change.value.is_some()));
}

#[test]
fn state_of_a_changed_rule_is_not_taken_over() {
    let mut detector = Detector::new(count_rule("condition: {gte: 2}"));
    detector.process(&batches("t", &[happening(0, "a")], &BTreeSet::new())[0]);
    let stored: Vec<_> =
        detector.take_changes().into_iter().filter_map(|change| Some((change.key, change.value?))).collect();
    let mut changed = Detector::new(count_rule("condition: {gte: 3}"));
    changed.restore(stored);
    changed.restore(vec![(b"nonsense".to_vec(), b"{".to_vec())]);
    assert_eq!((changed.stats().keys, changed.stats().entries_not_restored), (0, 2));
}
