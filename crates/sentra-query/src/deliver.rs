//! Answers that leave while they are computed, in typed rows: for streams and files.

use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use sentra_ask::{Context, RouteDecision};
use sentra_kql::Kind;
use sentra_kql::plan::{Column, Plan, Value};
use sentra_kql::run::Row;
use sentra_store::{
    AnswerEnd, AnswerPart as StoredPart, AskLimits, PIECE_ROWS_MAX, RowWise, event_catalog, search_of,
};
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::answer::{Answer, Render, Route, Status, StatusDetail};
use crate::desk::{Desk, detail, is_for_alike, notes, render, route_of};
use crate::error::QueryError;
use crate::found::{Found, columns_of};
use crate::read::{Read, read};
use crate::request::{Asker, Engine, Request};
use crate::whole::{absent, is_absent, whole, with_messages};

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

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// The next rows.
    Rows(Vec<Row>),
    /// There are no more.
    End(Box<Ending>),
}

impl Piece {
    /// Rows as an answer has them.
    #[must_use]
    pub fn json(rows: Vec<Row>) -> Vec<Vec<Json>> {
        rows.into_iter().map(|row| row.into_iter().map(Value::into_json).collect()).collect()
    }
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
    decision: RouteDecision,
    understood: String,
    /// Whether what an event does not have is absent, rather than empty.
    is_absent: bool,
}

impl Desk {
    /// Reads `request`, of which the whole answer is wanted.
    pub(crate) async fn open(&self, asker: &Asker, request: &Request) -> Result<Opened, QueryError> {
        let now = self.moment_of(request);
        let registered = self.parts.marts.names(&asker.scope).await?;
        let marts = registered.iter().map(ToString::to_string).collect();
        let Read { decision, mut questions } = read(&request.text, &Context { marts, ..Context::at(now) })?;
        let is_for_marts =
            matches!(request.engine, Engine::Auto | Engine::Exact | Engine::Analytical | Engine::Marts);
        let (Some(question), true) = (questions.pop(), questions.is_empty()) else {
            return Ok(Opened::Computed);
        };
        if !is_for_marts || is_for_alike(&decision) || question.event()?.is_some() {
            return Ok(Opened::Computed);
        }
        let plan = whole(question.checked(&event_catalog(&registered), now)?);
        let is_absent = is_absent(&plan);
        let plan = if search_of(&plan).is_some() { with_messages(plan) } else { plan };
        let Some(rows) = RowWise::of(&plan) else { return Ok(Opened::Computed) };
        let understood = question.query.to_string();
        Ok(Opened::Events(Box::new(Events { rows, plan, decision, understood, is_absent })))
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
        let started = Instant::now();
        match self.open(asker, request).await? {
            Opened::Events(events) => Ok(self.walk(asker, request, *events, started)),
            Opened::Computed => {
                let rows_max = request.rows_max.min(COMPUTED_ROWS_MAX);
                let request = Request { whole: true, rows_max, ..request.clone() };
                Ok(computed(self.ask(asker, &request).await?))
            }
        }
    }

    fn walk<'a>(
        &'a self,
        asker: &'a Asker,
        request: &'a Request,
        events: Events,
        started: Instant,
    ) -> Delivery<'a> {
        let limits =
            AskLimits { rows_max: request.rows_max, timeout: Duration::from_millis(request.timeout_ms) };
        let parts = self.parts.marts.ask_stream(&asker.scope, &events.plan, &limits);
        let head = Head {
            query_id: self.query_id(request),
            route: events.route(request, &Found::default()),
            understood: events.understood.clone(),
            columns: events.plan.columns().to_vec(),
            render: events.plan.render.clone().map(render),
        };
        let pieces = parts.map(move |part| {
            Ok(match part? {
                StoredPart::Rows(mut rows) => {
                    if events.is_absent {
                        rows.iter_mut().for_each(absent);
                    }
                    Piece::Rows(rows)
                }
                StoredPart::End(end) => Piece::End(Box::new(events.ending(request, end, started))),
            })
        });
        Delivery { head, pieces: pieces.boxed() }
    }
}

impl Events {
    fn route(&self, request: &Request, found: &Found) -> Route {
        let notes = notes(found, Some(&self.plan), request.rows_max);
        // Whether there are rows is not known yet where none are given.
        let notes = if found.columns.is_empty() { Vec::new() } else { notes };
        route_of(&self.decision, request.engine, found, &notes, &self.understood)
    }

    fn found(&self, rows: Vec<Row>, end: AnswerEnd) -> Found {
        let json = |mut row: Row| {
            if self.is_absent {
                absent(&mut row);
            }
            row.into_iter().map(Value::into_json).collect()
        };
        Found {
            columns: columns_of(self.plan.columns()),
            rows: rows.into_iter().map(json).collect(),
            cut: end.cut,
            stopped_by: end.stopped_by,
            lineage: end.lineage,
            segments: end.segments,
            engines: end.engines,
        }
    }

    fn ending(&self, request: &Request, end: AnswerEnd, started: Instant) -> Ending {
        let last = end.last;
        let found = self.found(Vec::new(), end);
        let is_whole = found.stopped_by.is_none() && !found.cut;
        let notes = notes(&found, Some(&self.plan), request.rows_max);
        let go_on = last.filter(|_| !is_whole).map(|last| {
            let moment = sentra_model::Timestamp::from_micros(last.time);
            format!("| where time <= datetime({moment})")
        });
        let mut detail = detail(&found, &notes);
        if found.cut {
            detail.why = format!("these are the first {} rows, and there are more", request.rows_max);
        }
        Ending {
            status: if is_whole { Status::Complete } else { Status::Partial },
            detail,
            go_on,
            elapsed_ms: millis_since(started),
        }
    }

    /// An answer with these rows.
    pub(crate) fn answer(
        &self,
        desk: &Desk,
        request: &Request,
        rows: Vec<Row>,
        end: AnswerEnd,
        started: Instant,
    ) -> Answer {
        let found = self.found(rows, end);
        let notes = notes(&found, Some(&self.plan), request.rows_max);
        let is_whole = found.stopped_by.is_none() && !found.cut;
        Answer {
            query_id: desk.query_id(request),
            decision_id: None,
            route: self.route(request, &found),
            understood: self.understood.clone(),
            status: if is_whole { Status::Complete } else { Status::Partial },
            status_detail: detail(&found, &notes),
            columns: found.columns,
            rows: found.rows,
            render: self.plan.render.clone().map(render),
            parts: None,
            estimate: None,
            elapsed_ms: millis_since(started),
            next_cursor: None,
            explain: request.explain.then(|| crate::answer::Explain {
                question: self.understood.clone(),
                lineage: found.lineage,
                segments: found.segments,
                engines: found.engines,
                notes,
            }),
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
            assert_eq!(typed(value.clone().into_json(), kind), value, "{kind}");
        }
        assert_eq!(typed(Json::Null, Kind::String), Value::Null);
    }
}
