//! How many signals a second one core triages; run it with optimisation: `cargo test --release -- --ignored pace`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

use std::time::Instant;

use sentra_model::{
    Digest, EntityRef, EntityType, EventId, Incident, ManualClock, Narrative, Role, RuleKind, RuleRef,
    Severity, Signal, SignalId, TenantId, Timestamp,
};
use sentra_triage::{Teller, Told, Triage, TriageConfig, prior_estimate};

struct Silent;

impl Teller for Silent {
    fn tell(&self, _: &Incident, _: &[Signal]) -> Told {
        Told { title: String::new(), headline: String::new(), narrative: Narrative::default() }
    }
}

fn finding(number: u64) -> Signal {
    let mixed = Digest::new("pace").number(number).first_u64();
    let at = Timestamp::from_seconds(i64::try_from(number / 10).unwrap());
    let rule = format!("rule-{}", mixed % 200);
    let host = format!("host-{}", mixed / 200 % 2_000);
    let user = format!("user-{}", mixed / 400_000 % 3_000);
    Signal {
        id: SignalId::derive(Digest::new("signal/1").number(number)),
        tenant: TenantId::default_tenant(),
        rule: RuleRef {
            id: rule.clone(),
            title: rule,
            kind: RuleKind::Sigma,
            level: Severity::Medium,
            tags: Vec::new(),
            pack: "pace@1".to_owned(),
        },
        severity: Severity::Medium,
        probability: prior_estimate(Severity::Medium, RuleKind::Sigma),
        first: at,
        last: at,
        count: 1,
        folded: 0,
        events: vec![EventId::raw(0, number)],
        events_total: 1,
        entities: vec![
            EntityRef::new(EntityType::Host, Role::Observer, host),
            EntityRef::new(EntityType::User, Role::Actor, user),
        ],
        facts: Vec::new(),
        techniques: vec![format!("T{}", 1_000 + mixed % 40)],
        tactics: vec!["execution".to_owned()],
        controls: Vec::new(),
        enrichments: Vec::new(),
        verdict: None,
    }
}

#[test]
#[ignore = "a measurement"]
fn pace_of_triage() {
    let signals: Vec<Signal> = (0..20_000).map(finding).collect();
    let mut triage = Triage::new(TenantId::default_tenant(), TriageConfig::default());
    let clock = ManualClock::new(Timestamp::MAX);
    let start = Instant::now();
    let mut incidents = 0;
    let mut taking = std::time::Duration::ZERO;
    for chunk in signals.chunks(1_000) {
        let before = Instant::now();
        for signal in chunk {
            triage.take(signal.clone(), Timestamp::MAX);
        }
        taking += before.elapsed();
        incidents += triage.take_changes(&Silent, &clock).incidents.len();
    }
    let pace = signals.len() as f64 / start.elapsed().as_secs_f64();
    println!("{pace:.0} signals/s, of {:?} in all {taking:?} to take them in", start.elapsed());
    println!(" {incidents} incident versions, {} open", triage.book().open().count());
    assert!(incidents > 0);
}
