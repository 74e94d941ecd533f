//! Prints how well questions are estimated before they run: fills marts with events, asks one half of a varied set of
//! questions in several rounds, then the other half that it never saw, and says which share took between half and twice
//! of what was expected, round by round and by kind of question; how long an estimate and a completion take; and by how
//! much another tenant's long questions move quick ones.
//!
//! ```text
//! cargo run --release -p sentra-query --example cost [EVENTS]
//! ```

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "it prints, and may stop where it stands"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use sentra_model::{
    BatchBuilder, Event, EventCode, EventId, Mart, Outcome, Position, RawRecord, Source, SourceKind,
    SystemClock, TenantId, TenantScope, Timestamp,
};
use sentra_query::{Asker, Desk, DeskOptions, DeskParts, QUICK_MS_MAX, Request, Role, Status};
use sentra_store::{EmbeddedMarts, MartOptions, MartStore, SqliteRecords};

const ROUNDS: usize = 6;
/// Quick questions of one tenant that are timed.
const QUICK: usize = 1_000;
/// Questions of another tenant that run all the time meanwhile.
const LONG_AT_ONCE: usize = 4;
/// Events of one segment, an hour of them.
const SEGMENT_EVENTS: u64 = 20_000;
const BEGIN: i64 = 1_767_225_600;

const TABLES: [&str; 4] = ["events", "linux", "windows", "firewall"];
const CONDITIONS: [&str; 8] = [
    "",
    "| where user == 'user7'",
    "| where src_ip in ('10.0.0.7', '10.0.1.9')",
    "| where message contains 'password 17'",
    "| where message matches regex 'password [0-9]*7 '",
    "| where EventID == 4625 and outcome == 'failure'",
    "| where time >= datetime(2026-01-01T02:00:00Z) and time < datetime(2026-01-01T04:00:00Z)",
    "| where strlen(message) > 30 and ipv4_is_in_range(src_ip, '10.0.0.0/24')",
];
const TAILS: [&str; 7] = [
    "| take 20",
    "| count",
    "| summarize n = count() by user | top 10 by n",
    "| summarize n = count() by bin(time, 1h)",
    "| summarize dcount(src_ip), max(time) by outcome",
    "| top 20 by message asc | project id, message",
    "| extend day = startofday(time) | summarize n = count() by day, code",
];

async fn fill(marts: &dyn MartStore, scope: &TenantScope, events: u64) {
    let source = Source {
        kind: SourceKind::File,
        origin: "bench.log".into(),
        format: None,
        reference: Timestamp::default(),
    };
    let marts_of = [Mart::LINUX, Mart::WINDOWS, Mart::FIREWALL];
    for from in (0..events).step_by(usize::try_from(SEGMENT_EVENTS).unwrap()) {
        let to = (from + SEGMENT_EVENTS).min(events);
        let mut builders =
            marts_of.clone().map(|mart| (BatchBuilder::new(scope.tenant().clone(), mart.clone()), mart));
        for offset in from..to {
            let number = offset.wrapping_mul(2_654_435_761) >> 7;
            let (builder, mart) = &mut builders[usize::try_from(offset % 3).unwrap()];
            let micros = i64::try_from(offset * 3_600_000_000 / SEGMENT_EVENTS).unwrap();
            let time = Timestamp::from_seconds(BEGIN).plus_micros(micros);
            let mut event = Event::new("syslog", mart.clone(), time);
            event.code = Some(if number.is_multiple_of(5) { EventCode::LL01 } else { EventCode::LL03 });
            event.outcome = if number.is_multiple_of(5) { Outcome::Success } else { Outcome::Failure };
            event.user = format!("user{}", number % 500).into();
            event.host = format!("host{}", number % 60).into();
            event.src_ip = format!("10.0.{}.{}", number % 16, number % 251).into();
            event.message = format!("Failed password {} for a user of the bench", number % 10_000).into();
            event.push("EventID", sentra_model::FieldValue::Integer(4_624 + i64::from(number % 2 == 0)));
            let raw = format!("line {offset} of the bench, number {number}");
            let record =
                RawRecord { source: &source, position: offset + 1, received: time, bytes: raw.as_bytes() };
            builder.push(EventId::raw(0, offset), &record, &event).unwrap();
        }
        let batches = builders.map(|(mut builder, _)| builder.finish().unwrap()).to_vec();
        marts.append(scope, batches, Position { partition: 0, offset: to }).await.unwrap();
        marts.flush(scope).await.unwrap();
    }
}

/// The time that so many of all do not exceed.
fn at(times: &mut [f64], percent: usize) -> f64 {
    times.sort_by(f64::total_cmp);
    times[(times.len() * percent / 100).min(times.len() - 1)]
}

/// p50 and p95 of quick questions.
async fn quick(desk: &Desk, asker: &Asker) -> (f64, f64) {
    let mut times = Vec::with_capacity(QUICK);
    for number in 0..QUICK {
        let text =
            format!("events | where user == 'user{}' | summarize n = count() by outcome", number % 500);
        let started = Instant::now();
        desk.ask(asker, &Request::new(text.as_str())).await.unwrap();
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    (at(&mut times, 50), at(&mut times, 95))
}

/// One tenant's quick questions alone, then beside another tenant's long ones.
async fn neighbours(desk: &Arc<Desk>, asker: &Asker, other: &Asker) {
    let long = "events | extend n = strlen(replace_regex(raw, '[0-9]+', 'number')) | summarize dcount(message), max(n) by user";
    let expected = desk.estimate(other, &Request::new(long)).await.unwrap().estimate.expected_ms;
    desk.ask(other, &Request::new(long)).await.unwrap();
    let learnt = desk.estimate(other, &Request::new(long)).await.unwrap().estimate.expected_ms;
    println!(
        "long questions: {expected:.0} ms expected, {learnt:.0} ms after the first (by the lane of long ones above {QUICK_MS_MAX} ms)"
    );
    for round in 0..3 {
        let alone = quick(desk, asker).await;
        let answered = Arc::new(AtomicUsize::new(0));
        let started = Instant::now();
        let tasks: Vec<_> = (0..LONG_AT_ONCE)
            .map(|_| {
                let (desk, other, answered) = (Arc::clone(desk), other.clone(), Arc::clone(&answered));
                tokio::spawn(async move {
                    loop {
                        desk.ask(&other, &Request::new(long)).await.unwrap();
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        let beside = quick(desk, asker).await;
        let took = started.elapsed().as_secs_f64();
        let answered = answered.load(Ordering::Relaxed);
        tasks.iter().for_each(tokio::task::JoinHandle::abort);
        for task in tasks {
            assert!(task.await.unwrap_err().is_cancelled());
        }
        println!(
            "round {round}: quick questions p50 {:.2}, p95 {:.2} ms alone; {:.2}, {:.2} ms beside {LONG_AT_ONCE} long ones of another tenant: {:+.0} % at p95 ({answered} of those answered in {took:.0} s)",
            alone.0,
            alone.1,
            beside.0,
            beside.1,
            (beside.1 / alone.1 - 1.0) * 100.0
        );
    }
}

/// How long it takes to say what may be written next.
async fn completions(desk: &Desk, asker: &Asker) {
    let mut times = Vec::new();
    for text in [
        "ev",
        "events | wh",
        "events | where us",
        "events | where user == '",
        "linux | summarize co",
        "user:",
    ] {
        for _ in 0..20 {
            let started = Instant::now();
            desk.complete(asker, text, text.len()).await.unwrap();
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
    }
    println!(
        "a completion takes p50 {:.2} ms, p95 {:.2} ms, max {:.2} ms",
        at(&mut times, 50),
        at(&mut times, 95),
        at(&mut times, 100)
    );
}

#[tokio::main]
async fn main() {
    let events = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(200_000);
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(SystemClock);
    let marts = EmbeddedMarts::open(dir.path(), MartOptions::default(), clock.clone()).await.unwrap();
    let scope = TenantScope::new(TenantId::default_tenant());
    let other = TenantScope::new("other".parse::<TenantId>().unwrap());
    fill(&marts, &scope, events).await;
    fill(&marts, &other, events).await;
    let records = Arc::new(SqliteRecords::in_memory().await.unwrap());
    let desk = Arc::new(Desk::new(DeskParts::new(Arc::new(marts), records, clock), DeskOptions::default()));
    let asker = Asker::new(scope, Role::Admin);
    let (mut known, mut held_out) = (Vec::new(), Vec::new());
    for (one, condition) in CONDITIONS.iter().enumerate() {
        for (two, tail) in TAILS.iter().enumerate() {
            let text = format!("{} {condition} {tail}", TABLES[(one + two) % TABLES.len()]);
            if (one + two) % 2 == 0 { known.push((text, *tail)) } else { held_out.push((text, *tail)) }
        }
    }
    println!("{events} events, {} questions to learn from, {} held out", known.len(), held_out.len());
    let mut estimated = Vec::new();
    for round in 1..=ROUNDS + 2 {
        let is_held_out = round > ROUNDS;
        let questions = if is_held_out { &held_out } else { &known };
        let mut kinds: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        let (mut within, mut inside) = (0_usize, 0_usize);
        for place in 0..questions.len() {
            // Another order in every round.
            let (text, kind) = &questions[(place * 17 + round * 5) % questions.len()];
            let request = Request::new(text.as_str());
            let started = Instant::now();
            desk.estimate(&asker, &request).await.unwrap();
            estimated.push(started.elapsed().as_secs_f64() * 1e3);
            let started = Instant::now();
            let answer = desk.ask(&asker, &request).await.unwrap();
            let took = started.elapsed().as_secs_f64() * 1e3;
            assert!(answer.status == Status::Complete, "{text}: {:?}", answer.status_detail);
            let expected = answer.estimate.unwrap();
            let is_within = took <= expected.expected_ms * 2.0 && took >= expected.expected_ms / 2.0;
            within += usize::from(is_within);
            let of_kind = kinds.entry(kind).or_default();
            *of_kind = (of_kind.0 + usize::from(is_within), of_kind.1 + 1);
            if is_held_out && !is_within {
                println!("  {text}: {took:.1} ms, {:.1} expected", expected.expected_ms);
            }
            inside += usize::from(took <= expected.high_ms && took >= expected.low_ms);
        }
        let share = |count: usize| count as f64 * 100.0 / questions.len() as f64;
        let name = if is_held_out { "held out, round" } else { "round" };
        println!(
            "{name} {round}: {:.0} % within a factor of two, {:.0} % within the band",
            share(within),
            share(inside)
        );
        if is_held_out {
            kinds.iter().for_each(|(kind, (within, all))| println!("  {within} of {all}: {kind}"));
        }
    }
    let (p50, p95, max) = (at(&mut estimated, 50), at(&mut estimated, 95), at(&mut estimated, 100));
    println!("an estimate takes p50 {p50:.2} ms, p95 {p95:.2} ms, max {max:.2} ms");
    completions(&desk, &asker).await;
    neighbours(&desk, &asker, &Asker::new(other, Role::Admin)).await;
}
