//! What other crates answer, as what goes over the wire. Kept apart so that each side can change alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sentra_forensic::{ClassStats, TextStats};
use sentra_query::{Answer, Estimated, Route};
use sentra_store::{ColumnKind, IncidentVersion, MartStats, StoredEvent};

use super::types::{
    EventDetail, ForensicClass, ForensicView, IncidentRevision, MartSummary, QueryAnswer, QueryColumn,
    QueryEstimate, QueryRoute, QueryStatus,
};

impl From<TextStats> for ForensicView {
    fn from(stats: TextStats) -> Self {
        let TextStats {
            documents,
            bytes,
            budget_bytes,
            share_percent,
            floor_bytes,
            ingested_bytes,
            classes,
            set_aside,
        } = stats;
        Self {
            enabled: true,
            documents,
            bytes,
            budget_bytes,
            share_percent,
            floor_bytes,
            ingested_bytes,
            classes: classes.into_iter().map(ForensicClass::from).collect(),
            set_aside: set_aside.map(|aside| format!("{}: {}", aside.path.display(), aside.reason)),
        }
    }
}

impl From<ClassStats> for ForensicClass {
    fn from(stats: ClassStats) -> Self {
        let ClassStats {
            class,
            configured,
            documents,
            admitted,
            refused,
            evicted,
            expired,
            raised,
            cut,
            lacking_until,
        } = stats;
        Self { class, configured, documents, admitted, refused, evicted, expired, raised, cut, lacking_until }
    }
}

impl From<MartStats> for MartSummary {
    fn from(stats: MartStats) -> Self {
        Self {
            mart: stats.mart,
            segments: stats.segments,
            rows: stats.rows,
            bytes: stats.bytes,
            memory_rows: stats.memory_rows,
            segments_unread: stats.segments_unread,
            rows_unread: stats.rows_unread,
            rows_retired: stats.rows_retired,
            bytes_retired: stats.bytes_retired,
            first: stats.first,
            last: stats.last,
        }
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
