/// A vector of length 1 in fixed point: each number is a multiple of 1/16,384.
///
/// Whole numbers, because their sum is the same in whatever order it is taken: a ranking does not change with the
/// machine or the compiler, and a scan reads half the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vector(Box<[i16]>);

/// What stands for 1.
const ONE: f64 = 16_384.0;

impl Vector {
    /// The vector in the direction of `numbers`; `None` when these are all zero, or not numbers.
    #[must_use]
    pub fn towards(numbers: &[f64]) -> Option<Self> {
        let largest = numbers.iter().fold(0.0_f64, |largest, number| largest.max(number.abs()));
        if largest <= 0.0 || !numbers.iter().all(|number| number.is_finite()) {
            return None;
        }
        // Divided first, so that squares of the largest and the smallest numbers there are stay numbers.
        let length =
            numbers.iter().map(|number| number / largest).map(|part| part * part).sum::<f64>().sqrt();
        let parts = numbers.iter().map(|number| fixed(number / largest / length)).collect();
        Some(Self(parts))
    }

    /// The vector that was stored as `parts`.
    #[must_use]
    pub(crate) fn from_parts(parts: Vec<i16>) -> Self {
        Self(parts.into())
    }

    pub(crate) fn parts(&self) -> &[i16] {
        &self.0
    }

    /// How many numbers it has.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.0.len()
    }

    /// How near another of the same space is: 1 in the same direction, 0 with nothing in common.
    #[must_use]
    pub fn likeness(&self, other: &Self) -> f32 {
        likeness(dot(&self.0, &other.0))
    }

    /// As numbers, for a graph or a model.
    #[must_use]
    pub fn to_floats(&self) -> Vec<f32> {
        self.0.iter().map(|part| f32::from(*part) / ONE as f32).collect()
    }
}

#[allow(clippy::cast_possible_truncation, reason = "within -16,384 and 16,384 after the clamp")]
fn fixed(number: f64) -> i16 {
    (number * ONE).round().clamp(-ONE, ONE) as i16
}

/// Vectors have length 1, so every partial sum stays below 2^28 in size. The wrapping is for those that somebody made up.
pub(crate) fn dot(left: &[i16], right: &[i16]) -> i32 {
    left.iter()
        .zip(right)
        .map(|(left, right)| i32::from(*left) * i32::from(*right))
        .fold(0, i32::wrapping_add)
}

/// The cosine that a product of two vectors means.
#[allow(clippy::cast_possible_truncation, reason = "a score")]
pub(crate) fn likeness(product: i32) -> f32 {
    (f64::from(product) / (ONE * ONE)) as f32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_and_what_is_no_number_have_no_direction() {
        assert_eq!(Vector::towards(&[]), None);
        assert_eq!(Vector::towards(&[0.0, 0.0]), None);
        assert_eq!(Vector::towards(&[1.0, f64::NAN]), None);
        assert_eq!(Vector::towards(&[1.0, f64::INFINITY]), None);
    }

    proptest! {
        #[test]
        fn likeness_is_the_cosine(left in prop::collection::vec(-1e3..1e3, 256), right in prop::collection::vec(-1e3..1e3, 256)) {
            let dot: f64 = left.iter().zip(&right).map(|(l, r)| l * r).sum();
            let length = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
            let cosine = dot / length(&left) / length(&right);
            let (left, right) = (Vector::towards(&left).unwrap(), Vector::towards(&right).unwrap());
            prop_assert!((f64::from(left.likeness(&right)) - cosine).abs() < 1e-3);
            prop_assert!((left.likeness(&left) - 1.0).abs() < 1e-3);
        }

        #[test]
        fn size_does_not_matter(numbers in prop::collection::vec(-1.0..1.0, 8), exponent in -100..100) {
            let scaled: Vec<f64> = numbers.iter().map(|x| x * 2_f64.powi(exponent)).collect();
            prop_assert_eq!(Vector::towards(&numbers), Vector::towards(&scaled));
        }
    }
}
