//! Real events: what they cost, and that nothing is missed that the language finds.

// Helpers of tests are not inside `#[test]` functions, where clippy allows these.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;

use sentra_decode::{DecodeOptions, Decoded, Decoder};
use sentra_forensic::{
    Budget, Clause, Condition, Deadline, Document, EmbeddedIndex, EmbeddedOptions, ForensicConfig, Policy,
    Progress, Routed, Router, TextIndex, TextQuery, Why,
};
use sentra_model::{
    BatchBuilder, EventBatch, EventId, Mart, RawRecord, Source, SourceKind, TenantId, TenantScope, Timestamp,
};

/// Events that are taken.
const EVENTS: usize = 1_500;

const WORDS: [&str; 14] = [
    "powershell",
    "mimikatz",
    "cmd.exe",
    "lsass.exe",
    "System32",
    "NT AUTHORITY",
    "wmiprvse.exe",
    "theshire",
    "Microsoft-Windows-Sysmon",
    "0x1410",
    "rundll32.exe",
    "HKLM",
    "svchost.exe -k",
    "WORKSTATION5.theshire.local",
];

fn batches() -> Option<(Vec<EventBatch>, u64)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/windows/otrf.ndjson.zst");
    let file = std::fs::File::open(path).ok()?;
    let lines = BufReader::new(zstd::Decoder::new(file).ok()?).lines();
    let decoder = Decoder::new(DecodeOptions::default());
    let reference = Timestamp::from_seconds(1_790_000_000);
    let source = Source { kind: SourceKind::File, origin: "otrf.ndjson".into(), format: None, reference };
    let mut builders: BTreeMap<Mart, BatchBuilder> = BTreeMap::new();
    let mut bytes = 0;
    // Spread over all attacks.
    for (offset, line) in (0_u64..).zip(lines.map(Result::unwrap).step_by(48).take(EVENTS)) {
        let record =
            RawRecord { source: &source, position: offset + 1, received: reference, bytes: line.as_bytes() };
        bytes += line.len() as u64;
        let Decoded::Event(event) = decoder.decode(&record) else { continue };
        let builder = builders
            .entry(event.mart.clone())
            .or_insert_with(|| BatchBuilder::new(TenantId::default_tenant(), event.mart.clone()));
        builder.push(EventId::raw(0, offset), &record, &event).unwrap();
    }
    let finished = builders.into_values().map(|mut builder| builder.finish().unwrap()).collect();
    Some((finished, bytes))
}

#[test]
fn real_events_are_found_and_take_less_than_they_were() {
    let Some((batches, raw_bytes)) = batches() else {
        println!("SKIP: no ../shared/data/windows/otrf.ndjson.zst");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let config = ForensicConfig {
        budget: Budget { share_percent: 100.0, floor_bytes: 1 << 30 },
        ..ForensicConfig::default()
    };
    let index = EmbeddedIndex::new(directory.path(), &config, EmbeddedOptions::default()).unwrap();
    let scope = TenantScope::new(TenantId::default_tenant());
    let started = std::time::Instant::now();
    let routed = batches.iter().flat_map(|batch| {
        batch.rows().map(|row| Routed {
            document: Document::of_row(row, batch.mart()),
            why: vec![Why::Policy("all".into())],
        })
    });
    let routed: Vec<Routed> = routed.collect();
    let events = routed.len() as u64;
    let progress = Progress { partition: 0, from: 0, next: EVENTS as u64, raw_bytes };
    index.append(&scope, routed, Some(progress)).unwrap();
    index.commit(&scope).unwrap();
    let took = started.elapsed();
    let stats = index.stats(&scope).unwrap();
    assert_eq!(stats.documents, events);
    println!(
        "{events} events of {raw_bytes} bytes: {} bytes of index, {} each, in {took:?}",
        stats.bytes,
        stats.bytes / events
    );
    assert!(stats.bytes < raw_bytes / 2, "{} of {raw_bytes}", stats.bytes);
    for word in WORDS {
        let condition = Condition::parse(&format!("{word:?}")).unwrap();
        let policy = Policy { name: "word".into(), condition: Some(condition), ..Policy::default() };
        let router = Router::new(&ForensicConfig { policies: vec![policy], ..ForensicConfig::default() });
        let wanted: BTreeSet<u64> = batches
            .iter()
            .flat_map(|batch| {
                router.route(batch).into_iter().map(|(row, _)| batch.row(row).unwrap().id().offset)
            })
            .collect();
        let query = TextQuery {
            must: vec![Clause::Has(word.into())],
            limit: 10_000,
            with_cut: true,
            ..TextQuery::default()
        };
        let answer = index.search(&scope, &query, &Deadline::never()).unwrap();
        let found: BTreeSet<u64> = answer.hits.iter().map(|hit| hit.id.offset).collect();
        let missed: Vec<&u64> = wanted.difference(&found).collect();
        println!("{word:?}: {} wanted, {} found", wanted.len(), found.len());
        assert_eq!(missed, Vec::<&u64>::new(), "{word}");
        if word.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            assert_eq!(found, wanted, "{word}");
        }
    }
}
