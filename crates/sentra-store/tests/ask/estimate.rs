//! What is said of a question beforehand, against what was looked at: counted, so that no machine is too slow for it.

use std::sync::Arc;

use sentra_kql::{CheckOptions, check, parse};
use sentra_model::{
    BatchBuilder, Event, EventId, ManualClock, Mart, Position, RawRecord, Severity, Source, SourceKind,
    TenantId, TenantScope, Timestamp,
};
use sentra_store::{AskLimits, EmbeddedMarts, MartOptions, MartStore, Plan, event_catalog};

const DAY: i64 = 1_767_225_600;
const CONDITIONS: [&str; 20] = [
    "true",
    "user == 'user7'",
    "user != 'user7'",
    "user == 'nobody'",
    "user in ('user3', 'user999')",
    "user =~ 'USER9'",
    "isempty(user)",
    "message contains 'failed'",
    "message has 'word17'",
    "message has 'word17' and message has 'word18'",
    "message matches regex 'word[0-9]*5$'",
    "src_ip == '192.0.2.7'",
    "src_ip == '203.0.113.1'",
    "ipv4_is_in_range(src_ip, '192.0.2.0/30')",
    "severity >= 3",
    "time >= datetime(2026-01-01T00:05:00Z) and time < datetime(2026-01-01T00:09:00Z)",
    "time < datetime(2025-01-01)",
    "id == 'raw.0.555'",
    "EventID == '4625'",
    "EventID == '4625' or user == 'user1'",
];

/// Events, and those of a segment; the last ones stay in memory.
const EVENTS: u64 = 1_030;
const SEGMENT_EVENTS: u64 = 100;

const TAILS: [&str; 5] = [
    "| count",
    "| summarize n = count() by user",
    "| project id, user",
    "| sort by message asc | take 5",
    "| summarize make_set(user), arg_max(time, id)",
];

fn is_within(expected: u64, actual: u64) -> bool {
    expected <= actual * 2 && actual <= expected * 2
}

fn plan(text: &str) -> Plan {
    let catalog = event_catalog(&[]);
    let options = CheckOptions { catalog: &catalog, now: Timestamp::from_seconds(DAY), keep_calls: false };
    check(&parse(text).unwrap(), options).unwrap()
}

/// A second between two events; words and users of each segment are its own, but for a few.
fn batches(tenant: &TenantScope, offsets: std::ops::Range<u64>) -> Vec<sentra_model::EventBatch> {
    let source = Source {
        kind: SourceKind::File,
        origin: "test.log".into(),
        format: None,
        reference: Timestamp::default(),
    };
    let mut builders = [Mart::LINUX, Mart::WINDOWS]
        .map(|mart| (BatchBuilder::new(tenant.tenant().clone(), mart.clone()), mart));
    for offset in offsets {
        let (builder, mart) = &mut builders[usize::from(offset % 3 == 0)];
        let time = Timestamp::from_seconds(DAY + i64::try_from(offset).unwrap());
        let mut event = Event::new("syslog", mart.clone(), time);
        event.user = format!("user{}", offset / 50).into();
        event.src_ip = format!("192.0.2.{}", offset % 11).into();
        event.severity = Severity::from_ocsf(u8::try_from(offset % 6).unwrap());
        event.message = format!("Failed password at word{}", offset / 25).into();
        event.push("EventID", ["4624", "4625", "4626"][usize::try_from(offset % 3).unwrap()]);
        let record = RawRecord { source: &source, position: offset + 1, received: time, bytes: b"line" };
        builder.push(EventId::raw(0, offset), &record, &event).unwrap();
    }
    builders.map(|(mut builder, _)| builder.finish().unwrap()).into()
}

#[tokio::test]
async fn nine_of_ten_estimates_are_within_a_factor_of_two() {
    let dir = tempfile::tempdir().unwrap();
    let marts = EmbeddedMarts::open(
        dir.path(),
        MartOptions::default(),
        Arc::new(ManualClock::new(Timestamp::from_seconds(DAY))),
    )
    .await
    .unwrap();
    let tenant = TenantScope::new(TenantId::default_tenant());
    for from in (0..EVENTS).step_by(SEGMENT_EVENTS as usize) {
        let end = (from + SEGMENT_EVENTS).min(EVENTS);
        marts
            .append(&tenant, batches(&tenant, from..end), Position { partition: 0, offset: end })
            .await
            .unwrap();
        if end < EVENTS {
            marts.flush(&tenant).await.unwrap();
        }
    }
    let (mut asked, mut segments, mut rows) = (0_u64, 0_u64, 0_u64);
    let mut wrong = Vec::new();
    for (number, condition) in CONDITIONS.iter().enumerate() {
        let table = ["events", "linux", "windows"][number % 3];
        for tail in TAILS {
            let text = format!("{table} | where {condition} {tail}");
            let plan = plan(&text);
            // What is hot is known: the first time footers and filters are not in memory.
            marts.ask(&tenant, &plan, &AskLimits::default()).await.unwrap();
            let expected = marts.estimate(&tenant, &plan).await.unwrap();
            let answer = marts.ask(&tenant, &plan, &AskLimits::default()).await.unwrap();
            let actual = answer.lineage.segment_rows + answer.lineage.memory_rows;
            asked += 1;
            segments += u64::from(is_within(expected.segments(), answer.segments.len() as u64));
            rows += u64::from(is_within(expected.rows(), actual));
            if !is_within(expected.rows(), actual) {
                wrong.push(format!("{text}: {} rows expected, {actual} looked at", expected.rows()));
            }
        }
    }
    let share = |within: u64| within as f64 / asked as f64;
    println!("of {asked}: segments {:.3}, rows {:.3}", share(segments), share(rows));
    assert!(
        share(segments) >= 0.9 && share(rows) >= 0.9,
        "{segments} and {rows} of {asked}:\n{}",
        wrong.join("\n")
    );
    let count = plan("events | count");
    let expected = marts.estimate(&tenant, &count).await.unwrap();
    assert_eq!((expected.segments(), expected.bytes()), (0, 0), "a count of all reads nothing");
}
