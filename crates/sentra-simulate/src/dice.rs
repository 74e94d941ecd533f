//! Chance from a seed.
//!
//! SplitMix64 in whole numbers only: the same seed gives the same bytes on every machine and in every version of
//! every library, which golden digests rely on. It is no source of secrets.

/// A stream of chance. Cloning it repeats it.
#[derive(Debug, Clone)]
pub(crate) struct Dice {
    state: u64,
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Dice {
    /// The stream called `name` of `seed`: streams of different names do not disturb each other.
    #[must_use]
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in name.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let mut dice = Self { state: seed ^ hash };
        dice.next();
        dice
    }

    /// A stream of its own for `number`.
    #[must_use]
    pub(crate) fn fork(&self, number: u64) -> Self {
        let mut dice = Self { state: self.state ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93) };
        dice.next();
        dice
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, 0 if that is 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(limit);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = high.saturating_sub(low).max(0).cast_unsigned().saturating_add(1);
        low.saturating_add(self.below(width).cast_signed())
    }

    /// Whether something of `per_mille` in a thousand happens.
    pub(crate) fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// A position in something that is `length` long.
    pub(crate) fn position(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// One of `items`; the default if there are none.
    pub(crate) fn pick<T: Copy + Default>(&mut self, items: &[T]) -> T {
        let position = self.position(items.len());
        items.get(position).copied().unwrap_or_default()
    }

    /// `count` different ones of `items`, in an order by chance.
    pub(crate) fn sample<T: Copy + Default>(&mut self, items: &[T], count: usize) -> Vec<T> {
        let mut left = items.to_vec();
        let mut taken = Vec::new();
        while taken.len() < count && !left.is_empty() {
            let position = self.position(left.len());
            taken.push(left.swap_remove(position));
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn streams_are_apart_and_repeat() {
        let take = |seed, name| (0..4).map(|_| 0).scan(Dice::new(seed, name), |dice, _| Some(dice.next()));
        let first: Vec<_> = take(7, "a").collect();
        assert_eq!(first, take(7, "a").collect::<Vec<_>>());
        assert_ne!(first, take(7, "b").collect::<Vec<_>>());
        assert_ne!(first, take(8, "a").collect::<Vec<_>>());
    }

    #[test]
    fn numbers_stay_in_their_bounds_and_spread() {
        let mut dice = Dice::new(1, "bounds");
        let mut seen = [0_u32; 10];
        for _ in 0..10_000 {
            seen[usize::try_from(dice.below(10)).unwrap()] += 1;
            assert!((-3..=3).contains(&dice.between(-3, 3)));
        }
        assert!(seen.iter().all(|count| (800..1200).contains(count)), "{seen:?}");
        assert_eq!(dice.below(0), 0);
        assert_eq!(dice.sample(&[1, 2, 3], 9).len(), 3);
    }
}
