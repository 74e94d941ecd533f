//! The disk budget: what backpressure is made of (law LOSS).

use std::sync::atomic::{AtomicU64, Ordering};

use sentra_model::Topic;

use crate::LogError;

/// The share of the budget that the topic `raw` may not use, see [`LogOptions::disk_bytes_max`](crate::LogOptions).
const RESERVE_SHARE: u64 = 16;

/// Bytes on disk, written or promised, and how many there may be.
#[derive(Debug)]
pub(crate) struct Budget {
    used: AtomicU64,
    bytes_max: u64,
}

impl Budget {
    pub(crate) fn new(bytes_max: Option<u64>, used: u64) -> Self {
        Self { used: AtomicU64::new(used), bytes_max: bytes_max.unwrap_or(u64::MAX) }
    }

    /// What `topic` may use.
    fn bytes_max_of(&self, topic: Topic) -> u64 {
        match topic {
            Topic::Raw => self.bytes_max - self.bytes_max / RESERVE_SHARE,
            Topic::Signals | Topic::Dead => self.bytes_max,
        }
    }

    /// Promises `bytes` to `topic`.
    pub(crate) fn reserve(&self, topic: Topic, bytes: u64) -> Result<(), LogError> {
        let bytes_max = self.bytes_max_of(topic);
        let grown = |used: u64| used.checked_add(bytes).filter(|used| *used <= bytes_max);
        match self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown) {
            Ok(_) => Ok(()),
            Err(used) => Err(LogError::Full {
                detail: format!(
                    "{used} of the {bytes_max} bytes of the disk budget that {topic} may use are used and {bytes} \
                     more are needed; raise the budget, or let retention remove more"
                ),
            }),
        }
    }

    /// Counts bytes that are taken whether there is room or not.
    pub(crate) fn charge(&self, bytes: u64) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Gives bytes back.
    pub(crate) fn release(&self, bytes: u64) {
        let less = |used: u64| Some(used.saturating_sub(bytes));
        let _ = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_leaves_a_sixteenth_to_what_must_be_written_to_get_rid_of_it() {
        let budget = Budget::new(Some(1600), 0);
        budget.reserve(Topic::Raw, 1500).unwrap();
        let error = budget.reserve(Topic::Raw, 1).unwrap_err();
        assert!(matches!(error, LogError::Full { .. }), "{error}");
        budget.reserve(Topic::Dead, 50).unwrap();
        budget.reserve(Topic::Signals, 50).unwrap();
        budget.reserve(Topic::Dead, 1).unwrap_err();
        // A position is taken even now.
        budget.charge(8192);
        budget.release(1600);
        assert_eq!(budget.used(), 8192);
        Budget::new(None, 0).reserve(Topic::Raw, u64::MAX / 2).unwrap();
    }
}
