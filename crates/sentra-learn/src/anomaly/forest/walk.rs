//! Walking points through the trees, eight side by side: each waits for its next node, and the others use the time.

use super::super::encoder::CHUNK_ROWS;
use super::super::scale::LANES;
use super::{Forest, ForestReasons, Tree};

impl Forest {
    /// The score of one point.
    pub(crate) fn score_point(&self, point: &[f32]) -> f32 {
        let leaves = self.trees.iter().filter_map(|tree| {
            let last = tree.way(point).last()?;
            tree.values.get(last).copied()
        });
        leaves.sum::<f32>() / self.trees.len().max(1) as f32
    }

    /// The scores of a chunk's points, which lie in blocks of [`LANES`].
    pub(crate) fn score_blocks(&self, blocks: &[f32], scores: &mut [f32; CHUNK_ROWS]) {
        *scores = [0.0; CHUNK_ROWS];
        let block = self.dimensions * LANES;
        for tree in &self.trees {
            let (lanes, _) = scores.as_chunks_mut::<LANES>();
            for (block, sums) in blocks.chunks_exact(block).zip(lanes) {
                tree.add(block, self.steps, sums);
            }
        }
        let share = 1.0 / self.trees.len().max(1) as f32;
        for score in scores {
            *score *= share;
        }
    }

    /// Why a point has its score.
    #[must_use]
    pub fn reasons(&self, point: &[f32]) -> ForestReasons {
        let share = 1.0 / self.trees.len().max(1) as f32;
        let mut reasons = ForestReasons { base: 0.0, parts: vec![0.0; self.dimensions] };
        for tree in &self.trees {
            let mut before: Option<(f32, usize)> = None;
            for place in tree.way(point) {
                let (Some(node), Some(value)) = (tree.nodes.get(place), tree.values.get(place)) else {
                    continue;
                };
                match before {
                    None => reasons.base += value * share,
                    Some((last, dimension)) => {
                        if let Some(part) = reasons.parts.get_mut(dimension) {
                            *part += (value - last) * share;
                        }
                    }
                }
                before = Some((*value, usize::from(node.dimension)));
            }
        }
        reasons
    }
}

impl Tree {
    /// The places of the nodes from the root to the point's leaf.
    fn way<'a>(&'a self, point: &'a [f32]) -> impl Iterator<Item = usize> + 'a {
        std::iter::successors(Some(0), |place| {
            let node = self.nodes.get(*place)?;
            let child = usize::from(node.child);
            let value = point.get(usize::from(node.dimension)).copied().unwrap_or_default();
            (child != *place).then_some(child + usize::from(value > node.threshold))
        })
    }

    /// Adds what the tree says of each of a block's points.
    fn add(&self, block: &[f32], steps: usize, sums: &mut [f32; LANES]) {
        let mut places = [0usize; LANES];
        for _ in 0..steps {
            for (lane, place) in places.iter_mut().enumerate() {
                let Some(node) = self.nodes.get(*place) else { continue };
                let value =
                    block.get(usize::from(node.dimension) * LANES + lane).copied().unwrap_or_default();
                *place = usize::from(node.child) + usize::from(value > node.threshold);
            }
        }
        for (sum, place) in sums.iter_mut().zip(places) {
            *sum += self.values.get(place).copied().unwrap_or_default();
        }
    }
}
