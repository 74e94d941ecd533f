//! What people decide, through the whole of the factory.

use super::*;

/// Starts a factory and hands in a decision, as the API does.
async fn decide(house: &House, by: &str, decision: Decision) -> Result<Decided, DecisionError> {
    let decoder = Decoder::new(DecodeOptions::default());
    let config = FactoryConfig { batch_wait_ms: 0, ..FactoryConfig::default() };
    let (factory, status) = house.start(decoder.into(), config);
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_790_000_100)));
    let desk = DecisionDesk::new(house.log.clone(), clock, status.clone());
    let decided = desk.decide(&house.scope, by, decision).await;
    house.worked_off(&status).await;
    factory.stop().await;
    decided
}

/// Two attackers, two incidents.
async fn two_incidents() -> (House, Vec<Incident>) {
    let house = House::new().await;
    let mut lines = failures("192.0.2.7", 6);
    lines.extend(failures("198.51.100.9", 6));
    house.append(Topic::Raw, &lines).await;
    house.run().await;
    let incidents = house.incidents().await;
    assert_eq!(incidents.len(), 2);
    (house, incidents)
}

fn false_positive(incident: &Incident) -> Decision {
    Decision::Verdict {
        target: VerdictTarget::Incident(incident.id),
        kind: VerdictKind::FalsePositive,
        reason: "our scanner".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_moves_the_detector_and_is_an_audit_event() {
    let (house, incidents) = two_incidents().await;
    let decided = decide(&house, "ana", false_positive(&incidents[0])).await.unwrap();
    assert_eq!(decided.incidents, [incidents[0].id]);
    let after = house.incidents().await;
    // The detector was wrong once: what else it found is less probable too.
    for (before, after) in incidents.iter().zip(&after) {
        assert!(after.risk.score < before.risk.score, "{before:?} {after:?}");
    }
    let query = MartQuery { marts: Some(vec![Mart::AUDIT]), ..MartQuery::default() };
    let answer = house.marts.search(&house.scope, &query).await.unwrap();
    assert_eq!(answer.rows.len(), 1, "{answer:?}");
}

/// Laws SOURCE and IDENTITY: a decision is a record; reading it once more after a crash decides nothing new.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_decided_survives_restarts_and_ids_lead_on() {
    let (house, incidents) = two_incidents().await;
    let (into, from) = (incidents[0].id, incidents[1].id);
    let decided = decide(&house, "ana", Decision::Merge { into, from: vec![from] }).await.unwrap();
    assert!(decided.incidents.contains(&into));
    let merged = house.incidents().await;
    assert_eq!(merged.len(), 1);
    assert_eq!(merged[0].joins.len(), 2);
    assert_eq!(house.records.incident(&house.scope, from).await.unwrap().unwrap().id, into);
    let status = Decision::SetStatus { incident: from, status: IncidentStatus::InProgress };
    decide(&house, "ben", status).await.unwrap();
    // The marts lost everything: the log is read once more, and decides nothing twice.
    let empty = Arc::new(MemoryMarts::default());
    house.run_with(empty, FactoryConfig::default()).await;
    let again = house.incidents().await;
    assert_eq!((again[0].status, again[0].version), (IncidentStatus::InProgress, again[0].version));
    assert_eq!(again.len(), 1);
    let by: Vec<_> = again[0].history.iter().filter_map(|edit| edit.by.as_deref()).collect();
    assert_eq!(by, ["ana", "ben"]);
    // Split apart again, and kept apart although the same address attacks once more.
    let second = again[0].joins[1].signal;
    let split = Decision::Split { from: into, signals: vec![second] };
    let made = decide(&house, "ana", split).await.unwrap().made.unwrap();
    assert_eq!(house.incidents().await.len(), 2);
    assert_ne!(made, into.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_decided_is_refused_and_changes_nothing() {
    let (house, incidents) = two_incidents().await;
    let refused = |decided: Result<Decided, DecisionError>| match decided {
        Err(DecisionError::Refused(why) | DecisionError::Invalid(why)) => why,
        other => panic!("{other:?}"),
    };
    let nothing = Decision::Retitle { incident: incidents[0].id, title: " ".to_owned() };
    assert!(refused(decide(&house, "ana", nothing).await).contains("title"));
    let unnamed = decide(&house, "", false_positive(&incidents[0])).await;
    assert!(refused(unnamed).contains("by"));
    let unknown = VerdictTarget::Incident(sentra_model::IncidentId::derive(sentra_model::Digest::new("x")));
    let verdict =
        Decision::Verdict { target: unknown, kind: VerdictKind::Benign, reason: "a test".to_owned() };
    assert!(refused(decide(&house, "ana", verdict).await).starts_with("there is no incident inc-"));
    let endless = Decision::Suppress {
        matches: SuppressionMatch { rule: Some("x".to_owned()), ..SuppressionMatch::default() },
        reason: "noise".to_owned(),
        expires: Timestamp::from_seconds(1_900_000_000),
    };
    assert!(refused(decide(&house, "ana", endless).await).contains("366 days"));
    let risks = |incidents: &[Incident]| incidents.iter().map(|one| one.risk).collect::<Vec<_>>();
    assert_eq!(risks(&house.incidents().await), risks(&incidents));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_suppressed_is_counted_and_not_seen() {
    let house = House::new().await;
    let rule = "8f1f6c0e-5f1e-4b67-9f33-7d3a3c1f0a02".to_owned();
    let suppress = Decision::Suppress {
        matches: SuppressionMatch { rule: Some(rule), ..SuppressionMatch::default() },
        reason: "a pentest".to_owned(),
        expires: Timestamp::from_seconds(1_790_000_100 + 86_400),
    };
    let made = decide(&house, "ana", suppress).await.unwrap().made.unwrap();
    house.append(Topic::Raw, &failures("192.0.2.7", 6)).await;
    let decoder = Decoder::new(DecodeOptions::default());
    let (factory, status) = house.start(decoder.into(), FactoryConfig::default());
    house.worked_off(&status).await;
    assert!(house.incidents().await.is_empty());
    let counted = |view: &TriageView| view.suppressions.iter().any(|(_, suppressed)| suppressed.signals > 0);
    while !counted(&status.triage(&house.scope)) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    factory.stop().await;
    let view = status.triage(&house.scope);
    let (suppression, suppressed) = &view.suppressions[0];
    assert_eq!((suppression.id.as_str(), suppressed.signals), (made.as_str(), 1));
    decide(&house, "ana", Decision::Unsuppress { id: made }).await.unwrap();
    house.append(Topic::Raw, &failures("198.51.100.9", 6)).await;
    house.run().await;
    assert_eq!(house.incidents().await.len(), 1);
}

/// What is over can be taken up again, by whoever decides, restarted in between or not.
#[tokio::test(flavor = "multi_thread")]
async fn a_resolved_incident_is_reopened_with_its_past() {
    let (house, incidents) = two_incidents().await;
    let (one, other) = (incidents[0].id, incidents[1].id);
    let set = |status| Decision::SetStatus { incident: one, status };
    decide(&house, "ana", set(IncidentStatus::Resolved)).await.unwrap();
    // Resolved stays resolved when it is judged or gets a title.
    decide(&house, "ben", false_positive(&incidents[0])).await.unwrap();
    let title = Decision::Retitle { incident: one, title: "the scanner".to_owned() };
    decide(&house, "ben", title).await.unwrap();
    let known = house.records.incident(&house.scope, one).await.unwrap().unwrap();
    assert_eq!(known.status, IncidentStatus::Resolved);
    let verdict = known.verdict.unwrap();
    assert_eq!((verdict.kind, verdict.by.as_str()), (VerdictKind::FalsePositive, "ben"));
    assert_eq!(verdict.reason, "our scanner");
    decide(&house, "cem", set(IncidentStatus::InProgress)).await.unwrap();
    let merged = decide(&house, "cem", Decision::Merge { into: one, from: vec![other] }).await.unwrap();
    assert!(merged.incidents.contains(&one));
    let known = house.records.incident(&house.scope, one).await.unwrap().unwrap();
    assert_eq!((known.status, known.joins.len()), (IncidentStatus::InProgress, 2));
    let by: Vec<_> = known.history.iter().filter_map(|edit| edit.by.as_deref()).collect();
    assert_eq!(by, ["ana", "ben", "cem", "cem"]);
}

/// All of them or none: a merge that cannot be done in part is not done in part.
#[tokio::test(flavor = "multi_thread")]
async fn a_merge_of_several_is_done_as_a_whole_or_not_at_all() {
    let (house, incidents) = two_incidents().await;
    let (one, other) = (incidents[0].id, incidents[1].id);
    let both = Decision::Merge { into: one, from: vec![other, one] };
    assert!(decide(&house, "ana", both).await.is_err());
    assert_eq!(house.incidents().await.len(), 2);
}

/// A verdict on one signal stands on the signal, whose newer versions keep it.
#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_on_a_signal_is_kept_with_it() {
    let (house, incidents) = two_incidents().await;
    let signal = incidents[0].joins[0].signal;
    let verdict = Decision::Verdict {
        target: VerdictTarget::Signal(signal),
        kind: VerdictKind::Benign,
        reason: "a test".to_owned(),
    };
    let resolved = Decision::SetStatus { incident: incidents[0].id, status: IncidentStatus::Closed };
    decide(&house, "ana", resolved).await.unwrap();
    decide(&house, "ana", verdict).await.unwrap();
    let known = house.records.signal(&house.scope, signal).await.unwrap().unwrap();
    assert_eq!(known.verdict.unwrap().kind, VerdictKind::Benign);
    let again = house.records.incident(&house.scope, incidents[0].id).await.unwrap().unwrap();
    assert_eq!(again.status, IncidentStatus::Closed);
}

/// Who thinks of hiding findings hears that one of them was an attack.
#[tokio::test(flavor = "multi_thread")]
async fn a_preview_says_what_was_confirmed_of_what_it_would_hide() {
    let (house, incidents) = two_incidents().await;
    let confirmed = Decision::Verdict {
        target: VerdictTarget::Incident(incidents[0].id),
        kind: VerdictKind::TruePositive,
        reason: "the intern's laptop".to_owned(),
    };
    decide(&house, "ana", confirmed).await.unwrap();
    let desk = house.desk(TuningHandle::new(Overlay::default()), Arc::default());
    let draft = ExceptionDraft {
        id: "all".to_owned(),
        scope: RuleScope::Rules(vec!["8f1f6c0e-5f1e-4b67-9f33-7d3a3c1f0a02".to_owned()]),
        condition: serde_json::json!({"src_ip|cidr": "0.0.0.0/0"}),
        owner: "ben".to_owned(),
        reason: "noise".to_owned(),
        expires: Timestamp::from_seconds(1_790_100_000),
    };
    let impact = desk.preview(&house.scope, draft, TimeRange::default()).await.unwrap();
    assert_eq!((impact.would_hide, impact.confirmed), (2, 1), "{impact:?}");
}

/// Ten people who log in every hour of four days, at their machines.
fn four_days() -> Vec<String> {
    let hours = (0..96).flat_map(|hour| (0..10).map(move |person| (hour, person)));
    let line = |(hour, person): (u32, u32)| {
        let (day, hour, minute) = (1 + hour / 24, hour % 24, person * 5);
        format!(
            "Dec {day:2} {hour:02}:{minute:02}:00 web-{person} sshd[7]: Accepted password for user{person} from 192.0.2.{person} port 4 ssh2"
        )
    };
    hours.map(line).collect()
}

/// What came in trains models beside the work; they survive a restart, and people decide about them.
#[tokio::test(flavor = "multi_thread")]
async fn models_are_trained_while_events_come_in() {
    // A minute after the other, hours after those four days arrived: only then is learnt from them.
    let more = |minute: i64| {
        let (hour, rest) = (minute / 60, minute % 60);
        let line = format!(
            "Dec  5 {hour:02}:{rest:02}:00 web-1 sshd[7]: Accepted password for user1 from 192.0.2.1 port 4 ssh2"
        );
        (vec![line], 7_200 + minute * 60)
    };
    let house = House::new().await;
    house.append(Topic::Raw, &four_days()).await;
    for minute in 0..60 {
        let (lines, seconds) = more(minute);
        house.append_later(Topic::Raw, &lines, seconds).await;
    }
    house.run().await;
    let (factory, status) =
        house.start(Decoder::new(DecodeOptions::default()).into(), FactoryConfig::default());
    let version = |status: &FactoryStatus| {
        let models = status.models(&house.scope)?;
        let of_users = models.models.iter().find(|model| model.detector == "model.user_activity")?;
        of_users.active.as_ref().map(|active| active.version)
    };
    let mut minute = 60;
    while version(&status).is_none() {
        minute += 1;
        assert!(minute < 1_000, "no model: {:?}", status.models(&house.scope));
        let (lines, seconds) = more(minute);
        house.append_later(Topic::Raw, &lines, seconds).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    house.worked_off(&status).await;
    let trained = version(&status);
    factory.stop().await;
    let back = Decision::RollBackModel { kind: ModelKind::UserActivity };
    match decide(&house, "ana", back).await {
        Err(DecisionError::Refused(why)) => assert!(why.contains("before"), "{why}"),
        other => panic!("{other:?}"),
    }
    let (factory, status) =
        house.start(Decoder::new(DecodeOptions::default()).into(), FactoryConfig::default());
    while status.models(&house.scope).is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(version(&status), trained);
    factory.stop().await;
}
