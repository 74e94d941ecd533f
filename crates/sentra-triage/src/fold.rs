//! From two signals about the same thing to one.

use sentra_model::{Digest, EntityType, Role, RuleKind, Signal};

use crate::names::{keep_both_ends, keep_evidence, merge_names};

/// Event ids kept on a signal: the first half and the last half. `events_total` counts all.
pub const SIGNAL_EVENTS_MAX: usize = 1_000;
/// Entities kept on a signal.
pub const SIGNAL_ENTITIES_MAX: usize = 128;

/// Whether signals of `kind` are folded. Correlations and YARA-L count over their own windows and hand out
/// newer versions of a signal under its id instead.
pub(crate) fn folds(kind: RuleKind) -> bool {
    matches!(kind, RuleKind::Sigma | RuleKind::Model)
}

/// Folds `duplicate`, a finding of the same rule about the same entities, into `signal`.
pub(crate) fn fold(signal: &mut Signal, duplicate: Signal) {
    signal.first = signal.first.min(duplicate.first);
    signal.last = signal.last.max(duplicate.last);
    signal.count = signal.count.saturating_add(duplicate.count);
    signal.folded = signal.folded.saturating_add(1).saturating_add(duplicate.folded);
    signal.events_total = signal.events_total.saturating_add(duplicate.events_total);
    signal.severity = signal.severity.max(duplicate.severity);
    for event in duplicate.events {
        keep_both_ends(&mut signal.events, event, SIGNAL_EVENTS_MAX);
    }
    for entity in duplicate.entities {
        if signal.entities.len() < SIGNAL_ENTITIES_MAX && !signal.entities.contains(&entity) {
            signal.entities.push(entity);
        }
    }
    for enrichment in duplicate.enrichments {
        let has_room = signal.enrichments.len() < SIGNAL_ENTITIES_MAX;
        let known = signal.enrichments.iter_mut().find(|known| {
            known.name == enrichment.name
                && known.entity == enrichment.entity
                && known.source == enrichment.source
        });
        match known {
            // The newer statement of the same source about the same thing.
            Some(known) => *known = enrichment,
            None if has_room => signal.enrichments.push(enrichment),
            None => {}
        }
    }
    fold_facts(signal, duplicate.facts);
}

fn fold_facts(signal: &mut Signal, facts: Vec<sentra_model::Fact>) {
    for fact in facts {
        let Some(same) = signal.facts.iter_mut().find(|known| known.kind == fact.kind) else {
            signal.facts.push(fact);
            continue;
        };
        same.first = same.first.min(fact.first);
        same.last = same.last.max(fact.last);
        same.count = same.count.saturating_add(fact.count);
        // Bursts are of one series: those of two would have to be told apart.
        same.pace = None;
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

/// What two findings of one rule must share to be duplicates of each other.
pub(crate) fn fold_key(signal: &Signal) -> u64 {
    let mut parts: Vec<String> = signal
        .entities
        .iter()
        .filter(|entity| entity.entity_type != EntityType::File || entity.role == Role::Target)
        // Whoever logs in again does the same again.
        .filter(|entity| entity.entity_type != EntityType::Session)
        .map(|entity| format!("{}\u{1f}{:?}\u{1f}{}", entity.entity_type, entity.role, entity.key().1))
        .collect();
    parts.sort_unstable();
    // A folded duplicate may have written a name in other letters: the key stays.
    parts.dedup();
    let inputs = Digest::new("fold/1").text(&signal.rule.id).text(signal.rule.kind.as_str());
    parts.iter().fold(inputs, |inputs, part| inputs.text(part)).first_u64()
}
