//! Events and rules made to exhaust: bounded time and memory, and counters that say what was let go.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Happening, SECOND, batches, found, rules};
use crate::yaral::runner::Runner;
use crate::yaral::state::YaralLimits;

#[test]
fn an_event_with_very_many_values_is_bounded() {
    let texts: Vec<String> =
        (0..50_000).map(|number| format!("10.0.{}.{}", number / 250, number % 250)).collect();
    let mut fields: Vec<(&str, &str)> = texts.iter().map(|text| ("principal.ip", text.as_str())).collect();
    fields.extend(texts.iter().take(2_000).map(|text| ("target.ip", text.as_str())));
    let event: Vec<Happening<'_>> = vec![(0, fields)];
    let rules = rules(
        "rule r { events: $e.principal.ip = $a $e.target.ip = $b match: $a, $b over 5m condition: $e }",
    );
    let mut runner = Runner::new(rules, YaralLimits::default(), 0);
    let started = Instant::now();
    let matches = batches(&event, 1).iter().map(|batch| runner.process(batch).len()).sum::<usize>();
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert!(matches <= 64, "{matches}");
    assert!(runner.state.stats().events_cut > 0);
}

#[test]
fn long_texts_and_costly_patterns_take_linear_time() {
    let long = "a".repeat(4 << 20);
    let event: Vec<Happening<'_>> = vec![(0, vec![("target.process.command_line", long.as_str())])];
    let started = Instant::now();
    for test in [
        "re.regex($e.target.process.command_line, `(a+)+$b`)",
        "re.regex($e.target.process.command_line, `(a|aa)*c`)",
        "strings.concat($e.target.process.command_line, $e.target.process.command_line) = /b$/",
        "re.replace($e.target.process.command_line, `a*?`, \"bbbbbbbbbbbbbbbb\") = \"x\"",
    ] {
        assert!(found(&format!("rule r {{ events: {test} condition: $e }}"), &event).is_empty(), "{test}");
    }
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
    let kept = found(
        "rule r { events: $e.target.process.command_line = $c match: $c over 5m condition: $e }",
        &event,
    );
    assert!(kept[0].group[0].1.len() <= 4_096, "what is kept of a long text is bounded");
}

#[test]
fn groups_and_their_events_are_bounded_and_what_goes_is_counted() {
    let limits = YaralLimits { groups_per_rule_max: 100, events_per_group_max: 50 };
    let rules =
        rules("rule r { events: $e.principal.hostname = $h match: $h over 48h condition: #e > 1000 }");
    let mut runner = Runner::new(Arc::clone(&rules), limits, 0);
    let names: Vec<String> = (0..5_000).map(|number| format!("h{number}")).collect();
    let mut happenings: Vec<Happening<'_>> = Vec::new();
    for (number, name) in names.iter().enumerate() {
        happenings.push((number as i64, vec![("principal.hostname", name.as_str())]));
        if number < 200 {
            happenings.push((number as i64, vec![("principal.hostname", "victim")]));
        }
    }
    for batch in batches(&happenings, 1_000) {
        assert!(runner.process(&batch).is_empty());
        assert!(runner.state.stats().groups <= 100);
    }
    let stats = runner.state.stats();
    assert_eq!(stats.events_dropped, 150, "the victim's earliest");
    assert!(stats.groups_evicted >= 4_900, "{stats:?}");
    assert_eq!(stats.groups_evicted_with_progress, 0, "noise does not drive out who has progressed");
    assert!(stats.events >= 50);
}

#[test]
fn many_windows_are_decided_in_time() {
    let rules = rules(
        "rule r { events: $e.metadata.product_event_type = \"e\" $e.principal.hostname = $h
            $f.metadata.product_event_type = \"f\" $f.principal.hostname = $h
            match: $h over 1m condition: $e and !$f }",
    );
    let mut runner = Runner::new(rules, YaralLimits::default(), 10 * SECOND);
    const COUNT: i64 = 20_000;
    let happenings: Vec<Happening<'_>> = (0..COUNT)
        .map(|number| {
            let kind = if number % 3 == 0 { "f" } else { "e" };
            (number / 10, vec![("metadata.product_event_type", kind), ("principal.hostname", "h")])
        })
        .collect();
    let started = Instant::now();
    let matches = batches(&happenings, 8_000).iter().map(|batch| runner.process(batch).len()).sum::<usize>();
    assert_eq!(matches, 0, "there is an f in every window");
    assert!(runner.state.stats().events <= 2_000, "{:?}", runner.state.stats());
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn joins_that_explode_are_cut_and_counted() {
    let rules = rules(
        "rule r { events: $a.metadata.product_event_type = \"e\" $a.principal.hostname = $h
            $b.metadata.product_event_type = \"e\" $b.principal.hostname = $h
            $c.metadata.product_event_type = \"e\" $c.principal.hostname = $h
            $a.principal.port > $b.principal.port $b.principal.port > $c.principal.port
            match: $h by 5m outcome: $n = avg($a.principal.port) condition: $a and $b and $c and $n < 0 }",
    );
    let mut runner = Runner::new(rules, YaralLimits::default(), 0);
    let ports: Vec<String> = (0..400).map(|number| number.to_string()).collect();
    let happenings: Vec<Happening<'_>> = ports
        .iter()
        .map(|port| {
            let fields = vec![
                ("metadata.product_event_type", "e"),
                ("principal.hostname", "h"),
                ("principal.port", port.as_str()),
            ];
            (1, fields)
        })
        .collect();
    let started = Instant::now();
    for batch in batches(&happenings, 8_000) {
        runner.process(&batch);
    }
    runner.advance(&sentra_model::TenantId::default_tenant(), super::end());
    assert!(runner.state.stats().windows_cut > 0);
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn stored_state_of_other_rules_is_refused() {
    let first = rules("rule r { events: $e.principal.hostname = $h match: $h over 5m condition: #e > 5 }");
    let second = rules("rule r { events: $e.principal.hostname = $h match: $h over 6m condition: #e > 5 }");
    let mut runner = Runner::new(first, YaralLimits::default(), 0);
    for batch in batches(&[(0, vec![("principal.hostname", "h")])], 1) {
        runner.process(&batch);
    }
    let mut entries: Vec<(Vec<u8>, Vec<u8>)> =
        runner.state.take_changes().into_iter().map(|change| (change.key, change.value.unwrap())).collect();
    assert_eq!(entries.len(), 1);
    entries.push((b"x".to_vec(), b"y".to_vec()));
    let mut other = Runner::new(second, YaralLimits::default(), 0);
    other.state.restore(entries);
    assert_eq!(other.state.stats().entries_not_restored, 2);
}

#[test]
fn what_is_suppressed_is_bounded() {
    let limits = YaralLimits { groups_per_rule_max: 10, events_per_group_max: 50 };
    let rules = rules(
        "rule r { events: $e.principal.hostname = $h $h != \"\" outcome: $suppression_key = $h condition: $e
        options: suppression_window = 1h }",
    );
    let mut runner = Runner::new(rules, limits, 0);
    let names: Vec<String> = (0..40).map(|number| format!("h{number}")).collect();
    let happenings: Vec<Happening<'_>> =
        names.iter().map(|name| (5, vec![("principal.hostname", name.as_str())])).collect();
    let matches: usize = batches(&happenings, 100).iter().map(|batch| runner.process(batch).len()).sum();
    assert_eq!((matches, runner.state.stats().suppressions_dropped), (40, 30));
    // When the hour is over, room is made without loss.
    let later: Vec<Happening<'_>> =
        names.iter().take(10).map(|name| (7_200, vec![("principal.hostname", name.as_str())])).collect();
    batches(&[vec![(7_200, vec![("x", "y")])], later].concat(), 100).iter().for_each(|batch| {
        runner.process(batch);
    });
    assert_eq!(runner.state.stats().suppressions_dropped, 30);
}
