/// Rows that are scored side by side. Eight f32 are two vectors of the oldest x86-64.
pub(crate) const LANES: usize = 8;

/// `ln(1 + |value|)` with the sign of `value`, in arithmetic that every machine does alike and that runs in vectors.
/// The error is below 1e-6 of the result (or 1e-7 near 0).
pub(crate) fn signed_log(value: f32) -> f32 {
    let magnitude = 1.0 + value.abs();
    let bits = magnitude.to_bits();
    // The mantissa is moved into sqrt(1/2)..sqrt(2), where the series is short.
    let shifted = bits.wrapping_sub(0x3f35_04f3);
    let exponent = (shifted as i32 >> 23) as f32;
    let mantissa = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(0x3f35_04f3));
    let ratio = (mantissa - 1.0) / (mantissa + 1.0);
    let square = ratio * ratio;
    let series = 1.0 + square * (1.0 / 3.0 + square * (0.2 + square * (1.0 / 7.0 + square * (1.0 / 9.0))));
    let logarithm = (exponent * std::f32::consts::LN_2 + 2.0 * ratio * series).copysign(value);
    if value.is_nan() { f32::NAN } else { logarithm }
}

/// Where a dimension lies on the training rows: its mean, and one over its standard deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    pub(crate) centre: f32,
    pub(crate) inverse: f32,
}

impl Scale {
    /// From values of the training; the deviation is at least `spread_min`, what is no number is left out.
    pub(crate) fn fit(values: impl Iterator<Item = f32>, spread_min: f32) -> Self {
        let (mut count, mut sum, mut squares) = (0u32, 0.0f64, 0.0f64);
        for value in values.filter(|value| value.is_finite()).map(f64::from) {
            count += 1;
            sum += value;
            squares += value * value;
        }
        let count = f64::from(count.max(1));
        let mean = sum / count;
        let deviation = (squares / count - mean * mean).max(0.0).sqrt();
        Self { centre: mean as f32, inverse: 1.0 / (deviation as f32).max(spread_min) }
    }

    /// Deviations from the mean, within `clip`; what is no number lies at the mean.
    pub(crate) fn apply(self, value: f32, clip: f32) -> f32 {
        let scaled = (value - self.centre) * self.inverse;
        // `max` and `min` take the number when the other is none, so a NaN would end at an edge.
        if scaled.is_nan() { 0.0 } else { scaled.max(-clip).min(clip) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_the_logarithm() {
        let mut value = 1e-3f32;
        while value < 1e30 {
            let exact = f64::from(value).ln_1p();
            assert!((f64::from(signed_log(value)) - exact).abs() <= exact * 1e-6 + 1e-7, "{value}");
            assert_eq!(signed_log(-value), -signed_log(value));
            value *= 1.37;
        }
        assert_eq!(signed_log(0.0), 0.0);
        assert!(signed_log(f32::NAN).is_nan());
        assert!(signed_log(f32::MAX) > 88.0 && signed_log(f32::MAX).is_finite());
    }

    #[test]
    fn a_constant_column_has_the_least_spread() {
        let scale = Scale::fit([2.0f32; 5].into_iter(), 0.05);
        assert_eq!(scale.apply(2.0, 5.0), 0.0);
        assert!((scale.apply(2.05, 5.0) - 1.0).abs() < 1e-4);
        assert_eq!(scale.apply(1e9, 5.0), 5.0);
        assert_eq!(scale.apply(f32::NEG_INFINITY, 5.0), -5.0);
        assert_eq!(scale.apply(f32::NAN, 5.0), 0.0);
    }

    #[test]
    fn what_is_no_number_does_not_move_a_scale() {
        let values = [1.0, f32::NAN, 3.0, f32::INFINITY];
        assert_eq!(Scale::fit(values.into_iter(), 0.05), Scale::fit([1.0, 3.0].into_iter(), 0.05));
        assert_eq!(Scale::fit(std::iter::empty(), 0.5), Scale { centre: 0.0, inverse: 2.0 });
    }
}
