//! Elasticsearch's `_bulk`: every document is a record, every document has an answer of its own.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use sentra_model::SourceKind;
use serde::{Deserialize, Serialize};

use super::HttpDoor;
use super::append::append;
use super::auth::From;
use super::body::{WholeError, read_whole};
use super::elastic::{answer, failure, refused};
use super::hec::lines;
use crate::lines_body::BodyError;

/// Longest name of an index.
const INDEX_BYTES_MAX: usize = 255;

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
    let Some(_turn) = door.turn() else { return busy("as many requests as the limit allows are served") };
    let started = std::time::Instant::now();
    let whole = match read_whole(door, headers, body).await {
        Ok(whole) => whole,
        Err(error) => return unreadable(&error),
    };
    let mut items = match items(&whole.bytes, index) {
        Ok(items) => items,
        Err(reason) => return failure(StatusCode::BAD_REQUEST, "illegal_argument_exception", &reason),
    };
    // One source per index, so that where a document was sent is not lost.
    let mut by_index: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (number, item) in items.iter().enumerate().filter(|(_, item)| item.document.is_some()) {
        by_index.entry(item.index.clone()).or_default().push(number);
    }
    for (index, numbers) in by_index {
        let origin =
            if index.is_empty() { from.address.to_string() } else { format!("{} {index}", from.address) };
        let source = door.appender.source(SourceKind::ElasticBulk, origin, sender.format.clone());
        let documents = numbers.iter().filter_map(|number| {
            let item = items.get(*number)?;
            Some((item.line, item.document?))
        });
        let kept = append(&door.appender, &sender.tenant, &source, documents).await;
        for number in numbers {
            if let Some(item) = items.get_mut(number).filter(|item| item.line <= kept.through) {
                item.outcome = Outcome::Kept;
            }
        }
        if let Some(error) = kept.error {
            tracing::warn!(%error, "bulk documents were not kept");
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
    NotTaken,
    /// Nothing that can be done with events.
    Unsupported,
}

#[derive(Deserialize, Default)]
struct Target {
    #[serde(default, rename = "_index")]
    index: Option<String>,
    #[serde(default, rename = "_id")]
    id: Option<String>,
}

/// The actions of a body, or why it cannot be read.
fn items<'a>(bytes: &'a [u8], default_index: &str) -> Result<Vec<Item<'a>>, String> {
    let mut lines = lines(bytes);
    let mut items = Vec::new();
    while let Some((line, head)) = lines.next() {
        let malformed = |why: String| format!("malformed action/metadata line [{line}]: {why}");
        let head: BTreeMap<String, Option<Target>> =
            serde_json::from_slice(head).map_err(|error| malformed(error.to_string()))?;
        let (action, target) = head.into_iter().next().ok_or_else(|| malformed("no action".to_owned()))?;
        let target = target.unwrap_or_default();
        let (action, has_document) = match action.as_str() {
            "index" => ("index", true),
            "create" => ("create", true),
            "update" => ("update", true),
            "delete" => ("delete", false),
            other => {
                let other: String = other.chars().take(40).collect();
                return Err(malformed(format!("unknown action {other:?}")));
            }
        };
        let document = if has_document {
            let next = lines.next().ok_or_else(|| malformed("its document is missing".to_owned()))?;
            Some(next)
        } else {
            None
        };
        let is_event = matches!(action, "index" | "create");
        let index = target.index.unwrap_or_else(|| default_index.to_owned());
        if index.len() > INDEX_BYTES_MAX {
            return Err(malformed(format!("the index has more than {INDEX_BYTES_MAX} bytes")));
        }
        items.push(Item {
            action,
            index,
            id: target.id,
            line: document.map_or(line, |(line, _)| line),
            document: document.map(|(_, bytes)| bytes).filter(|_| is_event),
            outcome: if is_event { Outcome::NotTaken } else { Outcome::Unsupported },
        });
    }
    if items.is_empty() {
        return Err("request body is required".to_owned());
    }
    Ok(items)
}

/// The answer. It is typed because it is written once per record: as a tree of values it cost more than taking the
/// record in.
#[derive(Serialize)]
struct Answer<'a> {
    took: u64,
    errors: bool,
    items: Vec<Described<'a>>,
}

/// An item under the name of its action.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Described<'a> {
    Index(Fate<'a>),
    Create(Fate<'a>),
    Update(Fate<'a>),
    Delete(Fate<'a>),
}

#[derive(Serialize)]
struct Fate<'a> {
    #[serde(rename = "_index")]
    index: &'a str,
    #[serde(rename = "_id")]
    id: &'a str,
    #[serde(rename = "_version", skip_serializing_if = "Option::is_none")]
    version: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'static str>,
    status: u16,
    #[serde(rename = "_shards", skip_serializing_if = "Option::is_none")]
    shards: Option<Shards>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Cause>,
}

#[derive(Serialize)]
struct Shards {
    total: u8,
    successful: u8,
    failed: u8,
}

#[derive(Serialize)]
struct Cause {
    #[serde(rename = "type")]
    kind: &'static str,
    reason: &'static str,
}

fn respond(items: &[Item<'_>], took_ms: u128) -> Response {
    let has_errors = items.iter().any(|item| item.outcome != Outcome::Kept);
    let took = u64::try_from(took_ms).unwrap_or(u64::MAX);
    // A request of which nothing was taken is refused as a whole: senders slow down at that.
    let nothing = items.iter().all(|item| item.outcome == Outcome::NotTaken);
    let status = if nothing { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::OK };
    answer(status, &Answer { took, errors: has_errors, items: items.iter().map(describe).collect() })
}

fn describe<'a>(item: &'a Item<'_>) -> Described<'a> {
    let fate = Fate {
        index: &item.index,
        id: item.id.as_deref().unwrap_or_default(),
        version: None,
        result: None,
        status: 0,
        shards: None,
        error: None,
    };
    let fate = match item.outcome {
        Outcome::Kept => Fate {
            version: Some(1),
            result: Some("created"),
            status: 201,
            shards: Some(Shards { total: 1, successful: 1, failed: 0 }),
            ..fate
        },
        Outcome::NotTaken => {
            let (kind, reason) = ("es_rejected_execution_exception", "there is no room for more records now");
            Fate { status: 429, error: Some(Cause { kind, reason }), ..fate }
        }
        Outcome::Unsupported => {
            let (kind, reason) =
                ("illegal_argument_exception", "events are only added, with create or index");
            Fate { status: 400, error: Some(Cause { kind, reason }), ..fate }
        }
    };
    match item.action {
        "index" => Described::Index(fate),
        "update" => Described::Update(fate),
        "delete" => Described::Delete(fate),
        _ => Described::Create(fate),
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
