//! Numbers of a window, in order: their sum, and what stands at a place among them.

use super::number::NANOS;

/// Distinct numbers in one stretch of the sorted list.
const STRETCH_MAX: usize = 256;

/// A multiset of numbers in stretches, each sorted, one after the other: adding, taking away and finding
/// by rank touch one stretch and the list of stretches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Numbers {
    stretches: Vec<Stretch>,
    sum: i128,
    count: u64,
}

#[derive(Debug, Clone, Default)]
struct Stretch {
    /// Numbers, ascending, and how often each is there.
    items: Vec<(i128, u64)>,
    count: u64,
}

impl Numbers {
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn sum(&self) -> i128 {
        self.sum
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The stretch that `number` belongs to.
    fn stretch_of(&self, number: i128) -> usize {
        let after = self
            .stretches
            .partition_point(|stretch| stretch.items.first().is_some_and(|(first, _)| *first <= number));
        after.saturating_sub(1)
    }

    pub(crate) fn add(&mut self, number: i128, times: u64) {
        self.sum += number * i128::from(times);
        self.count += times;
        if self.stretches.is_empty() {
            self.stretches.push(Stretch::default());
        }
        let index = self.stretch_of(number);
        let Some(stretch) = self.stretches.get_mut(index) else { return };
        stretch.count += times;
        match stretch.items.binary_search_by_key(&number, |(number, _)| *number) {
            Ok(place) => {
                if let Some((_, count)) = stretch.items.get_mut(place) {
                    *count += times;
                }
            }
            Err(place) => stretch.items.insert(place, (number, times)),
        }
        if stretch.items.len() > STRETCH_MAX {
            let items = stretch.items.split_off(STRETCH_MAX / 2);
            let count = items.iter().map(|(_, count)| count).sum();
            stretch.count -= count;
            self.stretches.insert(index + 1, Stretch { items, count });
        }
    }

    /// Takes away what was added before.
    pub(crate) fn remove(&mut self, number: i128, times: u64) {
        let index = self.stretch_of(number);
        let Some(stretch) = self.stretches.get_mut(index) else { return };
        let Ok(place) = stretch.items.binary_search_by_key(&number, |(number, _)| *number) else { return };
        let Some((_, count)) = stretch.items.get_mut(place) else { return };
        *count = count.saturating_sub(times);
        if *count == 0 {
            stretch.items.remove(place);
        }
        stretch.count = stretch.count.saturating_sub(times);
        if stretch.items.is_empty() {
            self.stretches.remove(index);
        }
        self.sum -= number * i128::from(times);
        self.count = self.count.saturating_sub(times);
    }

    /// The number at `rank`, from 0.
    fn at(&self, rank: u64) -> Option<i128> {
        let mut left = rank;
        for stretch in &self.stretches {
            if left >= stretch.count {
                left -= stretch.count;
                continue;
            }
            for (number, count) in &stretch.items {
                if left < *count {
                    return Some(*number);
                }
                left -= count;
            }
        }
        None
    }

    /// The percentile, given in millionths: between two numbers, the share of the way from one to the other.
    pub(crate) fn percentile(&self, millionths: u32) -> Option<i128> {
        let last = self.count.checked_sub(1)?;
        let place = u128::from(last) * u128::from(millionths);
        let rank = u64::try_from(place / 1_000_000).ok()?;
        let share = i128::try_from(place % 1_000_000).ok()?;
        let low = self.at(rank)?;
        if share == 0 {
            return Some(low);
        }
        Some(between(low, self.at(rank + 1)?, share))
    }
}

/// `millionths` of the way from `low` to `high`, to the thousand-millionth. Neither 10^27 times 10^6 nor the
/// sum leaves 128 bits.
fn between(low: i128, high: i128, millionths: i128) -> i128 {
    low + (high - low) * millionths / 1_000_000
}

/// Whether sum over count stands so to `bound`, without dividing.
pub(crate) fn average_to(sum: i128, count: u64, bound: i128) -> std::cmp::Ordering {
    sum.cmp(&bound.saturating_mul(i128::from(count)))
}

/// A count as a number.
pub(crate) fn counted(count: u64) -> i128 {
    i128::from(count) * NANOS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_and_sums_are_those_of_the_sorted_list() {
        let mut numbers = Numbers::default();
        let mut plain: Vec<i128> = Vec::new();
        for step in 0..5_000_i128 {
            let number = step * 7_919 % 1_013 - 300;
            numbers.add(number, 1 + (step % 3) as u64);
            plain.extend(std::iter::repeat_n(number, 1 + (step % 3) as usize));
        }
        for step in (0..5_000_i128).step_by(2) {
            let number = step * 7_919 % 1_013 - 300;
            let times = 1 + (step % 3) as u64;
            numbers.remove(number, times);
            for _ in 0..times {
                plain.swap_remove(plain.iter().position(|other| *other == number).unwrap());
            }
        }
        plain.sort_unstable();
        assert_eq!((numbers.sum(), numbers.count()), (plain.iter().sum(), plain.len() as u64));
        for rank in (0..plain.len()).step_by(97) {
            assert_eq!(numbers.at(rank as u64), Some(plain[rank]));
        }
        assert!(numbers.stretches.len() > 1);
    }

    #[test]
    fn a_percentile_lies_between_its_neighbours() {
        let mut numbers = Numbers::default();
        assert_eq!(numbers.percentile(500_000), None);
        for number in [10, 20, 30, 40] {
            numbers.add(number * NANOS, 1);
        }
        let found: Vec<i128> = [0, 500_000, 900_000, 1_000_000]
            .into_iter()
            .filter_map(|part| numbers.percentile(part))
            .collect();
        assert_eq!(found, [10 * NANOS, 25 * NANOS, 37 * NANOS, 40 * NANOS]);
    }
}
