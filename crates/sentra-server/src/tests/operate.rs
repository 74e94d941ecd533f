use sentra_model::{Clock as _, DeadReason, EventId, OwnedRecord, Position, Source, SourceKind, TenantScope};
use sentra_store::{Records as _, RecordsCommit};
use serde_json::json;

use super::*;
use crate::api::types::{DeadLetterDetail, LetterReplayAnswer, RecordPage, TopicsView};

fn source() -> Source {
    Source {
        kind: SourceKind::File,
        origin: "export.json".to_owned(),
        format: Some("windows".to_owned()),
        reference: Timestamp::from_seconds(1_000),
    }
}

fn line(number: usize) -> String {
    format!("{{\"n\":{number}}}")
}

/// Puts lines into a tenant's raw topic, received at the clock's moment.
async fn append(fixture: &Fixture, tenant: &str, lines: Range<usize>) {
    let records = lines.map(|number| OwnedRecord { position: number as u64, bytes: line(number).into() });
    let received = fixture.clock.now();
    let batch = AppendBatch { received, source: source(), records: records.collect() };
    fixture.log.inner.append(&raw_stream(tenant, Topic::Raw), batch).await.unwrap();
}

/// Makes letters of the records at `offsets`.
async fn letters(fixture: &Fixture, tenant: &str, offsets: Range<u64>) {
    let letter = |offset| {
        let event = Some(EventId::raw(0, offset));
        let (reason, detail) = (DeadReason::Malformed, "expected Windows events".to_owned());
        let received = Timestamp::from_seconds(1_000);
        let letter = DeadLetter {
            event,
            reason,
            detail,
            received,
            source: source(),
            position: offset,
            excerpt: String::new(),
        };
        (EventId::raw(0, offset), letter)
    };
    let commit = RecordsCommit {
        consumer: "factory".to_owned(),
        next: Position { partition: 0, offset: offsets.end },
        signals: Vec::new(),
        incidents: Vec::new(),
        dead_letters: offsets.map(letter).collect(),
        state: Vec::new(),
    };
    fixture.records.commit(&TenantScope::new(tenant.parse().unwrap()), commit).await.unwrap();
}

async fn page(fixture: &mut Fixture, query: &str) -> RecordPage {
    let answer = fixture.get(&format!("/api/v1/topics/raw/records?{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    serde_json::from_value(answer.json()).unwrap()
}

fn offsets(page: &RecordPage) -> Vec<u64> {
    page.items.iter().map(|record| record.offset).collect()
}

#[tokio::test]
async fn topics_have_their_consumers_and_lag() {
    let mut fixture = fixture().await;
    append(&fixture, "default", 0..7).await;
    append(&fixture, "acme", 0..3).await;
    let stream = raw_stream("default", Topic::Raw);
    fixture.log.commit("factory", &stream, 5).await.unwrap();
    fixture.log.commit_range("audit", &stream, 2, 1..4).await.unwrap();
    let view: TopicsView = serde_json::from_value(fixture.get("/api/v1/topics").await.json()).unwrap();
    assert_eq!(view.topics.len(), 1, "another tenant's topic is not there");
    let topic = &view.topics[0];
    assert_eq!((topic.topic, topic.begin, topic.end), (Topic::Raw, 0, 7));
    let consumers: Vec<_> =
        topic.consumers.iter().map(|c| (c.name.as_str(), c.position, c.lag, c.range.is_some())).collect();
    assert_eq!(consumers, [("audit", 2, 2, true), ("factory", 5, 2, false)]);
}

#[tokio::test]
async fn records_are_paged_between_offsets_and_times() {
    let mut fixture = fixture().await;
    let start = fixture.clock.now();
    for batch in 0..4 {
        fixture.clock.set(start.plus_micros(batch * 60_000_000));
        let first = usize::try_from(batch).unwrap() * 5;
        append(&fixture, "default", first..first + 5).await;
    }
    let whole = page(&mut fixture, "").await;
    assert_eq!((offsets(&whole), whole.next, whole.to), ((0..20).collect(), None, 20));
    assert_eq!(whole.items[7].raw, line(7));
    let first = page(&mut fixture, "from=3&to=18&limit=4").await;
    assert_eq!((offsets(&first), first.next, first.to), (vec![3, 4, 5, 6], Some(7), 18));
    let last = page(&mut fixture, "from=15&to=18&limit=100").await;
    assert_eq!((offsets(&last), last.next), (vec![15, 16, 17], None));
    let time = |minutes: i64| start.plus_micros(minutes * 60_000_000).to_string();
    let timed = page(&mut fixture, &format!("from={}&to={}", time(1), time(3))).await;
    assert_eq!((offsets(&timed), timed.to), ((5..15).collect(), 15));
    let future = page(&mut fixture, &format!("from={}", time(9))).await;
    assert_eq!((future.items.len(), future.from, future.to), (0, 20, 20));
    for wrong in ["from=x", "from=21", "from=9&to=3", "limit=0", "limit=10001", "partion=1"] {
        let answer = fixture.get(&format!("/api/v1/topics/raw/records?{wrong}")).await;
        assert_eq!(answer.problem(), "parameter-invalid", "{wrong}");
    }
    assert_eq!(fixture.get("/api/v1/topics/dead/records").await.problem(), "not-found");
    assert_eq!(fixture.get("/api/v1/topics/raw/records?partition=1").await.problem(), "not-found");
    assert_eq!(fixture.get("/api/v1/topics/nonsense/records").await.problem(), "parameter-invalid");
}

#[tokio::test]
async fn a_replay_with_a_consumer_goes_on_where_it_stood_and_moves_nobody_else() {
    let mut fixture = fixture().await;
    append(&fixture, "default", 0..9).await;
    let stream = raw_stream("default", Topic::Raw);
    fixture.log.commit("factory", &stream, 9).await.unwrap();
    let path = "/api/v1/topics/raw/replay";
    let step = |extra: Value| {
        let mut body = json!({ "consumer": "audit", "limit": 3 });
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body.to_string()
    };
    let first = fixture.ask(Method::POST, path, step(json!({ "from": "1", "to": "8" }))).await.json();
    let first: RecordPage = serde_json::from_value(first).unwrap();
    assert_eq!((offsets(&first), first.next, first.is_resumed), (vec![1, 2, 3], Some(4), false));
    let second = fixture.ask(Method::POST, path, step(json!({ "to": "8", "done": 4 }))).await.json();
    let second: RecordPage = serde_json::from_value(second).unwrap();
    assert_eq!(offsets(&second), [4, 5, 6]);
    assert_eq!(fixture.log.position("audit", &stream).await.unwrap(), Some(4));

    let resumed = fixture.ask(Method::POST, path, step(json!({ "to": "8", "resume": true }))).await.json();
    let resumed: RecordPage = serde_json::from_value(resumed).unwrap();
    assert_eq!((offsets(&resumed), resumed.is_resumed), (vec![4, 5, 6], true));
    let backwards = fixture.ask(Method::POST, path, step(json!({ "to": "8", "done": 2 }))).await;
    assert_eq!(backwards.problem(), "body-invalid");
    let other = fixture.ask(Method::POST, path, step(json!({ "from": "2", "to": "8" }))).await;
    assert_eq!(other.problem(), "parameter-invalid");
    let follower = json!({ "consumer": "factory", "from": "0", "resume": true, "done": 0 }).to_string();
    assert_eq!(fixture.ask(Method::POST, path, follower).await.problem(), "parameter-invalid");
    assert_eq!(fixture.log.position("factory", &stream).await.unwrap(), Some(9));
}

#[tokio::test]
async fn dead_letters_are_shown_and_replayed_for_their_tenant_alone() {
    let mut fixture = fixture().await;
    append(&fixture, "acme", 0..4).await;
    letters(&fixture, "acme", 0..3).await;
    let shown = fixture.get("/api/v1/dead-letters/raw.0.1?tenant=acme").await.json();
    let shown: DeadLetterDetail = serde_json::from_value(shown).unwrap();
    assert_eq!((shown.raw.as_deref(), shown.replay), (Some("{\"n\":1}"), None));
    assert_eq!(fixture.get("/api/v1/dead-letters/raw.0.1").await.problem(), "not-found");
    assert_eq!(fixture.get("/api/v1/dead-letters/raw.0.3?tenant=acme").await.problem(), "not-found");

    let replay = "/api/v1/dead-letters/replay?tenant=acme";
    let dry = json!({ "all": true, "format": "json", "dry_run": true }).to_string();
    let answer = fixture.ask(Method::POST, replay, dry).await.json();
    assert_eq!(answer["replayed"][0], json!({"id":"raw.0.0","event":null,"format":"json","mart":"cloud"}));
    let ids = json!({ "ids": ["raw.0.1", "raw.0.9"], "format": "json" }).to_string();
    let answer = fixture.ask(Method::POST, replay, ids).await.json();
    let answer: LetterReplayAnswer = serde_json::from_value(answer).unwrap();
    assert_eq!(answer.replayed[0].event, Some(EventId::raw(0, 4)));
    assert_eq!(answer.not_replayable[0].id, EventId::raw(0, 9));
    let reason = json!({ "reason": "malformed", "format": "json" }).to_string();
    let answer = fixture.ask(Method::POST, replay, reason).await.json();
    assert_eq!(answer["replayed"].as_array().unwrap().len(), 2);
    assert_eq!(fixture.stored("acme", Topic::Raw).await.len(), 7);
    assert!(fixture.stored("default", Topic::Raw).await.is_empty());
    let listed = fixture.get("/api/v1/dead-letters?tenant=acme&reason=malformed").await.json();
    assert_eq!((&listed["total"], &listed["items"][1]["replayed"]), (&json!(3), &json!("raw.0.4")));
    assert_eq!(fixture.get("/api/v1/dead-letters?tenant=acme&reason=binary").await.json()["total"], 0);
    assert_eq!(fixture.get("/api/v1/dead-letters?reason=odd").await.problem(), "parameter-invalid");

    for wrong in [
        json!({}),
        json!({ "all": true, "ids": [] }),
        json!({ "all": true, "reason": "binary" }),
        json!({ "ids": [], "cursor": "raw.0.1" }),
        json!({ "al": true }),
        json!({ "all": true, "format": "jsonn" }),
        json!({ "ids": vec!["raw.0.1"; 501] }),
    ] {
        let answer = fixture.ask(Method::POST, replay, wrong.to_string()).await;
        assert_eq!(answer.problem(), "body-invalid", "{wrong}");
    }
}

/// A log without room says so, and the letters stay.
#[tokio::test]
async fn a_replay_that_finds_no_room_can_be_asked_again() {
    let mut fixture = fixture().await;
    append(&fixture, "default", 0..2).await;
    letters(&fixture, "default", 0..2).await;
    fixture.log.fail(Failure::FullAfter(0));
    let body = json!({ "all": true, "format": "json" }).to_string();
    let refused = fixture.ask(Method::POST, "/api/v1/dead-letters/replay", body.clone()).await;
    assert_eq!(refused.problem(), "log-full");
    fixture.log.fail(Failure::None);
    let answer = fixture.ask(Method::POST, "/api/v1/dead-letters/replay", body).await.json();
    assert_eq!(answer["replayed"].as_array().unwrap().len(), 2, "{answer}");
    assert_eq!(fixture.stored("default", Topic::Raw).await.len(), 4);
}
