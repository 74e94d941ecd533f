//! Measurements, for people: `cargo test -p sentra-enrich --test it -- --ignored --nocapture figures`.

use std::fmt::Write;
use std::time::Instant;

use sentra_enrich::{Assets, Enricher, EventSources, FileSource, Identities, PrivilegeRules, SourceContent};
use sentra_model::{
    BatchBuilder, Event, EventBatch, EventCode, EventId, Mart, RawRecord, Source, SourceKind, TenantId,
    Timestamp,
};

/// Resident bytes of this process.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4_096
}

fn logins() -> EventBatch {
    let source =
        Source { kind: SourceKind::File, origin: "x".into(), format: None, reference: Timestamp::default() };
    let mut builder = BatchBuilder::new(TenantId::default_tenant(), Mart::WINDOWS);
    for offset in 0..8_192_u64 {
        let time = Timestamp::from_seconds(1_772_000_000 + offset as i64);
        let mut event = Event::new("windows", Mart::WINDOWS, time);
        event.code = (offset % 4 == 0).then_some(EventCode::LL01);
        event.user = format!("user{}", offset % 500).into();
        event.product = "windows".into();
        let record = RawRecord { source: &source, position: offset, received: time, bytes: b"" };
        builder.push(EventId::raw(0, offset), &record, &event).unwrap();
    }
    builder.finish().unwrap()
}

#[test]
#[ignore = "a measurement"]
fn figures() {
    const PEOPLE: usize = 200_000;
    let mut text = String::from("employee id,username,mail,name,department,title,manager,status\n");
    for n in 0..PEOPLE {
        let (department, manager) = (n % 200, n % 5_000);
        writeln!(text, "{n},user{n},user{n}@example.com,Person {n},Department {department},Title {department},Person {manager},Active").unwrap();
    }
    let content =
        SourceContent { bytes: text.into_bytes(), as_of: Some(Timestamp::from_seconds(1_772_000_000)) };
    let (before, started) = (resident(), Instant::now());
    let mut identities = Identities::new(PrivilegeRules::default(), EventSources::default());
    let problems = identities.import(&FileSource::new("hr.csv"), &content);
    assert!(problems.is_empty() && identities.len() == PEOPLE, "{problems:?}");
    println!(
        "{PEOPLE} identities in {:?}, {} bytes each",
        started.elapsed(),
        (resident() - before) / PEOPLE as u64
    );

    let started = Instant::now();
    let found = (0..PEOPLE).filter(|n| identities.identity(&format!("CORP\\User{n}")).is_some()).count();
    println!("{found} look-ups, {:.0}/s", found as f64 / started.elapsed().as_secs_f64());

    let batch = logins();
    let mut assets = Assets::new(EventSources::default());
    let started = Instant::now();
    for _ in 0..200 {
        identities.observe(&batch);
        assets.observe(&batch);
    }
    let observed = started.elapsed();
    let sources = toml::from_str("[[identities]]\npath = \"hr.csv\"").unwrap();
    let (enricher, _) = Enricher::load(TenantId::default_tenant(), &sources, None, |_| Ok(content.clone()));
    let started = Instant::now();
    let stated: usize = (0..200).map(|_| enricher.row_statements(&batch).len()).sum();
    let rate = 200.0 * batch.len() as f64 / started.elapsed().as_secs_f64();
    println!("{rate:.0} events/s with {} statements each", stated as f64 / (200.0 * batch.len() as f64));
    println!("{:.0} events/s observed", 200.0 * batch.len() as f64 / observed.as_secs_f64());
}
