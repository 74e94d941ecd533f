//! Senders that are slow, lie, or want too much. Others are served all the same.

use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use prost::Message as _;
use sentra_intake::http::{ServeOptions, listener_routes, serve};
use sentra_intake::{IntakeOptions, IntakeSettings, Limits, Protocol, kernel_drops};
use sentra_model::DeadReason;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_util::sync::CancellationToken;

use super::http::{answer, ask, gzip, post, zstd};
use super::kit::{KEY, Stage, TightLog, WAIT, http_listener, listener, settings};
use super::tls::Authority;

const RAW: &str = "/services/collector/raw";
const OTLP: &str = "application/x-protobuf";

fn key() -> String {
    format!("Splunk {KEY}")
}

/// Somebody else's request, which must be served.
async fn is_served(stage: &Stage) -> u16 {
    post(stage.address("http"), RAW, &[("authorization", &key())], "served").await.status
}

/// A head that never ends, in every state in which the server could wait for more of it.
#[tokio::test]
async fn slow_heads_are_let_go() {
    let stage = Stage::new(&settings(vec![http_listener()]));
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let options = ServeOptions { connections_max: 100, header_timeout_ms: 300, grace_ms: 1_000, tls: None };
    let stop = CancellationToken::new();
    let routes = listener_routes(stage.intake.http().clone());
    let serving = tokio::spawn(serve(socket, routes, options, stop.clone()));
    for beginning in
        ["", "P", "PRI * HTTP/2.0\r\n", "GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\nhost: a\r\nx: "]
    {
        let mut slow = TcpStream::connect(address).await.unwrap();
        slow.write_all(beginning.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(WAIT, slow.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "{beginning:?} is waited for without end");
    }
    stop.cancel();
    tokio::time::timeout(WAIT, serving).await.expect("it does not end").unwrap();
}

/// Bodies that dribble hold neither a turn nor the memory that others need.
#[tokio::test]
async fn slow_bodies_are_given_up_and_others_are_served() {
    let limits = Limits { body_idle_timeout_ms: 500, ..Limits::default() };
    let options = IntakeOptions { requests_max: 1, ..IntakeOptions::default() };
    let settings = IntakeSettings { limits, ..settings(vec![http_listener()]) };
    let stage = Stage::with(&settings, options, TightLog::with_room(u64::MAX));
    let head =
        format!("POST {RAW} HTTP/1.1\r\nhost: a\r\nauthorization: {}\r\ncontent-length: 1000\r\n\r\n", key());
    let mut slow = Vec::new();
    for _ in 0..20 {
        let mut stream = stage.connect("http").await;
        stream.write_all(head.as_bytes()).await.unwrap();
        slow.push(tokio::spawn(async move {
            // A byte now and then, so that it is never idle.
            while stream.write_all(b"x").await.is_ok() {
                let read =
                    tokio::time::timeout(Duration::from_millis(100), answer(&mut stream, "POST")).await;
                if let Ok(answer) = read {
                    return answer;
                }
            }
            answer(&mut stream, "POST").await
        }));
    }
    assert_eq!(is_served(&stage).await, 200);
    drop(slow);
    assert_eq!(is_served(&stage).await, 200);
    assert_eq!(stage.texts("bank-a").await, ["served", "served"]);
    let mut stream = stage.connect("http").await;
    stream.write_all(head.replace("host: a", "host: a\r\nconnection: close").as_bytes()).await.unwrap();
    stream.write_all(b"some").await.unwrap();
    let refused = answer(&mut stream, "POST").await;
    assert_eq!((refused.status, &refused.json()["code"]), (400, &serde_json::json!(6)));
    assert!(refused.body.contains("500 ms"), "{}", refused.body);
    assert_eq!(stage.intake.memory_held().bodies_bytes, 0);
}

/// Law LIMIT: bodies come out of one memory, whoever sends them; who finds none is told to come again.
#[tokio::test]
async fn bodies_share_one_memory() {
    let options = IntakeOptions { memory_bytes_max: 100 * 1024, ..IntakeOptions::default() };
    let stage = Stage::with(&settings(vec![http_listener()]), options, TightLog::with_room(u64::MAX));
    let head = format!(
        "POST {RAW} HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: {}\r\ncontent-length: 60001\r\n\r\n",
        key()
    );
    let mut large = stage.connect("http").await;
    large.write_all(head.as_bytes()).await.unwrap();
    large.write_all(&[b'x'; 60_000]).await.unwrap();
    let started = Instant::now();
    while stage.intake.memory_held().bodies_bytes < 60_000 {
        assert!(started.elapsed() < WAIT);
        tokio::task::yield_now().await;
    }
    let second = post(stage.address("http"), RAW, &[("authorization", &key())], &"y".repeat(60_000)).await;
    assert_eq!((second.status, second.header("retry-after")), (429, Some("1")));
    // A small one has room beside it.
    assert_eq!(is_served(&stage).await, 200);
    large.write_all(b"x").await.unwrap();
    assert_eq!(answer(&mut large, "POST").await.status, 200);
    assert_eq!(stage.intake.memory_held().bodies_bytes, 0);
    assert_eq!(stage.texts("bank-a").await.len(), 2);
}

#[tokio::test]
async fn bombs_are_stopped() {
    let limits = Limits { request_bytes_max: 1_000_000, ..Limits::default() };
    let stage = Stage::new(&IntakeSettings { limits, ..settings(vec![http_listener()]) });
    let zeros = vec![b'0'; 50_000_000];
    let address = stage.address("http");
    for (encoding, bomb) in [("gzip", gzip(&zeros)), ("zstd", zstd(&zeros))] {
        assert!(bomb.len() < 100_000);
        for (path, content_type) in
            [(RAW, "text/plain"), ("/_bulk", "application/x-ndjson"), ("/v1/logs", OTLP)]
        {
            let headers = [
                ("authorization", key()),
                ("content-encoding", encoding.into()),
                ("content-type", content_type.into()),
            ];
            let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
            let answer = ask(address, "POST", path, &headers, &bomb).await;
            assert_eq!(answer.status, 413, "{path} {encoding}: {}", answer.body);
        }
    }
    let large = post(address, RAW, &[("authorization", &key())], &"x".repeat(1_100_000)).await;
    assert_eq!(large.status, 413, "{}", large.body);
    assert_eq!(stage.intake.memory_held().bodies_bytes, 0);
    assert!(stage.texts("bank-a").await.is_empty());
}

#[tokio::test]
async fn heads_are_limited_and_two_keys_are_none() {
    let stage = Stage::new(&settings(vec![http_listener()]));
    let address = stage.address("http");
    let (one, other) = (key(), "Splunk wrong".to_owned());
    let many: Vec<(&str, &str)> = (0..200).map(|_| ("x-a", "b")).collect();
    assert_eq!(post(address, RAW, &many, "a").await.status, 431);
    let long = "x".repeat(200_000);
    assert_eq!(post(address, RAW, &[("x-a", &long)], "a").await.status, 431);
    for headers in [
        [("authorization", one.as_str()), ("authorization", &other)],
        [("authorization", &other), ("authorization", &one)],
    ] {
        assert_eq!(post(address, RAW, &headers, "a").await.status, 401);
    }
    assert_eq!(
        post(address, RAW, &[("authorization", &format!("Splunk {}", "x".repeat(5_000)))], "a").await.status,
        403
    );
    assert!(stage.texts("bank-a").await.is_empty());
}

/// Law LOSS: who is refused before everything is read hears why, however much there is.
#[tokio::test]
async fn refusals_arrive_at_senders_that_still_write() {
    let mut grpc = listener("grpc", Protocol::OtlpGrpc);
    grpc.tenant = None;
    let stage = Stage::new(&settings(vec![http_listener(), grpc]));
    let body = "x".repeat(5_000_000);
    for (path, headers, status) in [
        (RAW, vec![("authorization", "Splunk wrong")], 403),
        ("/_bulk", vec![], 401),
        ("/v1/logs", vec![("content-type", OTLP)], 401),
        ("/nowhere", vec![], 404),
        ("/_bulk", vec![("authorization", "Bearer wrong"), ("content-encoding", "br")], 401),
    ] {
        for _ in 0..5 {
            assert_eq!(post(stage.address("http"), path, &headers, &body).await.status, status, "{path}");
        }
    }
    let path = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    let answer = post(stage.address("grpc"), path, &[("content-type", "application/grpc")], &body).await;
    assert_eq!(answer.header("grpc-status"), Some("16"));
}

#[tokio::test]
async fn deep_documents_are_no_danger() {
    let stage = Stage::new(&settings(vec![http_listener()]));
    let address = stage.address("http");
    let (open, close) = ("[".repeat(200_000), "]".repeat(200_000));
    let headers = [("authorization", key()), ("content-type", "application/json".to_owned())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let hec = post(address, "/services/collector", &headers, &format!("{{\"event\":{open}{close}}}")).await;
    let unclosed = post(address, "/services/collector", &headers, &format!("{{\"event\":{open}")).await;
    assert_eq!((hec.status, unclosed.status), (200, 400));
    assert_eq!(
        post(address, "/_bulk", &headers, &format!("{{\"index\":{open}{close}}}\n1\n")).await.status,
        400
    );
    let value = "{\"arrayValue\":{\"values\":[".repeat(2_000);
    let end = "]}}".repeat(2_000);
    let body =
        format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{value}{end}}},{{}}]}}]}}]}}"#);
    let otlp = post(address, "/v1/logs", &headers, &body).await;
    assert_eq!(otlp.json()["partialSuccess"]["rejectedLogRecords"], "1", "{}", otlp.body);
    // As deep as is still read: nothing of it is lost.
    let mut deep = AnyValue { value: Some(Any::StringValue("innermost".to_owned())) };
    for _ in 0..30 {
        deep = AnyValue { value: Some(Any::ArrayValue(ArrayValue { values: vec![deep] })) };
    }
    let body = export(vec![LogRecord { body: Some(deep), ..LogRecord::default() }]).encode_to_vec();
    let headers = [("authorization", key()), ("content-type", OTLP.to_owned())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(ask(address, "POST", "/v1/logs", &headers, &body).await.bytes, b"");
    assert!(stage.texts("bank-a").await.last().unwrap().contains("innermost"));
}

fn export(log_records: Vec<LogRecord>) -> ExportLogsServiceRequest {
    let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
    ExportLogsServiceRequest { resource_logs: vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }] }
}

/// Two bytes of protobuf are a record or an attribute of hundreds of bytes in memory.
#[tokio::test]
async fn small_protobuf_does_not_become_large() {
    let limits = Limits { request_expanded_bytes_max: 2_000_000, ..Limits::default() };
    let stage = Stage::new(&IntakeSettings { limits, ..settings(vec![http_listener()]) });
    let address = stage.address("http");
    let headers = [("authorization", key()), ("content-type", OTLP.to_owned())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let rejected = async |request: ExportLogsServiceRequest| {
        let answer = ask(address, "POST", "/v1/logs", &headers, &request.encode_to_vec()).await;
        assert_eq!(answer.status, 200);
        let said = ExportLogsServiceResponse::decode(answer.bytes.as_slice()).unwrap();
        said.partial_success.map_or(0, |partial| partial.rejected_log_records)
    };
    let empty = rejected(export(vec![LogRecord::default(); 100_000])).await;
    let kept = stage.texts("bank-a").await.len() as i64;
    assert!(empty > 80_000 && empty + kept == 100_000, "{empty} {kept}");
    let attributes = vec![KeyValue::default(); 400_000];
    assert_eq!(rejected(export(vec![LogRecord { attributes, ..LogRecord::default() }])).await, 1);
    assert_eq!(stage.letters("bank-a").await.last().unwrap().reason, DeadReason::TooLong);
}

#[tokio::test]
async fn frames_of_grpc_that_lie_are_refused() {
    let stage = Stage::new(&settings(vec![listener("grpc", Protocol::OtlpGrpc)]));
    let path = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    let message = export(vec![LogRecord::default()]).encode_to_vec();
    let frame = |flag: u8, length: usize| {
        [&[flag][..], &u32::try_from(length).unwrap().to_be_bytes(), &message].concat()
    };
    // (body, encoding, what grpc-status says)
    for (body, encoding, status) in [
        (Vec::new(), "identity", "3"),
        (vec![0, 0, 0], "identity", "3"),
        (frame(0, message.len() + 1), "identity", "3"),
        (frame(0, 0xffff_ffff), "identity", "3"),
        (frame(0, 0), "identity", "3"),
        (frame(1, message.len()), "gzip", "3"),
        (frame(1, message.len()), "snappy", "12"),
        (frame(7, message.len()), "identity", "3"),
    ] {
        let headers = [("content-type", "application/grpc"), ("grpc-encoding", encoding)];
        let answer = ask(stage.address("grpc"), "POST", path, &headers, &body).await;
        assert_eq!(answer.header("grpc-status"), Some(status), "{body:?} {encoding}: {}", answer.head);
    }
    let answer = ask(stage.address("grpc"), "POST", "/other.Service/Call", &[], b"").await;
    assert_eq!(answer.header("grpc-status"), Some("12"));
    assert!(stage.texts("default").await.is_empty());
}

/// As many silent connections as this process may open, and a sender beside them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_idle_connections_do_not_harm_others() {
    let stage = Stage::new(&settings(vec![listener("tcp", Protocol::SyslogTcp), http_listener()]));
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(1 << 20);
    // Both ends of each connection are files of this process.
    let count = usize::try_from(files.saturating_sub(500) / 2).unwrap().min(10_000) / 2;
    let mut idle = Vec::new();
    for number in 0..count {
        let mut half = stage.connect("tcp").await;
        // Some have begun a message.
        if number.is_multiple_of(3) {
            half.write_all(b"9999999999 <1>").await.unwrap();
        }
        idle.push((half, stage.connect("http").await));
    }
    eprintln!("{} idle connections of {files} files", 2 * idle.len());
    stage.send("tcp", b"<1>served\n").await;
    stage.wait_for("default", 1).await;
    assert_eq!(is_served(&stage).await, 200);
    let held = stage.intake.memory_held();
    assert_eq!((held.bodies_bytes, held.connections_bytes), (0, 0));
    drop(idle);
    stage.stop().await;
    assert_eq!(stage.texts("default").await, ["<1>served"]);
}

/// Law LIMIT: lines without an end take memory that all connections share, and a sender of short ones has its own.
#[tokio::test]
async fn endless_lines_share_one_memory() {
    // A quarter of it is for connections: half a MiB.
    let options = IntakeOptions { memory_bytes_max: 2 << 20, ..IntakeOptions::default() };
    let settings = settings(vec![listener("tcp", Protocol::SyslogTcp)]);
    let stage = Stage::with(&settings, options, TightLog::with_room(u64::MAX));
    let mut endless = Vec::new();
    for number in 0..20 {
        let mut stream = stage.connect("tcp").await;
        endless.push(tokio::spawn(async move {
            let beginning = format!("<1>{number:03}");
            let _ = stream.write_all(beginning.as_bytes()).await;
            for _ in 0..90 {
                if stream.write_all(&[b'x'; 10_000]).await.is_err() {
                    break;
                }
            }
            let _ = stream.shutdown().await;
            // Open until the door has read everything.
            let _ = stream.read(&mut [0; 8]).await;
        }));
    }
    let mut most = 0;
    for number in 0..100 {
        stage.send("tcp", format!("<2>{number}\n").as_bytes()).await;
        most = most.max(stage.intake.memory_held().connections_bytes);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(most > 0 && most <= 512 * 1024, "{most}");
    let started = Instant::now();
    while stage.texts("default").await.iter().filter(|text| text.starts_with("<2>")).count() < 100 {
        assert!(started.elapsed() < WAIT, "the others were not served");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for task in endless {
        task.abort();
        let _ = task.await;
    }
    stage.stop().await;
    assert_eq!(stage.intake.memory_held().connections_bytes, 0);
}

/// A line over the limit is counted to its end and takes no more memory than the limit.
#[tokio::test]
async fn a_line_over_the_limit_is_a_dead_letter() {
    let stage = Stage::new(&settings(vec![listener("tcp", Protocol::SyslogTcp)]));
    let mut line = vec![b'x'; 5_000_000];
    line.push(b'\n');
    stage.send("tcp", &[&b"<1>a\n<1>"[..], &line, b"<1>b\n"].concat()).await;
    assert_eq!(stage.wait_for("default", 2).await, ["<1>a", "<1>b"]);
    let letters = stage.wait_for_letters("default", 1).await;
    assert!(letters[0].detail.contains("5000003 bytes"), "{}", letters[0].detail);
    stage.stop().await;
    assert_eq!(stage.intake.memory_held().connections_bytes, 0);
}

/// Datagrams cannot be slowed: what the kernel had to drop is counted by it, and everything else is in the log.
#[tokio::test]
async fn every_datagram_of_a_flood_is_kept_or_counted_by_the_kernel() {
    let limits = Limits { udp_receive_buffer_bytes: 8_192, batch_records_max: 10, ..Limits::default() };
    let stage =
        Stage::new(&IntakeSettings { limits, ..settings(vec![listener("udp", Protocol::SyslogUdp)]) });
    stage.log.set_room(0);
    let (sender, address) = (UdpSocket::bind("127.0.0.1:0").await.unwrap(), stage.address("udp"));
    for number in 0..3_000 {
        sender.send_to(format!("<1>{number}").as_bytes(), address).await.unwrap();
    }
    let Ok(table) = std::fs::read_to_string("/proc/net/udp") else {
        eprintln!("SKIP: this machine has no /proc/net/udp");
        return;
    };
    let dropped = kernel_drops(&table, address).unwrap();
    assert!(dropped > 0);
    stage.log.set_room(u64::MAX);
    stage.stop().await;
    let kept = stage.texts("default").await.len() as u64;
    eprintln!("{kept} kept, {dropped} dropped by the kernel and counted");
    assert_eq!(kept + dropped, 3_000);
}

/// Handshakes that never end do not hold up the end of the doors.
#[tokio::test]
async fn silent_handshakes_end_with_their_door() {
    let authority = Authority::new("ours");
    let tls = |name, protocol| sentra_intake::ListenerSettings {
        tls: Some(authority.server(None, false)),
        ..listener(name, protocol)
    };
    let stage = Stage::new(&settings(vec![tls("tcp", Protocol::SyslogTcp), tls("http", Protocol::Http)]));
    let silent = [stage.connect("tcp").await, stage.connect("http").await];
    tokio::task::yield_now().await;
    let started = Instant::now();
    stage.stop().await;
    // A handshake may take ten seconds while its door is open.
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    drop(silent);
}

/// Whatever a sender's clock says, the record is taken as it came.
#[tokio::test]
async fn clocks_that_are_years_off_are_no_reason_to_refuse() {
    let stage = Stage::new(&settings(vec![http_listener(), listener("tcp", Protocol::SyslogTcp)]));
    let body: String = ["-1e300", "9e99", "\"never\"", "null"]
        .map(|time| format!("{{\"time\":{time},\"event\":\"a\"}}"))
        .concat();
    let answer =
        post(stage.address("http"), "/services/collector", &[("authorization", &key())], &body).await;
    assert_eq!((answer.status, stage.texts("bank-a").await.len()), (200, 4));
    stage
        .send("tcp", b"<13>1 9999-12-31T23:59:60Z a b - - - c\n<13>1 0000-00-00T00:00:00Z a b - - - c\n")
        .await;
    stage.wait_for("default", 2).await;
    stage.stop().await;
}
