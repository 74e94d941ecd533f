//! Risk as a probability. A rule's level is a prior on how often its findings are malicious; an incident
//! combines the evidence of its signals in log-odds, with diminishing returns for repetition.

use std::collections::BTreeMap;

use sentra_model::{Estimate, Severity, Signal};

/// How often an arbitrary group of findings is malicious before anything is known about it.
const BASE_RATE: f64 = 0.05;
/// A prior weighs as much as this many verdicts of analysts; the interval follows from it.
const PRIOR_VERDICTS: f64 = 8.0;
/// Half-width of the 90 % interval in standard deviations.
const INTERVAL_DEVIATIONS: f64 = 1.645;
/// Evidence of a technique counts this much of the stronger one before it.
const REPEAT_DISCOUNT: f64 = 0.4;
/// No incident is more certain than this many log-odds either way.
const LOG_ODDS_MAX: f64 = 6.0;

fn prior(level: Severity) -> f64 {
    match level {
        Severity::Unknown | Severity::Informational => 0.06,
        Severity::Low => 0.15,
        Severity::Medium => 0.35,
        Severity::High => 0.6,
        Severity::Critical => 0.8,
    }
}

fn log_odds(probability: f64) -> f64 {
    let inside = probability.clamp(0.001, 0.999);
    (inside / (1.0 - inside)).ln()
}

fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// How probable it is that a finding of a rule of `level` is malicious: the mean and 90 % interval of a
/// Beta distribution that weighs [`PRIOR_VERDICTS`] verdicts.
#[must_use]
pub fn signal_estimate(level: Severity) -> Estimate {
    let mean = prior(level);
    let (alpha, beta) = (mean * PRIOR_VERDICTS, (1.0 - mean) * PRIOR_VERDICTS);
    let variance = alpha * beta / ((alpha + beta).powi(2) * (alpha + beta + 1.0));
    let spread = variance.sqrt() / (mean * (1.0 - mean));
    let center = log_odds(mean);
    Estimate::new(
        mean,
        probability(center - INTERVAL_DEVIATIONS * spread),
        probability(center + INTERVAL_DEVIATIONS * spread),
    )
}

/// The weight of one technique's evidence, strongest first.
struct Evidence {
    gain: f64,
    variance: f64,
}

/// How probable it is that signals together are malicious.
///
/// Each rule speaks once with its strongest signal. Rules about the same technique corroborate each other
/// only a little; rules about different techniques a lot.
#[must_use]
pub fn combine<'a>(signals: impl IntoIterator<Item = &'a Signal>) -> Estimate {
    let mut by_rule: BTreeMap<&str, (&Signal, f64)> = BTreeMap::new();
    for signal in signals {
        let gain = log_odds(signal.probability.score) - log_odds(BASE_RATE);
        let entry = by_rule.entry(&signal.rule.id).or_insert((signal, gain));
        if gain > entry.1 {
            *entry = (signal, gain);
        }
    }
    let mut by_technique: BTreeMap<&str, Vec<Evidence>> = BTreeMap::new();
    for (signal, gain) in by_rule.values() {
        // Sub-techniques share their evidence: guessing and spraying are seen in the same failed logins.
        let technique = signal.techniques.first().map_or(signal.rule.id.as_str(), String::as_str);
        let technique = technique.split('.').next().unwrap_or(technique);
        let width = log_odds(signal.probability.high) - log_odds(signal.probability.low);
        let variance = (width / (2.0 * INTERVAL_DEVIATIONS)).powi(2);
        by_technique.entry(technique).or_default().push(Evidence { gain: *gain, variance });
    }
    let mut total: Vec<Evidence> =
        by_technique.into_values().map(|same| discount(same, REPEAT_DISCOUNT)).collect();
    total.sort_by(|one, other| other.gain.total_cmp(&one.gain));
    // Techniques are not independent either: an attack's steps come together.
    let sum = discount(total, 0.6);
    let center = (log_odds(BASE_RATE) + sum.gain).clamp(-LOG_ODDS_MAX, LOG_ODDS_MAX);
    let spread = INTERVAL_DEVIATIONS * sum.variance.sqrt();
    Estimate::new(probability(center), probability(center - spread), probability(center + spread))
}

/// Adds up evidence, each next one counting `discount` of the one before.
fn discount(mut evidence: Vec<Evidence>, discount: f64) -> Evidence {
    evidence.sort_by(|one, other| other.gain.total_cmp(&one.gain));
    let mut weight = 1.0;
    let mut sum = Evidence { gain: 0.0, variance: 0.0 };
    for one in evidence {
        sum.gain += weight * one.gain;
        sum.variance += weight * weight * one.variance;
        weight *= discount;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::signal;

    #[test]
    fn more_techniques_mean_more_risk_and_repetition_hardly_any() {
        let one = [signal("a", 0, None, "h", "u")];
        let same = [signal("a", 0, None, "h", "u"), signal("a", 9, None, "h", "u")];
        let two = [signal("a", 0, None, "h", "u"), signal("b", 9, None, "h", "u")];
        let score = |signals: &[Signal]| combine(signals).score;
        assert_eq!(score(&one), score(&same));
        assert!(score(&two) > score(&one));
    }

    #[test]
    fn the_interval_holds_the_score_for_every_level() {
        let levels = [
            Severity::Unknown,
            Severity::Informational,
            Severity::Low,
            Severity::Medium,
            Severity::High,
            Severity::Critical,
        ];
        let mut before = 0.0;
        for level in levels {
            let estimate = signal_estimate(level);
            assert!(estimate.low < estimate.score && estimate.score < estimate.high, "{level:?}");
            assert!(estimate.score >= before);
            before = estimate.score;
        }
    }

    #[test]
    fn one_signal_alone_keeps_its_own_probability() {
        let alone = signal("a", 0, None, "h", "u");
        let combined = combine([&alone]);
        assert!((combined.score - alone.probability.score).abs() < 1e-9);
    }

    #[test]
    fn the_order_of_signals_does_not_matter() {
        let mut signals: Vec<Signal> =
            ["a", "b", "c", "d"].iter().map(|rule| signal(rule, 0, None, "h", "u")).collect();
        let forwards = combine(&signals);
        signals.reverse();
        assert_eq!(forwards, combine(&signals));
    }

    #[test]
    fn no_number_of_signals_is_certain() {
        let signals: Vec<Signal> =
            (0..500).map(|rule| signal(&rule.to_string(), 0, None, "h", "u")).collect();
        assert!(combine(&signals).score < 1.0);
    }
}
