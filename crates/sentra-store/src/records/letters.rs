//! Reading dead letters and their replays. Law TENANT: every question has the tenant in its condition.

use std::collections::BTreeMap;

use sea_orm::{
    ColumnTrait, Condition, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use sentra_model::{DeadLetter, DeadReason, EventId, IdError, TenantScope, Timestamp, Topic};

use super::read::{IDS_PER_STATEMENT_MAX, failed, parse};
use super::{LetterReplay, Page, entity};
use crate::StoreError;
use crate::marts::ROWS_MAX;
use crate::sqlite::{from_sql, to_sql};

pub(super) async fn page(
    database: &DatabaseConnection,
    scope: &TenantScope,
    reason: Option<DeadReason>,
    after: Option<EventId>,
    limit: usize,
) -> Result<Page<(EventId, DeadLetter)>, StoreError> {
    use entity::dead_letter::{Column, Entity};
    let mut selected = Entity::find().filter(Column::Tenant.eq(scope.tenant().as_str()));
    if let Some(reason) = reason {
        selected = selected.filter(Column::Reason.eq(reason.as_str()));
    }
    let total = selected.clone().count(database).await.map_err(failed("count dead letters"))?;
    let limit = limit.clamp(1, ROWS_MAX);
    let mut page =
        selected.order_by_asc(Column::Topic).order_by_asc(Column::Partition).order_by_asc(Column::Offset);
    if let Some(after) = after {
        let (topic, partition) = (after.topic.as_str(), i64::from(after.partition));
        let in_topic = Column::Topic.eq(topic);
        let in_partition = in_topic.clone().and(Column::Partition.eq(partition));
        page = page.filter(
            Condition::any()
                .add(Column::Topic.gt(topic))
                .add(in_topic.and(Column::Partition.gt(partition)))
                .add(in_partition.and(Column::Offset.gt(to_sql(after.offset)))),
        );
    }
    let rows = page.limit(limit as u64 + 1).all(database).await.map_err(failed("read dead letters"))?;
    let has_next = rows.len() > limit;
    let items = rows.iter().take(limit).map(dead_letter).collect::<Result<Vec<_>, _>>()?;
    let next = items.last().filter(|_| has_next).map(|(id, _)| id.to_string());
    Ok(Page { items, next, total })
}

fn dead_letter(row: &entity::dead_letter::Model) -> Result<(EventId, DeadLetter), StoreError> {
    let id = EventId {
        topic: row.topic.parse().unwrap_or(Topic::Dead),
        partition: u32::try_from(row.partition).unwrap_or_default(),
        offset: from_sql(row.offset),
    };
    Ok((id, parse("read a dead letter", &row.body)?))
}

pub(super) async fn counts(
    database: &DatabaseConnection,
    scope: &TenantScope,
) -> Result<Vec<(DeadReason, u64)>, StoreError> {
    use entity::dead_letter::{Column, Entity};
    let rows: Vec<(String, i64)> = Entity::find()
        .select_only()
        .column(Column::Reason)
        .column_as(Column::Offset.count(), "letters")
        .filter(Column::Tenant.eq(scope.tenant().as_str()))
        .group_by(Column::Reason)
        .order_by_asc(Column::Reason)
        .into_tuple()
        .all(database)
        .await
        .map_err(failed("count dead letters"))?;
    let counted = |(reason, count): (String, i64)| {
        let reason: DeadReason =
            serde_json::from_value(reason.into()).map_err(StoreError::json("read a reason"))?;
        Ok((reason, from_sql(count)))
    };
    rows.into_iter().map(counted).collect()
}

pub(super) async fn one(
    database: &DatabaseConnection,
    scope: &TenantScope,
    id: EventId,
) -> Result<Option<DeadLetter>, StoreError> {
    let tenant = scope.tenant().to_string();
    let key = (tenant, id.topic.as_str().to_owned(), i64::from(id.partition), to_sql(id.offset));
    let row = entity::dead_letter::Entity::find_by_id(key).one(database).await;
    let row = row.map_err(failed("read a dead letter"))?;
    row.map(|row| parse("read a dead letter", &row.body)).transpose()
}

pub(super) async fn replays(
    database: &DatabaseConnection,
    scope: &TenantScope,
    letters: &[EventId],
) -> Result<Vec<LetterReplay>, StoreError> {
    use entity::letter_replay::{Column, Entity};
    let mut found = BTreeMap::new();
    for ids in letters.chunks(IDS_PER_STATEMENT_MAX) {
        let rows = Entity::find()
            .filter(Column::Tenant.eq(scope.tenant().as_str()))
            .filter(Column::Letter.is_in(ids.iter().map(ToString::to_string)))
            .all(database)
            .await
            .map_err(failed("read replays of dead letters"))?;
        for row in rows {
            let replay = replay(row)?;
            found.insert(replay.letter, replay);
        }
    }
    Ok(letters.iter().filter_map(|id| found.get(id)).cloned().collect())
}

fn replay(row: entity::letter_replay::Model) -> Result<LetterReplay, StoreError> {
    let invalid = |error: IdError| StoreError::json("read a replay")(serde::de::Error::custom(error));
    Ok(LetterReplay {
        letter: row.letter.parse().map_err(invalid)?,
        begun: Timestamp::from_micros(row.begun_micros),
        partition: u32::try_from(row.partition).unwrap_or_default(),
        from_offset: from_sql(row.from_offset),
        format: row.format,
        event: row.event.map(|event| event.parse()).transpose().map_err(invalid)?,
        done: row.done_micros.map(Timestamp::from_micros),
    })
}
