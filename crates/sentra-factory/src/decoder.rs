use std::sync::{Arc, PoisonError, RwLock};

use sentra_decode::Decoder;

/// The decoder in force, which may be changed while the factory runs.
///
/// Clones are handles to the same decoder. The factory asks for it once per chunk, so a chunk is decoded by one
/// decoder from its beginning to its end. Law LOSS: changing it touches neither positions nor what is being
/// worked on, so no record is skipped or read twice.
#[derive(Debug, Clone)]
pub struct DecoderHandle(Arc<RwLock<Arc<Decoder>>>);

impl DecoderHandle {
    /// A handle to `decoder`.
    #[must_use]
    pub fn new(decoder: Decoder) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(decoder))))
    }

    /// The decoder in force now.
    #[must_use]
    pub fn get(&self) -> Arc<Decoder> {
        // Whoever panicked while holding the lock had nothing half done: the value is replaced as a whole.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts `decoder` in force for all chunks that are begun from now on.
    pub fn set(&self, decoder: Decoder) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(decoder);
    }
}

impl From<Decoder> for DecoderHandle {
    fn from(decoder: Decoder) -> Self {
        Self::new(decoder)
    }
}
