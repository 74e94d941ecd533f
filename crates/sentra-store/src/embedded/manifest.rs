//! Which segments exist and up to where the backbone is in them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use sea_orm::sea_query::{Expr, OnConflict, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, DatabaseConnection, DatabaseTransaction, DbBackend, EntityTrait, QueryFilter, QueryOrder,
    Schema, Set, TransactionTrait,
};
use sentra_model::{Mart, SCHEMA_VERSION, TenantId, TenantScope, Timestamp};

use super::blocks::{KnownSums, Sums};
use super::rollup::{self, Part};
use super::tenant::{Segment, Unread};
use crate::sqlite::{check_version, create_tables, from_sql, open_file, to_sql};
use crate::{Retained, StoreError};

/// Segments in one statement.
const ROWS_PER_STATEMENT_MAX: usize = 500;

#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) database: DatabaseConnection,
}

impl Manifest {
    /// Opens the manifest at `path`, made if it is missing.
    pub(super) async fn open(path: &Path) -> Result<Self, StoreError> {
        let database = open_file(path).await?;
        check_version(&database, path, SCHEMA_VERSION).await?;
        let schema = Schema::new(DbBackend::Sqlite);
        let tables = vec![
            schema.create_table_from_entity(segment::Entity),
            schema.create_table_from_entity(blocks::Entity),
            schema.create_table_from_entity(position::Entity),
            schema.create_table_from_entity(unread::Entity),
            schema.create_table_from_entity(retired::Entity),
            rollup::create(&schema),
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
        let sums = blocks::Entity::find().all(&self.database).await;
        let sums = sums.map_err(StoreError::database("read the checksums of blocks"))?;
        let mut sums: BTreeMap<String, Vec<u8>> = sums.into_iter().map(|row| (row.path, row.sums)).collect();
        let with_sums = |row: segment::Model| {
            let sums = sums.remove(&row.path);
            segment_of(row, sums)
        };
        rows.into_iter().map(with_sums).collect()
    }

    /// What is wrong with segments and when that was found, by path.
    pub(super) async fn unread(&self) -> Result<BTreeMap<String, (String, Timestamp)>, StoreError> {
        let rows = unread::Entity::find().all(&self.database).await;
        let rows = rows.map_err(StoreError::database("read which segments are damaged"))?;
        let found = |row: unread::Model| (row.path, (row.detail, Timestamp::from_micros(row.found_micros)));
        Ok(rows.into_iter().map(found).collect())
    }

    /// What retention removed, by tenant and mart.
    pub(super) async fn retired(&self) -> Result<Vec<(TenantId, Mart, Retained)>, StoreError> {
        let rows = retired::Entity::find().all(&self.database).await;
        let rows = rows.map_err(StoreError::database("read what retention removed"))?;
        let retained = |row: &retired::Model| Retained {
            segments: from_sql(row.segments),
            rows: from_sql(row.rows),
            bytes: from_sql(row.bytes),
        };
        rows.into_iter()
            .map(|row| Ok((tenant_of(&row.tenant)?, mart_of(&row.mart)?, retained(&row))))
            .collect()
    }

    /// The latest event that retention removed from each mart of a tenant.
    pub(super) async fn retired_until(
        &self,
        scope: &TenantScope,
    ) -> Result<BTreeMap<Mart, Timestamp>, StoreError> {
        let rows = retired::Entity::find()
            .filter(retired::Column::Tenant.eq(scope.tenant().as_str()))
            .all(&self.database)
            .await
            .map_err(StoreError::database("read what retention removed"))?;
        rows.into_iter()
            .map(|row| Ok((mart_of(&row.mart)?, Timestamp::from_micros(row.last_micros))))
            .collect()
    }

    /// Writes down that a segment is damaged.
    pub(super) async fn set_aside(&self, unread: &Unread) -> Result<(), StoreError> {
        let row = unread::ActiveModel {
            path: Set(unread.segment.path.clone()),
            detail: Set(unread.detail.clone()),
            found_micros: Set(unread.found.micros()),
        };
        let again = OnConflict::column(unread::Column::Path)
            .update_columns([unread::Column::Detail, unread::Column::FoundMicros])
            .to_owned();
        let written =
            unread::Entity::insert(row).on_conflict(again).exec_without_returning(&self.database).await;
        written.map(|_| ()).map_err(StoreError::database("write down that a segment is damaged"))
    }

    /// Writes down that a segment is what was written after all.
    pub(super) async fn take_back(&self, path: &str) -> Result<(), StoreError> {
        let deleted = unread::Entity::delete_by_id(path).exec(&self.database).await;
        deleted.map(|_| ()).map_err(StoreError::database("write down that a segment is whole"))
    }

    /// Writes down the checksums of a segment's blocks, in place of those it may have.
    pub(super) async fn put_sums(&self, path: &str, sums: &Sums) -> Result<(), StoreError> {
        let row = blocks::ActiveModel { path: Set(path.to_owned()), sums: Set(sums.to_bytes()) };
        let again = OnConflict::column(blocks::Column::Path).update_column(blocks::Column::Sums).to_owned();
        let written =
            blocks::Entity::insert(row).on_conflict(again).exec_without_returning(&self.database).await;
        written.map(|_| ()).map_err(StoreError::database("write down the checksums of blocks"))
    }

    /// Law SOURCE: puts the segments `new`, with what rollups count of them, in the place of `old` in one transaction.
    pub(super) async fn replace(
        &self,
        scope: &TenantScope,
        old: &[Arc<Segment>],
        new: &[Segment],
        parts: Vec<Part>,
    ) -> Result<(), StoreError> {
        let transaction = self.database.begin().await.map_err(StoreError::database("replace segments"))?;
        remove(&transaction, scope, old).await?;
        add(&transaction, scope, new).await?;
        rollup::add_parts(&transaction, scope, parts).await?;
        transaction.commit().await.map_err(StoreError::database("replace segments"))
    }

    /// Takes the segments `old` away and counts them, in one transaction.
    pub(super) async fn retire(&self, scope: &TenantScope, old: &[Arc<Segment>]) -> Result<(), StoreError> {
        let failed = || StoreError::database("remove segments");
        let transaction = self.database.begin().await.map_err(failed())?;
        remove(&transaction, scope, old).await?;
        let mut counts: BTreeMap<&Mart, (Retained, Timestamp)> = BTreeMap::new();
        for segment in old {
            let (retained, last) = counts.entry(&segment.mart).or_insert((Retained::default(), segment.last));
            retained.segments += 1;
            retained.rows += segment.rows;
            retained.bytes += segment.bytes;
            *last = (*last).max(segment.last);
        }
        for (mart, (retained, last)) in counts {
            let row = retired::ActiveModel {
                tenant: Set(scope.tenant().as_str().to_owned()),
                mart: Set(mart.to_string()),
                segments: Set(to_sql(retained.segments)),
                rows: Set(to_sql(retained.rows)),
                bytes: Set(to_sql(retained.bytes)),
                last_micros: Set(last.micros()),
            };
            let known = |column: retired::Column| Expr::col((retired::Entity, column));
            let more = OnConflict::columns([retired::Column::Tenant, retired::Column::Mart])
                .value(
                    retired::Column::Segments,
                    known(retired::Column::Segments).add(to_sql(retained.segments)),
                )
                .value(retired::Column::Rows, known(retired::Column::Rows).add(to_sql(retained.rows)))
                .value(retired::Column::Bytes, known(retired::Column::Bytes).add(to_sql(retained.bytes)))
                .value(
                    retired::Column::LastMicros,
                    Expr::case(known(retired::Column::LastMicros).lt(last.micros()), last.micros())
                        .finally(known(retired::Column::LastMicros)),
                )
                .to_owned();
            let counted = retired::Entity::insert(row).on_conflict(more).exec_without_returning(&transaction);
            counted.await.map_err(failed())?;
        }
        transaction.commit().await.map_err(failed())
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

    /// Takes every segment of `mart` out, in one transaction. Their positions stay: what was in them does not come again.
    pub(super) async fn forget_mart(&self, scope: &TenantScope, mart: &Mart) -> Result<(), StoreError> {
        let failed = || StoreError::database("take a mart's segments out");
        let transaction = self.database.begin().await.map_err(failed())?;
        rollup::forget_mart(&transaction, scope, mart).await?;
        let of_mart = paths_of(scope, mart);
        let sums = blocks::Entity::delete_many().filter(blocks::Column::Path.in_subquery(of_mart));
        sums.exec(&transaction).await.map_err(failed())?;
        segment::Entity::delete_many()
            .filter(segment::Column::Tenant.eq(scope.tenant().as_str()))
            .filter(segment::Column::Mart.eq(mart.as_str()))
            .exec(&transaction)
            .await
            .map_err(failed())?;
        transaction.commit().await.map_err(failed())
    }

    /// Law SOURCE: publishes `segments`, what rollups count of them, and `positions` in one transaction.
    pub(super) async fn publish(
        &self,
        scope: &TenantScope,
        segments: &[Segment],
        parts: Vec<Part>,
        positions: &BTreeMap<u32, u64>,
    ) -> Result<(), StoreError> {
        let tenant = scope.tenant().as_str();
        let failed = || StoreError::database("publish segments");
        let transaction = self.database.begin().await.map_err(failed())?;
        add(&transaction, scope, segments).await?;
        rollup::add_parts(&transaction, scope, parts).await?;
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

/// The paths of all segments of a mart.
pub(super) fn paths_of(scope: &TenantScope, mart: &Mart) -> SelectStatement {
    Query::select()
        .column(segment::Column::Path)
        .from(segment::Entity)
        .and_where(segment::Column::Tenant.eq(scope.tenant().as_str()))
        .and_where(segment::Column::Mart.eq(mart.as_str()))
        .to_owned()
}

async fn add(
    transaction: &DatabaseTransaction,
    scope: &TenantScope,
    segments: &[Segment],
) -> Result<(), StoreError> {
    for chunk in segments.chunks(ROWS_PER_STATEMENT_MAX) {
        let rows = chunk.iter().map(|segment| row_of(scope.tenant().as_str(), segment));
        let added = segment::Entity::insert_many(rows).exec_without_returning(transaction).await;
        added.map_err(StoreError::database("publish segments"))?;
        let sums = chunk.iter().filter_map(|segment| {
            let sums = segment.sums.get()?.to_bytes();
            Some(blocks::ActiveModel { path: Set(segment.path.clone()), sums: Set(sums) })
        });
        let added = blocks::Entity::insert_many(sums).exec_without_returning(transaction).await;
        added.map_err(StoreError::database("publish the checksums of blocks"))?;
    }
    Ok(())
}

/// Law IDENTITY: what is not there any more cannot be replaced, or its events would be stored twice.
async fn remove(
    transaction: &DatabaseTransaction,
    scope: &TenantScope,
    segments: &[Arc<Segment>],
) -> Result<(), StoreError> {
    let failed = || StoreError::database("take segments away");
    for chunk in segments.chunks(ROWS_PER_STATEMENT_MAX) {
        let paths = || chunk.iter().map(|segment| segment.path.as_str());
        let removed = segment::Entity::delete_many()
            .filter(segment::Column::Tenant.eq(scope.tenant().as_str()))
            .filter(segment::Column::Path.is_in(paths()))
            .exec(transaction)
            .await
            .map_err(failed())?;
        if removed.rows_affected != chunk.len() as u64 {
            let detail = "segments are gone that this process knows: open the store again".to_owned();
            return Err(damaged(detail));
        }
        let marks = unread::Entity::delete_many().filter(unread::Column::Path.is_in(paths()));
        marks.exec(transaction).await.map_err(failed())?;
        let sums = blocks::Entity::delete_many().filter(blocks::Column::Path.is_in(paths()));
        sums.exec(transaction).await.map_err(failed())?;
        rollup::remove_parts(transaction, scope, paths()).await?;
    }
    Ok(())
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

fn mart_of(name: &str) -> Result<Mart, StoreError> {
    // Marts registered at run time are not among the defaults; their names come through serde.
    let mart = Mart::named(name).map_or_else(|| serde_json::from_value(name.into()), Ok);
    mart.map_err(StoreError::json("read the name of a mart"))
}

fn segment_of(row: segment::Model, sums: Option<Vec<u8>>) -> Result<(TenantId, Segment), StoreError> {
    let segment = Segment {
        mart: mart_of(&row.mart)?,
        partition: partition_of(row.partition),
        rows: from_sql(row.rows),
        sums: KnownSums::new(sums.and_then(|sums| sums_of(&row.path, &sums, row.bytes))),
        path: row.path,
        bytes: from_sql(row.bytes),
        first: Timestamp::from_micros(row.first_micros),
        last: Timestamp::from_micros(row.last_micros),
        offset_min: from_sql(row.offset_min),
        offset_max: from_sql(row.offset_max),
        checksum: row.checksum,
    };
    Ok((tenant_of(&row.tenant)?, segment))
}

/// One row that contradicts itself does not keep the store shut: the segment's length and its checksum are looked at anyway.
fn sums_of(path: &str, sums: &[u8], length: i64) -> Option<Sums> {
    let sums = Sums::from_bytes(sums, from_sql(length));
    if sums.is_none() {
        tracing::error!(
            path,
            length,
            "the checksums of a segment's blocks are not those of a file of this length"
        );
    }
    sums
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
pub(super) mod segment {
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
mod blocks {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "segment_blocks")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub path: String,
        pub sums: Vec<u8>,
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

#[allow(unreachable_pub, reason = "the derived entities must be pub")]
mod unread {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "unread")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub path: String,
        pub detail: String,
        pub found_micros: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[allow(unreachable_pub, reason = "the derived entities must be pub")]
mod retired {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "retired")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub tenant: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub mart: String,
        pub segments: i64,
        pub rows: i64,
        pub bytes: i64,
        pub last_micros: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
