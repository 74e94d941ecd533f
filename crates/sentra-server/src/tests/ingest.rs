use sentra_model::DeadReason;
use serde_json::json;

use super::compressed::{gzip, zstandard};
use super::*;

async fn send(fixture: &mut Fixture, path: &str, encoding: Option<&str>, body: impl Into<Body>) -> Answer {
    let mut request = Request::post(path)
        .header(header::AUTHORIZATION, format!("Bearer {}", fixture.token))
        .body(body.into())
        .unwrap();
    if let Some(encoding) = encoding {
        request.headers_mut().insert(header::CONTENT_ENCODING, encoding.parse().unwrap());
    }
    fixture.send(request).await
}

fn lines(count: usize) -> String {
    (1..=count).map(|number| format!("{{\"number\":{number}}}\n")).collect()
}

/// Law ACK: what is counted is in the log when the answer is there.
#[tokio::test]
async fn accepted_records_are_in_the_log() {
    let mut fixture = fixture().await;
    let text = lines(20_000);
    for (encoding, body) in [
        (None, text.clone().into_bytes()),
        (Some("gzip"), gzip(text.as_bytes())),
        (Some("zstd"), zstandard(text.as_bytes())),
        (Some("zstd"), [zstandard(lines(1).as_bytes()), zstandard(&text.as_bytes()[13..])].concat()),
    ] {
        let before = fixture.stored("acme", Topic::Raw).await.len();
        let answer = send(&mut fixture, "/api/v1/ingest?tenant=acme", encoding, body).await;
        assert_eq!(answer.json(), json!({ "accepted": 20_000, "rejected": [], "rejected_total": 0 }));
        let stored = fixture.stored("acme", Topic::Raw).await;
        assert_eq!(stored[before..], text.lines().collect::<Vec<_>>()[..]);
    }
    assert!(fixture.stored("default", Topic::Raw).await.is_empty());
}

#[tokio::test]
async fn a_body_arrives_in_pieces_cut_anywhere() {
    let mut fixture = fixture().await;
    let text = "one\r\n\n  \ntwo\nthree without an end";
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> = text.bytes().map(|byte| Ok(vec![byte])).collect();
    let body = Body::from_stream(futures::stream::iter(pieces));
    let answer = send(&mut fixture, "/api/v1/ingest?source=test&format=text", None, body).await;
    assert_eq!(answer.json()["accepted"], 3);
    assert_eq!(fixture.stored("default", Topic::Raw).await, ["one", "two", "three without an end"]);
    let chunk = fixture.log.read(&raw_stream("default", Topic::Raw), 0, usize::MAX).await.unwrap();
    let batch = &chunk.batches[0];
    assert_eq!((batch.source.origin.as_str(), batch.source.format.as_deref()), ("test", Some("text")));
    let positions: Vec<u64> = batch.records().map(|(_, record)| record.position).collect();
    assert_eq!(positions, [1, 4, 5]);
}

#[tokio::test]
async fn a_body_that_goes_on_where_another_ended_counts_on() {
    let mut fixture = fixture_with(|config| config.intake.request_bytes_max = 1_000).await;
    let path = "/api/v1/ingest?source=a.log&position=41&reference=2014-05-13T16:53:20Z";
    assert_eq!(send(&mut fixture, path, None, "one\n\ntwo\n").await.json()["accepted"], 2);
    let chunk = fixture.log.read(&raw_stream("default", Topic::Raw), 0, usize::MAX).await.unwrap();
    let positions: Vec<u64> = chunk.batches[0].records().map(|(_, record)| record.position).collect();
    assert_eq!(positions, [41, 43]);
    assert_eq!(chunk.batches[0].source.reference, Timestamp::from_seconds(1_400_000_000));
    let wrong = send(&mut fixture, "/api/v1/ingest?reference=May", None, "x\n").await;
    assert_eq!(wrong.problem(), "parameter-invalid");

    let announced = Request::post("/api/v1/ingest?position=41")
        .header(header::AUTHORIZATION, format!("Bearer {}", fixture.token))
        .header(header::CONTENT_LENGTH, "1001")
        .body(Body::empty())
        .unwrap();
    let answer = fixture.send(announced).await;
    assert_eq!(answer.problem(), "body-too-large");
    assert_eq!((&answer.json()["accepted"], &answer.json()["next_line"]), (&json!(0), &json!(41)));
}

/// Law LOSS: a line that is not taken is said, counted and kept as a dead letter.
#[tokio::test]
async fn a_line_that_is_too_long_is_rejected_and_kept_as_a_dead_letter() {
    let mut fixture = fixture_with(|config| config.intake.line_bytes_max = 100).await;
    let long = "x".repeat(101);
    let body = format!("a\n{}b\n", format!("{long}\n").repeat(150));
    let answer = send(&mut fixture, "/api/v1/ingest", None, body).await.json();
    assert_eq!((&answer["accepted"], &answer["rejected_total"]), (&json!(2), &json!(150)));
    assert_eq!(answer["rejected"].as_array().unwrap().len(), 100);
    assert_eq!(answer["rejected"][0]["line"], 2);
    assert_eq!(answer["rejected"][0]["reason"], "too_long");
    let letters = fixture.dead_letters("default").await;
    assert_eq!(letters.len(), 150);
    assert_eq!((letters[149].position, letters[149].reason), (151, DeadReason::TooLong));
}

/// Law LIMIT, and the answer says from where to go on.
#[tokio::test]
async fn a_body_over_the_limit_is_refused_with_what_was_taken() {
    let mut fixture = fixture_with(|config| config.intake.request_bytes_max = 100_000).await;
    let answer = send(&mut fixture, "/api/v1/ingest", None, lines(20_000)).await;
    assert_eq!(answer.problem(), "body-too-large");
    let accepted = usize::try_from(answer.json()["accepted"].as_u64().unwrap()).unwrap();
    assert_eq!(fixture.stored("default", Topic::Raw).await.len(), accepted);
    assert_eq!(answer.json()["next_line"], accepted + 1);

    let mut fixture = fixture_with(|config| config.intake.request_expanded_bytes_max = 1_000_000).await;
    for (encoding, bomb) in
        [("gzip", gzip(&vec![b'\n'; 1 << 24])), ("zstd", zstandard(&vec![b'\n'; 1 << 24]))]
    {
        assert_eq!(
            send(&mut fixture, "/api/v1/ingest", Some(encoding), bomb).await.problem(),
            "body-too-large"
        );
    }
}

#[tokio::test]
async fn a_damaged_body_gives_what_came_before_the_damage() {
    let mut fixture = fixture().await;
    let text: String =
        (0..20_000).map(|number: u32| format!("{}\n", number.wrapping_mul(2_654_435_761))).collect();
    let mut packed = gzip(text.as_bytes());
    packed.truncate(packed.len() / 2);
    let answer = send(&mut fixture, "/api/v1/ingest", Some("gzip"), packed).await;
    assert_eq!(answer.problem(), "encoding-broken");
    let accepted = usize::try_from(answer.json()["accepted"].as_u64().unwrap()).unwrap();
    assert!(accepted > 1_000, "{accepted}");
    let stored = fixture.stored("default", Topic::Raw).await;
    assert_eq!(stored, text.lines().take(accepted).collect::<Vec<_>>(), "no torn line is taken");
    assert_eq!(answer.json()["next_line"], accepted + 1);
    assert_eq!(
        send(&mut fixture, "/api/v1/ingest", Some("lz4"), "x").await.problem(),
        "encoding-unsupported"
    );
}

#[tokio::test]
async fn a_body_that_breaks_off_gives_what_came_before() {
    let mut fixture = fixture().await;
    let pieces = [Ok("one\ntwo\nthr"), Err(std::io::Error::other("gone"))];
    let body = Body::from_stream(futures::stream::iter(pieces));
    let answer = send(&mut fixture, "/api/v1/ingest", None, body).await;
    assert_eq!(answer.problem(), "body-broken-off");
    assert_eq!((&answer.json()["accepted"], &answer.json()["next_line"]), (&json!(2), &json!(3)));
    assert_eq!(fixture.stored("default", Topic::Raw).await, ["one", "two"]);
}

/// Law LOSS: no room is told to the sender, with what is safe and from where to go on.
#[tokio::test]
async fn a_full_log_is_told_to_the_sender() {
    let mut fixture = fixture_with(|config| config.intake.batch_records_max = 100).await;
    fixture.log.fail(Failure::FullAfter(250));
    let answer = send(&mut fixture, "/api/v1/ingest", None, lines(1_000)).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.problem(), "log-full");
    assert_eq!(answer.headers[header::RETRY_AFTER], "5");
    assert_eq!((&answer.json()["accepted"], &answer.json()["next_line"]), (&json!(200), &json!(201)));
    assert_eq!(fixture.stored("default", Topic::Raw).await.len(), 200);
    fixture.log.fail(Failure::Poisoned);
    assert_eq!(send(&mut fixture, "/api/v1/ingest", None, lines(1)).await.problem(), "log-poisoned");
}

#[tokio::test]
async fn wrong_names_are_refused_before_anything_is_taken() {
    let mut fixture = fixture_with(|config| config.intake.tenants_max = 2).await;
    let wrong = send(&mut fixture, "/api/v1/ingest?format=sylog", None, "x\n").await;
    assert_eq!(wrong.problem(), "parameter-invalid");
    assert_eq!(wrong.json()["next"], "did you mean syslog?");
    assert_eq!(send(&mut fixture, "/api/v1/ingest?tenant=A", None, "x\n").await.problem(), "tenant-invalid");
    assert_eq!(send(&mut fixture, "/api/v1/ingest?tenant=one", None, "x\n").await.status, StatusCode::OK);
    assert_eq!(
        send(&mut fixture, "/api/v1/ingest?tenant=two", None, "x\n").await.problem(),
        "tenants-too-many"
    );
    assert_eq!(send(&mut fixture, "/api/v1/ingest?tenant=one", None, "x\n").await.status, StatusCode::OK);
    assert_eq!(fixture.log.streams().await.unwrap().len(), 1);
}
