use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Randomness from a seed, the same on every machine. Each use takes a stream of its own, so that one more draw in
/// one part of a training does not change another part.
#[derive(Debug, Clone)]
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut key = [0; 32];
        for (to, from) in key.iter_mut().zip(seed.to_le_bytes()) {
            *to = from;
        }
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(stream);
        Self(generator)
    }

    /// A number from 0 to `end` exclusive; 0 when `end` is 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let wide = u128::from(self.0.next_u64()) * end as u128;
        (wide >> 64) as usize
    }

    /// A number from 0 to 1 exclusive.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 / (1u32 << 24) as f32
    }

    /// `count` different numbers below `end`, in random order; all of them when there are not more.
    pub(crate) fn sample(&mut self, end: usize, count: usize) -> Vec<u32> {
        let mut all: Vec<u32> = (0..end as u32).collect();
        let count = count.min(end);
        for place in 0..count {
            let other = place + self.below(end - place);
            all.swap(place, other);
        }
        all.truncate(count);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn a_seed_and_a_stream_fix_every_draw() {
        let draws = |seed, stream| {
            let mut random = Random::new(seed, stream);
            (random.below(1000), random.unit().to_bits(), random.sample(50, 5))
        };
        assert_eq!(draws(1, 2), draws(1, 2));
        assert_ne!(draws(1, 2), draws(1, 3));
        assert_ne!(draws(1, 2), draws(2, 2));
    }

    #[test]
    fn a_sample_has_no_number_twice() {
        let mut sample = Random::new(7, 0).sample(100, 60);
        assert_eq!(sample.len(), 60);
        sample.sort_unstable();
        sample.dedup();
        assert_eq!(sample.len(), 60);
        assert_eq!(Random::new(7, 0).sample(3, 60).len(), 3);
        assert_eq!(Random::new(7, 0).below(0), 0);
    }
}
