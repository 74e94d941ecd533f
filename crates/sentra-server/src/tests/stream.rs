use super::*;
use crate::live::tests::incident;

/// Reads the stream until `wanted` is in it.
async fn read_until(body: &mut Body, wanted: &str) -> String {
    let mut text = String::new();
    while !text.contains(wanted) {
        let frame = body.frame().await.expect("the stream ended").unwrap();
        text.push_str(&String::from_utf8_lossy(&frame.into_data().unwrap()));
    }
    text
}

async fn open(fixture: &mut Fixture, path: &str, last_event_id: Option<&str>) -> (HeaderMap, Body) {
    let mut request = Request::get(path)
        .header(header::HOST, "localhost")
        .header(header::ACCEPT_ENCODING, "gzip, br")
        .header(header::AUTHORIZATION, format!("Bearer {}", fixture.token))
        .body(Body::empty())
        .unwrap();
    if let Some(id) = last_event_id {
        request.headers_mut().insert("last-event-id", id.parse().unwrap());
    }
    let response = fixture.router().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let (parts, body) = response.into_parts();
    (parts.headers, body)
}

#[tokio::test]
async fn changes_are_told_as_they_happen_and_told_again_after_an_interruption() {
    let mut fixture = fixture().await;
    let shared = fixture.shared();
    let (headers, mut body) = open(&mut fixture, "/api/v1/stream", None).await;
    assert_eq!(headers[header::CONTENT_TYPE], "text/event-stream");
    assert!(!headers.contains_key(header::CONTENT_ENCODING), "a compressed stream would wait for more bytes");
    shared.app.live.incident(&incident("default", 1));
    let text = read_until(&mut body, "incident 1").await;
    assert!(text.contains("event: incident") && text.contains("id: 1000000001"), "{text}");
    drop(body);
    shared.app.live.incident(&incident("default", 2));
    let (_, mut body) = open(&mut fixture, "/api/v1/stream", Some("1000000001")).await;
    let text = read_until(&mut body, "incident 2").await;
    assert!(!text.contains("incident 1"), "{text}");
    let (_, mut body) = open(&mut fixture, "/api/v1/stream?last_event_id=5", None).await;
    assert!(read_until(&mut body, "\n\n").await.contains("retry:"));
    read_until(&mut body, "event: gap").await;
}

#[tokio::test]
async fn streams_end_when_the_server_stops_and_there_are_only_so_many() {
    let mut fixture = fixture_with(|config| config.server.streams_max = 1).await;
    let shared = fixture.shared();
    let (_, mut body) = open(&mut fixture, "/api/v1/stream", None).await;
    assert_eq!(fixture.get("/api/v1/stream").await.problem(), "busy");
    read_until(&mut body, "retry:").await;
    shared.stop.cancel();
    while let Some(frame) = body.frame().await {
        frame.unwrap();
    }
}
