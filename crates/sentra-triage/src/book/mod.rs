//! The incidents that can still be joined, with their signals, in bounded memory.
//!
//! Which signals become one incident follows from the signals in the order in which they are taken, never from
//! where [`Book::take_changes`] cuts between them. For signals that connect over strong pivots not even the order
//! matters, as long as no limit is reached and no pivot becomes common meanwhile: they end in one incident. Whether
//! a signal joins over a weak pivot (its host alone, its account alone) depends on what was there when it came.

mod connect;
mod edit;
mod index;
mod open;
mod past;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sentra_model::{Clock, Fact, FactKind, Incident, IncidentId, RuleKind, Signal, SignalId, Timestamp};

use crate::commonness::{Commonness, Lesson};
use crate::config::TriageConfig;
use crate::fold::{fold, folds};
use crate::grouping::Teller;
use crate::{Judge, StateRow};
pub use edit::{BookError, EditOutcome, INCIDENT_EDITS_MAX};
use index::{Footprint, Index, apart};
use open::OpenIncident;
pub use past::LEFT_AT_HAND_MAX;
use past::Past;

/// What changed since the last [`Book::take_changes`].
#[derive(Debug, Default)]
pub struct BookChanges {
    /// Signals that are new or changed, by id.
    pub signals: Vec<Signal>,
    /// Incidents that are new or changed, and those that became part of another: their `merged_into` is set and
    /// their `joins` are empty.
    pub incidents: Vec<Incident>,
    /// What is remembered of commonness: rows to store, or to delete where there is no value.
    pub rows: Vec<StateRow>,
}

/// What became of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It opened this incident.
    Opened(IncidentId),
    /// It joined this incident.
    Joined(IncidentId),
    /// It is a newer version of a signal of this incident.
    Renewed(IncidentId),
    /// It was folded into this signal.
    Folded(SignalId),
}

/// Where the logins of an address are counted.
pub trait LoginFacts {
    /// What is known about the logins from `address`: facts of the kinds `LoginsFailed`, `LoginsSucceeded` and
    /// `NoLoginSucceeded`.
    fn facts(&self, address: &str) -> Vec<Fact>;
}

/// One tenant's open incidents.
#[derive(Debug)]
pub struct Book {
    open: BTreeMap<IncidentId, OpenIncident>,
    index: Index,
    commonness: Commonness,
    /// Ids of incidents that became part of an open one.
    aliases: HashMap<IncidentId, IncidentId>,
    /// Incidents that can no longer change, until what changed of them is taken.
    leaving: BTreeMap<IncidentId, OpenIncident>,
    past: Past,
    /// Incidents that became part of another since the last time.
    gone: BTreeMap<IncidentId, Incident>,
    changed_signals: BTreeSet<SignalId>,
    changed_incidents: BTreeSet<IncidentId>,
    config: TriageConfig,
}

impl Book {
    /// An empty book.
    #[must_use]
    pub fn new(config: TriageConfig) -> Self {
        Self {
            open: BTreeMap::new(),
            index: Index::new(config.group_window_micros()),
            commonness: Commonness::new(config.common_entities_max),
            aliases: HashMap::new(),
            leaving: BTreeMap::new(),
            past: Past::default(),
            gone: BTreeMap::new(),
            changed_signals: BTreeSet::new(),
            changed_incidents: BTreeSet::new(),
            config,
        }
    }

    /// Takes up a stored incident with its signals, in the order of its joins. One that became part of another is
    /// left where it is.
    pub fn restore(&mut self, incident: Incident, signals: Vec<Signal>) {
        if incident.merged_into.is_some() || self.open.contains_key(&incident.id) {
            return;
        }
        let id = incident.id;
        self.aliases.extend(incident.absorbed.iter().map(|absorbed| (*absorbed, id)));
        let mut open = OpenIncident::new(incident);
        for signal in signals {
            if self.index.incident_of(signal.id).is_none() {
                self.index.add(&signal, id);
                open.restore(signal);
            }
        }
        self.open.insert(id, open);
    }

    /// Takes up a row of [`BookChanges::rows`]; says whether it was one.
    pub fn restore_row(&mut self, key: &[u8], value: &[u8]) -> bool {
        self.commonness.restore(key, value)
    }

    /// The open incident that `id` leads to: itself, or the one that it became part of.
    #[must_use]
    pub fn resolve(&self, id: IncidentId) -> Option<IncidentId> {
        let id = self.aliases.get(&id).copied().unwrap_or(id);
        self.open.contains_key(&id).then_some(id)
    }

    /// The open incident that `id` leads to, as of the last [`Book::take_changes`], with its signals as they are.
    #[must_use]
    pub fn incident(&self, id: IncidentId) -> Option<(&Incident, &[Signal])> {
        let open = self.open.get(&self.resolve(id)?)?;
        Some((&open.incident, open.signals()))
    }

    /// A signal of an open incident, and the incident.
    #[must_use]
    pub fn signal(&self, id: SignalId) -> Option<(&Signal, IncidentId)> {
        let incident = self.index.incident_of(id)?;
        Some((self.open.get(&incident)?.get(id)?, incident))
    }

    /// The open incidents in the order of their ids.
    pub fn open(&self) -> impl Iterator<Item = (&Incident, &[Signal])> {
        self.open.values().map(|open| (&open.incident, open.signals()))
    }

    /// Takes `signal` in: as a newer version of a known one, folded into a recent duplicate, joined to an
    /// incident that shares a pivot in time, or as the first of a new incident. What it connects is merged.
    pub fn take(&mut self, signal: Signal, now: Timestamp) -> Taken {
        if let Some(incident) = self.index.incident_of(signal.id) {
            let id = signal.id;
            let renewed = self.change(id, now, |known| {
                // Whatever the rule has seen since: what a person said of it stays.
                let renewed = Signal { verdict: known.verdict.clone(), ..signal };
                let changed = *known != renewed;
                *known = renewed;
                changed
            });
            return Taken::Renewed(renewed.unwrap_or(incident));
        }
        if let Some(known) = self.duplicate_of(&signal) {
            self.change(known, now, |kept| {
                fold(kept, signal);
                true
            });
            return Taken::Folded(known);
        }
        // It is placed by what was common before it.
        let footprint = Footprint::of(&signal);
        let lesson = Lesson::of(&signal, footprint.pivots(), now);
        let taken = self.place(signal, footprint, now);
        self.commonness.learn(lesson);
        self.retire_stalest();
        taken
    }

    /// Lets `how` change a known signal and merges what the change connects. Says where the signal is then; `None`
    /// when `how` says that nothing changed.
    fn change(
        &mut self,
        id: SignalId,
        now: Timestamp,
        how: impl FnOnce(&mut Signal) -> bool,
    ) -> Option<IncidentId> {
        let incident = self.index.incident_of(id)?;
        let open = self.open.get_mut(&incident)?;
        let signal = open.get_mut(id)?;
        let before = Footprint::of(signal);
        if !how(signal) {
            return None;
        }
        let after = Footprint::of(signal);
        let reached = before.reaches_as_far(&after);
        let (first, last) = (signal.first, signal.last);
        open.stretch(first, last);
        if before.is_within(&after) {
            self.index.remove_fold(&before);
            self.index.add_footprint(after, incident);
        } else {
            self.index.remove_footprint(&before, incident);
            self.index.remove_all(open.signals(), incident);
            for signal in open.signals() {
                self.index.add(signal, incident);
            }
        }
        self.changed_signals.insert(id);
        self.changed_incidents.insert(incident);
        if reached { Some(incident) } else { self.reconnect(id, now) }
    }

    /// The nearest known signal that `signal` is a duplicate of, at most the fold window away.
    fn duplicate_of(&self, signal: &Signal) -> Option<SignalId> {
        if !folds(signal.rule.kind) {
            return None;
        }
        let near = |id: SignalId| {
            let (known, _) = self.signal(id)?;
            let distance = apart((known.first, known.last), (signal.first, signal.last)).max(0);
            (distance <= self.config.fold_window_micros()).then_some((distance, id))
        };
        self.index.duplicates_of(signal).filter_map(near).min().map(|(_, id)| id)
    }

    /// Renews the login facts of the signals about `addresses`.
    pub fn refresh_logins(&mut self, addresses: &BTreeSet<String>, logins: &dyn LoginFacts, now: Timestamp) {
        for address in addresses {
            for id in self.index.signals_from(address) {
                self.change(id, now, |signal| set_login_facts(signal, address, logins));
            }
        }
    }

    /// Has every open incident with findings of rule `rule` judged anew with the next changes.
    pub fn judge_anew(&mut self, rule: &str, kind: RuleKind) {
        for (id, open) in &self.open {
            let found =
                open.signals().iter().filter(|found| found.rule.id == rule && found.rule.kind == kind);
            let found: Vec<SignalId> = found.map(|signal| signal.id).collect();
            if !found.is_empty() {
                self.changed_signals.extend(found);
                self.changed_incidents.insert(*id);
            }
        }
    }

    /// Beyond the limit the incident whose last evidence is oldest can no longer be joined.
    fn retire_stalest(&mut self) {
        while self.open.len() > self.config.open_incidents_max.max(1) {
            let stalest = self.open.iter().min_by_key(|(id, open)| (open.incident.last, **id));
            let Some(id) = stalest.map(|(id, _)| *id) else { return };
            self.release(id);
            metrics::counter!("sentra_triage_incidents_retired_total").increment(1);
        }
    }

    /// The incident can no longer be joined; what changed of it is still handed out.
    fn release(&mut self, id: IncidentId) {
        let Some(open) = self.open.remove(&id) else { return };
        self.index.remove_all(open.signals(), id);
        for absorbed in &open.incident.absorbed {
            self.aliases.remove(absorbed);
        }
        if self.changed_incidents.contains(&id) {
            self.leaving.insert(id, open);
        } else {
            self.past.keep(open);
        }
    }

    /// What changed since the last call, with every changed incident judged, summed up and told anew.
    pub fn take_changes(&mut self, judge: Judge<'_>, teller: &dyn Teller, clock: &dyn Clock) -> BookChanges {
        let mut changes = BookChanges { rows: self.commonness.take_changes(), ..BookChanges::default() };
        let changed_signals = std::mem::take(&mut self.changed_signals);
        let mut leaving = std::mem::take(&mut self.leaving);
        for id in std::mem::take(&mut self.changed_incidents) {
            let both = [leaving.get_mut(&id), self.open.get_mut(&id)];
            for open in both.into_iter().flatten() {
                changes.signals.extend(judged(open, &changed_signals, judge));
                open.summarise(judge, teller, clock);
                changes.incidents.push(open.incident.clone());
            }
        }
        leaving.into_values().for_each(|left| self.past.keep(left));
        for (_, mut incident) in std::mem::take(&mut self.gone) {
            incident.version += 1;
            incident.updated = clock.now();
            changes.incidents.push(incident);
        }
        changes.signals.sort_by_key(|signal| signal.id);
        changes
    }
}

/// The changed signals of `open`, each with its probability as of now.
fn judged(open: &mut OpenIncident, changed: &BTreeSet<SignalId>, judge: Judge<'_>) -> Vec<Signal> {
    let ids: Vec<SignalId> = open.signals().iter().map(|signal| signal.id).collect();
    let mut judged = Vec::new();
    for id in ids.into_iter().filter(|id| changed.contains(id)) {
        if let Some(signal) = open.get_mut(id) {
            signal.probability = judge.signal(signal);
            judged.push(signal.clone());
        }
    }
    judged
}

/// Whether a fact is about logins from an address, and so comes from the login counts.
fn is_login_fact(kind: FactKind) -> bool {
    matches!(kind, FactKind::LoginsFailed | FactKind::LoginsSucceeded | FactKind::NoLoginSucceeded)
}

/// Puts what is known about the logins from `address` on `signal`, if it is about logins. Says whether
/// that changed anything.
pub fn set_login_facts(signal: &mut Signal, address: &str, logins: &dyn LoginFacts) -> bool {
    let about_logins =
        signal.facts.iter().all(|fact| is_login_fact(fact.kind) || fact.kind == FactKind::RuleMatched);
    if !about_logins {
        return false;
    }
    let mut facts: Vec<_> = signal.facts.iter().filter(|fact| !is_login_fact(fact.kind)).cloned().collect();
    facts.extend(logins.facts(address));
    let changed = facts != signal.facts;
    signal.facts = facts;
    changed
}
