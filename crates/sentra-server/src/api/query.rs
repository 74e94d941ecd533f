use axum::Json;
use axum::extract::State;
use sentra_query::{AskOptions, Engine};

use super::extract::{Body, Scope};
use super::types::{QueryAnswer, QueryRequest};
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::state::Shared;

/// Asks the marts a question.
#[utoipa::path(
    post,
    path = "/api/v1/query",
    operation_id = "query",
    tag = "query",
    request_body = QueryRequest,
    params(
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "The answer with its lineage", body = QueryAnswer),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn ask(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Body(request): Body<QueryRequest>,
) -> Result<Json<QueryAnswer>, Problem> {
    let engine = request.engine.as_deref().unwrap_or("auto").parse::<Engine>();
    let engine = engine.map_err(|detail| Problem::new(ProblemKind::BodyInvalid, detail.to_string()))?;
    // Law LIMIT: a question may take much memory; the others wait, up to the time a request may take.
    let _turn = shared.queries.acquire().await;
    let mut options = AskOptions::at(shared.app.clock.now());
    options.engine = engine;
    options.explain = request.explain;
    options.timeout_ms = shared.config.server.query_timeout_ms;
    let answer = sentra_query::ask(shared.app.marts.as_ref(), &scope, &request.text, &options).await?;
    Ok(Json(answer.into()))
}
