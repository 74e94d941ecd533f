//! The one way to ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sentra_ask::{Context, Form, RouteDecision};
use sentra_kql::plan::Plan;
use sentra_model::{Clock, Timestamp};
use sentra_store::{MartStore, Records, StoppedBy, event_catalog, within_horizon};
use tokio::time::Instant;

use crate::answer::{Answer, AnswerPart, Explain, Intent, Render, Route, Status, StatusDetail};
use crate::complete::SeenCache;
use crate::error::QueryError;
use crate::found::{Found, from_marts, one_event};
use crate::pages::{CursorKey, Kept};
use crate::read::{Question, Read, read};
use crate::request::{Asker, Engine, Request};
use crate::whole::whole;

/// What a desk works on; all of it is passed in.
#[derive(Debug, Clone)]
pub struct DeskParts {
    /// Events.
    pub marts: Arc<dyn MartStore>,
    /// Signals and incidents.
    pub records: Arc<dyn Records>,
    /// The time: what `now()` and `ago(…)` mean (law TIME).
    pub clock: Arc<dyn Clock>,
    /// What cursors of pages are sealed with.
    pub cursor_key: CursorKey,
}

/// Where questions are asked.
#[derive(Debug)]
pub struct Desk {
    pub(crate) parts: DeskParts,
    /// Answers whose next pages may be asked for.
    pub(crate) kept: Kept,
    /// What was seen in the data.
    pub(crate) seen: SeenCache,
    /// How many questions were asked since the start: names for those that have none.
    asked: AtomicU64,
}

impl Desk {
    /// A desk over `parts`.
    #[must_use]
    pub fn new(parts: DeskParts) -> Self {
        Self { parts, kept: Kept::default(), seen: SeenCache::default(), asked: AtomicU64::new(0) }
    }

    /// Answers `request` from what `asker` may see.
    ///
    /// # Errors
    /// [`QueryError::Syntax`] with the place when the text is not understood, [`QueryError::EngineUnavailable`],
    /// and [`QueryError::Store`] when a store cannot be read. A limit that is reached is no error but a partial
    /// answer.
    pub async fn ask(&self, asker: &Asker, request: &Request) -> Result<Answer, QueryError> {
        let started = Instant::now();
        let scope = &asker.scope;
        let now = self.moment_of(request);
        let registered = self.parts.marts.names(scope).await?;
        let marts = registered.iter().map(ToString::to_string).collect();
        let context = Context { marts, ..Context::at(now) };
        let Read { decision, mut questions } = read(&request.text, &context)?;
        if request.engine == Engine::Similarity || is_for_alike(&decision) {
            return Err(QueryError::unavailable("similarity"));
        }
        let catalog = event_catalog(&registered);
        let deadline = started + Duration::from_millis(request.timeout_ms);
        let Some(last) = questions.pop() else {
            return Err(crate::read::refusal(&request.text, "there is no question in it", "ask one"));
        };
        let mut parts = Vec::new();
        for question in questions {
            let (found, _) = self.answer(asker, request, &question, &catalog, deadline).await?;
            let Found { columns, rows, .. } = found;
            let understood = question.query.to_string();
            parts.push(AnswerPart { question: question.asked, understood, columns, rows });
        }
        let (found, plan) = self.answer(asker, request, &last, &catalog, deadline).await?;
        let understood = last.query.to_string();
        let notes = notes(&found, plan.as_ref(), request.rows_max);
        Ok(Answer {
            query_id: self.query_id(request),
            decision_id: None,
            route: route_of(&decision, request.engine, &found, &notes, &understood),
            status: if found.stopped_by.is_none() && !found.cut { Status::Complete } else { Status::Partial },
            status_detail: detail(&found, &notes),
            columns: found.columns,
            rows: found.rows,
            render: plan.and_then(|plan| plan.render).map(render),
            parts: (!parts.is_empty()).then_some(parts),
            estimate: None,
            elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            next_cursor: None,
            explain: request.explain.then(|| Explain {
                question: understood.clone(),
                lineage: found.lineage,
                segments: found.segments,
                engines: found.engines,
                notes,
            }),
            understood,
        })
    }

    async fn answer(
        &self,
        asker: &Asker,
        request: &Request,
        question: &Question,
        catalog: &sentra_kql::plan::Catalog,
        deadline: Instant,
    ) -> Result<(Found, Option<Plan>), QueryError> {
        let marts = self.parts.marts.as_ref();
        if let Some(id) = question.event()? {
            return Ok((one_event(marts, &asker.scope, id, deadline).await?, None));
        }
        let now = self.moment_of(request);
        let plan = match request.whole {
            true => whole(question.checked(catalog, now)?),
            false => question.plan(catalog, now)?,
        };
        let plan = match &request.pinned {
            Some(pinned) => within_horizon(&plan, &pinned.taken),
            None => plan,
        };
        let timeout = deadline.saturating_duration_since(Instant::now());
        let found = from_marts(marts, &asker.scope, &plan, timeout, request.rows_max).await?;
        Ok((found, Some(plan)))
    }

    /// The moment of asking.
    pub(crate) fn moment_of(&self, request: &Request) -> Timestamp {
        request.pinned.as_ref().map_or_else(|| self.parts.clock.now(), |pinned| pinned.now)
    }

    pub(crate) fn query_id(&self, request: &Request) -> String {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        request.query_id.clone().unwrap_or_else(|| format!("q-{number}"))
    }
}

pub(crate) fn is_for_alike(decision: &RouteDecision) -> bool {
    !matches!(decision.intent, sentra_ask::Intent::Exact | sentra_ask::Intent::Analytical)
}

pub(crate) fn render(chart: sentra_kql::plan::Chart) -> Render {
    let title = chart.properties.into_iter().find(|(name, _)| name == "title");
    Render { kind: chart.kind, title: title.and_then(|(_, values)| values.into_iter().next()) }
}

pub(crate) fn detail(found: &Found, notes: &[String]) -> StatusDetail {
    let lineage = &found.lineage;
    let total = lineage.segments_considered;
    let unread = if found.stopped_by.is_some() { lineage.segments_skipped } else { 0 };
    let is_whole = found.stopped_by.is_none() && !found.cut;
    StatusDetail {
        segments_read: total.saturating_sub(unread),
        segments_total: total,
        stale_as_of: None,
        why: if is_whole { String::new() } else { notes.first().cloned().unwrap_or_default() },
    }
}

/// What the asker may want to know, why the answer is not whole first.
pub(crate) fn notes(found: &Found, plan: Option<&Plan>, rows_max: usize) -> Vec<String> {
    let without_rows = if found.rows.is_empty() { ", there are no rows" } else { "" };
    let mut notes = Vec::new();
    match found.stopped_by {
        Some(StoppedBy::Timeout) => notes.push(format!("the time allowed was over{without_rows}")),
        Some(StoppedBy::Memory) => notes.push(format!("the memory allowed was used up{without_rows}")),
        None if found.cut => {
            notes.push(format!("there are more than {rows_max} rows: add take, or summarize"))
        }
        None => {}
    }
    let of_plan = plan.into_iter().flat_map(|plan| &plan.notes);
    notes.extend(of_plan.map(|note| format!("{}; {}", note.message, note.hint)));
    notes
}

pub(crate) fn route_of(
    decision: &RouteDecision,
    engine: Engine,
    found: &Found,
    notes: &[String],
    understood: &str,
) -> Route {
    let own = match decision.intent {
        sentra_ask::Intent::Exact => Intent::Exact,
        sentra_ask::Intent::Analytical => Intent::Analytical,
        sentra_ask::Intent::Similarity => Intent::Similarity,
        sentra_ask::Intent::Compound => Intent::Compound,
    };
    let intent = match engine {
        Engine::Exact => Intent::Exact,
        Engine::Analytical => Intent::Analytical,
        _ => own,
    };
    let mut reason = String::new();
    if engine != Engine::Auto {
        reason = format!("engine {} was asked for; ", engine.as_str());
    }
    reason.push_str(&decision.reason);
    if decision.form == Form::English {
        reason.push_str("; understood as ");
        reason.push_str(understood);
    }
    // Who finds nothing wants to know whether a name was misspelt.
    for note in notes.iter().filter(|_| found.rows.is_empty() && found.stopped_by.is_none()) {
        reason.push_str("; ");
        reason.push_str(note);
    }
    Route {
        intent,
        engine: "marts".to_owned(),
        confidence: decision.confidence,
        reason,
        rules: decision.rules.iter().map(|rule| rule.as_str().to_owned()).collect(),
        form: form_name(decision.form).to_owned(),
        router_version: decision.version,
    }
}

pub(crate) fn form_name(form: Form) -> &'static str {
    match form {
        Form::Kql => "kql",
        Form::Shorthand => "shorthand",
        Form::Sql => "sql",
        Form::English => "english",
    }
}
