use axum::body::{Body as ResponseBody, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use futures::stream;
use sentra_query::{EXPORT_ROWS_MAX, Head, Piece};
use serde_json::{Value, json};

use super::pump::{Pumped, pump, whole};
use crate::api::extract::{Body, Who};
use crate::api::types::QueryRequest;
use crate::problem::{Problem, ProblemDocument};
use crate::state::Shared;

/// Asks a question whose rows leave while they are found.
#[utoipa::path(
    post,
    path = "/api/v1/query/stream",
    operation_id = "streamQuery",
    tag = "query",
    request_body = QueryRequest,
    params(
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "Lines of JSON: first `{query_id, route, understood, columns, render}`, then `{rows}`, last `{status, status_detail, go_on, elapsed_ms}`, or `{problem}` when something broke on the way. Without a last line the answer broke off", body = String, content_type = "application/x-ndjson"),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn follow(
    State(shared): State<Shared>,
    Who(asker): Who,
    Body(body): Body<QueryRequest>,
) -> Result<Response, Problem> {
    let request = whole(&shared, body, EXPORT_ROWS_MAX)?;
    let Pumped { head, pieces, guard } = pump(shared, asker, request).await?;
    let first = line(&first_line(&head));
    let lines =
        stream::unfold((Some(first), head, pieces, guard), |(first, head, mut pieces, guard)| async move {
            if let Some(first) = first {
                return Some((Ok::<_, std::convert::Infallible>(first), (None, head, pieces, guard)));
            }
            let next = match pieces.recv().await? {
                Ok(Piece::Rows(rows)) => json!({ "rows": head.json(rows) }),
                Ok(Piece::End(end)) => json!({
                    "status": end.status,
                    "status_detail": end.detail,
                    "go_on": end.go_on,
                    "elapsed_ms": end.elapsed_ms,
                }),
                Err(error) => json!({ "problem": Problem::from(error).document() }),
            };
            Some((Ok(line(&next)), (None, head, pieces, guard)))
        });
    let headers = [(header::CONTENT_TYPE, "application/x-ndjson"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, ResponseBody::from_stream(lines)).into_response())
}

fn first_line(head: &Head) -> Value {
    let columns: Vec<Value> = head
        .columns
        .iter()
        .map(|column| json!({ "name": column.name, "type": column.kind.as_str() }))
        .collect();
    json!({
        "query_id": head.query_id,
        "route": head.route,
        "understood": head.understood,
        "columns": columns,
        "render": head.render,
    })
}

fn line(value: &Value) -> Bytes {
    Bytes::from(format!("{value}\n"))
}
