//! The engine of the product: one Tantivy index per tenant, in a directory of its own.
//!
//! Law SOURCE: positions, counters and documents are one Tantivy commit, whose payload is the [`Ledger`]. What was not
//! committed is gone with the process, and so is its position.
//!
//! [`Ledger`]: crate::ledger::Ledger

mod open;
mod room;
mod schema;
mod search;
mod tenant;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use sentra_model::{EventId, TenantId, TenantScope, Timestamp};

use crate::budget::Budget;
use crate::document::{Routed, Why};
use crate::error::ForensicError;
use crate::index::{Appended, CheckReport, Progress, SetAside, TextIndex, TextStats};
use crate::ledger::Ledger;
use crate::policy::{Classes, ForensicConfig, PolicyError};
use crate::query::{Deadline, TextAnswer, TextQuery};

use tenant::Tenant;

/// Tenants whose index is open at once. The one that was not used for longest is committed and closed before another
/// is opened.
pub const TENANTS_OPEN_MAX: usize = 64;

/// Limits of an [`EmbeddedIndex`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddedOptions {
    /// Memory in which documents of one tenant are gathered before they are written, in bytes.
    pub writer_memory_bytes: usize,
    /// Bytes of documents of one tenant that wait for a commit before one is made in any case.
    pub uncommitted_bytes_max: u64,
    /// Indexes up to this many bytes are read as a whole when they are opened, to find what is damaged; of larger ones
    /// what is needed to open them is.
    pub checked_at_open_bytes_max: u64,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            writer_memory_bytes: 24 * 1024 * 1024,
            uncommitted_bytes_max: 32 * 1024 * 1024,
            checked_at_open_bytes_max: 512 * 1024 * 1024,
        }
    }
}

/// Tantivy indexes below one directory.
#[derive(Debug)]
pub struct EmbeddedIndex {
    directory: PathBuf,
    settings: Arc<Settings>,
    tenants: Mutex<BTreeMap<TenantId, Open>>,
    uses: AtomicU64,
}

/// What all tenants share.
#[derive(Debug)]
struct Settings {
    classes: Classes,
    budget: Budget,
    options: EmbeddedOptions,
}

#[derive(Debug)]
struct Open {
    tenant: Arc<Tenant>,
    used: u64,
}

impl EmbeddedIndex {
    /// The indexes below `directory`. Each is opened when it is first asked.
    ///
    /// # Errors
    /// What is wrong with `config`.
    pub fn new(
        directory: &Path,
        config: &ForensicConfig,
        options: EmbeddedOptions,
    ) -> Result<Self, PolicyError> {
        let settings = Settings { classes: config.classes()?, budget: config.budget, options };
        Ok(Self {
            directory: directory.to_owned(),
            settings: Arc::new(settings),
            tenants: Mutex::default(),
            uses: AtomicU64::new(0),
        })
    }

    /// What was damaged in the indexes that were opened so far, and where it is now.
    pub fn set_aside(&self) -> Vec<(TenantId, SetAside)> {
        let Ok(tenants) = self.tenants.lock() else { return Vec::new() };
        tenants
            .iter()
            .filter_map(|(name, open)| Some((name.clone(), open.tenant.set_aside().cloned()?)))
            .collect()
    }

    /// The index of a tenant, made when it is missing.
    fn tenant(&self, scope: &TenantScope) -> Result<Arc<Tenant>, ForensicError> {
        self.open(scope, true)?.ok_or_else(|| ForensicError::Poisoned { tenant: scope.tenant().to_string() })
    }

    /// The index of a tenant; `None` when there is none and none is to be made.
    fn open(&self, scope: &TenantScope, is_made: bool) -> Result<Option<Arc<Tenant>>, ForensicError> {
        let mut tenants = self.tenants.lock().map_err(|_| poisoned(scope))?;
        let used = self.uses.fetch_add(1, Ordering::Relaxed);
        if let Some(open) = tenants.get_mut(scope.tenant()) {
            open.used = used;
            return Ok(Some(Arc::clone(&open.tenant)));
        }
        let directory = self.directory.join(scope.tenant().as_str());
        if !is_made && !open::is_there(&directory)? {
            return Ok(None);
        }
        close_stalest(&mut tenants)?;
        let tenant = Arc::new(open::open(&directory, scope.tenant(), &self.settings)?);
        tenants.insert(scope.tenant().clone(), Open { tenant: Arc::clone(&tenant), used });
        Ok(Some(tenant))
    }
}

/// Law LIMIT: each open index has threads, memory and files.
fn close_stalest(tenants: &mut MutexGuard<'_, BTreeMap<TenantId, Open>>) -> Result<(), ForensicError> {
    if tenants.len() < TENANTS_OPEN_MAX {
        return Ok(());
    }
    // One that somebody works with stays, or it would be opened twice.
    let idle = tenants.iter().filter(|(_, open)| Arc::strong_count(&open.tenant) == 1);
    let Some(name) = idle.min_by_key(|(_, open)| open.used).map(|(name, _)| name.clone()) else {
        return Ok(());
    };
    if let Some(open) = tenants.get(&name) {
        open.tenant.commit()?;
    }
    tenants.remove(&name);
    Ok(())
}

fn poisoned(scope: &TenantScope) -> ForensicError {
    ForensicError::Poisoned { tenant: scope.tenant().to_string() }
}

impl TextIndex for EmbeddedIndex {
    fn append(
        &self,
        scope: &TenantScope,
        routed: Vec<Routed>,
        progress: Option<Progress>,
    ) -> Result<Appended, ForensicError> {
        self.tenant(scope)?.append(routed, progress)
    }

    fn commit(&self, scope: &TenantScope) -> Result<(), ForensicError> {
        match self.open(scope, false)? {
            Some(tenant) => tenant.commit(),
            None => Ok(()),
        }
    }

    fn position(&self, scope: &TenantScope, partition: u32) -> Result<u64, ForensicError> {
        match self.open(scope, false)? {
            Some(tenant) => tenant.position(partition),
            None => Ok(0),
        }
    }

    fn missing(&self, scope: &TenantScope, wanted: &[(EventId, Why)]) -> Result<Vec<EventId>, ForensicError> {
        match self.open(scope, false)? {
            Some(tenant) => tenant.missing(wanted),
            None => Ok(wanted.iter().map(|(id, _)| *id).collect()),
        }
    }

    fn expire(&self, scope: &TenantScope, now: Timestamp) -> Result<u64, ForensicError> {
        match self.open(scope, false)? {
            Some(tenant) => tenant.expire(now),
            None => Ok(0),
        }
    }

    fn search(
        &self,
        scope: &TenantScope,
        query: &TextQuery,
        deadline: &Deadline,
    ) -> Result<TextAnswer, ForensicError> {
        let lookup = query.lookup()?;
        match self.open(scope, false)? {
            Some(tenant) => tenant.search(&lookup, deadline),
            None => Ok(TextAnswer { complete: true, ..TextAnswer::default() }),
        }
    }

    fn stats(&self, scope: &TenantScope) -> Result<TextStats, ForensicError> {
        match self.open(scope, false)? {
            Some(tenant) => tenant.stats(),
            None => Ok(self.settings.stats(&Ledger::default(), 0, None)),
        }
    }

    fn check(&self, scope: &TenantScope) -> Result<CheckReport, ForensicError> {
        match self.open(scope, false)? {
            Some(tenant) => tenant.check(),
            None => Ok(CheckReport::default()),
        }
    }
}

impl Settings {
    fn stats(&self, ledger: &Ledger, bytes: u64, set_aside: Option<SetAside>) -> TextStats {
        TextStats {
            documents: ledger.documents(),
            bytes,
            budget_bytes: self.budget.bytes(ledger.ingested_bytes),
            share_percent: self.budget.share_percent,
            floor_bytes: self.budget.floor_bytes,
            ingested_bytes: ledger.ingested_bytes,
            classes: ledger.by_class(&self.classes),
            set_aside,
        }
    }
}
