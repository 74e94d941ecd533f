use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

/// How a door is told that it ends: either nobody comes after it, and it takes what waits in its socket, or another
/// door goes on with the socket, and what waits is for that one.
#[derive(Debug, Clone)]
pub(crate) struct Ending {
    asked: CancellationToken,
    is_handed_over: Arc<AtomicBool>,
}

impl Ending {
    /// An end that is also asked for by `asked`.
    pub(crate) fn new(asked: CancellationToken) -> Self {
        Self { asked, is_handed_over: Arc::default() }
    }

    pub(crate) fn close(&self) {
        self.asked.cancel();
    }

    pub(crate) fn hand_over(&self) {
        self.is_handed_over.store(true, Ordering::SeqCst);
        self.asked.cancel();
    }

    pub(crate) async fn asked(&self) {
        self.asked.cancelled().await;
    }

    pub(crate) fn token(&self) -> &CancellationToken {
        &self.asked
    }

    pub(crate) fn is_handed_over(&self) -> bool {
        self.is_handed_over.load(Ordering::SeqCst)
    }
}
