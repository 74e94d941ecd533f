//! The routes and what surrounds them. Every route stands in one table with who may use it, so that a test
//! can ask each of them without credentials.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, delete, get, post, put};

use sentra_intake::Sender;
use sentra_intake::http::{self as senders, Authenticated};

use crate::api::extract::new_scope;
use crate::api::queries::{cancel, estimate};
use crate::api::{
    self, dead_letters, decisions, engines, events, forensic, health, incidents, ingest, login, marts,
    queries, query, reload, rollups, rules, status, stream, topics, tuning,
};
use crate::console;
use crate::layers;
use crate::problem::{Problem, ProblemKind};
use crate::state::Shared;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody who can reach the port.
    Open,
    /// Whoever carries the bearer token or a browser session.
    Credentials,
    /// Whoever may use a credentialed route, and senders with an API key.
    Sender,
}

/// How long an answer may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// `server.request_timeout_ms`.
    Timed,
    /// As long as something moves: bodies and streams have limits of their own.
    Streaming,
}

/// One row of the table.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pace: Pace,
    handler: MethodRouter<Shared>,
}

/// Every route but the console's files, which anybody may have: they hold nothing but code.
pub(crate) fn table() -> Vec<Route> {
    use Access::{Credentials, Open};
    use Pace::{Streaming, Timed};
    let read = |path, access, pace, handler| Route { method: Method::GET, path, access, pace, handler };
    let write =
        |path, pace, handler| Route { method: Method::POST, path, access: Credentials, pace, handler };
    let remove =
        |path, pace, handler| Route { method: Method::DELETE, path, access: Credentials, pace, handler };
    vec![
        read("/healthz", Open, Timed, get(health::alive)),
        read("/readyz", Open, Timed, get(health::ready)),
        read("/login", Open, Timed, get(login::login)),
        read("/metrics", Credentials, Timed, get(health::metrics)),
        read("/api/v1/openapi.json", Credentials, Timed, get(api::serve_openapi)),
        read("/api/v1/status", Credentials, Timed, get(status::status)),
        read("/api/v1/status/history", Credentials, Timed, get(status::history)),
        read("/api/v1/engines", Credentials, Timed, get(engines::list)),
        read("/api/v1/forensic", Credentials, Timed, get(forensic::show)),
        read("/api/v1/incidents", Credentials, Timed, get(incidents::list)),
        read("/api/v1/incidents/{id}", Credentials, Timed, get(incidents::show)),
        read("/api/v1/events/{id}", Credentials, Timed, get(events::show)),
        write("/api/v1/events/lookup", Timed, post(events::lookup)),
        read("/api/v1/dead-letters", Credentials, Timed, get(dead_letters::list)),
        read("/api/v1/dead-letters/{id}", Credentials, Timed, get(dead_letters::show)),
        write("/api/v1/dead-letters/replay", Timed, post(dead_letters::replay)),
        read("/api/v1/topics", Credentials, Timed, get(topics::list)),
        read("/api/v1/topics/{topic}/records", Credentials, Timed, get(topics::records)),
        write("/api/v1/topics/{topic}/replay", Timed, post(topics::replay)),
        read("/api/v1/marts", Credentials, Timed, get(marts::list)),
        write("/api/v1/marts", Timed, post(marts::create)),
        read("/api/v1/marts/{name}", Credentials, Timed, get(marts::show)),
        Route { method: Method::PUT, ..write("/api/v1/marts/{name}", Timed, put(marts::alter)) },
        Route { method: Method::DELETE, ..write("/api/v1/marts/{name}", Timed, delete(marts::remove)) },
        read("/api/v1/rollups", Credentials, Timed, get(rollups::list)),
        write("/api/v1/rollups", Timed, post(rollups::add)),
        Route { method: Method::DELETE, ..write("/api/v1/rollups/{name}", Timed, delete(rollups::remove)) },
        write("/api/v1/query", Timed, post(query::ask)),
        write("/api/v1/query/complete", Timed, post(queries::complete::complete)),
        write("/api/v1/query/stream", Streaming, post(queries::stream::follow)),
        write("/api/v1/query/export", Streaming, post(queries::export::export)),
        write("/api/v1/query/estimate", Timed, post(estimate::estimate)),
        remove("/api/v1/queries/{query_id}", Timed, delete(cancel::cancel)),
        read("/api/v1/query/decisions", Credentials, Timed, get(queries::decisions::list)),
        write("/api/v1/query/decisions/{id}/override", Timed, post(queries::decisions::put_override)),
        read("/api/v1/query/decisions/{id}/lineage", Credentials, Timed, get(queries::decisions::lineage)),
        read("/api/v1/rules", Credentials, Timed, get(rules::list)),
        write("/api/v1/rules/backtest", Streaming, post(rules::backtest)),
        write("/api/v1/decisions", Timed, post(decisions::decide)),
        write("/api/v1/suppressions/preview", Timed, post(decisions::preview)),
        read("/api/v1/models", Credentials, Timed, get(decisions::models)),
        read("/api/v1/triage", Credentials, Timed, get(decisions::triage)),
        write("/api/v1/rules/explain", Timed, post(tuning::explain)),
        read("/api/v1/rules/coverage", Credentials, Timed, get(tuning::coverage)),
        read("/api/v1/rules/tuning", Credentials, Timed, get(tuning::list)),
        write("/api/v1/rules/disable", Timed, post(tuning::disable)),
        write("/api/v1/rules/enable", Timed, post(tuning::enable)),
        write("/api/v1/rules/exceptions", Timed, post(tuning::except)),
        write("/api/v1/rules/exceptions/remove", Timed, post(tuning::remove)),
        write("/api/v1/rules/exceptions/preview", Streaming, post(tuning::preview)),
        read("/api/v1/stream", Credentials, Streaming, get(stream::follow)),
        Route { access: Access::Sender, ..write("/api/v1/ingest", Streaming, post(ingest::ingest)) },
        write("/api/v1/ingest/dead-letters", Timed, post(dead_letters::report)),
        write("/api/v1/reload", Timed, post(reload::reload)),
        write("/api/v1/login-links", Timed, post(login::create_link)),
        write("/api/v1/logout", Timed, post(login::logout)),
    ]
}

/// The whole HTTP interface.
pub(crate) fn router(shared: &Shared) -> Router {
    let mut router = Router::new();
    for route in by_path(table()) {
        let allowed = route.methods;
        let mut handler = route.handler.fallback(move || wrong_method(allowed.clone()));
        if route.pace == Pace::Timed {
            handler = handler.layer(middleware::from_fn_with_state(shared.clone(), layers::time_limit));
        }
        handler = match route.access {
            Access::Open => handler,
            Access::Credentials => handler.layer(middleware::from_fn_with_state(shared.clone(), credentials)),
            Access::Sender => {
                handler.layer(middleware::from_fn_with_state(shared.clone(), sender_or_credentials))
            }
        };
        router = router.route(route.path, handler);
    }
    // Below /api everything needs credentials, also to learn that it is not there.
    let unknown = || {
        axum::routing::any(unknown_route).layer(middleware::from_fn_with_state(shared.clone(), credentials))
    };
    let router = router
        .route("/api", unknown())
        .route("/api/", unknown())
        .route("/api/{*rest}", unknown())
        .fallback(root_or_console)
        .layer(DefaultBodyLimit::max(shared.config.server.json_bytes_max));
    let senders = senders::routes(shared.intake.http().clone());
    let senders = senders.layer(middleware::from_fn_with_state(shared.clone(), administrator_as_sender));
    layers::surround(router.merge(senders.with_state(())), shared).with_state(shared.clone())
}

/// The routes of one path, which differ in their methods alone.
struct PathRoutes {
    path: &'static str,
    methods: Vec<Method>,
    access: Access,
    pace: Pace,
    handler: MethodRouter<Shared>,
}

fn by_path(routes: Vec<Route>) -> Vec<PathRoutes> {
    let mut paths: Vec<PathRoutes> = Vec::new();
    for Route { method, path, access, pace, handler } in routes {
        match paths.iter_mut().find(|known| known.path == path) {
            Some(known) => {
                debug_assert!(known.access == access && known.pace == pace, "{path} has one door");
                known.methods.push(method);
                known.handler = std::mem::take(&mut known.handler).merge(handler);
            }
            None => paths.push(PathRoutes { path, methods: vec![method], access, pace, handler }),
        }
    }
    paths
}

/// Lets in whoever [`credentials`] lets in, and senders by their API key.
async fn sender_or_credentials(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    let Some(sender) = sender_of(&shared, &request) else {
        return credentials(State(shared), request, next).await;
    };
    request.extensions_mut().insert(Authenticated(sender));
    next.run(request).await
}

fn sender_of(shared: &Shared, request: &Request) -> Option<Sender> {
    let key = senders::key(request.headers())?;
    shared.intake.senders().get().by_key(&key).ok()
}

/// The administrator may send by every protocol, for the tenant that the header names. Who else sends shows an
/// API key, which the protocol's own handler looks at and answers in the protocol's own words.
async fn administrator_as_sender(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    if !shared.app.door.is_administrator(request.headers()) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    match new_scope(&mut parts, &shared).await {
        Ok(scope) => {
            let sender = Sender { tenant: scope.tenant().clone(), format: None };
            parts.extensions.insert(Authenticated(sender));
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// The console's files, and at the root what Elasticsearch's clients ask before they send.
async fn root_or_console(State(shared): State<Shared>, request: Request) -> Response {
    let asks_elastic = request.uri().path() == "/" && sender_of(&shared, &request).is_some();
    if asks_elastic { senders::info_answer() } else { console::serve(request).await }
}

/// The door: lets a request in or answers it.
async fn credentials(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    match shared.app.door.admit(request.method(), request.headers()) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            let mut response = next.run(request).await;
            // What credentials were needed for is in nobody's cache.
            response
                .headers_mut()
                .entry(header::CACHE_CONTROL)
                .or_insert(HeaderValue::from_static("no-store"));
            response
        }
        Err(problem) => problem.into_response(),
    }
}

async fn unknown_route(request: Request) -> Problem {
    let path: String = request.uri().path().chars().take(200).collect();
    Problem::new(ProblemKind::RouteUnknown, format!("there is no {path}"))
}

async fn wrong_method(allowed: Vec<Method>) -> Response {
    let allowed: Vec<&str> = allowed.iter().map(Method::as_str).collect();
    let allowed = allowed.join(", ");
    let detail = format!("this route knows {allowed} only");
    let mut response = Problem::new(ProblemKind::MethodNotAllowed, detail).into_response();
    if let Ok(allowed) = HeaderValue::from_str(&allowed) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}
