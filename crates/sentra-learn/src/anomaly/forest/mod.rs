//! An isolation forest: what few random cuts separate from the rest of the data is unusual.

mod grow;
mod walk;

use super::bytes::{Reader, Writer};
use super::encoder::{DIMENSIONS_MAX, Points};
use super::error::ModelError;
use super::random::Random;

/// Most trees.
pub const TREES_MAX: usize = 1000;
/// Most rows that one tree is grown on.
pub const SAMPLE_ROWS_MAX: usize = 16_384;
/// Deepest tree. It bounds a tree to 8,191 nodes.
pub const DEPTH_MAX: usize = 12;

/// How a forest is grown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ForestSettings {
    /// How many trees.
    pub trees: usize,
    /// On how many rows each is grown.
    pub sample_rows: usize,
    /// After how many cuts a tree ends.
    pub depth: usize,
    /// A cut may lie beside the rows it cuts, by this share of the dimension's whole range on either side: so a value
    /// outside of all that was seen falls into an empty part soon, where a cut within the rows would keep it with the
    /// largest of them.
    pub margin: f32,
}

impl Default for ForestSettings {
    fn default() -> Self {
        Self { trees: 100, sample_rows: 1024, depth: 10, margin: 0.05 }
    }
}

/// A cut, or a leaf: then `child` is the node itself, and no value is above the threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    threshold: f32,
    dimension: u16,
    /// Where it goes on at or below the threshold; above it, one node further.
    child: u16,
}

impl Node {
    fn leaf(place: usize) -> Self {
        Self { threshold: f32::MAX, dimension: 0, child: place as u16 }
    }
}

/// Nodes in the order of their depth, and for each how unusual what comes to it is, on average over the tree's rows.
#[derive(Debug, Clone, PartialEq)]
struct Tree {
    nodes: Vec<Node>,
    values: Vec<f32>,
}

/// An isolation forest. The score of a point is the mean over its trees of `2^(−2h / c(ψ))`, where `h` is the number of
/// cuts to the point's leaf plus `c(n)` for the `n` training rows in it, `ψ` the rows a tree was grown on, and `c` the
/// mean length of an unsuccessful search in a binary tree. The exponent is taken per tree, not of the mean length: a
/// tree that isolates at once is not drowned by those that never looked at the dimension that matters.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    dimensions: usize,
    steps: usize,
    trees: Vec<Tree>,
}

/// Why a point has its score: `base + Σ parts = score`, up to rounding.
#[derive(Debug, Clone, PartialEq)]
pub struct ForestReasons {
    /// The mean score over the rows that the trees were grown on.
    pub base: f32,
    /// Per dimension what its cuts on the point's ways added (the way became shorter) or took.
    pub parts: Vec<f32>,
}

impl Forest {
    /// Grows a forest on points.
    ///
    /// # Errors
    /// When a setting makes no sense.
    pub(crate) fn grow(
        points: &Points,
        settings: &ForestSettings,
        random: &mut Random,
    ) -> Result<Self, ModelError> {
        check(settings)?;
        let ranges = grow::ranges(points);
        let trees = (0..settings.trees).map(|_| grow::tree(points, &ranges, settings, random)).collect();
        Ok(Self { dimensions: points.dimensions, steps: settings.depth, trees })
    }

    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.length(self.dimensions);
        writer.length(self.steps);
        writer.length(self.trees.len());
        for tree in &self.trees {
            writer.length(tree.nodes.len());
            for (node, value) in tree.nodes.iter().zip(&tree.values) {
                writer.f32(node.threshold);
                writer.u16(node.dimension);
                writer.u16(node.child);
                writer.f32(*value);
            }
        }
    }

    /// Reads a forest; each cut leads further down the tree, so that every walk ends.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, ModelError> {
        let dimensions = reader.u32()? as usize;
        let steps = reader.u32()? as usize;
        if dimensions == 0 || dimensions > DIMENSIONS_MAX || steps > DEPTH_MAX {
            return Err(reader.wrong("a forest of an impossible shape"));
        }
        let length = reader.length(16, TREES_MAX)?;
        if length == 0 {
            return Err(reader.wrong("a forest without trees"));
        }
        let trees = (0..length).map(|_| read_tree(reader, dimensions)).collect::<Result<_, _>>()?;
        Ok(Self { dimensions, steps, trees })
    }
}

fn read_tree(reader: &mut Reader<'_>, dimensions: usize) -> Result<Tree, ModelError> {
    let length = reader.length(12, 1 << (DEPTH_MAX + 1))?;
    if length == 0 {
        return Err(reader.wrong("a tree without nodes"));
    }
    let mut tree = Tree { nodes: Vec::with_capacity(length), values: Vec::with_capacity(length) };
    for place in 0..length {
        let node = Node { threshold: reader.f32()?, dimension: reader.u16()?, child: reader.u16()? };
        let is_leaf = node == Node::leaf(place);
        let leads_on = usize::from(node.child) > place && usize::from(node.child) + 1 < length;
        if !is_leaf && (!leads_on || usize::from(node.dimension) >= dimensions) {
            return Err(reader.wrong("a cut that leads nowhere"));
        }
        tree.nodes.push(node);
        tree.values.push(reader.f32()?);
    }
    Ok(tree)
}

fn check(settings: &ForestSettings) -> Result<(), ModelError> {
    let wrong = |setting, value: String, allowed| Err(ModelError::Setting { setting, value, allowed });
    if settings.trees == 0 || settings.trees > TREES_MAX {
        return wrong("trees", settings.trees.to_string(), "1 to 1000");
    }
    if settings.sample_rows < 2 || settings.sample_rows > SAMPLE_ROWS_MAX {
        return wrong("sample_rows", settings.sample_rows.to_string(), "2 to 16384");
    }
    if settings.depth == 0 || settings.depth > DEPTH_MAX {
        return wrong("depth", settings.depth.to_string(), "1 to 12");
    }
    if !(0.0..=1.0).contains(&settings.margin) {
        return wrong("margin", settings.margin.to_string(), "0 to 1");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cloud around the origin in two dimensions.
    fn cloud() -> Points {
        let mut random = Random::new(3, 9);
        let values = (0..2000).map(|_| random.unit() + random.unit() + random.unit() - 1.5).collect();
        Points { dimensions: 2, values }
    }

    fn forest(seed: u64) -> Forest {
        Forest::grow(&cloud(), &ForestSettings::default(), &mut Random::new(seed, 0)).unwrap()
    }

    fn score(forest: &Forest, point: [f32; 2]) -> f32 {
        forest.score_point(&point)
    }

    #[test]
    fn what_is_far_out_is_more_unusual() {
        let forest = forest(1);
        let (inside, edge, outside) =
            (score(&forest, [0.0, 0.0]), score(&forest, [1.2, 1.2]), score(&forest, [2.5, 2.5]));
        assert!(inside < edge && edge < outside, "{inside} {edge} {outside}");
        assert!(inside > 0.0 && outside <= 1.0);
    }

    #[test]
    fn a_seed_fixes_the_forest() {
        assert_eq!(forest(5), forest(5));
        assert_ne!(forest(5), forest(6));
    }

    #[test]
    fn the_reasons_sum_to_the_score_and_name_the_dimension() {
        let forest = forest(1);
        for point in [[0.1, -0.2], [3.0, 0.0], [0.0, -3.0], [1.0, 1.0]] {
            let reasons = forest.reasons(&point);
            let sum = reasons.base + reasons.parts.iter().sum::<f32>();
            assert!((sum - score(&forest, point)).abs() < 1e-5);
        }
        let reasons = forest.reasons(&[3.0, 0.0]);
        assert!(reasons.parts[0] > 4.0 * reasons.parts[1].abs());
    }

    #[test]
    fn hostile_bytes_are_refused() {
        let forest = forest(2);
        let mut writer = Writer::default();
        forest.write(&mut writer);
        let bytes = writer.finish();
        assert_eq!(Forest::read(&mut Reader::new(&bytes)).unwrap(), forest);
        // The first node of the first tree shall lead back to itself, but not as a leaf does.
        let mut loops = bytes.clone();
        loops[22] = 0;
        loops[23] = 0;
        assert!(Forest::read(&mut Reader::new(&loops)).is_err());
        for cut in (0..bytes.len()).step_by(97) {
            assert!(Forest::read(&mut Reader::new(&bytes[..cut])).is_err());
        }
    }

    #[test]
    fn senseless_settings_are_refused() {
        for settings in [
            ForestSettings { trees: 0, ..ForestSettings::default() },
            ForestSettings { sample_rows: 1, ..ForestSettings::default() },
            ForestSettings { depth: 13, ..ForestSettings::default() },
            ForestSettings { margin: f32::NAN, ..ForestSettings::default() },
        ] {
            assert!(Forest::grow(&cloud(), &settings, &mut Random::new(0, 0)).is_err());
        }
    }
}
