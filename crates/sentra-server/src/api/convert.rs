//! What other crates answer, as what goes over the wire. Kept apart so that each side can change alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sentra_query::{Answer, Estimated, Route};
use sentra_store::{ColumnKind, IncidentVersion, MartStats, StoredEvent};

use super::types::{
    EventDetail, IncidentRevision, MartSummary, QueryAnswer, QueryColumn, QueryEstimate, QueryRoute,
    QueryStatus,
};

impl From<MartStats> for MartSummary {
    fn from(stats: MartStats) -> Self {
        let MartStats { mart, segments, rows, bytes, memory_rows, first, last } = stats;
        Self { mart, segments, rows, bytes, memory_rows, first, last }
    }
}

impl From<IncidentVersion> for IncidentRevision {
    fn from(revision: IncidentVersion) -> Self {
        let IncidentVersion { version, updated, title, risk, signals } = revision;
        Self { version, updated, title, risk, signals }
    }
}

impl From<StoredEvent> for EventDetail {
    fn from(event: StoredEvent) -> Self {
        Self {
            id: event.id,
            mart: event.mart,
            time: event.time,
            seen: event.seen,
            header: event.header,
            fields: event.fields,
            raw_base64: STANDARD.encode(&event.raw),
            raw: String::from_utf8_lossy(&event.raw).into_owned(),
        }
    }
}

impl From<Answer> for QueryAnswer {
    fn from(answer: Answer) -> Self {
        let column = |column: sentra_store::Column| QueryColumn {
            name: column.name,
            column_type: kind_name(column.kind),
        };
        Self {
            query_id: answer.query_id,
            decision_id: answer.decision_id,
            route: answer.route.into(),
            understood: answer.understood,
            status: match answer.status {
                sentra_query::Status::Complete => QueryStatus::Complete,
                sentra_query::Status::Partial => QueryStatus::Partial,
                sentra_query::Status::Stale => QueryStatus::Stale,
            },
            status_detail: answer.status_detail,
            columns: answer.columns.into_iter().map(column).collect(),
            rows: answer.rows,
            render: answer.render,
            parts: answer.parts,
            estimate: answer.estimate,
            elapsed_ms: answer.elapsed_ms,
            next_cursor: answer.next_cursor,
            explain: answer.explain.and_then(|explain| serde_json::to_value(explain).ok()),
        }
    }
}

impl From<Route> for QueryRoute {
    fn from(route: Route) -> Self {
        let Route { intent, engine, confidence, reason, rules, form, router_version } = route;
        let intent = intent.as_str().to_owned();
        Self { intent, engine, confidence, reason, rules, form, router_version }
    }
}

impl From<Estimated> for QueryEstimate {
    fn from(estimated: Estimated) -> Self {
        let Estimated { route, understood, estimate, allowed, ceiling, cheaper } = estimated;
        Self { route: route.into(), understood, estimate, allowed, ceiling, cheaper }
    }
}

/// The name that the store's own serialisation gives.
fn kind_name(kind: ColumnKind) -> String {
    serde_json::to_value(kind).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}
