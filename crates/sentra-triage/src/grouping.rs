//! An incident as the sum of its signals.

use std::collections::{BTreeSet, HashSet};

use sentra_model::{
    Clock, Digest, EditKind, EntityRef, EntityType, Estimate, EventId, Incident, IncidentId, IncidentStatus,
    Join, Narrative, Role, Severity, Signal, Timestamp, tactic_order,
};

use crate::Judge;

/// Entities shown on an incident.
pub const INCIDENT_ENTITIES_MAX: usize = 128;

/// The words of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Short name of what happened.
    pub title: String,
    /// One sentence that says what happened.
    pub headline: String,
    /// The story.
    pub narrative: Narrative,
}

/// Who words incidents. Law MEANING: it is handed signals and incidents, never events.
pub trait Teller: Send + Sync {
    /// The words for `incident`, which is made of `signals`.
    fn tell(&self, incident: &Incident, signals: &[Signal]) -> Told;
}

/// The id of the incident that `first` opens.
pub(crate) fn opened_id(first: &Signal) -> IncidentId {
    IncidentId::derive(Digest::new("incident/1").text(first.tenant.as_str()).text(&first.id.to_string()))
}

/// An empty incident. Its words and sums come from [`summarise`].
pub(crate) fn blank_incident(id: IncidentId, first: &Signal, join: Join, now: Timestamp) -> Incident {
    Incident {
        id,
        tenant: first.tenant.clone(),
        title: String::new(),
        headline: String::new(),
        status: IncidentStatus::New,
        severity: Severity::Unknown,
        risk: Estimate::new(0.0, 0.0, 0.0),
        reasons: Vec::new(),
        entities: Vec::new(),
        techniques: Vec::new(),
        tactics: Vec::new(),
        first: first.first,
        last: first.last,
        joins: vec![join],
        events_total: 0,
        narrative: Narrative::default(),
        version: 0,
        created: now,
        updated: now,
        merged_into: None,
        absorbed: Vec::new(),
        chain: Vec::new(),
        history: Vec::new(),
        apart: Vec::new(),
        verdict: None,
    }
}

/// Brings everything that is counted up to date, without words and without risk.
pub(crate) fn count(incident: &mut Incident, signals: &[Signal]) {
    incident.severity = signals.iter().map(|signal| signal.severity).max().unwrap_or_default();
    incident.first = signals.iter().map(|signal| signal.first).min().unwrap_or(incident.first);
    incident.last = signals.iter().map(|signal| signal.last).max().unwrap_or(incident.last);
    incident.techniques = sorted(signals.iter().flat_map(|signal| &signal.techniques));
    let tactics = sorted(signals.iter().flat_map(|signal| &signal.tactics));
    incident.tactics = in_kill_chain_order(tactics);
    incident.entities = entities(signals);
    incident.events_total = events_total(signals);
}

/// Brings everything that follows from the signals up to date and raises the version.
pub(crate) fn summarise(
    incident: &mut Incident,
    signals: &[Signal],
    judge: Judge<'_>,
    teller: &dyn Teller,
    clock: &dyn Clock,
) {
    count(incident, signals);
    let assessment = judge.incident(signals);
    incident.risk = assessment.estimate();
    incident.reasons = assessment.reasons;
    incident.chain = assessment.chain;
    incident.version += 1;
    incident.updated = clock.now();
    let told = teller.tell(incident, signals);
    incident.title = titled(incident).unwrap_or(told.title);
    incident.headline = told.headline;
    incident.narrative = told.narrative;
}

/// The title that a person gave last.
pub(crate) fn titled(incident: &Incident) -> Option<String> {
    incident.history.iter().rev().find_map(|edit| match &edit.kind {
        EditKind::Retitled { title } => Some(title.clone()),
        _ => None,
    })
}

fn sorted<'a>(texts: impl Iterator<Item = &'a String>) -> Vec<String> {
    texts.collect::<BTreeSet<_>>().into_iter().cloned().collect()
}

fn in_kill_chain_order(mut tactics: Vec<String>) -> Vec<String> {
    tactics.sort_by_key(|tactic| tactic_order(tactic));
    tactics
}

/// Who took part, the ones that tell most first: sources, hosts, accounts, then the rest.
fn entities(signals: &[Signal]) -> Vec<EntityRef> {
    let rank = |entity: &EntityRef| match (entity.entity_type, entity.role) {
        (EntityType::Ip, Role::Source) => 0,
        (EntityType::Host, _) => 1,
        (EntityType::User, Role::Actor) => 2,
        (EntityType::User, _) => 3,
        (EntityType::Ip, _) => 4,
        (EntityType::Domain, _) => 5,
        (EntityType::Process, _) => 6,
        _ => 7,
    };
    // Most mentions are written alike: only those that are not are folded.
    let mut written: HashSet<&EntityRef> = HashSet::new();
    let mut seen = BTreeSet::new();
    let mut kept: Vec<EntityRef> = signals
        .iter()
        .flat_map(|signal| &signal.entities)
        .filter(|entity| written.insert(entity) && seen.insert((entity.key(), entity.role)))
        .cloned()
        .collect();
    kept.sort_by_key(rank);
    kept.truncate(INCIDENT_ENTITIES_MAX);
    kept
}

/// Distinct events under the signals; those beyond a signal's kept evidence are counted as distinct.
fn events_total(signals: &[Signal]) -> u64 {
    let mut kept: Vec<EventId> = signals.iter().flat_map(|signal| signal.events.iter().copied()).collect();
    kept.sort_unstable();
    kept.dedup();
    let beyond: u64 =
        signals.iter().map(|signal| signal.events_total.saturating_sub(signal.events.len() as u64)).sum();
    kept.len() as u64 + beyond
}
