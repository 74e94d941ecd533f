//! Elasticsearch's bulk interface.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sentra_intake::{IntakeOptions, IntakeSettings, Limits};
use serde_json::{Value, json};

use super::http::{Answer, ask, gzip, post};
use super::kit::{KEY, Stage, TightLog, http_listener, settings};

fn basic() -> String {
    format!("Basic {}", STANDARD.encode(format!("elastic:{KEY}")))
}

async fn bulk(stage: &Stage, path: &str, body: &str) -> Answer {
    let headers = [("authorization", basic()), ("content-type", "application/x-ndjson".to_owned())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    post(stage.address("http"), path, &headers, body).await
}

fn statuses(answer: &Value) -> Vec<(String, u64)> {
    let items = answer["items"].as_array().unwrap().iter();
    let pairs = items.map(|item| item.as_object().unwrap().iter().next().unwrap());
    pairs.map(|(action, body)| (action.clone(), body["status"].as_u64().unwrap())).collect()
}

#[tokio::test]
async fn every_document_is_a_record_and_has_an_answer_of_its_own() {
    let stage = Stage::new(&settings(vec![http_listener()]));
    let body = concat!(
        "{\"index\":{\"_index\":\"logs-a\",\"_id\":\"7\"}}\n{\"n\":1}\n",
        "{\"create\":{}}\r\n{\"n\":2}\r\n",
        "{\"delete\":{\"_index\":\"logs-a\",\"_id\":9}}\n",
        "{\"update\":{\"_id\":\"7\"}}\n{\"doc\":{\"n\":3}}\n",
        "{ \"create\" : { \"_index\" : \"logs-b\", \"pipeline\": \"p\", \"dynamic_templates\": {\"a\": \"b\"} } }\n{\"n\":4}"
    );
    let answer = bulk(&stage, "/logs-default/_bulk?refresh=true&filter_path=items", body).await;
    assert_eq!((answer.status, answer.header("x-elastic-product")), (200, Some("Elasticsearch")));
    let document = answer.json();
    let expected = [("index", 201), ("create", 201), ("delete", 400), ("update", 400), ("create", 201)];
    assert_eq!(statuses(&document), expected.map(|(action, status)| (action.to_owned(), status)));
    assert_eq!((&document["errors"], &document["items"][0]["index"]["_id"]), (&json!(true), &json!("7")));
    assert_eq!(document["items"][2]["delete"]["_id"], "9");
    let kept = stage.kept("bank-a").await;
    let mut places: Vec<_> = kept.iter().map(|kept| (kept.origin.as_str(), kept.text.as_str())).collect();
    places.sort_unstable();
    let expected = [
        ("127.0.0.1 logs-a", "{\"n\":1}"),
        ("127.0.0.1 logs-b", "{\"n\":4}"),
        ("127.0.0.1 logs-default", "{\"n\":2}"),
    ];
    assert_eq!(places, expected);
    stage.stop().await;
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused_as_a_whole() {
    let stage = Stage::new(&settings(vec![http_listener()]));
    for (body, why) in [
        ("", "request body is required"),
        ("{\"index\":{}}\n", "document is missing"),
        ("{\"index\":{}}\n{\"n\":1}\nnonsense\n{}\n", "[3]"),
        ("{\"upsert\":{}}\n{}\n", "unknown action"),
        ("{}\n{}\n", "one action"),
        ("{\"index\":{},\"create\":{}}\n{}\n", "one action"),
        ("[1]\n{}\n", "[1]"),
    ] {
        let answer = bulk(&stage, "/_bulk", body).await;
        assert_eq!(answer.status, 400, "{body:?}");
        let reason = answer.json()["error"]["reason"].as_str().unwrap().to_owned();
        assert!(reason.contains(why), "{body:?}: {reason}");
    }
    assert!(stage.texts("bank-a").await.is_empty());
}

/// Laws ACK and LOSS: with room for seven of ten, at most seven are said to be kept, and those are.
#[tokio::test]
async fn only_what_is_durable_is_acknowledged() {
    let limits = Limits { batch_records_max: 2, ..Limits::default() };
    let options = IntakeOptions::default();
    let stage = Stage::with(
        &IntakeSettings { limits, ..settings(vec![http_listener()]) },
        options,
        TightLog::with_room(7),
    );
    let body: String = (0..10).map(|n| format!("{{\"create\":{{}}}}\n{{\"n\":{n}}}\n")).collect();
    let answer = bulk(&stage, "/_bulk", &body).await;
    assert_eq!(answer.status, 200);
    let document = answer.json();
    let kept: Vec<_> = statuses(&document).into_iter().map(|(_, status)| status).collect();
    assert_eq!(kept, [[201; 6].as_slice(), &[429; 4]].concat());
    assert_eq!(document["items"][9]["create"]["error"]["type"], "es_rejected_execution_exception");
    let texts: Vec<_> = (0..6).map(|n| format!("{{\"n\":{n}}}")).collect();
    assert_eq!(stage.texts("bank-a").await, texts);
    stage.log.set_room(0);
    let answer = bulk(&stage, "/_bulk", &body).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("1")));
    assert!(statuses(&answer.json()).iter().all(|(_, status)| *status == 429));
    stage.log.poison();
    let answer = bulk(&stage, "/_bulk", &body).await;
    assert_eq!((answer.status, statuses(&answer.json())[0].1), (503, 503));
}

#[tokio::test]
async fn credentials_come_in_every_way_that_shippers_know() {
    let stage = Stage::new(&settings(vec![http_listener()]));
    let address = stage.address("http");
    let body = "{\"index\":{}}\n{\"n\":1}\n";
    for (authorization, status) in [
        (Some(basic()), 200),
        (Some(format!("ApiKey {}", STANDARD.encode(format!("id:{KEY}")))), 200),
        (Some(format!("ApiKey {KEY}")), 200),
        (Some(format!("Bearer {KEY}")), 200),
        (Some(format!("Basic {}", STANDARD.encode("elastic:wrong"))), 401),
        (Some("Basic ???".to_owned()), 401),
        (None, 401),
    ] {
        let headers: Vec<_> = authorization.iter().map(|value| ("authorization", value.as_str())).collect();
        let answer = post(address, "/_bulk", &headers, body).await;
        assert_eq!(answer.status, status, "{authorization:?}");
        assert_eq!(answer.header("x-elastic-product"), Some("Elasticsearch"));
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401);
        for method in ["GET", "HEAD"] {
            let answer = ask(address, method, "/", &headers, b"").await;
            assert_eq!((answer.status, answer.header("x-elastic-product")), (status, Some("Elasticsearch")));
        }
    }
    assert_eq!(stage.texts("bank-a").await.len(), 4);
}

#[tokio::test]
async fn compressed_bodies_and_wrong_encodings() {
    let stage = Stage::new(&settings(vec![http_listener()]));
    let body = b"{\"index\":{}}\n{\"n\":1}\n";
    let address = stage.address("http");
    let authorization = basic();
    let mut torn = gzip(body);
    torn.truncate(torn.len() - 3);
    for (encoding, body, status) in [
        ("gzip", gzip(body), 200),
        ("zstd", super::http::zstd(body), 200),
        ("identity", body.to_vec(), 200),
        ("br", body.to_vec(), 415),
        ("gzip", body.to_vec(), 400),
        ("gzip", torn, 400),
    ] {
        let headers = [("authorization", authorization.as_str()), ("content-encoding", encoding)];
        let answer = ask(address, "PUT", "/_bulk", &headers, &body).await;
        assert_eq!(answer.status, status, "{encoding}: {}", answer.body);
    }
    assert_eq!(stage.texts("bank-a").await.len(), 3);
}
