use axum::Json;
use axum::extract::State;
use sentra_model::{DeadLetter, EventId};

use super::extract::{Body, Id, NewScope, Params, Scope};
use super::params::{DeadLetterQuery, page_limit};
use super::types::{
    DeadLetterDetail, DeadLetterItem, DeadLetterPage, IngestAnswer, LetterReplayAnswer, LetterReplayBody,
};
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::state::Shared;

/// Records that could not be understood, in the order they came.
#[utoipa::path(
    get,
    path = "/api/v1/dead-letters",
    operation_id = "listDeadLetters",
    tag = "events",
    params(
        DeadLetterQuery,
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
    Params(query): Params<DeadLetterQuery>,
) -> Result<Json<DeadLetterPage>, Problem> {
    let after = query.cursor.as_deref().map(str::parse::<EventId>).transpose();
    let after = after.map_err(|error| Problem::new(ProblemKind::ParameterInvalid, error.to_string()))?;
    let page = shared.app.letters.list(&scope, query.reason, after, page_limit(query.limit)?).await?;
    let items = page.items.into_iter().map(DeadLetterItem::from).collect();
    Ok(Json(DeadLetterPage { items, next: page.next, total: page.total }))
}

/// One dead letter with all bytes of its record, where they are kept.
#[utoipa::path(
    get,
    path = "/api/v1/dead-letters/{id}",
    operation_id = "getDeadLetter",
    tag = "events",
    params(
        ("id" = EventId, Path, description = "The letter"),
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "The letter", body = DeadLetterDetail),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn show(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Id(id): Id<EventId>,
) -> Result<Json<DeadLetterDetail>, Problem> {
    match shared.app.letters.show(&scope, id).await? {
        Some(letter) => Ok(Json(letter.into())),
        None => {
            let detail = format!("tenant {} has no dead letter {id}", scope.tenant());
            Err(Problem::new(ProblemKind::NotFound, detail))
        }
    }
}

/// Replays dead letters: those that the decoder understands now become records once more, durably (law ACK), each
/// of them once.
#[utoipa::path(
    post,
    path = "/api/v1/dead-letters/replay",
    operation_id = "replayDeadLetters",
    tag = "events",
    request_body = LetterReplayBody,
    params(("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent")),
    responses(
        (status = 200, description = "What became of them", body = LetterReplayAnswer),
        (status = "default", description = "A problem document (RFC 9457); ask again, nothing is replayed twice", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn replay(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Body(body): Body<LetterReplayBody>,
) -> Result<Json<LetterReplayAnswer>, Problem> {
    let request = body.into_request().map_err(|wrong| Problem::new(ProblemKind::BodyInvalid, wrong))?;
    Ok(Json(shared.app.letters.replay(&scope, request).await?.into()))
}

/// Characters of a reported letter's texts that are kept.
const REPORTED_CHARACTERS_MAX: usize = 1_024;

/// Takes the word of a sender that something could not even become a record: a line over the limit, an
/// archive that breaks off. Law LOSS: it is answered when the letter is durable.
#[utoipa::path(
    post,
    path = "/api/v1/ingest/dead-letters",
    operation_id = "reportDeadLetter",
    tag = "intake",
    request_body = DeadLetter,
    params(("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent")),
    responses(
        (status = 200, description = "It is kept", body = IngestAnswer),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn report(
    State(shared): State<Shared>,
    NewScope(scope): NewScope,
    Body(mut letter): Body<DeadLetter>,
) -> Result<Json<IngestAnswer>, Problem> {
    let shorten = |text: &str| text.chars().take(REPORTED_CHARACTERS_MAX).collect::<String>();
    letter.event = None;
    letter.received = shared.app.clock.now();
    letter.detail = shorten(&letter.detail);
    letter.excerpt = shorten(&letter.excerpt);
    letter.source.origin = shorten(&letter.source.origin);
    letter.source.format = letter.source.format.as_deref().map(shorten);
    let source = letter.source.clone();
    shared.appender.letters(scope.tenant(), &source, std::slice::from_ref(&letter)).await?;
    Ok(Json(IngestAnswer { rejected_total: 1, ..IngestAnswer::default() }))
}
