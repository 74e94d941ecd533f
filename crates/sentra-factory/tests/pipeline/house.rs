//! A factory over the in-memory engines, and lines for it.

use super::*;

pub(crate) const RULES: &str = r"
title: Failed login
id: 8f1f6c0e-5f1e-4b67-9f33-7d3a3c1f0a01
name: failed_login
status: test
level: low
logsource: {product: linux, service: sshd}
detection:
  selection: {code: LL03}
  condition: selection
---
title: Brute force
id: 8f1f6c0e-5f1e-4b67-9f33-7d3a3c1f0a02
status: test
level: high
tags: [attack.credential-access, attack.t1110.001]
correlation:
  type: event_count
  rules: [failed_login]
  group-by: [src_ip]
  timespan: 5m
  condition: {gte: 5}
---
title: Root command
id: 8f1f6c0e-5f1e-4b67-9f33-7d3a3c1f0a03
status: test
level: medium
logsource: {product: linux}
detection:
  selection: {code: PA01}
  condition: selection
";

pub(crate) struct Plain;

impl Teller for Plain {
    fn tell(&self, incident: &Incident, signals: &[Signal]) -> Told {
        let rules: Vec<&str> = signals.iter().map(|signal| signal.rule.title.as_str()).collect();
        Told { title: rules.join(", "), headline: incident.id.to_string(), narrative: Narrative::default() }
    }
}

/// What was kept last, as a file would.
#[derive(Default)]
pub(crate) struct Kept(std::sync::Mutex<Option<Tuning>>);

impl TuningKeeper for Kept {
    fn keep(&self, tuning: &Tuning) -> std::io::Result<()> {
        *self.0.lock().unwrap() = Some(tuning.clone());
        Ok(())
    }
}

pub(crate) struct House {
    pub(crate) log: Arc<MemoryLog>,
    pub(crate) marts: Arc<MemoryMarts>,
    pub(crate) records: Arc<SqliteRecords>,
    pub(crate) scope: TenantScope,
    pub(crate) stream: Stream,
    /// The forensic index, where there is to be one.
    pub(crate) forensic: Option<sentra_factory::Forensic>,
}

impl House {
    pub(crate) async fn new() -> Self {
        let tenant = TenantId::default_tenant();
        Self {
            log: Arc::new(MemoryLog::default()),
            marts: Arc::new(MemoryMarts::default()),
            records: Arc::new(SqliteRecords::in_memory().await.unwrap()),
            scope: TenantScope::new(tenant.clone()),
            stream: Stream { tenant, topic: Topic::Raw, partition: 0 },
            forensic: None,
        }
    }

    pub(crate) async fn append(&self, topic: Topic, lines: &[String]) {
        self.append_later(topic, lines, 0).await;
    }

    /// What arrives so many seconds later.
    pub(crate) async fn append_later(&self, topic: Topic, lines: &[String], seconds: i64) {
        let source = Source {
            kind: SourceKind::File,
            origin: "auth.log".to_owned(),
            format: None,
            reference: Timestamp::from_seconds(1_790_000_000),
        };
        let records = lines
            .iter()
            .enumerate()
            .map(|(index, line)| OwnedRecord { position: index as u64 + 1, bytes: line.as_bytes().to_vec() })
            .collect();
        let batch =
            AppendBatch { received: Timestamp::from_seconds(1_790_000_000 + seconds), source, records };
        self.log.append(&Stream { topic, ..self.stream.clone() }, batch).await.unwrap();
    }

    /// Runs a fresh factory, as after a restart, until it has worked everything off.
    pub(crate) async fn run(&self) {
        self.run_with(self.marts.clone(), FactoryConfig::default()).await;
    }

    pub(crate) async fn run_with(&self, marts: Arc<dyn MartStore>, config: FactoryConfig) {
        let decoder = Decoder::new(DecodeOptions::default());
        let config = FactoryConfig { batch_wait_ms: 0, ..config };
        let (factory, status) = self.start_with(marts, decoder.into(), config);
        self.worked_off(&status).await;
        factory.stop().await;
    }

    pub(crate) async fn worked_off(&self, status: &FactoryStatus) {
        for stream in self.log.streams().await.unwrap() {
            while status.lag(&stream) != Some(0) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    }

    pub(crate) fn start(
        &self,
        decoder: DecoderHandle,
        config: FactoryConfig,
    ) -> (Factory, Arc<FactoryStatus>) {
        self.start_with(self.marts.clone(), decoder, config)
    }

    pub(crate) fn start_with(
        &self,
        marts: Arc<dyn MartStore>,
        decoder: DecoderHandle,
        config: FactoryConfig,
    ) -> (Factory, Arc<FactoryStatus>) {
        self.start_rules(marts, decoder, config, RulesHandle::new(compiled(RULES)))
    }

    pub(crate) fn start_rules(
        &self,
        marts: Arc<dyn MartStore>,
        decoder: DecoderHandle,
        config: FactoryConfig,
        rules: RulesHandle,
    ) -> (Factory, Arc<FactoryStatus>) {
        self.start_tuned(marts, decoder, config, rules, TuningHandle::new(Overlay::default()))
    }

    pub(crate) fn start_tuned(
        &self,
        marts: Arc<dyn MartStore>,
        decoder: DecoderHandle,
        config: FactoryConfig,
        rules: RulesHandle,
        tuning: TuningHandle,
    ) -> (Factory, Arc<FactoryStatus>) {
        let status = Arc::new(FactoryStatus::default());
        let factory = Factory::start(FactoryParts {
            log: self.log.clone(),
            router: Arc::new(MartRouter::new(self.records.clone(), marts.clone())),
            marts,
            records: self.records.clone(),
            decoder,
            rules,
            tuning,
            knowledge: Knowledge::default().into(),
            teller: Arc::new(Plain),
            watcher: Arc::new(NoWatcher),
            forensic: self.forensic.clone(),
            clock: Arc::new(ManualClock::new(Timestamp::from_seconds(1_790_000_000))),
            config,
            status: status.clone(),
        });
        (factory, status)
    }

    pub(crate) fn desk(&self, tuning: TuningHandle, status: Arc<FactoryStatus>) -> RuleDesk {
        RuleDesk::new(RuleDeskParts {
            log: self.log.clone(),
            marts: self.marts.clone(),
            records: self.records.clone(),
            rules: RulesHandle::new(compiled(RULES)),
            tuning,
            keeper: Arc::new(Kept::default()),
            status,
            clock: Arc::new(ManualClock::new(Timestamp::from_seconds(1_790_000_000))),
        })
    }

    pub(crate) async fn incidents(&self) -> Vec<Incident> {
        let filter = IncidentFilter { limit: 100, ..IncidentFilter::default() };
        let mut items = self.records.incidents(&self.scope, &filter).await.unwrap().items;
        items.sort_by_key(|incident| incident.id);
        items
    }

    /// The titles of the rules of all signals.
    pub(crate) async fn signal_titles(&self) -> BTreeSet<String> {
        let mut titles = BTreeSet::new();
        for incident in self.incidents().await {
            let signals = self.records.incident_signals(&self.scope, incident.id).await.unwrap();
            titles.extend(signals.into_iter().map(|signal| signal.rule.title));
        }
        titles
    }

    pub(crate) async fn events(&self) -> u64 {
        let query = MartQuery { shape: Shape::Count, ..MartQuery::default() };
        let answer = self.marts.search(&self.scope, &query).await.unwrap();
        answer.rows[0][0].as_u64().unwrap()
    }
}

pub(crate) fn compiled(text: &str) -> RuleSet {
    compiled_as(text, "test@1")
}

pub(crate) fn compiled_as(text: &str, pack: &str) -> RuleSet {
    let (rules, problems) = RuleSet::compile(vec![RuleSource {
        path: "rules.yml".to_owned(),
        text: text.to_owned(),
        pack: pack.to_owned(),
    }]);
    assert!(
        problems.iter().all(|problem| problem.severity != sentra_detect::ProblemSeverity::Error),
        "{problems:?}"
    );
    rules
}

pub(crate) fn failures(address: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|number| {
            format!(
                "Dec 10 09:{:02}:{:02} web-1 sshd[{}]: Failed password for root from {address} port {} ssh2",
                number / 60,
                number % 60,
                1_000 + number,
                40_000 + number
            )
        })
        .collect()
}

pub(crate) fn story() -> Vec<String> {
    let mut lines = failures("192.0.2.7", 23);
    lines.extend(failures("198.51.100.9", 3));
    lines.push(
        "Dec 10 09:30:00 web-1 sshd[9]: Accepted password for alice from 192.0.2.7 port 4 ssh2".to_owned(),
    );
    lines.push(
        "Dec 10 09:31:00 web-1 sudo:    alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/bin/bash"
            .to_owned(),
    );
    lines
}
