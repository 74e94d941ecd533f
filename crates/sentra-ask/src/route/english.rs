//! Rules for plain English. They go by the signs that its words give, understood or not.

use super::rules::RuleId;
use super::{Found, RoutePart, engines};
use crate::english::{Reading, Signs, Wanted};

/// The highest confidence in the intent of a question that is not understood.
const NOT_UNDERSTOOD_CONFIDENCE: f64 = 0.5;

/// What a question in plain English wants.
pub(super) fn intent(text: &str, reading: &Reading) -> Found {
    let mut rules = Vec::new();
    let mut parts = Vec::new();
    for (place, signs) in reading.signs.iter().enumerate() {
        let (rule, more) = rule(signs);
        rules.push(rule);
        rules.extend(more);
        parts.push(part(text, reading, place, signs, rule));
    }
    if parts.len() > 1 {
        rules.insert(0, RuleId::R40);
    }
    if parts.is_empty() {
        rules.push(RuleId::R49);
        parts.push(RoutePart {
            intent: Wanted::Exact,
            engines: engines(Wanted::Exact, RuleId::R49),
            text: text.to_owned(),
            takes: None,
        });
    }
    let confidence = match &reading.outcome {
        Ok(understood) => understood.confidence,
        Err(refused) => refused.confidence.min(NOT_UNDERSTOOD_CONFIDENCE),
    };
    let mut seen = Vec::new();
    rules.retain(|rule| {
        let is_new = !seen.contains(rule);
        seen.push(*rule);
        is_new
    });
    Found { rules, confidence, parts }
}

fn part(text: &str, reading: &Reading, place: usize, signs: &Signs, rule: RuleId) -> RoutePart {
    let step = reading.outcome.as_ref().ok().and_then(|understood| understood.steps.get(place));
    let (written, takes) = match step {
        Some(step) => (step.kql.clone(), step.takes.clone()),
        None => (text.get(signs.span.0..signs.span.1).unwrap_or(text).to_owned(), None),
    };
    let intent = signs.wanted();
    RoutePart { intent, engines: engines(intent, rule), text: written, takes }
}

/// The rule that decides, and others that say the same.
fn rule(signs: &Signs) -> (RuleId, Vec<RuleId>) {
    if signs.similar {
        return (RuleId::R30, Vec::new());
    }
    let computed = [
        (signs.compared, RuleId::R35),
        (signs.ranking, RuleId::R33),
        (signs.distinct, RuleId::R32),
        (signs.arithmetic, RuleId::R37),
        (signs.moment, RuleId::R38),
        (signs.over_time, RuleId::R36),
        (signs.threshold, RuleId::R39),
        (signs.grouped, RuleId::R34),
        (signs.count, RuleId::R31),
    ];
    let mut rules = computed.into_iter().filter(|(is_so, _)| *is_so).map(|(_, rule)| rule);
    if let Some(first) = rules.next() {
        return (first, rules.collect());
    }
    let rule = if signs.hinted {
        RuleId::R44
    } else if signs.one_record {
        RuleId::R41
    } else if signs.named {
        RuleId::R42
    } else if signs.subject {
        RuleId::R43
    } else {
        RuleId::R49
    };
    (rule, Vec::new())
}
