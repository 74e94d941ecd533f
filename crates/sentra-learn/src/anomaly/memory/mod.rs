//! A nearest-neighbour memory: a few hundred points that stand for all that is normal. What is far from each of them is
//! unusual.
//!
//! The anchors come from the training and never change. Beside them a ring of recent points may learn at run time, see
//! [`RecentMemory`].

mod anchors;
mod prototypes;
mod recent;

pub(crate) use recent::Judgement;
pub use recent::{Lesson, RECENT_POINTS_MAX, RecentMemory, RecentSettings};

use super::bytes::{Reader, Writer};
use super::encoder::{CHUNK_ROWS, Points};
use super::error::ModelError;
use super::random::Random;
use super::scale::LANES;
use prototypes::{Nearest, Prototypes};

/// Most anchors.
pub const ANCHORS_MAX: usize = 2048;
/// Most neighbours whose distance counts.
pub const NEIGHBOURS_MAX: usize = 4;
/// Most training rows that anchors are chosen from; of more, so many at random.
pub const ANCHOR_ROWS_MAX: usize = 16_384;

/// How a memory is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MemorySettings {
    /// How many anchors.
    pub anchors: usize,
    /// The mean distance to so many nearest anchors counts.
    pub neighbours: usize,
    /// So often the anchors move to the middle of the rows that are nearest to them.
    pub rounds: usize,
    /// An anchor that fewer training rows are nearest to is dropped.
    pub members_min: usize,
}

impl Default for MemorySettings {
    fn default() -> Self {
        Self { anchors: 256, neighbours: 1, rounds: 3, members_min: 1 }
    }
}

/// Anchors, and how to measure from them.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    anchors: Prototypes,
    neighbours: usize,
}

impl Memory {
    /// Chooses anchors among the points.
    ///
    /// # Errors
    /// When a setting makes no sense.
    pub(crate) fn fit(
        points: &Points,
        settings: &MemorySettings,
        random: &mut Random,
    ) -> Result<Self, ModelError> {
        check(settings)?;
        let rows = random.sample(points.len(), ANCHOR_ROWS_MAX);
        let anchors = anchors::choose(&points.select(&rows), settings, random);
        Ok(Self { anchors, neighbours: settings.neighbours })
    }

    /// How many anchors it has.
    #[must_use]
    pub fn anchors(&self) -> usize {
        self.anchors.len()
    }

    /// The mean distance of each of a chunk's points (in blocks of [`LANES`]) to its nearest anchors, or recent points
    /// where these are nearer.
    pub(crate) fn score_blocks(
        &self,
        recent: Option<&RecentMemory>,
        blocks: &[f32],
        scores: &mut [f32; CHUNK_ROWS],
    ) {
        *scores = [0.0; CHUNK_ROWS];
        let (lanes, _) = scores.as_chunks_mut::<LANES>();
        for (block, distances) in blocks.chunks_exact(self.anchors.dimensions() * LANES).zip(lanes) {
            let mut nearest = Nearest::new(self.neighbours);
            self.anchors.nearest(block, &mut nearest, 0);
            if let Some(recent) = recent {
                recent.prototypes().nearest(block, &mut nearest, self.anchors.len());
            }
            let exact = |lane, place| self.distance(recent, block, lane, place);
            *distances = nearest.mean_distances(exact);
        }
    }

    /// The exact distance of a block's lane to a prototype; the fast search works with rounded ones.
    fn distance(&self, recent: Option<&RecentMemory>, block: &[f32], lane: usize, place: usize) -> f32 {
        let point = block.iter().skip(lane).step_by(LANES).copied();
        self.prototype(recent, place).zip(point).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
    }

    fn prototype<'a>(
        &'a self,
        recent: Option<&'a RecentMemory>,
        place: usize,
    ) -> impl Iterator<Item = f32> + 'a {
        let anchors = self.anchors.len();
        let (prototypes, place) = match recent {
            Some(recent) if place >= anchors => (recent.prototypes(), place - anchors),
            _ => (&self.anchors, place),
        };
        prototypes.prototype(place)
    }

    /// Per dimension its share of the squared distance to the nearest prototype; they sum to 1, or all are 0.
    pub(crate) fn shares(&self, recent: Option<&RecentMemory>, block: &[f32]) -> Vec<f32> {
        let mut nearest = Nearest::new(1);
        self.anchors.nearest(block, &mut nearest, 0);
        if let Some(recent) = recent {
            recent.prototypes().nearest(block, &mut nearest, self.anchors.len());
        }
        let point = block.iter().step_by(LANES).copied();
        let prototype = self.prototype(recent, nearest.first(0));
        let squares: Vec<f32> = prototype.zip(point).map(|(a, b)| (a - b) * (a - b)).collect();
        let sum = squares.iter().sum::<f32>();
        let share = if sum > 0.0 { 1.0 / sum } else { 0.0 };
        squares.into_iter().map(|square| square * share).collect()
    }

    pub(crate) fn dimensions(&self) -> usize {
        self.anchors.dimensions()
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.length(self.neighbours);
        self.anchors.write(writer);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, ModelError> {
        let neighbours = reader.u32()? as usize;
        if neighbours == 0 || neighbours > NEIGHBOURS_MAX {
            return Err(reader.wrong("a memory of an impossible shape"));
        }
        Ok(Self { neighbours, anchors: Prototypes::read(reader, ANCHORS_MAX)? })
    }
}

fn check(settings: &MemorySettings) -> Result<(), ModelError> {
    let wrong = |setting, value: usize, allowed| {
        Err(ModelError::Setting { setting, value: value.to_string(), allowed })
    };
    if settings.anchors == 0 || settings.anchors > ANCHORS_MAX {
        return wrong("anchors", settings.anchors, "1 to 2048");
    }
    if settings.neighbours == 0 || settings.neighbours > NEIGHBOURS_MAX {
        return wrong("neighbours", settings.neighbours, "1 to 4");
    }
    if settings.rounds > 100 {
        return wrong("rounds", settings.rounds, "0 to 100");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::encoder::CHUNK_ROWS;
    use super::*;

    fn cloud(seed: u64, rows: usize, dimensions: usize) -> Points {
        let mut random = Random::new(seed, 1);
        let values = (0..rows * dimensions).map(|_| random.unit() * 4.0 - 2.0).collect();
        Points { dimensions, values }
    }

    fn blocks(points: &Points) -> Vec<f32> {
        let mut blocks = vec![0.0; points.len().div_ceil(LANES) * points.dimensions * LANES];
        for (row, point) in points.iter().enumerate() {
            for (dimension, value) in point.iter().enumerate() {
                blocks[(row / LANES * points.dimensions + dimension) * LANES + row % LANES] = *value;
            }
        }
        blocks
    }

    #[test]
    fn distances_are_those_of_the_definition() {
        for (neighbours, anchors, dimensions) in [(1, 7, 3), (3, 50, 5), (4, 2, 1), (2, 256, 40)] {
            let settings = MemorySettings { anchors, neighbours, rounds: 1, members_min: 1 };
            let memory = Memory::fit(&cloud(1, 400, dimensions), &settings, &mut Random::new(1, 2)).unwrap();
            let points = cloud(2, CHUNK_ROWS, dimensions);
            let mut scores = [0.0; CHUNK_ROWS];
            memory.score_blocks(None, &blocks(&points), &mut scores);
            for (point, score) in points.iter().zip(scores) {
                let mut all: Vec<f32> = (0..memory.anchors())
                    .map(|place| {
                        let anchor = memory.anchors.prototype(place);
                        anchor.zip(point).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
                    })
                    .collect();
                all.sort_by(f32::total_cmp);
                all.truncate(neighbours);
                let mean = all.iter().sum::<f32>() / all.len() as f32;
                assert!((mean - score).abs() < 1e-3, "{mean} {score}");
            }
        }
    }

    #[test]
    fn the_shares_sum_to_one_and_name_the_dimension() {
        let memory =
            Memory::fit(&cloud(1, 400, 3), &MemorySettings::default(), &mut Random::new(1, 2)).unwrap();
        let points = Points { dimensions: 3, values: vec![0.0, 9.0, 0.0] };
        let shares = memory.shares(None, &blocks(&points));
        assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert!(shares[1] > 0.9);
    }

    #[test]
    fn a_memory_is_bounded_and_drops_lonely_anchors() {
        let mut points = cloud(1, 3000, 2);
        points.values.extend([50.0, 50.0]);
        let settings = MemorySettings { anchors: 40, members_min: 3, ..MemorySettings::default() };
        let memory = Memory::fit(&points, &settings, &mut Random::new(1, 2)).unwrap();
        assert!(memory.anchors() <= 40 && memory.anchors() > 20);
        let far = Points { dimensions: 2, values: vec![50.0, 50.0] };
        let mut scores = [0.0; CHUNK_ROWS];
        memory.score_blocks(None, &blocks(&far), &mut scores);
        assert!(scores[0] > 40.0, "one far row has become an anchor");
        let few = Memory::fit(&cloud(1, 5, 2), &MemorySettings::default(), &mut Random::new(1, 2)).unwrap();
        assert!(few.anchors() <= 5);
    }

    #[test]
    fn hostile_bytes_are_refused() {
        let memory =
            Memory::fit(&cloud(1, 100, 3), &MemorySettings::default(), &mut Random::new(1, 2)).unwrap();
        let mut writer = Writer::default();
        memory.write(&mut writer);
        let bytes = writer.finish();
        assert_eq!(Memory::read(&mut Reader::new(&bytes)).unwrap(), memory);
        for cut in 0..bytes.len() {
            assert!(Memory::read(&mut Reader::new(&bytes[..cut])).is_err());
        }
        let mut huge = bytes.clone();
        huge[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(Memory::read(&mut Reader::new(&huge)).is_err());
    }
}
