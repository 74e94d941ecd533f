//! A question before it is answered: read, planned, estimated, and refused where it would cost too much.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use sentra_ask::{Context, RouteDecision};
use sentra_kql::plan::{Catalog, Plan};
use sentra_model::{Mart, TenantScope, Timestamp};
use sentra_store::{EVENTS_TABLE, PlanEstimate, within_horizon};

use super::Desk;
use crate::answer::Estimate;
use crate::ceiling::Ceiling;
use crate::error::{QueryError, TooExpensive};
use crate::forensic::since;
use crate::read::{Question, Read, read};
use crate::request::{Asker, Engine, Request, Role};
use crate::similar::Likes;
use crate::whole::{first_rows, whole};
use crate::work::{Work, work_of};
use crate::{cheaper, tables, wish};

/// A question before it is answered.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) decision: RouteDecision,
    /// Why the index that was asked for is not asked: the marts hold what it holds, and are asked in its place.
    pub(crate) avoided: Option<String>,
    pub(crate) questions: Vec<Ready>,
    /// Whether `similar(…)` or `near(…)` was answered for it.
    pub(crate) by_likeness: bool,
    pub(crate) estimate: Estimate,
    pub(crate) work: Work,
    pub(crate) now: Timestamp,
}

/// One question of it, with its plan; one event by its id needs none.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) question: Question,
    pub(crate) understood: String,
    pub(crate) plan: Option<Plan>,
}

impl Prepared {
    /// The question as it was read; of several the last one.
    pub(crate) fn understood(&self) -> &str {
        self.questions.last().map_or("", |ready| ready.understood.as_str())
    }
}

impl Desk {
    /// Refuses what is expected to cost more than may be spent.
    pub(crate) async fn afford(
        &self,
        asker: &Asker,
        request: &Request,
        prepared: &Prepared,
    ) -> Result<(), QueryError> {
        let ceiling = self.options.ceilings.of(asker);
        let Some(why) = ceiling.refuses(&prepared.estimate) else { return Ok(()) };
        if request.anyway && asker.role == Role::Admin {
            return Ok(());
        }
        let cheaper = self.cheaper(asker, prepared, &ceiling).await;
        let estimate = prepared.estimate;
        Err(QueryError::TooExpensive(Box::new(TooExpensive { why, estimate, ceiling, cheaper })))
    }

    /// A question like the last one of `prepared` that would be allowed: the first of those thought of whose own estimate
    /// is within `ceiling`.
    pub(super) async fn cheaper(
        &self,
        asker: &Asker,
        prepared: &Prepared,
        ceiling: &Ceiling,
    ) -> Option<String> {
        let ready = prepared.questions.last()?;
        let marts = self.parts.marts.names(&asker.scope).await.ok()?;
        let catalog = tables::catalog(&marts);
        let stats = self.parts.marts.stats(&asker.scope).await.ok()?;
        let latest = stats.iter().filter_map(|stats| stats.last).max();
        for query in cheaper::candidates(&ready.question.query, prepared.now, latest) {
            let text = query.to_string();
            let question = Question { asked: text.clone(), text: text.clone(), query, with_all: false };
            let Ok(plan) = question.plan(&catalog, prepared.now) else { continue };
            let Ok(estimate) = self.parts.marts.estimate(&asker.scope, &plan).await else { continue };
            let work = work_of(&plan, &estimate);
            if ceiling.refuses(&self.costs().estimate(&work, &estimate)).is_none() {
                return Some(text);
            }
        }
        None
    }

    /// Reads a question, answers the calls for what is alike, checks it against the tables there are, and estimates it.
    pub(crate) async fn prepare(&self, asker: &Asker, request: &Request) -> Result<Prepared, QueryError> {
        let _first = self.precedence.go_first();
        self.learn_from_past(&asker.scope).await;
        let scope = &asker.scope;
        let now = self.moment_of(request);
        let registered: Vec<Mart> = self.parts.marts.names(scope).await?;
        let marts = registered.iter().map(ToString::to_string).collect();
        let context = Context { marts, ..Context::at(now) };
        let catalog = tables::catalog(&registered);
        let described = matches!(request.engine, Engine::Similarity | Engine::Vectors);
        let Read { decision, mut questions } = read(&request.text, &context, &catalog, described)?;
        let shown: Vec<String> = questions.iter().map(|question| question.query.to_string()).collect();
        let avoided = match wish::may_be_turned(request.engine, &mut questions) {
            true => {
                // Before what is alike is looked for: a question with such calls has no plan yet, and counts as one about all.
                let plan = |question: &Question| planned(question, None, &catalog, now, request).ok()?;
                let since = |question: &Question| since(&plan(question)?, EVENTS_TABLE);
                let from = questions.iter().map(since).collect::<Option<Vec<_>>>();
                self.avoided(scope, from.and_then(|from| from.into_iter().min())).await
            }
            false => None,
        };
        if avoided.is_none() {
            wish::grant(request.engine, &self.parts, &request.text, &decision, &mut questions)?;
        }
        let likes = self.alike(scope, &request.text, &questions).await?;
        let by_likeness = likes.is_some();
        let mut ready = Vec::with_capacity(questions.len());
        for (question, understood) in questions.into_iter().zip(shown) {
            let plan = planned(&question, likes.as_ref(), &catalog, now, request)?;
            if let Some(plan) = &plan {
                wish::check(request.engine, plan, &request.text)?;
            }
            let understood = if question.asked == question.text && request.engine != Engine::Auto {
                question.query.to_string()
            } else {
                understood
            };
            ready.push(Ready { question, understood, plan });
        }
        let (estimate, work) = self.expected(scope, &ready, request).await?;
        Ok(Prepared { decision, avoided, questions: ready, by_likeness, estimate, work, now })
    }

    /// What is like what the calls of the questions name; nothing when there are no calls.
    async fn alike(
        &self,
        scope: &TenantScope,
        text: &str,
        questions: &[Question],
    ) -> Result<Option<Likes>, QueryError> {
        let calls: BTreeSet<_> =
            questions.iter().flat_map(|question| crate::similar::calls(&question.query)).collect();
        if calls.is_empty() {
            return Ok(None);
        }
        let Some(similar) = &self.parts.similar else { return Err(QueryError::unavailable("similarity")) };
        let found = crate::similar::answer(similar.as_ref(), self.parts.records.as_ref(), scope, text, calls);
        self.health.watch("vectors", &self.parts.clock, found).await.map(Some)
    }

    async fn expected(
        &self,
        scope: &TenantScope,
        ready: &[Ready],
        request: &Request,
    ) -> Result<(Estimate, Work), QueryError> {
        let mut whole = PlanEstimate::default();
        let mut works = Vec::new();
        for plan in ready.iter().filter_map(|ready| ready.plan.as_ref()) {
            let plan = if request.by_page { &first_rows(plan, request.rows_max) } else { plan };
            let estimate = self.parts.marts.estimate(scope, plan).await?;
            works.push(work_of(plan, &estimate));
            whole.scans.extend(estimate.scans);
        }
        let work = works.into_iter().reduce(Work::and).unwrap_or_else(Work::of_one_event);
        let estimate = self.costs().estimate(&work, &whole);
        Ok((estimate, work))
    }

    /// Learns the pace from a tenant's past questions, once.
    async fn learn_from_past(&self, scope: &TenantScope) {
        let is_new = {
            let mut learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
            learnt.insert(scope.tenant().clone())
        };
        let Some(decisions) = self.parts.decisions.as_ref().filter(|_| is_new) else { return };
        let Ok(page) = decisions.page(scope, None, sentra_store::DECISIONS_PAGE_MAX).await else { return };
        let mut costs = self.costs();
        for (work, took_ms) in page.items.iter().rev().filter_map(crate::decision::work_of) {
            costs.learn(&work.into(), took_ms);
        }
    }
}

/// The plan of a question, with what is alike put in the place of the calls; nothing for one event by its id.
fn planned(
    question: &Question,
    likes: Option<&Likes>,
    catalog: &Catalog,
    now: Timestamp,
    request: &Request,
) -> Result<Option<Plan>, QueryError> {
    if question.event()?.is_some() {
        return Ok(None);
    }
    let mut question = question.clone();
    if let Some(likes) = likes {
        crate::similar::put(&mut question.query, likes);
    }
    let plan = match request.whole {
        true => whole(question.checked(catalog, now)?),
        false => question.plan(catalog, now)?,
    };
    let taken = request.pinned.as_ref().and_then(|pinned| pinned.taken.as_ref());
    let plan = match taken {
        Some(taken) => within_horizon(&plan, taken),
        None => plan,
    };
    Ok(Some(plan))
}
