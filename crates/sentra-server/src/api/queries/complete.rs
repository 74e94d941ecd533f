use axum::Json;
use axum::extract::State;
use sentra_query::Completed;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::extract::{Body, Who};
use crate::problem::{Problem, ProblemDocument};
use crate::state::Shared;

/// A question that is being written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompleteRequest {
    /// What is written, in whatever form: KQL, the search bar's shorthand, plain English.
    #[schema(example = "linux | where user == \"ro")]
    pub(crate) text: String,
    /// Where the cursor is, in bytes of UTF-8.
    pub(crate) offset: usize,
}

/// What may stand at a place of a question, values that were seen included, and everything that is wrong with it.
#[utoipa::path(
    post,
    path = "/api/v1/query/complete",
    operation_id = "complete",
    tag = "query",
    request_body = CompleteRequest,
    params(
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "What may stand there, and problems", body = Completed),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn complete(
    State(shared): State<Shared>,
    Who(asker): Who,
    Body(request): Body<CompleteRequest>,
) -> Result<Json<Completed>, Problem> {
    Ok(Json(shared.desk.complete(&asker, &request.text, request.offset).await?))
}
