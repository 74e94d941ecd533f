//! A set of indicators: immutable, compact, exact.

mod builder;
mod contexts;
mod detail;
mod draft;
mod parts;
mod table;
mod version;

use std::collections::BTreeMap;
use std::sync::Arc;

use sentra_model::Timestamp;
use serde::Serialize;

pub use builder::{INDICATOR_RECORDS_MAX, IndicatorsBuilder, PushError};
pub use contexts::INDICATOR_CONTEXTS_BYTES_MAX;
pub(crate) use parts::{IndicatorId, Part, Parts};
pub(crate) use table::Keys;

use super::decay::DecayPolicy;
use super::indicator::{Indicator, IndicatorContext};
use super::kind::IndicatorKind;
use super::look::{Look, Looker};

/// What a set of indicators holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct IndicatorsSummary {
    /// Records that were taken from the feeds.
    pub records: u64,
    /// Different values.
    pub values: u64,
    /// Different values by kind.
    pub by_kind: BTreeMap<IndicatorKind, u64>,
    /// Records that lost all but their source, because the set says too many different things.
    pub bared: u64,
    /// Bytes in memory.
    pub bytes: u64,
}

impl IndicatorsSummary {
    fn new(records: usize, bared: u64, parts: &Parts, contexts: &[Arc<IndicatorContext>]) -> Self {
        let mut by_kind = BTreeMap::new();
        for (kind, count) in [
            (IndicatorKind::Address, parts.v4.len() + parts.v6.len()),
            (IndicatorKind::Network, parts.networks4.part.len() + parts.networks6.part.len()),
            (IndicatorKind::Domain, parts.domains.part.len()),
            (IndicatorKind::Url, parts.urls.part.len()),
            (IndicatorKind::Mail, parts.mails.len()),
            (IndicatorKind::Md5, parts.md5.len()),
            (IndicatorKind::Sha1, parts.sha1.len()),
            (IndicatorKind::Sha256, parts.sha256.len()),
        ] {
            by_kind.insert(kind, count as u64);
        }
        let contexts_bytes: usize = contexts.iter().map(|context| context.bytes()).sum();
        Self {
            records: records as u64,
            values: by_kind.values().sum(),
            by_kind,
            bared,
            bytes: (parts.bytes() + contexts_bytes) as u64,
        }
    }
}

/// A set of indicators, made by an [`IndicatorsBuilder`]. It never changes: a new one takes its place as a whole.
#[derive(Debug)]
pub struct Indicators {
    pub(crate) parts: Parts,
    contexts: Vec<Arc<IndicatorContext>>,
    policy: DecayPolicy,
    version: String,
    summary: IndicatorsSummary,
}

impl Default for Indicators {
    fn default() -> Self {
        IndicatorsBuilder::default().finish()
    }
}

impl Indicators {
    /// The digest of all that is in it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What it holds.
    #[must_use]
    pub fn summary(&self) -> &IndicatorsSummary {
        &self.summary
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.summary.values == 0
    }

    /// How confidence falls.
    #[must_use]
    pub fn policy(&self) -> &DecayPolicy {
        &self.policy
    }

    /// The indicator that `text` (an address, name, URL, digest or mail address) is at `now`, with the confidence that
    /// is left of it. Of several (a name and the name above it) the most confident, of equals the most specific.
    #[must_use]
    pub fn find(&self, text: &str, now: Timestamp) -> Option<(Indicator, f64)> {
        let text = text.trim();
        let look = if text.contains("://") {
            Look::Url
        } else if text.contains('@') {
            Look::Mails
        } else if matches!(text.len(), 32 | 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Look::Hashes
        } else if text.contains('/') {
            Look::Url
        } else {
            Look::Host
        };
        let mut looker = Looker::default();
        looker.look(&self.parts, look, text);
        looker
            .groups()
            .find_map(|group| self.best(group, now))
            .and_then(|(id, confidence)| Some((self.indicator(id)?, confidence)))
    }

    /// Of several indicators for one value the one that counts at `now`.
    pub(crate) fn best(&self, ids: &[IndicatorId], now: Timestamp) -> Option<(IndicatorId, f64)> {
        let mut best: Option<(IndicatorId, f64)> = None;
        for id in ids {
            let left =
                self.parts.detail(*id).and_then(|detail| detail.confidence_at(id.kind(), &self.policy, now));
            let Some(left) = left else { continue };
            if best.is_none_or(|(_, most)| left > most) {
                best = Some((*id, left));
            }
        }
        best
    }

    /// All that is known of `id`.
    pub(crate) fn indicator(&self, id: IndicatorId) -> Option<Indicator> {
        let detail = self.parts.detail(id)?;
        Some(Indicator {
            kind: id.kind(),
            value: self.parts.value(id)?.to_string(),
            confidence: detail.confidence(),
            last_seen: detail.last_seen(),
            valid_from: detail.valid_from(),
            valid_until: detail.valid_until(),
            context: Arc::clone(self.contexts.get(detail.context() as usize)?),
        })
    }
}
