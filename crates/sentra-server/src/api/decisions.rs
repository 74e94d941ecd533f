//! What people decide about signals and incidents.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::extract::{Body, Scope};
use super::types::{DecisionAnswer, DecisionBody, TriageAnswer};
use crate::problem::{Problem, ProblemDocument};
use crate::state::Shared;

/// Records a decision and waits until it is carried out: a verdict on a signal or an incident, a merge, split or move,
/// a title, a status, a suppression or its end. It is durable before it is answered.
#[utoipa::path(
    post,
    path = "/api/v1/decisions",
    operation_id = "decide",
    tag = "incidents",
    request_body = DecisionBody,
    params(("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent")),
    responses(
        (status = 200, description = "It is carried out", body = DecisionAnswer),
        (status = 202, description = "It is recorded and will be carried out after the events before it", body = DecisionAnswer),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn decide(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Body(body): Body<DecisionBody>,
) -> Result<(StatusCode, Json<DecisionAnswer>), Problem> {
    let DecisionBody { by, decision } = body;
    let answer = DecisionAnswer::of(shared.app.decisions.decide(&scope, &by, decision).await)?;
    let status = if answer.waiting.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok((status, Json(answer)))
}

/// The riskiest entities, the suppressions with what they kept back, and how well verdicts and risks agree.
#[utoipa::path(
    get,
    path = "/api/v1/triage",
    operation_id = "getTriage",
    tag = "incidents",
    params(("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent")),
    responses(
        (status = 200, description = "What triage knows", body = TriageAnswer),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn triage(
    State(shared): State<Shared>,
    Scope(scope): Scope,
) -> Result<Json<TriageAnswer>, Problem> {
    Ok(Json(TriageAnswer::from(shared.app.decisions.view(&scope).as_ref())))
}
