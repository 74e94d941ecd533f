//! Products that cannot be installed here, by the requests that they send. Paths, headers and bodies are those of the
//! products' outputs; what they look at in the answers is what is asserted.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::http::{Answer, ask, gzip};
use super::kit::{KEY, Stage, WAIT, http_listener, settings};

fn stage() -> Stage {
    Stage::new(&settings(vec![http_listener()]))
}

async fn send(at: SocketAddr, method: &str, path: &str, headers: &[(&str, String)], body: &[u8]) -> Answer {
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    ask(at, method, path, &headers, body).await
}

/// Filebeat asks who is there, then for the licence, then sends; of the answer it asks only for what went wrong.
#[tokio::test]
async fn filebeat() {
    let stage = stage();
    let at = stage.address("http");
    let common = || {
        vec![
            (
                "user-agent",
                "Elastic-filebeat/8.17.0 (linux; amd64; 0000000; 2025-01-01 00:00:00 +0000 UTC)".to_owned(),
            ),
            ("accept", "application/json".to_owned()),
            ("authorization", format!("ApiKey {}", STANDARD.encode(format!("id:{KEY}")))),
            ("x-elastic-product-origin", "observability".to_owned()),
        ]
    };
    let hello = send(at, "GET", "/", &common(), b"").await;
    assert_eq!(hello.status, 200);
    // It sends to no server older than itself, and to none that is not Elasticsearch.
    assert_eq!(hello.json()["version"]["number"], "8.17.0");
    assert_eq!(hello.json()["version"]["build_flavor"], "default");
    assert_eq!(hello.header("x-elastic-product"), Some("Elasticsearch"));
    let licence = send(at, "GET", "/_license?human=false", &common(), b"").await;
    assert_eq!((licence.status, &licence.json()["license"]["status"]), (200, &json!("active")));
    let batch = concat!(
        "{\"create\":{\"_index\":\"filebeat\"}}\n",
        "{\"@timestamp\":\"2025-11-21T10:00:00.000Z\",\"message\":\"one\",\"agent\":{\"type\":\"filebeat\"}}\n",
        "{\"create\":{\"_index\":\"filebeat\"}}\n",
        "{\"@timestamp\":\"2025-11-21T10:00:01.000Z\",\"message\":\"two\",\"agent\":{\"type\":\"filebeat\"}}\n",
    );
    let mut headers = common();
    headers.push(("content-type", "application/json; charset=UTF-8".to_owned()));
    headers.push(("content-encoding", "gzip".to_owned()));
    let path = "/_bulk?filter_path=errors%2Citems.%2A.error%2Citems.%2A.status";
    let answer = send(at, "POST", path, &headers, &gzip(batch.as_bytes())).await;
    assert_eq!(answer.status, 200);
    let statuses: Vec<Value> = answer.json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["create"]["status"].clone())
        .collect();
    assert_eq!(statuses, [201, 201]);
    // When it is full Filebeat sends again what has 429, and only that.
    stage.log.set_room(0);
    let answer = send(at, "POST", path, &headers, &gzip(batch.as_bytes())).await;
    assert_eq!((answer.status, &answer.json()["items"][1]["create"]["status"]), (429, &json!(429)));
    assert_eq!(stage.texts("bank-a").await.len(), 2);
    // Set up with templates and policies, as it is by default.
    for (method, path) in [
        ("HEAD", "/_index_template/filebeat-8.17.0"),
        ("PUT", "/_index_template/filebeat-8.17.0"),
        ("PUT", "/_ilm/policy/filebeat"),
        ("PUT", "/_data_stream/filebeat-8.17.0"),
        ("GET", "/_data_stream/filebeat-8.17.0"),
    ] {
        assert_eq!(send(at, method, path, &common(), b"").await.status, 200, "{method} {path}");
    }
    stage.stop().await;
}

/// Fluent Bit sends to `_bulk` and looks for `"errors":false`, and to HEC one envelope behind the other.
#[tokio::test]
async fn fluent_bit() {
    let stage = stage();
    let at = stage.address("http");
    let headers = [
        ("user-agent", "Fluent-Bit".to_owned()),
        ("content-type", "application/x-ndjson".to_owned()),
        ("content-encoding", "gzip".to_owned()),
        ("authorization", format!("Basic {}", STANDARD.encode(format!("sentra:{KEY}")))),
    ];
    let batch = "{\"create\":{\"_index\":\"fluent-bit\"}}\n{\"@timestamp\":\"2025-11-21T10:00:00.000Z\",\"log\":\"one\"}\n";
    let answer = send(at, "POST", "/_bulk", &headers, &gzip(batch.as_bytes())).await;
    // It looks for these words, without a parser, in the first bytes of the answer.
    assert!(answer.status == 200 && answer.body.contains("\"errors\":false"), "{}", answer.body);
    let headers = [
        ("user-agent", "Fluent-Bit".to_owned()),
        ("content-encoding", "gzip".to_owned()),
        ("authorization", format!("Splunk {KEY}")),
    ];
    let batch = "{\"time\":1763719200.25,\"event\":{\"log\":\"one\"}}{\"time\":1763719201.5,\"event\":{\"log\":\"two\"}}";
    let answer = send(at, "POST", "/services/collector/event", &headers, &gzip(batch.as_bytes())).await;
    assert_eq!((answer.status, &answer.json()["code"]), (200, &json!(0)));
    assert_eq!(stage.texts("bank-a").await.len(), 3);
    stage.stop().await;
}

/// Vector looks whether the server is healthy before it starts, and polls for acknowledgements until they are true.
#[tokio::test]
async fn vector() {
    let stage = stage();
    let at = stage.address("http");
    let basic = ("authorization", format!("Basic {}", STANDARD.encode(format!("sentra:{KEY}"))));
    let agent = ("user-agent", "Vector/0.51.0 (x86_64-unknown-linux-gnu)".to_owned());
    let health = send(at, "GET", "/_cluster/health", &[agent.clone(), basic.clone()], b"").await;
    assert_eq!(health.status, 200);
    let headers = [
        agent.clone(),
        basic,
        ("content-type", "application/x-ndjson".to_owned()),
        ("content-encoding", "gzip".to_owned()),
    ];
    let batch = "{\"index\":{\"_index\":\"vector\",\"_type\":\"_doc\"}}\n{\"message\":\"one\"}\n";
    let answer = send(at, "POST", "/_bulk?timeout=60s", &headers, &gzip(batch.as_bytes())).await;
    assert_eq!((answer.status, &answer.json()["errors"]), (200, &json!(false)));
    let splunk = ("authorization", format!("Splunk {KEY}"));
    let health =
        send(at, "GET", "/services/collector/health/1.0", &[agent.clone(), splunk.clone()], b"").await;
    assert_eq!(health.status, 200);
    let channel = ("x-splunk-request-channel", "2a6b2c40-77a1-4a6e-9f6d-2b0a3f5f9c11".to_owned());
    let headers = [agent, splunk, channel, ("content-encoding", "gzip".to_owned())];
    let batch = "{\"event\":{\"message\":\"one\"},\"fields\":{},\"time\":1763719200.5,\"host\":\"web1\"}";
    let answer = send(at, "POST", "/services/collector/event", &headers, &gzip(batch.as_bytes())).await;
    let ack = answer.json()["ackId"].as_u64().unwrap();
    let ask = format!("{{\"acks\":[{ack}]}}");
    let answer = send(at, "POST", "/services/collector/ack", &headers[..3], ask.as_bytes()).await;
    assert_eq!(answer.json(), json!({ "acks": { ack.to_string(): true } }));
    assert_eq!(stage.texts("bank-a").await.len(), 2);
    stage.stop().await;
}

/// Shippers keep their connection for the next request.
#[tokio::test]
async fn connections_are_kept_for_the_next_request() {
    let stage = stage();
    let mut stream = TcpStream::connect(stage.address("http")).await.unwrap();
    let body = "{\"create\":{}}\n{}\n";
    let request = format!(
        "POST /_bulk HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {KEY}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"}}]}") {
            let mut piece = [0; 512];
            let length =
                tokio::time::timeout(WAIT, stream.read(&mut piece)).await.expect("no answer").unwrap();
            assert!(length > 0, "the connection was closed");
            answer.extend_from_slice(&piece[..length]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    }
    assert_eq!(stage.texts("bank-a").await.len(), 3);
    stage.stop().await;
}
