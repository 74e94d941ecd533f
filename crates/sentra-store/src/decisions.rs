//! How questions were routed, what they cost, and what people said about it: kept per tenant, bounded by number and age.
//!
//! A question may hold names of people, so it is the tenant's own: every key begins with it (law TENANT), and what is
//! too old or too much goes (law LIMIT).

use std::fmt::Debug;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use sea_orm::{
    ColumnTrait, Condition, DatabaseConnection, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Schema, Set,
};
use sentra_model::{SCHEMA_VERSION, TenantScope, Timestamp};
use tokio::sync::Mutex;

use crate::sqlite::{check_version, create_indexes, create_tables, open_memory, open_relaxed};
use crate::{Page, StoreError};

/// Most decisions on one page.
pub const DECISIONS_PAGE_MAX: usize = 500;
/// Longest question that is kept; of longer ones the beginning is.
pub const QUESTION_BYTES_KEPT_MAX: usize = 4 * 1024;
/// Decisions taken between two looks for those that may go.
const TAKEN_BETWEEN_TIDYING: u64 = 256;

/// How one question was routed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDecision {
    /// Its id: `dec-` and what sorts by time.
    pub id: String,
    /// When it was made.
    pub time: Timestamp,
    /// The question.
    pub question: String,
    /// Everything else about it, as JSON.
    pub body: String,
    /// Where the answer came from, as JSON.
    pub lineage: String,
    /// What somebody said was right instead, as JSON.
    pub overridden: Option<String>,
}

/// How much of the past is kept, for each tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecisionKeeping {
    /// Most decisions; older ones go.
    pub decisions_max: u64,
    /// Age beyond which they go, in days.
    pub age_days_max: u64,
}

impl Default for DecisionKeeping {
    fn default() -> Self {
        Self { decisions_max: 100_000, age_days_max: 90 }
    }
}

/// Where decisions of the router are kept.
#[async_trait]
pub trait DecisionStore: Send + Sync + Debug {
    /// Keeps `decision`; one with the same id is replaced.
    ///
    /// # Errors
    /// When it cannot be written.
    async fn keep(&self, scope: &TenantScope, decision: StoredDecision) -> Result<(), StoreError>;

    /// Up to `limit` decisions, the latest first, behind `cursor`. `total` counts those on the page.
    ///
    /// # Errors
    /// [`StoreError::Cursor`] for a cursor that is none; others when it cannot be read.
    async fn page(
        &self,
        scope: &TenantScope,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<StoredDecision>, StoreError>;

    /// One decision.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn decision(&self, scope: &TenantScope, id: &str) -> Result<Option<StoredDecision>, StoreError>;

    /// The latest decision about `question`, not older than `since`.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn latest_about(
        &self,
        scope: &TenantScope,
        question: &str,
        since: Timestamp,
    ) -> Result<Option<StoredDecision>, StoreError>;

    /// Says what was right instead; whether there is such a decision.
    ///
    /// # Errors
    /// When it cannot be written.
    async fn put_override(&self, scope: &TenantScope, id: &str, said: &str) -> Result<bool, StoreError>;
}

/// [`DecisionStore`] in SQLite, in a file or in memory.
#[derive(Debug)]
pub struct SqliteDecisions {
    database: DatabaseConnection,
    keeping: DecisionKeeping,
    taken: AtomicU64,
    /// SQLite takes one writer at a time; waiting here is cheaper than waiting for its lock.
    writer: Mutex<()>,
}

impl SqliteDecisions {
    /// Opens the database file at `path`, made if it is missing; its directory must be there.
    ///
    /// # Errors
    /// [`StoreError::NewerVersion`] when a newer program wrote it; others when it cannot be opened.
    pub async fn open(path: &Path, keeping: DecisionKeeping) -> Result<Self, StoreError> {
        let database = open_relaxed(path).await?;
        check_version(&database, path, SCHEMA_VERSION).await?;
        Self::prepare(database, keeping).await
    }

    /// An empty database in memory.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub async fn in_memory(keeping: DecisionKeeping) -> Result<Self, StoreError> {
        Self::prepare(open_memory().await?, keeping).await
    }

    async fn prepare(database: DatabaseConnection, keeping: DecisionKeeping) -> Result<Self, StoreError> {
        let table = Schema::new(DbBackend::Sqlite).create_table_from_entity(entity::Entity);
        create_tables(&database, vec![table]).await?;
        let by_time = ("query_decisions_by_time", "query_decisions", &["tenant", "time_micros", "id"][..]);
        create_indexes(&database, &[by_time]).await?;
        Ok(Self { database, keeping, taken: AtomicU64::new(0), writer: Mutex::new(()) })
    }

    /// Removes what is too old or too much.
    async fn tidy(&self, scope: &TenantScope, now: Timestamp) -> Result<(), StoreError> {
        use entity::{Column, Entity};
        let failed = || StoreError::database("tidy the decisions");
        let tenant = scope.tenant().as_str();
        let age = i64::try_from(self.keeping.age_days_max.saturating_mul(86_400_000_000)).unwrap_or(i64::MAX);
        let beyond = Entity::find()
            .filter(Column::Tenant.eq(tenant))
            .order_by_desc(Column::TimeMicros)
            .order_by_desc(Column::Id)
            .offset(self.keeping.decisions_max)
            .one(&self.database)
            .await
            .map_err(failed())?;
        let mut too_many = Condition::any().add(Column::TimeMicros.lt(now.micros().saturating_sub(age)));
        if let Some(first) = beyond {
            let same_moment = Column::TimeMicros.eq(first.time_micros).and(Column::Id.lte(first.id));
            too_many = too_many.add(Column::TimeMicros.lt(first.time_micros)).add(same_moment);
        }
        let removed = Entity::delete_many().filter(Column::Tenant.eq(tenant)).filter(too_many);
        removed.exec(&self.database).await.map(|_| ()).map_err(failed())
    }
}

#[async_trait]
impl DecisionStore for SqliteDecisions {
    async fn keep(&self, scope: &TenantScope, decision: StoredDecision) -> Result<(), StoreError> {
        let now = decision.time;
        let row = entity::ActiveModel {
            tenant: Set(scope.tenant().to_string()),
            id: Set(decision.id),
            time_micros: Set(now.micros()),
            question: Set(beginning(&decision.question).to_owned()),
            body: Set(decision.body),
            lineage: Set(decision.lineage),
            overridden: Set(decision.overridden),
        };
        let conflict = sea_orm::sea_query::OnConflict::columns([entity::Column::Tenant, entity::Column::Id])
            .update_columns([entity::Column::Body, entity::Column::Lineage, entity::Column::Overridden])
            .to_owned();
        let _writer = self.writer.lock().await;
        let insert = entity::Entity::insert(row).on_conflict(conflict);
        let inserted = insert.exec_without_returning(&self.database).await;
        inserted.map_err(StoreError::database("keep a decision"))?;
        if self.taken.fetch_add(1, Ordering::Relaxed).is_multiple_of(TAKEN_BETWEEN_TIDYING) {
            self.tidy(scope, now).await?;
        }
        Ok(())
    }

    async fn page(
        &self,
        scope: &TenantScope,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<StoredDecision>, StoreError> {
        use entity::{Column, Entity};
        let limit = limit.clamp(1, DECISIONS_PAGE_MAX);
        let mut page = Entity::find().filter(Column::Tenant.eq(scope.tenant().as_str()));
        if let Some(cursor) = cursor {
            let (time, id) = read_cursor(cursor)?;
            let same_moment = Column::TimeMicros.eq(time).and(Column::Id.lt(id));
            page = page.filter(Condition::any().add(Column::TimeMicros.lt(time)).add(same_moment));
        }
        let page = page.order_by_desc(Column::TimeMicros).order_by_desc(Column::Id).limit(limit as u64 + 1);
        let rows = page.all(&self.database).await.map_err(StoreError::database("read decisions"))?;
        let has_next = rows.len() > limit;
        let rows: Vec<_> = rows.into_iter().take(limit).collect();
        let last = rows.last().map(|row| format!("{}.{}", row.time_micros, row.id));
        let items: Vec<StoredDecision> = rows.into_iter().map(decision_of).collect();
        let total = items.len() as u64;
        Ok(Page { items, next: last.filter(|_| has_next), total })
    }

    async fn decision(&self, scope: &TenantScope, id: &str) -> Result<Option<StoredDecision>, StoreError> {
        let key = (scope.tenant().to_string(), id.to_owned());
        let row = entity::Entity::find_by_id(key).one(&self.database).await;
        Ok(row.map_err(StoreError::database("read a decision"))?.map(decision_of))
    }

    async fn latest_about(
        &self,
        scope: &TenantScope,
        question: &str,
        since: Timestamp,
    ) -> Result<Option<StoredDecision>, StoreError> {
        use entity::{Column, Entity};
        let row = Entity::find()
            .filter(Column::Tenant.eq(scope.tenant().as_str()))
            .filter(Column::TimeMicros.gte(since.micros()))
            .filter(Column::Question.eq(beginning(question)))
            .order_by_desc(Column::TimeMicros)
            .order_by_desc(Column::Id)
            .one(&self.database)
            .await;
        Ok(row.map_err(StoreError::database("look for a decision"))?.map(decision_of))
    }

    async fn put_override(&self, scope: &TenantScope, id: &str, said: &str) -> Result<bool, StoreError> {
        use entity::{Column, Entity};
        let _writer = self.writer.lock().await;
        let changed = Entity::update_many()
            .col_expr(Column::Overridden, sea_orm::sea_query::Expr::value(said))
            .filter(Column::Tenant.eq(scope.tenant().as_str()))
            .filter(Column::Id.eq(id))
            .exec(&self.database)
            .await
            .map_err(StoreError::database("keep what was said of a decision"))?;
        Ok(changed.rows_affected > 0)
    }
}

/// What of a question is kept.
fn beginning(question: &str) -> &str {
    let mut end = question.len().min(QUESTION_BYTES_KEPT_MAX);
    while !question.is_char_boundary(end) {
        end -= 1;
    }
    question.get(..end).unwrap_or_default()
}

fn read_cursor(cursor: &str) -> Result<(i64, String), StoreError> {
    let parts = cursor.split_once('.').and_then(|(time, id)| Some((time.parse().ok()?, id.to_owned())));
    let is_id = |id: &str| id.len() <= 64 && id.starts_with("dec-");
    parts
        .filter(|(_, id)| is_id(id))
        .ok_or_else(|| StoreError::Cursor { cursor: cursor.chars().take(80).collect() })
}

fn decision_of(row: entity::Model) -> StoredDecision {
    StoredDecision {
        id: row.id,
        time: Timestamp::from_micros(row.time_micros),
        question: row.question,
        body: row.body,
        lineage: row.lineage,
        overridden: row.overridden,
    }
}

/// The table. Every key begins with the tenant (law TENANT).
#[allow(unreachable_pub, reason = "the derived entities must be pub")]
mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "query_decisions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub tenant: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub time_micros: i64,
        #[sea_orm(column_type = "Text")]
        pub question: String,
        #[sea_orm(column_type = "Text")]
        pub body: String,
        #[sea_orm(column_type = "Text")]
        pub lineage: String,
        #[sea_orm(column_type = "Text", nullable)]
        pub overridden: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(tenant: &str) -> TenantScope {
        TenantScope::new(tenant.parse().unwrap())
    }

    fn decision(number: u64, time: Timestamp) -> StoredDecision {
        StoredDecision {
            id: format!("dec-{number:018x}"),
            time,
            question: format!("question {}", number % 3),
            body: "{}".to_owned(),
            lineage: "{}".to_owned(),
            overridden: None,
        }
    }

    /// Law LIMIT: by number and by age, and each tenant by itself.
    #[tokio::test]
    async fn what_is_too_old_or_too_much_goes() {
        let keeping = DecisionKeeping { decisions_max: 10, age_days_max: 1 };
        let store = SqliteDecisions::in_memory(keeping).await.unwrap();
        let (ours, others) = (scope("acme"), scope("other"));
        let at = |number: u64| Timestamp::from_seconds(i64::try_from(number).unwrap());
        store.keep(&others, decision(1, at(1))).await.unwrap();
        for number in 0..40 {
            store.keep(&ours, decision(number, at(number))).await.unwrap();
        }
        store.tidy(&ours, at(40)).await.unwrap();
        let kept = store.page(&ours, None, 100).await.unwrap().items;
        assert_eq!(kept.len(), 10);
        assert_eq!(kept[0].id, decision(39, at(39)).id, "the latest first");
        store.tidy(&ours, at(35 + 86_400)).await.unwrap();
        assert_eq!(store.page(&ours, None, 100).await.unwrap().items.len(), 5);
        assert_eq!(store.page(&others, None, 100).await.unwrap().items.len(), 1, "law TENANT");
    }

    #[tokio::test]
    async fn pages_cover_everything_once_and_long_questions_are_cut() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("decisions.db");
        let ours = scope("acme");
        {
            let store = SqliteDecisions::open(&path, DecisionKeeping::default()).await.unwrap();
            for number in 0..7 {
                // Three share a moment, so that the order by id matters.
                let time = Timestamp::from_seconds(i64::try_from(number / 3).unwrap());
                store.keep(&ours, decision(number, time)).await.unwrap();
            }
            assert!(
                store.put_override(&ours, &decision(3, Timestamp::default()).id, "{\"a\":1}").await.unwrap()
            );
            assert!(
                !store
                    .put_override(&scope("other"), &decision(3, Timestamp::default()).id, "x")
                    .await
                    .unwrap()
            );
        }
        let store = SqliteDecisions::open(&path, DecisionKeeping::default()).await.unwrap();
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = store.page(&ours, cursor.as_deref(), 2).await.unwrap();
            seen.extend(page.items.into_iter().map(|decision| decision.id));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let expected: Vec<String> = (0..7).rev().map(|number| format!("dec-{number:018x}")).collect();
        assert_eq!(seen, expected);
        assert!(matches!(store.page(&ours, Some("x"), 2).await, Err(StoreError::Cursor { .. })));
        let found = store.decision(&ours, &expected[3]).await.unwrap().unwrap();
        assert_eq!(found.overridden.as_deref(), Some("{\"a\":1}"));
        let latest = store.latest_about(&ours, "question 1", Timestamp::default()).await.unwrap().unwrap();
        assert_eq!(latest.id, format!("dec-{:018x}", 4));
        let long = StoredDecision {
            question: "ö".repeat(QUESTION_BYTES_KEPT_MAX),
            ..decision(9, Timestamp::from_seconds(9))
        };
        store.keep(&ours, long).await.unwrap();
        let kept = store.page(&ours, None, 1).await.unwrap().items.remove(0);
        assert_eq!(kept.question.len(), QUESTION_BYTES_KEPT_MAX);
    }
}
