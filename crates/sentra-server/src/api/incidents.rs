use axum::Json;
use axum::extract::State;
use sentra_model::IncidentId;
use sentra_store::IncidentFilter;

use super::extract::{Id, Params, Scope};
use super::params::{IncidentListQuery, page_limit};
use super::types::{IncidentDetail, IncidentPage, IncidentRevision, IncidentSummary};
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::state::Shared;

/// Longest text that is searched for.
const SEARCH_BYTES_MAX: usize = 1_024;

/// Incidents, the last changed first.
#[utoipa::path(
    get,
    path = "/api/v1/incidents",
    operation_id = "listIncidents",
    tag = "incidents",
    params(
        IncidentListQuery,
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "A page", body = IncidentPage),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Params(query): Params<IncidentListQuery>,
) -> Result<Json<IncidentPage>, Problem> {
    let text = query.q.filter(|text| !text.trim().is_empty());
    if text.as_ref().is_some_and(|text| text.len() > SEARCH_BYTES_MAX) {
        let detail = format!("q is longer than {SEARCH_BYTES_MAX} bytes");
        return Err(Problem::new(ProblemKind::ParameterInvalid, detail));
    }
    let filter = IncidentFilter {
        status: query.status,
        severity_min: query.severity,
        text,
        updated_after: None,
        limit: page_limit(query.limit)?,
        cursor: query.cursor,
    };
    let page = shared.app.records.incidents(&scope, &filter).await?;
    let items = page.items.into_iter().map(IncidentSummary::from).collect();
    Ok(Json(IncidentPage { items, next: page.next, total: page.total }))
}

/// One incident with its story, its signals and its history.
#[utoipa::path(
    get,
    path = "/api/v1/incidents/{id}",
    operation_id = "getIncident",
    tag = "incidents",
    params(
        ("id" = IncidentId, Path, description = "The incident"),
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "The incident", body = IncidentDetail),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn show(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Id(id): Id<IncidentId>,
) -> Result<Json<IncidentDetail>, Problem> {
    let records = &shared.app.records;
    let Some(incident) = records.incident(&scope, id).await? else {
        let detail = format!("tenant {} has no incident {id}", scope.tenant());
        return Err(Problem::new(ProblemKind::NotFound, detail));
    };
    let signals = records.incident_signals(&scope, id).await?;
    let history = records.incident_history(&scope, id).await?;
    let history = history.into_iter().map(IncidentRevision::from).collect();
    Ok(Json(IncidentDetail::new(incident, signals, history)))
}
