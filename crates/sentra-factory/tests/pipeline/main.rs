//! The whole of the factory over the in-memory engines: lines in, incidents out, and what a restart at
//! any point changes (nothing).

// Helpers of tests are not inside `#[test]` functions, where clippy allows these.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout
)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sentra_backbone::{AppendBatch, EventLog, MemoryLog, Stream};
use sentra_decode::{Declared, DecodeOptions, Decoder};
use sentra_detect::{Overlay, RuleScope, RuleSet, RuleSource, Tuning};
use sentra_factory::{
    BacktestQuestion, Decided, Decision, DecisionDesk, DecisionError, DecoderHandle, ExceptionDraft, Factory,
    FactoryConfig, FactoryParts, FactoryStatus, Knowledge, MartChange, MartDesk, MartDraft, MartError,
    MartRouter, ModelKind, NoWatcher, RuleDesk, RuleDeskError, RuleDeskParts, RuleSelection, RulesHandle,
    SuppressionMatch, Teller, Told, TriageView, TuningHandle, TuningKeeper,
};
use sentra_model::{
    DeadLetter, DeadReason, EventBatch, EventId, FactKind, Incident, IncidentStatus, ManualClock, Mart,
    Narrative, OwnedRecord, Position, Signal, Source, SourceKind, TenantId, TenantScope, Timestamp, Topic,
    VerdictKind, VerdictTarget,
};
use sentra_store::{
    AskLimits, BackPage, Horizon, IncidentFilter, MartAnswer, MartQuery, MartStats, MartStore, MemoryMarts,
    Plan, PlanAnswer, PlanEstimate, ReadBack, Records, SearchOptions, Seen, SeenRequest, Shape,
    SqliteRecords, StoreError, StoredEvent, TimeRange,
};

mod decisions;
mod forensic;
mod house;
mod marts;
mod partitions;

use house::*;

#[tokio::test(flavor = "multi_thread")]
async fn an_attack_becomes_one_incident_with_exact_counts() {
    let house = House::new().await;
    house.append(Topic::Raw, &story()).await;
    house.run().await;
    assert_eq!(house.events().await, 28);
    let incidents = house.incidents().await;
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
    let signals = house.records.incident_signals(&house.scope, incidents[0].id).await.unwrap();
    let brute = signals.iter().find(|signal| signal.rule.title == "Brute force").unwrap();
    assert_eq!(brute.count, 23);
    assert_eq!(brute.events.len(), 23);
    assert_eq!(brute.techniques, ["T1110.001"]);
    let fact = |kind| brute.facts.iter().find(|fact| fact.kind == kind);
    assert_eq!(fact(FactKind::LoginsFailed).unwrap().count, 23);
    let succeeded = fact(FactKind::LoginsSucceeded).unwrap();
    assert_eq!(succeeded.values["user"].shown, ["alice"]);
    assert!(fact(FactKind::NoLoginSucceeded).is_none());
    assert!(
        signals.iter().any(|signal| signal.rule.title == "Root command"),
        "sudo by the account that got in"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_success_the_story_can_say_so() {
    let house = House::new().await;
    house.append(Topic::Raw, &failures("192.0.2.7", 6)).await;
    house.run().await;
    let incidents = house.incidents().await;
    let signals = house.records.incident_signals(&house.scope, incidents[0].id).await.unwrap();
    let none = signals[0].facts.iter().find(|fact| fact.kind == FactKind::NoLoginSucceeded).unwrap();
    assert_eq!(none.count, 0);
    assert_eq!(none.first, signals[0].first);
}

/// Laws SOURCE and IDENTITY: wherever the process stops and starts again, the outcome is the same.
#[tokio::test(flavor = "multi_thread")]
async fn restarts_at_any_record_change_nothing() {
    let lines = story();
    let whole = House::new().await;
    whole.append(Topic::Raw, &lines).await;
    whole.run().await;
    let expected = whole.incidents().await;
    for cut in [1, 4, 5, 6, 22, 23, 24, 26, 27] {
        let house = House::new().await;
        house.append(Topic::Raw, &lines[..cut]).await;
        house.run().await;
        house.append(Topic::Raw, &lines[cut..]).await;
        house.run().await;
        house.run().await;
        assert_eq!(house.events().await, 28, "cut at {cut}");
        let found = house.incidents().await;
        let ids = |incidents: &[Incident]| {
            incidents.iter().map(|one| (one.id, one.joins.clone())).collect::<Vec<_>>()
        };
        assert_eq!(ids(&found), ids(&expected), "cut at {cut}");
        for (one, other) in found.iter().zip(&expected) {
            let got = house.records.incident_signals(&house.scope, one.id).await.unwrap();
            let wanted = whole.records.incident_signals(&whole.scope, other.id).await.unwrap();
            assert_eq!(got, wanted, "cut at {cut}");
        }
    }
}

/// The records store kept its data, the marts lost what was in memory: each gets only what it lacks.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_lost_its_memory_is_filled_again_without_repeating_signals() {
    let mut house = House::new().await;
    house.append(Topic::Raw, &story()).await;
    house.run().await;
    let before = house.incidents().await;
    house.marts = Arc::new(MemoryMarts::default());
    assert_eq!(house.events().await, 0);
    house.run().await;
    assert_eq!(house.events().await, 28);
    assert_eq!(house.incidents().await, before);
}

/// Marts of which one append fails.
#[derive(Debug)]
struct FailingOnce {
    marts: Arc<MemoryMarts>,
    /// Appends until the one that fails.
    until: AtomicUsize,
    /// Whether the marts have taken the events all the same.
    after: bool,
}

#[async_trait::async_trait]
impl MartStore for FailingOnce {
    async fn append(
        &self,
        scope: &TenantScope,
        batches: Vec<EventBatch>,
        next: Position,
    ) -> Result<(), StoreError> {
        let fails = self.until.fetch_sub(1, Ordering::SeqCst) == 0;
        if !fails || self.after {
            self.marts.append(scope, batches, next).await?;
        }
        if fails { Err(StoreError::Stopped { operation: "a test stopped it" }) } else { Ok(()) }
    }

    async fn flush(&self, scope: &TenantScope) -> Result<(), StoreError> {
        self.marts.flush(scope).await
    }

    async fn position(&self, scope: &TenantScope, partition: u32) -> Result<u64, StoreError> {
        self.marts.position(scope, partition).await
    }

    async fn declare_marts(&self, scope: &TenantScope, marts: Vec<Mart>) {
        self.marts.declare_marts(scope, marts).await;
    }

    async fn drop_mart(&self, scope: &TenantScope, mart: &Mart) -> Result<u64, StoreError> {
        self.marts.drop_mart(scope, mart).await
    }

    async fn search_with(
        &self,
        scope: &TenantScope,
        query: &MartQuery,
        options: &SearchOptions,
    ) -> Result<MartAnswer, StoreError> {
        self.marts.search_with(scope, query, options).await
    }

    async fn ask(
        &self,
        scope: &TenantScope,
        plan: &Plan,
        limits: &AskLimits,
    ) -> Result<PlanAnswer, StoreError> {
        self.marts.ask(scope, plan, limits).await
    }

    async fn horizon(&self, scope: &TenantScope) -> Result<Horizon, StoreError> {
        self.marts.horizon(scope).await
    }

    async fn seen(&self, scope: &TenantScope, request: &SeenRequest) -> Result<Vec<Seen>, StoreError> {
        self.marts.seen(scope, request).await
    }

    async fn estimate(&self, scope: &TenantScope, plan: &Plan) -> Result<PlanEstimate, StoreError> {
        self.marts.estimate(scope, plan).await
    }

    async fn events(&self, scope: &TenantScope, ids: &[EventId]) -> Result<Vec<StoredEvent>, StoreError> {
        self.marts.events(scope, ids).await
    }

    async fn read_back(&self, scope: &TenantScope, request: &ReadBack) -> Result<BackPage, StoreError> {
        self.marts.read_back(scope, request).await
    }

    async fn stats(&self, scope: &TenantScope) -> Result<Vec<MartStats>, StoreError> {
        self.marts.stats(scope).await
    }
}

/// Law SOURCE: a chunk is decoded and detected while the one before it is stored. When storing fails, what was
/// found ahead is forgotten and found once more, and nothing of it is stored twice.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_ahead_of_a_failed_store_counts_once() {
    let lines = story();
    let whole = House::new().await;
    whole.append(Topic::Raw, &lines).await;
    whole.run().await;
    let expected = whole.incidents().await;
    for (until, after) in [(0, false), (3, true), (5, false), (21, true), (22, false), (26, true)] {
        let house = House::new().await;
        for line in &lines {
            house.append(Topic::Raw, std::slice::from_ref(line)).await;
        }
        let marts = FailingOnce { marts: house.marts.clone(), until: AtomicUsize::new(until), after };
        // A chunk for every record.
        let config = FactoryConfig { batch_bytes_max: 1, ..FactoryConfig::default() };
        house.run_with(Arc::new(marts), config).await;
        assert_eq!(house.events().await, 28, "append {until} failed");
        let found = house.incidents().await;
        let ids = |incidents: &[Incident]| {
            incidents.iter().map(|one| (one.id, one.joins.clone())).collect::<Vec<_>>()
        };
        assert_eq!(ids(&found), ids(&expected), "append {until} failed");
        for (one, other) in found.iter().zip(&expected) {
            let got = house.records.incident_signals(&house.scope, one.id).await.unwrap();
            let wanted = whole.records.incident_signals(&whole.scope, other.id).await.unwrap();
            assert_eq!(got, wanted, "append {until} failed");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_decoded_or_taken_in_is_listed_with_its_reason() {
    let house = House::new().await;
    let binary: String = std::iter::repeat_n('\u{1}', 64).collect();
    house.append(Topic::Raw, &[binary, "Dec 10 09:00:00 web-1 cron[1]: fine".to_owned()]).await;
    let letter = DeadLetter {
        event: None,
        reason: DeadReason::TooLong,
        detail: "the line has 104857600 bytes".to_owned(),
        received: Timestamp::from_seconds(0),
        source: Source {
            kind: SourceKind::File,
            origin: "big.log".to_owned(),
            format: None,
            reference: Timestamp::from_seconds(0),
        },
        position: 3,
        excerpt: "x".to_owned(),
    };
    house.append(Topic::Dead, &[serde_json::to_string(&letter).unwrap()]).await;
    house.run().await;
    house.run().await;
    let letters = house.records.dead_letters(&house.scope, None, 10).await.unwrap().items;
    let mut reasons: Vec<DeadReason> = letters.iter().map(|(_, letter)| letter.reason).collect();
    reasons.sort_by_key(|reason| reason.as_str());
    assert_eq!(reasons, [DeadReason::Binary, DeadReason::TooLong]);
    assert_eq!(house.events().await, 1);
}

const SHOP: &str = r"
name: shop
applies_to: {programs: [shopd]}
pattern: 'user {user} from {src_ip:ip}'
";

fn purchases(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("Dec 10 09:00:00 web-1 shopd[7]: user u{number} from 192.0.2.7")).collect()
}

/// Another version of a pack comes while the factory runs: no event is lost, and a count that was begun goes on.
#[tokio::test(flavor = "multi_thread")]
async fn rules_that_change_while_it_runs_keep_what_was_counted() {
    let house = House::new().await;
    let lines = failures("192.0.2.7", 6);
    let rules = RulesHandle::new(compiled_as(RULES, "test@1"));
    let config = FactoryConfig { batch_wait_ms: 0, ..FactoryConfig::default() };
    let decoder = Decoder::new(DecodeOptions::default());
    let (factory, status) = house.start_rules(house.marts.clone(), decoder.into(), config, rules.clone());
    for (number, line) in lines.iter().enumerate() {
        house.append(Topic::Raw, std::slice::from_ref(line)).await;
        while status.snapshot().events < number as u64 + 1 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        rules.set(compiled_as(RULES, &format!("test@{}", number + 2)));
    }
    house.worked_off(&status).await;
    factory.stop().await;
    let incidents = house.incidents().await;
    let signals = house.records.incident_signals(&house.scope, incidents[0].id).await.unwrap();
    let brute = signals.iter().find(|signal| signal.rule.title == "Brute force").unwrap();
    assert_eq!(brute.count, 6);
    // It fired with the fifth event, by the version that was in force then, and grew with the sixth.
    assert!(["test@5", "test@6"].contains(&brute.rule.pack.as_str()), "{}", brute.rule.pack);
}

/// Law LOSS: every record is decoded once, whichever decoder does it; what comes after a change is decoded by
/// the new one.
#[tokio::test(flavor = "multi_thread")]
async fn decoders_that_change_under_load_lose_and_repeat_nothing() {
    const BATCHES: usize = 40;
    const BATCH_LINES: usize = 25;
    const LINES: usize = BATCHES * BATCH_LINES;
    let (declared, _) = Declared::compile(&[("shop.yml".to_owned(), SHOP.to_owned())]);
    let plain = Decoder::new(DecodeOptions::default());
    let with_shop = Decoder::new(DecodeOptions { declared, ..DecodeOptions::default() });
    let handle = DecoderHandle::new(plain.clone());
    let house = House::new().await;
    house.append(Topic::Raw, &purchases(0..BATCH_LINES)).await;
    // Small chunks, so that there are many moments at which a change can take effect.
    let config = FactoryConfig { batch_wait_ms: 0, batch_bytes_max: 2_048, ..FactoryConfig::default() };
    let (factory, status) = house.start(handle.clone(), config);
    for batch in 1..BATCHES {
        handle.set(if batch % 2 == 1 { with_shop.clone() } else { plain.clone() });
        house.append(Topic::Raw, &purchases(batch * BATCH_LINES..(batch + 1) * BATCH_LINES)).await;
        tokio::task::yield_now().await;
    }
    house.worked_off(&status).await;
    handle.set(with_shop);
    house.append(Topic::Raw, &purchases(LINES..LINES + BATCH_LINES)).await;
    while status.snapshot().events < (LINES + BATCH_LINES) as u64 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    factory.stop().await;

    let columns = ["id", "format", "message"].map(str::to_owned).to_vec();
    let shape = Shape::Take { rows_max: 2 * LINES };
    let query = MartQuery { shape, ..MartQuery::default() };
    let options = SearchOptions { columns: Some(columns), ..SearchOptions::default() };
    let answer = house.marts.search_with(&house.scope, &query, &options).await.unwrap();
    let column = |name: &str| answer.columns.iter().position(|column| column.name == name).unwrap();
    let (id, format, message) = (column("id"), column("format"), column("message"));
    let ids: BTreeSet<String> = answer.rows.iter().map(|row| row[id].to_string()).collect();
    assert_eq!((answer.rows.len(), ids.len()), (LINES + BATCH_LINES, LINES + BATCH_LINES));
    let messages: BTreeSet<&str> = answer.rows.iter().map(|row| row[message].as_str().unwrap()).collect();
    let users: Vec<String> =
        (0..LINES + BATCH_LINES).map(|number| format!("user u{number} from 192.0.2.7")).collect();
    assert!(users.iter().all(|user| messages.contains(user.as_str())));
    for row in &answer.rows {
        let number: usize = row[message].as_str().unwrap()[6..].split(' ').next().unwrap().parse().unwrap();
        let format = row[format].as_str().unwrap();
        assert!(format == "shop" || (format == "syslog" && number < LINES), "{row:?}");
    }
    let letters = house.records.dead_letters(&house.scope, None, 10).await.unwrap().items;
    assert!(letters.is_empty(), "{letters:?}");
}

fn question(rules: RuleSelection) -> BacktestQuestion {
    BacktestQuestion { rules, range: TimeRange::default(), marts: None, matches_max: 100 }
}

/// Law TIME: what rules find in the marts is what they found when the events arrived.
#[tokio::test(flavor = "multi_thread")]
async fn the_past_gives_the_findings_of_the_present() {
    let house = House::new().await;
    // In several chunks, so that live and backtest cut the events differently.
    for lines in story().chunks(5) {
        house.append(Topic::Raw, lines).await;
        house.run().await;
    }
    let desk = house.desk(TuningHandle::new(Overlay::default()), Arc::default());
    let (report, problems) =
        desk.backtest(&house.scope, question(RuleSelection::InForce), |_| {}).await.unwrap();
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(report.events, 28);
    let incidents = house.incidents().await;
    let signals = house.records.incident_signals(&house.scope, incidents[0].id).await.unwrap();
    let live = |title: &str| signals.iter().find(|signal| signal.rule.title == title).unwrap();
    let past = |title: &str| report.matches.iter().find(|found| found.rule.title == title).unwrap();
    for title in ["Brute force", "Root command"] {
        assert_eq!(past(title).evidence, live(title).events, "{title}");
        assert_eq!(past(title).count, live(title).count, "{title}");
        assert_eq!((past(title).first, past(title).last), (live(title).first, live(title).last), "{title}");
    }
    assert_eq!(report.matches.len(), 2, "a run counts once: {:#?}", report.matches);

    let draft = RULES.replace("gte: 5", "gte: 3").replace("id: 8f1f6c0e", "id: 9f1f6c0e");
    let (report, _) =
        desk.backtest(&house.scope, question(RuleSelection::Text(draft)), |_| {}).await.unwrap();
    let brute = report.rules.values().find(|found| found.rule.title == "Brute force").unwrap();
    assert_eq!(brute.matches, 2, "the address with three failures is above the lower threshold");

    let only = RuleSelection::Ids(vec!["8f1f6c0e-5f1e-4b67-9f33-7d3a3c1f0a03".to_owned()]);
    let (report, _) = desk.backtest(&house.scope, question(only), |_| {}).await.unwrap();
    assert_eq!(report.rules.len(), 1);
    let unknown = desk.backtest(&house.scope, question(RuleSelection::Ids(vec!["x".into()])), |_| {}).await;
    assert!(matches!(unknown, Err(RuleDeskError::UnknownRule { .. })), "{unknown:?}");
    let bad = desk.backtest(&house.scope, question(RuleSelection::Text("title: x".into())), |_| {}).await;
    assert!(matches!(bad, Err(RuleDeskError::Rules { .. })), "{bad:?}");
    let foreign = TenantScope::new("globex".parse().unwrap());
    let (report, _) = desk.backtest(&foreign, question(RuleSelection::InForce), |_| {}).await.unwrap();
    assert_eq!(report.events, 0, "law TENANT");
}

/// Rules are exchanged while a window is half full: it goes on where its rule is the same, and no event is lost.
#[tokio::test(flavor = "multi_thread")]
async fn rules_change_while_events_come_in() {
    let house = House::new().await;
    let rules = RulesHandle::new(compiled(RULES));
    let config = FactoryConfig { batch_wait_ms: 0, ..FactoryConfig::default() };
    let decoder = Decoder::new(DecodeOptions::default());
    let (factory, status) = house.start_rules(house.marts.clone(), decoder.into(), config, rules.clone());
    let lines = failures("192.0.2.7", 7);
    let seen = async |events: u64| {
        while status.snapshot().events < events {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    house.append(Topic::Raw, &lines[..4]).await;
    seen(4).await;
    let more = "
title: Password for root
id: 8f1f6c0e-5f1e-4b67-9f33-7d3a3c1f0a09
status: test
level: low
logsource: {product: linux, service: sshd}
detection:
  selection: {message|contains: 'password for root'}
  condition: selection
---";
    rules.set(compiled(&format!("{more}{RULES}")));
    house.append(Topic::Raw, &lines[4..]).await;
    seen(7).await;
    factory.stop().await;
    let incidents = house.incidents().await;
    let mut found = Vec::new();
    for incident in &incidents {
        found.extend(house.records.incident_signals(&house.scope, incident.id).await.unwrap());
    }
    let brute = found.iter().find(|signal| signal.rule.title == "Brute force").unwrap();
    assert_eq!(brute.count, 7, "four before and three after the change");
    let new: u64 = found
        .iter()
        .filter(|signal| signal.rule.title == "Password for root")
        .map(|signal| signal.count)
        .sum();
    assert_eq!(new, 3, "the new rule saw what came after it");
}

/// Law LOSS: what is disabled or excepted is hidden from now on, and counted; what was hidden once comes back.
#[tokio::test(flavor = "multi_thread")]
async fn hidden_findings_are_counted() {
    const BRUTE: &str = "8f1f6c0e-5f1e-4b67-9f33-7d3a3c1f0a02";
    let house = House::new().await;
    house.append(Topic::Raw, &story()).await;
    let tuning = TuningHandle::new(Overlay::default());
    let desk = house.desk(tuning.clone(), Arc::default());
    let draft = |id: &str, address: &str| ExceptionDraft {
        id: id.to_owned(),
        scope: RuleScope::Rules(vec![BRUTE.to_owned()]),
        condition: serde_json::json!({"src_ip|cidr": address}),
        owner: "ana".to_owned(),
        reason: "the scanner of the auditors".to_owned(),
        expires: Timestamp::from_seconds(1_790_100_000),
    };
    assert!(desk.except(&house.scope, draft("bad", "no network")).await.is_err());
    desk.except(&house.scope, draft("scanner", "192.0.2.0/24")).await.unwrap();
    let twice = desk.except(&house.scope, draft("scanner", "192.0.2.0/24")).await;
    assert!(matches!(twice, Err(RuleDeskError::Tuning { .. })), "{twice:?}");

    let config = FactoryConfig { batch_wait_ms: 0, ..FactoryConfig::default() };
    let decoder = Decoder::new(DecodeOptions::default());
    let rules = RulesHandle::new(compiled(RULES));
    let (factory, status) =
        house.start_tuned(house.marts.clone(), decoder.into(), config, rules, tuning.clone());
    house.worked_off(&status).await;
    factory.stop().await;
    let desk = house.desk(tuning, status.clone());
    let report = desk.tuning(&house.scope);
    assert!(report.exceptions[0].used.hidden >= 1, "{report:?}");
    let titles = house.signal_titles().await;
    assert!(titles.contains("Root command") && !titles.contains("Brute force"), "{titles:?}");

    let impact = desk.preview(&house.scope, draft("x", "192.0.2.7/32"), TimeRange::default()).await.unwrap();
    assert_eq!((impact.would_hide, impact.examined), (1, 1), "one run, however often it went on: {impact:?}");
    let impact =
        desk.preview(&house.scope, draft("x", "203.0.113.0/24"), TimeRange::default()).await.unwrap();
    assert_eq!((impact.would_hide, impact.examined), (0, 1));

    desk.remove_exception(&house.scope, "scanner").await.unwrap();
    assert!(desk.remove_exception(&house.scope, "scanner").await.is_err());
    let (owner, reason) = ("ana".to_owned(), "noise".to_owned());
    let unknown = desk.disable(&house.scope, "x", owner.clone(), reason.clone(), None).await;
    assert!(matches!(unknown, Err(RuleDeskError::UnknownRule { .. })));
    desk.disable(&house.scope, BRUTE, owner, reason, None).await.unwrap();
    assert_eq!(desk.coverage(&house.scope).disabled, 1);
    desk.enable(&house.scope, BRUTE).await.unwrap();
    let foreign = TenantScope::new("globex".parse().unwrap());
    assert!(desk.tuning(&foreign).disabled.is_empty(), "law TENANT");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_explained_on_a_stored_event() {
    let house = House::new().await;
    house.append(Topic::Raw, &story()).await;
    house.run().await;
    let desk = house.desk(TuningHandle::new(Overlay::default()), Arc::default());
    let failed = EventId::raw(0, 0);
    let one = RuleSelection::Ids(vec!["8f1f6c0e-5f1e-4b67-9f33-7d3a3c1f0a03".to_owned()]);
    let explained = desk.explain(&house.scope, one, failed).await.unwrap();
    assert_eq!(explained.explanations.len(), 1);
    assert!(!explained.explanations[0].matched);
    let text = explained.explanations[0].to_string();
    assert!(text.contains("LL03") && text.contains("PA01"), "what was found and what was wanted: {text}");
    let matching = desk.explain(&house.scope, RuleSelection::InForce, failed).await.unwrap();
    let titles: Vec<&str> = matching.explanations.iter().map(|one| one.rule.title.as_str()).collect();
    assert_eq!(titles, ["Failed login"]);
    let missing = desk.explain(&house.scope, RuleSelection::InForce, EventId::raw(0, 9_999)).await;
    assert!(matches!(missing, Err(RuleDeskError::UnknownEvent { .. })), "{missing:?}");
}
