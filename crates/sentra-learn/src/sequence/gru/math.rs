//! The few vector operations the network needs, in plain `f32`: the same bits on every machine.
//!
//! Matrices are stored row by row with one row per input, so that the inner loops run along outputs and need no
//! reordering of sums to be vectorised.

/// Adding it rounds to a whole number, which is then in the low bits.
const ROUND: f32 = 12_582_912.0;

/// `x`, which lies within ±127, to the nearest whole number, without a call of the system's library.
#[inline]
pub(crate) fn rounded(x: f32) -> i8 {
    ((x + ROUND).to_bits() as u8).cast_signed()
}

/// e^x to about seven digits; the argument is held within ±87.
#[inline]
pub(crate) fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 87.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    // ln 2 in two parts, the first of few digits, so that the difference is exact.
    let rest = x - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    let tail = 1.0 / 24.0 + rest * (1.0 / 120.0 + rest * (1.0 / 720.0));
    let series = 1.0 + rest * (1.0 + rest * (0.5 + rest * (1.0 / 6.0 + rest * tail)));
    let power = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23;
    series * f32::from_bits(power)
}

#[inline]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[inline]
pub(crate) fn tanh(x: f32) -> f32 {
    2.0 * sigmoid(2.0 * x) - 1.0
}

/// `out += scale · row`
#[inline]
pub(crate) fn add_scaled(out: &mut [f32], scale: f32, row: &[f32]) {
    for (out, value) in out.iter_mut().zip(row) {
        *out += scale * value;
    }
}

/// `left · right`, summed in eight lanes.
#[inline]
pub(crate) fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let (left, right) = (left.chunks_exact(8), right.chunks_exact(8));
    let rest: f32 = left.remainder().iter().zip(right.remainder()).map(|(l, r)| l * r).sum();
    for (left, right) in left.zip(right) {
        for ((lane, l), r) in lanes.iter_mut().zip(left).zip(right) {
            *lane += l * r;
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// The sum of `values`, in eight lanes.
#[inline]
pub(crate) fn sum(values: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let values = values.chunks_exact(8);
    let rest: f32 = values.remainder().iter().sum();
    for values in values {
        add_scaled(&mut lanes, 1.0, values);
    }
    lanes.iter().sum::<f32>() + rest
}

/// `out += input · matrix`, the matrix having a row of `out.len()` per input.
#[inline]
pub(crate) fn add_product(out: &mut [f32], input: &[f32], matrix: &[f32]) {
    let width = out.len().max(1);
    for (value, row) in input.iter().zip(matrix.chunks_exact(width)) {
        add_scaled(out, *value, row);
    }
}

/// `out += matrix · gradient`: what [`add_product`] hands back to its input.
#[inline]
pub(crate) fn add_product_back(out: &mut [f32], gradient: &[f32], matrix: &[f32]) {
    for (out, row) in out.iter_mut().zip(matrix.chunks_exact(gradient.len().max(1))) {
        *out += dot(row, gradient);
    }
}

/// `matrix += input ⊗ gradient`: what [`add_product`] hands back to its matrix.
#[inline]
pub(crate) fn add_outer(matrix: &mut [f32], input: &[f32], gradient: &[f32]) {
    for (value, row) in input.iter().zip(matrix.chunks_exact_mut(gradient.len().max(1))) {
        add_scaled(row, *value, gradient);
    }
}

/// Makes logits probabilities.
#[inline]
pub(crate) fn softmax(logits: &mut [f32]) {
    let most = logits.iter().copied().fold(f32::MIN, f32::max);
    for logit in &mut *logits {
        *logit = exp(*logit - most);
    }
    let sum: f32 = logits.iter().sum();
    for value in logits {
        *value /= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_right_to_seven_digits() {
        for step in -8_600..8_600_i16 {
            let x = f32::from(step) / 100.0;
            let (ours, exact) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((ours - exact).abs() <= exact * 5e-7, "e^{x}: {ours} for {exact}");
            assert!((f64::from(tanh(x)) - f64::from(x).tanh()).abs() < 5e-7);
        }
        assert!(exp(f32::MAX).is_finite() && exp(f32::MIN) > 0.0);
    }

    #[test]
    fn rounding_goes_to_the_nearest() {
        for (x, whole) in [(-127.0, -127), (-1.6, -2), (-0.4, 0), (0.6, 1), (1.4, 1), (126.7, 127)] {
            assert_eq!(rounded(x), whole, "{x}");
        }
    }

    #[test]
    fn a_product_and_its_gradient_agree() {
        let matrix: Vec<f32> = (0..30_u8).map(f32::from).collect();
        let (input, gradient) = ([1.0, 2.0, 3.0], [1.0_f32; 10]);
        let mut out = [0.0; 10];
        add_product(&mut out, &input, &matrix);
        assert_eq!(out[0], 80.0);
        let mut back = [0.0; 3];
        add_product_back(&mut back, &gradient, &matrix);
        assert_eq!(back, [45.0, 145.0, 245.0]);
    }
}
