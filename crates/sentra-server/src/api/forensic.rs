use axum::Json;
use axum::extract::State;

use super::extract::Scope;
use super::types::ForensicView;
use crate::problem::{Problem, ProblemDocument};
use crate::state::Shared;

/// What the forensic index holds, and what its budget is.
#[utoipa::path(
    get,
    path = "/api/v1/forensic",
    operation_id = "getForensic",
    tag = "status",
    params(
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "The figures", body = ForensicView),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn show(
    State(shared): State<Shared>,
    Scope(scope): Scope,
) -> Result<Json<ForensicView>, Problem> {
    let Some(index) = shared.app.forensic.clone() else { return Ok(Json(ForensicView::default())) };
    // A commit may be going on, which the figures wait for.
    match tokio::task::spawn_blocking(move || index.stats(&scope)).await {
        Ok(stats) => Ok(Json(stats?.into())),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}
