//! Windows: hop, tumbling, sliding; absence; late events. Against hand and against brute force.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Happening, evidence, found, found_late, offsets};

fn at(time: i64, kind: &'static str, host: &'static str) -> Happening<'static> {
    (time, vec![("metadata.product_event_type", kind), ("principal.hostname", host)])
}

fn rule(window: &str, condition: &str, second: bool) -> String {
    let second =
        if second { "$f.metadata.product_event_type = \"f\" $f.principal.hostname = $host" } else { "" };
    format!(
        "rule r {{ events: $e.metadata.product_event_type = \"e\" $e.principal.hostname = $host {second}
        match: $host {window} condition: {condition} }}"
    )
}

#[test]
fn hop_windows_hold_what_lies_within_their_length() {
    let text = rule("over 5m", "#e >= 3", false);
    // The third comes when the first is 299 s old, then 300 s.
    assert_eq!(
        evidence(&found(&text, &[at(0, "e", "a"), at(100, "e", "a"), at(299, "e", "a")])),
        [[0, 1, 2]]
    );
    assert!(found(&text, &[at(0, "e", "a"), at(100, "e", "a"), at(300, "e", "a")]).is_empty());
    // Groups do not mix, and nothing counts twice.
    assert!(found(&text, &[at(0, "e", "a"), at(1, "e", "b"), at(2, "e", "a"), at(3, "f", "a")]).is_empty());
    // What goes on within the length of a window is one match, told with its last window.
    let long: Vec<_> = (0..20).map(|number| at(number * 100, "e", "a")).collect();
    let matches = found(&text, &long);
    assert_eq!(matches.len(), 1);
    assert_eq!((offsets(&matches[0]), matches[0].run.offset), (vec![17, 18, 19], 2));
    // After a pause it is another.
    let pause: Vec<_> = [0, 1, 2, 1_000, 1_001, 1_002].map(|time| at(time, "e", "a")).into();
    assert_eq!(evidence(&found(&text, &pause)), [[0, 1, 2], [3, 4, 5]]);
}

#[test]
fn happenings_that_one_record_stands_for_are_counted() {
    let mut event = at(0, "e", "a");
    event.1.push(("@count", "7"));
    assert_eq!(found(&rule("over 5m", "#e >= 7", false), &[event.clone()]).len(), 1);
    assert!(found(&rule("over 5m", "#e >= 8", false), &[event]).is_empty());
}

#[test]
fn tumbling_windows_lie_one_after_the_other() {
    let text = rule("by 10m", "#e >= 2", false);
    assert!(found(&text, &[at(599, "e", "a"), at(600, "e", "a")]).is_empty());
    assert_eq!(
        evidence(&found(
            &text,
            &[at(0, "e", "a"), at(599, "e", "a"), at(600, "e", "a"), at(1_199, "e", "a")]
        )),
        [[0, 1], [2, 3]]
    );
}

#[test]
fn sliding_windows_follow_or_lead_to_their_pivot() {
    let after = rule("over 10m after $e", "$e and #f >= 2", true);
    let before = rule("over 10m before $e", "$e and #f >= 2", true);
    let events = [
        at(0, "f", "a"),
        at(300, "f", "a"),
        at(400, "e", "a"),
        at(500, "f", "a"),
        at(999, "f", "a"),
        at(1_000, "f", "a"),
    ];
    assert_eq!(
        evidence(&found(&after, &events)),
        [[2, 3, 4]],
        "from the pivot on, 10 minutes, the end left out"
    );
    assert_eq!(evidence(&found(&before, &events)), [[0, 1, 2]]);
    let early = [at(0, "f", "a"), at(300, "f", "a"), at(600, "e", "a")];
    assert!(found(&before, &early).is_empty(), "the first is ten minutes old");
    // Every pivot has its own window.
    let two = [at(0, "e", "a"), at(1, "e", "a"), at(2, "f", "a"), at(3, "f", "a")];
    assert_eq!(evidence(&found(&after, &two)), [[0, 2, 3], [1, 2, 3]]);
}

#[test]
fn absence_is_decided_when_the_window_is_over() {
    for condition in ["$e and !$f", "$e and not $f", "$e and #f = 0", "$e and #f < 1"] {
        let text = rule("over 10m", condition, true);
        assert_eq!(evidence(&found(&text, &[at(0, "e", "a"), at(5_000, "x", "a")])), [[0]], "{condition}");
        assert!(found(&text, &[at(0, "e", "a"), at(599, "f", "a")]).is_empty(), "{condition}");
        assert_eq!(evidence(&found(&text, &[at(0, "e", "a"), at(600, "f", "a")])), [[0]], "{condition}");
        assert_eq!(
            evidence(&found(&text, &[at(0, "e", "a"), at(1, "f", "b")])),
            [[0]],
            "{condition}: another group"
        );
    }
    let text = rule("over 10m after $e", "$e and !$f", true);
    let events = [at(0, "e", "a"), at(599, "f", "a"), at(2_000, "e", "a"), at(2_600, "f", "a")];
    assert_eq!(evidence(&found(&text, &events)), [[2]]);
}

/// What an event looks back for may be old; nothing else is kept for that long.
#[test]
fn a_window_that_leads_to_an_event_may_be_long() {
    const DAY: i64 = 86_400;
    let text = rule("over 90d before $e", "$e and !$f", true);
    let events = [
        at(0, "f", "a"),
        at(DAY, "e", "a"),
        at(89 * DAY, "e", "a"),
        at(90 * DAY, "e", "a"),
        at(90 * DAY + 60, "e", "a"),
        at(91 * DAY, "f", "a"),
        at(92 * DAY, "e", "a"),
        at(93 * DAY, "e", "b"),
    ];
    assert_eq!(evidence(&found(&text, &events)), [[3], [4], [7]], "each on its own, and none with a fresh f");
    let rules = super::rules(&text);
    let mut runner = super::Runner::new(rules, super::YaralLimits::default(), 0);
    for batch in super::batches(&events, 1) {
        runner.process(&batch);
    }
    let later = sentra_model::Timestamp::from_seconds(94 * DAY);
    runner.advance(&sentra_model::TenantId::default_tenant(), later);
    assert_eq!(runner.state.stats().events, 1, "the fresh f, and no e");
}

#[test]
fn what_arrives_late_within_the_lateness_is_in_time() {
    let text = rule("over 10m", "$e and !$f", true);
    // The f of second 100 arrives after the window of e is over, but within the lateness.
    let events = [at(0, "e", "a"), at(650, "x", "z"), at(650, "e", "z"), at(100, "f", "a")];
    assert_eq!(evidence(&found_late(&text, &events, 600)), [[2]]);
    let counting = rule("over 5m", "#e >= 3", false);
    let disordered = [at(100, "e", "a"), at(5_000, "e", "z"), at(0, "e", "a"), at(50, "e", "a")];
    assert_eq!(
        evidence(&found_late(&counting, &disordered, 6_000)),
        [[0, 2, 3].to_vec()].map(|mut ids| {
            ids.sort_by_key(|id| [100, 0, 0, 50][*id as usize]);
            ids
        })
    );
}

/// The windows of two matches can come to overlap when events arrive late. Told only by the first of them, what the
/// second said depended on the cut into batches.
#[test]
fn an_event_in_the_windows_of_two_matches_is_told_by_both() {
    let times = [2_100, 2_200, 2_290, 1_250, 1_300, 1_676, 1_701];
    let events = times.map(|time| at(time, "e", "a"));
    let matches = found_late(&rule("over 10m", "#e >= 3", false), &events, 10_000);
    assert_eq!(evidence(&matches), [[3, 4, 5, 6], [5, 6, 0, 1]]);
}

#[test]
fn suppression_keeps_back_the_rest_of_its_window() {
    let text = "rule r { events: $e.principal.hostname = $host match: $host over 1m condition: #e >= 2
        options: suppression_window = 1h }";
    let events: Vec<_> = [0, 1, 600, 601, 3_599, 3_600, 3_700, 3_701].map(|time| at(time, "e", "a")).into();
    // Those of minute 10 and 60 begin in the first hour.
    assert_eq!(evidence(&found(text, &events)), [[0, 1], [6, 7]]);
}

#[test]
fn nothing_matches_on_nothing_unless_allowed() {
    let text = |options: &str| {
        format!(
            "rule r {{ events: $e.metadata.product_event_type = \"e\" $e.principal.hostname = $host
            match: $host over 5m condition: $e {options} }}"
        )
    };
    let events = [at(0, "e", ""), (1, vec![("metadata.product_event_type", "e")])];
    assert!(found(&text(""), &events).is_empty());
    assert!(found(&text("options: allow_zero_values = false"), &events).is_empty());
    assert_eq!(evidence(&found(&text("options: allow_zero_values = true"), &events)), [[0, 1]]);
}

/// Times in seconds, whether it is an f, and the host.
fn happenings() -> impl Strategy<Value = Vec<(i64, bool, bool)>> {
    proptest::collection::vec((0_i64..4_000, any::<bool>(), any::<bool>()), 0..40)
}

/// The last firing window of every chain of those with events in common, by the definition.
fn defined(events: &[(i64, bool, bool)], fires: impl Fn(usize, usize) -> bool) -> Vec<Vec<u64>> {
    const LENGTH: i64 = 600;
    let mut all = Vec::new();
    for host in [false, true] {
        let mut order: Vec<usize> = (0..events.len()).filter(|number| events[*number].2 == host).collect();
        order.sort_by_key(|number| (events[*number].0, *number));
        let mut chains: Vec<(i64, Vec<u64>)> = Vec::new();
        let mut starts: Vec<i64> = order.iter().map(|number| events[*number].0).collect();
        starts.dedup();
        for start in starts {
            let inside: Vec<usize> = order
                .iter()
                .copied()
                .filter(|number| (start..start + LENGTH).contains(&events[*number].0))
                .collect();
            let (first, second): (Vec<usize>, Vec<usize>) =
                inside.iter().partition(|number| !events[**number].1);
            if !fires(first.len(), second.len()) {
                continue;
            }
            let shown = inside.iter().map(|number| *number as u64).collect();
            // Windows with an event in common are one match.
            let end = inside.last().map_or(start, |number| events[*number].0) + 1;
            match chains.last_mut() {
                Some(chain) if start < chain.0 => *chain = (end, shown),
                _ => chains.push((end, shown)),
            }
        }
        all.extend(chains.into_iter().map(|(_, shown)| shown));
    }
    all.sort();
    all
}

fn told(events: &[(i64, bool, bool)]) -> Vec<Happening<'static>> {
    let host = |second: bool| if second { "b" } else { "a" };
    events.iter().map(|(time, f, second)| at(*time, if *f { "f" } else { "e" }, host(*second))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Decided when windows are over: the order of arrival says nothing.
    #[test]
    fn absence_agrees_with_its_definition(events in happenings()) {
        let text = rule("over 10m", "$e and !$f", true);
        let matches = found_late(&text, &told(&events), 10_000);
        prop_assert_eq!(evidence(&matches), defined(&events, |first, second| first > 0 && second == 0));
        let mut sorted = events;
        sorted.sort_unstable();
        let matches = found(&text, &told(&sorted));
        prop_assert_eq!(evidence(&matches), defined(&sorted, |first, second| first > 0 && second == 0));
    }

    #[test]
    fn upper_limits_agree_with_their_definition(events in happenings()) {
        let text = rule("over 10m", "$e and $f and #e <= 2", true);
        let matches = found_late(&text, &told(&events), 10_000);
        let expected = defined(&events, |first, second| (1..=2).contains(&first) && second > 0);
        prop_assert_eq!(evidence(&matches), expected);
    }

    /// Fired at once: as many matches as chains of firing windows where events come in order, and in any order a
    /// match wherever there is a firing window.
    #[test]
    fn counts_agree_with_their_definition(events in happenings()) {
        let text = rule("over 10m", "#e >= 3", false);
        let only: Vec<(i64, bool, bool)> = events.iter().copied().filter(|(_, f, _)| !f).collect();
        let mut sorted = only.clone();
        sorted.sort_unstable();
        let expected = defined(&sorted, |first, _| first >= 3);
        prop_assert_eq!(found(&text, &told(&sorted)).len(), expected.len());
        let shuffled = found_late(&text, &told(&only), 10_000);
        let defined = defined(&only, |first, _| first >= 3);
        prop_assert_eq!(shuffled.is_empty(), defined.is_empty());
        let mut by_host: BTreeMap<String, usize> = BTreeMap::new();
        for one in &shuffled {
            prop_assert!(one.count >= 3);
            *by_host.entry(one.group[0].1.clone()).or_default() += 1;
        }
        prop_assert!(shuffled.len() >= defined.len());
    }

    #[test]
    fn tumbling_counts_agree_with_their_definition(events in happenings()) {
        let text = rule("by 10m", "#e >= 2", false);
        let mut expected: BTreeMap<(bool, i64), Vec<u64>> = BTreeMap::new();
        for (number, (time, f, host)) in events.iter().enumerate() {
            if !f {
                expected.entry((*host, time.div_euclid(600))).or_default().push(number as u64);
            }
        }
        let mut expected: Vec<Vec<u64>> = expected.into_values().filter(|ids| ids.len() >= 2).collect();
        expected.iter_mut().for_each(|ids| ids.sort_by_key(|id| (events[*id as usize].0, *id)));
        expected.sort();
        prop_assert_eq!(evidence(&found_late(&text, &told(&events), 10_000)), expected);
    }
}
