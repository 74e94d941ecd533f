//! State out and in again.

use std::sync::Arc;

use sentra_model::TenantId;
use serde::{Deserialize, Serialize};

use super::{Episode, Group, StateKey, YaralState};
use crate::detector::StateChange;
use crate::yaral::join::Record;
use crate::yaral::rules::YaralRules;
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
/// No tenant can have such a name.
const KEY_MARK: &str = "YARA-L";
/// How a stored key of this state begins.
const KEY_BEGIN: &[u8] = br#"["YARA-L","#;

impl YaralState {
    /// What changed since the last call, in the order of the keys.
    pub(crate) fn take_changes(&mut self) -> Vec<StateChange> {
        let changed = std::mem::take(&mut self.changed);
        let mut changes = std::mem::take(&mut self.changes_before);
        let now =
            changed.iter().map(|key| StateChange { value: self.stored(key), key: self.stored_key(key) });
        changes.extend(now);
        changes
    }

    /// Whether a stored key is one of this state.
    pub(crate) fn is_key(key: &[u8]) -> bool {
        key.starts_with(KEY_BEGIN)
    }

    /// Goes on with other rules: what belongs to rules that are the same as before stays. What goes is counted, and
    /// is a change.
    pub(crate) fn replace_rules(&mut self, rules: Arc<YaralRules>) {
        let kept = self.take_changes();
        let mut next = Self::new(rules, self.limits);
        next.watermarks = std::mem::take(&mut self.watermarks);
        let groups = self.groups.iter().flat_map(|((tenant, rule), groups)| {
            groups.keys().map(|values| (tenant.clone(), *rule, values.clone()))
        });
        let groups =
            groups.map(|(tenant, rule, values)| StateKey { tenant, rule, suppression: false, values });
        let keys: Vec<StateKey> = groups.chain(self.suppressed.keys().cloned()).collect();
        next.changes_before = kept;
        for key in keys {
            let Some(value) = self.stored(&key) else { continue };
            let key = self.stored_key(&key);
            if next.restore_one(&key, &value).is_none() {
                next.stats.entries_not_restored += 1;
                next.changes_before.push(StateChange { key, value: None });
            }
        }
        *self = next;
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
