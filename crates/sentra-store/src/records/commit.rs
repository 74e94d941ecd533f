//! Writing: everything of one commit in one transaction.

use sea_orm::sea_query::{Condition, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseConnection, DatabaseTransaction, EntityTrait, IdenStatic,
    IntoActiveModel, Iterable, PrimaryKeyToColumn, QueryFilter, TransactionTrait,
};
use sentra_model::{DeadLetter, EventId, Incident, Position, Signal, TenantScope, Timestamp};

use super::{LetterReplay, MERGED, RecordsCommit, entity};
use crate::StoreError;
use crate::admit::foreign;
use crate::matcher::fold;
use crate::sqlite::to_sql;

/// Rows in one statement: with 11 columns still below SQLite's limit of 32,766 variables.
const ROWS_PER_STATEMENT_MAX: usize = 500;

pub(super) async fn commit(
    database: &DatabaseConnection,
    scope: &TenantScope,
    commit: RecordsCommit,
) -> Result<(), StoreError> {
    check_tenant(scope, &commit)?;
    let tenant = scope.tenant().as_str();
    let signals = commit.signals.iter().map(|signal| signal_row(tenant, signal));
    let signals = signals.collect::<Result<Vec<_>, _>>()?;
    let incidents = commit.incidents.iter().map(|incident| incident_row(tenant, incident));
    let incidents = incidents.collect::<Result<Vec<_>, _>>()?;
    let dead = commit.dead_letters.iter().map(|(id, letter)| dead_letter_row(tenant, *id, letter));
    let dead = dead.collect::<Result<Vec<_>, _>>()?;
    let versions = commit.incidents.iter().map(|incident| version_row(tenant, incident)).collect();
    let joins = commit.incidents.iter().flat_map(|incident| join_rows(tenant, incident)).collect();

    let transaction = database.begin().await.map_err(StoreError::database("begin a commit"))?;
    put::<entity::signal::Entity>(&transaction, signals).await?;
    put::<entity::incident::Entity>(&transaction, incidents).await?;
    put::<entity::incident_version::Entity>(&transaction, versions).await?;
    put::<entity::incident_signal::Entity>(&transaction, joins).await?;
    forget_left_signals(&transaction, tenant, &commit.incidents).await?;
    put::<entity::dead_letter::Entity>(&transaction, dead).await?;
    put_state(&transaction, tenant, commit.state).await?;
    put::<entity::position::Entity>(&transaction, vec![position_row(tenant, commit.consumer, commit.next)])
        .await?;
    transaction.commit().await.map_err(StoreError::database("commit"))
}

/// Stores intents and marks in one transaction; a replay of the same letter replaces what was there.
pub(super) async fn put_letter_replays(
    database: &DatabaseConnection,
    scope: &TenantScope,
    replays: &[LetterReplay],
) -> Result<(), StoreError> {
    let row = |replay: &LetterReplay| entity::letter_replay::Model {
        tenant: scope.tenant().to_string(),
        letter: replay.letter.to_string(),
        begun_micros: replay.begun.micros(),
        partition: replay.partition.into(),
        from_offset: to_sql(replay.from_offset),
        format: replay.format.clone(),
        event: replay.event.map(|event| event.to_string()),
        done_micros: replay.done.map(Timestamp::micros),
    };
    let transaction = database.begin().await.map_err(StoreError::database("begin a commit"))?;
    put::<entity::letter_replay::Entity>(&transaction, replays.iter().map(row).collect()).await?;
    transaction.commit().await.map_err(StoreError::database("commit"))
}

/// Law TENANT: nothing of one tenant is stored under another.
fn check_tenant(scope: &TenantScope, commit: &RecordsCommit) -> Result<(), StoreError> {
    if let Some(signal) = commit.signals.iter().find(|signal| signal.tenant != *scope.tenant()) {
        return Err(foreign("a signal", signal.tenant.as_str(), scope));
    }
    if let Some(incident) = commit.incidents.iter().find(|incident| incident.tenant != *scope.tenant()) {
        return Err(foreign("an incident", incident.tenant.as_str(), scope));
    }
    Ok(())
}

/// Inserts `rows`; a row whose key is there already replaces it.
async fn put<E>(transaction: &DatabaseTransaction, rows: Vec<E::Model>) -> Result<(), StoreError>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
{
    let keys: Vec<E::Column> = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).collect();
    let is_key = |column: &E::Column| keys.iter().any(|key| key.as_str() == column.as_str());
    let others: Vec<E::Column> = E::Column::iter().filter(|column| !is_key(column)).collect();
    let conflict = OnConflict::columns(keys.iter().copied()).update_columns(others).to_owned();
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        // A column left "unchanged" would be left out of the statement, hence the reset.
        let models =
            rows.by_ref().take(ROWS_PER_STATEMENT_MAX).map(|row| row.into_active_model().reset_all());
        E::insert_many(models)
            .on_conflict(conflict.clone())
            .exec_without_returning(transaction)
            .await
            .map_err(StoreError::database("write records"))?;
    }
    Ok(())
}

/// Removes memberships beyond those that an incident has now.
async fn forget_left_signals(
    transaction: &DatabaseTransaction,
    tenant: &str,
    incidents: &[Incident],
) -> Result<(), StoreError> {
    use entity::incident_signal::{Column, Entity};
    for chunk in incidents.chunks(ROWS_PER_STATEMENT_MAX) {
        let beyond = chunk.iter().fold(Condition::any(), |any, incident| {
            let of_incident = Column::Incident.eq(incident.id.to_string());
            any.add(of_incident.and(Column::Ordinal.gte(to_sql(incident.joins.len() as u64))))
        });
        Entity::delete_many()
            .filter(Column::Tenant.eq(tenant))
            .filter(beyond)
            .exec(transaction)
            .await
            .map_err(StoreError::database("remove memberships"))?;
    }
    Ok(())
}

async fn put_state(
    transaction: &DatabaseTransaction,
    tenant: &str,
    changes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
) -> Result<(), StoreError> {
    use entity::detector_state::{Column, Entity, Model};
    // The last change of a key counts; one statement may not name a key twice.
    let last: std::collections::BTreeMap<Vec<u8>, Option<Vec<u8>>> = changes.into_iter().collect();
    let (mut kept, mut deleted) = (Vec::new(), Vec::new());
    for (key, value) in last {
        match value {
            Some(value) => kept.push(Model { tenant: tenant.to_owned(), key, value }),
            None => deleted.push(key),
        }
    }
    put::<Entity>(transaction, kept).await?;
    for keys in deleted.chunks(ROWS_PER_STATEMENT_MAX) {
        Entity::delete_many()
            .filter(Column::Tenant.eq(tenant))
            .filter(Column::Key.is_in(keys.iter().cloned()))
            .exec(transaction)
            .await
            .map_err(StoreError::database("remove state"))?;
    }
    Ok(())
}

fn signal_row(tenant: &str, signal: &Signal) -> Result<entity::signal::Model, StoreError> {
    Ok(entity::signal::Model {
        tenant: tenant.to_owned(),
        id: signal.id.to_string(),
        rule: signal.rule.id.clone(),
        severity: signal.severity.ocsf().into(),
        first_micros: signal.first.micros(),
        last_micros: signal.last.micros(),
        body: serde_json::to_string(signal).map_err(StoreError::json("write a signal"))?,
    })
}

fn incident_row(tenant: &str, incident: &Incident) -> Result<entity::incident::Model, StoreError> {
    let mut search = vec![incident.title.as_str(), &incident.headline];
    search.extend(incident.entities.iter().map(|entity| entity.value.as_str()));
    search.extend(incident.techniques.iter().map(String::as_str));
    Ok(entity::incident::Model {
        tenant: tenant.to_owned(),
        id: incident.id.to_string(),
        version: to_sql(incident.version),
        status: if incident.merged_into.is_some() { MERGED } else { incident.status.as_str() }.to_owned(),
        severity: incident.severity.ocsf().into(),
        risk: incident.risk.score,
        first_micros: incident.first.micros(),
        last_micros: incident.last.micros(),
        updated_micros: incident.updated.micros(),
        search: fold(&search.join("\n")),
        body: serde_json::to_string(incident).map_err(StoreError::json("write an incident"))?,
    })
}

fn version_row(tenant: &str, incident: &Incident) -> entity::incident_version::Model {
    entity::incident_version::Model {
        tenant: tenant.to_owned(),
        incident: incident.id.to_string(),
        version: to_sql(incident.version),
        updated_micros: incident.updated.micros(),
        title: incident.title.clone(),
        risk_score: incident.risk.score,
        risk_low: incident.risk.low,
        risk_high: incident.risk.high,
        signals: to_sql(incident.joins.len() as u64),
    }
}

fn join_rows(tenant: &str, incident: &Incident) -> Vec<entity::incident_signal::Model> {
    let row = |(ordinal, join): (usize, &sentra_model::Join)| entity::incident_signal::Model {
        tenant: tenant.to_owned(),
        incident: incident.id.to_string(),
        ordinal: to_sql(ordinal as u64),
        signal: join.signal.to_string(),
    };
    incident.joins.iter().enumerate().map(row).collect()
}

fn dead_letter_row(
    tenant: &str,
    id: EventId,
    letter: &DeadLetter,
) -> Result<entity::dead_letter::Model, StoreError> {
    Ok(entity::dead_letter::Model {
        tenant: tenant.to_owned(),
        topic: id.topic.as_str().to_owned(),
        partition: id.partition.into(),
        offset: to_sql(id.offset),
        reason: letter.reason.as_str().to_owned(),
        received_micros: letter.received.micros(),
        body: serde_json::to_string(letter).map_err(StoreError::json("write a dead letter"))?,
    })
}

fn position_row(tenant: &str, consumer: String, next: Position) -> entity::position::Model {
    entity::position::Model {
        tenant: tenant.to_owned(),
        consumer,
        partition: next.partition.into(),
        next_offset: to_sql(next.offset),
    }
}
