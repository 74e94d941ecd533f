/// How many bytes the index of a tenant may have: a share of the raw bytes that were ingested, and never less than a
/// floor, so that a small installation has an index too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// Percent of the ingested raw bytes.
    pub share_percent: f64,
    /// Bytes that are always allowed.
    pub floor_bytes: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { share_percent: 3.0, floor_bytes: 64 * 1024 * 1024 }
    }
}

impl Budget {
    /// The bytes allowed after `ingested_bytes`.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "the share is between 0 and 100, and a byte more or less does not matter"
    )]
    pub fn bytes(&self, ingested_bytes: u64) -> u64 {
        let share = (ingested_bytes as f64 * self.share_percent / 100.0) as u64;
        share.max(self.floor_bytes)
    }

    /// What is left after making room: a little less than allowed, so that not every commit makes room.
    pub(crate) fn after_eviction(budget: u64) -> u64 {
        budget - budget / 10
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;

    #[test]
    fn a_share_and_never_less_than_the_floor() {
        let budget = Budget { share_percent: 3.0, floor_bytes: 1_000 };
        assert_eq!(budget.bytes(0), 1_000);
        assert_eq!(budget.bytes(100_000), 3_000);
        assert_eq!(Budget { share_percent: 0.0, floor_bytes: 5 }.bytes(u64::MAX), 5);
        assert!(Budget::default().bytes(u64::MAX) > u64::MAX / 40);
    }
}
