//! Decisions at their place among the events.

use sentra_model::{Incident, IncidentId, TenantScope};
use sentra_model::{Signal, Timestamp, Verdict, VerdictKind, VerdictNote, VerdictTarget};
use sentra_store::{Records, StoreError};
use sentra_triage::{EditOutcome, Subject, Suppression, Triage};

use super::{Decided, Decision, Journaled};
use crate::models::Models;

/// What a decision did.
pub(crate) struct Carried {
    pub(crate) decided: Decided,
    /// What was judged, as it is now.
    pub(crate) judged: Vec<(VerdictKind, Signal)>,
    /// Signals outside triage that changed.
    pub(crate) signals: Vec<Signal>,
}

type Look<'a> = &'a dyn Fn(VerdictTarget) -> Result<Option<Past>, StoreError>;

/// Carries out what stands in `bytes`. What went wrong is for people.
pub(crate) fn apply(
    triage: &mut Triage,
    models: &mut Models,
    scope: &TenantScope,
    bytes: &[u8],
    past: Look<'_>,
    now: Timestamp,
) -> Result<Carried, String> {
    let journaled: Journaled =
        serde_json::from_slice(bytes).map_err(|error| format!("the decision cannot be read: {error}"))?;
    for id in journaled.decision.incidents() {
        take_up(triage, id, past)?;
    }
    let carried = match journaled.decision.about_model() {
        Some((kind, change)) => models
            .change(kind, change, &journaled.by, now)
            .map(|version| changed(Vec::new(), Some(version.to_string()))),
        None => carry_out(triage, scope, journaled, past, now),
    };
    triage.book_mut().give_back();
    carried
}

/// What was resolved long ago can be decided about like anything else.
fn take_up(triage: &mut Triage, id: IncidentId, past: Look<'_>) -> Result<(), String> {
    if triage.book_mut().take_up(id) {
        return Ok(());
    }
    match past(VerdictTarget::Incident(id)) {
        // Its id may have led to one that is at hand.
        Ok(Some(Past::Incident(incident, _))) if triage.book_mut().take_up(incident.id) => {}
        Ok(Some(Past::Incident(incident, signals))) => triage.book_mut().take_up_from(*incident, signals),
        Ok(_) => return Err(format!("there is no incident {id}")),
        Err(error) => return Err(unreadable(&error)),
    }
    Ok(())
}

fn carry_out(
    triage: &mut Triage,
    scope: &TenantScope,
    journaled: Journaled,
    past: Look<'_>,
    now: Timestamp,
) -> Result<Carried, String> {
    let Journaled { at, by, decision } = journaled;
    let edited = match decision {
        Decision::Verdict { target, kind, reason } => {
            let verdict = Verdict { tenant: scope.tenant().clone(), target, kind, reason, by, at };
            return judge(triage, &verdict, past, now);
        }
        Decision::Suppress { matches, reason, expires } => {
            let suppression =
                Suppression::new(matches, &by, &reason, at, expires).map_err(|error| error.to_string())?;
            let id = suppression.id.clone();
            triage.suppress(suppression).map_err(|error| error.to_string())?;
            return Ok(changed(Vec::new(), Some(id)));
        }
        Decision::Unsuppress { id } => {
            return match triage.suppressions().remove(&id) {
                Some(_) => Ok(changed(Vec::new(), None)),
                None => Err(format!("there is no suppression {id}")),
            };
        }
        Decision::Split { from, signals } => {
            let split = triage.split(from, &signals, &by, at);
            return split
                .map(|outcome| {
                    let made = outcome.incident.to_string();
                    changed(outcome.changed, Some(made))
                })
                .map_err(|error| error.to_string());
        }
        Decision::Merge { into, from } => triage.merge(into, &from, &by, at),
        Decision::Move { from, into, signals } => triage.move_signals(from, &signals, into, &by, at),
        Decision::Retitle { incident, title } => triage.retitle(incident, &title, &by, at),
        Decision::SetStatus { incident, status } => triage.set_status(incident, status, &by, at),
        Decision::RollBackModel { .. } | Decision::ActivateModel { .. } | Decision::DiscardShadow { .. } => {
            return Err("decisions about models are carried out by the models".to_owned());
        }
    };
    let of = |outcome: EditOutcome| changed(outcome.changed, None);
    edited.map(of).map_err(|error| error.to_string())
}

fn changed(incidents: Vec<IncidentId>, made: Option<String>) -> Carried {
    Carried { decided: Decided { incidents, made }, judged: Vec::new(), signals: Vec::new() }
}

fn unreadable(error: &StoreError) -> String {
    format!("the records cannot be read: {error}")
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

fn judge(triage: &mut Triage, verdict: &Verdict, past: Look<'_>, now: Timestamp) -> Result<Carried, String> {
    if let VerdictTarget::Signal(id) = verdict.target
        && !triage.book_mut().take_up_of(id)
    {
        // Its incident is not known here: the verdict is kept on the signal alone.
        let mut signal = match past(verdict.target) {
            Ok(Some(Past::Signal(signal))) => *signal,
            Ok(_) => return Err(format!("there is no signal {id}")),
            Err(error) => return Err(unreadable(&error)),
        };
        let subject = Subject::Signal(&signal);
        triage.verdict(verdict, Some(subject), now).map_err(|error| error.to_string())?;
        signal.verdict = Some(VerdictNote::from(verdict));
        let judged = vec![(verdict.kind, signal.clone())];
        return Ok(Carried { judged, signals: vec![signal], ..changed(Vec::new(), None) });
    }
    triage.verdict(verdict, None, now).map_err(|error| error.to_string())?;
    let (incident, signals) = match verdict.target {
        VerdictTarget::Signal(id) => {
            let known = triage.book().signal(id);
            (
                known.map(|(_, incident)| incident),
                known.map(|(signal, _)| signal.clone()).into_iter().collect(),
            )
        }
        VerdictTarget::Incident(id) => {
            let signals = triage.book().incident(id).map(|(_, signals)| signals.to_vec());
            (triage.book().resolve(id), signals.unwrap_or_default())
        }
    };
    let judged = signals.into_iter().map(|signal: Signal| (verdict.kind, signal)).collect();
    Ok(Carried { judged, ..changed(incident.into_iter().collect(), None) })
}
