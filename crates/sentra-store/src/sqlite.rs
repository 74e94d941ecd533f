//! How this crate opens SQLite.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm::sea_query::{Alias, Index, TableCreateStatement};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, EntityTrait, Schema, Set,
};
use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};

use crate::StoreError;

/// Connections to one database file: readers do not wait for each other.
const CONNECTIONS_MAX: u32 = 4;
/// How long a connection waits for another one's transaction.
const BUSY_WAIT: Duration = Duration::from_secs(30);

/// A connection in memory must not be closed for being idle or old: its data go with it.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 86_400);

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
    let file: PathBuf = path.to_owned();
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(CONNECTIONS_MAX).sqlx_logging(false).map_sqlx_sqlite_opts(move |sqlite| {
        sqlite
            .filename(&file)
            .in_memory(false)
            .shared_cache(false)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synced)
            .busy_timeout(BUSY_WAIT)
            .statement_cache_capacity(256)
    });
    Database::connect(options).await.map_err(StoreError::database("open the database"))
}

/// Opens an empty database in memory. It has one connection, because each would see a database of its own.
pub(crate) async fn open_memory() -> Result<DatabaseConnection, StoreError> {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1).min_connections(1).sqlx_logging(false);
    options.idle_timeout(FOR_EVER).max_lifetime(FOR_EVER);
    Database::connect(options).await.map_err(StoreError::database("open a database in memory"))
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
