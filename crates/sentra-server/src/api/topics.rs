//! The backbone itself: what stands in it, who has read how far, and its records once more.

use std::ops::Range;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use sentra_backbone::{Bound, EventLog, Extent, LogError, Replay, ReplayRequest, Stream};
use sentra_model::{TenantScope, Topic};

use super::extract::{Body, Id, Params, Scope};
use super::params::RecordsQuery;
use super::types::{OffsetRange, RecordPage, ReplayStep, TopicView, TopicsView, records_of};
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::state::Shared;

/// Records on a page where the client does not say.
const PAGE_RECORDS_DEFAULT: usize = 1_000;
/// Most records on a page of a topic.
const PAGE_RECORDS_MAX: usize = 10_000;
/// A page of records ends when it has grown beyond this.
const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of the log that are read in one go.
const READ_BYTES_MAX: usize = 1024 * 1024;

/// The tenant's topics with their consumers.
#[utoipa::path(
    get,
    path = "/api/v1/topics",
    operation_id = "listTopics",
    tag = "backbone",
    params(("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent")),
    responses(
        (status = 200, description = "The topics", body = TopicsView),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(shared): State<Shared>,
    Scope(scope): Scope,
) -> Result<Json<TopicsView>, Problem> {
    let log = &shared.app.log;
    let mut topics = Vec::new();
    for stream in log.streams().await?.into_iter().filter(|stream| stream.tenant == *scope.tenant()) {
        let (extent, consumers) = (log.extent(&stream).await?, log.consumers(&stream).await?);
        topics.push(TopicView::new(&stream, extent, consumers));
    }
    Ok(Json(TopicsView { topics }))
}

/// Records of a topic, page by page, between two offsets or times. No position is kept.
#[utoipa::path(
    get,
    path = "/api/v1/topics/{topic}/records",
    operation_id = "listTopicRecords",
    tag = "backbone",
    params(
        ("topic" = Topic, Path, description = "The topic"),
        RecordsQuery,
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "A page", body = RecordPage),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn records(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Id(topic): Id<Topic>,
    Params(query): Params<RecordsQuery>,
) -> Result<Json<RecordPage>, Problem> {
    let stream = stream(&scope, topic, query.partition.unwrap_or(0));
    let log = shared.app.log.as_ref();
    check_known(log, &stream).await?;
    let (from, to) = (bound(query.from.as_deref(), Bound::Begin)?, bound(query.to.as_deref(), Bound::End)?);
    let extent = log.extent(&stream).await?;
    let (start, end) = (place(log, &stream, extent, from).await?, place(log, &stream, extent, to).await?);
    if start > end {
        let detail = format!("from stands for offset {start} and to for {end}: that is backwards");
        return Err(Problem::new(ProblemKind::ParameterInvalid, detail));
    }
    let mut page = page(log, &stream, start..end, limit(query.limit)?).await?;
    // The oldest record kept may not be the oldest there was of that time.
    if matches!(from, Bound::Time(_)) && start == extent.begin && start > 0 {
        page.removed = Some(OffsetRange { from: 0, to: start });
    }
    Ok(Json(page))
}

/// A step of a replay with a durable consumer: what it has worked off survives, and a later replay of the same name
/// can go on there.
#[utoipa::path(
    post,
    path = "/api/v1/topics/{topic}/replay",
    operation_id = "replayTopic",
    tag = "backbone",
    request_body = ReplayStep,
    params(
        ("topic" = Topic, Path, description = "The topic"),
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "The next page", body = RecordPage),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn replay(
    State(shared): State<Shared>,
    Scope(scope): Scope,
    Id(topic): Id<Topic>,
    Body(step): Body<ReplayStep>,
) -> Result<Json<RecordPage>, Problem> {
    let stream = stream(&scope, topic, step.partition);
    let log = &shared.app.log;
    check_known(log.as_ref(), &stream).await?;
    let request = ReplayRequest {
        stream: stream.clone(),
        consumer: step.consumer.clone(),
        from: bound(step.from.as_deref(), Bound::Begin)?,
        to: bound(step.to.as_deref(), Bound::End)?,
        resume: step.resume || step.done.is_some(),
    };
    let limit = limit(step.limit)?;
    // It also refuses the name of a consumer that follows the topic.
    let replay = Replay::open(Arc::clone(log), request).await?;
    let (mut position, end) = (replay.position(), replay.range().end);
    if let Some(done) = step.done {
        if !(position..=end).contains(&done) {
            let detail = format!("done is {done}, the replay stands at {position} and ends at {end}");
            return Err(Problem::new(ProblemKind::BodyInvalid, detail));
        }
        log.commit(&step.consumer, &stream, done).await?;
        position = done;
    }
    let mut page = page(log.as_ref(), &stream, position..end, limit).await?;
    page.is_resumed = replay.is_resumed();
    page.removed = page.removed.or(replay.start_missing().map(OffsetRange::from));
    Ok(Json(page))
}

fn stream(scope: &TenantScope, topic: Topic, partition: u32) -> Stream {
    Stream { tenant: scope.tenant().clone(), topic, partition }
}

async fn check_known(log: &dyn EventLog, stream: &Stream) -> Result<(), Problem> {
    let streams = log.streams().await?;
    if streams.contains(stream) {
        return Ok(());
    }
    let own = streams.iter().filter(|known| known.tenant == stream.tenant);
    let own: Vec<String> = own.map(|known| format!("{}.{}", known.topic, known.partition)).collect();
    let detail = format!("tenant {} has no {}.{}", stream.tenant, stream.topic, stream.partition);
    let problem = Problem::new(ProblemKind::NotFound, detail);
    Err(problem.with_next(format!("use one of those there are: {}", own.join(", "))))
}

fn bound(text: Option<&str>, absent: Bound) -> Result<Bound, Problem> {
    let Some(text) = text else { return Ok(absent) };
    text.parse().map_err(|error: sentra_backbone::BoundError| {
        Problem::new(ProblemKind::ParameterInvalid, error.to_string())
    })
}

fn limit(asked: Option<u32>) -> Result<usize, Problem> {
    let limit = asked.map_or(PAGE_RECORDS_DEFAULT, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    if (1..=PAGE_RECORDS_MAX).contains(&limit) {
        return Ok(limit);
    }
    let detail = format!("limit is {limit}, it can be 1 to {PAGE_RECORDS_MAX}");
    Err(Problem::new(ProblemKind::ParameterInvalid, detail))
}

/// The offset that `bound` stands for.
async fn place(log: &dyn EventLog, stream: &Stream, extent: Extent, bound: Bound) -> Result<u64, LogError> {
    Ok(match bound {
        Bound::Offset(offset) if offset > extent.end => {
            let (stream, end) = (Box::new(stream.clone()), extent.end);
            return Err(LogError::BeyondEnd { stream, offset, end });
        }
        Bound::Offset(offset) => offset,
        Bound::Time(time) => log.offset_at(stream, time).await?.min(extent.end),
        Bound::Begin => extent.begin,
        Bound::End => extent.end,
    })
}

/// What stands in `range`, at most `limit` records and about [`PAGE_BYTES_MAX`] bytes of it.
async fn page(
    log: &dyn EventLog,
    stream: &Stream,
    range: Range<u64>,
    limit: usize,
) -> Result<RecordPage, LogError> {
    let mut page = RecordPage { from: range.start, to: range.end, ..RecordPage::default() };
    let (mut next, mut bytes) = (range.start, 0);
    let mut damaged: Vec<Range<u64>> = Vec::new();
    'reading: while next < range.end && page.items.len() < limit && bytes < PAGE_BYTES_MAX {
        let chunk = log.read(stream, next, READ_BYTES_MAX).await?;
        if chunk.next_offset <= next {
            break;
        }
        damaged.extend(chunk.quarantined);
        if let Some(skipped) = chunk.skipped {
            page.removed = Some((skipped.start..skipped.end.min(range.end)).into());
        }
        for batch in &chunk.batches {
            for record in records_of(stream, batch) {
                next = record.offset;
                let is_full = page.items.len() >= limit || bytes >= PAGE_BYTES_MAX;
                if next >= range.end || is_full {
                    break 'reading;
                }
                bytes += record.raw.len();
                page.items.push(record);
            }
        }
        next = chunk.next_offset;
    }
    let next = next.min(range.end);
    page.damaged = damaged
        .into_iter()
        .filter(|gap| gap.start < next)
        .map(|gap| (gap.start..gap.end.min(range.end)).into())
        .collect();
    page.next = (next < range.end).then_some(next);
    Ok(page)
}
