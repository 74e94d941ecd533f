//! Growing a tree: cuts at random, until every row stands alone or the depth is reached.

use super::super::encoder::Points;
use super::super::random::Random;
use super::{ForestSettings, Node, Tree};

/// So many dimensions are tried, as a multiple of their number, before a node whose rows are alike becomes a leaf.
const TRIES_PER_DIMENSION: usize = 2;

/// The width of every dimension.
pub(super) fn ranges(points: &Points) -> Vec<f32> {
    (0..points.dimensions)
        .map(|dimension| {
            let (low, high) = bounds(points.iter().filter_map(|point| point.get(dimension).copied()));
            (high - low).max(0.0)
        })
        .collect()
}

fn bounds(values: impl Iterator<Item = f32>) -> (f32, f32) {
    values.fold((f32::MAX, f32::MIN), |(low, high), value| (low.min(value), high.max(value)))
}

/// A node that still has to be cut.
struct Open {
    place: usize,
    rows: Vec<u32>,
    depth: usize,
}

pub(super) fn tree(points: &Points, ranges: &[f32], settings: &ForestSettings, random: &mut Random) -> Tree {
    let rows = random.sample(points.len(), settings.sample_rows);
    let unit = path_mean(rows.len()) / 2.0;
    let mut tree = Tree { nodes: vec![Node::leaf(0)], values: vec![0.0] };
    let mut weights = vec![rows.len() as f32];
    let mut open = std::collections::VecDeque::from([Open { place: 0, rows, depth: 0 }]);
    while let Some(node) = open.pop_front() {
        let way = node.depth as f32 + path_mean(node.rows.len());
        set(&mut tree.values, node.place, (-way / unit.max(0.5)).exp2());
        if node.rows.len() <= 1 || node.depth >= settings.depth {
            continue;
        }
        let Some((dimension, threshold)) = cut(points, ranges, &node.rows, settings.margin, random) else {
            continue;
        };
        let value = |row: &u32| points.point(*row as usize).get(dimension).copied().unwrap_or_default();
        let (below, above): (Vec<u32>, Vec<u32>) = node.rows.iter().partition(|row| value(row) <= threshold);
        let child = tree.nodes.len();
        set(
            &mut tree.nodes,
            node.place,
            Node { threshold, dimension: dimension as u16, child: child as u16 },
        );
        for (place, rows) in [(child, below), (child + 1, above)] {
            tree.nodes.push(Node::leaf(place));
            tree.values.push(0.0);
            weights.push(rows.len() as f32);
            open.push_back(Open { place, rows, depth: node.depth + 1 });
        }
    }
    average_upwards(&mut tree, &weights);
    tree
}

fn set<T>(items: &mut [T], place: usize, item: T) {
    if let Some(to) = items.get_mut(place) {
        *to = item;
    }
}

/// A dimension in which the rows are not alike (or may be cut beside), and where to cut.
fn cut(
    points: &Points,
    ranges: &[f32],
    rows: &[u32],
    margin: f32,
    random: &mut Random,
) -> Option<(usize, f32)> {
    for _ in 0..TRIES_PER_DIMENSION * points.dimensions {
        let dimension = random.below(points.dimensions);
        let values = rows.iter().filter_map(|row| points.point(*row as usize).get(dimension).copied());
        let (low, high) = bounds(values);
        let beside = margin * ranges.get(dimension).copied().unwrap_or_default();
        let (low, high) = (low - beside, high + beside);
        if high > low {
            let threshold = low + (high - low) * random.unit();
            // Without a margin a cut at the very top would part nothing.
            return Some((dimension, if threshold < high { threshold } else { low }));
        }
    }
    None
}

/// Gives each cut the mean of its leaves, weighted by the training rows in them.
fn average_upwards(tree: &mut Tree, weights: &[f32]) {
    for place in (0..tree.nodes.len()).rev() {
        let Some(child) = tree.nodes.get(place).map(|node| usize::from(node.child)) else { continue };
        if child == place {
            continue;
        }
        let part = |place: usize| Some((*tree.values.get(place)?, *weights.get(place)?));
        if let (Some((left, m)), Some((right, n))) = (part(child), part(child + 1)) {
            set(&mut tree.values, place, (left * m + right * n) / (m + n).max(1.0));
        }
    }
}

/// The mean number of steps of an unsuccessful search in a binary search tree of `rows` keys.
pub(super) fn path_mean(rows: usize) -> f32 {
    const EULER: f64 = 0.577_215_664_901_532_9;
    match rows {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => {
            let rows = rows as f64;
            (2.0 * ((rows - 1.0).ln() + EULER) - 2.0 * (rows - 1.0) / rows) as f32
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_path_is_that_of_the_paper() {
        assert_eq!(path_mean(1), 0.0);
        assert_eq!(path_mean(2), 1.0);
        assert!((path_mean(256) - 10.244_77).abs() < 1e-3);
    }

    #[test]
    fn rows_that_are_all_alike_make_a_tree_of_one_leaf() {
        let points = Points { dimensions: 3, values: vec![1.0; 300] };
        let tree = tree(&points, &ranges(&points), &ForestSettings::default(), &mut Random::new(0, 0));
        assert_eq!(tree.nodes, vec![Node::leaf(0)]);
    }

    #[test]
    fn the_root_has_the_mean_of_all_leaves() {
        let points = Points { dimensions: 1, values: (0..64).map(|value| value as f32).collect() };
        let settings = ForestSettings { sample_rows: 64, margin: 0.0, ..ForestSettings::default() };
        let tree = tree(&points, &ranges(&points), &settings, &mut Random::new(4, 0));
        let leaf = |value: f32| {
            let mut place = 0;
            while usize::from(tree.nodes[place].child) != place {
                let node = tree.nodes[place];
                place = usize::from(node.child) + usize::from(value > node.threshold);
            }
            tree.values[place]
        };
        let mean = (0..64).map(|value| leaf(value as f32)).sum::<f32>() / 64.0;
        assert!((tree.values[0] - mean).abs() < 1e-5);
    }
}
