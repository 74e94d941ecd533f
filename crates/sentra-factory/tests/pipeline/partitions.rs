//! A tenant's records come by several partitions, each source in one of them: nothing that is found may depend on it.

use sentra_backbone::partition_of;

use super::*;

/// Ten failures of an address within five minutes, as a rule that drops what is late.
const MANY: &str = r#"rule many { events: $e.principal.ip = $ip match: $ip over 5m condition: #e >= 10 }"#;

/// A line of a source, and when it was written and arrived: seconds of a day.
#[derive(Clone)]
struct Sent {
    origin: &'static str,
    second: i64,
    line: String,
}

fn sent(origin: &'static str, second: i64, text: &str) -> Sent {
    let (hours, minutes, seconds) = (second / 3_600, second / 60 % 60, second % 60);
    let line = format!("Dec 10 {hours:02}:{minutes:02}:{seconds:02} web-1 {text}");
    Sent { origin, second, line }
}

fn failure(origin: &'static str, second: i64, address: &str) -> Sent {
    sent(origin, second, &format!("sshd[9]: Failed password for root from {address} port 4 ssh2"))
}

/// Attacks that come by many sources, of which four partitions have each some.
fn attacks() -> Vec<Sent> {
    let origins = ["192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.13", "192.0.2.23", "192.0.2.15"];
    let origin = |number: i64| origins[number as usize % origins.len()];
    let mut all: Vec<Sent> =
        (0..40).map(|n| failure(origin(n * 5 + 1), 600 + n * 7, "198.51.100.7")).collect();
    all.extend((0..12).map(|n| failure(origin(n), 700 + n * 11, "198.51.100.8")));
    all.extend((0..3).map(|n| failure(origin(n), 800 + n, "198.51.100.9")));
    all.push(sent(origins[3], 890, "sshd[9]: Accepted password for alice from 198.51.100.7 port 4 ssh2"));
    all.push(sent(
        origins[5],
        930,
        "sudo:    alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/bin/bash",
    ));
    all.push(sent(origins[0], 5_000, "sshd[9]: Accepted password for bob from 203.0.113.5 port 4 ssh2"));
    all.sort_by_key(|sent| sent.second);
    all
}

impl House {
    async fn send(&self, sent: &[Sent], partitions: u32) {
        for Sent { origin, second, line } in sent {
            let received = Timestamp::from_seconds(1_790_000_000 - 100_000 + second);
            let source = Source {
                kind: SourceKind::SyslogUdp,
                origin: format!("{origin}:514"),
                format: None,
                reference: received,
            };
            let stream = Stream { partition: partition_of(&source, partitions), ..self.stream.clone() };
            let records = vec![OwnedRecord { position: 1, bytes: line.as_bytes().to_vec() }];
            self.log.append(&stream, AppendBatch { received, source, records }).await.unwrap();
        }
    }

    async fn partitions(&self) -> Vec<u32> {
        let streams = self.log.streams().await.unwrap();
        streams.iter().filter(|s| s.topic == Topic::Raw).map(|stream| stream.partition).collect()
    }

    /// What stands in the marts, without the places.
    async fn rows(&self) -> Vec<(Timestamp, String)> {
        let mut rows = Vec::new();
        for partition in self.partitions().await {
            let mut request = ReadBack { partition, ..ReadBack::default() };
            loop {
                let page = self.marts.read_back(&self.scope, &request).await.unwrap();
                let of = page.batches.iter().flat_map(EventBatch::rows);
                rows.extend(of.map(|row| (row.time(), String::from_utf8_lossy(row.raw()).into_owned())));
                let Some(next) = page.next else { break };
                request.from = next;
            }
        }
        rows.sort();
        rows
    }

    /// Incidents with their signals, without ids.
    async fn findings(&self) -> Vec<(Timestamp, Timestamp, Vec<String>)> {
        let mut findings = Vec::new();
        for incident in self.incidents().await {
            let signals = self.records.incident_signals(&self.scope, incident.id).await.unwrap();
            let told = |signal: &Signal| {
                let Signal { rule, count, first, last, entities, .. } = signal;
                let mut entities: Vec<String> = entities.iter().map(|entity| format!("{entity:?}")).collect();
                entities.sort();
                format!("{} {count} {first} {last} {} {entities:?}", rule.title, signal.events.len())
            };
            let mut signals: Vec<String> = signals.iter().map(told).collect();
            signals.sort();
            findings.push((incident.first, incident.last, signals));
        }
        findings.sort();
        findings
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_and_four_partitions_find_the_same() {
    let (one, four, live) = (House::new().await, House::new().await, House::new().await);
    one.send(&attacks(), 1).await;
    one.run().await;
    four.send(&attacks(), 4).await;
    four.run().await;
    // And while it comes: partitions appear one after the other.
    let decoder = Decoder::new(DecodeOptions::default());
    let (factory, status) =
        live.start(decoder.into(), FactoryConfig { batch_wait_ms: 0, ..FactoryConfig::default() });
    let mut sent = 0;
    for some in attacks().chunks(7) {
        live.send(some, 4).await;
        sent += some.len();
        // Before the worker has seen what was sent it has nothing to do, too.
        while live.rows().await.len() < sent {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        live.worked_off(&status).await;
    }
    factory.stop().await;
    assert_eq!(four.partitions().await, [0, 1, 2, 3], "the sources come by all of them");
    let (rows, findings) = (one.rows().await, one.findings().await);
    assert_eq!(rows.len(), attacks().len());
    assert!(findings.iter().any(|(_, _, signals)| signals.len() > 1), "{findings:#?}");
    assert_eq!(four.rows().await, rows);
    assert_eq!(four.findings().await, findings);
    assert_eq!(live.rows().await, rows);
    assert_eq!(live.findings().await, findings);
    // What is asked of the past is the same, too.
    let mut past = Vec::new();
    for house in [&one, &four] {
        let desk = house.desk(TuningHandle::new(Overlay::default()), Arc::default());
        let ask = question(RuleSelection::InForce);
        let (report, _) = desk.backtest(&house.scope, ask, |_| {}).await.unwrap();
        let told = |found: &sentra_detect::Match| {
            format!("{} {} {} {}", found.rule.title, found.count, found.first, found.last)
        };
        let mut found: Vec<String> = report.matches.iter().map(told).collect();
        found.sort();
        past.push((report.events, found));
    }
    assert_eq!(past[0], past[1]);
}

/// Law SOURCE, with a position per store and partition.
#[tokio::test(flavor = "multi_thread")]
async fn restarts_with_partitions_repeat_and_lose_nothing() {
    let all = attacks();
    let whole = House::new().await;
    whole.send(&all, 4).await;
    whole.run().await;
    let (rows, findings) = (whole.rows().await, whole.findings().await);
    for cut in [1, 9, 20, 33, 55] {
        let mut house = House::new().await;
        house.send(&all[..cut], 4).await;
        house.run().await;
        house.send(&all[cut..], 4).await;
        // The marts lose what they had in memory; of one partition the records know less than the others.
        house.marts = Arc::new(MemoryMarts::default());
        house.run().await;
        house.run().await;
        assert_eq!(house.rows().await, rows, "cut at {cut}");
        assert_eq!(house.findings().await, findings, "cut at {cut}");
    }
}

/// A store fails in the middle, before or after it has taken what it was given.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_once_lacks_and_repeats_nothing() {
    let whole = House::new().await;
    whole.send(&attacks(), 4).await;
    whole.run().await;
    let (rows, findings) = (whole.rows().await, whole.findings().await);
    for (until, after) in [(0, false), (1, true), (4, false), (9, true), (14, false)] {
        let house = House::new().await;
        house.send(&attacks(), 4).await;
        let failing = FailingOnce { marts: house.marts.clone(), until: AtomicUsize::new(until), after };
        let config = FactoryConfig { restart_backoff_ms_max: 1, ..FactoryConfig::default() };
        house.run_with(Arc::new(failing), config).await;
        assert_eq!(house.rows().await, rows, "{until} {after}");
        assert_eq!(house.findings().await, findings, "{until} {after}");
    }
}

/// Law TIME: one partition has hours of events, the other a few from their beginning, and a correlation needs both.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_by_a_lagging_partition_is_not_late() {
    let (busy, quiet) = ("192.0.2.10", "192.0.2.11");
    let of = |origin: &str| {
        let reference = Timestamp::from_seconds(1);
        let source =
            Source { kind: SourceKind::SyslogUdp, origin: origin.to_owned(), format: None, reference };
        partition_of(&source, 4)
    };
    assert_ne!(of(busy), of(quiet));
    let mut all: Vec<Sent> = (0..7_200)
        .step_by(20)
        .map(|second| sent(busy, second, "sshd[9]: Accepted password for bob from 203.0.113.5 port 4 ssh2"))
        .collect();
    all.extend((0..5).map(|n| failure(busy, 650 + n * 10, "198.51.100.7")));
    all.extend((0..5).map(|n| failure(quiet, 655 + n * 10, "198.51.100.7")));
    all.sort_by_key(|sent| sent.second);
    let house = House::new().await;
    house.send(&all, 4).await;
    let (rules, problems) = RuleSet::compile(vec![RuleSource {
        path: "many.yaral".to_owned(),
        text: MANY.to_owned(),
        pack: "test@1".to_owned(),
    }]);
    assert_eq!(rules.len(), 1, "{problems:?}");
    let decoder = Decoder::new(DecodeOptions::default());
    let (factory, status) =
        house.start_rules(house.marts.clone(), decoder.into(), FactoryConfig::default(), rules.into());
    house.worked_off(&status).await;
    factory.stop().await;
    let findings = house.findings().await;
    let attack =
        findings.iter().flat_map(|(_, _, signals)| signals).find(|told| told.contains("198.51.100.7"));
    assert!(attack.is_some_and(|told| told.starts_with("many 10 ")), "{findings:#?}");
}

/// The count was lowered: what stands in partitions beyond it is read to its end, and each source stays in order.
#[tokio::test(flavor = "multi_thread")]
async fn another_count_loses_and_reorders_nothing() {
    let all = attacks();
    let (house, one) = (House::new().await, House::new().await);
    one.send(&all, 1).await;
    one.run().await;
    house.send(&all[..20], 4).await;
    // The second stretch comes while nobody works, so that a restart finds some of all.
    house.send(&all[20..30], 4).await;
    house.send(&all[30..], 2).await;
    house.run().await;
    assert_eq!(house.partitions().await, [0, 1, 2, 3]);
    assert_eq!(house.rows().await, one.rows().await);
    assert_eq!(house.findings().await, one.findings().await);
    for partition in house.partitions().await {
        let stream = Stream { partition, ..house.stream.clone() };
        let end = house.log.extent(&stream).await.unwrap().end;
        let position =
            house.records.position(&house.scope, sentra_factory::CONSUMER, partition).await.unwrap();
        assert_eq!(position, end, "{stream}");
        let mut last: std::collections::BTreeMap<String, Timestamp> = std::collections::BTreeMap::new();
        for batch in house.log.read(&stream, 0, 1 << 20).await.unwrap().batches {
            let before = last.insert(batch.source.origin.clone(), batch.received);
            assert!(before.is_none_or(|before| before <= batch.received), "{stream} {}", batch.source.origin);
        }
    }
}

/// A decision stands in the first partition and is about what came by another one.
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_reaches_what_another_partition_brought() {
    let house = House::new().await;
    let sent: Vec<Sent> = (0..6).map(|n| failure("192.0.2.11", 600 + n, "198.51.100.7")).collect();
    house.send(&sent, 4).await;
    house.run().await;
    assert_ne!(house.partitions().await, [0]);
    let incidents = house.incidents().await;
    let decoder = Decoder::new(DecodeOptions::default());
    let (factory, status) =
        house.start(decoder.into(), FactoryConfig { batch_wait_ms: 0, ..FactoryConfig::default() });
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_790_000_100)));
    let desk = DecisionDesk::new(house.log.clone(), clock, status);
    let decision = Decision::Retitle { incident: incidents[0].id, title: "the scanner".to_owned() };
    let decided = desk.decide(&house.scope, "ana", decision).await.unwrap();
    assert_eq!(decided.incidents, [incidents[0].id]);
    factory.stop().await;
    assert_eq!(house.incidents().await[0].title, "the scanner");
}
