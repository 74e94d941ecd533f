//! Law ACK against the real binary: it is killed while senders of three protocols are in the middle of sending, and
//! what it had acknowledged is found again, once: in the log, in the mart, and in a rollup that was counted meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sentra_backbone::{EventLog, LogOptions, SegmentLog, StoredBatch};
use sentra_model::{SystemClock, Topic};

use crate::house::{Served, ok};

/// Kills in the checks; `SENTRA_KILLS` asks for more.
const KILLS: u64 = 4;
/// Of the server, from one kill to the next.
const PARTITIONS: [&str; 4] = ["4", "4", "1", "3"];
const SENDERS: u64 = 6;
const LINES_PER_REQUEST: u64 = 200;
/// Among whom the lines are shared out by their numbers.
const USERS: u64 = 7;

/// What one sender was told: numbers of lines that are durable, and of those nothing was said about.
#[derive(Default)]
struct Sent {
    acknowledged: BTreeSet<u64>,
    unanswered: BTreeSet<u64>,
}

/// A request in the protocol of the sender, with lines that carry their numbers.
fn request(sender: u64, numbers: std::ops::Range<u64>) -> (&'static str, String) {
    let lines = |around: fn(String) -> String| {
        let line = |number| around(format!("{{\"n\":{number},\"user\":\"u{}\"}}", number % USERS));
        numbers.clone().map(line).collect::<String>()
    };
    match sender % 3 {
        0 => ("/api/v1/ingest?format=json", lines(|line| line + "\n")),
        1 => ("/services/collector/event", lines(|line| format!("{{\"event\":{line},\"host\":\"h\"}}"))),
        _ => ("/_bulk", lines(|line| format!("{{\"create\":{{\"_index\":\"i\"}}}}\n{line}\n"))),
    }
}

fn send_until(stop: &AtomicBool, url: &str, token: &str, sender: u64, first: u64) -> Sent {
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .new_agent();
    let mut sent = Sent::default();
    let mut next = first;
    while !stop.load(Ordering::Relaxed) {
        let numbers = next..next + LINES_PER_REQUEST;
        next = numbers.end;
        let (path, body) = request(sender, numbers.clone());
        let post = agent.post(format!("{url}{path}")).header("authorization", format!("Bearer {token}"));
        match post.header("content-type", "application/json").send(&body) {
            Ok(answer) if answer.status() == 200 => sent.acknowledged.extend(numbers),
            _ => {
                sent.unanswered.extend(numbers);
                break;
            }
        }
    }
    sent
}

/// The numbers in the log, each with how often it is there, and the partitions.
fn stored(data: &std::path::Path) -> (BTreeMap<u64, u32>, BTreeSet<u32>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (log, _) =
            SegmentLog::open(&data.join("backbone"), LogOptions::default(), Arc::new(SystemClock)).unwrap();
        let (mut found, mut partitions) = (BTreeMap::new(), BTreeSet::new());
        let (mut streams, mut from) = (log.streams().await.unwrap(), 0);
        streams.retain(|stream| stream.topic == Topic::Raw);
        loop {
            let Some(stream) = streams.last() else { return (found, partitions) };
            partitions.insert(stream.partition);
            let chunk = log.read(stream, from, 8 << 20).await.unwrap();
            assert!(chunk.quarantined.is_empty(), "{:?}", chunk.quarantined);
            if chunk.next_offset == from {
                (_, from) = (streams.pop(), 0);
                continue;
            }
            from = chunk.next_offset;
            for (_, record) in chunk.batches.iter().flat_map(StoredBatch::records) {
                let text = String::from_utf8_lossy(record.bytes);
                let digits: String =
                    text.split("\"n\":").nth(1).unwrap().chars().take_while(char::is_ascii_digit).collect();
                *found.entry(digits.parse().unwrap()).or_insert(0) += 1;
            }
        }
    })
}

#[test]
fn a_server_killed_while_senders_send_keeps_what_it_acknowledged() {
    let kills = std::env::var("SENTRA_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let data = tempfile::tempdir().unwrap();
    let place = data.path().to_str().unwrap();
    let (mut acknowledged, mut unanswered) = (BTreeSet::new(), BTreeSet::new());
    for kill in 0..kills {
        // Another number of partitions than before the restart: what is there stays where it is.
        let partitions = PARTITIONS[kill as usize % PARTITIONS.len()];
        // Segments and their rollups are written all the time, so that kills meet them.
        let often = ("SENTRA_STORE__FLUSH_INTERVAL_MS", "40");
        let server = Served::start_with(data.path(), &[("SENTRA_BACKBONE__PARTITIONS", partitions), often]);
        if kill == 0 {
            let users = ["--mart", "events", "--key", "mart", "--key", "user", "--grain", "hour"];
            ok(&[&["marts", "rollup", "add", "users", "--data", place][..], &users].concat());
        }
        let (url, token) = (server.url.clone(), server.token());
        let stop = Arc::new(AtomicBool::new(false));
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let (stop, url, token) = (Arc::clone(&stop), url.clone(), token.clone());
                let first = (kill * SENDERS + sender) * 1_000_000;
                std::thread::spawn(move || send_until(&stop, &url, &token, sender, first))
            })
            .collect();
        // Another moment every time, from the first requests on to a second of load.
        std::thread::sleep(Duration::from_millis(50 + kill * 137 % 900));
        server.kill();
        stop.store(true, Ordering::Relaxed);
        for sender in senders {
            let sent = sender.join().unwrap();
            acknowledged.extend(sent.acknowledged);
            unanswered.extend(sent.unanswered);
        }
    }
    assert!(!acknowledged.is_empty(), "nothing was acknowledged in {kills} rounds");
    let (stored, partitions) = stored(data.path());
    assert!(partitions.len() > 1, "the senders come by several partitions: {partitions:?}");
    let lost: Vec<_> = acknowledged.iter().filter(|number| !stored.contains_key(number)).take(5).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?} of {}", acknowledged.len());
    let twice: Vec<_> = stored.iter().filter(|(_, count)| **count != 1).take(5).collect();
    assert!(twice.is_empty(), "stored more than once: {twice:?}");
    let strange: Vec<_> = stored
        .keys()
        .filter(|number| !acknowledged.contains(number) && !unanswered.contains(number))
        .take(5)
        .collect();
    assert!(strange.is_empty(), "nobody sent {strange:?}");
    // And the events are there as often as the records.
    let server = Served::start(data.path());
    let total = stored.len() as u64;
    server.wait("everything is processed", |status| status["pipeline"]["lag_records"] == 0);
    let count =
        || ok(&["query", "--data", place, "--json", "events | count"]).json()["rows"][0][0].as_u64().unwrap();
    let mut events = count();
    for _ in 0..100 {
        if events >= total {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
        events = count();
    }
    assert_eq!(events, total);
    assert_eq!(server.terminate(), 0);
    // So does the rollup, whatever was killed while it was counted.
    let question = "events | summarize lines = count() by user | sort by user asc";
    let answer = ok(&["query", "--data", place, "--json", question]).json();
    let mut expected = BTreeMap::new();
    for number in stored.keys() {
        *expected.entry(format!("u{}", number % USERS)).or_insert(0_u64) += 1;
    }
    let expected: Vec<_> =
        expected.into_iter().map(|(user, lines)| serde_json::json!([user, lines])).collect();
    assert_eq!(answer["rows"].as_array().unwrap(), &expected);
    assert!(answer.to_string().contains("answered by rollup users"), "{answer}");
}
