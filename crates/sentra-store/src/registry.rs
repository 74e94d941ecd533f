//! What administrators registered: marts, with every version there was.

use std::fmt::Debug;

use async_trait::async_trait;
use sentra_model::{MartDefinition, RollupDefinition, RoutingEpoch, TenantId, TenantScope};

use crate::StoreError;

/// Changes of the marts of a tenant that are kept, ever (law LIMIT): each is needed to route a replay.
pub const MART_CHANGES_MAX: u64 = 10_000;

/// Marts that administrators registered.
///
/// It is configuration, not a projection: nothing in the backbone can rebuild it, and whoever removes the marts to have
/// them rebuilt keeps it. Versions are added and never changed.
#[async_trait]
pub trait MartRegistry: Send + Sync + Debug {
    /// Every version of every mart of the tenant, by revision.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn mart_versions(&self, scope: &TenantScope) -> Result<Vec<MartDefinition>, StoreError>;

    /// Adds a version. Its revision is the one after the last, so of two who change at once one is refused.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another change came first, others when it cannot be written.
    async fn add_mart_version(
        &self,
        scope: &TenantScope,
        definition: &MartDefinition,
    ) -> Result<(), StoreError>;

    /// From where on which revision routes, by partition and offset.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn routing_epochs(&self, scope: &TenantScope) -> Result<Vec<RoutingEpoch>, StoreError>;

    /// Adds an epoch; one of the same partition and offset replaces what was there.
    ///
    /// # Errors
    /// When it cannot be written.
    async fn put_routing_epoch(&self, scope: &TenantScope, epoch: RoutingEpoch) -> Result<(), StoreError>;

    /// The rollups that were declared for the tenant, by name.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn declared_rollups(&self, scope: &TenantScope) -> Result<Vec<RollupDefinition>, StoreError>;

    /// Adds a rollup; one of the same name is replaced.
    ///
    /// # Errors
    /// When it cannot be written.
    async fn put_rollup(&self, scope: &TenantScope, rollup: &RollupDefinition) -> Result<(), StoreError>;

    /// Removes a rollup. Gives whether there was one.
    ///
    /// # Errors
    /// When it cannot be written.
    async fn remove_rollup(&self, scope: &TenantScope, name: &str) -> Result<bool, StoreError>;

    /// The names of the tenants that ever registered a mart or a rollup: the one call without a scope.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn registering_tenants(&self) -> Result<Vec<TenantId>, StoreError>;
}
