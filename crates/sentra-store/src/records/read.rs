//! Reading. Law TENANT: every question but [`tenants`] has the tenant in its condition.

use std::collections::BTreeMap;
use std::str::FromStr;

use sea_orm::sea_query::{Expr, Func};
use sea_orm::{
    ColumnTrait, Condition, DatabaseConnection, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
};
use sentra_model::{
    Estimate, Incident, IncidentId, IncidentStatus, Signal, SignalId, TenantId, TenantScope, Timestamp,
};
use serde::de::DeserializeOwned;

use super::{
    INCIDENTS_PAGE_MAX, IncidentFilter, IncidentVersion, MERGED, MERGES_FOLLOWED_MAX, Page, SIGNALS_PAGE_MAX,
    SignalFilter, entity,
};
use crate::StoreError;
use crate::matcher::fold;
use crate::sqlite::from_sql;

/// Ids in one statement.
pub(super) const IDS_PER_STATEMENT_MAX: usize = 1_000;

pub(super) fn failed(operation: &'static str) -> impl FnOnce(DbErr) -> StoreError {
    StoreError::database(operation)
}

pub(super) fn parse<T: DeserializeOwned>(operation: &'static str, body: &str) -> Result<T, StoreError> {
    serde_json::from_str(body).map_err(StoreError::json(operation))
}

pub(super) async fn position(
    database: &DatabaseConnection,
    scope: &TenantScope,
    consumer: &str,
    partition: u32,
) -> Result<u64, StoreError> {
    let key = (scope.tenant().to_string(), consumer.to_owned(), i64::from(partition));
    let row = entity::position::Entity::find_by_id(key).one(database).await;
    let row = row.map_err(failed("read a position"))?;
    Ok(row.map(|row| from_sql(row.next_offset)).unwrap_or_default())
}

pub(super) async fn state(
    database: &DatabaseConnection,
    scope: &TenantScope,
) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
    use entity::detector_state::{Column, Entity};
    let rows = Entity::find()
        .filter(Column::Tenant.eq(scope.tenant().as_str()))
        .order_by_asc(Column::Key)
        .all(database)
        .await
        .map_err(failed("read the state"))?;
    Ok(rows.into_iter().map(|row| (row.key, row.value)).collect())
}

pub(super) async fn incident(
    database: &DatabaseConnection,
    scope: &TenantScope,
    id: IncidentId,
) -> Result<Option<Incident>, StoreError> {
    let mut id = id;
    let mut found: Option<Incident> = None;
    for _ in 0..=MERGES_FOLLOWED_MAX {
        let key = (scope.tenant().to_string(), id.to_string());
        let row = entity::incident::Entity::find_by_id(key).one(database).await;
        let Some(row) = row.map_err(failed("read an incident"))? else { break };
        let incident: Incident = parse("read an incident", &row.body)?;
        let into = incident.merged_into;
        found = Some(incident);
        match into {
            Some(into) => id = into,
            None => break,
        }
    }
    Ok(found)
}

pub(super) async fn incidents(
    database: &DatabaseConnection,
    scope: &TenantScope,
    filter: &IncidentFilter,
) -> Result<Page<Incident>, StoreError> {
    use entity::incident::Column;
    let selected = select_incidents(scope, filter);
    let total = selected.clone().count(database).await.map_err(failed("count incidents"))?;
    let limit = filter.limit.clamp(1, INCIDENTS_PAGE_MAX);
    let mut page = selected.order_by_desc(Column::UpdatedMicros).order_by_asc(Column::Id);
    if let Some(cursor) = &filter.cursor {
        let (updated, id) = read_cursor::<IncidentId>(cursor)?;
        let same_moment = Column::UpdatedMicros.eq(updated).and(Column::Id.gt(id));
        page = page.filter(Condition::any().add(Column::UpdatedMicros.lt(updated)).add(same_moment));
    }
    // One more than wanted tells whether there is a next page.
    let rows = page.limit(limit as u64 + 1).all(database).await.map_err(failed("read incidents"))?;
    let has_next = rows.len() > limit;
    let rows: Vec<_> = rows.into_iter().take(limit).collect();
    let last = rows.last().map(|row| format!("{}.{}", row.updated_micros, row.id));
    let items = rows.iter().map(|row| parse("read an incident", &row.body)).collect::<Result<_, _>>()?;
    Ok(Page { items, next: last.filter(|_| has_next), total })
}

fn select_incidents(scope: &TenantScope, filter: &IncidentFilter) -> Select<entity::incident::Entity> {
    use entity::incident::{Column, Entity};
    let mut selected =
        Entity::find().filter(Column::Tenant.eq(scope.tenant().as_str())).filter(Column::Status.ne(MERGED));
    if let Some(status) = filter.status {
        selected = selected.filter(Column::Status.eq(status.as_str()));
    }
    if let Some(severity) = filter.severity_min {
        selected = selected.filter(Column::Severity.gte(i32::from(severity.ocsf())));
    }
    if let Some(moment) = filter.updated_after {
        selected = selected.filter(Column::UpdatedMicros.gt(moment.micros()));
    }
    if let Some(text) = filter.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        // instr, not LIKE: a percent sign in the text is a percent sign.
        let place = Func::cust("instr").arg(Expr::col(Column::Search)).arg(fold(text));
        selected = selected.filter(Expr::expr(place).gt(0));
    }
    selected
}

/// A moment and an id behind it.
fn read_cursor<I: FromStr + ToString>(cursor: &str) -> Result<(i64, String), StoreError> {
    let parts = cursor.split_once('.').and_then(|(moment, id)| {
        let id: I = id.parse().ok()?;
        Some((moment.parse().ok()?, id.to_string()))
    });
    parts.ok_or_else(|| StoreError::Cursor { cursor: cursor.chars().take(80).collect() })
}

pub(super) async fn open_incidents_since(
    database: &DatabaseConnection,
    scope: &TenantScope,
    last_at_or_after: Timestamp,
) -> Result<Vec<Incident>, StoreError> {
    use entity::incident::{Column, Entity};
    let done = [IncidentStatus::Resolved.as_str(), IncidentStatus::Closed.as_str(), MERGED];
    let rows = Entity::find()
        .filter(Column::Tenant.eq(scope.tenant().as_str()))
        .filter(Column::LastMicros.gte(last_at_or_after.micros()))
        .filter(Column::Status.is_not_in(done))
        .order_by_asc(Column::LastMicros)
        .order_by_asc(Column::Id)
        .all(database)
        .await
        .map_err(failed("read open incidents"))?;
    rows.iter().map(|row| parse("read an incident", &row.body)).collect()
}

pub(super) async fn incident_signals(
    database: &DatabaseConnection,
    scope: &TenantScope,
    id: IncidentId,
) -> Result<Vec<Signal>, StoreError> {
    use entity::incident_signal::{Column, Entity};
    let id = incident(database, scope, id).await?.map_or(id, |incident| incident.id);
    let rows = Entity::find()
        .filter(Column::Tenant.eq(scope.tenant().as_str()))
        .filter(Column::Incident.eq(id.to_string()))
        .order_by_asc(Column::Ordinal)
        .all(database)
        .await
        .map_err(failed("read the signals of an incident"))?;
    let ids: Vec<String> = rows.into_iter().map(|row| row.signal).collect();
    signals_by_text(database, scope, &ids).await
}

pub(super) async fn signals_page(
    database: &DatabaseConnection,
    scope: &TenantScope,
    filter: &SignalFilter,
) -> Result<Page<Signal>, StoreError> {
    use entity::signal::{Column, Entity};
    let mut selected = Entity::find().filter(Column::Tenant.eq(scope.tenant().as_str()));
    if let Some(moment) = filter.last_at_or_after {
        selected = selected.filter(Column::LastMicros.gte(moment.micros()));
    }
    if let Some(cursor) = &filter.cursor {
        let (last, id) = read_cursor::<SignalId>(cursor)?;
        let same_moment = Column::LastMicros.eq(last).and(Column::Id.gt(id));
        selected = selected.filter(Condition::any().add(Column::LastMicros.lt(last)).add(same_moment));
    }
    let limit = filter.limit.clamp(1, SIGNALS_PAGE_MAX);
    let page = selected.order_by_desc(Column::LastMicros).order_by_asc(Column::Id).limit(limit as u64 + 1);
    let rows = page.all(database).await.map_err(failed("read signals"))?;
    let has_next = rows.len() > limit;
    let rows: Vec<_> = rows.into_iter().take(limit).collect();
    let last = rows.last().map(|row| format!("{}.{}", row.last_micros, row.id));
    let items: Vec<Signal> =
        rows.iter().map(|row| parse("read a signal", &row.body)).collect::<Result<_, _>>()?;
    let total = items.len() as u64;
    Ok(Page { items, next: last.filter(|_| has_next), total })
}

pub(super) async fn signals(
    database: &DatabaseConnection,
    scope: &TenantScope,
    ids: &[SignalId],
) -> Result<Vec<Signal>, StoreError> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    signals_by_text(database, scope, &ids).await
}

async fn signals_by_text(
    database: &DatabaseConnection,
    scope: &TenantScope,
    ids: &[String],
) -> Result<Vec<Signal>, StoreError> {
    use entity::signal::{Column, Entity};
    let mut bodies = BTreeMap::new();
    for chunk in ids.chunks(IDS_PER_STATEMENT_MAX) {
        let rows = Entity::find()
            .filter(Column::Tenant.eq(scope.tenant().as_str()))
            .filter(Column::Id.is_in(chunk.iter().cloned()))
            .all(database)
            .await
            .map_err(failed("read signals"))?;
        bodies.extend(rows.into_iter().map(|row| (row.id, row.body)));
    }
    ids.iter().filter_map(|id| bodies.get(id)).map(|body| parse("read a signal", body)).collect()
}

pub(super) async fn incident_history(
    database: &DatabaseConnection,
    scope: &TenantScope,
    id: IncidentId,
) -> Result<Vec<IncidentVersion>, StoreError> {
    let id = incident(database, scope, id).await?.map_or(id, |incident| incident.id);
    use entity::incident_version::{Column, Entity};
    let rows = Entity::find()
        .filter(Column::Tenant.eq(scope.tenant().as_str()))
        .filter(Column::Incident.eq(id.to_string()))
        .order_by_asc(Column::Version)
        .all(database)
        .await
        .map_err(failed("read the history of an incident"))?;
    let version = |row: entity::incident_version::Model| IncidentVersion {
        version: from_sql(row.version),
        updated: Timestamp::from_micros(row.updated_micros),
        title: row.title,
        risk: Estimate::new(row.risk_score, row.risk_low, row.risk_high),
        signals: from_sql(row.signals),
    };
    Ok(rows.into_iter().map(version).collect())
}

pub(super) async fn tenants(database: &DatabaseConnection) -> Result<Vec<TenantId>, StoreError> {
    use entity::position::{Column, Entity};
    let names: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Tenant)
        .distinct()
        .order_by_asc(Column::Tenant)
        .into_tuple()
        .all(database)
        .await
        .map_err(failed("list tenants"))?;
    // A name that is no tenant was not written by this program; it is left out rather than served.
    Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
}
