//! Rollups: looked at, declared, removed.

use axum::Json;
use axum::extract::State;

use super::extract::{Body, Id, Scope};
use super::marts::SOMEBODY;
use super::types::{RollupBody, RollupsAnswer};
use crate::problem::{Problem, ProblemDocument};
use crate::state::Shared;

/// The rollups of the tenant.
#[utoipa::path(
    get,
    path = "/api/v1/rollups",
    operation_id = "listRollups",
    tag = "marts",
    params(("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent")),
    responses(
        (status = 200, description = "The rollups", body = RollupsAnswer),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(shared): State<Shared>,
    Scope(scope): Scope,
) -> Result<Json<RollupsAnswer>, Problem> {
    let rollups = shared.app.mart_desk.rollups(&scope).await?;
    Ok(Json(RollupsAnswer { rollups: rollups.into_iter().map(Into::into).collect() }))
}

/// Declares a rollup; one of the same name is replaced. It counts what comes, and beside that what is stored; meanwhile
/// questions that it answers have the rest from the events.
#[utoipa::path(
    post,
    path = "/api/v1/rollups",
    operation_id = "addRollup",
    tag = "marts",
    request_body = RollupBody,
    params(("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent")),
    responses(
        (status = 200, description = "The rollups after it", body = RollupsAnswer),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn add(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Body(body): Body<RollupBody>,
) -> Result<Json<RollupsAnswer>, Problem> {
    let by = body.by.clone();
    let desk = &shared.app.mart_desk;
    desk.add_rollup(&scope, body.definition(), by.as_deref().unwrap_or(SOMEBODY)).await?;
    desk.begin_rollups(&scope);
    list(State(shared), Scope(scope)).await
}

/// Removes a rollup and what it counted.
#[utoipa::path(
    delete,
    path = "/api/v1/rollups/{name}",
    operation_id = "removeRollup",
    tag = "marts",
    params(
        ("name" = String, Path, description = "Name of the rollup"),
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "The rollups after it", body = RollupsAnswer),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn remove(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Id(name): Id<String>,
) -> Result<Json<RollupsAnswer>, Problem> {
    shared.app.mart_desk.remove_rollup(&scope, &name).await?;
    list(State(shared), Scope(scope)).await
}
