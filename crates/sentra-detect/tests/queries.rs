//! Rules as conditions of queries: whatever a rule matches, its condition selects.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod common;
mod sql_evaluator;

use std::cell::Cell;
use std::collections::BTreeSet;

use common::{Batches, data, errors, public_rules, windows_event, zstd_text};
use proptest::prelude::*;
use sentra_detect::{FieldInventory, Precision, QueryEngine, RuleSet, RuleSource, matching_rules};
use sentra_model::{
    BatchBuilder, Event, EventBatch, EventId, FieldValue, Mart, RawRecord, Source, SourceKind, TenantId,
    Timestamp,
};
use serde_json::json;
use sql_evaluator::Condition;

const ENGINES: [QueryEngine; 2] = [QueryEngine::DataFusion, QueryEngine::ClickHouse];

fn rules(text: &str) -> RuleSet {
    let source = RuleSource { path: "t.yml".into(), text: text.into(), pack: "t@1".into() };
    let (rules, problems) = RuleSet::compile(vec![source]);
    assert!(errors(&problems).is_empty(), "{problems:?}\n{text}");
    rules
}

fn rule(logsource: &str, selections: &str, condition: &str) -> String {
    format!("title: t\nid: t\nlogsource: {logsource}\ndetection:\n{selections}  condition: {condition}\n")
}

fn batch(events: &[(Event<'static>, Vec<u8>)]) -> EventBatch {
    let reference = Timestamp::from_seconds(1_600_000_000);
    let source = Source { kind: SourceKind::File, origin: "test".to_owned(), format: None, reference };
    let mut builder = BatchBuilder::new(TenantId::default_tenant(), Mart::WINDOWS);
    for (offset, (event, raw)) in events.iter().enumerate() {
        let record = RawRecord { source: &source, position: 1, received: reference, bytes: raw };
        builder.push(EventId::raw(0, offset as u64), &record, event).unwrap();
    }
    builder.finish().unwrap()
}

fn windows(json: serde_json::Value) -> (Event<'static>, Vec<u8>) {
    (windows_event(json.as_object().unwrap()), b"{}".to_vec())
}

#[test]
fn a_rule_reads_as_a_condition() {
    let text = rule(
        "{product: windows, category: process_creation}",
        "  s:\n    CommandLine|contains: [\"it's\", '100%']\n    EventID: 1\n  f:\n    User|startswith: 'NT AUTHORITY\\'\n",
        "s and not f",
    );
    let rules = rules(&text);
    let query = rules.query(0, QueryEngine::ClickHouse).unwrap();
    println!("{query}");
    assert!(query.condition.contains(r"'it\'s'"), "{query}");
    assert!(query.condition.contains(r"'nt authority\\')"), "{query}");
    assert_eq!(query.precision, Precision::Prefilter);
    let query = rules.query(0, QueryEngine::DataFusion).unwrap();
    println!("{query}\n{:?}", query.widened);
    assert!(query.condition.contains("contains(lower(map_extract(\"fields\", 'CommandLine')[1]), 'it''s')"));
    assert!(query.condition.contains(r"'nt authority\'"), "{query}");
    assert!(query.condition.contains(r#"lower("product") IN ('windows', '')"#), "{query}");
}

#[test]
fn what_can_be_said_in_full_is_exact() {
    let selections = "  s:\n    user|startswith: adm\n    domain|re: '^[a-z]+$'\n    app: null\n";
    let rules = rules(&rule("{}", selections, "s"));
    let exact = rules.query(0, QueryEngine::ClickHouse).unwrap();
    assert_eq!((exact.precision, exact.widened), (Precision::Exact, Vec::new()));
    let wide = rules.query(0, QueryEngine::DataFusion).unwrap();
    assert_eq!(wide.widened, ["source fields whose name repeats"]);
}

#[test]
fn a_correlation_is_the_events_of_its_rules() {
    let base = |name: &str, user: &str| {
        format!(
            "title: {name}\nid: {name}\nname: {name}\nlogsource: {{}}\ndetection: {{s: {{user: {user}}}, condition: s}}\n---\n"
        )
    };
    let correlation = "title: c\nid: c\ncorrelation: {type: temporal, rules: [a, b], timespan: 5m}\n";
    let rules = rules(&(base("a", "ann") + &base("b", "bob") + correlation));
    for engine in ENGINES {
        let query = rules.query(2, engine).unwrap();
        let bases: Vec<&str> = query.rules.iter().map(|rule| rule.rule.as_str()).collect();
        assert_eq!(bases, ["a", "b"]);
        assert_eq!(query.condition, format!("({} OR {})", query.rules[0], query.rules[1]));
        let condition = Condition::parse(&query.condition, engine);
        let mut event = windows(json!({}));
        event.0.user = "BOB".into();
        assert!(condition.holds(batch(&[event, windows(json!({}))]).row(0).unwrap()));
    }
}

/// Law LIMIT: correlations of correlations, each referred to many times over.
#[test]
fn a_tower_of_correlations_ends() {
    let mut text =
        "title: t\nid: c0\nname: c0\nlogsource: {}\ndetection: {s: {user: ann}, condition: s}\n".to_owned();
    for level in 1..=8 {
        let below = vec![format!("c{}", level - 1); 64].join(", ");
        text += &format!(
            "---\ntitle: t\nid: c{level}\nname: c{level}\ncorrelation: {{type: temporal, rules: [{below}], timespan: 5m}}\n"
        );
    }
    let rules = rules(&text);
    let top = rules.position("c8").unwrap();
    assert_eq!(rules.query(top, QueryEngine::DataFusion).unwrap().rules.len(), 1);
    let verdict = rules.can_match(top, &FieldInventory::default()).unwrap();
    assert_eq!(verdict.to_string(), "cannot match: none of the rules it refers to can match");
}

/// Law LIMIT.
#[test]
fn a_condition_is_bounded() {
    let values: Vec<String> = (0..20_000).map(|number| format!("v{number}")).collect();
    let long = rule("{product: linux}", &format!("  s:\n    Image: [{}]\n", values.join(", ")), "s");
    let nested = rule("{}", "  s:\n    A: b\n", &("not (s or ".repeat(30) + "s" + &")".repeat(30)));
    for text in [long, nested] {
        let rules = rules(&text);
        for engine in ENGINES {
            let query = rules.query(0, engine).unwrap();
            assert!(query.condition.len() < 300_000, "{}", query.condition.len());
            assert_eq!(query.precision, Precision::Prefilter);
            Condition::parse(&query.condition, engine);
        }
    }
}

/// Texts in which quotation, patterns, case and numbers go wrong if they can.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("'"),
        Just("\\"),
        Just("\\\\"),
        Just("%"),
        Just("_"),
        Just("*"),
        Just("?"),
        Just("--"),
        Just("\""),
        Just("a"),
        Just("A"),
        Just("k"),
        Just("\u{212a}"),
        Just("i"),
        Just("\u{130}"),
        Just("\u{307}"),
        Just("\u{3a3}"),
        Just("\u{3c3}"),
        Just("\u{3c2}"),
        Just("ß"),
        Just("É"),
        Just("é"),
        Just("–"),
        Just(" "),
        Just("\u{a0}"),
        Just("\n"),
        Just("\0"),
        Just("1"),
        Just("7"),
        Just("-"),
        Just("."),
        Just("e"),
        Just("windows"),
        Just("192.0.2.7"),
        Just("::1"),
    ];
    proptest::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

const FIELDS: [&str; 7] = ["A", "B", "Image", "NewProcessName", "SourcePort", "user", "message"];

fn field() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&FIELDS[..])
}

/// One of the texts that this rule and these events share, as it is or a little changed.
fn shared(pool: Vec<String>) -> impl Strategy<Value = String> {
    (proptest::sample::select(pool), 0..8).prop_map(|(text, change)| match change {
        0 => text.to_uppercase(),
        1 => text.to_lowercase(),
        2 => format!("x{text}"),
        3 => format!("{text}\n"),
        4 => format!("1{text}7"),
        _ => text,
    })
}

fn item(pool: &[String]) -> impl Strategy<Value = String> + use<> {
    let texts = proptest::sample::select(vec![
        "",
        "|contains",
        "|startswith",
        "|endswith",
        "|contains|all",
        "|cased",
        "|contains|cased",
        "|windash|contains",
        "|neq",
    ]);
    let values = proptest::collection::vec(shared(pool.to_vec()), 1..3);
    let text = (field(), texts, values).prop_map(|(field, modifiers, values)| {
        format!("    {}: {}\n", json!(format!("{field}{modifiers}")), json!(values))
    });
    let other = proptest::sample::select(vec![
        ": 7",
        ": 1.5",
        "|gte: 7",
        "|lt: 17",
        ": null",
        "|exists: true",
        "|exists: false",
        "|cidr: [192.0.2.0/25, '::/64']",
        "|re: '^[^a]*.$'",
        "|re|i: 'k+\\d?$'",
        "|re: '\\w'",
        "|fieldref: B",
        "|fieldref|endswith: user",
        "|hour: 7",
        "|contains: ''",
    ]);
    let other = (field(), other).prop_map(|(field, rest)| format!("    {field}{rest}\n"));
    prop_oneof![4 => text, 1 => other]
}

fn selection(pool: &[String]) -> impl Strategy<Value = String> + use<> {
    let items = proptest::collection::vec(item(pool), 1..3).prop_map(|items| {
        let key = |item: &str| item.split(": ").next().unwrap().trim().trim_matches('"').to_owned();
        let twice = items.len() == 2 && key(&items[0]) == key(&items[1]);
        if twice { items[0].clone() } else { items.concat() }
    });
    let keywords = proptest::collection::vec(shared(pool.to_vec()), 1..3);
    let keywords = keywords.prop_map(|values| format!("    {}\n", json!(values)));
    prop_oneof![5 => items, 1 => keywords]
}

fn any_rule(pool: &[String]) -> impl Strategy<Value = String> + use<> {
    let logsource = proptest::sample::select(vec![
        "{}",
        "{}",
        "{product: windows}",
        "{product: linux}",
        "{product: linux, service: sshd}",
    ]);
    let condition = proptest::sample::select(vec![
        "a",
        "a or b",
        "a and not b",
        "not a",
        "not (a and not b)",
        "2 of them",
        "1 of a* or not c",
        "not 2 of them",
    ]);
    (logsource, selection(pool), selection(pool), selection(pool), condition).prop_map(
        |(logsource, a, b, c, condition)| rule(logsource, &format!("  a:\n{a}  b:\n{b}  c:\n{c}"), condition),
    )
}

fn any_event(pool: &[String]) -> impl Strategy<Value = (Event<'static>, Vec<u8>)> + use<> {
    let pool = || prop_oneof![3 => shared(pool.to_vec()), 1 => Just(String::new())];
    let product = proptest::sample::select(vec!["", "windows", "Windows", "linux"]);
    let service = proptest::sample::select(vec!["", "sshd", "SSHD"]);
    let fields = proptest::collection::vec((field(), pool()), 0..5);
    let texts = (pool(), pool(), pool());
    let raw = prop_oneof![pool().prop_map(String::into_bytes), Just(b"a\xff1".to_vec())];
    (product, service, fields, texts, 0_u16..20, raw).prop_map(
        |(product, service, fields, texts, port, raw)| {
            let mut event = Event::new("json", Mart::WINDOWS, Timestamp::from_seconds(1_600_000_000));
            (event.product, event.service) = (product.into(), service.into());
            (event.user, event.message, event.process) = (texts.0.into(), texts.1.into(), texts.2.into());
            event.src_port = port;
            for (name, value) in fields {
                event.push(name, FieldValue::Text(value.into()));
            }
            (event, raw)
        },
    )
}

fn any_case() -> impl Strategy<Value = (String, Vec<(Event<'static>, Vec<u8>)>)> {
    proptest::collection::vec(hostile(), 2..5)
        .prop_flat_map(|pool| (any_rule(&pool), proptest::collection::vec(any_event(&pool), 4..16)))
}

/// Whatever a rule matches, its condition selects; an exact one selects nothing else.
#[test]
fn no_condition_is_narrower_than_its_rule() {
    let (matched, missed, exact) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let config = ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |((text, events) in any_case())| {
        let rules = rules(&text);
        let batch = batch(&events);
        for engine in ENGINES {
            let query = rules.query(0, engine).unwrap();
            let condition = Condition::parse(&query.condition, engine);
            for row in batch.rows() {
                let matches = !matching_rules(&rules, "windows", row).is_empty();
                let selected = condition.holds(row);
                let is_exact = query.precision == Precision::Exact;
                let right = if is_exact { matches == selected } else { selected || !matches };
                prop_assert!(right, "{text}\n{query}\n{} of {events:?}: {matches} {selected}", row.index());
                let count = if matches { &matched } else { &missed };
                count.set(count.get() + 1);
                exact.set(exact.get() + u32::from(is_exact));
            }
        }
    });
    println!("{} matches, {} misses, {} of exact conditions", matched.get(), missed.get(), exact.get());
    assert!(matched.get() > 5_000 && missed.get() > 5_000 && exact.get() > 500);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// A text is one literal, whatever is in it.
    #[test]
    fn every_text_is_one_literal(value in any::<String>()) {
        let text = rule("{}", &format!("  s:\n    {}: {}\n", json!(format!("F{}", value.replace('|', ""))), json!(value)), "s");
        let source = RuleSource { path: "t.yml".into(), text, pack: "t@1".into() };
        let (rules, _) = RuleSet::compile(vec![source]);
        prop_assume!(rules.len() == 1);
        for engine in ENGINES {
            Condition::parse(&rules.query(0, engine).unwrap().condition, engine);
        }
    }
}

/// All rules on real events: some of every kind, and some that rules match.
#[test]
fn conditions_select_what_the_rules_match_in_real_events() {
    let Some(data) = data() else { return };
    let (rules, _) = public_rules(&data);
    let text = zstd_text(&data.join("windows/otrf.ndjson.zst"));
    let mut batches = Batches::new(Mart::WINDOWS, 8_000);
    let expected = std::fs::read_to_string(data.join("windows/otrf.expected.tsv")).unwrap();
    let matched: BTreeSet<usize> =
        expected.lines().step_by(20).map(|line| line.split('\t').next().unwrap().parse().unwrap()).collect();
    let some = |(number, _): &(usize, &str)| number % 997 == 0 || matched.contains(number);
    for (_, line) in text.lines().enumerate().filter(some) {
        batches.push(&windows_event(&serde_json::from_str(line).unwrap()));
    }
    batches.cut();
    let batch = &batches.done[0];
    let mut defined = Vec::new();
    for row in batch.rows() {
        defined.push(matching_rules(&rules, "windows", row));
    }
    let matches: usize = defined.iter().map(Vec::len).sum();
    assert!(matches > 80, "{matches}");
    for engine in ENGINES {
        let (mut selected, mut pairs, mut exact, mut bytes) = (0, 0, 0, 0);
        for index in 0..rules.len() {
            let query = rules.query(index, engine).unwrap();
            exact += usize::from(query.precision == Precision::Exact);
            bytes += query.condition.len();
            let condition = Condition::parse(&query.condition, engine);
            // How much else is selected is looked at for some rules only.
            let is_sample = index % 20 == 0;
            for (row, defined) in batch.rows().zip(&defined) {
                let matches = defined.contains(&index);
                if matches || is_sample {
                    let holds = condition.holds(row);
                    assert!(holds || !matches, "{}\n{query}", rules.rules()[index].path());
                    selected += usize::from(holds && is_sample);
                    pairs += usize::from(is_sample);
                }
            }
        }
        println!(
            "{engine:?}: {exact} of {} exact, {} bytes on average, {selected} of {pairs} pairs selected",
            rules.len(),
            bytes / rules.len(),
        );
        assert!(selected * 100 < pairs, "{engine:?} selects {selected} of {pairs}");
    }
}
