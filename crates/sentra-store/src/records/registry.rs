//! Registered marts in SQLite.

use async_trait::async_trait;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseConnection, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, TransactionTrait,
};
use sentra_model::{MartDefinition, RollupDefinition, RoutingEpoch, TenantId, TenantScope};

use super::SqliteRecords;
use super::entity::{mart_version, rollup, routing_epoch};
use crate::StoreError;
use crate::registry::{MART_CHANGES_MAX, MartRegistry};
use crate::sqlite::{from_sql, to_sql};

#[async_trait]
impl MartRegistry for SqliteRecords {
    async fn mart_versions(&self, scope: &TenantScope) -> Result<Vec<MartDefinition>, StoreError> {
        let rows = mart_version::Entity::find()
            .filter(mart_version::Column::Tenant.eq(scope.tenant().as_str()))
            .order_by_asc(mart_version::Column::Revision)
            .all(&self.database)
            .await
            .map_err(StoreError::database("read registered marts"))?;
        let read = |row: mart_version::Model| serde_json::from_str(&row.body);
        rows.into_iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map_err(StoreError::json("read a registered mart"))
    }

    async fn add_mart_version(
        &self,
        scope: &TenantScope,
        definition: &MartDefinition,
    ) -> Result<(), StoreError> {
        let _writer = self.writer.lock().await;
        add(&self.database, scope, definition).await
    }

    async fn routing_epochs(&self, scope: &TenantScope) -> Result<Vec<RoutingEpoch>, StoreError> {
        let rows = routing_epoch::Entity::find()
            .filter(routing_epoch::Column::Tenant.eq(scope.tenant().as_str()))
            .order_by_asc(routing_epoch::Column::Partition)
            .order_by_asc(routing_epoch::Column::FromOffset)
            .all(&self.database)
            .await
            .map_err(StoreError::database("read how events were routed"))?;
        let epoch = |row: routing_epoch::Model| RoutingEpoch {
            partition: u32::try_from(row.partition).unwrap_or(u32::MAX),
            from: from_sql(row.from_offset),
            revision: from_sql(row.revision),
        };
        Ok(rows.into_iter().map(epoch).collect())
    }

    async fn put_routing_epoch(&self, scope: &TenantScope, epoch: RoutingEpoch) -> Result<(), StoreError> {
        use routing_epoch::Column::{FromOffset, Partition, Revision, Tenant};
        let _writer = self.writer.lock().await;
        let row = routing_epoch::Model {
            tenant: scope.tenant().to_string(),
            partition: epoch.partition.into(),
            from_offset: to_sql(epoch.from),
            revision: to_sql(epoch.revision),
        };
        let conflict =
            OnConflict::columns([Tenant, Partition, FromOffset]).update_column(Revision).to_owned();
        let put = routing_epoch::Entity::insert(row.into_active_model().reset_all()).on_conflict(conflict);
        let put = put.exec_without_returning(&self.database).await;
        put.map(|_| ()).map_err(StoreError::database("write down how events are routed"))
    }

    async fn registering_tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        let failed = || StoreError::database("read who registered marts");
        let of_marts = mart_version::Entity::find().select_only().column(mart_version::Column::Tenant);
        let mut names: Vec<String> =
            of_marts.distinct().into_tuple().all(&self.database).await.map_err(failed())?;
        let of_rollups = rollup::Entity::find().select_only().column(rollup::Column::Tenant);
        let more: Vec<String> =
            of_rollups.distinct().into_tuple().all(&self.database).await.map_err(failed())?;
        names.extend(more);
        names.sort_unstable();
        names.dedup();
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    async fn declared_rollups(&self, scope: &TenantScope) -> Result<Vec<RollupDefinition>, StoreError> {
        let rows = rollup::Entity::find()
            .filter(rollup::Column::Tenant.eq(scope.tenant().as_str()))
            .order_by_asc(rollup::Column::Name)
            .all(&self.database)
            .await
            .map_err(StoreError::database("read declared rollups"))?;
        let read = |row: rollup::Model| serde_json::from_str(&row.body);
        rows.into_iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map_err(StoreError::json("read a declared rollup"))
    }

    async fn put_rollup(&self, scope: &TenantScope, definition: &RollupDefinition) -> Result<(), StoreError> {
        use rollup::Column::{Body, Name, Tenant};
        let _writer = self.writer.lock().await;
        let row = rollup::Model {
            tenant: scope.tenant().to_string(),
            name: definition.name.clone(),
            body: serde_json::to_string(definition).map_err(StoreError::json("write a rollup"))?,
        };
        let conflict = OnConflict::columns([Tenant, Name]).update_column(Body).to_owned();
        let put = rollup::Entity::insert(row.into_active_model().reset_all()).on_conflict(conflict);
        let put = put.exec_without_returning(&self.database).await;
        put.map(|_| ()).map_err(StoreError::database("declare a rollup"))
    }

    async fn remove_rollup(&self, scope: &TenantScope, name: &str) -> Result<bool, StoreError> {
        let _writer = self.writer.lock().await;
        let removed = rollup::Entity::delete_many()
            .filter(rollup::Column::Tenant.eq(scope.tenant().as_str()))
            .filter(rollup::Column::Name.eq(name))
            .exec(&self.database)
            .await
            .map_err(StoreError::database("remove a rollup"))?;
        Ok(removed.rows_affected > 0)
    }
}

async fn add(
    database: &DatabaseConnection,
    scope: &TenantScope,
    definition: &MartDefinition,
) -> Result<(), StoreError> {
    let failed = || StoreError::database("register a mart");
    let tenant = scope.tenant().as_str();
    let transaction = database.begin().await.map_err(failed())?;
    let last = mart_version::Entity::find()
        .filter(mart_version::Column::Tenant.eq(tenant))
        .order_by_desc(mart_version::Column::Revision)
        .one(&transaction)
        .await
        .map_err(failed())?;
    let last = last.map_or(0, |row| from_sql(row.revision));
    if definition.revision != last + 1 {
        let what = format!("the marts were changed meanwhile: they are at revision {last}");
        return Err(StoreError::Conflict { what });
    }
    if definition.revision > MART_CHANGES_MAX {
        let what =
            format!("the marts of this tenant were changed {MART_CHANGES_MAX} times, which is the limit");
        return Err(StoreError::Conflict { what });
    }
    let row = mart_version::Model {
        tenant: tenant.to_owned(),
        revision: to_sql(definition.revision),
        name: definition.name.to_string(),
        version: to_sql(definition.version),
        body: serde_json::to_string(definition).map_err(StoreError::json("write a registered mart"))?,
    };
    mart_version::Entity::insert(row.into_active_model().reset_all())
        .exec_without_returning(&transaction)
        .await
        .map_err(failed())?;
    transaction.commit().await.map_err(failed())
}
