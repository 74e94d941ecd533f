use axum::Json;
use axum::extract::State;

use super::extract::Scope;
use super::types::{DeadLetterCount, MartSummary, RuleCounts, Status, StatusHistory};
use crate::problem::{Problem, ProblemDocument};
use crate::state::Shared;

/// The state of the platform.
#[utoipa::path(
    get,
    path = "/api/v1/status",
    operation_id = "getStatus",
    tag = "status",
    params(
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "The state", body = Status),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn status(
    State(shared): State<Shared>,
    Scope(scope): Scope,
) -> Result<Json<Status>, Problem> {
    let app = &shared.app;
    let rules = app.pipeline.rules();
    let marts = app.marts.stats(&scope).await?;
    let dead_letters = app.records.dead_letter_counts(&scope).await?;
    Ok(Json(Status {
        version: app.version.clone(),
        schema_version: sentra_model::SCHEMA_VERSION,
        tenant: scope.tenant().clone(),
        tenants: shared.tenants().await?.into_iter().collect(),
        started: shared.started,
        now: app.clock.now(),
        rules: RuleCounts { loaded: rules.rules.len() as u64, problems: rules.problems.len() as u64 },
        pipeline: shared.pipeline(),
        marts: marts.into_iter().map(MartSummary::from).collect(),
        dead_letters: dead_letters
            .into_iter()
            .map(|(reason, count)| DeadLetterCount { reason, count })
            .collect(),
        listeners: shared.listeners(),
    }))
}

/// How the pipeline did in the last 15 minutes.
#[utoipa::path(
    get,
    path = "/api/v1/status/history",
    operation_id = "getStatusHistory",
    tag = "status",
    responses(
        (status = 200, description = "The points", body = StatusHistory),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn history(State(shared): State<Shared>) -> Result<Json<StatusHistory>, Problem> {
    Ok(Json(StatusHistory { points: shared.meter.history() }))
}
