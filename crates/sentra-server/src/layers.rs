use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::problem::{Problem, ProblemKind};
use crate::state::Shared;

/// Scripts, styles and pictures come from this server alone; frames, objects and forms to elsewhere are not
/// needed.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; \
     object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Headers of every answer.
const SECURITY_HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Puts around `router` what holds for every request, the outermost last.
pub(crate) fn surround(router: Router<Shared>, shared: &Shared) -> Router<Shared> {
    router
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn_with_state(shared.clone(), concurrency_limit))
        .layer(middleware::from_fn_with_state(shared.clone(), host))
        .layer(middleware::from_fn(sentra_intake::http::hear_out))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(observe))
        .layer(middleware::map_response(security_headers))
}

async fn security_headers(mut response: Response) -> Response {
    for (name, value) in SECURITY_HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(panic = text, "a request handler panicked");
    metrics::counter!("sentra_http_panics_total").increment(1);
    Problem::new(ProblemKind::Internal, "the request met a defect").into_response()
}

async fn host(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    match shared.app.door.check_host(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Law LIMIT: `server.requests_max`. A live stream has answered once it is open and does not count.
async fn concurrency_limit(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let Ok(_turn) = Arc::clone(&shared.requests).try_acquire_owned() else {
        let requests_max = shared.config.server.requests_max;
        let detail = format!("{requests_max} requests are being answered");
        return Problem::new(ProblemKind::Busy, detail).retry_after(1).into_response();
    };
    next.run(request).await
}

/// Law LIMIT: `server.request_timeout_ms`.
pub(crate) async fn time_limit(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let timeout_ms = shared.config.server.request_timeout_ms;
    match tokio::time::timeout(Duration::from_millis(timeout_ms), next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            Problem::new(ProblemKind::Timeout, format!("no answer after {timeout_ms} ms")).into_response()
        }
    }
}

/// Counts and times requests by route; paths as they are asked would be unbounded labels.
async fn observe(matched: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let route = matched.map_or_else(|| "console".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().as_str().to_owned();
    let started = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let seconds = started.elapsed().as_secs_f64();
    metrics::counter!("sentra_http_requests_total", "route" => route.clone(), "status" => status.to_string())
        .increment(1);
    metrics::histogram!("sentra_http_request_seconds", "route" => route.clone()).record(seconds);
    tracing::debug!(method, route, status, seconds, "request");
    response
}

/// Whether the client already has what is called `etag`.
pub(crate) fn has_already(headers: &HeaderMap, etag: &str) -> bool {
    headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == etag)
    })
}
