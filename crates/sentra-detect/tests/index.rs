//! The matcher held against the definition, on generated rules and events: whatever the tests, the size of batches
//! and what was remembered of batches before.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::fmt::Write;
use std::sync::Arc;

use common::{Batches, errors};
use proptest::prelude::*;
use sentra_detect::{Matcher, RuleSet, RuleSource, matching_rules};
use sentra_model::{Event, FieldValue, Mart, Timestamp};

/// What values and literals are made of, so that they meet often.
const PIECES: [&str; 22] = [
    "a",
    "ab",
    "abc",
    "B",
    "cmd.exe",
    "\\CMD.exe",
    "\\",
    "-enc",
    "/c ",
    "PowerShell",
    "10.0.0.1",
    "fe80::1",
    "5",
    "5.0",
    "4688",
    "é",
    "É",
    "ſ",
    "\u{212a}ey",
    "İ",
    "2026-11-21T05:32:10Z",
    " ",
];
const FIELDS: [&str; 7] = ["A", "B", "Image", "CommandLine", "User", "NewProcessName", "SourcePort"];
const REGEXES: [&str; 8] =
    ["ab+c", "(?i)powers", "^a.*e$", "(?:cmd|abc)\\.?", "[0-9]{2,}", "a|", "(?i)key", "\\\\cmd\\.exe$"];
const TEXT_MODIFIERS: [&str; 12] = [
    "",
    "|contains",
    "|startswith",
    "|endswith",
    "|contains|all",
    "|cased",
    "|contains|cased",
    "|startswith|cased",
    "|windash|contains",
    "|base64offset|contains",
    "|neq",
    "|endswith|cased",
];
const CONDITIONS: [&str; 11] = [
    "s0",
    "not s0",
    "s0 and s1",
    "s0 or not s1",
    "1 of s*",
    "all of s*",
    "2 of s*",
    "s0 and not (s1 or s2)",
    "not (s0 and s1)",
    "s2 and (s0 or s1)",
    "s0 and not s1 and not s2",
];
const LOGSOURCES: [&str; 6] = [
    "product: windows",
    "product: linux",
    "category: process_creation",
    "service: sysmon",
    "{product: windows, service: security}",
    "product: ''",
];

fn pieces(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&PIECES[..]), 0..=most).prop_map(|pieces| pieces.concat())
}

fn literal() -> impl Strategy<Value = String> {
    (pieces(2), 0..8_u8).prop_map(|(text, shape)| match shape {
        0 => format!("*{text}"),
        1 => format!("{text}*"),
        2 => format!("*{text}*b*"),
        3 => format!("{text}?"),
        4 => "*".to_owned(),
        _ => text,
    })
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// One item of a selection, in YAML.
fn item() -> impl Strategy<Value = String> {
    let field = || prop::sample::select(&FIELDS[..]);
    let values = prop::collection::vec(literal(), 1..4);
    prop_oneof![
        8 => (field(), prop::sample::select(&TEXT_MODIFIERS[..]), values).prop_map(|(field, modifier, values)| {
            // What is encoded must be without wildcards, and what is searched for not empty.
            let plain = |text: &String| match modifier.contains("base64") {
                true => quoted(&format!("x{}", text.replace(['*', '?'], ""))),
                false => quoted(text),
            };
            format!("{field}{modifier}: [{}]", values.iter().map(plain).collect::<Vec<_>>().join(", "))
        }),
        2 => (field(), prop::sample::select(&REGEXES[..]), prop::bool::ANY)
            .prop_map(|(field, regex, i)| format!("{field}|re{}: {}", if i { "|i" } else { "" }, quoted(regex))),
        1 => (field(), prop::sample::select(&["10.0.0.0/8", "fe80::/16", "10.0.0.1"][..]))
            .prop_map(|(field, network)| format!("{field}|cidr: {network}")),
        1 => (field(), prop::sample::select(&["gt", "gte", "lt", "lte"][..]), 0..6)
            .prop_map(|(field, comparison, number)| format!("{field}|{comparison}: {number}")),
        1 => (field(), prop::bool::ANY).prop_map(|(field, there)| format!("{field}|exists: {there}")),
        1 => field().prop_map(|field| format!("{field}: null")),
        1 => field().prop_map(|field| format!("{field}: 5")),
        1 => (field(), field(), prop::sample::select(&["", "|startswith", "|endswith", "|contains"][..]))
            .prop_map(|(field, other, place)| format!("{field}|fieldref{place}: {other}")),
        1 => field().prop_map(|field| format!("{field}|hour: 5")),
        1 => field().prop_map(|field| format!("{field}|expand: '%list%'")),
    ]
}

/// A selection: a map, or keywords.
fn selection() -> impl Strategy<Value = Vec<String>> {
    prop_oneof![
        6 => prop::collection::vec(item(), 1..3).prop_map(|mut items| {
            items.sort_by_key(|item| item.split(':').next().unwrap().to_owned());
            items.dedup_by_key(|item| item.split(':').next().unwrap().to_owned());
            items
        }),
        1 => literal().prop_map(|word| vec![format!("- {}", quoted(&format!("a{word}")))]),
        1 => prop::sample::select(&REGEXES[..]).prop_map(|regex| vec![format!("'|re': {}", quoted(regex))]),
    ]
}

fn rule() -> impl Strategy<Value = String> {
    let selections = prop::array::uniform3(selection());
    (selections, prop::sample::select(&CONDITIONS[..]), prop::sample::select(&LOGSOURCES[..])).prop_map(
        |(selections, condition, logsource)| {
            let logsource =
                if logsource.starts_with('{') { logsource.to_owned() } else { format!("{{{logsource}}}") };
            let mut text = format!("title: t\nlogsource: {logsource}\ndetection:\n");
            for (number, items) in selections.iter().enumerate() {
                writeln!(text, "  s{number}:").unwrap();
                items.iter().for_each(|item| writeln!(text, "    {item}").unwrap());
            }
            text + &format!("  condition: {condition}\n")
        },
    )
}

fn event() -> impl Strategy<Value = Event<'static>> {
    let fields = prop::collection::vec((prop::sample::select(&FIELDS[..]), pieces(4)), 0..6);
    let kind = prop::sample::select(
        &[
            ("windows", "Microsoft-Windows-Sysmon/Operational", "1"),
            ("windows", "Microsoft-Windows-Sysmon/Operational", "3"),
            ("windows", "Security", "4688"),
            ("linux", "", ""),
            ("", "Security", "4688"),
            ("", "", ""),
        ][..],
    );
    (kind, fields, prop::option::of(pieces(3)), prop::option::of(pieces(3)), 0..3_u16).prop_map(
        |((product, channel, id), fields, header, message, port)| {
            let mut event = Event::new("test", Mart::WINDOWS, Timestamp::from_seconds(1_600_000_000));
            event.product = product.into();
            for (name, value) in [("Channel", channel), ("EventID", id)] {
                if !value.is_empty() {
                    event.push(name, FieldValue::Text(value.into()));
                }
            }
            for (name, value) in fields {
                event.push(name, FieldValue::Text(value.into()));
            }
            if let Some(text) = header {
                event.process = text.clone().into();
                event.command = text.clone().into();
                event.user = text.into();
            }
            event.message = message.unwrap_or_default().into();
            event.src_port = port * 5;
            event
        },
    )
}

fn compiled(rules: &[String]) -> Arc<RuleSet> {
    let source = |(number, text): (usize, &String)| RuleSource {
        path: number.to_string(),
        text: format!("id: {number}\n{text}"),
        pack: "test".to_owned(),
    };
    let (set, problems) = RuleSet::compile(rules.iter().enumerate().map(source).collect());
    assert_eq!(errors(&problems), Vec::<&sentra_detect::RuleProblem>::new());
    Arc::new(set)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn the_matcher_finds_what_the_definition_says(
        rules in prop::collection::vec(rule(), 1..12),
        events in prop::collection::vec(event(), 1..90),
    ) {
        let rules = compiled(&rules);
        // One matcher over all sizes: what it remembers of one must not change what it finds in the next.
        let mut matcher = Matcher::new(Arc::clone(&rules)).with_clock(|| 1);
        let mut found_first = None;
        for size in [1, 3, 64, 65, 1_000, 1] {
            let mut batches = Batches::new(Mart::WINDOWS, size);
            events.iter().for_each(|event| batches.push(event));
            batches.cut();
            let mut found = Vec::new();
            for batch in &batches.done {
                let matches = matcher.matches(batch);
                if size == 64 {
                    let mut defined = Vec::new();
                    for row in batch.rows() {
                        let of_row = matching_rules(&rules, batch.mart().as_str(), row);
                        defined.extend(of_row.into_iter().map(|rule| (row.index(), rule)));
                    }
                    prop_assert_eq!(&matches, &defined);
                }
                let id = |row| batch.row(row).unwrap().id().offset;
                found.extend(matches.into_iter().map(|(row, rule)| (id(row), rule)));
            }
            // Law IDENTITY: nothing depends on how events are cut into batches.
            prop_assert_eq!(found_first.get_or_insert_with(|| found.clone()), &found, "batches of {}", size);
        }
        let costs = matcher.costs();
        let hits: u64 = (0..rules.len()).map(|rule| costs.of(rule).hits).sum();
        prop_assert_eq!(hits as usize, found_first.unwrap().len() * 6);
        prop_assert!((0..rules.len()).all(|rule| costs.of(rule).hits <= costs.of(rule).candidates));
    }
}
