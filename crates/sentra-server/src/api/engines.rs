use axum::Json;
use axum::extract::State;

use super::extract::Scope;
use super::types::EnginesAnswer;
use crate::problem::{Problem, ProblemDocument};
use crate::state::Shared;

/// How the engines are that answer questions.
#[utoipa::path(
    get,
    path = "/api/v1/engines",
    operation_id = "listEngines",
    tag = "status",
    params(
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "The engines", body = EnginesAnswer),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(shared): State<Shared>,
    Scope(scope): Scope,
) -> Result<Json<EnginesAnswer>, Problem> {
    Ok(Json(EnginesAnswer { engines: shared.desk.engines(&scope).await }))
}
