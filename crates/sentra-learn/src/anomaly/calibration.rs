use super::bytes::{Reader, Writer};
use super::error::ModelError;

/// Most knots of the curve below the tail.
const KNOTS_MAX: usize = 128;
/// From this share of the rows on, the tail is a curve and no longer counted.
const TAIL_FROM: f32 = 0.95;

/// Turns a detector's score into how surprising it is on normal rows: `−ln P(a normal row scores at least so high)`, in
/// nats. Up to the 95th percentile that is counted on held-out rows; above it the excess is taken as exponential, with
/// the mean of what was seen, so that what lies beyond every normal row still has an order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Calibration {
    /// Scores at evenly spaced shares from 0 to [`TAIL_FROM`].
    knots: Vec<f32>,
    /// The surprise at each knot.
    surprises: Vec<f32>,
    excess_mean: f32,
}

/// `−ln(1 − share)` at evenly spaced shares from 0 to [`TAIL_FROM`].
fn surprises(count: usize) -> Vec<f32> {
    let last = count.saturating_sub(1).max(1) as f32;
    (0..count).map(|knot| -(1.0 - TAIL_FROM * knot as f32 / last).ln()).collect()
}

impl Calibration {
    pub(crate) fn fit(scores: &[f32]) -> Self {
        let mut sorted = scores.to_vec();
        sorted.sort_by(f32::total_cmp);
        let at = |share: f32| {
            let place = share * sorted.len().saturating_sub(1) as f32;
            sorted.get(place.round() as usize).copied().unwrap_or_default()
        };
        let count = KNOTS_MAX.min(sorted.len()).max(2);
        let knots: Vec<f32> =
            (0..count).map(|knot| at(TAIL_FROM * knot as f32 / (count - 1) as f32)).collect();
        let top = at(TAIL_FROM);
        let above: Vec<f32> = sorted.iter().filter(|score| **score > top).map(|score| score - top).collect();
        let mean = above.iter().sum::<f32>() / above.len().max(1) as f32;
        // Rows that are all alike leave no excess; a hundredth of the spread below keeps the tail finite.
        let spread = (top - at(0.5)).max(top.abs() * 1e-3).max(1e-6);
        Self { surprises: surprises(knots.len()), knots, excess_mean: mean.max(spread * 0.01) }
    }

    /// How surprising a score is, in nats; never less for a higher score.
    pub(crate) fn surprise(&self, score: f32) -> f32 {
        let top = self.knots.last().copied().unwrap_or_default();
        let surprise = |place: usize| self.surprises.get(place).copied().unwrap_or_default();
        if score > top {
            return (score - top) / self.excess_mean + surprise(self.knots.len().saturating_sub(1));
        }
        let above = self.knots.partition_point(|knot| *knot < score);
        let Some(below) = above.checked_sub(1) else { return 0.0 };
        let knot = |place: usize| self.knots.get(place).copied().unwrap_or(top);
        let (low, high) = (knot(below), knot(above));
        let part = if high > low { (score - low) / (high - low) } else { 1.0 };
        surprise(below) + part * (surprise(above) - surprise(below))
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.f32(self.excess_mean);
        writer.numbers(&self.knots);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, ModelError> {
        let excess_mean = reader.f32()?;
        let knots = reader.numbers(KNOTS_MAX)?;
        let sorted = knots.is_sorted();
        if knots.len() < 2 || !sorted || excess_mean <= 0.0 {
            return Err(reader.wrong("a calibration out of order"));
        }
        Ok(Self { surprises: surprises(knots.len()), knots, excess_mean })
    }
}

#[cfg(test)]
mod tests {
    use super::Calibration;

    #[test]
    fn a_surprise_is_the_logarithm_of_the_share_above() {
        let scores: Vec<f32> = (0..10_000).map(|score| score as f32 / 10_000.0).collect();
        let calibration = Calibration::fit(&scores);
        for share in [0.1f32, 0.5, 0.9, 0.949] {
            let expected = -(1.0 - share).ln();
            assert!((calibration.surprise(share) - expected).abs() < 0.01, "{share}");
        }
        assert_eq!(calibration.surprise(-1.0), 0.0);
    }

    #[test]
    fn an_exponential_tail_is_met_beyond_what_was_seen() {
        let scores: Vec<f32> = (1..20_000).map(|rank| -(rank as f32 / 20_000.0).ln()).collect();
        let calibration = Calibration::fit(&scores);
        for surprise in [4.0f32, 6.0, 12.0] {
            assert!((calibration.surprise(surprise) - surprise).abs() < 0.1 * surprise);
        }
    }

    #[test]
    fn it_never_falls() {
        for scores in
            [vec![1.0f32; 50], vec![0.0, 1.0], vec![3.0], (0..500).map(|x| (x % 7) as f32).collect()]
        {
            let calibration = Calibration::fit(&scores);
            let mut last = -1.0;
            for step in -10..200 {
                let surprise = calibration.surprise(step as f32 * 0.1);
                assert!(surprise >= last && surprise.is_finite());
                last = surprise;
            }
        }
    }
}
