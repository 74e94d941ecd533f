use serde::{Deserialize, Serialize};

/// A probability with the interval it probably lies in; all three within 0 to 1, `low <= score <= high`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Estimate {
    /// The best single value.
    pub score: f64,
    /// Lower end of the 90 % interval.
    pub low: f64,
    /// Upper end of the 90 % interval.
    pub high: f64,
}

impl Estimate {
    /// An estimate whose parts are forced into order and into 0 to 1; what is not a number becomes 0.
    #[must_use]
    pub fn new(score: f64, low: f64, high: f64) -> Self {
        let unit = |value: f64| if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) };
        let score = unit(score);
        Self { score, low: unit(low).min(score), high: unit(high).max(score) }
    }
}

#[cfg(test)]
mod tests {
    use super::Estimate;

    #[test]
    fn an_estimate_is_always_in_order() {
        let odd = Estimate::new(0.5, 0.9, 0.1);
        assert!(odd.low <= odd.score && odd.score <= odd.high);
        assert_eq!(Estimate::new(f64::NAN, -1.0, 7.0), Estimate { score: 0.0, low: 0.0, high: 1.0 });
    }
}
