//! Scores of windows, and what they tell.

use sentra_learn::sequence::{Alphabet, SequenceModel, Symbol, WINDOW_EVENTS};

pub(crate) fn symbols(alphabet: &Alphabet, events: &[&str]) -> Vec<Symbol> {
    events.iter().map(|event| alphabet.symbol(event)).collect()
}

pub(crate) fn all_symbols(alphabet: &Alphabet, sequences: &[Vec<&str>]) -> Vec<Vec<Symbol>> {
    sequences.iter().map(|events| symbols(alphabet, events)).collect()
}

/// The surprise of the ten events up to each place, from the tenth on, with at most 32 events before them.
pub(crate) fn scores(model: &SequenceModel, events: &[Symbol]) -> Vec<(usize, f32)> {
    (WINDOW_EVENTS..=events.len())
        .map(|end| (end - 1, model.surprise(&events[end.saturating_sub(42)..end]).unwrap().bits))
        .collect()
}

/// The area under the ROC curve: how often a positive scores above a negative.
pub(crate) fn auc(positives: &[f32], negatives: &[f32]) -> f64 {
    let mut all: Vec<(f32, bool)> = positives.iter().map(|score| (*score, true)).collect();
    all.extend(negatives.iter().map(|score| (*score, false)));
    all.sort_by(|left, right| left.0.total_cmp(&right.0));
    let (mut rank_sum, mut place) = (0.0, 0);
    while place < all.len() {
        let same = all[place..].iter().take_while(|(score, _)| *score == all[place].0).count();
        let rank = place as f64 + (same as f64 + 1.0) / 2.0;
        rank_sum += rank * all[place..place + same].iter().filter(|(_, positive)| *positive).count() as f64;
        place += same;
    }
    let (p, n) = (positives.len() as f64, negatives.len() as f64);
    (rank_sum - p * (p + 1.0) / 2.0) / (p * n)
}

#[test]
fn the_measure_is_right() {
    assert_eq!(auc(&[3.0, 2.0], &[1.0, 0.0]), 1.0);
    assert_eq!(auc(&[0.0], &[1.0]), 0.0);
    assert_eq!(auc(&[1.0], &[1.0, 1.0]), 0.5);
    assert_eq!(auc(&[2.0, 0.5], &[1.0]), 0.5);
}
