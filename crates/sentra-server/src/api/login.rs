use axum::Json;
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::types::LoginLink;
use crate::door::Caller;
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::state::Shared;

/// The token of a login link.
#[derive(Deserialize)]
pub(crate) struct LoginQuery {
    token: String,
}

/// Turns a login link into a browser session, once.
pub(crate) async fn login(
    State(shared): State<Shared>,
    method: Method,
    query: Result<Query<LoginQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Ok(Query(query)) = query else {
        return Err(Problem::new(ProblemKind::LoginLinkSpent, "the link carries no token"));
    };
    if method != Method::GET {
        // Link previews ask with HEAD; they must not use the link up.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let cookie = shared.app.door.redeem(&query.token)?;
    let headers = [(header::SET_COOKIE, cookie), (header::LOCATION, "/".to_owned())];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

/// A new link that logs a browser in, once.
#[utoipa::path(
    post,
    path = "/api/v1/login-links",
    operation_id = "createLoginLink",
    tag = "door",
    responses(
        (status = 201, description = "The link", body = LoginLink),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn create_link(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<(StatusCode, Json<LoginLink>), Problem> {
    if !matches!(caller, Caller::Bearer) {
        // A stolen session must not be able to make itself last.
        return Err(Problem::new(ProblemKind::BearerRequired, "only the bearer token makes login links"));
    }
    let (path, expires) = shared.app.door.new_login_link()?;
    // The door has checked that the host is one of this server's names.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let url = format!("http://{host}{path}");
    Ok((StatusCode::CREATED, Json(LoginLink { path, url, expires })))
}

/// Ends the browser session that asks.
#[utoipa::path(
    post,
    path = "/api/v1/logout",
    operation_id = "logout",
    tag = "door",
    responses(
        (status = 204, description = "The session is over"),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn logout(State(shared): State<Shared>, Extension(caller): Extension<Caller>) -> Response {
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, shared.app.door.leave(&caller))]).into_response()
}
