//! What surrounds a question: what it costs, ending it, what was decided about it.

use axum::http::{Method, StatusCode};
use sentra_query::{Ceiling, Ceilings};
use serde_json::{Value, json};

use super::{Answer, Fixture, fixture, fixture_with};
use crate::api::types::EnginesAnswer;

async fn post(fixture: &mut Fixture, path: &str, body: Value) -> Answer {
    fixture.ask(Method::POST, path, body.to_string()).await
}

#[tokio::test]
async fn an_answer_says_how_it_was_read_and_under_which_decision() {
    let mut fixture = fixture().await;
    let body = json!({"text": "failed logins yesterday", "query_id": "mine-1", "explain": true});
    let answer = post(&mut fixture, "/api/v1/query", body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let answer = answer.json();
    assert_eq!(answer["query_id"], "mine-1");
    assert_eq!(answer["route"]["form"], "english");
    assert!(answer["understood"].as_str().unwrap().starts_with("events | where time"), "{answer}");
    assert_eq!(answer["status_detail"]["why"], "");
    let id = answer["decision_id"].as_str().unwrap().to_owned();
    let page = fixture.get("/api/v1/query/decisions?limit=5").await.json();
    assert_eq!(page["decisions"][0]["id"], json!(id));
    assert_eq!(page["decisions"][0]["question"], "failed logins yesterday");
    let lineage = fixture.get(&format!("/api/v1/query/decisions/{id}/lineage")).await;
    assert_eq!(lineage.json()["segments"], json!([]));
    let said = json!({"engine": "forensic", "note": "the words are there"});
    let corrected = post(&mut fixture, &format!("/api/v1/query/decisions/{id}/override"), said).await.json();
    assert_eq!(corrected["override"]["engine"], "forensic");
    let wrong =
        post(&mut fixture, &format!("/api/v1/query/decisions/{id}/override"), json!({"engine": "x"})).await;
    assert_eq!(wrong.problem(), "query-invalid");
    let unknown = fixture.get("/api/v1/query/decisions/dec-0/lineage").await;
    assert_eq!(unknown.problem(), "not-found");
}

#[tokio::test]
async fn what_is_too_expensive_is_refused_with_its_estimate() {
    let mut fixture = fixture_with(|config| {
        let all = Ceiling { seconds: Some(0), ..Ceiling::default() };
        config.query.ceilings = Ceilings { all, ..Ceilings::default() };
    })
    .await;
    let body = json!({"text": "events | count"});
    let estimated = post(&mut fixture, "/api/v1/query/estimate", body.clone()).await.json();
    assert_eq!((&estimated["allowed"], &estimated["understood"]), (&json!(false), &json!("events | count")));
    let refused = post(&mut fixture, "/api/v1/query", body).await;
    assert_eq!(
        (refused.status, refused.problem().as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, "query-too-expensive")
    );
    let document = refused.json();
    assert_eq!(document["ceiling"]["seconds"], 0);
    assert_eq!(document["estimate"]["rows"], 0);
    // Whoever has the token may have it anyway.
    let anyway = post(&mut fixture, "/api/v1/query", json!({"text": "events | count", "anyway": true})).await;
    assert_eq!(anyway.status, StatusCode::OK);
}

#[tokio::test]
async fn what_cannot_be_asked_is_a_problem_with_its_place() {
    let mut fixture = fixture().await;
    let wrong = post(&mut fixture, "/api/v1/query", json!({"text": "events | wehre x"})).await;
    assert_eq!(wrong.problem(), "query-invalid");
    assert_eq!(wrong.json()["place"], json!({"line": 1, "column": 10, "offset": 9}));
    let wrong = post(&mut fixture, "/api/v1/query", json!({"text": "incidents | where near('x')"})).await;
    assert_eq!(
        (wrong.status, wrong.problem().as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "engine-unavailable")
    );
    let wrong = post(&mut fixture, "/api/v1/query", json!({"text": "events", "query_id": "a b"})).await;
    assert_eq!(wrong.problem(), "body-invalid");
    let nothing = fixture.ask(Method::DELETE, "/api/v1/queries/mine-1", "").await;
    assert_eq!((nothing.status, nothing.problem().as_str()), (StatusCode::NOT_FOUND, "not-found"));
}

#[tokio::test]
async fn engines_say_how_they_are() {
    let mut fixture = fixture().await;
    let answer = fixture.get("/api/v1/engines").await;
    assert_eq!(answer.json()["engines"][0]["state"], "well");
    let view: EnginesAnswer = serde_json::from_value(answer.json()).unwrap();
    let engines: Vec<_> = view.engines.iter().map(|engine| (engine.name.as_str(), engine.calls)).collect();
    assert_eq!(engines, [("marts", 0), ("records", 0)], "those that there are");
    let asked = post(&mut fixture, "/api/v1/query", json!({"text": "events | count"})).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.text());
    let view: EnginesAnswer = serde_json::from_value(fixture.get("/api/v1/engines").await.json()).unwrap();
    assert_eq!((view.engines[0].calls, view.engines[0].why.as_str()), (1, ""));
}
