//! Choosing anchors: far from each other first (k-means++), then moved into the middle of what is nearest to them.

use super::super::encoder::Points;
use super::super::random::Random;
use super::super::scale::LANES;
use super::MemorySettings;
use super::prototypes::{Nearest, Prototypes};

pub(super) fn choose(points: &Points, settings: &MemorySettings, random: &mut Random) -> Prototypes {
    let blocks = blocks(points);
    let mut anchors = spread(points, settings.anchors, random);
    let mut members = assign(points, &blocks, &anchors);
    for _ in 0..settings.rounds {
        anchors = middles(points, &anchors, &members);
        members = assign(points, &blocks, &anchors);
    }
    without_lonely(&anchors, &members, settings.members_min)
}

/// Points far from each other: each next one is drawn with a chance that grows with the square of its distance to the
/// nearest that was drawn. It ends early when every point was drawn.
fn spread(points: &Points, wanted: usize, random: &mut Random) -> Prototypes {
    let mut anchors = Prototypes::new(points.dimensions);
    let mut distances = vec![f32::MAX; points.len()];
    let mut next = random.below(points.len());
    while anchors.len() < wanted.min(points.len()) {
        let anchor = points.point(next);
        anchors.push(anchor);
        for (distance, point) in distances.iter_mut().zip(points.iter()) {
            *distance = distance.min(squared_distance(anchor, point));
        }
        let total: f64 = distances.iter().copied().map(f64::from).sum();
        if total <= 0.0 {
            break;
        }
        let mut left = f64::from(random.unit()) * total;
        let drawn = distances.iter().position(|distance| {
            left -= f64::from(*distance);
            left < 0.0
        });
        next = drawn.unwrap_or_default();
    }
    anchors
}

/// In eight sums, so that it runs in vectors.
fn squared_distance(left: &[f32], right: &[f32]) -> f32 {
    let (left_lanes, left_rest) = left.as_chunks::<LANES>();
    let (right_lanes, right_rest) = right.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for (left, right) in left_lanes.iter().zip(right_lanes) {
        for (sum, (a, b)) in sums.iter_mut().zip(left.iter().zip(right)) {
            *sum += (a - b) * (a - b);
        }
    }
    let rest: f32 = left_rest.iter().zip(right_rest).map(|(a, b)| (a - b) * (a - b)).sum();
    sums.iter().sum::<f32>() + rest
}

fn blocks(points: &Points) -> Vec<f32> {
    let size = points.dimensions * LANES;
    let mut blocks = vec![0.0; points.len().div_ceil(LANES) * size];
    for (row, point) in points.iter().enumerate() {
        let lanes = blocks.iter_mut().skip(row / LANES * size + row % LANES).step_by(LANES);
        for (to, value) in lanes.zip(point) {
            *to = *value;
        }
    }
    blocks
}

/// Per point the place of its nearest anchor.
fn assign(points: &Points, blocks: &[f32], anchors: &Prototypes) -> Vec<usize> {
    let mut members = Vec::with_capacity(points.len());
    for block in blocks.chunks_exact((points.dimensions * LANES).max(1)) {
        let mut nearest = Nearest::new(1);
        anchors.nearest(block, &mut nearest, 0);
        members.extend((0..LANES).map(|lane| nearest.first(lane)));
    }
    members.truncate(points.len());
    members
}

/// Each anchor moved to the mean of its members; one without members stays.
fn middles(points: &Points, anchors: &Prototypes, members: &[usize]) -> Prototypes {
    let dimensions = points.dimensions;
    let mut sums = vec![0.0f64; anchors.len() * dimensions];
    let mut counts = vec![0u32; anchors.len()];
    for (point, anchor) in points.iter().zip(members) {
        if let Some(count) = counts.get_mut(*anchor) {
            *count += 1;
        }
        let to = sums.get_mut(anchor * dimensions..).unwrap_or_default();
        for (sum, value) in to.iter_mut().zip(point) {
            *sum += f64::from(*value);
        }
    }
    let mut moved = Prototypes::new(dimensions);
    for (place, (sums, count)) in sums.chunks_exact(dimensions.max(1)).zip(counts).enumerate() {
        let mean = |sum: &f64| (sum / f64::from(count)) as f32;
        let middle: Vec<f32> =
            if count > 0 { sums.iter().map(mean).collect() } else { anchors.prototype(place).collect() };
        moved.push(&middle);
    }
    moved
}

/// The anchors that stand for enough rows; all of them when none does.
fn without_lonely(anchors: &Prototypes, members: &[usize], members_min: usize) -> Prototypes {
    let mut counts = vec![0usize; anchors.len()];
    for anchor in members {
        if let Some(count) = counts.get_mut(*anchor) {
            *count += 1;
        }
    }
    let mut kept = Prototypes::new(anchors.dimensions());
    for (place, _) in counts.iter().enumerate().filter(|(_, count)| **count >= members_min) {
        kept.push(&anchors.prototype(place).collect::<Vec<f32>>());
    }
    if kept.len() == 0 { anchors.clone() } else { kept }
}
