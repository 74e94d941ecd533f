//! New settings while records come in.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sentra_intake::{IntakeError, IntakeSettings, ListenerSettings, Protocol};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};

use super::http::post;
use super::kit::{KEY, Stage, WAIT, http_listener, listener, route, settings};

fn named(name: &str, protocol: Protocol, format: &str) -> ListenerSettings {
    ListenerSettings { format: Some(format.to_owned()), ..listener(name, protocol) }
}

fn tcp(format: &str) -> ListenerSettings {
    named("tcp", Protocol::SyslogTcp, format)
}

#[tokio::test]
async fn what_stays_is_not_touched_and_what_changes_keeps_its_port() {
    let other = named("other", Protocol::SyslogTcp, "a");
    let stage = Stage::new(&settings(vec![tcp("a"), other.clone()]));
    let (kept_at, changed_at) = (stage.address("other"), stage.address("tcp"));
    let mut open = stage.connect("other").await;
    let mut told = stage.connect("tcp").await;
    told.write_all(b"<1>under way\n").await.unwrap();
    stage.wait_for("default", 1).await;
    let new = named("new", Protocol::SyslogTcp, "a");
    let reloaded = stage.reload(&settings(vec![tcp("b"), other, new])).await;
    assert_eq!(reloaded.kept, ["other"]);
    assert_eq!(
        (reloaded.opened, reloaded.closed),
        (vec!["tcp".to_owned(), "new".to_owned()], vec!["tcp".to_owned()])
    );
    assert_eq!((stage.address("other"), stage.address("tcp")), (kept_at, changed_at));
    // A new listener on any port has a port of its own, not another's.
    assert!(![kept_at, changed_at].contains(&stage.address("new")));
    open.write_all(b"<1>still open\n").await.unwrap();
    assert_eq!(stage.wait_for("default", 2).await[1], "<1>still open");
    // The one whose door has changed was told, and comes back.
    let ended = tokio::time::timeout(WAIT, told.read(&mut [0; 8])).await.expect("it was not told");
    assert_eq!(ended.unwrap(), 0);
    stage.send("tcp", b"<1>again\n").await;
    stage.wait_for("default", 3).await;
    let kept = stage.kept("default").await;
    assert_eq!(kept[2].format.as_deref(), Some("b"));
    stage.stop().await;
}

/// Law LOSS: nobody reads while one door ends and the other begins, and nothing is lost.
#[tokio::test]
async fn what_waits_in_a_socket_is_for_the_next_door() {
    let udp = |format| named("udp", Protocol::SyslogUdp, format);
    let stage = Stage::new(&settings(vec![tcp("a"), udp("a")]));
    let (tcp_at, udp_at) = (stage.address("tcp"), stage.address("udp"));
    let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut streams = Vec::new();
    // The runtime of this test has one thread: while this loop runs nothing is read.
    for number in 0..100 {
        sender.send_to(format!("<1>u{number:03}").as_bytes(), udp_at).unwrap();
        let mut stream = std::net::TcpStream::connect(tcp_at).unwrap();
        stream.write_all(format!("<1>t{number:03}\n").as_bytes()).unwrap();
        streams.push(stream);
    }
    stage.reload(&settings(vec![tcp("b"), udp("b")])).await;
    let mut texts = stage.wait_for("default", 200).await;
    texts.sort_unstable();
    let expected = (0..100).map(|n| format!("<1>t{n:03}")).chain((0..100).map(|n| format!("<1>u{n:03}")));
    assert_eq!(texts, expected.collect::<Vec<_>>());
    stage.stop().await;
}

#[tokio::test]
async fn what_had_arrived_at_a_removed_door_is_taken_and_then_nobody_listens() {
    let stage =
        Stage::new(&settings(vec![tcp("a"), named("udp", Protocol::SyslogUdp, "a"), http_listener()]));
    let (tcp_at, udp_at) = (stage.address("tcp"), stage.address("udp"));
    let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut streams = Vec::new();
    for number in 0..50 {
        sender.send_to(format!("<1>{number}").as_bytes(), udp_at).unwrap();
        let mut stream = std::net::TcpStream::connect(tcp_at).unwrap();
        stream.write_all(format!("<1>{number}\n").as_bytes()).unwrap();
        streams.push(stream);
    }
    let reloaded = stage.reload(&settings(vec![http_listener()])).await;
    assert_eq!((reloaded.closed.len(), reloaded.kept), (2, vec!["http".to_owned()]));
    assert_eq!(stage.texts("default").await.len(), 100);
    assert!(TcpStream::connect(tcp_at).await.is_err());
    // The ports are free again.
    drop((std::net::TcpListener::bind(tcp_at).unwrap(), std::net::UdpSocket::bind(udp_at).unwrap()));
    stage.stop().await;
}

#[tokio::test]
async fn an_address_goes_from_one_name_to_another_with_what_waits_there() {
    let stage = Stage::new(&settings(vec![tcp("a")]));
    let address = stage.address("tcp");
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.write_all(b"<1>waits\n").unwrap();
    let renamed = ListenerSettings { name: "renamed".to_owned(), address, ..tcp("b") };
    stage.reload(&settings(vec![renamed.clone()])).await;
    assert_eq!(stage.address("renamed"), address);
    assert_eq!(stage.wait_for("default", 1).await, ["<1>waits"]);
    // One address is for one listener.
    let twice = ListenerSettings { name: "twice".to_owned(), ..renamed.clone() };
    let refused = stage.intake.reload(&settings(vec![renamed, twice])).await.unwrap_err();
    assert!(matches!(refused, IntakeError::DuplicateAddress { .. }), "{refused}");
    stage.stop().await;
}

#[tokio::test]
async fn a_reload_that_fails_changes_nothing() {
    let stage = Stage::new(&settings(vec![tcp("a")]));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut elsewhere = named("elsewhere", Protocol::SyslogTcp, "a");
    elsewhere.address = taken.local_addr().unwrap();
    let mut of_all = route("bank-b");
    of_all.address = Some("127.0.0.1".to_owned().try_into().unwrap());
    let mut open = stage.connect("tcp").await;
    let wrong = IntakeSettings { routes: vec![of_all], ..settings(vec![tcp("b"), elsewhere]) };
    let refused = stage.intake.reload(&wrong).await.unwrap_err();
    assert!(matches!(refused, IntakeError::InUse { .. }), "{refused}");
    assert_eq!(stage.intake.listeners().len(), 1);
    open.write_all(b"<1>open\n").await.unwrap();
    stage.wait_for("default", 1).await;
    stage.send("tcp", b"<1>new\n").await;
    stage.wait_for("default", 2).await;
    assert!(stage.kept("default").await.iter().all(|kept| kept.format.as_deref() == Some("a")));
    stage.stop().await;
    assert!(matches!(stage.intake.reload(&wrong).await, Err(IntakeError::Stopped)));
}

/// Law TENANT: a route that is new holds for the next record of a connection that is open.
#[tokio::test]
async fn new_routes_limits_and_keys_hold_at_once() {
    let before = settings(vec![tcp("a"), http_listener()]);
    let stage = Stage::new(&before);
    let mut open = stage.connect("tcp").await;
    open.write_all(b"<1>before\n").await.unwrap();
    stage.wait_for("default", 1).await;
    let mut of_all = route("bank-b");
    of_all.listener = Some("tcp".to_owned());
    let mut after = IntakeSettings { routes: vec![of_all], ..before };
    after.limits.line_bytes_max = 30;
    after.keys.clear();
    assert_eq!(stage.reload(&after).await.kept, ["tcp", "http"]);
    open.write_all(b"<1>after\n").await.unwrap();
    assert_eq!(stage.wait_for("bank-b", 1).await, ["<1>after"]);
    let headers = [("authorization", format!("Splunk {KEY}"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(post(stage.address("http"), "/services/collector/raw", &headers, "a").await.status, 403);
    stage.stop().await;
}

/// Law LOSS: a reload while the log is full gives nothing up that had been read already.
#[tokio::test]
async fn a_reload_while_the_log_is_full_loses_nothing() {
    let udp = |format| named("udp", Protocol::SyslogUdp, format);
    let stage = Stage::new(&settings(vec![tcp("a"), udp("a")]));
    stage.log.set_room(0);
    let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut stream = stage.connect("tcp").await;
    for number in 0..20 {
        sender.send_to(format!("<1>u{number}").as_bytes(), stage.address("udp")).await.unwrap();
        stream.write_all(format!("<1>t{number}\n").as_bytes()).await.unwrap();
    }
    // Long enough for the doors to have read it; when they have not, the next ones will.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let with_tcp = settings(vec![tcp("b"), udp("b")]);
    let reload = stage.intake.reload(&with_tcp);
    let mut reload = std::pin::pin!(reload);
    assert!(tokio::time::timeout(Duration::from_millis(200), reload.as_mut()).await.is_err());
    stage.log.set_room(u64::MAX);
    assert_eq!(tokio::time::timeout(WAIT, reload).await.expect("no end").unwrap().opened.len(), 2);
    assert_eq!(stage.wait_for("default", 40).await.len(), 40);
    stage.stop().await;
}

/// Fifty changes of doors while lines come over UDP, TCP and HTTP: every line that was sent, and acknowledged where the
/// protocol can, is in the log once. Over TCP a connection that is told to end is finished before its end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_reloads_loses_nothing_and_doubles_nothing() {
    let format = |round: usize| if round.is_multiple_of(2) { "a" } else { "b" };
    let at = |round: usize| {
        let http = ListenerSettings { tenant: None, ..named("http", Protocol::Http, format(round)) };
        settings(vec![tcp(format(round)), named("udp", Protocol::SyslogUdp, format(round)), http])
    };
    let stage = Arc::new(Stage::new(&at(0)));
    let is_over = Arc::new(AtomicBool::new(false));
    let udp = tokio::spawn(send_datagrams(stage.address("udp"), Arc::clone(&is_over)));
    let tcp = tokio::spawn(send_lines(stage.address("tcp"), Arc::clone(&is_over)));
    let http = tokio::spawn(send_requests(stage.address("http"), Arc::clone(&is_over)));
    for round in 1..=50 {
        stage.reload(&at(round)).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    is_over.store(true, Ordering::SeqCst);
    let (udp, tcp, http) = (udp.await.unwrap(), tcp.await.unwrap(), http.await.unwrap());
    stage.stop().await;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for text in stage.texts("default").await.into_iter().chain(stage.texts("bank-a").await) {
        *counts.entry(text).or_default() += 1;
    }
    assert!(counts.values().all(|count| *count == 1), "something came twice");
    let came = |prefix: &str| counts.keys().filter(|text| text.starts_with(prefix)).count();
    eprintln!("{udp} datagrams, {tcp} lines, {http} requests over 50 reloads");
    assert!(udp > 50 && tcp > 50 && http > 10);
    assert_eq!((came("<1>u"), came("<1>t"), came("h")), (udp, tcp, http));
}

async fn send_datagrams(to: SocketAddr, is_over: Arc<AtomicBool>) -> usize {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut count = 0;
    while !is_over.load(Ordering::SeqCst) {
        socket.send_to(format!("<1>u{count}").as_bytes(), to).await.unwrap();
        count += 1;
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
    count
}

/// Sends until the server has said its farewell, then over a new connection.
async fn send_lines(to: SocketAddr, is_over: Arc<AtomicBool>) -> usize {
    let mut count = 0;
    while !is_over.load(Ordering::SeqCst) {
        let mut stream = TcpStream::connect(to).await.unwrap();
        let mut byte = [0];
        loop {
            stream.write_all(format!("<1>t{count}\n").as_bytes()).await.unwrap();
            count += 1;
            let farewell = tokio::time::timeout(Duration::from_millis(1), stream.read(&mut byte)).await;
            if farewell.is_ok() || is_over.load(Ordering::SeqCst) {
                break;
            }
        }
        stream.shutdown().await.unwrap();
        // What the door had read of it is kept when it has closed its end too.
        let _ = tokio::time::timeout(WAIT, stream.read(&mut byte)).await.expect("the connection stays open");
    }
    count
}

/// A line per request; only those that were acknowledged count, and no other may be there twice.
async fn send_requests(to: SocketAddr, is_over: Arc<AtomicBool>) -> usize {
    let mut count = 0;
    while !is_over.load(Ordering::SeqCst) {
        let request = format!(
            "POST /services/collector/raw HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Splunk {KEY}\r\n\
             content-length: 7\r\n\r\nh{count:06}"
        );
        let mut stream = TcpStream::connect(to).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.write_all(request.as_bytes()).await;
        let _ = tokio::time::timeout(WAIT, stream.read_to_end(&mut answer)).await.expect("no answer");
        // A connection that was reset without an answer has taken nothing.
        if answer.starts_with(b"HTTP/1.1 200") {
            count += 1;
        }
    }
    count
}
