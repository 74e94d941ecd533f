//! Vectors on disk and in memory: files that are appended to, an exact scan, and above a measured size a graph.

mod graph;
mod journal;
mod shelf;
mod shelves;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use sentra_model::{TenantId, TenantScope};

use self::shelves::Shelves;
use crate::index::{check_batch, check_search};
use crate::vector::likeness;
use crate::{
    Entry, Filter, Found, Hit, ItemId, PutOutcome, Space, SpaceStats, Tended, Vector, VectorError,
    VectorIndex,
};

/// Law LIMIT: items of one tenant that are looked at one by one; with more, most are in a graph (HNSW). Measured by the
/// example `measure`.
pub const EXACT_ITEMS_MAX: usize = 100_000;

/// Law LIMIT: signals and incidents of one tenant that are kept, unless set otherwise. With more, the oldest go,
/// signals before incidents.
pub const ITEMS_MAX: usize = 200_000;

/// Law LIMIT: memory for the vectors of all tenants, bytes, unless set otherwise. When it is full, those of the tenant
/// who has not asked for longest are closed, and read again when he does.
pub const MEMORY_BYTES_MAX: u64 = 1 << 30;

/// Law LIMIT: one record of a file, bytes.
pub const RECORD_BYTES_MAX: usize = 512 << 10;

/// Law LIMIT: a mark, bytes.
pub const MARK_BYTES_MAX: usize = 4 << 10;

/// Bounds of [`EmbeddedVectors`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorLimits {
    /// Items of one tenant that are kept.
    pub items_max: usize,
    /// Items of one tenant that are looked at one by one.
    pub exact_items_max: usize,
    /// Memory for all tenants, bytes.
    pub memory_bytes_max: u64,
}

impl VectorLimits {
    /// Items of one tenant that fit, with vectors of this size: two spaces of it at least, for while one takes the
    /// place of the other.
    fn items_fit(&self, dimensions: usize) -> usize {
        /// Of an item beside its vector, bytes: its row, its places in trees, and links of the graph.
        const BESIDE_BYTES: u64 = 832;
        // The vector takes two bytes a number, its copy in the graph one.
        let item_bytes = dimensions as u64 * 3 + BESIDE_BYTES;
        let fit = self.memory_bytes_max / 2 / item_bytes;
        self.items_max.min(usize::try_from(fit).unwrap_or(usize::MAX)).max(1)
    }
}

impl Default for VectorLimits {
    fn default() -> Self {
        Self { items_max: ITEMS_MAX, exact_items_max: EXACT_ITEMS_MAX, memory_bytes_max: MEMORY_BYTES_MAX }
    }
}

/// The engine for one machine. Each tenant has a directory of its own, read when he first asks.
///
/// The graph is not stored: vectors are, and a scan of them is right from the first moment, while
/// [`VectorIndex::tend`] builds it again.
///
/// Invariant: one process holds the directory. The caller sees to it.
#[derive(Debug)]
pub struct EmbeddedVectors {
    directory: PathBuf,
    limits: VectorLimits,
    tenants: Mutex<HashMap<TenantId, Arc<Tenant>>>,
    /// Goes up with every use, to tell who has not asked for longest.
    uses: AtomicU64,
}

#[derive(Debug, Default)]
struct Tenant {
    shelves: RwLock<Option<Shelves>>,
    used: AtomicU64,
    memory_bytes: AtomicU64,
}

impl EmbeddedVectors {
    /// Opens what is in `directory`, which is made when it is not there.
    ///
    /// # Errors
    ///
    /// A directory that cannot be made.
    pub fn open(directory: impl Into<PathBuf>, limits: VectorLimits) -> Result<Self, VectorError> {
        let directory = directory.into();
        std::fs::create_dir_all(&directory).map_err(VectorError::file("create", &directory))?;
        Ok(Self { directory, limits, tenants: Mutex::default(), uses: AtomicU64::new(1) })
    }

    fn tenant(&self, scope: &TenantScope) -> Arc<Tenant> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let tenant = Arc::clone(tenants.entry(scope.tenant().clone()).or_default());
        tenant.used.store(self.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        tenant
    }

    /// Reads, beside others who read.
    fn read<T>(
        &self,
        scope: &TenantScope,
        then: impl FnOnce(&Shelves) -> Result<T, VectorError>,
    ) -> Result<T, VectorError> {
        let tenant = self.tenant(scope);
        {
            let shelves = tenant.shelves.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(shelves) = shelves.as_ref() {
                return then(shelves);
            }
        }
        self.write(scope, |shelves| then(shelves))
    }

    /// Writes, alone; opens the files first when they are not open.
    fn write<T>(
        &self,
        scope: &TenantScope,
        then: impl FnOnce(&mut Shelves) -> Result<T, VectorError>,
    ) -> Result<T, VectorError> {
        let tenant = self.tenant(scope);
        // A panic in between leaves memory that may lack what the file has: it is read anew.
        let mut opened = tenant.shelves.write().unwrap_or_else(|poisoned| {
            tenant.shelves.clear_poison();
            let mut opened = poisoned.into_inner();
            *opened = None;
            opened
        });
        let shelves = match opened.take() {
            Some(shelves) => shelves,
            None => Shelves::open(&self.directory.join(scope.tenant().as_str()), &self.limits)?,
        };
        let shelves = opened.insert(shelves);
        let done = then(shelves);
        tenant.memory_bytes.store(shelves.memory_bytes(), Ordering::Relaxed);
        drop(opened);
        self.make_room(scope.tenant());
        done
    }

    /// Closes the tenants who have not asked for longest until the memory is enough. Only `kept` stays in any case.
    fn make_room(&self, kept: &TenantId) {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes_of = |tenant: &Arc<Tenant>| tenant.memory_bytes.load(Ordering::Relaxed);
        let mut bytes: u64 = tenants.values().map(bytes_of).sum();
        while bytes > self.limits.memory_bytes_max {
            let others = tenants.iter().filter(|(id, tenant)| *id != kept && Arc::strong_count(tenant) == 1);
            let Some((id, tenant)) = others.min_by_key(|(_, tenant)| tenant.used.load(Ordering::Relaxed))
            else {
                return;
            };
            bytes = bytes.saturating_sub(bytes_of(tenant));
            let id = id.clone();
            tenants.remove(&id);
        }
    }
}

impl VectorIndex for EmbeddedVectors {
    fn put(&self, scope: &TenantScope, space: &Space, entries: &[Entry]) -> Result<PutOutcome, VectorError> {
        check_batch(entries, space)?;
        self.write(scope, |shelves| shelves.put(space, entries))
    }

    fn delete(&self, scope: &TenantScope, ids: &[ItemId]) -> Result<usize, VectorError> {
        self.write(scope, |shelves| shelves.delete(ids))
    }

    fn get(&self, scope: &TenantScope, space: &Space, id: &ItemId) -> Result<Option<Entry>, VectorError> {
        self.read(scope, |shelves| shelves.get(space, id))
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
        self.read(scope, |shelves| {
            let shelf = shelves.shelf(space).ok_or_else(|| VectorError::NoSpace { space: space.clone() })?;
            let (best, engine) = shelf.near(query.parts(), k, filter);
            let hits = best.into_iter().map(|(product, id)| Hit { id, score: likeness(product) }).collect();
            Ok(Found { hits, engine })
        })
    }

    fn stats(&self, scope: &TenantScope) -> Result<Vec<SpaceStats>, VectorError> {
        self.read(scope, |shelves| Ok(shelves.stats()))
    }

    fn active(&self, scope: &TenantScope) -> Result<Option<Space>, VectorError> {
        self.read(scope, |shelves| Ok(shelves.active()))
    }

    fn activate(&self, scope: &TenantScope, space: &Space) -> Result<(), VectorError> {
        self.write(scope, |shelves| shelves.activate(space))
    }

    fn commit(&self, scope: &TenantScope, mark: Option<&str>) -> Result<(), VectorError> {
        self.write(scope, |shelves| shelves.commit(mark))
    }

    fn mark(&self, scope: &TenantScope) -> Result<Option<String>, VectorError> {
        self.read(scope, |shelves| Ok(shelves.mark()))
    }

    fn tend(&self, scope: &TenantScope, items_max: usize) -> Result<Tended, VectorError> {
        let mut tended = Tended { freed_bytes: self.write(scope, Shelves::compact)?, ..Tended::default() };
        while tended.linked < items_max {
            let step = self.write(scope, |shelves| shelves.link(items_max - tended.linked))?;
            tended.linked += step.linked;
            tended.left = step.left;
            if step.linked == 0 {
                break;
            }
        }
        Ok(tended)
    }
}
