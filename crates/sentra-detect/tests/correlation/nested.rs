//! Correlations over correlations: an event that several of them found is one event.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use sentra_detect::{Match, RuleSet};

use crate::common::*;

const LATENESS: i64 = 20 * SECOND;

/// `many` and `several` find the same events; `quiet` is decided in order.
fn nested(body: &str) -> Arc<RuleSet> {
    let of = |name: &str, body: &str| {
        format!(
            "---\ntitle: {name}\nname: {name}\ncorrelation: {{{body}, group-by: [src_ip], timespan: 10s, run-gap: 25s}}\n"
        )
    };
    let bases: String = ["a", "b", "c"].map(base).concat();
    let nested = [
        of("many", "type: event_count, rules: [a, b], condition: {gte: 3}"),
        of("several", "type: value_count, rules: [a, b], condition: {gte: 2, field: value}"),
        of("quiet", "type: temporal, rules: [a, c], condition: a and not c"),
    ];
    compile(&(bases + &nested.concat() + &correlation(&format!("{body}, group-by: [src_ip], run-gap: 25s"))))
}

/// Values that differ, as many as there are events.
const VALUES: [&str; 8] = ["1", "2", "3", "4", "5", "6", "7", "8"];

fn of_last(found: &Found) -> Vec<&Match> {
    found.values().filter(|found| found.rule.id == "c").collect()
}

/// Sixty-four failures that are both many and to several accounts are sixty-four.
#[test]
fn events_of_both_are_reported_once() {
    let events: Vec<Happening> = (0..64)
        .map(|number| Happening { value: VALUES[number as usize % 8], ..happening(number * SECOND / 8, "a") })
        .collect();
    for body in [
        "type: temporal, rules: [many, several], timespan: 10s",
        "type: temporal, rules: [many, several, a], timespan: 10s",
        "type: event_count, rules: [many, several], condition: {gte: 2}, timespan: 10s",
        "type: value_count, rules: [many, several], condition: {field: value, gte: 2}, timespan: 10s",
        "type: temporal_ordered, rules: [several, many], timespan: 10s",
        "type: value_sum, rules: [many, several], condition: {field: value, gte: 2}, timespan: 10s",
        "type: temporal, rules: [many, quiet], timespan: 30s",
        "type: temporal, rules: [quiet, many, c], condition: quiet and many and not c, timespan: 30s",
    ] {
        let (found, _) = run_to_end(&nested(body), LATENESS, &batches("t", &events, &BTreeSet::new()));
        let found = of_last(&found);
        assert_eq!(found.len(), 1, "{body}");
        assert_eq!(
            (found[0].count, found[0].evidence_total, found[0].evidence.len()),
            (64, 64, 64),
            "{body}"
        );
    }
}

/// Two rules that find the same event, without a correlation between.
#[test]
fn events_of_two_rules_are_counted_once() {
    let rules = base("a") + &base("a").replace("base a", "again").replace("name: a", "name: again");
    for (body, events, fires) in [
        ("type: event_count, condition: {gte: 6}", 5, false),
        ("type: event_count, condition: {gte: 6}", 6, true),
        ("type: event_count, condition: {gte: 20}", 19, false),
        ("type: event_count, condition: {gte: 20}", 20, true),
        ("type: event_count, condition: {eq: 6}", 6, true),
        ("type: event_count, condition: {eq: 6}", 3, false),
        ("type: value_sum, condition: {field: value, eq: 21}", 3, true),
        ("type: temporal", 1, true),
    ] {
        let body = format!("{body}, rules: [a, again], group-by: [src_ip], timespan: 60s");
        let compiled = compile(&(rules.clone() + &correlation(&body)));
        let happened: Vec<Happening> =
            (0..events).map(|number| Happening { value: "7", ..happening(number * SECOND, "a") }).collect();
        let whole = batches("t", &happened, &BTreeSet::new());
        let (found, _) = run_to_end(&compiled, LATENESS, &whole);
        assert_eq!(of_last(&found).len(), usize::from(fires), "{body}: {events}");
        for one in of_last(&found) {
            assert_eq!((one.count, one.evidence_total), (events as u64, events as u64), "{body}");
        }
        let cut = batches("t", &happened, &(1..happened.len()).collect());
        assert_eq!(run_to_end_restarted(&compiled, LATENESS, &cut), found, "{body}: {events}");
    }
}

/// Beyond the events that are told apart one by one, nothing is counted twice either.
#[test]
fn a_long_run_is_taken_over_whole() {
    let rules = nested("type: temporal, rules: [many, several], timespan: 10s");
    // The second one finds nothing until the end: five thousand events are taken over when it does.
    let mut events: Vec<Happening> = (0..5_000).map(|number| happening(number * SECOND, "a")).collect();
    events.push(Happening { value: "w", ..happening(5_000 * SECOND, "a") });
    let found = run(&rules, &batches("t", &events, &BTreeSet::from([100, 4_990])));
    let found = of_last(&found);
    assert_eq!((found.len(), found[0].count, found[0].evidence_total), (1, 5_001, 5_001));
}

/// What was decided in order counts at the time of the decision, whether its event is known from before or not.
#[test]
fn an_event_counts_again_at_the_time_of_its_decision() {
    let rules = nested("type: event_count, rules: [many, quiet], condition: {gte: 3}, timespan: 20s");
    // `many` fires at 6 s with the last one; `quiet` goes on with it at 10 s and with the second one at 27 s.
    let events: Vec<Happening> = [(0, 2), (17, 2), (6, 1)]
        .map(|(seconds, count)| Happening { count, ..happening(seconds * SECOND, "a") })
        .to_vec();
    let whole = batches("t", &events, &BTreeSet::new());
    let (found, _) = run_to_end(&rules, LATENESS, &whole);
    let last = of_last(&found);
    assert_eq!(last.len(), 1);
    assert_eq!((last[0].count, ids(last[0])), (5, vec![0, 2, 1]));
    for cuts in [BTreeSet::new(), BTreeSet::from([2]), BTreeSet::from([1, 2])] {
        let cut = batches("t", &events, &cuts);
        assert_eq!(run_to_end_restarted(&rules, LATENESS, &cut), found, "{cuts:?}");
    }
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let one = (
        0..60_i64,
        prop::sample::select(vec!["a", "a", "b", "c"]),
        prop::sample::select(vec![Some("g"), Some("g"), Some("h"), None]),
        prop::sample::select(VALUES.to_vec()),
        1..3_u32,
        prop_oneof![Just(0), 0..=LATENESS],
    );
    let one = one.prop_map(|(seconds, kind, group, value, count, delay)| {
        (seconds * SECOND + delay, Happening { time: seconds * SECOND, kind, group, value, count })
    });
    prop::collection::vec(one, 0..60).prop_map(|mut all| {
        all.sort_by_key(|(arrival, _)| *arrival);
        all.into_iter().map(|(_, happening)| happening).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Laws TIME and IDENTITY, and: what is reported is as many events as there are, each with its weight.
    #[test]
    fn what_is_reported_is_a_set(
        body in prop::sample::select(vec![
            "type: event_count, rules: [many, several], condition: {gte: 4}, timespan: 10s",
            "type: event_count, rules: [many, quiet], condition: {gte: 3}, timespan: 20s",
            "type: event_count, rules: [many, several], condition: {eq: 4}, timespan: 10s",
            "type: value_count, rules: [many, several], condition: {field: value, gte: 2}, timespan: 10s",
            "type: value_sum, rules: [many, several], condition: {field: value, gte: 20}, timespan: 10s",
            "type: temporal, rules: [many, several], timespan: 10s",
            "type: temporal, rules: [many, several, c], condition: many and not c, timespan: 10s",
            "type: temporal_ordered, rules: [several, many, quiet], timespan: 30s",
        ]),
        happenings in happenings(),
        cuts in prop::collection::btree_set(1..60_usize, 0..6),
    ) {
        let rules = nested(body);
        let (whole, _) = run_to_end(&rules, LATENESS, &batches("t", &happenings, &BTreeSet::new()));
        let cut = batches("t", &happenings, &cuts);
        prop_assert_eq!(&run_to_end(&rules, LATENESS, &cut).0, &whole, "cut into batches");
        prop_assert_eq!(&run_to_end_restarted(&rules, LATENESS, &cut), &whole, "restarted at every cut");
        for one in of_last(&whole) {
            let distinct: BTreeSet<_> = one.evidence.iter().collect();
            let weight: u64 =
                distinct.iter().map(|id| u64::from(happenings[id.offset as usize].count)).sum();
            prop_assert_eq!(distinct.len(), one.evidence.len());
            prop_assert_eq!((one.evidence_total, one.count), (distinct.len() as u64, weight), "{}", body);
        }
    }

    /// In one window: an event that two correlations go on with is one step towards the count, in whatever order
    /// events arrive. The one that fires first does so at the second event, so all but one count.
    #[test]
    fn a_nested_count_is_one_of_distinct_events(
        order in Just((0..8_usize).collect::<Vec<_>>()).prop_shuffle(),
        events in 4..8_usize,
        cuts in prop::collection::btree_set(1..8_usize, 0..4),
    ) {
        let happened: Vec<Happening> = order
            .iter()
            .filter(|number| **number < events)
            .map(|number| Happening { value: VALUES[*number], ..happening(*number as i64 * SECOND, "a") })
            .collect();
        for (bound, fires) in [(events - 1, true), (events, false)] {
            let rules = nested(&format!(
                "type: event_count, rules: [many, several], condition: {{gte: {bound}}}, timespan: 10s"
            ));
            let found = run_restarted(&rules, &batches("t", &happened, &cuts));
            prop_assert_eq!(of_last(&found).len(), usize::from(fires), "{} of {}", bound, events);
            let counts: BTreeMap<_, _> = of_last(&found).iter().map(|one| (one.count, one.evidence.len())).collect();
            prop_assert!(counts.iter().all(|(count, evidence)| *count == events as u64 && *evidence == events));
        }
    }
}
