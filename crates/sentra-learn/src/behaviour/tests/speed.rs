//! How fast and how large: a million entities. Run it with `cargo test -p sentra-learn --release -- --ignored --nocapture
//! a_million_entities`.

use std::time::{Duration, Instant};

use super::*;

const USERS: u64 = 500_000;

/// A number below `below`, from a seed that goes on.
fn random(seed: &mut u64, below: u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % below
}

/// An event of user `person`, who has a host and a desk of their own and shares servers and destinations.
fn event_of(person: u64, time: i64, seed: &mut u64) -> Tale {
    let (user, host) = (format!("user{person}"), format!("pc{person}"));
    let desk = format!("10.{}.{}.{}", person >> 16 & 255, person >> 8 & 255, person & 255);
    match random(seed, 10) {
        0..3 => Tale::login(time, &user, &host, &desk),
        3..6 => Tale {
            process: format!("/usr/bin/tool{}", person % 3 + random(seed, 2)),
            parent: "/bin/bash".to_owned(),
            ..Tale::new(time, &user, &host)
        },
        6 => Tale::coded(time, &user, &host, EventCode::PA01),
        7 => Tale::coded(time, "", &host, EventCode::SS01),
        _ => Tale {
            dst: format!("198.51.100.{}", person % 50 + random(seed, 2)),
            bytes: 1_000 + random(seed, 100_000),
            ..Tale::new(time, &user, &host)
        },
    }
}

/// Time that this thread spent on a processor: others may be busy on the machine. The clock's where that is not known.
fn processor_time(began: Instant) -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    nanos.map_or_else(|| began.elapsed(), Duration::from_nanos)
}

struct Measured {
    events: u64,
    derived: usize,
    findings: usize,
    spent: Duration,
}

fn measure(
    run: &mut Run,
    days: std::ops::Range<i64>,
    batches: u64,
    pick: impl Fn(&mut u64, u64) -> u64,
) -> Measured {
    let mut seed = days.start as u64 + 1;
    let (mut events, mut spent, began) = (0, Duration::ZERO, Instant::now());
    let (mut derived, mut findings) = (0, 0);
    let total = (days.end - days.start) as u64 * batches;
    for number in 0..total {
        let start = MONDAY + days.start * DAY + (number * 86_400 / batches) as i64;
        let tales: Vec<Tale> = (0..8_192)
            .map(|row| {
                let person = pick(&mut seed, number * 8_192 + row);
                event_of(person, start + (row / 200) as i64, &mut seed)
            })
            .collect();
        let batch = batch(&tales, run.offset);
        run.offset += 8_192;
        let before = processor_time(began);
        let observed = run.behaviour.observe(&[&batch], &Lookups::none()).unwrap();
        run.behaviour.learn(&[]);
        spent += processor_time(began) - before;
        events += 8_192;
        derived += observed[0].derived.len();
        findings += observed[0].findings.len();
    }
    Measured { events, derived, findings, spent }
}

fn report(what: &str, measured: &Measured) {
    let rate = measured.events as f64 / measured.spent.as_secs_f64();
    let Measured { events, derived, findings, .. } = measured;
    println!(
        "{what}: {:.2} million events/s ({events} events, {derived} statements, {findings} findings)",
        rate / 1e6
    );
}

#[test]
#[ignore = "a measurement: takes a minute and a gigabyte"]
fn a_million_entities() {
    let mut run = Run::new(BaselineConfig { persistent: false, ..BaselineConfig::default() });
    let everybody = |_: &mut u64, number: u64| number.wrapping_mul(7_919) % USERS;
    report("every entity comes by for the first time", &measure(&mut run, 0..1, 62, everybody));
    for day in 1..4 {
        report("every entity once more", &measure(&mut run, day..day + 1, 62, everybody));
    }
    // One in eight events is of anybody, the others are of the two thousand who are at work now.
    let at_work = |seed: &mut u64, number: u64| match random(seed, 8) {
        0 => random(seed, USERS),
        _ => (number / 200_000 * 2_000 + random(seed, 2_000)) % USERS,
    };
    report("a shift at work", &measure(&mut run, 4..6, 62, at_work));
    let (bytes, entities) = (run.behaviour.bytes(), run.behaviour.entities());
    println!(
        "{entities} entities in {} MB, {} bytes each: {:?}",
        bytes >> 20,
        bytes / entities,
        run.behaviour.counters()
    );
    for (name, records, bytes) in run.behaviour.state.sizes() {
        println!("  {name}: {records} records, {} MB", bytes >> 20);
    }
    assert!(entities >= 1_000_000);
    assert!(bytes <= 500 << 20, "{} MB", bytes >> 20);

    // Rows without anything that baselines look at.
    let mut blank: Vec<Tale> =
        (0..8_192).map(|row| Tale::new(MONDAY + 6 * DAY + row / 200, "", "")).collect();
    blank[0].user = "user1".to_owned();
    blank[0].host = "pc1".to_owned();
    let blank = batch(&blank, run.offset);
    let began = Instant::now();
    for _ in 0..200 {
        run.behaviour.observe(&[&blank], &Lookups::none()).unwrap();
        run.behaviour.learn(&[]);
    }
    report(
        "rows without interest",
        &Measured { events: 200 * 8_192, derived: 0, findings: 0, spent: began.elapsed() },
    );
}

#[test]
#[ignore = "a measurement"]
fn rows_of_a_chunk() {
    let mut run = Run::new(BaselineConfig::default());
    let mut seed = 1;
    for day in 0..2 {
        for chunk in 0..20 {
            let tales: Vec<Tale> = (0..8_192)
                .map(|row| {
                    let time = MONDAY + day * DAY + chunk * 600 + row / 200;
                    event_of(random(&mut seed, 20_000), time, &mut seed)
                })
                .collect();
            run.show(&tales);
            let began = Instant::now();
            let before = processor_time(began);
            let rows = run.behaviour.take_changes();
            let spent = processor_time(began) - before;
            let bytes: usize =
                rows.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len)).sum();
            if chunk == 19 {
                println!(
                    "day {day}: {} rows, {} KB a chunk of 8,192 events, {spent:?}",
                    rows.len(),
                    bytes >> 10
                );
            }
        }
    }
}
