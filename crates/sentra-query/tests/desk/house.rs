//! Stores with something in them, and engines that do as they are told.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sentra_model::{
    BatchBuilder, Digest, EntityRef, EntityType, Estimate, Event, EventBatch, EventCode, EventId, Incident,
    IncidentId, IncidentStatus, Join, JoinReason, ManualClock, Mart, Narrative, Outcome, Position, RawRecord,
    Role as Part, RuleKind, RuleRef, Severity, Signal, SignalId, Source, SourceKind, TenantId, TenantScope,
    Timestamp,
};
use sentra_query::{
    Asker, Desk, DeskOptions, DeskParts, EngineError, Freshness, Like, LikeKind, Role, Similar, TextHits,
    TextQuery, TextSearch, Waiting,
};
use sentra_store::{
    AskLimits, BackPage, DecisionKeeping, EmbeddedMarts, Horizon, MartAnswer, MartOptions, MartQuery,
    MartStats, MartStore, Plan, PlanAnswer, PlanEstimate, ReadBack, Records, RecordsCommit, SearchOptions,
    Seen, SeenRequest, SqliteDecisions, SqliteRecords, StoreError, StoredEvent,
};

/// The first second of the day that everything happens on.
pub(crate) const DAY: i64 = 1_767_225_600;

pub(crate) fn scope(tenant: &str) -> TenantScope {
    TenantScope::new(tenant.parse::<TenantId>().unwrap())
}

pub(crate) fn asker(tenant: &str, role: Role) -> Asker {
    Asker::new(scope(tenant), role)
}

pub(crate) struct House {
    pub(crate) marts: Arc<dyn MartStore>,
    pub(crate) records: Arc<SqliteRecords>,
    pub(crate) decisions: Arc<SqliteDecisions>,
    pub(crate) similar: Arc<Alike>,
    pub(crate) similar_wired: bool,
    pub(crate) words: Arc<Words>,
    pub(crate) behind: Arc<Behind>,
    pub(crate) slow: Arc<Slow>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) incidents: Vec<IncidentId>,
    _dir: tempfile::TempDir,
}

impl House {
    /// Twenty failed logins in two segments, 25 signals, and six incidents of two signals each.
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(DAY + 3_600)));
        let marts: Arc<dyn MartStore> =
            Arc::new(EmbeddedMarts::open(dir.path(), MartOptions::default(), clock.clone()).await.unwrap());
        let acme = scope("acme");
        let next = Position { partition: 0, offset: 20 };
        marts.append(&acme, batches(&acme), next).await.unwrap();
        marts.flush(&acme).await.unwrap();
        let records = Arc::new(SqliteRecords::in_memory().await.unwrap());
        let incidents: Vec<Incident> = (0..6).map(|number| incident(&acme, number)).collect();
        let ids: Vec<IncidentId> = incidents.iter().map(|incident| incident.id).collect();
        let commit = RecordsCommit {
            consumer: "factory".into(),
            next,
            signals: (0..25).map(|number| signal(&acme, number)).collect(),
            incidents,
            dead_letters: Vec::new(),
            state: Vec::new(),
        };
        records.commit(&acme, commit).await.unwrap();
        let slow =
            Arc::new(Slow { marts: marts.clone(), rows: AtomicU64::new(0), threads: Mutex::default() });
        Self {
            similar: Arc::new(Alike { incidents: ids.clone(), ..Alike::default() }),
            similar_wired: true,
            words: Arc::default(),
            behind: Arc::default(),
            decisions: Arc::new(SqliteDecisions::in_memory(DecisionKeeping::default()).await.unwrap()),
            marts,
            records,
            slow,
            clock,
            incidents: ids,
            _dir: dir,
        }
    }

    fn parts(&self) -> DeskParts {
        let similar: Option<Arc<dyn Similar>> = match self.similar_wired {
            true => Some(self.similar.clone()),
            false => None,
        };
        DeskParts {
            similar,
            forensic: Some(self.words.clone()),
            decisions: Some(self.decisions.clone()),
            freshness: Some(self.behind.clone()),
            ..DeskParts::new(self.marts.clone(), self.records.clone(), self.clock.clone())
        }
    }

    pub(crate) fn desk(&self) -> Desk {
        self.desk_with(DeskOptions::default())
    }

    pub(crate) fn desk_with(&self, options: DeskOptions) -> Desk {
        Desk::new(self.parts(), options)
    }

    /// A desk whose marts never come to an end.
    pub(crate) fn slow_desk(&self) -> Desk {
        Desk::new(DeskParts { marts: self.slow.clone(), ..self.parts() }, DeskOptions::default())
    }
}

fn batches(scope: &TenantScope) -> Vec<EventBatch> {
    let source = Source {
        kind: SourceKind::File,
        origin: "auth.log".into(),
        format: None,
        reference: Timestamp::default(),
    };
    let mut builders = [Mart::LINUX, Mart::WINDOWS]
        .map(|mart| (BatchBuilder::new(scope.tenant().clone(), mart.clone()), mart));
    for offset in 0..20_u64 {
        let (builder, mart) = &mut builders[usize::from(offset % 4 == 3)];
        let seconds = DAY + i64::try_from(offset).unwrap() * 60;
        let mut event = Event::new("syslog", mart.clone(), Timestamp::from_seconds(seconds));
        event.code = Some(EventCode::LL03);
        event.outcome = Outcome::Failure;
        event.user = if offset % 2 == 0 { "root".into() } else { "guest".into() };
        event.src_ip = "203.0.113.9".into();
        event.message = format!("Failed password {offset}").into();
        let raw = format!("raw {offset}");
        let received = Timestamp::from_seconds(DAY + 1_800);
        let record = RawRecord { source: &source, position: offset + 1, received, bytes: raw.as_bytes() };
        builder.push(EventId::raw(0, offset), &record, &event).unwrap();
    }
    builders.map(|(mut builder, _)| builder.finish().unwrap()).to_vec()
}

fn signal(scope: &TenantScope, number: u64) -> Signal {
    let time = Timestamp::from_seconds(DAY + i64::try_from(number).unwrap());
    Signal {
        id: SignalId::derive(Digest::new("test").number(number)),
        tenant: scope.tenant().clone(),
        rule: RuleRef {
            id: format!("rule-{}", number % 3),
            title: "Many failed logins".into(),
            kind: RuleKind::Correlation,
            level: Severity::High,
            tags: vec!["attack.t1110".into()],
            pack: "core@1".into(),
        },
        severity: Severity::High,
        probability: Estimate::new(0.7, 0.5, 0.9),
        first: time,
        last: time,
        count: number,
        folded: 0,
        events: vec![EventId::raw(0, number)],
        events_total: 1,
        entities: vec![EntityRef::new(EntityType::Ip, Part::Source, "203.0.113.9")],
        facts: Vec::new(),
        techniques: vec!["T1110".into()],
        tactics: vec!["credential-access".into()],
        controls: Vec::new(),
        enrichments: Vec::new(),
        verdict: None,
    }
}

fn incident(scope: &TenantScope, number: u64) -> Incident {
    let time = Timestamp::from_seconds(DAY + i64::try_from(number).unwrap());
    Incident {
        id: IncidentId::derive(Digest::new("test").number(number)),
        tenant: scope.tenant().clone(),
        title: format!("Brute force number {number}"),
        headline: "all logins failed".into(),
        status: IncidentStatus::New,
        severity: Severity::from_ocsf(u8::try_from(number % 6).unwrap()),
        risk: Estimate::new(0.6, 0.4, 0.8),
        entities: vec![EntityRef::new(EntityType::User, Part::Target, format!("user-{number}"))],
        techniques: vec!["T1110".into()],
        tactics: vec!["credential-access".into()],
        first: time,
        last: time,
        joins: (number * 2..number * 2 + 2)
            .map(|number| Join { signal: signal(scope, number).id, reason: JoinReason::Opened })
            .collect(),
        events_total: 2,
        narrative: Narrative::default(),
        version: 1,
        created: time,
        updated: time,
        reasons: Vec::new(),
        merged_into: None,
        absorbed: Vec::new(),
        chain: Vec::new(),
        history: Vec::new(),
        apart: Vec::new(),
        verdict: None,
    }
}

/// The second and the third incident are like the first; the fourth is like any words.
#[derive(Debug, Default)]
pub(crate) struct Alike {
    incidents: Vec<IncidentId>,
    pub(crate) asked: AtomicUsize,
    pub(crate) fails: AtomicBool,
}

impl Alike {
    fn like(&self, number: usize, score: f64) -> Like {
        let id = self.incidents[number].to_string();
        Like { id, kind: LikeKind::Incident, score, why: format!("like number {number}") }
    }

    fn answer<T>(&self, answer: T) -> Result<T, EngineError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let failed = EngineError { message: "the index is being rebuilt".into() };
        if self.fails.load(Ordering::SeqCst) { Err(failed) } else { Ok(answer) }
    }
}

#[async_trait]
impl Similar for Alike {
    async fn near_id(
        &self,
        _scope: &TenantScope,
        id: &str,
        limit: usize,
    ) -> Result<Option<Vec<Like>>, EngineError> {
        assert!(limit >= 2);
        let is_first = id == self.incidents[0].to_string();
        self.answer(is_first.then(|| vec![self.like(2, 0.8), self.like(1, 0.9)]))
    }

    async fn near_text(
        &self,
        _scope: &TenantScope,
        _text: &str,
        kind: LikeKind,
        _limit: usize,
    ) -> Result<Vec<Like>, EngineError> {
        assert_eq!(kind, LikeKind::Incident);
        self.answer(vec![self.like(3, 0.7)])
    }
}

/// Gives what it was told to, whatever is asked, and remembers what that was.
#[derive(Debug, Default)]
pub(crate) struct Words {
    pub(crate) ids: Mutex<Vec<EventId>>,
    pub(crate) last: Mutex<Option<TextQuery>>,
    pub(crate) lacks: Mutex<Option<String>>,
    /// From when on it lacks nothing, if ever.
    pub(crate) whole_since: Mutex<Option<Timestamp>>,
    pub(crate) fails: AtomicBool,
}

#[async_trait]
impl TextSearch for Words {
    async fn search(&self, _scope: &TenantScope, query: &TextQuery) -> Result<TextHits, EngineError> {
        *self.last.lock().unwrap() = Some(query.clone());
        if self.fails.load(Ordering::SeqCst) {
            return Err(EngineError { message: "the index is damaged".into() });
        }
        let (ids, lacks) = (self.ids.lock().unwrap().clone(), self.lacks.lock().unwrap().clone());
        Ok(TextHits { ids, has_more: false, held: None, lacks })
    }

    async fn lacks(
        &self,
        _scope: &TenantScope,
        from: Option<Timestamp>,
    ) -> Result<Option<String>, EngineError> {
        let lacks = self.lacks.lock().unwrap().clone();
        Ok(lacks.filter(|_| {
            from.is_none_or(|from| from < self.whole_since.lock().unwrap().unwrap_or(Timestamp::MAX))
        }))
    }
}

#[derive(Debug, Default)]
pub(crate) struct Behind(pub(crate) Mutex<Option<Waiting>>);

#[async_trait]
impl Freshness for Behind {
    async fn waiting(&self, _scope: &TenantScope) -> Option<Waiting> {
        *self.0.lock().unwrap()
    }
}

/// Marts that look at one row a millisecond, for ever.
#[derive(Debug)]
pub(crate) struct Slow {
    marts: Arc<dyn MartStore>,
    pub(crate) rows: AtomicU64,
    /// On which threads.
    pub(crate) threads: Mutex<BTreeSet<String>>,
}

impl Slow {
    async fn for_ever(&self) -> ! {
        loop {
            let thread = std::thread::current().name().unwrap_or_default().to_owned();
            self.threads.lock().unwrap().insert(thread);
            self.rows.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[async_trait]
impl MartStore for Slow {
    async fn append(&self, _: &TenantScope, _: Vec<EventBatch>, _: Position) -> Result<(), StoreError> {
        Ok(())
    }

    async fn flush(&self, _: &TenantScope) -> Result<(), StoreError> {
        Ok(())
    }

    async fn position(&self, scope: &TenantScope, partition: u32) -> Result<u64, StoreError> {
        self.marts.position(scope, partition).await
    }

    async fn search_with(
        &self,
        _: &TenantScope,
        _: &MartQuery,
        _: &SearchOptions,
    ) -> Result<MartAnswer, StoreError> {
        self.for_ever().await
    }

    async fn ask(&self, _: &TenantScope, _: &Plan, _: &AskLimits) -> Result<PlanAnswer, StoreError> {
        self.for_ever().await
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

    async fn horizon(&self, scope: &TenantScope) -> Result<Horizon, StoreError> {
        self.marts.horizon(scope).await
    }

    async fn seen(&self, scope: &TenantScope, request: &SeenRequest) -> Result<Vec<Seen>, StoreError> {
        self.marts.seen(scope, request).await
    }

    async fn declare_marts(&self, scope: &TenantScope, marts: Vec<Mart>) {
        self.marts.declare_marts(scope, marts).await;
    }

    async fn drop_mart(&self, scope: &TenantScope, mart: &Mart) -> Result<u64, StoreError> {
        self.marts.drop_mart(scope, mart).await
    }

    async fn stats(&self, scope: &TenantScope) -> Result<Vec<MartStats>, StoreError> {
        self.marts.stats(scope).await
    }
}
