use hashbrown::HashMap;
use sentra_model::TenantId;
use serde::{Deserialize, Serialize};

use crate::ruleset::RuleSet;

use super::packed::{group_values, put_group};

/// The key of a group's state as it is stored: the rule by its id and by the digest of what its state depends
/// on, because its index changes with the rule files.
#[derive(Debug, Serialize, Deserialize)]
struct StoredGroup(TenantId, String, u64, Vec<String>);

/// The key of a tenant's clock.
#[derive(Debug, Serialize, Deserialize)]
struct StoredClock(TenantId, Clock);

#[derive(Debug, Serialize, Deserialize)]
enum Clock {
    #[serde(rename = "clock")]
    Clock,
}

/// The key of a group of the rule at `index`.
pub(crate) fn group_key(rules: &RuleSet, tenant: &TenantId, index: usize, group: &[u8]) -> Vec<u8> {
    let rule = rules.rules.get(index);
    let id = rule.map(|rule| rule.reference.id.clone()).unwrap_or_default();
    let digest = rule.and_then(|rule| Some(rule.correlation()?.digest)).unwrap_or_default();
    let values = group_values(group).map(str::to_owned).collect();
    serde_json::to_vec(&StoredGroup(tenant.clone(), id, digest, values)).unwrap_or_default()
}

/// The key of the tenant's clock.
pub(crate) fn clock_key(tenant: &TenantId) -> Vec<u8> {
    serde_json::to_vec(&StoredClock(tenant.clone(), Clock::Clock)).unwrap_or_default()
}

/// A stored key, read.
pub(crate) enum Key {
    Group { tenant: TenantId, rule: usize, group: Box<[u8]> },
    Clock(TenantId),
}

/// Reads stored keys for a rule set.
#[derive(Debug)]
pub(crate) struct KeyReader(HashMap<(String, u64), usize>);

impl KeyReader {
    pub(crate) fn new(rules: &RuleSet) -> Self {
        let correlations = rules.rules.iter().enumerate().filter_map(|(index, rule)| {
            Some(((rule.reference.id.clone(), rule.correlation()?.digest), index))
        });
        Self(correlations.collect())
    }

    /// The rule of this id that has this digest.
    pub(crate) fn rule(&self, id: &str, digest: u64) -> Option<usize> {
        self.0.get(&(id.to_owned(), digest)).copied()
    }

    /// The key; `None` when it is of a rule that is not there any more or not the same.
    pub(crate) fn read(&self, bytes: &[u8]) -> Option<Key> {
        if let Ok(StoredClock(tenant, Clock::Clock)) = serde_json::from_slice(bytes) {
            return Some(Key::Clock(tenant));
        }
        let StoredGroup(tenant, id, digest, values) = serde_json::from_slice(bytes).ok()?;
        let mut group = Vec::new();
        put_group(&mut group, values.iter().map(String::as_str));
        Some(Key::Group { tenant, rule: self.rule(&id, digest)?, group: group.into() })
    }
}
