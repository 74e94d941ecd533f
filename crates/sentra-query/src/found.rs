//! What the marts give for a question.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sentra_kql::plan::{self, Plan};
use sentra_model::{EventId, TenantScope, Topic};
use sentra_store::{
    AskLimits, Column, ColumnKind, DEFAULT_COLUMNS, DamagedSegment, Lineage, MartStore, SearchOptions,
    SegmentRef, Shape, StoppedBy, StoredEvent, header_columns, search_of,
};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use crate::error::QueryError;

/// A cell of an answer. A moment is as short as it is, as RFC 3339 has it, whichever way the question was answered; the
/// language's own texts of moments have seven digits behind the second.
pub(crate) fn cell(value: plan::Value) -> Value {
    match value {
        plan::Value::DateTime(moment) => Value::String(moment.to_string()),
        value => value.into_json(),
    }
}

/// Rows and how they were come by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Value>>,
    /// Whether there were more rows than the answer may have.
    pub(crate) cut: bool,
    pub(crate) stopped_by: Option<StoppedBy>,
    pub(crate) lineage: Lineage,
    pub(crate) segments: Vec<SegmentRef>,
    /// The rollups that were asked in the place of segments, by name.
    pub(crate) rollups: Vec<String>,
    /// Which part ran where, the innermost first.
    pub(crate) engines: Vec<String>,
    /// What was not looked at though it was asked for, in words.
    pub(crate) missing: Vec<String>,
    /// The engines that were asked, by name, the first one first.
    pub(crate) used: Vec<&'static str>,
}

impl Found {
    /// `engine` was asked.
    pub(crate) fn use_engine(&mut self, engine: &'static str) {
        if !self.used.contains(&engine) {
            self.used.push(engine);
        }
    }

    /// Whether everything asked for is in it.
    pub(crate) fn is_whole(&self) -> bool {
        self.stopped_by.is_none() && !self.cut && self.missing.is_empty() && self.lineage.segments_unread == 0
    }
}

/// Answers `plan` from the marts alone.
pub(crate) async fn from_marts(
    marts: &dyn MartStore,
    scope: &TenantScope,
    plan: &Plan,
    timeout: Duration,
    rows_max: usize,
) -> Result<Found, QueryError> {
    // A number of events is searched for from the newest end, unless a rollup has it.
    let search = match search_of(plan) {
        Some((query, _)) if query.shape == Shape::Count => {
            let is_kept = marts.estimate(scope, plan).await?.is_by_rollups();
            search_of(plan).filter(|_| !is_kept)
        }
        search => search,
    };
    if let Some((query, columns)) = search {
        let answer = marts.search_with(scope, &query, &SearchOptions { timeout, columns }).await?;
        let cut = answer.rows.len() > rows_max;
        let mut rows = answer.rows;
        rows.truncate(rows_max);
        return Ok(Found {
            columns: columns_of(plan.columns()),
            rows,
            cut,
            stopped_by: answer.stopped_by,
            lineage: answer.lineage,
            segments: answer.segments,
            rollups: Vec::new(),
            engines: vec!["the marts were searched from their newest end".to_owned()],
            missing: Vec::new(),
            used: vec!["marts"],
        });
    }
    let answer = marts.ask(scope, plan, &AskLimits { rows_max, timeout }).await?;
    // What an event does not have is absent in its own answer, whichever way it came; in the language it is empty.
    let as_events = is_of_events(plan.columns());
    let json = |value: plan::Value| match value {
        plan::Value::String(text) if as_events && text.is_empty() => Value::Null,
        value => cell(value),
    };
    let rows = answer.rows.into_iter().map(|row| row.into_iter().map(json).collect());
    Ok(Found {
        columns: columns_of(&answer.columns),
        rows: rows.collect(),
        cut: answer.cut,
        stopped_by: answer.stopped_by,
        lineage: answer.lineage,
        segments: answer.segments,
        rollups: answer.rollups,
        engines: answer.engines,
        missing: Vec::new(),
        used: vec!["marts"],
    })
}

/// Whether the columns are those in which events are shown.
pub(crate) fn is_of_events(columns: &[plan::Column]) -> bool {
    columns.iter().map(|column| column.name.as_str()).eq(DEFAULT_COLUMNS)
}

/// The columns of a plan as those of an answer.
pub(crate) fn columns_of(columns: &[plan::Column]) -> Vec<Column> {
    columns.iter().map(|column| Column { name: column.name.clone(), kind: column.kind.into() }).collect()
}

/// One event with everything that is known of it.
pub(crate) async fn one_event(
    marts: &dyn MartStore,
    scope: &TenantScope,
    id: EventId,
    deadline: Instant,
) -> Result<Found, QueryError> {
    let (event, stopped_by) = match timeout_at(deadline, marts.event(scope, id)).await {
        Ok(event) => (event?, None),
        Err(_) => (None, Some(StoppedBy::Timeout)),
    };
    let mut lineage = Lineage::default();
    if event.is_none() && id.topic == Topic::Raw {
        // It may stand in a segment that cannot be read.
        let may_have = |segment: &&DamagedSegment| {
            segment.partition == id.partition
                && (segment.offset_min..=segment.offset_max).contains(&id.offset)
        };
        lineage.segments_unread = marts.damaged(scope).await?.iter().filter(may_have).count() as u64;
    }
    let rows = event.iter().map(event_row).collect();
    let engines = vec!["the marts were asked for one event".to_owned()];
    let used = vec!["marts"];
    Ok(Found { columns: event_columns(), rows, stopped_by, lineage, engines, used, ..Found::default() })
}

fn event_columns() -> Vec<Column> {
    let header = header_columns().iter().map(|column| (column.name, column.kind));
    header
        .chain([("raw_base64", ColumnKind::String)])
        .map(|(name, kind)| Column { name: name.to_owned(), kind })
        .collect()
}

/// In the order of [`event_columns`].
fn event_row(event: &StoredEvent) -> Vec<Value> {
    let value = |name: &str, kind: ColumnKind| match name {
        "id" => json!(event.id),
        "mart" => json!(event.mart),
        "time" => json!(event.time),
        "seen" => json!(event.seen),
        "partition" => json!(event.id.partition),
        "offset" => json!(event.id.offset),
        "fields" => json!(event.fields),
        "raw" => json!(String::from_utf8_lossy(&event.raw)),
        name => match event.header.get(name) {
            Some(text) if kind == ColumnKind::Long => text.parse::<u64>().map_or(Value::Null, Value::from),
            text => json!(text),
        },
    };
    let header = header_columns().iter().map(|column| value(column.name, column.kind));
    header.chain([json!(STANDARD.encode(&event.raw))]).collect()
}
