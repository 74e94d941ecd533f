//! From surprise in bits to a p-value and a threshold, by what held-out normal data scored.

use super::SequenceError;
use super::bytes::{Reader, put_count};

/// Largest held-out scores that are kept one by one; below them every so-manyth is.
const TAIL_SCORES: usize = 1_024;
/// Scores kept of those below the tail.
const BODY_SCORES: usize = 1_024;

/// The distribution of the score on held-out normal data.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Calibration {
    /// Held-out windows scored.
    windows: u32,
    /// Falling scores, each with how many windows scored at least as much.
    points: Vec<(f32, u32)>,
}

/// A score from which on an entity is reported.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Threshold {
    /// Mean −log2 p per event.
    pub bits: f32,
    /// Share of held-out normal windows at or above it, counted with the one in question: never below
    /// 1 / (windows + 1).
    pub false_positive_rate: f64,
    /// Held-out windows that say so.
    pub windows: u32,
}

impl Calibration {
    /// The calibration by these scores.
    #[must_use]
    pub fn of(mut scores: Vec<f32>) -> Self {
        scores.retain(|score| score.is_finite());
        scores.sort_unstable_by(|left, right| right.total_cmp(left));
        scores.truncate(u32::MAX as usize);
        let step = (scores.len().saturating_sub(TAIL_SCORES) / BODY_SCORES).max(1);
        let mut points: Vec<(f32, u32)> = Vec::new();
        for (score, at_least) in scores.iter().zip(1_u32..) {
            let place = at_least as usize;
            let is_last = place == scores.len();
            match points.last_mut() {
                Some(last) if last.0 == *score => last.1 = at_least,
                _ if place <= TAIL_SCORES || place.is_multiple_of(step) || is_last => {
                    points.push((*score, at_least))
                }
                _ => {}
            }
        }
        Self { windows: scores.len() as u32, points }
    }

    /// How many held-out windows were scored.
    #[must_use]
    pub fn windows(&self) -> u32 {
        self.windows
    }

    /// Share of normal windows that score at least `bits`: (windows at or above it + 1) / (windows + 1), never less
    /// than the held-out data can vouch for. 1 where nothing was held out.
    #[must_use]
    pub fn p_value(&self, bits: f32) -> f64 {
        // The first point that is below `bits` bounds how many are at or above it; exact in the tail.
        let above = self.points.partition_point(|(score, _)| *score >= bits);
        let counted =
            above.checked_sub(1).and_then(|place| self.points.get(place)).map_or(0, |point| point.1);
        let next = self.points.get(above).map_or(counted, |point| point.1);
        let is_exact = next <= counted + 1 || (counted as usize) < TAIL_SCORES;
        let at_least = if is_exact { counted } else { next - 1 };
        (f64::from(at_least) + 1.0) / (f64::from(self.windows) + 1.0)
    }

    /// The smallest threshold whose p-value is at most `rate`, or the largest score's successor where the held-out
    /// data is too small for `rate`: its own rate is then stated. `None` where nothing was held out.
    #[must_use]
    pub fn threshold(&self, rate: f64) -> Option<Threshold> {
        let highest = self.points.first()?.0;
        let mut bits = highest.next_up();
        for (score, _) in &self.points {
            if self.p_value(*score) > rate {
                break;
            }
            bits = *score;
        }
        Some(Threshold { bits, false_positive_rate: self.p_value(bits), windows: self.windows })
    }

    /// As [`Self::threshold`], but where the held-out data is too small for `rate`, the tail is drawn out: what the
    /// highest twentieth exceeds its lowest by is taken as exponential. The rate stated is then an estimate.
    #[must_use]
    pub fn threshold_drawn_out(&self, rate: f64) -> Option<Threshold> {
        const TAIL_ONE_IN: u32 = 20;
        let counted = self.threshold(rate)?;
        if counted.false_positive_rate <= rate {
            return Some(counted);
        }
        let tail = (self.windows / TAIL_ONE_IN).max(1);
        let base = self.points.iter().find(|(_, at_least)| *at_least >= tail).or(self.points.last())?.0;
        let mut before = 0;
        let mut excess = 0.0;
        for (score, at_least) in self.points.iter().take_while(|(score, _)| *score > base) {
            excess += f64::from(score - base) * f64::from(at_least - before);
            before = *at_least;
        }
        let mean = excess / f64::from(before.max(1));
        let bits = base
            + (mean * (f64::from(before.max(1)) / (f64::from(self.windows) * rate)).ln().max(0.0)) as f32;
        let bits = bits.max(counted.bits);
        Some(Threshold { bits, false_positive_rate: rate, windows: self.windows })
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.windows.to_le_bytes());
        put_count(bytes, self.points.len());
        for (score, at_least) in &self.points {
            bytes.extend_from_slice(&score.to_le_bytes());
            bytes.extend_from_slice(&at_least.to_le_bytes());
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, SequenceError> {
        let windows = reader.u32()?;
        let count = reader.count(8, 2 * (TAIL_SCORES + BODY_SCORES) + 2)?;
        let mut points: Vec<(f32, u32)> = Vec::with_capacity(count);
        for _ in 0..count {
            let (score, at_least) = (reader.f32()?, reader.u32()?);
            let in_order = points.last().is_none_or(|last| score < last.0 && at_least > last.1);
            if !in_order || at_least == 0 || at_least > windows {
                return Err(reader.problem("held-out scores are out of order"));
            }
            points.push((score, at_least));
        }
        Ok(Self { windows, points })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_p_value_counts_held_out_windows() {
        let calibration = Calibration::of((1..=999_u16).map(f32::from).collect());
        assert_eq!(calibration.p_value(1_000.0), 0.001);
        assert_eq!(calibration.p_value(990.0), 0.011);
        assert_eq!(calibration.p_value(0.0), 1.0);
        let threshold = calibration.threshold(0.01).unwrap();
        assert_eq!((threshold.bits, threshold.false_positive_rate), (991.0, 0.01));
        let strict = calibration.threshold(0.000_001).unwrap();
        assert!(strict.bits > 999.0);
        assert_eq!(strict.false_positive_rate, 0.001);
        assert!(Calibration::of(Vec::new()).threshold(0.5).is_none());
        assert_eq!(Calibration::of(Vec::new()).p_value(9.0), 1.0);
    }

    #[test]
    fn a_rate_beyond_the_data_draws_the_tail_out() {
        // Exponential with mean 1: the threshold of a rate is −ln of it.
        let scores: Vec<f32> = (1..=2_000_u16).map(|rank| -(f32::from(rank) / 2_001.0).ln()).collect();
        let calibration = Calibration::of(scores);
        for rate in [1e-2, 1e-4, 1e-6] {
            let threshold = calibration.threshold_drawn_out(rate).unwrap();
            assert!((f64::from(threshold.bits) + rate.ln()).abs() < 0.7, "{rate}: {threshold:?}");
        }
        let counted = calibration.threshold(1e-2).unwrap();
        assert_eq!(calibration.threshold_drawn_out(1e-2), Some(counted));
        let alike = Calibration::of(vec![2.0; 100]).threshold_drawn_out(1e-6).unwrap();
        assert!(alike.bits > 2.0);
        assert!(Calibration::of(Vec::new()).threshold_drawn_out(0.5).is_none());
    }

    #[test]
    fn a_large_calibration_is_thinned_and_never_too_sure() {
        let scores: Vec<f32> = (0..100_000_u32).map(|number| (number % 50_021) as f32).collect();
        let calibration = Calibration::of(scores.clone());
        assert!(calibration.points.len() <= 2 * (TAIL_SCORES + BODY_SCORES) + 2);
        for bits in [0.0, 17.0, 25_000.5, 40_000.0, 49_900.0, 50_020.0, 60_000.0] {
            let at_least = scores.iter().filter(|score| **score >= bits).count() as f64;
            let exact = (at_least + 1.0) / 100_001.0;
            let stated = calibration.p_value(bits);
            assert!(stated >= exact && stated < exact + 0.003, "{bits}: {stated} for {exact}");
        }
        let mut bytes = Vec::new();
        calibration.write(&mut bytes);
        assert_eq!(Calibration::read(&mut Reader::new(&bytes)).unwrap(), calibration);
    }
}
