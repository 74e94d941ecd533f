//! What rollups counted of segments, in the manifest.

use std::collections::BTreeMap;

use sea_orm::sea_query::{OnConflict, TableCreateStatement};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect, Schema, Set, TransactionTrait,
};
use sentra_model::{Mart, TenantScope};

use super::Compiled;
use crate::StoreError;
use crate::embedded::manifest::{Manifest, paths_of, segment};
use crate::embedded::tenant::Segment;
use crate::sqlite::{from_sql, to_sql};

/// Parts in one statement.
const PARTS_PER_STATEMENT_MAX: usize = 200;
/// In the place of a number of rows: there were too many.
const WIDE: i64 = -1;

/// What a rollup counted of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) fingerprint: String,
    pub(crate) path: String,
    /// Of the segment: a file of the same name may be another one.
    pub(crate) checksum: String,
    /// Rows; `None` when there were too many to be kept.
    pub(crate) rows: Option<u64>,
    pub(crate) data: Vec<u8>,
}

/// What is known of a part without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) checksum: String,
    pub(super) rows: Option<u64>,
    pub(super) bytes: u64,
}

/// What is known of the parts of a rollup, by segment.
#[derive(Debug, Default)]
pub(super) struct KnownParts(BTreeMap<String, Known>);

impl KnownParts {
    pub(super) fn of(&self, segment: &Segment) -> Option<&Known> {
        self.0.get(&segment.path).filter(|known| known.checksum == segment.checksum)
    }
}

impl Manifest {
    /// Which segments a rollup has counted.
    pub(super) async fn known_parts(
        &self,
        scope: &TenantScope,
        rollup: &Compiled,
    ) -> Result<KnownParts, StoreError> {
        let rows: Vec<(String, String, i64, i64)> = part::Entity::find()
            .select_only()
            .columns([part::Column::Path, part::Column::Checksum, part::Column::Rows, part::Column::Bytes])
            .filter(part::Column::Tenant.eq(scope.tenant().as_str()))
            .filter(part::Column::Fingerprint.eq(rollup.fingerprint.as_str()))
            .into_tuple()
            .all(&self.database)
            .await
            .map_err(StoreError::database("read what rollups hold"))?;
        let known = rows.into_iter().map(|(path, checksum, rows, bytes)| {
            let rows = (rows != WIDE).then(|| from_sql(rows));
            (path, Known { checksum, rows, bytes: from_sql(bytes) })
        });
        Ok(KnownParts(known.collect()))
    }

    /// What a rollup counted of `segments`, by path; those that are not there are left out.
    pub(super) async fn parts_of(
        &self,
        scope: &TenantScope,
        rollup: &Compiled,
        segments: &[&Segment],
    ) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
        let mut parts = BTreeMap::new();
        for some in segments.chunks(PARTS_PER_STATEMENT_MAX) {
            let rows = part::Entity::find()
                .filter(part::Column::Tenant.eq(scope.tenant().as_str()))
                .filter(part::Column::Fingerprint.eq(rollup.fingerprint.as_str()))
                .filter(part::Column::Path.is_in(some.iter().map(|segment| segment.path.as_str())))
                .all(&self.database)
                .await
                .map_err(StoreError::database("read rollups"))?;
            let is_of = |row: &part::Model| {
                row.rows != WIDE
                    && some.iter().any(|known| known.path == row.path && known.checksum == row.checksum)
            };
            parts.extend(rows.into_iter().filter(is_of).map(|row| (row.path, row.data)));
        }
        Ok(parts)
    }

    /// Adds what was counted of a segment after it was published, if it is there still.
    pub(super) async fn add_part(&self, scope: &TenantScope, new: Part) -> Result<(), StoreError> {
        let failed = || StoreError::database("keep what a rollup counted");
        let transaction = self.database.begin().await.map_err(failed())?;
        let (path, checksum) = (new.path.clone(), new.checksum.clone());
        add_parts(&transaction, scope, vec![new]).await?;
        let there = segment::Entity::find_by_id(path).one(&transaction).await.map_err(failed())?;
        if there.is_some_and(|there| there.checksum == checksum) {
            transaction.commit().await.map_err(failed())
        } else {
            transaction.rollback().await.map_err(failed())
        }
    }

    /// Removes what rollups of a tenant counted that are not among `rollups`.
    pub(super) async fn keep_parts(
        &self,
        scope: &TenantScope,
        rollups: &[std::sync::Arc<Compiled>],
    ) -> Result<(), StoreError> {
        let kept = rollups.iter().map(|rollup| rollup.fingerprint.as_str());
        let deleted = part::Entity::delete_many()
            .filter(part::Column::Tenant.eq(scope.tenant().as_str()))
            .filter(part::Column::Fingerprint.is_not_in(kept))
            .exec(&self.database)
            .await;
        deleted.map(|_| ()).map_err(StoreError::database("remove what rollups counted"))
    }
}

/// The table.
pub(crate) fn create(schema: &Schema) -> TableCreateStatement {
    schema.create_table_from_entity(part::Entity)
}

/// Adds parts with the segments that they are of.
pub(crate) async fn add_parts(
    transaction: &DatabaseTransaction,
    scope: &TenantScope,
    parts: Vec<Part>,
) -> Result<(), StoreError> {
    use part::Column::{Bytes, Checksum, Data, Rows};
    for part in parts {
        let row = part::ActiveModel {
            path: Set(part.path),
            fingerprint: Set(part.fingerprint),
            tenant: Set(scope.tenant().as_str().to_owned()),
            checksum: Set(part.checksum),
            rows: Set(part.rows.map_or(WIDE, to_sql)),
            bytes: Set(to_sql(part.data.len() as u64)),
            data: Set(part.data),
        };
        let again = OnConflict::columns([part::Column::Path, part::Column::Fingerprint])
            .update_columns([Checksum, Rows, Bytes, Data])
            .to_owned();
        let added = part::Entity::insert(row).on_conflict(again).exec_without_returning(transaction).await;
        added.map_err(StoreError::database("keep what a rollup counted"))?;
    }
    Ok(())
}

/// Removes the parts of segments with those.
pub(crate) async fn remove_parts<'a>(
    transaction: &DatabaseTransaction,
    scope: &TenantScope,
    paths: impl Iterator<Item = &'a str>,
) -> Result<(), StoreError> {
    let removed = part::Entity::delete_many()
        .filter(part::Column::Tenant.eq(scope.tenant().as_str()))
        .filter(part::Column::Path.is_in(paths))
        .exec(transaction)
        .await;
    removed.map(|_| ()).map_err(StoreError::database("remove what rollups counted"))
}

/// Removes the parts of all segments of a mart, before those.
pub(crate) async fn forget_mart(
    transaction: &DatabaseTransaction,
    scope: &TenantScope,
    mart: &Mart,
) -> Result<(), StoreError> {
    let removed = part::Entity::delete_many()
        .filter(part::Column::Tenant.eq(scope.tenant().as_str()))
        .filter(part::Column::Path.in_subquery(paths_of(scope, mart)))
        .exec(transaction)
        .await;
    removed.map(|_| ()).map_err(StoreError::database("remove what rollups counted"))
}

#[allow(unreachable_pub, reason = "the derived entities must be pub")]
mod part {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "rollup_parts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub path: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub fingerprint: String,
        pub tenant: String,
        pub checksum: String,
        pub rows: i64,
        pub bytes: i64,
        pub data: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
