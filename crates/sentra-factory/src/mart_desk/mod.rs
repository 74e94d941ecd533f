//! Marts registered while the factory runs: made, changed and removed.

mod rollups;
mod router;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use sentra_model::{
    Clock, MART_COLUMNS_MAX, MART_DESCRIPTION_CHARS_MAX, MART_FILTER_BYTES_MAX, MART_RETENTION_DAYS_MAX,
    Mart, MartColumn, MartDefinition, MartNameError, MartState, RoutingEpoch, TenantId, TenantScope,
};
use sentra_store::{ConditionProblem, EventCondition, MartRegistry, MartStats, MartStore, StoreError};
use tokio::sync::Mutex;

use crate::insight::is_stated;
pub use rollups::RollupView;
pub use router::MartRouter;

/// Marts that a tenant may have registered at once (law LIMIT): each filter is held against every event.
pub const REGISTERED_MARTS_MAX: usize = 64;
/// Longest name of who changes a mart, in characters.
const CHANGED_BY_CHARS_MAX: usize = 200;

/// What a mart is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MartDraft {
    /// What it is for.
    pub description: String,
    /// Which events go into it: a condition as after KQL's `where`.
    pub filter: String,
    /// Source fields that its events are to have.
    pub columns: Vec<MartColumn>,
    /// How long its events are kept.
    pub retention_days: Option<u32>,
}

/// What is to change of a mart; `None` leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MartChange {
    /// What it is for.
    pub description: Option<String>,
    /// Which events go into it from now on.
    pub filter: Option<String>,
    /// Source fields that its events are to have.
    pub columns: Option<Vec<MartColumn>>,
    /// How long its events are kept; `Some(None)` for as long as the platform's setting says.
    pub retention_days: Option<Option<u32>>,
}

/// A mart and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MartView {
    /// What it holds.
    pub stats: MartStats,
    /// What was registered; `None` of a default mart.
    pub definition: Option<MartDefinition>,
}

/// Why a mart cannot be made, changed or removed.
#[derive(Debug, thiserror::Error)]
pub enum MartError {
    /// Its name.
    #[error(transparent)]
    Name(#[from] MartNameError),
    /// Its filter.
    #[error("the filter is no condition on events: {0}")]
    Filter(#[from] ConditionProblem),
    /// Something else about it.
    #[error("{0}")]
    Invalid(String),
    /// There is one of that name.
    #[error("there is a mart {name} already: alter it, or choose another name")]
    Exists {
        /// The name.
        name: String,
    },
    /// There is none of that name.
    #[error("there is no registered mart {name:?}")]
    Unknown {
        /// The name.
        name: String,
    },
    /// One of those that every tenant has.
    #[error("{name} is a default mart, which is neither changed nor removed")]
    IsDefault {
        /// The name.
        name: String,
    },
    /// One more would be one too many.
    #[error("{REGISTERED_MARTS_MAX} marts are registered, which is the limit: remove one first")]
    TooMany,
    /// One more rollup would be one too many.
    #[error("{} rollups are declared, which is the limit: remove one first", sentra_store::ROLLUPS_MAX)]
    TooManyRollups,
    /// A rollup that makes no sense.
    #[error("{0}")]
    Rollup(String),
    /// There is no rollup of that name.
    #[error("there is no declared rollup {name:?}")]
    UnknownRollup {
        /// The name.
        name: String,
    },
    /// A store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes, changes and removes marts; what the factory and the stores know of them follows at once.
pub struct MartDesk {
    registry: Arc<dyn MartRegistry>,
    marts: Arc<dyn MartStore>,
    router: Arc<MartRouter>,
    clock: Arc<dyn Clock>,
    /// Changes come one after the other.
    changing: Mutex<()>,
}

impl fmt::Debug for MartDesk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MartDesk").finish_non_exhaustive()
    }
}

impl MartDesk {
    /// A desk over what is passed in.
    #[must_use]
    pub fn new(
        registry: Arc<dyn MartRegistry>,
        marts: Arc<dyn MartStore>,
        router: Arc<MartRouter>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { registry, marts, router, clock, changing: Mutex::default() }
    }

    /// Tells the stores which marts and rollups there are. Once, before anybody asks.
    ///
    /// # Errors
    /// When the registry cannot be read.
    pub async fn announce(&self) -> Result<(), StoreError> {
        for tenant in self.registry.registering_tenants().await? {
            let scope = TenantScope::new(tenant);
            self.router.renew(&scope).await?;
            self.tell_rollups(&scope).await?;
        }
        Ok(())
    }

    /// Every mart: the default ones, those that are registered, and removed ones that still hold events.
    ///
    /// # Errors
    /// When a store cannot be read.
    pub async fn list(&self, scope: &TenantScope) -> Result<Vec<MartView>, StoreError> {
        let mut views: BTreeMap<Mart, MartView> = BTreeMap::new();
        let empty = |mart: &Mart| MartView { stats: MartStats::empty(mart), definition: None };
        for mart in &Mart::DEFAULTS {
            views.insert(mart.clone(), empty(mart));
        }
        for stats in self.marts.stats(scope).await? {
            let mart = stats.mart.clone();
            views.insert(mart, MartView { stats, definition: None });
        }
        for definition in self.latest(scope).await?.into_values() {
            let name = definition.name.clone();
            match views.get_mut(&name) {
                Some(view) => view.definition = Some(definition),
                None if definition.state == MartState::Active => {
                    views.insert(name.clone(), MartView { definition: Some(definition), ..empty(&name) });
                }
                None => {}
            }
        }
        Ok(views.into_values().collect())
    }

    /// One mart, with the versions that it had, the oldest first.
    ///
    /// # Errors
    /// [`MartError::Unknown`] where there is none, others when a store cannot be read.
    pub async fn show(
        &self,
        scope: &TenantScope,
        name: &str,
    ) -> Result<(MartView, Vec<MartDefinition>), MartError> {
        let found = self.list(scope).await?.into_iter().find(|view| view.stats.mart.as_str() == name);
        let mut history = self.registry.mart_versions(scope).await?;
        history.retain(|version| version.name.as_str() == name);
        let view = match (found, history.last()) {
            (Some(view), _) => view,
            (None, Some(last)) => {
                MartView { stats: MartStats::empty(&last.name), definition: Some(last.clone()) }
            }
            (None, None) => return Err(MartError::Unknown { name: name.chars().take(80).collect() }),
        };
        Ok((view, history))
    }

    /// From where on which revision of the tenant's marts routed events.
    ///
    /// # Errors
    /// When the registry cannot be read.
    pub async fn epochs(&self, scope: &TenantScope) -> Result<Vec<RoutingEpoch>, StoreError> {
        self.registry.routing_epochs(scope).await
    }

    /// Registers a mart, or one that was removed once more. Events that come after it is stored are routed by it.
    ///
    /// # Errors
    /// What is wrong with it; [`MartError::Exists`] for the name of an active one.
    pub async fn create(
        &self,
        scope: &TenantScope,
        name: &str,
        draft: MartDraft,
        by: &str,
    ) -> Result<MartDefinition, MartError> {
        let _alone = self.changing.lock().await;
        let mart = Mart::registered(name)?;
        let latest = self.latest(scope).await?;
        let before = latest.get(&mart);
        if before.is_some_and(|before| before.state == MartState::Active) {
            return Err(MartError::Exists { name: name.to_owned() });
        }
        let active = latest.values().filter(|known| known.state == MartState::Active).count();
        if active >= REGISTERED_MARTS_MAX {
            return Err(MartError::TooMany);
        }
        let MartDraft { description, filter, columns, retention_days } = draft;
        let now = self.clock.now();
        let definition = MartDefinition {
            name: mart,
            description,
            filter,
            columns,
            retention_days,
            state: MartState::Active,
            since: now,
            version: before.map_or(0, |before| before.version) + 1,
            revision: 0,
            changed_by: by.to_owned(),
            time: now,
        };
        self.keep(scope, definition).await
    }

    /// Changes a mart. What it holds stays; events that come afterwards are routed by the new filter.
    ///
    /// # Errors
    /// What is wrong with it; [`MartError::Unknown`] where there is none that is active.
    pub async fn alter(
        &self,
        scope: &TenantScope,
        name: &str,
        change: MartChange,
        by: &str,
    ) -> Result<MartDefinition, MartError> {
        let _alone = self.changing.lock().await;
        let before = self.active(scope, name).await?;
        let MartChange { description, filter, columns, retention_days } = change;
        let definition = MartDefinition {
            description: description.unwrap_or(before.description),
            filter: filter.unwrap_or(before.filter),
            columns: columns.unwrap_or(before.columns),
            retention_days: retention_days.unwrap_or(before.retention_days),
            version: before.version + 1,
            changed_by: by.to_owned(),
            time: self.clock.now(),
            ..MartDefinition {
                description: String::new(),
                filter: String::new(),
                columns: Vec::new(),
                ..before
            }
        };
        self.keep(scope, definition).await
    }

    /// Removes a mart: it takes no more events. What it holds stays until its retention ends, or goes at once with
    /// `purge`. Gives how many events were deleted.
    ///
    /// # Errors
    /// [`MartError::Unknown`] where there is none; others when a store refuses.
    pub async fn remove(
        &self,
        scope: &TenantScope,
        name: &str,
        purge: bool,
        by: &str,
    ) -> Result<(MartDefinition, u64), MartError> {
        let _alone = self.changing.lock().await;
        // One that was removed before may be purged later.
        let before = match self.active(scope, name).await {
            Err(MartError::Unknown { .. }) if purge => self.removed(scope, name).await?,
            before => before?,
        };
        let now = self.clock.now();
        let state = if purge { MartState::Purged } else { MartState::Removed };
        let changed_by = by.to_owned();
        let version = before.version + 1;
        let definition = MartDefinition { state, since: now, version, changed_by, time: now, ..before };
        let definition = self.keep(scope, definition).await?;
        // Everything that was routed into it is in the store by now.
        let deleted = if purge { self.marts.drop_mart(scope, &definition.name).await? } else { 0 };
        Ok((definition, deleted))
    }

    /// How long events of registered marts are kept, in days, where that was said. Removed ones are among them: what
    /// they hold ages out.
    ///
    /// # Errors
    /// When the registry cannot be read.
    pub async fn retention_days(&self) -> Result<BTreeMap<(TenantId, Mart), u32>, StoreError> {
        let mut days = BTreeMap::new();
        for tenant in self.registry.registering_tenants().await? {
            for definition in self.latest(&TenantScope::new(tenant.clone())).await?.into_values() {
                if let Some(kept) = definition.retention_days {
                    days.insert((tenant.clone(), definition.name), kept);
                }
            }
        }
        Ok(days)
    }

    async fn latest(&self, scope: &TenantScope) -> Result<BTreeMap<Mart, MartDefinition>, StoreError> {
        let versions = self.registry.mart_versions(scope).await?;
        Ok(versions.into_iter().map(|version| (version.name.clone(), version)).collect())
    }

    async fn active(&self, scope: &TenantScope, name: &str) -> Result<MartDefinition, MartError> {
        self.known(scope, name, &[MartState::Active]).await
    }

    async fn removed(&self, scope: &TenantScope, name: &str) -> Result<MartDefinition, MartError> {
        self.known(scope, name, &[MartState::Removed, MartState::Purged]).await
    }

    async fn known(
        &self,
        scope: &TenantScope,
        name: &str,
        states: &[MartState],
    ) -> Result<MartDefinition, MartError> {
        if Mart::named(name).is_some() {
            return Err(MartError::IsDefault { name: name.to_owned() });
        }
        let found = self.latest(scope).await?.into_values().find(|known| known.name.as_str() == name);
        let found = found.filter(|known| states.contains(&known.state));
        found.ok_or_else(|| MartError::Unknown { name: name.chars().take(80).collect() })
    }

    /// Checks and stores a version, then puts it in force.
    async fn keep(
        &self,
        scope: &TenantScope,
        definition: MartDefinition,
    ) -> Result<MartDefinition, MartError> {
        if definition.state == MartState::Active {
            check(&definition)?;
        }
        if definition.changed_by.chars().count() > CHANGED_BY_CHARS_MAX {
            let why = format!("the name of who changes it has more than {CHANGED_BY_CHARS_MAX} characters");
            return Err(MartError::Invalid(why));
        }
        let versions = self.registry.mart_versions(scope).await?;
        let revision = versions.last().map_or(0, |last| last.revision) + 1;
        let definition = MartDefinition { revision, ..definition };
        self.registry.add_mart_version(scope, &definition).await?;
        self.router.renew(scope).await?;
        tracing::info!(
            tenant = %scope.tenant(), mart = %definition.name, version = definition.version, state = ?definition.state,
            "mart changed"
        );
        Ok(definition)
    }
}

fn check(definition: &MartDefinition) -> Result<(), MartError> {
    let invalid = |why: String| Err(MartError::Invalid(why));
    if definition.description.chars().count() > MART_DESCRIPTION_CHARS_MAX {
        return invalid(format!("the description has more than {MART_DESCRIPTION_CHARS_MAX} characters"));
    }
    if definition.filter.len() > MART_FILTER_BYTES_MAX {
        return invalid(format!("the filter has more than {MART_FILTER_BYTES_MAX} bytes"));
    }
    if definition.columns.len() > MART_COLUMNS_MAX {
        return invalid(format!("the schema has more than {MART_COLUMNS_MAX} columns"));
    }
    let mut names: Vec<&str> = definition.columns.iter().map(|column| column.name.as_str()).collect();
    names.sort_unstable();
    if names.iter().any(|name| name.is_empty() || name.len() > 200) {
        return invalid("a column of the schema has no name, or one of more than 200 bytes".to_owned());
    }
    if let Some(twice) = names.windows(2).find(|pair| pair.first() == pair.last()) {
        return invalid(format!("the schema has the column {:?} twice", twice.first().unwrap_or(&"")));
    }
    if definition.retention_days.is_some_and(|days| days == 0 || days > MART_RETENTION_DAYS_MAX) {
        return invalid(format!("retention_days is from 1 to {MART_RETENTION_DAYS_MAX}, or absent"));
    }
    let condition = EventCondition::new(&definition.filter)?;
    match condition.fields().into_iter().find(|name| is_stated(name)) {
        Some(name) => invalid(format!(
            "{name} is stated by the platform after the event came in, and not again by a replay: use what the event \
             itself says"
        )),
        None => Ok(()),
    }
}
