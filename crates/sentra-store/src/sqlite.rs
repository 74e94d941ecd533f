//! How this crate opens SQLite.

use std::path::Path;
use std::time::Duration;

use sea_orm::sea_query::{Alias, Index, TableCreateStatement};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait, RuntimeErr, Schema, Set,
    SqlxSqliteConnector,
};
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::StoreError;

/// Connections to one database file: readers do not wait for each other.
const CONNECTIONS_MAX: u32 = 4;
/// How long a connection waits for another one's transaction.
const BUSY_WAIT: Duration = Duration::from_secs(30);

/// Opens the database file at `path`, made if it is missing: write-ahead journal, every commit synced
/// (law ACK: a position that was read is never taken back).
pub(crate) async fn open_file(path: &Path) -> Result<DatabaseConnection, StoreError> {
    open_synced(path, SqliteSynchronous::Full).await
}

/// As [`open_file`], but a commit does not wait for the disk: what was committed survives the end of the process, and
/// of what was committed shortly before a loss of power the latest may be missing. For what nothing else hangs on.
pub(crate) async fn open_relaxed(path: &Path) -> Result<DatabaseConnection, StoreError> {
    open_synced(path, SqliteSynchronous::Normal).await
}

async fn open_synced(path: &Path, synced: SqliteSynchronous) -> Result<DatabaseConnection, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synced)
        .busy_timeout(BUSY_WAIT)
        .statement_cache_capacity(256);
    let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS_MAX);
    connect(pool, options).await.map_err(StoreError::database("open the database"))
}

/// Opens an empty database in memory. It has one connection, because each would see a database of its own.
pub(crate) async fn open_memory() -> Result<DatabaseConnection, StoreError> {
    let pool = SqlitePoolOptions::new().max_connections(1).min_connections(1);
    let options = SqliteConnectOptions::new().in_memory(true);
    connect(pool, options).await.map_err(StoreError::database("open a database in memory"))
}

/// No connection is closed for being idle or old. The data of one in memory would go with it; and the task that looks
/// for such connections counts those that are idle while others take and return them: where the count has just gone
/// below zero, it looks for 2^64 of them without a pause (seen: a thread that was busy until the process was killed).
async fn connect(
    pool: SqlitePoolOptions,
    options: SqliteConnectOptions,
) -> Result<DatabaseConnection, DbErr> {
    let pool = pool.idle_timeout(None).max_lifetime(None);
    let pool = pool.connect_with(options.disable_statement_logging()).await;
    let pool = pool.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error)))?;
    Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
}

/// Refuses a database of a newer schema and marks a new one with `supported`. Call it before anything else
/// touches the database: only `meta` keeps its shape over all versions.
pub(crate) async fn check_version(
    database: &DatabaseConnection,
    path: &Path,
    supported: u32,
) -> Result<(), StoreError> {
    let failed = || StoreError::database("read the schema version");
    create_tables(database, vec![Schema::new(DbBackend::Sqlite).create_table_from_entity(meta::Entity)])
        .await?;
    let mark = meta::Entity::find_by_id(VERSION_KEY).one(database).await.map_err(failed())?;
    let Some(mark) = mark else {
        let mark = meta::ActiveModel { name: Set(VERSION_KEY.to_owned()), value: Set(supported.to_string()) };
        let insert = meta::Entity::insert(mark).exec_without_returning(database).await;
        return insert.map(|_| ()).map_err(StoreError::database("mark the schema version"));
    };
    let found: u32 = mark.value.parse().map_err(|_| StoreError::Corrupt {
        path: path.to_owned(),
        detail: format!("schema version {:?} is no number", mark.value),
    })?;
    if found > supported {
        return Err(StoreError::NewerVersion { path: path.to_owned(), found, supported });
    }
    Ok(())
}

/// Makes the tables that are missing.
pub(crate) async fn create_tables(
    database: &DatabaseConnection,
    tables: Vec<TableCreateStatement>,
) -> Result<(), StoreError> {
    let backend = database.get_database_backend();
    for mut table in tables {
        let statement = backend.build(table.if_not_exists());
        database.execute(statement).await.map_err(StoreError::database("make a table"))?;
    }
    Ok(())
}

/// Makes the indexes that are missing: name, table and columns of each.
pub(crate) async fn create_indexes(
    database: &DatabaseConnection,
    indexes: &[(&str, &str, &[&str])],
) -> Result<(), StoreError> {
    let backend = database.get_database_backend();
    for (name, table, columns) in indexes {
        let mut index = Index::create();
        index.name(*name).table(Alias::new(*table)).if_not_exists();
        for column in *columns {
            index.col(Alias::new(*column));
        }
        let statement = backend.build(&index);
        database.execute(statement).await.map_err(StoreError::database("make an index"))?;
    }
    Ok(())
}

const VERSION_KEY: &str = "schema_version";

/// What the database says about itself.
#[allow(unreachable_pub, reason = "the derived entities must be pub")]
mod meta {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "meta")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub value: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A number as SQLite keeps it. Offsets beyond `i64::MAX` do not happen; they are clamped, not wrapped.
pub(crate) fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that [`to_sql`] made.
pub(crate) fn from_sql(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_looks_for_connections_that_are_idle() {
        let dir = tempfile::tempdir().unwrap();
        let of_file = open_file(&dir.path().join("a.db")).await.unwrap();
        for database in [of_file, open_memory().await.unwrap()] {
            let options = database.get_sqlite_connection_pool().options();
            assert_eq!((options.get_idle_timeout(), options.get_max_lifetime()), (None, None));
            database.ping().await.unwrap();
        }
    }
}
