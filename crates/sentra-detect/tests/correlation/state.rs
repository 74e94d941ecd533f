//! State: limits, pressure, storing, and other rules while running.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sentra_detect::{Detector, DetectorLimits, RuleSet, STATE_PRESSURE};
use sentra_model::Timestamp;

use crate::common::*;

fn counting(threshold: u64, more: &str) -> String {
    correlation(&format!(
        "type: event_count, rules: [a], group-by: [src_ip], timespan: 10s, condition: {{gte: {threshold}}}{more}"
    ))
}

fn named(count: usize) -> Vec<&'static str> {
    (0..count).map(|number| &*Box::leak(format!("n{number}").into_boxed_str())).collect()
}

fn of_group(group: &'static str, second: i64) -> Happening {
    Happening { group: Some(group), ..happening(second * SECOND, "a") }
}

/// Where all are half-way, nobody goes: new ones are refused, and that is said once an hour.
#[test]
fn what_has_progressed_stays_and_new_ones_are_refused() {
    let names = named(300);
    let limits = DetectorLimits { keys_per_rule_max: 100, ..DetectorLimits::default() };
    let mut detector = Detector::with_limits(compile(&(base("a") + &counting(4, ""))), limits);
    let mut events: Vec<Happening> = Vec::new();
    for name in &names[..100] {
        events.extend([of_group(name, 0), of_group(name, 1)]);
    }
    events.extend(names[100..].iter().map(|name| of_group(name, 2)));
    for name in &names[..100] {
        events.extend([of_group(name, 3), of_group(name, 4)]);
    }
    // In the next hour the old ones cannot come further: they make room.
    events.extend(names[100..].iter().map(|name| of_group(name, 3_700)));
    let mut found = Found::new();
    for batch in batches("t", &events, &BTreeSet::from([150, 250, 420])) {
        collect(&mut found, detector.process(&batch));
    }
    let fired = found.values().filter(|found| found.rule.id == "c").count();
    assert_eq!(fired, 100, "every group that was half-way");
    let pressure: Vec<Timestamp> =
        found.values().filter(|found| found.rule.id == STATE_PRESSURE).map(|found| found.time).collect();
    assert_eq!(pressure, [2, 3_700].map(Timestamp::from_seconds), "once an hour");
    let stats = detector.stats();
    assert!(stats.keys <= 100 && stats.keys_refused >= 200, "{stats:?}");
}

/// What waits for its decision does not go either.
#[test]
fn what_waits_is_not_evicted() {
    let body = "type: temporal, rules: [a, b], condition: a and not b, group-by: [src_ip], timespan: 10s";
    let rules = compile(&[base("a"), base("b"), correlation(body)].concat());
    let limits = DetectorLimits { keys_per_rule_max: 10, entries_per_rule_max: 12, lateness_micros: SECOND };
    let mut detector = Detector::with_limits(rules, limits);
    let names = named(30);
    let mut events: Vec<Happening> = names.iter().map(|name| of_group(name, 0)).collect();
    events.extend((0..5).map(|_| of_group(names[0], 1)));
    let mut found = Found::new();
    collect(&mut found, detector.process(&batches("t", &events, &BTreeSet::new())[0]));
    let stats = detector.stats();
    assert_eq!((stats.keys, stats.entries_waiting, stats.keys_evicted), (10, 12, 0), "{stats:?}");
    assert_eq!((stats.keys_refused, stats.window_entries_dropped), (20, 3));
    collect(&mut found, detector.advance(&"t".parse().unwrap(), end()));
    assert_eq!(found.values().filter(|found| found.rule.id == "c").count(), 10);
    assert_eq!(found.values().filter(|found| found.rule.id == STATE_PRESSURE).count(), 1);
    assert_eq!((detector.stats().keys, detector.stats().entries_waiting), (0, 0));
}

type Stored = BTreeMap<Vec<u8>, Vec<u8>>;

fn store(detector: &mut Detector, stored: &mut Stored) {
    for change in detector.take_changes() {
        match change.value {
            Some(value) => stored.insert(change.key, value),
            None => stored.remove(&change.key),
        };
    }
}

fn restored(rules: &Arc<RuleSet>, stored: &Stored) -> Detector {
    let mut detector = Detector::new(Arc::clone(rules));
    detector.restore(stored.clone().into_iter().collect());
    detector
}

/// Rules change while state is kept: in memory, and for the process that comes after.
#[test]
fn rules_are_replaced_without_losing_a_window() {
    let of = |id: &str, text: String| text.replace("id: c\n", &format!("id: {id}\n"));
    let absent = "type: temporal, rules: [a, b], condition: a and not b, group-by: [src_ip], timespan: 10s";
    let before = [
        base("a"),
        base("b"),
        of("same", counting(3, "")),
        of("changed", counting(3, "")),
        of("gone", counting(3, "")),
        of("waits", correlation(absent)),
    ];
    let after = [
        of("new", counting(3, "")),
        base("new"),
        of("waits", correlation(absent)),
        of("changed", counting(4, "")),
        base("b"),
        base("a"),
        of("same", counting(3, "").replace("level: high", "level: low")),
    ];
    let (before, after) = (compile(&before.concat()), compile(&after.concat()));
    let events: Vec<Happening> = (0..3).map(|second| of_group("g", second)).collect();
    let cut = batches("t", &events, &BTreeSet::from([2]));
    for restart in [false, true] {
        let mut stored = Stored::new();
        let mut detector = Detector::new(Arc::clone(&before));
        assert!(detector.process(&cut[0]).is_empty());
        store(&mut detector, &mut stored);
        if restart {
            detector = restored(&after, &stored);
            assert_eq!(detector.stats().entries_not_restored, 2);
        } else {
            detector.replace_rules(Arc::clone(&after));
            assert_eq!(detector.stats().keys_dropped_by_reload, 2);
            store(&mut detector, &mut stored);
        }
        assert_eq!(detector.stats().keys, 2);
        let mut found = detector.process(&cut[1]);
        found.extend(detector.advance(&"t".parse().unwrap(), end()));
        let found: Vec<&str> = found.iter().map(|found| found.rule.id.as_str()).collect();
        assert_eq!(found, ["same", "waits"], "restart: {restart}");
        // What is stored is of rules that are there.
        store(&mut detector, &mut stored);
        if !restart {
            assert_eq!(restored(&after, &stored).stats().entries_not_restored, 0);
        }
    }
}

/// What is gone is deleted from what was stored, and only that.
#[test]
fn deletions_are_told_once() {
    let body =
        "type: event_count, rules: [a], condition: {lt: 3}, group-by: [src_ip], timespan: 10s, run-gap: 10s";
    let mut detector = Detector::with_limits(compile(&(base("a") + &correlation(body))), limits(0));
    let mut stored = Stored::new();
    let cut = batches("t", &[of_group("g", 0), of_group("h", 1), of_group("g", 100)], &BTreeSet::from([2]));
    detector.process(&cut[0]);
    store(&mut detector, &mut stored);
    assert_eq!(stored.len(), 3);
    detector.process(&cut[1]);
    let changes = detector.take_changes();
    let deleted = changes.iter().filter(|change| change.value.is_none()).count();
    assert_eq!((deleted, changes.len()), (1, 3), "h is gone, g began anew, time went on");
    assert!(detector.take_changes().is_empty());
}

/// Nothing that is stored makes a detector panic, whatever it is.
#[test]
fn stored_nonsense_is_refused() {
    let rules = compile(&(base("a") + &counting(5, "")));
    let mut detector = Detector::new(Arc::clone(&rules));
    let mut stored = Stored::new();
    detector.process(&batches("t", &[of_group("g", 0), of_group("g", 1)], &BTreeSet::new())[0]);
    store(&mut detector, &mut stored);
    for (key, value) in &stored {
        for length in 0..value.len() {
            let mut short = restored(&rules, &BTreeMap::from([(key.clone(), value[..length].to_vec())]));
            let events: Vec<_> = (2..5).map(|second| of_group("g", second)).collect();
            short.process(&batches("t", &events, &BTreeSet::new())[0]);
        }
        for index in 0..value.len() {
            let mut wrong = value.clone();
            wrong[index] ^= 0x85;
            let mut wrong = restored(&rules, &BTreeMap::from([(key.clone(), wrong)]));
            let events: Vec<_> = (2..12).map(|second| of_group("g", second)).collect();
            wrong.process(&batches("t", &events, &BTreeSet::new())[0]);
        }
    }
}
