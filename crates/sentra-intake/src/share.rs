use std::sync::Arc;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// Bytes of the common memory are counted in units of so many.
pub(crate) const MEMORY_UNIT_BYTES: usize = 1024;

/// A semaphore that counts `bytes` in units.
pub(crate) fn memory(bytes: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(units(bytes)))
}

/// How much of a memory of `bytes` is held.
pub(crate) fn held_bytes(memory: &Semaphore, bytes: usize) -> usize {
    units(bytes).saturating_sub(memory.available_permits()) * MEMORY_UNIT_BYTES
}

fn units(bytes: usize) -> usize {
    (bytes / MEMORY_UNIT_BYTES).clamp(1, Semaphore::MAX_PERMITS)
}

/// What somebody holds of a common memory. Law LIMIT: there is only so much of it, however many there are.
#[derive(Debug)]
pub(crate) struct Share {
    memory: Arc<Semaphore>,
    held: Option<OwnedSemaphorePermit>,
    /// Bytes that need no share.
    free_bytes: usize,
}

impl Share {
    pub(crate) fn new(memory: Arc<Semaphore>, free_bytes: usize) -> Self {
        Self { memory, held: None, free_bytes }
    }

    fn held_units(&self) -> usize {
        self.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }

    /// Whether more than the free bytes are held.
    pub(crate) fn is_any(&self) -> bool {
        self.held_units() > 0
    }

    /// Makes the share as large as `bytes` need, where there is room, or smaller. False where there is none.
    pub(crate) fn fit(&mut self, bytes: usize) -> bool {
        let Some(more) = self.more_units(bytes) else { return true };
        match Arc::clone(&self.memory).try_acquire_many_owned(more) {
            Ok(more) => {
                self.add(more);
                true
            }
            Err(_) => false,
        }
    }

    /// Waits until there is room for `bytes`.
    pub(crate) async fn wait(&mut self, bytes: usize) -> Result<(), AcquireError> {
        let Some(more) = self.more_units(bytes) else { return Ok(()) };
        let more = Arc::clone(&self.memory).acquire_many_owned(more).await?;
        self.add(more);
        Ok(())
    }

    /// How many units are missing; what is too much is given back.
    fn more_units(&mut self, bytes: usize) -> Option<u32> {
        let wanted = bytes.saturating_sub(self.free_bytes).div_ceil(MEMORY_UNIT_BYTES);
        let held = self.held_units();
        if wanted <= held {
            drop(self.held.as_mut().and_then(|permit| permit.split(held - wanted)));
            return None;
        }
        Some(u32::try_from(wanted - held).unwrap_or(u32::MAX))
    }

    fn add(&mut self, more: OwnedSemaphorePermit) {
        match &mut self.held {
            Some(held) => held.merge(more),
            None => self.held = Some(more),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_grows_and_shrinks_and_there_is_only_so_much() {
        let memory = memory(10 * MEMORY_UNIT_BYTES);
        let mut first = Share::new(Arc::clone(&memory), 100);
        let mut second = Share::new(Arc::clone(&memory), 100);
        assert!(first.fit(100) && !first.is_any());
        assert!(first.fit(101) && first.is_any());
        assert_eq!(memory.available_permits(), 9);
        assert!(first.fit(100 + 8 * MEMORY_UNIT_BYTES));
        assert!(!second.fit(100 + 3 * MEMORY_UNIT_BYTES) && !second.is_any());
        assert!(first.fit(0) && !first.is_any());
        assert!(second.fit(100 + 3 * MEMORY_UNIT_BYTES));
        drop((first, second));
        assert_eq!(memory.available_permits(), 10);
    }
}
