use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use tokio::sync::OwnedSemaphorePermit;

use super::extract::{Params, Scope};
use super::params::StreamQuery;
use crate::live::{Following, LiveMessage};
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::state::Shared;

/// A comment this often keeps proxies and browsers from giving the connection up.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a browser waits before it comes back.
const RETRY: Duration = Duration::from_secs(2);
/// Header with which a browser says what it has seen.
const LAST_EVENT_ID: &str = "last-event-id";

struct Follower {
    following: Following,
    shared: Shared,
    is_first: bool,
    _permit: OwnedSemaphorePermit,
}

/// What changes, as it changes: server-sent events `incident`, `status` and `gap`.
#[utoipa::path(
    get,
    path = "/api/v1/stream",
    operation_id = "stream",
    tag = "status",
    params(
        StreamQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "Resume after this id; a browser sends it by itself"),
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "Events: `incident` (IncidentChange), `status` (Pipeline, every 2 s), `gap` (StreamGap)", body = String, content_type = "text/event-stream"),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn follow(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Params(query): Params<StreamQuery>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let permit = Arc::clone(&shared.streams).try_acquire_owned().map_err(|_| {
        let streams_max = shared.config.server.streams_max;
        Problem::new(ProblemKind::Busy, format!("{streams_max} live streams are open")).retry_after(5)
    })?;
    let header = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
    // An id that is no number was not given out here, so what came after it is not known either.
    let after = header.or(query.last_event_id).filter(|id| !id.is_empty());
    let after = after.map(|id| id.parse().unwrap_or(0));
    let following = shared.app.live.follow(scope.tenant().clone(), after);
    let follower = Follower { following, shared, is_first: true, _permit: permit };
    let events = futures::stream::unfold(follower, next_event);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

async fn next_event(mut follower: Follower) -> Option<(Result<Event, Infallible>, Follower)> {
    if std::mem::take(&mut follower.is_first) {
        // Tells the browser how to come back, and proxies that the stream is open.
        return Some((Ok(Event::default().retry(RETRY).comment("sentra")), follower));
    }
    let shared = Arc::clone(&follower.shared);
    let message = tokio::select! {
        () = shared.stop.cancelled() => return None,
        message = follower.following.next(&shared.app.live) => message?,
    };
    Some((Ok(event(&message)), follower))
}

fn event(message: &LiveMessage) -> Event {
    Event::default().id(message.id.to_string()).event(message.kind.as_str()).data(&message.data)
}
