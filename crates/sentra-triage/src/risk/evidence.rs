//! How probable it is that signals together are malicious, and why.

use std::collections::BTreeMap;

use sentra_model::{ChainStep, Estimate, RiskFactor, RiskReason, RuleKind, Signal, SignalId};

use crate::odds::{BASE_RATE, INTERVAL_DEVIATIONS, LOG_ODDS_MAX, log_odds, probability};
use crate::risk::chain::kill_chain;
use crate::risk::context::{REASON_SIGNALS_MAX, reasons as context_reasons};
use crate::risk::precision::{Detector, Posterior, Precisions};

/// A further detector of a technique counts this much of the stronger one before it.
const SAME_TECHNIQUE: f64 = 0.4;
/// A further technique counts this much of the stronger one before it: an attack's steps come together.
const FURTHER_TECHNIQUE: f64 = 0.6;
/// What each step of the kill chain from the third on adds, and all at most.
const CHAIN_STEP: f64 = 0.4;
const CHAIN_MAX: f64 = 1.6;
/// What is known beside the evidence is known this badly, as a part of what it adds.
const CONTEXT_DOUBT: f64 = 0.3;
/// Reasons told; the rest is summed up in one more.
pub const REASONS_MAX: usize = 24;

/// What a set of signals says.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// Log-odds that they are malicious: those of [`BASE_RATE`] plus those of every reason.
    pub log_odds: f64,
    /// Standard deviation of the log-odds.
    pub deviation: f64,
    /// Why, the strongest first. Their log-odds add up to what was added to the base rate.
    pub reasons: Vec<RiskReason>,
    /// The tactics that followed each other in the order of the kill chain.
    pub chain: Vec<ChainStep>,
}

impl Assessment {
    /// The probability with its 90 % interval.
    #[must_use]
    pub fn estimate(&self) -> Estimate {
        let spread = INTERVAL_DEVIATIONS * self.deviation;
        Estimate::new(
            probability(self.log_odds),
            probability(self.log_odds - spread),
            probability(self.log_odds + spread),
        )
    }
}

/// What one detector says: its strongest signal counts, the others add nothing.
struct Spoken<'a> {
    detector: Detector,
    strongest: &'a Signal,
    posterior: Posterior,
    gain: f64,
    signals: Vec<SignalId>,
}

/// Assesses `signals` together.
///
/// Each detector speaks once. Detectors about the same technique corroborate each other only a little, detectors
/// about different techniques a lot. A detector that is less precise than the base rate never takes from what
/// others found, or an attacker could hide behind noise; alone it keeps its own low probability.
#[must_use]
pub fn assess<'a>(signals: impl IntoIterator<Item = &'a Signal>, precisions: &Precisions) -> Assessment {
    let mut signals: Vec<&Signal> = signals.into_iter().collect();
    signals.sort_by_key(|signal| (signal.first, signal.id));
    if signals.is_empty() {
        return Assessment {
            log_odds: log_odds(BASE_RATE),
            deviation: 0.0,
            reasons: Vec::new(),
            chain: Vec::new(),
        };
    }
    let weighed = weigh(spoken(&signals, precisions));
    let mut variance: f64 =
        weighed.iter().map(|(one, weight)| (weight * one.posterior.deviation()).powi(2)).sum();
    let mut reasons: Vec<RiskReason> =
        weighed.iter().flat_map(|(one, weight)| evidence_reasons(one, *weight)).collect();
    let mut context = context_reasons(&signals);
    let chain = kill_chain(signals.iter().copied());
    context.extend(chain_reason(&chain));
    variance += context.iter().map(|reason| (CONTEXT_DOUBT * reason.log_odds).powi(2)).sum::<f64>();
    reasons.extend(context);
    let log_odds = settle(&mut reasons);
    Assessment { log_odds, deviation: variance.sqrt(), reasons, chain }
}

fn spoken<'a>(signals: &[&'a Signal], precisions: &Precisions) -> Vec<Spoken<'a>> {
    let mut by_detector: BTreeMap<(&str, RuleKind), Vec<&'a Signal>> = BTreeMap::new();
    for signal in signals {
        by_detector.entry((&signal.rule.id, signal.rule.kind)).or_default().push(signal);
    }
    let speak = |same: Vec<&'a Signal>| {
        // Of one detector's signals the most severe is the strongest; of these the first.
        let strongest =
            same.iter().copied().reduce(|best, one| if one.severity > best.severity { one } else { best })?;
        let detector = Detector::of(strongest);
        let posterior = precisions.posterior(&detector, strongest.severity);
        let gain = log_odds(posterior.mean()) - log_odds(BASE_RATE);
        let signals = same.iter().take(REASON_SIGNALS_MAX).map(|signal| signal.id).collect();
        Some(Spoken { detector, strongest, posterior, gain, signals })
    };
    by_detector.into_values().filter_map(speak).collect()
}

/// Sub-techniques share their evidence: guessing and spraying are seen in the same failed logins.
fn technique(signal: &Signal) -> &str {
    let technique = signal.techniques.first().map_or(signal.rule.id.as_str(), String::as_str);
    technique.split('.').next().unwrap_or(technique)
}

/// Each detector with what its gain counts.
fn weigh(all: Vec<Spoken<'_>>) -> Vec<(Spoken<'_>, f64)> {
    let mut by_technique: BTreeMap<String, Vec<Spoken<'_>>> = BTreeMap::new();
    for one in all {
        by_technique.entry(technique(one.strongest).to_owned()).or_default().push(one);
    }
    let stronger = |one: &Spoken<'_>, other: &Spoken<'_>| {
        other.gain.total_cmp(&one.gain).then_with(|| one.detector.cmp(&other.detector))
    };
    let mut techniques: Vec<(f64, Vec<(Spoken<'_>, f64)>)> = Vec::new();
    for mut same in by_technique.into_values() {
        same.sort_by(stronger);
        let mut weight = 1.0;
        let mut sum = 0.0;
        let mut weighed = Vec::new();
        for (place, one) in same.into_iter().enumerate() {
            let counts = if place == 0 || one.gain > 0.0 { weight } else { 0.0 };
            sum += counts * one.gain;
            weight *= SAME_TECHNIQUE;
            weighed.push((one, counts));
        }
        techniques.push((sum, weighed));
    }
    // The sort is stable and the techniques came in the order of their names.
    techniques.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut weight = 1.0;
    let mut weighed = Vec::new();
    for (place, (sum, same)) in techniques.into_iter().enumerate() {
        let counts = if place == 0 || sum > 0.0 { weight } else { 0.0 };
        weighed.extend(same.into_iter().map(|(one, within)| (one, within * counts)));
        weight *= FURTHER_TECHNIQUE;
    }
    weighed
}

/// What a detector's level says, and what verdicts on it say.
fn evidence_reasons(one: &Spoken<'_>, weight: f64) -> Vec<RiskReason> {
    let by_level = log_odds(one.posterior.prior) - log_odds(BASE_RATE);
    let title: String = one.strongest.rule.title.chars().take(120).collect();
    let evidence = RiskReason {
        factor: RiskFactor::Evidence,
        what: format!("{title} ({})", one.strongest.severity.as_str()),
        log_odds: weight * by_level,
        signals: one.signals.clone(),
    };
    let precision = RiskReason {
        factor: RiskFactor::Precision,
        what: format!("{title} ({} of {} confirmed)", one.posterior.confirmed, one.posterior.judged),
        log_odds: weight * (one.gain - by_level),
        signals: one.signals.clone(),
    };
    [evidence, precision].into_iter().filter(|reason| reason.log_odds.abs() > 1e-12).collect()
}

fn chain_reason(chain: &[ChainStep]) -> Option<RiskReason> {
    let beyond = chain.len().checked_sub(2).filter(|beyond| *beyond > 0)?;
    let names: Vec<&str> = chain.iter().map(|step| step.tactic.as_str()).collect();
    Some(RiskReason {
        factor: RiskFactor::KillChain,
        what: names.join(", then "),
        log_odds: (CHAIN_STEP * beyond as f64).min(CHAIN_MAX),
        signals: chain.iter().map(|step| step.signal).collect(),
    })
}

/// Ranks the reasons, keeps the sum away from certainty and gives it back.
fn settle(reasons: &mut Vec<RiskReason>) -> f64 {
    reasons.sort_by(rank);
    let base = log_odds(BASE_RATE);
    let taken: f64 = reasons.iter().map(|reason| reason.log_odds.min(0.0)).sum();
    let added: f64 = reasons.iter().map(|reason| reason.log_odds.max(0.0)).sum();
    let room = LOG_ODDS_MAX - base - taken;
    if added > room {
        for reason in reasons.iter_mut().filter(|reason| reason.log_odds > 0.0) {
            reason.log_odds *= room / added;
        }
    }
    let total = base + taken + added.min(room);
    if reasons.len() > REASONS_MAX {
        let rest = reasons.split_off(REASONS_MAX - 1);
        reasons.push(RiskReason {
            factor: RiskFactor::Evidence,
            what: format!("{} weaker reasons together", rest.len()),
            log_odds: rest.iter().map(|reason| reason.log_odds).sum(),
            signals: Vec::new(),
        });
    }
    total.max(-LOG_ODDS_MAX)
}

/// The strongest first, whichever way it pulls.
pub(crate) fn rank(one: &RiskReason, other: &RiskReason) -> std::cmp::Ordering {
    let strength = |reason: &RiskReason| reason.log_odds.abs();
    let by_strength = strength(other).total_cmp(&strength(one));
    by_strength.then_with(|| (one.factor, &one.what).cmp(&(other.factor, &other.what)))
}
