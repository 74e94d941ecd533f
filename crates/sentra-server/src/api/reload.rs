use axum::Json;
use axum::extract::State;

use crate::ServerError;
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::reload::ReloadAnswer;
use crate::state::Shared;

/// Reads the configuration, keys, certificates and formats again. Doors that did not change are not touched.
#[utoipa::path(
    post,
    path = "/api/v1/reload",
    operation_id = "reload",
    tag = "status",
    responses(
        (status = 200, description = "What changed", body = ReloadAnswer),
        (status = "default", description = "A problem document (RFC 9457); nothing has changed", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn reload(State(shared): State<Shared>) -> Result<Json<ReloadAnswer>, Problem> {
    match shared.reload().await {
        Ok(answer) => Ok(Json(answer)),
        Err(error) => Err(Problem::new(ProblemKind::ConfigurationRefused, chain(&error))),
    }
}

fn chain(error: &ServerError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
