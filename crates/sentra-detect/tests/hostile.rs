//! Law LIMIT: events made to take long or to grow without end. Law LOSS: what is left out is counted and named.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Batches, errors};
use sentra_detect::{Matcher, RuleSet, RuleSource, matching_rules};
use sentra_model::{Event, EventBatch, FieldValue, Mart, Timestamp};

/// Most that one of these events may take, also on a busy machine without optimisation.
const PATIENCE: Duration = Duration::from_secs(20);

fn matcher(items: &[&str]) -> Matcher {
    let source = |(number, item): (usize, &&str)| RuleSource {
        path: number.to_string(),
        text: format!(
            "title: {number}\nlogsource: {{product: windows}}\ndetection: {{s: {{{item}}}, condition: s}}\n"
        ),
        pack: "test".to_owned(),
    };
    let (set, problems) = RuleSet::compile(items.iter().enumerate().map(source).collect());
    assert_eq!(errors(&problems), Vec::<&sentra_detect::RuleProblem>::new());
    Matcher::new(Arc::new(set))
}

fn batch(fields: impl IntoIterator<Item = (String, String)>) -> EventBatch {
    let mut event = Event::new("test", Mart::WINDOWS, Timestamp::from_seconds(1_600_000_000));
    event.product = "windows".into();
    for (name, value) in fields {
        event.push(name, FieldValue::Text(value.into()));
    }
    let mut batches = Batches::new(Mart::WINDOWS, 10);
    batches.push(&Event::new("test", Mart::WINDOWS, event.time));
    batches.push(&event);
    batches.cut();
    batches.done.remove(0)
}

/// The rules that match the second event, which must be those of the definition, in good time.
fn found(matcher: &mut Matcher, rules: &[&str], batch: &EventBatch) -> Vec<usize> {
    let started = Instant::now();
    let found: Vec<usize> = matcher.matches(batch).into_iter().map(|(row, rule)| (row, rule).1).collect();
    let took = started.elapsed();
    assert!(took < PATIENCE, "took {took:?}");
    let again = self::matcher(rules);
    let set = again.rules();
    let defined = matching_rules(set, batch.mart().as_str(), batch.row(1).unwrap());
    assert_eq!(found, defined);
    found
}

#[test]
fn ten_megabytes_of_command_line_are_searched_up_to_the_limit() {
    let rules = [
        "CommandLine|contains: needle-early",
        "CommandLine|contains: needle-late",
        "CommandLine|re: 'needle-e.*y'",
        "CommandLine|re: '[0-9]{9}'",
        "CommandLine|contains|cased: Needle-Early",
        "CommandLine: '*early*x*'",
        "'|contains': needle-late",
    ];
    let mut matcher = matcher(&rules);
    let mut value = "Needle-Early ".to_owned();
    value.push_str(&"x".repeat(10 << 20));
    value.push_str("123456789 needle-late");
    let batch = batch([("CommandLine".to_owned(), value)]);
    assert_eq!(found(&mut matcher, &rules, &batch), [0, 4, 5]);
    let stats = matcher.stats();
    assert!(stats.values_cut >= 2, "{stats:?}");
    let problems = matcher.take_problems();
    assert!(problems.iter().all(|problem| problem.event == batch.row(1).unwrap().id()), "{problems:?}");
    assert!(problems.iter().any(|problem| problem.field.as_deref() == Some("CommandLine")), "{problems:?}");
    assert!(problems[0].message.contains("1048576"), "{problems:?}");
    assert!(matcher.take_problems().is_empty(), "taken once");
}

#[test]
fn fifty_thousand_fields_are_one_event() {
    let rules = ["f49999: v49999", "'|contains': v777", "Image: x", "A|fieldref: B"];
    let mut matcher = matcher(&rules);
    let mut fields: Vec<(String, String)> = (0..50_000).map(|n| (format!("f{n}"), format!("v{n}"))).collect();
    fields.extend((0..50_000).map(|n| (if n % 2 == 0 { "A" } else { "B" }.to_owned(), format!("w{n}"))));
    let batch = batch(fields);
    assert_eq!(found(&mut matcher, &rules, &batch), [0, 1]);
    assert_eq!(matcher.stats().comparisons_cut, 1);
    let problems = matcher.take_problems();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].field.as_deref(), Some("A"));
}

#[test]
fn values_made_against_expressions_and_patterns_take_no_longer_than_others() {
    let rules = [
        "CommandLine|re: '(a+)+$'",
        "CommandLine|re: '(?i)(aaaa|aaab|aab){2,60}c'",
        "CommandLine|re: '(.*a){25}x'",
        "CommandLine: '*a*a*a*a*a*a*a*a*a*b'",
        "CommandLine: '*aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab*b*'",
        "CommandLine|contains: ['aaaaaaab', 'baaaaaaa', 'aaaabaaa']",
        "CommandLine|endswith: 'ab'",
    ];
    let mut matcher = matcher(&rules);
    let batch = batch([("CommandLine".to_owned(), "a".repeat(4 << 20))]);
    assert_eq!(found(&mut matcher, &rules, &batch), [0]);
    assert!(matcher.stats().values_cut > 0);
}

/// What is remembered of values is forgotten when it is too much; what matches stays the same.
#[test]
fn a_stream_of_values_never_seen_before_does_not_fill_the_memory() {
    let rules = ["CommandLine|contains: '77777'"];
    let mut matcher = matcher(&rules);
    let mut hits = 0;
    for round in 0..400_u64 {
        let mut batches = Batches::new(Mart::WINDOWS, 100);
        for number in 0..100 {
            let mut event = Event::new("test", Mart::WINDOWS, Timestamp::from_seconds(1_600_000_000));
            event.product = "windows".into();
            let value = format!("{:0>400} {}", round * 100 + number, round);
            event.push("CommandLine", FieldValue::Text(value.into()));
            batches.push(&event);
        }
        batches.cut();
        hits += batches.done.iter().map(|batch| matcher.matches(batch).len()).sum::<usize>();
    }
    assert_eq!(hits, 0);
    let stats = matcher.stats();
    assert_eq!(stats.values_searched, 40_000);
    assert!(stats.memo_emptied >= 1, "{stats:?}");
}
