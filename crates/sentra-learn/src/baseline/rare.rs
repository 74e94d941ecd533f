//! How often a value was seen among all of a tenant's.

use super::table::record;

/// A value by its key.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Rare {
    pub(crate) key: u64,
    /// How often it was learned.
    pub(crate) count: u32,
    /// Last used, hours since 1970.
    pub(crate) hour: u32,
    pub(crate) dirty: bool,
}

record!(Rare);

impl Rare {
    /// −ln of the share of this value among `total`; half a sighting stands for none.
    pub(crate) fn rarity(&self, total: f64) -> f32 {
        -((f64::from(self.count) + 0.5) / (total + 1.0)).ln() as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rarer_the_higher() {
        let rarity = |count| Rare { count, ..Rare::default() }.rarity(100_000.0);
        assert!((12.1..12.3).contains(&rarity(0)), "{}", rarity(0));
        assert!(rarity(0) > rarity(1) && rarity(1) > rarity(100));
        assert!(rarity(100_000) < 0.01);
    }
}
