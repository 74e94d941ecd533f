//! What people decide about signals and incidents.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use sentra_factory::{ModelsView, SuppressionImpact, judged_signals, preview_suppression};
use sentra_model::VerdictKind;

use super::extract::{Body, Scope};
use super::types::{DecisionAnswer, DecisionBody, SuppressionPreviewBody, TriageAnswer};
use crate::problem::{Problem, ProblemDocument, ProblemKind};
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

/// What a suppression would have kept back of the signals of the last thousand incidents that changed. Nothing is
/// decided by it; `confirmed` should be 0: so many of them were found to be malicious.
#[utoipa::path(
    post,
    path = "/api/v1/suppressions/preview",
    operation_id = "previewSuppression",
    tag = "incidents",
    request_body = SuppressionPreviewBody,
    params(("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent")),
    responses(
        (status = 200, description = "What it would have done", body = SuppressionImpact),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn preview(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Body(body): Body<SuppressionPreviewBody>,
) -> Result<Json<SuppressionImpact>, Problem> {
    let signals = judged_signals(shared.app.records.as_ref(), &scope).await?;
    let malicious = signals.iter().filter(|(_, kind)| *kind == Some(VerdictKind::TruePositive));
    let confirmed: HashSet<_> = malicious.map(|(signal, _)| signal.id).collect();
    let all = signals.iter().map(|(signal, _)| signal);
    Ok(Json(preview_suppression(&body.matches, all, |id| confirmed.contains(&id))))
}

/// The models: which speak and which are compared with them, on what they were trained, how far the world has moved
/// since, when the next training is due and why. `decide` rolls back, activates and discards.
#[utoipa::path(
    get,
    path = "/api/v1/models",
    operation_id = "getModels",
    tag = "incidents",
    params(("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent")),
    responses(
        (status = 200, description = "The models", body = ModelsView),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn models(
    State(shared): State<Shared>,
    Scope(scope): Scope,
) -> Result<Json<Arc<ModelsView>>, Problem> {
    let none = || {
        let detail = format!("the factory has not worked for tenant {} yet", scope.tenant());
        Problem::new(ProblemKind::NotFound, detail)
    };
    shared.app.decisions.models(&scope).map(Json).ok_or_else(none)
}
