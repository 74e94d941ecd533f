//! Answers that leave while they are computed, in typed rows: for streams and files.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use sentra_kql::Kind;
use sentra_kql::plan::{Column, Plan, Value};
use sentra_kql::run::Row;
use sentra_store::{
    AnswerEnd, AnswerPart as StoredPart, AnswerStream, AskLimits, PIECE_ROWS_MAX, RowWise, search_of,
};
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::answer::{Answer, Explain, Render, Route, Status, StatusDetail};
use crate::background::stream_on;
use crate::desk::{Desk, Prepared, Ready, Trace, render};
use crate::error::QueryError;
use crate::execute::is_events;
use crate::found::{Found, cell, columns_of};
use crate::request::{Asker, Request};
use crate::running::Begun;
use crate::turns::Turn;
use crate::whole::{absent, is_absent, with_messages};
use crate::words::{notes, route_of, status_of};

/// Most rows of an answer that is computed as a whole before its first row leaves.
pub const COMPUTED_ROWS_MAX: usize = 250_000;

/// What is known of an answer before its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// What the question is called.
    pub query_id: String,
    /// Which way it went.
    pub route: Route,
    /// The question as it was read.
    pub understood: String,
    /// The columns of the rows.
    pub columns: Vec<Column>,
    /// How the rows are best shown, when the question says so.
    pub render: Option<Render>,
}

impl Head {
    /// Rows as an answer has them.
    #[must_use]
    pub fn json(&self, rows: Vec<Row>) -> Vec<Vec<Json>> {
        rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect()
    }
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// The next rows.
    Rows(Vec<Row>),
    /// There are no more.
    End(Box<Ending>),
}

/// How an answer ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ending {
    /// Whether all of it was given.
    pub status: Status,
    /// What of the stores was looked at, and why not all of it was given.
    pub detail: StatusDetail,
    /// What to append to the question for what comes after its last row.
    pub go_on: Option<String>,
    /// How long it took.
    pub elapsed_ms: u64,
}

/// An answer in pieces.
pub struct Delivery<'a> {
    /// What is known before the rows.
    pub head: Head,
    /// Rows, then the end.
    pub pieces: BoxStream<'a, Result<Piece, QueryError>>,
}

/// A question that was read, by how its whole answer is come by.
pub(crate) enum Opened {
    /// Events one by one.
    Events(Box<Events>),
    /// Whatever has to be there before its first row is known.
    Computed,
}

/// A question for events one by one.
pub(crate) struct Events {
    pub(crate) rows: RowWise,
    plan: Plan,
    prepared: Prepared,
    /// Whether what an event does not have is absent, rather than empty.
    is_absent: bool,
}

impl Desk {
    /// Reads `request`, of which the whole answer is wanted.
    pub(crate) async fn open(&self, asker: &Asker, request: &Request) -> Result<Opened, QueryError> {
        let prepared = self.prepare(asker, &Request { whole: true, ..request.clone() }).await?;
        let [Ready { plan: Some(plan), .. }] = prepared.questions.as_slice() else {
            return Ok(Opened::Computed);
        };
        if !plan.tables().into_iter().all(is_events) {
            return Ok(Opened::Computed);
        }
        let is_absent = is_absent(plan);
        let plan = if search_of(plan).is_some() { with_messages(plan.clone()) } else { plan.clone() };
        match RowWise::of(&plan) {
            Some(rows) => Ok(Opened::Events(Box::new(Events { rows, plan, prepared, is_absent }))),
            None => Ok(Opened::Computed),
        }
    }

    /// Waits for the turn of a question that may be afforded.
    pub(crate) async fn admitted(
        &self,
        asker: &Asker,
        request: &Request,
        events: &Events,
        trace: &Mutex<Trace>,
    ) -> Result<Turn, QueryError> {
        let prepared = &events.prepared;
        *trace.lock().unwrap_or_else(PoisonError::into_inner) = events.trace(request);
        self.afford(asker, request, prepared).await?;
        self.turn(asker, request, prepared).await
    }

    /// The whole answer to `request`, up to [`Request::rows_max`] rows, piece by piece. Events one by one leave while the
    /// rest is looked for; of what has to be computed first, at most [`COMPUTED_ROWS_MAX`] rows are given. Dropping the
    /// pieces ends the work.
    ///
    /// # Errors
    /// As [`Desk::ask`].
    pub async fn deliver<'a>(
        &'a self,
        asker: &'a Asker,
        request: &'a Request,
    ) -> Result<Delivery<'a>, QueryError> {
        match self.open(asker, request).await? {
            Opened::Events(events) => self.walk(asker, request, *events).await,
            Opened::Computed => {
                let rows_max = request.rows_max.min(COMPUTED_ROWS_MAX);
                let request = Request { whole: true, rows_max, ..request.clone() };
                Ok(computed(self.ask(asker, &request).await?))
            }
        }
    }

    async fn walk<'a>(
        &'a self,
        asker: &'a Asker,
        request: &'a Request,
        events: Events,
    ) -> Result<Delivery<'a>, QueryError> {
        let started = Instant::now();
        let query_id = self.query_id(request);
        let begun = self.running.begin(asker.scope.tenant(), &query_id)?;
        let trace = Mutex::default();
        let turn = tokio::select! {
            turn = self.admitted(asker, request, &events, &trace) => turn,
            () = begun.cancelled() => Err(QueryError::Cancelled { query_id: query_id.clone() }),
        };
        let turn = match turn {
            Ok(turn) => turn,
            Err(error) => {
                let trace = trace.into_inner().unwrap_or_else(PoisonError::into_inner);
                let refused = self.decided(asker, request, Err(error), trace, started).await;
                return Err(refused.err().unwrap_or(QueryError::Cancelled { query_id }));
            }
        };
        let limits =
            AskLimits { rows_max: request.rows_max, timeout: Duration::from_millis(request.timeout_ms) };
        let parts = match self.background.of(turn.lane()) {
            None => self.parts.marts.ask_stream(&asker.scope, &events.plan, &limits),
            Some(threads) => {
                let (marts, scope) = (Arc::clone(&self.parts.marts), asker.scope.clone());
                stream_on(threads, marts, scope, events.plan.clone(), limits)
            }
        };
        let head = Head {
            query_id: query_id.clone(),
            route: events
                .trace(request)
                .route
                .unwrap_or_else(|| events.route(request, &Found::default(), &[])),
            understood: events.prepared.understood().to_owned(),
            columns: events.plan.columns().to_vec(),
            render: events.plan.render.as_ref().map(render),
        };
        let walking = Walking {
            desk: self,
            asker,
            request,
            events,
            parts,
            begun,
            query_id,
            given: 0,
            started,
            _turn: turn,
        };
        let pieces = stream::unfold(Some(walking), |walking| async move {
            let (piece, walking) = walking?.next().await;
            Some((piece, walking))
        });
        Ok(Delivery { head, pieces: pieces.boxed() })
    }
}

/// Events that leave one by one.
struct Walking<'a> {
    desk: &'a Desk,
    asker: &'a Asker,
    request: &'a Request,
    events: Events,
    parts: AnswerStream<'a>,
    begun: Begun,
    query_id: String,
    given: usize,
    started: Instant,
    /// Held while rows leave.
    _turn: Turn,
}

impl Walking<'_> {
    /// The next piece; without the walk itself when it is the last.
    async fn next(mut self) -> (Result<Piece, QueryError>, Option<Self>) {
        let part = tokio::select! {
            part = self.parts.next() => part,
            () = self.begun.cancelled() => {
                let error = QueryError::Cancelled { query_id: self.query_id.clone() };
                return (self.ended(Err(error)).await.map(|()| Piece::Rows(Vec::new())), None);
            }
        };
        match part {
            Some(Ok(StoredPart::Rows(mut rows))) => {
                if self.events.is_absent {
                    rows.iter_mut().for_each(absent);
                }
                self.given += rows.len();
                (Ok(Piece::Rows(rows)), Some(self))
            }
            Some(Ok(StoredPart::End(end))) => {
                let last = end.last;
                self.desk.health.note_stop("marts", self.desk.parts.clock.now(), end.stopped_by);
                let (asker, request) = (self.asker, self.request);
                let answer =
                    self.events.answer(self.desk, asker, request, Vec::new(), end, self.started).await;
                let is_cut = answer.status == Status::Partial;
                let go_on = last.filter(|_| is_cut).map(|last| {
                    let moment = sentra_model::Timestamp::from_micros(last.time);
                    format!("| where time <= datetime({moment})")
                });
                let mut detail = answer.status_detail.clone();
                if is_cut && self.given >= request.rows_max {
                    detail.why = format!("these are the first {} rows, and there are more", self.given);
                }
                let elapsed_ms = answer.elapsed_ms;
                let ending = Ending { status: answer.status, detail, go_on, elapsed_ms };
                let kept = self.ended(Ok(answer)).await;
                (kept.map(|()| Piece::End(Box::new(ending))), None)
            }
            Some(Err(error)) => (self.ended(Err(error.into())).await.map(|()| Piece::Rows(Vec::new())), None),
            None => {
                let end = AnswerEnd::default();
                let answer =
                    self.events.answer(self.desk, self.asker, self.request, Vec::new(), end, self.started);
                let answer = answer.await;
                let ending = Ending {
                    status: Status::Partial,
                    detail: answer.status_detail,
                    go_on: None,
                    elapsed_ms: answer.elapsed_ms,
                };
                (Ok(Piece::End(Box::new(ending))), None)
            }
        }
    }

    /// Keeps what was decided.
    async fn ended(self, result: Result<Answer, QueryError>) -> Result<(), QueryError> {
        let Walking { desk, asker, request, events, given, started, .. } = self;
        let trace = Trace { rows_given: Some(given), ..events.trace(request) };
        desk.decided(asker, request, result, trace, started).await.map(|_| ())
    }
}

impl Events {
    fn route(&self, request: &Request, found: &Found, notes: &[String]) -> Route {
        route_of(&self.prepared, request.engine, found, notes, self.prepared.understood())
    }

    /// What is known before the first row.
    fn trace(&self, request: &Request) -> Trace {
        Trace {
            route: Some(self.route(request, &Found::default(), &[])),
            understood: self.prepared.understood().to_owned(),
            estimate: Some(self.prepared.estimate),
            work: Some(self.prepared.work),
            rows_given: None,
        }
    }

    fn found(&self, rows: Vec<Row>, end: AnswerEnd) -> Found {
        let json = |mut row: Row| {
            if self.is_absent {
                absent(&mut row);
            }
            row.into_iter().map(cell).collect()
        };
        Found {
            columns: columns_of(self.plan.columns()),
            rows: rows.into_iter().map(json).collect(),
            cut: end.cut,
            stopped_by: end.stopped_by,
            lineage: end.lineage,
            segments: end.segments,
            rollups: end.rollups,
            engines: end.engines,
            missing: Vec::new(),
            used: vec!["marts"],
        }
    }

    /// An answer with these rows.
    pub(crate) async fn answer(
        &self,
        desk: &Desk,
        asker: &Asker,
        request: &Request,
        rows: Vec<Row>,
        end: AnswerEnd,
        started: Instant,
    ) -> Answer {
        let found = self.found(rows, end);
        let waiting = match &desk.parts.freshness {
            Some(freshness) => freshness.waiting(&asker.scope).await,
            None => None,
        };
        let now = desk.parts.clock.now();
        let notes = notes(&found, Some(&self.plan), request.rows_max, &desk.health, now);
        let (status, status_detail) = status_of(&found, &notes, waiting, now);
        let understood = self.prepared.understood().to_owned();
        Answer {
            query_id: desk.query_id(request),
            decision_id: None,
            route: self.route(request, &found, &notes),
            status,
            status_detail,
            columns: found.columns,
            rows: found.rows,
            render: self.plan.render.as_ref().map(render),
            parts: None,
            estimate: Some(self.prepared.estimate),
            elapsed_ms: millis_since(started),
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
        }
    }
}

fn millis_since(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// An answer that is there, in pieces.
fn computed(answer: Answer) -> Delivery<'static> {
    let Answer {
        query_id, route, understood, status, status_detail, columns, rows, render, elapsed_ms, ..
    } = answer;
    let columns: Vec<Column> =
        columns.into_iter().map(|column| Column::new(column.name, column.kind.kind())).collect();
    let kinds: Vec<Kind> = columns.iter().map(|column| column.kind).collect();
    let ending = Ending { status, detail: status_detail, go_on: None, elapsed_ms };
    let mut rows = rows.into_iter();
    let mut pieces = Vec::new();
    loop {
        let piece: Vec<Vec<Json>> = rows.by_ref().take(PIECE_ROWS_MAX).collect();
        if piece.is_empty() {
            break;
        }
        pieces.push(piece);
    }
    let typed_row = move |row: Vec<Json>| -> Row {
        row.into_iter().zip(&kinds).map(|(cell, kind)| typed(cell, *kind)).collect()
    };
    let rows =
        stream::iter(pieces).map(move |piece| Ok(Piece::Rows(piece.into_iter().map(&typed_row).collect())));
    let end = stream::once(async move { Ok(Piece::End(Box::new(ending))) });
    Delivery { head: Head { query_id, route, understood, columns, render }, pieces: rows.chain(end).boxed() }
}

/// A cell of an answer as a value of its kind.
fn typed(cell: Json, kind: Kind) -> Value {
    match (cell, kind) {
        (Json::Null, _) => Value::Null,
        (cell, Kind::Dynamic) => Value::Dynamic(cell),
        (Json::String(text), kind) => Value::String(text).converted(kind),
        (cell, kind) => Value::Dynamic(cell).converted(kind),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_become_what_they_were() {
        let values = [
            (Kind::Long, Value::Long(-5)),
            (Kind::Real, Value::Real(1.0)),
            (Kind::Bool, Value::Bool(false)),
            (Kind::String, Value::String("007".to_owned())),
            (Kind::DateTime, Value::DateTime(sentra_model::Timestamp::from_micros(1_767_225_600_000_001))),
            (Kind::TimeSpan, Value::TimeSpan(-93_784_000_001)),
            (Kind::Dynamic, Value::Dynamic(json!({"a": [1, "x"]}))),
            (Kind::Dynamic, Value::Dynamic(json!("text"))),
        ];
        for (kind, value) in values {
            assert_eq!(typed(cell(value.clone()), kind), value, "{kind}");
        }
        assert_eq!(typed(Json::Null, Kind::String), Value::Null);
    }
}
