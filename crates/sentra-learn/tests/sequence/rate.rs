//! How fast the detector is. Run by hand: `cargo test -p sentra-learn --test sequence rate -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use sentra_learn::sequence::{
    Alphabet, DetectorSettings, FitSettings, ModelKind, SequenceDetector, SequenceModel, SymbolForm,
};
use sentra_model::{
    BatchBuilder, Event, EventBatch, EventId, Mart, RawRecord, Source, SourceKind, TenantId, Timestamp,
};

use crate::generator::{Dice, people};
use crate::measure::all_symbols;

/// Time this thread was given by the kernel, or since the start where it does not say.
fn busy(start: Instant) -> Duration {
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = schedule.split(' ').next().and_then(|nanos| nanos.parse().ok());
    nanos.map_or_else(|| start.elapsed(), Duration::from_nanos)
}

/// Batches of the days of `users`, who come in no order.
fn batches(users: usize, count: usize) -> Vec<EventBatch> {
    let mut dice = Dice::new(9);
    let days = people(200, 40, &mut dice);
    let names: Vec<String> = (0..users).map(|number| format!("user{number:06}")).collect();
    let mut next = vec![0_usize; users];
    let source = Source {
        kind: SourceKind::File,
        origin: "rate".to_owned(),
        format: None,
        reference: Timestamp::from_seconds(0),
    };
    let mut offset = 0;
    let mut batch = || {
        let mut builder = BatchBuilder::new(TenantId::default_tenant(), Mart::LINUX);
        while !builder.is_full() {
            let user = dice.below(users);
            let events = &days[user % days.len()];
            let mut event = Event::new("rate", Mart::LINUX, Timestamp::from_seconds(offset as i64 / 100));
            event.user = names[user].as_str().into();
            event.code = Some(events[next[user] % events.len()].parse().unwrap());
            next[user] += 1;
            let record = RawRecord { source: &source, position: offset, received: event.time, bytes: b"" };
            builder.push(EventId::raw(0, offset), &record, &event).unwrap();
            offset += 1;
        }
        builder.finish().unwrap()
    };
    (0..count).map(|_| batch()).collect()
}

#[test]
#[ignore = "a measurement"]
fn rate() {
    let mut dice = Dice::new(1);
    let alphabet = Alphabet::codes(SymbolForm::Code);
    let training = all_symbols(&alphabet, &people(100, 20, &mut dice));
    let held_out = all_symbols(&alphabet, &people(40, 20, &mut dice));
    for kind in [ModelKind::Ngram, ModelKind::Gru] {
        let start = Instant::now();
        let model =
            SequenceModel::fit(kind, &alphabet, &training, &held_out, &FitSettings::default()).unwrap();
        let report = model.report();
        println!(
            "{}: fitted on {} events in {:.1?}, {} epochs, {} bytes",
            kind.as_str(),
            report.events,
            start.elapsed(),
            report.epochs,
            model.to_bytes().len()
        );
        for users in [100, 10_000, 200_000] {
            let batches = batches(users, 120);
            let mut detector =
                SequenceDetector::new(TenantId::default_tenant(), model.clone(), DetectorSettings::default())
                    .unwrap();
            let (mut events, mut rows) = (0, 0);
            // Everybody comes in once before the clock runs.
            for batch in &batches[..20] {
                detector.observe(batch).unwrap();
            }
            let before = busy(start);
            for batch in &batches[20..] {
                detector.observe(batch).unwrap();
                events += batch.len();
            }
            let observed = busy(start) - before;
            let start = Instant::now();
            rows += detector.take_changes().len();
            println!(
                "{}: {users} users: {:.2} million events/s; {rows} changes in {:.1?}; {:?}",
                kind.as_str(),
                events as f64 / observed.as_secs_f64() / 1e6,
                start.elapsed(),
                detector.stats()
            );
        }
    }
}
