use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

/// How a door is told that it ends: either nobody comes after it, and it takes what waits in its socket, or another
/// door goes on with the socket, and what waits is for that one.
#[derive(Debug, Clone)]
pub(crate) struct Ending {
    asked: CancellationToken,
    /// The end of everything: only then are records given up for which the log has no room.
    process: CancellationToken,
    is_handed_over: Arc<AtomicBool>,
}

impl Ending {
    /// An end that comes with that of the `process` at the latest.
    pub(crate) fn new(process: CancellationToken) -> Self {
        Self { asked: process.child_token(), process, is_handed_over: Arc::default() }
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

    /// Law LOSS: cancelled when nobody may wait for room in the log any more. A reload is no reason for that.
    pub(crate) fn of_process(&self) -> &CancellationToken {
        &self.process
    }

    pub(crate) fn is_handed_over(&self) -> bool {
        self.is_handed_over.load(Ordering::SeqCst)
    }
}
