//! Explanations: they say why, and never other than what the rules do.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::collections::BTreeSet;

use common::{Batches, data, errors, public_rules, windows_event, zstd_text};
use sentra_detect::{
    CannotMatch, ExplainedPart, Explanation, FieldInventory, InventoryVerdict, PartKind, RuleSet, RuleSource,
    matching_rules,
};
use sentra_model::{EventBatch, Mart, Timestamp};
use serde_json::json;

const RULE: &str = r"title: Odd shell
id: 00000000-0000-4000-8000-000000000001
level: high
logsource:
  product: windows
  category: process_creation
detection:
  selection_image:
    - Image|endswith: '\cmd.exe'
    - OriginalFileName: cmd.exe
  selection_line:
    CommandLine|contains|all:
      - ' /c '
      - whoami
  filter_user:
    User|startswith: 'NT AUTHORITY\'
  condition: all of selection_* and not 1 of filter_*
";

fn rules(texts: &[&str]) -> RuleSet {
    let sources = texts.iter().map(|text| RuleSource {
        path: "test.yml".to_owned(),
        text: (*text).to_owned(),
        pack: "test@1".to_owned(),
    });
    let (rules, problems) = RuleSet::compile(sources.collect());
    assert!(errors(&problems).is_empty(), "{problems:?}");
    rules
}

fn events(events: &[serde_json::Value]) -> EventBatch {
    let mut batches = Batches::new(Mart::WINDOWS, 10_000);
    for event in events {
        batches.push(&windows_event(event.as_object().unwrap()));
    }
    batches.cut();
    batches.done.remove(0)
}

fn process(image: &str, line: &str, user: &str) -> serde_json::Value {
    json!({
        "Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1,
        "Image": image, "CommandLine": line, "User": user,
    })
}

fn explain(rules: &RuleSet, event: serde_json::Value) -> Explanation {
    let batch = events(&[event]);
    let explained = rules.explain(0, "windows", batch.row(0).unwrap()).unwrap();
    assert_eq!(explained.matched, !matching_rules(rules, "windows", batch.row(0).unwrap()).is_empty());
    explained
}

/// The reasons of the tests on `field`.
fn reasons(part: &ExplainedPart, field: &str) -> Vec<String> {
    let mut found = Vec::new();
    if matches!(&part.what, PartKind::Test { field: Some(name), .. } if name == field) {
        found.push(part.reason.clone());
    }
    found.extend(part.parts.iter().flat_map(|part| reasons(part, field)));
    found
}

#[test]
fn a_match_is_explained_with_the_names_and_words_of_the_rule() {
    let explained = explain(&rules(&[RULE]), process(r"C:\Windows\CMD.EXE", "cmd /c whoami", r"CORP\ann"));
    assert!(explained.matched);
    assert_eq!(explained.condition, ["all of selection_* and not 1 of filter_*"]);
    assert_eq!(reasons(&explained.tree, "Image"), [r#"value "C:\Windows\CMD.EXE" ends with "\cmd.exe""#]);
    assert_eq!(reasons(&explained.tree, "OriginalFileName"), ["field OriginalFileName absent"]);
    let text = explained.to_string();
    for line in [
        "Odd shell (00000000-0000-4000-8000-000000000001) matches",
        "[x] logsource: rule wants windows/process_creation; event is windows/process_creation+sysmon",
        "[x] all of selection_*: 2 of 2 hold",
        "[x] selection_image (line 8)",
        r"[x] Image|endswith: \cmd.exe",
        "[ ] OriginalFileName: cmd.exe",
        "[x] CommandLine|contains|all:  /c , whoami",
        "[ ] filter_user (line 15)",
        r#"value "CORP\ann" does not start with "nt authority\""#,
    ] {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
}

#[test]
fn a_miss_names_the_leaf_that_failed() {
    let rules = rules(&[RULE]);
    let explained = explain(&rules, process(r"C:\a\sh.exe", "cmd /c dir", r"CORP\ann"));
    assert!(!explained.matched && explained.routing.taken);
    assert_eq!(reasons(&explained.tree, "Image"), [r#"value "C:\a\sh.exe" does not end with "\cmd.exe""#]);
    assert_eq!(reasons(&explained.tree, "CommandLine"), [r#"value "cmd /c dir" does not contain "whoami""#]);
    // Hidden by the filter only.
    let explained = explain(&rules, process(r"C:\cmd.exe", "cmd /c whoami", r"NT AUTHORITY\SYSTEM"));
    assert!(!explained.matched);
    let not = &explained.tree.parts[1];
    assert_eq!((&not.what, not.matched), (&PartKind::Not, false));
}

#[test]
fn an_event_of_another_logsource_is_not_routed() {
    let event = json!({
        "Channel": "Security", "EventID": 4624, "Image": r"C:\cmd.exe", "CommandLine": "x /c whoami",
    });
    let explained = explain(&rules(&[RULE]), event);
    assert!(!explained.matched && !explained.routing.taken);
    assert!(explained.tree.matched, "the condition itself holds");
    let reason = "not routed: rule wants windows/process_creation, event is windows/security";
    assert_eq!(explained.routing.reason, reason);
}

#[test]
fn every_kind_of_test_has_its_sentence() {
    let rule = r"title: t
id: t
logsource: {product: windows}
detection:
  s:
    A|re: '^x+$'
    B|cidr: 192.0.2.0/24
    C|gte: 5
    D|exists: false
    E: null
    F|fieldref: A
    G|neq: yes-no
    H: 7
    I|cased: abc
    J: a*b?c
    K: [one, two, three]
    L|exists: true
    M|expand: '%list%'
    N|hour: 5
  keywords:
    - nowhere
  condition: s or keywords
";
    let event = json!({
        "A": "yy", "B": "198.51.100.1", "C": 4, "D": "there", "E": "there", "F": "other", "G": "yes-no",
        "H": 8, "I": "ABC", "J": "axb", "K": "four", "N": "2026-11-21T06:00:00Z", "Two": 2,
    });
    let rules = rules(&[rule]);
    let explained = explain(&rules, event.clone());
    for (field, reason) in [
        ("A", r#"value "yy" does not match /^x+$/"#),
        ("B", r#"value "198.51.100.1" is not in the wanted network"#),
        ("C", r#"value "4" is not ≥ 5"#),
        ("D", r#"field D is there with value "there""#),
        ("E", r#"field E is there with value "there""#),
        ("F", r#"value "other" is not equal to that of A, "yy""#),
        ("G", r#"negated: value "yes-no" is "yes-no""#),
        ("H", r#"value "8" is not the number 7"#),
        ("I", r#"value "ABC" is not "abc" (with case)"#),
        ("J", r#"value "axb" does not fit "a*b?c""#),
        ("K", r#"value "four" is none of the 3 wanted"#),
        ("L", "field L absent"),
        ("M", "a placeholder without its list matches nothing"),
        ("N", r#"value "2026-11-21T06:00:00Z" has not an hour = 5"#),
    ] {
        assert_eq!(reasons(&explained.tree, field), [reason]);
    }
    assert!(explained.to_string().contains("none of 13 values contains \"nowhere\""), "{explained}");
    // As an API gives it, and back.
    let text = serde_json::to_string(&explained).unwrap();
    assert_eq!(serde_json::from_str::<Explanation>(&text).unwrap(), explained);
}

/// Law LIMIT: what is shown is bounded whatever rule and event are.
#[test]
fn an_explanation_is_bounded() {
    let values: Vec<String> = (0..200).map(|number| format!("'v{number}'")).collect();
    let items: Vec<String> =
        (0..200).map(|number| format!("    F{number}: [{}]\n", values.join(", "))).collect();
    let condition = vec!["s"; 100].join(" or ");
    let rule = format!(
        "title: t\nid: t\nlogsource: {{product: windows}}\ndetection:\n  s:\n{}  condition: {condition}\n",
        items.concat()
    );
    let many: Vec<serde_json::Value> = vec![json!("x".repeat(100_000)); 50];
    let explained = explain(&rules(&[&rule]), json!({"Channel": "Security", "F1": many}));
    let text = explained.to_string();
    assert!(text.contains("parts are not shown"), "{}", &text[..1_000]);
    assert!(serde_json::to_string(&explained).unwrap().len() < 4_000_000);
}

#[test]
fn a_rule_that_cannot_match_says_why() {
    let rules = rules(&[RULE]);
    let mut inventory = FieldInventory::default();
    let security = json!({"Channel": "Security", "EventID": 4624, "CommandLine": "x"});
    let batch = events(&[security]);
    inventory.observe("windows", batch.row(0).unwrap());
    let verdict = rules.can_match(0, &inventory).unwrap();
    let said = "cannot match: no event of this logsource seen (windows/process_creation)";
    assert_eq!(verdict.to_string(), said);

    let batch = events(&[json!({
        "Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1, "commandline": "x", "Image": "y",
    })]);
    inventory.observe("windows", batch.row(0).unwrap());
    inventory.observe("windows", batch.row(0).unwrap());
    let verdict = rules.can_match(0, &inventory).unwrap();
    let fields = vec![("CommandLine".to_owned(), Some("commandline".to_owned()))];
    let logsource = "windows/process_creation".to_owned();
    let reason = CannotMatch::FieldsNeverSeen { fields, logsource, events: 2 };
    assert_eq!(verdict, InventoryVerdict::CannotMatch { reason });

    let batch = events(&[process("a", "b", "c")]);
    inventory.observe("windows", batch.row(0).unwrap());
    assert_eq!(rules.can_match(0, &inventory), Some(InventoryVerdict::CanMatch { events: 3 }));
}

#[test]
fn a_correlation_says_what_is_missing() {
    let correlation = "title: Many failures
id: c
correlation:
  type: value_count
  rules: [failed]
  group-by: [IpAddress]
  timespan: 5m
  condition: {field: TargetUserName, gte: 3}
";
    let base = "title: Failed\nname: failed\nid: f\nlogsource: {product: windows, service: security}\n\
                detection: {s: {EventID: 4625}, condition: s}\n";
    let rules = rules(&[base, correlation]);
    let failed = |address: &str, user: Option<&str>| json!({"Channel": "Security", "EventID": 4625, "IpAddress": address, "TargetUserName": user});
    let batch = events(&[
        failed("192.0.2.1", Some("ann")),
        failed("192.0.2.1", Some("bob")),
        failed("192.0.2.1", Some("bob")),
        failed("192.0.2.2", Some("ann")),
        failed("192.0.2.2", None),
        json!({"Channel": "Security", "EventID": 4624}),
    ]);
    let rows: Vec<_> = batch.rows().map(|row| ("windows", row)).collect();
    let explained = rules.explain_correlation(1, &rows).unwrap();
    assert!(!explained.reached);
    assert_eq!((explained.needed, explained.rules[0].matched), (3, 5));
    assert_eq!(explained.missing_fields["TargetUserName"], 1);
    let nearest = &explained.groups[0];
    assert_eq!(nearest.group, [("IpAddress".to_owned(), "192.0.2.1".to_owned())]);
    assert_eq!((nearest.count, nearest.missing, nearest.events), (2, 1, 3));
    assert_eq!(nearest.counted, ["ann", "bob"]);
    assert!(explained.to_string().contains("IpAddress=192.0.2.1: 2 of 3, 1 missing"), "{explained}");
    assert_eq!(rules.explain(1, "windows", rows[0].1), None);
    assert_eq!(rules.explain_correlation(0, &rows), None);
}

#[test]
fn a_sequence_says_how_far_it_got() {
    let base = |name: &str, id: u32| {
        format!(
            "title: Step {name}\nid: {name}\nname: {name}\nlogsource: {{product: windows}}\ndetection: {{s: {{EventID: \
             {id}}}, condition: s}}\n---\n"
        )
    };
    let correlation = |kind: &str| {
        format!("title: c\nid: {kind}\ncorrelation: {{type: {kind}, rules: [a, b, c], timespan: 10s}}\n---\n")
    };
    let text =
        [base("a", 1), base("b", 2), base("c", 3), correlation("temporal"), correlation("temporal_ordered")];
    let rules = rules(&[&text.concat()]);
    // The seconds at which the steps happen, and how far that is: of all, and in their order.
    for (steps, all, ordered) in [
        (vec![(1, 0), (2, 4), (3, 9)], 3, 3),
        (vec![(3, 0), (2, 4), (1, 9)], 3, 1),
        (vec![(1, 0), (2, 4), (3, 20)], 2, 2),
        (vec![(2, 0), (1, 1), (2, 2)], 2, 2),
        (vec![(2, 0), (3, 5)], 2, 0),
    ] {
        let mut batches = Batches::new(Mart::WINDOWS, 100);
        for (id, second) in &steps {
            let mut event = windows_event(json!({"EventID": id}).as_object().unwrap());
            event.time = Timestamp::from_seconds(1_600_000_000 + second);
            batches.push(&event);
        }
        batches.cut();
        let rows: Vec<_> = batches.done[0].rows().map(|row| ("windows", row)).collect();
        for (id, expected) in [("temporal", all), ("temporal_ordered", ordered)] {
            let explained = rules.explain_correlation(rules.position(id).unwrap(), &rows).unwrap();
            let best = &explained.groups[0];
            assert_eq!(
                (best.count, best.missing),
                (expected, 3 - expected),
                "{id} of {steps:?}: {explained}"
            );
            assert_eq!(explained.reached, expected == 3);
        }
    }
}

/// All rules on a few real events: the verdict is the engine's, and every rule keeps its names.
#[test]
fn explanations_agree_with_the_rules_on_real_events() {
    let Some(data) = data() else { return };
    let (rules, _) = public_rules(&data);
    let text = zstd_text(&data.join("windows/otrf.ndjson.zst"));
    let mut batches = Batches::new(Mart::WINDOWS, 250);
    let expected = std::fs::read_to_string(data.join("windows/otrf.expected.tsv")).unwrap();
    let of_match = |line: &str| line.split('\t').next().unwrap().parse().unwrap();
    let wanted: BTreeSet<usize> = expected.lines().step_by(300).map(of_match).chain([0, 40_000]).collect();
    for (_, line) in text.lines().enumerate().filter(|(number, _)| wanted.contains(number)) {
        batches.push(&windows_event(&serde_json::from_str(line).unwrap()));
    }
    batches.cut();
    let (mut compared, mut matched) = (0, 0);
    for batch in &batches.done {
        for row in batch.rows() {
            let defined: BTreeSet<usize> = matching_rules(&rules, "windows", row).into_iter().collect();
            matched += defined.len();
            for index in 0..rules.len() {
                let explained = rules.explain(index, "windows", row).unwrap();
                assert_eq!(explained.matched, defined.contains(&index), "{explained}");
                assert!(!explained.condition.is_empty(), "no names: {explained}");
                compared += 1;
            }
        }
    }
    println!("{compared} explanations, {matched} of matches");
    assert!(compared > 20_000 && matched > 4);
}
