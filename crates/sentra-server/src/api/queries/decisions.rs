use axum::Json;
use axum::extract::State;
use sentra_query::{AnswerLineage, Decision};

use crate::api::extract::{Body, Id, Params, Scope, Who};
use crate::api::params::{DecisionListQuery, page_limit};
use crate::api::types::{OverrideBody, QueryDecisions};
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::state::Shared;

/// What the router decided about the tenant's questions, the latest first.
#[utoipa::path(
    get,
    path = "/api/v1/query/decisions",
    operation_id = "listQueryDecisions",
    tag = "query",
    params(
        DecisionListQuery,
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "A page of decisions", body = QueryDecisions),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Params(query): Params<DecisionListQuery>,
) -> Result<Json<QueryDecisions>, Problem> {
    let limit = page_limit(query.limit)?;
    let page = shared.desk.decisions(&scope, query.cursor.as_deref(), limit).await?;
    Ok(Json(QueryDecisions { decisions: page.items, next_cursor: page.next }))
}

/// Says what was right instead of what the router chose.
#[utoipa::path(
    post,
    path = "/api/v1/query/decisions/{id}/override",
    operation_id = "overrideQueryDecision",
    tag = "query",
    request_body = OverrideBody,
    params(
        ("id" = String, Path, description = "The decision"),
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "The decision with what was said", body = Decision),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn put_override(
    State(shared): State<Shared>,
    Who(asker): Who,
    Id(id): Id<String>,
    Body(OverrideBody { engine, intent, note }): Body<OverrideBody>,
) -> Result<Json<Decision>, Problem> {
    let decision = shared.desk.put_override(&asker, &id, engine, intent, note).await?;
    decision.map(Json).ok_or_else(|| unknown(&id))
}

/// Where the answer under a decision came from: its segments with their checksums, rollups, rows in memory.
#[utoipa::path(
    get,
    path = "/api/v1/query/decisions/{id}/lineage",
    operation_id = "queryLineage",
    tag = "query",
    params(
        ("id" = String, Path, description = "The decision"),
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "Where the answer came from", body = AnswerLineage),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn lineage(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Id(id): Id<String>,
) -> Result<Json<AnswerLineage>, Problem> {
    shared.desk.lineage(&scope, &id).await?.map(Json).ok_or_else(|| unknown(&id))
}

fn unknown(id: &str) -> Problem {
    let shown: String = id.chars().take(80).collect();
    Problem::new(ProblemKind::NotFound, format!("there is no decision {shown:?}"))
        .with_next("GET /api/v1/query/decisions lists them")
}
