use hashbrown::HashMap;
use sentra_model::TenantId;
use serde::{Deserialize, Serialize};

use crate::ruleset::RuleSet;

/// Which state: tenant (law TENANT), rule and group values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) tenant: TenantId,
    /// Index of the rule.
    pub(crate) rule: usize,
    pub(crate) group: Vec<String>,
}

/// The key as it is stored: the rule by its id and by the digest of what its state depends on, because its
/// index changes with the rule files.
#[derive(Debug, Serialize, Deserialize)]
struct StoredKey(TenantId, String, u64, Vec<String>);

impl Key {
    pub(crate) fn to_bytes(&self, rules: &RuleSet) -> Vec<u8> {
        let rule = rules.rules.get(self.rule);
        let id = rule.map(|rule| rule.reference.id.clone()).unwrap_or_default();
        let digest = rule.and_then(|rule| Some(rule.correlation()?.digest)).unwrap_or_default();
        serde_json::to_vec(&StoredKey(self.tenant.clone(), id, digest, self.group.clone()))
            .unwrap_or_default()
    }
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

    /// The key; `None` when it is of a rule that is not there any more or not the same.
    pub(crate) fn read(&self, bytes: &[u8]) -> Option<Key> {
        let StoredKey(tenant, id, digest, group) = serde_json::from_slice(bytes).ok()?;
        Some(Key { tenant, rule: *self.0.get(&(id, digest))?, group })
    }
}
