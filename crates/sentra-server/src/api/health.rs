//! Routes that machines ask: alive, making progress, figures.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use sentra_backbone::{AppendBatch, Stream};
use sentra_intake::kernel_drops;
use sentra_model::{Source, SourceKind, TenantId, Topic};
use serde_json::json;

use super::types::PipelineState;
use crate::problem::{Problem, ProblemKind};
use crate::state::{Shared, State as Server};

/// Alive: the process answers.
pub(crate) async fn alive() -> Response {
    Json(json!({ "status": "alive" })).into_response()
}

/// Making progress: the log takes records, and what it took is processed.
pub(crate) async fn ready(State(shared): State<Shared>) -> Result<Response, Problem> {
    log_takes_records(&shared).await?;
    let pipeline = shared.pipeline();
    if pipeline.state == PipelineState::Stalled {
        let since = pipeline.last_progress.map_or_else(|| "never".to_owned(), |moment| moment.to_string());
        let detail = format!("{} records wait and the last progress was {since}", pipeline.lag_records);
        return Err(Problem::new(ProblemKind::NotReady, detail));
    }
    Ok(Json(json!({ "status": "ready" })).into_response())
}

/// An append of nothing writes nothing, and fails when the log can take nothing any more.
async fn log_takes_records(shared: &Server) -> Result<(), Problem> {
    let now = shared.app.clock.now();
    let stream = Stream { tenant: TenantId::default_tenant(), topic: Topic::Raw, partition: 0 };
    let source = Source { kind: SourceKind::Http, origin: String::new(), format: None, reference: now };
    shared.app.log.append(&stream, AppendBatch { received: now, source, records: Vec::new() }).await?;
    Ok(())
}

/// Figures for Prometheus.
#[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
pub(crate) async fn metrics(State(shared): State<Shared>) -> Response {
    let pipeline = shared.pipeline();
    metrics::counter!("sentra_pipeline_events_total").absolute(pipeline.events_total);
    metrics::counter!("sentra_pipeline_bytes_total").absolute(pipeline.bytes_total);
    metrics::counter!("sentra_pipeline_signals_total").absolute(pipeline.signals_total);
    metrics::counter!("sentra_pipeline_incidents_total").absolute(pipeline.incidents_total);
    metrics::counter!("sentra_pipeline_dead_letters_total").absolute(pipeline.dead_letters_total);
    metrics::gauge!("sentra_pipeline_lag_records").set(pipeline.lag_records as f64);
    let is_stalled = pipeline.state == PipelineState::Stalled;
    metrics::gauge!("sentra_pipeline_stalled").set(if is_stalled { 1.0 } else { 0.0 });
    count_kernel_drops(&shared).await;
    let text = shared.app.metrics.as_ref().map(|metrics| metrics.render()).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// Law LOSS: datagrams cannot be slowed, so what the kernel dropped before we read it is counted.
async fn count_kernel_drops(shared: &Server) {
    for door in shared.intake.listeners().into_iter().filter(|door| door.protocol.is_udp()) {
        let table = if door.address.is_ipv4() { "/proc/net/udp" } else { "/proc/net/udp6" };
        let Ok(table) = tokio::fs::read_to_string(table).await else { continue };
        if let Some(drops) = kernel_drops(&table, door.address) {
            metrics::counter!("sentra_udp_kernel_drops_total", "listener" => door.name).absolute(drops);
        }
    }
}
