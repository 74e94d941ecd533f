//! What Elasticsearch's clients ask before they send: a version, a licence, templates.
//!
//! Templates and policies are acknowledged and have no effect: Sentra's schema is its own.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use super::auth::{AuthProblem, From};
use super::{HttpDoor, RETRY_AFTER_S};

/// The interface that is spoken. Shippers refuse to talk to versions older than themselves.
const VERSION: &str = "8.17.0";
/// Official clients talk to no product that does not say this.
const PRODUCT_HEADER: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-elastic-product"), HeaderValue::from_static("Elasticsearch"));

/// An answer in Elasticsearch's words.
pub(super) fn answer(status: StatusCode, document: &impl Serialize) -> Response {
    let mut response = (status, Json(document)).into_response();
    let (name, value) = PRODUCT_HEADER;
    response.headers_mut().insert(name, value);
    if status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
    }
    response
}

/// A failure in Elasticsearch's words.
pub(super) fn failure(status: StatusCode, kind: &str, reason: &str) -> Response {
    let cause = json!({ "type": kind, "reason": reason });
    answer(
        status,
        &json!({ "error": { "root_cause": [cause], "type": kind, "reason": reason }, "status": status.as_u16() }),
    )
}

pub(super) fn refused(problem: AuthProblem) -> Response {
    let reason = match problem {
        AuthProblem::Missing => "missing authentication credentials",
        AuthProblem::Malformed => "the Authorization header cannot be read",
        AuthProblem::Refused(_) => "unable to authenticate with the provided credentials",
    };
    let mut response = failure(StatusCode::UNAUTHORIZED, "security_exception", reason);
    let challenge = HeaderValue::from_static("Basic realm=\"sentra\", ApiKey");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}

/// `GET /`.
pub(super) async fn info(from: From) -> Response {
    if let Err(problem) = from.sender {
        return refused(problem);
    }
    info_answer()
}

/// What the root says to Elasticsearch's clients.
#[must_use]
pub fn info_answer() -> Response {
    let version = json!({
        "number": VERSION, "build_flavor": "default", "build_type": "tar", "lucene_version": "9.12.0",
        "minimum_wire_compatibility_version": "7.17.0", "minimum_index_compatibility_version": "7.0.0",
    });
    let document = json!({
        "name": "sentra", "cluster_name": "sentra", "cluster_uuid": "sentra", "version": version,
        "tagline": "You Know, for Search",
    });
    answer(StatusCode::OK, &document)
}

/// `GET /_license`.
pub(super) async fn license(from: From) -> Response {
    match from.sender {
        Ok(_) => answer(
            StatusCode::OK,
            &json!({ "license": { "status": "active", "type": "basic", "uid": "sentra" } }),
        ),
        Err(problem) => refused(problem),
    }
}

/// `GET /_cluster/health`.
pub(super) async fn health(from: From, State(door): State<HttpDoor>) -> Response {
    match from.sender {
        Ok(_) => {
            let status = if door.turn().is_some() { "green" } else { "red" };
            answer(StatusCode::OK, &json!({ "cluster_name": "sentra", "status": status, "timed_out": false }))
        }
        Err(problem) => refused(problem),
    }
}

/// Templates, policies and data streams.
pub(super) async fn acknowledged(from: From) -> Response {
    match from.sender {
        Ok(_) => answer(StatusCode::OK, &json!({ "acknowledged": true })),
        Err(problem) => refused(problem),
    }
}

/// What this listener does not speak.
pub(super) async fn unknown(request: axum::extract::Request) -> Response {
    let path: String = request.uri().path().chars().take(200).collect();
    failure(StatusCode::NOT_FOUND, "resource_not_found_exception", &format!("there is no {path} here"))
}
