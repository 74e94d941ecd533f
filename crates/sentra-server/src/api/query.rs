use axum::Json;
use axum::extract::State;
use sentra_query::{Engine, QUERY_ID_BYTES_MAX, Request};
use sentra_store::ROWS_MAX;

use super::extract::{Body, Who};
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
    Who(asker): Who,
    Body(request): Body<QueryRequest>,
) -> Result<Json<QueryAnswer>, Problem> {
    let cursor = request.cursor.clone();
    let is_paged = request.page_size.is_some() || cursor.is_some();
    let request = asked(&shared, request)?;
    let answer = match is_paged {
        true => shared.desk.page(&asker, &request, cursor.as_deref()).await?,
        false => shared.desk.ask(&asker, &request).await?,
    };
    Ok(Json(answer.into()))
}

/// The question of a body, as the desk takes it.
pub(crate) fn asked(shared: &Shared, body: QueryRequest) -> Result<Request, Problem> {
    let invalid = |detail: String| Problem::new(ProblemKind::BodyInvalid, detail);
    let engine = body.engine.as_deref().unwrap_or("auto").parse::<Engine>().map_err(invalid)?;
    if let Some(id) = &body.query_id {
        let is_name = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'_' | b'-');
        if id.is_empty() || id.len() > QUERY_ID_BYTES_MAX || !id.bytes().all(is_name) {
            let detail = format!("query_id is 1 to {QUERY_ID_BYTES_MAX} letters, digits, '_' and '-'");
            return Err(invalid(detail));
        }
    }
    let rows_max = body.page_size.unwrap_or(ROWS_MAX);
    if !(1..=ROWS_MAX).contains(&rows_max) {
        return Err(invalid(format!("page_size is 1 to {ROWS_MAX}")));
    }
    Ok(Request {
        engine,
        explain: body.explain,
        query_id: body.query_id,
        anyway: body.anyway,
        timeout_ms: shared.config.server.query_timeout_ms,
        rows_max,
        ..Request::new(body.text)
    })
}
