//! Answers on their way out: a task asks, whoever writes takes piece by piece. Who stops taking stops the question.

use std::time::Duration;

use futures::StreamExt as _;
use sentra_query::{Asker, Head, Piece, QueryError, Request};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::api::query::asked;
use crate::api::types::QueryRequest;
use crate::problem::{Problem, ProblemKind};
use crate::state::Shared;

/// Most pieces that wait to be written (law LIMIT).
const PIECES_WAITING_MAX: usize = 4;
/// How long a piece waits for a client that does not read, in seconds; then the question ends.
const STALLED_S_MAX: u64 = 60;
/// How long an answer that leaves piece by piece may take, in milliseconds.
pub(super) const DELIVERY_MS_MAX: u64 = 300_000;

/// An answer on its way.
pub(super) struct Pumped {
    pub(super) head: Head,
    pub(super) pieces: mpsc::Receiver<Result<Piece, QueryError>>,
    /// Ends the question when it is dropped.
    pub(super) guard: DropGuard,
}

/// The question of a body of which the whole answer is wanted, at most `rows_max` rows.
pub(super) fn whole(shared: &Shared, body: QueryRequest, rows_max: usize) -> Result<Request, Problem> {
    if body.cursor.is_some() || body.page_size.is_some() {
        let detail = "page_size and cursor are for POST /api/v1/query; here the whole answer is given";
        return Err(Problem::new(ProblemKind::BodyInvalid, detail));
    }
    Ok(Request { rows_max, timeout_ms: DELIVERY_MS_MAX, whole: true, ..asked(shared, body)? })
}

/// Asks `request`. The head is there before this returns.
pub(super) async fn pump(shared: Shared, asker: Asker, request: Request) -> Result<Pumped, Problem> {
    let (head_sender, head) = oneshot::channel();
    let (sender, pieces) = mpsc::channel(PIECES_WAITING_MAX);
    let token = CancellationToken::new();
    let guard = token.clone().drop_guard();
    tokio::spawn(async move {
        let asking = answer(&shared, &asker, &request, head_sender, sender);
        tokio::select! {
            biased;
            () = token.cancelled() => {}
            () = shared.stop.cancelled() => {}
            () = asking => {}
        }
    });
    match head.await {
        Ok(head) => Ok(Pumped { head: head?, pieces, guard }),
        Err(_) => Err(Problem::new(ProblemKind::NotReady, "the server is stopping")),
    }
}

async fn answer(
    shared: &Shared,
    asker: &Asker,
    request: &Request,
    head: oneshot::Sender<Result<Head, QueryError>>,
    sender: mpsc::Sender<Result<Piece, QueryError>>,
) {
    let mut delivery = match shared.desk.deliver(asker, request).await {
        Ok(delivery) => delivery,
        Err(error) => {
            // Nobody waits for it any more: then it does not matter.
            let _ = head.send(Err(error));
            return;
        }
    };
    if head.send(Ok(delivery.head.clone())).is_err() {
        return;
    }
    while let Some(piece) = delivery.pieces.next().await {
        let sent = tokio::time::timeout(Duration::from_secs(STALLED_S_MAX), sender.send(piece)).await;
        if !matches!(sent, Ok(Ok(()))) {
            tracing::debug!(query_id = delivery.head.query_id, "nobody reads the answer any more");
            return;
        }
    }
}
