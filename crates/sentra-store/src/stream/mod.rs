//! Answers piece by piece, and pages of answers that stay the same while events arrive.
//!
//! An answer that is events one by one, the newest first, is computed slice of time by slice of time: each slice is a
//! question of its own to the engine, so that rows leave before the last segment is read, memory holds one slice, and who
//! stops listening stops the work. Everything else is computed whole and handed on in pieces.
//!
//! Law IDENTITY makes pages stable: a [`Horizon`] says up to which offset of each partition events had been taken when the
//! first page was asked for, and no later page looks beyond it.

mod horizon;
mod row_wise;
mod walk;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use sentra_kql::plan::Plan;
use sentra_kql::run::Row;
use sentra_model::TenantScope;

pub(crate) use horizon::time_span;
pub use horizon::{Extent, Horizon, RowPlace};
pub use row_wise::{RowWise, within_horizon};
pub use walk::{Page, PageFrom, page_of};

use crate::{AskLimits, Lineage, MartStore, PlanAnswer, SegmentRef, StoppedBy, StoreError};
use walk::Walk;

/// Most rows of one piece of an answer.
pub const PIECE_ROWS_MAX: usize = 1_000;

/// An answer in pieces: rows, then its end.
pub type AnswerStream<'a> = BoxStream<'a, Result<AnswerPart, StoreError>>;

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum AnswerPart {
    /// The next rows, at most [`PIECE_ROWS_MAX`].
    Rows(Vec<Row>),
    /// There are no more.
    End(AnswerEnd),
}

/// How an answer ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnswerEnd {
    /// Whether there were more rows than [`AskLimits::rows_max`].
    pub cut: bool,
    /// What stopped it; then rows may be missing.
    pub stopped_by: Option<StoppedBy>,
    /// What was looked at; a segment counts for every slice of time it was looked at for.
    pub lineage: Lineage,
    /// The segments that were opened, at most [`crate::LINEAGE_SEGMENTS_MAX`].
    pub segments: Vec<SegmentRef>,
    /// The rollups that were asked in the place of segments, by name.
    pub rollups: Vec<String>,
    /// Which part ran where.
    pub engines: Vec<String>,
    /// The place of the last row, of events one by one.
    pub last: Option<RowPlace>,
}

/// [`MartStore::ask_stream`] in terms of [`MartStore::ask`].
pub(crate) fn in_pieces<'a, S: MartStore + ?Sized>(
    store: &'a S,
    scope: &'a TenantScope,
    plan: &Plan,
    limits: AskLimits,
) -> AnswerStream<'a> {
    let plan = plan.clone();
    match RowWise::of(&plan) {
        Some(rows) => stream::unfold(Walking::Begins(rows), move |walking| async move {
            walking.next(store, scope, limits).await
        })
        .boxed(),
        None => stream::once(async move { store.ask(scope, &plan, &limits).await })
            .flat_map(|answer| stream::iter(pieces(answer)))
            .boxed(),
    }
}

/// An answer that is there, in pieces.
fn pieces(answer: Result<PlanAnswer, StoreError>) -> Vec<Result<AnswerPart, StoreError>> {
    let PlanAnswer { rows, cut, stopped_by, lineage, segments, rollups, engines, .. } = match answer {
        Ok(answer) => answer,
        Err(error) => return vec![Err(error)],
    };
    let mut parts: Vec<_> = cut_up(rows).into_iter().map(|rows| Ok(AnswerPart::Rows(rows))).collect();
    let end = AnswerEnd { cut, stopped_by, lineage, segments, rollups, engines, last: None };
    parts.push(Ok(AnswerPart::End(end)));
    parts
}

/// Rows in pieces of at most [`PIECE_ROWS_MAX`].
fn cut_up(rows: Vec<Row>) -> Vec<Vec<Row>> {
    let mut pieces = Vec::with_capacity(rows.len() / PIECE_ROWS_MAX + 1);
    let mut rows = rows.into_iter();
    loop {
        let piece: Vec<Row> = rows.by_ref().take(PIECE_ROWS_MAX).collect();
        if piece.is_empty() {
            return pieces;
        }
        pieces.push(piece);
    }
}

/// Where a stream of events is.
enum Walking {
    Begins(RowWise),
    On { walk: Box<Walk>, pieces: std::vec::IntoIter<Vec<Row>>, deadline: tokio::time::Instant },
    Done,
}

impl Walking {
    async fn next<S: MartStore + ?Sized>(
        self,
        store: &S,
        scope: &TenantScope,
        limits: AskLimits,
    ) -> Option<(Result<AnswerPart, StoreError>, Self)> {
        let (mut walk, mut pieces, deadline) = match self {
            Self::Done => return None,
            Self::Begins(rows) => {
                let deadline = tokio::time::Instant::now() + limits.timeout;
                match store.horizon(scope).await {
                    Ok(horizon) => {
                        let walk = Box::new(Walk::new(rows, horizon, None, limits.rows_max));
                        (walk, Vec::new().into_iter(), deadline)
                    }
                    Err(error) => return Some((Err(error), Self::Done)),
                }
            }
            Self::On { walk, pieces, deadline } => (walk, pieces, deadline),
        };
        loop {
            if let Some(rows) = pieces.next() {
                return Some((Ok(AnswerPart::Rows(rows)), Self::On { walk, pieces, deadline }));
            }
            if walk.is_over() {
                return Some((Ok(AnswerPart::End(walk.end())), Self::Done));
            }
            match walk.next(store, scope, deadline).await {
                Ok(rows) => pieces = cut_up(rows).into_iter(),
                Err(error) => return Some((Err(error), Self::Done)),
            }
        }
    }
}
