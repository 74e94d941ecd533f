//! Marts: looked at, registered, changed, removed.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use super::extract::{Body, Id, Params, Scope};
use super::types::{MartBody, MartChangeBody, MartDetail, MartRemoved, MartsAnswer};
use crate::problem::{Problem, ProblemDocument};
use crate::state::Shared;

/// Who changes something where nobody is named.
pub(crate) const SOMEBODY: &str = "administrator";

/// The marts of the tenant, with what they hold and what was registered.
#[utoipa::path(
    get,
    path = "/api/v1/marts",
    operation_id = "listMarts",
    tag = "marts",
    params(("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent")),
    responses(
        (status = 200, description = "The marts", body = MartsAnswer),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(shared): State<Shared>,
    Scope(scope): Scope,
) -> Result<Json<MartsAnswer>, Problem> {
    let marts = shared.app.mart_desk.list(&scope).await?;
    Ok(Json(MartsAnswer { marts: marts.into_iter().map(Into::into).collect() }))
}

/// Registers a mart. Events that are stored from now on and meet its filter go into it, those of the same request on.
#[utoipa::path(
    post,
    path = "/api/v1/marts",
    operation_id = "createMart",
    tag = "marts",
    request_body = MartBody,
    params(("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent")),
    responses(
        (status = 200, description = "The mart", body = MartDetail),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn create(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Body(body): Body<MartBody>,
) -> Result<Json<MartDetail>, Problem> {
    let (name, by) = (body.name.clone(), body.by.clone());
    let desk = &shared.app.mart_desk;
    desk.create(&scope, &name, body.into(), by.as_deref().unwrap_or(SOMEBODY)).await?;
    let (view, history) = desk.show(&scope, &name).await?;
    Ok(Json(MartDetail::new(view, history, desk.epochs(&scope).await?)))
}

/// One mart, with the versions that it had.
#[utoipa::path(
    get,
    path = "/api/v1/marts/{name}",
    operation_id = "getMart",
    tag = "marts",
    params(
        ("name" = String, Path, description = "Name of the mart"),
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "The mart", body = MartDetail),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn show(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Id(name): Id<String>,
) -> Result<Json<MartDetail>, Problem> {
    let desk = &shared.app.mart_desk;
    let (view, history) = desk.show(&scope, &name).await?;
    Ok(Json(MartDetail::new(view, history, desk.epochs(&scope).await?)))
}

/// Changes a registered mart. What it holds stays; events that are stored from now on follow the new filter.
#[utoipa::path(
    put,
    path = "/api/v1/marts/{name}",
    operation_id = "alterMart",
    tag = "marts",
    request_body = MartChangeBody,
    params(
        ("name" = String, Path, description = "Name of the mart"),
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "The mart", body = MartDetail),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn alter(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Id(name): Id<String>,
    Body(body): Body<MartChangeBody>,
) -> Result<Json<MartDetail>, Problem> {
    let by = body.by.clone();
    let desk = &shared.app.mart_desk;
    desk.alter(&scope, &name, body.into(), by.as_deref().unwrap_or(SOMEBODY)).await?;
    let (view, history) = desk.show(&scope, &name).await?;
    Ok(Json(MartDetail::new(view, history, desk.epochs(&scope).await?)))
}

/// How a mart is removed.
#[derive(Debug, Deserialize)]
pub(crate) struct Removal {
    #[serde(default)]
    purge: bool,
    by: Option<String>,
}

/// Removes a registered mart: it takes no more events. What it holds stays until its retention ends, or goes at once.
#[utoipa::path(
    delete,
    path = "/api/v1/marts/{name}",
    operation_id = "removeMart",
    tag = "marts",
    params(
        ("name" = String, Path, description = "Name of the mart"),
        ("purge" = Option<bool>, Query, description = "Whether its events are deleted at once"),
        ("by" = Option<String>, Query, description = "Who removes it"),
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "The mart as it is now", body = MartRemoved),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn remove(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Id(name): Id<String>,
    Params(Removal { purge, by }): Params<Removal>,
) -> Result<Json<MartRemoved>, Problem> {
    let by = by.as_deref().unwrap_or(SOMEBODY);
    let (definition, deleted) = shared.app.mart_desk.remove(&scope, &name, purge, by).await?;
    Ok(Json(MartRemoved { definition, deleted }))
}
