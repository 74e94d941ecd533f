//! From a rule's match to a signal.

use sentra_detect::Match;
use sentra_model::{Digest, EventRow, Signal, SignalId};
use sentra_triage::{SIGNAL_ENTITIES_MAX, prior_estimate};

use crate::facts::{entities_of, facts_of};

/// The id of the signal that `found` is: the same for every replay (law IDENTITY).
pub(crate) fn signal_id(found: &Match) -> SignalId {
    let mut inputs =
        Digest::new("signal/1").text(found.tenant.as_str()).text(&found.rule.id).text(&found.run.to_string());
    for (field, value) in &found.group {
        inputs = inputs.text(field).text(value);
    }
    SignalId::derive(inputs)
}

/// The signal that `found` is; `row` is the event that last triggered it. What time decided has none.
pub(crate) fn signal_of(found: &Match, row: Option<EventRow<'_>>) -> Signal {
    let mut entities = entities_of(found, row);
    entities.truncate(SIGNAL_ENTITIES_MAX);
    let facts = facts_of(found, row, &entities);
    Signal {
        id: signal_id(found),
        tenant: found.tenant.clone(),
        rule: (*found.rule).clone(),
        severity: found.rule.level,
        // What the detector is worth is known to triage.
        probability: prior_estimate(found.rule.level, found.rule.kind),
        first: found.first,
        last: found.last,
        count: found.count,
        folded: 0,
        events: found.evidence.clone(),
        events_total: found.evidence_total,
        entities,
        facts,
        techniques: sentra_detect::techniques(&found.rule.tags),
        tactics: sentra_detect::tactics(&found.rule.tags),
        controls: Vec::new(),
        enrichments: Vec::new(),
        verdict: None,
    }
}
