//! Single-event rules: what matches, what is refused, and the index against the definition.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

use std::sync::Arc;

use proptest::prelude::*;
use sentra_detect::{Detector, ProblemSeverity, RuleProblem, RuleSet, RuleSource, matching_rules};
use sentra_model::{
    BatchBuilder, Event, EventBatch, EventCode, EventId, FieldValue, Mart, RawRecord, RuleKind, Severity,
    Source, SourceKind, TenantId, Timestamp,
};

fn source(path: &str, text: &str) -> RuleSource {
    RuleSource { path: path.to_owned(), text: text.to_owned(), pack: "core@1".to_owned() }
}

fn compile(text: &str) -> (RuleSet, Vec<RuleProblem>) {
    RuleSet::compile(vec![source("rules/test.yml", text)])
}

fn detection(detection: &str) -> String {
    let head =
        "title: t\nid: 6bd1e1a6-7b37-4c4f-8f3a-0a8c7f3f7a01\nlevel: low\nlogsource: {product: linux}\n";
    format!("{head}detection:\n{detection}")
}

fn batch(events: Vec<Event<'_>>) -> EventBatch {
    let reference = Timestamp::from_seconds(0);
    let source = Source { kind: SourceKind::File, origin: "test".to_owned(), format: None, reference };
    let mut builder = BatchBuilder::new(TenantId::default_tenant(), Mart::LINUX);
    for (offset, event) in (0..).zip(events) {
        let record = RawRecord { source: &source, position: 1, received: reference, bytes: b"the raw line" };
        builder.push(EventId::raw(0, offset), &record, &event).unwrap();
    }
    builder.finish().unwrap()
}

fn event<'a>(fields: &[(&'a str, &'a str)]) -> Event<'a> {
    let mut event = Event::new("test", Mart::LINUX, Timestamp::from_seconds(0));
    event.product = "linux".into();
    fields.iter().for_each(|(name, value)| event.push(*name, *value));
    event
}

/// Whether the rule matches the event, by index and by definition.
fn matches(rule: &str, event: Event<'_>) -> bool {
    let (rules, problems) = compile(&detection(rule));
    let errors: Vec<_> =
        problems.iter().filter(|problem| problem.severity == ProblemSeverity::Error).collect();
    assert!(errors.is_empty(), "{rule}: {errors:?}");
    let batch = batch(vec![event]);
    let defined = matching_rules(&rules, "linux", batch.row(0).unwrap()).len() == 1;
    let found = Detector::new(Arc::new(rules)).process(&batch).len() == 1;
    assert_eq!(found, defined, "{rule}");
    found
}

#[test]
fn modifiers_do_what_the_specification_says() {
    for (item, value, expected) in [
        ("f: abc", "ABC", true),
        ("f: abc", "abcd", false),
        ("f|cased: abc", "ABC", false),
        ("f|contains: b", "aBc", true),
        ("f|startswith: ab", "ABC", true),
        ("f|endswith: bc", "ABC", true),
        ("f|endswith: ab", "ABC", false),
        ("f|contains|all: [a, c]", "abc", true),
        ("f|contains|all: [a, x]", "abc", false),
        ("f|contains|cased: B", "abc", false),
        ("f: [x, abc]", "abc", true),
        ("f: a*c", "abbbc", true),
        ("f: 'a\\*c'", "abc", false),
        ("f: 'a\\*c'", "a*c", true),
        ("f: 4688", "4688", true),
        ("f|contains: 68", "4688", true),
        ("f: true", "True", true),
        ("f: ''", "", true),
        ("f: ''", "x", false),
        ("f: null", "x", false),
        ("g: null", "x", true),
        ("f: [null, x]", "x", true),
        ("g|exists: false", "x", true),
        ("f|exists: true", "", true),
        ("g|exists: true", "x", false),
        ("f|re: '^a.c$'", "abc", true),
        ("f|re: '^a.c$'", "ABC", false),
        ("f|re|i: '^a.c$'", "ABC", true),
        ("f|re|s: '^a.c$'", "a\nc", true),
        ("f|re|m: '^c$'", "a\nc", true),
        ("f|cidr: 192.0.2.0/24", "192.0.2.9", true),
        ("f|cidr: [2001:db8::/32, 192.0.2.0/24]", "2001:db8::9", true),
        ("f|gt: 5", "6", true),
        ("f|gte: 5.5", "5.5", true),
        ("f|lt: 5", "5", false),
        ("f|lte: 5", "5", true),
        ("f|neq: abc", "abc", false),
        ("f|neq: abc", "x", true),
        ("f|neq: [abc, x]", "x", false),
        ("f|windash|contains: ' -p '", "x /p y", true),
        ("f|windash|contains: ' -p '", "x \u{2013}p y", true),
        ("f|base64: secret", "c2VjcmV0", true),
        ("f|base64offset|contains: secret", "eHNlY3JldHg=", true),
        ("f|wide|base64offset|contains: ab", "YQBiAA==", true),
        ("f|utf16be|base64: ab", "AGEAYg==", true),
        ("f|utf16|base64: a", "//5hAA==", true),
        ("f|fieldref: same", "The Same", true),
        ("f|fieldref|endswith: part", "a same", true),
        ("f|fieldref: none", "The Same", false),
        ("f|hour: 13", "2026-11-21T13:00:00Z", true),
        ("f|hour|gte: 14", "2026-11-21T13:00:00Z", false),
        ("f|re|startswith: 'b'", "abc", false),
        ("f|re|startswith: 'a.'", "abc", true),
        ("f|re|endswith: '.c'", "abc", true),
        ("f|re|endswith: 'b'", "abc", false),
        ("f|re|contains: 'b'", "abc", true),
        ("f|re|i|m: ['^B', '^C$']", "a\nc", true),
        ("f|re|neq: '^a'", "abc", false),
        ("f|re|neq: '^a'", "bc", true),
        ("f|re|all: ['a', 'c']", "abc", true),
        ("f|re|all: ['a', 'd']", "abc", false),
        ("f|cidr: 192.0.2.0/24", "198.51.100.1", false),
        ("f|cidr|neq: 192.0.2.0/24", "198.51.100.1", true),
        ("f|cidr|neq: 192.0.2.0/24", "192.0.2.9", false),
        ("f|cidr|all: [192.0.2.0/24, 192.0.0.0/16]", "192.0.2.9", true),
        ("f|startswith: bc", "abc", false),
        ("f|contains: x", "abc", false),
        ("f|startswith|cased: A", "abc", false),
        ("f|endswith|cased: c", "abc", true),
        ("f|contains|all|cased: [a, B]", "abc", false),
        ("f|contains|neq: b", "abc", false),
        ("f|contains|all|neq: [a, x]", "abc", true),
        ("f|gt: 5", "5", false),
        ("f|gt: 5", "abc", false),
        ("f|gte: 5.5", "5.4", false),
        ("f|lt: 5", "-1", true),
        ("f|lte: 5", "5.1", false),
        ("f|windash|contains: ' -p '", "x p y", false),
        ("f|windash|contains|all: [' -p ', ' /q']", "x /p -q", true),
        ("f|windash|contains|all: [' -p ', ' /q']", "x /p q", false),
        ("f|windash|base64offset|contains: ' -pw '", "IC9wdyA=", true),
        ("f|base64: secret", "secret", false),
        ("f|base64offset|contains: secret", "eHNlY3JldA", true),
        ("f|base64offset|contains: secret", "eHNFY3JldA", false),
        ("f|utf16le|base64: ab", "YQBiAA==", true),
        ("f|wide|base64: ab", "YWI=", false),
        ("f|utf16be|base64: ab", "YQBiAA==", false),
        ("f|utf16|base64: a", "YQA=", false),
        ("f|fieldref|startswith: part", "Same and more", true),
        ("f|fieldref|contains: part", "the SAME thing", true),
        ("f|fieldref|cased: same", "The Same", false),
        ("f|fieldref|neq: same", "other", true),
        ("f|fieldref|neq: same", "the same", false),
        ("f|fieldref: [none, same]", "the same", true),
        ("f|minute: 5", "2026-11-21T13:05:00Z", true),
        ("f|minute: 5", "2026-11-21T13:06:00Z", false),
        ("f|minute|lt: 5", "2026-11-21T13:04:59Z", true),
        ("f|day: [20, 21]", "2026-11-21T13:00:00Z", true),
        ("f|day|neq: 21", "2026-11-21T13:00:00Z", false),
        ("f|week: 47", "2026-11-21T13:00:00Z", true),
        ("f|week: 46", "2026-11-21T13:00:00Z", false),
        ("f|month|gte: 11", "2026-11-21T13:00:00Z", true),
        ("f|month: 12", "2026-11-21T13:00:00Z", false),
        ("f|year: 2026", "2026-11-21T13:00:00Z", true),
        ("f|year|lt: 2026", "2026-11-21T13:00:00Z", false),
        ("f|hour: 13", "no time", false),
        ("f|contains|expand: '%admins%'", "%admins%", false),
        ("f|contains|expand: abc", "xabcx", true),
        ("f|exists: false", "x", false),
        ("f|expand: '%admins%'", "%admins%", false),
        ("f: '%literal%'", "%literal%", true),
    ] {
        let fields = [("f", value), ("same", "the same"), ("part", "Same")];
        assert_eq!(
            matches(&format!("  s: {{{item}}}\n  condition: s\n"), event(&fields)),
            expected,
            "{item} on {value:?}"
        );
    }
}

#[test]
fn selections_and_conditions() {
    let fields = [("a", "1"), ("b", "2")];
    for (rule, expected) in [
        ("  s: {a: 1, b: 3}\n  condition: s\n", false),
        ("  s: [{a: 9}, {b: 2}]\n  condition: s\n", true),
        ("  s_1: {a: 1}\n  s_2: {b: 3}\n  condition: 1 of s_*\n", true),
        ("  s_1: {a: 1}\n  s_2: {b: 3}\n  condition: all of s_*\n", false),
        ("  s_1: {a: 1}\n  s_2: {b: 2}\n  s_3: {b: 3}\n  condition: 2 of them\n", true),
        ("  s_1: {a: 1}\n  s_2: {b: 2}\n  s_3: {b: 3}\n  condition: 3 of them\n", false),
        ("  s: {a: 1}\n  f: {b: 2}\n  condition: s and not f\n", false),
        ("  s: {a: 9}\n  condition: not s\n", true),
        ("  s: {a: 1}\n  f: {b: 9}\n  condition: [f, s]\n", true),
        ("  s: {a: 1}\n  _h: {b: 9}\n  condition: all of them or _h\n", true),
        ("  s: {a: 9}\n  f: {b: 9}\n  condition: [f, s]\n", false),
        ("  s: [{a: 1, b: 9}, [{b: 2}, {a: 9}]]\n  condition: s\n", true),
        ("  s_1: {a: 1}\n  s_2: {b: 2}\n  f_1: {b: 9}\n  condition: all of s_* and not 1 of f_*\n", true),
        ("  s_1: {a: 1}\n  s_2: {b: 2}\n  condition: not (all of them) or (s_1 and not (not s_2))\n", true),
        ("  s_1: {a: 1}\n  s_2: {b: 2}\n  condition: ANY of s_* AND NOT s_2\n", false),
        ("  s_1_a: {a: 1}\n  s_2_a: {b: 9}\n  condition: 1 of s_*_a\n", true),
    ] {
        assert_eq!(matches(rule, event(&fields)), expected, "{rule}");
    }
}

#[test]
fn keywords_are_searched_in_every_value_the_message_and_the_raw_line() {
    let rule = "  k: [needle, 'a*z']\n  condition: k\n";
    assert!(matches(rule, event(&[("x", "a Needle here")])));
    assert!(matches(rule, event(&[("x", "-a to z-")])));
    assert!(!matches(rule, event(&[("needle", "x")])));
    let mut with_message = event(&[("x", "y")]);
    with_message.message = "the NEEDLE".into();
    assert!(matches(rule, with_message));
    assert!(matches("  k: raw line\n  condition: k\n", event(&[])));
    assert!(!matches("  k: raw line\n  condition: k\n", event(&[("x", "y")])));
    assert!(matches("  k:\n    '|all': [one, two]\n  condition: k\n", event(&[("x", "two"), ("y", "one")])));
    assert!(!matches("  k:\n    '|all': [one, two]\n  condition: k\n", event(&[("x", "two"), ("y", "on")])));
    assert!(matches("  k:\n    '|re': 'ne{2}dle$'\n  condition: k\n", event(&[("x", "a needle")])));
    assert!(!matches("  k:\n    '|cased': Needle\n  condition: k\n", event(&[("x", "a needle")])));
    assert!(matches("  k: needle\n  condition: k\n", event(&[("x", "a needle")])));
}

#[test]
fn the_header_answers_where_the_source_does_not() {
    let mut login = event(&[]);
    login.code = Some(EventCode::LL03);
    login.user = "root".into();
    login.src_ip = "192.0.2.7".into();
    login.src_port = 4711;
    assert!(matches(
        "  s: {code: LL03, user: ROOT, src_ip|cidr: 192.0.2.0/24, src_port: 4711}\n  condition: s\n",
        login.clone()
    ));
    assert!(matches("  s: {User: root}\n  condition: s\n", login.clone()));
    login.push("user", "alice");
    assert!(
        !matches("  s: {user: root}\n  condition: s\n", login.clone()),
        "the source's own field comes first"
    );
    login.product = "windows".into();
    let rule = detection("  s: {User: root}\n  condition: s\n").replace("linux", "windows");
    let (rules, _) = compile(&rule);
    assert!(
        Detector::new(Arc::new(rules)).process(&batch(vec![login])).is_empty(),
        "Windows says it itself or not"
    );
}

#[test]
fn any_value_of_a_repeated_field_counts() {
    let fields = [("tag", "one"), ("tag", "two")];
    assert!(matches("  s: {tag: two}\n  condition: s\n", event(&fields)));
    assert!(matches("  s: {tag|contains|all: [ne, wo]}\n  condition: s\n", event(&fields)));
    assert!(!matches("  s: {tag|neq: two}\n  condition: s\n", event(&fields)));
}

#[test]
fn a_match_says_what_matched() {
    let text =
        detection("  s: {f: 1}\n  condition: s\n") + "tags: [attack.t1110.001, attack.credential-access]\n";
    let (rules, problems) = compile(&text);
    assert_eq!(problems, []);
    let mut second = event(&[]);
    second.push("f", FieldValue::Integer(1));
    second.user = "root".into();
    second.count = 3;
    let found = Detector::new(Arc::new(rules)).process(&batch(vec![event(&[]), second]));
    assert_eq!(found.len(), 1);
    let found = &found[0];
    assert_eq!((found.row, found.event, found.run), (1, EventId::raw(0, 1), EventId::raw(0, 1)));
    assert_eq!((found.count, found.evidence_total), (3, 1));
    assert_eq!(found.values["user"].shown, ["root"]);
    assert_eq!((found.rule.level, found.rule.kind), (Severity::Low, RuleKind::Sigma));
    assert_eq!(found.rule.pack, "core@1");
    assert_eq!(sentra_detect::techniques(&found.rule.tags), ["T1110.001"]);
}

#[test]
fn a_broken_rule_does_not_take_the_others_with_it() {
    let good = detection("  s: {f: 1}\n  condition: s\n");
    let text = format!("{good}---\ntitle: broken\ndetection: [\n---\n{}", good.replace("7a01", "7a02"));
    let (rules, problems) = RuleSet::compile(vec![source("a.yml", &text), source("b.yml", "just a text")]);
    assert_eq!(rules.len(), 2);
    let errors: Vec<_> =
        problems.iter().filter(|problem| problem.severity == ProblemSeverity::Error).collect();
    assert_eq!(errors.len(), 2, "{problems:?}");
    assert_eq!((errors[0].path.as_str(), errors[1].path.as_str()), ("a.yml", "b.yml"));
}

#[test]
fn problems_name_the_line_and_the_right_word() {
    for (rule, line, part) in [
        ("  s: {f|contain: 1}\n  condition: s\n", 6, "did you mean \"contains\"?"),
        ("  sel:\n    f: 1\n  condition: sle\n", 8, "did you mean \"sel\"?"),
        ("  s: {f: 1}\n  condition: 1 of other_*\n", 7, "no selection fits"),
        ("  s: {f: 1}\n  condition: s | cuont() > 5\n", 7, "did you mean \"count\"?"),
        ("  s: {f: 1}\n", 6, "no condition"),
        ("  condition: s\n", 6, "no selection"),
        ("  s:\n    f|re: '('\n  condition: s\n", 7, "not understood"),
        ("  s:\n    f|re: 'a(?=b)'\n  condition: s\n", 7, "not understood"),
        ("  s:\n    f|cidr: 192.0.2.0/99\n  condition: s\n", 7, "no network"),
        ("  s:\n    f|gt: many\n  condition: s\n", 7, "no number"),
        ("  s:\n    f|base64: 'a*'\n  condition: s\n", 7, "wildcards"),
        ("  s:\n    f: {g: 1}\n  condition: s\n", 7, "a value must be"),
        ("  s:\n    f: []\n  condition: s\n", 7, "empty"),
        ("  s:\n    f|contains: null\n  condition: s\n", 7, "null"),
        ("  s:\n    f|i: x\n  condition: s\n", 7, "behind 're'"),
        ("  s: {}\n  condition: s\n", 6, "empty"),
        ("  s:\n    f|contains|endswith: x\n  condition: s\n", 7, "two different places"),
        ("  s:\n    f|hour: 24\n  condition: s\n", 7, "no hour: from 0 to 23"),
        ("  s:\n    f|exists: maybe\n  condition: s\n", 7, "true or false"),
        ("  s:\n    '|exists': true\n  condition: s\n", 7, "needs a field"),
        ("  s:\n    f|fieldref: ''\n  condition: s\n", 7, "name of a field"),
        ("  s:\n    f|cidr: host.example\n  condition: s\n", 7, "no network"),
        ("  s:\n    f|windash: '-a -b -c -d -e'\n  condition: s\n", 7, "variants"),
        ("  s: {f: 1}\n  condition: []\n", 7, "conditions is empty"),
    ] {
        let (rules, problems) = compile(&detection(rule));
        assert!(rules.is_empty(), "{rule}");
        assert_eq!(problems.len(), 1, "{rule}: {problems:?}");
        assert_eq!(
            (problems[0].line, problems[0].path.as_str()),
            (line, "rules/test.yml"),
            "{rule}: {problems:?}"
        );
        assert!(problems[0].message.contains(part), "{rule}: {problems:?}");
        assert_eq!(problems[0].rule.as_deref(), Some("6bd1e1a6-7b37-4c4f-8f3a-0a8c7f3f7a01"));
    }
}

#[test]
fn problems_of_correlations() {
    let base = "title: b\nname: failed_login\nlogsource: {product: linux}\ndetection: {s: {f: 1}, condition: s}\n---\ntitle: c\ncorrelation:\n";
    for (body, part) in [
        (
            "  type: event_count\n  rules: [failed_logon]\n  timespan: 5m\n  condition: {gte: 2}\n",
            "did you mean \"failed_login\"?",
        ),
        (
            "  type: event_cuont\n  rules: [failed_login]\n  timespan: 5m\n  condition: {gte: 2}\n",
            "did you mean \"event_count\"?",
        ),
        (
            "  type: value_sum\n  rules: [failed_login]\n  timespan: 5m\n  condition: {gte: 2}\n",
            "needs a field",
        ),
        (
            "  type: event_count\n  rules: [failed_login]\n  timespan: 5 minutes\n  condition: {gte: 2}\n",
            "not understood",
        ),
        (
            "  type: event_count\n  rules: [failed_login]\n  timespan: 9000d\n  condition: {gte: 2}\n",
            "not between",
        ),
        (
            "  type: event_count\n  rules: [failed_login]\n  timespan: 5m\n  condition: {lt: 0}\n",
            "would never hold",
        ),
        (
            "  type: event_count\n  rules: [failed_login]\n  timespan: 5m\n  condition: {gte: 0}\n",
            "whole number",
        ),
        ("  type: event_count\n  rules: [failed_login]\n  condition: {gte: 2}\n", "no timespan"),
        (
            "  type: value_count\n  rules: [failed_login]\n  timespan: 5m\n  condition: {gte: 2}\n",
            "needs a field",
        ),
        ("  type: event_count\n  rules: [c]\n  timespan: 5m\n  condition: {gte: 2}\nname: c\n", "to itself"),
    ] {
        let (rules, problems) = compile(&format!("{base}{body}"));
        assert_eq!(rules.len(), 1, "{body}");
        let errors: Vec<_> =
            problems.iter().filter(|problem| problem.severity == ProblemSeverity::Error).collect();
        assert_eq!(errors.len(), 1, "{body}: {problems:?}");
        assert!(errors[0].message.contains(part), "{body}: {errors:?}");
    }
}

#[test]
fn warnings_do_not_stop_a_rule() {
    let text =
        "title: t\nid: not-a-uuid\ndetection:\n  s: {f|expand: '%list%'}\n  unused: {f: 1}\n  condition: s\n";
    let (rules, problems) = RuleSet::compile(vec![source("a.yml", text), source("b.yml", text)]);
    assert_eq!(rules.len(), 2);
    assert!(problems.iter().all(|problem| problem.severity == ProblemSeverity::Warning));
    for part in
        ["no level", "no logsource", "no UUID", "no list is known", "is not used", "the id is also that"]
    {
        assert!(problems.iter().any(|problem| problem.message.contains(part)), "{part}: {problems:?}");
    }
}

/// Law LIMIT.
#[test]
fn a_hostile_condition_is_refused() {
    let values: Vec<String> = (0..2_000).map(|number| format!("f{number}: x")).collect();
    let repeated = vec!["s"; 2_000].join(" or ");
    let (rules, problems) =
        compile(&detection(&format!("  s: {{{}}}\n  condition: {repeated}\n", values.join(", "))));
    assert!(rules.is_empty());
    assert!(problems[0].message.contains("tests allowed"), "{problems:?}");
}

const VALUES: [&str; 8] = ["abc", "ABC", "ab", "xabcx", "", "5", "192.0.2.7", "c:\\a\\B.exe"];
const ITEMS: [&str; 16] = [
    "f: abc",
    "f|contains: b",
    "g|startswith: ab",
    "g|endswith: c",
    "f: a*c",
    "f|re: '^a'",
    "f: 5",
    "f|gt: 4",
    "f|cidr: 192.0.2.0/24",
    "f: null",
    "g|exists: true",
    "f|fieldref: g",
    "f|contains|all: [a, b]",
    "f: ''",
    "g|cased: ABC",
    "user: abc",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// The index is an optimisation of the definition, and of nothing else.
    #[test]
    fn the_index_agrees_with_the_definition(
        rules in proptest::collection::vec((0..ITEMS.len(), 0..ITEMS.len(), 0..ITEMS.len(), 0..6_usize, 0..3_usize), 1..12),
        events in proptest::collection::vec(
            (proptest::option::of(0..VALUES.len()), proptest::option::of(0..VALUES.len()), proptest::option::of(0..VALUES.len()), 0..3_usize),
            0..80,
        ),
    ) {
        let conditions = ["a and b", "a or b and not c", "not (a or b)", "1 of them", "2 of them", "k and not c"];
        let sources: Vec<RuleSource> = rules.iter().map(|(a, b, c, condition, logsource)| {
            let logsource = ["{product: linux}", "{product: windows}", "{service: sshd}"][*logsource];
            let (a, b, c) = (ITEMS[*a], ITEMS[*b], ITEMS[*c]);
            source("p.yml", &format!(
                "title: t\nlogsource: {logsource}\ndetection:\n  a: {{{a}}}\n  b: {{{b}}}\n  c: {{{c}}}\n  k: [bc, '5']\n  condition: {}\n",
                conditions[*condition],
            ))
        }).collect();
        let (rules, _) = RuleSet::compile(sources);
        let events = events.iter().map(|(f, g, again, system)| {
            let mut event = event(&[]);
            f.iter().for_each(|f| event.push("f", VALUES[*f]));
            g.iter().for_each(|g| event.push("g", VALUES[*g]));
            again.iter().for_each(|f| event.push("f", VALUES[*f]));
            match system {
                0 => event.product = "windows".into(),
                1 => event.service = "sshd".into(),
                _ => event.user = "ABC".into(),
            }
            event
        });
        let batch = batch(events.collect());
        let rules = Arc::new(rules);
        let defined: Vec<(usize, u64)> = batch
            .rows()
            .flat_map(|row| matching_rules(&rules, "linux", row).into_iter().map(move |_| (row.index(), row.id().offset)))
            .collect();
        let mut per_row: Vec<(usize, u64)> =
            Detector::new(Arc::clone(&rules)).process(&batch).iter().map(|found| (found.row, found.event.offset)).collect();
        per_row.sort_unstable();
        prop_assert_eq!(per_row, defined);
    }
}
