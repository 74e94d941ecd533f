//! From a rule's match to a signal, and from two signals about the same thing to one.

use sentra_detect::Match;
use sentra_model::{Digest, EntityType, EventId, EventRow, Role, Signal, SignalId};

use crate::facts::{entities_of, facts_of, keep_evidence, merge_names};
use crate::risk::signal_estimate;

/// Event ids kept on a signal: the first half and the last half. `events_total` counts all.
pub(crate) const SIGNAL_EVENTS_MAX: usize = 1_000;
/// Entities kept on a signal.
const SIGNAL_ENTITIES_MAX: usize = 128;

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
        probability: signal_estimate(found.rule.level),
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
    }
}

/// Folds `duplicate`, a finding of the same rule about the same entities, into `signal`.
pub(crate) fn fold(signal: &mut Signal, duplicate: Signal) {
    signal.first = signal.first.min(duplicate.first);
    signal.last = signal.last.max(duplicate.last);
    signal.count += duplicate.count;
    signal.folded += 1;
    signal.events_total += duplicate.events_total;
    for event in duplicate.events {
        keep_signal_event(&mut signal.events, event);
    }
    for entity in duplicate.entities {
        if signal.entities.len() < SIGNAL_ENTITIES_MAX && !signal.entities.contains(&entity) {
            signal.entities.push(entity);
        }
    }
    for fact in duplicate.facts {
        let Some(same) = signal.facts.iter_mut().find(|known| known.kind == fact.kind) else {
            signal.facts.push(fact);
            continue;
        };
        same.first = same.first.min(fact.first);
        same.last = same.last.max(fact.last);
        same.count += fact.count;
        for (name, set) in &fact.values {
            merge_names(same.values.entry(name.clone()).or_default(), set);
        }
        for event in fact.events {
            keep_evidence(&mut same.events, event);
        }
        for entity in fact.entities {
            if same.entities.len() < SIGNAL_ENTITIES_MAX && !same.entities.contains(&entity) {
                same.entities.push(entity);
            }
        }
    }
}

fn keep_signal_event(events: &mut Vec<EventId>, event: EventId) {
    if events.contains(&event) {
        return;
    }
    if events.len() >= SIGNAL_EVENTS_MAX {
        events.remove(SIGNAL_EVENTS_MAX / 2);
    }
    events.push(event);
}

/// What two findings of one rule must share to be duplicates of each other.
pub(crate) fn fold_key(signal: &Signal) -> u64 {
    let mut parts: Vec<String> = signal
        .entities
        .iter()
        .filter(|entity| entity.entity_type != EntityType::File || entity.role == Role::Target)
        .map(|entity| format!("{}\u{1f}{:?}\u{1f}{}", entity.entity_type, entity.role, entity.key().1))
        .collect();
    parts.sort_unstable();
    let inputs = Digest::new("fold/1").text(&signal.rule.id);
    parts.iter().fold(inputs, |inputs, part| inputs.text(part)).first_u64()
}
