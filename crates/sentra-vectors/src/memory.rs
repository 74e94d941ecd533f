use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sentra_model::{TenantId, TenantScope};

use crate::index::{check_batch, check_search};
use crate::top::Top;
use crate::vector::{dot, likeness};
use crate::{
    Engine, Entry, Filter, Found, Hit, ITEMS_MAX, ItemId, ItemKind, MARK_BYTES_MAX, PutOutcome, Space,
    SpaceStats, Tended, Vector, VectorError, VectorIndex,
};

/// Vectors in memory, found by looking at all of them: the definition that other engines are held against.
#[derive(Debug, Default)]
pub struct MemoryVectors {
    tenants: Mutex<BTreeMap<TenantId, Tenant>>,
}

#[derive(Debug, Default)]
struct Tenant {
    spaces: BTreeMap<Space, Shelf>,
    active: Option<Space>,
    mark: Option<String>,
}

#[derive(Debug, Default)]
struct Shelf {
    entries: BTreeMap<ItemId, Entry>,
    evicted: u64,
}

impl MemoryVectors {
    /// With nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn tenants(&self) -> MutexGuard<'_, BTreeMap<TenantId, Tenant>> {
        // Nothing is changed in two steps between which somebody could panic.
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, scope: &TenantScope, then: impl FnOnce(&mut Tenant) -> T) -> T {
        then(self.tenants().entry(scope.tenant().clone()).or_default())
    }
}

impl Shelf {
    fn put(&mut self, entries: &[Entry]) -> PutOutcome {
        let mut outcome = PutOutcome::default();
        for entry in entries {
            if self.entries.get(&entry.id).is_some_and(|kept| kept.stamp > entry.stamp) {
                outcome.stale += 1;
                continue;
            }
            self.entries.insert(entry.id, entry.clone());
            outcome.stored += 1;
        }
        while self.entries.len() > ITEMS_MAX {
            let oldest = self.entries.values().min_by_key(|entry| (entry.id.kind(), entry.last, entry.id));
            let Some(oldest) = oldest.map(|entry| entry.id) else { break };
            self.entries.remove(&oldest);
            outcome.evicted += 1;
        }
        self.evicted += outcome.evicted as u64;
        outcome
    }

    fn count(&self, kind: ItemKind) -> u64 {
        self.entries.keys().filter(|id| id.kind() == kind).count() as u64
    }
}

impl VectorIndex for MemoryVectors {
    fn put(&self, scope: &TenantScope, space: &Space, entries: &[Entry]) -> Result<PutOutcome, VectorError> {
        check_batch(entries, space)?;
        Ok(self.with(scope, |tenant| tenant.spaces.entry(space.clone()).or_default().put(entries)))
    }

    fn delete(&self, scope: &TenantScope, ids: &[ItemId]) -> Result<usize, VectorError> {
        Ok(self.with(scope, |tenant| {
            let mut removed = 0;
            for id in ids {
                let mut was_there = false;
                for shelf in tenant.spaces.values_mut() {
                    was_there |= shelf.entries.remove(id).is_some();
                }
                removed += usize::from(was_there);
            }
            removed
        }))
    }

    fn get(&self, scope: &TenantScope, space: &Space, id: &ItemId) -> Result<Option<Entry>, VectorError> {
        Ok(self.with(scope, |tenant| tenant.spaces.get(space)?.entries.get(id).cloned()))
    }

    fn search(
        &self,
        scope: &TenantScope,
        space: &Space,
        query: &Vector,
        k: usize,
        filter: &Filter,
    ) -> Result<Found, VectorError> {
        check_search(query, space, k, filter)?;
        self.with(scope, |tenant| {
            let shelf =
                tenant.spaces.get(space).ok_or_else(|| VectorError::NoSpace { space: space.clone() })?;
            let mut top = Top::new(k);
            for entry in shelf.entries.values() {
                if filter.admits(&entry.id, entry.first, entry.last) {
                    top.show(dot(query.parts(), entry.vector.parts()), entry.id, 0);
                }
            }
            let best = top.into_best_first().into_iter();
            let hits = best.map(|(product, id, _)| Hit { id, score: likeness(product) }).collect();
            Ok(Found { hits, engine: Engine::Exact })
        })
    }

    fn stats(&self, scope: &TenantScope) -> Result<Vec<SpaceStats>, VectorError> {
        Ok(self.with(scope, |tenant| {
            let stats = tenant.spaces.iter().map(|(space, shelf)| SpaceStats {
                space: space.clone(),
                is_active: tenant.active.as_ref() == Some(space),
                signals: shelf.count(ItemKind::Signal),
                incidents: shelf.count(ItemKind::Incident),
                engine: Engine::Exact,
                scanned: shelf.entries.len() as u64,
                memory_bytes: (shelf.entries.len() * (space.dimensions() * 2 + size_of::<Entry>())) as u64,
                disk_bytes: 0,
                evicted: shelf.evicted,
                cut_bytes: 0,
            });
            stats.collect()
        }))
    }

    fn active(&self, scope: &TenantScope) -> Result<Option<Space>, VectorError> {
        Ok(self.with(scope, |tenant| tenant.active.clone()))
    }

    fn activate(&self, scope: &TenantScope, space: &Space) -> Result<(), VectorError> {
        self.with(scope, |tenant| {
            tenant.spaces.retain(|kept, _| kept == space);
            tenant.spaces.entry(space.clone()).or_default();
            tenant.active = Some(space.clone());
        });
        Ok(())
    }

    fn commit(&self, scope: &TenantScope, mark: Option<&str>) -> Result<(), VectorError> {
        let Some(mark) = mark else { return Ok(()) };
        if mark.len() > MARK_BYTES_MAX {
            return Err(VectorError::TooMany {
                what: "bytes of a mark",
                got: mark.len(),
                max: MARK_BYTES_MAX,
            });
        }
        self.with(scope, |tenant| {
            tenant.active.as_ref().ok_or(VectorError::NothingActive)?;
            tenant.mark = Some(mark.to_owned());
            Ok(())
        })
    }

    fn mark(&self, scope: &TenantScope) -> Result<Option<String>, VectorError> {
        Ok(self.with(scope, |tenant| tenant.mark.clone()))
    }

    fn tend(&self, _scope: &TenantScope, _items_max: usize) -> Result<Tended, VectorError> {
        Ok(Tended::default())
    }
}
