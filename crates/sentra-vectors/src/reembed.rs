use std::collections::HashSet;

use sentra_model::{Incident, Signal, TenantScope};

use crate::store::{check_tenant, entries};
use crate::{ItemId, Progress, Subject, VectorError, VectorStore};

/// Law LIMIT: items embedded anew at once.
pub const REEMBED_BATCH_MAX: usize = 256;

/// A signal or an incident as the records have it.
#[derive(Debug, Clone)]
pub enum StoredItem {
    /// A signal.
    Signal(Box<Signal>),
    /// An incident and its signals.
    Incident(Box<Incident>, Vec<Signal>),
}

impl StoredItem {
    /// `None` for an incident that became part of another: it is no longer one.
    fn subject(&self) -> Option<Subject> {
        match self {
            Self::Signal(signal) => Some(Subject::of_signal(signal)),
            Self::Incident(incident, _) if incident.merged_into.is_some() => None,
            Self::Incident(incident, signals) => Some(Subject::of_incident(incident, signals)),
        }
    }
}

/// Embedding anew that runs for a tenant.
#[derive(Debug, Default)]
pub(crate) struct Reembedding {
    pub(crate) progress: Progress,
    /// Removed since it began: the source may have handed them over before.
    pub(crate) deleted: HashSet<ItemId>,
}

/// Brings the vectors of one tenant to the version that is wanted, in bounded steps that whoever has time calls. Until
/// [`Self::finish`] searches go on with the old version, and new items go to both.
///
/// When it is dropped before the end, or the process ends, nothing is lost: the next one goes on, and what is there
/// already costs only its embedding.
#[derive(Debug)]
pub struct Reembedder<'a> {
    store: &'a VectorStore,
    scope: TenantScope,
}

impl<'a> Reembedder<'a> {
    /// Begins; `None` when the vectors are of the wanted version, or it runs already. `total` is how many items the
    /// source has, where that is known.
    ///
    /// # Errors
    ///
    /// What the index says.
    pub fn begin(
        store: &'a VectorStore,
        scope: &TenantScope,
        total: Option<u64>,
    ) -> Result<Option<Self>, VectorError> {
        if !store.is_outdated(scope)? {
            return Ok(None);
        }
        let mut running = store.reembeddings();
        if running.contains_key(scope.tenant()) {
            return Ok(None);
        }
        let progress = Progress { done: 0, total };
        running.insert(scope.tenant().clone(), Reembedding { progress, ..Reembedding::default() });
        Ok(Some(Self { store, scope: scope.clone() }))
    }

    /// Embeds `items`, at most [`REEMBED_BATCH_MAX`].
    ///
    /// # Errors
    ///
    /// Too many, another tenant's, and what embedder and index say. The step may be repeated.
    pub fn take(&self, items: &[StoredItem]) -> Result<Progress, VectorError> {
        if items.len() > REEMBED_BATCH_MAX {
            return Err(VectorError::TooMany { what: "items", got: items.len(), max: REEMBED_BATCH_MAX });
        }
        let subjects: Vec<Subject> = items.iter().filter_map(StoredItem::subject).collect();
        subjects.iter().try_for_each(|subject| check_tenant(&self.scope, subject))?;
        let mut entries = entries(self.store.wanted(), &subjects)?;
        // Held while they are put, so that nobody removes one in between and finds it back.
        let mut running = self.store.reembeddings();
        let Some(running) = running.get_mut(self.scope.tenant()) else { return Ok(Progress::default()) };
        entries.retain(|entry| !running.deleted.contains(&entry.id));
        self.store.index().put(&self.scope, self.store.wanted().space(), &entries)?;
        running.progress.done += items.len() as u64;
        Ok(running.progress)
    }

    /// All has been taken: from now on searches use the new version, and the old one is dropped.
    ///
    /// # Errors
    ///
    /// What the index says; the old version stays then.
    pub fn finish(self) -> Result<(), VectorError> {
        let _running = self.store.reembeddings();
        self.store.index().activate(&self.scope, self.store.wanted().space())
    }

    /// Takes all that `source` has and finishes. `go_on` is asked after every batch: when it says no, the old version
    /// stays. Whether it came to the end.
    ///
    /// # Errors
    ///
    /// The first error of the source, and those of [`Self::take`].
    pub fn run<E: std::error::Error + Send + Sync + 'static>(
        self,
        source: impl IntoIterator<Item = Result<StoredItem, E>>,
        mut go_on: impl FnMut(Progress) -> bool,
    ) -> Result<bool, VectorError> {
        let mut batch = Vec::with_capacity(REEMBED_BATCH_MAX);
        for item in source {
            batch.push(item.map_err(|error| VectorError::Source(Box::new(error)))?);
            if batch.len() < REEMBED_BATCH_MAX {
                continue;
            }
            if !go_on(self.take(&batch)?) {
                return Ok(false);
            }
            batch.clear();
        }
        self.take(&batch)?;
        self.finish()?;
        Ok(true)
    }
}

impl Drop for Reembedder<'_> {
    fn drop(&mut self) {
        self.store.reembeddings().remove(self.scope.tenant());
    }
}
