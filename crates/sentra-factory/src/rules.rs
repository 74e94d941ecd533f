use std::sync::{Arc, PoisonError, RwLock};

use sentra_detect::RuleSet;

/// The rules in force, which may be changed while the factory runs.
///
/// Clones are handles to the same rules. The factory asks for them once per chunk, so a chunk is looked at by one set
/// of rules from its beginning to its end; what a correlation has counted stays where it measures the same as before.
#[derive(Debug, Clone)]
pub struct RulesHandle(Arc<RwLock<Arc<RuleSet>>>);

impl RulesHandle {
    /// A handle to `rules`.
    #[must_use]
    pub fn new(rules: Arc<RuleSet>) -> Self {
        Self(Arc::new(RwLock::new(rules)))
    }

    /// The rules in force now.
    #[must_use]
    pub fn get(&self) -> Arc<RuleSet> {
        // Whoever panicked while holding the lock had nothing half done: the value is replaced as a whole.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts `rules` in force for all chunks that are begun from now on.
    pub fn set(&self, rules: Arc<RuleSet>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }
}

impl From<Arc<RuleSet>> for RulesHandle {
    fn from(rules: Arc<RuleSet>) -> Self {
        Self::new(rules)
    }
}
