//! Rules written in a form, and what becomes of them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{Batches, data, errors, files, windows_event};
use proptest::prelude::*;
use sentra_detect::{
    Detector, DraftItem, DraftSelection, DraftThreshold, Logsource, QueryEngine, RuleDraft, RuleSet,
    RuleSource,
};
use sentra_model::{Mart, Severity};
use serde_json::json;

fn item(field: &str, modifiers: &[&str], values: serde_json::Value) -> DraftItem {
    DraftItem {
        field: Some(field.to_owned()),
        modifiers: modifiers.iter().map(|word| (*word).to_owned()).collect(),
        values: values.as_array().unwrap().clone(),
    }
}

fn draft() -> RuleDraft {
    RuleDraft {
        id: Some("6f1f5b9e-0000-4000-8000-000000000001".to_owned()),
        title: "It's a shell: \"quoted\"".to_owned(),
        description: "Two\nlines".to_owned(),
        level: Severity::High,
        tags: vec!["attack.t1059".to_owned()],
        logsource: Logsource { product: Some("windows".to_owned()), ..Logsource::default() },
        selections: vec![
            DraftSelection {
                name: "selection".to_owned(),
                items: vec![
                    item("Image", &["endswith"], json!([r"\cmd.exe", r"\sh.exe"])),
                    item("EventID", &[], json!([1])),
                ],
                alternatives: vec![vec![item(
                    "CommandLine",
                    &["contains", "all"],
                    json!(["a", "7", "null", ""]),
                )]],
            },
            DraftSelection {
                name: "filter".to_owned(),
                items: vec![DraftItem { values: vec![json!("it's"), json!(5)], ..DraftItem::default() }],
                alternatives: Vec::new(),
            },
        ],
        condition: "selection and not filter".to_owned(),
        threshold: None,
        metadata: json!({"author": "ann, bob", "falsepositives": ["none", "7"]}).as_object().unwrap().clone(),
    }
}

#[test]
fn a_draft_is_a_rule_and_comes_back() {
    let draft = draft();
    let yaml = draft.to_yaml();
    println!("{yaml}");
    assert_eq!(RuleDraft::from_yaml(&yaml).unwrap(), draft);
    let (rules, problems) = draft.compile("console@1");
    assert_eq!(problems, []);
    let mut batches = Batches::new(Mart::WINDOWS, 10);
    for event in [
        json!({"Image": r"C:\x\CMD.exe", "EventID": 1}),
        json!({"Image": r"C:\x\CMD.exe", "EventID": 2}),
        json!({"CommandLine": "A 7 NULL"}),
        json!({"CommandLine": "A 7 NULL it's"}),
    ] {
        batches.push(&windows_event(event.as_object().unwrap()));
    }
    batches.cut();
    let found = Detector::new(rules.into()).process(&batches.done[0]);
    assert_eq!(found.iter().map(|found| found.row).collect::<Vec<_>>(), [0, 2]);
    assert_eq!(found[0].rule.level, Severity::High);
    // As the console sends it.
    let sent = serde_json::to_string(&draft).unwrap();
    assert_eq!(serde_json::from_str::<RuleDraft>(&sent).unwrap(), draft);
}

#[test]
fn a_threshold_is_a_correlation_on_a_rule_that_does_not_report() {
    for distinct in [None, Some("User".to_owned())] {
        let threshold = DraftThreshold {
            count: 3,
            distinct,
            group_by: vec!["Computer".to_owned()],
            within: "5m".to_owned(),
        };
        let draft = RuleDraft { threshold: Some(threshold), ..draft() };
        assert_eq!(RuleDraft::from_yaml(&draft.to_yaml()).unwrap(), draft, "{}", draft.to_yaml());
        let (rules, problems) = draft.compile("console@1");
        assert_eq!(problems, [], "{}", draft.to_yaml());
        let mut batches = Batches::new(Mart::WINDOWS, 10);
        for user in ["a", "b", "c", "d"] {
            let event =
                json!({"Image": "sh.exe", "CommandLine": "a 7 null", "Computer": "host", "User": user});
            batches.push(&windows_event(event.as_object().unwrap()));
        }
        batches.cut();
        let found = Detector::new(rules.into()).process(&batches.done[0]);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].rule.id.as_str(), found[0].evidence_total), (draft.id.as_deref().unwrap(), 4));
    }
}

#[test]
fn what_has_no_place_in_a_draft_is_said_with_its_line() {
    for (text, line, part) in [
        ("title: t\ndetection:\n  s: {A: b}\n  condition: [s, s]\n", 4, "several conditions"),
        ("title: t\ndetection:\n  s: [[{A: b}]]\n  condition: s\n", 3, "lists in lists"),
        ("title: t\n", 1, "no detection"),
        ("title: t\ncorrelation: {}\n", 2, "\"correlation\""),
        ("a: [\n", 2, ""),
        ("", 1, "there is no rule"),
    ] {
        let error = RuleDraft::from_yaml(text).unwrap_err();
        assert!(error.line == line && error.message.contains(part), "{text:?}: {error:?}");
    }
    // A field that a draft does not have is no draft.
    assert!(serde_json::from_str::<RuleDraft>(r#"{"titel": "x"}"#).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is typed into the form, it is what the rule says, and nothing else.
    #[test]
    fn every_value_comes_back(
        title in "[^\\p{C}]{1,20}",
        field in "[^|\\p{C}]{1,8}",
        values in proptest::collection::vec(any::<String>(), 1..4),
        number in any::<i32>(),
    ) {
        let mut draft = draft();
        draft.title = title;
        draft.metadata.insert("note".to_owned(), json!([values, {"a": number}]));
        let mut values: Vec<serde_json::Value> = values.into_iter().map(Into::into).collect();
        values.push(number.into());
        draft.selections[0].items = vec![DraftItem { field: Some(field), modifiers: Vec::new(), values }];
        prop_assert_eq!(RuleDraft::from_yaml(&draft.to_yaml()), Ok(draft));
    }
}

/// The public rules as drafts and back: the same tests.
#[test]
fn the_public_rules_survive_being_drafts() {
    let Some(data) = data() else { return };
    let (mut same, mut without_place) = (0, Vec::new());
    for path in files(&data.join("sigma/rules"), "yml").into_iter().step_by(5) {
        let text = std::fs::read_to_string(&path).unwrap();
        let draft = match RuleDraft::from_yaml(&text) {
            Ok(draft) => draft,
            Err(error) => {
                without_place.push(format!("{}: {error}", path.display()));
                continue;
            }
        };
        let source = |text: String| vec![RuleSource { path: String::new(), text, pack: String::new() }];
        let (before, _) = RuleSet::compile(source(text));
        let (after, problems) = RuleSet::compile(source(draft.to_yaml()));
        assert!(errors(&problems).is_empty(), "{problems:?}");
        let said = |rules: &RuleSet| rules.query(0, QueryEngine::ClickHouse).unwrap().condition;
        assert_eq!(said(&before), said(&after), "{}", path.display());
        assert_eq!(before.rules()[0].reference(), after.rules()[0].reference());
        same += 1;
    }
    println!("{same} are the same; {} have no place in a draft: {without_place:#?}", without_place.len());
    assert!(same > 500 && without_place.len() * 50 < same);
}
