use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::queries::stream as queries_stream;
use super::queries::{complete, export};
use super::types::{IncidentChange, StreamGap};
use super::{
    dead_letters, decisions, engines, events, forensic, incidents, ingest, login, marts, queries, query,
    reload, rollups, rules, status, stream, topics, tuning,
};
use crate::door::SESSION_COOKIE;
use crate::problem::{Problem, ProblemDocument, ProblemKind};

/// The HTTP interface in its own words.
#[derive(OpenApi)]
#[openapi(
    info(title = "Sentra", description = "Signals, incidents and their evidence.", license(name = "Apache-2.0", identifier = "Apache-2.0")),
    paths(
        status::status, status::history, engines::list, forensic::show,
        incidents::list, incidents::show, decisions::decide, decisions::models, decisions::preview, decisions::triage,
        events::show, events::lookup, dead_letters::list, dead_letters::show,
        dead_letters::replay, dead_letters::report, topics::list, topics::records, topics::replay,
        marts::list, marts::create, marts::show, marts::alter, marts::remove,
        rollups::list, rollups::add, rollups::remove,
        query::ask, complete::complete, queries_stream::follow, export::export,
        queries::estimate::estimate, queries::cancel::cancel,
        queries::decisions::list, queries::decisions::put_override, queries::decisions::lineage,
        rules::list, rules::backtest, tuning::explain, tuning::coverage,
        tuning::list, tuning::disable, tuning::enable, tuning::except, tuning::remove, tuning::preview, stream::follow, ingest::ingest,
        login::create_link, login::logout, reload::reload,
    ),
    components(schemas(ProblemDocument, IncidentChange, StreamGap)),
    modifiers(&Credentials),
    security(("bearer" = []), ("session" = [])),
)]
struct Document;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let Some(components) = openapi.components.as_mut() else { return };
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("the token in DIR/admin.token"))
            .build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let cookie = ApiKeyValue::with_description(
            SESSION_COOKIE,
            "set by a login link; unsafe methods need the header X-Sentra-Csrf: 1 as well",
        );
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// The OpenAPI document of the HTTP interface.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// The OpenAPI document as it is served and checked in: indented JSON with a line end.
///
/// # Errors
/// When it cannot be written as JSON, which would be a defect.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    openapi().to_pretty_json().map(|text| text + "\n")
}

/// The document over HTTP.
pub(crate) async fn serve_openapi() -> Result<Response, Problem> {
    let text = openapi_json().map_err(|error| Problem::new(ProblemKind::Internal, error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checked_in_document_is_the_code() {
        expect_test::expect_file!["../../openapi.json"].assert_eq(&openapi_json().unwrap());
    }
}
