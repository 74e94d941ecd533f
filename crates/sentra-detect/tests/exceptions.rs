//! Disabled rules and exceptions: what they hide, for how long, and that nothing is hidden uncounted.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::sync::Arc;

use common::{Batches, errors, windows_event};
use sentra_detect::{
    Candidate, Detector, Exception, HiddenBy, MatchVerdict, Overlay, ProblemSeverity, RuleSet, RuleSource,
    Tuning, TuningUse, preview,
};
use sentra_model::{EventBatch, Mart, TenantId, Timestamp};
use serde_json::json;

const RULES: &str = "title: Shell
id: shell
logsource: {product: windows}
detection: {s: {Image|endswith: 'sh.exe'}, condition: s}
---
title: User
id: user
logsource: {product: windows}
detection: {s: {User: ann}, condition: s}
";

fn rules() -> Arc<RuleSet> {
    let source = RuleSource { path: "r.yml".into(), text: RULES.into(), pack: "core@2".into() };
    let (rules, problems) = RuleSet::compile(vec![source]);
    assert!(errors(&problems).is_empty(), "{problems:?}");
    Arc::new(rules)
}

/// Events are received at 1,700,000,000 (2023-11-14T22:13:20Z).
fn events() -> EventBatch {
    let mut batches = Batches::new(Mart::WINDOWS, 100);
    for (image, user) in
        [("a\\sh.exe", "ann"), ("b\\sh.exe", "bob"), ("c\\backup-sh.exe", "svc"), ("d.exe", "ann")]
    {
        batches.push(&windows_event(json!({"Image": image, "User": user}).as_object().unwrap()));
    }
    batches.cut();
    batches.done.remove(0)
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn exception(scope: serde_json::Value, condition: serde_json::Value) -> Exception {
    serde_json::from_value(json!({
        "id": "e", "tenant": "default", "scope": scope, "condition": condition, "owner": "soc", "reason": "known",
        "created": "2023-01-01T00:00:00Z", "expires": "2023-12-01T00:00:00Z",
    }))
    .unwrap()
}

/// The rows of shown and hidden matches, as `rule row`, and what hid them.
fn applied(overlay: &Overlay) -> (Vec<String>, Vec<(String, HiddenBy)>) {
    let rules = rules();
    let batch = events();
    let applied = overlay.apply(&batch, Detector::new(rules).process(&batch));
    let name = |found: &sentra_detect::Match| format!("{} {}", found.rule.id, found.row);
    (
        applied.shown.iter().map(name).collect(),
        applied.hidden.iter().map(|hidden| (name(&hidden.found), hidden.by.clone())).collect(),
    )
}

fn overlay(exceptions: Vec<Exception>) -> Overlay {
    let (overlay, problems) = Overlay::compile(Tuning { disabled: Vec::new(), exceptions }, &rules());
    assert_eq!(problems, []);
    overlay
}

const ALL: [&str; 5] = ["shell 0", "user 0", "shell 1", "shell 2", "user 3"];

#[test]
fn an_exception_hides_what_it_describes_and_no_more() {
    assert_eq!(applied(&Overlay::default()), (ALL.map(str::to_owned).to_vec(), Vec::new()));
    let by = || HiddenBy::Exception("e".to_owned());
    for (scope, condition, hidden) in [
        (json!({"rules": ["shell"]}), json!({"Image|startswith": "c\\"}), vec!["shell 2"]),
        (json!({"rules": ["shell"]}), json!({"User": "ann"}), vec!["shell 0"]),
        (json!({"pack": "core"}), json!({"User": "ann"}), vec!["shell 0", "user 0", "user 3"]),
        (json!({"pack": "core@2"}), json!([{"User": "bob"}, {"Image": "d.exe"}]), vec!["shell 1", "user 3"]),
        (json!({"pack": "core@1"}), json!({"User": "ann"}), vec![]),
        (
            "all".into(),
            json!({"User|re": "^[ab]", "Image|contains|all": ["sh", "a"]}),
            vec!["shell 0", "user 0"],
        ),
        (
            json!({"rules": ["shell"]}),
            json!({"Absent": null, "Image|exists": true}),
            vec!["shell 0", "shell 1", "shell 2"],
        ),
    ] {
        let (shown, found) = applied(&overlay(vec![exception(scope, condition.clone())]));
        let expected: Vec<(String, HiddenBy)> =
            hidden.iter().map(|name| ((*name).to_owned(), by())).collect();
        assert_eq!(found, expected, "{condition}");
        assert_eq!(shown.len() + found.len(), ALL.len(), "nothing is lost");
    }
}

/// Laws TENANT and TIME.
#[test]
fn an_exception_holds_for_its_tenant_and_its_time() {
    let usual = exception("all".into(), json!({"Image|exists": true}));
    let changed = |change: &dyn Fn(&mut Exception)| {
        let mut exception = usual.clone();
        change(&mut exception);
        applied(&overlay(vec![exception])).1.len()
    };
    let received = time("2023-11-14T22:13:20Z");
    assert_eq!(changed(&|_| {}), 5);
    assert_eq!(changed(&|exception| exception.tenant = "other".parse().unwrap()), 0);
    assert_eq!(changed(&|exception| exception.expires = received), 0);
    assert_eq!(changed(&|exception| exception.expires = received.plus_micros(1)), 5);
    assert_eq!(changed(&|exception| exception.created = received), 5);
    assert_eq!(changed(&|exception| exception.created = received.plus_micros(1)), 0);
}

#[test]
fn a_disabled_rule_is_hidden_and_counted() {
    let text = "disabled:\n  - {rule: user, tenant: default, owner: soc, reason: noisy, since: 2023-11-01, until: 2023-11-15}\n";
    let (overlay, problems) = Overlay::read("tuning.yml", text, &rules());
    assert_eq!(problems, []);
    let (shown, hidden) = applied(&overlay);
    assert_eq!(shown, ["shell 0", "shell 1", "shell 2"]);
    let by = HiddenBy::DisabledRule("user".to_owned());
    assert_eq!(hidden, [("user 0".to_owned(), by.clone()), ("user 3".to_owned(), by)]);
    let tenant = TenantId::default_tenant();
    assert_eq!(overlay.disabled_rules(&tenant, time("2023-11-14T00:00:00Z")).len(), 1);
    assert_eq!(overlay.disabled_rules(&tenant, time("2023-11-15T00:00:00Z")).len(), 0);
}

/// Law LOSS.
#[test]
fn what_is_hidden_is_counted_by_what_hid_it() {
    let mut second = exception("all".into(), json!({"User": "ann"}));
    second.id = "second".to_owned();
    let first = exception(json!({"rules": ["shell"]}), json!({"User": "ann"}));
    let mut idle = exception(json!({"rules": ["shell"]}), json!({"User": "nobody"}));
    idle.id = "idle".to_owned();
    let overlay = overlay(vec![first, second, idle]);
    let batch = events();
    let mut uses = TuningUse::default();
    for _ in 0..2 {
        let applied = overlay.apply(&batch, Detector::new(rules()).process(&batch));
        let mut counted = TuningUse::default();
        applied.hidden.iter().for_each(|hidden| counted.add(hidden));
        uses.absorb(&counted);
    }
    let tenant = TenantId::default_tenant();
    let report = overlay.report(&tenant, &uses, time("2024-01-01T00:00:00Z"));
    let counts: Vec<(&str, u64, bool)> =
        report.iter().map(|report| (report.id.as_str(), report.used.hidden, report.expired)).collect();
    // The first exception that fits hides the match.
    assert_eq!(counts, [("e", 2, true), ("second", 4, true), ("idle", 0, true)]);
    let text = serde_json::to_string(&uses).unwrap();
    assert_eq!(serde_json::from_str::<TuningUse>(&text).unwrap(), uses);
    assert_eq!(uses.of_exception(&tenant, "second").first, Some(Timestamp::from_seconds(1_600_000_000)));
}

#[test]
fn a_file_is_read_with_its_lines() {
    let text = "exceptions:
  - id: good
    tenant: default
    scope: {rules: [shell]}
    condition:
      Image|startswith: 'c\\'
    owner: soc
    reason: backup
    created: 2023-01-01
    expires: 2023-12-01T00:00:00Z
  - id: typo
    tenant: default
    scope: {rules: [shel]}
    condition: {Image|startwith: x}
    owner: soc
    reason: r
    created: 2023-01-01
    expires: 2023-12-01
  - id: late
    tenant: default
    scope: all
    condition: {A: b}
    owner: soc
    reason: r
    created: 2023-01-01
    expires: 2022-12-01
  - id: endless
    tenant: default
    scope: all
    condition: {A: b}
    owner: soc
    reason: r
    created: 2023-01-01
  - {id: good, tenant: default, scope: all, condition: {A: b}, owner: o, reason: r, created: 2023-01-01, expires: 2023-02-01}
  - {id: x, tenant: 'Not One', scope: all, condition: {A: b}, owner: o, reason: r, created: 2023-01-01, expires: 2023-02-01}
  - {id: y, tenant: default, scope: {packs: x}, condition: {A: b}, owner: o, reason: r, created: 2023-01-01, expires: 2023-02-01}
  - {id: z, tenant: default, scope: all, condition: {A: b}, owner: ' ', reason: r, created: 2023-01-01, expires: 2023-02-01}
  - {id: w, tenant: default, scope: all, condition: {A: b}, ownr: o, reason: r, created: 2023-01-01, expires: 2023-02-01}
  - {id: long, tenant: default, scope: {rules: [usr]}, condition: {A: b}, owner: o, reason: r, created: 2023-01-01, expires: 2033-02-01}
exeptions: []
";
    let (overlay, problems) = Overlay::read("tuning.yml", text, &rules());
    let kept: Vec<&str> = overlay.tuning().exceptions.iter().map(|exception| exception.id.as_str()).collect();
    assert_eq!(kept, ["good", "long"]);
    let found: Vec<(u64, bool, &str)> = problems
        .iter()
        .map(|problem| (problem.line, problem.severity == ProblemSeverity::Error, problem.message.as_str()))
        .collect();
    for expected in [
        (14, true, "unknown modifier \"startwith\"; did you mean \"startswith\"?"),
        (19, true, "expires is not after created"),
        (27, true, "expires is missing"),
        (34, true, "the tenant has another exception with this id"),
        (36, true, "unknown scope \"packs\"; did you mean \"pack\"?"),
        (37, true, "owner is empty"),
        (38, true, "unknown key \"ownr\"; did you mean \"owner\"?"),
        (39, false, "there is no rule with the id \"usr\"; did you mean \"user\"?"),
        (39, false, "the exception lasts for more than a year"),
        (40, true, "unknown key \"exeptions\"; did you mean \"exceptions\"?"),
    ] {
        assert!(found.contains(&expected), "{expected:?} is not in {found:#?}");
    }
    assert_eq!(problems.iter().filter(|problem| problem.rule.as_deref() == Some("x")).count(), 1);
    // A file in JSON is one in YAML, and what was read can be kept.
    let json = serde_json::to_string_pretty(overlay.tuning()).unwrap();
    let (again, problems) = Overlay::read("tuning.json", &json, &rules());
    assert_eq!(again.tuning(), overlay.tuning(), "{problems:?}");
    assert_eq!(applied(&again), applied(&overlay));
}

#[test]
fn an_impact_is_known_before() {
    let rules = rules();
    let batch = events();
    let found = Detector::new(rules).process(&batch);
    let ids: Vec<String> = (0..found.len()).map(|number| format!("m{number}")).collect();
    let candidates = || {
        ids.iter().zip(&found).map(|(id, found)| Candidate {
            id,
            rule: &found.rule,
            tenant: &found.tenant,
            row: batch.row(found.row).unwrap(),
        })
    };
    let verdict = |id: &str| if id == "m4" { MatchVerdict::Confirmed } else { MatchVerdict::Dismissed };
    let mut wide = exception("all".into(), json!({"User": "ann"}));
    // A preview asks what it would have hidden, had it been there.
    (wide.created, wide.expires) = (time("2030-01-01T00:00:00Z"), time("2030-02-01T00:00:00Z"));
    let impact = preview(&wide, candidates(), verdict).unwrap();
    assert_eq!((impact.examined, impact.would_hide, impact.confirmed, impact.dismissed), (5, 3, 1, 2));
    assert_eq!(
        impact.sentence("in the last 30 days"),
        "would have hidden 3 matches in the last 30 days, one of them confirmed"
    );
    assert_eq!((impact.examples[0].id.as_str(), impact.examples[0].verdict), ("m4", MatchVerdict::Confirmed));
    assert_eq!(impact.by_rule["user"], 2);
    let none = preview(&exception("all".into(), json!({"User": "x"})), candidates(), verdict).unwrap();
    assert_eq!(none.sentence("today"), "would have hidden nothing today");
    let wrong = preview(&exception("all".into(), json!({"User|contians": "x"})), candidates(), verdict);
    assert!(wrong.unwrap_err()[0].message.contains("did you mean \"contains\"?"));
}

/// Law LIMIT: hostile entries are refused, not followed.
#[test]
fn a_hostile_condition_is_refused() {
    let mut deep = json!({"A": "b"});
    for _ in 0..500 {
        deep = json!([deep]);
    }
    for condition in
        [deep, json!({}), json!([]), json!({"A|re": "(a{1000}){1000}"}), json!({"A": {"B": "c"}})]
    {
        let tuning =
            Tuning { disabled: Vec::new(), exceptions: vec![exception("all".into(), condition.clone())] };
        let (overlay, problems) = Overlay::compile(tuning, &rules());
        assert_eq!(
            overlay.tuning().exceptions.len(),
            0,
            "{}",
            &condition.to_string()[..20.min(condition.to_string().len())]
        );
        assert_eq!(problems.len(), 1);
    }
}
