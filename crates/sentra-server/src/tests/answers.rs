use sentra_model::{Clock, Estimate, Join, JoinReason};
use sentra_model::{
    DeadReason, Digest, EventId, Incident, Position, RuleKind, RuleRef, Severity, Signal, SignalId, Source,
    SourceKind, TenantScope,
};
use sentra_store::{Records, RecordsCommit};
use serde_json::json;

use super::*;
use crate::api::types::{
    DeadLetterPage, EventLookupAnswer, IncidentDetail, IncidentPage, RulesView, Status, StatusHistory,
};
use crate::live::tests::incident;

fn signal(tenant: &str) -> Signal {
    let moment = Timestamp::from_seconds(1_000);
    Signal {
        id: SignalId::derive(Digest::new("test")),
        tenant: tenant.parse().unwrap(),
        rule: RuleRef {
            id: "rule".to_owned(),
            title: "Rule".to_owned(),
            kind: RuleKind::Sigma,
            level: Severity::High,
            tags: Vec::new(),
            pack: "test".to_owned(),
        },
        severity: Severity::High,
        probability: Estimate::new(0.5, 0.4, 0.6),
        first: moment,
        last: moment,
        count: 1,
        folded: 0,
        events: vec![EventId::raw(0, 1)],
        events_total: 1,
        entities: Vec::new(),
        facts: Vec::new(),
        techniques: Vec::new(),
        tactics: Vec::new(),
        controls: Vec::new(),
        enrichments: Vec::new(),
        verdict: None,
    }
}

fn letter(position: u64) -> DeadLetter {
    DeadLetter {
        event: None,
        reason: DeadReason::TooLong,
        detail: "too long".to_owned(),
        received: Timestamp::from_seconds(1_000),
        source: Source {
            kind: SourceKind::Http,
            origin: "192.0.2.1".to_owned(),
            format: None,
            reference: Timestamp::from_seconds(1_000),
        },
        position,
        excerpt: String::new(),
    }
}

async fn commit(fixture: &Fixture, tenant: &str, incidents: Vec<Incident>) {
    let letters = (0..3).map(|offset| (EventId { topic: Topic::Dead, partition: 0, offset }, letter(offset)));
    let commit = RecordsCommit {
        consumer: "test".to_owned(),
        next: Position { partition: 0, offset: 1 },
        signals: vec![signal(tenant)],
        incidents,
        dead_letters: letters.collect(),
        state: Vec::new(),
    };
    fixture.records.commit(&TenantScope::new(tenant.parse().unwrap()), commit).await.unwrap();
}

#[tokio::test]
async fn incidents_are_listed_in_pages_and_shown_whole() {
    let mut fixture = fixture().await;
    let mut incidents: Vec<Incident> = (1..=3).map(|number| incident("default", number)).collect();
    let joined = Join { signal: signal("default").id, reason: JoinReason::Opened };
    incidents[0].joins.push(joined);
    let id = incidents[0].id;
    commit(&fixture, "default", incidents).await;

    let first: IncidentPage =
        serde_json::from_value(fixture.get("/api/v1/incidents?limit=2").await.json()).unwrap();
    assert_eq!((first.items.len(), first.total), (2, 3));
    let cursor = first.next.unwrap();
    let next = fixture.get(&format!("/api/v1/incidents?limit=2&cursor={cursor}")).await;
    let next: IncidentPage = serde_json::from_value(next.json()).unwrap();
    assert_eq!((next.items.len(), next.next), (1, None));

    let detail: IncidentDetail =
        serde_json::from_value(fixture.get(&format!("/api/v1/incidents/{id}")).await.json()).unwrap();
    assert_eq!((detail.id, detail.signal_count, detail.signals.len(), detail.history.len()), (id, 1, 1, 1));
    let found = fixture.get("/api/v1/incidents?q=INCIDENT%202&severity=high&status=new").await;
    assert_eq!(found.json()["items"].as_array().unwrap().len(), 1);
    assert_eq!(fixture.get("/api/v1/incidents?severity=critical").await.json()["total"], 0);
}

/// Law TENANT.
#[tokio::test]
async fn a_tenant_sees_nothing_of_another() {
    let mut fixture = fixture().await;
    commit(&fixture, "acme", vec![incident("acme", 1)]).await;
    let id = incident("acme", 1).id;
    assert_eq!(fixture.get("/api/v1/incidents").await.json()["total"], 0);
    assert_eq!(fixture.get(&format!("/api/v1/incidents/{id}")).await.problem(), "not-found");
    assert_eq!(fixture.get("/api/v1/incidents?tenant=acme").await.json()["total"], 1);
    let status: Status =
        serde_json::from_value(fixture.get("/api/v1/status?tenant=acme").await.json()).unwrap();
    assert_eq!(status.tenant.as_str(), "acme");
    assert_eq!(status.dead_letters[0].count, 3);
    assert_eq!(fixture.get("/api/v1/status").await.json()["dead_letters"], json!([]));
    assert_eq!(fixture.get("/api/v1/status?tenant=nobody").await.problem(), "tenant-unknown");
    assert_eq!(fixture.get("/api/v1/status?tenant=..%2Fx").await.problem(), "tenant-invalid");
    let mut twice = Request::builder().uri("/api/v1/status?tenant=acme").body(Body::empty()).unwrap();
    twice.headers_mut().insert("x-sentra-tenant", "default".parse().unwrap());
    twice.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {}", fixture.token).parse().unwrap());
    assert_eq!(fixture.send(twice).await.problem(), "tenant-invalid");
}

#[tokio::test]
async fn dead_letters_are_listed_in_pages() {
    let mut fixture = fixture().await;
    commit(&fixture, "default", Vec::new()).await;
    let first = fixture.get("/api/v1/dead-letters?limit=2").await.json();
    let page: DeadLetterPage = serde_json::from_value(first).unwrap();
    assert_eq!((page.items.len(), page.total), (2, 3));
    let cursor = page.next.unwrap();
    let next = fixture.get(&format!("/api/v1/dead-letters?cursor={cursor}")).await.json();
    assert_eq!(next["items"][0]["id"], "dead.0.2");
    assert_eq!(next["items"][0]["reason"], "too_long");
    assert_eq!(fixture.get("/api/v1/dead-letters?cursor=x").await.problem(), "parameter-invalid");
}

#[tokio::test]
async fn wrong_parameters_and_bodies_are_problems() {
    let mut fixture = fixture().await;
    for path in [
        "/api/v1/incidents?limit=0",
        "/api/v1/incidents?limit=501",
        "/api/v1/incidents?limit=x",
        "/api/v1/incidents?statuss=new",
        "/api/v1/incidents?status=old",
        "/api/v1/incidents?cursor=%00",
        "/api/v1/incidents/nonsense",
        "/api/v1/events/raw.0",
        "/api/v1/events/%ff",
    ] {
        assert_eq!(fixture.get(path).await.problem(), "parameter-invalid", "{path}");
    }
    assert_eq!(fixture.get("/api/v1/events/raw.0.99").await.problem(), "not-found");
    for (body, expected) in [
        ("", "body-invalid"),
        ("{", "body-invalid"),
        ("{\"ids\":[\"x\"]}", "body-invalid"),
        ("{\"idss\":[]}", "body-invalid"),
    ] {
        let answer = fixture.ask(Method::POST, "/api/v1/events/lookup", body).await;
        assert_eq!(answer.problem(), expected, "{body}");
    }
    let many = json!({ "ids": vec!["raw.0.1"; 201] }).to_string();
    assert_eq!(fixture.ask(Method::POST, "/api/v1/events/lookup", many).await.problem(), "body-invalid");
    let huge = " ".repeat(fixture.config.server.json_bytes_max + 1);
    assert_eq!(fixture.ask(Method::POST, "/api/v1/query", huge).await.problem(), "body-too-large");
    let mut plain = Request::post("/api/v1/query").body(Body::from("{}")).unwrap();
    plain.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {}", fixture.token).parse().unwrap());
    assert_eq!(fixture.send(plain).await.problem(), "media-type-unsupported");
}

#[tokio::test]
async fn events_that_are_not_there_are_missing() {
    let mut fixture = fixture().await;
    let body = json!({ "ids": ["raw.0.1", "raw.0.2"] }).to_string();
    let answer = fixture.ask(Method::POST, "/api/v1/events/lookup", body).await.json();
    let answer: EventLookupAnswer = serde_json::from_value(answer).unwrap();
    assert_eq!((answer.events.len(), answer.missing.len()), (0, 2));
}

#[tokio::test]
async fn a_question_is_answered_or_its_fault_is_placed() {
    let mut fixture = fixture().await;
    let ask = |text: &str| json!({ "text": text, "explain": true }).to_string();
    let answer = fixture.ask(Method::POST, "/api/v1/query", ask("linux | count")).await.json();
    assert_eq!((&answer["status"], &answer["rows"]), (&json!("complete"), &json!([[0]])));
    assert!(answer["explain"].is_object());
    let wrong = fixture.ask(Method::POST, "/api/v1/query", ask("linux | whre user == \"root\"")).await;
    assert_eq!(wrong.problem(), "query-invalid");
    assert_eq!(wrong.json()["position"], 8);
    let engine = json!({ "text": "linux", "engine": "warp" }).to_string();
    assert_eq!(fixture.ask(Method::POST, "/api/v1/query", engine).await.problem(), "body-invalid");
}

/// What a crate below answers must have the documented shape, also after that crate has changed.
#[tokio::test]
async fn the_other_routes_answer_in_their_documented_shape() {
    let mut fixture = fixture().await;
    let _: Status = serde_json::from_value(fixture.get("/api/v1/status").await.json()).unwrap();
    let _: StatusHistory =
        serde_json::from_value(fixture.get("/api/v1/status/history").await.json()).unwrap();
    let _: RulesView = serde_json::from_value(fixture.get("/api/v1/rules").await.json()).unwrap();
    assert_eq!(fixture.get("/api/v1/openapi.json").await.text(), crate::api::openapi_json().unwrap());
}

#[tokio::test]
async fn readiness_is_about_progress_and_liveness_is_not() {
    let mut fixture = fixture().await;
    assert_eq!(fixture.get("/readyz").await.status, StatusCode::OK);
    let start = Clock::now(fixture.clock.as_ref());
    let waiting =
        PipelineSnapshot { lag_records: 7, last_progress: Some(start), ..PipelineSnapshot::default() };
    *fixture.pipeline.0.lock().unwrap() = waiting;
    assert_eq!(fixture.get("/readyz").await.status, StatusCode::OK, "records may wait for a while");
    fixture.clock.set(start.plus_micros(31_000_000));
    let stalled = fixture.get("/readyz").await;
    assert_eq!(stalled.problem(), "not-ready");
    assert!(stalled.json()["detail"].as_str().unwrap().contains("7 records wait"));
    *fixture.pipeline.0.lock().unwrap() = PipelineSnapshot::default();
    fixture.log.fail(Failure::Poisoned);
    assert_eq!(fixture.get("/readyz").await.problem(), "log-poisoned");
    assert_eq!(fixture.get("/healthz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn too_many_requests_at_once_are_told_to_wait() {
    let mut fixture = fixture_with(|config| config.server.requests_max = 1).await;
    let shared = fixture.shared();
    let turn = shared.requests.try_acquire().unwrap();
    let answer = fixture.get("/api/v1/status").await;
    assert_eq!(answer.problem(), "busy");
    assert_eq!(answer.headers[header::RETRY_AFTER], "1");
    drop(turn);
    assert_eq!(fixture.get("/api/v1/status").await.status, StatusCode::OK);
}

#[tokio::test]
async fn answers_are_compressed_when_asked_for() {
    let mut fixture = fixture().await;
    for encoding in ["br", "gzip"] {
        let request = Request::get("/api/v1/openapi.json")
            .header(header::AUTHORIZATION, format!("Bearer {}", fixture.token))
            .header(header::ACCEPT_ENCODING, encoding)
            .body(Body::empty())
            .unwrap();
        let answer = fixture.send(request).await;
        assert_eq!(answer.headers[header::CONTENT_ENCODING], encoding);
        assert!(answer.body.len() < crate::api::openapi_json().unwrap().len() / 4);
    }
}

#[tokio::test]
async fn the_figures_are_those_of_the_pipeline() {
    let mut fixture = fixture().await;
    let mut app = fixture.app();
    app.metrics = Some(crate::Metrics::install().unwrap());
    fixture.set_app(app);
    let snapshot = PipelineSnapshot { events_total: 41, lag_records: 1, ..PipelineSnapshot::default() };
    *fixture.pipeline.0.lock().unwrap() = snapshot;
    let text = fixture.get("/metrics").await.text();
    assert!(text.contains("\nsentra_pipeline_events_total 41\n"), "{text}");
    assert!(text.contains("\nsentra_pipeline_lag_records 1\n"), "{text}");
    assert!(text.contains("# HELP sentra_pipeline_events_total Records processed\n"), "{text}");
}
