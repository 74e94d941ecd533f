//! Invented events, signals and incidents.

use std::collections::BTreeMap;

use sentra_model::{
    BatchBuilder, DeadLetter, DeadReason, Digest, EntityRef, EntityType, Estimate, Event, EventBatch,
    EventCode, EventId, Incident, IncidentId, IncidentStatus, Join, JoinReason, Mart, Narrative, Outcome,
    Position, RawRecord, Role, RuleKind, RuleRef, Severity, Signal, SignalId, Source, SourceKind, TenantId,
    TenantScope, Timestamp,
};

use crate::RecordsCommit;

/// Midnight of the first invented day.
pub(crate) const DAY: i64 = 1_767_225_600;

pub(crate) fn scope(name: &str) -> TenantScope {
    TenantScope::new(name.parse::<TenantId>().unwrap())
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(DAY + seconds)
}

pub(crate) fn source() -> Source {
    Source { kind: SourceKind::File, origin: "/var/log/auth.log".into(), format: None, reference: at(0) }
}

/// What differs between invented events.
pub(crate) struct Sketch {
    pub(crate) mart: Mart,
    pub(crate) seconds: i64,
    pub(crate) user: String,
    pub(crate) src_ip: String,
    pub(crate) dst_port: u16,
    pub(crate) message: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) raw: Vec<u8>,
}

/// The invented event at `offset`: logins on Linux and Windows whose values repeat with small periods.
pub(crate) fn sketch(offset: u64) -> Sketch {
    let users = ["root", "Äsa", "ROOT", "", "svc-backup"];
    let number = |period: u64| i64::try_from(offset % period).unwrap();
    let mut fields = vec![("EventID".to_owned(), (4624 + number(3)).to_string())];
    if offset.is_multiple_of(4) {
        fields.push(("tag".into(), "first".into()));
        fields.push(("tag".into(), format!("n{}", offset % 8)));
    }
    if offset.is_multiple_of(7) {
        fields.push(("empty".into(), String::new()));
        fields.push(("user".into(), "shadowed".into()));
    }
    Sketch {
        mart: if offset.is_multiple_of(3) { Mart::WINDOWS } else { Mart::LINUX },
        // Not in the order of offsets, and with repeats.
        seconds: number(17) * 60 + number(5),
        user: users[usize::try_from(offset % 5).unwrap()].to_owned(),
        src_ip: format!("192.0.2.{}", offset % 11),
        dst_port: [0, 22, 3389][usize::try_from(offset % 3).unwrap()],
        message: if offset.is_multiple_of(2) {
            format!("Failed password for user {offset}")
        } else {
            String::new()
        },
        fields,
        raw: if offset % 6 == 5 { vec![0xFF, b'r', 0x00, 0xFE] } else { format!("raw line {offset}").into() },
    }
}

/// The invented events at `offsets`, as the batches a decoder would hand over.
pub(crate) fn batches(tenant: &TenantScope, offsets: std::ops::Range<u64>) -> Vec<EventBatch> {
    let mut builders: BTreeMap<Mart, BatchBuilder> = BTreeMap::new();
    for offset in offsets {
        let sketch = sketch(offset);
        let mut event = Event::new("syslog", sketch.mart.clone(), at(sketch.seconds));
        event.user = sketch.user.into();
        event.src_ip = sketch.src_ip.into();
        event.host = format!("{}-{}", tenant.tenant(), offset % 2).into();
        event.dst_port = sketch.dst_port;
        event.severity = Severity::from_ocsf(u8::try_from(offset % 6).unwrap());
        event.count = u32::try_from(offset % 3).unwrap() + 1;
        event.code = (offset.is_multiple_of(2)).then_some(EventCode::LL03);
        event.outcome = if offset.is_multiple_of(2) { Outcome::Failure } else { Outcome::Success };
        event.message = sketch.message.into();
        for (name, value) in &sketch.fields {
            event.push(name.as_str(), value.as_str());
        }
        let source = source();
        let record =
            RawRecord { source: &source, position: offset + 1, received: at(5_000), bytes: &sketch.raw };
        let builder = builders
            .entry(sketch.mart.clone())
            .or_insert_with(|| BatchBuilder::new(tenant.tenant().clone(), sketch.mart.clone()));
        builder.push(EventId::raw(0, offset), &record, &event).unwrap();
    }
    builders.into_values().map(|mut builder| builder.finish().unwrap()).collect()
}

pub(crate) fn next(offset: u64) -> Position {
    Position { partition: 0, offset }
}

pub(crate) fn signal(scope: &TenantScope, number: u64) -> Signal {
    let time = at(i64::try_from(number).unwrap());
    Signal {
        id: SignalId::derive(Digest::new("test").number(number)),
        tenant: scope.tenant().clone(),
        rule: RuleRef {
            id: format!("rule-{}", number % 3),
            title: "Many failed logins".into(),
            kind: RuleKind::Correlation,
            level: Severity::High,
            tags: vec!["attack.t1110".into()],
            pack: "core@1".into(),
        },
        severity: Severity::High,
        probability: Estimate::new(0.7, 0.5, 0.9),
        first: time,
        last: time,
        count: number,
        folded: 0,
        events: vec![EventId::raw(0, number)],
        events_total: 1,
        entities: vec![EntityRef::new(EntityType::Ip, Role::Source, "203.0.113.9")],
        facts: Vec::new(),
        techniques: vec!["T1110".into()],
        tactics: vec!["credential-access".into()],
        controls: Vec::new(),
        enrichments: Vec::new(),
        verdict: None,
    }
}

/// An incident whose signals are those numbered `signals`.
pub(crate) fn incident(scope: &TenantScope, number: u64, signals: std::ops::Range<u64>) -> Incident {
    let seconds = i64::try_from(number).unwrap();
    Incident {
        id: IncidentId::derive(Digest::new("test").text(scope.tenant().as_str()).number(number)),
        tenant: scope.tenant().clone(),
        title: format!("Brute force number {number}"),
        headline: "100% of the logins failed".into(),
        status: IncidentStatus::New,
        severity: Severity::from_ocsf(u8::try_from(number % 6).unwrap()),
        risk: Estimate::new(0.6, 0.4, 0.8),
        entities: vec![EntityRef::new(EntityType::User, Role::Target, format!("Öl-{number}"))],
        techniques: vec!["T1110".into()],
        tactics: vec!["credential-access".into()],
        first: at(seconds),
        last: at(seconds * 10),
        joins: signals
            .map(|number| Join { signal: signal(scope, number).id, reason: JoinReason::Opened })
            .collect(),
        events_total: 1,
        narrative: Narrative::default(),
        version: 1,
        created: at(seconds),
        // Pairs share a moment, so that the order by id matters.
        updated: at(seconds / 2),
        reasons: Vec::new(),
        merged_into: None,
        absorbed: Vec::new(),
        chain: Vec::new(),
        history: Vec::new(),
        apart: Vec::new(),
        verdict: None,
    }
}

pub(crate) fn dead_letter(number: u64) -> (EventId, DeadLetter) {
    let letter = DeadLetter {
        event: Some(EventId::raw(0, number)),
        reason: if number.is_multiple_of(3) { DeadReason::Malformed } else { DeadReason::TooLong },
        detail: "the brace at byte 7 is never closed".into(),
        received: at(0),
        source: source(),
        position: number,
        excerpt: "{\"a\":1".into(),
    };
    (EventId { topic: sentra_model::Topic::Dead, partition: 0, offset: number }, letter)
}

pub(crate) fn commit(next_offset: u64) -> RecordsCommit {
    RecordsCommit {
        consumer: "factory".into(),
        next: next(next_offset),
        signals: Vec::new(),
        incidents: Vec::new(),
        dead_letters: Vec::new(),
        state: Vec::new(),
    }
}
