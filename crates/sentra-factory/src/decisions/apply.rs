//! Decisions at their place among the events.

use sentra_model::{EntityRef, IncidentId, Signal, Timestamp, Verdict, VerdictKind, VerdictTarget};
use sentra_model::{Incident, TenantScope};
use sentra_store::{Records, StoreError};
use sentra_triage::{Subject, Suppression, Triage};

use super::{Decided, Decision, Journaled};

/// Carries out what stands in `bytes`; also gives the entities of what was found harmless. What went wrong is for people.
pub(crate) fn apply(
    triage: &mut Triage,
    scope: &TenantScope,
    bytes: &[u8],
    past: &dyn Fn(VerdictTarget) -> Result<Option<Past>, StoreError>,
    now: Timestamp,
) -> Result<(Decided, Vec<EntityRef>), String> {
    let Journaled { at, by, decision } =
        serde_json::from_slice(bytes).map_err(|error| format!("the decision cannot be read: {error}"))?;
    let decided = match decision {
        Decision::Verdict { target, kind, reason } => {
            let verdict = Verdict { tenant: scope.tenant().clone(), target, kind, reason, by, at };
            return judge(triage, &verdict, past, now);
        }
        Decision::Merge { into, from } => {
            let mut changed = Vec::new();
            for from in from {
                let outcome = triage.merge(into, from, &by, at).map_err(|error| error.to_string())?;
                changed.extend(outcome.changed);
            }
            Ok(changed_only(changed))
        }
        Decision::Split { from, signals } => {
            let outcome = triage.split(from, &signals, &by, at).map_err(|error| error.to_string())?;
            Ok(Decided { incidents: outcome.changed, made: Some(outcome.incident.to_string()) })
        }
        Decision::Move { from, into, signals } => {
            let outcome = triage.move_signals(from, &signals, into, &by, at);
            Ok(changed_only(outcome.map_err(|error| error.to_string())?.changed))
        }
        Decision::Retitle { incident, title } => {
            let outcome = triage.retitle(incident, &title, &by, at).map_err(|error| error.to_string())?;
            Ok(changed_only(outcome.changed))
        }
        Decision::SetStatus { incident, status } => {
            let outcome = triage.set_status(incident, status, &by, at).map_err(|error| error.to_string())?;
            Ok(changed_only(outcome.changed))
        }
        Decision::Suppress { matches, reason, expires } => {
            let suppression =
                Suppression::new(matches, &by, &reason, at, expires).map_err(|error| error.to_string())?;
            let id = suppression.id.clone();
            triage.suppress(suppression).map_err(|error| error.to_string())?;
            Ok(Decided { incidents: Vec::new(), made: Some(id) })
        }
        Decision::Unsuppress { id } => match triage.suppressions().remove(&id) {
            Some(_) => Ok(changed_only(Vec::new())),
            None => Err(format!("there is no suppression {id}")),
        },
    };
    decided.map(|decided| (decided, Vec::new()))
}

fn changed_only(mut incidents: Vec<IncidentId>) -> Decided {
    incidents.sort_unstable();
    incidents.dedup();
    Decided { incidents, made: None }
}

/// Something that can no longer be joined, as the records know it.
pub(crate) enum Past {
    Signal(Box<Signal>),
    Incident(Box<Incident>, Vec<Signal>),
}

impl Past {
    /// What the records know of `target`.
    pub(crate) async fn find(
        records: &dyn Records,
        scope: &TenantScope,
        target: VerdictTarget,
    ) -> Result<Option<Self>, StoreError> {
        match target {
            VerdictTarget::Signal(id) => {
                Ok(records.signal(scope, id).await?.map(|signal| Self::Signal(Box::new(signal))))
            }
            VerdictTarget::Incident(id) => {
                let Some(incident) = records.incident(scope, id).await? else { return Ok(None) };
                let signals = records.incident_signals(scope, incident.id).await?;
                Ok(Some(Self::Incident(Box::new(incident), signals)))
            }
        }
    }
}

fn judge(
    triage: &mut Triage,
    verdict: &Verdict,
    past: &dyn Fn(VerdictTarget) -> Result<Option<Past>, StoreError>,
    now: Timestamp,
) -> Result<(Decided, Vec<EntityRef>), String> {
    let open = match verdict.target {
        VerdictTarget::Signal(id) => triage.book().signal(id).map(|(_, incident)| incident),
        VerdictTarget::Incident(id) => triage.book().resolve(id),
    };
    let taken = match open {
        Some(_) => triage.verdict(verdict, None, now),
        None => match past(verdict.target) {
            Ok(Some(Past::Signal(signal))) => triage.verdict(verdict, Some(Subject::Signal(&signal)), now),
            Ok(Some(Past::Incident(incident, signals))) => {
                let verdict = Verdict { target: VerdictTarget::Incident(incident.id), ..verdict.clone() };
                triage.verdict(&verdict, Some(Subject::Incident(&incident, &signals)), now)
            }
            Ok(None) => return Err("there is no such signal or incident".to_owned()),
            Err(error) => return Err(format!("the records cannot be read: {error}")),
        },
    };
    taken.map_err(|error| error.to_string())?;
    let harmless = match (verdict.kind, verdict.target) {
        (VerdictKind::TruePositive, _) => Vec::new(),
        (_, VerdictTarget::Signal(id)) => {
            triage.book().signal(id).map(|(signal, _)| signal.entities.clone()).unwrap_or_default()
        }
        (_, VerdictTarget::Incident(_)) => {
            let incident = open.and_then(|id| triage.book().incident(id));
            incident.map(|(incident, _)| incident.entities.clone()).unwrap_or_default()
        }
    };
    Ok((changed_only(open.into_iter().collect()), harmless))
}
