//! What the forensic index gets of the pipeline.

use std::collections::BTreeMap;

use sentra_factory::Forensic;
use sentra_forensic::{
    Appended, CheckReport, Clause, Condition, Deadline, EmbeddedIndex, EmbeddedOptions, ForensicConfig,
    ForensicError, Hit, MemoryIndex, Policy, Progress, Routed, Router, TextAnswer, TextIndex, TextQuery,
    TextStats, Why,
};

use super::*;

fn config() -> ForensicConfig {
    let condition = Some(Condition::parse("\"Accepted password\"").unwrap());
    let policy = Policy { name: "logins".into(), condition, ..Policy::default() };
    ForensicConfig { policies: vec![policy], ..ForensicConfig::default() }
}

fn with(index: Arc<dyn TextIndex>, config: &ForensicConfig) -> Option<Forensic> {
    Some(Forensic { index, router: Router::new(config) })
}

fn memory(config: &ForensicConfig) -> Arc<dyn TextIndex> {
    Arc::new(MemoryIndex::new(config).unwrap())
}

fn hits(index: &dyn TextIndex, house: &House, must: Vec<Clause>) -> BTreeMap<EventId, Hit> {
    let query = TextQuery { must, limit: 1_000, ..TextQuery::default() };
    let answer = index.search(&house.scope, &query, &Deadline::never()).unwrap();
    answer.hits.into_iter().map(|hit| (hit.id, hit)).collect()
}

/// Every signal with all its evidence, and what the policy names: no more and no less.
async fn check_whole(index: &dyn TextIndex, house: &House) {
    let mut wanted: BTreeMap<EventId, BTreeSet<String>> = BTreeMap::new();
    for incident in house.incidents().await {
        for signal in house.records.incident_signals(&house.scope, incident.id).await.unwrap() {
            for id in &signal.events {
                let whys = wanted.entry(*id).or_default();
                whys.insert(format!("signal={}", signal.id));
                whys.insert(format!("rule={}", signal.rule.id));
            }
        }
    }
    assert!(wanted.len() > 20, "{wanted:?}");
    wanted.entry(EventId::raw(0, 26)).or_default().insert("policy=logins".into());
    let found = hits(index, house, Vec::new());
    let found: BTreeMap<EventId, BTreeSet<String>> =
        found.into_iter().map(|(id, hit)| (id, hit.why.into_iter().collect())).collect();
    assert_eq!(found, wanted);
    let end = house.log.extent(&house.stream).await.unwrap().end;
    assert_eq!(index.position(&house.scope, 0).unwrap(), end);
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_and_what_policies_name_are_indexed() {
    let mut house = House::new().await;
    let index = memory(&config());
    house.forensic = with(Arc::clone(&index), &config());
    // The brute force is found long after its first events were stored.
    for line in story() {
        house.append(Topic::Raw, &[line]).await;
        house.run().await;
    }
    check_whole(index.as_ref(), &house).await;
    let sudo = hits(index.as_ref(), &house, vec![Clause::Has("COMMAND=/bin/bash".into())]);
    assert_eq!(sudo.keys().map(|id| id.offset).collect::<Vec<_>>(), [27]);
    assert_eq!(sudo.values().next().unwrap().class, "signals medium");
    let of_user = vec![Clause::Field { name: "user".into(), value: "ALICE".into() }];
    assert_eq!(hits(index.as_ref(), &house, of_user).len(), 2);
    let bytes: usize = story().iter().map(String::len).sum();
    assert_eq!(index.stats(&house.scope).unwrap().ingested_bytes, bytes as u64);
}

/// Law IDENTITY: how events came together does not matter.
#[tokio::test(flavor = "multi_thread")]
async fn one_chunk_gives_what_many_give() {
    let mut house = House::new().await;
    let index = memory(&config());
    house.forensic = with(Arc::clone(&index), &config());
    house.append(Topic::Raw, &story()).await;
    house.run().await;
    check_whole(index.as_ref(), &house).await;
}

/// Law SOURCE: an index that is new, or was damaged, is filled from marts and records, and then goes on.
#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_lacks_something_is_filled() {
    let mut house = House::new().await;
    let lines = story();
    house.append(Topic::Raw, &lines[..20]).await;
    house.run().await;
    let index = memory(&config());
    house.forensic = with(Arc::clone(&index), &config());
    house.append(Topic::Raw, &lines[20..]).await;
    let (factory, status) = house.start(
        Decoder::new(DecodeOptions::default()).into(),
        FactoryConfig { batch_wait_ms: 0, ..FactoryConfig::default() },
    );
    house.worked_off(&status).await;
    // It is filled while the factory goes on.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    factory.stop().await;
    check_whole(index.as_ref(), &house).await;
    let bytes: usize = lines.iter().map(String::len).sum();
    assert_eq!(index.stats(&house.scope).unwrap().ingested_bytes, bytes as u64);
}

/// On disk, with an end of the process after each line.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_committed_is_filled_after_a_restart() {
    let mut house = House::new().await;
    let directory = tempfile::tempdir().unwrap();
    let open = || -> Arc<dyn TextIndex> {
        Arc::new(EmbeddedIndex::new(directory.path(), &config(), EmbeddedOptions::default()).unwrap())
    };
    let lines = story();
    for (number, some) in lines.chunks(7).enumerate() {
        let index = open();
        // Every other time nothing is ever committed, as when the process ends first.
        let index: Arc<dyn TextIndex> =
            if number % 2 == 0 { Arc::new(Broken { index, fails: false }) } else { index };
        house.forensic = with(index, &config());
        house.append(Topic::Raw, some).await;
        let (factory, status) = house.start(
            Decoder::new(DecodeOptions::default()).into(),
            FactoryConfig { batch_wait_ms: 0, ..FactoryConfig::default() },
        );
        house.worked_off(&status).await;
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        factory.stop().await;
    }
    house.forensic = None;
    check_whole(open().as_ref(), &house).await;
}

/// Events are stored and found whatever becomes of the index.
#[tokio::test(flavor = "multi_thread")]
async fn a_failing_index_stops_nothing() {
    let mut house = House::new().await;
    let index: Arc<dyn TextIndex> = Arc::new(Broken { index: memory(&config()), fails: true });
    house.forensic = with(index, &config());
    house.append(Topic::Raw, &story()).await;
    house.run().await;
    assert_eq!(house.events().await, story().len() as u64);
    assert!(house.signal_titles().await.contains("Brute force"));
}

/// An index whose commits do nothing, or which fails.
#[derive(Debug)]
struct Broken {
    index: Arc<dyn TextIndex>,
    fails: bool,
}

impl Broken {
    fn failure(&self) -> Result<(), ForensicError> {
        if self.fails { Err(ForensicError::Poisoned { tenant: "default".into() }) } else { Ok(()) }
    }
}

impl TextIndex for Broken {
    fn append(
        &self,
        scope: &TenantScope,
        routed: Vec<Routed>,
        progress: Option<Progress>,
    ) -> Result<Appended, ForensicError> {
        self.failure()?;
        self.index.append(scope, routed, progress)
    }

    fn commit(&self, _: &TenantScope) -> Result<(), ForensicError> {
        self.failure()
    }

    fn position(&self, scope: &TenantScope, partition: u32) -> Result<u64, ForensicError> {
        self.index.position(scope, partition)
    }

    fn missing(&self, scope: &TenantScope, wanted: &[(EventId, Why)]) -> Result<Vec<EventId>, ForensicError> {
        self.index.missing(scope, wanted)
    }

    fn expire(&self, scope: &TenantScope, now: Timestamp) -> Result<u64, ForensicError> {
        self.index.expire(scope, now)
    }

    fn search(
        &self,
        scope: &TenantScope,
        query: &TextQuery,
        deadline: &Deadline,
    ) -> Result<TextAnswer, ForensicError> {
        self.index.search(scope, query, deadline)
    }

    fn stats(&self, scope: &TenantScope) -> Result<TextStats, ForensicError> {
        self.index.stats(scope)
    }

    fn check(&self, scope: &TenantScope) -> Result<CheckReport, ForensicError> {
        self.index.check(scope)
    }
}
