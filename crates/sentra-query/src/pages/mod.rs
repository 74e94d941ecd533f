//! Answers page by page. Pages of an answer are of one moment, whatever arrives in between.
//!
//! Events one by one are read from the stores page by page, below the last event of the page before: nothing is kept, and
//! a cursor is good for as long as the events are there. What was computed as a whole is kept for a while; when it is not
//! kept any more it is computed again as of the same moment, and when that gives other rows, the asker is told to ask again.

mod cursor;
mod kept;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sentra_store::{PageFrom, StoreError, page_of};
use tokio::time::Instant;

pub use cursor::{CURSOR_BYTES_MAX, CursorKey};
pub(crate) use kept::Kept;
pub use kept::{KEPT_ANSWERS_MAX, KEPT_BYTES_MAX, KEPT_ROWS_MAX, KEPT_S_MAX};

use crate::answer::Answer;
use crate::background::work_on;
use crate::deliver::{Events, Opened};
use crate::desk::{Desk, Trace};
use crate::error::QueryError;
use crate::request::{Asker, Pinned, Request};
use cursor::{At, Cursor};
use kept::KeptId;

impl Desk {
    /// A page of the answer to `request`, of at most [`Request::rows_max`] rows: the first one, or the one that `cursor`
    /// leads to. [`Answer::next_cursor`] leads on.
    ///
    /// # Errors
    /// As [`Desk::ask`]; [`QueryError::Cursor`] for a cursor of another tenant or question, and when the answer is not what
    /// it was.
    pub async fn page(
        &self,
        asker: &Asker,
        request: &Request,
        cursor: Option<&str>,
    ) -> Result<Answer, QueryError> {
        let key = &self.parts.cursor_key;
        let cursor = cursor.map(|text| Cursor::opened(text, key, &asker.scope, request)).transpose()?;
        let pinned = cursor.as_ref().map(|cursor| Pinned {
            now: cursor.now,
            // Events one by one are read below the offsets that were taken anyway.
            taken: matches!(cursor.at, At::Row { .. }).then(|| cursor.taken.clone()),
        });
        let request = Request { whole: true, by_page: true, pinned, ..request.clone() };
        match (self.open(asker, &request).await?, cursor.as_ref().map(|cursor| cursor.at)) {
            (Opened::Events(events), None | Some(At::Event { .. })) => {
                let query_id = self.query_id(&request);
                let request = Request { query_id: Some(query_id.clone()), ..request };
                let begun = self.running.begin(asker.scope.tenant(), &query_id)?;
                let started = Instant::now();
                let trace = Mutex::default();
                let is_first = cursor.is_none();
                let page = tokio::select! {
                    page = self.page_of_events(asker, &request, &events, cursor, &trace) => page,
                    () = begun.cancelled() => Err(QueryError::Cancelled { query_id }),
                };
                // One decision is kept of a question, not one of every page.
                if is_first {
                    let trace = trace.into_inner().unwrap_or_else(PoisonError::into_inner);
                    return self.decided(asker, &request, page, trace, started).await;
                }
                page.map(|page| Answer { explain: page.explain.filter(|_| request.explain), ..page })
            }
            (Opened::Computed, None) => self.first_of_computed(asker, &request).await,
            (Opened::Computed, Some(At::Row { row, digest })) => {
                self.next_of_computed(asker, &request, row, digest).await
            }
            _ => Err(QueryError::Cursor { why: "the question is not answered as it was" }),
        }
    }

    async fn page_of_events(
        &self,
        asker: &Asker,
        request: &Request,
        events: &Events,
        cursor: Option<Cursor>,
        trace: &Mutex<Trace>,
    ) -> Result<Answer, QueryError> {
        let started = Instant::now();
        let turn = self.admitted(asker, request, events, trace).await?;
        let now = self.moment_of(request);
        let from = match cursor {
            None => PageFrom::default(),
            Some(Cursor { taken, at: At::Event { place, rows }, .. }) => {
                PageFrom { taken: Some(taken), after: Some(place), rows_before: rows }
            }
            Some(_) => return Err(QueryError::Cursor { why: "the question is not answered as it was" }),
        };
        let (rows_max, timeout) = (request.rows_max, Duration::from_millis(request.timeout_ms));
        let (marts, scope, rows) = (Arc::clone(&self.parts.marts), asker.scope.clone(), events.rows.clone());
        let page = async move { page_of(marts.as_ref(), &scope, &rows, &from, rows_max, timeout).await };
        let page = async {
            let done = work_on(self.background.of(turn.lane()), page).await;
            Ok(done.unwrap_or(Err(StoreError::Stopped { operation: "answer a question" }))?)
        };
        let page = self.health.watch("marts", &self.parts.clock, page).await?;
        self.health.note_stop("marts", self.parts.clock.now(), page.end.stopped_by);
        let next_cursor = match page.next {
            Some(PageFrom { taken: Some(taken), after: Some(place), rows_before }) => {
                let at = At::Event { place, rows: rows_before };
                Some(Cursor { now, taken, at }.sealed(&self.parts.cursor_key, &asker.scope, request)?)
            }
            _ => None,
        };
        let answer = events.answer(self, asker, request, page.rows, page.end, started).await;
        Ok(Answer { next_cursor, ..answer })
    }

    async fn first_of_computed(&self, asker: &Asker, request: &Request) -> Result<Answer, QueryError> {
        let now = self.moment_of(request);
        let taken = self.parts.marts.horizon(&asker.scope).await?.taken;
        let answer =
            self.ask(asker, &Request { rows_max: KEPT_ROWS_MAX, by_page: false, ..request.clone() }).await?;
        if answer.rows.len() <= request.rows_max {
            return Ok(answer);
        }
        let pinned = Request { pinned: Some(Pinned { now, taken: Some(taken) }), ..request.clone() };
        let digest = digest_of(&answer);
        self.page_of_computed(asker, &pinned, Arc::new(answer), 0, digest)
    }

    async fn next_of_computed(
        &self,
        asker: &Asker,
        request: &Request,
        row: u64,
        digest: u128,
    ) -> Result<Answer, QueryError> {
        let id = kept_id(asker, request, self.moment_of(request), digest);
        if let Some(answer) = self.kept.get(&id) {
            return self.page_of_computed(asker, request, answer, row, digest);
        }
        let answer =
            self.ask(asker, &Request { rows_max: KEPT_ROWS_MAX, by_page: false, ..request.clone() }).await?;
        if digest_of(&answer) != digest {
            let why = "the answer is not kept any more, and computed again it is another one";
            return Err(QueryError::Cursor { why });
        }
        self.page_of_computed(asker, request, Arc::new(answer), row, digest)
    }

    fn page_of_computed(
        &self,
        asker: &Asker,
        request: &Request,
        answer: Arc<Answer>,
        row: u64,
        digest: u128,
    ) -> Result<Answer, QueryError> {
        let Some(Pinned { now, taken: Some(taken) }) = request.pinned.clone() else {
            return Err(QueryError::Cursor { why: "the page is of no moment" });
        };
        let first = usize::try_from(row).unwrap_or(usize::MAX).min(answer.rows.len());
        let end = first.saturating_add(request.rows_max).min(answer.rows.len());
        let Answer { rows: all, .. } = answer.as_ref();
        let rows = all.get(first..end).unwrap_or_default().to_vec();
        let next_cursor = if end < all.len() {
            let at = At::Row { row: end as u64, digest };
            Some(Cursor { now, taken, at }.sealed(&self.parts.cursor_key, &asker.scope, request)?)
        } else {
            None
        };
        let page = Answer { rows, next_cursor, ..head_of(&answer) };
        if page.next_cursor.is_some() {
            self.kept.keep(kept_id(asker, request, now, digest), answer);
        }
        Ok(page)
    }
}

/// The answer without its rows.
fn head_of(answer: &Answer) -> Answer {
    Answer {
        query_id: answer.query_id.clone(),
        decision_id: answer.decision_id.clone(),
        route: answer.route.clone(),
        understood: answer.understood.clone(),
        status: answer.status,
        status_detail: answer.status_detail.clone(),
        columns: answer.columns.clone(),
        rows: Vec::new(),
        render: answer.render.clone(),
        parts: answer.parts.clone(),
        estimate: answer.estimate,
        elapsed_ms: answer.elapsed_ms,
        next_cursor: None,
        explain: answer.explain.clone(),
    }
}

fn kept_id(asker: &Asker, request: &Request, now: sentra_model::Timestamp, digest: u128) -> KeptId {
    let (tenant, engine) = (asker.scope.tenant().clone(), request.engine.as_str());
    KeptId { tenant, text: request.text.clone(), engine, now, digest }
}

/// A digest of the rows of an answer and of their order.
fn digest_of(answer: &Answer) -> u128 {
    let mut hasher = blake3::Hasher::new();
    for row in &answer.rows {
        // Values that came from JSON can be written as JSON.
        hasher.update(&serde_json::to_vec(row).unwrap_or_default());
        hasher.update(b"\n");
    }
    let mut digest = [0; 16];
    hasher.finalize_xof().fill(&mut digest);
    u128::from_le_bytes(digest)
}
