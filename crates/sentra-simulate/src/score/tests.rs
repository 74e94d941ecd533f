use super::names::{normalised, same_technique};
use super::*;
use crate::moment::HOUR;
use crate::truth::{Nature, TruthEntity};

fn story(nature: Nature, id: &str, start: Micros, user: &str) -> Story {
    let entity = TruthEntity { kind: EntityKind::User, role: "victim".to_owned(), value: user.to_owned() };
    Story {
        id: id.to_owned(),
        nature,
        scenario: "brute_force".to_owned(),
        case: "brute_force".to_owned(),
        description: String::new(),
        start: At(start),
        end: At(start + 5 * MINUTE),
        entities: vec![entity],
        techniques: vec!["T1110.001".to_owned()],
        records: vec![1],
        records_more: 0,
    }
}

fn found(id: &str, first: Micros, user: &str, rule: &str, technique: &str) -> Found {
    Found {
        id: id.to_owned(),
        first: At(first),
        last: At(first + 2 * MINUTE),
        detected_at: Some(At(first + 3 * MINUTE)),
        entities: vec![FoundEntity { kind: EntityKind::User, value: user.to_owned() }],
        techniques: vec![technique.to_owned()],
        rules: vec![rule.to_owned()],
        severity: Severity::High,
    }
}

fn truth() -> Truth {
    let stories = vec![
        story(Nature::Attack, "a1", 10 * HOUR, "alice"),
        story(Nature::Attack, "a2", 60 * HOUR, "bob"),
        story(Nature::Benign, "b1", 10 * HOUR, "carol"),
    ];
    Truth { stories, records: 2_500, benign_records: 2_000 }
}

#[test]
fn a_detection_needs_entity_time_and_case_or_technique() {
    let at = 10 * HOUR;
    let cases = [
        // rule, technique, user, begin → is the attack on alice detected?
        ("SSH brute force", "", "NORTHWIND\\Alice", at, true),
        ("anything", "T1110", "alice@northwind.example", at, true),
        ("anything", "attack.t1110.001", "alice", at, true),
        ("anything", "T1110.003", "alice", at, false),
        ("SSH brute force", "", "malice", at, false),
        ("SSH brute force", "", "alice", at + 19 * MINUTE, true),
        ("SSH brute force", "", "alice", at + 21 * MINUTE, false),
        ("SSH brute force", "", "alice", at - 3 * MINUTE, false),
        ("SSH brute force", "", "alice", at - MINUTE, true),
    ];
    for (rule, technique, user, first, expected) in cases {
        let result = score(&truth(), &[found("f", first, user, rule, technique)], &Rules::default());
        let outcome = result.stories.first().map(|story| story.outcome);
        assert_eq!(outcome == Some(Outcome::Detected), expected, "{rule} {technique} {user} {first}");
    }
}

#[test]
fn counts_times_and_false_positives_are_exact() {
    let at = 10 * HOUR;
    let mut low = found("low", at, "erin", "noise", "T1046");
    low.severity = Severity::Low;
    let findings = [
        found("late", at + 3 * MINUTE, "alice", "brute_force", ""),
        found("early", at + MINUTE, "alice", "x", "T1110"),
        found("related", at + 5 * HOUR, "alice", "something else", "T1046"),
        found("negative", at, "carol", "brute force", "T1110"),
        found("noise", at, "dave", "noise", "T1046"),
        low,
    ];
    let result = score(&truth(), &findings, &Rules::default());
    let outcomes: Vec<_> = result.stories.iter().map(|story| story.outcome).collect();
    assert_eq!(outcomes, [Outcome::Detected, Outcome::Missed, Outcome::Fooled]);
    let first = &result.stories[0];
    assert_eq!(first.evident_after, Some(3 * MINUTE));
    assert_eq!(first.reported_after, Some(4 * MINUTE));
    assert!(first.by_case);
    assert_eq!(first.found, ["late", "early"]);
    assert_eq!(result.false_positives, ["negative", "noise"]);
    assert_eq!(result.related, ["related"]);
    assert!((result.false_positives_per_thousand - 1.0).abs() < 1e-9);
    assert_eq!(result.detected(), (2, 1));
    let table = result.table();
    assert!(
        table.contains("1 of 2 attacks detected, 2 false positives in 2000 benign records (1.000 per"),
        "{table}"
    );
    assert!(table.contains("missed: brute_force a2"), "{table}");
}

#[test]
fn a_check_names_what_is_wrong() {
    let at = 10 * HOUR;
    let good = [found("1", at, "alice", "brute force", ""), found("2", 60 * HOUR, "bob", "brute force", "")];
    let result = score(&truth(), &good, &Rules::default());
    assert_eq!(result.check(&Limits::default()), Vec::<String>::new());
    let bad: Vec<Found> = (0..3).map(|_| found("x", 100 * HOUR, "dave", "r", "")).collect();
    let result = score(&truth(), &bad, &Rules::default());
    let faults = result.check(&Limits::default());
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].contains("0 of 2 attacks detected, missed: a1, a2"), "{faults:?}");
    let strict = Limits { evident_after_max: MINUTE, ..Limits::default() };
    assert_eq!(score(&truth(), &good, &Rules::default()).check(&strict).len(), 2);
}

#[test]
fn several_runs_add_up() {
    let at = 10 * HOUR;
    let one = score(&truth(), &[found("1", at, "alice", "brute force", "")], &Rules::default());
    let other = score(&truth(), &[found("2", at, "dave", "r", "")], &Rules::default());
    let all = Score::merged([one, other]);
    assert_eq!(all.detected(), (4, 1));
    assert_eq!(all.benign_records, 4_000);
    assert!((all.false_positives_per_thousand - 0.25).abs() < 1e-9);
}

#[test]
fn names_are_compared_without_their_domains() {
    assert_eq!(normalised(EntityKind::User, "NORTHWIND\\JDoe"), "jdoe");
    assert_eq!(normalised(EntityKind::User, "JDoe@northwind.example"), "jdoe");
    assert_eq!(normalised(EntityKind::Host, "DC01.northwind.example"), "dc01");
    assert_eq!(normalised(EntityKind::Host, "10.0.0.1"), "10.0.0.1");
    assert!(same_technique("t1110", "T1110.003") && !same_technique("T1110.001", "T1110.003"));
    assert!(!same_technique("T111", "T1110"));
    let mut names = CaseNames::default();
    assert!(names.is_of("Account takeover: Impossible Travel", "account_takeover_travel"));
    assert!(!names.is_of("Impossible travel", "brute_force"));
    names.add("brute_force", "guessing");
    assert!(names.is_of("Password guessing", "brute_force"));
}
