use std::path::{Path, PathBuf};

use async_trait::async_trait;
use sea_orm::{DatabaseConnection, DbBackend, Schema};
use sentra_model::{
    DeadLetter, DeadReason, EventId, Incident, IncidentId, SCHEMA_VERSION, Signal, SignalId, TenantId,
    TenantScope, Timestamp,
};
use tokio::sync::Mutex;

use super::{
    IncidentFilter, IncidentVersion, LetterReplay, Page, Records, RecordsCommit, SignalFilter, commit,
    entity, letters, read,
};
use crate::StoreError;
use crate::sqlite::{check_version, create_indexes, create_tables, open_file, open_memory};

/// [`Records`] in SQLite, in a file or in memory.
#[derive(Debug)]
pub struct SqliteRecords {
    pub(super) database: DatabaseConnection,
    path: PathBuf,
    /// SQLite takes one writer at a time; waiting here is cheaper than waiting for its lock.
    pub(super) writer: Mutex<()>,
}

/// Name, table and columns of each index.
const INDEXES: [(&str, &str, &[&str]); 4] = [
    ("incidents_by_update", "incidents", &["tenant", "updated_micros", "id"]),
    ("incidents_by_last", "incidents", &["tenant", "last_micros"]),
    ("signals_by_last", "signals", &["tenant", "last_micros"]),
    ("dead_letters_by_reason", "dead_letters", &["tenant", "reason"]),
];

impl SqliteRecords {
    /// Opens the database file at `path`, made if it is missing; its directory must be there.
    ///
    /// # Errors
    /// [`StoreError::NewerVersion`] when a newer program wrote it; others when it cannot be opened.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        Self::prepare(open_file(path).await?, path.to_owned()).await
    }

    /// An empty database in memory.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub async fn in_memory() -> Result<Self, StoreError> {
        Self::prepare(open_memory().await?, PathBuf::from(":memory:")).await
    }

    async fn prepare(database: DatabaseConnection, path: PathBuf) -> Result<Self, StoreError> {
        check_version(&database, &path, SCHEMA_VERSION).await?;
        let schema = Schema::new(DbBackend::Sqlite);
        let tables = vec![
            schema.create_table_from_entity(entity::signal::Entity),
            schema.create_table_from_entity(entity::incident::Entity),
            schema.create_table_from_entity(entity::incident_version::Entity),
            schema.create_table_from_entity(entity::incident_signal::Entity),
            schema.create_table_from_entity(entity::dead_letter::Entity),
            schema.create_table_from_entity(entity::letter_replay::Entity),
            schema.create_table_from_entity(entity::detector_state::Entity),
            schema.create_table_from_entity(entity::position::Entity),
            schema.create_table_from_entity(entity::mart_version::Entity),
            schema.create_table_from_entity(entity::routing_epoch::Entity),
            schema.create_table_from_entity(entity::rollup::Entity),
        ];
        create_tables(&database, tables).await?;
        create_indexes(&database, &INDEXES).await?;
        Ok(Self { database, path, writer: Mutex::new(()) })
    }

    /// Where the database is; `:memory:` for one in memory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Closes the database; what was committed is in its file then.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub async fn close(self) -> Result<(), StoreError> {
        self.database.close().await.map_err(StoreError::database("close the records"))
    }
}

#[async_trait]
impl Records for SqliteRecords {
    async fn commit(&self, scope: &TenantScope, commit: RecordsCommit) -> Result<(), StoreError> {
        let _writer = self.writer.lock().await;
        commit::commit(&self.database, scope, commit).await
    }

    async fn position(&self, scope: &TenantScope, consumer: &str, partition: u32) -> Result<u64, StoreError> {
        read::position(&self.database, scope, consumer, partition).await
    }

    async fn state(&self, scope: &TenantScope) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        read::state(&self.database, scope).await
    }

    async fn incident(&self, scope: &TenantScope, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        read::incident(&self.database, scope, id).await
    }

    async fn incidents(
        &self,
        scope: &TenantScope,
        filter: &IncidentFilter,
    ) -> Result<Page<Incident>, StoreError> {
        read::incidents(&self.database, scope, filter).await
    }

    async fn open_incidents_since(
        &self,
        scope: &TenantScope,
        last_at_or_after: Timestamp,
    ) -> Result<Vec<Incident>, StoreError> {
        read::open_incidents_since(&self.database, scope, last_at_or_after).await
    }

    async fn incident_signals(&self, scope: &TenantScope, id: IncidentId) -> Result<Vec<Signal>, StoreError> {
        read::incident_signals(&self.database, scope, id).await
    }

    async fn signals(&self, scope: &TenantScope, ids: &[SignalId]) -> Result<Vec<Signal>, StoreError> {
        read::signals(&self.database, scope, ids).await
    }

    async fn signals_page(
        &self,
        scope: &TenantScope,
        filter: &SignalFilter,
    ) -> Result<Page<Signal>, StoreError> {
        read::signals_page(&self.database, scope, filter).await
    }

    async fn incident_history(
        &self,
        scope: &TenantScope,
        id: IncidentId,
    ) -> Result<Vec<IncidentVersion>, StoreError> {
        read::incident_history(&self.database, scope, id).await
    }

    async fn dead_letters_of(
        &self,
        scope: &TenantScope,
        reason: Option<DeadReason>,
        after: Option<EventId>,
        limit: usize,
    ) -> Result<Page<(EventId, DeadLetter)>, StoreError> {
        letters::page(&self.database, scope, reason, after, limit).await
    }

    async fn dead_letter(&self, scope: &TenantScope, id: EventId) -> Result<Option<DeadLetter>, StoreError> {
        letters::one(&self.database, scope, id).await
    }

    async fn letter_replays(
        &self,
        scope: &TenantScope,
        letters: &[EventId],
    ) -> Result<Vec<LetterReplay>, StoreError> {
        letters::replays(&self.database, scope, letters).await
    }

    async fn put_letter_replays(
        &self,
        scope: &TenantScope,
        replays: &[LetterReplay],
    ) -> Result<(), StoreError> {
        let _writer = self.writer.lock().await;
        commit::put_letter_replays(&self.database, scope, replays).await
    }

    async fn dead_letter_counts(&self, scope: &TenantScope) -> Result<Vec<(DeadReason, u64)>, StoreError> {
        letters::counts(&self.database, scope).await
    }

    async fn tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        read::tenants(&self.database).await
    }
}
