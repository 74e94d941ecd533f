use axum::Json;
use axum::extract::State;

use super::extract::{Body, Scope};
use super::types::{BacktestAnswer, BacktestBody, RulesView};
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::state::Shared;

/// When to ask again while another backtest runs.
pub(super) const BUSY_RETRY_AFTER_S: u64 = 10;

/// The rules in force and the problems met while they were compiled.
#[utoipa::path(
    get,
    path = "/api/v1/rules",
    operation_id = "listRules",
    tag = "rules",
    responses(
        (status = 200, description = "The rules", body = RulesView),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(State(shared): State<Shared>) -> Result<Json<RulesView>, Problem> {
    Ok(Json(shared.app.pipeline.rules()))
}

/// Runs rules over stored events: the code that runs over what arrives, with the same findings. One at a time; a
/// client that goes away ends it.
#[utoipa::path(
    post,
    path = "/api/v1/rules/backtest",
    operation_id = "backtestRules",
    tag = "rules",
    request_body = BacktestBody,
    params(("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent")),
    responses(
        (status = 200, description = "What they found", body = BacktestAnswer),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn backtest(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Body(body): Body<BacktestBody>,
) -> Result<Json<BacktestAnswer>, Problem> {
    let question = body.into_question().map_err(|wrong| Problem::new(ProblemKind::BodyInvalid, wrong))?;
    let Ok(_turn) = shared.backtests.try_acquire() else {
        let problem = Problem::new(ProblemKind::Busy, "another backtest runs");
        return Err(problem.retry_after(BUSY_RETRY_AFTER_S));
    };
    let started = tokio::time::Instant::now();
    let (report, problems) = shared.app.rules.backtest(&scope, question, |_| {}).await?;
    Ok(Json(BacktestAnswer::new(report, problems, started.elapsed())))
}
