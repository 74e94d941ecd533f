//! Incidents that are joined by nothing any more, taken up again because a person decides about them.

use std::collections::{BTreeSet, VecDeque};

use sentra_model::{Incident, IncidentId, IncidentStatus, Signal, SignalId, VerdictNote, VerdictTarget};

use super::Book;
use super::open::OpenIncident;

/// Incidents kept at hand after they left the book: what the records say of these may not be written yet.
pub const LEFT_AT_HAND_MAX: usize = 64;

/// Incidents outside the book.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// Those that left last, the latest at the end.
    left: VecDeque<OpenIncident>,
    /// Those that are in the book for a decision alone.
    taken_up: BTreeSet<IncidentId>,
}

impl Past {
    pub(super) fn keep(&mut self, left: OpenIncident) {
        self.left.retain(|known| known.incident.id != left.incident.id);
        self.left.push_back(left);
        while self.left.len() > LEFT_AT_HAND_MAX {
            self.left.pop_front();
        }
    }

    fn take(&mut self, is_it: impl Fn(&OpenIncident) -> bool) -> Option<OpenIncident> {
        self.left.remove(self.left.iter().position(is_it)?)
    }
}

impl Book {
    /// Takes up the incident that `id` leads to again, if it left the book a moment ago. Says whether it is in the book.
    pub fn take_up(&mut self, id: IncidentId) -> bool {
        self.resolve(id).is_some()
            || self.take_up_if(|left| left.incident.id == id || left.incident.absorbed.contains(&id))
    }

    /// As [`Book::take_up`], for the incident of a signal.
    pub fn take_up_of(&mut self, signal: SignalId) -> bool {
        self.signal(signal).is_some() || self.take_up_if(|left| left.get(signal).is_some())
    }

    fn take_up_if(&mut self, is_it: impl Fn(&OpenIncident) -> bool) -> bool {
        let leaving = self.leaving.iter().find(|(_, left)| is_it(left)).map(|(id, _)| *id);
        let leaving = leaving.and_then(|id| self.leaving.remove(&id));
        let Some(left) = leaving.or_else(|| self.past.take(is_it)) else { return false };
        let (incident, signals) = left.into_parts();
        self.take_up_from(incident, signals);
        true
    }

    /// Takes up an incident, as the records know it, with its signals in the order of its joins.
    pub fn take_up_from(&mut self, incident: Incident, signals: Vec<Signal>) {
        self.past.taken_up.insert(incident.id);
        self.restore(incident, signals);
    }

    /// The decision is carried out: what was taken up for it leaves again, unless work on it goes on.
    pub fn give_back(&mut self) {
        for id in std::mem::take(&mut self.past.taken_up) {
            let status = self.open.get(&id).map(|open| open.incident.status);
            if matches!(status, Some(IncidentStatus::Resolved | IncidentStatus::Closed)) {
                self.release(id);
            }
        }
        self.retire_stalest();
    }

    /// Keeps a verdict on what it is about, where that is in the book.
    pub fn note_verdict(&mut self, target: VerdictTarget, note: VerdictNote) {
        match target {
            VerdictTarget::Incident(id) => {
                let Some(open) = self.open.get_mut(&id) else { return };
                open.incident.verdict = Some(note);
                self.changed_incidents.insert(id);
            }
            VerdictTarget::Signal(id) => {
                let Some(incident) = self.index.incident_of(id) else { return };
                let Some(signal) = self.open.get_mut(&incident).and_then(|open| open.get_mut(id)) else {
                    return;
                };
                signal.verdict = Some(note);
                self.changed_signals.insert(id);
                self.changed_incidents.insert(incident);
            }
        }
    }
}
