//! Syslog over TCP and UDP.

use std::time::Duration;

use sentra_intake::{IntakeSettings, Limits, ListenerSettings, Protocol};
use sentra_model::{DeadReason, SourceKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UdpSocket;

use super::kit::{Stage, WAIT, listener, route, settings};

fn tcp() -> ListenerSettings {
    listener("tcp", Protocol::SyslogTcp)
}

fn udp() -> ListenerSettings {
    listener("udp", Protocol::SyslogUdp)
}

#[tokio::test]
async fn connections_are_framed_by_count_or_by_line() {
    let stage = Stage::new(&settings(vec![tcp()]));
    stage.send("tcp", b"5 <1>ab9 <2>cd\nef\n").await;
    assert_eq!(stage.wait_for("default", 2).await, ["<1>ab", "<2>cd\nef"]);
    stage.send("tcp", b"<3>a\r\n<4>b\0\n<5>without an end").await;
    assert_eq!(stage.wait_for("default", 5).await[2..], ["<3>a", "<4>b", "<5>without an end"]);
    let kept = stage.kept("default").await;
    assert_eq!((kept[0].kind, kept[0].origin.as_str()), (SourceKind::SyslogTcp, "127.0.0.1"));
    stage.stop().await;
}

/// Law LOSS: half a message, a count that lies and a line without an end are dead letters.
#[tokio::test]
async fn what_is_no_message_is_a_dead_letter_and_lost_framing_ends_the_connection() {
    let limits = Limits { line_bytes_max: 20, ..Limits::default() };
    let stage = Stage::new(&IntakeSettings { limits, ..settings(vec![tcp()]) });
    stage.send("tcp", b"9 <1>ab").await;
    let mut lying = stage.connect("tcp").await;
    lying.write_all(b"5 <1>ab3 <2>abcdefgh").await.unwrap();
    let ended = tokio::time::timeout(WAIT, lying.read(&mut [0; 8])).await.expect("the connection stays open");
    assert!(matches!(ended, Ok(0) | Err(_)));
    stage.send("tcp", format!("<1>{}\n<2>ok\n", "x".repeat(100)).as_bytes()).await;
    let mut texts = stage.wait_for("default", 3).await;
    texts.sort_unstable();
    assert_eq!(texts, ["<1>ab", "<2>", "<2>ok"]);
    let mut letters = stage.wait_for_letters("default", 3).await;
    letters.sort_by_key(|letter| letter.reason.as_str());
    let reasons: Vec<_> = letters.iter().map(|letter| letter.reason).collect();
    assert_eq!(reasons, [DeadReason::Malformed, DeadReason::Malformed, DeadReason::TooLong]);
    assert!(letters[2].detail.contains("103 bytes"), "{:?}", letters[2]);
    stage.stop().await;
}

#[tokio::test]
async fn datagrams_are_records_and_empty_ones_are_none() {
    let limits = Limits { line_bytes_max: 20, ..Limits::default() };
    let stage = Stage::new(&IntakeSettings { limits, ..settings(vec![udp()]) });
    let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for datagram in ["<1>a\n", "", " \n", "<2>b\nc", &"x".repeat(21)] {
        sender.send_to(datagram.as_bytes(), stage.address("udp")).await.unwrap();
    }
    assert_eq!(stage.wait_for("default", 2).await, ["<1>a", "<2>b\nc"]);
    assert_eq!(stage.wait_for_letters("default", 1).await[0].reason, DeadReason::TooLong);
    stage.stop().await;
}

/// Law TENANT.
#[tokio::test]
async fn addresses_and_listeners_decide_whose_records_they_are() {
    let mut unrouted = ListenerSettings { name: "unrouted".to_owned(), ..udp() };
    unrouted.tenant = None;
    let mut of_address = route("bank-b");
    of_address.address = Some("127.0.0.0/8".to_owned().try_into().unwrap());
    of_address.listener = Some("tcp".to_owned());
    let settings = IntakeSettings { routes: vec![of_address], ..settings(vec![tcp(), udp(), unrouted]) };
    let stage = Stage::new(&settings);
    let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    sender.send_to(b"<1>nobody's", stage.address("unrouted")).await.unwrap();
    sender.send_to(b"<1>default's", stage.address("udp")).await.unwrap();
    stage.send("tcp", b"<1>b's\n").await;
    assert_eq!(stage.wait_for("bank-b", 1).await, ["<1>b's"]);
    assert_eq!(stage.wait_for("default", 1).await, ["<1>default's"]);
    stage.stop().await;
    assert_eq!(stage.texts("default").await.len(), 1);
}

/// Law LOSS: while there is no room nothing is read, and nothing is lost when there is again.
#[tokio::test]
async fn a_full_log_slows_connections_and_loses_nothing() {
    let stage = Stage::new(&settings(vec![tcp()]));
    stage.log.set_room(0);
    let lines: Vec<String> = (0..2_000).map(|number| format!("<1>{number:0200}")).collect();
    let stream = stage.connect("tcp").await;
    let (_reader, mut writer) = stream.into_split();
    let sent = format!("{}\n", lines.join("\n"));
    let sending = tokio::spawn(async move {
        writer.write_all(sent.as_bytes()).await.unwrap();
        writer
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(stage.texts("default").await.is_empty());
    stage.log.set_room(u64::MAX);
    assert_eq!(stage.wait_for("default", 2_000).await, lines);
    drop(sending.await.unwrap());
    stage.stop().await;
}

/// A log that has failed closes the door also when nothing more comes.
#[tokio::test]
async fn a_failed_log_is_noticed_without_another_datagram() {
    let stage = Stage::new(&settings(vec![udp()]));
    stage.log.poison();
    let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    sender.send_to(b"<1>a", stage.address("udp")).await.unwrap();
    // The door that has closed is not kept at the next reload: it is opened again.
    let started = std::time::Instant::now();
    loop {
        let reloaded = stage.reload(&settings(vec![udp()])).await;
        if reloaded.opened == ["udp"] {
            break;
        }
        assert!(started.elapsed() < WAIT, "the door does not close: {reloaded:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stage.stop().await;
}

#[tokio::test]
async fn what_has_arrived_when_it_stops_is_taken() {
    // More than one batch, and the stop comes before the runtime has looked at the sockets.
    let limits = Limits { batch_records_max: 7, ..Limits::default() };
    let stage = Stage::new(&IntakeSettings { limits, ..settings(vec![tcp(), udp()]) });
    let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for number in 0..50 {
        sender.send_to(format!("<1>{number}").as_bytes(), stage.address("udp")).unwrap();
    }
    let mut streams = Vec::new();
    for number in 0..20 {
        use std::io::Write as _;
        let mut stream = std::net::TcpStream::connect(stage.address("tcp")).unwrap();
        stream.write_all(format!("<2>{number}\n").as_bytes()).unwrap();
        streams.push(stream);
    }
    stage.stop().await;
    let texts = stage.texts("default").await;
    let count = |prefix: &str| texts.iter().filter(|text| text.starts_with(prefix)).count();
    assert_eq!((count("<1>"), count("<2>")), (50, 20));
}

/// The records of an audit event come as lines in between others, and are one record in the log.
#[tokio::test]
async fn audit_records_of_one_event_are_one_record() {
    let stage = Stage::new(&settings(vec![tcp()]));
    let line = |kind: &str, serial: u32| {
        format!("<13>Nov 21 10:00:00 web1 audispd: type={kind} msg=audit(1763719200.120:{serial}): a=1\n")
    };
    let lines = [
        line("SYSCALL", 7),
        line("SYSCALL", 8),
        "<34>Nov 21 10:00:00 web1 sshd[1]: hello\n".to_owned(),
        line("PATH", 7),
        line("PATH", 8),
    ];
    // The connection stays open: silence is what ends the events.
    let mut stream = stage.connect("tcp").await;
    stream.write_all(lines.concat().as_bytes()).await.unwrap();
    let texts = stage.wait_for("default", 3).await;
    assert!(texts[0].contains("sshd"), "{texts:?}");
    for (text, serial) in texts[1..].iter().zip([":7)", ":8)"]) {
        assert!(text.lines().count() == 2 && text.matches(serial).count() == 2, "{text}");
        assert!(text.contains("SYSCALL") && text.contains("PATH"), "{text}");
    }
    // The end of the connection ends them too.
    stream.write_all(line("SYSCALL", 9).as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    assert!(stage.wait_for("default", 4).await[3].contains(":9)"));
    stage.stop().await;
}
