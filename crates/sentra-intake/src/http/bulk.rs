//! Elasticsearch's `_bulk`: every document is a record, every document has an answer of its own.

use std::collections::BTreeMap;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use memchr::memchr_iter;
use sentra_backbone::LogError;
use sentra_model::SourceKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::append::append;
use super::auth::From;
use super::body::{WholeError, read_whole};
use super::elastic::{answer, failure, refused};
use super::hec::lines;
use super::{HttpDoor, TURNS_TAKEN};
use crate::lines_body::BodyError;

/// Longest name of an index.
const INDEX_BYTES_MAX: usize = 255;
/// Law LIMIT: actions of a request.
const ITEMS_MAX: usize = 100_000;
/// What a line of the body takes while it is answered, beside its bytes.
const LINE_BYTES: usize = 256;

/// `POST /_bulk`.
pub(super) async fn bulk(
    State(door): State<HttpDoor>,
    from: From,
    headers: HeaderMap,
    body: Body,
) -> Response {
    take(&door, from, "", &headers, body).await
}

/// `POST /{index}/_bulk`.
pub(super) async fn bulk_of_index(
    State(door): State<HttpDoor>,
    Path(index): Path<String>,
    from: From,
    headers: HeaderMap,
    body: Body,
) -> Response {
    take(&door, from, &index, &headers, body).await
}

async fn take(door: &HttpDoor, from: From, index: &str, headers: &HeaderMap, body: Body) -> Response {
    let sender = match from.sender {
        Ok(sender) => sender,
        Err(problem) => return refused(problem),
    };
    let started = Instant::now();
    let mut whole = match read_whole(door, headers, body).await {
        Ok(whole) => whole,
        Err(error) => return unreadable(&error),
    };
    let Some(_turn) = door.turn() else { return busy(TURNS_TAKEN) };
    let line_count = memchr_iter(b'\n', &whole.bytes).count() + 1;
    if let Err(error) = whole.claim(line_count.min(2 * ITEMS_MAX).saturating_mul(LINE_BYTES)) {
        return unreadable(&error);
    }
    let mut items = match items(&whole.bytes, index) {
        Ok(items) => items,
        Err(reason) => return failure(StatusCode::BAD_REQUEST, "illegal_argument_exception", &reason),
    };
    // One source per index, so that where a document was sent is not lost.
    let mut by_index: BTreeMap<String, Vec<(u64, &[u8])>> = BTreeMap::new();
    let mut outcomes = BTreeMap::new();
    for item in &items {
        if let Some(document) = item.document {
            by_index.entry(item.index.clone()).or_default().push((item.line, document));
        }
    }
    for (index, documents) in by_index {
        let origin =
            if index.is_empty() { from.address.to_string() } else { format!("{} {index}", from.address) };
        let source = door.appender.source(SourceKind::ElasticBulk, origin, sender.format.clone());
        let kept = append(&door.appender, &sender.tenant, &source, documents).await;
        let outcome = match &kept.error {
            None => Outcome::Kept,
            Some(LogError::Full { .. }) => Outcome::NoRoom,
            Some(_) => Outcome::Failed,
        };
        if let Some(error) = kept.error {
            tracing::warn!(%error, "bulk documents were not kept");
        }
        outcomes.insert(index, (kept.through, outcome));
    }
    for item in items.iter_mut().filter(|item| item.document.is_some()) {
        if let Some((through, outcome)) = outcomes.get(&item.index) {
            item.outcome = if item.line <= *through { Outcome::Kept } else { *outcome };
        }
    }
    respond(&items, started.elapsed().as_millis())
}

/// One action of the body.
struct Item<'a> {
    action: &'static str,
    index: String,
    id: Option<String>,
    line: u64,
    document: Option<&'a [u8]>,
    outcome: Outcome,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Durable (law ACK).
    Kept,
    /// Not taken: the sender sends it again (law LOSS).
    NoRoom,
    /// Not taken, because the log takes nothing.
    Failed,
    /// Nothing that can be done with events.
    Unsupported,
}

/// What stands behind the name of an action.
#[derive(Deserialize, Default)]
struct Target {
    #[serde(default, rename = "_index")]
    index: Option<String>,
    /// Clients also send numbers.
    #[serde(default, rename = "_id")]
    id: Option<Value>,
}

/// The action of a line, and what it is done to.
fn action(head: &[u8]) -> Result<(&'static str, Target), String> {
    let head: BTreeMap<String, Option<Target>> =
        serde_json::from_slice(head).map_err(|error| error.to_string())?;
    let mut actions = head.into_iter();
    let (Some((name, target)), None) = (actions.next(), actions.next()) else {
        return Err("it names one action, and this one does not".to_owned());
    };
    let known = ["index", "create", "update", "delete"].into_iter().find(|known| *known == name);
    let unknown = || format!("unknown action {:?}", name.chars().take(40).collect::<String>());
    Ok((known.ok_or_else(unknown)?, target.unwrap_or_default()))
}

/// The actions of a body, or why it cannot be read.
fn items<'a>(bytes: &'a [u8], default_index: &str) -> Result<Vec<Item<'a>>, String> {
    let mut lines = lines(bytes);
    let mut items = Vec::new();
    while let Some((line, head)) = lines.next() {
        let malformed = |why: String| format!("malformed action/metadata line [{line}]: {why}");
        if items.len() >= ITEMS_MAX {
            return Err(format!("a request has at most {ITEMS_MAX} actions; send more of them"));
        }
        let (action, target) = action(head).map_err(malformed)?;
        let document = match action {
            "delete" => None,
            _ => Some(lines.next().ok_or_else(|| malformed("its document is missing".to_owned()))?),
        };
        let is_event = matches!(action, "index" | "create");
        let index = target.index.unwrap_or_else(|| default_index.to_owned());
        if index.len() > INDEX_BYTES_MAX {
            return Err(malformed(format!("the index has more than {INDEX_BYTES_MAX} bytes")));
        }
        let id = target.id.map(|id| match id {
            Value::String(text) => text,
            other => other.to_string(),
        });
        items.push(Item {
            action,
            index,
            id,
            line: document.map_or(line, |(line, _)| line),
            document: document.map(|(_, bytes)| bytes).filter(|_| is_event),
            outcome: if is_event { Outcome::NoRoom } else { Outcome::Unsupported },
        });
    }
    if items.is_empty() {
        return Err("request body is required".to_owned());
    }
    Ok(items)
}

fn respond(items: &[Item<'_>], took_ms: u128) -> Response {
    #[derive(Serialize)]
    struct Document<'a> {
        took: u64,
        errors: bool,
        items: Vec<BTreeMap<&'a str, Described<'a>>>,
    }
    let document = Document {
        took: u64::try_from(took_ms).unwrap_or(u64::MAX),
        errors: items.iter().any(|item| item.outcome != Outcome::Kept),
        items: items.iter().map(|item| BTreeMap::from([(item.action, Described::of(item))])).collect(),
    };
    // A request of which nothing was taken is refused as a whole: senders slow down at that.
    let is_all = |outcome: Outcome| items.iter().all(|item| item.outcome == outcome);
    let status = match () {
        () if is_all(Outcome::NoRoom) => StatusCode::TOO_MANY_REQUESTS,
        () if is_all(Outcome::Failed) => StatusCode::SERVICE_UNAVAILABLE,
        () => StatusCode::OK,
    };
    answer(status, &document)
}

/// The answer to one action.
#[derive(Serialize)]
struct Described<'a> {
    #[serde(rename = "_index")]
    index: &'a str,
    #[serde(rename = "_id")]
    id: &'a str,
    #[serde(rename = "_version", skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'static str>,
    status: u16,
    #[serde(rename = "_shards", skip_serializing_if = "Option::is_none")]
    shards: Option<Shards>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
}

#[derive(Serialize)]
struct Shards {
    total: u32,
    successful: u32,
    failed: u32,
}

#[derive(Serialize)]
struct Failure {
    r#type: &'static str,
    reason: &'static str,
}

impl<'a> Described<'a> {
    fn of(item: &'a Item<'_>) -> Self {
        let (status, failure) = match item.outcome {
            Outcome::Kept => (201, None),
            Outcome::NoRoom => {
                (429, Some(("es_rejected_execution_exception", "there is no room for more records now")))
            }
            Outcome::Failed => {
                (503, Some(("unavailable_shards_exception", "the log takes no records; look at its log")))
            }
            Outcome::Unsupported => {
                (400, Some(("illegal_argument_exception", "events are only added, with create or index")))
            }
        };
        let is_kept = item.outcome == Outcome::Kept;
        Self {
            index: &item.index,
            id: item.id.as_deref().unwrap_or_default(),
            version: is_kept.then_some(1),
            result: is_kept.then_some("created"),
            status,
            shards: is_kept.then_some(Shards { total: 1, successful: 1, failed: 0 }),
            error: failure.map(|(r#type, reason)| Failure { r#type, reason }),
        }
    }
}

fn busy(reason: &str) -> Response {
    failure(StatusCode::TOO_MANY_REQUESTS, "es_rejected_execution_exception", reason)
}

fn unreadable(error: &WholeError) -> Response {
    let reason = error.to_string();
    match error {
        WholeError::Busy => busy(&reason),
        WholeError::Encoding(_) => {
            failure(StatusCode::UNSUPPORTED_MEDIA_TYPE, "illegal_argument_exception", &reason)
        }
        WholeError::Body(BodyError::TooLarge(_)) => {
            failure(StatusCode::PAYLOAD_TOO_LARGE, "illegal_argument_exception", &reason)
        }
        WholeError::Body(_) => failure(StatusCode::BAD_REQUEST, "parse_exception", &reason),
    }
}
