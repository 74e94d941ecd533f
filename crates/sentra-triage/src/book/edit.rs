//! What persons do to incidents. Each operation leaves who, when and from where; the platform undoes none.

use std::collections::BTreeSet;

use sentra_model::{
    Digest, Edit, EditKind, Incident, IncidentId, IncidentStatus, Join, JoinReason, SignalId, Timestamp,
};

use super::Book;
use super::connect::{ABSORBED_MAX, former};
use super::open::OpenIncident;
use crate::grouping::blank_incident;

/// Edits kept on an incident; beyond it persons cannot edit it any more, because no edit may be forgotten.
pub const INCIDENT_EDITS_MAX: usize = 1_000;
/// Letters of a title that a person gives.
const TITLE_CHARS_MAX: usize = 200;

/// Why an operation was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// The incident is not open here: it is unknown, closed, or too old to be joined.
    #[error("{0} is not an open incident; restore it before it is edited")]
    UnknownIncident(IncidentId),
    /// The signal is not in an open incident, or not in the one that it should be taken out of.
    #[error("{0} is not a signal of that incident")]
    UnknownSignal(SignalId),
    /// Both ids lead to one incident.
    #[error("{0} is the same incident")]
    SameIncident(IncidentId),
    /// No signal is named.
    #[error("no signal is named; name at least one")]
    NoSignals,
    /// All signals are named: there would be nothing to split off from.
    #[error("all signals are named; leave at least one, or move them instead")]
    NothingLeft,
    /// It would have more signals or absorbed incidents than an incident can.
    #[error("{0} would become too large")]
    TooLarge(IncidentId),
    /// It has been edited as often as an incident can be.
    #[error("{0} has been edited too often")]
    TooManyEdits(IncidentId),
    /// Nobody's name is given.
    #[error("an edit needs the name of who makes it")]
    Nobody,
    /// The title is empty or longer than 200 letters.
    #[error("a title has 1 to 200 letters")]
    Title,
}

/// What an operation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditOutcome {
    /// Where the signals that it was about are now.
    pub incident: IncidentId,
    /// Every incident that changed, in the order of their ids.
    pub changed: Vec<IncidentId>,
    /// The signals that changed their incident, in the order of their ids.
    pub signals: Vec<SignalId>,
}

impl Book {
    fn editable(&self, id: IncidentId, by: &str) -> Result<IncidentId, BookError> {
        if by.trim().is_empty() {
            return Err(BookError::Nobody);
        }
        let id = self.resolve(id).ok_or(BookError::UnknownIncident(id))?;
        let edits = self.open.get(&id).map_or(0, |open| open.incident.history.len());
        if edits >= INCIDENT_EDITS_MAX { Err(BookError::TooManyEdits(id)) } else { Ok(id) }
    }

    /// Makes all of `from` part of `into`, or none of them. Separations by a person before are revoked.
    ///
    /// # Errors
    /// When one is not open or is `into` itself, or the sum would be too large.
    pub fn merge(
        &mut self,
        into: IncidentId,
        from: &[IncidentId],
        by: &str,
        at: Timestamp,
    ) -> Result<EditOutcome, BookError> {
        let into = self.editable(into, by)?;
        let from: BTreeSet<IncidentId> =
            from.iter().map(|id| self.editable(*id, by)).collect::<Result<_, _>>()?;
        if from.contains(&into) {
            return Err(BookError::SameIncident(into));
        }
        let sizes = std::iter::once(&into).chain(&from).filter_map(|id| self.open.get(id));
        let (signals, absorbed, edits) = sizes.fold((0, from.len(), from.len()), |sum, open| {
            let Incident { absorbed, history, .. } = &open.incident;
            let edits = if open.incident.id == into { history.len() } else { 0 };
            (sum.0 + open.signals().len(), sum.1 + absorbed.len(), sum.2 + edits)
        });
        if signals > self.config.incident_signals_max || absorbed > ABSORBED_MAX {
            return Err(BookError::TooLarge(into));
        }
        if edits > INCIDENT_EDITS_MAX {
            return Err(BookError::TooManyEdits(into));
        }
        let signals: BTreeSet<SignalId> = from.iter().flat_map(|id| self.signals_of(*id)).collect();
        for id in &from {
            self.revoke_apart(into, *id);
            self.absorb(into, *id, Some(by), None, at);
        }
        let changed: BTreeSet<IncidentId> = from.into_iter().chain([into]).collect();
        Ok(EditOutcome {
            incident: into,
            changed: changed.into_iter().collect(),
            signals: signals.into_iter().collect(),
        })
    }

    fn signals_of(&self, id: IncidentId) -> BTreeSet<SignalId> {
        self.open.get(&id).into_iter().flat_map(|open| open.signals()).map(|signal| signal.id).collect()
    }

    /// Takes `signals` out of `from` into a new incident. The platform does not merge the two again.
    ///
    /// # Errors
    /// When `from` is not open, a signal is not in it, or none would be left.
    pub fn split(
        &mut self,
        from: IncidentId,
        signals: &[SignalId],
        by: &str,
        at: Timestamp,
    ) -> Result<EditOutcome, BookError> {
        let from = self.editable(from, by)?;
        let named = self.named(from, signals)?;
        let Some(first) =
            named.iter().next().and_then(|id| self.signal(*id)).map(|(signal, _)| signal.clone())
        else {
            return Err(BookError::NoSignals);
        };
        if named.len() == self.signals_of(from).len() {
            return Err(BookError::NothingLeft);
        }
        // Law IDENTITY: the same split yields the same id. The moment is part of it because what was split off can
        // be merged back and split off again.
        let inputs = Digest::new("incident-split/1").text(first.tenant.as_str()).text(&from.to_string());
        let inputs = inputs.bytes(&at.micros().to_le_bytes());
        let inputs = named.iter().fold(inputs, |inputs, id| inputs.text(&id.to_string()));
        let into = IncidentId::derive(inputs);
        let join = Join { signal: first.id, reason: JoinReason::Opened };
        let mut incident = blank_incident(into, &first, join, at);
        incident.joins.clear();
        self.open.insert(into, OpenIncident::new(incident));
        self.carry(from, into, &named, by, at);
        self.set_apart(from, into);
        self.retire_stalest();
        Ok(EditOutcome {
            incident: into,
            changed: in_order([from, into]),
            signals: named.into_iter().collect(),
        })
    }

    /// Moves `signals` from `from` to `into`. The platform does not merge the two afterwards. An incident that is
    /// left without signals becomes part of `into`.
    ///
    /// # Errors
    /// When either is not open, both are one, a signal is not in `from`, or `into` would be too large.
    pub fn move_signals(
        &mut self,
        from: IncidentId,
        signals: &[SignalId],
        into: IncidentId,
        by: &str,
        at: Timestamp,
    ) -> Result<EditOutcome, BookError> {
        let (from, into) = (self.editable(from, by)?, self.editable(into, by)?);
        if from == into {
            return Err(BookError::SameIncident(into));
        }
        let named = self.named(from, signals)?;
        if named == self.signals_of(from) {
            return self.merge(into, &[from], by, at);
        }
        if self.signals_of(into).len() + named.len() > self.config.incident_signals_max {
            return Err(BookError::TooLarge(into));
        }
        self.carry(from, into, &named, by, at);
        self.set_apart(from, into);
        Ok(EditOutcome {
            incident: into,
            changed: in_order([from, into]),
            signals: named.into_iter().collect(),
        })
    }

    /// Gives the incident a title, which stays whatever joins it.
    ///
    /// # Errors
    /// When it is not open, or the title is none.
    pub fn retitle(
        &mut self,
        id: IncidentId,
        title: &str,
        by: &str,
        at: Timestamp,
    ) -> Result<EditOutcome, BookError> {
        let id = self.editable(id, by)?;
        let title = title.trim().to_owned();
        if title.is_empty() || title.chars().count() > TITLE_CHARS_MAX {
            return Err(BookError::Title);
        }
        Ok(self.note(id, by, at, EditKind::Retitled { title }))
    }

    /// Sets where the work stands. A resolved or closed incident is joined by nothing any more: what happens next
    /// opens another.
    ///
    /// # Errors
    /// When it is not open.
    pub fn set_status(
        &mut self,
        id: IncidentId,
        status: IncidentStatus,
        by: &str,
        at: Timestamp,
    ) -> Result<EditOutcome, BookError> {
        let id = self.editable(id, by)?;
        if let Some(open) = self.open.get_mut(&id) {
            open.incident.status = status;
        }
        let outcome = self.note(id, by, at, EditKind::StatusSet { status });
        if matches!(status, IncidentStatus::Resolved | IncidentStatus::Closed) {
            self.release(id);
        }
        Ok(outcome)
    }

    fn note(&mut self, id: IncidentId, by: &str, at: Timestamp, kind: EditKind) -> EditOutcome {
        if let Some(open) = self.open.get_mut(&id) {
            open.incident.history.push(Edit { by: Some(by.to_owned()), at, kind });
        }
        self.changed_incidents.insert(id);
        EditOutcome { incident: id, changed: vec![id], signals: Vec::new() }
    }

    fn named(&self, from: IncidentId, signals: &[SignalId]) -> Result<BTreeSet<SignalId>, BookError> {
        let foreign = signals.iter().find(|id| self.index.incident_of(**id) != Some(from));
        match foreign {
            Some(foreign) => Err(BookError::UnknownSignal(*foreign)),
            None if signals.is_empty() => Err(BookError::NoSignals),
            None => Ok(signals.iter().copied().collect()),
        }
    }

    /// Carries signals over, with why they were where they come from.
    fn carry(
        &mut self,
        from: IncidentId,
        into: IncidentId,
        named: &BTreeSet<SignalId>,
        by: &str,
        at: Timestamp,
    ) {
        let Some(mut source) = self.open.remove(&from) else { return };
        let Some(target) = self.open.get_mut(&into) else {
            self.open.insert(from, source);
            return;
        };
        self.index.remove_all(source.signals(), from);
        for (signal, join) in source.take_out(named) {
            let was = Some(Box::new(former(join.reason)));
            let reason = JoinReason::Moved { from, by: by.to_owned(), was };
            self.index.add(&signal, into);
            target.push(signal, Join { signal: join.signal, reason });
        }
        for signal in source.signals() {
            self.index.add(signal, from);
        }
        let by = Some(by.to_owned());
        let signals: Vec<SignalId> = named.iter().copied().collect();
        let out = EditKind::TakenOut { into, signals: signals.clone() };
        source.incident.history.push(Edit { by: by.clone(), at, kind: out });
        target.incident.history.push(Edit { by, at, kind: EditKind::BroughtIn { from, signals } });
        source.recount();
        target.recount();
        self.open.insert(from, source);
        self.changed_incidents.extend([from, into]);
    }

    fn set_apart(&mut self, one: IncidentId, other: IncidentId) {
        for (id, from) in [(one, other), (other, one)] {
            if let Some(open) = self.open.get_mut(&id)
                && !open.incident.apart.contains(&from)
            {
                open.incident.apart.push(from);
                open.incident.apart.sort_unstable();
            }
        }
    }

    fn revoke_apart(&mut self, one: IncidentId, other: IncidentId) {
        for (id, from) in [(one, other), (other, one)] {
            let leads = |apart: &IncidentId| *apart == from || self.aliases.get(apart) == Some(&from);
            if let Some(open) = self.open.get_mut(&id) {
                open.incident.apart.retain(|apart| !leads(apart));
            }
        }
    }
}

fn in_order(ids: [IncidentId; 2]) -> Vec<IncidentId> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids
}
