//! Which segments exist and up to where the backbone is in them.

use std::collections::BTreeMap;
use std::path::Path;

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, DatabaseConnection, DbBackend, EntityTrait, QueryFilter, QueryOrder, Schema, Set,
    TransactionTrait,
};
use sentra_model::{Mart, SCHEMA_VERSION, TenantId, TenantScope, Timestamp};

use super::tenant::Segment;
use crate::StoreError;
use crate::sqlite::{check_version, create_tables, from_sql, open_file, to_sql};

/// Segments in one statement.
const ROWS_PER_STATEMENT_MAX: usize = 500;

#[derive(Debug)]
pub(super) struct Manifest {
    database: DatabaseConnection,
}

impl Manifest {
    /// Opens the manifest at `path`, made if it is missing.
    pub(super) async fn open(path: &Path) -> Result<Self, StoreError> {
        let database = open_file(path).await?;
        check_version(&database, path, SCHEMA_VERSION).await?;
        let schema = Schema::new(DbBackend::Sqlite);
        let tables = vec![
            schema.create_table_from_entity(segment::Entity),
            schema.create_table_from_entity(position::Entity),
        ];
        create_tables(&database, tables).await?;
        Ok(Self { database })
    }

    /// Every segment, by tenant. Only the opening of the store asks across tenants.
    pub(super) async fn segments(&self) -> Result<Vec<(TenantId, Segment)>, StoreError> {
        let rows = segment::Entity::find()
            .order_by_asc(segment::Column::Path)
            .all(&self.database)
            .await
            .map_err(StoreError::database("read the manifest"))?;
        rows.into_iter().map(segment_of).collect()
    }

    /// Every position, by tenant and partition.
    pub(super) async fn positions(&self) -> Result<Vec<(TenantId, u32, u64)>, StoreError> {
        let rows = position::Entity::find().all(&self.database).await;
        let rows = rows.map_err(StoreError::database("read the positions"))?;
        rows.into_iter()
            .map(|row| Ok((tenant_of(&row.tenant)?, partition_of(row.partition), from_sql(row.next_offset))))
            .collect()
    }

    /// The positions of one tenant.
    pub(super) async fn positions_of(&self, scope: &TenantScope) -> Result<BTreeMap<u32, u64>, StoreError> {
        let rows = position::Entity::find()
            .filter(position::Column::Tenant.eq(scope.tenant().as_str()))
            .all(&self.database)
            .await
            .map_err(StoreError::database("read the positions"))?;
        Ok(rows.into_iter().map(|row| (partition_of(row.partition), from_sql(row.next_offset))).collect())
    }

    /// Takes every segment of `mart` out, in one statement. Their positions stay: what was in them does not come again.
    pub(super) async fn forget_mart(&self, scope: &TenantScope, mart: &Mart) -> Result<(), StoreError> {
        segment::Entity::delete_many()
            .filter(segment::Column::Tenant.eq(scope.tenant().as_str()))
            .filter(segment::Column::Mart.eq(mart.as_str()))
            .exec(&self.database)
            .await
            .map_err(StoreError::database("take a mart's segments out"))?;
        Ok(())
    }

    /// Law SOURCE: publishes `segments` and `positions` in one transaction.
    pub(super) async fn publish(
        &self,
        scope: &TenantScope,
        segments: &[Segment],
        positions: &BTreeMap<u32, u64>,
    ) -> Result<(), StoreError> {
        let tenant = scope.tenant().as_str();
        let failed = || StoreError::database("publish segments");
        let transaction = self.database.begin().await.map_err(failed())?;
        for chunk in segments.chunks(ROWS_PER_STATEMENT_MAX) {
            let rows = chunk.iter().map(|segment| row_of(tenant, segment));
            segment::Entity::insert_many(rows).exec_without_returning(&transaction).await.map_err(failed())?;
        }
        let conflict = OnConflict::columns([position::Column::Tenant, position::Column::Partition])
            .update_column(position::Column::NextOffset)
            .to_owned();
        for (partition, next_offset) in positions {
            let row = position::ActiveModel {
                tenant: Set(tenant.to_owned()),
                partition: Set((*partition).into()),
                next_offset: Set(to_sql(*next_offset)),
            };
            position::Entity::insert(row)
                .on_conflict(conflict.clone())
                .exec_without_returning(&transaction)
                .await
                .map_err(failed())?;
        }
        transaction.commit().await.map_err(failed())
    }
}

fn tenant_of(name: &str) -> Result<TenantId, StoreError> {
    name.parse().map_err(|_| damaged(format!("{name:?} is no tenant")))
}

fn damaged(detail: String) -> StoreError {
    StoreError::Corrupt { path: "manifest.db".into(), detail }
}

fn partition_of(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn segment_of(row: segment::Model) -> Result<(TenantId, Segment), StoreError> {
    // Marts registered at run time are not among the defaults; their names come through serde.
    let mart = Mart::named(&row.mart).map_or_else(|| serde_json::from_value(row.mart.clone().into()), Ok);
    let segment = Segment {
        mart: mart.map_err(StoreError::json("read the name of a mart"))?,
        partition: partition_of(row.partition),
        path: row.path,
        rows: from_sql(row.rows),
        bytes: from_sql(row.bytes),
        first: Timestamp::from_micros(row.first_micros),
        last: Timestamp::from_micros(row.last_micros),
        offset_min: from_sql(row.offset_min),
        offset_max: from_sql(row.offset_max),
        checksum: row.checksum,
    };
    Ok((tenant_of(&row.tenant)?, segment))
}

fn row_of(tenant: &str, segment: &Segment) -> segment::ActiveModel {
    segment::ActiveModel {
        path: Set(segment.path.clone()),
        tenant: Set(tenant.to_owned()),
        mart: Set(segment.mart.to_string()),
        partition: Set(segment.partition.into()),
        rows: Set(to_sql(segment.rows)),
        bytes: Set(to_sql(segment.bytes)),
        first_micros: Set(segment.first.micros()),
        last_micros: Set(segment.last.micros()),
        offset_min: Set(to_sql(segment.offset_min)),
        offset_max: Set(to_sql(segment.offset_max)),
        checksum: Set(segment.checksum.clone()),
    }
}

#[allow(unreachable_pub, reason = "the derived entities must be pub")]
mod segment {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "segments")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub path: String,
        pub tenant: String,
        pub mart: String,
        pub partition: i64,
        pub rows: i64,
        pub bytes: i64,
        pub first_micros: i64,
        pub last_micros: i64,
        pub offset_min: i64,
        pub offset_max: i64,
        pub checksum: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[allow(unreachable_pub, reason = "the derived entities must be pub")]
mod position {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "positions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub tenant: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub partition: i64,
        pub next_offset: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
