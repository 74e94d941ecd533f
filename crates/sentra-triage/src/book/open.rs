use std::collections::{BTreeSet, HashMap};

use sentra_model::{Clock, Incident, IncidentId, Join, Signal, SignalId, Timestamp};

use crate::Judge;
use crate::grouping::{Teller, count, summarise};

/// An incident that can still change, with its signals.
#[derive(Debug)]
pub(super) struct OpenIncident {
    pub(super) incident: Incident,
    /// In the order of the incident's joins.
    signals: Vec<Signal>,
    places: HashMap<SignalId, usize>,
}

impl OpenIncident {
    pub(super) fn new(incident: Incident) -> Self {
        Self { incident, signals: Vec::new(), places: HashMap::new() }
    }

    pub(super) fn into_parts(self) -> (Incident, Vec<Signal>) {
        (self.incident, self.signals)
    }

    pub(super) fn signals(&self) -> &[Signal] {
        &self.signals
    }

    pub(super) fn get(&self, id: SignalId) -> Option<&Signal> {
        self.places.get(&id).and_then(|place| self.signals.get(*place))
    }

    pub(super) fn get_mut(&mut self, id: SignalId) -> Option<&mut Signal> {
        self.places.get(&id).and_then(|place| self.signals.get_mut(*place))
    }

    /// Brings what is counted up to date.
    pub(super) fn recount(&mut self) {
        count(&mut self.incident, &self.signals);
    }

    /// Judges, sums up and tells the incident anew.
    pub(super) fn summarise(&mut self, judge: Judge<'_>, teller: &dyn Teller, clock: &dyn Clock) {
        summarise(&mut self.incident, &self.signals, judge, teller, clock);
    }

    /// Takes up a signal whose join is known already.
    pub(super) fn restore(&mut self, signal: Signal) {
        self.places.insert(signal.id, self.signals.len());
        self.signals.push(signal);
    }

    pub(super) fn push(&mut self, signal: Signal, join: Join) {
        if self.incident.joins.iter().all(|known| known.signal != join.signal) {
            self.incident.joins.push(join);
        }
        self.stretch(signal.first, signal.last);
        self.restore(signal);
    }

    /// The incident lasts at least from `first` to `last`.
    pub(super) fn stretch(&mut self, first: Timestamp, last: Timestamp) {
        self.incident.first = self.incident.first.min(first);
        self.incident.last = self.incident.last.max(last);
    }

    /// Takes the signals `ids` out, with their joins, in their order here.
    pub(super) fn take_out(&mut self, ids: &BTreeSet<SignalId>) -> Vec<(Signal, Join)> {
        let mut out = Vec::new();
        let mut kept = Vec::with_capacity(self.signals.len());
        for signal in std::mem::take(&mut self.signals) {
            if !ids.contains(&signal.id) {
                kept.push(signal);
                continue;
            }
            let place = self.incident.joins.iter().position(|join| join.signal == signal.id);
            if let Some(place) = place {
                out.push((signal, self.incident.joins.remove(place)));
            }
        }
        self.places = kept.iter().zip(0..).map(|(signal, place)| (signal.id, place)).collect();
        self.signals = kept;
        out
    }

    /// Of two incidents the one that began earlier survives; of equals the one with the smaller id.
    pub(super) fn age(&self) -> (Timestamp, IncidentId) {
        (self.incident.first, self.incident.id)
    }
}
