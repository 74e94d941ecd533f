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
        probability: crate::risk::signal_estimate(Severity::High),
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
    }
}

/// A fact of `kind` with one value.
pub(crate) fn fact(kind: FactKind, at: Timestamp, name: &str, value: &str) -> Fact {
    let set = NamedSet { shown: vec![value.to_owned()], total: 1 };
    Fact {
        kind,
        count: 1,
        first: at,
        last: at,
        entities: Vec::new(),
        values: BTreeMap::from([(name.to_owned(), set)]),
        events: Vec::new(),
    }
}
