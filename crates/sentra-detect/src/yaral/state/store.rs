//! State out and in again.

use std::sync::Arc;

use sentra_model::TenantId;
use serde::{Deserialize, Serialize};

use super::{Episode, Group, StateKey, YaralState};
use crate::detector::StateChange;
use crate::yaral::join::Record;
use crate::yaral::windows::Records;

#[derive(Serialize, Deserialize)]
struct StoredGroup {
    records: Vec<Record>,
    episodes: Vec<Episode>,
}

/// The key as it is stored: the rule by its id and digest, because its number changes with the rule files.
#[derive(Serialize, Deserialize)]
struct StoredKey(String, TenantId, String, u64, bool, Vec<String>);

/// What stored keys of this state begin with, so that nobody takes them for those of correlations.
const KEY_MARK: &str = "yaral";

impl YaralState {
    /// What changed since the last call, in the order of the keys.
    pub(crate) fn take_changes(&mut self) -> Vec<StateChange> {
        let changed = std::mem::take(&mut self.changed);
        changed
            .into_iter()
            .map(|key| StateChange { value: self.stored(&key), key: self.stored_key(&key) })
            .collect()
    }

    fn stored_key(&self, key: &StateKey) -> Vec<u8> {
        let rule = self.rules.rules.get(key.rule);
        let id = rule.map(|rule| rule.reference.id.clone()).unwrap_or_default();
        let digest = rule.map(|rule| rule.digest).unwrap_or_default();
        let stored = StoredKey(
            KEY_MARK.to_owned(),
            key.tenant.clone(),
            id,
            digest,
            key.suppression,
            key.values.clone(),
        );
        serde_json::to_vec(&stored).unwrap_or_default()
    }

    fn stored(&self, key: &StateKey) -> Option<Vec<u8>> {
        if key.suppression {
            return serde_json::to_vec(self.suppressed.get(key)?).ok();
        }
        let group = self.group(key)?;
        let records = group.records.values().cloned().collect();
        serde_json::to_vec(&StoredGroup { records, episodes: group.episodes.clone() }).ok()
    }

    /// Puts stored state back; entries as `take_changes` gave them.
    pub(crate) fn restore(&mut self, entries: Vec<(Vec<u8>, Vec<u8>)>) {
        for (key, value) in entries {
            if self.restore_one(&key, &value).is_none() {
                self.stats.entries_not_restored += 1;
            }
        }
    }

    fn restore_one(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        let StoredKey(mark, tenant, id, digest, suppression, values) = serde_json::from_slice(key).ok()?;
        let rules = Arc::clone(&self.rules);
        let rule = rules.rules.iter().position(|rule| rule.reference.id == id && rule.digest == digest)?;
        if mark != KEY_MARK {
            return None;
        }
        let key = StateKey { tenant, rule, suppression, values };
        if suppression {
            self.suppressed.insert(key, serde_json::from_slice(value).ok()?);
            return Some(());
        }
        let matching = rules.rules.get(rule)?.matching.as_ref()?;
        let stored: StoredGroup = serde_json::from_slice(value).ok()?;
        let records: Records = stored
            .records
            .into_iter()
            .map(|record| ((record.time, record.id, record.variable), record))
            .collect();
        let due = records.values().map(|record| matching.done_at(record)).min().unwrap_or(i64::MIN);
        self.due.entry(key.tenant.clone()).or_default().insert((due, rule, key.values.clone()));
        let group = Group { records, episodes: stored.episodes, due };
        self.groups.entry((key.tenant, rule)).or_default().insert(key.values, group);
        Some(())
    }
}
