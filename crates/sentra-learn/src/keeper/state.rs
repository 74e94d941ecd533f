//! What a keeper remembers, as rows that changed, and back.
//!
//! ```text
//! g + part              the registry, as JSON           m + kind, version, part   bytes of a model
//! k                     when what was trained           q + a row of the sequence detector
//! c + number            a case of sequences             a + a row of the hours (see `activity/rows.rs`)
//! ```
//! No row is longer than [`ROW_BYTES_MAX`] but for a few bytes of its frame.

use std::collections::BTreeMap;

use sentra_model::{TenantId, Timestamp};

use super::activity::{Activity, Live, Party};
use super::finding::MODEL_KINDS;
use super::kept::Cases;
use super::models::Models;
use super::schedule::Schedule;
use super::{Keeper, KeeperSettings};
use crate::behaviour::codec::{Reader, Writer};
use crate::registry::{ModelKind, ModelVersion, Registry};

/// A key and its value, or none where the row is to be removed.
pub type StateRow = (Vec<u8>, Option<Vec<u8>>);

/// Law LIMIT: bytes of a row; what is longer is cut into several.
pub const ROW_BYTES_MAX: usize = 256 << 10;
/// The row of when what was trained.
const SCHEDULE: &[u8] = b"k";

/// A key of a letter and a number.
pub(super) fn numbered(kind: u8, number: u64) -> Vec<u8> {
    let mut key = vec![kind];
    key.extend_from_slice(&number.to_be_bytes());
    key
}

fn prefixed(kind: u8, key: &[u8]) -> Vec<u8> {
    let mut prefixed = vec![kind];
    prefixed.extend_from_slice(key);
    prefixed
}

fn model_key(kind: ModelKind, version: ModelVersion, part: u16) -> Vec<u8> {
    let mut key = vec![b'm', kind as u8];
    key.extend_from_slice(version.to_string().as_bytes());
    key.extend_from_slice(&part.to_be_bytes());
    key
}

/// Bytes as parts, each with how many there are before it: so a lost last part is noticed.
fn parts(bytes: &[u8]) -> impl Iterator<Item = (u16, Vec<u8>)> {
    let count = bytes.len().div_ceil(ROW_BYTES_MAX).max(1) as u16;
    (0..count).map(move |part| {
        let from = usize::from(part) * ROW_BYTES_MAX;
        let to = (from + ROW_BYTES_MAX).min(bytes.len());
        let mut row = count.to_le_bytes().to_vec();
        row.extend_from_slice(bytes.get(from..to).unwrap_or_default());
        (part, row)
    })
}

/// Puts parts together, which come in their order.
#[derive(Default)]
struct Joined {
    bytes: Vec<u8>,
    parts: u16,
    expected: u16,
    is_broken: bool,
}

impl Joined {
    fn push(&mut self, part: u16, row: &[u8]) {
        let Some((count, bytes)) = row.split_first_chunk::<2>() else {
            self.is_broken = true;
            return;
        };
        self.expected = u16::from_le_bytes(*count);
        self.is_broken |= part != self.parts;
        self.parts += 1;
        self.bytes.extend_from_slice(bytes);
    }

    fn finish(self) -> Option<Vec<u8>> {
        (!self.is_broken && self.parts == self.expected).then_some(self.bytes)
    }
}

impl Keeper {
    /// The rows that changed since the last call, to be stored together with the position they belong to.
    pub fn take_changes(&mut self) -> Vec<StateRow> {
        let mut rows: Vec<StateRow> = Vec::new();
        for (kind, version) in std::mem::take(&mut self.models.changed_bytes) {
            match self.models.bytes(kind, version) {
                Some(bytes) => {
                    rows.extend(parts(&bytes).map(|(part, row)| (model_key(kind, version, part), Some(row))))
                }
                None => rows.extend(
                    self.models
                        .forgotten_parts(kind, version)
                        .map(|part| (model_key(kind, version, part), None)),
                ),
            }
        }
        self.models.forgotten.clear();
        if std::mem::take(&mut self.models.is_registry_changed)
            && let Ok(json) = serde_json::to_vec(&self.models.registry)
        {
            let parts: Vec<(u16, Vec<u8>)> = parts(&json).collect();
            let count = parts.len() as u16;
            rows.extend(parts.into_iter().map(|(part, row)| (numbered(b'g', part.into()), Some(row))));
            let gone = count..self.models.registry_parts;
            rows.extend(gone.map(|part| (numbered(b'g', part.into()), None)));
            self.models.registry_parts = count;
        }
        rows.extend(self.sequence.take_changes().into_iter().map(|(key, row)| (prefixed(b'q', &key), row)));
        let cases = self.sequence_cases.take_changes().into_iter();
        rows.extend(cases.map(|(number, row)| (numbered(b'c', number), row)));
        rows.extend(self.activity.take_changes().into_iter().map(|(key, row)| (prefixed(b'a', &key), row)));
        let schedule = self.schedule_bytes();
        if schedule != self.stored {
            rows.push((SCHEDULE.to_vec(), Some(schedule.clone())));
            self.stored = schedule;
        }
        // Where a row is removed and written again, it stays in that order.
        rows.sort_by(|(left, _), (right, _)| left.cmp(right));
        rows
    }

    fn schedule_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        for schedule in self.schedules.values() {
            schedule.write(&mut writer);
        }
        let counters = &self.sequence_counters;
        for count in
            [counters.judged, counters.reported, counters.over_limit, self.sequence_cases.labels_seen]
        {
            writer.u64(count);
        }
        writer.u64(self.sequence_day.0.cast_unsigned()).u32(self.sequence_day.1);
        writer.bytes()
    }

    fn restore_schedule(&mut self, bytes: &[u8]) -> Option<()> {
        let mut reader = Reader::new(bytes);
        for schedule in self.schedules.values_mut() {
            *schedule = Schedule::read(&mut reader)?;
        }
        let counters = &mut self.sequence_counters;
        for count in [
            &mut counters.judged,
            &mut counters.reported,
            &mut counters.over_limit,
            &mut self.sequence_cases.labels_seen,
        ] {
            *count = reader.u64()?;
        }
        self.sequence_day = (reader.u64()?.cast_signed(), reader.u32()?);
        self.stored = bytes.to_vec();
        reader.is_empty().then_some(())
    }

    /// A keeper with what was stored. It never fails as a whole: rows that cannot be read are left out, and counted;
    /// a model whose bytes are broken is dropped, and its kind is silent until the next training.
    #[must_use]
    pub fn restore(
        tenant: TenantId,
        settings: KeeperSettings,
        rows: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>,
    ) -> (Self, u64) {
        let rows: BTreeMap<Vec<u8>, Vec<u8>> = rows.into_iter().collect();
        let mut broken = 0;
        let mut keeper = Self::new(tenant, settings);
        keeper.models = Models::restore(&keeper.tenant, &rows, &mut broken);
        keeper.restore_sequence(&rows, &mut broken);
        let mut recents = Vec::new();
        for (key, row) in &rows {
            let result = match key.split_first() {
                Some((b'g' | b'm' | b'q', _)) => Some(()),
                Some((b'k', [])) => keeper.restore_schedule(row),
                Some((b'c', number)) if number.len() == 8 => number
                    .first_chunk()
                    .and_then(|number| keeper.sequence_cases.restore(u64::from_be_bytes(*number), row)),
                Some((b'a', key)) => match Activity::recent_of(key) {
                    Some(party) => {
                        recents.push((party, row));
                        Some(())
                    }
                    None => keeper.activity.restore(key, row),
                },
                _ => None,
            };
            broken += u64::from(result.is_none());
        }
        keeper.activity.settle();
        keeper.restore_live(&mut broken);
        for (party, row) in recents {
            let has_model = keeper.activity.side(party).active.is_some();
            let is_back = !has_model || keeper.activity.restore_recent(party, row).is_some();
            broken += u64::from(!is_back);
        }
        (keeper, broken)
    }

    fn restore_sequence(&mut self, rows: &BTreeMap<Vec<u8>, Vec<u8>>, broken: &mut u64) {
        let active = self.models.registry.slot(ModelKind::Sequence).active;
        if let Some(version) = active {
            match self.models.sequence(version) {
                Ok(model) => self.sequence = Self::detector(&self.tenant, &self.settings, model),
                Err(_) => {
                    self.models.lose(ModelKind::Sequence, version);
                    *broken += 1;
                }
            }
        }
        let own = rows.iter().filter_map(|(key, row)| match key.split_first() {
            Some((b'q', key)) => Some((key.to_vec(), row.clone())),
            _ => None,
        });
        *broken += self.sequence.restore(own).len() as u64;
    }

    /// Puts the models of activity to work.
    fn restore_live(&mut self, broken: &mut u64) {
        for party in Party::ALL {
            let kind = party.kind();
            let slot = self.models.registry.slot(kind);
            let mut live = |version: Option<ModelVersion>, models: &mut Models| {
                let version = version?;
                let live = models.live(party, version);
                if live.is_err() {
                    models.lose(kind, version);
                    *broken += 1;
                }
                live.ok()
            };
            let (active, shadow) = (live(slot.active, &mut self.models), live(slot.shadow, &mut self.models));
            let side = self.activity.side_mut(party);
            side.put_back(active, shadow);
        }
    }
}

impl Models {
    fn restore(tenant: &TenantId, rows: &BTreeMap<Vec<u8>, Vec<u8>>, broken: &mut u64) -> Self {
        let mut registry = Joined::default();
        let mut bytes: BTreeMap<(ModelKind, ModelVersion), Joined> = BTreeMap::new();
        for (key, row) in rows {
            match key.split_first() {
                Some((b'g', part)) => {
                    let part = part.first_chunk().map_or(u64::MAX, |part| u64::from_be_bytes(*part));
                    registry.push(u16::try_from(part).unwrap_or(u16::MAX), row);
                }
                Some((b'm', key)) => match model_of(key) {
                    Some((kind, version, part)) => bytes.entry((kind, version)).or_default().push(part, row),
                    None => *broken += 1,
                },
                _ => {}
            }
        }
        let mut models = Self::new(tenant.clone());
        models.registry_parts = registry.parts;
        let has_registry = registry.parts > 0;
        let read = registry.finish().and_then(|json| serde_json::from_slice::<Registry>(&json).ok());
        match read.filter(|registry| registry.tenant() == tenant) {
            Some(registry) => models.registry = registry,
            None => *broken += u64::from(has_registry),
        }
        for ((kind, version), joined) in bytes {
            let count = joined.parts;
            let is_known = models.registry.card(kind, version).is_some();
            let whole = joined.finish().filter(|bytes| ModelVersion::of(kind, bytes) == version);
            match whole.filter(|_| is_known) {
                Some(bytes) => models.keep(kind, version, bytes.into()),
                None => {
                    *broken += 1;
                    models.forget(kind, version, count);
                }
            }
        }
        models.settle(broken);
        models
    }
}

fn model_of(key: &[u8]) -> Option<(ModelKind, ModelVersion, u16)> {
    let (number, rest) = key.split_first()?;
    let kind = MODEL_KINDS.into_iter().find(|kind| *kind as u8 == *number)?;
    let (version, part) = rest.split_at_checked(16)?;
    let version = std::str::from_utf8(version).ok()?.parse().ok()?;
    Some((kind, version, u16::from_be_bytes(*part.first_chunk().filter(|_| part.len() == 2)?)))
}

impl Live {
    fn at(party: Party, models: &Models, version: ModelVersion) -> Result<Self, super::LearnError> {
        let kind = party.kind();
        let lost = super::LearnError::NoBytes { kind, version };
        let (card, bytes) =
            models.registry.card(kind, version).zip(models.bytes(kind, version)).ok_or(lost)?;
        Self::new(party, card, &bytes)
    }
}

impl Models {
    /// A model of activity, ready to work.
    pub(super) fn live(
        &self,
        party: Party,
        version: ModelVersion,
    ) -> Result<std::sync::Arc<Live>, super::LearnError> {
        Live::at(party, self, version).map(std::sync::Arc::new)
    }

    /// A kind's model is of no use; when does not matter, for no history tells of what was lost.
    pub(super) fn lose(&mut self, kind: ModelKind, version: ModelVersion) {
        let at = self.registry.card(kind, version).map_or(Timestamp::from_micros(0), |card| card.created);
        self.registry.lose(kind, version, at);
        self.drop_bytes(kind, version);
        self.is_registry_changed = true;
    }

    /// Models without bytes go.
    fn settle(&mut self, broken: &mut u64) {
        let cards = self.registry.cards().iter();
        let lost: Vec<(ModelKind, ModelVersion)> = cards
            .map(|card| (card.kind, card.version))
            .filter(|(kind, version)| self.bytes(*kind, *version).is_none())
            .collect();
        for (kind, version) in lost {
            *broken += 1;
            self.lose(kind, version);
        }
    }
}

/// Cases of sequences: codes, oldest first.
pub(super) type SequenceCases = Cases<Vec<u8>>;
