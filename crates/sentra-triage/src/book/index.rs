use std::collections::{BTreeMap, BTreeSet, HashMap};

use sentra_model::{EntityType, IncidentId, Role, Signal, SignalId, Timestamp};

use crate::fold::{fold_key, folds};
use crate::pivot::{Pivot, pivots};

/// When an incident's signals with one pivot happened. Times no further apart than the window are one span, so
/// that a signal is near a span exactly when it is near one of its signals.
#[derive(Debug, Clone, Default, PartialEq)]
struct Spans(Vec<(Timestamp, Timestamp)>);

impl Spans {
    fn is_near(&self, first: Timestamp, last: Timestamp, window: i64) -> bool {
        self.0.iter().any(|span| apart(*span, (first, last)) <= window)
    }

    fn add(&mut self, first: Timestamp, last: Timestamp, window: i64) {
        let mut grown = (first, last);
        // A span that grows may reach one that it did not reach before.
        while let Some(place) = self.0.iter().position(|span| apart(*span, grown) <= window) {
            let span = self.0.remove(place);
            grown = (grown.0.min(span.0), grown.1.max(span.1));
        }
        let place = self.0.partition_point(|span| span.0 < grown.0);
        self.0.insert(place, grown);
    }
}

/// Microseconds between two times; negative where they overlap.
pub(super) fn apart(one: (Timestamp, Timestamp), other: (Timestamp, Timestamp)) -> i64 {
    other.0.since(one.1).max(one.0.since(other.1))
}

/// What of a signal is indexed.
pub(super) struct Footprint {
    signal: SignalId,
    fold: Option<u64>,
    addresses: Vec<String>,
    /// In order.
    pivots: Vec<Pivot>,
    first: Timestamp,
    last: Timestamp,
}

impl Footprint {
    pub(super) fn of(signal: &Signal) -> Self {
        Self {
            signal: signal.id,
            fold: folds(signal.rule.kind).then(|| fold_key(signal)),
            addresses: source_addresses(signal).map(str::to_owned).collect(),
            pivots: pivots(signal),
            first: signal.first,
            last: signal.last,
        }
    }

    pub(super) fn pivots(&self) -> &[Pivot] {
        &self.pivots
    }

    /// Whether everything of it is in `newer` as well.
    pub(super) fn is_within(&self, newer: &Self) -> bool {
        newer.first <= self.first
            && newer.last >= self.last
            && newer.fold == self.fold
            && self.addresses.iter().all(|address| newer.addresses.contains(address))
            && self.pivots.iter().all(|pivot| newer.pivots.binary_search(pivot).is_ok())
    }

    /// Whether `newer` can connect nothing that this does not.
    pub(super) fn reaches_as_far(&self, newer: &Self) -> bool {
        newer.first >= self.first && newer.last <= self.last && self.pivots == newer.pivots
    }
}

/// Where what is known of a tenant's open incidents is found. It follows from their signals alone.
#[derive(Debug)]
pub(super) struct Index {
    by_pivot: HashMap<Pivot, BTreeMap<IncidentId, Spans>>,
    by_signal: HashMap<SignalId, IncidentId>,
    by_fold: HashMap<u64, BTreeSet<(Timestamp, SignalId)>>,
    by_address: HashMap<String, BTreeSet<SignalId>>,
    window: i64,
}

fn source_addresses(signal: &Signal) -> impl Iterator<Item = &str> {
    let sources = signal.entities.iter();
    let sources =
        sources.filter(|entity| entity.entity_type == EntityType::Ip && entity.role == Role::Source);
    sources.map(|entity| entity.value.as_str())
}

impl Index {
    pub(super) fn new(window: i64) -> Self {
        Self {
            by_pivot: HashMap::new(),
            by_signal: HashMap::new(),
            by_fold: HashMap::new(),
            by_address: HashMap::new(),
            window,
        }
    }

    pub(super) fn incident_of(&self, signal: SignalId) -> Option<IncidentId> {
        self.by_signal.get(&signal).copied()
    }

    /// What a duplicate of `signal` can be: of the signals with its key the ones that begin next before and after.
    pub(super) fn duplicates_of(&self, signal: &Signal) -> impl Iterator<Item = SignalId> {
        let same = self.by_fold.get(&fold_key(signal));
        let at = (signal.first, signal.id);
        let before = same.and_then(|same| same.range(..at).next_back());
        let after = same.and_then(|same| same.range(at..).next());
        before.into_iter().chain(after).map(|(_, id)| *id)
    }

    pub(super) fn signals_from(&self, address: &str) -> Vec<SignalId> {
        self.by_address.get(address).into_iter().flatten().copied().collect()
    }

    /// The incidents that have `pivot` near the time of `signal`.
    pub(super) fn near<'a>(&'a self, pivot: &Pivot, signal: &'a Signal) -> impl Iterator<Item = IncidentId> {
        let having = self.by_pivot.get(pivot).into_iter().flatten();
        having
            .filter(|(_, spans)| spans.is_near(signal.first, signal.last, self.window))
            .map(|(incident, _)| *incident)
    }

    pub(super) fn add(&mut self, signal: &Signal, incident: IncidentId) {
        self.add_footprint(Footprint::of(signal), incident);
    }

    pub(super) fn add_footprint(&mut self, of: Footprint, incident: IncidentId) {
        self.by_signal.insert(of.signal, incident);
        if let Some(key) = of.fold {
            self.by_fold.entry(key).or_default().insert((of.first, of.signal));
        }
        for address in of.addresses {
            self.by_address.entry(address).or_default().insert(of.signal);
        }
        for pivot in of.pivots {
            let spans = self.by_pivot.entry(pivot).or_default().entry(incident).or_default();
            spans.add(of.first, of.last, self.window);
        }
    }

    /// Forgets every signal of `incident`, which are `signals`.
    pub(super) fn remove_all(&mut self, signals: &[Signal], incident: IncidentId) {
        for signal in signals {
            self.remove_footprint(&Footprint::of(signal), incident);
        }
    }

    /// Forgets what a signal could be folded into by; it stands under when it began.
    pub(super) fn remove_fold(&mut self, of: &Footprint) {
        if let Some(key) = of.fold
            && let Some(ids) = self.by_fold.get_mut(&key)
        {
            ids.remove(&(of.first, of.signal));
            if ids.is_empty() {
                self.by_fold.remove(&key);
            }
        }
    }

    /// Forgets a signal, and when its incident had its pivots, whichever signal they came from.
    pub(super) fn remove_footprint(&mut self, of: &Footprint, incident: IncidentId) {
        self.by_signal.remove(&of.signal);
        self.remove_fold(of);
        for address in &of.addresses {
            if let Some(ids) = self.by_address.get_mut(address) {
                ids.remove(&of.signal);
                if ids.is_empty() {
                    self.by_address.remove(address);
                }
            }
        }
        for pivot in &of.pivots {
            if let Some(having) = self.by_pivot.get_mut(pivot) {
                having.remove(&incident);
                if having.is_empty() {
                    self.by_pivot.remove(pivot);
                }
            }
        }
    }

    #[cfg(test)]
    pub(super) fn sizes(&self) -> [usize; 4] {
        [self.by_pivot.len(), self.by_signal.len(), self.by_fold.len(), self.by_address.len()]
    }
}
