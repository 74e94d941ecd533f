//! Splunk's event collector.

use sentra_intake::{IntakeOptions, Limits};
use sentra_model::{DeadReason, SourceKind};
use serde_json::json;

use super::http::{ask, gzip, post};
use super::kit::{KEY, OTHER_KEY, Stage, TightLog, http_listener, settings};

const EVENT: &str = "/services/collector/event";
const RAW: &str = "/services/collector/raw";

fn auth(key: &str) -> (&'static str, String) {
    ("authorization", format!("Splunk {key}"))
}

async fn event(stage: &Stage, path: &str, body: &str) -> (u16, serde_json::Value) {
    let (name, value) = auth(KEY);
    let answer = post(stage.address("http"), path, &[(name, &value)], body).await;
    (answer.status, answer.json())
}

#[tokio::test]
async fn events_are_kept_with_their_envelopes() {
    let stage = Stage::new(&settings(vec![http_listener()]));
    let one = r#"{"time":1763719200.5,"host":"web1","sourcetype":"nginx","event":"a line"}"#;
    let two = r#"{"event":{"a":[1,2]},"fields":{"b":"c"}}"#;
    let ok = (200, json!({ "text": "Success", "code": 0 }));
    assert_eq!(event(&stage, EVENT, one).await, ok);
    assert_eq!(event(&stage, "/services/collector", &format!("{one}{two}\n {one}")).await, ok);
    let packed = gzip(two.as_bytes());
    let (name, value) = auth(OTHER_KEY);
    let headers = [(name, value.as_str()), ("content-encoding", "gzip")];
    let answer =
        ask(stage.address("http"), "POST", &format!("{EVENT}/1.0?host=db1"), &headers, &packed).await;
    assert_eq!((answer.status, answer.json()), ok);
    assert_eq!(stage.texts("bank-a").await, [one, one, two, one]);
    let other = stage.kept("bank-b").await;
    assert_eq!((other.len(), other[0].text.as_str(), other[0].origin.as_str()), (1, two, "db1"));
    assert_eq!((other[0].kind, other[0].format.as_deref()), (SourceKind::Hec, Some("hec")));
    stage.stop().await;
}

#[tokio::test]
async fn lines_are_kept_one_by_one() {
    let stage = Stage::new(&settings(vec![http_listener()]));
    let (status, answer) =
        event(&stage, &format!("{RAW}?host=web1&sourcetype=nginx&index=main"), "a\r\n\n b\nc").await;
    assert_eq!((status, &answer["code"]), (200, &json!(0)));
    assert_eq!(stage.texts("bank-a").await, ["a", " b", "c"]);
    let kept = stage.kept("bank-a").await;
    assert_eq!(kept[0].origin, "web1");
}

/// What is wrong, and what the collector says of it: status, code and the number of the event that is wrong.
#[tokio::test]
async fn what_is_wrong_is_said_in_splunks_words() {
    let stage = Stage::new(&settings(vec![http_listener()]));
    for (body, status, code, number, kept) in [
        ("", 400, 5, None, 0),
        (" \n", 400, 5, None, 0),
        (r#"{"event":""}"#, 400, 13, Some(0), 0),
        (r#"{"host":"a"}"#, 400, 12, Some(0), 0),
        (r#"{"event":"a"}{"event":"b"}{"eve"#, 400, 6, Some(2), 2),
        (r#"{"event":"a"} x {"event":"b"}"#, 400, 6, Some(1), 1),
        (r#"{"event":"a"}{"host":"b"}{"event":"c"}"#, 400, 12, Some(1), 1),
        (r#"["a","b"]"#, 400, 6, Some(0), 0),
        (r#""a""#, 400, 6, Some(0), 0),
        ("{\"event\":\"\u{0}\"}", 400, 6, Some(0), 0),
    ] {
        let before = stage.texts("bank-a").await.len();
        let (answered, answer) = event(&stage, EVENT, body).await;
        assert_eq!((answered, &answer["code"]), (status, &json!(code)), "{body}: {answer}");
        assert_eq!(answer["invalid-event-number"], json!(number), "{body}: {answer}");
        assert_eq!(stage.texts("bank-a").await.len() - before, kept, "{body}");
    }
    let address = stage.address("http");
    for (headers, status, code) in [
        (vec![], 401, 2),
        (vec![("authorization", "Splunk")], 401, 3),
        (vec![("authorization", "Negotiate abc")], 401, 3),
        (vec![("authorization", "Splunk wrong")], 403, 4),
    ] {
        let answer = post(address, EVENT, &headers, r#"{"event":"a"}"#).await;
        assert_eq!((answer.status, &answer.json()["code"]), (status, &json!(code)), "{headers:?}");
    }
    assert!(stage.texts("default").await.is_empty());
}

/// Law ACK: an identifier is true when the events are durable, once, for its channel and its tenant alone.
#[tokio::test]
async fn acknowledgements_are_true_once() {
    let stage = Stage::new(&settings(vec![http_listener()]));
    let channel = "FE0ECFAD-13D5-401B-847D-77833BD77131";
    let path = format!("{EVENT}?channel={channel}");
    assert_eq!(event(&stage, &path, r#"{"event":"a"}"#).await.1["ackId"], 0);
    let (name, value) = auth(KEY);
    let headers = [(name, value.as_str()), ("x-splunk-request-channel", channel)];
    let address = stage.address("http");
    assert_eq!(post(address, RAW, &headers, "b").await.json()["ackId"], 1);
    let ask = async |key: &str, channel: &str, body: &str| {
        let (name, value) = auth(key);
        let path = format!("/services/collector/ack?channel={channel}");
        let answer = post(address, &path, &[(name, &value)], body).await;
        (answer.status, answer.json())
    };
    let both = r#"{"acks":[0,1,2]}"#;
    let none = json!({ "acks": { "0": false, "1": false, "2": false } });
    assert_eq!(ask(OTHER_KEY, channel, both).await, (200, none.clone()));
    assert_eq!(ask(KEY, "another", both).await, (200, none.clone()));
    assert_eq!(ask(KEY, channel, both).await, (200, json!({ "acks": { "0": true, "1": true, "2": false } })));
    assert_eq!(ask(KEY, channel, both).await, (200, none));
    assert_eq!(ask(KEY, "", both).await.1["code"], 11);
    let answer = post(address, "/services/collector/ack", &[(name, &value)], both).await;
    assert_eq!(answer.json()["code"], 10);
    let many = format!(r#"{{"acks":[{}1]}}"#, "1,".repeat(10_000));
    assert_eq!(ask(KEY, channel, &many).await.1["code"], 6);
}

/// Laws ACK and LOSS: 429 says that the sender still has its events.
#[tokio::test]
async fn a_full_log_is_said_with_retry_after_and_gives_no_acknowledgement() {
    let stage =
        Stage::with(&settings(vec![http_listener()]), IntakeOptions::default(), TightLog::with_room(1));
    let path = format!("{EVENT}?channel=a");
    assert_eq!(event(&stage, &path, r#"{"event":"a"}"#).await.1["ackId"], 0);
    let (name, value) = auth(KEY);
    let answer = post(stage.address("http"), &path, &[(name, &value)], r#"{"event":"b"}"#).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("1")));
    assert_eq!((&answer.json()["code"], &answer.json()["ackId"]), (&json!(9), &json!(null)));
    stage.log.set_room(1);
    assert_eq!(event(&stage, &path, r#"{"event":"b"}"#).await.1["ackId"], 1);
    stage.log.poison();
    let (status, answer) = event(&stage, &path, r#"{"event":"c"}"#).await;
    assert_eq!((status, &answer["code"]), (500, &json!(8)));
    assert_eq!(stage.texts("bank-a").await.len(), 2);
}

#[tokio::test]
async fn an_event_over_the_limit_is_a_dead_letter_and_the_others_are_kept() {
    let limits = Limits { line_bytes_max: 40, ..Limits::default() };
    let stage = Stage::new(&sentra_intake::IntakeSettings { limits, ..settings(vec![http_listener()]) });
    let long = format!(r#"{{"event":"{}"}}"#, "x".repeat(100));
    let body = format!(r#"{{"event":"a"}}{long}{{"event":"b"}}"#);
    assert_eq!(event(&stage, EVENT, &body).await.0, 200);
    assert_eq!(stage.texts("bank-a").await, [r#"{"event":"a"}"#, r#"{"event":"b"}"#]);
    let letters = stage.letters("bank-a").await;
    assert_eq!((letters.len(), letters[0].reason, letters[0].position), (1, DeadReason::TooLong, 2));
    assert!(letters[0].detail.contains("112 bytes") && long.starts_with(&letters[0].excerpt));
}

#[tokio::test]
async fn health_needs_no_token() {
    let stage = Stage::new(&settings(vec![http_listener()]));
    for path in ["/services/collector/health", "/services/collector/health/1.0"] {
        let answer = ask(stage.address("http"), "GET", path, &[], b"").await;
        assert_eq!((answer.status, &answer.json()["code"]), (200, &json!(17)));
    }
}
