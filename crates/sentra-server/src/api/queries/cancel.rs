use axum::extract::State;
use axum::http::StatusCode;

use crate::api::extract::{Id, Scope};
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::state::Shared;

/// Ends a question that is being answered. Whoever asked it is answered with the problem `query-cancelled`.
#[utoipa::path(
    delete,
    path = "/api/v1/queries/{query_id}",
    operation_id = "cancelQuery",
    tag = "query",
    params(
        ("query_id" = String, Path, description = "The name under which it was asked"),
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 204, description = "It ends"),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn cancel(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Id(query_id): Id<String>,
) -> Result<StatusCode, Problem> {
    if shared.desk.cancel(&scope, &query_id) {
        return Ok(StatusCode::NO_CONTENT);
    }
    let shown: String = query_id.chars().take(80).collect();
    let detail = format!("no question called {shown:?} is being answered for tenant {}", scope.tenant());
    Err(Problem::new(ProblemKind::NotFound, detail))
}
