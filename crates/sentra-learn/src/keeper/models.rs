//! The registry and the bytes of its models.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sentra_model::{TenantId, Timestamp};

use super::error::LearnError;
use super::state::ROW_BYTES_MAX;
use crate::registry::{Artefact, ModelKind, ModelVersion, Registry};
use crate::sequence::SequenceModel;

/// Law LIMIT: models of one kind that are kept.
pub const MODELS_PER_KIND_MAX: usize = 6;

/// One tenant's models.
#[derive(Debug)]
pub(super) struct Models {
    pub(super) registry: Registry,
    bytes: BTreeMap<(ModelKind, ModelVersion), Arc<[u8]>>,
    /// Models whose stored bytes have to be written or removed.
    pub(super) changed_bytes: BTreeSet<(ModelKind, ModelVersion)>,
    /// Parts in which removed bytes are stored.
    pub(super) forgotten: BTreeMap<(ModelKind, ModelVersion), u16>,
    pub(super) is_registry_changed: bool,
    /// Parts in which the registry is stored.
    pub(super) registry_parts: u16,
}

impl Models {
    pub(super) fn new(tenant: TenantId) -> Self {
        Self {
            registry: Registry::new(tenant),
            bytes: BTreeMap::new(),
            changed_bytes: BTreeSet::new(),
            forgotten: BTreeMap::new(),
            is_registry_changed: false,
            registry_parts: 0,
        }
    }

    pub(super) fn bytes(&self, kind: ModelKind, version: ModelVersion) -> Option<Arc<[u8]>> {
        self.bytes.get(&(kind, version)).cloned()
    }

    /// Keeps bytes that are stored already.
    pub(super) fn keep(&mut self, kind: ModelKind, version: ModelVersion, bytes: Arc<[u8]>) {
        self.bytes.insert((kind, version), bytes);
    }

    /// Adds a model; older ones go when there are more than [`MODELS_PER_KIND_MAX`].
    pub(super) fn add(&mut self, artefact: Artefact, by: &str, at: Timestamp) -> Result<(), LearnError> {
        let (kind, version) = (artefact.card.kind, artefact.card.version);
        let mut dropped: Vec<(ModelKind, ModelVersion)> = Vec::new();
        let crowded_out = self.registry.add(artefact.card, by)?;
        self.is_registry_changed = true;
        self.keep(kind, version, artefact.bytes.into());
        self.changed_bytes.insert((kind, version));
        for gone in crowded_out {
            let owners = self.bytes.keys().filter(|(_, version)| *version == gone);
            dropped.extend(owners.copied());
        }
        let pruned = self.registry.prune(kind, MODELS_PER_KIND_MAX, at);
        dropped.extend(pruned.into_iter().map(|version| (kind, version)));
        for (kind, version) in dropped {
            self.drop_bytes(kind, version);
        }
        Ok(())
    }

    pub(super) fn drop_bytes(&mut self, kind: ModelKind, version: ModelVersion) {
        if let Some(bytes) = self.bytes.remove(&(kind, version)) {
            self.forget(kind, version, bytes.len().div_ceil(ROW_BYTES_MAX).max(1) as u16);
        }
    }

    /// Stored bytes in so many parts are of no use.
    pub(super) fn forget(&mut self, kind: ModelKind, version: ModelVersion, parts: u16) {
        self.forgotten.insert((kind, version), parts);
        self.changed_bytes.insert((kind, version));
    }

    pub(super) fn forgotten_parts(&self, kind: ModelKind, version: ModelVersion) -> std::ops::Range<u16> {
        0..self.forgotten.get(&(kind, version)).copied().unwrap_or_default()
    }

    /// A sequence model, ready to work.
    pub(super) fn sequence(&self, version: ModelVersion) -> Result<SequenceModel, LearnError> {
        let kind = ModelKind::Sequence;
        let bytes = self.bytes(kind, version).ok_or(LearnError::NoBytes { kind, version })?;
        Ok(SequenceModel::from_bytes(&bytes)?)
    }
}
