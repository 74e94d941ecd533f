//! Prototypes laid out for speed: four side by side, so that a block of eight points is compared with four of them in
//! one go through the dimensions.

use super::super::bytes::{Reader, Writer};
use super::super::encoder::DIMENSIONS_MAX;
use super::super::error::ModelError;
use super::super::scale::LANES;
use super::NEIGHBOURS_MAX;

/// Prototypes that are compared at once.
const GROUP: usize = 4;
/// Half of the squared length of a place that holds no prototype: nothing is near to it.
const EMPTY: f32 = f32::MAX;

/// Prototypes in groups of [`GROUP`]: within a group, dimension by dimension the values of its prototypes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Prototypes {
    dimensions: usize,
    length: usize,
    values: Vec<f32>,
    /// Per place half of the squared length.
    halves: Vec<f32>,
}

impl Prototypes {
    pub(super) fn new(dimensions: usize) -> Self {
        Self { dimensions, length: 0, values: Vec::new(), halves: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Puts a prototype behind the last.
    pub(super) fn push(&mut self, point: &[f32]) {
        if self.length == self.halves.len() {
            self.values.resize(self.values.len() + self.dimensions * GROUP, 0.0);
            self.halves.resize(self.halves.len() + GROUP, EMPTY);
        }
        self.length += 1;
        self.replace(self.length - 1, point);
    }

    /// Puts another prototype at a place.
    pub(super) fn replace(&mut self, place: usize, point: &[f32]) {
        let first = place / GROUP * self.dimensions * GROUP + place % GROUP;
        let to = self.values.iter_mut().skip(first).step_by(GROUP);
        for (to, value) in to.zip(point) {
            *to = *value;
        }
        if let Some(half) = self.halves.get_mut(place) {
            *half = point.iter().map(|value| value * value).sum::<f32>() / 2.0;
        }
    }

    pub(super) fn prototype(&self, place: usize) -> impl Iterator<Item = f32> + '_ {
        let first = place / GROUP * self.dimensions * GROUP + place % GROUP;
        self.values.iter().skip(first).step_by(GROUP).take(self.dimensions).copied()
    }

    /// Notes which prototypes are nearest to each of a block's points. Compared is `|p|²/2 − x·p`, half of the squared
    /// distance but for what is the same for every prototype: a multiplication and an addition per dimension.
    pub(super) fn nearest(&self, block: &[f32], nearest: &mut Nearest, first_place: usize) {
        let (lanes, _) = block.as_chunks::<LANES>();
        let (values, _) = self.values.as_chunks::<GROUP>();
        let (halves, _) = self.halves.as_chunks::<GROUP>();
        let groups = values.chunks_exact(self.dimensions.max(1)).zip(halves);
        for (group, (values, halves)) in groups.enumerate() {
            let products = products(lanes, values);
            for (member, (product, half)) in products.iter().zip(halves).enumerate() {
                nearest.offer(first_place + group * GROUP + member, *half, product);
            }
        }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.length(self.dimensions);
        writer.length(self.length);
        for place in 0..self.length {
            for value in self.prototype(place) {
                writer.f32(value);
            }
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>, max: usize) -> Result<Self, ModelError> {
        let dimensions = reader.u32()? as usize;
        if dimensions == 0 || dimensions > DIMENSIONS_MAX {
            return Err(reader.wrong("prototypes of an impossible shape"));
        }
        let length = reader.length(dimensions * 4, max)?;
        let mut prototypes = Self::new(dimensions);
        for _ in 0..length {
            let point: Vec<f32> = (0..dimensions).map(|_| reader.f32()).collect::<Result<_, _>>()?;
            prototypes.push(&point);
        }
        Ok(prototypes)
    }
}

/// The inner products of eight points with four prototypes.
#[inline(always)]
fn products(lanes: &[[f32; LANES]], values: &[[f32; GROUP]]) -> [[f32; LANES]; GROUP] {
    let mut products = [[0.0f32; LANES]; GROUP];
    for (lane_values, group_values) in lanes.iter().zip(values) {
        for (sums, value) in products.iter_mut().zip(group_values) {
            for (sum, lane_value) in sums.iter_mut().zip(lane_values) {
                *sum += lane_value * value;
            }
        }
    }
    products
}

/// The nearest prototypes of eight points, nearest first.
#[derive(Debug)]
pub(super) struct Nearest {
    wanted: usize,
    values: [[f32; LANES]; NEIGHBOURS_MAX],
    places: [[u32; LANES]; NEIGHBOURS_MAX],
}

/// No prototype.
const NONE: u32 = u32::MAX;

impl Nearest {
    pub(super) fn new(wanted: usize) -> Self {
        let values = [[f32::MAX; LANES]; NEIGHBOURS_MAX];
        Self { wanted: wanted.clamp(1, NEIGHBOURS_MAX), values, places: [[NONE; LANES]; NEIGHBOURS_MAX] }
    }

    /// A prototype of half the squared length `half`, and its inner products with the points.
    #[inline(always)]
    fn offer(&mut self, place: usize, half: f32, products: &[f32; LANES]) {
        let mut offered = *products;
        for product in &mut offered {
            *product = half - *product;
        }
        let mut places = [place as u32; LANES];
        for (values, known) in self.values.iter_mut().zip(&mut self.places).take(self.wanted) {
            let lanes = values.iter_mut().zip(known).zip(offered.iter_mut().zip(&mut places));
            for ((value, known), (offered, place)) in lanes {
                // The nearer stays here, the other is offered to the next: without a branch, eight at once.
                let nearer = *offered < *value;
                let (low, high) = if nearer { (*offered, *value) } else { (*value, *offered) };
                let (near, far) = if nearer { (*place, *known) } else { (*known, *place) };
                (*value, *offered) = (low, high);
                (*known, *place) = (near, far);
            }
        }
    }

    /// The nearest prototype of a lane.
    pub(super) fn first(&self, lane: usize) -> usize {
        self.places.first().and_then(|places| places.get(lane)).copied().unwrap_or(NONE) as usize
    }

    /// The mean over the prototypes found of each lane's `distance`.
    pub(super) fn mean_distances(&self, distance: impl Fn(usize, usize) -> f32) -> [f32; LANES] {
        let mut means = [0.0; LANES];
        for (lane, mean) in means.iter_mut().enumerate() {
            let places = self.places.iter().take(self.wanted).filter_map(|places| places.get(lane));
            let (mut sum, mut count) = (0.0, 0.0);
            for place in places.filter(|place| **place != NONE) {
                sum += distance(lane, *place as usize);
                count += 1.0;
            }
            *mean = if count > 0.0 { sum / count } else { 0.0 };
        }
        means
    }
}
