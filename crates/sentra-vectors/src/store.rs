use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sentra_model::{Incident, Signal, TenantId, TenantScope, Timestamp};
use serde::Serialize;

use crate::reembed::Reembedding;
use crate::words::head;
use crate::{
    Embedder, Engine, Entry, Filter, Found, ItemId, ItemKind, PutOutcome, Space, SpaceStats, Subject, Tended,
    Traits, Vector, VectorError, VectorIndex, Why,
};

/// What neighbours may be, and how many are wanted.
#[derive(Debug, Clone, Default)]
pub struct NearOptions {
    /// Only of this kind.
    pub kind: Option<ItemKind>,
    /// None of these. What is asked about is never its own neighbour.
    pub excluded: BTreeSet<ItemId>,
    /// Only with evidence at or after this moment.
    pub from: Option<Timestamp>,
    /// Only with evidence before this moment.
    pub to: Option<Timestamp>,
    /// Only as near as this at least; 0 is what has nothing in common.
    pub score_min: f32,
}

/// One that is near.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Neighbour {
    /// Which.
    pub id: ItemId,
    /// Of what kind.
    pub kind: ItemKind,
    /// What it is called.
    pub title: String,
    /// How near it is: 1 for the same, about 0 for nothing in common.
    pub score: f32,
    /// Event time of its first evidence.
    pub first: Timestamp,
    /// Event time of its last evidence.
    pub last: Timestamp,
    /// What it shares with what was asked about.
    pub why: Why,
}

/// How far embedding anew has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Progress {
    /// Items of the source that are done.
    pub done: u64,
    /// How many there are, where the source said.
    pub total: Option<u64>,
}

/// Neighbours, the nearest first, with how they were found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Near {
    /// The neighbours.
    pub neighbours: Vec<Neighbour>,
    /// By which embedding.
    pub space: Space,
    /// Exact, or by a graph.
    pub engine: Engine,
    /// Whether newer items than the ones that were compared may be missing, because they are embedded by a version that
    /// is not complete yet.
    pub is_behind: bool,
}

/// What is kept for a tenant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoreStats {
    /// Signals and incidents that searches look at.
    pub count: u64,
    /// The embedding that searches use.
    pub version: Option<Space>,
    /// How a search without a filter is answered now.
    pub engine: Engine,
    /// Memory of all spaces, bytes.
    pub memory_bytes: u64,
    /// Disk of all spaces, bytes.
    pub disk_bytes: u64,
    /// How far embedding anew has come, while it runs.
    pub reembedding: Option<Progress>,
    /// Whether stored vectors are of another version than this build's, and should be made anew.
    pub is_outdated: bool,
    /// Each space.
    pub spaces: Vec<SpaceStats>,
}

/// Signals and incidents by likeness: puts them, finds near ones, and says why they are near.
///
/// Invariant: like its index, it computes and waits for the disk; async code calls it where it may block.
#[derive(Debug)]
pub struct VectorStore {
    index: Arc<dyn VectorIndex>,
    wanted: Arc<dyn Embedder>,
    /// Other embedders that this build has, for what was stored by them.
    others: Vec<Arc<dyn Embedder>>,
    reembeddings: Mutex<BTreeMap<TenantId, Reembedding>>,
}

impl VectorStore {
    /// A store over `index` whose vectors are made by `wanted`. `others` embed too what is stored in their spaces,
    /// until everything is embedded by `wanted`.
    #[must_use]
    pub fn new(
        index: Arc<dyn VectorIndex>,
        wanted: Arc<dyn Embedder>,
        others: Vec<Arc<dyn Embedder>>,
    ) -> Self {
        Self { index, wanted, others, reembeddings: Mutex::default() }
    }

    /// Puts a signal, or replaces what it was.
    ///
    /// # Errors
    ///
    /// Another tenant's, and what embedder and index say.
    pub fn put_signal(&self, scope: &TenantScope, signal: &Signal) -> Result<PutOutcome, VectorError> {
        self.put(scope, &[Subject::of_signal(signal)])
    }

    /// Puts an incident with its signals, or replaces its earlier version. One that became part of another goes.
    ///
    /// # Errors
    ///
    /// Another tenant's, and what embedder and index say.
    pub fn put_incident(
        &self,
        scope: &TenantScope,
        incident: &Incident,
        signals: &[Signal],
    ) -> Result<PutOutcome, VectorError> {
        let subject = Subject::of_incident(incident, signals);
        if incident.merged_into.is_some() {
            check_tenant(scope, &subject)?;
            self.delete(scope, &[subject.id])?;
            return Ok(PutOutcome::default());
        }
        self.put(scope, &[subject])
    }

    /// Puts several at once, which is faster. At most [`crate::PUT_BATCH_MAX`].
    ///
    /// # Errors
    ///
    /// Another tenant's (nothing is put then), and what embedder and index say.
    pub fn put(&self, scope: &TenantScope, subjects: &[Subject]) -> Result<PutOutcome, VectorError> {
        subjects.iter().try_for_each(|subject| check_tenant(scope, subject))?;
        let active = self.active(scope)?;
        if active != *self.wanted.space()
            && let Some(embedder) = self.embedder(&active)
        {
            self.index.put(scope, &active, &entries(embedder, subjects)?)?;
        }
        self.index.put(scope, self.wanted.space(), &entries(self.wanted.as_ref(), subjects)?)
    }

    /// Removes items; how many there were.
    ///
    /// # Errors
    ///
    /// What the index says.
    pub fn delete(&self, scope: &TenantScope, ids: &[ItemId]) -> Result<usize, VectorError> {
        let mut reembeddings = self.reembeddings();
        if let Some(running) = reembeddings.get_mut(scope.tenant()) {
            // The source may have handed it over already.
            running.deleted.extend(ids);
        }
        self.index.delete(scope, ids)
    }

    /// What is near the signal or incident of `id`.
    ///
    /// # Errors
    ///
    /// An id that is not there, more than [`crate::NEAR_MAX`], and what the index says.
    pub fn near_id(
        &self,
        scope: &TenantScope,
        id: &ItemId,
        k: usize,
        options: &NearOptions,
    ) -> Result<Near, VectorError> {
        let space = self.active(scope)?;
        let asked = self.index.get(scope, &space, id)?.ok_or(VectorError::Unknown { id: *id })?;
        let mut options = options.clone();
        options.excluded.insert(*id);
        self.near(scope, &space, &asked.vector, k, &options, |near| Why::between(&asked.traits, near))
    }

    /// What is near a signal or incident that need not be stored. It is not its own neighbour.
    ///
    /// # Errors
    ///
    /// Another tenant's, stored vectors that this build cannot compare with, and what the index says.
    pub fn near_subject(
        &self,
        scope: &TenantScope,
        subject: &Subject,
        k: usize,
        options: &NearOptions,
    ) -> Result<Near, VectorError> {
        check_tenant(scope, subject)?;
        let space = self.active(scope)?;
        let vectors = self.embedder_of(&space)?.subjects(std::slice::from_ref(subject))?;
        let vector = vectors.first().ok_or(VectorError::EmptyText)?;
        let mut options = options.clone();
        options.excluded.insert(subject.id);
        self.near(scope, &space, vector, k, &options, |near| Why::between(&subject.traits, near))
    }

    /// What is near to what somebody wrote: words, technique ids, event codes, addresses, accounts. Of a text longer
    /// than [`crate::TEXT_BYTES_MAX`] the beginning is read.
    ///
    /// # Errors
    ///
    /// A text without words, stored vectors that texts cannot be compared with, and what the index says.
    pub fn near_text(
        &self,
        scope: &TenantScope,
        text: &str,
        k: usize,
        options: &NearOptions,
    ) -> Result<Near, VectorError> {
        let text = head(text);
        let space = self.active(scope)?;
        let vector = self.embedder_of(&space)?.text(text)?;
        self.near(scope, &space, &vector, k, options, |near| Why::in_text(text, near))
    }

    fn near(
        &self,
        scope: &TenantScope,
        space: &Space,
        vector: &Vector,
        k: usize,
        options: &NearOptions,
        why: impl Fn(&Traits) -> Why,
    ) -> Result<Near, VectorError> {
        let NearOptions { kind, excluded, from, to, score_min } = options.clone();
        let filter = Filter { kind, excluded, from, to };
        let Found { hits, engine } = self.index.search(scope, space, vector, k, &filter)?;
        let mut neighbours = Vec::with_capacity(hits.len());
        for hit in hits.into_iter().filter(|hit| hit.score >= score_min) {
            // One that went in between is left out.
            let Some(entry) = self.index.get(scope, space, &hit.id)? else { continue };
            let Entry { id, first, last, traits, .. } = entry;
            let why = why(&traits);
            let title = traits.title;
            neighbours.push(Neighbour { id, kind: id.kind(), title, score: hit.score, first, last, why });
        }
        let is_behind = space != self.wanted.space() && self.embedder(space).is_none();
        Ok(Near { neighbours, space: space.clone(), engine, is_behind })
    }

    /// What is kept for the tenant.
    ///
    /// # Errors
    ///
    /// What the index says.
    pub fn stats(&self, scope: &TenantScope) -> Result<StoreStats, VectorError> {
        let spaces = self.index.stats(scope)?;
        let active = spaces.iter().find(|space| space.is_active);
        Ok(StoreStats {
            count: active.map_or(0, |space| space.signals + space.incidents),
            version: active.map(|space| space.space.clone()),
            engine: active.map_or(Engine::Exact, |space| space.engine),
            memory_bytes: spaces.iter().map(|space| space.memory_bytes).sum(),
            disk_bytes: spaces.iter().map(|space| space.disk_bytes).sum(),
            reembedding: self.reembeddings().get(scope.tenant()).map(|running| running.progress),
            is_outdated: active.is_some_and(|space| space.space != *self.wanted.space()),
            spaces,
        })
    }

    /// Makes what was put and deleted durable, together with how far the source was read.
    ///
    /// # Errors
    ///
    /// What the index says.
    pub fn commit(&self, scope: &TenantScope, mark: Option<&str>) -> Result<(), VectorError> {
        self.active(scope)?;
        self.index.commit(scope, mark)
    }

    /// From where the source is to be read: the last mark whose data is all there; `None` for its beginning.
    ///
    /// # Errors
    ///
    /// What the index says.
    pub fn mark(&self, scope: &TenantScope) -> Result<Option<String>, VectorError> {
        self.index.mark(scope)
    }

    /// Does work in the background for at most about `items_max` items, see [`VectorIndex::tend`].
    ///
    /// # Errors
    ///
    /// What the index says.
    pub fn tend(&self, scope: &TenantScope, items_max: usize) -> Result<Tended, VectorError> {
        self.index.tend(scope, items_max)
    }

    /// Whether stored vectors are of another version than wanted: a [`crate::Reembedder`] brings them up to date.
    ///
    /// # Errors
    ///
    /// What the index says.
    pub fn is_outdated(&self, scope: &TenantScope) -> Result<bool, VectorError> {
        Ok(self.active(scope)? != *self.wanted.space())
    }

    /// The space that searches use. The first of a tenant is the wanted one.
    fn active(&self, scope: &TenantScope) -> Result<Space, VectorError> {
        if let Some(active) = self.index.active(scope)? {
            return Ok(active);
        }
        self.index.activate(scope, self.wanted.space())?;
        Ok(self.wanted.space().clone())
    }

    fn embedder(&self, space: &Space) -> Option<&dyn Embedder> {
        let known = std::iter::once(&self.wanted).chain(&self.others);
        known.map(Arc::as_ref).find(|embedder| embedder.space() == space)
    }

    fn embedder_of(&self, space: &Space) -> Result<&dyn Embedder, VectorError> {
        self.embedder(space).ok_or_else(|| VectorError::EmbedderAway {
            stored: space.clone(),
            wanted: self.wanted.space().clone(),
        })
    }

    pub(crate) fn wanted(&self) -> &dyn Embedder {
        self.wanted.as_ref()
    }

    pub(crate) fn index(&self) -> &dyn VectorIndex {
        self.index.as_ref()
    }

    pub(crate) fn reembeddings(&self) -> MutexGuard<'_, BTreeMap<TenantId, Reembedding>> {
        // Nothing is changed in two steps between which somebody could panic.
        self.reembeddings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Law TENANT.
pub(crate) fn check_tenant(scope: &TenantScope, subject: &Subject) -> Result<(), VectorError> {
    if subject.tenant == *scope.tenant() {
        return Ok(());
    }
    Err(VectorError::Foreign { id: subject.id, scope: scope.tenant().clone() })
}

pub(crate) fn entries(embedder: &dyn Embedder, subjects: &[Subject]) -> Result<Vec<Entry>, VectorError> {
    let vectors = embedder.subjects(subjects)?;
    let entries = subjects.iter().zip(vectors).map(|(subject, vector)| Entry {
        id: subject.id,
        first: subject.first,
        last: subject.last,
        stamp: subject.stamp,
        traits: subject.traits.clone(),
        vector,
    });
    Ok(entries.collect())
}
