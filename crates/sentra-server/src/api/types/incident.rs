use sentra_model::{
    ChainStep, Edit, EntityRef, Estimate, Incident, IncidentId, IncidentStatus, Join, Narrative, RiskReason,
    Severity, Signal, Timestamp, VerdictNote,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An incident in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IncidentSummary {
    /// Its id.
    pub id: IncidentId,
    /// What kind of thing happened.
    pub title: String,
    /// Where the work stands.
    pub status: IncidentStatus,
    /// How bad it is.
    pub severity: Severity,
    /// How probable it is that this is malicious.
    pub risk: Estimate,
    /// Who and what took part.
    pub entities: Vec<EntityRef>,
    /// ATT&CK technique ids.
    pub techniques: Vec<String>,
    /// ATT&CK tactics in kill-chain order.
    pub tactics: Vec<String>,
    /// Time of the first evidence.
    pub first: Timestamp,
    /// Time of the last evidence.
    pub last: Timestamp,
    /// How many signals it holds.
    pub signals: u64,
    /// How many events its signals rest on.
    pub events: u64,
    /// One sentence that says what happened.
    pub headline: String,
    /// Goes up with every change.
    pub version: u64,
    /// When it was opened.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// What an analyst found it to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictNote>,
}

impl From<Incident> for IncidentSummary {
    fn from(incident: Incident) -> Self {
        Self {
            id: incident.id,
            title: incident.title,
            status: incident.status,
            severity: incident.severity,
            risk: incident.risk,
            entities: incident.entities,
            techniques: incident.techniques,
            tactics: incident.tactics,
            first: incident.first,
            last: incident.last,
            signals: incident.joins.len() as u64,
            events: incident.events_total,
            headline: incident.headline,
            version: incident.version,
            created: incident.created,
            updated: incident.updated,
            verdict: incident.verdict,
        }
    }
}

/// A page of incidents, the last changed first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IncidentPage {
    /// The incidents.
    pub items: Vec<IncidentSummary>,
    /// Hand this back as `cursor` for the next page; null on the last one.
    pub next: Option<String>,
    /// How many there are over all pages.
    pub total: u64,
}

/// An earlier state of an incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IncidentRevision {
    /// The version.
    pub version: u64,
    /// When it was written.
    pub updated: Timestamp,
    /// Its title then.
    pub title: String,
    /// Its risk then.
    pub risk: Estimate,
    /// How many signals it held.
    pub signals: u64,
}

/// An incident with its story, its evidence and its history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IncidentDetail {
    /// Its id.
    pub id: IncidentId,
    /// What kind of thing happened.
    pub title: String,
    /// Where the work stands.
    pub status: IncidentStatus,
    /// How bad it is.
    pub severity: Severity,
    /// How probable it is that this is malicious.
    pub risk: Estimate,
    /// Who and what took part.
    pub entities: Vec<EntityRef>,
    /// ATT&CK technique ids.
    pub techniques: Vec<String>,
    /// ATT&CK tactics in kill-chain order.
    pub tactics: Vec<String>,
    /// Time of the first evidence.
    pub first: Timestamp,
    /// Time of the last evidence.
    pub last: Timestamp,
    /// How many signals it holds.
    pub signal_count: u64,
    /// How many events its signals rest on.
    pub events: u64,
    /// One sentence that says what happened.
    pub headline: String,
    /// Goes up with every change.
    pub version: u64,
    /// When it was opened.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// The story; every sentence cites the signals it rests on.
    pub narrative: Narrative,
    /// The signals.
    pub signals: Vec<Signal>,
    /// Why each signal is here, in the order they joined.
    pub joins: Vec<Join>,
    /// Every version, oldest first.
    pub history: Vec<IncidentRevision>,
    /// Why the risk is what it is, the strongest first.
    #[serde(default)]
    pub reasons: Vec<RiskReason>,
    /// The longest run of tactics that happened in the order of the kill chain.
    #[serde(default)]
    pub chain: Vec<ChainStep>,
    /// What was done to it as a whole, the oldest first.
    #[serde(default)]
    pub edits: Vec<Edit>,
    /// Incidents that became part of it; their ids lead here.
    #[serde(default)]
    pub absorbed: Vec<IncidentId>,
    /// What an analyst found it to be; signals with a verdict of their own carry it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictNote>,
}

impl IncidentDetail {
    /// Puts an incident together with its signals and its history.
    #[must_use]
    pub fn new(incident: Incident, signals: Vec<Signal>, history: Vec<IncidentRevision>) -> Self {
        Self {
            id: incident.id,
            title: incident.title,
            status: incident.status,
            severity: incident.severity,
            risk: incident.risk,
            entities: incident.entities,
            techniques: incident.techniques,
            tactics: incident.tactics,
            first: incident.first,
            last: incident.last,
            signal_count: incident.joins.len() as u64,
            events: incident.events_total,
            headline: incident.headline,
            version: incident.version,
            created: incident.created,
            updated: incident.updated,
            narrative: incident.narrative,
            signals,
            joins: incident.joins,
            history,
            reasons: incident.reasons,
            chain: incident.chain,
            edits: incident.history,
            absorbed: incident.absorbed,
            verdict: incident.verdict,
        }
    }
}

/// Data of the stream event `incident`: an incident was opened or has changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IncidentChange {
    /// The incident.
    pub id: IncidentId,
    /// Its new version.
    pub version: u64,
    /// Its title.
    pub title: String,
    /// Where the work stands.
    pub status: IncidentStatus,
    /// How bad it is.
    pub severity: Severity,
    /// How probable it is that this is malicious.
    pub risk: Estimate,
    /// One sentence that says what happened.
    pub headline: String,
    /// When it changed.
    pub updated: Timestamp,
}

impl From<&Incident> for IncidentChange {
    fn from(incident: &Incident) -> Self {
        Self {
            id: incident.id,
            version: incident.version,
            title: incident.title.clone(),
            status: incident.status,
            severity: incident.severity,
            risk: incident.risk,
            headline: incident.headline.clone(),
            updated: incident.updated,
        }
    }
}

/// Data of the stream event `gap`: events were missed, fetch the lists again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamGap {
    /// The last id the client said it had seen; null when the client was too slow.
    pub after: Option<u64>,
    /// The newest id there is.
    pub latest: u64,
}
