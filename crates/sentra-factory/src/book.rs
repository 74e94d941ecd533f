//! The incidents that can still be joined, with their signals, in bounded memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sentra_model::{
    Clock, EntityType, FactKind, Incident, IncidentId, Join, JoinReason, Role, RuleKind, Signal, SignalId,
    Timestamp,
};

use crate::activity::Activity;
use crate::config::FactoryConfig;
use crate::grouping::{Teller, open_incident, summarise};
use crate::pivot::{Pivot, pivots};
use crate::signals::{fold, fold_key};

#[derive(Debug)]
struct OpenIncident {
    incident: Incident,
    /// In the order they joined; never removed, so a place stays valid.
    signals: Vec<Signal>,
    places: HashMap<SignalId, usize>,
    pivots: BTreeSet<Pivot>,
}

impl OpenIncident {
    fn new(incident: Incident) -> Self {
        Self { incident, signals: Vec::new(), places: HashMap::new(), pivots: BTreeSet::new() }
    }

    fn push(&mut self, signal: Signal) {
        self.pivots.extend(pivots(&signal));
        self.places.insert(signal.id, self.signals.len());
        self.signals.push(signal);
    }

    fn signal_mut(&mut self, id: SignalId) -> Option<&mut Signal> {
        self.places.get(&id).and_then(|place| self.signals.get_mut(*place))
    }
}

/// What changed since the last [`Book::take_changes`].
#[derive(Debug, Default)]
pub(crate) struct BookChanges {
    pub(crate) signals: Vec<Signal>,
    pub(crate) incidents: Vec<Incident>,
}

/// One tenant's open incidents.
#[derive(Debug)]
pub(crate) struct Book {
    open: BTreeMap<IncidentId, OpenIncident>,
    by_pivot: HashMap<Pivot, BTreeSet<IncidentId>>,
    by_signal: HashMap<SignalId, IncidentId>,
    by_fold: HashMap<u64, SignalId>,
    by_address: HashMap<String, BTreeSet<SignalId>>,
    changed_signals: BTreeSet<SignalId>,
    changed_incidents: BTreeSet<IncidentId>,
    config: FactoryConfig,
}

impl Book {
    pub(crate) fn new(config: FactoryConfig) -> Self {
        Self {
            open: BTreeMap::new(),
            by_pivot: HashMap::new(),
            by_signal: HashMap::new(),
            by_fold: HashMap::new(),
            by_address: HashMap::new(),
            changed_signals: BTreeSet::new(),
            changed_incidents: BTreeSet::new(),
            config,
        }
    }

    /// Takes up a stored incident with its signals.
    pub(crate) fn restore(&mut self, incident: Incident, signals: Vec<Signal>) {
        let id = incident.id;
        let mut open = OpenIncident::new(incident);
        for signal in signals {
            self.index(&signal, id);
            open.push(signal);
        }
        self.open.insert(id, open);
    }

    fn index(&mut self, signal: &Signal, incident: IncidentId) {
        self.by_signal.insert(signal.id, incident);
        if signal.rule.kind == RuleKind::Sigma {
            self.by_fold.insert(fold_key(signal), signal.id);
        }
        for entity in &signal.entities {
            if entity.entity_type == EntityType::Ip && entity.role == Role::Source {
                self.by_address.entry(entity.value.clone()).or_default().insert(signal.id);
            }
        }
        for pivot in pivots(signal) {
            self.by_pivot.entry(pivot).or_default().insert(incident);
        }
    }

    /// Takes `signal` in: as a newer version of a known one, folded into a recent duplicate, joined to an
    /// incident that shares a pivot in time, or as the first of a new incident.
    pub(crate) fn take(&mut self, signal: Signal, now: Timestamp) {
        if let Some(incident) = self.by_signal.get(&signal.id).copied() {
            self.replace(signal, incident);
            return;
        }
        let Some(signal) = self.fold_in(signal) else { return };
        let found = self.best_incident(&signal);
        let (id, join) = match found {
            Some((id, pivot)) => {
                let reason = JoinReason::SharedEntity { entity_type: pivot.entity_type, value: pivot.value };
                (id, Join { signal: signal.id, reason })
            }
            None => {
                let join = Join { signal: signal.id, reason: JoinReason::Opened };
                let incident = open_incident(&signal, join, now);
                let id = incident.id;
                self.open.insert(id, OpenIncident::new(incident));
                (id, Join { signal: signal.id, reason: JoinReason::Opened })
            }
        };
        self.index(&signal, id);
        self.changed_signals.insert(signal.id);
        self.changed_incidents.insert(id);
        if let Some(open) = self.open.get_mut(&id) {
            if open.incident.joins.iter().all(|known| known.signal != join.signal) {
                open.incident.joins.push(join);
            }
            open.incident.first = open.incident.first.min(signal.first);
            open.incident.last = open.incident.last.max(signal.last);
            open.push(signal);
        }
        self.retire_stalest();
    }

    fn replace(&mut self, signal: Signal, incident: IncidentId) {
        self.index(&signal, incident);
        self.changed_signals.insert(signal.id);
        self.changed_incidents.insert(incident);
        let Some(open) = self.open.get_mut(&incident) else { return };
        open.incident.last = open.incident.last.max(signal.last);
        open.pivots.extend(pivots(&signal));
        if let Some(known) = open.signal_mut(signal.id) {
            *known = signal;
        }
    }

    /// Folds `signal` into a duplicate at most the fold window away; gives it back when there is none.
    fn fold_in(&mut self, signal: Signal) -> Option<Signal> {
        if signal.rule.kind != RuleKind::Sigma {
            return Some(signal);
        }
        let window = self.config.fold_window_micros();
        let Some(known) = self.by_fold.get(&fold_key(&signal)).copied() else { return Some(signal) };
        let Some(id) = self.by_signal.get(&known).copied() else { return Some(signal) };
        let Some(kept) = self.open.get_mut(&id).and_then(|open| open.signal_mut(known)) else {
            return Some(signal);
        };
        let apart = signal.first.since(kept.last).max(kept.first.since(signal.last));
        if apart > window {
            return Some(signal);
        }
        fold(kept, signal);
        let (first, last) = (kept.first, kept.last);
        if let Some(open) = self.open.get_mut(&id) {
            open.incident.first = open.incident.first.min(first);
            open.incident.last = open.incident.last.max(last);
        }
        self.changed_signals.insert(known);
        self.changed_incidents.insert(id);
        None
    }

    /// The incident whose shared pivots with `signal` weigh most, within the window; of equals the one
    /// that began first by event time.
    fn best_incident(&self, signal: &Signal) -> Option<(IncidentId, Pivot)> {
        let window = self.config.group_window_micros();
        let mut shared: BTreeMap<IncidentId, Vec<Pivot>> = BTreeMap::new();
        for pivot in pivots(signal) {
            for id in self.by_pivot.get(&pivot).into_iter().flatten() {
                shared.entry(*id).or_default().push(pivot.clone());
            }
        }
        let near = shared.into_iter().filter_map(|(id, pivots)| {
            let open = self.open.get(&id)?;
            let apart = signal.first.since(open.incident.last).max(open.incident.first.since(signal.last));
            let has_room = open.signals.len() < self.config.incident_signals_max;
            (apart <= window && has_room).then_some((pivots, open.incident.first, id))
        });
        let weight = |pivots: &[Pivot]| pivots.iter().map(Pivot::weight).sum::<u32>();
        let best = near.min_by(|one, other| {
            weight(&other.0).cmp(&weight(&one.0)).then(one.1.cmp(&other.1)).then(one.2.cmp(&other.2))
        })?;
        best.0.into_iter().max_by_key(Pivot::weight).map(|pivot| (best.2, pivot))
    }

    /// Renews the login facts of the signals about `addresses`.
    pub(crate) fn refresh_logins(&mut self, addresses: &BTreeSet<String>, activity: &Activity) {
        for address in addresses {
            let ids: Vec<SignalId> = self.by_address.get(address).into_iter().flatten().copied().collect();
            for id in ids {
                let Some(incident) = self.by_signal.get(&id).copied() else { continue };
                let Some(open) = self.open.get_mut(&incident) else { continue };
                let Some(signal) = open.signal_mut(id) else { continue };
                if set_login_facts(signal, address, activity) {
                    let fresh = pivots(signal);
                    open.pivots.extend(fresh.iter().cloned());
                    for pivot in fresh {
                        self.by_pivot.entry(pivot).or_default().insert(incident);
                    }
                    self.changed_signals.insert(id);
                    self.changed_incidents.insert(incident);
                }
            }
        }
    }

    /// Beyond the limit the incident whose last evidence is oldest can no longer be joined.
    fn retire_stalest(&mut self) {
        while self.open.len() > self.config.open_incidents_max.max(1) {
            let unchanged = |id: &IncidentId| !self.changed_incidents.contains(id);
            let stalest = self
                .open
                .iter()
                .filter(|(id, _)| unchanged(id))
                .min_by_key(|(id, open)| (open.incident.last, **id))
                .map(|(id, _)| *id);
            let Some(id) = stalest else { return };
            self.remove(id);
            metrics::counter!("sentra_factory_incidents_retired_total").increment(1);
        }
    }

    fn remove(&mut self, id: IncidentId) {
        let Some(gone) = self.open.remove(&id) else { return };
        for pivot in &gone.pivots {
            if let Some(ids) = self.by_pivot.get_mut(pivot) {
                ids.remove(&id);
                if ids.is_empty() {
                    self.by_pivot.remove(pivot);
                }
            }
        }
        for signal in &gone.signals {
            self.by_signal.remove(&signal.id);
            let key = fold_key(signal);
            if self.by_fold.get(&key) == Some(&signal.id) {
                self.by_fold.remove(&key);
            }
            for entity in &signal.entities {
                if let Some(ids) = self.by_address.get_mut(&entity.value) {
                    ids.remove(&signal.id);
                    if ids.is_empty() {
                        self.by_address.remove(&entity.value);
                    }
                }
            }
        }
    }

    /// What changed since the last call, with every changed incident summed up and told anew.
    pub(crate) fn take_changes(&mut self, teller: &dyn Teller, clock: &dyn Clock) -> BookChanges {
        let mut changes = BookChanges::default();
        for id in std::mem::take(&mut self.changed_incidents) {
            let Some(open) = self.open.get_mut(&id) else { continue };
            summarise(&mut open.incident, &open.signals, teller, clock);
            changes.incidents.push(open.incident.clone());
        }
        for id in std::mem::take(&mut self.changed_signals) {
            let incident = self.by_signal.get(&id);
            let open = incident.and_then(|incident| self.open.get_mut(incident));
            if let Some(signal) = open.and_then(|open| open.signal_mut(id)) {
                changes.signals.push(signal.clone());
            }
        }
        changes
    }
}

/// Whether a fact is about logins from an address, and so comes from the login counts.
fn is_login_fact(kind: FactKind) -> bool {
    matches!(kind, FactKind::LoginsFailed | FactKind::LoginsSucceeded | FactKind::NoLoginSucceeded)
}

/// Puts what is known about the logins from `address` on `signal`, if it is about logins. Says whether
/// that changed anything.
pub(crate) fn set_login_facts(signal: &mut Signal, address: &str, activity: &Activity) -> bool {
    let about_logins =
        signal.facts.iter().all(|fact| is_login_fact(fact.kind) || fact.kind == FactKind::RuleMatched);
    if !about_logins {
        return false;
    }
    let mut facts: Vec<_> = signal.facts.iter().filter(|fact| !is_login_fact(fact.kind)).cloned().collect();
    facts.extend(activity.facts(address));
    let changed = facts != signal.facts;
    signal.facts = facts;
    changed
}

#[cfg(test)]
mod tests {
    use sentra_model::{ManualClock, Narrative};

    use super::*;
    use crate::grouping::Told;
    use crate::testing::signal;

    struct Silent;

    impl Teller for Silent {
        fn tell(&self, _: &Incident, _: &[Signal]) -> Told {
            Told { title: String::new(), headline: String::new(), narrative: Narrative::default() }
        }
    }

    const NOW: Timestamp = Timestamp::MIN;

    fn incidents(config: FactoryConfig, signals: Vec<Signal>) -> Vec<Incident> {
        let mut book = Book::new(config);
        for signal in signals {
            book.take(signal, NOW);
        }
        book.take_changes(&Silent, &ManualClock::default()).incidents
    }

    #[test]
    fn two_attackers_of_one_host_are_two_incidents() {
        let found = incidents(
            FactoryConfig::default(),
            vec![
                signal("a", 0, Some("192.0.2.1"), "web-1", "root"),
                signal("a", 1, Some("192.0.2.2"), "web-1", "root"),
                signal("b", 2, Some("192.0.2.1"), "web-1", "root"),
            ],
        );
        assert_eq!(found.iter().map(|incident| incident.joins.len()).max(), Some(2));
        assert_eq!(found.len(), 2);
    }

    /// Something else on the host came first, and is not what the account's doings belong to.
    #[test]
    fn an_account_on_a_host_binds_closer_than_the_host() {
        let found = incidents(
            FactoryConfig::default(),
            vec![
                signal("cron", 0, None, "web-1", "root"),
                signal("login", 1, Some("192.0.2.1"), "web-1", "alice"),
                signal("sudo", 2, None, "web-1", "alice"),
            ],
        );
        let sizes: Vec<usize> = found.iter().map(|incident| incident.joins.len()).collect();
        assert_eq!(found.len(), 2);
        let login = found.iter().find(|incident| incident.entities[0].value == "192.0.2.1").unwrap();
        assert_eq!(login.joins.len(), 2, "{sizes:?}");
    }

    #[test]
    fn signals_further_apart_than_the_window_stay_apart() {
        let window = i64::try_from(FactoryConfig::default().group_window_s).unwrap();
        let at = |second| signal("a", second, None, "web-1", "root");
        assert_eq!(incidents(FactoryConfig::default(), vec![at(0), at(window)]).len(), 1);
        assert_eq!(incidents(FactoryConfig::default(), vec![at(0), at(window + 1)]).len(), 2);
        assert_eq!(incidents(FactoryConfig::default(), vec![at(window + 1), at(0)]).len(), 2);
    }

    #[test]
    fn duplicates_within_the_fold_window_are_one_signal() {
        let mut book = Book::new(FactoryConfig::default());
        for second in [0, 300, 600, 901] {
            book.take(signal("a", second, None, "web-1", "root"), NOW);
        }
        let changes = book.take_changes(&Silent, &ManualClock::default());
        let counts: Vec<(u64, u64)> =
            changes.signals.iter().map(|signal| (signal.count, signal.folded)).collect();
        assert_eq!(changes.signals.len(), 2);
        assert!(counts.contains(&(3, 2)) && counts.contains(&(1, 0)), "{counts:?}");
        assert_eq!(changes.incidents.len(), 1);
        assert_eq!(changes.incidents[0].events_total, 4);
    }

    #[test]
    fn findings_about_other_entities_are_not_duplicates() {
        let mut book = Book::new(FactoryConfig::default());
        book.take(signal("a", 0, None, "web-1", "alice"), NOW);
        book.take(signal("a", 1, None, "web-1", "bob"), NOW);
        assert_eq!(book.take_changes(&Silent, &ManualClock::default()).signals.len(), 2);
    }

    #[test]
    fn a_restored_book_goes_on_where_it_stopped() {
        let first = signal("a", 0, Some("192.0.2.1"), "web-1", "root");
        let mut book = Book::new(FactoryConfig::default());
        book.take(first.clone(), NOW);
        let stored = book.take_changes(&Silent, &ManualClock::default()).incidents.remove(0);
        let mut restored = Book::new(FactoryConfig::default());
        restored.restore(stored.clone(), vec![first.clone()]);
        restored.take(signal("a", 10, Some("192.0.2.1"), "web-1", "root"), NOW);
        restored.take(signal("b", 20, Some("192.0.2.1"), "web-1", "root"), NOW);
        let changes = restored.take_changes(&Silent, &ManualClock::default());
        assert_eq!(changes.incidents.len(), 1);
        assert_eq!(changes.incidents[0].id, stored.id);
        assert_eq!(changes.incidents[0].version, stored.version + 1);
        assert_eq!(changes.incidents[0].joins.len(), 2);
    }

    #[test]
    fn open_incidents_are_bounded_and_the_stalest_goes_first() {
        let config = FactoryConfig { open_incidents_max: 2, ..FactoryConfig::default() };
        let mut book = Book::new(config);
        for (second, address) in [(10, "192.0.2.1"), (5, "192.0.2.2"), (20, "192.0.2.3")] {
            book.take(signal("a", second, Some(address), "web-1", "root"), NOW);
            book.take_changes(&Silent, &ManualClock::default());
        }
        assert_eq!(book.open.len(), 2);
        assert!(!book.by_address.contains_key("192.0.2.2"));
        assert_eq!(book.by_signal.len(), 2);
        assert_eq!(book.by_fold.len(), 2);
        assert_eq!(book.by_pivot.len(), 2);
    }

    #[test]
    fn a_full_incident_takes_no_more_signals() {
        let config = FactoryConfig { incident_signals_max: 3, ..FactoryConfig::default() };
        let rules = ["a", "b", "c", "d", "e"];
        let signals = rules.iter().map(|rule| signal(rule, 0, None, "web-1", "root")).collect();
        let sizes: Vec<usize> =
            incidents(config, signals).iter().map(|incident| incident.joins.len()).collect();
        assert_eq!(sizes.iter().sum::<usize>(), 5);
        assert!(sizes.iter().all(|size| *size <= 3), "{sizes:?}");
    }
}
