//! Which incidents a signal belongs to, and what becomes of those that it connects.

use std::collections::BTreeMap;

use sentra_model::{
    Edit, EditKind, Incident, IncidentId, IncidentStatus, Join, JoinReason, Signal, SignalId, Timestamp,
};

use super::index::Footprint;
use super::open::OpenIncident;
use super::{Book, Taken};
use crate::grouping::{blank_incident, opened_id};
use crate::pivot::{JOIN_WEIGHT, MERGE_WEIGHT, Pivot, pivots};

/// Incidents that can become part of one; beyond it the platform merges no more into it.
pub(super) const ABSORBED_MAX: usize = 500;
/// How many former reasons a join keeps; of more the ones in the middle go.
const FORMER_REASONS_MAX: usize = 8;

/// What connects a signal to an incident.
struct Link {
    incident: IncidentId,
    /// The sum over the pivots that count.
    weight: f64,
    strongest: f64,
    over: Pivot,
    age: (Timestamp, IncidentId),
}

impl Book {
    /// What connects `signal` to open incidents other than `home`, the heaviest first.
    fn links(&self, signal: &Signal, pivots: &[Pivot], home: Option<IncidentId>) -> Vec<Link> {
        let mut shared: BTreeMap<IncidentId, Vec<(f64, Pivot)>> = BTreeMap::new();
        for pivot in pivots {
            let mut near = self.index.near(pivot, signal).filter(|id| Some(*id) != home).peekable();
            if near.peek().is_none() {
                continue;
            }
            let weight = self.commonness.weight(pivot, signal);
            if weight < JOIN_WEIGHT {
                continue;
            }
            for incident in near {
                shared.entry(incident).or_default().push((weight, pivot.clone()));
            }
        }
        let link = |(incident, over): (IncidentId, Vec<(f64, Pivot)>)| {
            let weight = over.iter().map(|(weight, _)| weight).sum();
            let (strongest, over) = over
                .into_iter()
                .max_by(|one, other| one.0.total_cmp(&other.0).then_with(|| other.1.cmp(&one.1)))?;
            Some(Link { incident, weight, strongest, over, age: self.open.get(&incident)?.age() })
        };
        let mut links: Vec<Link> = shared.into_iter().filter_map(link).collect();
        links.sort_by(|one, other| other.weight.total_cmp(&one.weight).then(one.age.cmp(&other.age)));
        links
    }

    /// Puts a new signal where it belongs.
    pub(super) fn place(&mut self, signal: Signal, footprint: Footprint, now: Timestamp) -> Taken {
        let mut links = self.links(&signal, footprint.pivots(), None);
        let has_room = |link: &Link| self.size(link.incident) < self.config.incident_signals_max;
        links.retain(has_room);
        let is_strong = |link: &Link| link.strongest >= MERGE_WEIGHT;
        let chosen = links.iter().position(is_strong).or((!links.is_empty()).then_some(0));
        let Some(chosen) = chosen else { return self.open_with(signal, footprint, now) };
        let home = links.remove(chosen);
        let reason = home.over.reason();
        let join_to = if is_strong(&home) {
            links.retain(is_strong);
            self.gather(home.incident, links, 1, now)
        } else {
            home.incident
        };
        self.insert(signal, footprint, join_to, reason);
        Taken::Joined(join_to)
    }

    /// After what `signal` shares has grown, merges what it connects now; says where it is.
    pub(super) fn reconnect(&mut self, signal: SignalId, now: Timestamp) -> Option<IncidentId> {
        let (known, home) = self.signal(signal)?;
        let mut links = self.links(known, &pivots(known), Some(home));
        links.retain(|link| link.strongest >= MERGE_WEIGHT);
        if links.is_empty() {
            return Some(home);
        }
        Some(self.gather(home, links, 0, now))
    }

    /// Merges `home` with what `links` lead to, as far as persons and limits allow; says which id survives.
    fn gather(&mut self, home: IncidentId, links: Vec<Link>, joining: usize, now: Timestamp) -> IncidentId {
        let mut survivor = home;
        for link in links {
            if !self.may_merge(survivor, link.incident, joining) {
                continue;
            }
            let (Some(one), Some(other)) = (self.open.get(&survivor), self.open.get(&link.incident)) else {
                continue;
            };
            let (into, from) =
                if one.age() <= other.age() { (survivor, link.incident) } else { (link.incident, survivor) };
            self.absorb(into, from, None, Some(link.over.reason()), now);
            survivor = into;
        }
        survivor
    }

    fn size(&self, incident: IncidentId) -> usize {
        self.open.get(&incident).map_or(0, |open| open.signals().len())
    }

    /// Whether the platform may make one of two incidents: not what a person separated.
    fn may_merge(&self, one: IncidentId, other: IncidentId, joining: usize) -> bool {
        let (Some(first), Some(second)) = (self.open.get(&one), self.open.get(&other)) else { return false };
        let fits =
            first.signals().len() + second.signals().len() + joining <= self.config.incident_signals_max;
        let absorbed = first.incident.absorbed.len() + second.incident.absorbed.len() + 1;
        fits && absorbed <= ABSORBED_MAX && !self.are_apart(one, other)
    }

    /// Whether a person separated the two, or what became part of them.
    pub(super) fn are_apart(&self, one: IncidentId, other: IncidentId) -> bool {
        let says = |open: Option<&OpenIncident>, of: IncidentId| {
            let apart = open.into_iter().flat_map(|open| &open.incident.apart);
            apart.into_iter().any(|apart| *apart == of || self.resolve(*apart) == Some(of))
        };
        says(self.open.get(&one), other) || says(self.open.get(&other), one)
    }

    fn open_with(&mut self, signal: Signal, footprint: Footprint, now: Timestamp) -> Taken {
        let id = opened_id(&signal);
        let join = Join { signal: signal.id, reason: JoinReason::Opened };
        // A signal that opened it once and was forgotten since comes back to it.
        let known = self.resolve(id);
        let id = known.unwrap_or(id);
        if known.is_none() {
            self.open.insert(id, OpenIncident::new(blank_incident(id, &signal, join, now)));
        }
        self.insert(signal, footprint, id, JoinReason::Opened);
        Taken::Opened(id)
    }

    fn insert(&mut self, signal: Signal, footprint: Footprint, incident: IncidentId, reason: JoinReason) {
        self.index.add_footprint(footprint, incident);
        self.changed_signals.insert(signal.id);
        self.changed_incidents.insert(incident);
        if let Some(open) = self.open.get_mut(&incident) {
            let join = Join { signal: signal.id, reason };
            open.push(signal, join);
        }
    }

    /// Makes `from` part of `into`.
    pub(super) fn absorb(
        &mut self,
        into: IncidentId,
        from: IncidentId,
        by: Option<&str>,
        over: Option<JoinReason>,
        at: Timestamp,
    ) {
        let Some(mut other) = self.open.remove(&from) else { return };
        let Some(survivor) = self.open.get_mut(&into) else {
            self.open.insert(from, other);
            return;
        };
        self.index.remove_all(other.signals(), from);
        other.recount();
        let ids = other.signals().iter().map(|signal| signal.id).collect();
        for (signal, join) in other.take_out(&ids) {
            self.index.add(&signal, into);
            let was = Some(Box::new(former(join.reason)));
            let reason = JoinReason::Merged { from, by: by.map(str::to_owned), was };
            survivor.push(signal, Join { signal: join.signal, reason });
        }
        let mut shell = other.incident;
        let kept = &mut survivor.incident;
        kept.absorbed.push(from);
        kept.absorbed.extend(&shell.absorbed);
        kept.apart.extend(shell.apart.iter().copied().filter(|apart| *apart != into));
        kept.apart.sort_unstable();
        kept.apart.dedup();
        inherit(kept, &shell);
        let by = by.map(str::to_owned);
        kept.history.push(Edit { by: by.clone(), at, kind: EditKind::Absorbed { from, over } });
        for absorbed in kept.absorbed.iter().copied() {
            self.aliases.insert(absorbed, into);
        }
        shell.merged_into = Some(into);
        shell.joins.clear();
        shell.history.push(Edit { by, at, kind: EditKind::MergedInto { into } });
        if shell.title.is_empty() {
            "merged incident".clone_into(&mut shell.title);
        }
        shell.headline = format!("its signals are part of {into}");
        self.changed_incidents.remove(&from);
        self.changed_incidents.insert(into);
        self.gone.insert(from, shell);
    }
}

/// What a person decided about an incident holds for what it becomes part of, if nobody decided otherwise there.
fn inherit(kept: &mut Incident, shell: &Incident) {
    let is_title = |kind: &EditKind| matches!(kind, EditKind::Retitled { .. });
    let is_status = |kind: &EditKind| matches!(kind, EditKind::StatusSet { .. });
    let last = |incident: &Incident, is: &dyn Fn(&EditKind) -> bool| {
        incident.history.iter().rev().find(|edit| is(&edit.kind)).cloned()
    };
    if kept.status == IncidentStatus::New {
        kept.status = shell.status;
        kept.history.extend(last(shell, &is_status));
    }
    if last(kept, &is_title).is_none() {
        kept.history.extend(last(shell, &is_title));
    }
}

/// `reason` as a former one of another, with a bounded past.
pub(super) fn former(reason: JoinReason) -> JoinReason {
    let mut past = Vec::new();
    let mut next = Some(reason);
    while let Some(mut reason) = next {
        next = match &mut reason {
            JoinReason::Merged { was, .. } | JoinReason::Moved { was, .. } => was.take().map(|was| *was),
            _ => None,
        };
        past.push(reason);
    }
    while past.len() >= FORMER_REASONS_MAX {
        past.remove(past.len() / 2);
    }
    let nested = past.into_iter().rev().reduce(|older, mut newer| {
        if let JoinReason::Merged { was, .. } | JoinReason::Moved { was, .. } = &mut newer {
            *was = Some(Box::new(older));
        }
        newer
    });
    nested.unwrap_or(JoinReason::Opened)
}
