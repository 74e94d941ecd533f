use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use sentra_decode::Decoder;
use sentra_detect::{Overlay, RuleSet};

use crate::knowledge::Knowledge;

/// Something in force that may be changed while the factory runs.
///
/// Clones are handles to the same thing. The factory asks for it once per chunk, so a chunk is treated by one decoder
/// and one rule set from its beginning to its end. Law LOSS: changing it touches neither positions nor what is being
/// worked on, so no record is skipped or read twice.
pub struct Live<T>(Arc<RwLock<Arc<T>>>);

/// The decoder in force.
pub type DecoderHandle = Live<Decoder>;
/// The rules in force. The windows of correlations that both the old and the new set have go on.
pub type RulesHandle = Live<RuleSet>;
/// What enrichment knows.
pub type KnowledgeHandle = Live<Knowledge>;
/// The disabled rules and the exceptions in force.
pub type TuningHandle = Live<Overlay>;

impl<T> Live<T> {
    /// A handle to `thing`.
    #[must_use]
    pub fn new(thing: T) -> Self {
        Self::shared(Arc::new(thing))
    }

    /// A handle to what others hold as well.
    #[must_use]
    pub fn shared(thing: Arc<T>) -> Self {
        Self(Arc::new(RwLock::new(thing)))
    }

    /// What is in force now.
    #[must_use]
    pub fn get(&self) -> Arc<T> {
        // Whoever panicked while holding the lock had nothing half done: the value is replaced as a whole.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts `thing` in force for all chunks that are begun from now on.
    pub fn set(&self, thing: impl Into<Arc<T>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = thing.into();
    }
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Live<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").finish_non_exhaustive()
    }
}

impl<T> From<T> for Live<T> {
    fn from(thing: T) -> Self {
        Self::new(thing)
    }
}
