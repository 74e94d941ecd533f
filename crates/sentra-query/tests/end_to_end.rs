//! Questions asked of both engines, before and after a restart.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may stop where it stands"
)]

use std::path::Path;
use std::sync::Arc;

use sentra_model::{
    BatchBuilder, Event, EventBatch, EventCode, EventId, ManualClock, Mart, Outcome, Position, RawRecord,
    Source, SourceKind, TenantId, TenantScope, Timestamp,
};
use sentra_query::{
    Answer, Asker, Desk, DeskOptions, DeskParts, Engine, Intent, QueryError, Request, Role, Status,
};
use sentra_store::{EmbeddedMarts, MartOptions, MartStore, MemoryMarts, SqliteRecords};
use serde_json::{Value, json};

const DAY: i64 = 1_767_225_600;

fn scope(name: &str) -> TenantScope {
    TenantScope::new(name.parse::<TenantId>().unwrap())
}

/// Twenty failed logins, one a minute, in two marts; the last one without a message.
fn batches(scope: &TenantScope) -> Vec<EventBatch> {
    let source = Source {
        kind: SourceKind::File,
        origin: "auth.log".into(),
        format: None,
        reference: Timestamp::default(),
    };
    let mut builders = [Mart::LINUX, Mart::WINDOWS]
        .map(|mart| (BatchBuilder::new(scope.tenant().clone(), mart.clone()), mart));
    for offset in 0..20_u64 {
        let (builder, mart) = &mut builders[usize::from(offset % 4 == 3)];
        let seconds = DAY + i64::try_from(offset).unwrap() * 60;
        let mut event = Event::new("syslog", mart.clone(), Timestamp::from_seconds(seconds));
        event.code = Some(EventCode::LL03);
        event.outcome = Outcome::Failure;
        event.user = if offset % 2 == 0 { "root".into() } else { "guest".into() };
        event.src_ip = "203.0.113.9".into();
        event.src_port = 4_000;
        event.message = if offset == 19 { "".into() } else { format!("Failed password {offset}").into() };
        event.push("EventID", sentra_model::FieldValue::Integer(4_625));
        event.push("user", "of the source");
        let raw = format!("raw {offset} \u{e9}");
        let received = Timestamp::from_seconds(DAY + 7_200);
        let record = RawRecord { source: &source, position: offset + 1, received, bytes: raw.as_bytes() };
        builder.push(EventId::raw(0, offset), &record, &event).unwrap();
    }
    builders.map(|(mut builder, _)| builder.finish().unwrap()).to_vec()
}

async fn fill(marts: &dyn MartStore) {
    let next = Position { partition: 0, offset: 20 };
    marts.append(&scope("acme"), batches(&scope("acme")), next).await.unwrap();
}

async fn open(dir: &Path) -> Arc<dyn MartStore> {
    let clock = Arc::new(ManualClock::default());
    Arc::new(EmbeddedMarts::open(dir, MartOptions::default(), clock).await.unwrap())
}

async fn filled_memory() -> Arc<dyn MartStore> {
    let marts = MemoryMarts::new();
    fill(&marts).await;
    Arc::new(marts)
}

fn asker(tenant: &str) -> Asker {
    Asker::new(scope(tenant), Role::Admin)
}

/// A desk over `marts`, at one hour of the day.
async fn desk(marts: &Arc<dyn MartStore>) -> Desk {
    let records = Arc::new(SqliteRecords::in_memory().await.unwrap());
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(DAY + 3_600)));
    Desk::new(DeskParts::new(Arc::clone(marts), records, clock), DeskOptions::default())
}

async fn answer(desk: &Desk, text: &str) -> Answer {
    let asked = desk.ask(&asker("acme"), &Request::new(text)).await;
    asked.unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn column<'a>(answer: &'a Answer, name: &str) -> Vec<&'a Value> {
    let index = answer.columns.iter().position(|column| column.name == name).unwrap();
    answer.rows.iter().map(|row| &row[index]).collect()
}

/// Questions and the offsets of the events they find, newest first.
fn cases() -> Vec<(&'static str, Vec<u64>)> {
    let all = |meets: fn(u64) -> bool| (0..20).rev().filter(|offset| meets(*offset)).collect();
    vec![
        ("events", all(|_| true)),
        ("linux | take 3", vec![18, 17, 16]),
        ("windows", all(|o| o % 4 == 3)),
        ("cloud", vec![]),
        ("linux | where user == 'root' and message contains 'PASSWORD 1' | take 2", vec![18, 16]),
        ("events | where user in~ ('ROOT', 'x') | where message endswith ' 4'", vec![4]),
        ("events | where EventID == 4625 and fields.user has 'SOURCE' and src_port < 4000.5", all(|_| true)),
        ("events | where EventID > 4625", vec![]),
        ("events | where time >= ago(44m) and time < ago(42m)", vec![17, 16]),
        (
            "events | where time between (datetime(2026-01-01T00:01:00Z) .. datetime(2026-01-01T00:02:00Z))",
            vec![2, 1],
        ),
        ("events | where isempty(message) or message has '7'", vec![19, 7]),
        ("events | where not(user == 'root' or raw contains 'raw 1')", vec![9, 7, 5, 3]),
        ("events | where id == 'raw.0.5' or id in ('raw.0.6', 'raw.0.600')", vec![6, 5]),
        ("events | where user == \"' or 1=1 --\"", vec![]),
    ]
}

async fn check(marts: &Arc<dyn MartStore>) {
    let desk = &desk(marts).await;
    for (text, offsets) in cases() {
        let answer = answer(desk, text).await;
        let wanted: Vec<Value> = offsets.iter().map(|offset| json!(format!("raw.0.{offset}"))).collect();
        assert_eq!(column(&answer, "id"), wanted.iter().collect::<Vec<_>>(), "{text}");
        assert_eq!((answer.status, answer.route.intent), (Status::Complete, Intent::Exact), "{text}");
        if !text.contains("take") {
            let counted = self::answer(desk, &format!("{text} | count")).await;
            assert_eq!(json!(counted.rows), json!([[offsets.len()]]), "{text}");
            assert_eq!(counted.route.intent, Intent::Analytical);
        }
    }
    let newest = answer(desk, "events | take 1").await;
    assert_eq!(column(&newest, "message"), [&json!("raw 19 é")]);
    check_event(desk).await;
    assert_eq!(desk.ask(&asker("other"), &Request::new("events")).await.unwrap().rows.len(), 0);
    let foreign = desk.ask(&asker("other"), &Request::new("event(\"raw.0.3\")")).await.unwrap();
    assert!(foreign.rows.is_empty(), "law TENANT");
}

async fn check_event(desk: &Desk) {
    let answer = answer(desk, "event(\"raw.0.18\")").await;
    assert_eq!(answer.rows.len(), 1);
    let expected = [
        ("id", json!("raw.0.18")),
        ("mart", json!("linux")),
        ("time", json!("2026-01-01T00:18:00Z")),
        ("seen", json!("2026-01-01T02:00:00Z")),
        ("user", json!("root")),
        ("src_port", json!(4_000)),
        ("dst_port", json!(null)),
        ("source_position", json!(19)),
        ("fields", json!([["EventID", "4625"], ["user", "of the source"]])),
        ("raw", json!("raw 18 é")),
        ("raw_base64", json!("cmF3IDE4IMOp")),
    ];
    for (name, value) in expected {
        assert_eq!(column(&answer, name), [&value], "{name}");
    }
    assert!(self::answer(desk, "event(\"raw.0.99\")").await.rows.is_empty());
}

#[tokio::test]
async fn memory_answers() {
    check(&filled_memory().await).await;
}

/// Law SAME, and law SOURCE: an answer does not depend on the engine, nor on what is flushed.
#[tokio::test]
async fn embedded_answers_before_and_after_a_flush_and_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let marts = open(dir.path()).await;
    fill(marts.as_ref()).await;
    check(&marts).await;
    marts.flush(&scope("acme")).await.unwrap();
    check(&marts).await;
    drop(marts);
    check(&open(dir.path()).await).await;
}

#[tokio::test]
async fn an_answer_has_its_promised_form() {
    let desk = desk(&filled_memory().await).await;
    let mut answer = serde_json::to_value(answer(&desk, "windows | take 1").await).unwrap();
    answer["elapsed_ms"] = json!(0);
    let estimate = answer["estimate"].take();
    assert!(estimate["rows"] == json!(5) && estimate["expected_ms"].as_f64().unwrap() > 0.0, "{estimate}");
    let expected = json!({
        "query_id": "q-0",
        "route": {
            "intent": "exact",
            "engine": "marts",
            "confidence": 0.97,
            "reason": "it is KQL: a pipe with an operator behind it; records are wanted as they are",
            "rules": ["R02", "R12"],
            "form": "kql",
            "router_version": sentra_ask::ROUTER_VERSION
        },
        "understood": "windows | take 1",
        "status": "complete",
        "status_detail": {"segments_read": 0, "segments_total": 0, "stale_as_of": null, "why": ""},
        "columns": [
            {"name": "id", "type": "string"}, {"name": "time", "type": "datetime"},
            {"name": "mart", "type": "string"}, {"name": "host", "type": "string"},
            {"name": "user", "type": "string"}, {"name": "src_ip", "type": "string"},
            {"name": "dst_ip", "type": "string"}, {"name": "code", "type": "string"},
            {"name": "outcome", "type": "string"}, {"name": "process", "type": "string"},
            {"name": "command", "type": "string"}, {"name": "message", "type": "string"}
        ],
        "rows": [["raw.0.19", "2026-01-01T00:19:00Z", "windows", null, "guest", "203.0.113.9", null, "LL03",
            "failure", null, null, "raw 19 é"]],
        "render": null,
        "parts": null,
        "estimate": null,
        "elapsed_ms": 0,
        "next_cursor": null
    });
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn explanations_and_notes() {
    let dir = tempfile::tempdir().unwrap();
    let marts = open(dir.path()).await;
    fill(marts.as_ref()).await;
    marts.flush(&scope("acme")).await.unwrap();
    let text = "linux|where usr=='root' and time>ago(1s)";
    let request = Request { explain: true, ..Request::new(text) };
    let answer = desk(&marts).await.ask(&asker("acme"), &request).await.unwrap();
    assert_eq!(answer.understood, "linux | where usr == \"root\" and time > ago(1s)");
    let explain = answer.explain.unwrap();
    assert_eq!(explain.question, answer.understood);
    assert_eq!((explain.lineage.segments_considered, explain.lineage.segments_pruned), (1, 1));
    assert!(explain.segments.is_empty(), "what is ruled out is not opened");
    let [note] = explain.notes.as_slice() else { panic!("{:?}", explain.notes) };
    assert!(note.contains("usr") && note.contains("user"), "{note}");
    assert!(answer.route.reason.ends_with(note), "{}", answer.route.reason);

    let all = Request { explain: true, ..Request::new("linux | take 3") };
    let explain = desk(&marts).await.ask(&asker("acme"), &all).await.unwrap().explain.unwrap();
    let [segment] = explain.segments.as_slice() else { panic!("{:?}", explain.segments) };
    assert_eq!((segment.mart.to_string().as_str(), segment.rows, segment.checksum.len()), ("linux", 15, 64));
}

/// Law LIMIT: no time at all gives a partial answer that says so.
#[tokio::test]
async fn an_answer_that_is_cut_off_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let marts = open(dir.path()).await;
    fill(marts.as_ref()).await;
    marts.flush(&scope("acme")).await.unwrap();
    let desk = desk(&marts).await;
    for text in ["events", "events | where user == 'root' | count", "events | summarize dcount(user) by host"]
    {
        let request = Request { timeout_ms: 0, explain: true, ..Request::new(text) };
        let answer = desk.ask(&asker("acme"), &request).await.unwrap();
        assert_eq!(answer.status, Status::Partial, "{text}");
        assert!(answer.status_detail.why.starts_with("the time allowed was over"), "{text}");
        let notes = answer.explain.unwrap().notes;
        assert_eq!(notes, [answer.status_detail.why], "{text}");
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let desk = desk(&filled_memory().await).await;
    let asker = asker("acme");
    let similar = Request { engine: Engine::Similarity, ..Request::new("events") };
    let refused = desk.ask(&asker, &similar).await.unwrap_err();
    assert!(matches!(refused, QueryError::EngineUnavailable { .. }), "{refused:?}");
    assert!(refused.is_askers_fault() && refused.hint().is_some());
    let refused = desk.ask(&asker, &Request::new("evnts | count")).await.unwrap_err();
    assert_eq!((refused.place().unwrap().column, refused.hint()), (1, Some("events")));
    let refused = desk.ask(&asker, &Request::new("event(\"raw.0\")")).await.unwrap_err();
    assert!(refused.to_string().contains("is no id of an event"), "{refused}");
    // A word alone is read as plain English, which knows misspelt ones and says as what it read them.
    let read = desk.ask(&asker, &Request::new("evnts")).await.unwrap();
    assert!(read.route.reason.contains("understood as events"), "{}", read.route.reason);
    assert_eq!("analytical".parse(), Ok(Engine::Analytical));
    assert!("fast".parse::<Engine>().is_err());
}
