use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use sentra_model::EventId;

use super::extract::{Body, Id, Scope};
use super::types::{EventDetail, EventLookup, EventLookupAnswer};
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::state::Shared;

/// Most events in one lookup.
const LOOKUP_IDS_MAX: usize = 200;

/// One event with its raw bytes.
#[utoipa::path(
    get,
    path = "/api/v1/events/{id}",
    operation_id = "getEvent",
    tag = "events",
    params(
        ("id" = EventId, Path, description = "The event"),
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "The event", body = EventDetail),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn show(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Id(id): Id<EventId>,
) -> Result<Json<EventDetail>, Problem> {
    match shared.app.marts.event(&scope, id).await? {
        Some(event) => Ok(Json(event.into())),
        None => {
            let detail = format!("tenant {} has no event {id}", scope.tenant());
            Err(Problem::new(ProblemKind::NotFound, detail))
        }
    }
}

/// Many events by id.
#[utoipa::path(
    post,
    path = "/api/v1/events/lookup",
    operation_id = "lookupEvents",
    tag = "events",
    request_body = EventLookup,
    params(
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "What was found", body = EventLookupAnswer),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn lookup(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Body(lookup): Body<EventLookup>,
) -> Result<Json<EventLookupAnswer>, Problem> {
    if lookup.ids.len() > LOOKUP_IDS_MAX {
        let detail = format!("{} ids, at most {LOOKUP_IDS_MAX} at a time", lookup.ids.len());
        return Err(Problem::new(ProblemKind::BodyInvalid, detail));
    }
    let events = shared.app.marts.events(&scope, &lookup.ids).await?;
    let found: HashSet<EventId> = events.iter().map(|event| event.id).collect();
    let missing = lookup.ids.into_iter().filter(|id| !found.contains(id)).collect();
    Ok(Json(EventLookupAnswer { events: events.into_iter().map(EventDetail::from).collect(), missing }))
}
