//! OTLP logs over HTTP and gRPC.

use expect_test::expect;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message as _;
use sentra_intake::{IntakeOptions, IntakeSettings, Limits, Protocol};
use sentra_model::{DeadReason, SourceKind};
use serde_json::{Value, json};
use tonic::codec::CompressionEncoding;
use tonic::{Code, Request};

use super::http::{Answer, ask, gzip, zstd};
use super::kit::{KEY, Stage, TightLog, http_listener, listener, settings};

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

fn value(value: Any) -> Option<AnyValue> {
    Some(AnyValue { value: Some(value) })
}

fn text(text: &str) -> Option<AnyValue> {
    value(Any::StringValue(text.to_owned()))
}

fn pair(key: &str, value: Option<AnyValue>) -> KeyValue {
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}

fn record(body: &str) -> LogRecord {
    LogRecord { body: text(body), ..LogRecord::default() }
}

fn request(records: Vec<LogRecord>) -> ExportLogsServiceRequest {
    let resource = Resource { attributes: vec![pair("service.name", text("shop"))], ..Resource::default() };
    let scope =
        InstrumentationScope { name: "lib".to_owned(), version: "1".to_owned(), ..Default::default() };
    let scope_logs = vec![ScopeLogs { scope: Some(scope), log_records: records, ..ScopeLogs::default() }];
    let resource_logs =
        vec![ResourceLogs { resource: Some(resource), scope_logs, ..ResourceLogs::default() }];
    ExportLogsServiceRequest { resource_logs }
}

fn full_record() -> LogRecord {
    let list = KeyValueList { values: vec![pair("inner", value(Any::BoolValue(true)))] };
    let array = ArrayValue {
        values: vec![AnyValue { value: Some(Any::IntValue(i64::MIN)) }, AnyValue { value: None }],
    };
    LogRecord {
        time_unix_nano: 1_763_719_200_000_000_001,
        observed_time_unix_nano: u64::MAX,
        severity_number: 17,
        severity_text: "ERROR".to_owned(),
        body: value(Any::KvlistValue(list)),
        attributes: vec![
            pair("array", value(Any::ArrayValue(array))),
            pair("double", value(Any::DoubleValue(0.5))),
            pair("endless", value(Any::DoubleValue(f64::INFINITY))),
            pair("bytes", value(Any::BytesValue(vec![0, 255]))),
            pair("twice", text("a")),
            pair("twice", text("b")),
            pair("none", None),
        ],
        flags: 1,
        trace_id: vec![0xab; 16],
        span_id: vec![1; 8],
        event_name: "shop.failed".to_owned(),
        ..LogRecord::default()
    }
}

async fn export(stage: &Stage, content_type: &str, encoding: Option<&str>, body: &[u8]) -> Answer {
    let authorization = format!("Bearer {KEY}");
    let mut headers = vec![("authorization", authorization.as_str()), ("content-type", content_type)];
    headers.extend(encoding.map(|encoding| ("content-encoding", encoding)));
    ask(stage.address("http"), "POST", "/v1/logs", &headers, body).await
}

#[tokio::test]
async fn a_record_is_written_with_everything_around_it() {
    let stage = Stage::new(&settings(vec![http_listener()]));
    let answer = export(&stage, PROTOBUF, None, &request(vec![full_record()]).encode_to_vec()).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(answer.header("content-type"), Some(PROTOBUF));
    let kept = stage.kept("bank-a").await;
    assert_eq!((kept[0].kind, kept[0].format.as_deref()), (SourceKind::OtlpHttp, Some("otlp")));
    let document: Value = serde_json::from_str(&kept[0].text).unwrap();
    expect![[r#"
        {
          "resource": {
            "attributes": {
              "service.name": "shop"
            }
          },
          "scope": {
            "name": "lib",
            "version": "1",
            "attributes": {}
          },
          "time_unix_nano": "1763719200000000001",
          "observed_time_unix_nano": "18446744073709551615",
          "severity_number": 17,
          "severity_text": "ERROR",
          "body": {
            "inner": true
          },
          "attributes": {
            "array": [
              -9223372036854775808,
              null
            ],
            "double": 0.5,
            "endless": "inf",
            "bytes": "AP8=",
            "twice": [
              "a",
              "b"
            ],
            "none": null
          },
          "trace_id": "abababababababababababababababab",
          "span_id": "0101010101010101",
          "event_name": "shop.failed",
          "flags": 1
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&document).unwrap());
    stage.stop().await;
}

/// The same request in JSON, as the specification writes it, says the same.
#[tokio::test]
async fn json_says_what_protobuf_says() {
    let stage = Stage::new(&settings(vec![http_listener()]));
    let document = json!({ "resourceLogs": [{
        "scopeLogs": [{
            "logRecords": [{
                "timeUnixNano": "1763719200000000001", "observedTimeUnixNano": "18446744073709551615",
                "severityNumber": 17, "severityText": "ERROR",
                "body": { "kvlistValue": { "values": [{ "key": "inner", "value": { "boolValue": true } }] } },
                "attributes": [
                    { "key": "array", "value": { "arrayValue": { "values": [
                        { "intValue": "-9223372036854775808" }, {},
                    ] } } },
                    { "key": "double", "value": { "doubleValue": 0.5 } },
                    { "key": "bytes", "value": { "bytesValue": "AP8=" } },
                    { "key": "twice", "value": { "stringValue": "a" } },
                    { "key": "twice", "value": { "stringValue": "b" } },
                ],
                "flags": 1, "traceId": "ab".repeat(16), "spanId": "01".repeat(8), "eventName": "shop.failed",
                "unknown": { "to": ["us"] },
            }],
            "scope": { "name": "lib", "version": "1" },
        }],
        "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": "shop" } }] },
    }]});
    let body = document.to_string();
    let answer = export(&stage, "application/json; charset=utf-8", None, body.as_bytes()).await;
    assert_eq!((answer.status, answer.json()), (200, json!({})));
    let mut record = full_record();
    record.attributes.retain(|pair| !matches!(pair.key.as_str(), "endless" | "none"));
    let protobuf = request(vec![record]).encode_to_vec();
    assert_eq!(export(&stage, PROTOBUF, None, &protobuf).await.status, 200);
    let texts = stage.texts("bank-a").await;
    assert_eq!(texts[0], texts[1]);
}

#[tokio::test]
async fn bodies_come_compressed_and_wrong_ones_are_refused() {
    let stage = Stage::new(&settings(vec![http_listener()]));
    let body = request(vec![record("a"), record("b")]).encode_to_vec();
    for (content_type, encoding, body, status) in [
        (PROTOBUF, Some("gzip"), gzip(&body), 200),
        (PROTOBUF, Some("zstd"), zstd(&body), 200),
        (PROTOBUF, None, Vec::new(), 200),
        (JSON, None, b"{}".to_vec(), 200),
        (JSON, None, b"{\"resourceLogs\":null}".to_vec(), 200),
        (JSON, None, b"{\"resourceLogs\":7}".to_vec(), 400),
        (JSON, None, b"nonsense".to_vec(), 400),
        (PROTOBUF, None, body[..body.len() - 1].to_vec(), 400),
        (PROTOBUF, None, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(), 400),
        (PROTOBUF, Some("br"), body.clone(), 415),
        ("text/plain", None, body.clone(), 415),
    ] {
        let answer = export(&stage, content_type, encoding, &body).await;
        assert_eq!(answer.status, status, "{content_type} {encoding:?} {}", answer.body);
    }
    assert_eq!(stage.texts("bank-a").await.len(), 4);
    let answer = ask(stage.address("http"), "POST", "/v1/logs", &[("content-type", JSON)], b"{}").await;
    assert_eq!((answer.status, &answer.json()["code"]), (401, &json!(16)));
}

/// Law LOSS: what is no record is a dead letter, the sender hears of it, and the others are kept.
#[tokio::test]
async fn what_is_no_record_is_said() {
    let limits = Limits { line_bytes_max: 1_000, ..Limits::default() };
    let stage = Stage::new(&IntakeSettings { limits, ..settings(vec![http_listener()]) });
    let group = |records: &str| format!(r#"{{"scopeLogs":[{{"logRecords":[{records}]}}]}}"#);
    let good = r#"{"body":{"stringValue":"good"}}"#;
    let long = format!(r#"{{"body":{{"stringValue":"{}"}}}}"#, "x".repeat(2_000));
    let wide = format!(
        r#"{{"resource":{{"attributes":[{{"key":"a","value":{{"stringValue":"{}"}}}}]}},"scopeLogs":[]}}"#,
        "x".repeat(2_000)
    );
    let records = format!("{good},{{\"timeUnixNano\":\"never\"}},{long},7,{good}");
    let body = format!(r#"{{"resourceLogs":[{},{wide},5,{}]}}"#, group(&records), group(good));
    let answer = export(&stage, JSON, None, body.as_bytes()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["partialSuccess"]["rejectedLogRecords"], "5");
    assert_eq!(stage.texts("bank-a").await.len(), 3);
    let letters = stage.letters("bank-a").await;
    let reasons: Vec<_> = letters.iter().map(|letter| (letter.position, letter.reason)).collect();
    use DeadReason::{Malformed, TooLong};
    assert_eq!(reasons, [(2, Malformed), (3, TooLong), (4, Malformed), (6, TooLong), (7, Malformed)]);
    let mut wrong = request(vec![record("good")]);
    wrong.resource_logs[0].scope_logs[0].log_records.push(record(&"x".repeat(2_000)));
    let answer = export(&stage, PROTOBUF, None, &wrong.encode_to_vec()).await;
    let said = ExportLogsServiceResponse::decode(answer.bytes.as_slice()).unwrap();
    assert_eq!(said.partial_success.unwrap().rejected_log_records, 1);
}

/// Law LIMIT: a resource stands in every one of its records, so a small request can become a large one.
#[tokio::test]
async fn a_request_may_only_become_so_much() {
    let limits = Limits { request_expanded_bytes_max: 100_000, ..Limits::default() };
    let stage = Stage::new(&IntakeSettings { limits, ..settings(vec![http_listener()]) });
    let mut request = request(vec![record("a"); 1_000]);
    let resource = request.resource_logs[0].resource.as_mut().unwrap();
    resource.attributes.push(pair("wide", text(&"x".repeat(10_000))));
    let body = request.encode_to_vec();
    assert!(body.len() < 25_000);
    let answer = export(&stage, PROTOBUF, None, &body).await;
    let said = ExportLogsServiceResponse::decode(answer.bytes.as_slice()).unwrap().partial_success.unwrap();
    let kept = stage.texts("bank-a").await.len() as i64;
    assert!((9..=11).contains(&kept), "{kept}");
    assert_eq!(kept + said.rejected_log_records, 1_000);
    let letters = stage.letters("bank-a").await;
    assert!(letters.len() == 1 && letters[0].detail.contains("request_expanded_bytes_max"), "{letters:?}");
}

#[tokio::test]
async fn a_full_log_is_said_with_retry_after() {
    let stage =
        Stage::with(&settings(vec![http_listener()]), IntakeOptions::default(), TightLog::with_room(0));
    let body = request(vec![record("a")]).encode_to_vec();
    let answer = export(&stage, PROTOBUF, None, &body).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("1")));
    let answer =
        export(&stage, JSON, None, br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}"#).await;
    assert_eq!((answer.status, &answer.json()["code"]), (429, &json!(14)));
    stage.log.poison();
    assert_eq!(export(&stage, PROTOBUF, None, &body).await.status, 503);
}

type Client = LogsServiceClient<tonic::transport::Channel>;

async fn client(stage: &Stage) -> Client {
    LogsServiceClient::connect(format!("http://{}", stage.address("grpc"))).await.unwrap()
}

fn with_key(request: ExportLogsServiceRequest) -> Request<ExportLogsServiceRequest> {
    let mut request = Request::new(request);
    request.metadata_mut().insert("authorization", format!("Bearer {KEY}").parse().unwrap());
    request
}

#[tokio::test]
async fn grpc_is_answered_when_records_are_durable() {
    let mut grpc = listener("grpc", Protocol::OtlpGrpc);
    grpc.tenant = None;
    let stage = Stage::new(&settings(vec![grpc]));
    let plain = client(&stage).await;
    let clients = [
        plain.clone(),
        plain.clone().send_compressed(CompressionEncoding::Gzip),
        plain.clone().send_compressed(CompressionEncoding::Zstd),
    ];
    for (number, mut client) in (1..).zip(clients) {
        let answer = client.export(with_key(request(vec![record("a"), full_record()]))).await.unwrap();
        assert_eq!(answer.into_inner().partial_success, None);
        assert_eq!(stage.texts("bank-a").await.len(), 2 * number);
    }
    assert_eq!(stage.kept("bank-a").await[0].kind, SourceKind::OtlpGrpc);
    let mut client = plain;
    let refused = client.export(request(vec![record("a")])).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    stage.log.set_room(0);
    let refused = client.export(with_key(request(vec![record("a")]))).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert_eq!(refused.metadata().get("grpc-retry-pushback-ms").unwrap(), "1000");
    stage.stop().await;
}

#[tokio::test]
async fn grpc_messages_have_a_limit_and_partial_answers() {
    let limits = Limits { request_bytes_max: 100_000, line_bytes_max: 1_000, ..Limits::default() };
    let stage =
        Stage::new(&IntakeSettings { limits, ..settings(vec![listener("grpc", Protocol::OtlpGrpc)]) });
    let mut client = client(&stage).await;
    let records = vec![record("a"), record(&"x".repeat(2_000)), record("b")];
    let answer = client.export(request(records)).await.unwrap().into_inner();
    assert_eq!(answer.partial_success.unwrap().rejected_log_records, 1);
    assert_eq!(stage.texts("default").await.len(), 2);
    let refused = client.export(request(vec![record(&"x".repeat(200_000))])).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    // Small over the wire, large in memory.
    let mut packed = client.send_compressed(CompressionEncoding::Gzip);
    let refused = packed.export(request(vec![record(&"x".repeat(200_000))])).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
}
