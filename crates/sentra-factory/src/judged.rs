//! What analysts said of the latest findings, for those who think of hiding some.

use std::collections::HashMap;

use sentra_detect::MatchVerdict;
use sentra_model::{EventId, Signal, TenantScope, VerdictKind};
use sentra_store::{INCIDENTS_PAGE_MAX, IncidentFilter, Records, StoreError};

/// Law LIMIT: incidents that are looked at, the last changed first.
pub const JUDGED_INCIDENTS_MAX: usize = 1_000;

/// The signals of the incidents that changed last, each with what an analyst found it to be.
///
/// # Errors
/// When the records cannot be read.
pub async fn judged_signals(
    records: &dyn Records,
    scope: &TenantScope,
) -> Result<Vec<(Signal, Option<VerdictKind>)>, StoreError> {
    let mut found = Vec::new();
    let mut filter = IncidentFilter { limit: INCIDENTS_PAGE_MAX, ..IncidentFilter::default() };
    let mut seen = 0;
    loop {
        let page = records.incidents(scope, &filter).await?;
        for incident in page.items {
            seen += 1;
            for signal in records.incident_signals(scope, incident.id).await? {
                // The signal's own verdict counts before its incident's.
                let note = signal.verdict.as_ref().or(incident.verdict.as_ref());
                let kind = note.map(|note| note.kind);
                found.push((signal, kind));
            }
        }
        match page.next {
            Some(next) if seen < JUDGED_INCIDENTS_MAX => filter.cursor = Some(next),
            _ => return Ok(found),
        }
    }
}

/// Verdicts by rule and event.
#[derive(Debug, Default)]
pub(crate) struct Judged(HashMap<String, HashMap<EventId, MatchVerdict>>);

impl Judged {
    pub(crate) async fn read(records: &dyn Records, scope: &TenantScope) -> Result<Self, StoreError> {
        let mut judged = Self::default();
        for (signal, kind) in judged_signals(records, scope).await? {
            let verdict = match kind {
                None => continue,
                Some(VerdictKind::TruePositive) => MatchVerdict::Confirmed,
                Some(VerdictKind::Benign | VerdictKind::FalsePositive) => MatchVerdict::Dismissed,
            };
            let events = judged.0.entry(signal.rule.id).or_default();
            events.extend(signal.events.into_iter().map(|event| (event, verdict)));
        }
        Ok(judged)
    }

    /// What was said of a finding of `rule` on these events.
    pub(crate) fn of(&self, rule: &str, events: &[EventId]) -> MatchVerdict {
        let known = self.0.get(rule);
        let verdict = known.and_then(|known| events.iter().find_map(|event| known.get(event)));
        verdict.copied().unwrap_or(MatchVerdict::Open)
    }
}
