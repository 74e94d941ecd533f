//! The listener on a real socket, with senders made by hand.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::kit::{Running, WAIT, reader};
use sentra_intake::snmp::{Arrivals, BatchLimits, Communities, Community, Secret, TrapSink, Users, listen};
use tokio::net::UdpSocket;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// A v2c notification of coldStart with the community `hush`; `tag` says whether it is a trap (a7) or an inform (a6).
fn notification(tag: u8, community: &[u8; 4], request_id: u8) -> Vec<u8> {
    let uptime = [0x30, 13, 6, 8, 0x2b, 6, 1, 2, 1, 1, 3, 0, 0x43, 1, 9];
    let trap = [0x30, 23, 6, 10, 0x2b, 6, 1, 6, 3, 1, 1, 4, 1, 0, 6, 9, 0x2b, 6, 1, 6, 3, 1, 1, 5, 1];
    let list = [&[0x30, 40][..], &uptime, &trap].concat();
    let pdu = [&[tag, 51, 2, 1, request_id, 2, 1, 0, 2, 1, 0][..], &list].concat();
    let head = [&[0x30, 62, 2, 1, 1, 4, 4][..], community].concat();
    [head, pdu].concat()
}

const TRAP: u8 = 0xa7;
const INFORM: u8 = 0xa6;

/// A sink that waits for the test's word before it says that something is durable.
#[derive(Debug)]
struct Gate {
    word: Semaphore,
    durable: AtomicBool,
    works: bool,
    records: AtomicUsize,
}

impl Gate {
    fn new(works: bool) -> Arc<Self> {
        let (durable, records) = (AtomicBool::new(false), AtomicUsize::new(0));
        Arc::new(Self { word: Semaphore::new(0), durable, works, records })
    }
}

impl TrapSink for Gate {
    async fn accept(&self, _peer: IpAddr, arrivals: Arrivals) -> io::Result<()> {
        self.word.acquire().await.unwrap().forget();
        if !self.works {
            return Err(io::Error::other("the disk is gone"));
        }
        self.records.fetch_add(arrivals.records.len(), Ordering::SeqCst);
        self.durable.store(true, Ordering::SeqCst);
        Ok(())
    }
}

/// Law ACK: an answer before the sink's word is the bug that this looks for.
#[tokio::test]
async fn an_inform_is_answered_when_it_is_durable_and_not_before() {
    let gate = Gate::new(true);
    let running = Running::start(Arc::clone(&gate), BatchLimits::default()).await;
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    client.send_to(&notification(INFORM, b"hush", 7), running.address).await.unwrap();
    let mut buffer = [0; 200];
    let early = tokio::time::timeout(Duration::from_millis(200), client.recv(&mut buffer)).await;
    assert!(early.is_err(), "answered before it was durable");
    gate.word.add_permits(1);
    let length = tokio::time::timeout(WAIT, client.recv(&mut buffer)).await.unwrap().unwrap();
    assert!(gate.durable.load(Ordering::SeqCst));
    let mut expected = notification(INFORM, b"hush", 7);
    expected[11] = 0xa2;
    assert_eq!(buffer[..length], expected);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_sink_that_fails_closes_the_door_and_nothing_is_answered() {
    let gate = Gate::new(false);
    let running = Running::start(Arc::clone(&gate), BatchLimits::default()).await;
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    client.send_to(&notification(INFORM, b"hush", 7), running.address).await.unwrap();
    gate.word.add_permits(1);
    let error = tokio::time::timeout(WAIT, running.finished()).await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the disk is gone");
    assert!(client.try_recv(&mut [0; 200]).is_err());
}

#[tokio::test]
async fn what_has_arrived_when_it_stops_is_taken() {
    let gate = Gate::new(true);
    gate.word.add_permits(100);
    // The stop is there before the first look at the socket.
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for number in 0..20 {
        client.send_to(&notification(TRAP, b"hush", number), socket.local_addr().unwrap()).await.unwrap();
    }
    let stop = CancellationToken::new();
    stop.cancel();
    listen(socket, reader(), Instant::now(), BatchLimits::default(), Arc::clone(&gate), stop).await.unwrap();
    assert_eq!(gate.records.load(Ordering::SeqCst), 20);
}

#[tokio::test]
async fn batches_stay_within_their_limits_while_the_sink_waits() {
    let gate = Gate::new(true);
    let limits = BatchLimits { records_max: 3, ..BatchLimits::default() };
    let running = Running::start(Arc::clone(&gate), limits).await;
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for number in 0..20 {
        client.send_to(&notification(TRAP, b"hush", number), running.address).await.unwrap();
    }
    // Each word lets one batch of at most three pass.
    for words in 1..=7 {
        assert!(gate.records.load(Ordering::SeqCst) <= (words - 1) * 3);
        gate.word.add_permits(1);
        while gate.word.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
    }
    gate.word.add_permits(20);
    running.stop().await.unwrap();
    assert_eq!(gate.records.load(Ordering::SeqCst), 20);
}

#[tokio::test]
async fn refused_datagrams_are_handed_over_up_to_a_limit() {
    let sink = super::kit::Memory::new();
    let limits = BatchLimits { refused_max: 5, wait_ms: 60_000, ..BatchLimits::default() };
    let running = Running::start(Arc::clone(&sink), limits).await;
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for number in 0..20 {
        client.send_to(&notification(TRAP, b"lush", number), running.address).await.unwrap();
    }
    client.send_to(&notification(INFORM, b"hush", 1), running.address).await.unwrap();
    // The batch is closed by the stop; the trap is behind the others, so they have been read.
    running.stop().await.unwrap();
    let (records, refused) = sink.take();
    assert_eq!((records.len(), refused.len()), (1, 5));
    for one in refused {
        assert_eq!(one.problem.as_str(), "unknown_community");
        assert!(one.excerpt.contains("2a2a2a2a") && !one.excerpt.contains("6c757368"), "{}", one.excerpt);
    }
}

/// Devices go on sending while the users change; nothing may be lost and nothing taken twice.
#[tokio::test]
async fn a_changed_configuration_loses_no_datagram() {
    let sink = super::kit::Memory::new();
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let address = socket.local_addr().unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let started = Instant::now();
    let mut reader = reader();
    for round in 0..10 {
        let stop = CancellationToken::new();
        let limits = BatchLimits::default();
        let task = tokio::spawn(listen(
            Arc::clone(&socket),
            reader,
            started,
            limits,
            Arc::clone(&sink),
            stop.clone(),
        ));
        client.send_to(&notification(TRAP, b"hush", round), address).await.unwrap();
        tokio::task::yield_now().await;
        stop.cancel();
        client.send_to(&notification(TRAP, b"hush", 100 + round), address).await.unwrap();
        reader = task.await.unwrap().unwrap();
        client.send_to(&notification(TRAP, b"hush", 50 + round), address).await.unwrap();
        let community = Community { name: "core".to_owned(), secret: Secret::new("hush") };
        reader.reconfigure(Communities::from(vec![community]), Users::default()).unwrap();
    }
    let stop = CancellationToken::new();
    stop.cancel();
    listen(socket, reader, started, BatchLimits::default(), Arc::clone(&sink), stop).await.unwrap();
    let (records, refused) = sink.take();
    assert!(refused.is_empty());
    let mut numbers: Vec<_> = records.iter().map(|record| record["request_id"].as_i64().unwrap()).collect();
    numbers.sort_unstable();
    let expected: Vec<_> = (0..10).chain(50..60).chain(100..110).collect();
    assert_eq!(numbers, expected);
}
