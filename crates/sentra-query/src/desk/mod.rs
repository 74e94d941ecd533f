//! The one way to ask.

mod prepare;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

use async_trait::async_trait;
use sentra_kql::run::Precedence;
use sentra_model::{Clock, TenantId, TenantScope, Timestamp};
use sentra_store::{DecisionStore, MartStore, Records};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};

use crate::answer::{Answer, AnswerPart, Estimate, Explain, Render, Route};
use crate::background::Background;
use crate::ceiling::{Ceiling, Ceilings};
use crate::complete::SeenCache;
use crate::cost::CostModel;
use crate::error::{EngineError, QueryError};
use crate::execute::{Sources, execute};
use crate::forensic::TextSearch;
use crate::found::{Found, one_event};
use crate::health::{EngineStatus, Health};
use crate::pages::{CursorKey, Kept};
use crate::request::{Asker, Request};
use crate::running::Running;
use crate::similar::Similar;
use crate::turns::{Lane, Turn, TurnLimits, Turns};
use crate::words::{notes, route_of, status_of};
use crate::work::Work;

pub(crate) use prepare::{Prepared, Ready};

/// How long the index over words may take to say what it lacks.
const INDEX_WAIT: Duration = Duration::from_millis(500);

/// Records that wait to be in the stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// How many.
    pub records: u64,
    /// When the first of them came in.
    pub since: Timestamp,
}

/// Knows how far the stores are behind the log.
#[async_trait]
pub trait Freshness: Send + Sync + Debug {
    /// What waits of a tenant; nothing when the stores hold all there is, or when it is not known.
    async fn waiting(&self, scope: &TenantScope) -> Option<Waiting>;
}

/// What a desk works on; all of it is passed in.
#[derive(Debug, Clone)]
pub struct DeskParts {
    /// Events.
    pub marts: Arc<dyn MartStore>,
    /// Signals and incidents.
    pub records: Arc<dyn Records>,
    /// What is like something.
    pub similar: Option<Arc<dyn Similar>>,
    /// Events by their words.
    pub forensic: Option<Arc<dyn TextSearch>>,
    /// Where decisions are kept.
    pub decisions: Option<Arc<dyn DecisionStore>>,
    /// How far the stores are behind the log.
    pub freshness: Option<Arc<dyn Freshness>>,
    /// The time: what `now()` and `ago(…)` mean (law TIME).
    pub clock: Arc<dyn Clock>,
    /// What cursors of pages are sealed with.
    pub cursor_key: CursorKey,
}

impl DeskParts {
    /// Marts and records alone: nothing else is there, no decision is kept, and cursors are sealed with no secret.
    pub fn new(marts: Arc<dyn MartStore>, records: Arc<dyn Records>, clock: Arc<dyn Clock>) -> Self {
        let cursor_key = CursorKey::of(&[]);
        Self {
            marts,
            records,
            similar: None,
            forensic: None,
            decisions: None,
            freshness: None,
            clock,
            cursor_key,
        }
    }
}

/// What a desk allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskOptions {
    /// What may be spent on one question.
    pub ceilings: Ceilings,
    /// How many questions run at the same time.
    pub turns: TurnLimits,
}

impl Default for DeskOptions {
    fn default() -> Self {
        Self { ceilings: Ceilings::default(), turns: TurnLimits::new(8) }
    }
}

/// Where questions are asked.
#[derive(Debug)]
pub struct Desk {
    pub(crate) parts: DeskParts,
    options: DeskOptions,
    pub(crate) health: Health,
    pub(crate) running: Running,
    pub(crate) turns: Turns,
    pub(crate) background: Background,
    /// What is over soon goes first.
    precedence: Precedence,
    /// Answers whose next pages may be asked for.
    pub(crate) kept: Kept,
    /// What was seen in the data.
    pub(crate) seen: SeenCache,
    costs: Mutex<CostModel>,
    /// Tenants whose past questions were learnt from.
    learnt: Mutex<BTreeSet<TenantId>>,
    /// How many questions were asked since the start: names for those that have none.
    pub(crate) asked: AtomicU64,
}

/// What became known of a question while it was answered, for the decision that is kept of it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Trace {
    pub(crate) route: Option<Route>,
    pub(crate) understood: String,
    pub(crate) estimate: Option<Estimate>,
    pub(crate) work: Option<Work>,
    /// How many rows left piece by piece, where the answer itself holds none.
    pub(crate) rows_given: Option<usize>,
}

impl Desk {
    /// A desk over `parts`.
    #[must_use]
    pub fn new(parts: DeskParts, options: DeskOptions) -> Self {
        let precedence = Precedence::on(available_parallelism().map_or(1, NonZeroUsize::get));
        Self {
            parts,
            health: Health::default(),
            running: Running::default(),
            turns: Turns::new(options.turns, precedence.clone()),
            background: Background::new(precedence.clone()),
            precedence,
            kept: Kept::default(),
            seen: SeenCache::default(),
            costs: Mutex::default(),
            learnt: Mutex::default(),
            asked: AtomicU64::new(0),
            options,
        }
    }

    /// Answers `request` from what `asker` may see. Whoever drops the future ends the work on it.
    ///
    /// # Errors
    /// [`QueryError::Syntax`] with the place when the text is not understood, [`QueryError::EngineUnavailable`],
    /// [`QueryError::TooExpensive`], [`QueryError::Cancelled`], and [`QueryError::Store`] when a store cannot be
    /// read. A limit that is reached while it runs is no error but a partial answer.
    pub async fn ask(&self, asker: &Asker, request: &Request) -> Result<Answer, QueryError> {
        let query_id = self.query_id(request);
        let begun = self.running.begin(asker.scope.tenant(), &query_id)?;
        let started = Instant::now();
        let trace = Mutex::new(Trace::default());
        let result = tokio::select! {
            answered = self.answered(asker, request, &query_id, &trace) => answered,
            () = begun.cancelled() => Err(QueryError::Cancelled { query_id: query_id.clone() }),
        };
        let trace = trace.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.decided(asker, request, result, trace, started).await
    }

    /// What `request` is expected to cost, and whether it would be answered.
    ///
    /// # Errors
    /// As [`Desk::ask`], but for what only comes up in answering.
    pub async fn estimate(&self, asker: &Asker, request: &Request) -> Result<Estimated, QueryError> {
        let prepared = self.prepare(asker, request).await?;
        let ceiling = self.options.ceilings.of(asker);
        let why = ceiling.refuses(&prepared.estimate);
        let cheaper = match why {
            Some(_) => self.cheaper(asker, &prepared, &ceiling).await,
            None => None,
        };
        let understood = prepared.understood().to_owned();
        let route = route_of(&prepared, request.engine, &Found::default(), &[], &understood);
        Ok(Estimated {
            route,
            understood,
            estimate: prepared.estimate,
            allowed: why.is_none(),
            ceiling,
            cheaper,
        })
    }

    /// Ends the question of that name; whether one runs. It is answered with [`QueryError::Cancelled`].
    #[must_use]
    pub fn cancel(&self, scope: &TenantScope, query_id: &str) -> bool {
        self.running.cancel(scope.tenant(), query_id)
    }

    /// How many questions run or wait for their turn.
    #[must_use]
    pub fn running(&self) -> usize {
        self.running.count()
    }

    /// How the engines are that there are, as `scope` finds them.
    pub async fn engines(&self, scope: &TenantScope) -> Vec<EngineStatus> {
        let now = self.parts.clock.now();
        let mut names = vec!["marts", "records"];
        names.extend(self.parts.forensic.is_some().then_some("forensic"));
        names.extend(self.parts.similar.is_some().then_some("vectors"));
        let mut engines = Vec::with_capacity(names.len());
        for name in names {
            let lacks = match name {
                "forensic" => self.index_lacks(scope, None).await,
                _ => Ok(None),
            };
            engines.push(self.health.of(name).status(name, now, lacks));
        }
        engines
    }

    /// Why events from `from` on, or any, that belong into the index over words are not in it. While it is busy with making
    /// room nobody waits for it to say so.
    async fn index_lacks(
        &self,
        scope: &TenantScope,
        from: Option<Timestamp>,
    ) -> Result<Option<String>, EngineError> {
        let Some(forensic) = &self.parts.forensic else { return Ok(None) };
        timeout(INDEX_WAIT, forensic.lacks(scope, from)).await.unwrap_or(Ok(None))
    }

    /// Why the index is not asked in the place of the marts for events from `from` on, though it was wished for.
    async fn avoided(&self, scope: &TenantScope, from: Option<Timestamp>) -> Option<String> {
        match self.health.of("forensic").rest(self.parts.clock.now()) {
            Some(why) => Some(why),
            None => self.index_lacks(scope, from).await.unwrap_or_else(|error| Some(error.message)),
        }
    }

    /// What a question is called.
    pub(crate) fn query_id(&self, request: &Request) -> String {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        request.query_id.clone().unwrap_or_else(|| format!("q-{number}"))
    }

    /// The moment of asking.
    pub(crate) fn moment_of(&self, request: &Request) -> Timestamp {
        request.pinned.as_ref().map_or_else(|| self.parts.clock.now(), |pinned| pinned.now)
    }

    fn costs(&self) -> MutexGuard<'_, CostModel> {
        self.costs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answered(
        &self,
        asker: &Asker,
        request: &Request,
        query_id: &str,
        trace: &Mutex<Trace>,
    ) -> Result<Answer, QueryError> {
        let started = Instant::now();
        let prepared = self.prepare(asker, request).await?;
        let understood = prepared.understood().to_owned();
        {
            let mut trace = trace.lock().unwrap_or_else(PoisonError::into_inner);
            let route = route_of(&prepared, request.engine, &Found::default(), &[], &understood);
            let (estimate, work) = (Some(prepared.estimate), Some(prepared.work));
            *trace = Trace {
                route: Some(route),
                understood: understood.clone(),
                estimate,
                work,
                rows_given: None,
            };
        }
        self.afford(asker, request, &prepared).await?;
        let turn = self.turn(asker, request, &prepared).await?;
        let running_since = Instant::now();
        let deadline = running_since + Duration::from_millis(request.timeout_ms);
        let threads = self.background.of(turn.lane());
        let sources =
            Sources { parts: &self.parts, health: &self.health, scope: &asker.scope, deadline, threads };
        let mut parts = Vec::new();
        let mut last: Option<(Found, &Ready)> = None;
        for ready in &prepared.questions {
            if let Some((found, ready)) = last.take() {
                parts.push(part_of(found, ready));
            }
            last = Some((answer_one(&sources, ready, request.rows_max).await?, ready));
        }
        drop(turn);
        let took_ms = running_since.elapsed().as_secs_f64() * 1e3;
        let Some((mut found, ready)) = last else {
            return Err(crate::read::refusal(&request.text, "there is no question in it", "ask one"));
        };
        if found.stopped_by.is_none() {
            self.costs().learn(&prepared.work, took_ms);
        }
        if prepared.by_likeness {
            found.use_engine("vectors");
        }
        let waiting = match &self.parts.freshness {
            Some(freshness) if found.used.contains(&"marts") => freshness.waiting(&asker.scope).await,
            _ => None,
        };
        let notes = notes(&found, ready.plan.as_ref(), request.rows_max, &self.health, prepared.now);
        let (status, status_detail) = status_of(&found, &notes, waiting, prepared.now);
        Ok(Answer {
            query_id: query_id.to_owned(),
            decision_id: None,
            route: route_of(&prepared, request.engine, &found, &notes, &understood),
            status,
            status_detail,
            columns: found.columns,
            rows: found.rows,
            render: ready.plan.as_ref().and_then(|plan| plan.render.as_ref()).map(render),
            parts: (!parts.is_empty()).then_some(parts),
            estimate: Some(prepared.estimate),
            elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            next_cursor: None,
            explain: Some(Explain {
                question: understood.clone(),
                lineage: found.lineage,
                segments: found.segments,
                rollups: found.rollups,
                engines: found.engines,
                notes,
            }),
            understood,
        })
    }

    /// Waits for the turn of a question that may be afforded.
    pub(crate) async fn turn(
        &self,
        asker: &Asker,
        request: &Request,
        prepared: &Prepared,
    ) -> Result<Turn, QueryError> {
        let lane = if request.in_background { Lane::Heavy } else { Lane::of(prepared.estimate.expected_ms) };
        self.turns.turn(asker.scope.tenant(), lane).await
    }

    /// The threads for what takes long, where whatever else belongs to a question of [`Request::in_background`] is done,
    /// too; nothing where there are none.
    #[must_use]
    pub fn background(&self) -> Option<&Handle> {
        self.background.of(Lane::Heavy)
    }
}

/// What a question is expected to cost, and whether it would be answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimated {
    /// Which way it would go.
    pub route: Route,
    /// The question as it was read.
    pub understood: String,
    /// What it is expected to cost.
    pub estimate: Estimate,
    /// Whether it is within the ceiling.
    pub allowed: bool,
    /// What may be spent on it.
    pub ceiling: Ceiling,
    /// A question like it that would be allowed, when it is not.
    pub cheaper: Option<String>,
}

async fn answer_one(sources: &Sources<'_>, ready: &Ready, rows_max: usize) -> Result<Found, QueryError> {
    match (&ready.plan, ready.question.event()?) {
        (Some(plan), _) => execute(sources, plan, rows_max).await,
        (None, Some(id)) => {
            let marts = sources.parts.marts.as_ref();
            let found = one_event(marts, sources.scope, id, sources.deadline);
            sources.health.watch("marts", &sources.parts.clock, found).await
        }
        (None, None) => Ok(Found::default()),
    }
}

fn part_of(found: Found, ready: &Ready) -> AnswerPart {
    let Found { columns, rows, .. } = found;
    AnswerPart { question: ready.question.asked.clone(), understood: ready.understood.clone(), columns, rows }
}

pub(crate) fn render(chart: &sentra_kql::plan::Chart) -> Render {
    let title = chart.properties.iter().find(|(name, _)| name == "title");
    Render { kind: chart.kind.clone(), title: title.and_then(|(_, values)| values.first().cloned()) }
}
