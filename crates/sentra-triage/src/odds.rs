//! Probabilities and log-odds.

/// How often an arbitrary group of findings is malicious before anything is known about it.
pub const BASE_RATE: f64 = 0.05;
/// No risk is more certain than this many log-odds either way.
pub const LOG_ODDS_MAX: f64 = 6.0;
/// Half-width of the 90 % interval in standard deviations.
pub(crate) const INTERVAL_DEVIATIONS: f64 = 1.645;

/// The log-odds of a probability that is kept away from certainty.
#[must_use]
pub fn log_odds(probability: f64) -> f64 {
    let inside = if probability.is_nan() { BASE_RATE } else { probability.clamp(0.001, 0.999) };
    (inside / (1.0 - inside)).ln()
}

/// The probability of log-odds.
#[must_use]
pub fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}
