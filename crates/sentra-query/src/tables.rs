//! The tables that can be asked: events, and what is known beside them.

use sentra_kql::plan::{Catalog, Column, Expr, ExprNode, Table, Value};
use sentra_kql::run::Row;
use sentra_kql::{Builtin, Kind};
use sentra_model::{
    EntityRef, EntityType, Incident, IncidentId, Mart, Signal, SignalId, TenantScope, Timestamp, VerdictNote,
};
use sentra_store::{
    EVENTS_TABLE, INCIDENTS_PAGE_MAX, IncidentFilter, Records, SIGNALS_PAGE_MAX, SignalFilter, StoreError,
    event_catalog,
};
use serde_json::{Value as Json, json};

use crate::forensic::FORENSIC_TABLE;

/// The table of signals.
pub const SIGNALS_TABLE: &str = "signals";
/// The table of incidents.
pub const INCIDENTS_TABLE: &str = "incidents";
/// Most signals or incidents that one reading of their table gives: those with the latest evidence, or changed last.
pub const RECORDS_ROWS_MAX: usize = 50_000;

/// The tables that can be asked; `marts` beside the default ones.
pub(crate) fn catalog(marts: &[Mart]) -> Catalog {
    let mut catalog = event_catalog(marts);
    let events = catalog.table(EVENTS_TABLE).map(|table| table.columns.clone()).unwrap_or_default();
    let table = |name: &str, title: &str, columns: Vec<Column>| Table {
        name: name.to_owned(),
        title: title.to_owned(),
        columns,
    };
    catalog.tables.push(table(SIGNALS_TABLE, "findings", columns(&SIGNAL_COLUMNS)));
    catalog.tables.push(table(INCIDENTS_TABLE, "signals that belong together", columns(&INCIDENT_COLUMNS)));
    catalog.tables.push(table(FORENSIC_TABLE, "events that the index over words holds", events));
    catalog
}

const SIGNAL_COLUMNS: [(&str, Kind); 23] = [
    ("id", Kind::String),
    ("first", Kind::DateTime),
    ("last", Kind::DateTime),
    ("rule", Kind::String),
    ("rule_id", Kind::String),
    ("rule_kind", Kind::String),
    ("pack", Kind::String),
    ("severity", Kind::String),
    ("probability", Kind::Real),
    ("count", Kind::Long),
    ("events_total", Kind::Long),
    ("entities", Kind::Dynamic),
    ("users", Kind::Dynamic),
    ("hosts", Kind::Dynamic),
    ("addresses", Kind::Dynamic),
    ("user", Kind::String),
    ("host", Kind::String),
    ("src_ip", Kind::String),
    ("techniques", Kind::Dynamic),
    ("tactics", Kind::Dynamic),
    ("controls", Kind::Dynamic),
    ("verdict", Kind::String),
    ("events", Kind::Dynamic),
];

const INCIDENT_COLUMNS: [(&str, Kind); 24] = [
    ("id", Kind::String),
    ("created", Kind::DateTime),
    ("updated", Kind::DateTime),
    ("title", Kind::String),
    ("status", Kind::String),
    ("severity", Kind::String),
    ("risk", Kind::Real),
    ("first", Kind::DateTime),
    ("last", Kind::DateTime),
    ("headline", Kind::String),
    ("entities", Kind::Dynamic),
    ("users", Kind::Dynamic),
    ("hosts", Kind::Dynamic),
    ("addresses", Kind::Dynamic),
    ("user", Kind::String),
    ("host", Kind::String),
    ("src_ip", Kind::String),
    ("techniques", Kind::Dynamic),
    ("tactics", Kind::Dynamic),
    ("signals", Kind::Dynamic),
    ("signals_total", Kind::Long),
    ("events_total", Kind::Long),
    ("version", Kind::Long),
    ("verdict", Kind::String),
];

fn columns(columns: &[(&str, Kind)]) -> Vec<Column> {
    columns.iter().map(|(name, kind)| Column::new(*name, *kind)).collect()
}

/// Rows of a table, and whether there are more.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<Row>,
    pub(crate) has_more: bool,
}

/// What the conditions right above a reading of signals or incidents say about which are needed.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Needed {
    /// These alone.
    ids: Option<Vec<String>>,
    /// Of this moment or later, by a time that is never after the one they are sorted by.
    from: Option<Timestamp>,
}

impl Needed {
    /// What `conditions` over the columns of `table` need.
    pub(crate) fn of(conditions: &[&Expr], table: &str) -> Self {
        let names: Vec<&str> = match table {
            SIGNALS_TABLE => SIGNAL_COLUMNS.iter().map(|(name, _)| *name).collect(),
            _ => INCIDENT_COLUMNS.iter().map(|(name, _)| *name).collect(),
        };
        let times: &[&str] =
            if table == SIGNALS_TABLE { &["first", "last"] } else { &["created", "updated"] };
        let mut needed = Self::default();
        for condition in conditions {
            let parts = match &condition.node {
                ExprNode::Call(Builtin::And, parts) => parts.iter().collect(),
                _ => vec![*condition],
            };
            for part in parts {
                needed.take_up(part, &names, times);
            }
        }
        needed
    }

    fn take_up(&mut self, part: &Expr, names: &[&str], times: &[&str]) {
        let ExprNode::Call(test, arguments) = &part.node else { return };
        let name = |expr: &Expr| match &expr.node {
            ExprNode::Column(place) => names.get(*place).copied(),
            _ => None,
        };
        let text = |expr: &Expr| match expr.value() {
            Some(Value::String(text)) => Some(text.clone()),
            _ => None,
        };
        match (test, arguments.as_slice()) {
            (Builtin::Equal | Builtin::In, [value, values @ ..]) if name(value) == Some("id") => {
                let ids: Option<Vec<String>> = values.iter().map(text).collect();
                self.ids = self.ids.take().or(ids);
            }
            // What is greater is written as a less with its sides exchanged.
            (Builtin::Less | Builtin::LessOrEqual, [from, value])
                if name(value).is_some_and(|name| times.contains(&name)) =>
            {
                if let Some(Value::DateTime(from)) = from.value() {
                    self.from = Some(self.from.map_or(*from, |known| known.max(*from)));
                }
            }
            _ => {}
        }
    }
}

/// The signals that are needed, those with the latest evidence first (law LIMIT: page by page, to a limit).
pub(crate) async fn signal_rows(
    records: &dyn Records,
    scope: &TenantScope,
    needed: &Needed,
) -> Result<Rows, StoreError> {
    if let Some(ids) = &needed.ids {
        let ids: Vec<SignalId> = ids.iter().take(RECORDS_ROWS_MAX).filter_map(|id| id.parse().ok()).collect();
        let signals = records.signals(scope, &ids).await?;
        return Ok(Rows { rows: signals.iter().map(signal_row).collect(), has_more: false });
    }
    let mut found = Rows::default();
    let mut filter = SignalFilter { last_at_or_after: needed.from, limit: SIGNALS_PAGE_MAX, cursor: None };
    loop {
        let page = records.signals_page(scope, &filter).await?;
        found.rows.extend(page.items.iter().map(signal_row));
        match page.next {
            Some(_) if found.rows.len() >= RECORDS_ROWS_MAX => {
                found.has_more = true;
                return Ok(found);
            }
            Some(next) => filter.cursor = Some(next),
            None => return Ok(found),
        }
    }
}

/// The incidents that are needed, those changed last first (law LIMIT: page by page, to a limit).
pub(crate) async fn incident_rows(
    records: &dyn Records,
    scope: &TenantScope,
    needed: &Needed,
) -> Result<Rows, StoreError> {
    let mut found = Rows::default();
    if let Some(ids) = &needed.ids {
        for id in ids.iter().take(RECORDS_ROWS_MAX).filter_map(|id| id.parse::<IncidentId>().ok()) {
            found.rows.extend(records.incident(scope, id).await?.as_ref().map(incident_row));
        }
        return Ok(found);
    }
    let mut filter = IncidentFilter {
        // "after" is without the moment itself.
        updated_after: needed.from.map(|from| from.plus_micros(-1)),
        limit: INCIDENTS_PAGE_MAX,
        ..IncidentFilter::default()
    };
    loop {
        let page = records.incidents(scope, &filter).await?;
        found.rows.extend(page.items.iter().map(incident_row));
        match page.next {
            Some(_) if found.rows.len() >= RECORDS_ROWS_MAX => {
                found.has_more = true;
                return Ok(found);
            }
            Some(next) => filter.cursor = Some(next),
            None => return Ok(found),
        }
    }
}

fn signal_row(signal: &Signal) -> Row {
    let rule = &signal.rule;
    let who = Who::of(&signal.entities);
    let row = vec![
        text(signal.id),
        Value::DateTime(signal.first),
        Value::DateTime(signal.last),
        text(&rule.title),
        text(&rule.id),
        text(rule.kind.as_str()),
        text(&rule.pack),
        text(signal.severity.as_str()),
        Value::Real(signal.probability.score),
        number(signal.count),
        number(signal.events_total),
        Value::Dynamic(json!(signal.entities)),
        who.all(EntityType::User),
        who.all(EntityType::Host),
        who.all(EntityType::Ip),
        who.first(EntityType::User),
        who.first(EntityType::Host),
        who.first(EntityType::Ip),
        Value::Dynamic(json!(signal.techniques)),
        Value::Dynamic(json!(signal.tactics)),
        Value::Dynamic(json!(signal.controls)),
        verdict(signal.verdict.as_ref()),
        Value::Dynamic(json!(signal.events)),
    ];
    debug_assert_eq!(row.len(), SIGNAL_COLUMNS.len(), "a value for every column");
    row
}

fn incident_row(incident: &Incident) -> Row {
    let who = Who::of(&incident.entities);
    let signals: Vec<SignalId> = incident.joins.iter().map(|join| join.signal).collect();
    let row = vec![
        text(incident.id),
        Value::DateTime(incident.created),
        Value::DateTime(incident.updated),
        text(&incident.title),
        text(incident.status.as_str()),
        text(incident.severity.as_str()),
        Value::Real(incident.risk.score),
        Value::DateTime(incident.first),
        Value::DateTime(incident.last),
        text(&incident.headline),
        Value::Dynamic(json!(incident.entities)),
        who.all(EntityType::User),
        who.all(EntityType::Host),
        who.all(EntityType::Ip),
        who.first(EntityType::User),
        who.first(EntityType::Host),
        who.first(EntityType::Ip),
        Value::Dynamic(json!(incident.techniques)),
        Value::Dynamic(json!(incident.tactics)),
        Value::Dynamic(json!(signals)),
        number(signals.len() as u64),
        number(incident.events_total),
        number(incident.version),
        verdict(incident.verdict.as_ref()),
    ];
    debug_assert_eq!(row.len(), INCIDENT_COLUMNS.len(), "a value for every column");
    row
}

/// The entities of a signal or an incident.
struct Who<'a>(&'a [EntityRef]);

impl<'a> Who<'a> {
    fn of(entities: &'a [EntityRef]) -> Self {
        Self(entities)
    }

    fn named(&self, wanted: EntityType) -> impl Iterator<Item = &'a str> {
        let of_type = self.0.iter().filter(move |entity| entity.entity_type == wanted);
        of_type.map(|entity| entity.value.as_str())
    }

    fn all(&self, wanted: EntityType) -> Value {
        Value::Dynamic(Json::Array(self.named(wanted).map(Json::from).collect()))
    }

    /// What joins with the column of events; empty when there is none.
    fn first(&self, wanted: EntityType) -> Value {
        text(self.named(wanted).next().unwrap_or_default())
    }
}

fn text(text: impl ToString) -> Value {
    Value::String(text.to_string())
}

fn number(number: u64) -> Value {
    Value::Long(i64::try_from(number).unwrap_or(i64::MAX))
}

fn verdict(note: Option<&VerdictNote>) -> Value {
    text(note.map_or("", |note| note.kind.as_str()))
}
