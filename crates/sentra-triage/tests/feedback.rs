//! The face of the crate: verdicts, edits, suppressions and restarts, as a worker of the factory uses them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

use std::collections::BTreeMap;

use sentra_model::{
    Clock, Digest, EntityRef, EntityType, Incident, IncidentId, ManualClock, Narrative, Role, RuleKind,
    RuleRef, Severity, Signal, SignalId, TenantId, Timestamp, Verdict, VerdictKind, VerdictTarget,
};
use sentra_triage::{
    Detector, FeedbackError, Subject, Suppression, SuppressionMatch, Taken, TakenUp, Teller, Told, Triage,
    TriageConfig, prior_estimate,
};

const NOW: Timestamp = Timestamp::MAX;

struct Silent;

impl Teller for Silent {
    fn tell(&self, _: &Incident, _: &[Signal]) -> Told {
        Told { title: "told".to_owned(), headline: String::new(), narrative: Narrative::default() }
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(second)
}

fn finding(rule: &str, second: i64, address: &str) -> Signal {
    let entities = vec![
        EntityRef::new(EntityType::Ip, Role::Source, address),
        EntityRef::new(EntityType::Host, Role::Target, "web-1"),
    ];
    Signal {
        id: SignalId::derive(Digest::new("signal/1").text(rule).text(address).text(&second.to_string())),
        tenant: TenantId::default_tenant(),
        rule: RuleRef {
            id: rule.to_owned(),
            title: format!("Rule {rule}"),
            kind: RuleKind::Sigma,
            level: Severity::High,
            tags: Vec::new(),
            pack: "test@1".to_owned(),
        },
        severity: Severity::High,
        probability: prior_estimate(Severity::High, RuleKind::Sigma),
        first: at(second),
        last: at(second),
        count: 1,
        folded: 0,
        events: Vec::new(),
        events_total: 1,
        entities,
        facts: Vec::new(),
        techniques: vec![format!("T{rule}")],
        tactics: Vec::new(),
        controls: Vec::new(),
        enrichments: Vec::new(),
        verdict: None,
    }
}

fn verdict(target: VerdictTarget, kind: VerdictKind, second: i64) -> Verdict {
    let (tenant, reason, by) = (TenantId::default_tenant(), "because".to_owned(), "ada".to_owned());
    Verdict { tenant, target, kind, reason, by, at: at(second) }
}

/// What a store would hold.
#[derive(Default)]
struct Stored {
    incidents: BTreeMap<IncidentId, Incident>,
    signals: BTreeMap<SignalId, Signal>,
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Stored {
    fn commit(&mut self, triage: &mut Triage) {
        let clock = ManualClock::new(at(1));
        let changes = triage.take_changes(&Silent, &clock as &dyn Clock);
        for incident in &changes.incidents {
            let text = serde_json::to_string(incident).unwrap();
            let read: Incident = serde_json::from_str(&text).unwrap();
            assert_eq!((&read.joins, &read.history), (&incident.joins, &incident.history));
            assert_eq!((&read.chain, &read.apart), (&incident.chain, &incident.apart));
        }
        self.incidents.extend(changes.incidents.into_iter().map(|incident| (incident.id, incident)));
        self.signals.extend(changes.signals.into_iter().map(|signal| (signal.id, signal)));
        for (key, value) in changes.rows {
            match value {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
    }

    fn restart(&self) -> Triage {
        let mut triage = Triage::new(TenantId::default_tenant(), TriageConfig::default());
        assert_eq!(triage.restore_rows(self.rows.clone()), 0);
        for incident in self.incidents.values().filter(|incident| incident.merged_into.is_none()) {
            let signals = incident.joins.iter().map(|join| self.signals[&join.signal].clone()).collect();
            triage.restore_incident(incident.clone(), signals);
        }
        triage
    }
}

fn opened(triage: &mut Triage, signal: Signal) -> IncidentId {
    match triage.take(signal, NOW) {
        TakenUp::InBook(Taken::Opened(id)) => id,
        other => panic!("{other:?}"),
    }
}

/// Ninety incidents: rule `bad` is always right, rule `noise` hardly ever.
fn taught() -> (Triage, Stored) {
    let (mut triage, mut stored) =
        (Triage::new(TenantId::default_tenant(), TriageConfig::default()), Stored::default());
    for number in 0..90_i64 {
        let rule = if number % 3 == 0 { "bad" } else { "noise" };
        let address = format!("198.51.{}.{}", number / 200, number % 200);
        let id = opened(&mut triage, finding(rule, number * 100, &address));
        stored.commit(&mut triage);
        let kind = match (rule, number % 10) {
            ("bad", _) | (_, 4) => VerdictKind::TruePositive,
            (_, 5) => VerdictKind::Benign,
            _ => VerdictKind::FalsePositive,
        };
        triage.verdict(&verdict(VerdictTarget::Incident(id), kind, number), None, NOW).unwrap();
        stored.commit(&mut triage);
    }
    (triage, stored)
}

#[test]
fn verdicts_move_precision_risk_and_calibration_and_survive_a_restart() {
    let (triage, stored) = taught();
    let detector = |rule: &str| Detector { rule: rule.to_owned(), kind: RuleKind::Sigma };
    let precision = |triage: &Triage, rule| {
        triage.feedback().precisions().posterior(&detector(rule), Severity::High).mean()
    };
    assert!(precision(&triage, "bad") > 0.85 && precision(&triage, "noise") < 0.3);
    let metrics = triage.metrics();
    assert_eq!((metrics.verdicts, metrics.incidents_opened), (90, 90));
    assert_eq!(metrics.true_positives + metrics.benign + metrics.false_positives, 90);
    assert!(metrics.benign > 0);
    assert!(metrics.override_rate > 0.0 && metrics.override_rate < 0.5);
    assert!(metrics.confidence_mismatch > 0.0 && metrics.confidence_mismatch < 0.5);
    assert!(
        metrics.reliability.brier < 0.25,
        "better than one half for everything: {:?}",
        metrics.reliability
    );
    assert_eq!(metrics.reliability.count, 90);

    let mut restarted = stored.restart();
    assert_eq!(restarted.metrics(), metrics);
    assert_eq!(precision(&restarted, "noise"), precision(&triage, "noise"));
    assert_eq!(restarted.riskiest(at(9_000), 500), triage.riskiest(at(9_000), 500));
    let mut going_on = triage;
    for triage in [&mut restarted, &mut going_on] {
        opened(triage, finding("noise", 90_000, "203.0.113.7"));
    }
    let clock = ManualClock::new(at(1));
    let after = |triage: &mut Triage| triage.take_changes(&Silent, &clock).incidents;
    assert_eq!(after(&mut restarted), after(&mut going_on));
}

#[test]
fn the_last_verdict_counts_and_an_own_verdict_beats_the_incidents() {
    let (mut triage, mut stored) =
        (Triage::new(TenantId::default_tenant(), TriageConfig::default()), Stored::default());
    let (one, other) = (finding("a", 0, "192.0.2.1"), finding("b", 1, "192.0.2.1"));
    let incident = opened(&mut triage, one.clone());
    triage.take(other.clone(), NOW);
    stored.commit(&mut triage);
    let judged = |triage: &Triage, rule: &str| {
        let detector = Detector { rule: rule.to_owned(), kind: RuleKind::Sigma };
        let posterior = triage.feedback().precisions().posterior(&detector, Severity::High);
        (posterior.malicious, posterior.benign, posterior.wrong)
    };
    let on_incident = VerdictTarget::Incident(incident);
    triage.verdict(&verdict(on_incident, VerdictKind::TruePositive, 10), None, NOW).unwrap();
    assert_eq!((judged(&triage, "a"), judged(&triage, "b")), ((1.0, 0.0, 0.0), (1.0, 0.0, 0.0)));
    let raised = triage.riskiest(at(0), 1)[0].risk.score;
    // The second one was a false positive after all.
    let on_signal = VerdictTarget::Signal(other.id);
    triage.verdict(&verdict(on_signal, VerdictKind::FalsePositive, 20), None, NOW).unwrap();
    assert_eq!((judged(&triage, "a"), judged(&triage, "b")), ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0)));
    assert!(triage.riskiest(at(0), 1)[0].risk.score < raised);
    // And the whole of it was allowed: the signal's own verdict stays.
    triage.verdict(&verdict(on_incident, VerdictKind::Benign, 30), None, NOW).unwrap();
    assert_eq!((judged(&triage, "a"), judged(&triage, "b")), ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0)));
    assert!(triage.riskiest(at(0), 9).is_empty());
    let late = triage.verdict(&verdict(on_incident, VerdictKind::TruePositive, 29), None, NOW);
    assert_eq!(late, Err(FeedbackError::Outdated(at(30))));
    assert_eq!(triage.metrics().verdicts, 2);
}

#[test]
fn a_verdict_judges_open_incidents_anew() {
    let (mut triage, mut stored) =
        (Triage::new(TenantId::default_tenant(), TriageConfig::default()), Stored::default());
    let one = opened(&mut triage, finding("a", 0, "192.0.2.1"));
    let other = opened(&mut triage, finding("a", 1, "192.0.2.2"));
    stored.commit(&mut triage);
    let before = stored.incidents[&other].risk.score;
    triage.verdict(&verdict(VerdictTarget::Incident(one), VerdictKind::FalsePositive, 9), None, NOW).unwrap();
    stored.commit(&mut triage);
    assert!(stored.incidents[&other].risk.score < before);
    assert!(stored.incidents[&other].version > 1);
}

#[test]
fn verdicts_on_what_is_not_open_need_it_handed_in() {
    let mut triage = Triage::new(TenantId::default_tenant(), TriageConfig::default());
    let signal = finding("a", 0, "192.0.2.1");
    let given = verdict(VerdictTarget::Signal(signal.id), VerdictKind::TruePositive, 1);
    assert_eq!(triage.verdict(&given, None, NOW), Err(FeedbackError::UnknownTarget));
    let wrong = finding("b", 0, "192.0.2.1");
    assert_eq!(triage.verdict(&given, Some(Subject::Signal(&wrong)), NOW), Err(FeedbackError::OtherTarget));
    let mut foreign = signal.clone();
    foreign.tenant = "other".parse().unwrap();
    assert_eq!(triage.verdict(&given, Some(Subject::Signal(&foreign)), NOW), Err(FeedbackError::OtherTarget));
    triage.verdict(&given, Some(Subject::Signal(&signal)), NOW).unwrap();
    assert_eq!(triage.metrics().verdicts, 1);
}

#[test]
fn edits_by_persons_are_counted_once_per_incident() {
    let (mut triage, mut stored) =
        (Triage::new(TenantId::default_tenant(), TriageConfig::default()), Stored::default());
    let incident = opened(&mut triage, finding("a", 0, "192.0.2.1"));
    let second = finding("b", 1, "192.0.2.1");
    triage.take(second.clone(), NOW);
    opened(&mut triage, finding("c", 2, "192.0.2.3"));
    stored.commit(&mut triage);
    let split = triage.split(incident, &[second.id], "ada", at(5)).unwrap();
    triage.retitle(incident, "mine", "ada", at(6)).unwrap();
    triage.merge(incident, &[split.incident], "ada", at(7)).unwrap();
    assert!(triage.merge(incident, &[split.incident], "ada", at(8)).is_err());
    let metrics = triage.metrics();
    assert_eq!((metrics.splits, metrics.merges, metrics.retitles, metrics.moves), (1, 1, 1, 0));
    assert_eq!((metrics.incidents_opened, metrics.incidents_edited), (2, 1));
    assert!((metrics.edit_rate - 0.5).abs() < 1e-9);
    stored.commit(&mut triage);
    assert_eq!(stored.restart().metrics(), metrics);
    assert_eq!(stored.restart().book().resolve(split.incident), Some(incident));
}

#[test]
fn suppressed_signals_are_counted_and_a_known_one_stays_seen() {
    let mut triage = Triage::new(TenantId::default_tenant(), TriageConfig::default());
    let seen = finding("a", 0, "192.0.2.1");
    opened(&mut triage, seen.clone());
    let matches = SuppressionMatch { rule: Some("a".to_owned()), ..SuppressionMatch::default() };
    assert_eq!(triage.preview(&matches).suppressed, 1);
    let suppression = Suppression::new(matches, "ada", "patch week", at(0), at(1_000)).unwrap();
    triage.suppress(suppression.clone()).unwrap();
    let taken = triage.take(finding("a", 10, "192.0.2.2"), NOW);
    assert_eq!(taken, TakenUp::Suppressed(suppression.id));
    assert!(matches!(triage.take(seen, NOW), TakenUp::InBook(Taken::Renewed(_))));
    opened(&mut triage, finding("a", 1_000, "192.0.2.3"));
    assert_eq!(triage.suppressions().total(), 1);
    assert_eq!(triage.book().open().count(), 2);
    let mut foreign = finding("b", 0, "192.0.2.9");
    foreign.tenant = "other".parse().unwrap();
    assert_eq!(triage.take(foreign, NOW), TakenUp::Foreign);
}

#[test]
fn rows_that_are_none_are_counted_and_left() {
    let mut triage = Triage::new(TenantId::default_tenant(), TriageConfig::default());
    let rows = [b"cshort".as_slice(), b"ehost", b"ssup-1", b"vsig-1", b"vcounts", b"?", b""];
    let rows = rows.map(|key| (key.to_vec(), b"{\"nonsense\":".to_vec()));
    assert_eq!(triage.restore_rows(rows), 7);
}
