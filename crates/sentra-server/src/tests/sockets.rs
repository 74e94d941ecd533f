use std::net::SocketAddr;
use std::time::Duration;

use sentra_model::DeadReason;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};

use super::*;
use crate::{ADDRESS_FILE, Running, Server, ServerError};

async fn start(fixture: &mut Fixture) -> Running {
    let app = fixture.app();
    Server::start(app, fixture.config.clone()).await.unwrap()
}

fn address(running: &Running, name: &str) -> SocketAddr {
    let listener = running.listeners().into_iter().find(|listener| listener.name == name).unwrap();
    listener.address.parse().unwrap()
}

/// Waits for so many records; the test runner's own time limit ends a wait in vain.
async fn wait_for(log: &FakeLog, topic: Topic, count: u64) -> Vec<String> {
    log.wait_beyond(&raw_stream("default", topic), count - 1).await.unwrap();
    stored(log, "default", topic).await
}

async fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn the_server_answers_over_a_socket_and_stops_when_told() {
    let mut fixture = fixture().await;
    let running = start(&mut fixture).await;
    let http = running.address();
    let written = std::fs::read_to_string(fixture.directory.path().join(ADDRESS_FILE)).unwrap();
    assert_eq!(written, format!("http://{http}\n"));
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {http}\r\nConnection: close\r\n\r\n");
    assert!(exchange(http, &request).await.starts_with("HTTP/1.1 200 OK"));
    let login = running.login_url().unwrap();
    let path = login.strip_prefix(&format!("http://{http}")).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {http}\r\nConnection: close\r\n\r\n");
    assert!(exchange(http, &request).await.starts_with("HTTP/1.1 303"));
    running.stop().await;
    assert!(TcpStream::connect(http).await.is_err());
    assert!(!fixture.directory.path().join(ADDRESS_FILE).try_exists().unwrap());
}

#[tokio::test]
async fn an_open_stream_does_not_keep_the_server_from_stopping() {
    let mut fixture = fixture().await;
    let running = start(&mut fixture).await;
    let mut stream = TcpStream::connect(running.address()).await.unwrap();
    let request = format!(
        "GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n",
        fixture.token
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    running.stop().await;
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
}

#[tokio::test]
async fn the_peer_address_names_the_source() {
    let mut fixture = fixture().await;
    let running = start(&mut fixture).await;
    let http = running.address();
    let request = format!(
        "POST /api/v1/ingest HTTP/1.1\r\nHost: {http}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\
         Transfer-Encoding: chunked\r\n\r\n5\r\none\nt\r\n3\r\nwo\n\r\n0\r\n\r\n",
        fixture.token
    );
    let answer = exchange(http, &request).await;
    assert!(answer.contains("\"accepted\":2"), "{answer}");
    let chunk = fixture.log.read(&raw_stream("default", Topic::Raw), 0, usize::MAX).await.unwrap();
    assert_eq!(chunk.batches[0].source.origin, "127.0.0.1");
    running.stop().await;
}

#[tokio::test]
async fn syslog_datagrams_are_records() {
    let mut fixture = fixture().await;
    let running = start(&mut fixture).await;
    let to = address(&running, "syslog_udp");
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for datagram in [&b"<34>one\n\0"[..], b"<34>two\nstill two", b"\n", b"<34>three"] {
        socket.send_to(datagram, to).await.unwrap();
    }
    let stored = wait_for(&fixture.log, Topic::Raw, 3).await;
    assert_eq!(stored, ["<34>one", "<34>two\nstill two", "<34>three"]);
    let chunk = fixture.log.read(&raw_stream("default", Topic::Raw), 0, usize::MAX).await.unwrap();
    assert_eq!(chunk.batches[0].source.origin, "127.0.0.1");
    running.stop().await;
}

#[tokio::test]
async fn syslog_connections_are_framed_as_they_say() {
    let mut fixture = fixture_with(|config| config.intake.line_bytes_max = 20).await;
    let running = start(&mut fixture).await;
    let to = address(&running, "syslog_tcp");
    let mut counted = TcpStream::connect(to).await.unwrap();
    counted.write_all(b"7 <34>one7 <34>").await.unwrap();
    wait_for(&fixture.log, Topic::Raw, 1).await;
    counted.write_all(b"two30 <34>xxxxxxxxxxxxxxxxxxxxxxxxxx9 <34>three").await.unwrap();
    wait_for(&fixture.log, Topic::Raw, 3).await;
    let mut lines = TcpStream::connect(to).await.unwrap();
    lines.write_all(b"<34>four\r\n<34>five without an end").await.unwrap();
    lines.shutdown().await.unwrap();
    let stored = wait_for(&fixture.log, Topic::Raw, 4).await;
    assert_eq!(stored, ["<34>one", "<34>two", "<34>three", "<34>four"]);
    counted.write_all(b"nonsense").await.unwrap();
    let closed = counted.read(&mut [0; 1]).await;
    assert!(matches!(closed, Ok(0) | Err(_)), "a connection without framing is closed");
    wait_for(&fixture.log, Topic::Dead, 3).await;
    let mut letters: Vec<_> =
        fixture.dead_letters("default").await.iter().map(|letter| letter.reason).collect();
    letters.sort_by_key(|reason| reason.as_str());
    assert_eq!(letters, [DeadReason::Malformed, DeadReason::TooLong, DeadReason::TooLong]);
    running.stop().await;
}

/// Law LOSS: what was received before the server was told to stop is in the log afterwards.
#[tokio::test]
async fn what_is_on_its_way_when_the_server_stops_is_kept() {
    let mut fixture = fixture_with(|config| config.intake.batch_wait_ms = 600_000).await;
    let running = start(&mut fixture).await;
    let mut lines = TcpStream::connect(address(&running, "syslog_tcp")).await.unwrap();
    lines.write_all(b"<34>one\n<34>two\n").await.unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(b"<34>three", address(&running, "syslog_udp")).await.unwrap();
    // Read from the sockets, but not due to be appended for ten minutes.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(fixture.stored("default", Topic::Raw).await.is_empty());
    running.stop().await;
    let mut stored = fixture.stored("default", Topic::Raw).await;
    stored.sort();
    assert_eq!(stored, ["<34>one", "<34>three", "<34>two"]);
}

/// Law LOSS: without room nothing is dropped; the door stops reading and goes on when there is room.
#[tokio::test]
async fn a_full_log_makes_syslog_wait() {
    let mut fixture = fixture().await;
    fixture.log.fail(Failure::FullAfter(0));
    let running = start(&mut fixture).await;
    let mut lines = TcpStream::connect(address(&running, "syslog_tcp")).await.unwrap();
    lines.write_all(b"<34>one\n").await.unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(b"<34>two", address(&running, "syslog_udp")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(fixture.stored("default", Topic::Raw).await.is_empty());
    fixture.log.fail(Failure::None);
    let mut stored = wait_for(&fixture.log, Topic::Raw, 2).await;
    stored.sort();
    assert_eq!(stored, ["<34>one", "<34>two"]);
    running.stop().await;
}

#[tokio::test]
async fn doors_that_may_not_or_cannot_open_are_clear_errors() {
    let occupied = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = occupied.local_addr().unwrap();
    type Change = Box<dyn Fn(&mut Config)>;
    let cases: [(Change, &str); 6] = [
        (
            Box::new(|config| config.server.listen = "0.0.0.0:8080".to_owned()),
            "refusing to listen on 0.0.0.0:8080",
        ),
        (Box::new(|config| config.server.listen = "[::]:8080".to_owned()), "refusing to listen on [::]:8080"),
        (
            Box::new(|config| config.server.listen = "8080".to_owned()),
            "server.listen = \"8080\" is no address",
        ),
        (Box::new(move |config| config.server.listen = taken.to_string()), "it is in use"),
        (Box::new(|config| config.intake.syslog_udp = "0.0.0.0:0".to_owned()), "intake.syslog_public = true"),
        (
            Box::new(|config| config.intake.syslog_tcp = "192.0.2.1:0".to_owned()),
            "intake.syslog_public = true",
        ),
    ];
    for (change, expected) in cases {
        let mut fixture = fixture_with(change).await;
        let app = fixture.app();
        let error: ServerError = Server::start(app, fixture.config.clone()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!fixture.directory.path().join(ADDRESS_FILE).try_exists().unwrap());
    }
}

#[tokio::test]
async fn no_syslog_is_a_choice() {
    let mut fixture = fixture_with(|config| {
        config.intake.syslog_udp.clear();
        config.intake.syslog_tcp.clear();
    })
    .await;
    let running = start(&mut fixture).await;
    assert_eq!(running.listeners().len(), 1);
    running.stop().await;
}
