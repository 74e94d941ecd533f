//! The edges as their users meet them: the whole router, and real sockets on loopback.

mod access;
mod answers;
mod compressed;
mod ingest;
mod operate;
mod queries;
mod sockets;
mod stream;

use std::ops::Range;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use sentra_backbone::{
    AppendBatch, Appended, Consumer, EventLog, Extent, LogError, MemoryLog, ReadChunk, Stream,
};
use sentra_decode::{DecodeOptions, Decoder};
use sentra_detect::{Overlay, RuleSet, Tuning};
use sentra_factory::{
    DecisionDesk, LetterDesk, MartDesk, MartRouter, RuleDesk, RuleDeskParts, RulesHandle, TuningKeeper,
};
use sentra_intake::{Appender, Intake, IntakeOptions, IntakeSettings};
use sentra_model::{DeadLetter, ManualClock, TenantId, Timestamp, Topic};
use sentra_query::{Desk, DeskParts};
use sentra_store::{DecisionKeeping, MemoryMarts, SqliteDecisions, SqliteRecords};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::api::types::RulesView;
use crate::state::{Shared, State};
use crate::{App, Config, Door, LiveHub, PipelineSnapshot, PipelineStatus, read_admin_token, routes};

/// A pipeline that says what it is told to say.
#[derive(Debug, Default)]
pub(super) struct FakePipeline(pub(super) Mutex<PipelineSnapshot>);

impl PipelineStatus for FakePipeline {
    fn snapshot(&self) -> PipelineSnapshot {
        *self.0.lock().unwrap()
    }

    fn rules(&self) -> RulesView {
        RulesView::default()
    }
}

/// A log that fails when told to.
#[derive(Debug, Default)]
pub(super) struct FakeLog {
    pub(super) inner: MemoryLog,
    failure: Mutex<Failure>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Failure {
    #[default]
    None,
    FullAfter(usize),
    Poisoned,
}

impl FakeLog {
    pub(super) fn fail(&self, failure: Failure) {
        *self.failure.lock().unwrap() = failure;
    }

    fn check(&self, records: usize) -> Result<(), LogError> {
        let mut failure = self.failure.lock().unwrap();
        match *failure {
            Failure::None => Ok(()),
            Failure::FullAfter(left) if records <= left => {
                *failure = Failure::FullAfter(left - records);
                Ok(())
            }
            Failure::FullAfter(_) => Err(LogError::Full { detail: "the budget is used up".to_owned() }),
            Failure::Poisoned => Err(LogError::Poisoned { reason: "fsync failed".to_owned() }),
        }
    }
}

#[async_trait]
impl EventLog for FakeLog {
    async fn append(&self, stream: &Stream, batch: AppendBatch) -> Result<Appended, LogError> {
        self.check(batch.records.len())?;
        self.inner.append(stream, batch).await
    }
    async fn read(&self, stream: &Stream, from: u64, bytes_max: usize) -> Result<ReadChunk, LogError> {
        self.inner.read(stream, from, bytes_max).await
    }
    async fn wait_beyond(&self, stream: &Stream, offset: u64) -> Result<(), LogError> {
        self.inner.wait_beyond(stream, offset).await
    }
    async fn extent(&self, stream: &Stream) -> Result<Extent, LogError> {
        self.inner.extent(stream).await
    }
    async fn streams(&self) -> Result<Vec<Stream>, LogError> {
        self.inner.streams().await
    }
    async fn position(&self, consumer: &str, stream: &Stream) -> Result<Option<u64>, LogError> {
        self.inner.position(consumer, stream).await
    }
    async fn commit(&self, consumer: &str, stream: &Stream, next_offset: u64) -> Result<(), LogError> {
        self.inner.commit(consumer, stream, next_offset).await
    }
    async fn commit_range(
        &self,
        consumer: &str,
        stream: &Stream,
        next_offset: u64,
        range: Range<u64>,
    ) -> Result<(), LogError> {
        self.inner.commit_range(consumer, stream, next_offset, range).await
    }
    async fn consumers(&self, stream: &Stream) -> Result<Vec<Consumer>, LogError> {
        self.inner.consumers(stream).await
    }
    async fn forget(&self, consumer: &str, stream: &Stream) -> Result<bool, LogError> {
        self.inner.forget(consumer, stream).await
    }
    async fn offset_at(&self, stream: &Stream, time: Timestamp) -> Result<u64, LogError> {
        self.inner.offset_at(stream, time).await
    }
}

/// Everything a test may want to move or look at.
pub(super) struct Fixture {
    pub(super) log: Arc<FakeLog>,
    pub(super) pipeline: Arc<FakePipeline>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) records: Arc<SqliteRecords>,
    pub(super) token: String,
    pub(super) config: Config,
    pub(super) directory: tempfile::TempDir,
    app: Option<App>,
    router: Option<Router>,
    shared: Option<Shared>,
}

/// Keeps nothing.
struct Forgetful;

impl TuningKeeper for Forgetful {
    fn keep(&self, _tuning: &Tuning) -> std::io::Result<()> {
        Ok(())
    }
}

pub(super) async fn fixture() -> Fixture {
    fixture_with(|_| {}).await
}

pub(super) async fn fixture_with(change: impl FnOnce(&mut Config)) -> Fixture {
    let mut config = Config::default();
    config.server.listen = "127.0.0.1:0".to_owned();
    config.intake.syslog_udp = "127.0.0.1:0".to_owned();
    config.intake.syslog_tcp = "127.0.0.1:0".to_owned();
    change(&mut config);
    let directory = tempfile::tempdir().unwrap();
    let log = Arc::new(FakeLog::default());
    let pipeline = Arc::new(FakePipeline::default());
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000)));
    let records = Arc::new(SqliteRecords::in_memory().await.unwrap());
    let marts = Arc::new(MemoryMarts::default());
    let no_rules = RulesHandle::new(RuleSet::compile(Vec::new()).0);
    let router = Arc::new(MartRouter::new(records.clone(), marts.clone()));
    let mart_desk = MartDesk::new(records.clone(), marts.clone(), router, clock.clone());
    let app = App {
        directory: directory.path().to_owned(),
        log: log.clone(),
        marts: marts.clone(),
        mart_desk: Arc::new(mart_desk),
        forensic: None,
        desk: Arc::new(Desk::new(
            DeskParts {
                decisions: Some(Arc::new(
                    SqliteDecisions::in_memory(DecisionKeeping::default()).await.unwrap(),
                )),
                ..DeskParts::new(marts.clone(), records.clone(), clock.clone())
            },
            config.desk_options(),
        )),
        rules: RuleDesk::new(RuleDeskParts {
            log: log.clone(),
            marts,
            records: records.clone(),
            rules: no_rules,
            tuning: Overlay::default().into(),
            keeper: Arc::new(Forgetful),
            status: Arc::default(),
            clock: clock.clone(),
        }),
        decisions: DecisionDesk::new(log.clone(), clock.clone(), Arc::default()),
        records: records.clone(),
        letters: LetterDesk::new(
            log.clone(),
            records.clone(),
            || Arc::new(Decoder::new(DecodeOptions::default())),
            clock.clone(),
        ),
        pipeline: pipeline.clone(),
        live: Arc::new(LiveHub::new(config.server.live_ring_max, Timestamp::from_seconds(1_000))),
        door: Door::open(directory.path(), &config.server, clock.clone()).unwrap(),
        clock: clock.clone(),
        metrics: None,
        reloader: None,
        version: "0.0.0-test".to_owned(),
    };
    let token = read_admin_token(directory.path()).unwrap();
    Fixture {
        log,
        pipeline,
        clock,
        records,
        token,
        config,
        directory,
        app: Some(app),
        router: None,
        shared: None,
    }
}

/// An answer with its body.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The slug of the problem, which must be one.
    pub(super) fn problem(&self) -> String {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json", "{}", self.text());
        let document: crate::ProblemDocument = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(document.status, self.status.as_u16());
        document.problem_type.strip_prefix("urn:sentra:problem:").unwrap().to_owned()
    }
}

impl Fixture {
    pub(super) fn app(&mut self) -> App {
        self.app.take().expect("the app is used once")
    }

    pub(super) fn set_app(&mut self, app: App) {
        self.app = Some(app);
    }

    pub(super) fn shared(&mut self) -> Shared {
        if self.shared.is_none() {
            let app = self.app();
            let appender = Appender::new(Arc::clone(&app.log), Arc::clone(&app.clock), self.config.limits());
            let intake =
                Intake::start(appender, IntakeOptions::default(), &IntakeSettings::default()).unwrap();
            intake.appender().set_limits(self.config.limits());
            let http = "127.0.0.1:8080".parse().unwrap();
            let state = State::new(app, self.config.clone(), intake, http, CancellationToken::new());
            self.shared = Some(Arc::new(state));
        }
        self.shared.clone().unwrap()
    }

    pub(super) fn router(&mut self) -> Router {
        let shared = self.shared();
        self.router.get_or_insert_with(|| routes::router(&shared)).clone()
    }

    /// Sends a request exactly as it is, with a `Host` where it has none.
    pub(super) async fn send(&mut self, mut request: Request<Body>) -> Answer {
        request.headers_mut().entry(header::HOST).or_insert("localhost:8080".parse().unwrap());
        let response = self.router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Sends a request with the bearer token.
    pub(super) async fn ask(&mut self, method: Method, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.into())
            .unwrap();
        self.send(request).await
    }

    pub(super) async fn get(&mut self, path: &str) -> Answer {
        self.ask(Method::GET, path, Body::empty()).await
    }

    /// The records of a tenant's topic as text.
    pub(super) async fn stored(&self, tenant: &str, topic: Topic) -> Vec<String> {
        stored(&self.log, tenant, topic).await
    }

    pub(super) async fn dead_letters(&self, tenant: &str) -> Vec<DeadLetter> {
        let letters = self.stored(tenant, Topic::Dead).await;
        letters.iter().map(|letter| serde_json::from_str(letter).unwrap()).collect()
    }
}

pub(super) fn raw_stream(tenant: &str, topic: Topic) -> Stream {
    Stream { tenant: tenant.parse::<TenantId>().unwrap(), topic, partition: 0 }
}

pub(super) async fn stored(log: &FakeLog, tenant: &str, topic: Topic) -> Vec<String> {
    let chunk = log.read(&raw_stream(tenant, topic), 0, usize::MAX).await.unwrap();
    let records = chunk.batches.iter().flat_map(sentra_backbone::StoredBatch::records);
    records.map(|(_, record)| String::from_utf8_lossy(record.bytes).into_owned()).collect()
}
