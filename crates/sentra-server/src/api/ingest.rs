use std::net::SocketAddr;

use axum::Json;
use axum::body::Body;
use axum::extract::{ConnectInfo, Extension, State};
use axum::http::{HeaderMap, header};
use sentra_intake::http::{PACKED_MEDIA_TYPE, WholeError, read_whole, take_packed};
use sentra_intake::{BodyError, Compression, LinesBody, Taken};
use sentra_model::{Source, SourceKind, TenantId, TimestampError};

use super::extract::{NewScope, Params};
use super::params::IngestQuery;
use super::types::IngestAnswer;
use crate::config::nearest;
use crate::pipeline::PipelineStatus;
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::state::Shared;

/// Longest name of a source.
const SOURCE_BYTES_MAX: usize = 512;

/// Takes records in: one per line. Law ACK: what the answer counts as accepted is durable.
#[utoipa::path(
    post,
    path = "/api/v1/ingest",
    operation_id = "ingest",
    tag = "intake",
    request_body(content = String, content_type = "application/x-ndjson"),
    params(
        IngestQuery,
        ("Content-Encoding" = Option<String>, Header, description = "`gzip` or `zstd`"),
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "What became of the lines", body = IngestAnswer),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn ingest(
    State(shared): State<Shared>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    NewScope(scope): NewScope,
    Params(query): Params<IngestQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<IngestAnswer>, Problem> {
    let _turn = shared.intake.http().turn().ok_or_else(|| {
        let requests_max = shared.config.intake.requests_max;
        Problem::new(ProblemKind::IntakeBusy, format!("{requests_max} ingest requests are open"))
            .retry_after(1)
    })?;
    let format = checked_format(query.format, shared.app.pipeline.as_ref())?;
    let origin = match query.source {
        Some(name) if name.len() > SOURCE_BYTES_MAX => {
            let detail = format!("source is longer than {SOURCE_BYTES_MAX} bytes");
            return Err(Problem::new(ProblemKind::ParameterInvalid, detail));
        }
        Some(name) => name,
        None => peer.map_or_else(|| "http".to_owned(), |Extension(ConnectInfo(peer))| peer.ip().to_string()),
    };
    let first_line = query.position.unwrap_or(1).max(1);
    refuse_announced_excess(&headers, shared.appender.limits().request_bytes_max, first_line)?;
    let mut source = shared.appender.source(SourceKind::Http, origin, format);
    if let Some(reference) = query.reference {
        let wrong = |error: TimestampError| Problem::new(ProblemKind::ParameterInvalid, error.to_string());
        source.reference = reference.parse().map_err(wrong)?;
    }
    if is_packed(&headers) {
        return packed(&shared, scope.tenant(), &source, &headers, body).await;
    }
    let compression = content_encoding(&headers)?;
    let lines = LinesBody::new(shared.appender.clone(), scope.tenant().clone(), source, first_line);
    let Taken { answer, next_line, error } = lines.take_all(body, compression).await;
    match error {
        None => Ok(Json(answer)),
        Some(error) => {
            Err(Problem::from(error).with("accepted", answer.accepted).with("next_line", next_line))
        }
    }
}

fn is_packed(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value == PACKED_MEDIA_TYPE)
}

/// Records that their sender has cut.
async fn packed(
    shared: &Shared,
    tenant: &TenantId,
    source: &Source,
    headers: &HeaderMap,
    body: Body,
) -> Result<Json<IngestAnswer>, Problem> {
    let whole = read_whole(shared.intake.http(), headers, body).await?;
    let (taken, rest) = take_packed(&shared.appender, tenant, source, &whole.bytes).await;
    let Taken { answer, next_line, error } = taken;
    let problem = match (error, rest) {
        (Some(error), _) => Problem::from(error),
        (None, Some(rest)) => {
            Problem::new(ProblemKind::BodyInvalid, format!("the last {rest} bytes are no record"))
        }
        (None, None) => return Ok(Json(answer)),
    };
    Err(problem.with("accepted", answer.accepted).with("next_line", next_line))
}

impl From<WholeError> for Problem {
    fn from(error: WholeError) -> Self {
        match error {
            WholeError::Body(error) => Self::from(error),
            WholeError::Encoding(_) => Self::new(ProblemKind::EncodingUnsupported, error.to_string()),
            WholeError::Busy => Self::new(ProblemKind::IntakeBusy, error.to_string()).retry_after(1),
        }
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        let kind = match error {
            BodyError::Log(error) => return Self::from(error),
            BodyError::TooLarge(_) => ProblemKind::BodyTooLarge,
            BodyError::BrokenOff(_) => ProblemKind::BodyBrokenOff,
            BodyError::EncodingBroken(_) => ProblemKind::EncodingBroken,
        };
        Self::new(kind, error.to_string())
    }
}

/// A body that says beforehand that it is too large is refused before any of it is taken.
fn refuse_announced_excess(headers: &HeaderMap, bytes_max: usize, first_line: u64) -> Result<(), Problem> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_none_or(|length: u64| length <= bytes_max as u64) {
        return Ok(());
    }
    let detail = format!("the body has more than {bytes_max} bytes (intake.request_bytes_max)");
    let problem = Problem::new(ProblemKind::BodyTooLarge, detail).with_next("send it in smaller bodies");
    Err(problem.with("accepted", 0).with("next_line", first_line))
}

fn checked_format(format: Option<String>, pipeline: &dyn PipelineStatus) -> Result<Option<String>, Problem> {
    let Some(name) = format.filter(|name| name != "auto") else { return Ok(None) };
    let formats = pipeline.formats();
    let known = || formats.iter().map(String::as_str);
    if known().any(|format| format == name) {
        return Ok(Some(name));
    }
    let problem = Problem::new(ProblemKind::ParameterInvalid, format!("there is no format {name:?}"));
    Err(match nearest(&name, known()) {
        Some(right) => problem.with_next(format!("did you mean {right}?")),
        None => problem.with_next(format!("use one of {}", known().collect::<Vec<_>>().join(", "))),
    })
}

fn content_encoding(headers: &HeaderMap) -> Result<Option<Compression>, Problem> {
    let Some(value) = headers.get(header::CONTENT_ENCODING) else { return Ok(None) };
    match value.to_str().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "identity" | "" => Ok(None),
        "gzip" | "x-gzip" => Ok(Some(Compression::Gzip)),
        "zstd" => Ok(Some(Compression::Zstd)),
        other => {
            let detail = format!("content encoding {other:?} is not known");
            Err(Problem::new(ProblemKind::EncodingUnsupported, detail))
        }
    }
}
