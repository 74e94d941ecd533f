//! Rules explained, disabled and excepted.

use axum::Json;
use axum::extract::State;

use super::extract::{Body, Scope};
use super::rules::BUSY_RETRY_AFTER_S;
use super::types::{
    CoverageAnswer, DisableBody, ExceptionBody, ExplainAnswer, ExplainBody, ImpactAnswer, NamedBody,
    PreviewBody, TuningAnswer, period,
};
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::state::Shared;

fn invalid(wrong: &'static str) -> Problem {
    Problem::new(ProblemKind::BodyInvalid, wrong)
}

/// Why rules match an event, or do not.
#[utoipa::path(
    post,
    path = "/api/v1/rules/explain",
    operation_id = "explainRules",
    tag = "rules",
    request_body = ExplainBody,
    params(("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent")),
    responses(
        (status = 200, description = "The explanations", body = ExplainAnswer),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn explain(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Body(body): Body<ExplainBody>,
) -> Result<Json<ExplainAnswer>, Problem> {
    let (selection, event) = body.selection().map_err(invalid)?;
    Ok(Json(shared.app.rules.explain(&scope, selection, event).await?.into()))
}

/// Which ATT&CK techniques the rules in force cover, those disabled for the tenant left out.
#[utoipa::path(
    get,
    path = "/api/v1/rules/coverage",
    operation_id = "getCoverage",
    tag = "rules",
    params(("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent")),
    responses(
        (status = 200, description = "The coverage", body = CoverageAnswer),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn coverage(
    State(shared): State<Shared>,
    Scope(scope): Scope,
) -> Result<Json<CoverageAnswer>, Problem> {
    Ok(Json(shared.app.rules.coverage(&scope).into()))
}

/// Disabled rules and exceptions of the tenant.
#[utoipa::path(
    get,
    path = "/api/v1/rules/tuning",
    operation_id = "getTuning",
    tag = "rules",
    params(("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent")),
    responses(
        (status = 200, description = "The tuning", body = TuningAnswer),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(shared): State<Shared>,
    Scope(scope): Scope,
) -> Result<Json<TuningAnswer>, Problem> {
    Ok(Json(shared.app.rules.tuning(&scope).into()))
}

/// Hides the findings of a rule from now on; they are counted. Correlations that refer to it go on.
#[utoipa::path(
    post,
    path = "/api/v1/rules/disable",
    operation_id = "disableRule",
    tag = "rules",
    request_body = DisableBody,
    params(("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent")),
    responses(
        (status = 200, description = "The tuning after it", body = TuningAnswer),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn disable(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Body(body): Body<DisableBody>,
) -> Result<Json<TuningAnswer>, Problem> {
    let DisableBody { rule, owner, reason, until } = body;
    shared.app.rules.disable(&scope, &rule, owner, reason, until).await?;
    Ok(Json(shared.app.rules.tuning(&scope).into()))
}

/// Reports the findings of a rule again.
#[utoipa::path(
    post,
    path = "/api/v1/rules/enable",
    operation_id = "enableRule",
    tag = "rules",
    request_body = NamedBody,
    params(("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent")),
    responses(
        (status = 200, description = "The tuning after it", body = TuningAnswer),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn enable(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Body(body): Body<NamedBody>,
) -> Result<Json<TuningAnswer>, Problem> {
    shared.app.rules.enable(&scope, &body.id).await?;
    Ok(Json(shared.app.rules.tuning(&scope).into()))
}

/// Hides what an exception describes from now on; it is counted.
#[utoipa::path(
    post,
    path = "/api/v1/rules/exceptions",
    operation_id = "createException",
    tag = "rules",
    request_body = ExceptionBody,
    params(("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent")),
    responses(
        (status = 200, description = "The tuning after it", body = TuningAnswer),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn except(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Body(body): Body<ExceptionBody>,
) -> Result<Json<TuningAnswer>, Problem> {
    shared.app.rules.except(&scope, body.into_draft().map_err(invalid)?).await?;
    Ok(Json(shared.app.rules.tuning(&scope).into()))
}

/// Ends an exception.
#[utoipa::path(
    post,
    path = "/api/v1/rules/exceptions/remove",
    operation_id = "removeException",
    tag = "rules",
    request_body = NamedBody,
    params(("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent")),
    responses(
        (status = 200, description = "The tuning after it", body = TuningAnswer),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn remove(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Body(body): Body<NamedBody>,
) -> Result<Json<TuningAnswer>, Problem> {
    shared.app.rules.remove_exception(&scope, &body.id).await?;
    Ok(Json(shared.app.rules.tuning(&scope).into()))
}

/// What an exception would have hidden of what the rules in force find in stored events.
#[utoipa::path(
    post,
    path = "/api/v1/rules/exceptions/preview",
    operation_id = "previewException",
    tag = "rules",
    request_body = PreviewBody,
    params(("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent")),
    responses(
        (status = 200, description = "The impact", body = ImpactAnswer),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn preview(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Body(body): Body<PreviewBody>,
) -> Result<Json<ImpactAnswer>, Problem> {
    let (draft, range) = body.into_question().map_err(invalid)?;
    let Ok(_turn) = shared.backtests.try_acquire() else {
        let problem = Problem::new(ProblemKind::Busy, "a backtest runs");
        return Err(problem.retry_after(BUSY_RETRY_AFTER_S));
    };
    let impact = shared.app.rules.preview(&scope, draft, range).await?;
    Ok(Json(ImpactAnswer::new(impact, &period(range))))
}
