//! Which registered mart each event goes into, on its way to the store.
//!
//! Rules have seen the event by then, in the mart that its decoder gave it: registering a mart changes where events are
//! kept, not what is found in them.
//!
//! Laws SOURCE and IDENTITY: from which offset on which revision of the marts routes is stored before the first event
//! that it routes. So an event that is read again, after a crash or to build the marts anew, goes where it went before,
//! under the id it had, and is in one mart only.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sentra_model::{EventBatch, MartDefinition, MartState, RoutingEpoch, TenantId, TenantScope};
use sentra_store::{EventCondition, MartRegistry, MartStore, Routed, RoutingTable, StoreError, split_at};
use tokio::sync::{OwnedRwLockReadGuard, RwLock};

/// Routes the events of all tenants.
pub struct MartRouter {
    registry: Arc<dyn MartRegistry>,
    marts: Arc<dyn MartStore>,
    tenants: Mutex<BTreeMap<TenantId, Arc<RwLock<Option<Routes>>>>>,
}

impl fmt::Debug for MartRouter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MartRouter").finish_non_exhaustive()
    }
}

/// The registered marts of one tenant, now and before.
struct Routes {
    versions: Vec<MartDefinition>,
    /// The last one; 0 where none was ever registered.
    revision: u64,
    tables: Mutex<BTreeMap<u64, Arc<RoutingTable>>>,
    /// By partition: which revision from which offset on.
    epochs: Mutex<BTreeMap<u32, BTreeMap<u64, u64>>>,
}

/// The right to store events as they are routed now. While somebody holds one, no change of the tenant's marts takes
/// effect: what is on its way when a mart is purged is there before it, and goes with it.
pub(crate) struct Passage {
    registry: Arc<dyn MartRegistry>,
    scope: TenantScope,
    routes: OwnedRwLockReadGuard<Option<Routes>>,
}

impl MartRouter {
    /// A router of the marts in `registry`, whose names it tells `marts`.
    #[must_use]
    pub fn new(registry: Arc<dyn MartRegistry>, marts: Arc<dyn MartStore>) -> Self {
        Self { registry, marts, tenants: Mutex::default() }
    }

    fn tenant(&self, scope: &TenantScope) -> Arc<RwLock<Option<Routes>>> {
        Arc::clone(lock(&self.tenants).entry(scope.tenant().clone()).or_default())
    }

    /// Waits for a change that is being made.
    pub(crate) async fn enter(&self, scope: &TenantScope) -> Result<Passage, StoreError> {
        let tenant = self.tenant(scope);
        loop {
            let routes = Arc::clone(&tenant).read_owned().await;
            if routes.is_some() {
                return Ok(Passage { registry: Arc::clone(&self.registry), scope: scope.clone(), routes });
            }
            drop(routes);
            self.renew(scope).await?;
        }
    }

    /// Takes up what is registered now. When it returns, everything that was routed before is with the store.
    pub(crate) async fn renew(&self, scope: &TenantScope) -> Result<(), StoreError> {
        let tenant = self.tenant(scope);
        let mut routes = tenant.write().await;
        let read = Routes::read(self.registry.as_ref(), scope).await?;
        let active = read.latest(read.revision).filter(|one| one.state == MartState::Active);
        let names = active.map(|one| one.name.clone()).collect();
        self.marts.declare_marts(scope, names).await;
        *routes = Some(read);
        Ok(())
    }
}

impl Routes {
    async fn read(registry: &dyn MartRegistry, scope: &TenantScope) -> Result<Self, StoreError> {
        let versions = registry.mart_versions(scope).await?;
        let mut epochs: BTreeMap<u32, BTreeMap<u64, u64>> = BTreeMap::new();
        for RoutingEpoch { partition, from, revision } in registry.routing_epochs(scope).await? {
            epochs.entry(partition).or_default().insert(from, revision);
        }
        let revision = versions.last().map_or(0, |version| version.revision);
        Ok(Self { versions, revision, tables: Mutex::default(), epochs: Mutex::new(epochs) })
    }

    /// Of every mart the version that was in force at `revision`; the mart that was registered first comes first.
    fn latest(&self, revision: u64) -> impl Iterator<Item = &MartDefinition> {
        let mut latest: Vec<&MartDefinition> = Vec::new();
        for version in self.versions.iter().filter(|version| version.revision <= revision) {
            match latest.iter_mut().find(|known| known.name == version.name) {
                Some(known) => *known = version,
                None => latest.push(version),
            }
        }
        latest.into_iter()
    }

    /// How events are routed at `revision`.
    fn table(&self, revision: u64) -> Arc<RoutingTable> {
        let mut tables = lock(&self.tables);
        let table = tables.entry(revision).or_insert_with(|| Arc::new(self.compiled(revision)));
        Arc::clone(table)
    }

    fn compiled(&self, revision: u64) -> RoutingTable {
        let mut table = RoutingTable::default();
        for mart in self.latest(revision).filter(|mart| mart.state == MartState::Active) {
            let is_purged = self.versions.iter().any(|later| {
                later.revision > revision && later.name == mart.name && later.state == MartState::Purged
            });
            match EventCondition::new(&mart.filter) {
                Ok(condition) => table.push(mart.name.clone(), condition, is_purged),
                // It was one when it was registered. Its events go where their decoders put them.
                Err(error) => {
                    tracing::error!(mart = %mart.name, %error, "the filter of a mart is not understood, it takes no events");
                }
            }
        }
        table
    }

    /// The revision that routes each stretch of `range`.
    fn stretches(&self, partition: u32, range: &Range<u64>) -> Vec<(u64, u64)> {
        let epochs = lock(&self.epochs);
        let Some(epochs) = epochs.get(&partition) else { return vec![(range.start, 0)] };
        let first = epochs.range(..=range.start).next_back().map_or(0, |(_, revision)| *revision);
        let later = epochs.range(range.start.saturating_add(1)..range.end.max(range.start.saturating_add(1)));
        std::iter::once((range.start, first))
            .chain(later.map(|(from, revision)| (*from, *revision)))
            .collect()
    }

    /// The epoch that begins at `from`, where one does.
    fn begins(&self, partition: u32, from: u64) -> Option<RoutingEpoch> {
        let epochs = lock(&self.epochs);
        let last = epochs.get(&partition).and_then(BTreeMap::last_key_value);
        let begins = match last {
            // What is read again goes the way it went.
            Some((since, revision)) => *revision != self.revision && *since <= from,
            None => self.revision > 0,
        };
        begins.then_some(RoutingEpoch { partition, from, revision: self.revision })
    }
}

impl Passage {
    /// `batches` of the offsets in `range`, each event in its mart.
    pub(crate) async fn route(
        &self,
        partition: u32,
        range: Range<u64>,
        batches: Vec<EventBatch>,
    ) -> Result<Vec<EventBatch>, StoreError> {
        let Some(routes) = self.routes.as_ref().filter(|routes| routes.revision > 0) else {
            return Ok(batches);
        };
        if let Some(epoch) = routes.begins(partition, range.start) {
            self.registry.put_routing_epoch(&self.scope, epoch).await?;
            lock(&routes.epochs).entry(partition).or_default().insert(epoch.from, epoch.revision);
        }
        let mut routed = Routed::default();
        let stretches = routes.stretches(partition, &range);
        for batch in batches {
            let mut rest = Some(batch);
            for (number, (_, revision)) in stretches.iter().enumerate() {
                let Some(batch) = rest.take() else { break };
                let (part, behind) = match stretches.get(number + 1) {
                    Some((next, _)) => split_at(batch, *next),
                    None => (Some(batch), None),
                };
                rest = behind;
                let Some(part) = part else { continue };
                let table = routes.table(*revision);
                if table.is_empty() {
                    routed.batches.push(part);
                } else {
                    table.route(part, &mut routed)?;
                }
            }
        }
        metrics::counter!("sentra_marts_routed_events_total").increment(routed.moved);
        metrics::counter!("sentra_marts_purged_events_total").increment(routed.purged);
        Ok(routed.batches)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whoever panicked while holding the lock had nothing half done: entries are put in as a whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
