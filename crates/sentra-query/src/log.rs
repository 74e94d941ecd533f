//! The log of decisions: every question that was routed leaves one, and what people say about it is kept with it.

use std::sync::atomic::Ordering;

use sentra_kql::nearest;
use sentra_model::{TenantScope, Timestamp};
use sentra_store::Page;
use tokio::time::Instant;

use crate::answer::{Answer, Intent};
use crate::decision::{Actual, AnswerLineage, Decision, Made, NOTE_BYTES_MAX, Override, decision_of};
use crate::desk::{Desk, Trace};
use crate::error::QueryError;
use crate::read::refusal;
use crate::request::{Asker, Engine, Request};

/// A question asked again within this time, with an engine named, corrects the first one's route.
const ASKED_AGAIN_MICROS: i64 = 60 * 60 * 1_000_000;

impl Desk {
    /// Keeps what was decided, and hands the answer on. What cannot be kept is told in the program's own log and does
    /// not stand between the asker and the answer.
    pub(crate) async fn decided(
        &self,
        asker: &Asker,
        request: &Request,
        result: Result<Answer, QueryError>,
        trace: Trace,
        started: Instant,
    ) -> Result<Answer, QueryError> {
        let elapsed_ms = started.elapsed().as_secs_f64() * 1e3;
        let Trace { route, understood, estimate, work, rows_given } = trace;
        // What was not understood was not routed.
        let (Some(store), Some(route)) = (&self.parts.decisions, route) else {
            return result.map(|answer| told(answer, request, None));
        };
        let now = self.parts.clock.now();
        let id = self.decision_id(now);
        let mut lineage = AnswerLineage::default();
        let (route, actual) = match &result {
            Ok(answer) => {
                if let Some(explain) = &answer.explain {
                    lineage.lineage = explain.lineage;
                    lineage.segments.clone_from(&explain.segments);
                    lineage.rollups.clone_from(&explain.rollups);
                    lineage.engines.clone_from(&explain.engines);
                }
                let segments = lineage.segments.len() as u64;
                let actual =
                    Actual::of(answer.status, rows_given.unwrap_or(answer.rows.len()), segments, elapsed_ms);
                (answer.route.clone(), actual)
            }
            Err(error) => {
                let status = match error {
                    QueryError::Cancelled { .. } => "cancelled",
                    QueryError::TooExpensive(_) => "too-expensive",
                    error if error.is_askers_fault() => "refused",
                    _ => "failed",
                };
                (route, Actual { rows: 0, segments: 0, elapsed_ms, status: status.to_owned() })
            }
        };
        if request.engine != Engine::Auto {
            self.asked_again(asker, request, now).await;
        }
        let made = Made {
            id: id.clone(),
            time: now,
            user: &asker.user,
            question: &request.text,
            understood: &understood,
            route: &route,
            estimate,
            work: work.map(Into::into),
            actual,
            lineage: &lineage,
        };
        let kept = match made.stored() {
            Ok(stored) => store.keep(&asker.scope, stored).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = &kept {
            tracing::warn!(error, "a decision of the router could not be kept");
        }
        result.map(|answer| told(answer, request, kept.is_ok().then_some(id)))
    }

    /// `dec-`, the moment, and a number: later ones sort behind.
    fn decision_id(&self, now: Timestamp) -> String {
        let number = self.asked.load(Ordering::Relaxed) & 0xffff;
        format!("dec-{:014x}{number:04x}", now.micros().max(0))
    }

    /// Whoever asks the same again and names an engine says that another one was right.
    async fn asked_again(&self, asker: &Asker, request: &Request, now: Timestamp) {
        let Some(store) = &self.parts.decisions else { return };
        let since = now.plus_micros(-ASKED_AGAIN_MICROS);
        let Ok(Some(stored)) = store.latest_about(&asker.scope, &request.text, since).await else { return };
        let id = stored.id.clone();
        let Some(before) = decision_of(stored) else { return };
        if before.overridden.is_some() || before.engine == request.engine.as_str() {
            return;
        }
        let said = Override {
            engine: Some(request.engine.as_str().to_owned()),
            intent: None,
            note: Some("asked again with this engine".to_owned()),
            time: now,
            user: asker.user.clone(),
        };
        if let Ok(said) = serde_json::to_string(&said)
            && let Err(error) = store.put_override(&asker.scope, &id, &said).await
        {
            tracing::warn!(%error, "an override could not be kept");
        }
    }

    /// The decisions about a tenant's questions, the latest first.
    ///
    /// # Errors
    /// [`QueryError::Store`] when they cannot be read, or the cursor is none.
    pub async fn decisions(
        &self,
        scope: &TenantScope,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Decision>, QueryError> {
        let Some(store) = &self.parts.decisions else {
            return Ok(Page { items: Vec::new(), next: None, total: 0 });
        };
        let Page { items, next, total } = store.page(scope, cursor, limit).await?;
        Ok(Page { items: items.into_iter().filter_map(decision_of).collect(), next, total })
    }

    /// Where the answer under a decision came from; nothing when there is no such decision.
    ///
    /// # Errors
    /// [`QueryError::Store`] when it cannot be read.
    pub async fn lineage(&self, scope: &TenantScope, id: &str) -> Result<Option<AnswerLineage>, QueryError> {
        let Some(store) = &self.parts.decisions else { return Ok(None) };
        let stored = store.decision(scope, id).await?;
        Ok(stored.and_then(|stored| serde_json::from_str(&stored.lineage).ok()))
    }

    /// Says what was right instead of what a decision chose; the decision as it is now, or nothing when there is none.
    ///
    /// # Errors
    /// [`QueryError::Syntax`] for an engine or an intent that there is not, and for a note that is too long.
    pub async fn put_override(
        &self,
        asker: &Asker,
        id: &str,
        engine: Option<String>,
        intent: Option<String>,
        note: Option<String>,
    ) -> Result<Option<Decision>, QueryError> {
        let Some(store) = &self.parts.decisions else { return Ok(None) };
        if let Some(engine) = &engine {
            engine.parse::<Engine>().map_err(|error| refusal(engine, &error, "choose one of these"))?;
        }
        if let Some(intent) = &intent {
            check_intent(intent)?;
        }
        if engine.is_none() && intent.is_none() {
            return Err(refusal("", "nothing says what was right", "name an engine, an intent, or both"));
        }
        if note.as_ref().is_some_and(|note| note.len() > NOTE_BYTES_MAX) {
            let message = format!("the note has more than {NOTE_BYTES_MAX} bytes");
            return Err(refusal("", &message, "shorten it"));
        }
        let said = Override { engine, intent, note, time: self.parts.clock.now(), user: asker.user.clone() };
        let text =
            serde_json::to_string(&said).map_err(|error| refusal("", &error.to_string(), "try again"))?;
        if !store.put_override(&asker.scope, id, &text).await? {
            return Ok(None);
        }
        Ok(store.decision(&asker.scope, id).await?.and_then(decision_of))
    }
}

fn check_intent(intent: &str) -> Result<(), QueryError> {
    let known = [Intent::Exact, Intent::Analytical, Intent::Similarity, Intent::Compound].map(Intent::as_str);
    if known.contains(&intent) {
        return Ok(());
    }
    let hint = nearest(intent, known).unwrap_or("exact, analytical, similarity or compound");
    Err(refusal(intent, "there is no such intent", hint))
}

/// The answer as it is given: how it came about only when that was asked for.
fn told(answer: Answer, request: &Request, decision_id: Option<String>) -> Answer {
    let explain = answer.explain.filter(|_| request.explain);
    Answer { decision_id, explain, ..answer }
}
