use axum::Json;
use axum::extract::State;

use crate::api::extract::{Body, Who};
use crate::api::query::asked;
use crate::api::types::{QueryEstimate, QueryRequest};
use crate::problem::{Problem, ProblemDocument};
use crate::state::Shared;

/// Says what a question is expected to cost, from metadata alone, and whether it would be answered.
#[utoipa::path(
    post,
    path = "/api/v1/query/estimate",
    operation_id = "estimateQuery",
    tag = "query",
    request_body = QueryRequest,
    params(
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "What it is expected to cost", body = QueryEstimate),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn estimate(
    State(shared): State<Shared>,
    Who(asker): Who,
    Body(request): Body<QueryRequest>,
) -> Result<Json<QueryEstimate>, Problem> {
    let request = asked(&shared, request)?;
    Ok(Json(shared.desk.estimate(&asker, &request).await?.into()))
}
