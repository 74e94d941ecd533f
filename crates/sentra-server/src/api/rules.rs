use axum::Json;
use axum::extract::State;

use super::types::RulesView;
use crate::problem::{Problem, ProblemDocument};
use crate::state::Shared;

/// The rules in force and the problems met while they were compiled.
#[utoipa::path(
    get,
    path = "/api/v1/rules",
    operation_id = "listRules",
    tag = "rules",
    responses(
        (status = 200, description = "The rules", body = RulesView),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(State(shared): State<Shared>) -> Result<Json<RulesView>, Problem> {
    Ok(Json(shared.app.pipeline.rules()))
}
