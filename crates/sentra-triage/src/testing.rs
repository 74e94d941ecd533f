//! Signals for the unit tests of this crate.

use std::collections::BTreeMap;

use sentra_model::{
    Digest, EntityRef, EntityType, EventId, Fact, FactKind, NamedSet, Role, RuleKind, RuleRef, Severity,
    Signal, SignalId, TenantId, Timestamp,
};

/// A signal of rule `rule` at second `second` with the given source address, host and user.
pub(crate) fn signal(rule: &str, second: i64, address: Option<&str>, host: &str, user: &str) -> Signal {
    let at = Timestamp::from_seconds(second);
    let mut entities = Vec::new();
    if let Some(address) = address {
        entities.push(EntityRef::new(EntityType::Ip, Role::Source, address));
    }
    entities.push(EntityRef::new(EntityType::Host, Role::Target, host));
    entities.push(EntityRef::new(EntityType::User, Role::Actor, user));
    let inputs = Digest::new("test").text(rule).text(&format!("{second}{address:?}{host}{user}"));
    Signal {
        id: SignalId::derive(inputs),
        tenant: TenantId::default_tenant(),
        rule: RuleRef {
            id: rule.to_owned(),
            title: rule.to_owned(),
            kind: RuleKind::Sigma,
            level: Severity::High,
            tags: Vec::new(),
            pack: "test@1".to_owned(),
        },
        severity: Severity::High,
        probability: crate::prior_estimate(Severity::High, RuleKind::Sigma),
        first: at,
        last: at,
        count: 1,
        folded: 0,
        events: vec![EventId::raw(0, u64::try_from(second).unwrap())],
        events_total: 1,
        entities: entities.clone(),
        facts: vec![fact(FactKind::RuleMatched, at, "rule", rule)],
        techniques: vec![format!("T{rule}")],
        tactics: vec!["execution".to_owned()],
        controls: Vec::new(),
        enrichments: Vec::new(),
        verdict: None,
    }
}

/// A fact of `kind` with one value.
pub(crate) fn fact(kind: FactKind, at: Timestamp, name: &str, value: &str) -> Fact {
    let set = NamedSet::of(vec![value.to_owned()]);
    Fact {
        kind,
        count: 1,
        first: at,
        last: at,
        entities: Vec::new(),
        values: BTreeMap::from([(name.to_owned(), set)]),
        events: Vec::new(),
        pace: None,
    }
}

/// A verdict's target with a number.
pub(crate) fn target(number: i64) -> sentra_model::VerdictTarget {
    sentra_model::VerdictTarget::Signal(SignalId::derive(Digest::new("target").text(&number.to_string())))
}

/// `signal` with one more entity.
pub(crate) fn with_entity(mut signal: Signal, entity_type: EntityType, role: Role, value: &str) -> Signal {
    signal.entities.push(EntityRef::new(entity_type, role, value));
    signal
}

/// `signal` with a statement about the entity of this type and value.
pub(crate) fn with_enrichment(
    mut signal: Signal,
    about: Option<(EntityType, &str)>,
    name: &str,
    value: &str,
) -> Signal {
    signal.enrichments.push(sentra_model::Enrichment {
        stage: sentra_model::EnrichmentStage::Static,
        entity: about.map(|(entity_type, value)| EntityRef::new(entity_type, Role::Related, value)),
        name: name.to_owned(),
        value: value.to_owned(),
        source: "test".to_owned(),
        version: "1".to_owned(),
        confidence: None,
    });
    signal
}
