use axum::Json;
use axum::extract::State;
use sentra_model::EventId;

use super::extract::{Params, Scope};
use super::params::{PageQuery, page_limit};
use super::types::{DeadLetterItem, DeadLetterPage};
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::state::Shared;

/// Records that could not be understood, in the order they came.
#[utoipa::path(
    get,
    path = "/api/v1/dead-letters",
    operation_id = "listDeadLetters",
    tag = "events",
    params(
        PageQuery,
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "A page", body = DeadLetterPage),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Params(query): Params<PageQuery>,
) -> Result<Json<DeadLetterPage>, Problem> {
    let after = query.cursor.as_deref().map(str::parse::<EventId>).transpose();
    let after = after.map_err(|error| Problem::new(ProblemKind::ParameterInvalid, error.to_string()))?;
    let page = shared.app.records.dead_letters(&scope, after, page_limit(query.limit)?).await?;
    let items = page.items.into_iter().map(|(id, letter)| DeadLetterItem { id, letter }).collect();
    Ok(Json(DeadLetterPage { items, next: page.next, total: page.total }))
}
